"""Documents as token ids into batches.

Short documents go into buckets of like length, so that each starts at position 0 and
little is padded; long ones are packed into full blocks with the end token between.
"""

import functools
import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_gpt2.batching import (
    MAX_COMPILED_WIDTHS,
    MAX_WIDTHS,
    Batch,
    choose_widths,
    epoch_order,
    plan_batches,
    shuffled,
)
from keras_gpt2.errors import InputError
from keras_gpt2.tokenizers import FastTokenizer
from keras_gpt2.tokens import TokenSplit

try:
    import tensorflow as tf
except ImportError:  # JAX alone trains from token ids
    tf: Any = None

# x with "token_ids" and "padding_mask", y, and the weights.
NumpyBatch = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]


def most_widths() -> int:
    """Most widths of buckets that pay under the running backend."""
    is_compiled = keras.backend.backend() == "jax"
    return MAX_COMPILED_WIDTHS if is_compiled else MAX_WIDTHS


class TokenDataset:
    """Documents as token ids, and how they become batches.

    A batch is `(x, y, sample_weight)`: x holds "token_ids" and "padding_mask" of shape
    (batch, width), y the next token ids. The weights of an optimizer step sum to
    `accumulate` and padding weighs 0, so that a summed loss is a mean over tokens. Any
    batch can be had by its number: nothing depends on those before.

    Args:
        documents: TokenSplit.
        tokenizer: FastTokenizer. Knows what starts, ends and pads a document.
        sequence_length: int. Most tokens per row.
        batch_size: int. Documents, or packed blocks, per optimizer step.
        batching: "bucket" (batches of like length), "pack" (full blocks) or "pad"
            (all `sequence_length` wide).
        accumulate: int. Parts of an optimizer step. Divides `batch_size`.
        seed: int. Decides, with an epoch's number, its order.
        max_widths: int or None. Most widths of buckets; None is few where each is
            compiled anew (JAX), else many.

    Raises:
        InputError: if packing finds less than one block of tokens.
    """

    def __init__(
        self,
        documents: TokenSplit,
        tokenizer: FastTokenizer,
        sequence_length: int,
        batch_size: int,
        batching: str = "bucket",
        accumulate: int = 1,
        seed: int = 0,
        max_widths: int | None = None,
    ):
        self.documents = documents
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.batch_size = batch_size
        self.batching = batching
        self.accumulate = accumulate
        self.seed = seed
        self.token_counts = documents.counts
        # One epoch trains while another validates.
        self.order = functools.lru_cache(2)(self._order)
        self.plan = functools.lru_cache(2)(self._plan)
        self.ends = functools.lru_cache(2)(self._ends)
        # A document of n tokens makes n + 1 predictions: its tokens and its end.
        self.lengths = np.minimum(self.token_counts + 1, sequence_length)
        self.widths = np.array([sequence_length])
        if batching == "bucket":
            self.widths = choose_widths(self.lengths, max_widths or most_widths())
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
        whole = int(self.documents.characters.sum())
        if self.is_packed:
            return whole
        cut = np.flatnonzero(self.token_counts + 1 > self.sequence_length)
        shown = sum(len(self.tokenizer.decode(self._shown(int(row)))) for row in cut)
        return whole - int(self.documents.characters[cut].sum()) + shown

    def _shown(self, row: int) -> np.ndarray:
        """Tokens of a document that are used; its end takes a place too."""
        return self.documents[row][: self.sequence_length - 1]

    def bits_per_character(self, nats_per_token: float) -> float:
        """Code length of the predicted text at that loss, in bits per character.

        Comparable between tokenizers, unlike nats per token.
        """
        tokens_per_character = self.num_predictions / self.num_characters
        return nats_per_token * tokens_per_character / math.log(2)

    @functools.cached_property
    def padding(self) -> float:
        """Share of an epoch's positions that hold no token to predict."""
        widths = [batch.width for batch in self.plan(0, True)]
        return 1 - self.num_predictions / (sum(widths) * self.batch_size)

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in an epoch."""
        size = len(self.documents)
        if self.is_packed:
            size = -(-self.num_predictions // self.sequence_length)
        return -(-size // self.batch_size)

    def batches(
        self, epochs: int | None = 1, shuffle: bool = True
    ) -> Iterator[NumpyBatch]:
        """The batches of some epochs, as NumPy arrays.

        Args:
            epochs: int, or None for no end.
            shuffle: bool. False keeps the documents' order.

        Returns:
            Iterator of (x, y, sample_weight), see the class. Every batch has
            `batch_size / accumulate` rows; missing ones are empty and weigh 0.
        """
        epoch = 0
        while epochs is None or epoch < epochs:
            for step in range(self.steps_per_epoch):
                yield from self.parts(self.step(epoch, step, shuffle))
            epoch += 1

    def for_keras(self, epochs: int | None = 1, shuffle: bool = True):
        """The same for `keras.Model.fit`: tf.data on TensorFlow, else an iterable."""
        if keras.backend.backend() == "tensorflow":
            return self.tensors(epochs, shuffle)
        if epochs is None:
            return self.batches(None, shuffle)
        return ReadAgain(self, epochs, shuffle)

    def tensors(self, epochs: int | None = 1, shuffle: bool = True):
        """The same as a tf.data.Dataset."""
        ids = tf.TensorSpec([self.batch_size // self.accumulate, None], tf.int32)
        mask = tf.TensorSpec(ids.shape, tf.bool)
        weight = tf.TensorSpec(ids.shape, tf.float32)
        dataset = tf.data.Dataset.from_generator(
            lambda: self.batches(epochs, shuffle),
            output_signature=({"token_ids": ids, "padding_mask": mask}, ids, weight),
        )
        return self._counted(dataset, epochs)

    def _counted(self, dataset, epochs: int | None):
        if epochs is not None:
            size = epochs * self.steps_per_epoch * self.accumulate
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(size))
        return dataset.prefetch(tf.data.AUTOTUNE)

    def _plan(self, epoch: int, shuffle: bool) -> list[Batch]:
        """Which documents, or blocks, make each optimizer step of an epoch."""
        if self.is_packed:
            blocks = np.arange(-(-self.num_predictions // self.sequence_length))
            cuts = range(self.batch_size, len(blocks), self.batch_size)
            return [
                Batch(rows, self.sequence_length) for rows in np.split(blocks, cuts)
            ]
        order = self.order(epoch, shuffle)
        plan = plan_batches(self.lengths, self.widths, self.batch_size, order)
        return shuffled(plan, order)

    def _order(self, epoch: int, shuffle: bool) -> np.ndarray:
        """Order of the documents in an epoch."""
        size = len(self.documents)
        return epoch_order(size, self.seed, epoch) if shuffle else np.arange(size)

    def step(self, epoch: int, number: int, shuffle: bool = True) -> NumpyBatch:
        """The batch of one optimizer step: rows of `batch_size`, missing ones empty.

        Args:
            epoch, number: int. Which one, from 0.
            shuffle: bool. False keeps the documents' order.
        """
        batch = self.plan(epoch, shuffle)[number]
        if self.is_packed:
            ids, is_real = self._blocks(batch.rows, epoch, shuffle)
        else:
            ids, is_real = self._documents(batch)
        weight = is_real[:, 1:].astype("float32")
        weight *= self.accumulate / weight.sum()
        missing = ((0, self.batch_size - len(ids)), (0, 0))
        x = {"token_ids": ids[:, :-1], "padding_mask": is_real[:, :-1]}
        x = {name: np.pad(rows, missing) for name, rows in x.items()}
        return x, np.pad(ids[:, 1:], missing), np.pad(weight, missing)

    def parts(self, batch: NumpyBatch) -> Iterator[NumpyBatch]:
        """A batch cut into `accumulate` parts."""
        x, y, weight = batch
        size = self.batch_size // self.accumulate
        for start in range(0, self.batch_size, size):
            rows = slice(start, start + size)
            part = {name: values[rows] for name, values in x.items()}
            yield part, y[rows], weight[rows]

    def _documents(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Ids and mask of documents, (documents, width + 1), as KerasHub packs them."""
        tokenizer = self.tokenizer
        shape = (len(batch.rows), batch.width + 1)
        ids = np.full(shape, tokenizer.pad_token_id, "int32")
        ids[:, 0] = tokenizer.start_token_id
        is_real = np.arange(shape[1]) <= self.lengths[batch.rows][:, None]
        for row, document in enumerate(batch.rows):
            shown = self._shown(document)
            ids[row, 1 : len(shown) + 1] = shown
            ids[row, len(shown) + 1] = tokenizer.end_token_id
        return ids, is_real

    def _blocks(self, numbers, epoch: int, shuffle: bool):
        """Ids and mask of blocks of the stream of all documents, (blocks, length + 1);
        neighbours share a token, so that each is predicted once."""
        length = self.sequence_length
        first, last = int(numbers[0]) * length, (int(numbers[-1]) + 1) * length
        stream = self._stream(epoch, shuffle, first, last + 1)
        is_real = np.arange(last + 1 - first) < len(stream)
        stream = np.pad(stream, (0, last + 1 - first - len(stream)))
        places = (numbers - numbers[0])[:, None] * length + np.arange(length + 1)
        return stream[places], is_real[places]

    def _ends(self, epoch: int, shuffle: bool) -> np.ndarray:
        """Where each document ends in the stream of an epoch's documents."""
        counts = self.token_counts[self.order(epoch, shuffle)]
        return np.cumsum(counts + len(self._separators()))

    def _stream(self, epoch: int, shuffle: bool, first: int, last: int) -> np.ndarray:
        """Tokens from `first` to `last` of the documents in an epoch's order."""
        before, *after = self._separators()
        ends = self.ends(epoch, shuffle)
        begin = int(np.searchsorted(ends, first, side="right"))
        finish = int(np.searchsorted(ends, last)) + 1
        parts = [
            np.array([before, *self.documents[int(row)], *after], "int32")
            for row in self.order(epoch, shuffle)[begin:finish]
        ]
        offset = first - (int(ends[begin - 1]) if begin else 0)
        return np.concatenate(parts)[offset : offset + last - first]

    def _separators(self) -> list[int]:
        """Start and end token of a document; GPT-2's are one and the same."""
        tokenizer = self.tokenizer
        return list(dict.fromkeys([tokenizer.start_token_id, tokenizer.end_token_id]))


class ReadAgain(keras.utils.PyDataset):
    """Epochs of a TokenDataset that can be gone through more than once.

    Args:
        dataset: TokenDataset.
        epochs: int.
        shuffle: bool.
    """

    def __init__(self, dataset: TokenDataset, epochs: int, shuffle: bool):
        super().__init__()
        self.dataset = dataset
        self.epochs = epochs
        self.shuffle = shuffle

    def __len__(self):
        dataset = self.dataset
        return self.epochs * dataset.steps_per_epoch * dataset.accumulate

    def __getitem__(self, number):
        dataset = self.dataset
        step, part = divmod(number, dataset.accumulate)
        epoch, step = divmod(step, dataset.steps_per_epoch)
        return list(dataset.parts(dataset.step(epoch, step, self.shuffle)))[part]
