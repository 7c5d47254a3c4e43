"""Options: fields of a settings class that are flags, checked when they are made."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from keras_gpt2.errors import UsageError


@dataclass(frozen=True)
class Interval:
    """A range of numbers, written as in mathematics.

    Args:
        text: str. "(0, 1]": a round bracket excludes its end, a square one includes it.

    >>> 0.0 in Interval("(0, 1]"), 1.0 in Interval("(0, 1]")
    (False, True)
    """

    text: str

    def __contains__(self, value: float) -> bool:
        low, high = (float(end) for end in self.text[1:-1].split(","))
        above = value > low if self.text[0] == "(" else value >= low
        below = value < high if self.text[-1] == ")" else value <= high
        return above and below


def option(
    default: Any,
    help: str,
    *,
    interval: str | None = None,
    choices: tuple[str, ...] | None = None,
    metavar: str | None = None,
) -> Any:
    """A field of a settings class that is also a flag of the command line."""
    metadata = {
        "help": help,
        "interval": interval and Interval(interval),
        "choices": choices,
        "metavar": metavar,
    }
    return dataclasses.field(default=default, metadata=metadata)


def flag(name: str) -> str:
    """The flag that sets a field.

    >>> flag("learning_rate")
    '--learning-rate'
    """
    return "--" + name.replace("_", "-")


def check(settings: Any) -> None:
    """Refuse a settings object with a value outside its field's interval or choices.

    Raises:
        UsageError: names the flag, what it takes, and what it got.
    """
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        interval = field.metadata.get("interval")
        choices = field.metadata.get("choices")
        if value is None:
            continue
        if interval and (value != value or value not in interval):
            expected = f"must be in {interval.text}"
        elif choices and value not in choices:
            expected = f"must be one of {', '.join(choices)}"
        else:
            continue
        raise UsageError(f"{flag(field.name)} {expected}. Received: {value}.")


@dataclass(frozen=True, kw_only=True)
class Config:
    """Base of every command's settings."""

    def __post_init__(self):
        check(self)

    @classmethod
    def resolve(cls, given: Mapping[str, Any], recipe: Mapping[str, Any]) -> Self:
        """Settings from what was given, then the corpus' recipe, then the defaults.

        A recipe's length of training yields to a length given in the other unit.
        """
        recipe = dict(recipe)
        if given.get("epochs") or given.get("steps"):
            recipe.pop("epochs", None)
            recipe.pop("steps", None)
        return cls(**{**recipe, **given})

    @classmethod
    def split(
        cls, settings: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Settings of this command, and the others, which are a corpus' own."""
        fields = {field.name for field in dataclasses.fields(cls)}
        own = {key: value for key, value in settings.items() if key in fields}
        others = {key: value for key, value in settings.items() if key not in fields}
        return own, others

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for config.json."""
        return dataclasses.asdict(self)
