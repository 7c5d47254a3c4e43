"""The loss is the mean over real tokens, whatever the padding."""

import keras
import numpy as np
import pytest

from keras_gpt2.losses import NatsPerToken, token_loss
from keras_gpt2.pipelines import TextDataset

# Five documents of unequal length: a full batch of four and a partial one of one.
NUM_DOCUMENTS = 5


def numpy_perplexity(model, documents) -> float:
    """Perplexity from the logits alone, document by document, without padding."""
    tokenizer = model.preprocessor.tokenizer
    nats, tokens = 0.0, 0
    for document in documents:
        ids = [
            tokenizer.start_token_id,
            *tokenizer.tokenize(document),
            tokenizer.end_token_id,
        ]
        inputs = np.array([ids[:-1]])
        logits = model(
            {"token_ids": inputs, "padding_mask": np.ones_like(inputs, bool)}
        )
        logits = keras.ops.convert_to_numpy(logits)[0].astype("float64")
        top = logits.max(-1, keepdims=True)
        log_sum = top[:, 0] + np.log(np.exp(logits - top).sum(-1))
        nats += (log_sum - logits[np.arange(len(ids) - 1), ids[1:]]).sum()
        tokens += len(ids) - 1
    return float(np.exp(nats / tokens))


@pytest.mark.parametrize("batching", ["bucket", "pad"])
def test_exp_of_validation_loss_is_the_perplexity_numpy_finds(
    tiny_model, sample_poems, batching
):
    documents = [poem[:60] for poem in sample_poems[:NUM_DOCUMENTS]]
    assert len(set(map(len, documents))) > 1
    tiny_model.compile(loss=token_loss(), weighted_metrics=[NatsPerToken()])
    dataset = TextDataset(documents, tiny_model.preprocessor, 4, batching)
    results = keras.Model.evaluate(
        tiny_model, dataset.tensors(shuffle=False), verbose=0, return_dict=True
    )
    expected = numpy_perplexity(tiny_model, documents)
    assert np.exp(results["nats_per_token"]) == pytest.approx(expected, rel=1e-4)


def test_loss_of_one_batch_is_its_mean_over_real_tokens(tiny_model, sample_poems):
    documents = [poem[:60] for poem in sample_poems[:4]]
    tiny_model.compile(loss=token_loss(), weighted_metrics=[NatsPerToken()])
    dataset = TextDataset(documents, tiny_model.preprocessor, 4)
    results = keras.Model.evaluate(
        tiny_model, dataset.tensors(shuffle=False), verbose=0, return_dict=True
    )
    assert results["loss"] == pytest.approx(results["nats_per_token"], rel=1e-5)


def test_tokens_count_once_however_batches_are_cut():
    logits = np.log(np.array([[[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]]], "float32"))
    labels = np.array([[0, 1, 0]])
    metric = NatsPerToken()
    # A batch of two tokens with weights 1/2, then one of one token with weight 1.
    metric.update_state(labels[:, :2], logits[:, :2], np.array([[0.5, 0.5]]))
    metric.update_state(labels[:, 1:], logits[:, 1:], np.array([[0.0, 1.0]]))
    by_hand = -(np.log(0.5) + np.log(0.75) + np.log(0.9)) / 3
    assert float(metric.result()) == pytest.approx(by_hand, rel=1e-6)
