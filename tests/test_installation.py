"""What is missing is told in one line, with the way to get it."""

import re
import tomllib
from pathlib import Path

import pytest

from keras_gpt2 import backend, installation
from keras_gpt2.__main__ import main
from keras_gpt2.commands import corpora
from keras_gpt2.errors import UsageError

ROOT = Path(__file__).parents[1]


def test_the_core_is_what_the_package_depends_on():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.split(r"[^\w-]", line)[0] for line in project["dependencies"]]
    assert set(installation.CORE) <= {name.replace("-", "_") for name in names}


def test_a_checkout_names_its_virtual_environment(tmp_path):
    line = installation.missing("numpy", ROOT)
    assert ".venv" in line and "pip install -c requirements.txt -e ." in line
    assert "pip install keras-gpt2" in installation.missing("numpy", tmp_path)


@pytest.mark.parametrize("verb", ["train", "generate", "corpora"])
def test_a_system_python_is_told_of_the_virtual_environment(verb, monkeypatch, capsys):
    monkeypatch.setattr(installation, "CORE", ("keras_gpt2", "no_such_module"))
    assert main([verb]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: no_such_module is not installed for ")
    assert ".venv" in error and error.count("\n") == 1


def test_tensorflow_counts_as_core_where_no_backend_is_there(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(backend, "is_installed", lambda name: False)
    with pytest.raises(UsageError, match="tensorflow is not installed for .*venv"):
        backend.choose()
    with pytest.raises(UsageError, match="backend jax .* pip install jax"):
        backend.choose("jax")


def raising(error: BaseException):
    """A verb that fails with this error."""

    def run(given):
        raise error

    return run


@pytest.mark.parametrize(
    ("message", "name", "told"),
    [
        ("Parquet wants pyarrow: pip install 'x[parquet]'", "pyarrow", "Parquet wants"),
        ("No module named 'absl'", "absl", "absl is not installed for"),
    ],
    ids=["plug-in's own", "any other"],
)
def test_a_missing_library_is_one_line(message, name, told, monkeypatch, capsys):
    error = ModuleNotFoundError(message, name=name)
    monkeypatch.setattr(corpora, "run", raising(error))
    assert main(["corpora"]) == 2
    line = capsys.readouterr().err
    assert line.startswith(f"error: {told}") and "pip install" in line


def test_a_fault_of_our_own_is_not_hidden(monkeypatch):
    error = ModuleNotFoundError("No module named 'keras_gpt2.x'", name="keras_gpt2.x")
    monkeypatch.setattr(corpora, "run", raising(error))
    with pytest.raises(ModuleNotFoundError):
        main(["corpora"])


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(30, "Read-only file system", "runs/x"), "runs/x (read-only file sys"),
        (OSError(28, "No space left on device"), "a file (no space left on device)"),
        (OSError("Unable to open file"), "a file (unable to open file)"),
    ],
    ids=["named", "nameless", "h5py's"],
)
def test_an_error_of_the_system_is_one_of_ours(error, told, monkeypatch, capsys):
    monkeypatch.setattr(corpora, "run", raising(error))
    assert main(["corpora"]) == 4
    line = capsys.readouterr().err
    assert line.startswith(f"error: cannot read or write {told}")
    assert "Errno" not in line


@pytest.mark.parametrize(
    ("words", "line"),
    [(("runs/x is left",), "interrupted: runs/x is left\n"), ((), "interrupted\n")],
)
def test_an_interruption_says_what_is_left(words, line, monkeypatch, capsys):
    monkeypatch.setattr(corpora, "run", raising(KeyboardInterrupt(*words)))
    assert main(["corpora"]) == 130
    assert capsys.readouterr().err == line
