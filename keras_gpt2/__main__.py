"""The command line: `python -m keras_gpt2 VERB`, or `keras-gpt2 VERB`."""

import ast
import io
import os
import signal
import sys
import traceback
from pathlib import Path

from keras_gpt2 import __version__, commands, registry
from keras_gpt2.commandline import Parser
from keras_gpt2.errors import KerasGPT2Error, StorageError, UsageError

INTERRUPTED = 130
TERMINATED = 143


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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    speak_utf8()
    try:
        run([word for word in argv if word != "--debug"])
        sys.stdout.flush()
    except KerasGPT2Error as error:
        return fail(error, error.exit_code, debug)
    except BrokenPipeError:  # `| head -1` has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        return fail(error, StorageError.exit_code, debug)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


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
    command.run(vars(parser.parse_args(rest)))


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
