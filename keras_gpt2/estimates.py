"""What a training will cost, told before it starts."""

import time
from dataclasses import dataclass

import numpy as np

# Measured on two cores with `tang`, fp32, TensorFlow: a training step reaches about a
# third of the rate of NumPy's matrix products.
EFFICIENCY = 0.3
# What a step costs however small the model, and the start: loading, compiling, the
# first validation.
SECONDS_PER_STEP = 0.05
SECONDS_TO_START = 10
# Keras, TensorFlow and their libraries, before any model.
RUNTIME_BYTES = 0.8e9
# Forward and backward: 6 operations per parameter and token (Kaplan et al. 2020).
OPERATIONS = 6
# Weight, gradient and Adam's two moments, float32.
BYTES_PER_PARAMETER = 16
# Float32 values kept per token and layer for the backward pass, in model widths, and
# per token, in vocabularies (logits, their softmax and gradient).
WIDTHS_PER_LAYER = 34
VOCABULARIES = 3


@dataclass(frozen=True)
class Estimate:
    """Cost of a training.

    Args:
        seconds: float. Of start and steps; validations come on top.
        memory_bytes: float. At the peak.
        disk_bytes: float. The finished run folder.
    """

    seconds: float
    memory_bytes: float
    disk_bytes: float

    def __str__(self) -> str:
        return (
            f"about {duration(self.seconds)}, {self.memory_bytes / 1e9:.1f} GB memory, "
            f"{self.disk_bytes / 1e6:,.0f} MB disk"
        )


def estimate(backbone, steps: int, positions: float, widest: int) -> Estimate:
    """Cost of a training.

    Args:
        backbone: GPT2Backbone.
        steps: int. Optimizer steps.
        positions: float. Positions of a mean batch, padding included.
        widest: int. Positions of the largest batch.
    """
    parameters = backbone.count_params()
    operations = OPERATIONS * parameters * positions * steps
    values = (
        WIDTHS_PER_LAYER * backbone.num_layers * backbone.hidden_dim
        + VOCABULARIES * backbone.vocabulary_size
    )
    return Estimate(
        seconds=operations / (EFFICIENCY * operations_per_second())
        + SECONDS_PER_STEP * steps
        + SECONDS_TO_START,
        memory_bytes=RUNTIME_BYTES
        + BYTES_PER_PARAMETER * parameters
        + 4 * widest * values,
        disk_bytes=5 * 4 * parameters,  # preset, .keras, checkpoint with Adam's moments
    )


def operations_per_second(size: int = 1024, tries: int = 3) -> float:
    """Rate of NumPy's float32 matrix products on this machine, the best of a few."""
    matrix = np.ones((size, size), "float32")
    best = float("inf")
    for _ in range(tries):
        started = time.perf_counter()
        np.matmul(matrix, matrix)
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(48), duration(180), duration(9000)
    ('48 s', '3 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
