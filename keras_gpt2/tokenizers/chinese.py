"""WordPiece for Chinese: one token per hanzi, the ids of BERT's tokenizer."""

import functools
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any

import keras
import keras_hub

from keras_gpt2.script import has_hanzi

try:
    import tensorflow as tf
    import tensorflow_text as tf_text
except ImportError:  # Windows, or JAX alone: the Python path serves, tf.data does not
    tf: Any = None
    tf_text: Any = None

# Stands for a line end in vocabularies of our own; BERT's own drop line ends.
LINE_TOKEN = "\N{SYMBOL FOR NEWLINE}"
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LATIN_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
VOCABULARY_FILE = "vocabulary.txt"

# BERT's clean-up, in the order of BertNormalizer in Hugging Face's `tokenizers`.
WHITE_SPACE = r"[\t\n\r\p{Z}]"
CONTROL = r"[\x{FFFD}\p{C}]"
MARK = r"\p{Mn}"

# As RE2's \\p{C}: code points newer than Python's tables (Cn) are no controls.
CONTROLS = ("Cc", "Cf", "Co", "Cs")

LATIN = re.compile(r"[0-9A-Za-z]")


@keras.saving.register_keras_serializable(package="keras_gpt2")
class ChineseTokenizer(keras_hub.tokenizers.BertTokenizer):
    """BERT WordPiece tokenizer for Chinese GPT-2, on KerasHub's `BertTokenizer`.

    Lower-cases, strips accents, keeps full-width punctuation, splits hanzi one by one,
    and joins them again without spaces. Strings such as "[SEP]" in a text are ordinary
    characters: only `start_token_id` and the like give control ids. A line end is a
    token if the vocabulary holds `LINE_TOKEN`, else white space.

    Args:
        vocabulary: list of str, one WordPiece token each, or None to load it later.
        script: "simplified", "traditional" or "": the script the vocabulary is for.

    Call arguments:
        inputs: str, list of str, or string tensor of shape (batch,).

    Returns:
        Token ids, int32: (tokens,) for one string, ragged (batch, tokens) for several.

    Example:

    >>> tokenizer = ChineseTokenizer(build_vocabulary(["春眠不覺曉，\\n處處聞啼鳥。"]))
    >>> tokenizer.detokenize(tokenizer.tokenize("春眠不覺曉，\\n處處聞啼鳥。"))
    '春眠不覺曉，\\n處處聞啼鳥。'

    Reference: Devlin et al. 2019, https://arxiv.org/abs/1810.04805
    """

    backbone_cls = keras_hub.models.GPT2Backbone

    def __init__(self, vocabulary=None, script="", **kwargs):
        kwargs = {**kwargs, "lowercase": False, "strip_accents": False}
        super().__init__(vocabulary=vocabulary, **kwargs)
        self.script = script

    def get_config(self):
        return {**super().get_config(), "script": self.script}

    def load_assets(self, dir_path):
        # KerasHub strips each line, which empties tokens made of white space such as
        # U+2028, number 343 of bert-base-chinese.
        self.set_vocabulary(read_vocabulary(os.path.join(dir_path, VOCABULARY_FILE)))

    def set_vocabulary(self, vocabulary):
        super().set_vocabulary(vocabulary)
        self.keeps_lines = bool(vocabulary) and LINE_TOKEN in vocabulary

    def _tokenize_tf(self, inputs):
        return super()._tokenize_tf(self._normalize_tf(inputs))

    def _normalize_tf(self, inputs):
        text = tf.convert_to_tensor(inputs)
        if self.keeps_lines:
            text = tf.strings.regex_replace(text, r"\r?\n", f" {LINE_TOKEN} ")
        text = tf.strings.regex_replace(text, WHITE_SPACE, " ")
        text = tf.strings.regex_replace(text, CONTROL, "")
        text = tf_text.normalize_utf8(text, "NFD")
        text = tf.strings.regex_replace(text, MARK, "")
        # By character, as BERT does: in a word's end TensorFlow would write ς.
        text = tf.strings.regex_replace(text, "Σ", "σ")
        return tf.strings.lower(text, encoding="utf-8")

    def _tokenize_python(self, inputs):
        if isinstance(inputs, str):
            return super()._tokenize_python(self.normalize(inputs))
        texts = [self.normalize(as_text(text)) for text in inputs]
        return super()._tokenize_python(texts)

    def normalize(self, text: str) -> str:
        """The text as the vocabulary sees it.

        >>> ChineseTokenizer().normalize("Ｃafé　春\\x00")
        'ｃafe 春'
        """
        if self.keeps_lines:
            text = re.sub(r"\r?\n", f" {LINE_TOKEN} ", text)
        return "".join(map(_normal, text))

    def detokenize(self, inputs):
        """Text of token ids, hanzi unspaced.

        Args:
            inputs: ids of shape (tokens,), or a batch of them, ragged or dense.

        Returns:
            str, or list of str for a batch.
        """
        rows = inputs.to_list() if hasattr(inputs, "to_list") else inputs
        rows = rows if isinstance(rows, list) else keras.ops.convert_to_numpy(rows)
        if len(rows) and hasattr(rows[0], "__len__"):
            return [self.detokenize(list(row)) for row in rows]
        return join([self.id_to_token(int(token_id)) for token_id in rows])


@functools.cache
def _normal(char: str) -> str:
    """One character after BERT's clean-up: a character, several, or none."""
    if char in "\t\n\r" or unicodedata.category(char).startswith("Z"):
        return " "
    if char == "\ufffd" or unicodedata.category(char) in CONTROLS:
        return ""
    marked = unicodedata.normalize("NFD", char)
    return "".join(c for c in marked if unicodedata.category(c) != "Mn").lower()


def as_text(value) -> str:
    """A Python str of a str, bytes, or scalar string tensor."""
    value = value.numpy() if hasattr(value, "numpy") else value
    return value.decode() if isinstance(value, bytes) else str(value)


def join(tokens: list[str]) -> str:
    """Text of WordPiece tokens: spaces only between Latin words.

    >>> join(["我", "爱", "gp", "##t", "2", "和", "ke", "##ras"])
    '我爱gpt 2和keras'
    """
    text = ""
    for token in tokens:
        if token == LINE_TOKEN:
            text += "\n"
        elif token.startswith("##") and len(token) > 2:
            text += token[2:]
        else:
            spaced = LATIN.match(token) and LATIN.match(text[-1:])
            text += f" {token}" if spaced else token
    return text


def read_vocabulary(path: str | os.PathLike) -> list[str]:
    """Tokens of a vocabulary file, one per line.

    Lines end at "\\n", or "\\r\\n" where KerasHub saved it on Windows, and nowhere
    else: token 343 of bert-base-chinese is U+2028, a line end to `str.splitlines`.
    """
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read().replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n")


def build_vocabulary(
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

    >>> build_vocabulary(["花落知多少", "花"])[-5:]
    ['花', '多', '少', '知', '落']
    """
    counts: Counter[str] = Counter()
    for char, count in Counter(char for text in texts for char in text).items():
        for piece in _normal(char).strip():
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
    is_mark = unicodedata.category(char).startswith("P") or char == LINE_TOKEN
    is_ascii_symbol = char.isascii() and not char.isalnum()
    stands_alone = has_hanzi(char) or is_mark or is_ascii_symbol
    return (char,) if stands_alone else (char, f"##{char}")


@keras.saving.register_keras_serializable(package="keras_gpt2")
class ChineseGPT2CausalLMPreprocessor(keras_hub.models.GPT2CausalLMPreprocessor):
    """`GPT2CausalLMPreprocessor` with a `ChineseTokenizer`: [CLS] text [SEP].

    Args:
        tokenizer: ChineseTokenizer.
        sequence_length: int. Tokens per sequence. Defaults to 1024.

    Example:

    >>> tokenizer = ChineseTokenizer(build_vocabulary(["花落知多少"]))
    >>> preprocessor = ChineseGPT2CausalLMPreprocessor(tokenizer, sequence_length=6)
    >>> x, y, weight = preprocessor("花落知多")
    >>> len(y), int(y[4]) == tokenizer.end_token_id
    (6, True)
    """

    tokenizer_cls = ChineseTokenizer
