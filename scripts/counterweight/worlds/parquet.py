"""The raw tables of a world as Parquet files, changed by queries that spill to disk.

What happens to a row depends on the seed and the row's key alone, through MD5, so that it stays the same whatever else
is in the world and whichever DuckDB runs.
"""

import contextlib
import tempfile

import duckdb

from counterweight.errors import InputError, near_matches

# Columns that identify a row, and by which a file is sorted.
KEYS = {
    "tickets": ("ticket_id",),
    "ticket_events": ("event_id",),
    "ticket_messages": ("message_id",),
    "calls": ("leg_id",),
    "identities": ("customer_id", "kind", "value"),
    "surveys": ("survey_id",),
    "agents": ("agent_id", "valid_from"),
    "accounts": ("account_id",),
    "categories": ("category", "subcategory", "valid_from"),
    "agent_states": ("agent_id", "started_at"),
    "shifts": ("agent_id", "shift_started_at"),
    "team_absences": ("team_id", "month"),
    "targets": ("metric", "scope", "valid_from"),
    "sla_policies": ("policy_id", "metric"),
    "calendars": ("calendar_id", "iso_weekday", "opens_at"),
    "holidays": ("calendar_id", "holiday_on"),
    "costs": ("month", "team_id", "currency", "kind"),
    "problems": ("problem_id",),
    "qa_reviews": ("review_id",),
    "bot_sessions": ("session_id",),
    "access_events": ("account_id", "day"),
    "business_claims": ("claim_type", "claim_id"),
    "business_outcomes": ("claim_type", "claim_id", "outcome", "outcome_at"),
    "business_measures": ("business_function", "unit", "period_start", "measure"),
    "team_pulses": ("team_id", "month"),
}


@contextlib.contextmanager
def engine(folder):
    """A connection that gives the same bytes for the same rows, and spills into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as spill, duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.execute("set memory_limit = '2GB'")
        connection.execute(f"set temp_directory = {literal(spill)}")
        connection.execute("set TimeZone = 'UTC'")
        # files are replaced while the connection lives
        connection.execute("set enable_external_file_cache = false")
        yield connection


def literal(value):
    """SQL: the value as text."""
    return "'" + str(value).replace("'", "''") + "'"


def views(connection, raw):
    """Make a view of each table's file in the folder; their names. InputError where a file is no raw table."""
    tables = [path.stem for path in sorted(raw.glob("*.parquet"))]
    for table in tables:
        connection.execute(f"create view {table} as from read_parquet({literal(raw / f'{table}.parquet')})")
    if unknown := [table for table in tables if table not in KEYS]:
        raise InputError(f"{raw}: {', '.join(unknown)}: no table of the raw contract.{near_matches(unknown[0], KEYS)}")
    return tables


def write(connection, query, path):
    """Write or replace a Parquet file; the query may read the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}")
    connection.execute(f"copy ({query}) to {literal(new)} (format parquet, compression zstd)")
    new.replace(path)


def key(table):
    """SQL: the columns that identify a row."""
    return ", ".join(KEYS[table])


def draw(seed, purpose, key):
    """SQL: 32 hexadecimal digits for each key, each text equally likely."""
    return f"md5({literal(f'{seed}:{purpose}:')} || concat_ws('|', {key}))"


def below(share):
    """The text that is greater than this share of the draws, and no greater than the others."""
    return literal("g" if share >= 1 else f"{round(share * 2**32):08x}")


def earlier(changed_at):
    """SQL of `updated_at` in an earlier version: the time of its content, and before the current version's. Where the
    tool gives none, arrival decides."""
    return f"case when updated_at is not null then least({changed_at}, updated_at - interval 1 second) end"


def empty(columns):
    """SQL of `replace`: the columns without a value."""
    return ", ".join(f"null as {column}" for column in columns)


def check(given, known, what):
    """InputError for a name that is not known."""
    for name in given:
        if name not in known:
            raise InputError(f"There is no {what} '{name}'.{near_matches(name, known)} Known: {', '.join(known)}.")


def as_csv(raw):
    """Turn the Parquet files of a folder, and of the folders in it, into CSV."""
    with engine(raw) as connection:
        for path in sorted(raw.rglob("*.parquet")):
            rows = f"from read_parquet({literal(path)})"
            connection.execute(f"copy ({rows}) to {literal(path.with_suffix('.csv'))} (format csv, header)")
            path.unlink()
