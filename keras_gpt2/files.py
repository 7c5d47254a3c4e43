"""Files, read with the care that strangers' files need."""

import json
import os
import stat
import unicodedata
from pathlib import Path
from typing import Any

from keras_gpt2 import script
from keras_gpt2.errors import InputError, StorageError

# The largest file of any release we know has 670 MB but is read by lines; whole JSON
# files stay under 50 MB. Parsing takes about ten times the size in memory.
MAX_JSON_BYTES = 256 * 2**20

# Most plausible first; gb18030 decodes nearly anything and so comes last.
LIKELY_ENCODINGS = ("gbk", "big5", "gb18030")
NAME_IT = "try --encoding {}"


def regular_file(path: Path, remedy: str = "Name a file or folder") -> Path:
    """The same path, if a plain file stands there.

    Args:
        path: Path.
        remedy: str. What to do if there does not.

    Raises:
        StorageError: if nothing does, or it cannot be reached.
        InputError: if it is a device, pipe, socket or folder.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise StorageError(f"cannot read {path} ({error.strerror})") from error
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is a {kind(mode)}, not a file. {remedy}")
    return path


def kind(mode: int) -> str:
    """What stands at a path, in words, from its stat mode."""
    tests = {
        "folder": stat.S_ISDIR,
        "device": lambda m: stat.S_ISCHR(m) or stat.S_ISBLK(m),
        "pipe": stat.S_ISFIFO,
        "socket": stat.S_ISSOCK,
    }
    return next((name for name, test in tests.items() if test(mode)), "file")


def read_text(path: Path, encoding: str | None = None) -> str:
    """Whole text of a file, without a byte order mark.

    Args:
        path: Path.
        encoding: str or None. None expects UTF-8.

    Raises:
        InputError: if the bytes are not in that encoding; names the offset, and an
            encoding in which they can be read.
        StorageError: if the file cannot be read.
    """
    return decode(read_bytes(regular_file(path)), str(path), encoding)


def read_bytes(path: Path) -> bytes:
    """All of a file.

    Raises:
        StorageError: if it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read {path} ({error.strerror})") from error


def decode(
    data: bytes, where: str, encoding: str | None = None, remedy: str = NAME_IT
) -> str:
    """Text of bytes, without a byte order mark.

    Args:
        data: bytes.
        where: str. What they are, for the message.
        encoding: str or None. None expects UTF-8.
        remedy: str. What to do; `{}` stands for an encoding that would do.

    Raises:
        InputError: as in `read_text`.
    """
    try:
        return data.decode(encoding or "utf-8-sig")
    except LookupError as error:
        raise InputError(f"--encoding {encoding} is unknown to Python") from error
    except UnicodeError as error:
        place = getattr(error, "start", 0)
        raise InputError(
            f"{where} is not {encoding or 'UTF-8'} (byte {place:,}). "
            f"{advice(data, remedy)}"
        ) from error


def advice(data: bytes, remedy: str = NAME_IT) -> str:
    """What to try for bytes that did not decode."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return f"It starts like UTF-16: {remedy.format('utf-16')}"
    for encoding in LIKELY_ENCODINGS:
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return f"It can be read as {encoding}: {remedy.format(encoding)}"
    return "It is in no encoding we know: check that the file is whole"


def read_json(path: Path, encoding: str | None = None) -> Any:
    """Value of a JSON file.

    Raises:
        InputError: if the file is larger than 256 MiB, too deeply nested, or no JSON;
            names line and column.
    """
    size = regular_file(path).stat().st_size
    if size > MAX_JSON_BYTES:
        raise InputError(
            f"{path} has {size:,} bytes, over the limit of {MAX_JSON_BYTES:,} for one "
            "JSON file. Split it"
        )
    text = read_text(path, encoding)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        lines = "It looks like JSON Lines; " if is_json_lines(text) else ""
        raise InputError(
            f"{path} is no JSON ({error.msg}, line {error.lineno}, column "
            f"{error.colno}). {lines}Expected one list in square brackets"
        ) from error
    except RecursionError as error:
        raise InputError(f"{path} is nested too deeply for a corpus") from error
    except ValueError as error:  # an integer of over 4,300 digits
        raise InputError(f"{path} holds a number over the limit: {error}") from error


def is_json_lines(text: str) -> bool:
    """Whether the first two lines are each a JSON value of their own."""
    first = [line for line in text.splitlines()[:2] if line.strip()]
    try:
        return len(first) == 2 and all(json.loads(line) is not None for line in first)
    except (ValueError, RecursionError):
        return False


def damage(text: str) -> str:
    """What is wrong with a decoded text: "lone surrogate", "control character", "".

    Tabs and line ends are ordinary.

    >>> damage("a\\x00b"), damage("a\\tb")
    ('control character', '')
    """
    categories = {unicodedata.category(char) for char in text if char not in "\t\r\n"}
    if "Cs" in categories:
        return "lone surrogate"
    return "control character" if "Cc" in categories else ""


def mend(text: str) -> str:
    """Lone surrogates become U+FFFD, control characters vanish.

    >>> mend("a\\x00b")
    'ab'
    """
    return "".join(char for char in script.mend(text) if not damage(char))


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows opens no folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
