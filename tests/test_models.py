"""Models by name, to disk and back, and under another backend."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_gpt2.backend import is_installed
from keras_gpt2.errors import InputError, UsageError
from keras_gpt2.models import load_model, logits, save_model
from keras_gpt2.presets import FACTS_FILE, find
from keras_gpt2.tokenizers.chinese import (
    ChineseGPT2CausalLMPreprocessor,
    ChineseTokenizer,
)

POEM = "春曉（孟浩然）\n春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。"
FACTS = {"language": "zh", "script": "traditional", "corpus": "poetry"}

# Prints the logits of a preset under another backend, as JSON.
OTHER_BACKEND = """
import json, sys
from keras_gpt2.models import load_model, logits
json.dump(logits(load_model(sys.argv[1]), [sys.argv[2]]).tolist(), sys.stdout)
"""


@pytest.fixture(scope="module")
def preset(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "preset"
    save_model(tiny_model, folder, FACTS)
    return folder


def test_preset_comes_back_with_equal_logits(tiny_model, preset):
    again = load_model(str(preset))
    difference = np.abs(logits(tiny_model, [POEM]) - logits(again, [POEM])).max()
    assert difference <= 1e-5


def test_keras_file_comes_back_with_equal_logits(tiny_model, tmp_path):
    path = tmp_path / "model.keras"
    tiny_model.save(path)
    again = load_model(str(path))
    assert isinstance(again.preprocessor, ChineseGPT2CausalLMPreprocessor)
    difference = np.abs(logits(tiny_model, [POEM]) - logits(again, [POEM])).max()
    assert difference <= 1e-5


TRAIN_AND_GENERATE = """
import sys
from keras_gpt2 import TextGenerator, finetune, load_model
run = finetune(corpus="poetry", preset=sys.argv[1], steps=2, output=sys.argv[2])
generator = TextGenerator(load_model(str(run.folder)), "top_k")
print(generator.generate(["白日"], seed=0, max_new_tokens=4)[0].prompt)
"""


@pytest.mark.skipif(not is_installed("jax"), reason="JAX is not installed")
def test_training_and_generating_work_under_jax(preset, tmp_path):
    output = subprocess.run(
        [sys.executable, "-c", TRAIN_AND_GENERATE, str(preset), str(tmp_path / "run")],
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=300,
    ).stdout
    assert output.strip() == "白日"


@pytest.mark.skipif(not is_installed("jax"), reason="JAX is not installed")
def test_logits_are_equal_under_jax(tiny_model, preset):
    output = subprocess.run(
        [sys.executable, "-c", OTHER_BACKEND, str(preset), POEM],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        check=True,
        timeout=300,
    ).stdout
    difference = np.abs(np.array(json.loads(output)) - logits(tiny_model, [POEM]))
    assert difference.max() <= 1e-4  # other kernels sum in another order


def test_a_loaded_preset_has_our_tokenizer_and_its_script(preset):
    tokenizer = load_model(str(preset)).preprocessor.tokenizer
    assert isinstance(tokenizer, ChineseTokenizer)
    assert tokenizer.detokenize(tokenizer.tokenize(POEM)) == POEM
    assert json.loads((preset / FACTS_FILE).read_text("utf-8")) == FACTS


def test_dropout_and_precision_can_be_chosen(preset):
    model = load_model(str(preset), dtype="mixed_bfloat16", dropout=0.3)
    assert model.backbone.dropout == 0.3
    assert model.backbone.dtype_policy.name == "mixed_bfloat16"


def test_context_is_told_without_loading(preset, tiny_model):
    assert find(str(preset)).context() == tiny_model.backbone.max_sequence_length


def test_saving_leaves_nothing_half_done(tiny_model, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tiny_model, "save_to_preset", full)
    with pytest.raises(OSError, match="No space left"):
        save_model(tiny_model, tmp_path / "preset", FACTS)
    assert list(tmp_path.iterdir()) == []


def test_truncated_weights_are_refused_in_one_line(preset, tmp_path):
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for path in preset.rglob("*"):
        if path.is_file():
            target = damaged / path.relative_to(preset)
            target.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes()
            half = len(data) // 2 if path.suffix == ".h5" else len(data)
            target.write_bytes(data[:half])
    with pytest.raises(InputError, match="cannot be loaded") as error:
        load_model(str(damaged))
    assert "\n" not in str(error.value)


def test_a_name_that_is_no_model_is_refused():
    with pytest.raises(UsageError, match="Did you mean 'gpt2_base_en'"):
        load_model("gpt2_bas_en")


def test_default_dtype_policy_is_left_alone(preset):
    load_model(str(preset), dtype="mixed_bfloat16")
    assert keras.config.dtype_policy().name == "float32"
