"""What `generate` decides and tells around the model."""

import pytest

from keras_gpt2.commands import generate
from keras_gpt2.config import GenerateConfig
from keras_gpt2.console import Console
from keras_gpt2.errors import InputError, UsageError
from keras_gpt2.generation import GeneratedText, TextGenerator

OWN = {"sampling": {"sampler": "top_p", "temperature": 0.8}}


def chosen(**settings):
    return generate.choose_sampler(GenerateConfig(**settings), OWN)


def test_the_models_temperature_is_for_draws():
    assert chosen() == ("top_p", {"temperature": 0.8})
    assert chosen(sampler="random") == ("random", {"temperature": 0.8})
    assert chosen(sampler="beam") == ("beam", {})
    assert chosen(sampler="beam", temperature=0.5) == ("beam", {"temperature": 0.5})


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"sampler": "greedy"}, "--sampler top_p"),
        ({"sampler": "beam"}, "--sampler top_p"),
        ({"sampler": "contrastive", "temperature": 0.5}, "--sampler top_p"),
        ({"sampler": "top_p", "temperature": 0.0}, "a higher --temperature"),
    ],
)
def test_the_same_text_twice_is_refused_before_a_model_is_looked_at(settings, remedy):
    with pytest.raises(UsageError, match=f"all 2 samples .* take {remedy}"):
        generate.run({"num_samples": 2, "model": "tang", **settings})


def test_samples_that_differ_are_let_through():
    generate.refuse_the_same_again(GenerateConfig(num_samples=2), "top_k")
    generate.refuse_the_same_again(GenerateConfig(num_samples=1), "greedy")


def test_a_prompt_file_in_another_encoding_is_to_be_saved_anew(tmp_path):
    path = tmp_path / "prompt.txt"
    path.write_bytes("春眠不覺曉".encode("gb18030"))
    with pytest.raises(InputError) as error:
        generate.read_prompt(GenerateConfig(prompt_file=str(path)))
    assert "save it as UTF-8" in str(error.value)
    assert "--encoding" not in str(error.value)


def test_a_folder_as_prompt_file_is_answered_with_a_file(tmp_path):
    with pytest.raises(InputError, match=r"is a folder, not a file\. Name a file$"):
        generate.read_prompt(GenerateConfig(prompt_file=str(tmp_path)))


def test_much_that_the_model_does_not_know_is_told_once_with_the_share(tiny_model):
    share = TextGenerator(tiny_model, "greedy").unknown_share
    assert share("春") == 0.0 and share("") == 0.0
    line = generate.unknown_warning("mine", ["春", "春☃春☃☃", "☃春"], share)
    assert line == "mine does not know 50% of the prompt's tokens. Try --model tang"
    assert generate.unknown_warning("mine", ["春春春☃"], share) == ""
    assert generate.unknown_warning("mine", [], share) == ""


def test_a_prompt_in_the_other_script_is_known(tiny_model):
    assert TextGenerator(tiny_model, "greedy").unknown_share("处处闻啼鸟") == 0.0


def test_no_model_is_named_where_none_fits():
    for model, prompt in (("tang", "☃春"), ("mine", "The ☃")):
        line = generate.unknown_warning(model, [prompt], lambda prompt: 0.5)
        assert line == f"{model} does not know 50% of the prompt's tokens"


@pytest.mark.parametrize("is_drawn", [True, False])
def test_a_blank_line_parts_texts_and_only_draws_have_a_seed(is_drawn, capsys):
    texts = [GeneratedText("春", f"眠{seed}", seed, "top_p") for seed in (3, 4)]
    generate.tell(texts, Console(), is_drawn)
    output, told = capsys.readouterr()
    assert output == "春眠3\n\n春眠4\n"
    assert ("seed" in told) == is_drawn
    generate.tell(texts[:1], Console(), is_drawn)
    assert capsys.readouterr().out == "春眠3\n"
