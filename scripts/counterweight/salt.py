"""The secret that keys the hashes of people: taken from the environment once, kept with the warehouse."""

import hashlib
import json
import os
import secrets

import click

from counterweight import inputs
from counterweight.errors import InputError

SALT_VARIABLE = "COUNTERWEIGHT_SALT"
# Known to everybody, so it protects nobody: for trials and tests.
DEVELOPMENT_SALT = "counterweight-development-salt"
# To try one guess takes a quarter of a second. Beside it lies the build file, with the salt itself.
ROUNDS = 600_000


def keep(connection, project):
    """Put the salt into private.salt at the first load. InputError where it changed, or is missing in production."""
    connection.execute("create schema if not exists private")
    connection.execute("create table if not exists private.salt (salt varchar)")
    stored = connection.execute("select salt from private.salt").fetchone()
    is_empty = not connection.execute("select count(*) from raw._loads").fetchone()[0]
    if stored == (DEVELOPMENT_SALT,) and is_empty and not inputs.is_awaited(connection):
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
        stored = (wanted or DEVELOPMENT_SALT,)
        connection.execute("insert into private.salt values (?)", stored)
        _note(project, stored[0])
    elif wanted and wanted != stored[0]:
        raise InputError(
            f"{SALT_VARIABLE} differs from the salt this warehouse was begun with: the same person would get two keys. "
            "Set the old salt, or begin a new warehouse. Nothing was loaded."
        )
    elif not _note_of(project).exists():
        _note(project, stored[0])


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


def keep_again(connection, project, is_known):
    """Put the salt into private.salt of a warehouse whose build file was lost: the one it was begun with, or none.

    `is_known`: whether anybody has seen keys that were made with it. InputError where the environment does not give
    it: with another one every customer would be somebody new to whoever reads what is published.
    """
    note, wanted = _note_of(project), os.environ.get(SALT_VARIABLE)
    if not note.exists():
        if is_known and not wanted:
            raise InputError(
                f"The salt was lost with {project.warehouse}. Set {SALT_VARIABLE} to the one this warehouse was begun "
                f"with; where none was set, that is {DEVELOPMENT_SALT}. With another, every person gets another key."
            )
        salt = wanted
    else:
        salt = _told(json.loads(note.read_text(encoding="utf-8")), wanted)
        if salt is None:
            raise InputError(
                f"The salt was lost with {project.warehouse}. "
                + (
                    f"{SALT_VARIABLE} is not the one this warehouse was begun with: every person would get another "
                    "key. Set the old one."
                    if wanted
                    else f"It was begun with a secret one: set {SALT_VARIABLE} to that."
                )
            )
    if salt:
        connection.execute("create schema if not exists private")
        connection.execute("create or replace table private.salt as select ? as salt", [salt])


def _told(note, wanted):
    """The salt, where the note and the environment tell it."""
    if note["rounds"] == 0:
        return DEVELOPMENT_SALT if wanted in (None, "", DEVELOPMENT_SALT) else None
    if wanted and secrets.compare_digest(note["digest"], _digest(wanted, note["nonce"], note["rounds"])):
        return wanted
    return None


def _note(project, salt):
    """By what the salt is known again, should the build file be lost. It does not hold the salt."""
    nonce, rounds = secrets.token_hex(16), ROUNDS if salt != DEVELOPMENT_SALT else 0
    note = {"nonce": nonce, "rounds": rounds, "digest": _digest(salt, nonce, rounds) if rounds else None}
    path = _note_of(project)
    draft = path.with_name(f".draft-{path.name}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(note, file)
    os.replace(draft, path)


def _digest(salt, nonce, rounds):
    return hashlib.pbkdf2_hmac("sha256", salt.encode(), bytes.fromhex(nonce), rounds).hex()


def is_known(project):
    """Whether a warehouse was ever begun here."""
    return _note_of(project).exists()


def _note_of(project):
    return project.warehouse.with_suffix(".salt-check")
