"""Learning rates over the course of a training."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_gpt2")
class WarmupPolynomialDecay(keras.optimizers.schedules.PolynomialDecay):
    """Keras' `PolynomialDecay` to 0, after a linear rise from 0.

    Args:
        peak: float. Learning rate after the rise.
        steps: int. Optimizer steps in all, the rise included.
        warmup_steps: int. Steps of the rise.
        power: float. 1 falls along a straight line.
        parts: int. Parts of an accumulated step: Keras hands a schedule the number of
            parts, not of steps.

    Example:

    >>> schedule = WarmupPolynomialDecay(1.0, steps=10, warmup_steps=2)
    >>> [round(float(schedule(step)), 3) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """

    def __init__(self, peak, steps, warmup_steps=0, power=1.0, parts=1):
        super().__init__(peak, max(1, steps - warmup_steps), 0.0, power)
        self.steps = steps
        self.warmup_steps = warmup_steps
        self.parts = parts

    def __call__(self, step):
        step = ops.cast(ops.floor_divide(step, self.parts), "float32")
        rise = self.initial_learning_rate * (step + 1) / max(1, self.warmup_steps)
        fall = super().__call__(ops.maximum(step - self.warmup_steps, 0.0))
        return ops.where(step < self.warmup_steps, rise, fall)

    def get_config(self):
        return {
            "peak": self.initial_learning_rate,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
            "power": self.power,
            "parts": self.parts,
        }
