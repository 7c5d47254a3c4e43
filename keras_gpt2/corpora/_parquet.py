"""Records of a Parquet file, which wants pyarrow."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from keras_gpt2.corpora._sources import Record, Source, Table, listed
from keras_gpt2.errors import InputError

# Rows held at a time; Parquet itself holds a row group, compressed.
BATCH_ROWS = 256
STRINGS = re.compile(r"(large_)?string(_view)?|dictionary<values=(large_)?string\b.*")


def read_parquet(source: Source, encoding: str, errors: str) -> Table:
    """Rows of a Parquet file, its columns of strings alone; they are UTF-8.

    Raises:
        InputError: if it is damaged, or holds no strings.
        ModuleNotFoundError: if pyarrow is not installed.
    """
    del encoding, errors
    with opened(source) as parquet:
        types = {field.name: str(field.type) for field in parquet.schema_arrow}
    columns = tuple(name for name in types if STRINGS.fullmatch(types[name]))
    if not columns:
        raise InputError(
            f"no column of text ({source.where}: {listed(tuple(types))}). Add one"
        )
    return Table(records(source, columns), columns)


def records(source: Source, columns: tuple[str, ...]) -> Iterator[Record]:
    """Each row as an object, a batch of them in memory at a time."""
    number = 1
    with opened(source) as parquet:
        batches = parquet.iter_batches(batch_size=BATCH_ROWS, columns=list(columns))
        for batch in batches:
            for row in batch.to_pylist():
                yield Record(f"row {number:,}", row)
                number += 1


@contextmanager
def opened(source: Source) -> Iterator:
    """The file as pyarrow sees it; what it finds wrong becomes one line."""
    pyarrow = library()
    try:
        with source.open() as file:
            yield pyarrow.parquet.ParquetFile(file)
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{source.where} is no sound Parquet file ({reason}). Get it anew"
        ) from error


def library():
    """The module pyarrow, imported only for a file that wants it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Parquet files want pyarrow: pip install 'keras-gpt2[parquet]'",
            name="pyarrow",
        ) from error
    return pyarrow
