"""SQLAlchemy dialect that lets Great Expectations read DuckDB.

duckdb-engine's cursor is its connection: when Great Expectations closes the connection before it fetches, the
pending result is gone. This dialect fetches at execution and keeps the rows. And Great Expectations writes the message
of an error into its pages: one that may quote a value of the data is left out.
"""

from collections import deque

import duckdb
import duckdb_engine
from sqlalchemy.dialects import registry

# Their messages name tables, columns and words of the query; others may quote the data.
TELLING_ERRORS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)


class BufferedCursor(duckdb_engine.CursorWrapper):
    """A cursor that holds the rows of its last statement."""

    _rows = ()
    _description = None

    def execute(self, statement, parameters=None, context=None):
        try:
            super().execute(statement, parameters, context)
        except duckdb.Error as error:
            if isinstance(error, TELLING_ERRORS):
                raise
            raise type(error)(f"{type(error).__name__}: what it says may quote the data, and is left out") from None
        connection = self._CursorWrapper__c
        self._description = connection.description
        self._rows = deque(connection.fetchall() if self._description else ())

    @property
    def description(self):
        return self._description

    @property
    def rowcount(self):
        return -1

    def fetchone(self):
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size=None):
        return [self._rows.popleft() for _ in range(min(size or 1, len(self._rows)))]

    def fetchall(self):
        rows = list(self._rows)
        self._rows.clear()
        return rows


class BufferedConnection(duckdb_engine.ConnectionWrapper):
    """A connection that hands out buffered cursors."""

    def cursor(self):
        return BufferedCursor(self._ConnectionWrapper__c, self)


class Dialect(duckdb_engine.Dialect):
    """duckdb-engine's dialect with buffered results."""

    supports_statement_cache = False

    def connect(self, *arguments, **options):
        return BufferedConnection(super().connect(*arguments, **options)._ConnectionWrapper__c)


def register():
    """Make `duckdb://` addresses use this dialect."""
    registry.register("duckdb", __name__, "Dialect")
