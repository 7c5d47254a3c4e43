"""Training, from a plan to a finished run that loads."""

import contextlib
import csv
import json
import math
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_gpt2 import finetune, training
from keras_gpt2.datasets import TokenDataset
from keras_gpt2.errors import DivergedError, StorageError, UsageError
from keras_gpt2.fitting import Fitting, refuse_diverged
from keras_gpt2.losses import token_loss
from keras_gpt2.models import load_model
from keras_gpt2.pipelines import TextDataset
from keras_gpt2.plan import make_plan
from keras_gpt2.runs import Run
from keras_gpt2.schedules import WarmupPolynomialDecay
from keras_gpt2.tokens import TokenSplit
from keras_gpt2.training import Training

TINY = {"corpus": "poetry", "preset": "scratch:2x32x2", "sequence_length": 64}


def weights_after_a_step(model, documents, accumulate: int) -> list[np.ndarray]:
    """Weights after one SGD step on eight documents."""
    parts = accumulate if accumulate > 1 else None
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=parts)
    model.compile(optimizer=optimizer, loss=token_loss(), weighted_metrics=[])
    dataset = TextDataset(documents, model.preprocessor, 8, accumulate=accumulate)
    keras.Model.fit(model, dataset.tensors(), verbose=0, shuffle=False)
    return model.get_weights()


def test_accumulated_parts_train_as_the_whole_batch(make_tiny_model, sample_poems):
    documents = sample_poems[:8]
    assert len(set(map(len, documents))) > 1
    before = make_tiny_model(dropout=0.0).get_weights()
    whole = weights_after_a_step(make_tiny_model(dropout=0.0), documents, 1)
    parts = weights_after_a_step(make_tiny_model(dropout=0.0), documents, 4)
    assert max(np.abs(a - b).max() for a, b in zip(before, whole, strict=True)) > 1e-3
    assert max(np.abs(a - b).max() for a, b in zip(whole, parts, strict=True)) <= 1e-6


def losses_of_training(model, dataset) -> list[float]:
    """Loss after each of two epochs."""
    keras.utils.set_random_seed(1)  # dropout
    model.compile(keras.optimizers.Adam(1e-3), token_loss(), weighted_metrics=[])
    history = keras.Model.fit(model, dataset.tensors(2), verbose=0, shuffle=False)
    return history.history["loss"]


def test_tokens_train_as_the_strings_they_come_from(make_tiny_model, sample_poems):
    documents = sample_poems[:24]
    model = make_tiny_model()
    fast = model.preprocessor.tokenizer.fast
    tokens = TokenDataset(TokenSplit.of(documents, fast), fast, 64, 8)
    by_tokens = losses_of_training(model, tokens)
    model = make_tiny_model()
    strings = TextDataset(documents, model.preprocessor, 8)
    assert losses_of_training(model, strings) == by_tokens


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "poetry"
    told = []
    run = finetune(
        **TINY,
        steps=12,
        validate_every=5,
        learning_rate=3e-3,
        output=str(folder),
        say=lambda label, text: told.append(f"{label} {text}"),
    )
    (folder / "told.txt").write_text("\n".join(told), encoding="utf-8")
    return run


def test_a_run_holds_all_it_promises(run):
    names = {path.name for path in run.folder.iterdir()}
    assert names >= {
        "config.json", "history.csv", "samples.txt", "checkpoints", "logs", "preset",
        "model.keras",
    }  # fmt: skip
    assert run.is_finished


def test_exactly_as_many_steps_as_asked_for(run):
    result = json.loads((run.folder / "config.json").read_text("utf-8"))["result"]
    assert result["steps"] == 12
    with (run.folder / "history.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 3  # after steps 5, 10 and 12


def test_the_best_validation_is_what_was_saved(run):
    result = json.loads((run.folder / "config.json").read_text("utf-8"))["result"]
    with (run.folder / "history.csv").open() as file:
        losses = [float(row["val_nats_per_token"]) for row in csv.DictReader(file)]
    assert result["best"]["nats_per_token"] == pytest.approx(min(losses))
    assert result["best"]["nats_per_token"] < result["before"]["nats_per_token"]
    assert result["reload_difference"] <= 1e-5


def test_the_account_adds_up(run):
    data = json.loads((run.folder / "config.json").read_text("utf-8"))["data"]
    used, skipped = sum(data["used"].values()), sum(data["skipped"].values())
    assert data["read"] == 300 == used + skipped + data["duplicates"]


def test_preset_and_keras_file_give_the_same_text(run):
    prompt = {"max_length": 20}
    texts = set()
    for name in (str(run.folder), str(run.preset), str(run.keras_file)):
        model = load_model(name)
        model.compile(sampler="greedy")
        texts.add(model.generate("白日依山盡", **prompt))
    assert len(texts) == 1


def test_the_account_is_told(run):
    told = (run.folder / "told.txt").read_text("utf-8")
    for part in ("300 read = ", "plan 12 steps", "before validation", "step 12",
                 "reload check: logits equal", "next python generate.py"):  # fmt: skip
        assert part in told


def test_a_run_that_is_there_is_not_overwritten(run):
    with pytest.raises(UsageError, match="is not empty"):
        finetune(**TINY, steps=1, output=str(run.folder))


@pytest.mark.slow
def test_the_same_seed_trains_the_same_model(tmp_path):
    runs = [
        finetune(**TINY, steps=3, seed=7, output=str(tmp_path / name))
        for name in ("a", "b")
    ]
    first, second = (load_model(str(run.folder)).get_weights() for run in runs)
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_packed_and_accumulated_training_runs(tmp_path):
    run = finetune(
        **TINY, steps=2, batching="pack", batch_size=4, accumulate=2,
        output=str(tmp_path / "run"),
    )  # fmt: skip
    assert run.is_finished


@pytest.mark.parametrize(
    ("growth", "is_lost"), [(9.9, False), (10.1, True), (math.nan, False)]
)
def test_a_training_is_lost_at_ten_times_the_perplexity(growth, is_lost):
    expected = pytest.raises(DivergedError, match="lower --learning-rate")
    with expected if is_lost else contextlib.nullcontext():
        refuse_diverged(4.0, 4.0 + math.log(growth))


def test_a_training_that_unlearnt_its_base_is_no_finished_run(tmp_path, monkeypatch):
    monkeypatch.setattr(Fitting, "fit", lambda self, *_: [30.0, 20.0])
    with pytest.raises(DivergedError, match="best validation loss is 20.00 nats"):
        finetune(**TINY, steps=2, output=str(tmp_path / "run"))
    result = json.loads((tmp_path / "run" / "config.json").read_text("utf-8"))["result"]
    assert result["before"]["nats_per_token"] < result["best"]["nats_per_token"] == 20
    assert Run(tmp_path / "run").is_unfinished


def test_an_output_that_cannot_be_written_is_refused_by_a_dry_run_too(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write to .*--output"):
        make_plan(
            TINY | {"dry_run": True, "output": str(tmp_path / "file" / "run")}, {}
        )


def test_too_little_memory_is_told_in_the_plan(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "machine_memory", lambda: 0.7e9)
    monkeypatch.setattr(training, "visible_gpus", lambda: 0)
    plan = make_plan(TINY | {"output": str(tmp_path / "run")}, {})
    told = []
    Training(plan, lambda label, text: told.append((label, text)))
    assert told[-1][0] == "warning" and "1 GB of this machine" in told[-1][1]


def test_schedule_rises_then_falls_to_zero():
    schedule = WarmupPolynomialDecay(2.0, steps=10, warmup_steps=4)
    rates = [float(schedule(step)) for step in range(11)]
    assert rates[:4] == [0.5, 1.0, 1.5, 2.0]
    np.testing.assert_allclose(rates[4:], 2 * (1 - np.arange(7) / 6), atol=1e-6)


def test_accumulated_parts_share_the_learning_rate_of_their_step():
    whole = WarmupPolynomialDecay(2.0, steps=6, warmup_steps=2)
    parts = WarmupPolynomialDecay(2.0, steps=6, warmup_steps=2, parts=4)
    expected = np.repeat([float(whole(step)) for step in range(6)], 4)
    rates = [float(parts(part)) for part in range(24)]
    np.testing.assert_allclose(rates, expected, atol=1e-7)


@pytest.mark.slow
def test_several_accumulated_steps_train_as_whole_ones(tmp_path):
    """Through `Training` itself: its optimizer, its schedule, its batches."""
    losses = []
    for accumulate in (1, 4):
        run = finetune(
            **TINY, steps=4, batch_size=8, accumulate=accumulate, dropout=0.0,
            learning_rate=1e-2, output=str(tmp_path / str(accumulate)),
        )  # fmt: skip
        config = json.loads((run.folder / "config.json").read_text("utf-8"))
        losses.append(config["result"]["best"]["nats_per_token"])
    # Adam divides by the root of tiny second moments, which magnifies rounding.
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_an_old_run_is_kept_until_all_else_is_right(run):
    with pytest.raises(StorageError, match="nowhere does not exist"):
        finetune(
            **TINY, steps=1, output=str(run.folder), overwrite=True, data_dir="nowhere"
        )
    assert run.is_finished


def test_a_run_is_not_emptied_under_its_own_base(run):
    with pytest.raises(UsageError, match="which this training reads"):
        finetune(
            corpus="poetry", preset=str(run.folder), steps=1,
            output=str(run.folder), overwrite=True,
        )  # fmt: skip
    assert run.is_finished


def test_a_keras_file_with_a_short_context_can_be_fine_tuned(run, tmp_path):
    again = finetune(
        corpus="poetry", preset=str(run.keras_file), steps=1, batching="pad",
        output=str(tmp_path / "run"),
    )  # fmt: skip
    assert again.is_finished


def test_a_misspelt_setting_is_refused(tmp_path):
    with pytest.raises(UsageError, match="learning_rat"):
        finetune(**TINY, steps=1, learning_rat=1e-3, output=str(tmp_path / "run"))


WITHOUT_TENSORFLOW_TEXT = """
import sys
sys.modules["tensorflow_text"] = None
from keras_gpt2 import TextGenerator, finetune, load_model
run = finetune(
    corpus="poetry", preset="scratch:2x32x2", sequence_length=64, steps=2,
    batching=sys.argv[2], output=sys.argv[1],
)
generator = TextGenerator(load_model(str(run.folder)))
print(generator.generate(["白日"], seed=0, max_new_tokens=4)[0].prompt)
"""


@pytest.mark.slow
@pytest.mark.parametrize("batching", ["bucket", "pack"])
def test_training_works_without_tensorflow_text(batching, tmp_path):
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW_TEXT]
    result = subprocess.run(
        [*command, str(tmp_path / "run"), batching],
        capture_output=True, encoding="utf-8", timeout=240,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "白日"


def test_schedule_survives_serialisation():
    schedule = WarmupPolynomialDecay(2.0, steps=10, warmup_steps=4)
    again = WarmupPolynomialDecay.from_config(schedule.get_config())
    assert float(again(7)) == float(schedule(7))


def test_a_short_story_can_be_packed_though_little_is_left_to_judge_by(tmp_path):
    words = " ".join(f"The {n}th crow flew over the {n}th hill." for n in range(90))
    (tmp_path / "story.txt").write_text(words, "utf-8")
    run = finetune(
        corpus="text", data_dir=str(tmp_path / "story.txt"), steps=1, batch_size=2,
        preset="scratch:1x8x1", sequence_length=128, output=str(tmp_path / "run"),
    )  # fmt: skip
    result = json.loads((run.folder / "config.json").read_text("utf-8"))
    assert run.is_finished and result["data"]["used"]["validation"] == 1
