"""Documents of a plain text: between separators, paragraphs, lines, or all of it."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from keras_gpt2.corpora._corpus import Row
from keras_gpt2.corpora._sources import Source

END_OF_TEXT = "<|endoftext|>"
# About 500 tokens of English: two documents to a block of GPT-2's context.
GATHERED_CHARACTERS = 2000
# A text of this size without a blank line is a list of lines rather than one document.
MAX_WHOLE_BYTES = 16 * 10**6
BLANKS = " \t\u3000\xa0"
MAX_HELD = 2**20

Chunks = Callable[[], Iterator[str]]


@dataclass(frozen=True)
class Cut:
    """Where a text is cut into pieces.

    Args:
        split: gives the pieces of a text, without what separates them.
        line_ends: int. Line ends in a separator.
        joiner: str. Pieces are gathered, with this between them; "" gathers none.
        is_blank_row: bool. Whether a blank piece counts as a row without text.
    """

    split: Callable[[str], list[str]]
    line_ends: int
    joiner: str = ""
    is_blank_row: bool = True


def at(separator: str) -> Cut:
    """Cut at each occurrence of a string."""
    return Cut(lambda text: text.split(separator), separator.count("\n"))


def at_line(separator: str) -> Cut:
    """Cut at each line that is exactly a string."""
    pattern = re.compile(f"^{re.escape(separator)}\n", re.MULTILINE)
    return Cut(pattern.split, 1)


WHOLE = Cut(lambda text: [text], 0)
LINES = at("\n")
PARAGRAPHS = dataclasses.replace(at("\n\n"), is_blank_row=False)
CUTS = {"file": WHOLE, "paragraph": PARAGRAPHS, "line": LINES}


def cut_for(documents: str, size: int, chunks: Chunks) -> Cut:
    """How to cut a text, looking through it as far as that takes.

    Args:
        documents: str. "auto", "file", "paragraph", "line", or a separator.
        size: int. Bytes of the file.
        chunks: Callable. Gives the text in pieces, from its beginning each time.
    """
    if documents in CUTS:
        return CUTS[documents]
    separator = END_OF_TEXT if documents == "auto" else documents
    if holds(chunks(), f"\n{separator}\n"):
        return at_line(separator)
    if documents != "auto":
        return at(documents)
    if size > MAX_WHOLE_BYTES and not holds(chunks(), "\n\n"):
        return dataclasses.replace(LINES, joiner="\n")
    return dataclasses.replace(PARAGRAPHS, joiner="\n\n")


def holds(chunks: Iterator[str], wanted: str) -> bool:
    """Whether a string is in a text that has a line end before and after it."""
    tail = "\n"
    for block in blocks(chunks):
        text = tail + block
        if wanted in text:
            return True
        tail = text[-len(wanted) :]
    return False


def blocks(chunks: Iterator[str]) -> Iterator[str]:
    """The text without blanks at the ends of its lines; ends in a line end."""
    held, end = "", ""
    for chunk in chunks:
        text = held + chunk
        end = chunk[-1:] or end
        body = text.rstrip(BLANKS)
        held = text[len(body) :]
        if len(held) > MAX_HELD:
            body, held = text, ""
        yield trimmed(body)
    if end != "\n":
        yield trimmed(held + "\n")


def trimmed(text: str) -> str:
    """The text without blanks at the ends of its lines."""
    return "\n".join([line.rstrip(BLANKS) for line in text.split("\n")])


def pieces(source: Source, chunks: Chunks, cut: Cut) -> Iterator[tuple[str, str]]:
    """Pieces of a text in order, each with its place.

    Raises:
        InputError: if one is too long to be held in memory.
    """
    pending, line = "", 1
    for block in blocks(chunks()):
        *whole, pending = cut.split(pending + block)
        for piece in whole:
            if cut.is_blank_row or piece.strip():
                yield place(line, piece), piece
            line += piece.count("\n") + cut.line_ends
        source.check_length(pending, f"line {line:,}")
    if pending.strip():
        yield place(line, pending), pending


def place(line: int, piece: str) -> str:
    """Line at which the text of a piece begins."""
    start = len(piece) - len(piece.lstrip("\n"))
    return f"line {line + start:,}"


def gather(rows: Iterator[Row], joiner: str) -> Iterator[Row]:
    """Rows joined to documents of about GATHERED_CHARACTERS; skipped ones pass."""
    gathered: list[Row] = []
    size = 0
    for row in rows:
        if row.skipped:
            yield row
            continue
        gathered.append(row)
        size += len(row.text)
        if size >= GATHERED_CHARACTERS:
            yield joined(gathered, joiner)
            gathered, size = [], 0
    if gathered:
        yield joined(gathered, joiner)


def joined(rows: list[Row], joiner: str) -> Row:
    """One row of the text of several, placed where the first begins."""
    return Row(rows[0].where, joiner.join(row.text for row in rows))
