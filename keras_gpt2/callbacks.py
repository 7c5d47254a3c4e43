"""What happens beside the steps of a training: limits, guards, display, samples."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import keras

from keras_gpt2.errors import DivergedError
from keras_gpt2.losses import in_words, perplexity


class StopAfter(keras.callbacks.Callback):
    """End training after exactly so many batches, in the middle of an epoch too.

    Args:
        batches: int. Batches in all.
    """

    def __init__(self, batches: int):
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            self.model.stop_training = True


class DivergenceGuard(keras.callbacks.Callback):
    """Stop at the first loss that is NaN or infinite.

    Raises:
        DivergedError: names the batch.
    """

    def __init__(self):
        super().__init__()
        self.batches = 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        self.check((logs or {}).get("loss", 0.0))

    def on_epoch_end(self, epoch, logs=None):
        self.check((logs or {}).get("val_loss", 0.0))

    def check(self, loss: float) -> None:
        """Raise if the loss is no number."""
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss became {loss} at step {self.batches}. Try a lower "
                "--learning-rate; if it is so from the first step, the preset may be "
                "damaged"
            )


class Progress(keras.callbacks.Callback):
    """Speed, time left and validation loss, told once per validation.

    Args:
        steps: int. Batches in all.
        tokens_per_step: float. Real tokens in a mean batch.
        bits_per_character: callable(float). Bits per character of nats per token.
        moment: callable(int) -> str. When the validation of a number takes place.
        show: callable(float, str). Receives the share done, and a short text.
        say: callable(label, text). Receives a line per validation.
    """

    def __init__(
        self,
        steps: int,
        tokens_per_step: float,
        bits_per_character: Callable[[float], float],
        moment: Callable[[int], str],
        show: Callable[[float, str], None],
        say: Callable[[str, str], None],
    ):
        super().__init__()
        self.steps = steps
        self.tokens_per_step = tokens_per_step
        self.bits_per_character = bits_per_character
        self.moment = moment
        self.show = show
        self.say = say
        self.done = 0
        self.seconds = 0.0
        self.started = 0.0

    def on_train_batch_begin(self, batch, logs=None):
        self.started = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        if self.done > 1:  # the first step compiles
            self.seconds += time.monotonic() - self.started
        self.show(self.done / self.steps, self.speed())

    def speed(self) -> str:
        """Tokens per second and time left, such as "4,310 tokens/s  0:41 left"."""
        if not self.seconds:
            return "compiling"
        rate = (self.done - 1) / self.seconds
        minutes, seconds = divmod(round((self.steps - self.done) / rate), 60)
        tokens = round(rate * self.tokens_per_step)
        return f"{tokens:,} tokens/s  {minutes}:{seconds:02d} left"

    def on_epoch_end(self, epoch, logs=None):
        nats = (logs or {})["val_nats_per_token"]
        self.say(
            self.moment(epoch + 1),
            f"{self.bits_per_character(nats):.2f} bits/character, {nats:.2f} "
            f"nats/token, perplexity {in_words(perplexity(nats))}   {self.speed()}",
        )


class Samples(keras.callbacks.Callback):
    """A text by the model after each validation, shown and kept.

    Args:
        write: callable() -> str. Generates the text.
        moment: callable(int) -> str. When the validation of a number takes place.
        path: Path. File the texts are appended to.
        say: callable(label, text).
    """

    def __init__(
        self,
        write: Callable[[], str],
        moment: Callable[[int], str],
        path: Path,
        say: Callable[[str, str], None],
    ):
        super().__init__()
        self.write = write
        self.moment = moment
        self.path = path
        self.say = say

    def on_epoch_end(self, epoch, logs=None):
        text = self.write()
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{self.moment(epoch + 1)}\n{text}\n\n")
        self.say("", f"「{text}」 seed 0")
