"""Tokens computed once: a folder per corpus, options and tokenizer, shared by all runs.

A folder gets its name when it is whole and on the disk, so that whoever finds it can
trust it; what a killed process leaves behind is removed by the next.
"""

import contextlib
import errno
import functools
import hashlib
import importlib.metadata
import json
import os
import secrets
import shutil
import socket
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_gpt2.corpora import Corpus
from keras_gpt2.errors import InputError, StorageError
from keras_gpt2.files import regular_file, sync
from keras_gpt2.tokens import (
    FORMAT,
    MANIFEST,
    Tokens,
    digest,
    open_tokens,
    read_manifest,
)

VARIABLE = "KERAS_GPT2_CACHE"
# Libraries that decide what a document, or its tokens, look like.
DECIDING = ("opencc", "pyarrow", "tokenizers")
# Our own modules that do, beside those of corpora/ and tokenizers/.
OWN = ("encodings", "files", "preparation", "script", "tokens")
DAY = 24 * 3600  # seconds


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
        """Remove it. On Windows, not while another process reads it."""
        discard(self.folder)


def entries() -> list[Entry]:
    """What is in the cache, by name; what cannot be read is of the corpus "?"."""
    folder = cache_folder()
    names = sorted(folder.iterdir()) if folder.is_dir() else ()
    return [
        entry_of(path)
        for path in names
        if path.is_dir() and not path.name.startswith(".")
    ]


def entry_of(folder: Path) -> Entry:
    """A folder of the cache."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    try:
        manifest = read_manifest(folder)
    except InputError:
        return Entry(folder, "?", 0, size)
    used = sum(manifest["report"]["used"].values())
    return Entry(folder, manifest["facts"]["corpus"], used, size)


def discard(folder: Path) -> None:
    """Take a folder's name away, then its files, whoever else does so too."""
    doomed = hidden(folder)
    with contextlib.suppress(FileNotFoundError):
        os.rename(folder, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def hidden(folder: Path) -> Path:
    """A name beside a folder for what has none yet, or no more; each is new."""
    host, unique = socket.gethostname(), secrets.token_hex(4)
    return folder.with_name(f".{folder.name}~{host}~{os.getpid()}~{unique}")


def find_or_make(
    name: str, make: Callable[[Path], None], warn: Callable[[str], None]
) -> Tokens:
    """Tokens from the cache, made now if they are not there.

    Args:
        name: str. Name of their folder; says all that decides their content.
        make: callable(folder). Writes them into an empty folder.
        warn: callable(text). Told of a damaged folder, which is made anew.

    Raises:
        StorageError: if tokens cannot be kept, or those there cannot be read.
    """
    folder = cache_folder() / name
    if folder.is_dir():
        try:
            return open_tokens(folder)
        except InputError as error:
            warn(f"{error}: making them again")
            discard(folder)
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
    partial = hidden(folder)
    partial.mkdir(mode=0o700)
    try:
        yield partial
        try:
            os.rename(partial, folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES):
                raise
            if not (folder / MANIFEST).is_file():
                raise
        sync(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def remove_abandoned(folder: Path) -> None:
    """Remove what processes that are no more have left half done."""
    for path in folder.glob(".*~*~*~*"):
        _, host, process, _ = path.name.rsplit("~", 3)
        is_here = host == socket.gethostname() and os.name != "nt"
        if is_here and process.isdecimal():
            is_abandoned = not is_running(int(process))
        else:  # one cannot ask, but nothing takes a day
            is_abandoned = time.time() - path.stat().st_mtime > DAY
        if is_abandoned:
            shutil.rmtree(path, ignore_errors=True)


def is_running(process: int) -> bool:
    """Whether a process of that number lives on this machine; not for Windows, where
    to ask is to kill."""
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
    paths += [package / f"{name}.py" for name in OWN]
    code = [path.read_text(encoding="utf-8") for path in paths]
    versions = [unicodedata.unidata_version]
    for name in DECIDING:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(importlib.metadata.version(name))
    return hashlib.sha256(json.dumps([code, versions]).encode()).hexdigest()
