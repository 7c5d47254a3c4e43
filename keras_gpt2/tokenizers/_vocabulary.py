"""Vocabularies built from a corpus, or extended by what it holds."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from keras_gpt2.errors import UsageError
from keras_gpt2.tokenizers._fast import FastTokenizer, wordpiece
from keras_gpt2.tokenizers._words import (
    END_OF_TEXT,
    LINE_TOKEN,
    SPECIAL_TOKENS,
    words,
)

LATIN_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

BERT = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
BERT.normalizer = normalizers.BertNormalizer()
BERT.pre_tokenizer = pre_tokenizers.BertPreTokenizer()


def build_wordpiece(
    texts: Iterable[str], size: int = 8000, min_count: int = 1
) -> list[str]:
    """Character vocabulary of Chinese texts, the most frequent characters first.

    Letters of any script are in alone and as word pieces ("a", "##a"), Latin ones and
    digits always, so that only rare characters become [UNK].

    Args:
        texts: iterable of str.
        size: int. Most tokens, special ones included.
        min_count: int. Fewest occurrences of a character.

    Returns:
        list of str: special tokens, Latin letters and digits, then by frequency.

    >>> build_wordpiece(["花落知多少", "花"])[-5:]
    ['花', '多', '少', '知', '落']
    """
    latin = [f"{mark}{char}" for mark in ("", "##") for char in LATIN_ALPHABET]
    pieces = common_pieces(texts, min_count)
    return list(dict.fromkeys([*SPECIAL_TOKENS, LINE_TOKEN, *latin, *pieces]))[:size]


def common_pieces(
    texts: Iterable[str], min_count: int, engine: Tokenizer = BERT
) -> list[str]:
    """Tokens of the characters that are common enough, the commonest first."""
    found: Counter[str] = Counter()
    for text in texts:
        found.update(text)
    counts: Counter[str] = Counter()
    for char, count in found.items():
        for piece in "".join(words(engine, char)):
            counts[piece] += count
    ranked = sorted(counts, key=lambda char: (-counts[char], char))
    common = (char for char in ranked if counts[char] >= min_count)
    return [piece for char in common for piece in forms(char)]


def forms(char: str) -> tuple[str, ...]:
    """Tokens a character needs: hanzi and punctuation stand alone, others in words.

    >>> forms("春"), forms("，"), forms("a")
    (('春',), ('，',), ('a', '##a'))
    """
    stands_alone = len(words(BERT, f"a{char}a")) == 3 or char == LINE_TOKEN
    return (char,) if stands_alone else (char, f"##{char}")


def build_byte_pairs(
    texts: Iterable[str], size: int = 8000, min_count: int = 2
) -> tuple[dict[str, int], list[str]]:
    """GPT-2's kind of vocabulary: all bytes, and the pairs that occur most often.

    Args:
        texts: iterable of str.
        size: int. Most tokens, the end token and 256 bytes included.
        min_count: int. Fewest occurrences of a pair.

    Returns:
        vocabulary: dict of token to id.
        merges: list of str, two tokens with a space between.

    Reference: Radford et al. 2019; Sennrich et al. 2016,
    https://arxiv.org/abs/1508.07909

    >>> vocabulary, merges = build_byte_pairs(["low lower lowest"] * 9, size=260)
    >>> merges
    ['l o', 'lo w', 'Ġ low']
    """
    engine = Tokenizer(models.BPE())
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size - 1,
        min_frequency=min_count,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    engine.train_from_iterator(texts, trainer)
    model = json.loads(engine.to_str())["model"]
    vocabulary = model["vocab"]
    # The last, as in GPT-2: 0 is what KerasHub pads with, and padding ends no text.
    vocabulary[END_OF_TEXT] = len(vocabulary)
    return vocabulary, [" ".join(pair) for pair in model["merges"]]


def extend(
    base: FastTokenizer,
    texts: Iterable[str],
    size: int,
    min_count: int = 2,
    added: Sequence[str] = (),
) -> FastTokenizer:
    """A WordPiece tokenizer and the characters it lacks; no id changes.

    Args:
        base: FastTokenizer.
        texts: iterable of str. What it is to be able to read.
        size: int. Most tokens in all.
        min_count: int. Fewest occurrences of a character that is added.
        added: sequence of str. Tokens to add before those.

    Raises:
        UsageError: if the base is byte-level BPE, which lacks nothing.
    """
    if not base.is_wordpiece:
        raise UsageError(
            "byte-level BPE has a token for every byte, so nothing can be missing. "
            "Extend a WordPiece vocabulary, or build a new one"
        )
    pieces = common_pieces(texts, min_count, base.engine)
    known = {*base.vocabulary, LINE_TOKEN}  # which would change what a line end is
    new = [token for token in dict.fromkeys([*added, *pieces]) if token not in known]
    room = max(size - base.vocabulary_size, len(added))
    return wordpiece([*base.vocabulary, *new[:room]], **base.options)
