"""The most probable token, always."""


def build():
    """KerasHub's greedy sampler."""
    import keras_hub  # here: settings are checked before a backend starts

    return keras_hub.samplers.GreedySampler()
