"""List or clear the tokens that were kept."""

import json
from typing import Any

from keras_gpt2 import cache
from keras_gpt2.commandline import add_options
from keras_gpt2.config import CacheConfig

ACTIONS = ("list", "clear")


def add_arguments(parser) -> None:
    """What to do, and the flags."""
    parser.add_argument("action", choices=ACTIONS, help="what to do with them")
    add_options(parser, CacheConfig)


def run(given: dict[str, Any]) -> None:
    """List the entries, after which `clear` removes them."""
    action = given.pop("action")
    config = CacheConfig(**given)
    entries = [
        entry for entry in cache.entries() if config.corpus in (None, entry.corpus)
    ]
    rows = [
        {
            "corpus": entry.corpus,
            "documents": entry.documents,
            "MB": round(entry.num_bytes / 1e6, 1),
            "folder": str(entry.folder),
        }
        for entry in entries
    ]
    if action == "clear":
        for entry in entries:
            entry.remove()
    if config.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        print("  ".join(map(str, row.values())))
    done = "removed" if action == "clear" else "kept"
    total = sum(row["MB"] for row in rows)
    print(f"{len(rows)} {done}, {total:,.1f} MB, in {cache.cache_folder()}")
