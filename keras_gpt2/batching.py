"""Which documents share a batch, and how wide it is: arithmetic on lengths alone."""

from dataclasses import dataclass

import numpy as np

MAX_COMPILED_WIDTHS = 8  # each is one more compiled shape on JAX
MAX_WIDTHS = 64


@dataclass(frozen=True)
class Batch:
    """Rows of a batch.

    Args:
        rows: int array, at most the batch size. Indices of documents.
        width: int. Tokens per row, padding included.
    """

    rows: np.ndarray
    width: int


def choose_widths(lengths: np.ndarray, most: int = MAX_WIDTHS) -> np.ndarray:
    """Bucket widths with the least padding, by dynamic programming.

    Args:
        lengths: int array (documents,). Tokens of each document.
        most: int. Most widths.

    Returns:
        int array, ascending; the last width is the greatest length.

    >>> choose_widths(np.array([24, 24, 32, 32, 60]), most=2).tolist()
    [32, 60]
    """
    values, counts = np.unique(lengths, return_counts=True)
    below = np.concatenate([[0], np.cumsum(counts)])  # documents up to each value
    # positions[i, j]: documents longer than value i - 1 and up to value j, at width j.
    positions = (below[None, 1:] - below[:-1, None]) * values.astype(float)
    positions[np.tril_indices(len(values), -1)] = np.inf
    best = positions[0]
    cuts = []
    for _ in range(min(most, len(values)) - 1):
        total = np.concatenate([[np.inf], best[:-1]])[:, None] + positions
        cuts.append(np.where(total.min(0) < best, total.argmin(0), 0))
        best = np.minimum(best, total.min(0))
    last, widths = len(values) - 1, []
    for cut in reversed(cuts):
        widths.append(values[last])
        if not cut[last]:
            return np.array(widths[::-1])
        last = cut[last] - 1
    return np.array([*widths, values[last]][::-1])


def plan_batches(
    lengths: np.ndarray,
    widths: np.ndarray,
    batch_size: int,
    order: np.ndarray,
) -> list[Batch]:
    """Batches of documents of like length; what is left over fills mixed ones.

    Args:
        lengths: int array (documents,). Tokens of each document.
        widths: int array, ascending. Widths a batch may have.
        batch_size: int. Documents per batch.
        order: int array (documents,). Order in which documents are taken.

    Returns:
        list of Batch: every document once; all but the last are full.
    """
    bucket = np.searchsorted(widths, lengths[order])
    full, rest = [], []
    for number in range(len(widths)):
        rows = order[bucket == number]
        whole = len(rows) - len(rows) % batch_size
        full += np.split(rows[:whole], range(batch_size, whole, batch_size))
        rest.append(rows[whole:])
    left = np.concatenate(rest)
    mixed = np.split(left, range(batch_size, len(left), batch_size))
    return [
        Batch(rows, int(widths[np.searchsorted(widths, lengths[rows].max())]))
        for rows in [*full, *mixed]
        if len(rows)
    ]


def epoch_order(size: int, seed: int, epoch: int) -> np.ndarray:
    """Order of an epoch: a permutation that depends on (seed, epoch) alone."""
    return np.random.default_rng([seed, epoch]).permutation(size)


def shuffled(plan: list[Batch], order: np.ndarray) -> list[Batch]:
    """The batches of a plan in an order that depends on the documents' order alone."""
    if (order == np.arange(len(order))).all():
        return plan
    return [plan[i] for i in np.random.default_rng(order[:8]).permutation(len(plan))]
