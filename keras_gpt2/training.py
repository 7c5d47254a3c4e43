"""Fine-tuning: a plan in, a run folder out, and the proof that it loads."""

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import keras_hub
import numpy as np

from keras_gpt2 import callbacks
from keras_gpt2.corpora import Split
from keras_gpt2.datasets import TextDataset
from keras_gpt2.errors import InputError
from keras_gpt2.losses import NatsPerToken, token_loss
from keras_gpt2.models import load_model, logits, new_model, save_model
from keras_gpt2.plan import TrainPlan, make_plan
from keras_gpt2.presets import find
from keras_gpt2.runs import Run
from keras_gpt2.schedules import WarmupPolynomialDecay

# Twice the rounding of a sum over 1,000 float32 terms of the size of a logit.
RELOAD_TOLERANCE = 1e-5

Say = Callable[[str, str], None]


def finetune(*, say: Say = lambda label, text: None, **settings) -> Run:
    """Fine-tune a GPT-2 on a corpus.

    Args:
        say: callable(label, text). Receives each line of the account.
        **settings: fields of `TrainConfig`, and the corpus' own.

    Returns:
        Run, finished: its `preset` loads with `load_model`.

    Raises:
        KerasGPT2Error: whatever the matter, in one line.

    Example:

    >>> run = finetune(corpus="poetry", steps=2, output="doctest")  # doctest: +SKIP
    """
    from keras_gpt2.config import TrainConfig

    fields = TrainConfig.__dataclass_fields__
    given = {key: value for key, value in settings.items() if key in fields}
    options = {key: value for key, value in settings.items() if key not in fields}
    return Training(make_plan(given, options), say).run()


class Training:
    """One training, step by step; `run` does it all.

    Args:
        plan: TrainPlan.
        say: callable(label, text). Receives each line of the account.
        show: callable(share, text). Receives the progress.
    """

    def __init__(
        self,
        plan: TrainPlan,
        say: Say,
        show: Callable[[float, str], None] = lambda share, text: None,
    ):
        self.plan = plan
        self.config = plan.config
        self.say = say
        self.show = show
        keras.utils.set_random_seed(self.config.seed)
        self.model = self.open_model()
        self.train = self.dataset(plan.train, self.config.accumulate)
        self.validation = self.dataset(plan.validation)
        self.steps = self.count_steps()

    def open_model(self) -> keras_hub.models.GPT2CausalLM:
        """The base: a preset, or a new model with a vocabulary of the corpus."""
        plan, config = self.plan, self.config
        if not plan.source.scratch:
            return load_model(
                plan.source,
                dtype=config.dtype,
                dropout=config.dropout,
                sequence_length=plan.sequence_length,
            )
        return new_model(
            plan.source.scratch,
            plan.train,
            script=plan.script,
            vocabulary_size=config.vocabulary_size,
            min_count=config.min_count,
            sequence_length=plan.sequence_length,
            dropout=0.1 if config.dropout is None else config.dropout,
            dtype=config.dtype,
        )

    def dataset(self, documents: list[str], accumulate: int = 1) -> TextDataset:
        config = self.config
        return TextDataset(
            documents,
            self.model.preprocessor,
            config.batch_size,
            config.batching,
            accumulate,
            config.seed,
        )

    def count_steps(self) -> int:
        """Optimizer steps: as many as asked for, by `steps` or by `epochs`."""
        by_epochs = (self.config.epochs or 1) * self.train.steps_per_epoch
        if self.config.steps is None:
            return by_epochs
        if self.config.epochs is None:
            return self.config.steps
        return min(self.config.steps, by_epochs)

    @property
    def bits_per_nat_token(self) -> float:
        """Bits per character of the validation text at one nat per token."""
        validation = self.validation
        return (
            validation.num_predictions / validation.num_characters / math.log(2)
        )

    def compile(self) -> None:
        """Adam, its rate falling to 0, and the mean over real tokens as loss."""
        config = self.config
        schedule = WarmupPolynomialDecay(
            config.learning_rate, self.steps, round(config.warmup * self.steps)
        )
        optimizer = keras.optimizers.Adam(
            schedule,
            global_clipnorm=config.clip,
            gradient_accumulation_steps=(
                config.accumulate if config.accumulate > 1 else None
            ),
        )
        self.model.compile(
            optimizer=optimizer,
            loss=token_loss(),
            weighted_metrics=[NatsPerToken()],
        )

    def validate(self) -> float:
        """Validation loss in nats per token."""
        # keras.Model's method: KerasHub's would tokenize the batches again.
        results = keras.Model.evaluate(
            self.model,
            self.validation.batches(shuffle=False),
            verbose=0,
            return_dict=True,
        )
        return results["nats_per_token"]

    def fit(self) -> dict[str, list[float]]:
        """Train; the best weights of any validation are restored.

        Returns:
            dict: a list per logged quantity, one entry per validation.
        """
        config, parts = self.config, self.config.accumulate
        interval = min(config.validate_every or self.train.steps_per_epoch, self.steps)
        # keras.Model's method: KerasHub's would tokenize the batches again.
        history = keras.Model.fit(
            self.model,
            self.train.batches(epochs=None),
            steps_per_epoch=interval * parts,
            epochs=-(-self.steps // interval),
            validation_data=self.validation.batches(shuffle=False),
            callbacks=self.callbacks(),
            shuffle=False,
            verbose=0,
        )
        return history.history

    def callbacks(self) -> list[keras.callbacks.Callback]:
        folder, parts = self.plan.run.folder, self.config.accumulate
        best = {"monitor": "val_nats_per_token", "mode": "min"}
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        return [
            callbacks.StopAfter(self.steps * parts),
            callbacks.DivergenceGuard(),
            callbacks.Progress(
                self.steps * parts,
                self.train.num_predictions / self.train.steps_per_epoch / parts,
                self.bits_per_nat_token,
                self.show,
                self.say,
            ),
            keras.callbacks.ModelCheckpoint(
                folder / "checkpoints" / "best.weights.h5",
                save_best_only=True,
                save_weights_only=True,
                **best,
            ),
            keras.callbacks.EarlyStopping(
                patience=self.config.patience, restore_best_weights=True, **best
            ),
            keras.callbacks.CSVLogger(folder / "history.csv"),
            keras.callbacks.TensorBoard(folder / "logs"),
        ]

    def facts(self) -> dict[str, Any]:
        """What the preset says of itself."""
        cls = self.plan.corpus
        return {
            "language": cls.language,
            "script": self.plan.script,
            "corpus": cls.name,
            "base": self.plan.source.name,
        }

    def run(self) -> Run:
        """Do it all, and tell."""
        plan = self.plan
        plan.run.write_config({"config": self.config.to_dict()})
        self.compile()
        before = self.validate() * self.bits_per_nat_token
        self.say("before", f"validation {before:.2f} bits/character")
        started = time.monotonic()
        history = self.fit()
        seconds = time.monotonic() - started
        best = min(history["val_nats_per_token"]) * self.bits_per_nat_token
        self.say("best", f"{best:.2f} bits/character, {seconds:.0f} s")
        save_model(self.model, plan.run.preset, self.facts())
        return plan.run
