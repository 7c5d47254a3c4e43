"""Flags from fields, and what is said of words that are none."""

import pytest

from keras_gpt2.commandline import Parser, add_options
from keras_gpt2.config import GenerateConfig, TrainConfig
from keras_gpt2.errors import UsageError


def parser(settings: type) -> Parser:
    made = Parser(prog="keras-gpt2 verb")
    add_options(made, settings)
    return made


def refusal(settings: type, *words: str) -> str:
    with pytest.raises(UsageError) as error:
        parser(settings).parse_args(words)
    return str(error.value)


@pytest.mark.parametrize(
    "flag", ["--epochs", "--steps", "--batch-size", "--batching", "--learning-rate"]
)
def test_help_says_that_the_recipe_decides(flag):
    text = " ".join(parser(TrainConfig).format_help().split())
    described = text.rsplit(f"{flag} ", 1)[1].split(" --")[0]
    assert "(default: the recipe of the corpus" in described
    assert described.count("default") == 1


@pytest.mark.parametrize("words", [("--samplr", "top_p"), ("--samplr=top_p",)])
def test_a_misspelt_flag_is_answered_with_the_nearest(words):
    assert "Did you mean --sampler?" in refusal(GenerateConfig, *words)


def test_a_text_without_its_flag_is_told_where_it_goes():
    assert "goes after --prompt" in refusal(GenerateConfig, "春眠不觉晓")
    assert "--prompt" not in refusal(TrainConfig, "春眠不觉晓")


def test_a_flag_like_no_other_and_other_mistakes_get_no_hint():
    for words in (("--qqqq",), ("--seed", "x"), ("--seed",)):
        assert "Did you mean" not in refusal(GenerateConfig, *words)
        assert "goes after" not in refusal(GenerateConfig, *words)
