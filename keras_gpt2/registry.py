"""Plug-ins by file name: a file in a package's folder is a plug-in of that name.

>>> names("keras_gpt2.samplers")[:2]
['beam', 'contrastive']
"""

import difflib
import importlib
import pkgutil
from types import ModuleType

from keras_gpt2.errors import UsageError


def names(package: str) -> list[str]:
    """Names of the plug-ins of a package, sorted.

    Args:
        package: str. Dotted name, such as "keras_gpt2.corpora".

    Returns:
        list of str: the file names without ".py", those starting with "_" left out.
    """
    folder = importlib.import_module(package).__path__
    found = (module.name for module in pkgutil.iter_modules(folder))
    return sorted(name for name in found if not name.startswith("_"))


def load(package: str, name: str) -> ModuleType:
    """Import one plug-in.

    Args:
        package: str. Dotted name, such as "keras_gpt2.corpora".
        name: str. As listed by `names`.

    Raises:
        UsageError: if there is no such plug-in; names the nearest one.
        ModuleNotFoundError: if a library the plug-in needs is not installed.
    """
    known = names(package)
    if name not in known:
        raise UsageError(unknown(package.rpartition(".")[2], name, known))
    return importlib.import_module(f"{package}.{name}")


def unknown(kind: str, name: str, known: list[str]) -> str:
    """The sentence for a name that does not exist.

    >>> unknown("corpora", "poetyr", ["lyrics", "poetry"])
    "Unknown corpus 'poetyr'. Did you mean 'poetry'? Known: lyrics, poetry."
    """
    singular = {"corpora": "corpus"}.get(kind, kind.removesuffix("s"))
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"Unknown {singular} '{name}'.{hint} Known: {', '.join(known)}."
