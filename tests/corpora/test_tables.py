"""Tables as text: each format, its text column, its strings as they were written."""

import csv
import io
import json
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_gpt2.corpora import Row
from keras_gpt2.corpora.text import Text
from keras_gpt2.errors import InputError, KerasGPT2Error

STRINGS = [
    "NA",
    "null",
    "None",
    "007",
    "=1+1",
    'She said "so", twice',
    "two\nlines",
    "春",
]
FAST = settings(max_examples=200, deadline=None)
THOROUGH = settings(FAST, max_examples=2000)
# A NUL now and then, half a surrogate pair, and whatever else a text may hold.
CELL = st.text(st.characters() | st.sampled_from(' "\n\r,\t春\x00\ud83d'), max_size=12)
TABLE = st.lists(CELL, min_size=2, max_size=8)


def as_csv(texts: list[str], column="text", delimiter=",") -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerows([["id", column], *enumerate(texts)])
    return file.getvalue()


def as_json(texts: list[str], column="text") -> str:
    return json.dumps([{"id": "7", column: text} for text in texts])


def as_json_lines(texts: list[str], column="text") -> str:
    return "\n".join(json.dumps({"id": "7", column: text}) for text in texts)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def write_table(folder: Path, kind: str, texts: list[str], column="text") -> Path:
    """A table of that kind with an id before each text."""
    path = folder / f"table.{kind}"
    if kind == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        kind_of_text = None if 1 in texts else pyarrow.string()
        columns = {
            "id": list(range(len(texts))),
            column: pyarrow.array(texts, kind_of_text),
        }
        pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=3)
        return path
    written = {
        "csv": as_csv(texts, column),
        "tsv": as_csv(texts, column, "\t"),
        "json": as_json(texts, column),
    }.get(kind) or as_json_lines(texts, column)
    return write(folder, path.name, written)


def rows(path: Path, **options) -> list[Row]:
    return list(Text(folder=path, **options).rows())


def texts(path: Path, **options) -> list[str]:
    return [row.text for row in rows(path, **options) if not row.skipped]


KINDS = ("csv", "tsv", "json", "jsonl", "ndjson", "parquet")


@pytest.fixture(autouse=True, scope="module")
def parquet():
    """The submodule by which tests write Parquet files."""
    pytest.importorskip("pyarrow.parquet")


@pytest.mark.parametrize("kind", KINDS)
def test_strings_are_kept_as_they_were_written(tmp_path, kind):
    assert texts(write_table(tmp_path, kind, STRINGS)) == STRINGS


@pytest.mark.parametrize("kind", KINDS)
def test_empty_texts_are_counted(tmp_path, kind):
    path = write_table(tmp_path, kind, ["a", "", " \n", "b", "b"])
    report = Text(folder=path).read().report
    assert (report.used.total(), report.duplicates, report.read) == (2, 1, 5)
    assert report.skipped == {"no text": 2}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", ["Content", " lyrics ", "正文", "whatever"])
def test_the_text_column_is_found(tmp_path, kind, column):
    assert texts(write_table(tmp_path, kind, STRINGS, column)) == STRINGS


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_column_can_be_named(tmp_path, kind):
    path = write_table(tmp_path, kind, STRINGS, "mine")
    assert texts(path, column="mine") == STRINGS
    with pytest.raises(InputError, match=r"no column ours .*mine\).*--column"):
        Text(folder=path, column="ours").read()


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_without_rows_has_no_text(tmp_path, kind):
    with pytest.raises(InputError, match="no usable text"):
        Text(folder=write_table(tmp_path, kind, [])).read()


def test_names_go_before_sizes_and_the_longest_before_others(tmp_path):
    table = 'title,note,body\n"a very long title indeed",x,y\nanother,x,z\n'
    path = write(tmp_path, "a.csv", table)
    assert texts(path) == ["y", "z"]
    path = write(tmp_path, "a.csv", table.replace("body", "other"))
    assert texts(path) == ["a very long title indeed", "another"]


@pytest.mark.parametrize("value", [["a", "b"], {"n": 1, "rows": ["a", "b"]}])
def test_json_is_a_list_or_an_object_with_one(tmp_path, value):
    assert texts(write(tmp_path, "a.json", json.dumps(value))) == ["a", "b"]


@pytest.mark.parametrize("value", [{}, {"a": [], "b": []}, "text", 7, None])
def test_json_without_one_list_is_told(tmp_path, value):
    path = write(tmp_path, "a.json", json.dumps(value))
    with pytest.raises(InputError, match="must hold one list"):
        Text(folder=path).read()


def test_values_that_are_no_text_are_told_or_counted(tmp_path):
    values = [
        {"text": "a"},
        {"text": "b"},
        {"text": 7},
        {"other": "c"},
        {"text": None},
        7,
    ]
    path = write(tmp_path, "a.json", json.dumps(values))
    with pytest.raises(InputError, match=r"no text \(.*record 3\)"):
        Text(folder=path).read()
    for choice in ("skip", "replace"):
        report = Text(folder=path, on_bad_rows=choice).read().report
        assert report.used.total() == 2 and report.read == 6
        assert report.skipped == {
            "record that is no text": 2, "record without text": 1, "no text": 1,
        }  # fmt: skip


def test_rows_name_row_and_line(tmp_path):
    path = write_table(tmp_path, "csv", ["two\nlines", "a"])
    places = [row.where for row in rows(path)]
    assert places == [f"{path}, row 1, line 2", f"{path}, row 2, line 4"]


def test_a_field_of_five_megabytes_is_a_text(tmp_path):
    path = write_table(tmp_path, "csv", ["x" * 5_000_000, "a"])
    assert list(map(len, texts(path))) == [5_000_000, 1]


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    path = write_table(tmp_path, "parquet", STRINGS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"pip install 'keras-gpt2\[parquet\]'"
    ):
        Text(folder=path).read()
    assert texts(write_table(tmp_path, "csv", STRINGS)) == STRINGS


def test_parquet_without_strings_names_its_columns(tmp_path):
    path = write_table(tmp_path, "parquet", [1, 2])  # pyright: ignore
    with pytest.raises(InputError, match=r"no column of text .*id, text"):
        Text(folder=path).read()


def expected_of(text: str) -> str:
    """What is left of a sound text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", text).strip()


def check_table(folder: Path, kind: str, cells: list[str], choice: str) -> None:
    """A table of any strings: counted exactly, sound texts kept, no other exception."""
    path = write_table(folder, kind, cells)
    corpus = Text(folder=path, on_bad_rows=choice, encoding="utf-8")
    try:
        found = list(corpus.rows())
        report = corpus.read().report
    except KerasGPT2Error as error:
        assert "\n" not in str(error)
        return
    assert len(found) == len(cells) == report.read
    kept = {row.text for row in found if not row.skipped}
    for cell in cells:
        is_sound = all(unicodedata.category(char) not in ("Cc", "Cs") for char in cell)
        assert not is_sound or expected_of(cell) in kept | {""}


@FAST
@given(st.sampled_from(KINDS[:4]), TABLE, st.sampled_from(["stop", "skip", "replace"]))
def test_any_table_is_counted_exactly(tmp_path_factory, kind, cells, choice):
    check_table(tmp_path_factory.mktemp("table"), kind, cells, choice)


@pytest.mark.slow
@THOROUGH
@given(st.sampled_from(KINDS[:4]), TABLE, st.sampled_from(["stop", "skip", "replace"]))
def test_any_table_is_counted_exactly_at_length(tmp_path_factory, kind, cells, choice):
    check_table(tmp_path_factory.mktemp("table"), kind, cells, choice)


def check_bytes(folder: Path, kind: str, data: bytes, choice: str) -> None:
    """Bytes of any kind under that name: an account that adds up, or one line."""
    path = folder / f"table.{kind}"
    path.write_bytes(data)
    try:
        report = Text(folder=path, on_bad_rows=choice).read().report
        assert report.read == len(rows(path, on_bad_rows=choice))
    except KerasGPT2Error as error:
        assert "\n" not in str(error)


ANY_KIND = st.sampled_from([*KINDS, "txt", "md", "zip"])
ANY_BYTES = st.binary(max_size=300) | st.text(
    st.sampled_from('{}[]":,\n\r\t a1\\u\x00é春<|endoftext>-'), max_size=80
).map(str.encode)


@FAST
@given(ANY_KIND, ANY_BYTES, st.sampled_from(["stop", "skip", "replace"]))
def test_any_bytes_are_read_or_refused_in_one_line(
    tmp_path_factory, kind, data, choice
):
    check_bytes(tmp_path_factory.mktemp("bytes"), kind, data, choice)


@pytest.mark.slow
@THOROUGH
@given(ANY_KIND, ANY_BYTES, st.sampled_from(["stop", "skip", "replace"]))
def test_any_bytes_at_length(tmp_path_factory, kind, data, choice):
    check_bytes(tmp_path_factory.mktemp("bytes"), kind, data, choice)
