"""Any text of one's own: plain texts, tables, folders and archives of them."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from keras_gpt2 import encodings
from keras_gpt2.corpora._archive import members
from keras_gpt2.corpora._corpus import Corpus, Row, Split
from keras_gpt2.corpora._paragraphs import cut_for, gather, pieces
from keras_gpt2.corpora._position import by_position
from keras_gpt2.corpora._sources import Source, files_under, plain
from keras_gpt2.corpora._tables import READERS, texts
from keras_gpt2.errors import InputError, UsageError
from keras_gpt2.files import damage, mend
from keras_gpt2.options import option
from keras_gpt2.script import convert, has_hanzi, simplify

PLAIN = frozenset({".txt", ".md"})
ARCHIVE = ".zip"
INSIDE = PLAIN | READERS.keys()
SUFFIXES = INSIDE | {ARCHIVE}
# What `damage` finds; looked for at the speed of C, since few texts have it.
SUSPECT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
BROKEN_BYTES = "broken bytes"
PROMPT_CHARACTERS = 60
# A line by which an excluded document is known wherever it stands; a shorter one, such
# as a chapter's heading, is in many books.
MIN_PASSAGE = 60


@dataclass(frozen=True, kw_only=True)
class Text(Corpus):
    """Texts of one's own, in a file, a folder or a zip.

    A table gives a document per row. A .txt or .md gives what stands between lines
    `<|endoftext|>`, else paragraphs gathered to about 2,000 characters. One document
    alone is split by position: 90 % train, 5 % validation, 5 % test.

    Args:
        folder: Path. A file, folder or zip.
        encoding: str or None. Encoding of every file; None tells it for each.
        document: str. What a document is in .txt and .md: "auto" (default), "file",
            "paragraph", "line", or the line or string that separates documents.
        column: str or None. Column of a table that holds the text; None finds it.
    """

    name: ClassVar[str] = "text"
    title: ClassVar[str] = "Text of one's own"
    language: ClassVar[str] = "en"
    source: ClassVar[str] = "https://keras.io/keras_hub/"
    licence: ClassVar[str] = "your text's own; the sample is Apache-2.0"
    citation: ClassVar[str] = "none; the sample's fables were written for this project"
    download: ClassVar[str] = (
        "put .txt, .md, .csv, .tsv, .json, .jsonl or .parquet files, or a .zip of "
        "them, in data/text/, or name one by --data-dir"
    )
    preset: ClassVar[str] = "scratch:4x256x4"
    # A model from scratch wants a rate some ten times that of a trained one, and short
    # blocks: on a CPU 500 steps of these take minutes.
    recipe: ClassVar[Mapping[str, object]] = {
        "steps": 500, "batch_size": 8, "learning_rate": 1e-3, "batching": "pack",
        "sequence_length": 256,
    }  # fmt: skip
    gentle_recipe: ClassVar[Mapping[str, object]] = {
        "epochs": 3, "batch_size": 8, "learning_rate": 5e-5, "batching": "pack",
    }  # fmt: skip
    sampling: ClassVar[Mapping[str, Any]] = {"sampler": "top_p", "temperature": 0.8}

    document: str = option(
        "auto", "what a document of a .txt or .md is: auto, file, paragraph, line, or "
        "the line or string that separates documents", metavar="HOW",
    )  # fmt: skip
    column: str | None = option(
        None, "column of a table that holds the text (default: found by name or size)",
        metavar="NAME",
    )  # fmt: skip

    def __post_init__(self):
        super().__post_init__()
        if not self.document:
            raise UsageError("--document must not be empty. Received: ''.")

    def files(self) -> list[Path]:
        if self.folder.is_dir():
            return files_under(self.folder, SUFFIXES)
        return [self.folder] if self.folder.suffix.lower() in SUFFIXES else []

    def sources(self) -> Iterator[Source]:
        """Each file to read, those inside archives too."""
        for path in self.files():
            if path.suffix.lower() == ARCHIVE:
                yield from members(path, INSIDE)
            else:
                yield plain(path)

    def rows(self) -> Iterator[Row]:
        return by_position(
            row for source in self.sources() for row in self.rows_of(source)
        )

    def rows_of(self, source: Source) -> Iterator[Row]:
        """Each row of a file, and one without text for a file that has none."""
        row = None
        for row in self.documents_of(source):
            yield row
        if row is None:
            yield Row(source.where, skipped="no text")

    def documents_of(self, source: Source) -> Iterator[Row]:
        """What a file holds, by its kind."""
        errors = "strict" if self.encoding else encodings.MARKED
        is_text = source.suffix != ".parquet"
        encoding = self.encoding or (source.encoding() if is_text else "utf-8")
        row = partial(self.row, source, encoding)
        if source.suffix in READERS:
            for place, text, fault in texts(source, encoding, errors, self.column):
                yield row(place, text, fault)
            return
        chunks = partial(source.chunks, encoding, errors)
        cut = cut_for(self.document, source.size, chunks)
        rows = (row(place, text) for place, text in pieces(source, chunks, cut))
        yield from gather(rows, cut.joiner) if cut.joiner else rows

    def row(
        self, source: Source, encoding: str, place: str, text: str, fault: str = ""
    ) -> Row:
        """One piece of text, cleaned."""
        where = f"{source.where}, {place}"
        is_mendable = not fault
        fault = fault or damage_of(text)
        if fault and self.on_bad_rows == "stop":
            raise InputError(refusal(source, encoding, where, fault))
        if fault and (self.on_bad_rows == "skip" or not is_mendable):
            return Row(where, skipped=fault)
        text = unicodedata.normalize("NFC", mend(text) if fault else text).strip()
        return Row(where, text, skipped="" if text else "no text")

    def render(self, row: Row, split: Split) -> str:
        """The text in the script asked for; only now, so that no script moves a
        document to another split."""
        text = super().render(row, split)
        return convert(text, self.script) if self.script and is_chinese(text) else text

    def key(self, row: Row) -> str:
        """The text with single spaces, in simplified hanzi: script never counts."""
        key = super().key(row)
        return simplify(key) if is_chinese(key) else key

    def passages(self, row: Row) -> list[str]:
        """The document, and its long lines, as keys."""
        lines = (Row("", line) for line in row.text.split("\n"))
        keys = map(self.key, lines)
        return [self.key(row), *(key for key in keys if len(key) >= MIN_PASSAGE)]

    @classmethod
    def prompt(cls, document: str) -> str:
        """The first words of a document: of its first line, and never all of it.

        >>> Text.prompt("A crow found a jug.")
        'A crow found a'
        """
        line = document.split("\n")[0]
        most = min(PROMPT_CHARACTERS, max(1, len(document) - 1))
        if len(line) <= most:
            return line.rstrip()
        words = line[: most + 1].rsplit(maxsplit=1)[0]
        return (words if len(words) <= most else line[:most]).rstrip()


def is_chinese(text: str) -> bool:
    """Whether a text holds hanzi; at once for a text in English."""
    return not text.isascii() and has_hanzi(text)


def damage_of(text: str) -> str:
    """What is wrong with a text: as `files.damage`, and "broken bytes"."""
    if not SUSPECT.search(text):
        return ""
    return BROKEN_BYTES if encodings.BROKEN in text else damage(text)


def refusal(source: Source, encoding: str, where: str, fault: str) -> str:
    """The error for a damaged row, which is told with others of its file."""
    lines = source.broken_lines(encoding) if fault == BROKEN_BYTES else []
    if lines:
        numbers = ", ".join(f"{number:,}" for number in lines)
        fault, where = (
            f"bytes that are not {encoding}",
            f"{source.where}, line {numbers}",
        )
    return (
        f"{fault} ({where}). --on-bad-rows skip leaves such rows out, replace mends "
        "what can be mended"
    )


CORPUS = Text
