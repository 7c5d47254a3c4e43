"""Byte-level BPE of GPT-2 with GPT-2's own ids, eagerly and in tf.data."""

from typing import Any

import keras
import keras_hub

from keras_gpt2.tokenizers._fast import FastTokenizer, byte_pairs

try:
    import tensorflow as tf
except ImportError:
    tf: Any = None


@keras.saving.register_keras_serializable(package="keras_gpt2")
class EnglishTokenizer(keras_hub.models.GPT2Tokenizer):
    """KerasHub's `GPT2Tokenizer` with the ids of Hugging Face's.

    KerasHub 0.32 splits words by Llama's pattern eagerly, and in tf.data by rules that
    are not quite GPT-2's: a blank line, for one, becomes a token the model has hardly
    seen. Both paths go through `tokenizers` here. And "<|endoftext|>" in a text is
    ordinary text (KerasHub gives it the id of the end token, tiktoken refuses it).

    Args:
        vocabulary: dict of token to id, or None to load it later.
        merges: list of str, two tokens with a space between.
        script: "". English has but one; a model for Chinese text may have another.

    Call arguments:
        inputs: str, list of str, or string tensor of shape (batch,).

    Returns:
        Token ids, int32: (tokens,) for one string, ragged (batch, tokens) for several.

    Reference: Radford et al. 2019, https://openai.com/index/better-language-models
    """

    backbone_cls = keras_hub.models.GPT2Backbone

    def __init__(self, vocabulary=None, merges=None, script="", **kwargs):
        self.script = script
        kwargs["unsplittable_tokens"] = []
        super().__init__(vocabulary=vocabulary, merges=merges, **kwargs)

    def get_config(self):
        return {**super().get_config(), "script": self.script}

    def _set_vocabulary_and_merges_tokenizers(self, vocabulary, merges):
        super()._set_vocabulary_and_merges_tokenizers(vocabulary, merges)
        self.fast: FastTokenizer = byte_pairs(vocabulary, merges)
        self._tokenizer = self.fast.engine

    def _tokenize_tf(self, inputs):
        self._maybe_initialized_tokenizers()
        texts = tf.convert_to_tensor(inputs)
        kinds = (tf.int32, tf.int64)
        ids, counts = tf.numpy_function(self._encode, [tf.reshape(texts, [-1])], kinds)
        ids.set_shape([None])
        counts.set_shape([None] if texts.shape.rank else [1])
        rows = tf.RaggedTensor.from_row_lengths(ids, counts)
        if self.sequence_length:
            rows = rows.to_tensor(shape=[None, self.sequence_length])
        return rows if texts.shape.rank else rows[0]

    def _encode(self, texts):
        return self.fast.encode_flat([text.decode() for text in texts])


def as_plain_text(tokenizer: keras_hub.models.GPT2Tokenizer) -> EnglishTokenizer:
    """The same vocabulary, split into words as GPT-2 has learnt to."""
    return EnglishTokenizer(tokenizer.vocabulary, tokenizer.merges)


def as_stock(tokenizer: EnglishTokenizer) -> keras_hub.models.GPT2Tokenizer:
    """The same vocabulary in KerasHub's own class, which opens without this package."""
    return keras_hub.models.GPT2Tokenizer(tokenizer.vocabulary, tokenizer.merges)
