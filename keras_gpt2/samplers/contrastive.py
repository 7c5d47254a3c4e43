"""A probable token that does not repeat what was said.

Reference: Su et al. 2022, https://arxiv.org/abs/2202.06417
"""


def build(top_k: int = 5, temperature: float = 1.0):
    """KerasHub's contrastive sampler with the paper's penalty of 0.6.

    Args:
        top_k: int. Candidates; the paper takes 4 to 8.
        temperature: float. Below 1 favours probable tokens.
    """
    import keras_hub  # here: settings are checked before a backend starts

    return keras_hub.samplers.ContrastiveSampler(
        k=top_k, alpha=0.6, temperature=temperature
    )
