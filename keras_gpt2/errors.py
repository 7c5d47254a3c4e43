"""What can go wrong in a way a person can mend.

KerasGPT2Error              exit 1
├── UsageError              exit 2   a setting is wrong by itself
├── InputError              exit 3   a corpus, prompt or model cannot be used
├── StorageError            exit 4   disk, port, permission
└── DivergedError           exit 6   training produced NaN, or unlearnt its base
"""


class KerasGPT2Error(Exception):
    """A foreseeable mistake, told in one line.

    Args:
        message: str. "what (where). what to do", one line.
    """

    exit_code = 1


class UsageError(KerasGPT2Error, ValueError):
    """A setting is out of range, unknown, or contradicts another."""

    exit_code = 2


class InputError(KerasGPT2Error, ValueError):
    """A corpus, prompt or model is not what it should be."""

    exit_code = 3


class StorageError(KerasGPT2Error, OSError):
    """A file or folder cannot be read or written."""

    exit_code = 4


class DivergedError(KerasGPT2Error, ArithmeticError):
    """The loss became NaN or infinite, or far worse than the base's."""

    exit_code = 6


def reason_of(error: OSError) -> str:
    """Why the system refused, to stand inside a sentence.

    >>> reason_of(OSError(30, "Read-only file system"))
    'read-only file system'
    """
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]
