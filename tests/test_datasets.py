"""Documents become batches without losing, repeating or reweighing a token."""

import numpy as np
import pytest
import tensorflow as tf

from keras_gpt2.datasets import MAX_COMPILED_WIDTHS, ReadAgain, TokenDataset
from keras_gpt2.errors import InputError
from keras_gpt2.pipelines import TextDataset
from keras_gpt2.tokens import TokenSplit

BATCHINGS = ["bucket", "pack", "pad"]


@pytest.fixture(scope="module")
def preprocessor(tiny_model):
    return tiny_model.preprocessor


@pytest.fixture(scope="module")
def tokenizer(preprocessor):
    return preprocessor.tokenizer.fast


@pytest.fixture(scope="module")
def make(tokenizer):
    """make(texts, batch_size, batching, **options): a TokenDataset of 64 tokens."""

    def make(texts, *arguments, **options):
        documents = TokenSplit.of(texts, tokenizer)
        return TokenDataset(documents, tokenizer, 64, *arguments, **options)

    return make


def same(one, other) -> bool:
    """Whether two batches hold equal values, whatever they are made of."""
    values = zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True)
    return all(np.array_equal(a, b) for a, b in values)


def predicted(batches) -> list[int]:
    """Labels that weigh something, batch by batch."""
    return [int(t) for _, labels, weights in batches for t in labels[weights > 0]]


@pytest.mark.parametrize("accumulate", [1, 4])
@pytest.mark.parametrize("batching", BATCHINGS)
def test_ids_and_strings_give_equal_batches(
    preprocessor, make, sample_poems, batching, accumulate
):
    settings = {"batching": batching, "accumulate": accumulate, "seed": 3}
    strings = TextDataset(sample_poems[:21], preprocessor, 8, **settings)
    ids = make(sample_poems[:21], 8, **settings)
    pairs = list(zip(ids.batches(2), strings.tensors(2), strict=True))
    assert len(pairs) == 2 * ids.steps_per_epoch * accumulate
    assert all(same(one, other) for one, other in pairs)


def test_tf_data_gives_the_batches_of_numpy(make, sample_poems):
    dataset = make(sample_poems[:21], 8)
    pairs = zip(dataset.batches(2), dataset.tensors(2), strict=True)
    assert all(same(one, other) for one, other in pairs)
    assert dataset.tensors(2).cardinality() == 2 * dataset.steps_per_epoch


def test_what_other_backends_get_can_be_read_again(make, sample_poems):
    dataset = make(sample_poems[:21], 8, accumulate=2)
    again = ReadAgain(dataset, 2, shuffle=True)
    for _ in range(2):
        read = [again[number] for number in range(len(again))]
        assert all(map(same, read, dataset.batches(2)))


@pytest.mark.parametrize("batching", BATCHINGS)
def test_any_step_can_be_had_without_those_before(make, sample_poems, batching):
    dataset = make(sample_poems[:40], 8, batching)
    batches = list(dataset.batches(3))
    again = make(sample_poems[:40], 8, batching)
    for number in reversed(range(len(batches))):
        epoch, step = divmod(number, again.steps_per_epoch)
        assert same(again.step(epoch, step), batches[number])


@pytest.mark.parametrize("batching", BATCHINGS)
def test_weights_of_every_step_sum_to_one(make, sample_poems, batching):
    dataset = make(sample_poems[:21], 8, batching)
    sums = [weights.sum() for _, _, weights in dataset.batches()]
    assert len(sums) == dataset.steps_per_epoch
    np.testing.assert_allclose(sums, 1.0, rtol=1e-5)  # float32 sums of ~500 terms


@pytest.mark.parametrize("batching", BATCHINGS)
def test_every_token_is_predicted_once(make, tokenizer, sample_poems, batching):
    poems = [poem[:60] for poem in sample_poems[:21]]
    end = tokenizer.end_token_id
    expected = [int(token) for ids in tokenizer.encode(poems) for token in [*ids, end]]
    tokens = predicted(make(poems, 8, batching).batches())
    if batching == "pack":  # there the start tokens between documents are predicted
        tokens = [token for token in tokens if token != tokenizer.start_token_id]
    assert sorted(tokens) == sorted(expected)


@pytest.mark.parametrize("batching", BATCHINGS)
def test_counts_of_predictions_are_those_of_the_batches(make, sample_poems, batching):
    dataset = make(sample_poems[:21], 8, batching)
    assert len(predicted(dataset.batches())) == dataset.num_predictions


@pytest.mark.parametrize("batching", BATCHINGS)
def test_share_of_padding_is_that_of_the_batches(make, sample_poems, batching):
    dataset = make(sample_poems[:21], 8, batching)
    positions = sum(labels.size for _, labels, _ in dataset.batches())
    assert dataset.padding == pytest.approx(1 - dataset.num_predictions / positions)


@pytest.mark.parametrize("batching", BATCHINGS)
def test_labels_are_the_inputs_one_step_on(make, sample_poems, batching):
    for x, labels, weights in make(sample_poems[:9], 4, batching).batches():
        is_real = x["padding_mask"][:, 1:]
        assert (x["token_ids"][:, 1:] == labels[:, :-1])[is_real].all()
        assert (weights[:, :-1] > 0)[is_real].all()


def test_packed_documents_stand_between_start_and_end(make, tokenizer):
    poems = ["白日依山盡", "黃河入海流"]
    dataset = make(poems * 8, 1, "pack")
    x, _, _ = next(dataset.batches(shuffle=False))
    ids = [
        [tokenizer.start_token_id, *row, tokenizer.end_token_id]
        for row in tokenizer.encode(poems)
    ]
    assert x["token_ids"][0, :14].tolist() == [*ids[0], *ids[1]]


def test_a_block_may_end_inside_a_long_document(make, tokenizer, sample_poems):
    text = "\n".join(sample_poems[:9])
    dataset = make([text, "白日", text], 2, "pack")
    start, end = tokenizer.start_token_id, tokenizer.end_token_id
    rows = tokenizer.encode([text, "白日", text])
    stream = [int(token) for ids in rows for token in [start, *ids, end]]
    tokens = predicted(dataset.batches(shuffle=False))
    assert tokens == stream[1:] and len(tokens) > 10 * 64


def test_epochs_differ_and_repeat_under_the_same_seed(make, sample_poems):
    def epochs(seed):
        dataset = make(sample_poems[:20], 4, seed=seed)
        tokens = [x["token_ids"].tolist() for x, _, _ in dataset.batches(2)]
        return tokens[:5], tokens[5:]

    first, second = epochs(seed=1)
    assert first != second
    assert (first, second) == epochs(seed=1)
    assert first != epochs(seed=2)[0]


def test_partial_batches_are_filled_with_empty_rows(make, sample_poems):
    batches = make(sample_poems[:5], 4).batches(shuffle=False)
    shapes = [(len(y), int(weights.any(1).sum())) for _, y, weights in batches]
    assert shapes == [(4, 4), (4, 1)]


def test_parts_of_a_step_have_the_steps_width_and_weight(make, sample_poems):
    whole = make(sample_poems[:11], 8)
    parts = list(make(sample_poems[:11], 8, accumulate=4).batches())
    assert len(parts) == 4 * whole.steps_per_epoch
    for step, (x, _, weights) in enumerate(whole.batches()):
        mine = parts[4 * step : 4 * step + 4]
        rows = np.concatenate([part["token_ids"] for part, _, _ in mine])
        assert (rows == x["token_ids"]).all()
        scaled = np.concatenate([part for _, _, part in mine])
        np.testing.assert_allclose(scaled, 4 * weights, rtol=1e-6)


def test_a_cut_document_counts_only_the_characters_it_shows(make):
    dataset = make(["白日依山盡，黃河入海流。" * 8, "白日"], 1)  # 96 and 2 tokens
    assert dataset.num_cut == 1
    assert dataset.num_predictions == 64 + 3
    assert dataset.num_characters == 63 + 2  # KerasHub ends what it cuts


def test_compiled_shapes_can_be_kept_few(make, sample_poems):
    dataset = make(sample_poems, 16, max_widths=MAX_COMPILED_WIDTHS)
    widths = {labels.shape[1] for _, labels, _ in dataset.batches()}
    assert len(widths) <= MAX_COMPILED_WIDTHS


def test_too_little_text_to_pack_says_what_is_missing(make):
    with pytest.raises(InputError, match="11 tokens found, 64 needed"):
        make(["白日依山盡黃河入海流"], 1, "pack")
