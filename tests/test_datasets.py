"""Documents become batches without losing, repeating or reweighing a token."""

import numpy as np
import pytest

from keras_gpt2.datasets import TextDataset
from keras_gpt2.errors import InputError

BATCHINGS = ["bucket", "pack", "pad"]


@pytest.fixture(scope="module")
def preprocessor(tiny_model):
    return tiny_model.preprocessor


def predicted(batches) -> list[int]:
    """Labels that weigh something, batch by batch."""
    return [
        int(token)
        for _, labels, weights in batches
        for token in labels.numpy()[weights.numpy() > 0]
    ]


@pytest.mark.parametrize("batching", BATCHINGS)
def test_weights_of_every_step_sum_to_one(preprocessor, sample_poems, batching):
    dataset = TextDataset(sample_poems[:21], preprocessor, 8, batching)
    sums = [weights.numpy().sum() for _, _, weights in dataset.batches()]
    assert len(sums) == dataset.steps_per_epoch
    np.testing.assert_allclose(sums, 1.0, rtol=1e-5)  # float32 sums of ~500 terms


@pytest.mark.parametrize("batching", BATCHINGS)
def test_every_token_is_predicted_once(preprocessor, sample_poems, batching):
    poems = [poem[:60] for poem in sample_poems[:21]]
    dataset = TextDataset(poems, preprocessor, 8, batching)
    tokenizer = preprocessor.tokenizer
    expected = [
        int(token)
        for poem in poems
        for token in [*tokenizer.tokenize(poem), tokenizer.end_token_id]
    ]
    tokens = predicted(dataset.batches())
    if batching == "pack":  # there the start tokens between documents are predicted
        tokens = [token for token in tokens if token != tokenizer.start_token_id]
    assert sorted(tokens) == sorted(expected)


@pytest.mark.parametrize("batching", BATCHINGS)
def test_counts_of_predictions_are_those_of_the_batches(
    preprocessor, sample_poems, batching
):
    dataset = TextDataset(sample_poems[:21], preprocessor, 8, batching)
    assert len(predicted(dataset.batches())) == dataset.num_predictions


@pytest.mark.parametrize("batching", BATCHINGS)
def test_labels_are_the_inputs_one_step_on(preprocessor, sample_poems, batching):
    dataset = TextDataset(sample_poems[:9], preprocessor, 4, batching)
    for x, labels, weights in dataset.batches():
        inputs, labels = x["token_ids"].numpy(), labels.numpy()
        is_real = x["padding_mask"].numpy()[:, 1:]
        assert (inputs[:, 1:] == labels[:, :-1])[is_real].all()
        assert (is_real == (weights.numpy()[:, :-1] > 0))[is_real].all()


def test_bucket_rows_are_the_preprocessors_own(preprocessor, sample_poems):
    dataset = TextDataset(sample_poems[:8], preprocessor, 8, "pad")
    ((x, labels, weights),) = dataset.batches(shuffle=False)
    own_x, own_labels, own_mask = preprocessor(sample_poems[:8])
    assert (x["token_ids"].numpy() == np.array(own_x["token_ids"])).all()
    assert (labels.numpy() == np.array(own_labels)).all()
    assert ((weights.numpy() > 0) == np.array(own_mask)).all()


def test_packed_documents_stand_between_start_and_end(preprocessor):
    poems = ["白日依山盡", "黃河入海流"]
    tokenizer = preprocessor.tokenizer
    dataset = TextDataset(poems * 8, preprocessor, 1, "pack")
    x, _, _ = next(iter(dataset.batches(shuffle=False)))
    start, end = tokenizer.start_token_id, tokenizer.end_token_id
    first = [start, *tokenizer.tokenize(poems[0]), end]
    second = [start, *tokenizer.tokenize(poems[1]), end]
    assert x["token_ids"].numpy()[0, :14].tolist() == [*first, *second]


def test_epochs_differ_and_repeat_under_the_same_seed(preprocessor, sample_poems):
    def epochs(seed):
        dataset = TextDataset(sample_poems[:20], preprocessor, 4, seed=seed)
        tokens = [x["token_ids"].numpy().tolist() for x, _, _ in dataset.batches(2)]
        return tokens[:5], tokens[5:]

    first, second = epochs(seed=1)
    assert first != second
    assert (first, second) == epochs(seed=1)
    assert first != epochs(seed=2)[0]


def test_partial_batches_are_filled_with_empty_rows(preprocessor, sample_poems):
    dataset = TextDataset(sample_poems[:5], preprocessor, 4)
    batches = dataset.batches(shuffle=False)
    shapes = [(len(y), int(weights.numpy().any(1).sum())) for _, y, weights in batches]
    assert shapes == [(4, 4), (4, 1)]


def test_parts_of_a_step_have_the_steps_width_and_weight(preprocessor, sample_poems):
    whole = TextDataset(sample_poems[:11], preprocessor, 8)
    cut = TextDataset(sample_poems[:11], preprocessor, 8, accumulate=4)
    parts = list(cut.batches())
    assert len(parts) == 4 * whole.steps_per_epoch
    for step, (x, _, weights) in enumerate(whole.batches()):
        mine = parts[4 * step : 4 * step + 4]
        rows = np.concatenate([part["token_ids"].numpy() for part, _, _ in mine])
        assert (rows == x["token_ids"].numpy()).all()
        scaled = np.concatenate([part.numpy() for _, _, part in mine])
        np.testing.assert_allclose(scaled, 4 * weights.numpy(), rtol=1e-6)


def test_a_cut_document_counts_only_the_characters_it_shows(preprocessor):
    poem = "白日依山盡，黃河入海流。" * 8  # 96 tokens in a sequence of 64
    dataset = TextDataset([poem], preprocessor, 1)
    assert dataset.num_cut == 1
    assert dataset.num_predictions == dataset.num_characters == 64


def test_too_little_text_to_pack_says_what_is_missing(preprocessor):
    with pytest.raises(InputError, match="11 tokens found, 64 needed"):
        TextDataset(["白日依山盡黃河入海流"], preprocessor, 1, "pack")
