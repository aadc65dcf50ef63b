"""How a file is read: for each format its columns, its rows as a query over text columns, its lines that are no rows.

The three readers have the same face: `header` (names in lower case), `label`, `is_separated`, `rows`, `rejects`,
`places`, and `row_number`, the SQL that counts the rows of `rows` from 1.
"""

import contextlib
import csv
import io
import json
import re

import duckdb

from counterweight.errors import InputError, is_lack_of_space
from counterweight.load import content

# Bytes of a line: room for a field of ten million characters, whatever their alphabet.
LINE_LIMIT = 64 * 1024 * 1024
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# DuckDB's words for what is wrong with a line, and ours.
REJECT_KINDS = {
    "MISSING COLUMNS": "too_few_fields",
    "TOO MANY COLUMNS": "too_many_fields",
    "UNQUOTED VALUE": "open_quotation_mark",
    "INVALID ENCODING": "not_text",
    "LINE SIZE OVER MAXIMUM": "line_too_long",
}
# What DuckDB raises for a file that it cannot read; the second where its own words are cut in the midst of a character.
UNREADABLE = (duckdb.Error, UnicodeDecodeError)
REJECT_REASONS = {
    "too_few_fields": "fewer fields than the header",
    "too_many_fields": "more fields than the header",
    "open_quotation_mark": "a quotation mark in the wrong place",
    "not_text": "bytes that are no text",
    "line_too_long": f"longer than {LINE_LIMIT:,} bytes",
    "not_json": "no JSON object",
    "unreadable_line": "unreadable",
}


def reader(file, folder):
    """The reader of a file; `folder` takes the copy of one that DuckDB cannot read as it is."""
    if file.kind == content.SEPARATED:
        return Separated(file)
    # where it spills for want of memory, too
    settings = {"temp_directory": str(folder)}
    with content.readable(file, folder) as (path, compression), duckdb.connect(config=settings) as connection:
        if file.kind == content.PARQUET:
            return Parquet(file, connection, path)
        return Json(file, connection, path, compression)


class Separated:
    """Text separated by one of DELIMITERS, its first line the names."""

    is_separated = True
    row_number = "row_number() over ()"

    def __init__(self, file):
        self.file = file
        names, self.delimiter = _first_line(file)
        self.header = tuple(name.strip().lower() for name in names)
        if not any(self.header):
            raise InputError(f"{file.path}: the first line holds no column names. Nothing was loaded.")
        self.label = f"{content.ENCODINGS[file.encoding]}, separated by {DELIMITERS[self.delimiter]}"

    def rows(self, path, compression):
        query = f"""
            from read_csv(
                $path, columns = $columns, header = true, auto_detect = false, delim = $delimiter, quote = '"',
                escape = '"', compression = $compression, max_line_size = {LINE_LIMIT}, store_rejects = true,
                hive_partitioning = false
            )
            """
        return query, {
            "path": _literal_path(path),
            "delimiter": self.delimiter,
            "columns": dict.fromkeys(self.header, "VARCHAR"),
            "compression": compression,
        }

    def rejects(self, connection, path, compression, row_count):
        """(line, reason) of what the last reading could not use. DuckDB counts a row with a line break in it as one
        line; people's editors do not, so lines are counted up to the byte where the row begins.

        InputError where a quotation mark that nobody closes has swallowed lines after it: how many rows those were,
        nobody can tell.
        """
        # a row that is wrong in two ways is one row; UNQUOTED VALUE, the last by name, may swallow others
        found = connection.execute(
            "select coalesce(line_byte_position, byte_position, 0) as position, max(error_type) from reject_errors "
            "group by position order by position"
        ).fetchall()
        kinds = {}
        line, position = 1, 0
        if found:
            with self.file.open() if compression == "gzip" else path.open("rb") as file:
                for start, kind in found:
                    while position < start and (chunk := file.read(min(content.CHUNK, start - position))):
                        line += chunk.count(b"\n")
                        position += len(chunk)
                    # behind a quotation mark in the wrong place DuckDB begins anew within the line
                    kinds[line] = max(kind, kinds.get(line, ""))
        rejects = [(line, REJECT_KINDS.get(kind, "unreadable_line")) for line, kind in kinds.items()]
        open_marks = [line for line, reason in rejects if reason == "open_quotation_mark"]
        if open_marks and 1 + row_count + len(rejects) < self.file.line_count:
            raise InputError(
                f"{self.file.path}: line {open_marks[0]} cannot be read: a quotation mark is opened and not closed, "
                "and what follows cannot be told apart. Mend that line. Nothing was loaded."
            )
        return rejects

    def places(self, path, compression, row_count, rejects):
        """On which lines the rows of the last reading begin, as [(row number, lines before)]: from that row on a row's
        line is its number and so many more. Empty where nobody can tell."""
        if self.file.line_count == 1 + row_count + len(rejects):
            return _places_between([1, *(line for line, _ in rejects)], row_count)
        with self.file.open() if compression == "gzip" else path.open("rb") as file:
            begins = list(_begins(file, dict(rejects), is_one_column=len(self.header) == 1))
        # the first is the header's
        return _places(begins[1:]) if len(begins) == 1 + row_count else []


def _begins(file, rejects, is_one_column=False):
    """The lines on which what can be used begins: line breaks within quotation marks do not count, nor do empty lines.
    Two quotation marks stand for one, so that an odd number of them in a line opens or closes."""
    is_open = False
    for number, line in enumerate(file, 1):
        is_new = not is_open
        # a mark in the wrong place opens nothing: else load would have refused the file
        if rejects.get(number) != "open_quotation_mark":
            is_open ^= line.count(b'"') % 2 == 1
        if is_new and number not in rejects and (is_one_column or line.strip(b"\r\n")):
            yield number


def _places_between(taken, row_count):
    """The places of rows of a line each, with these lines in order among them that are no rows."""
    places = {1: 0} | {line - before + 1: before for before, line in enumerate(taken, 1)}
    return [(number, before) for number, before in places.items() if number <= row_count]


def _places(lines):
    """[(row number, lines before)] of the lines of all rows: the first row, and each row before which more lines stand
    than before the last."""
    places = []
    for number, line in enumerate(lines, 1):
        if not places or places[-1][1] != line - number:
            places.append((number, line - number))
    return places


def _first_line(file):
    """(column names, delimiter): the delimiter is the one that gives the first line most names."""
    try:
        with file.open() as binary, io.TextIOWrapper(binary, encoding=file.encoding, newline="") as text:
            first = text.readline(LINE_LIMIT)
    except UnicodeError:
        raise InputError(
            f"{file.path}: the first line is no text in {content.ENCODINGS[file.encoding]}. Nothing was loaded."
        ) from None
    headers = {}
    for delimiter in DELIMITERS:
        # a name beyond csv's own limit is none
        with contextlib.suppress(csv.Error):
            headers[delimiter] = next(csv.reader([first], delimiter=delimiter), [])
    if not headers:
        raise InputError(
            f"{file.path}: the first line cannot be read as column names: one of them would have more than "
            f"{csv.field_size_limit():,} characters. Nothing was loaded."
        )
    delimiter = max(headers, key=lambda candidate: len(headers[candidate]))
    return headers[delimiter], delimiter


class Json:
    """JSON objects: one a line, or one array of them. The columns are all keys of all objects, by first appearance."""

    is_separated = False
    row_number = "row_number() over ()"

    def __init__(self, file, connection, path, compression):
        self.file = file
        self.label = f"{file.kind}, {content.ENCODINGS[file.encoding]}"
        values, parameters = self._values(path, compression)
        try:
            found = connection.execute(
                f"""
                with objects as (
                    select row_number() over () as number, keys
                    from (select json_keys(value) as keys from ({values}) where json_type(value) = 'OBJECT')
                ),
                layouts as (select keys, min(number) as number from objects group by keys),
                places as (select unnest(keys) as key, number, generate_subscripts(keys, 1) as place from layouts)
                select key from places group by key order by min((number, place))
                """,
                parameters,
            ).fetchall()
            self.names = [name for (name,) in found]
            self.header = tuple(name.strip().lower() for name in self.names)
            if not self.names:
                self._complain_of_no_rows(connection, path, compression)
        except UNREADABLE as error:
            raise unreadable(file, error) from None

    def _values(self, path, compression):
        """Query for each line and the JSON value in it (null where it is none), or each element of the array."""
        if self.file.kind == content.JSON_LINES:
            # a text with a single column: the delimiter is one that no text holds
            query = f"""
                select line, try_cast(line as json) as value
                from read_csv(
                    $path, columns = {{'line': 'VARCHAR'}}, header = false, auto_detect = false, quote = '',
                    escape = '', delim = '\x01\x02\x03\x04', compression = $compression,
                    max_line_size = {LINE_LIMIT}, hive_partitioning = false
                )
                """
        else:
            query = """
                select cast(json as varchar) as line, json as value
                from read_json_objects($path, format = 'array', compression = $compression)
                """
        return query, {"path": _literal_path(path), "compression": compression}

    def rows(self, path, compression):
        values, parameters = self._values(path, compression)
        columns = ", ".join(
            f"object.{quoted(name)} as {quoted(column)}" for name, column in zip(self.names, self.header, strict=True)
        )
        query = f"""
            select {columns}
            from (
                select json_transform(value, $structure) as object from ({values}) where json_type(value) = 'OBJECT'
            )
            """
        return query, parameters | {"structure": json.dumps(dict.fromkeys(self.names, "VARCHAR"))}

    def rejects(self, connection, path, compression, row_count):
        """(line, reason) of the lines that are no JSON object."""
        if self.file.kind == content.JSON_LINES and row_count == self.file.line_count:
            return []
        values, parameters = self._values(path, compression)
        wrong = connection.execute(
            f"""
            select number
            from (
                select
                    row_number() over () as number,
                    json_type(value) is distinct from 'OBJECT' and trim(line, ' \t\r') <> '' as is_wrong
                from ({values})
            )
            where is_wrong
            order by number
            """,
            parameters,
        ).fetchall()
        if wrong and self.file.kind == content.JSON_ARRAY:
            raise InputError(
                f"{self.file.path}: element {wrong[0][0]} of the JSON array is no object, so it is no row. "
                "Export it again. Nothing was loaded."
            )
        return [(number, "not_json") for (number,) in wrong]

    def places(self, path, compression, row_count, rejects):
        """As of separated text; the elements of an array have no lines of their own."""
        if self.file.kind == content.JSON_ARRAY:
            return []
        taken = {line for line, _ in rejects}
        if self.file.line_count == row_count + len(rejects):
            return _places_between(sorted(taken), row_count)
        with self.file.open() if compression == "gzip" else path.open("rb") as file:
            lines = [n for n, line in enumerate(file, 1) if n not in taken and line.strip(b" \t\r\n")]
        return _places(lines) if len(lines) == row_count else []

    def _complain_of_no_rows(self, connection, path, compression):
        rejects = self.rejects(connection, path, compression, row_count=0)
        if rejects:
            raise InputError(
                f"{self.file.path}: no line can be read as a row; line {rejects[0][0]}: no JSON object. "
                "Write one object a line, or one array of objects. Nothing was loaded."
            )
        raise InputError(
            f"{self.file.path}: the JSON holds no rows with a column in them. Export it again, or leave it out. "
            "Nothing was loaded."
        )


class Parquet:
    """Parquet: typed columns, as the text that a person would write."""

    is_separated = False
    label = content.PARQUET

    def __init__(self, file, connection, path):
        self.file = file
        try:
            found = connection.execute(
                "describe from read_parquet($path, hive_partitioning = false)", {"path": _literal_path(path)}
            ).fetchall()
        except UNREADABLE as error:
            raise unreadable(file, error) from None
        self.types = {name: kind for name, kind, *_ in found}
        self.header = tuple(name.strip().lower() for name in self.types)
        # the file's own numbers let DuckDB insert with all threads; counting takes one, and twice the time
        self.has_numbers = "file_row_number" not in self.header
        self.row_number = "file_row_number + 1" if self.has_numbers else "row_number() over ()"

    def rows(self, path, compression):
        columns = ", ".join(
            f"{_as_text(quoted(name), kind)} as {quoted(column)}"
            for (name, kind), column in zip(self.types.items(), self.header, strict=True)
        )
        number = "file_row_number, " if self.has_numbers else ""
        return (
            f"select {number}{columns} "
            f"from read_parquet($path, hive_partitioning = false, file_row_number = {self.has_numbers})",
            {"path": _literal_path(path)},
        )

    def rejects(self, connection, path, compression, row_count):
        return []

    def places(self, path, compression, row_count, rejects):
        return []


def _as_text(column, kind):
    """SQL: the column as text that reads the same as from a text file. The session's time zone is UTC."""
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        return f"cast(to_json({column}) as varchar)"
    if kind.startswith("TIMESTAMP"):
        # DuckDB 1 cuts nanoseconds off and DuckDB 2 rounds them: cut them off in the text
        moment = f"left(cast({column} as varchar), 26)" if kind == "TIMESTAMP_NS" else column
        moment = f"cast({moment} as timestamp)"
        return (
            f"strftime({moment}, '%Y-%m-%d %H:%M:%S') || "
            f"case when microsecond({moment}) % 1000000 > 0 then strftime({moment}, '.%f') else '' end"
        )
    if kind in ("DOUBLE", "FLOAT"):
        # whole numbers with a missing one among them are stored as floats by many programs: 7 is no 7.0
        return f"regexp_replace(cast({column} as varchar), '[.]0$', '')"
    if kind == "BLOB":
        # older writers do not mark text as text
        return f"coalesce(try(decode({column})), cast({column} as varchar))"
    return f"cast({column} as varchar)"


def unreadable(file, error):
    """InputError for what DuckDB found wrong with the file, without the values that it quotes."""
    wrong_query = isinstance(error, duckdb.ParserException | duckdb.BinderException | duckdb.CatalogException)
    if wrong_query or is_lack_of_space(error) or "database file" in str(error):
        # not the file's fault
        return error
    line = re.search(r"CSV Error on Line: (\d+)", str(error))
    if file.kind == content.PARQUET:
        what = "it cannot be read to its end as Parquet: the file is truncated or damaged. Copy or export it again."
    elif file.kind == content.JSON_ARRAY and "maximum_object_size" in str(error):
        what = "an object of the JSON array is longer than 16,777,216 bytes. Write one object a line."
    elif file.kind == content.JSON_ARRAY:
        what = "it cannot be read to its end as a JSON array: the file is truncated or damaged. Export it again."
    elif isinstance(error, UnicodeDecodeError) or "Invalid unicode" in str(error):
        # the file was read through before, so its text is sound; DuckDB cut a line that is too long for it
        what = f"a line is longer than {LINE_LIMIT:,} bytes."
    elif line:
        what = f"line {line.group(1)} cannot be read as {file.kind}."
    else:
        what = f"the file cannot be read as {file.kind}."
    return InputError(f"{file.path}: {what} Nothing was loaded.")


def _literal_path(path):
    """The path for a reader that takes [, * and ? for patterns: this file, not one that looks like it."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def quoted(name):
    return '"' + name.replace('"', '""') + '"'
