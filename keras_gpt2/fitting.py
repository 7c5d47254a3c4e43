"""Keras' part of a training: compile, validate, fit."""

import math
from collections.abc import Callable
from pathlib import Path

import keras
import keras_hub

from keras_gpt2 import callbacks
from keras_gpt2.backend import is_installed
from keras_gpt2.config import TrainConfig
from keras_gpt2.datasets import TokenDataset
from keras_gpt2.errors import DivergedError
from keras_gpt2.losses import NatsPerToken, perplexity, token_loss
from keras_gpt2.schedules import WarmupPolynomialDecay

Say = Callable[[str, str], None]
Show = Callable[[float, str], None]

# A training whose best perplexity is over this many times its base's has unlearnt the
# language. Measured from `tang` (59.0) on its sample, an epoch of 15 steps: 73 at a
# learning rate of 1e-3, 497 at 1e-2, which still writes verse, and 2.4e7 at 0.1.
LOST_FACTOR = 10


class Fitting:
    """A model, what it learns and what it is judged by.

    Args:
        model: GPT2CausalLM.
        train: TokenDataset.
        validation: TokenDataset.
        config: TrainConfig.
    """

    def __init__(
        self,
        model: keras_hub.models.GPT2CausalLM,
        train: TokenDataset,
        validation: TokenDataset,
        config: TrainConfig,
    ):
        self.model = model
        self.train = train
        self.validation = validation
        self.config = config
        self.steps = self.count_steps()

    def count_steps(self) -> int:
        """Optimizer steps: as many as asked for, by `steps` or by `epochs`."""
        by_epochs = (self.config.epochs or 1) * self.train.steps_per_epoch
        if self.config.steps is None:
            return by_epochs
        if self.config.epochs is None:
            return self.config.steps
        return min(self.config.steps, by_epochs)

    @property
    def interval(self) -> int:
        """Optimizer steps from one validation to the next."""
        interval = self.config.validate_every or self.train.steps_per_epoch
        return min(interval, self.steps)

    def moment(self, number: int) -> str:
        """When the validation of that number, from 1, takes place."""
        if self.config.validate_every is None:
            return f"epoch {number}"
        return f"step {min(number * self.interval, self.steps):,}"

    def compile(self) -> None:
        """Adam, its rate falling to 0, and the mean over real tokens as loss."""
        config, parts = self.config, self.config.accumulate
        schedule = WarmupPolynomialDecay(
            config.learning_rate,
            self.steps,
            round(config.warmup * self.steps),
            parts=parts,
        )
        optimizer = keras.optimizers.Adam(
            schedule,
            global_clipnorm=config.clip,
            gradient_accumulation_steps=parts if parts > 1 else None,
        )
        self.model.compile(
            optimizer=optimizer, loss=token_loss(), weighted_metrics=[NatsPerToken()]
        )

    def validate(self) -> float:
        """Validation loss in nats per token."""
        # keras.Model's method: KerasHub's would tokenize the batches again.
        results = keras.Model.evaluate(
            self.model,
            self.validation.for_keras(shuffle=False),
            verbose=0,
            return_dict=True,
        )
        return results["nats_per_token"]

    def fit(
        self, folder: Path, write: Callable[[], str], say: Say, show: Show
    ) -> list[float]:
        """Train; the best weights of any validation are restored.

        Args:
            folder: Path. Gets history.csv, samples.txt, logs/ and checkpoints/.
            write: callable() -> str. Writes a sample at each validation.
            say: callable(label, text). Receives a line per validation.
            show: callable(share, text). Receives the progress.

        Returns:
            list of float: nats per token at each validation.
        """
        # keras.Model's method: KerasHub's would tokenize the batches again.
        history = keras.Model.fit(
            self.model,
            self.train.for_keras(epochs=None),
            steps_per_epoch=self.interval * self.config.accumulate,
            epochs=-(-self.steps // self.interval),
            validation_data=self.validation.for_keras(shuffle=False),
            callbacks=[*self.told(folder, write, say, show), *self.kept(folder)],
            shuffle=False,
            verbose=0,
        )
        return history.history["val_nats_per_token"]

    def told(self, folder: Path, write, say: Say, show: Show) -> list:
        """Callbacks that guard and tell."""
        parts = self.config.accumulate
        tokens_per_step = self.train.num_predictions / self.train.steps_per_epoch
        return [
            callbacks.StopAfter(self.steps * parts),
            callbacks.DivergenceGuard(),
            callbacks.Progress(
                self.steps * parts,
                tokens_per_step / parts,
                self.validation.bits_per_character,
                self.moment,
                show,
                say,
            ),
            callbacks.Samples(write, self.moment, folder / "samples.txt", say),
        ]

    def kept(self, folder: Path) -> list:
        """Callbacks that keep the best weights and the history."""
        best = {"monitor": "val_nats_per_token", "mode": "min"}
        checkpoint = folder / "checkpoints" / "best.weights.h5"
        checkpoint.parent.mkdir(parents=True)
        kept = [
            keras.callbacks.ModelCheckpoint(
                checkpoint, save_best_only=True, save_weights_only=True, **best
            ),
            keras.callbacks.EarlyStopping(
                patience=self.config.patience, restore_best_weights=True, **best
            ),
            keras.callbacks.CSVLogger(folder / "history.csv"),
        ]
        if is_installed("tensorflow"):  # which writes the logs, under any backend
            logs = keras.callbacks.TensorBoard(folder / "logs", write_graph=False)
            kept.append(logs)
        return kept

    def score(self, nats: float) -> dict[str, float]:
        """A validation loss in the units people compare."""
        return {
            "nats_per_token": nats,
            "perplexity": perplexity(nats),
            "bits_per_character": self.validation.bits_per_character(nats),
        }


def refuse_diverged(before: float, best: float) -> None:
    """Refuse a training that lost what its base knew.

    Args:
        before: float. Nats per token of the base, on the validation documents.
        best: float. The least of the training.

    Raises:
        DivergedError: if the perplexity has grown by more than `LOST_FACTOR`.
    """
    if best - before > math.log(LOST_FACTOR):
        raise DivergedError(
            f"the best validation loss is {best:.2f} nats/token, that of the base was "
            f"{before:.2f}: the training diverged. Try a lower --learning-rate"
        )
