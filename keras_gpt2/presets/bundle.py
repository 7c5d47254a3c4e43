"""python -m keras_gpt2.presets.bundle RUN NAME: ship a finished run with the package.

Keeps the preset alone, its weights in float16, half the size. What the model is, who
made its data and how good it is stands in the README.md beside it, by hand.
"""

import shutil
import sys
from pathlib import Path

import h5py
import numpy as np

from keras_gpt2.presets import BUNDLED, find

WEIGHTS = "model.weights.h5"


def bundle(run: str, name: str) -> Path:
    """Copy a run's preset into the package.

    Args:
        run: str. Folder of a finished run.
        name: str. Name of the bundled preset; one of that name is replaced.

    Returns:
        Path of the bundled preset.
    """
    source, target = find(run).path, BUNDLED / name
    if source is None:
        raise ValueError(f"`run` must be a folder. Received: {run}")
    model_card = target / "README.md"
    card = model_card.read_text(encoding="utf-8") if model_card.exists() else None
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    halve(source / WEIGHTS, target / WEIGHTS)
    if card is not None:
        model_card.write_text(card, encoding="utf-8")
    return target


def halve(source: Path, target: Path) -> None:
    """Copy a weights file with its float32 arrays as float16."""
    with h5py.File(source) as old, h5py.File(target, "w") as new:

        def copy(name: str, item) -> None:
            if isinstance(item, h5py.Dataset):
                value = item[()]
                is_float = value.dtype == np.float32
                new[name] = value.astype(np.float16) if is_float else value
                owner = new[name]
            else:
                owner = new.require_group(name)
            owner.attrs.update(item.attrs)

        old.visititems(copy)
        new.attrs.update(old.attrs)


if __name__ == "__main__":
    print(bundle(*sys.argv[1:]))
