"""Fine-tuning: a plan in, a run folder out, and the proof that it loads."""

import dataclasses
import functools
import importlib.metadata
import os
import shutil
import time
from typing import Any

import keras
import keras_hub
import numpy as np

from keras_gpt2 import account
from keras_gpt2.backend import visible_gpus
from keras_gpt2.config import TrainConfig
from keras_gpt2.datasets import TokenDataset
from keras_gpt2.errors import StorageError, UsageError
from keras_gpt2.estimates import (
    Estimate,
    estimate,
    machine_memory,
    memory_warning,
)
from keras_gpt2.fitting import Fitting, Say, Show, refuse_diverged
from keras_gpt2.generation import TextGenerator
from keras_gpt2.models import (
    load_model,
    logits,
    new_model,
    save_model,
    with_vocabulary,
)
from keras_gpt2.plan import TrainPlan, make_plan
from keras_gpt2.runs import Run
from keras_gpt2.tokens import TokenSplit

# The same weights in the same arithmetic; anything above is damage.
RELOAD_TOLERANCE = 1e-5
# Rows that the reload check compares.
CHECKED = 4
SAMPLE_SEED = 0
SAMPLE_TOKENS = 64  # one line on a wide terminal
VERSIONED = ("keras", "keras-hub", "tensorflow", "jax", "numpy")


def silent(*_) -> None:
    """Tells nobody."""


def finetune(*, say: Say = silent, **settings) -> Run:
    """Fine-tune a GPT-2 on a corpus.

    Args:
        say: callable(label, text). Receives each line of the account.
        **settings: fields of `TrainConfig`, and the corpus' own.

    Returns:
        Run, finished: `load_model(run.folder)` opens it.

    Raises:
        KerasGPT2Error: whatever the matter, in one line.

    Example:

    >>> run = finetune(corpus="poetry", steps=500)  # doctest: +SKIP
    """
    given, options = TrainConfig.split(settings)
    running = keras.backend.backend()
    if given.get("backend", "auto") not in ("auto", running):
        raise UsageError(
            f"`backend` is settled when Keras is imported: set KERAS_BACKEND before. "
            f"Received: {given['backend']}, running: {running}"
        )
    plan = make_plan(given, options, functools.partial(warn, say))
    Training(plan, say).run()
    return plan.run


def warn(say: Say, text: str) -> None:
    """Say what there is to warn of, if anything."""
    if text:
        say("warning", text)


class Training:
    """One training, step by step; `run` does it all, `rehearse` all but train.

    Args:
        plan: TrainPlan.
        say: callable(label, text). Receives each line of the account.
        show: callable(share, text). Receives the progress.
    """

    def __init__(self, plan: TrainPlan, say: Say = silent, show: Show = silent):
        self.plan = plan
        self.config = plan.config
        self.say = say
        self.show = show
        self.tell(account.corpus_lines(plan))
        keras.utils.set_random_seed(self.config.seed)
        self.model = self.open_model()
        size, backend = self.model.count_params(), keras.backend.backend()
        self.tell(account.model_lines(plan, size, backend))
        size, parts = self.config.batch_size, self.config.accumulate
        self.train = self.dataset(plan.train, size, parts)
        self.validation = self.dataset(plan.validation, size // parts, is_judged=True)
        self.fitting = Fitting(self.model, self.train, self.validation, self.config)
        steps = self.fitting.steps
        self.tell(account.plan_lines(plan, self.train, steps, self.cost))
        if warning := self.memory_warning():
            self.say("warning", warning)

    def tell(self, lines: account.Lines) -> None:
        """Say each line."""
        for label, text in lines:
            self.say(label, text)

    def open_model(self) -> keras_hub.models.GPT2CausalLM:
        """The base: a preset, or a new model with a vocabulary of the corpus."""
        plan, config = self.plan, self.config
        if plan.source.scratch:
            return new_model(
                plan.source.scratch,
                plan.tokens.tokenizer,
                script=plan.script,
                sequence_length=plan.sequence_length,
                dropout=0.1 if config.dropout is None else config.dropout,
                dtype=config.dtype,
            )
        model = load_model(
            plan.source,
            dtype=config.dtype,
            dropout=config.dropout,
            sequence_length=plan.sequence_length,
        )
        tokenizer = model.preprocessor.tokenizer
        tokenizer.script = plan.script
        if tokenizer.fast.fingerprint != plan.tokens.tokenizer.fingerprint:
            model = with_vocabulary(model, plan.tokens.tokenizer)
        return model

    def dataset(
        self,
        documents: TokenSplit,
        batch_size: int,
        accumulate: int = 1,
        is_judged: bool = False,
    ) -> TokenDataset:
        """Documents as batches for this model; those that are judged by need not fill
        a block."""
        batching = self.config.batching
        if is_judged and documents.counts.sum() < self.plan.sequence_length:
            batching = "bucket"
        return TokenDataset(
            documents,
            self.plan.tokens.tokenizer,
            self.plan.sequence_length,
            batch_size,
            batching,
            accumulate,
            self.config.seed,
        )

    @functools.cached_property
    def cost(self) -> Estimate:
        """Cost of the steps."""
        rows = self.config.batch_size
        mean = self.train.num_predictions / self.train.steps_per_epoch
        widest = rows // self.config.accumulate * int(self.train.widths[-1])
        return estimate(self.model.backbone, self.fitting.steps, mean, widest)

    def memory_warning(self) -> str:
        """One line if this machine has too little memory, else ""."""
        if visible_gpus():  # whose memory counts then
            return ""
        config, width = self.config, int(self.train.widths[-1])
        return memory_warning(
            self.model.backbone,
            config.batch_size,
            config.accumulate,
            width,
            machine_memory(),
        )

    def rehearse(self) -> dict[str, Any]:
        """Show three documents as the model sees them; train nothing.

        Returns:
            dict: the account of the data, the steps, and their estimated cost.
        """
        self.tell(account.sample_lines(self.train))
        self.say("dry run", "nothing was trained or written")
        return {
            "data": self.plan.tokens.report.to_dict(),
            "steps": self.fitting.steps,
            "estimate": dataclasses.asdict(self.cost),
        }

    def sample(self) -> str:
        """Continuation of the first validation document's opening."""
        (text,) = self.generator.generate(
            [self.plan.prompt], seed=SAMPLE_SEED, max_new_tokens=SAMPLE_TOKENS
        )
        return f"{text.prompt}{text.text}"

    @functools.cached_property
    def generator(self) -> TextGenerator:
        """Writes the samples."""
        return TextGenerator(self.model, **self.plan.corpus.sampling)

    def facts(self) -> dict[str, Any]:
        """What the preset says of itself."""
        corpus = self.plan.corpus
        return {
            "language": self.plan.tokens.facts["language"],
            "script": self.plan.script,
            "corpus": corpus.name,
            "base": self.plan.source.name,
            "sampling": dict(corpus.sampling),
        }

    def run(self) -> dict[str, Any]:
        """Train, save, prove that what was saved is what was trained.

        Returns:
            dict: the run's folder and figures, as in its config.json.
        """
        facts = {
            "config": self.config.to_dict() | dict(self.plan.options),
            "data": self.plan.tokens.report.to_dict(),
            "versions": dict(versions()),
        }
        self.plan.run.create()
        self.plan.run.write_config(facts)
        fitting = self.fitting
        fitting.compile()
        before = fitting.validate()
        score = account.describe(fitting.score(before))
        self.say("before", f"validation {score}")
        result: dict[str, Any] = {"before": fitting.score(before)}
        self.plan.run.write_config(facts | {"result": result})
        started = time.monotonic()
        losses = fitting.fit(self.plan.run.folder, self.sample, self.say, self.show)
        result = {
            "run": str(self.plan.run.folder),
            "steps": int(self.model.optimizer.iterations),
            "seconds": round(time.monotonic() - started, 1),
            **result,
            "best": fitting.score(min(losses)),
            "best_at": fitting.moment(int(np.argmin(losses)) + 1),
        }
        self.plan.run.write_config(facts | {"result": result})
        refuse_diverged(before, min(losses))
        result["reload_difference"] = self.save()
        self.plan.run.write_config(facts | {"result": result})
        self.tell(account.result_lines(self.plan, result))
        return result

    def save(self) -> float:
        """Save as preset and .keras; the preset's name appears once it is proven.

        Returns:
            float: greatest difference between the logits trained and reloaded.

        Raises:
            StorageError: if they differ.
        """
        run = self.plan.run
        unproven = run.folder / "preset.unproven"
        shutil.rmtree(unproven, ignore_errors=True)
        save_model(self.model, unproven, self.facts())
        again = load_model(
            str(unproven),
            dtype=self.config.dtype,
            sequence_length=self.plan.sequence_length,
        )
        x, _, _ = self.validation.step(0, 0, shuffle=False)
        x = {name: rows[:CHECKED] for name, rows in x.items()}
        difference = np.abs(logits(self.model, x) - logits(again, x)).max()
        if not difference <= RELOAD_TOLERANCE:
            raise StorageError(
                f"{unproven} gives other logits than the model in memory (difference "
                f"{difference:.1e}). The disk may be failing: train again elsewhere"
            )
        again.save(run.keras_file)
        os.replace(unproven, run.preset)
        return float(difference)


def versions():
    """Name and version of each library that decides a result."""
    for name in VERSIONED:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
