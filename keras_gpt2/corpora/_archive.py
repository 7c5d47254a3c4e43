"""Members of a zip, read in place: nothing is ever unpacked to disk."""

import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from keras_gpt2.corpora._sources import DAMAGE, Source, is_hidden
from keras_gpt2.errors import InputError
from keras_gpt2.files import kind, regular_file

# Text shrinks to a third or a tenth. A bomb shrinks to a thousandth.
MAX_RATIO = 200
# Below this even a bomb does no harm, and a line repeated in a test is none.
HARMLESS_BYTES = 16 * 2**20
ENCRYPTED, NAMED_IN_UTF8 = 0x1, 0x800


def members(path: Path, suffixes: frozenset[str]) -> Iterator[Source]:
    """Members of these kinds, sorted by name; none hidden.

    Args:
        path: Path of a zip.
        suffixes: kinds of files to give, such as ".txt".

    Raises:
        InputError: if it is no zip, is damaged, or any member of it is encrypted, a
            link, reaches outside, or would unpack to far more than its size.
        StorageError: if it cannot be read.
    """
    with opened(path) as archive:
        entries = sorted(archive.infolist(), key=name_of)
        check(entries, path)
        for entry in entries:
            name = name_of(entry)
            suffix = PurePosixPath(name).suffix.lower()
            if suffix in suffixes and not is_hidden(name) and not entry.is_dir():
                opener = partial(archive.open, entry)
                yield Source(f"{path}/{name}", suffix, entry.file_size, opener, True)


def opened(path: Path) -> zipfile.ZipFile:
    """A zip and its table of contents."""
    try:
        return zipfile.ZipFile(regular_file(path))
    except (*DAMAGE, struct.error, ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path} is no zip, or not all of one ({error}). Get it anew"
        ) from error


def name_of(entry: zipfile.ZipInfo) -> str:
    """Name of a member, also where its maker forgot to say that it is in UTF-8.

    Control characters are left out: names go to the terminal.
    """
    name = entry.filename
    if not entry.flag_bits & NAMED_IN_UTF8:
        raw = name.encode("cp437", "replace")
        for encoding in ("utf-8", "gbk"):
            try:
                name = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return "".join(char for char in name if char.isprintable())


def check(entries: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse an archive that was made to do harm."""
    for entry in entries:
        if fault := fault_of(entry):
            raise InputError(
                f"{fault} ({path}, member {name_of(entry)}). Use an archive of plain "
                "files"
            )
    total, size = sum(entry.file_size for entry in entries), path.stat().st_size
    if total > HARMLESS_BYTES and total > MAX_RATIO * size:
        largest = max(entries, key=lambda entry: entry.file_size)
        raise InputError(
            f"{size:,} bytes would unpack to {total:,} ({path}, member "
            f"{name_of(largest)}). Use an archive of plain files"
        )


def fault_of(entry: zipfile.ZipInfo) -> str:
    """What is wrong with a member, or ""."""
    name = entry.filename.replace("\\", "/")
    mode = entry.external_attr >> 16
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        return "absolute path"
    if ".." in name.split("/"):
        return "path that leaves the archive"
    if stat.S_ISLNK(mode):
        return "symbolic link"
    if stat.S_IFMT(mode) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return kind(mode)
    if entry.flag_bits & ENCRYPTED:
        return "encrypted file"
    size, packed = entry.file_size, entry.compress_size
    if size > HARMLESS_BYTES and size > MAX_RATIO * packed:
        return f"{packed:,} bytes that would unpack to {size:,}"
    return ""
