"""Examine this machine: versions, backend, devices, memory, disk, presets, corpora."""

import importlib.metadata
import json
import os
import platform
import shutil
from collections.abc import Iterator
from typing import Any

from keras_gpt2 import __version__, backend, corpora, presets
from keras_gpt2.commandline import add_options
from keras_gpt2.config import DoctorConfig
from keras_gpt2.estimates import machine_memory

PACKAGES = ("keras", "keras-hub", "tensorflow", "tensorflow-text", "jax", "torch")
# A training of `tang` takes about 1.5 GB of memory and 0.1 GB of disk.
LITTLE_MEMORY_GB = 4
LITTLE_DISK_GB = 2


def add_arguments(parser) -> None:
    """The flags of the examination."""
    add_options(parser, DoctorConfig)


def run(given: dict[str, Any]) -> None:
    """Print a line for each finding."""
    config = DoctorConfig(**given)
    findings = dict(examine(config.backend))
    if config.json:
        print(json.dumps(findings, ensure_ascii=False, indent=2))
        return
    for label, finding in findings.items():
        print(f"{label:<17}{finding}")


def examine(name: str) -> Iterator[tuple[str, str]]:
    """Label and finding of each check; what to do stands in the finding."""
    yield "keras_gpt2", f"{__version__}, Python {platform.python_version()}"
    for package in PACKAGES:
        yield package, version(package)
    name = backend.choose(name)
    yield "backend", f"{name}, {os.cpu_count()} cores, {platform.machine()}"
    yield "GPU", backend.gpu_warning(name) or gpus()
    yield "memory", memory()
    free = shutil.disk_usage(".").free / 1e9
    yield "disk", f"{free:.0f} GB free" + advice(free, LITTLE_DISK_GB, "make room")
    bundled = ", ".join(presets.names()) or "none: reinstall keras_gpt2"
    yield "presets", f"{bundled} (bundled)"
    for corpus in corpora.names():
        yield f"corpus {corpus}", corpora.on_disk(corpus)


def version(package: str) -> str:
    """Installed version of a package, or how to get it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return f"not installed (pip install {package}, if you need it)"


def gpus() -> str:
    """GPUs the backend sees."""
    return f"{backend.visible_gpus() or 'none'} seen by the backend"


def memory() -> str:
    """Memory of the machine, where the system tells it."""
    total = machine_memory() / 1e9
    if total == float("inf"):
        return "unknown"
    return f"{total:.0f} GB" + advice(total, LITTLE_MEMORY_GB, "use --batch-size 4")


def advice(value: float, little: float, remedy: str) -> str:
    """What to do where there is little."""
    return f" (little: {remedy})" if value < little else ""
