"""What every corpus has: rows in, documents out, and an account of each row."""

import enum
import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from keras_gpt2.corpora._seen import Seen
from keras_gpt2.errors import InputError, UsageError
from keras_gpt2.options import check


class Split(enum.StrEnum):
    """Part of a corpus; decided by the text alone."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


# Upper ends of the shares: 80 % train, 10 % validation, 10 % test.
SHARES = ((Split.TRAIN, 0.8), (Split.VALIDATION, 0.9), (Split.TEST, 1.0))


def number_of(key: str) -> int:
    """A number that stands for a text: the first 64 bits of its sha256."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")


def fraction(key: str) -> float:
    """A number in [0, 1) that depends on the text alone.

    Args:
        key: str. Normalised text.

    Returns:
        float. The first 48 bits of the text's sha256, as a share of their range.
    """
    return (number_of(key) >> 16) / 2**48


def split_of(key: str) -> Split:
    """Split of a normalised text: the same in a sample, the corpus and a preset.

    >>> split_of("春眠不觉晓")
    <Split.TRAIN: 'train'>
    """
    position = fraction(key)
    return next(split for split, end in SHARES if position < end)


@dataclass(frozen=True)
class Row:
    """One row of a release.

    Args:
        where: str. File and place in it, for messages.
        text: str. The cleaned text.
        heading: str. Title line, or "".
        skipped: str. Why the row is no document, or "".
        split: Split or None. None lets the text decide; a part of the one document
            there is belongs where it stands.
    """

    where: str
    text: str = ""
    heading: str = ""
    skipped: str = ""
    split: Split | None = None


@dataclass
class ReadReport:
    """Account of a reading: read = used + skipped + duplicates, exactly.

    Args:
        used: Counter. Documents by split.
        skipped: Counter. Rows by reason.
        duplicates: int. Rows whose normalised text had come before.
    """

    used: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0

    @property
    def read(self) -> int:
        return self.used.total() + self.skipped.total() + self.duplicates

    def to_dict(self) -> dict:
        """Plain values, for the run's config.json."""
        return {
            "read": self.read,
            "used": dict(self.used),
            "skipped": dict(self.skipped),
            "duplicates": self.duplicates,
        }

    def lines(self) -> list[str]:
        """The account in words, two lines.

        >>> report = ReadReport(Counter(train=8, test=1), Counter({"no text": 2}), 1)
        >>> report.lines()[0]
        '12 read = 9 used + 2 skipped (no text 2) + 1 duplicate'
        """
        reasons = ", ".join(f"{why} {n:,}" for why, n in self.skipped.most_common())
        skipped = f"{self.skipped.total():,} skipped" + (reasons and f" ({reasons})")
        plural = "" if self.duplicates == 1 else "s"
        splits = ", ".join(f"{self.used[split]:,} {split}" for split in Split)
        return [
            f"{self.read:,} read = {self.used.total():,} used + {skipped} "
            f"+ {self.duplicates:,} duplicate{plural}",
            f"{splits}; no text in two of them",
        ]


@dataclass(frozen=True)
class Reading:
    """Documents by split, and the account of how they came about."""

    documents: Mapping[Split, list[str]]
    report: ReadReport


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A corpus on disk. Subclasses say what it is and yield its rows.

    The class attributes are facts about the release; the fields are the reader's
    choices, and become flags of the command line.

    Args:
        folder: Path. The release: a folder, or one file of it.
        on_bad_rows: "stop" (default) refuses damaged rows, "skip" counts them,
            "replace" mends what can be mended.
        encoding: str or None. Encoding of the files; None expects UTF-8.
        script: str or None. Chinese script of the documents; None keeps the release's.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    language: ClassVar[str]
    source: ClassVar[str]
    licence: ClassVar[str]
    citation: ClassVar[str]
    download: ClassVar[str]
    released_script: ClassVar[str] = ""
    preset: ClassVar[str]
    recipe: ClassVar[Mapping[str, object]] = {}
    gentle_recipe: ClassVar[Mapping[str, object]] = {}
    sampling: ClassVar[Mapping[str, Any]] = {"sampler": "top_p"}

    folder: Path
    on_bad_rows: str = "stop"
    encoding: str | None = None
    script: str | None = None

    def __post_init__(self):
        check(self)

    def files(self) -> list[Path]:
        """Files of the release, in the order they are read."""
        raise NotImplementedError

    def rows(self) -> Iterator[Row]:
        """Each row of the release, usable or not."""
        raise NotImplementedError

    def key(self, row: Row) -> str:
        """Text that decides the split and what counts as a duplicate."""
        return " ".join(row.text.split())

    def passages(self, row: Row) -> list[str]:
        """Parts by which `read(exclude=...)` recognises an excluded document."""
        return [self.key(row)]

    def render(self, row: Row, split: Split) -> str:
        """The row as the model sees it."""
        del split
        return row.text

    @classmethod
    def prompt(cls, document: str) -> str:
        """Opening of a document, for a model to continue."""
        return document.splitlines()[0]

    @classmethod
    def title_prompt(cls, title: str, author: str) -> str:
        """Prompt for a document of that title.

        Raises:
            UsageError: if documents of this corpus carry no title.
        """
        raise UsageError(f"a {cls.name} model takes no --title. Use --prompt")

    def stream(
        self, report: ReadReport, exclude: frozenset[str] = frozenset()
    ) -> Iterator[tuple[Split, str]]:
        """Each usable document with its split, one at a time.

        Args:
            report: ReadReport. Counts the rows as they pass.
            exclude: passages; a document with one of them is skipped as "excluded".

        Raises:
            InputError: if the release holds no usable text, or a damaged row while
                `on_bad_rows` is "stop".
        """
        seen = Seen()
        for row in self.rows():
            key = "" if row.skipped else self.key(row)
            if row.skipped:
                report.skipped[row.skipped] += 1
            elif exclude and not exclude.isdisjoint(self.passages(row)):
                report.skipped["excluded"] += 1
            elif not seen.is_new(number_of(key)):
                report.duplicates += 1
            else:
                split = row.split or split_of(key)
                report.used[split] += 1
                yield split, self.render(row, split)
        if not report.used.total():
            raise InputError(
                f"no usable text in {self.folder} (0 of {report.read:,} rows"
                f"{', ' + report.lines()[0] if report.read else ''}). "
                "Check that the folder holds the release named by --corpus"
            )

    def read(self, exclude: frozenset[str] = frozenset()) -> Reading:
        """Every document of the release at once; see `stream`."""
        documents: dict[Split, list[str]] = {split: [] for split in Split}
        report = ReadReport()
        for split, document in self.stream(report, exclude):
            documents[split].append(document)
        return Reading(documents, report)

    def all_passages(self) -> frozenset[str]:
        """Passages of every usable row, for another reading's `exclude`."""
        rows = (row for row in self.rows() if not row.skipped)
        return frozenset(part for row in rows for part in self.passages(row))


def is_heading_shown(key: str, share: float = 0.5) -> bool:
    """Whether a document carries its heading: true for `share` of all texts.

    Independent of the split: it looks at other bits of the hash.

    >>> is_heading_shown("春眠不觉晓", share=1.0)
    True
    """
    return math.modf(fraction(key) * 2**20)[0] < share
