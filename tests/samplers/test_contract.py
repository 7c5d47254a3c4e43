"""What every sampler promises; a new one is tested by existing."""

import inspect

import keras
import keras_hub
import numpy as np
import pytest

from keras_gpt2 import registry, samplers
from keras_gpt2.errors import UsageError
from keras_gpt2.generation import TextGenerator, banned
from keras_gpt2.samplers import check_settings, load_sampler, takes_chances

PROMPT = "春眠不覺曉，"
NEW_TOKENS = 12
SETTINGS = ("temperature", "top_k", "top_p")


@pytest.fixture(scope="module", params=samplers.names())
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def generator(name, tiny_model) -> TextGenerator:
    return TextGenerator(tiny_model, name)


def known_settings(name: str) -> set[str]:
    build = registry.load("keras_gpt2.samplers", name).build
    return set(inspect.signature(build).parameters) - {"seed"}


def texts(generator, seed=0, num_samples=1, prompt=PROMPT) -> list[str]:
    generated = generator.generate(
        [prompt], seed=seed, num_samples=num_samples, max_new_tokens=NEW_TOKENS
    )
    return [sample.text for sample in generated]


def test_it_is_a_sampler_of_kerashub(name):
    assert isinstance(load_sampler(name), keras_hub.samplers.Sampler)


def test_prompt_and_text_are_the_whole(generator):
    # Tokens of the whole, from the model itself.
    token_ids = generator._complete(PROMPT, 0, NEW_TOKENS)
    (text,) = texts(generator)
    assert PROMPT + text == generator.tokenizer.detokenize(token_ids)
    assert text


def test_the_same_seed_gives_the_same_text(generator):
    first = texts(generator, seed=7, num_samples=3)
    assert texts(generator, seed=7, num_samples=3) == first
    assert texts(generator, seed=8) == first[1:2]  # sample i uses seed + i


def test_seeds_matter_exactly_where_there_is_chance(generator, name):
    assert (len(set(texts(generator, num_samples=5))) > 1) == takes_chances(name)


def test_special_tokens_and_unknown_ones_never_appear(generator):
    tokenizer = generator.tokenizer
    never = set(np.flatnonzero(banned(tokenizer)))
    assert tokenizer.token_to_id("[UNK]") in never
    assert set(tokenizer.special_token_ids) - never == {tokenizer.end_token_id}
    size = len(tokenizer(PROMPT))
    for seed in range(8):
        token_ids = generator._complete(PROMPT, seed, NEW_TOKENS)
        assert never.isdisjoint(token_ids[size:])


@pytest.fixture
def tempted(generator):
    """The generator, its model in love with tokens that are no text."""
    embedding = generator.model.backbone.token_embedding
    kept = embedding.get_weights()
    weights = [array.copy() for array in kept]
    # Logits are products with these rows: long ones win nearly every draw.
    weights[0][np.flatnonzero(banned(generator.tokenizer))] *= 1000
    embedding.set_weights(weights)
    yield generator
    embedding.set_weights(kept)


def test_special_tokens_are_never_taken_however_probable(tempted):
    forbidden = np.flatnonzero(banned(tempted.tokenizer))
    size = len(tempted.tokenizer(PROMPT))
    token_ids = tempted._complete(PROMPT, 0, NEW_TOKENS)
    assert set(forbidden).isdisjoint(token_ids[size:])
    assert len(token_ids) > size


def test_an_unknown_character_in_the_prompt_is_kept_as_it_was_given(generator):
    prompt = PROMPT.replace("不", "☃")
    (sample,) = generator.generate([prompt], seed=0, max_new_tokens=NEW_TOKENS)
    assert sample.prompt == prompt
    assert "[UNK]" not in sample.text


def test_a_model_in_training_gives_the_same_text_and_keeps_its_optimizer(
    generator, name, make_tiny_model
):
    model = make_tiny_model()
    optimizer = keras.optimizers.AdamW(1e-3)
    model.compile(optimizer=optimizer, loss="mse")
    optimizer.build(model.trainable_variables)
    optimizer.iterations.assign(41)
    before = [keras.ops.convert_to_numpy(v) for v in optimizer.variables]
    assert texts(TextGenerator(model, name), seed=7) == texts(generator, seed=7)
    assert model.optimizer is optimizer
    assert model.loss == "mse"
    for variable, value in zip(optimizer.variables, before, strict=True):
        assert np.array_equal(keras.ops.convert_to_numpy(variable), value)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_is_understood_or_refused_by_name(name, setting):
    if setting in known_settings(name):
        assert check_settings(name, {setting: 1}) == (name, {setting: 1})
        return
    flag = "--" + setting.replace("_", "-")
    with pytest.raises(UsageError, match=f"{flag} means nothing to the sampler {name}"):
        check_settings(name, {setting: 1})


def test_the_refusal_names_the_flags_it_takes(name):
    with pytest.raises(UsageError) as error:
        check_settings(name, {"beard": 3})
    for setting in known_settings(name):
        assert f"--{setting.replace('_', '-')}" in str(error.value)
    assert "seed" not in str(error.value)
    assert known_settings(name) or str(error.value).endswith("It takes: nothing")


def test_settings_that_are_not_set_are_left_out(name):
    assert check_settings(name, dict.fromkeys(SETTINGS)) == (name, {})


@pytest.mark.parametrize("zero", [0, 0.0, -0.0])
def test_temperature_0_is_greedy(name, zero):
    settings = {"temperature": zero, "top_k": None, "top_p": None}
    assert check_settings(name, settings) == ("greedy", {})
    sampler = load_sampler(name, temperature=zero)
    assert type(sampler) is keras_hub.samplers.GreedySampler


def test_temperature_0_gives_the_greedy_text(tiny_model):
    cold = texts(TextGenerator(tiny_model, "top_p", temperature=0), num_samples=2)
    assert cold == texts(TextGenerator(tiny_model, "greedy"), num_samples=2)


def test_an_unknown_sampler_is_answered_with_the_nearest():
    with pytest.raises(
        UsageError, match="Unknown sampler 'topp'. Did you mean 'top_p'"
    ):
        load_sampler("topp")


def test_our_defaults_are_not_kerashubs():
    assert load_sampler("top_p").p == 0.9
    assert load_sampler("top_k").k == 50
    assert load_sampler("contrastive").alpha == 0.6
    assert load_sampler("beam").num_beams == 5


def test_settings_reach_the_sampler():
    assert load_sampler("top_p", top_p=0.5, temperature=0.7).p == 0.5
    assert load_sampler("top_k", top_k=3).k == 3
    assert load_sampler("contrastive", top_k=4).k == 4
    for name in samplers.names():
        if "temperature" in known_settings(name):
            assert load_sampler(name, temperature=0.7).temperature == 0.7
