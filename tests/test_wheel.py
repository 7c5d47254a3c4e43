"""The wheel alone, installed far from the checkout, trains and generates offline."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "keras_gpt2"
SAMPLES = CHECKOUT / "data" / "samples"
NOT_IN_CORE = ("torch", "bert-score", "tensorflow-datasets", "gradio")


def python(*arguments, **options) -> str:
    """What this interpreter prints on stdout."""
    result = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        **options,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def files(folder: Path) -> list[str]:
    """Paths of the files below a folder, relative to its parent."""
    return [
        path.relative_to(folder.parent).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", folder, CHECKOUT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """installed(*arguments): Python where the package is that of the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    pip = ["-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    python(*pip, "--target", folder / "site", wheel)
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    environment = os.environ | {
        "PYTHONPATH": str(folder / "site"),
        "PYTHONUTF8": "1",
        "HF_HUB_OFFLINE": "1",
    }
    return lambda *arguments: python(*arguments, cwd=elsewhere, env=environment)


def test_wheel_holds_every_file_of_the_package_and_the_samples(wheel):
    held = zipfile.ZipFile(wheel).namelist()
    samples = [f"keras_gpt2/data/{name}" for name in files(SAMPLES)]
    assert set(files(PACKAGE) + samples) <= set(held)
    assert "keras_gpt2/presets/tang/config.json" in held
    assert "keras_gpt2/data/samples/poetry/全唐诗/poet.tang.0.json" in held


def test_wheel_holds_nothing_but_the_package(wheel):
    held = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0].split("-")[0] for name in held}
    assert tops == {"keras_gpt2"}


def test_core_does_not_ask_for_what_only_extras_need(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(x for x in archive.namelist() if x.endswith("/METADATA"))
        lines = archive.read(name).decode().splitlines()
    core = [
        line.removeprefix("Requires-Dist: ")
        for line in lines
        if line.startswith("Requires-Dist: ") and "extra ==" not in line
    ]
    assert any(line.startswith("keras-hub") for line in core)
    assert [line for line in core if line.startswith(NOT_IN_CORE)] == []


def test_installed_package_is_not_that_of_the_checkout(installed):
    path = installed("-c", "import keras_gpt2; print(keras_gpt2.__file__)")
    assert not Path(path.strip()).is_relative_to(CHECKOUT)


def test_installed_package_trains_and_generates(installed):
    command = ["-m", "keras_gpt2"]
    trained = installed(
        *command, "train", "--preset", "scratch:2x32x2", "--steps", 2,
        "--sequence-length", 64, "--output", "run",
    )  # fmt: skip
    assert trained.strip() == "run"
    prompt = "春眠不觉晓"
    text = installed(
        *command, "generate", "--model", "tang", "--prompt", prompt, "--seed", 0,
        "--max-new-tokens", 8,
    )  # fmt: skip
    assert text.startswith(prompt) and len(text.strip()) > len(prompt)
