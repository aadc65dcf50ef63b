"""The tables of a published file, with their words: what the copies of it in other forms are made from."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Column:
    name: str
    type: str
    comment: str | None


@dataclasses.dataclass(frozen=True)
class Table:
    schema: str
    name: str
    rows: int
    comment: str | None
    columns: tuple

    @property
    def relation(self):
        return f"{quoted(self.schema)}.{quoted(self.name)}"


def tables_of(connection):
    """Every table of the file that the connection has open, by schema and name."""
    columns = {}
    for schema, table, *column in connection.execute(
        """
        select schema_name, table_name, column_name, data_type, comment
        from duckdb_columns()
        where database_name = current_database() and not internal
        order by schema_name, table_name, column_index
        """
    ).fetchall():
        columns.setdefault((schema, table), []).append(Column(*column))
    tables = connection.execute(
        "select schema_name, table_name, comment from duckdb_tables() "
        "where database_name = current_database() and not internal order by schema_name, table_name"
    ).fetchall()
    found = []
    for schema, name, comment in tables:
        rows = connection.execute(f"select count(*) from {quoted(schema)}.{quoted(name)}").fetchone()[0]
        found.append(Table(schema, name, rows, comment, tuple(columns[schema, name])))
    return found


def quoted(name):
    return '"' + str(name).replace('"', '""') + '"'


def literal(text):
    return "'" + str(text).replace("'", "''") + "'"
