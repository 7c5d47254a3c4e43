"""Tokens computed once: a folder per corpus, options and tokenizer, shared by all runs.

A folder gets its name when it is whole and on the disk, so that whoever finds it can
trust it; what a killed process leaves behind is removed by the next.
"""

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_gpt2.corpora import Corpus
from keras_gpt2.errors import InputError, StorageError
from keras_gpt2.files import regular_file, sync
from keras_gpt2.tokens import FORMAT, Tokens, digest, open_tokens, read_manifest

VARIABLE = "KERAS_GPT2_CACHE"
# Libraries that decide what a document, or its tokens, look like.
DECIDING = ("opencc", "tokenizers")


def cache_folder() -> Path:
    """Where tokens are kept: KERAS_GPT2_CACHE, else ~/.cache/keras_gpt2."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get(VARIABLE) or base / "keras_gpt2") / "tokens"


@dataclass(frozen=True)
class Entry:
    """Tokens in the cache.

    Args:
        folder: Path.
        corpus: str. Name of the corpus.
        documents: int. Documents in all splits.
        num_bytes: int. Size on disk.
    """

    folder: Path
    corpus: str
    documents: int
    num_bytes: int

    def remove(self) -> None:
        """Remove it; a process that reads it keeps what it has mapped."""
        shutil.rmtree(self.folder)


def entries() -> list[Entry]:
    """What is in the cache, by name; damaged folders are left out."""
    folder = cache_folder()
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        with contextlib.suppress(InputError):
            manifest = read_manifest(path)
            size = sum(file["bytes"] for file in manifest["files"].values())
            used = sum(manifest["report"]["used"].values())
            found.append(Entry(path, manifest["facts"]["corpus"], used, size))
    return found


def find_or_make(
    name: str, make: Callable[[Path], None], warn: Callable[[str], None]
) -> Tokens:
    """Tokens from the cache, made now if they are not there.

    Args:
        name: str. Name of their folder; says all that decides their content.
        make: callable(folder). Writes them into an empty folder.
        warn: callable(text). Told of a damaged folder, which is made anew.
    """
    folder = cache_folder() / name
    if folder.is_dir():
        try:
            return open_tokens(folder)
        except InputError as error:
            warn(f"{error}: making them again")
            shutil.rmtree(folder)
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"tokens cannot be kept in {folder.parent} ({error.strerror}). Name a "
            f"folder of yours in the variable {VARIABLE}"
        ) from error
    remove_abandoned(folder.parent)
    with whole_or_nothing(folder) as partial:
        make(partial)
    return open_tokens(folder)


@contextlib.contextmanager
def whole_or_nothing(folder: Path) -> Iterator[Path]:
    """A folder to write to, which gets its name at the end, or else vanishes.

    If another process was first, its folder stays.
    """
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        yield partial
        try:
            os.rename(partial, folder)
        except OSError:
            if not folder.is_dir():
                raise
        sync(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove_abandoned(folder: Path) -> None:
    """Remove what processes that are no more have left half done."""
    for path in folder.glob(".*.*"):
        process = path.suffix[1:]
        if process.isdecimal() and not is_running(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def is_running(process: int) -> bool:
    """Whether a process of that number lives; on Windows, where to ask is to kill,
    only whether it is this one."""
    if os.name == "nt":
        return process == os.getpid()
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def key(*facts: Any) -> str:
    """64 hexadecimal digits that stand for all the facts, and for our own code."""
    text = json.dumps([FORMAT, facts, code_fingerprint()], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def describe(corpus: Corpus) -> dict[str, Any]:
    """All that decides a corpus' documents: its files' content, its options."""
    root = corpus.folder if corpus.folder.is_dir() else corpus.folder.parent
    options = {name: value for name, value in vars(corpus).items() if name != "folder"}
    files = [
        (path.relative_to(root).as_posix(), digest(regular_file(path)))
        for path in corpus.files()
    ]
    return {"corpus": corpus.name, "options": options, "files": files}


@functools.cache
def code_fingerprint() -> str:
    """sha256 of the code that reads and tokenizes, and of the libraries it calls."""
    package = Path(__file__).parent
    folders = [package / "corpora", package / "tokenizers"]
    paths = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    paths += [package / f"{name}.py" for name in ("encodings", "files", "script")]
    code = [path.read_text(encoding="utf-8") for path in paths]
    versions = [importlib.metadata.version(name) for name in DECIDING]
    return hashlib.sha256(json.dumps([code, versions]).encode()).hexdigest()
