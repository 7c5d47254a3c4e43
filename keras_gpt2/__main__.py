"""The command line: `python -m keras_gpt2 VERB`, or `keras-gpt2 VERB`."""

import ast
import contextlib
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TextIO, cast

from keras_gpt2 import __version__, commands, installation, registry
from keras_gpt2.commandline import Parser
from keras_gpt2.errors import KerasGPT2Error, StorageError, UsageError, reason_of

INTERRUPTED = 130
TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM: a stop like Ctrl-C, but for its exit code."""


def main(argv: list[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: list of str, or None for the process' own arguments.

    Returns:
        Exit code: 0; 2 usage; 3 bad input, corpus or model; 4 disk, port, permission;
        6 training diverged; 130, 143 on SIGINT, SIGTERM.
    """
    argv = sys.argv[1:] if argv is None else argv
    debug = "--debug" in argv
    signal.signal(signal.SIGTERM, terminate)
    speak_utf8()
    try:
        with contextlib.redirect_stdout(cast(TextIO, Results(sys.stdout))):
            run([word for word in argv if word != "--debug"])
            sys.stdout.flush()
    except KerasGPT2Error as error:
        return fail(error, error.exit_code, debug)
    except BrokenPipeError:  # `| head -1` has what it wanted
        discard_stdout()
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("keras_gpt2"):
            raise  # a fault of ours, which the traceback tells best
        return fail(needed(error), UsageError.exit_code, debug)
    except OSError as error:
        return fail(in_words(error), StorageError.exit_code, debug)
    except KeyboardInterrupt as stop:
        stopped = "terminated" if isinstance(stop, Terminated) else "interrupted"
        print(*[stopped, *stop.args], sep=": ", file=sys.stderr)
        return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED
    return 0


def terminate(*_) -> NoReturn:
    """Answer SIGTERM."""
    raise Terminated


def discard_stdout() -> None:
    """Send to nowhere what stdout still holds, lest Python complains at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def needed(error: ModuleNotFoundError) -> Exception:
    """A missing library with the line that installs it."""
    if "pip install" in str(error):  # a plug-in's own words
        return error
    return UsageError(installation.missing(str(error.name))).with_traceback(
        error.__traceback__
    )


def in_words(error: OSError) -> Exception:
    """An error of the system as one of ours: which file, why, what to do."""
    where = error.filename or "a file"
    told = StorageError(
        f"cannot read or write {where} ({reason_of(error)}). Check its permissions and "
        "the room on the disk"
    )
    return told.with_traceback(error.__traceback__)


class Results:
    """stdout, by name where it cannot be written: the system's error has none.

    Args:
        stream: text stream. The real stdout.
    """

    def __init__(self, stream: TextIO):
        self.stream = stream

    def __getattr__(self, name: str):
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        return self.attempt(self.stream.write, text)

    def flush(self) -> None:
        self.attempt(self.stream.flush)

    def attempt(self, act: Callable, *arguments):
        """Do it; a failure names stdout."""
        try:
            return act(*arguments)
        except BrokenPipeError:
            raise
        except OSError as error:
            discard_stdout()
            error.filename = "stdout"
            raise


def speak_utf8() -> None:
    """UTF-8 on pipes and in files, whatever the locale; a terminal keeps its own."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = None if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="replace")


def fail(error: Exception, code: int, debug: bool) -> int:
    """Tell a mistake in one line."""
    if debug:
        traceback.print_exception(error)
    message = " ".join(str(error).split())
    print(f"error: {message}", file=sys.stderr)
    return code


def run(argv: list[str]) -> None:
    """Parse and carry out."""
    known = registry.names(commands.__name__)
    if not argv or argv[0] in ("-h", "--help"):
        print(overview(known))
        return
    verb, *rest = argv
    if verb == "--version":
        print(__version__)
        return
    if verb not in known:
        raise UsageError(registry.unknown("commands", verb, known))
    command = registry.load(commands.__name__, verb)
    parser = Parser(prog=f"keras-gpt2 {verb}", description=command.__doc__)
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    command.add_arguments(parser)
    given = vars(parser.parse_args(rest))
    installation.check_core()
    command.run(given)


def overview(known: list[str]) -> str:
    """The verbs with a line each; read from their files, which are not imported."""
    folder = Path(commands.__file__).parent
    lines = ["usage: keras-gpt2 VERB [--flags], keras-gpt2 VERB --help", ""]
    for name in known:
        source = (folder / f"{name}.py").read_text(encoding="utf-8")
        summary = (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]
        lines.append(f"  {name:<10} {summary}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
