"""Texts of tables: the text column of CSV, TSV, JSON, JSON Lines and Parquet."""

import csv
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from keras_gpt2.corpora._parquet import read_parquet
from keras_gpt2.corpora._sources import (
    MAX_CHARACTERS,
    Record,
    Source,
    Table,
    listed,
)
from keras_gpt2.errors import InputError
from keras_gpt2.files import MAX_JSON_BYTES

DELIMITERS = {".csv": ",", ".tsv": "\t"}
# What the text column is called where it is called something; the first wins.
TEXT_COLUMNS = (
    "text", "content", "body", "lyrics", "lyric", "documents", "document", "story",
    "内容", "正文", "文本",
)  # fmt: skip
# Rows by which the text column is found where its name does not tell.
HEAD_ROWS, HEAD_CHARACTERS = 100, 2**20


def texts(
    source: Source, encoding: str, errors: str, column: str | None
) -> Iterator[tuple[str, str, str]]:
    """Place, text and fault of each record.

    Args:
        source: Source with a suffix of `READERS`.
        encoding: str. Encoding of the file; Parquet has its own.
        errors: str. As in `encodings.chunks`.
        column: str or None. Name of the text column; None finds it.

    Raises:
        InputError: if the file is not of its kind, or has no such column.
    """
    table = READERS[source.suffix](source, encoding, errors)
    head = list(first(table.records))
    objects = [record.value for record in head if isinstance(record.value, dict)]
    columns = table.columns or tuple(dict.fromkeys(itertools.chain(*objects)))
    name = find_column(column, columns, objects, source) if columns else ""
    for place, value, fault in itertools.chain(head, table.records):
        if not fault and isinstance(value, dict):
            fault = (
                "" if name in value else f"record without {listed((name,)) or 'text'}"
            )
            value = value.get(name)
        if not fault and not isinstance(value, str | None):
            fault = "record that is no text"
        yield place, value if isinstance(value, str) else "", fault


def first(records: Iterator[Record]) -> Iterator[Record]:
    """Records enough to find the text column by."""
    size = 0
    for record in itertools.islice(records, HEAD_ROWS):
        yield record
        if isinstance(record.value, dict):
            size += sum(len(x) for x in record.value.values() if isinstance(x, str))
        if size > HEAD_CHARACTERS:
            return


def find_column(
    given: str | None, columns: tuple[str, ...], objects: list[dict], source: Source
) -> str:
    """Name of the text column.

    Raises:
        InputError: if there is none; lists the columns there are.
    """
    found = f"({source.where}: {listed(columns)})"
    if given is not None:
        if given in columns:
            return given
        raise InputError(f"no column {given} {found}. Name one of these by --column")
    by_name = {column.strip().casefold(): column for column in reversed(columns)}
    if name := next((name for name in TEXT_COLUMNS if name in by_name), ""):
        return by_name[name]
    sizes = Counter({column: 0 for column in columns if not objects})
    for record in objects:
        for column, value in record.items():
            if isinstance(value, str):
                sizes[column] += len(value)
    if not sizes:
        raise InputError(f"no column of text {found}. Name one by --column")
    return max(sizes, key=lambda column: sizes[column])


def read_csv(source: Source, encoding: str, errors: str) -> Table:
    """Rows of a CSV or TSV, the first of which names the columns."""
    csv.field_size_limit(MAX_CHARACTERS)  # one number for all of the process
    lines = source.lines(encoding, errors)
    reader = csv.reader(lines, delimiter=DELIMITERS[source.suffix], strict=True)
    header = next(csv_rows(reader, source, "header, "), ("", []))[1]
    return Table(csv_records(reader, source, header), tuple(header))


def csv_records(reader, source: Source, header: list[str]) -> Iterator[Record]:
    for place, row in csv_rows(reader, source):
        if len(row) == len(header):
            yield Record(place, dict(zip(header, row, strict=True)))
        else:
            place += f": {len(row)} fields where the header has {len(header)}"
            yield Record(place, None, "ragged row")


def csv_rows(reader, source: Source, name: str = "") -> Iterator[tuple[str, list]]:
    """Place and fields of each row that is not blank.

    Raises:
        InputError: at a quotation mark that is never closed, or closed too early. What
            follows cannot be told into rows, so such a file is never read in part.
    """
    number = 1
    while True:
        place = name or f"row {number:,}, "
        place += f"line {reader.line_num + 1:,}"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(
                f"unsound quotation marks or a field over {MAX_CHARACTERS:,} "
                f"characters ({source.where}, {place}: {error}). Mend that row"
            ) from error
        if row:
            yield place, row
            number += 1


def read_json(source: Source, encoding: str, errors: str) -> Table:
    """Items of the list that a JSON file holds."""
    if source.size > MAX_JSON_BYTES:
        raise InputError(
            f"{source.where} has {source.size:,} bytes, over the limit of "
            f"{MAX_JSON_BYTES:,} for one JSON file. Make it JSON Lines, or split it"
        )
    value, fault = parsed("".join(source.chunks(encoding, errors)))
    if fault:
        is_lines = fault.startswith("Extra data, line") and fault.endswith("column 1")
        hint = "It looks like JSON Lines: name it .jsonl. " if is_lines else ""
        raise InputError(
            f"{source.where} is no JSON ({fault}). {hint}Expected one list in square "
            "brackets"
        )
    items = enumerate(list_in(value, source), start=1)
    return Table(Record(f"record {number:,}", item) for number, item in items)


def list_in(value: Any, source: Source) -> list:
    """A list, or the one list in an object."""
    inside = value.values() if isinstance(value, dict) else [value]
    lists = [item for item in inside if isinstance(item, list)]
    if len(lists) != 1:
        raise InputError(
            f"{source.where} must hold one list of texts or objects. Received: "
            f"{type(value).__name__} with {len(lists)} lists"
        )
    return lists[0]


def parsed(text: str) -> tuple[Any, str]:
    """Value of a JSON text, and why it has none."""
    try:
        return json.loads(text), ""
    except json.JSONDecodeError as error:
        return None, f"{error.msg}, line {error.lineno}, column {error.colno}"
    except RecursionError:
        return None, "nested too deeply"
    except ValueError as error:  # an integer of over 4,300 digits
        return None, f"number over the limit: {error}"


def read_json_lines(source: Source, encoding: str, errors: str) -> Table:
    """A JSON value from each line that is not blank."""
    return Table(json_lines(source, encoding, errors))


def json_lines(source: Source, encoding: str, errors: str) -> Iterator[Record]:
    for number, line in enumerate(source.lines(encoding, errors), start=1):
        if line.strip():
            value, fault = parsed(line.rstrip("\n"))
            fault = fault.replace("line 1, ", "")
            place = f"line {number:,}" + (f": {fault}" if fault else "")
            yield Record(place, value, fault and "malformed JSON")


READERS = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".json": read_json,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".parquet": read_parquet,
}
