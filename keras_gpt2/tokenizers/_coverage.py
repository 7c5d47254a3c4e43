"""What share of a text a vocabulary covers, and how briefly."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from keras_gpt2.tokenizers._fast import FastTokenizer

# Most characters named, the commonest first.
NAMED = 20
# Above this share of [UNK] a model cannot follow the text.
MUCH_UNKNOWN = 0.05
# Words of English have about 0.25 tokens a character, hanzi in byte-level BPE over 2.
MANY_TOKENS = 1.0


@dataclass
class Coverage:
    """Account of a text under a vocabulary.

    Args:
        tokens: int. Tokens the text became.
        characters: int. Characters it has.
        num_bytes: int. Bytes it has in UTF-8.
        unknown: int. Tokens that are [UNK].
        uncovered: dict of str to int. Characters without a token and how often they
            stand in the text, the commonest first.
    """

    tokens: int = 0
    characters: int = 0
    num_bytes: int = 0
    unknown: int = 0
    uncovered: dict[str, int] = field(default_factory=dict)

    @property
    def unknown_share(self) -> float:
        return self.unknown / max(self.tokens, 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The account in words.

        >>> Coverage(100, 98, 294, 2, {"齉": 2}).lines()
        ['100 tokens; 0.98 characters, 2.94 bytes a token', '[UNK] 2.00 %: 齉 2']
        """
        tokens = max(self.tokens, 1)
        lines = [
            f"{self.tokens:,} tokens; {self.characters / tokens:.2f} characters, "
            f"{self.num_bytes / tokens:.2f} bytes a token"
        ]
        if self.unknown:
            rare = ", ".join(f"{char} {n:,}" for char, n in self.uncovered.items())
            lines.append(f"[UNK] {self.unknown_share:.2%}: {rare}".replace("%:", " %:"))
        return lines

    def warning(self) -> str:
        """What is wrong with the vocabulary for this text, or ""."""
        if self.unknown_share > MUCH_UNKNOWN:
            return (
                f"{self.unknown_share:.0%} of the tokens are [UNK]: the model cannot "
                "read this text. Add what it lacks by --vocabulary extend, or choose "
                "another --preset"
            )
        if self.tokens > MANY_TOKENS * self.characters:
            return (
                f"{self.tokens / self.characters:.1f} tokens a character: byte-level "
                "BPE cuts hanzi into bytes. A Chinese model does better: --preset "
                "tang, or scratch:6x256x4 with a vocabulary of this text"
            )
        return ""


class Counting:
    """Fills a Coverage, text by text.

    Args:
        tokenizer: FastTokenizer.
    """

    def __init__(self, tokenizer: FastTokenizer):
        self.tokenizer = tokenizer
        self.coverage = Coverage()
        self.characters: Counter[str] = Counter()

    def add(self, texts: Sequence[str], ids: np.ndarray, counts: np.ndarray) -> None:
        """Count texts and the ids they became, as of `encode_flat`."""
        total = self.coverage
        total.tokens += len(ids)
        total.characters += sum(map(len, texts))
        total.num_bytes += sum(len(text.encode(errors="replace")) for text in texts)
        is_unknown = ids == self.tokenizer.unknown_token_id
        if not is_unknown.any():
            return
        total.unknown += int(is_unknown.sum())
        ends = np.cumsum(counts)
        for row in np.unique(
            np.searchsorted(ends, np.flatnonzero(is_unknown), "right")
        ):
            self.characters.update(texts[row])

    def finish(self) -> Coverage:
        """The account, with the characters that have no token."""
        unknown = self.tokenizer.unknown_token_id
        chars = list(self.characters)
        pairs = zip(chars, self.tokenizer.encode(chars), strict=True)
        missing = {char: self.characters[char] for char, ids in pairs if unknown in ids}
        ranked = sorted(missing, key=lambda char: (-missing[char], char))[:NAMED]
        self.coverage.uncovered = {char: missing[char] for char in ranked}
        return self.coverage
