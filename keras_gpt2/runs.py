"""Run folders: where a training leaves what it made.

runs/poetry/
├── config.json     settings, versions, account of the data, results
├── history.csv     one line per epoch
├── samples.txt     a text per epoch
├── checkpoints/    best weights so far
├── logs/           TensorBoard
├── preset/         best weights, tokenizer; present when the run has finished
└── model.keras     the same in one file
"""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_gpt2.errors import StorageError, UsageError, reason_of

RUNS = Path("runs")
CONFIG_FILE = "config.json"
# By these a run's config.json is told from the many others of that name.
OWN_FACTS = {"config", "data", "versions"}
JUDGED_BY = "bits_per_character"


@dataclass(frozen=True)
class Run:
    """A run folder.

    Args:
        folder: Path. The folder, which may not exist yet.
    """

    folder: Path

    @property
    def preset(self) -> Path:
        return self.folder / "preset"

    @property
    def keras_file(self) -> Path:
        return self.folder / "model.keras"

    @property
    def is_finished(self) -> bool:
        return self.preset.is_dir()

    @property
    def is_empty(self) -> bool:
        return not self.folder.exists() or not any(self.folder.iterdir())

    def read_config(self) -> dict[str, Any]:
        """What config.json says; empty if there is none that can be read."""
        try:
            text = (self.folder / CONFIG_FILE).read_text(encoding="utf-8")
            value = json.loads(text)
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def is_run(self) -> bool:
        """Whether the folder is one that a training made, finished or not."""
        return self.read_config().keys() >= OWN_FACTS

    @property
    def is_unfinished(self) -> bool:
        """Whether a training made the folder and left it before its end."""
        return self.is_run and not self.is_finished

    @property
    def is_worse_than_base(self) -> bool:
        """Whether the model it began with was as good, in bits per character."""
        try:
            result = self.read_config()["result"]
            best, before = (result[key][JUDGED_BY] for key in ("best", "before"))
            return best >= before
        except (TypeError, KeyError):
            return False  # it does not say

    def create(self) -> None:
        """Make the folder, empty.

        Raises:
            UsageError: if it holds something that is no run.
            StorageError: if it cannot be made.
        """
        if not self.is_empty and not self.is_run:
            raise UsageError(f"{self.folder} is no longer empty. Choose another folder")
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def write_config(self, facts: dict[str, Any]) -> None:
        """Write config.json: "config", "data", "versions", and later "result"."""
        text = json.dumps(facts, ensure_ascii=False, indent=2)
        (self.folder / CONFIG_FILE).write_text(text + "\n", encoding="utf-8")


@contextlib.contextmanager
def told_when_stopped(run: Run) -> Iterator[None]:
    """Has Ctrl-C say where the run stands that it leaves unfinished."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if run.is_unfinished:
            stop.args = (
                f"{run.folder} is left unfinished. The same command with --overwrite "
                "starts it over",
            )
        raise


def new_run(corpus: str, output: str | None, overwrite: bool) -> Run:
    """A run folder that a training may make its own; nothing is touched yet.

    Without `output`, runs/CORPUS, or runs/CORPUS-2, -3 ... after finished runs.

    Raises:
        UsageError: if the folder holds something, and `overwrite` is not set or it is
            no run.
    """
    run = Run(Path(output)) if output else next_free(corpus)
    if run.folder.exists() and not run.folder.is_dir():
        raise UsageError(f"--output must be a folder. Received the file {run.folder}")
    if run.is_empty or (overwrite and run.is_run):
        return run
    if overwrite:
        raise UsageError(
            f"{run.folder} does not look like a run, so --overwrite leaves it alone. "
            "Choose another folder with --output"
        )
    state = "is not empty" if output else "holds an unfinished run"
    raise UsageError(
        f"{run.folder} {state}. Choose another folder with --output, or empty this "
        "one with --overwrite"
    )


def probe(folder: Path) -> None:
    """Refuse a folder that could not be written; nothing is left behind.

    Raises:
        StorageError: if the nearest folder above that exists takes no file.
    """
    try:
        place = folder
        while not place.exists():
            place = place.parent
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"0")
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(folder: Path, error: OSError) -> StorageError:
    """What to say of a folder that the system refuses."""
    return StorageError(
        f"cannot write to {folder} ({reason_of(error)}). Choose another folder with "
        "--output"
    )


def next_free(corpus: str) -> Run:
    """The first of runs/CORPUS, -2, -3 ... that is not a finished run."""
    number = 1
    while True:
        suffix = "" if number == 1 else f"-{number}"
        run = Run(RUNS / f"{corpus}{suffix}")
        if not run.is_finished:
            return run
        number += 1


def finished_runs() -> Iterator[Run]:
    """Finished runs below runs/, the newest first."""
    folders = RUNS.iterdir() if RUNS.is_dir() else ()
    runs = [run for run in map(Run, folders) if run.is_finished]
    return iter(sorted(runs, key=lambda run: run.preset.stat().st_mtime, reverse=True))
