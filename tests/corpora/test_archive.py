"""Zips of text: read in place, and refused where they were made to do harm."""

import os
import stat
import zipfile
from pathlib import Path

import pytest

from keras_gpt2.corpora.text import Text
from keras_gpt2.errors import InputError

FABLES = {"b.txt": "Bee.", "a/c.md": "See.", "a/d.csv": "text\nDee.\n"}


def pack(folder: Path, files: dict[str, str], **options) -> Path:
    path = folder / "texts.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def texts(path: Path, **options) -> list[str]:
    rows = Text(folder=path, **options).rows()
    return [row.text for row in rows if not row.skipped]


def refusal(path: Path) -> str:
    """The one line that reading ends in, nothing having been written."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(InputError) as error:
        Text(folder=path).read()
    assert sorted(path.parent.rglob("*")) == before
    assert "\n" not in str(error.value)
    return str(error.value)


def test_members_are_read_in_order_and_hidden_ones_are_not(tmp_path):
    others = {"__MACOSX/b.txt": "x", ".git/b.txt": "x", "b.png": "x", "c.zip": "x"}
    path = pack(tmp_path, FABLES | others)
    assert texts(path) == ["See.", "Dee.", "Bee."]
    assert list(tmp_path.iterdir()) == [path]
    wheres = [row.where for row in Text(folder=path).rows()]
    assert wheres[0] == f"{path}/a/c.md, line 1"


def test_an_archive_in_a_folder_is_read_among_its_files(tmp_path):
    pack(tmp_path, FABLES)
    (tmp_path / "z.txt").write_text("Zed.")
    assert texts(tmp_path) == ["See.", "Dee.", "Bee.", "Zed."]


def test_a_name_whose_maker_forgot_to_say_it_is_utf_8_is_read(tmp_path):
    path = pack(tmp_path, {"xxx.txt": "text " * 3, "b.txt": "b"})
    path.write_bytes(path.read_bytes().replace(b"xxx", "诗".encode()))
    assert f"{path}/诗.txt, line 1" in [row.where for row in Text(folder=path).rows()]


def test_a_parquet_file_in_an_archive_is_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"text": ["a", "b"]}), tmp_path / "a.parquet")
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as archive:
        archive.write(tmp_path / "a.parquet", "a.parquet")
    assert texts(tmp_path / "texts.zip") == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("../../x.txt", "path that leaves the archive"),
        ("a/../../x", "path that leaves the archive"),
        ("..\\x.txt", "path that leaves the archive"),
        ("/etc/x.txt", "absolute path"),
        ("C:\\x.txt", "absolute path"),
    ],
)
def test_a_member_that_reaches_outside_is_named(tmp_path, name, fault):
    message = refusal(pack(tmp_path, FABLES | {name: "x"}))
    assert message.startswith(fault) and f"member {name}" in message


@pytest.mark.parametrize(
    ("mode", "fault"),
    [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "pipe"), (stat.S_IFCHR, "device")],
)
def test_a_member_that_is_no_file_is_named(tmp_path, mode, fault):
    path = tmp_path / "texts.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("link.txt")
        entry.external_attr = (mode | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    assert refusal(path).startswith(f"{fault} ({path}, member link.txt)")


def test_a_bomb_is_named_and_never_unpacked(tmp_path):
    path = tmp_path / "texts.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("bomb.txt", "w", force_zip64=True) as member:
            for _ in range(42):
                member.write(bytes(10**6))
    assert path.stat().st_size < 50_000
    message = refusal(path)
    assert "would unpack to 42,000,000" in message and "member bomb.txt" in message


def test_many_small_bombs_are_a_bomb(tmp_path):
    path = pack(tmp_path, {f"{i}.txt": "0" * 10**6 for i in range(40)}, compresslevel=9)
    assert "would unpack to 40,000,000" in refusal(path)


def test_an_encrypted_member_is_named(tmp_path):
    path = pack(tmp_path, {"secret.txt": "x" * 100})
    data = bytearray(path.read_bytes())
    for magic, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(magic) + place] |= 1
    path.write_bytes(data)
    assert refusal(path).startswith(f"encrypted file ({path}, member secret.txt)")


def test_a_damaged_member_is_named(tmp_path):
    path = pack(tmp_path, {"a.txt": os.urandom(3000).hex()})
    data = bytearray(path.read_bytes())
    data[500:600] = bytes(100)
    path.write_bytes(data)
    assert f"{path}/a.txt is damaged" in refusal(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_archive_is_told(tmp_path, share):
    path = pack(tmp_path, FABLES)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert f"{path} is no zip, or not all of one" in refusal(path)
