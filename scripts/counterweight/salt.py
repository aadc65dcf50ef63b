"""The secret that keys the hashes of people: taken from the environment once, kept with the warehouse."""

import os

import click

from counterweight.errors import InputError

SALT_VARIABLE = "COUNTERWEIGHT_SALT"
# Known to everybody, so it protects nobody: for trials and tests.
DEVELOPMENT_SALT = "counterweight-development-salt"


def keep(connection, project):
    """Put the salt into private.salt at the first load. InputError where it changed, or is missing in production."""
    connection.execute("create schema if not exists private")
    connection.execute("create table if not exists private.salt (salt varchar)")
    stored = connection.execute("select salt from private.salt").fetchone()
    if stored == (DEVELOPMENT_SALT,) and not connection.execute("select count(*) from raw._loads").fetchone()[0]:
        # dbt put it there before anything was loaded
        connection.execute("delete from private.salt")
        stored = None
    wanted = os.environ.get(SALT_VARIABLE)
    if project.is_production:
        _refuse(project, stored, wanted, "Nothing was loaded.")
    if stored is None:
        if not wanted:
            click.echo(
                f"note: {SALT_VARIABLE} is not set. People are hashed with the public development salt: "
                "fine for a trial, no protection for real names.",
                err=True,
            )
        connection.execute("insert into private.salt values (?)", [wanted or DEVELOPMENT_SALT])
    elif wanted and wanted != stored[0]:
        raise InputError(
            f"{SALT_VARIABLE} differs from the salt this warehouse was begun with: the same person would get two keys. "
            "Set the old salt, or begin a new warehouse. Nothing was loaded."
        )


def check(connection, project):
    """InputError where a production target is about to be built with the salt that everybody knows."""
    if project.is_production:
        _refuse(project, connection.execute("select salt from private.salt").fetchone(), None, "Nothing was built.")


def _refuse(project, stored, wanted, outcome):
    if (stored or (wanted,))[0] not in (None, "", DEVELOPMENT_SALT):
        return
    raise InputError(
        f"Target '{project.target}' is a production target, and "
        + ("this warehouse was begun with the public development salt" if stored else f"{SALT_VARIABLE} is not set")
        + ": everybody could undo the hashes of people. "
        + ("Begin a new warehouse with a salt of its own. " if stored else "Set it to a long secret and keep it. ")
        + outcome
    )
