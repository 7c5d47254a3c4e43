"""One of the fewest tokens that hold a share p of the probability: nucleus sampling.

Reference: Holtzman et al. 2020, https://arxiv.org/abs/1904.09751
"""


def build(top_p: float = 0.9, temperature: float = 1.0, seed: int = 0):
    """KerasHub's top-p sampler.

    Args:
        top_p: float. Share of the probability. 0.9, as in the paper's range (KerasHub:
            0.1, nearly greedy).
        temperature: float. Below 1 favours probable tokens.
        seed: int.
    """
    import keras_hub  # here: settings are checked before a backend starts

    return keras_hub.samplers.TopPSampler(p=top_p, temperature=temperature, seed=seed)
