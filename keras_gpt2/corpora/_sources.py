"""Files of strangers, in folders and in archives, read as streams."""

import itertools
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from keras_gpt2 import encodings
from keras_gpt2.errors import InputError, KerasGPT2Error, StorageError
from keras_gpt2.files import regular_file

# A text, line or field this long is no document; it is also what must fit in memory.
MAX_CHARACTERS = 16 * 2**20
# What the readers of archives raise on damage.
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


@dataclass(frozen=True)
class Source:
    """One file to read, wherever its bytes lie.

    Args:
        where: str. Its path, for messages.
        suffix: str. Its kind, such as ".txt".
        size: int. Bytes.
        opener: Callable. Opens it at its beginning, any number of times.
        is_packed: bool. Whether to seek in it is to read it all.
    """

    where: str
    suffix: str
    size: int
    opener: Callable[[], IO[bytes]]
    is_packed: bool = False

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The file, opened; what goes wrong while it is read becomes one line.

        Raises:
            InputError: if it is damaged.
            StorageError: if it cannot be read.
        """
        try:
            with self.opener() as file:
                yield file
        except KerasGPT2Error:
            raise
        except DAMAGE as error:
            raise InputError(
                f"{self.where} is damaged ({error}). Get it anew, or leave it out"
            ) from error
        except OSError as error:
            raise StorageError(
                f"cannot read {self.where} ({error.strerror or error})"
            ) from error

    def encoding(self) -> str:
        """Encoding it is in, told by samples of it.

        Raises:
            InputError: if that cannot be told.
        """
        with self.open() as file:
            parts = encodings.samples(file, 0 if self.is_packed else self.size)
        if found := encodings.detect(parts):
            return found
        try:
            parts[0].decode()
            place = encodings.HEAD_BYTES
        except UnicodeDecodeError as error:
            place = error.start
        raise InputError(
            f"cannot tell the encoding of {self.where} (not UTF-8 from byte {place:,} "
            f"on). {encodings.advice(parts[0])}"
        )

    def chunks(self, encoding: str, errors: str) -> Iterator[str]:
        """Its text in pieces; see `encodings.chunks`."""
        with self.open() as file:
            yield from encodings.chunks(file, encoding, self.where, errors)

    def lines(self, encoding: str, errors: str) -> Iterator[str]:
        """Its lines, each with its end.

        Raises:
            InputError: if one is longer than MAX_CHARACTERS.
        """
        pending, number = "", 1
        for chunk in self.chunks(encoding, errors):
            *whole, pending = (pending + chunk).split("\n")
            for line in whole:
                yield line + "\n"
            number += len(whole)
            self.check_length(pending, f"line {number:,}")
        if pending:
            yield pending

    def check_length(self, text: str, place: str) -> None:
        """Refuse a text that is too long to be held in memory."""
        if len(text) > MAX_CHARACTERS:
            raise InputError(
                f"over {MAX_CHARACTERS:,} characters in one piece ({self.where}, "
                f"{place}). Break it into lines or documents"
            )

    def broken_lines(self, encoding: str, most: int = 3) -> list[int]:
        """Numbers of the first lines with bytes that are not in an encoding."""
        lines = enumerate(self.lines(encoding, encodings.MARKED), start=1)
        found = []
        for number, line in lines:
            if encodings.BROKEN in line:
                found.append(number)
            if len(found) == most:
                break
        return found


class Record(NamedTuple):
    """One record of a table: its place, its value, and what is wrong with it."""

    place: str
    value: Any
    fault: str = ""


class Table(NamedTuple):
    """Records one at a time, and the columns where the file names them in advance."""

    records: Iterator[Record]
    columns: tuple[str, ...] = ()


def listed(names: tuple[str, ...]) -> str:
    """Names that a stranger gave, the first of many, fit for a line of a message.

    >>> listed(("id", "two\\nlines"))
    'id, twolines'
    """
    clean = ("".join(filter(str.isprintable, name))[:40] for name in names)
    return ", ".join(itertools.islice(clean, 20)) + (" ..." if len(names) > 20 else "")


def plain(path: Path) -> Source:
    """A file on disk.

    Raises:
        InputError: if it is a device, pipe, socket or folder.
        StorageError: if it cannot be reached.
    """
    size = regular_file(path).stat().st_size
    return Source(str(path), path.suffix.lower(), size, partial(path.open, "rb"))


def is_hidden(path: str) -> bool:
    """Whether a file, or a folder it is in, is none of the user's own making.

    >>> is_hidden("lyrics/.DS_Store"), is_hidden("__MACOSX/a.txt"), is_hidden("a.txt")
    (True, True, False)
    """
    return any(part.startswith((".", "__MACOSX")) for part in path.split("/"))


def files_under(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    """Files of these kinds in a folder and the folders in it, sorted; none hidden.

    Raises:
        StorageError: if a folder cannot be listed.
    """

    def refuse(error: OSError):
        raise StorageError(f"cannot read {error.filename} ({error.strerror})")

    names = [
        Path(parent, name).relative_to(folder).as_posix()
        for parent, _, found in os.walk(folder, onerror=refuse)
        for name in found
        if Path(name).suffix.lower() in suffixes
    ]
    return [folder / name for name in sorted(names) if not is_hidden(name)]
