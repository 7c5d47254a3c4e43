"""What TensorFlow and others read from the environment when they are imported."""

import contextlib
import os
import sys
from collections.abc import Iterator

# Quiet logs, memory taken as needed, nothing sent anywhere.
ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def set_defaults() -> None:
    """Set what is not set yet; too late, and left alone, once TensorFlow is there."""
    if "tensorflow" not in sys.modules:
        for key, value in ENVIRONMENT.items():
            os.environ.setdefault(key, value)


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drops what is written to file descriptor 2.

    TensorFlow logs while it is imported, before it reads TF_CPP_MIN_LOG_LEVEL.
    """
    if sys.stderr is not None:  # pythonw has none
        sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # closed: nothing can be written to it
        yield
        return
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
