"""Vocabularies: built from a corpus, and what share of a text they cover."""

from collections import Counter
from collections.abc import Iterable

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from keras_gpt2.tokenizers._words import LINE_TOKEN, SPECIAL_TOKENS, words

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
    found: Counter[str] = Counter()
    for text in texts:
        found.update(text)
    counts: Counter[str] = Counter()
    for char, count in found.items():
        for piece in "".join(words(BERT, char)):
            counts[piece] += count
    ranked = sorted(counts, key=lambda char: (-counts[char], char))
    common = [char for char in ranked if counts[char] >= min_count]
    latin = [f"{mark}{char}" for mark in ("", "##") for char in LATIN_ALPHABET]
    pieces = [piece for char in common for piece in forms(char)]
    return list(dict.fromkeys([*SPECIAL_TOKENS, LINE_TOKEN, *latin, *pieces]))[:size]


def forms(char: str) -> tuple[str, ...]:
    """Tokens a character needs: hanzi and punctuation stand alone, others in words.

    >>> forms("春"), forms("，"), forms("a")
    (('春',), ('，',), ('a', '##a'))
    """
    stands_alone = len(words(BERT, f"a{char}a")) == 3 or char == LINE_TOKEN
    return (char,) if stands_alone else (char, f"##{char}")
