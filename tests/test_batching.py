"""Widths and batches: arithmetic on lengths."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_gpt2.batching import (
    MAX_COMPILED_WIDTHS,
    MAX_WIDTHS,
    choose_widths,
    epoch_order,
    plan_batches,
)
from keras_gpt2.corpora import Split

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=40).map(np.array)


def positions(lengths, widths) -> int:
    """Positions that documents take at the narrowest width that holds them."""
    widths = np.array(widths)
    return int(widths[np.searchsorted(widths, lengths)].sum())


def fewest_positions(lengths, most: int) -> int:
    """The same for the best widths, by trying all of them."""
    *others, last = np.unique(lengths)
    choices = itertools.chain.from_iterable(
        itertools.combinations(others, size) for size in range(most)
    )
    return min(positions(lengths, [*chosen, last]) for chosen in choices)


def plan(lengths, batch_size, seed=0, most=MAX_WIDTHS):
    lengths = np.asarray(lengths)
    order = epoch_order(len(lengths), seed, 0)
    return plan_batches(lengths, choose_widths(lengths, most), batch_size, order)


@pytest.mark.parametrize(
    ("lengths", "most", "widths"),
    [
        ([7], 8, [7]),
        ([7, 7, 7], 8, [7]),
        ([3, 9], 8, [3, 9]),
        ([3, 9], 1, [9]),
        # One cut: below 2 saves 3 x 8, below 9 saves 4 x 1.
        ([2, 2, 2, 9, 10], 2, [2, 10]),
        # 24 and 32 share: 2 x 8 padded; 32 and 60 would: 2 x 28.
        ([24, 24, 32, 32, 60], 2, [32, 60]),
    ],
)
def test_widths_worked_by_hand(lengths, most, widths):
    assert choose_widths(np.array(lengths), most).tolist() == widths


@given(st.lists(st.integers(1, 12), min_size=1, max_size=20), st.integers(1, 5))
def test_no_other_widths_pad_less(lengths, most):
    widths = choose_widths(np.array(lengths), most)
    assert len(widths) <= most
    assert (np.diff(widths) > 0).all()
    assert widths[-1] == max(lengths)
    assert positions(lengths, widths) == fewest_positions(lengths, most)


@given(LENGTHS, st.integers(1, 7), st.integers(0, 99))
def test_every_document_is_in_one_batch_that_holds_it(lengths, batch_size, seed):
    batches = plan(lengths, batch_size, seed, most=4)
    rows = np.concatenate([batch.rows for batch in batches])
    assert sorted(rows) == list(range(len(lengths)))
    assert all(len(batch.rows) == batch_size for batch in batches[:-1])
    assert 1 <= len(batches[-1].rows) <= batch_size
    widths = choose_widths(lengths, 4)
    for batch in batches:
        longest = lengths[batch.rows].max()
        assert batch.width == widths[widths >= longest].min()


def test_left_over_documents_share_mixed_batches():
    # Two of 4 and one of 9 are left over from batches of three.
    batches = plan([4, 4, 4, 4, 4, 9, 9, 9, 9], batch_size=3, most=2)
    assert [batch.width for batch in batches] == [4, 9, 9]


@pytest.mark.parametrize(
    ("most", "share"), [(MAX_COMPILED_WIDTHS, 0.12), (MAX_WIDTHS, 0.05)]
)
def test_real_poems_are_padded_by_little(tang, most, share):
    # A token a character, and the end; cut at the context of the preset `tang`.
    lengths = np.array([len(poem) + 1 for poem in tang.documents[Split.TRAIN]])
    lengths = np.minimum(lengths, 256)
    padded = sum(
        len(batch.rows) * batch.width for batch in plan(lengths, 16, most=most)
    )
    assert 1 - lengths.sum() / padded <= share


@given(st.integers(0, 50), st.integers(0, 2**32 - 1), st.integers(0, 1000))
def test_order_is_a_permutation_that_seed_and_epoch_decide_alone(size, seed, epoch):
    order = epoch_order(size, seed, epoch)
    np.random.seed(1)
    np.random.rand()
    assert epoch_order(size, seed, epoch).tolist() == order.tolist()
    assert sorted(order) == list(range(size))


def test_order_changes_with_seed_and_with_epoch():
    pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]
    orders = {tuple(epoch_order(50, seed, epoch)) for seed, epoch in pairs}
    assert len(orders) == len(pairs)
