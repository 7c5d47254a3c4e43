"""What a training will cost, told before it starts."""

import os
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


def memory_bytes(backbone, widest: int) -> float:
    """Memory of a training at its peak.

    Args:
        backbone: GPT2Backbone.
        widest: int. Positions of the largest batch.
    """
    values = (
        WIDTHS_PER_LAYER * backbone.num_layers * backbone.hidden_dim
        + VOCABULARIES * backbone.vocabulary_size
    )
    parameters = backbone.count_params()
    return RUNTIME_BYTES + BYTES_PER_PARAMETER * parameters + 4 * widest * values


def machine_memory() -> float:
    """Bytes of memory of this machine; infinite where the system does not tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError):  # Windows
        return float("inf")


def memory_warning(
    backbone, batch_size: int, accumulate: int, width: int, memory: float
) -> str:
    """One line if a training takes more memory than there is, else "".

    Args:
        backbone: GPT2Backbone.
        batch_size: int. Rows of an optimizer step.
        accumulate: int. Parts they are cut into.
        width: int. Positions of the widest row.
        memory: float. Bytes there are.
    """

    def wanted(parts: int) -> float:
        return memory_bytes(backbone, batch_size // parts * width)

    if wanted(accumulate) <= memory:
        return ""
    finer = (n for n in range(accumulate + 1, batch_size + 1) if batch_size % n == 0)
    parts = next((n for n in finer if wanted(n) <= memory), None)
    remedy = f"--accumulate {parts}" if parts else "a smaller --preset"
    return (
        f"{wanted(accumulate) / 1e9:.1f} GB is more than the {memory / 1e9:.0f} GB of "
        f"this machine: try {remedy}"
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
    return Estimate(
        seconds=operations / (EFFICIENCY * operations_per_second())
        + SECONDS_PER_STEP * steps
        + SECONDS_TO_START,
        memory_bytes=memory_bytes(backbone, widest),
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
