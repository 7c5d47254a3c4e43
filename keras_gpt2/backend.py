"""Which Keras backend runs, decided before Keras is imported."""

import importlib
import os
import subprocess
import sys

from keras_gpt2._environment import quiet_stderr
from keras_gpt2.errors import UsageError
from keras_gpt2.installation import is_installed, missing

PREFERRED = ("tensorflow", "jax", "torch")


def choose(name: str = "auto") -> str:
    """Settle the backend and import it; Keras reads it from the environment.

    Args:
        name: str. "auto" takes KERAS_BACKEND, else the first that is installed.

    Returns:
        str: the backend.

    Raises:
        UsageError: if it is not installed.
    """
    if name == "auto":
        installed = next(filter(is_installed, PREFERRED), PREFERRED[0])
        name = os.environ.get("KERAS_BACKEND") or installed
    if name == PREFERRED[0] and not is_installed(name):
        raise UsageError(missing(name))
    if not is_installed(name):
        raise UsageError(f"backend {name} is not installed. Get it: pip install {name}")
    running = sys.modules.get("keras")
    if running is not None and running.backend.backend() != name:
        raise UsageError(
            f"Keras runs on {running.backend.backend()} already. Received: {name}. "
            "Set KERAS_BACKEND before Keras is imported"
        )
    os.environ["KERAS_BACKEND"] = name
    with quiet_stderr():
        importlib.import_module(name)
    return name


def visible_gpus() -> int:
    """GPUs the running backend sees."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return len(tf.config.list_physical_devices("GPU"))
    if keras.backend.backend() == "torch":
        import torch

        return torch.cuda.device_count()
    devices = keras.distribution.list_devices()
    return sum("cpu" not in device for device in devices)


def installed_gpus() -> list[str]:
    """Names of the NVIDIA GPUs that the driver lists."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return output.stdout.splitlines() if output.returncode == 0 else []


def gpu_warning(name: str) -> str:
    """One line if there is a GPU that the backend does not see, else ""."""
    gpus = installed_gpus()
    if not gpus or visible_gpus():
        return ""
    extra = {"tensorflow": "cuda", "jax": "jax-cuda"}.get(name, "cuda")
    return (
        f"{gpus[0]} is there, but {name} does not see it: training runs on the CPU. "
        f"pip install 'keras-gpt2[{extra}]'"
    )
