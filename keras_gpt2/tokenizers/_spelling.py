"""Token ids of words that were met before."""

from collections.abc import Iterable

import tokenizers


class Spelling:
    """Spells words, each but once.

    Args:
        engine: tokenizers.Tokenizer. Makes the ids.
        most: int. Words remembered, about; then it starts anew.
    """

    def __init__(self, engine: tokenizers.Tokenizer, most: int):
        self.engine = engine
        self.most = most
        self.known: dict[str, list[int]] = {}

    def learn(self, words: Iterable[str]) -> dict[str, list[int]]:
        """Spell those words that are new.

        Returns:
            dict that has them all; another thread's never loses a word.
        """
        if len(self.known) > self.most:
            self.known = {}
        known = self.known
        new = list({word for word in words if word not in known})
        for word, encoding in zip(new, self.engine.encode_batch_fast(new), strict=True):
            known[word] = encoding.ids
        return known
