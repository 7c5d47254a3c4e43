"""Fine-tune GPT-2 on your own text with Keras 3, in English and in Chinese.

Public names are imported on first use, so that `import keras_gpt2` is quick.
"""

import contextlib
import importlib
import sys

from keras_gpt2 import _environment, _registration

__version__ = "0.1.0"

_PUBLIC = {
    "TextDataset": "keras_gpt2.pipelines",
    "TextGenerator": "keras_gpt2.generation",
    "finetune": "keras_gpt2.training",
    "load_model": "keras_gpt2.models",
}
__all__ = ["TextDataset", "TextGenerator", "finetune", "load_model"]


def __getattr__(name: str):
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    is_loaded = "tensorflow" in sys.modules
    with contextlib.nullcontext() if is_loaded else _environment.quiet_stderr():
        return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


_environment.set_defaults()
_registration.register()
