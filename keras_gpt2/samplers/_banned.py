"""A sampler that never takes certain tokens, whatever the sampler."""

import keras_hub
import numpy as np
from keras import ops


class BannedTokens(keras_hub.samplers.Sampler):
    """Decorates a sampler: the logits of banned tokens are as low as can be.

    Args:
        sampler: keras_hub.samplers.Sampler.
        is_banned: bool array (vocabulary,).
    """

    def __init__(self, sampler, is_banned: np.ndarray):
        super().__init__(sampler.temperature)
        self.sampler = sampler
        self.is_banned = is_banned

    @property
    def variables(self):
        return self.sampler.variables

    def reseed(self, seed: int) -> None:
        """Let the random numbers start anew."""
        for state in self.variables:
            state.assign(np.array([seed, 0], "uint32"))

    def __call__(self, next, *args, **kwargs):
        def masked_next(prompt, cache, index):
            logits, hidden_states, cache = next(prompt, cache, index)
            # Not -inf: beams of the same text must stay comparable.
            logits = ops.where(self.is_banned, ops.cast(-1e9, logits.dtype), logits)
            return logits, hidden_states, cache

        return self.sampler(masked_next, *args, **kwargs)
