"""Which Keras backend runs, decided before Keras is imported."""

import contextlib
import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator

from keras_gpt2.errors import UsageError

# Quiet logs, memory taken as needed, nothing sent anywhere.
ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
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
    for key, value in ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    if name == "auto":
        installed = next(filter(is_installed, PREFERRED), PREFERRED[0])
        name = os.environ.get("KERAS_BACKEND") or installed
    if not is_installed(name):
        raise UsageError(f"backend {name} is not installed. Get it: pip install {name}")
    os.environ["KERAS_BACKEND"] = name
    with quiet_stderr():
        importlib.import_module(name)
    return name


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drops what is written to file descriptor 2.

    TensorFlow logs while it is imported, before it reads TF_CPP_MIN_LOG_LEVEL.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def is_installed(module: str) -> bool:
    """Whether a module can be imported; it is not."""
    return importlib.util.find_spec(module) is not None


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
