"""Imports run only towards lower layers, and siblings never import each other.

Read from the source, so that an import inside a function counts too. What the registry
loads by name, and what `keras_gpt2` imports on first use, is no import of theirs.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import keras_gpt2

ROOT = "keras_gpt2"
# From the ground up: each file or folder of the package imports from the lines above
# its own. A new one fails these tests until it is given its place.
LAYERS = (
    "_environment _registration",
    ROOT,
    "errors",
    "installation",
    "backend batching console estimates registry runs script",
    "options",
    "config encodings files",
    "commandline corpora presets tokenizers",
    "tokens",
    "cache datasets losses models samplers schedules",
    "pipelines preparation",
    "plan",
    "account callbacks generation",
    "fitting",
    "training",
    "commands",
    "__main__",
)
HEIGHT = {name: i for i, line in enumerate(LAYERS) for name in line.split()}


def modules() -> dict[str, Path]:
    """Files of the package by dotted name."""
    folder = Path(keras_gpt2.__file__).parent
    paths = sorted(folder.rglob("*.py"))
    return {dotted_name(path.relative_to(folder.parent)): path for path in paths}


def dotted_name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


MODULES = modules()


def room(module: str) -> str:
    """The file or folder of the package that a module is, or is in."""
    return module.split(".")[1] if "." in module else module


def imports(source: str) -> Iterator[str]:
    """What a source imports: dotted names of modules."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                member = f"{module}.{alias.name}"
                yield member if member in MODULES else module


def is_allowed(importer: str, imported: str) -> bool:
    """Whether a module of the package may import another module."""
    if imported.startswith("."):
        return False  # the package writes its imports in full
    if imported.split(".")[0] != ROOT:
        return True
    if room(importer) != room(imported):
        return HEIGHT[room(imported)] < HEIGHT[room(importer)]
    is_folder = imported.count(".") == 1
    return is_folder or imported.rsplit(".", 1)[1].startswith("_")


def forbidden_imports(module: str, source: str) -> list[str]:
    """Modules that a module's source imports and may not."""
    return [name for name in imports(source) if not is_allowed(module, name)]


def test_every_file_has_its_place_in_the_table():
    assert {room(module) for module in MODULES} == HEIGHT.keys()


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_towards_lower_layers(module):
    source = MODULES[module].read_text(encoding="utf-8")
    assert forbidden_imports(module, source) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("keras_gpt2.errors", "import keras_gpt2.registry"),
        ("keras_gpt2.config", "def later():\n    from keras_gpt2 import training"),
        ("keras_gpt2.models", "from keras_gpt2.plan import make_plan"),
        ("keras_gpt2.samplers.greedy", "from keras_gpt2.samplers import top_k"),
        ("keras_gpt2.samplers.greedy", "from keras_gpt2.samplers.top_k import build"),
        ("keras_gpt2.corpora.poetry", "from . import _open"),
    ],
    ids=["upward", "in a function", "sibling", "plug-in", "its member", "relative"],
)
def test_a_wrong_import_is_found(module, source):
    assert len(forbidden_imports(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("keras_gpt2.training", "from keras_gpt2 import callbacks, errors"),
        ("keras_gpt2.corpora.poetry", "from keras_gpt2.corpora._corpus import Row"),
        ("keras_gpt2.presets.bundle", "from keras_gpt2.presets import find"),
        ("keras_gpt2.__main__", "from keras_gpt2 import __version__"),
        ("keras_gpt2.errors", "import keras, keras_hub\nfrom json import loads"),
    ],
    ids=["downward", "own private file", "own folder", "version", "other packages"],
)
def test_a_right_import_is_let_through(module, source):
    assert forbidden_imports(module, source) == []
