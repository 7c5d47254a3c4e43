"""Models by name, to disk and back, and under another backend."""

import json
import os
import subprocess
import sys

import keras
import keras_hub
import numpy as np
import pytest

from keras_gpt2.backend import is_installed
from keras_gpt2.config import PrepareConfig
from keras_gpt2.corpora import Split
from keras_gpt2.datasets import TokenDataset
from keras_gpt2.errors import InputError, UsageError
from keras_gpt2.losses import NatsPerToken, token_loss
from keras_gpt2.models import (
    load_model,
    logits,
    new_model,
    save_model,
    with_vocabulary,
)
from keras_gpt2.plan import prepare_tokens
from keras_gpt2.presets import FACTS_FILE, Scratch, find
from keras_gpt2.tokenizers import build_byte_pairs, byte_pairs, extend, wordpiece
from keras_gpt2.tokenizers.chinese import (
    ChineseGPT2CausalLMPreprocessor,
    ChineseTokenizer,
)
from keras_gpt2.tokens import Tokens

POEM = "春曉（孟浩然）\n春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。"
FACTS = {"language": "zh", "script": "traditional", "corpus": "poetry"}

# What a machine with JAX alone makes of a preset, a poem and a folder of tokens.
JAX_ALONE = """
import json, sys
sys.modules["tensorflow"] = sys.modules["tensorflow_text"] = None
from keras_gpt2 import TextGenerator, finetune, load_model
from keras_gpt2.models import logits
preset, poem, tokens, folder = sys.argv[1:]
found = {"logits": logits(load_model(preset), [poem]).tolist()}
run = finetune(
    tokens=tokens, preset=preset, steps=2, validate_every=1, batching="pad",
    output=folder,
)
found["result"] = json.loads((run.folder / "config.json").read_text())["result"]
generator = TextGenerator(load_model(str(run.folder)), "top_k")
found["prompt"] = generator.generate(["白日"], seed=0, max_new_tokens=4)[0].prompt
json.dump(found, sys.stdout)
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


@pytest.fixture(scope="module")
def tokens(preset, tmp_path_factory) -> Tokens:
    """Tokens of the sample for the preset."""
    folder = tmp_path_factory.mktemp("prepared") / "tokens"
    config = PrepareConfig(preset=str(preset), output=str(folder))
    return prepare_tokens(config, {}, print)


@pytest.fixture(scope="module")
def under_jax_alone(preset, tokens, tmp_path_factory):
    """What JAX without TensorFlow found, see JAX_ALONE."""
    if not is_installed("jax"):
        pytest.skip("JAX is not installed")
    run = tmp_path_factory.mktemp("jax") / "run"
    done = subprocess.run(
        [sys.executable, "-c", JAX_ALONE, preset, POEM, tokens.folder, run],
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONUTF8": "1"},
        capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_logits_are_equal_under_jax(tiny_model, under_jax_alone):
    difference = np.array(under_jax_alone["logits"]) - logits(tiny_model, [POEM])
    assert np.abs(difference).max() <= 1e-4  # other kernels sum in another order


def test_tokens_train_under_jax_without_tensorflow(tiny_model, tokens, under_jax_alone):
    tiny_model.compile(loss=token_loss(), weighted_metrics=[NatsPerToken()])
    documents = tokens.splits[Split.VALIDATION]
    dataset = TokenDataset(documents, tokens.tokenizer, 64, 16)
    here = keras.Model.evaluate(
        tiny_model, dataset.tensors(), verbose=0, return_dict=True
    )["nats_per_token"]
    result = under_jax_alone["result"]
    assert result["before"]["nats_per_token"] == pytest.approx(here, rel=1e-4)
    assert result["best"]["nats_per_token"] < result["before"]["nats_per_token"]
    assert under_jax_alone["prompt"] == "白日"


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


def test_new_tokens_start_as_the_mean_of_the_old(make_tiny_model):
    model = make_tiny_model(dropout=0.0)
    old = model.preprocessor.tokenizer.fast
    longer = extend(old, ["齉齉"], 2_000, added=["[speaker1]", "[speaker2]"])
    assert longer.vocabulary[len(old.vocabulary) :] == [
        "[speaker1]",
        "[speaker2]",
        "齉",
    ]
    grown = with_vocabulary(model, longer)
    rows = grown.backbone.token_embedding.get_weights()[0]
    before = model.backbone.token_embedding.get_weights()[0]
    assert (rows[: len(before)] == before).all()
    np.testing.assert_allclose(rows[len(before) :], [before.mean(0)] * 3, atol=1e-7)
    known = logits(grown, [POEM])[..., : len(before)]
    assert np.abs(known - logits(model, [POEM])).max() <= 1e-5
    ids = grown.preprocessor.tokenizer("齉")
    assert ids.tolist() == [len(before) + 2]


def test_only_what_is_missing_is_added():
    cased = wordpiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"], do_lower_case=False)
    longer = extend(cased, ["É É é 眠眠眠不不\n花"], size=9, min_count=2)
    assert longer.vocabulary[5:] == ["眠", "É", "##É", "不"]
    assert longer.options == cased.options


def test_another_vocabulary_is_no_extension(tiny_model, sample_poems):
    other = byte_pairs(*build_byte_pairs(sample_poems, 300))
    with pytest.raises(InputError, match="of another vocabulary"):
        with_vocabulary(tiny_model, other)


def test_an_english_preset_opens_in_kerashub_alone(tmp_path):
    fast = byte_pairs(*build_byte_pairs(["low lower lowest"] * 9, 300))
    model = new_model(Scratch(1, 8, 1), fast, sequence_length=8)
    save_model(model, tmp_path / "preset", {"language": "en"})
    again = keras_hub.models.GPT2CausalLM.from_preset(str(tmp_path / "preset"))
    assert type(again.preprocessor.tokenizer) is keras_hub.models.GPT2Tokenizer
    loaded = load_model(str(tmp_path / "preset"))
    assert loaded.preprocessor.tokenizer.fast.fingerprint == fast.fingerprint
    text = "lower\n\nlowest"
    assert np.abs(logits(model, [text]) - logits(loaded, [text])).max() <= 1e-5
