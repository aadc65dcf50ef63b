"""Rows into schema raw, and the books that are kept of it."""

import dataclasses
import datetime

import click

from counterweight import salt
from counterweight.errors import InputError, near_matches
from counterweight.load import changes, content, readers
from counterweight.load.declared import META_COLUMNS, RawTable
from counterweight.load.forgotten import LANDING
from counterweight.load.readers import REJECT_REASONS, quoted
from counterweight.project import pretty_path


@dataclasses.dataclass(frozen=True)
class Export:
    """A file that was looked at and can be landed."""

    file: content.File
    table: RawTable
    reader: readers.Separated | readers.Json | readers.Parquet


def prepare(connection, project):
    """The books and the salt are there. InputError where production has no salt of its own."""
    # times of Parquet that have a zone become text in this one
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("create schema if not exists raw")
    connection.execute(
        """
        create table if not exists raw._loads (
            source_system varchar, raw_table varchar, source_file varchar, content_sha256 varchar,
            row_count bigint, byte_count bigint, loaded_at timestamp
        );
        create table if not exists raw._rejects (
            source_system varchar, raw_table varchar, source_file varchar, line_number bigint, reason varchar,
            loaded_at timestamp
        );
        create table if not exists raw._lines (
            source_system varchar, raw_table varchar, source_file varchar, loaded_at timestamp, row_number bigint,
            lines_before bigint
        );
        create table if not exists raw._columns (
            source_system varchar, raw_table varchar, source_file varchar, loaded_at timestamp, position integer,
            column_name varchar, kind varchar
        );
        create table if not exists raw._observed_until (
            source_system varchar, feed varchar, observed_until timestamp, declared_at timestamp
        );
        """
    )
    salt.keep(connection, project)


def land(connection, project, export, watch):
    """Append one file to its raw table, unless its content is there already, and say what was found. `watch` keeps out
    who was forgotten."""
    file, table, reader = export.file, export.table, export.reader
    name = pretty_path(file.path)
    before = connection.execute(
        "select source_file from raw._loads where source_system = ? and raw_table = ? and content_sha256 = ?",
        [table.system, table.name, file.sha256],
    ).fetchone()
    if before:
        click.echo(f"load   {name}: already loaded as {before[0]}, skipped")
        return
    click.echo(f"load   {name}: reading {file.byte_count:,} bytes, {reader.label}")
    loaded_at = now()
    _match_columns(connection, table, reader.header)
    try:
        with content.readable(file, project.scratch) as (path, compression):
            row_count, erased = _insert(connection, export, loaded_at, path, compression, watch)
            rejects = reader.rejects(connection, path, compression, row_count)
            places = reader.places(path, compression, row_count, rejects)
    except readers.UNREADABLE as error:
        raise readers.unreadable(file, error) from None
    if row_count == 0 and rejects:
        line, reason = rejects[0]
        raise InputError(
            f"{name}: no line can be read as a row; line {line}: {REJECT_REASONS[reason]}. Nothing was loaded."
        )
    if file.is_open and rejects and rejects[-1] in _cut_short(file):
        raise InputError(
            f"{name}: line {file.line_count}, the last, is cut short, and nothing ends it: the file is truncated. Copy "
            "or export it again; where it is whole, put a line break behind that line. Nothing was loaded."
        )
    _keep_books(connection, export, row_count, loaded_at, rejects, places)
    click.echo(f"load   {name}: {row_count:,} rows into {table.system}.{table.name}")
    if erased:
        click.echo(f"       of these erased as they landed, of people who were forgotten: {erased:,}")
    if row_count == 0:
        click.echo("       the file has column names and no rows: export it again, unless there is nothing to export")
    _say_rejects(file, rejects)
    _say_columns(table, reader.header)
    changes.note(connection, table, file.path.name, loaded_at, reader.header)


def now():
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def _match_columns(connection, table, header):
    """The raw table has every declared column and every column of the file, all text."""
    target = f"raw.{quoted(table.identifier)}"
    wanted = dict.fromkeys((*table.columns, *header), "varchar") | META_COLUMNS
    definition = ", ".join(f"{quoted(name)} {kind}" for name, kind in wanted.items())
    connection.execute(f"create table if not exists {target} ({definition})")
    present = {row[0] for row in connection.execute(f"describe {target}").fetchall()}
    for name in wanted:
        if name not in present:
            connection.execute(f"alter table {target} add column {quoted(name)} varchar")


def _insert(connection, export, loaded_at, path, compression, watch):
    """(rows that were delivered, how many of them were erased as they landed)."""
    names = (*export.reader.header, *META_COLUMNS)
    columns = ", ".join(quoted(name) for name in export.reader.header)
    target = f"raw.{quoted(export.table.identifier)}"
    rows, values = export.reader.rows(path, compression)
    query = f"""
        select
            {columns}, $loaded_at as _loaded_at, $source_file as _source_file,
            {export.reader.row_number} as _row_number, $system as source_system
        from ({rows})
        """
    values |= {"loaded_at": loaded_at, "source_file": export.file.path.name, "system": export.table.system}
    connection.execute("drop table if exists reject_errors; drop table if exists reject_scans")
    if watch.is_needed:
        connection.execute(f"create or replace temp table {LANDING} as {query}", values)
        (row_count,) = connection.execute(f"select count(*) from {LANDING}").fetchone()
        return row_count, watch.land(export.table, names, target)
    inserted = connection.execute(f"insert into {target} ({', '.join(map(quoted, names))}) {query}", values)
    return inserted.fetchone()[0], 0


def _keep_books(connection, export, row_count, loaded_at, rejects, places):
    file, table = export.file, export.table
    connection.execute(
        "insert into raw._loads values (?, ?, ?, ?, ?, ?, ?)",
        [table.system, table.name, file.path.name, file.sha256, row_count, file.byte_count, loaded_at],
    )
    connection.execute(
        "insert into raw._rejects select ?, ?, ?, unnest(?::bigint[]), unnest(?::varchar[]), ?",
        [
            table.system,
            table.name,
            file.path.name,
            [line for line, _ in rejects],
            [reason for _, reason in rejects],
            loaded_at,
        ],
    )
    connection.execute(
        "insert into raw._lines select ?, ?, ?, ?, unnest(?::bigint[]), unnest(?::bigint[])",
        [
            table.system,
            table.name,
            file.path.name,
            loaded_at,
            [number for number, _ in places],
            [before for _, before in places],
        ],
    )


def _say_rejects(file, rejects):
    if not rejects:
        return
    shown = "; ".join(f"line {line}: {REJECT_REASONS[reason]}" for line, reason in rejects[:3])
    more = f"; and {len(rejects) - 3:,} more" if len(rejects) > 3 else ""
    click.echo(f"       lines rejected: {len(rejects):,} ({shown}{more}); all of them in raw._rejects")
    if rejects[-1] in _cut_short(file):
        click.echo("       the last line is cut short: the file may be truncated")


def _cut_short(file):
    return (file.line_count, "too_few_fields"), (file.line_count, "not_json")


def _say_columns(table, header):
    absent = [column for column in table.columns if column not in header]
    unknown = [column for column in header if column not in table.columns]
    if absent:
        click.echo(f"       not in the file, loaded as empty: {', '.join(absent)}")
    for column in absent:
        if hint := near_matches(column, unknown):
            click.echo(
                f"       {column}:{hint} The rows are in without it. Rename the column and load the file again: "
                "its rows then take their place."
            )
    if unknown:
        click.echo(f"       in the file, kept in raw and read by nothing: {', '.join(unknown)}")
