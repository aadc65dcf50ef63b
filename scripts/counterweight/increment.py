"""When a build may be an increment: recompute what new rows touch, and keep the rest of the last build.

It may where the last build was whole, of the same code, seeds and variables, and of rows that are all still there.
Everything else is a full refresh, which needs no reason to be right."""

import contextlib
import json
import os

# What increments note of themselves: keys that were touched, rows that were removed or added, and loads that were read.
SCHEMA = "changes"
BOOK = f"{SCHEMA}.built_loads"
# Tells dbt which build is the increment that it runs.
VARIABLE = "COUNTERWEIGHT_INCREMENT"
# A build with another status stopped half-way, or plain dbt or `forget` touched the tables since.
WHOLE = ("built", "audited", "audit failed")


def why_not(connection, code, values):
    """Why the next build cannot be an increment; None where it can."""
    last = connection.execute(
        "select status, code_fingerprint, vars from audit.builds order by build_number desc limit 1"
    ).fetchone()
    if last is None:
        return "the first build of this warehouse"
    status, last_code, last_values = last
    if status not in WHOLE:
        return f"the last build is '{status}'"
    if last_code != code:
        return "models, macros, seeds or dbt_project.yml changed"
    if last_values != written(values):
        return "variables changed"
    if values.get("as_of") is not None:
        return "as_of is pinned"
    if not _is_there(connection, BOOK):
        return "the last build did not note what it read"
    gone = connection.execute(
        f"select count(*) from (select * from {BOOK} except all select {_COLUMNS} from raw._loads)"
    ).fetchone()[0]
    if gone:
        return "loaded rows are no longer there"
    if _is_there(connection, "audit.relations"):
        (lost,) = connection.execute(
            """
            select min(schema_name || '.' || relation_name) from audit.relations
            where build_id = (select build_id from audit.builds order by build_number desc limit 1)
                and not exists (
                    select 1 from information_schema.tables
                    where table_schema = schema_name and table_name = relation_name
                )
            """
        ).fetchone()
        if lost:
            return f"{lost} is gone"
    return None


def note(connection):
    """Write down which loads the build that just ended has read."""
    connection.execute(f"create schema if not exists {SCHEMA}")
    connection.execute(f"create or replace table {BOOK} as select {_COLUMNS} from raw._loads")


@contextlib.contextmanager
def told(build_id):
    """Within, dbt knows that it runs this increment; None: that it builds in full."""
    os.environ[VARIABLE] = build_id or ""
    try:
        yield
    finally:
        del os.environ[VARIABLE]


def new_loads(connection):
    """How many loads, and rows of them, no build has read."""
    return connection.execute(
        "select count(*), coalesce(sum(row_count), 0) "
        f"from (select {_COLUMNS} from raw._loads except all select * from {BOOK})"
    ).fetchone()


def written(values):
    """Variables as the book of builds keeps them."""
    return json.dumps(values, sort_keys=True, default=str)


_COLUMNS = "loaded_at, source_system, raw_table, source_file, row_count"


def _is_there(connection, table):
    return connection.execute(
        "select count(*) from duckdb_tables() where schema_name || '.' || table_name = ?", [table]
    ).fetchone()[0]
