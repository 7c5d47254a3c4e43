"""Tang and Song poems of chinese-poetry, as released."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from keras_gpt2.corpora._corpus import Corpus, Row, Split, is_heading_shown
from keras_gpt2.errors import InputError, UsageError
from keras_gpt2.files import damage, mend, read_json
from keras_gpt2.script import HANZI, TRADITIONAL, convert, simplify

EDITIONS = ("tang", "song", "all")

# Files 50000 and up carry editors' notes that begin in one item of `paragraphs` and
# end in another (2,341 poems), so notes are cut from the joined text.
NOTE = re.compile(r"（[^（）]*）|〖[^〖〗]*〗")
EMENDATION = re.compile(r"\[([^\[\]]*)\]")  # [x]: the editor reads x
NOTE_BRACKETS = re.compile(r"[（）〖〗\[\]]")
# Characters the digitisation lacks: placeholders, {left/right} and IDS descriptions,
# private-use code points (969 poems).
MISSING = re.compile(r"[□●○{}\ue000-\uf8ff\ufffd⿰-⿿]")
NOT_HANZI = re.compile(f"[^{HANZI}]+")
STRAY = re.compile(f"[^{HANZI}，。？！、；：「」『』《》“”…·]")
ANONYMOUS = "無名氏"
# Five characters: the shortest line that says whose it is.
MIN_LINE = 5


@dataclass(frozen=True, kw_only=True)
class Poetry(Corpus):
    """Complete Tang Poems and Song poems, one JSON list of records per file.

    A document is the poem's verses in one line; in half of the training documents a
    line `title（author）` goes before it.

    Args:
        edition: "tang" (default), "song" or "all".

    Reference: https://github.com/chinese-poetry/chinese-poetry, MIT; the poems are in
    the public domain.
    """

    name: ClassVar[str] = "poetry"
    title: ClassVar[str] = "Tang and Song poems"
    language: ClassVar[str] = "zh"
    source: ClassVar[str] = "https://github.com/chinese-poetry/chinese-poetry"
    licence: ClassVar[str] = "MIT; poems in the public domain"
    citation: ClassVar[str] = "chinese-poetry contributors, 全唐诗 (MIT)"
    download: ClassVar[str] = (
        "git clone --depth 1 --filter=blob:none --sparse "
        "https://github.com/chinese-poetry/chinese-poetry data/poetry && "
        "git -C data/poetry sparse-checkout set 全唐诗"
    )
    released_script: ClassVar[str] = TRADITIONAL
    preset: ClassVar[str] = "tang"
    # The KerasHub GPT-2 guide trains 500 steps of 16 at 5e-4 on 10,000 poems.
    recipe: ClassVar[Mapping[str, object]] = {
        "steps": 500, "batch_size": 16, "learning_rate": 5e-4, "batching": "bucket",
    }  # fmt: skip
    # For a model that knows verse already, or few poems. From `tang` on the sample,
    # measured: 1e-4, or dropout 0.1 at any rate, is worse than the base after an epoch.
    gentle_recipe: ClassVar[Mapping[str, object]] = {
        "epochs": 5, "batch_size": 16, "learning_rate": 3e-5, "batching": "bucket",
    }  # fmt: skip
    sampling: ClassVar[Mapping[str, Any]] = {"sampler": "top_p", "temperature": 0.8}

    edition: str = field(
        default="tang",
        metadata={"help": "which poems of the release", "choices": EDITIONS},
    )

    def files(self) -> list[Path]:
        if not self.folder.is_dir():
            return [self.folder]
        kinds = ("tang", "song") if self.edition == "all" else (self.edition,)
        # The folder was called json/ until April 2023.
        folders = (self.folder / "全唐诗", self.folder / "json", self.folder)
        folder = next(path for path in folders if path.is_dir())
        return [
            path
            for kind in kinds
            for path in sorted(folder.glob(f"poet.{kind}.*.json"), key=number)
        ]

    def rows(self) -> Iterator[Row]:
        for path in self.files():
            poems = read_json(path, self.encoding)
            if not isinstance(poems, list):
                raise InputError(
                    f"{path} must hold a list of poems. Received: "
                    f"{type(poems).__name__}"
                )
            for index, poem in enumerate(poems):
                yield self.row(poem, f"{path}, poem {index + 1}")

    def row(self, poem: Any, where: str) -> Row:
        """One record of the release, cleaned."""
        fault = malformation(poem)
        if fault and (self.on_bad_rows == "stop" or fault.startswith("not a poem")):
            if self.on_bad_rows == "stop":
                raise InputError(
                    f"{fault} ({where}). --on-bad-rows skip leaves such rows out, "
                    "replace mends them"
                )
            return Row(where, skipped="malformed")
        if fault and self.on_bad_rows == "skip":
            return Row(where, skipped=fault)
        verses, reason = clean("".join(map(mend, poem["paragraphs"])))
        if reason:
            return Row(where, skipped=reason)
        heading = heading_line(mend(poem["title"]), mend(poem["author"]))
        return Row(where, self.in_script(verses), self.in_script(heading))

    def in_script(self, text: str) -> str:
        """The text in the script asked for; as released if that is the same."""
        same = self.script in (None, self.released_script)
        return text if same else convert(text, self.script or "")

    def key(self, row: Row) -> str:
        """Simplified hanzi of the verses alone: script and punctuation never count.

        Punctuation goes first: OpenCC reads by phrase, also across a line's end.
        """
        return simplify(NOT_HANZI.sub("", row.text))

    def passages(self, row: Row) -> list[str]:
        """The poem, and its lines, in simplified hanzi."""
        lines = [line for line in NOT_HANZI.split(row.text) if len(line) >= MIN_LINE]
        return [self.key(row), *map(simplify, lines)]

    def render(self, row: Row, split: Split) -> str:
        shown = split is Split.TRAIN and is_heading_shown(self.key(row))
        return f"{row.heading}\n{row.text}" if shown and row.heading else row.text

    @classmethod
    def title_prompt(cls, title: str, author: str) -> str:
        """Heading of a poem to write; without a poet, the model names one.

        >>> Poetry.title_prompt("春曉", "孟浩然"), Poetry.title_prompt("春曉", "")
        ('春曉（孟浩然）\\n', '春曉（')
        """
        heading = heading_line(title, author or ANONYMOUS)
        if not heading:
            raise UsageError(f"--title takes text without □. Received: '{title}'")
        return f"{heading}\n" if author else heading.removesuffix(f"{ANONYMOUS}）")

    @classmethod
    def prompt(cls, document: str) -> str:
        """First line of the poem, without its heading.

        >>> Poetry.prompt("春曉（孟浩然）\\n春眠不覺曉，處處聞啼鳥。")
        '春眠不覺曉'
        """
        lines = NOT_HANZI.split(document.splitlines()[-1])
        return next(filter(None, lines))


def number(path: Path) -> int:
    """1000 for poet.tang.1000.json; files are read in this order."""
    digits = path.name.split(".")[-2]
    return int(digits) if digits.isdecimal() else -1


def malformation(poem: Any) -> str:
    """What keeps a record from being read as a poem, or ""."""
    is_poem = (
        isinstance(poem, dict)
        and all(isinstance(poem.get(key), str) for key in ("title", "author"))
        and isinstance(poem.get("paragraphs"), list)
        and all(isinstance(item, str) for item in poem["paragraphs"])
    )
    if not is_poem:
        return "not a poem with title, author and a list of paragraphs"
    return damage(poem["title"] + poem["author"] + "".join(poem["paragraphs"]))


def clean(text: str) -> tuple[str, str]:
    """Verses without notes, and why they cannot be used ("" if they can).

    >>> clean("春[眠]不覺曉（一作曙），處處聞啼鳥。")
    ('春眠不覺曉，處處聞啼鳥。', '')
    >>> clean("春眠□覺曉。")
    ('', 'missing glyph')
    """
    text = EMENDATION.sub(r"\1", "".join(text.split()))
    while (shorter := NOTE.sub("", text)) != text:  # notes stand inside notes
        text = shorter
    if NOTE_BRACKETS.search(text):
        return "", "unbalanced note"
    if MISSING.search(text):
        return "", "missing glyph"
    if STRAY.search(text):
        return "", "stray character"
    return (text, "") if NOT_HANZI.sub("", text) else ("", "no text")


def heading_line(title: str, author: str) -> str:
    """`title（author）`, or "" for a poem whose title or poet is unknown.

    Spaces inside a title become middle dots, since the tokenizer keeps no spaces.

    >>> heading_line("涼州詞二首 一", "王之渙")
    '涼州詞二首·一（王之渙）'
    """
    title, author = "·".join(title.split()), "".join(author.split())
    if not title or not author or MISSING.search(title + author):
        return ""
    return f"{title}（{author}）"


CORPUS = Poetry
