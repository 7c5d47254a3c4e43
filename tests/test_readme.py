"""The README's commands do what it says: each is run as it stands, in its order."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


COMMANDS = [
    line.partition("  #")[0].split()
    for block in blocks("sh")
    for line in block.splitlines()
    if line.startswith("python ")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with the scripts, where runs/ is empty at first."""
    folder = tmp_path_factory.mktemp("readme")
    for script in ("train.py", "generate.py"):
        shutil.copy(ROOT / script, folder)
    return folder


def run(arguments: list[str], folder: Path) -> str:
    """What Python prints on stdout."""
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=280,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_command_runs(command, folder):
    output = run(command[1:], folder)
    assert output.strip() or "--dry-run" in command
    if "--prompt" in command and "--json" not in command:
        assert output.startswith(command[command.index("--prompt") + 1])


def test_python_example_runs(folder):
    (example,) = blocks("python")
    assert run(["-c", example], folder).startswith("春眠不觉晓")


def test_files_it_names_are_there():
    names = re.findall(r"\]\(([^)#:]+)\)", README)
    assert names and all((ROOT / name).exists() for name in names)


def test_its_tree_is_the_package():
    listed = set(re.findall(r"^[├└]── (\w+)", README, re.MULTILINE))
    there = {path.stem for path in (ROOT / "keras_gpt2").iterdir()}
    assert listed and listed <= there
