"""Byte-level BPE by words that were met before: English repeats itself.

GPT-2 splits a text into words by a pattern over Unicode's letters, numbers and white
space before it looks for pairs. In a text of plain characters, whose kind no version
of Unicode disputes, Python's `re` finds the same words, and each is spelt but once.
"""

import itertools
import re

import numpy as np
import tokenizers

from keras_gpt2.tokenizers._spelling import Spelling

LETTERS = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff"
SPACES = "\t\n\v\f\r "
# ASCII without the separators U+001C to U+001F, Western letters, dashes and quotation
# marks. What else a text holds is left to `tokenizers`.
PLAIN = re.compile(f"[\0-\x1b\x20-\x7e\u2010-\u2015\u2018-\u201f\u2026{LETTERS}]*")
# The pattern of GPT-2's encoder.py for such texts.
WORD = re.compile(
    f"'s|'t|'re|'ve|'m|'ll|'d| ?[{LETTERS}]+| ?[0-9]+| ?[^{SPACES}{LETTERS}0-9]+"
    f"|[{SPACES}]+(?![^{SPACES}])|[{SPACES}]+"
)
MAX_WORDS = 500_000  # about 100 MB


class WordCache:
    """Token ids of many texts at once.

    Args:
        engine: tokenizers.Tokenizer. GPT-2's byte-level BPE.

    Reference: Radford et al. 2019, https://github.com/openai/gpt-2
    """

    def __init__(self, engine: tokenizers.Tokenizer):
        self.engine = engine
        self.spelling = Spelling(engine, MAX_WORDS)

    def encode(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of texts, one after the other.

        Args:
            texts: list of str, without lone surrogates.

        Returns:
            ids: int32 array (tokens,).
            counts: int64 array (texts,). Tokens of each text.
        """
        rows = [WORD.findall(text) if PLAIN.fullmatch(text) else None for text in texts]
        words = itertools.chain.from_iterable(row for row in rows if row)
        spell = self.spelling.learn(words).__getitem__
        others = [text for text, row in zip(texts, rows, strict=True) if row is None]
        spelt = iter(self.engine.encode_batch_fast(others))
        ids = [
            next(spelt).ids
            if row is None
            else list(itertools.chain.from_iterable(map(spell, row)))
            for row in rows
        ]
        counts = np.fromiter(map(len, ids), "int64", len(ids))
        flat = itertools.chain.from_iterable(ids)
        return np.fromiter(flat, "int32", int(counts.sum())), counts
