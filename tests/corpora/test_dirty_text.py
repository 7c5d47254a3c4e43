"""Dirty text: what is refused, in which words, and what skipping and mending leave."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from keras_gpt2.corpora.text import Text
from keras_gpt2.errors import InputError, StorageError

SENTENCE = "The quick brown fox jumps over the lazy dog, and so it goes on. "
LINES = [f"{number}. {SENTENCE}" for number in range(400)]
POEM = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。\n"


def broken(*numbers: int) -> bytes:
    """Lines, of which these (from 1) have a byte that no UTF-8 has."""
    lines = [line.encode() for line in LINES]
    for number in numbers:
        lines[number - 1] = lines[number - 1].replace(b"fox", b"f\xffx")
    return b"\n\n".join(lines)


ROWS = "id,text\n" + "".join(f"{number},row {number}\n" for number in range(1, 10_001))
UNCLOSED = ROWS.replace("2,row 2\n", '2,"row 2\n', 1)
# By the names of their rows in the list of bad inputs: file, text, error, words of it.
BAD = {
    "empty": ("a.txt", b"", InputError, "no usable text.*no text 1"),
    "blank lines": ("a.txt", b"\n \n\n", InputError, "no usable text.*0 of 1 rows"),
    "wrong bytes": (
        "a.txt", bytes(range(128, 256)), InputError,
        r"cannot tell the encoding of .*a\.txt \(not UTF-8 from byte 0 on\).*--enc",
    ),
    "broken UTF-8": (
        "a.txt", broken(3, 17, 99, 200), InputError,
        r"not utf-8 \(.*a\.txt, line 5, 33, 197\).*--on-bad-rows skip",
    ),
    "broken GBK": (
        "a.txt", (POEM * 9).encode("gbk") + b"\xff\xff\n", InputError,
        r"not gb18030 \(.*, line 10\)",
    ),
    "unclosed quote": (
        "a.csv", UNCLOSED.encode(), InputError, r"a\.csv, row 2, line 3: unexpect",
    ),
    "stray quote": (
        "a.csv", b'text\na\n"b" c\n', InputError, r"row 2, line 3: ',' expected after",
    ),
    "endless field": (
        "a.csv", b"text\n" + b"x" * (17 * 2**20), InputError, r"16,777,216 characters",
    ),
    "endless line": (
        "a.jsonl", b'{"text": "' + b"x" * (17 * 2**20), InputError,
        r"over 16,777,216 characters in one piece \(.*a\.jsonl, line 1\)",
    ),
    "ragged row": (
        "a.csv", b"id,text\n1,a\n2,b,c\n", InputError,
        r"ragged row \(.*row 2, line 3: 3 fields where the header has 2\)",
    ),
    "empty table": ("a.csv", b"", InputError, "no usable text"),
    "truncated JSON": ("a.json", b'["a",', InputError, "no JSON .*line 1, column 6"),
    "trailing comma": ("a.json", b'["a",\n]', InputError, "no JSON .*line [12]"),
    "JSON Lines": (
        "a.json", b'{"text": "a"}\n{"text": "b"}\n', InputError,
        r"line 2, column 1\). It looks like JSON Lines: name it \.jsonl",
    ),
    "bad line": (
        "a.jsonl", b'{"text": "a"}\n{"text": "b"\n', InputError,
        r"malformed JSON \(.*a\.jsonl, line 2: .*column 13\)",
    ),
    "deep JSON": ("a.json", b"[" * 100_000, InputError, "nested too deeply"),
    "deep line": ("a.jsonl", b"[" * 100_000, InputError, "nested too deeply"),
    "long number": ("a.json", b"[" + b"1" * 5000 + b"]", InputError, "over the limit"),
    "lone surrogate": (
        "a.json", b'["a", "\\ud83d"]', InputError, r"lone surrogate \(.*record 2\)",
    ),
    "NUL": ("a.txt", b"one\n\ntwo\0three", InputError, r"control character \(.*line 3"),
    "no zip": ("a.zip", b"PK\3\4", InputError, "is no zip"),
    "no Parquet": ("a.parquet", b"PAR1", InputError, "is no sound Parquet file"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_one_line(tmp_path, name):
    file, data, kind, words = BAD[name]
    (tmp_path / file).write_bytes(data)
    with pytest.raises(kind, match=words) as error:
        Text(folder=tmp_path / file).read()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["unclosed quote", "wrong bytes", "no zip"])
@pytest.mark.parametrize("choice", ["skip", "replace"])
def test_what_cannot_be_told_into_rows_is_never_read_in_part(tmp_path, name, choice):
    file, data, kind, words = BAD[name]
    (tmp_path / file).write_bytes(data)
    with pytest.raises(kind, match=words):
        Text(folder=tmp_path / file, on_bad_rows=choice).read()


def test_a_json_file_too_large_for_memory_is_refused_unread(tmp_path):
    with open(tmp_path / "a.json", "wb") as file:
        file.write(b"[")
        file.truncate(2 * 2**30)  # sparse: takes no room on the disk
    with pytest.raises(InputError, match="over the limit of 268,435,456"):
        Text(folder=tmp_path / "a.json").read()


def test_broken_paragraphs_are_left_out_or_mended_and_counted(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(broken(3, 17, 99, 200))
    options = {"folder": path, "document": "paragraph"}
    skipping = Text(**options, on_bad_rows="skip").read().report
    assert skipping.skipped == {"broken bytes": 4} and skipping.read == 400
    rows = Text(**options, on_bad_rows="replace").rows()
    mended = [row.text for row in rows if "\ufffd" in row.text]
    damaged = [LINES[number - 1].strip() for number in (3, 17, 99, 200)]
    assert mended == [line.replace("fox", "f\ufffdx") for line in damaged]


def test_one_per_cent_of_broken_bytes_is_told_by_its_first_three_lines(tmp_path):
    data = bytearray("\n".join(LINES).encode())
    data[150::100] = b"\xfe" * len(data[150::100])
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(InputError, match=r"not utf-8 \(.*a\.txt, line 3, 4, 6\)"):
        Text(folder=tmp_path / "a.txt").read()


@pytest.mark.parametrize("choice", ["stop", "skip", "replace"])
def test_an_encoding_that_is_given_is_strict(tmp_path, choice):
    path = tmp_path / "a.txt"
    path.write_bytes(("plain\n" + POEM).encode("gbk"))
    options = {"folder": path, "on_bad_rows": choice}
    with pytest.raises(InputError, match=r"utf-8 \(byte 6\).*try --encoding gb18030"):
        Text(**options, encoding="utf-8").read()
    assert Text(**options, encoding="gbk").read().report.used.total() == 1


def test_ragged_and_malformed_rows_are_counted(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,a\n2,b,c\n3\n4,d\n")
    (tmp_path / "b.jsonl").write_text('"e"\n\n{\n"f"\n')
    for choice in ("skip", "replace"):
        report = Text(folder=tmp_path, on_bad_rows=choice).read().report
        assert report.skipped == {"ragged row": 2, "malformed JSON": 1}
        assert report.used.total() == 4 and report.read == 7


def test_a_file_without_the_column_lists_the_columns_it_has(tmp_path):
    (tmp_path / "a.csv").write_text("id,title\n1,a\n")
    with pytest.raises(InputError, match=r"no column body \(.*a\.csv: id, title\)"):
        Text(folder=tmp_path, column="body").read()


def test_names_of_columns_are_listed_in_one_line_that_can_be_printed(tmp_path):
    header = '"a\nb",\x1b[31m,\udcff,' + ",".join(map(str, range(99)))
    data = header.encode("utf-8", "surrogateescape") + b"\n"
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(InputError, match=r"\(.*: ab, \[31m, , 0, .* 16 \.\.\.\)"):
        Text(folder=tmp_path, column="body").read()


@pytest.mark.skipif(os.name == "nt", reason="no such files on Windows")
@pytest.mark.parametrize("where", ["itself", "in a folder"])
@pytest.mark.parametrize("what", ["pipe", "device", "loop", "folder"])
def test_what_is_no_file_is_named_and_never_waited_for(tmp_path, what, where):
    path = tmp_path / "a.txt"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if what == "device" else path)
    words = {"loop": "symbolic links", "folder": "no usable text"}.get(what, what)
    with pytest.raises((InputError, StorageError), match=words):
        Text(folder=path if where == "itself" else tmp_path).read()


def train(folder: Path, data: Path, *flags: str):
    """The real command."""
    return subprocess.run(
        [sys.executable, "-m", "keras_gpt2", "train", "--corpus", "text", "--data-dir",
         str(data), *flags],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=60,
    )  # fmt: skip


COMMANDS = {
    "GBK as UTF-8": (
        "a.txt",
        POEM.encode("gbk"),
        ["--encoding", "utf-8"],
        3,
        "gb18030",
    ),
    "broken UTF-8": ("a.txt", broken(3), [], 3, "line 5"),
    "unclosed quote": ("a.csv", UNCLOSED.encode(), [], 3, "row 2"),
    "missing column": ("a.csv", ROWS.encode(), ["--column", "body"], 3, "id, text"),
    "nothing known": ("a.docx", b"x", [], 4, ".jsonl"),
    "bad setting": ("a.txt", b"x", ["--document", ""], 2, "--document"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_ends_in_one_line(tmp_path, name):
    file, data, flags, code, words = COMMANDS[name]
    (tmp_path / file).write_bytes(data)
    result = train(tmp_path, tmp_path / file, *flags)
    assert result.returncode == code, result.stderr
    assert result.stdout == "" and "Traceback" not in result.stderr
    errors = [line for line in result.stderr.splitlines() if "error: " in line]
    assert len(errors) == 1 and words in errors[0]
    assert not (tmp_path / "runs").exists()


MEASURE = """
import resource, sys
from pathlib import Path
from keras_gpt2.corpora.text import Text
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
rows = sum(1 for _ in Text(folder=Path(sys.argv[1])).rows())
print(rows, peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted as on Linux")
@pytest.mark.parametrize("name", ["a.txt", "lines.txt", "a.csv", "a.jsonl", "a.zip"])
def test_a_file_of_200_mb_is_read_within_100_mb(tmp_path, name):
    row = {"csv": f'"{SENTENCE * 20}"\n', "jsonl": f'"{SENTENCE * 20}"\n'}.get(
        name[2:], SENTENCE * 20 + ("\n" if name == "lines.txt" else "\n\n")
    )
    path = tmp_path / name
    inner = tmp_path / "inner.txt" if name == "a.zip" else path
    with open(inner, "w") as file:
        file.write("text\n" if name == "a.csv" else "")
        for _ in range(200):
            file.write(row * (10**6 // len(row)))
    if name == "a.zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            archive.write(inner, inner.name)
    output = subprocess.check_output([sys.executable, "-c", MEASURE, str(path)])
    rows, megabytes = map(float, output.split())
    assert rows > 10_000 and megabytes < 100
