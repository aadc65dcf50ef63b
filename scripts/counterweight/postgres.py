"""`publish --to postgres`: the published tables in a PostgreSQL database, for tools that want a server.

One transaction empties every table, fills it and commits. Readers are never held up and never see half: their snapshot
is the old build or the new one, in all tables alike. Tables are kept and not swapped for others, since what a desk hung
on them (views, grants, indexes) would go with the old ones.
"""

import contextlib
import dataclasses
import os
import re
import tempfile
from pathlib import Path

import click
import duckdb

from counterweight.errors import BusyError, CounterweightError, InputError, near_matches
from counterweight.publish import CATALOGUE, PUBLISHED_SCHEMAS
from counterweight.published import literal, quoted, tables_of

# Where dbt itself builds on PostgreSQL, the schemas are called marts, facts and so on.
PREFIX = "counterweight_"
# Schemas that bear this comment are ours to write in.
MARK = "Published by counterweight: each publish replaces what is in it. Times are UTC."
# Another publish into the same database holds this lock (of PostgreSQL's advisory ones).
LOCK = 0x636F756E74657277
# How long it waits for that, and for tables whose columns change.
WAIT = "30s"
# What profiles.yml takes where nothing is said, and what libpq calls it.
SETTINGS = {
    "host": ("COUNTERWEIGHT_PG_HOST", "PGHOST", "127.0.0.1"),
    "port": ("COUNTERWEIGHT_PG_PORT", "PGPORT", "5432"),
    "user": ("COUNTERWEIGHT_PG_USER", "PGUSER", "counterweight"),
    "password": ("COUNTERWEIGHT_PG_PASSWORD", "PGPASSWORD", None),
    "dbname": ("COUNTERWEIGHT_PG_DATABASE", "PGDATABASE", "counterweight"),
}
# As dbt's contracts have them on PostgreSQL: a timestamp is UTC and has no zone, so that no client moves it.
TYPES = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(39,0)",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}


@dataclasses.dataclass(frozen=True)
class Database:
    """Where to, and who may read there."""

    settings: dict
    grants: tuple = ()
    prefix: str = PREFIX

    @classmethod
    def find(cls, grants=(), prefix=PREFIX):
        """The database that the environment names."""
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,39}", prefix) or prefix.startswith("pg_"):
            raise InputError(
                f"--prefix '{prefix}' cannot begin the name of a schema: write small letters, digits and _, up to 40."
            )
        settings = {}
        for key, (ours, libpqs, default) in SETTINGS.items():
            if os.environ.get(ours):
                settings[key] = os.environ[ours]
            elif default and not (os.environ.get(libpqs) or os.environ.get("PGSERVICE")):
                settings[key] = default
        return cls(settings, tuple(dict.fromkeys(grants)), prefix)

    def check(self):
        """InputError where a publish would fail: before an hour of building, not after it."""
        with self._connected() as connection, _in_sentences():
            self._check(connection)

    @contextlib.contextmanager
    def replaced(self, file):
        """The tables of the published file `file` are filled in, and shown when the block ends; not where it fails."""
        with self._connected() as connection:
            with _in_sentences():
                tables = self._fill(connection, file)
            yield
            try:
                connection.commit()
            except _driver().Error as error:
                raise CounterweightError(
                    f"The files are published, and PostgreSQL keeps what it had: {_first_line(error)} Publish again."
                ) from None
            place = connection.info
            click.echo(
                f"publish postgres {place.host}:{place.port}/{place.dbname}: {len(tables)} tables, "
                f"{sum(table.rows for table in tables):,} rows in {', '.join(self._schemas(tables))}"
            )
            self._tidy(connection, tables)

    @contextlib.contextmanager
    def _connected(self):
        """A connection; what was not committed when it closes never was."""
        driver = _driver()
        try:
            connection = driver.connect(**self.settings, connect_timeout=10, application_name="counterweight")
        except driver.Error as error:
            raise InputError(
                f"PostgreSQL: {_first_line(error)} COUNTERWEIGHT_PG_HOST, _PORT, _USER, _PASSWORD and _DATABASE say "
                "where it is. Nothing was changed."
            ) from None
        with contextlib.closing(connection):
            connection.set_client_encoding("UTF8")
            yield connection

    def _check(self, connection):
        cursor = connection.cursor()
        cursor.execute("select rolname from pg_roles")
        roles = [name for (name,) in cursor.fetchall()]
        for role in self.grants:
            if role not in roles:
                known = [name for name in roles if not name.startswith("pg_")]
                raise InputError(
                    f"--grant {role}: PostgreSQL has no role '{role}'.{near_matches(role, known)} "
                    f"An administrator makes one with: create role {quoted(role)} login. Nothing was changed."
                )
        cursor.execute(
            """
            select
                nspname,
                pg_has_role(nspowner, 'usage'),
                pg_get_userbyid(nspowner),
                coalesce(obj_description(oid, 'pg_namespace'), '') = %s
                or not exists (select 1 from pg_class where relnamespace = pg_namespace.oid)
            from pg_namespace
            where starts_with(nspname, %s)
            """,
            [MARK, self.prefix],
        )
        schemas = {name: found for name, *found in cursor.fetchall()}
        wanted = [self.prefix + name for name in (*PUBLISHED_SCHEMAS, CATALOGUE.split(".")[0], "audit")]
        for name in wanted:
            is_own, owner, is_free = schemas.get(name, (True, None, True))
            if not is_own:
                raise InputError(
                    f"Schema {name} belongs to {owner}. Publish as that user, or name other schemas with --prefix. "
                    "Nothing was changed."
                )
            if not is_free:
                raise InputError(
                    f"Schema {name} has tables that publish did not make. Name other schemas with --prefix. "
                    "Nothing was changed."
                )
        cursor.execute("select current_database(), current_user, has_database_privilege(current_database(), 'create')")
        database, user, may_create = cursor.fetchone()
        if not may_create and set(wanted) - set(schemas):
            raise InputError(
                f"{user} may not make schemas in {database}. An administrator lets them with: "
                f"grant create on database {quoted(database)} to {quoted(user)}. Nothing was changed."
            )

    def _schemas(self, tables):
        return sorted({self.prefix + table.schema for table in tables})

    def _name(self, table):
        return f"{quoted(self.prefix + table.schema)}.{quoted(table.name)}"

    def _fill(self, connection, file):
        """All of it but the commit."""
        cursor = connection.cursor()
        for setting, value in {
            "lock_timeout": WAIT,
            "statement_timeout": "0",
            "idle_in_transaction_session_timeout": "0",
            "timezone": "UTC",
            "datestyle": "ISO, YMD",
            "standard_conforming_strings": "on",
        }.items():
            cursor.execute(f"set local {setting} = {literal(value)}")
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        self._check(connection)
        with (
            contextlib.closing(duckdb.connect(str(file), read_only=True)) as source,
            # beside the drafts, which the next publish clears away should this one be killed
            tempfile.TemporaryDirectory(prefix=".draft-", dir=file.parent.parent) as folder,
        ):
            tables = tables_of(source)
            cursor.execute("select nspname from pg_namespace")
            schemas = {name for (name,) in cursor.fetchall()}
            for schema in self._schemas(tables):
                # `if not exists` would ask for the right to make one where it is there already
                if schema not in schemas:
                    cursor.execute(f"create schema {quoted(schema)}")
                cursor.execute(f"comment on schema {quoted(schema)} is {literal(MARK)}")
            there = self._columns_there(cursor)
            for table in tables:
                self._shape(cursor, table, there.pop((self.prefix + table.schema, table.name), None))
                self._copy(source, cursor, table, Path(folder) / "rows")
            for schema, name in there:
                if schema in self._schemas(tables):
                    cursor.execute(f"drop table {quoted(schema)}.{quoted(name)}")
            self._comment(cursor, tables)
            for role in self.grants:
                for schema in self._schemas(tables):
                    cursor.execute(f"grant usage on schema {quoted(schema)} to {quoted(role)}")
                    cursor.execute(f"grant select on all tables in schema {quoted(schema)} to {quoted(role)}")
        return tables

    def _columns_there(self, cursor):
        """(schema, table) -> {column: type} of the tables that an earlier publish made."""
        cursor.execute(
            """
            select nspname, relname, attname, format_type(atttypid, atttypmod)
            from pg_class
            inner join pg_namespace on relnamespace = pg_namespace.oid
            inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
            where relkind = 'r' and obj_description(pg_namespace.oid, 'pg_namespace') = %s and starts_with(nspname, %s)
            """,
            [MARK, self.prefix],
        )
        there = {}
        for schema, table, column, kind in cursor.fetchall():
            there.setdefault((schema, table), {})[column] = kind
        return there

    def _shape(self, cursor, table, there):
        """An empty table with these columns: the one that is there, or a new one."""
        columns = {column.name: _type(table, column) for column in table.columns}
        if there is None:
            typed = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
            cursor.execute(f"create table {self._name(table)} ({typed})")
            return
        cursor.execute(f"delete from {self._name(table)}")
        gone = [name for name, kind in there.items() if columns.get(name) != kind]
        new = [name for name, kind in columns.items() if there.get(name) != kind]
        changes = [f"drop column {quoted(name)}" for name in gone]
        changes += [f"add column {quoted(name)} {columns[name]}" for name in new]
        if changes:
            cursor.execute(f"alter table {self._name(table)} {', '.join(changes)}")

    def _copy(self, source, cursor, table, file):
        """The rows, by way of a file in the text form of COPY."""
        source.execute(
            f"copy (select {', '.join(map(_as_text, table.columns))} from {table.relation}) to {literal(file)} "
            r"(format csv, header false, delimiter '\t', quote '', escape '', nullstr '\N')"
        )
        names = ", ".join(quoted(column.name) for column in table.columns)
        with file.open("rb") as rows:
            cursor.copy_expert(f"copy {self._name(table)} ({names}) from stdin", rows)
        if cursor.rowcount != table.rows:
            raise CounterweightError(
                f"{table.schema}.{table.name} has {table.rows:,} rows, and PostgreSQL took {cursor.rowcount:,}. "
                "Nothing was changed."
            )

    def _comment(self, cursor, tables):
        """The comments that are not there yet."""
        cursor.execute(
            """
            select nspname, relname, attname, description
            from pg_description
            inner join pg_class on objoid = pg_class.oid and classoid = 'pg_class'::regclass
            inner join pg_namespace on relnamespace = pg_namespace.oid
            left join pg_attribute on attrelid = pg_class.oid and attnum = objsubid and attnum > 0
            where starts_with(nspname, %s)
            """,
            [self.prefix],
        )
        there = {tuple(key): comment for *key, comment in cursor.fetchall()}
        statements = []
        for table in tables:
            key = (self.prefix + table.schema, table.name)
            if there.get((*key, None)) != table.comment:
                statements.append(f"comment on table {self._name(table)} is {_text(table.comment)}")
            for column in table.columns:
                if there.get((*key, column.name)) != column.comment:
                    name = f"{self._name(table)}.{quoted(column.name)}"
                    statements.append(f"comment on column {name} is {_text(column.comment)}")
        if statements:
            cursor.execute(";\n".join(statements))

    def _tidy(self, connection, tables):
        """Room for the next rows where the old ones were, and statistics. The server would do so by itself, later."""
        with contextlib.suppress(_driver().Error):
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("set lock_timeout = '5s'")
            for table in tables:
                cursor.execute(f"vacuum (analyze) {self._name(table)}")


def _driver():
    try:
        import psycopg2
        import psycopg2.errors
    except ImportError:
        raise InputError(
            "PostgreSQL's driver is not installed. '.venv/bin/uv sync --inexact --group postgres' installs it. "
            "Nothing was changed."
        ) from None
    return psycopg2


@contextlib.contextmanager
def _in_sentences():
    """What the server refuses, as an error that a person can act on. Nothing is committed by then."""
    errors = _driver().errors
    try:
        yield
    except errors.LockNotAvailable:
        raise BusyError(
            "PostgreSQL: another publish is at work in this database, or somebody holds a table whose columns change. "
            "Try again. Nothing was changed."
        ) from None
    except errors.DependentObjectsStillExist as error:
        detail = " ".join((error.diag.message_detail or "").split())
        raise InputError(
            f"PostgreSQL: {_first_line(error)} {detail} This build does not have the column or table any more. "
            "Drop what depends on it, publish, and make it again. Nothing was changed."
        ) from None
    except errors.InsufficientPrivilege as error:
        raise InputError(
            f"PostgreSQL: {_first_line(error)} The user of COUNTERWEIGHT_PG_USER must own what publish writes. "
            "Nothing was changed."
        ) from None
    except _driver().Error as error:
        raise CounterweightError(f"PostgreSQL: {_first_line(error)} Nothing was changed.") from None


def _type(table, column):
    if column.type in TYPES:
        return TYPES[column.type]
    if match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", column.type):
        return "numeric({},{})".format(*match.groups())
    raise CounterweightError(
        f"{table.schema}.{table.name}.{column.name} is of type {column.type}, for which PostgreSQL has no column here. "
        "Nothing was changed."
    )


def _as_text(column):
    """The column in the text form of COPY: what parts rows and columns is written with a backslash."""
    if column.type != "VARCHAR":
        return quoted(column.name)
    text = quoted(column.name)
    for character, written in (("'\\'", "\\\\"), ("chr(9)", "\\t"), ("chr(10)", "\\n"), ("chr(13)", "\\r")):
        text = f"replace({text}, {character}, '{written}')"
    return text


def _text(comment):
    return "null" if comment is None else literal(comment)


def _first_line(error):
    line = str(error).strip().splitlines()[0].strip() if str(error).strip() else type(error).__name__
    return line if line.endswith(".") else line + "."
