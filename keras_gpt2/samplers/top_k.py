"""One of the k most probable tokens.

Reference: Fan et al. 2018, https://arxiv.org/abs/1805.04833
"""


def build(top_k: int = 50, temperature: float = 1.0, seed: int = 0):
    """KerasHub's top-k sampler.

    Args:
        top_k: int. Candidates. 50, as in Hugging Face (KerasHub: 5, nearly greedy).
        temperature: float. Below 1 favours probable tokens.
        seed: int.
    """
    import keras_hub  # here: settings are checked before a backend starts

    return keras_hub.samplers.TopKSampler(k=top_k, temperature=temperature, seed=seed)
