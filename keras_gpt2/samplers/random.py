"""Any token, as often as its probability says."""


def build(temperature: float = 1.0, seed: int = 0):
    """KerasHub's random sampler.

    Args:
        temperature: float. Below 1 favours probable tokens.
        seed: int.
    """
    import keras_hub  # here: settings are checked before a backend starts

    return keras_hub.samplers.RandomSampler(temperature=temperature, seed=seed)
