"""Errors that a person can act on: what is wrong, where, what to do."""

import click

from counterweight.words import plain


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


def near_matches(word, candidates):
    """`" Did you mean ...?"` for the candidates that look like the word, else an empty text."""
    import difflib

    by_lower = {candidate.lower(): candidate for candidate in candidates}
    close = difflib.get_close_matches(word.lower(), by_lower, n=3, cutoff=0.7)
    if not close:
        return ""
    return " Did you mean " + " or ".join(f"'{by_lower[match]}'" for match in close) + "?"
