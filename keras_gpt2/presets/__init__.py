"""What a model's name means, told from its files alone: no Keras is needed here.

A name is a bundled preset (`tang`), a run folder, a preset folder, a `.keras` file, a
KerasHub name (`gpt2_base_en`), a handle (`hf://OWNER/NAME`, `kaggle://...`), or
`scratch:LAYERSxWIDTHxHEADS` for a model with random weights.
"""

import contextlib
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_gpt2.errors import InputError, UsageError
from keras_gpt2.registry import unknown
from keras_gpt2.runs import Run, finished_runs

BUNDLED = Path(__file__).parent
KERASHUB = (
    "gpt2_base_en",
    "gpt2_medium_en",
    "gpt2_large_en",
    "gpt2_extra_large_en",
    "gpt2_base_en_cnn_dailymail",
)
HANDLE = re.compile(r"(hf|kaggle|modelscope)://.+")
SCRATCH = re.compile(r"scratch:(\d{1,5})x(\d{1,5})x(\d{1,5})")
# Beside KerasHub's files in a preset folder: language, script, sampler, corpus.
FACTS_FILE = "keras_gpt2.json"
# OpenAI's context; also what a model from scratch gets at most.
MAX_CONTEXT = 1024
LANGUAGES = {"zh": "Chinese", "en": "English"}


@dataclass(frozen=True)
class Scratch:
    """Size of a model with random weights."""

    layers: int
    width: int
    heads: int


@dataclass(frozen=True)
class ModelSource:
    """Where a model comes from.

    Args:
        name: str. As the user gave it.
        path: Path or None. Preset folder or .keras file on this disk.
        scratch: Scratch or None. Size, for a model that is yet to be trained.
        is_bundled: bool. Whether it ships with this package.
    """

    name: str
    path: Path | None = None
    scratch: Scratch | None = None
    is_bundled: bool = False

    @property
    def is_keras_file(self) -> bool:
        return self.path is not None and self.path.suffix == ".keras"

    def facts(self) -> dict[str, Any]:
        """What the preset says of itself; empty if it says nothing."""
        return self._json(FACTS_FILE)

    def context(self) -> int:
        """Longest sequence of the model, in tokens; 1024 where no file says."""
        if self.is_keras_file:
            return self._context_in_archive()
        config = self._json("config.json").get("config", {})
        if not isinstance(config, dict):
            raise InputError(f"{self.path}/config.json is damaged. Take a fresh copy")
        return config.get("max_sequence_length", MAX_CONTEXT)

    def _context_in_archive(self) -> int:
        """The same from the config.json in a .keras file, where it lies deep."""
        try:
            with zipfile.ZipFile(self.path or "") as archive:
                text = archive.read("config.json").decode()
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{self.path} is no whole .keras file ({error}). Take a fresh copy"
            ) from error
        found = re.findall(r'"max_sequence_length": (\d+)', text)
        return int(found[0]) if found else MAX_CONTEXT

    def _json(self, name: str) -> dict[str, Any]:
        path = self.path and self.path / name
        if not path or not path.is_file():
            return {}
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise InputError(f"{path} is damaged. Take a fresh copy")
        return value


def names() -> list[str]:
    """Bundled presets, sorted."""
    return sorted(path.parent.name for path in BUNDLED.glob("*/config.json"))


def find(name: str) -> ModelSource:
    """The model a name means.

    Raises:
        UsageError: if no model has that name; names the nearest one.
        InputError: if the name is a folder without a model in it.
    """
    if name in names():
        return ModelSource(name, BUNDLED / name, is_bundled=True)
    if name.startswith("scratch:"):
        return ModelSource(name, scratch=parse_scratch(name))
    if name in KERASHUB or HANDLE.fullmatch(name):
        return ModelSource(name)
    path = Path(name)
    with contextlib.suppress(OSError):  # a name too long for a file
        if path.is_file() and path.suffix == ".keras":
            return ModelSource(name, path)
        if path.is_dir():
            return ModelSource(name, model_folder(path))
    if len(path.parts) > 1:
        raise UsageError(no_such_folder(path))
    known = [*names(), *KERASHUB]
    raise UsageError(
        unknown("models", name, known) + " A folder, .keras file, hf://OWNER/NAME or "
        "scratch:LAYERSxWIDTHxHEADS will do too"
    )


def no_such_folder(path: Path) -> str:
    """What to say of a path that is not there."""
    finished = [run.folder.as_posix() for run in finished_runs()]
    listed = ", ".join(finished) or "none in runs/"
    what = "file" if path.suffix == ".keras" else "folder"
    return f"no such {what}: {path}. Finished runs: {listed}"


def newest(language: str | None) -> ModelSource:
    """The newest finished run of a language, else a bundled preset.

    A run that did not better its base is passed over.

    Args:
        language: "zh", "en", or None for any.

    Raises:
        UsageError: if there is no model of that language here.
    """
    runs = [
        ModelSource(str(run.folder), run.preset)
        for run in finished_runs()
        if not run.is_worse_than_base
    ]
    for source in [*runs, *map(find, names())]:
        with contextlib.suppress(InputError):  # a damaged run is passed over
            if language in (None, source.facts().get("language")):
                return source
    raise UsageError(
        f"no {LANGUAGES.get(language or '', language)} model here: no run in runs/ and "
        "no bundled preset fits the prompt. Name one with --model, such as gpt2_base_en"
    )


def model_folder(path: Path) -> Path:
    """The preset folder in a run folder, or the folder itself if it is one."""
    for folder in (Run(path).preset, path):
        if (folder / "task.json").is_file() or (folder / "model.safetensors").is_file():
            return folder
    if Run(path).is_unfinished:
        raise InputError(
            f"{path} is an unfinished run (no preset/ in it). Start it over with train "
            "--overwrite, or name a finished run"
        )
    raise InputError(
        f"{path} is a folder without a model (no preset/ in it). Name a finished run"
    )


def parse_scratch(name: str) -> Scratch:
    """Size of `scratch:LAYERSxWIDTHxHEADS`.

    >>> parse_scratch("scratch:6x256x4")
    Scratch(layers=6, width=256, heads=4)
    """
    match = SCRATCH.fullmatch(name)
    layers, width, heads = map(int, match.groups()) if match else (0, 0, 0)
    if not (1 <= layers <= 96 and 1 <= heads <= width <= 8192) or width % heads:
        raise UsageError(
            "A model from scratch is scratch:LAYERSxWIDTHxHEADS with a width that is "
            f"a multiple of the heads, such as scratch:6x256x4. Received: {name}"
        )
    return Scratch(layers, width, heads)
