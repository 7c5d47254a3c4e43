"""The most probable text among a few kept side by side."""


def build(temperature: float = 1.0):
    """KerasHub's beam sampler with 5 beams.

    Args:
        temperature: float. Below 1 sharpens what the beams are compared by.
    """
    import keras_hub  # here: settings are checked before a backend starts

    return keras_hub.samplers.BeamSampler(num_beams=5, temperature=temperature)
