"""Flags from the fields of a settings class."""

import argparse
import dataclasses
import difflib
import types
import typing
from collections.abc import Callable
from typing import Any, NoReturn

from keras_gpt2.errors import UsageError
from keras_gpt2.options import flag


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose mistakes are `UsageError`s and which guesses nothing."""

    def __init__(self, **options):
        super().__init__(
            allow_abbrev=False,
            argument_default=argparse.SUPPRESS,
            formatter_class=argparse.HelpFormatter,
            **options,
        )

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ")
        raise UsageError(f"{message}. {self.hint(message)}See: {self.prog} --help")

    def hint(self, message: str) -> str:
        """What words that are no flag may have been meant for, or ""."""
        words = message.removeprefix("unrecognized arguments: ").split()
        if len(words) == len(message.split()):
            return ""  # another mistake
        known = list(self._option_string_actions)
        for word in words:
            near = difflib.get_close_matches(word.partition("=")[0], known, n=1)
            if word.startswith("--") and near:
                return f"Did you mean {near[0]}? "
        if "--prompt" in known and not words[0].startswith("-"):
            return "A text to continue goes after --prompt. "
        return ""


def add_options(parser, settings: type, without: frozenset[str] = frozenset()) -> None:
    """A flag for each field of a dataclass.

    Args:
        parser: argparse parser or group.
        settings: dataclass whose fields have "help" in their metadata.
        without: fields to leave out.
    """
    kinds = typing.get_type_hints(settings)
    for field in dataclasses.fields(settings):
        if "help" in field.metadata and field.name not in without:
            parser.add_argument(
                flag(field.name),
                dest=field.name,
                help=describe(field),
                **reading(kinds[field.name], field.metadata),
            )


def describe(field: dataclasses.Field) -> str:
    """Help of a field, with its default where it has one."""
    text = field.metadata["help"].replace("%", "%%")
    shown = field.default not in (None, False, ()) and "(default: " not in text
    return f"{text} (default: {field.default})" if shown else text


def reading(kind: Any, metadata) -> dict[str, Any]:
    """How argparse reads a field of a type."""
    if isinstance(kind, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if kind is bool:
        return {"action": "store_true"}
    metavar = metadata.get("metavar") or {int: "N", float: "X"}.get(kind, "TEXT")
    if choices := metadata.get("choices"):
        metavar = "{" + ",".join(choices) + "}"
    if typing.get_origin(kind) is tuple:
        return {"action": "append", "metavar": metavar}
    return {"type": READERS[kind], "metavar": metavar}


def number(convert: Callable[[str], Any], what: str) -> Callable[[str], Any]:
    """A reader of numbers that says what it expected."""

    def read(text: str):
        try:
            return convert(text)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"expected {what}. Received: {text}"
            ) from None

    return read


READERS = {
    str: str,
    int: number(int, "a whole number"),
    float: number(float, "a number"),
}
