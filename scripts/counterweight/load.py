"""`load`: land exports in schema raw, as they are. The one place that reads the clock."""

import codecs
import contextlib
import csv
import dataclasses
import datetime
import glob
import gzip
import hashlib
import io
import os
import re
import shutil
import tempfile
from pathlib import Path

import click
import yaml

from counterweight.errors import InputError, near_matches
from counterweight.project import pretty_path

SALT_VARIABLE = "COUNTERWEIGHT_SALT"
# Known to everybody, so it protects nobody: for trials and tests.
DEVELOPMENT_SALT = "counterweight-development-salt"
META_COLUMNS = {
    "_loaded_at": "timestamp",
    "_source_file": "varchar",
    "_row_number": "bigint",
    "source_system": "varchar",
}
LINE_LIMIT = 16 * 1024 * 1024
# DuckDB's words for what is wrong with a line, and ours.
REJECT_KINDS = {
    "MISSING COLUMNS": "too_few_fields",
    "TOO MANY COLUMNS": "too_many_fields",
    "UNQUOTED VALUE": "open_quotation_mark",
    "INVALID ENCODING": "not_text",
    "LINE SIZE OVER MAXIMUM": "line_too_long",
}
REJECT_REASONS = {
    "too_few_fields": "fewer fields than the header",
    "too_many_fields": "more fields than the header",
    "open_quotation_mark": "a quotation mark in the wrong place",
    "not_text": "bytes that are no text",
    "line_too_long": f"longer than {LINE_LIMIT:,} bytes",
    "unreadable_line": "unreadable",
}
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
ENCODINGS = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252 (Latin-1)",
    "latin-1": "Latin-1",
}


@dataclasses.dataclass(frozen=True)
class RawTable:
    """A raw table as its dbt source declares it."""

    name: str
    identifier: str
    columns: tuple
    required: tuple


@dataclasses.dataclass(frozen=True)
class Export:
    """A file that was looked at and can be landed."""

    path: Path
    table: RawTable
    header: tuple
    sha256: str
    byte_count: int
    is_gzip: bool
    encoding: str
    delimiter: str
    line_count: int
    has_mixed_newlines: bool


def declared_systems(project):
    """Source systems and their raw tables, from the sources files of models/staging."""
    systems = {}
    for path in sorted((project.root / "models" / "staging").glob("*/*sources.yml")):
        for source in yaml.safe_load(path.read_text(encoding="utf-8")).get("sources", []):
            is_ours = (source.get("config") or {}).get("meta", {}).get("kept_by_load")
            if source["schema"] != "raw" or is_ours:
                continue
            tables = {}
            for table in source["tables"]:
                columns = {
                    column["name"]: (column.get("config") or {}).get("meta") or {}
                    for column in table["columns"]
                    if column["name"] not in META_COLUMNS
                }
                tables[table["name"]] = RawTable(
                    name=table["name"],
                    identifier=table.get("identifier", table["name"]),
                    columns=tuple(columns),
                    required=tuple(name for name, meta in columns.items() if meta.get("required")),
                )
            systems[source["name"]] = tables
    return systems


def load(project, system, pairs, observed_until=()):
    """Land files in schema raw; all of them or none.

    pairs           `table=FILE` texts; FILE may be a pattern. A file whose content was loaded before is skipped.
    observed_until  (feed, first instant no longer observed) of feeds whose end is known
    Lines that cannot be read as rows are kept apart, by number and reason.
    Raises InputError with nothing loaded where a file cannot be used.
    """
    systems = declared_systems(project)
    if system not in systems:
        raise InputError(
            f"No source system '{system}'.{near_matches(system, systems)} Known: {', '.join(sorted(systems))}."
        )
    exports = [_examine(table, path) for pair in pairs for table, path in _files(systems[system], system, pair)]
    with project.lock():
        connection = project.connect()
        try:
            connection.execute("begin")
            _prepare(connection)
            for export in exports:
                _land(connection, project, system, export)
            for feed, until in observed_until:
                connection.execute("insert into raw._observed_until values (?, ?, ?, ?)", [system, feed, until, _now()])
                click.echo(f"load   {system} {feed}: observed until {until} UTC")
            connection.execute("commit")
        finally:
            connection.close()


def _files(tables, system, pair):
    """The raw table of a `table=FILE` text, with each file that it names."""
    name, separator, file = pair.partition("=")
    if not separator or not name or not file:
        raise InputError(f"'{pair}' is not of the form table=FILE, for example {next(iter(tables))}=export.csv.gz.")
    if name not in tables:
        raise InputError(
            f"System '{system}' has no table '{name}'.{near_matches(name, tables)} Known: {', '.join(sorted(tables))}."
        )
    path = Path(file).expanduser()
    if path.exists():
        return [(tables[name], path)]
    # a file of that very name goes before a pattern: browsers write export[1].csv
    matches = sorted(glob.glob(str(path)))
    if not matches:
        siblings = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"{path}: no such file.{near_matches(path.name, siblings)} Nothing was loaded.")
    return [(tables[name], Path(match)) for match in matches]


def _examine(table, path):
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a CSV file in it. Nothing was loaded.")
    is_gzip = _starts_like_gzip(path)
    sha256, byte_count, line_count, is_utf8, has_mixed_newlines = _read_through(path, is_gzip)
    if byte_count == 0:
        raise InputError(f"{path}: the file is empty. Export it again. Nothing was loaded.")
    encoding = "utf-8-sig" if is_utf8 else _encoding(path, is_gzip)
    header, delimiter = _header(path, is_gzip, encoding)
    _check_header(path, header, table)
    return Export(path, table, header, sha256, byte_count, is_gzip, encoding, delimiter, line_count, has_mixed_newlines)


def _starts_like_gzip(path):
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _open(path, is_gzip):
    return gzip.open(path, "rb") if is_gzip else path.open("rb")


def _read_through(path, is_gzip):
    """SHA-256, length and lines of the content, unpacked (the same export is the same file plain or gzipped), whether
    it is UTF-8, and whether its lines end in two ways."""
    digest = hashlib.sha256()
    length = lines = returns = 0
    last = b"\n"
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    try:
        with _open(path, is_gzip) as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
                # UTF-16 of plain letters is valid UTF-8 with a zero byte behind each
                is_utf8 = is_utf8 and _decodes(decoder, chunk) and not (length == 0 and b"\0" in chunk[:4])
                length += len(chunk)
                lines += chunk.count(b"\n")
                returns += chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
                # UTF-16 ends its lines with a zero byte behind the line feed, or before it
                last = chunk.rstrip(b"\0")[-1:] or last
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        raise InputError(
            f"{path}: cannot be read to its end ({error.__class__.__name__}: the file is truncated or damaged). "
            "Copy or export it again. Nothing was loaded."
        ) from None
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    return digest.hexdigest(), length, lines + (last != b"\n"), is_utf8, 0 < returns < lines


def _decodes(decoder, chunk, final=False):
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(path, is_gzip):
    """Encoding of a text that is not UTF-8: UTF-16 by its byte-order mark or zero bytes, else what Windows writes, else
    Latin-1, which any bytes are."""
    with _open(path, is_gzip) as file:
        start = file.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if b"\0" in start:
            return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
        decoder = codecs.getincrementaldecoder("cp1252")()
        if _decodes(decoder, start) and all(
            _decodes(decoder, chunk) for chunk in iter(lambda: file.read(1 << 20), b"")
        ):
            return "cp1252"
    return "latin-1"


def _header(path, is_gzip, encoding):
    """(column names in lower case, delimiter): the delimiter is the one that gives the first line most names."""
    try:
        with _open(path, is_gzip) as file, io.TextIOWrapper(file, encoding=encoding, newline="") as text:
            first = text.readline(LINE_LIMIT)
    except UnicodeError:
        raise InputError(f"{path}: the first line is no text in {ENCODINGS[encoding]}. Nothing was loaded.") from None
    headers = {delimiter: next(csv.reader([first], delimiter=delimiter), []) for delimiter in DELIMITERS}
    delimiter = max(headers, key=lambda candidate: len(headers[candidate]))
    names = tuple(name.strip().lower() for name in headers[delimiter])
    if not any(names):
        raise InputError(f"{path}: the first line holds no column names. Nothing was loaded.")
    return names, delimiter


def _check_header(path, header, table):
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(f"{path}: column '{repeated[0]}' stands twice in the header. Nothing was loaded.")
    reserved = [name for name in header if name in META_COLUMNS]
    if reserved:
        raise InputError(f"{path}: column '{reserved[0]}' is reserved for load. Rename it. Nothing was loaded.")
    if "" in header:
        raise InputError(f"{path}: column {header.index('') + 1} of the header has no name. Nothing was loaded.")
    missing = [name for name in table.required if name not in header]
    if missing and len(header) == 1:
        raise InputError(
            f"{path}: the header is one column, so the file is not separated by commas, semicolons, tabs or bars. "
            "Export it as comma-separated text. Nothing was loaded."
        )
    if missing:
        spare = [name for name in header if name not in table.columns]
        lines = [f"  '{name}' is missing.{near_matches(name, spare)}" for name in missing]
        raise InputError(
            f"{path}: {table.name} needs {len(missing)} column{'s' if len(missing) > 1 else ''} more:\n"
            + "\n".join(lines)
            + f"\nThe file has {len(header)} columns. Rename or export the column and load again. "
            "Nothing was loaded."
        )


def _prepare(connection):
    connection.execute("create schema if not exists raw")
    connection.execute("create schema if not exists private")
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
        create table if not exists raw._observed_until (
            source_system varchar, feed varchar, observed_until timestamp, declared_at timestamp
        );
        """
    )
    connection.execute("create table if not exists private.salt (salt varchar)")
    stored = connection.execute("select salt from private.salt").fetchone()
    wanted = os.environ.get(SALT_VARIABLE)
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


def _land(connection, project, system, export):
    name = pretty_path(export.path)
    before = connection.execute(
        "select source_file from raw._loads where source_system = ? and raw_table = ? and content_sha256 = ?",
        [system, export.table.name, export.sha256],
    ).fetchone()
    if before:
        click.echo(f"load   {name}: already loaded as {before[0]}, skipped")
        return
    click.echo(
        f"load   {name}: reading {export.byte_count:,} bytes, {ENCODINGS[export.encoding]}, separated by "
        f"{DELIMITERS[export.delimiter]}"
    )
    loaded_at = _now()
    target = f'raw."{export.table.identifier}"'
    _match_columns(connection, export)
    with _as_utf8(project, export) as (path, compression):
        row_count = _insert(connection, system, export, target, loaded_at, path, compression)
        rejects = _rejects(connection, path, compression)
    _keep_rejects(connection, system, export, row_count, loaded_at, rejects)
    if row_count == 0:
        raise InputError(f"{name}: the file has a header and no rows. Export it again. Nothing was loaded.")
    connection.execute(
        "insert into raw._loads values (?, ?, ?, ?, ?, ?, ?)",
        [system, export.table.name, export.path.name, export.sha256, row_count, export.byte_count, loaded_at],
    )
    click.echo(f"load   {name}: {row_count:,} rows into {system}.{export.table.name}")
    if rejects:
        shown = "; ".join(f"line {line}: {REJECT_REASONS[reason]}" for line, reason in rejects[:3])
        more = f"; and {len(rejects) - 3:,} more" if len(rejects) > 3 else ""
        click.echo(f"       lines rejected: {len(rejects):,} ({shown}{more}); all of them in raw._rejects")
        if rejects[-1] == (export.line_count, "too_few_fields"):
            click.echo("       the last line is cut short: the file may be truncated")
    absent = [column for column in export.table.columns if column not in export.header]
    unknown = [column for column in export.header if column not in export.table.columns]
    if absent:
        click.echo(f"       not in the file, loaded as empty: {', '.join(absent)}")
    for column in absent:
        if hint := near_matches(column, unknown):
            click.echo(f"       {column}:{hint} Rename the column and load the file again.")
    if unknown:
        click.echo(f"       in the file, kept in raw and read by nothing: {', '.join(unknown)}")


def _now():
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def _rejects(connection, path, compression):
    """(line, reason) of what the last reading could not use. DuckDB counts a row with a line break in it as one line;
    people's editors do not, so lines are counted up to the byte where the row begins."""
    # a row that is wrong in two ways is one row; UNQUOTED VALUE, the last by name, is the one that may swallow others
    found = connection.execute(
        "select coalesce(line_byte_position, byte_position, 0) as position, max(error_type) from reject_errors "
        "group by position order by position"
    ).fetchall()
    rejects = []
    line, position = 1, 0
    if found:
        with _open(path, compression == "gzip") as file:
            for start, kind in found:
                while position < start and (chunk := file.read(min(1 << 20, start - position))):
                    line += chunk.count(b"\n")
                    position += len(chunk)
                rejects.append((line, REJECT_KINDS.get(kind, "unreadable_line")))
    return rejects


def _keep_rejects(connection, system, export, row_count, loaded_at, rejects):
    """Write down the lines that could not be used.

    InputError where nothing could be used, or where a quotation mark that nobody closes has swallowed lines after it:
    how many rows those were, nobody can tell.
    """
    open_marks = [line for line, reason in rejects if reason == "open_quotation_mark"]
    if open_marks and 1 + row_count + len(rejects) < export.line_count:
        raise InputError(
            f"{export.path}: line {open_marks[0]} cannot be read: a quotation mark is opened and not closed, and what "
            "follows cannot be told apart. Mend that line. Nothing was loaded."
        )
    if rejects and row_count == 0:
        line, reason = rejects[0]
        raise InputError(
            f"{export.path}: no line can be read as a row; line {line}: {REJECT_REASONS[reason]}. Nothing was loaded."
        )
    connection.execute(
        "insert into raw._rejects select ?, ?, ?, unnest(?::bigint[]), unnest(?::varchar[]), ?",
        [
            system,
            export.table.name,
            export.path.name,
            [line for line, _ in rejects],
            [reason for _, reason in rejects],
            loaded_at,
        ],
    )


def _match_columns(connection, export):
    """The raw table has every declared column and every column of the file, all text."""
    identifier = export.table.identifier
    wanted = dict.fromkeys((*export.table.columns, *export.header), "varchar") | META_COLUMNS
    definition = ", ".join(f"{_quoted(name)} {kind}" for name, kind in wanted.items())
    connection.execute(f'create table if not exists raw."{identifier}" ({definition})')
    present = {row[0] for row in connection.execute(f"describe raw.{_quoted(identifier)}").fetchall()}
    for name in wanted:
        if name not in present:
            connection.execute(f'alter table raw."{identifier}" add column {_quoted(name)} varchar')


@contextlib.contextmanager
def _as_utf8(project, export):
    """(path, compression) of the export as DuckDB reads it; a copy lives as long as the reading."""
    if export.encoding == "utf-8-sig" and not export.has_mixed_newlines:
        yield export.path, "gzip" if export.is_gzip else "none"
        return
    # beside the build file, which holds the same rows, and not in a folder that others may read
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", dir=project.warehouse.parent) as copy:
        try:
            with (
                _open(export.path, export.is_gzip) as file,
                io.TextIOWrapper(
                    file, encoding=export.encoding, newline=None if export.has_mixed_newlines else ""
                ) as text,
            ):
                shutil.copyfileobj(text, copy, 1 << 20)
        except UnicodeError:
            raise InputError(
                f"{export.path}: it is not {ENCODINGS[export.encoding]} to its end; it may be truncated. "
                "Export it again. Nothing was loaded."
            ) from None
        copy.flush()
        yield Path(copy.name), "none"


def _insert(connection, system, export, target, loaded_at, path, compression):
    columns = ", ".join(_quoted(name) for name in export.header)
    connection.execute("drop table if exists reject_errors; drop table if exists reject_scans")
    try:
        return connection.execute(
            f"""
            insert into {target} ({columns}, _loaded_at, _source_file, _row_number, source_system)
            select {columns}, $loaded_at, $source_file, row_number() over (), $system
            from read_csv(
                $path, columns = $columns, header = true, auto_detect = false, delim = $delimiter, quote = '"',
                escape = '"', compression = $compression, max_line_size = {LINE_LIMIT}, store_rejects = true
            )
            """,
            {
                "loaded_at": loaded_at,
                "source_file": export.path.name,
                "system": system,
                "path": _literal_path(path),
                "delimiter": export.delimiter,
                "columns": dict.fromkeys(export.header, "VARCHAR"),
                "compression": compression,
            },
        ).fetchone()[0]
    except Exception as error:
        raise InputError(f"{export.path}: {_reason(str(error))} Nothing was loaded.") from None


def _literal_path(path):
    """The path for a reader that takes [, * and ? for patterns: this file, not one that looks like it."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def _reason(message):
    """What DuckDB found wrong with the file, without the values it quotes."""
    line = re.search(r"CSV Error on Line: (\d+)", message)
    return (f"line {line.group(1)} cannot be read" if line else "the file cannot be read") + " as separated text."


def _quoted(name):
    return '"' + name.replace('"', '""') + '"'
