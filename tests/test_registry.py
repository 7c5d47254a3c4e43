"""Plug-ins by file name."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keras_gpt2 import registry
from keras_gpt2.errors import UsageError

ROOT = Path(registry.__file__).parent


@pytest.fixture
def garden(tmp_path, monkeypatch) -> Iterator[Path]:
    """A package `garden` with the plug-ins `rose` and `tulip`."""
    folder = tmp_path / "garden"
    folder.mkdir()
    for name in ("__init__", "tulip", "rose", "_soil"):
        (folder / f"{name}.py").write_text("PETALS = 5\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "garden"]:
        del sys.modules[name]


def test_plugins_are_the_files_sorted_and_without_private_ones(garden):
    assert registry.names("garden") == ["rose", "tulip"]


def test_a_new_file_is_a_plugin_at_once(garden):
    registry.names("garden")
    (garden / "lily.py").write_text("PETALS = 6\n")
    assert registry.names("garden") == ["lily", "rose", "tulip"]
    assert registry.load("garden", "lily").PETALS == 6


@pytest.mark.parametrize("package", ["corpora", "samplers"])
def test_our_plugins_are_our_files(package):
    files = (ROOT / package).glob("[!_]*.py")
    assert registry.names(f"keras_gpt2.{package}") == sorted(f.stem for f in files)


@pytest.mark.parametrize("name", ["_soil", "__init__", "", "../rose", "rose.py"])
def test_what_is_not_listed_is_not_loaded(garden, name):
    with pytest.raises(UsageError, match="Known: rose, tulip"):
        registry.load("garden", name)


def test_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="Unknown corpus 'poetyr'. Did you mean 'po"):
        registry.load("keras_gpt2.corpora", "poetyr")


def test_name_unlike_any_other_is_answered_with_all():
    sentence = registry.unknown("samplers", "xyz", ["greedy", "top_p"])
    assert sentence == "Unknown sampler 'xyz'. Known: greedy, top_p."


def test_missing_library_of_a_plugin_keeps_its_name(garden):
    (garden / "orchid.py").write_text("import a_library_that_is_not_here\n")
    with pytest.raises(ModuleNotFoundError, match="a_library_that_is_not_here"):
        registry.load("garden", "orchid")
