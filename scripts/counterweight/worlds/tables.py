"""The tables of a world: compact columns while it is made, Parquet or CSV when it is written.

A row is numbers only: times in seconds, choices and people as codes, keys as counters. Keys become random tokens on
writing and each table is written in the order of its tokens, so that neither tells what was made first, or why.
"""

import contextlib
import dataclasses

import duckdb
import numpy as np

from counterweight.worlds.parquet import literal

# Null of times, numbers and dates; of codes and keys it is -1.
NONE = -(2**31)


@dataclasses.dataclass(frozen=True)
class Kind:
    """How a column is held and rendered. `sql` is an expression over the held value `{}`; NONE becomes null."""

    dtype: str
    sql: str
    # kind of Chance.token that the held value becomes first
    token: str | None = None
    null: int = NONE


TIME = Kind("int32", "make_timestamp(({})::bigint * 1000000)")
DATE = Kind("int32", "date '1970-01-01' + ({})::integer")
WHOLE = Kind("int32", "({})::integer")
FLAG = Kind("int8", "({}) = 1", null=-1)
CENTS = Kind("int64", "(({})::decimal(18, 2) / 100)::decimal(18, 2)")
THOUSANDTHS = Kind("int32", "(({})::decimal(12, 3) / 1000)::decimal(12, 3)")
PLAIN_TEXT = Kind("object", "{}", null="")


# Digits and consonants, so that no token is a word; in the order of the numbers.
WORD = "translate(to_base({}, 30, 9), 'ABCDEFGHIJKLMNOPQRST', 'BCDFGHJKLMNPQRSTVWXZ')"


def key(kind, prefix):
    """A key of a table, or a reference to one."""
    return Kind("int32", f"'{prefix}' || {WORD}", token=kind, null=-1)


CONTACT = key("contact", "C")
LEG = key("leg", "L")
TICKET = key("ticket", "T")
EVENT = key("event", "E")
MESSAGE = key("message", "M")
SURVEY = key("survey", "S")
REVIEW = key("review", "Q")
SESSION = key("session", "B")
PROBLEM_RECORD = key("problem record", "P")
AGENT = key("agent", "A")
CUSTOMER = key("customer", "K")
ACCOUNT = key("account", "ACC-")
# The two ways in which a person is named. +999 is no country's code, example.com nobody's domain.
PHONE = Kind("int32", "'+999' || lpad(({})::varchar, 13, '0')", token="phone", null=-1)
EMAIL = Kind("int32", f"'u' || lower({WORD}) || '@example.com'", token="email", null=-1)


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of the texts `values`; the held value is its position."""

    values: tuple
    dtype: str = "int16"
    null: int = -1
    token: None = None


def text(*values):
    return Choice(tuple(values))


@dataclasses.dataclass(frozen=True)
class Value:
    """A value before or after a change: one of the texts, or an agent (their number plus AGENTS)."""

    values: tuple
    dtype: str = "int32"
    null: int = -1
    token: None = None


AGENTS = 1_000_000


class Table:
    """Rows of one table, column by column. Rows are added in blocks and may be changed by number afterwards.

    columns  name -> Kind, Choice or Value; rows are written in the order of the first one
    merged   name -> columns that are written as one: the first that is known
    """

    def __init__(self, name, columns, merged=None):
        self.name = name
        self.columns = columns
        self.merged = merged or {}
        self.row_count = 0
        self._held = {name: np.empty(0, kind.dtype) for name, kind in columns.items()}

    def __len__(self):
        return self.row_count

    def add(self, **values):
        """Append a block: arrays of one length, or one value for all; a column that is not given is null.
        Returns the numbers of the new rows."""
        unknown = values.keys() - self.columns.keys()
        if unknown:
            raise KeyError(f"{self.name} has no {', '.join(sorted(unknown))}")
        count = max((np.size(value) for value in values.values() if np.ndim(value)), default=1)
        start, end = self.row_count, self.row_count + count
        for column, kind in self.columns.items():
            held = self._held[column]
            if end > len(held):
                grown = np.empty(max(end, len(held) * 3 // 2, 1024), kind.dtype)
                grown[:start] = held[:start]
                self._held[column] = held = grown
            held[start:end] = values.get(column, kind.null)
        self.row_count = end
        return np.arange(start, end)

    def __getitem__(self, column):
        """The held values, as a view: assigning to its elements changes the rows."""
        return self._held[column][: self.row_count]

    def keep(self, mask):
        """Leave out the rows where the mask is false."""
        for column in self.columns:
            self._held[column] = self[column][mask]
        self.row_count = int(np.count_nonzero(mask))

    def free(self):
        self._held = {name: np.empty(0, kind.dtype) for name, kind in self.columns.items()}
        self.row_count = 0


@contextlib.contextmanager
def writer(chance, folder):
    """A function that writes a table to folder/<name>.parquet, in the order of its tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        # one thread is as fast here, takes less memory and gives the same bytes every time
        connection.execute("set threads = 1")
        connection.execute("set TimeZone = 'UTC'")

        def write(table):
            query = ", ".join(f'{expression} as "{column}"' for column, expression in _expressions(table).items())
            first, kind = next(iter(table.columns.items()))
            order = np.argsort(_ready(table[first], kind, chance), kind="stable")
            held = {column: _ready(table[column][order], kind, chance) for column, kind in table.columns.items()}
            connection.register("held", held)
            path = literal(folder / f"{table.name}.parquet")
            connection.execute(f"copy (select {query} from held) to {path} (format parquet, compression zstd)")
            connection.unregister("held")

        yield write


def _ready(held, kind, chance):
    """Held values as the rendering wants them: references as tokens."""
    if isinstance(kind, Value):
        return np.where(held >= AGENTS, chance.token("agent", held - AGENTS) + AGENTS, held)
    if kind.token is None:
        return held
    return np.where(held == kind.null, kind.null, chance.token(kind.token, held))


def _expressions(table):
    expressions = {column: _expression(column, kind) for column, kind in table.columns.items()}
    for name, parts in table.merged.items():
        expressions[name] = f"coalesce({', '.join(expressions.pop(part) for part in parts)})"
    return expressions


def _expression(column, kind):
    column = f'"{column}"'
    if isinstance(kind, Kind):
        rendered = kind.sql.format(column)
    else:
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in kind.values)
        rendered = f"([{values}]::varchar[])[{column} + 1]"
        if isinstance(kind, Value):
            agent = AGENT.sql.format(f"({column} - {AGENTS})")
            rendered = f"case when {column} >= {AGENTS} then {agent} else {rendered} end"
    return f"case when {column} <> {kind.null!r} then {rendered} end"
