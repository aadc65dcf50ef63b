"""A damaged build file: told from other troubles, put aside, and a fresh one in its place with what can be saved.

What lies in raw, private and audit nobody could make again from the code: it is copied, table by table, and every
block is checked on the way. Where a raw table cannot be read, the files that were loaded into it must come again;
where the books cannot be read, those of the build that readers see. They are named, and nothing is built before that.
"""

import contextlib
import json
import os
import shutil

import click
import duckdb

from counterweight import inputs, salt
from counterweight.build import make_books
from counterweight.disk import flush
from counterweight.errors import (
    BusyError,
    CounterweightError,
    DamagedError,
    InputError,
    first_line,
    is_damage,
    is_lack_of_space,
)  # fmt: skip
from counterweight.load import declared_systems
from counterweight.load.land import prepare
from counterweight.project import pretty_path
from counterweight.publish import FILE_NAME
from counterweight.published import literal, quoted

KEPT = ("raw", "private", "audit")


def carry_out(project, work):
    """Do the work, a function. Where it fails because the build file is damaged, mend that and do the work again."""
    with project.lock():
        try:
            if project.warehouse.is_file():
                project.connect(read_only=True).close()
            return work()
        except (CounterweightError, duckdb.Error) as error:
            reason = damage(project, error)
            if reason is None:
                raise
        click.echo(f"mend   {pretty_path(project.warehouse)} is damaged: {reason}", err=True)
        mend(project)
        return work()


def damage(project, error):
    """What is wrong with the build file, where that may be why something failed with this error; else None."""
    may_be = isinstance(error, duckdb.Error | DamagedError) or is_damage(error) or "could not be computed" in str(error)
    if not may_be or isinstance(error, InputError | BusyError) or is_lack_of_space(error):
        return None
    return _damage_of(project.warehouse) if project.warehouse.is_file() else None


def _damage_of(file):
    """What DuckDB says where some block of some table cannot be read; None where all can."""
    try:
        with contextlib.closing(duckdb.connect(str(file), read_only=True)) as connection:
            for schema, table in _tables(connection, "current_database()"):
                connection.execute(f"select max(hash(t)) from {quoted(schema)}.{quoted(table)} as t").fetchone()
    except duckdb.Error as error:
        return first_line(error) if is_damage(error) else None


def mend(project):
    """Put a fresh build file in the place of the damaged one, which is kept beside it.

    A kill at any moment leaves the damaged file or the mended one under its name, and the next mend begins anew.
    """
    file = project.warehouse
    if file.suffix != ".duckdb" and not salt.is_known(project):
        raise InputError(
            f"{file} is no DuckDB file, and nothing beside it says that it ever was one. It was left as it is. "
            "Name another in COUNTERWEIGHT_WAREHOUSE."
        )
    aside = _put_aside(file)
    project.scratch.mkdir(exist_ok=True)
    draft = project.scratch / file.name
    try:
        lost = _save(project, aside, draft)
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        _begin_afresh(project, draft)
        click.echo("mend   nothing of it can be used; begun afresh", err=True)
    else:
        left = f", but for {', '.join(lost)}" if lost else ""
        click.echo(f"mend   saved what was loaded{left}; everything else is built again", err=True)
    flush(draft)
    # the old file's log must be gone before the new file has its name: DuckDB would carry it out
    _log_of(file).unlink(missing_ok=True)
    os.replace(draft, file)
    flush(file.parent)
    click.echo(
        f"mend   the damaged file is kept as {pretty_path(aside)}. What was loaded last may be lost: load your last "
        "files again, what is there is skipped",
        err=True,
    )


def _put_aside(file):
    """A second name for the damaged file, and for its log: nothing is moved before there is something better."""
    number = 1
    while (aside := file.with_name(f"{file.stem}.damaged-{number}{file.suffix}")).exists():
        if aside.samefile(file):
            # a mend before this one was killed
            return aside
        number += 1
    if _log_of(file).exists():
        _give_name(_log_of(file), _log_of(aside))
    _give_name(file, aside)
    return aside


def _give_name(file, name):
    name.unlink(missing_ok=True)
    try:
        os.link(file, name)
    except OSError:
        # not every file system knows second names
        shutil.copy2(file, name)


def _log_of(file):
    return file.with_name(file.name + ".wal")


def _save(project, aside, draft):
    """Fill the draft with what nobody could make again. Returns the raw tables that cannot be read; raises DuckDB's
    error where the file, or one of the books, cannot be."""
    _clear(draft)
    with contextlib.closing(duckdb.connect(str(draft))) as connection, _attached(connection, aside, draft):
        tables = [name for name in _tables(connection, "'damaged'") if name[0] in KEPT]
        if ("raw", "_loads") not in tables:
            raise duckdb.IOException("corrupt: it has no book of loads")
        lost = []
        for schema, table in tables:
            relation = f"{quoted(schema)}.{quoted(table)}"
            (text,) = connection.execute(
                "select sql from duckdb_tables() "
                "where database_name = 'damaged' and schema_name = ? and table_name = ?", [schema, table]
            ).fetchone()  # fmt: skip
            connection.execute(f"create schema if not exists {quoted(schema)}")
            connection.execute(text)
            try:
                connection.execute(f"insert into {relation} select * from damaged.{relation}")
            except duckdb.Error as error:
                is_book = (schema == "raw" and table.startswith("_")) or (schema, table) == ("audit", "builds")
                if is_book or not is_damage(error):
                    raise
                lost.append((schema, table))
        if ("private", "salt") in lost or ("private", "salt") not in tables:
            connection.execute("drop table if exists private.salt")
            salt.keep_again(connection, project, is_known=True)
        _forget_tables(connection)
        gone = _await_tables(connection, project, [table for schema, table in lost if schema == "raw"])
    return gone


@contextlib.contextmanager
def _attached(connection, aside, draft):
    """The damaged file as `damaged`; where its log cannot be carried out, without that."""
    attach = "attach {} as damaged (read_only)"
    try:
        connection.execute(attach.format(literal(aside)))
    except duckdb.Error as error:
        if "WAL" not in str(error):
            raise
        alone = draft.with_name("without-log.duckdb")
        _give_name(aside, alone)
        connection.execute(attach.format(literal(alone)))
    yield
    connection.execute("detach damaged")


def _forget_tables(connection):
    """The tables of the last build are not in the mended file: nothing of it may be published."""
    if ("audit", "builds") in _tables(connection, "current_database()"):
        connection.execute(
            "update audit.builds set status = 'stale' where status in ('built', 'audited', 'audit failed')"
        )


def _await_tables(connection, project, identifiers):
    """Take the loads of these raw tables out of the books and note that they are awaited. Returns the tables' names."""
    owners = {
        table.identifier: (system, table.name)
        for system, tables in declared_systems(project).items()
        for table in tables.values()
    }
    # what no source declares nothing reads
    gone = [owners[identifier] for identifier in identifiers if identifier in owners]
    if not gone:
        return []
    of_these = f"(source_system, raw_table) in ({', '.join(f'({literal(s)}, {literal(t)})' for s, t in gone)})"
    loads = connection.execute(
        "select source_system, raw_table, source_file, content_sha256 from raw._loads "
        f"where {of_these} order by loaded_at, content_sha256"
    ).fetchall()
    inputs.await_loads(connection, loads)
    for book in ("_loads", "_rejects", "_columns"):
        connection.execute(f"delete from raw.{book} where {of_these}")
    for identifier in identifiers:
        connection.execute(f"drop table raw.{quoted(identifier)}")
    return [f"{system}.{table}" for system, table in gone]


def _begin_afresh(project, draft):
    """An empty build file that knows what readers have: their build's inputs, and its number."""
    _clear(draft)
    published = project.current / FILE_NAME
    with contextlib.closing(duckdb.connect(str(draft))) as connection:
        salt.keep_again(connection, project, is_known=published.exists())
        if published.exists():
            prepare(connection, project)
            make_books(connection)
            build_id = json.loads((project.current / "manifest.json").read_text(encoding="utf-8"))["build_id"]
            connection.execute(f"attach {literal(published)} as published (read_only)")
            _take_books(connection, build_id)
            connection.execute("detach published")


def _take_books(connection, build_id):
    shared = _columns(connection, "published", "builds") & _columns(connection, "current_database()", "builds")
    names = ", ".join(sorted(shared))
    connection.execute(f"insert into audit.builds by name select {names} from published.audit.builds")
    (fingerprint,) = connection.execute(
        "select input_fingerprint from audit.builds where build_id = ?", [build_id]
    ).fetchone()
    connection.execute("update audit.builds set status = 'stale'")
    loads = None
    if _columns(connection, "published", "build_inputs"):
        loads = connection.execute(
            "select source_system, raw_table, source_file, content_sha256 "
            "from published.audit.build_inputs where build_id = ? order by load_number",
            [build_id],
        ).fetchall()
    inputs.await_loads(connection, loads, build_id, fingerprint)


def _columns(connection, database, table):
    database = database if database.endswith(")") else literal(database)
    found = connection.execute(
        f"select column_name from duckdb_columns() where database_name = {database} "
        f"and schema_name = 'audit' and table_name = {literal(table)}"
    ).fetchall()
    return {name for (name,) in found}


def _tables(connection, database):
    return connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        f"where database_name = {database} and not temporary and not internal order by all"
    ).fetchall()


def _clear(draft):
    for leftover in (draft, _log_of(draft)):
        leftover.unlink(missing_ok=True)


def explain(project, error):
    """The error as a person can act on it: a lack of space and a damaged file are told from all else."""
    if is_lack_of_space(error):
        return CounterweightError(_about_space(project, error))
    if project is not None and not isinstance(error, DamagedError):
        reason = damage(project, error)
        if reason:
            return DamagedError(project.warehouse, reason)
    return error


def _about_space(project, error):
    folders = [project.warehouse.parent, project.published] if project else []
    free = {
        pretty_path(folder): f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB" for folder in folders if folder.exists()
    }
    left = " Left: " + ", ".join(f"{space} in {folder}" for folder, space in free.items()) + "." if free else ""
    where = f" ({error.filename})" if getattr(error, "filename", None) else ""
    return (
        f"There is no room to write{where}: {first_line(error)}.{left} Readers keep what they have. Make room, or lift "
        "the limit, and run again: what was begun is cleared away by that run."
    )
