"""WordPiece by table for the characters whose token no neighbour can change.

BERT sets hanzi and punctuation apart before it looks for word pieces, so that each is
one token whatever stands beside it. Which characters these are is asked of the
tokenizer itself, once each; what stands between them are words, and remembered.
"""

import numpy as np
import tokenizers

from keras_gpt2.tokenizers._spelling import Spelling
from keras_gpt2.tokenizers._words import words

UNSEEN, WORD, NOTHING = -3, -2, -1
CODE_POINTS = 0x110000
MAX_WORDS = 200_000  # of common length, about 50 MB


class AloneTable:
    """Token ids of many texts at once.

    Args:
        engine: tokenizers.Tokenizer. BERT's normalizer and WordPiece.
    """

    def __init__(self, engine: tokenizers.Tokenizer):
        self.engine = engine
        self.ids = np.full(CODE_POINTS, UNSEEN, "int32")
        self.spelling = Spelling(engine, MAX_WORDS)

    def encode(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of texts, one after the other.

        Args:
            texts: list of str, without lone surrogates.

        Returns:
            ids: int32 array (tokens,).
            counts: int64 array (texts,). Tokens of each text.
        """
        text = "".join(texts)
        points = np.frombuffer(text.encode("utf-32-le"), "uint32")
        ends = np.cumsum(np.fromiter(map(len, texts), "int64", len(texts)))
        ids = self.look_up(points)
        is_word = ids == WORD
        if not is_word.any():
            is_token = ids >= 0
            return ids[is_token], per_text(is_token, ends)
        starts, stops = runs(is_word, ends)
        bounds = zip(starts.tolist(), stops.tolist(), strict=True)
        between = [text[start:stop] for start, stop in bounds]
        spelt = self.spelling.learn(between)
        found = [spelt[word] for word in between]
        sizes = (ids >= 0).astype("int64")  # tokens that begin at each character
        sizes[starts] = [len(pieces) for pieces in found]
        flat = np.empty(sizes.sum(), "int32")
        begins = np.cumsum(sizes) - sizes
        is_alone = ids >= 0
        flat[begins[is_alone]] = ids[is_alone]
        pieces = [token_id for word in found for token_id in word]
        lengths = sizes[starts]
        offset = np.arange(len(pieces)) - np.repeat(
            np.cumsum(lengths) - lengths, lengths
        )
        flat[np.repeat(begins[starts], lengths) + offset] = pieces
        return flat, per_text(sizes, ends)

    def look_up(self, points: np.ndarray) -> np.ndarray:
        """Token id of each code point; WORD or NOTHING where it has none of its own."""
        ids = self.ids[points]
        for point in np.unique(points[ids == UNSEEN]):
            self.ids[point] = self.classify(chr(point))
        return self.ids[points] if (ids == UNSEEN).any() else ids

    def classify(self, char: str) -> int:
        """What a character between two letters becomes."""
        between = words(self.engine, f"a{char}a")
        if between == ["a", "a"]:
            return NOTHING
        if len(between) != 3 or between[0] != "a" or between[2] != "a":
            return WORD
        (token_id,) = self.engine.encode(char).ids
        return token_id


def runs(is_word: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where words begin and end; a text's end is a word's end.

    Args:
        is_word: bool array (characters,).
        ends: int array (texts,). Where each text ends.
    """
    before = np.concatenate([[False], is_word[:-1]])
    before[ends[:-1][ends[:-1] < len(is_word)]] = False
    after = np.concatenate([is_word[1:], [False]])
    last = ends[(ends > 0) & (ends < len(is_word))] - 1
    after[last] = False
    return np.flatnonzero(is_word & ~before), np.flatnonzero(is_word & ~after) + 1


def per_text(sizes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Sum of the sizes in each text."""
    total = np.concatenate([[0], np.cumsum(sizes, dtype="int64")])
    return np.diff(total[ends], prepend=0)
