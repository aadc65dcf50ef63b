"""Errors that a person can act on: what is wrong, where, what to do."""

import errno
import re

import click

from counterweight.words import plain

# What DuckDB says of a file that is not as it wrote it. Its checksums notice whatever was overwritten.
_DAMAGE = re.compile(
    r"not a valid DuckDB|corrupt|could not read enough bytes|replaying WAL|deserializ|INTERNAL Error|FATAL Error",
    re.IGNORECASE,
)
_NO_SPACE = re.compile(r"no space left on device|file too large|disk quota exceeded|not enough space", re.IGNORECASE)
_NO_SPACE_CODES = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


class CounterweightError(click.ClickException):
    """Something the user can mend. `exit_code` tells scripts which kind; see `counterweight --help`."""

    exit_code = 1

    def __init__(self, message):
        # names of files, columns and accounts stand in it: they may begin no line and colour nothing
        super().__init__("\n".join(map(plain, str(message).split("\n"))))


class InputError(CounterweightError):
    """A file, option or setting is not usable. Nothing was changed."""

    exit_code = 2


class AuditError(CounterweightError):
    """The audit found a defect in our own tables. What was published before stays."""

    exit_code = 3


class BusyError(CounterweightError):
    """Another run holds the warehouse."""

    exit_code = 4


class DamagedError(CounterweightError):
    """The build file cannot be read to its end: somebody wrote into it, or the disk lost some of it."""

    def __init__(self, file, reason):
        super().__init__(
            f"{file} is damaged: {first_line(reason)}. Readers keep what they have. Run 'counterweight run' with the "
            "files that you would load today: it saves what can be read, and says which files to load again."
        )


def is_damage(error):
    """Whether DuckDB complains of a file that is not as it was written."""
    return bool(_DAMAGE.search(str(error)))


def is_lack_of_space(error):
    """Whether the system, or DuckDB or dbt after it, found no room to write."""
    return getattr(error, "errno", None) in _NO_SPACE_CODES or bool(_NO_SPACE.search(str(error)))


def first_line(error):
    """What a library says, without its stack, its advice, and the class in front."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    kind = r"^((IO|INTERNAL|FATAL|Serialization|TransactionContext) Error: |\[Errno \d+\] )"
    return re.sub(kind, "", lines[0]).rstrip(" .:!")


def near_matches(word, candidates):
    """`" Did you mean ...?"` for the candidates that look like the word, else an empty text."""
    import difflib

    by_lower = {candidate.lower(): candidate for candidate in candidates}
    close = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.7)
    if not close:
        return ""
    return " Did you mean " + " or ".join(f"'{by_lower[match]}'" for match in close) + "?"
