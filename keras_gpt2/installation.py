"""Whether what every command needs is installed, and how to get it."""

import importlib.util
import os
import sys
from pathlib import Path

from keras_gpt2.errors import UsageError

# Modules of the core, by the names they are imported by. The backend is not among them:
# `keras_gpt2.backend` looks for whichever was asked for.
CORE = (
    "h5py", "keras", "keras_hub", "numpy", "opencc", "rich", "safetensors",
    "tokenizers",
)  # fmt: skip
CHECKOUT = Path(__file__).parents[1]


def is_installed(module: str) -> bool:
    """Whether a module can be imported; it is not."""
    return importlib.util.find_spec(module) is not None


def check_core() -> None:
    """Refuse to start where a module of the core is missing.

    Raises:
        UsageError: names it, the virtual environment and the install line.
    """
    for module in CORE:
        if not is_installed(module):
            raise UsageError(missing(module))


def missing(module: str, checkout: Path = CHECKOUT) -> str:
    """One line for a module of the core that is not installed.

    Args:
        module: str. Its name.
        checkout: Path. Folder the package lies in.
    """
    install, activate = "pip install keras-gpt2", "the one keras_gpt2 is installed in"
    if (checkout / "pyproject.toml").is_file():
        install = "pip install -c requirements.txt -e ."
        windows = os.name == "nt"
        activate = r".venv\Scripts\Activate.ps1" if windows else ". .venv/bin/activate"
    return (
        f"{module} is not installed for {sys.executable}. Activate the virtual "
        f"environment ({activate}), or install: {install}"
    )
