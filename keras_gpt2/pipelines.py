"""Strings into batches: tf.data through the model's own preprocessor."""

from collections.abc import Sequence
from typing import Any

from keras_gpt2.datasets import TokenDataset
from keras_gpt2.tokens import TokenSplit

try:
    import tensorflow as tf
except ImportError:  # JAX alone trains from token ids
    tf: Any = None


class TextDataset(TokenDataset):
    """Documents as strings, through the model's own preprocessor in tf.data.

    Gives the batches that `TokenDataset` gives.

    Args:
        documents: sequence of str.
        preprocessor: GPT2CausalLMPreprocessor. Its `sequence_length` bounds the width.
        batch_size, batching, accumulate, seed: as in `TokenDataset`.

    Example:

    >>> dataset = TextDataset(poems, model.preprocessor, 16)  # doctest: +SKIP
    >>> keras.Model.fit(model, dataset.tensors())  # doctest: +SKIP
    """

    def __init__(
        self,
        documents: Sequence[str],
        preprocessor,
        batch_size: int,
        batching: str = "bucket",
        accumulate: int = 1,
        seed: int = 0,
    ):
        self.texts = documents
        self.preprocessor = preprocessor
        tokenizer = preprocessor.tokenizer.fast
        super().__init__(
            TokenSplit.of(documents, tokenizer),
            tokenizer,
            preprocessor.sequence_length,
            batch_size,
            batching,
            accumulate,
            seed,
        )

    def tensors(self, epochs: int | None = 1, shuffle: bool = True):
        """Batches as a tf.data.Dataset, tokenized in it unless they are packed."""
        if self.is_packed:
            return super().tensors(epochs, shuffle)
        signature = (tf.TensorSpec([None], tf.string), tf.TensorSpec([], tf.int32))
        dataset = tf.data.Dataset.from_generator(
            lambda: self._rows_of_text(epochs, shuffle), output_signature=signature
        )
        dataset = dataset.map(self._preprocess, num_parallel_calls=tf.data.AUTOTUNE)
        if self.accumulate > 1:
            size = self.batch_size // self.accumulate
            dataset = dataset.unbatch().batch(size)
        return self._counted(dataset, epochs)

    def _rows_of_text(self, epochs: int | None, shuffle: bool):
        epoch = 0
        while epochs is None or epoch < epochs:
            for batch in self.plan(epoch, shuffle):
                yield [self.texts[int(row)] for row in batch.rows], batch.width
            epoch += 1

    def _preprocess(self, texts, width):
        """A whole optimizer step: cut to its width, weighed, missing rows added."""
        x, y, is_real = self.preprocessor(texts)
        weight = tf.cast(is_real, tf.float32)
        weight *= self.accumulate / tf.reduce_sum(weight)
        below = tf.stack([[0, self.batch_size - tf.shape(y)[0]], [0, 0]])

        def fill(rows):
            filled = tf.pad(rows[:, :width], below)
            return tf.ensure_shape(filled, [self.batch_size, None])

        return tf.nest.map_structure(fill, (x, y, weight))
