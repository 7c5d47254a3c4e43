"""List the corpora: language, source, licence, what is on this disk."""

import json
from typing import Any

from keras_gpt2 import corpora
from keras_gpt2.commandline import add_options
from keras_gpt2.config import CorporaConfig


def add_arguments(parser) -> None:
    """The flags of the listing."""
    add_options(parser, CorporaConfig)


def run(given: dict[str, Any]) -> None:
    """Print the table."""
    rows = [facts(name) for name in corpora.names()]
    if CorporaConfig(**given).json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        for key, value in row.items():
            print(f"{key:<10}{value}")
        print()


def facts(name: str) -> dict[str, str]:
    """What is to be known of a corpus, a line each."""
    cls = corpora.corpus_class(name)
    return {
        "corpus": f"{name}: {cls.title}",
        "language": cls.language,
        "source": cls.source,
        "licence": cls.licence,
        "on disk": corpora.on_disk(name),
        "download": cls.download,
    }
