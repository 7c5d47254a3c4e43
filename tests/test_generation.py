"""Prompts in, texts out."""

import json

import keras
import numpy as np
import pytest

from keras_gpt2.errors import UsageError
from keras_gpt2.generation import TextGenerator, banned
from keras_gpt2.script import convert


@pytest.fixture(scope="module")
def generator(tiny_model):
    return TextGenerator(tiny_model, "random")


def test_texts_come_prompt_by_prompt_with_their_seeds(generator):
    texts = generator.generate(["春", "秋"], num_samples=2, seed=5, max_new_tokens=4)
    assert [(text.prompt, text.seed) for text in texts] == [
        ("春", 5), ("春", 6), ("秋", 5), ("秋", 6),
    ]  # fmt: skip


def test_a_sample_depends_on_its_own_seed_alone(generator):
    several = generator.generate(["春"], num_samples=3, seed=5, max_new_tokens=8)
    alone = generator.generate(["春"], seed=6, max_new_tokens=8)
    assert several[1].text == alone[0].text
    assert len({text.text for text in several}) == 3


def test_a_drawn_seed_gives_the_text_again(generator):
    (drawn,) = generator.generate(["春"], max_new_tokens=8)
    (again,) = generator.generate(["春"], seed=drawn.seed, max_new_tokens=8)
    assert drawn == again


def test_output_follows_the_prompts_script(generator):
    (simplified,) = generator.generate(["春眠不觉晓"], seed=0, max_new_tokens=20)
    (traditional,) = generator.generate(["春眠不覺曉"], seed=0, max_new_tokens=20)
    assert simplified.text == convert(traditional.text, "simplified")
    assert simplified.prompt == "春眠不觉晓"


def test_script_can_be_chosen(generator):
    (text,) = generator.generate(
        ["春眠不覺曉"], seed=0, max_new_tokens=20, script="simplified"
    )
    assert text.text == convert(text.text, "simplified")


def test_the_empty_prompt_starts_from_the_start_token(generator):
    (text,) = generator.generate([""], seed=1, max_new_tokens=6)
    assert text.prompt == "" and text.text


def test_a_prompt_that_fills_the_context_is_refused_with_its_tokens(generator):
    with pytest.raises(UsageError, match="63 tokens.* context of 64"):
        generator.generate(["春" * 63])


def test_max_new_tokens_is_the_most(generator):
    texts = generator.generate(["春"], num_samples=5, seed=0, max_new_tokens=3)
    assert max(len(text.text) for text in texts) == 3


def test_greedy_is_the_argmax_of_the_logits(tiny_model):
    (text,) = TextGenerator(tiny_model, "greedy").generate(["白日"], max_new_tokens=5)
    tokenizer = tiny_model.preprocessor.tokenizer
    ids = [tokenizer.start_token_id, *tokenizer.tokenize("白日")]
    for _ in range(5):
        inputs = np.array([ids])
        logits = tiny_model(
            {"token_ids": inputs, "padding_mask": np.ones_like(inputs, bool)}
        )
        last = keras.ops.convert_to_numpy(logits)[0, -1]
        ids.append(int(np.where(banned(tokenizer), -np.inf, last).argmax()))
        if ids[-1] == tokenizer.end_token_id:
            break
    assert text.prompt + text.text == tokenizer.detokenize(
        [token for token in ids[1:] if token != tokenizer.end_token_id]
    )


def test_generating_leaves_the_optimizer_alone(make_tiny_model):
    model = make_tiny_model()
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer, loss="mse")
    TextGenerator(model, "top_k").generate(["春"], seed=0, max_new_tokens=2)
    assert model.optimizer is optimizer and optimizer.built


def test_kerashubs_own_generate_works_beside_ours(make_tiny_model):
    model = make_tiny_model()
    model.compile(sampler="top_p")
    text = model.generate("白日依山盡", max_length=16)
    assert text.startswith("白日依山盡") and " " not in text


def test_two_generators_on_one_model_stay_themselves(make_tiny_model):
    model = make_tiny_model()
    chance, greedy = TextGenerator(model, "random"), TextGenerator(model, "greedy")
    texts = {chance.generate(["春"], seed=seed)[0].text for seed in range(3)}
    assert len(texts) == 3
    (first,) = greedy.generate(["春"], seed=1)
    (second,) = greedy.generate(["春"], seed=2)
    assert first.text == second.text


def test_more_candidates_than_tokens_are_all_of_them(tiny_model):
    generator = TextGenerator(tiny_model, "top_k", top_k=10**6)
    assert generator.generate(["春"], seed=0, max_new_tokens=3)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(generator, seed):
    with pytest.raises(UsageError, match="seed"):
        generator.generate(["春"], seed=seed)


def test_rows_are_plain_json(generator):
    rows = [t.to_dict() for t in generator.generate(["春"], seed=0, max_new_tokens=2)]
    assert set(json.loads(json.dumps(rows))[0]) == {
        "prompt", "text", "seed", "sampler",
    }  # fmt: skip
