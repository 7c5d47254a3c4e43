"""Lines for a person, on stderr; results go to stdout."""

import re
import sys
from typing import Self

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, TextColumn

# C0 and C1 controls but tab and line end: a model can repeat a corpus' escapes.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Console:
    """Labelled lines and a progress bar; no bar where stderr is no terminal.

    A context manager: however it is left, the terminal is as it was.
    """

    def __init__(self):
        self.rich = RichConsole(stderr=True, highlight=False, soft_wrap=True)
        self.progress = Progress(
            TextColumn("{task.percentage:>3.0f} %"),
            BarColumn(),
            TextColumn("{task.description}"),
            console=self.rich,
            transient=True,
            redirect_stdout=False,  # results must reach their pipe
            disable=not self.rich.is_terminal,
        )
        self.task = self.progress.add_task("", total=1.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.progress.stop()

    def say(self, label: str, text: str) -> None:
        """A line such as `before  validation 7.11 bits/character`."""
        self.rich.print(f"{label:<8}{harmless(text)}", markup=False)

    def warn(self, text: str) -> None:
        """A line that begins `warning`, if there is something to warn of."""
        if text:
            self.say("warning", text)

    def show(self, share: float, text: str) -> None:
        """Draw the progress, a share from 0 to 1."""
        self.progress.start()
        self.progress.update(self.task, completed=share, description=text)


def harmless(text: str) -> str:
    """The text with control characters as visible pictures.

    >>> harmless("\\x1b[31m")
    '␛[31m'
    """
    return CONTROL.sub(lambda match: picture(match[0]), text)


def picture(control: str) -> str:
    """Visible stand-in of a control character."""
    code = ord(control)
    return chr(0x2400 + code) if code < 0x20 else "\N{SYMBOL FOR DELETE}"


def print_result(text: str) -> None:
    """A result on stdout; on a terminal without control characters."""
    print(harmless(text) if sys.stdout.isatty() else text)
