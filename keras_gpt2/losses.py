"""The loss: the mean over the real tokens of the whole batch, in nats.

Keras divides a batch's loss by all its positions, padding included, and averages the
means of partial batches. So the division is done in the data: the sample weights of
an optimizer step sum to 1, whatever its padding, its parts or its replicas, and the
loss adds them up (`keras_gpt2.datasets`).
"""

import math

import keras
from keras import ops


def perplexity(nats_per_token: float) -> float:
    """exp of a loss in nats per token; infinite where float cannot hold it.

    >>> perplexity(0.0), perplexity(1e4)
    (1.0, inf)
    """
    return math.exp(nats_per_token) if nats_per_token < 700 else math.inf


def in_words(perplexity: float) -> str:
    """A perplexity as a person reads it.

    >>> in_words(1234.56), in_words(12_345_678.0)
    ('1,234.6', '1.2e+07')
    """
    return f"{perplexity:,.1f}" if perplexity <= 1e6 else f"{perplexity:.1e}"


def token_loss() -> keras.losses.Loss:
    """Sum of weighted cross-entropies: with our weights, nats per token."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")


@keras.saving.register_keras_serializable(package="keras_gpt2")
class NatsPerToken(keras.metrics.Metric):
    """Mean cross-entropy over all real tokens seen, in nats.

    Each token counts once, however the batches were cut: any position whose weight is
    not zero is real. exp() of it is the perplexity.

    Example:

    >>> import numpy as np
    >>> metric = NatsPerToken()
    >>> metric.update_state(np.array([[1, 0]]), np.zeros((1, 2, 4)), np.ones((1, 2)))
    >>> round(float(metric.result()), 4)  # four equal logits: ln 4
    1.3863
    """

    def __init__(self, name="nats_per_token", **kwargs):
        super().__init__(name=name, **kwargs)
        self.nats = self.add_weight(name="nats", initializer="zeros")
        self.tokens = self.add_weight(name="tokens", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch.

        Args:
            y_true: int tensor (batch, length). Token ids.
            y_pred: float tensor (batch, length, vocabulary). Logits.
            sample_weight: float tensor (batch, length), or None for all real.
        """
        nats = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        weight = ops.ones_like(nats) if sample_weight is None else sample_weight
        is_real = ops.cast(ops.not_equal(weight, 0), "float32")  # (batch, length)
        self.nats.assign_add(ops.sum(ops.cast(nats, "float32") * is_real))
        self.tokens.assign_add(ops.sum(is_real))

    def result(self):
        return self.nats / ops.maximum(self.tokens, 1.0)
