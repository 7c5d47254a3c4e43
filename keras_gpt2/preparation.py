"""A corpus into tokens for a model, from the cache or made now."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_gpt2 import backend, cache
from keras_gpt2.corpora import Corpus, ReadReport, Split, is_sample
from keras_gpt2.errors import UsageError
from keras_gpt2.presets import ModelSource
from keras_gpt2.script import HANZI
from keras_gpt2.tokenizers import (
    FastTokenizer,
    build_byte_pairs,
    build_wordpiece,
    byte_pairs,
    extend,
    load_tokenizer,
    wordpiece,
)
from keras_gpt2.tokens import Tokens, Writer

# A corpus of which one in this many characters is a hanzi counts as Chinese.
HANZI_SHARE = 0.1
ANY_HANZI = re.compile(f"[{HANZI}]")
# Tokens of a vocabulary that is built, and those added to one that is extended.
SIZE, MORE = 8000, 1000
# Characters that are looked at to tell the language.
LOOKED_AT = 100_000


@dataclass(frozen=True)
class VocabularyChoice:
    """Where a vocabulary comes from.

    Args:
        kind: "preset" (the model's own), "build" (of the corpus' training documents),
            or "extend" (the model's, and what it lacks of them).
        size: int or None. Most tokens. None is 8,000 of a new vocabulary, and 1,000
            more than there are of one that is extended.
        min_count: int. Fewest occurrences of a token that is built or added.
        added: tuple of str. Tokens to add whatever the corpus holds.
    """

    kind: str = "preset"
    size: int | None = None
    min_count: int = 2
    added: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preparation:
    """A corpus, and what its tokens are to be.

    Args:
        corpus: Corpus.
        source: ModelSource. The model they are for.
        choice: VocabularyChoice.
        without: Corpus or None. Its documents are left out.
        backend: str. Keras backend, should Keras be needed.
    """

    corpus: Corpus
    source: ModelSource
    choice: VocabularyChoice = VocabularyChoice()
    without: Corpus | None = None
    backend: str = "auto"

    def cached(self, warn: Callable[[str], None]) -> Tokens:
        """The tokens, from the cache or made now.

        Args:
            warn: callable(text). Told of a damaged cache.
        """
        base = self.base()
        facts = [cache.describe(self.corpus), base and base.fingerprint, self.choice]
        facts += [self.without and cache.describe(self.without), is_sample(self.corpus)]
        name = f"{self.corpus.name}-{cache.key(*facts)[:32]}"
        return cache.find_or_make(name, lambda folder: self.write(folder, base), warn)

    def base(self) -> FastTokenizer | None:
        """The model's tokenizer, or None where it is yet to be built."""
        if self.source.scratch or self.choice.kind == "build":
            return None
        return tokenizer_of(self.source, self.backend)

    def write(self, folder: Path, base: FastTokenizer | None) -> None:
        """Read, tokenize and write to an empty folder."""
        excluded = self.without.all_passages() if self.without else frozenset()

        def documents(report: ReadReport) -> Iterator[tuple[Split, str]]:
            return self.corpus.stream(report, excluded)

        tokenizer = base
        if base is None or self.choice.kind == "extend":
            texts = (
                text for split, text in documents(ReadReport()) if split is Split.TRAIN
            )
            tokenizer = make_tokenizer(texts, self.choice, base)
        assert tokenizer is not None
        facts: dict[str, Any] = {
            "corpus": self.corpus.name,
            "script": self.corpus.script or self.corpus.released_script,
            "is_sample": is_sample(self.corpus),
        }
        report = ReadReport()
        writer = Writer(folder, tokenizer)
        writer.add_all(self.told(documents(report), facts))
        writer.finish(report, facts)

    def told(self, documents: Iterable[tuple[Split, str]], facts: dict[str, Any]):
        """The documents; of the first validation document, opening and language are
        noted."""
        for split, text in documents:
            if split is Split.VALIDATION and "prompt" not in facts:
                facts["prompt"] = self.corpus.prompt(text)
                facts["language"] = "zh" if is_chinese(text) else self.corpus.language
            yield split, text


def make_tokenizer(
    texts: Iterable[str], choice: VocabularyChoice, base: FastTokenizer | None
) -> FastTokenizer:
    """A tokenizer built of texts, or a base with what it lacks of them."""
    if base is not None:
        size = choice.size or base.vocabulary_size + MORE
        return extend(base, texts, size, choice.min_count, choice.added)
    size = choice.size or SIZE
    texts = iter(texts)
    first: list[str] = []
    while sum(map(len, first)) < LOOKED_AT and (text := next(texts, None)) is not None:
        first.append(text)

    def everything() -> Iterator[str]:
        yield from first
        yield from texts

    if is_chinese("".join(first)):
        added = list(dict.fromkeys(choice.added))
        tokens = build_wordpiece(everything(), size - len(added), choice.min_count)
        return wordpiece(list(dict.fromkeys([*tokens, *added])))
    if choice.added:
        raise UsageError(
            "--add-token goes with a WordPiece vocabulary: byte-level BPE spells any "
            f"text already. Received: {', '.join(choice.added)}"
        )
    return byte_pairs(*build_byte_pairs(everything(), size, choice.min_count))


def is_chinese(text: str) -> bool:
    """Whether hanzi are a good part of a text."""
    text = text[:LOOKED_AT]
    return len(ANY_HANZI.findall(text)) > HANZI_SHARE * len(text)


def tokenizer_of(source: ModelSource, keras_backend: str) -> FastTokenizer:
    """A model's tokenizer, without Keras where its files are on this disk.

    Raises:
        InputError: if it has none, or none that can be had.
    """
    if source.path is not None and source.path.is_dir():
        return load_tokenizer(source.path)
    backend.choose(keras_backend)
    from keras_gpt2.models import load_fast

    return load_fast(source)
