"""The README's commands do what it says: each is run as it stands, in its order.

They run in this process, which has imported Keras already. `make demo`, which CI runs
as well, starts the first training as a user does.
"""

import contextlib
import io
import re
import runpy
import shutil
import signal
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
# The one long command: `make demo` runs it, here only `make slow` does.
DEMO = ["python", "train.py", "--corpus", "poetry"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with the scripts, where runs/ is empty at first."""
    folder = tmp_path_factory.mktemp("readme")
    for script in ("train.py", "generate.py"):
        shutil.copy(ROOT / script, folder)
    return folder


@pytest.fixture
def run(folder, monkeypatch):
    """run(*arguments): what `python` with these arguments prints on stdout."""
    monkeypatch.chdir(folder)
    terminate = signal.getsignal(signal.SIGTERM)

    def run(name: str, *arguments: str) -> str:
        if name == "-m":
            package, *rest = arguments
            name, arguments = str(ROOT / package / "__main__.py"), tuple(rest)
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        with contextlib.redirect_stdout(io.StringIO()) as output:
            with pytest.raises(SystemExit) as stopped:
                runpy.run_path(name, run_name="__main__")
        assert not stopped.value.code
        return output.getvalue()

    yield run
    signal.signal(signal.SIGTERM, terminate)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(command, marks=[pytest.mark.slow] if command == DEMO else [])
        for command in COMMANDS
    ],
    ids=" ".join,
)
def test_command_runs(command, run):
    output = run(*command[1:])
    assert output.strip() or "--dry-run" in command
    if "--prompt" in command and "--json" not in command:
        assert output.startswith(command[command.index("--prompt") + 1])


def test_python_example_runs(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (example,) = blocks("python")
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(example, "README.md", "exec"), {})
    assert output.getvalue().startswith("春眠不觉晓")


def test_demo_is_what_the_readme_shows():
    recipe = re.search(
        r"^demo:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.M
    )
    assert recipe
    commands = [line.split()[1:] for line in recipe[1].splitlines()]
    assert [["python", *command] for command in commands][0] == DEMO
    assert all(["python", *command] in COMMANDS for command in commands)


def test_files_it_names_are_there():
    names = re.findall(r"\]\(([^)#:]+)\)", README)
    assert names and all((ROOT / name).exists() for name in names)


def test_its_tree_is_the_package():
    listed = set(re.findall(r"^[├└]── (\w+)", README, re.MULTILINE))
    there = {path.stem for path in (ROOT / "keras_gpt2").iterdir()}
    assert listed and listed <= there
