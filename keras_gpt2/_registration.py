"""Makes our classes known to Keras once KerasHub is imported, before or after us.

Keras finds a saved object's class in its registry alone. Importing Keras along with
this package would fill the registry too, and make every `--help` wait for seconds.
"""

import importlib
import importlib.abc
import importlib.util
import sys

KERASHUB = "keras_hub"
CLASSES = ("keras_gpt2.tokenizers.chinese", "keras_gpt2.tokenizers.english")


class AfterKerasHub(importlib.abc.MetaPathFinder):
    """Imports our classes right after KerasHub itself."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != KERASHUB:
            return None
        sys.meta_path.remove(self)  # lest it finds itself
        try:
            spec = importlib.util.find_spec(KERASHUB)
        finally:
            sys.meta_path.insert(
                0, self
            )  # a look is no import: stay until there is one
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_register(module):
            sys.meta_path.remove(self)
            execute(module)
            import_classes()

        spec.loader.exec_module = execute_and_register
        return spec


def register() -> None:
    """Register now if KerasHub is there, else when it comes."""
    if KERASHUB in sys.modules:
        import_classes()
    else:
        sys.meta_path.insert(0, AfterKerasHub())


def import_classes() -> None:
    """Import them; each registers itself."""
    for name in CLASSES:
        importlib.import_module(name)
