"""One long document, split by position: 90 % train, 5 % validation, 5 % test."""

import re
from collections.abc import Iterator
from itertools import pairwise

from keras_gpt2.corpora._corpus import Row, Split

# Ends of the parts and of the gaps between them, as shares of the text. A gap is text
# that no part has, so that no sentence begins in one part and ends in another.
ENDS = (0.0, 0.895, 0.9, 0.945, 0.95, 1.0)
PARTS = (Split.TRAIN, None, Split.VALIDATION, None, Split.TEST)
GAP = "gap between splits"
# Below this, a twentieth holds no sentence.
MIN_CHARACTERS = 400
# Where a part may begin: after a line, a sentence, a word, or failing those anywhere.
BREAKS = (
    re.compile("\n"),
    re.compile(r"[.!?。！？…][”’」』\"']?\s*"),
    re.compile(r"\s"),
)


def by_position(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows; if one alone has text, its parts and the gaps between them."""
    only, has_more = None, False
    for row in rows:
        if row.skipped or has_more:
            yield row
        elif only is None:
            only = row
        else:
            has_more = True
            yield only
            yield row
    if only is not None and not has_more:
        yield from parts(only)


def parts(row: Row) -> Iterator[Row]:
    """Parts of a document by where they stand, and a skipped row for each gap."""
    if len(row.text) < MIN_CHARACTERS:
        yield row
        return
    ends = [snapped(row.text, share) for share in ENDS]
    for split, (start, end) in zip(PARTS, pairwise(ends), strict=True):
        text = row.text[start:end].strip()
        reason = "no text" if split and not text else "" if split else GAP
        where = f"{row.where}, from character {start + 1:,}"
        yield Row(where, "" if reason else text, skipped=reason, split=split)


def snapped(text: str, share: float) -> int:
    """The first fitting place to cut at or after a share of the text.

    It is looked for within half of a gap, so gaps never vanish.
    """
    start = round(len(text) * share)
    if start in (0, len(text)):
        return start
    near = text[start : start + len(text) // 400]
    found = (pattern.search(near) for pattern in BREAKS)
    return next((start + match.end() for match in found if match), start)
