"""The build file written anew without what is erased: rows that are only deleted leave their bytes in the file.

The new file is made beside the old one and put in its place by one rename. Until then nothing has happened; a run that
is killed leaves a draft, which the next one removes.
"""

import contextlib
import os
import shutil

import duckdb
import yaml

from counterweight import increment
from counterweight.disk import flush
from counterweight.errors import CounterweightError
from counterweight.published import literal, quoted

# What the new file is called while it is written.
DRAFT = "draft"


def _draft(project):
    return project.warehouse.with_name(f".forget-{project.warehouse.name}")


def _spill(project):
    """Where DuckDB may lay aside what does not fit into memory."""
    return project.warehouse.with_name(f".forget-{project.warehouse.name}.tmp")


def clear(project):
    """Remove what a killed run left."""
    _draft(project).unlink(missing_ok=True)
    _draft(project).with_name(_draft(project).name + ".wal").unlink(missing_ok=True)
    # DuckDB's own folder of the build file, left by whoever was killed there
    for folder in (_spill(project), project.warehouse.with_name(project.warehouse.name + ".tmp")):
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def reading(project, name):
    """A connection that has the build file attached under that name, read only."""
    try:
        with contextlib.closing(duckdb.connect(config={"temp_directory": str(_spill(project))})) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach {literal(project.warehouse)} as {name} (read_only)")
            yield connection
    finally:
        clear(project)


def write(project, connection, name, tables, keep_books):
    """Write the file anew: `tables`, Rows, without what is gone, other tables as they are, derived ones not at all.
    Then `keep_books`, called with the new file in use, and the rename."""
    rows_of = {rows.relation: rows for rows in tables}
    file = _draft(project)
    try:
        connection.execute(f"attach {literal(file)} as {DRAFT}; use {DRAFT}; begin")
        for schema, table, definition in connection.execute(
            """
            select schema_name, table_name, sql from duckdb_tables()
            where database_name = ? and not internal and not list_contains(?, schema_name)
            order by schema_name, table_name
            """,
            [name, derived_schemas(project)],
        ).fetchall():
            connection.execute(f"create schema if not exists {quoted(schema)}")
            connection.execute(definition)
            _copy(connection, name, schema, table, rows_of.get(f"{name}.{schema}.{quoted(table)}"))
        keep_books()
        connection.execute(f"commit; use memory; detach {DRAFT}; detach {name}")
        flush(file)
    except duckdb.Error as error:
        # its message may quote a value
        raise CounterweightError(
            f"The build file could not be written anew ({type(error).__name__}): is there room for a second copy of "
            f"{project.warehouse}? Nothing was erased."
        ) from None
    os.replace(file, project.warehouse)
    flush(project.warehouse.parent)


def _copy(connection, name, schema, table, rows):
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = ? and schema_name = ? and table_name = ? order by column_index",
        [name, schema, table],
    ).fetchall()
    names = ", ".join(quoted(column) for column, _ in columns)
    values = ", ".join(rows.value(column, kind) for column, kind in columns) if rows else names
    condition = f"not ({rows.is_gone()})" if rows else "true"
    connection.execute(
        f"insert into {quoted(schema)}.{quoted(table)} ({names}) "
        f"select {values} from {name}.{quoted(schema)}.{quoted(table)} where {condition}"
    )


def derived_schemas(project):
    """The schemas that a build fills, by dbt_project.yml and beside it: all that is in them is made anew."""
    settings = yaml.safe_load((project.root / "dbt_project.yml").read_text(encoding="utf-8"))

    def schemas(node):
        for key, value in node.items():
            if key == "+schema":
                yield value
            elif isinstance(value, dict):
                yield from schemas(value)

    return sorted({*schemas(settings["models"]), *schemas(settings["data_tests"]), increment.SCHEMA})
