"""What the report asks of the published marts, and what it shows of the answers."""

import dataclasses
import datetime
import decimal
import re

from counterweight.errors import CounterweightError
from counterweight.published import literal
from counterweight.words import plain

# Schemas of the published file that a query may read.
READS = re.compile(r"\b(marts|reference|dimensions|audit)\.(\w+)")


@dataclasses.dataclass(frozen=True)
class Answer:
    """A query by its name in the section, as the reader may repeat it, and its rows as dictionaries."""

    name: str
    sql: str
    rows: list


class Desk:
    """One source system in the published file."""

    def __init__(self, connection, system):
        self.connection = connection
        self.system = system
        self.answers = {}

    def ask(self, queries, name):
        """The answer to a section's query; asked once."""
        key = (id(queries), name)
        if key not in self.answers:
            sql = _tidy(queries[name]).replace("$system", literal(self.system))
            found = self.connection.execute(sql)
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, map(_plain, row), strict=True)) for row in found.fetchall()]
            self.answers[key] = Answer(name, sql, rows)
        return self.answers[key]


@dataclasses.dataclass(frozen=True)
class Figure:
    """One thing to see, with what a reader needs to believe it. All texts are plain; the page escapes them.

    title    what it is about; a statement or question
    says     what is seen, in words: nobody has to read the picture
    answer   the query behind it
    n        how many things it is about, in words (`4,163 resolutions`)
    window   how long was waited for a return, in words; None: the figure needs no window
    picture  SVG of charts.py; None: the table is the figure
    table    (heads, rows of texts), folded under the picture; None: the answer's rows
    badge    (kind, words) of a reading; kind is one of charts.KINDS
    gap      what lies between both sides, how sure that is, and what is tolerated
    sides    (headline or reality, value, what it is, how it changed) of a pair, shown above the picture
    legend   (colour, name, words) of a picture's parts
    is_open  whether the table is unfolded: where there is no picture, and few rows
    size     how much of the page's width it takes: third, half or wide
    anchor   the figure's address on the page
    """

    title: str
    says: str
    answer: Answer
    n: str
    window: str | None = None
    picture: str | None = None
    table: tuple | None = None
    badge: tuple | None = None
    gap: str = ""
    sides: tuple = ()
    legend: tuple = ()
    is_open: bool = False
    size: str = "half"
    anchor: str | None = None

    @property
    def data(self):
        return self.table or plain_table(self.answer.rows)


def plain_table(rows):
    """All rows of an answer under their columns' names."""
    if not rows:
        return ([], [])
    return ([name.replace("_", " ") for name in rows[0]], [[_said(value) for value in row.values()] for row in rows])


def columns_shown(connection, queries):
    """{mart: columns that the queries show}, in the order of their names.

    A query reads one mart, and gives its columns under their own names: so that what the report shows can be compared
    with what its exposure says it shows. CounterweightError where one does not.
    """
    shown = {}
    for name, sql in queries.items():
        relations = sorted(set(READS.findall(sql)))
        marts = [table for schema, table in relations if schema == "marts"]
        if len(marts) > 1:
            raise CounterweightError(f"The query {name} of the report reads {' and '.join(marts)}: one mart a query.")
        known = {schema_table: _columns(connection, *schema_table) for schema_table in relations}
        for column, *_ in connection.execute(_tidy(sql).replace("$system", "''")).description:
            if not any(column in columns for columns in known.values()):
                raise CounterweightError(
                    f"The query {name} of the report gives '{column}', which is no column of "
                    f"{' or '.join('.'.join(relation) for relation in relations)}. Show columns under their own names."
                )
            if marts and column in known["marts", marts[0]]:
                shown.setdefault(marts[0], set()).add(column)
    return {mart: sorted(columns) for mart, columns in sorted(shown.items())}


def _columns(connection, schema, table):
    found = connection.execute(
        "select column_name from information_schema.columns where table_schema = ? and table_name = ?", [schema, table]
    ).fetchall()
    return {column for (column,) in found}


def _tidy(sql):
    lines = sql.strip("\n").split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:].rstrip() for line in lines).strip()


def _plain(value):
    """Decimals as floats where they are drawn or said: all figures here have at most six digits. A name is one line: of
    a control character in an SVG the program that draws it dies."""
    if isinstance(value, str):
        return plain(value)
    return float(value) if isinstance(value, decimal.Decimal) else value


def _said(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)
