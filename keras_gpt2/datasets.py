"""Documents into batches: tf.data through the model's own preprocessor.

Short documents go into buckets of like length, so that each starts at position 0 and
little is padded; long ones are packed into full blocks with the end token between.
"""

import functools
import importlib.util
import math
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from keras_gpt2.batching import choose_widths, epoch_order, plan_batches, shuffled
from keras_gpt2.errors import InputError

# tensorflow-text has no wheel for Windows; KerasHub's tokenizers in Python serve there.
IN_GRAPH = importlib.util.find_spec("tensorflow_text") is not None


class TextDataset:
    """Documents, and how they become batches.

    A batch is `(x, y, sample_weight)`: x holds "token_ids" and "padding_mask" of shape
    (batch, width), y the next token ids. The weights of an optimizer step sum to
    `accumulate` and padding weighs 0, so that a summed loss is a mean over tokens.

    Args:
        documents: sequence of str.
        preprocessor: GPT2CausalLMPreprocessor. Its `sequence_length` bounds the width.
        batch_size: int. Documents, or packed blocks, per optimizer step.
        batching: "bucket" (batches of like length), "pack" (full blocks) or "pad"
            (all `sequence_length` wide).
        accumulate: int. Parts of an optimizer step. Divides `batch_size`.
        seed: int. Decides, with an epoch's number, its order.

    Raises:
        InputError: if packing finds less than one block of tokens.
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
        self.documents = documents
        self.preprocessor = preprocessor
        self.batch_size = batch_size
        self.batching = batching
        self.accumulate = accumulate
        self.seed = seed
        self.sequence_length = preprocessor.sequence_length
        token_ids = tokenize(documents, preprocessor.tokenizer)
        self.token_counts = np.array([len(ids) for ids in token_ids])
        self.token_ids = token_ids if batching == "pack" else []
        # A document of n tokens makes n + 1 predictions: its tokens and its end.
        self.lengths = np.minimum(self.token_counts + 1, self.sequence_length)
        self.widths = np.array([self.sequence_length])
        if batching == "bucket":
            self.widths = choose_widths(self.lengths)
        elif batching == "pack":
            self._check_block()

    def _check_block(self):
        if self.num_predictions < self.sequence_length:
            raise InputError(
                f"{self.num_predictions:,} tokens found, {self.sequence_length:,} "
                "needed for one block. Choose a smaller --sequence-length, or "
                "--batching bucket"
            )

    @property
    def is_packed(self) -> bool:
        return self.batching == "pack"

    @property
    def num_predictions(self) -> int:
        """Tokens predicted in an epoch: padding and what is cut off not counted."""
        if self.is_packed:
            return int((self.token_counts + len(self._separators())).sum()) - 1
        return int(self.lengths.sum())

    @property
    def num_cut(self) -> int:
        """Documents longer than the sequence, of which only the beginning is used."""
        too_long = self.token_counts + 1 > self.sequence_length
        return 0 if self.is_packed else int(too_long.sum())

    @functools.cached_property
    def num_characters(self) -> int:
        """Characters of the predicted text; those cut off are not counted."""
        if self.is_packed:
            return sum(map(len, self.documents))
        rows = zip(self.documents, self.token_counts, self.lengths, strict=True)
        return sum(
            len(text) if count < length else len(self._head(text, length))
            for text, count, length in rows
        )

    def bits_per_character(self, nats_per_token: float) -> float:
        """Code length of the predicted text at that loss, in bits per character.

        Comparable between tokenizers, unlike nats per token.
        """
        tokens_per_character = self.num_predictions / self.num_characters
        return nats_per_token * tokens_per_character / math.log(2)

    def _head(self, text: str, length: int) -> str:
        tokenizer = self.preprocessor.tokenizer
        return tokenizer.detokenize(
            np.asarray(tokenizer.tokenize(text))[:length].tolist()
        )

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in an epoch."""
        size = len(self.documents)
        if self.is_packed:
            size = -(-self.num_predictions // self.sequence_length)
        return -(-size // self.batch_size)

    def batches(self, epochs: int | None = 1, shuffle: bool = True) -> tf.data.Dataset:
        """The batches of some epochs.

        Args:
            epochs: int, or None for no end.
            shuffle: bool. False keeps the documents' order.

        Returns:
            tf.data.Dataset of (x, y, sample_weight), see the class. Every batch has
            `batch_size / accumulate` rows; missing ones are empty and weigh 0.
        """
        parts = self._packed if self.is_packed else self._bucketed
        dataset = parts(self._orders(epochs, shuffle)).map(self._fill)
        if self.accumulate > 1:
            dataset = dataset.flat_map(lambda *batch: self._cut(batch))
        if epochs is not None:
            size = epochs * self.steps_per_epoch * self.accumulate
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(size))
        return dataset.prefetch(tf.data.AUTOTUNE)

    def _orders(self, epochs: int | None, shuffle: bool):
        def orders() -> Iterator[np.ndarray]:
            size, epoch = len(self.documents), 0
            while epochs is None or epoch < epochs:
                natural = np.arange(size)
                yield epoch_order(size, self.seed, epoch) if shuffle else natural
                epoch += 1

        return orders

    def _bucketed(self, orders) -> tf.data.Dataset:
        def plans() -> Iterator[tuple[list[str], int]]:
            for order in orders():
                plan = plan_batches(self.lengths, self.widths, self.batch_size, order)
                for batch in shuffled(plan, order):
                    yield [self.documents[int(row)] for row in batch.rows], batch.width

        if not IN_GRAPH:
            return self._bucketed_eagerly(plans)
        signature = (tf.TensorSpec([None], tf.string), tf.TensorSpec([], tf.int32))
        return tf.data.Dataset.from_generator(plans, output_signature=signature).map(
            self._preprocess, num_parallel_calls=tf.data.AUTOTUNE
        )

    def _bucketed_eagerly(self, plans) -> tf.data.Dataset:
        """The same where the tokenizer runs in Python alone."""

        def rows():
            for texts, width in plans():
                yield self._preprocess(texts, width)

        ids, mask = (
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None, None], tf.bool),
        )
        signature = ({"token_ids": ids, "padding_mask": mask}, ids, mask)
        return tf.data.Dataset.from_generator(rows, output_signature=signature)

    def _preprocess(self, texts, width):
        x, y, is_real = self.preprocessor(texts)
        return tf.nest.map_structure(lambda rows: rows[:, :width], (x, y, is_real))

    def _packed(self, orders) -> tf.data.Dataset:
        signature = tf.TensorSpec([None, self.sequence_length + 1], tf.int32)

        def blocks() -> Iterator[np.ndarray]:
            for order in orders():
                yield from self._blocks(order)

        return tf.data.Dataset.from_generator(blocks, output_signature=signature).map(
            split_block, num_parallel_calls=tf.data.AUTOTUNE
        )

    def _blocks(self, order: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of a stream of documents, (batch_size, sequence_length + 1), -1 after
        its end; neighbours share a token, so that each is predicted once."""
        length = self.sequence_length
        stream = np.concatenate([self._surrounded(row) for row in order])
        starts = np.arange(0, len(stream) - 1, length)
        stream = np.pad(stream, (0, length), constant_values=-1)
        for batch in np.split(
            starts, range(self.batch_size, len(starts), self.batch_size)
        ):
            yield np.stack([stream[start : start + length + 1] for start in batch])

    def _surrounded(self, row: int) -> np.ndarray:
        before, *after = self._separators()
        return np.array([before, *self.token_ids[row], *after], "int32")

    def _separators(self) -> list[int]:
        """Start and end token of a document; GPT-2's are one and the same."""
        tokenizer = self.preprocessor.tokenizer
        return list(dict.fromkeys([tokenizer.start_token_id, tokenizer.end_token_id]))

    def _fill(self, x, y, is_real):
        """Weights of a whole optimizer step, and empty rows for missing ones."""
        weight = tf.cast(is_real, tf.float32)
        weight *= self.accumulate / tf.reduce_sum(weight)
        missing = self.batch_size - tf.shape(y)[0]
        below = tf.stack([[0, missing], [0, 0]])

        def fill(rows):
            filled = tf.pad(rows, below)
            return tf.ensure_shape(filled, [self.batch_size, None])

        return tf.nest.map_structure(fill, (x, y, weight))

    def _cut(self, batch: tuple) -> tf.data.Dataset:
        size = self.batch_size // self.accumulate
        return tf.data.Dataset.from_tensor_slices(batch).batch(size)


def split_block(block):
    """Inputs, labels and mask of blocks one token longer than the sequence."""
    is_real = block >= 0
    ids = tf.maximum(block, 0)
    x = {"token_ids": ids[:, :-1], "padding_mask": is_real[:, :-1]}
    return x, ids[:, 1:], is_real[:, 1:]


def tokenize(documents: Sequence[str], tokenizer) -> list[np.ndarray]:
    """Token ids of each document, special ones left out.

    Returns:
        list of int arrays (tokens,).
    """
    if not IN_GRAPH:
        return [np.asarray(ids) for ids in tokenizer.tokenize(list(documents))]
    texts = tf.data.Dataset.from_tensor_slices(list(documents)).batch(1024)
    ragged = texts.map(tokenizer.tokenize, num_parallel_calls=tf.data.AUTOTUNE)
    return [
        ids
        for rows in ragged
        for ids in np.split(rows.values.numpy(), rows.row_splits.numpy()[1:-1])
    ]
