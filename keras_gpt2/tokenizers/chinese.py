"""WordPiece for Chinese: one token per hanzi, the ids of BERT's tokenizer."""

import os
from typing import Any

import keras
import keras_hub

from keras_gpt2.tokenizers._fast import MAX_WORD, FastTokenizer, wordpiece
from keras_gpt2.tokenizers._words import LINE_TOKEN, join, normalize, read_vocabulary

try:
    import tensorflow as tf
    import tensorflow_text as tf_text
except ImportError:  # Windows, or JAX alone: the Python path serves, tf.data does not
    tf: Any = None
    tf_text: Any = None

VOCABULARY_FILE = "vocabulary.txt"

# BERT's clean-up, in the order of BertNormalizer in Hugging Face's `tokenizers`.
WHITE_SPACE = r"[\t\n\r\p{Z}]"
CONTROL = r"[\x{FFFD}\p{C}]"
MARK = r"\p{Mn}"
# Cleaned away before, so that no text and no vocabulary holds it.
NO_WORD = "\ue000"


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

    >>> text = "春眠不覺曉，\\n處處聞啼鳥。"
    >>> from keras_gpt2.tokenizers import build_wordpiece
    >>> tokenizer = ChineseTokenizer(build_wordpiece([text]))
    >>> tokenizer.detokenize(tokenizer.tokenize(text))
    '春眠不覺曉，\\n處處聞啼鳥。'

    Reference: Devlin et al. 2019, https://arxiv.org/abs/1810.04805
    """

    backbone_cls = keras_hub.models.GPT2Backbone

    def __init__(
        self,
        vocabulary=None,
        script="",
        do_lower_case=True,
        tokenize_chinese_chars=True,
        **kwargs,
    ):
        self.script = script
        self.do_lower_case = do_lower_case
        self.tokenize_chinese_chars = tokenize_chinese_chars
        kwargs |= {"lowercase": False, "strip_accents": False}
        kwargs["split_on_cjk"] = tokenize_chinese_chars
        super().__init__(vocabulary=vocabulary, **kwargs)

    def get_config(self):
        return {
            **super().get_config(),
            "script": self.script,
            "do_lower_case": self.do_lower_case,
            "tokenize_chinese_chars": self.tokenize_chinese_chars,
        }

    def load_assets(self, dir_path):
        # KerasHub strips each line, which empties tokens made of white space such as
        # U+2028, number 343 of bert-base-chinese.
        self.set_vocabulary(read_vocabulary(os.path.join(dir_path, VOCABULARY_FILE)))

    def set_vocabulary(self, vocabulary):
        super().set_vocabulary(vocabulary)
        if vocabulary is not None:
            flags = self.do_lower_case, self.tokenize_chinese_chars
            self.fast: FastTokenizer = wordpiece(self.vocabulary, *flags)

    def _set_vocabulary_tf(self):
        self._fast_word_piece = CountedInCharacters(
            tf_text.FastWordpieceTokenizer(
                vocab=self.vocabulary,
                token_out_type=self.compute_dtype,
                unknown_token=self.oov_token,
                max_bytes_per_word=4 * MAX_WORD,
                no_pretokenization=True,
                support_detokenization=True,
            )
        )

    def _tokenize_tf(self, inputs):
        return super()._tokenize_tf(self._normalize_tf(inputs))

    def _normalize_tf(self, inputs):
        text = tf.convert_to_tensor(inputs)
        if LINE_TOKEN in self._token_to_id_map:
            text = tf.strings.regex_replace(text, r"\r?\n", f" {LINE_TOKEN} ")
        text = tf.strings.regex_replace(text, WHITE_SPACE, " ")
        text = tf.strings.regex_replace(text, CONTROL, "")
        if self.do_lower_case:
            text = tf_text.normalize_utf8(text, "NFD")
            text = tf.strings.regex_replace(text, MARK, "")
            # By character, as BERT does: in a word's end TensorFlow would write ς.
            text = tf.strings.regex_replace(text, "Σ", "σ")
            text = tf.strings.lower(text, encoding="utf-8")
        return text

    def _tokenize_python(self, inputs):
        if isinstance(inputs, str):
            return self.fast.encode([inputs])[0]
        texts = [as_text(text) for text in inputs]
        return [ids.tolist() for ids in self.fast.encode(texts)]

    def normalize(self, text: str) -> str:
        """The text as it comes back from its tokens, if none is unknown.

        >>> from keras_gpt2.tokenizers import build_wordpiece
        >>> tokenizer = ChineseTokenizer(build_wordpiece(["春眠"]))
        >>> tokenizer.normalize("Ｃafé　春 \\x00 眠")
        'ｃafe春眠'
        """
        return normalize(self.fast.engine, text)

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


class CountedInCharacters:
    """TensorFlow Text's WordPiece, which counts a word's bytes where BERT counts its
    characters before it gives up on the word.

    Args:
        pieces: FastWordpieceTokenizer, for words of up to MAX_WORD characters.
    """

    def __init__(self, pieces):
        self.pieces = pieces

    def tokenize(self, words):
        """Pieces of each word, as of `FastWordpieceTokenizer`."""

        def give_up(flat):
            is_long = tf.strings.length(flat, unit="UTF8_CHAR") > MAX_WORD
            return tf.where(is_long, NO_WORD, flat)

        return self.pieces.tokenize(tf.ragged.map_flat_values(give_up, words))

    def detokenize(self, ids):
        """Text of ids, as of `FastWordpieceTokenizer`."""
        return self.pieces.detokenize(ids)


def as_text(value) -> str:
    """A Python str of a str, bytes, or scalar string tensor."""
    value = value.numpy() if hasattr(value, "numpy") else value
    return value.decode() if isinstance(value, bytes) else str(value)


@keras.saving.register_keras_serializable(package="keras_gpt2")
class ChineseGPT2CausalLMPreprocessor(keras_hub.models.GPT2CausalLMPreprocessor):
    """`GPT2CausalLMPreprocessor` with a `ChineseTokenizer`: [CLS] text [SEP].

    Args:
        tokenizer: ChineseTokenizer.
        sequence_length: int. Tokens per sequence. Defaults to 1024.

    Example:

    >>> from keras_gpt2.tokenizers import build_wordpiece
    >>> tokenizer = ChineseTokenizer(build_wordpiece(["花落知多少"]))
    >>> preprocessor = ChineseGPT2CausalLMPreprocessor(tokenizer, sequence_length=6)
    >>> x, y, weight = preprocessor("花落知多")
    >>> len(y), int(y[4]) == tokenizer.end_token_id
    (6, True)
    """

    tokenizer_cls = ChineseTokenizer
