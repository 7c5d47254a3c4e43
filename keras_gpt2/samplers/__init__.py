"""How the next token is taken: each file of this folder is a sampler of that name.

A sampler's file has one function, `build`, whose parameters are the settings the
sampler understands and whose result is a KerasHub `Sampler`.
"""

import inspect
from collections.abc import Mapping
from typing import Any

from keras_gpt2 import registry
from keras_gpt2.errors import UsageError
from keras_gpt2.options import flag

GREEDY = "greedy"
# Below this, logits divided by the temperature may leave the range of float32.
COLD = 1e-3


def names() -> list[str]:
    """Samplers by name, sorted."""
    return registry.names(__name__)


def known_settings(name: str) -> list[str]:
    """Settings a sampler understands, its seed aside.

    >>> known_settings("top_p")
    ['top_p', 'temperature']

    Raises:
        UsageError: if there is no such sampler.
    """
    return [parameter for parameter in parameters_of(name) if parameter != "seed"]


def takes_chances(name: str) -> bool:
    """Whether a sampler draws; one that does not gives a prompt one text.

    >>> takes_chances("top_p"), takes_chances("beam")
    (True, False)
    """
    return "seed" in parameters_of(name)


def parameters_of(name: str) -> Mapping[str, inspect.Parameter]:
    """Parameters of a sampler's `build`."""
    return inspect.signature(registry.load(__name__, name).build).parameters


def in_full(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with the sampler's defaults for those not given.

    >>> in_full("top_p", {"temperature": 0.8})
    {'top_p': 0.9, 'temperature': 0.8}
    """
    known = {key: parameters_of(name)[key].default for key in known_settings(name)}
    return {**known, **settings}


def check_settings(name: str, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Sampler and settings as they will be used; needs no Keras.

    A temperature of 0 is greedy whatever the sampler: its limit.

    Args:
        name: str. Name of a sampler.
        settings: dict. temperature, top_k, top_p; None is not set.

    Returns:
        (name, settings), those that are not set left out.

    Raises:
        UsageError: if there is no such sampler, or it does not know a setting.

    >>> check_settings("top_p", {"top_p": 0.95, "temperature": None})
    ('top_p', {'top_p': 0.95})
    """
    known = known_settings(name)
    given = {key: value for key, value in settings.items() if value is not None}
    if given.get("temperature", 1.0) < COLD:
        return GREEDY, {}
    for key in given.keys() - set(known):
        flags = [flag(setting) for setting in known]
        raise UsageError(
            f"{flag(key)} means nothing to the sampler {name}. "
            f"It takes: {', '.join(flags) or 'nothing'}"
        )
    return name, given


def load_sampler(name: str, seed: int = 0, **settings):
    """A KerasHub sampler by name.

    Args:
        name: str. Name of a sampler.
        seed: int. Where its random numbers start.
        **settings: temperature, top_k or top_p, as the sampler takes them.

    Returns:
        keras_hub.samplers.Sampler.

    Example:

    >>> load_sampler("top_k").k
    50
    """
    name, settings = check_settings(name, settings)
    if takes_chances(name):
        settings["seed"] = seed
    return registry.load(__name__, name).build(**settings)
