"""What dbt does to a build file, recorded statement by statement, and done again in memory without dbt.

dbt takes some 20 seconds a build, whatever the data. Its statements do not depend on the data, which is checked by
`same`, so those of one build do for all. What is replayed is what dbt ran, its materializations among it.
"""

import collections
import contextlib
import dataclasses
import datetime
import functools
import hashlib
import json
import re
import time

import duckdb

from counterweight import build as building
from counterweight import history, increment
from counterweight.errors import CounterweightError
from counterweight.load.declared import META_COLUMNS
from counterweight.load.land import prepare as make_books_of_load
from counterweight.load.readers import quoted
from counterweight.published import literal

NAME = "counterweight"
# What is copied from the empty build file that dbt prepared, and never built again.
GIVEN = ("raw", "private", "reference", "audit")
# What is compared; parts of marts that are views lie in intermediate.
COMPARED = ("intermediate", "dimensions", "facts", "marts")
# Between two files of a load.
TICK = datetime.timedelta(milliseconds=1)
CHANGES = ("create", "insert", "drop", "alter", "delete", "update", "merge", "truncate", "set", "copy")
RELATION = re.compile(rf'"{NAME}"\."(\w+)"\."(\w+)"|"?\b{NAME}"?\.(\w+)\.(\w+)|\b(changes)\."(\w+)"')
# One statement that only makes room.
ROOM = re.compile(r"(drop|alter)\s[^;]*", re.IGNORECASE)
COMMENTS = re.compile(r"\A(\s+|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
# Some temporary tables bear the time of the run.
STAMP = re.compile(r"(__dbt_(?:tmp|backup))\d{8,}")
# Of tables on the way to a model's, and beside it.
ENDING = re.compile(r"__(dbt_tmp|dbt_backup|touched)$")
# A touch rule in the statement that writes the touched keys of a model, and the key in the one that replaces rows.
RULE = re.compile(
    r"/\* rule: (\w+) \*/\s*(.*?)(?=\s*union all\s*/\* rule: |\s*\) as rules\s+where touched_key is not null)",
    re.DOTALL,
)
KEY = re.compile(r"delete from \S+ where \((.+?)\) in \(select \1 from changes\.", re.DOTALL)
NO_KEYS = "select cast(null as varchar) as touched_key"
FIRST, FULL, INCREMENT = "first", "full", "increment"


class NotReplayable(CounterweightError):
    """The statements of two builds differ though only their data did."""


@dataclasses.dataclass(frozen=True)
class Node:
    """What dbt ran for a model.

    statements  as dbt wrote them, but for those that only look or comment
    """

    name: str
    statements: tuple

    @property
    def place(self):
        return self.name.split(".")[-1]

    @property
    def core(self):
        """What fills the table, however it then takes its name."""
        return [text for text in self.statements if not ROOM.fullmatch(text)]

    @functools.cached_property
    def rules(self):
        """Touch rules: name -> a select of the keys that it touches."""
        return {name: keys for text in self.statements for name, keys in RULE.findall(text)}

    @functools.cached_property
    def key(self):
        """By which an increment replaces rows; None where it does not do so."""
        return next((found.group(1) for text in self.statements if (found := KEY.search(text))), None)

    def without(self, rule):
        leave = lambda found: f"/* rule: {rule} */ {NO_KEYS}" if found.group(1) == rule else found.group()  # noqa: E731
        return dataclasses.replace(self, statements=tuple(RULE.sub(leave, text) for text in self.statements))

    @property
    def relations(self):
        found = set()
        for text in self.statements:
            for names in RELATION.findall(text):
                schema, name = (part for part in names if part)
                found.add(f"{schema}.{ENDING.sub('', name)}")
        return found


def project_of(project, folder):
    """The project's code with a build file in the folder. Its name is the name that statements carry."""
    return dataclasses.replace(project, warehouse=folder / f"{NAME}.duckdb", published=folder / "published")


def prepare(project):
    """The build file has seeds, salt and every raw table, empty."""
    with contextlib.closing(project.connect()) as connection:
        make_books_of_load(connection, project)
        building.make_books(connection)
    building.run_dbt(project, ["seed"], {})


@contextlib.contextmanager
def listening():
    """A list that fills with (node, statement) as dbt runs them."""
    from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper
    from dbt_common.events.contextvars import get_node_info

    heard = []
    execute = DuckDBCursorWrapper.execute

    def listen(self, sql, bindings=None):
        name = (get_node_info() or {}).get("unique_id")
        if name and bindings is None:
            heard.append((name, sql))
        return execute(self, sql, bindings)

    DuckDBCursorWrapper.execute = listen
    try:
        yield heard
    finally:
        DuckDBCursorWrapper.execute = execute


def _nodes(heard):
    """What dbt ran, in the order in which it began: models, and hooks of the run."""
    found = {}
    for name, sql in heard:
        if name.startswith(("model.", "operation.")):
            text = STAMP.sub(r"\1", COMMENTS.sub("", sql)).strip().rstrip(";")
            found.setdefault(name, []).extend([text] if text.lower().startswith(CHANGES) else [])
    return [Node(name, tuple(statements)) for name, statements in found.items()]


def record(project, mode, values=None, select=()):
    """Run dbt as `build` does, but for the seeds, which are there; what it ran, model by model."""
    arguments = ["build", "--resource-type", "model", *select]
    if mode == INCREMENT:
        arguments += [] if "--select" in select else ["--exclude", "config.materialized:view", *select[1:]]
    with contextlib.closing(project.connect()) as connection:
        build_id = begin(connection, mode)
    with listening() as heard, increment.told(build_id if mode == INCREMENT else None):
        results = building.run_dbt(project, arguments, values or {})
    if failed := [result for result in results if result.status in ("error", "fail")]:
        raise CounterweightError(f"{failed[0].node.name}: {failed[0].message}")
    with contextlib.closing(project.connect()) as connection:
        end(connection)
    return _nodes(heard)


def begin(connection, mode):
    """The books say that a build begins, and of what kind: from them dbt knows it. Returns its id."""
    ((last,),) = connection.execute("select coalesce(max(build_number), 0) from audit.builds").fetchall()
    build_id = f"{last + 1:06d}-replayed"
    connection.execute(
        "insert into audit.builds (build_number, build_id, status, is_increment) values (?, ?, 'building', ?)",
        [last + 1, build_id, mode == INCREMENT],
    )
    history.write_inputs(connection, build_id)
    return build_id


def end(connection):
    connection.execute("update audit.builds set status = 'built' where status = 'building'")
    increment.note(connection)


def same(one, other, what):
    """NotReplayable where two recordings differ."""
    others = {node.name: node for node in other}
    for node in one:
        if node.name not in others or others[node.name].statements != node.statements:
            raise NotReplayable(f"{node.name}: dbt runs other statements on other data ({what})")
    if len(one) != len(other):
        raise NotReplayable(f"{len(one)} and {len(other)} models ({what})")


@dataclasses.dataclass(frozen=True)
class Recording:
    """builds: mode -> nodes in their order. `needed`: models that a build between two loads must run, since what they
    hold goes into the next build."""

    builds: dict
    needed: frozenset

    @property
    def schemas(self):
        return {
            relation.split(".")[0] for nodes in self.builds.values() for node in nodes for relation in node.relations
        }

    @classmethod
    def of(cls, builds):
        """A model that fills its table by the same statements in either mode keeps nothing of the build before; nor
        does a view, which an increment leaves as it is."""
        first = {node.name: node for node in builds[FIRST]}
        then = {node.name: node for node in builds[INCREMENT]}
        # what only hooks of the run make comes first
        names = [name for name in then if name not in first] + list(first)
        builds = builds | {INCREMENT: [then.get(name, Node(name, ())) for name in names]}
        by_place, relations = {}, {}
        for name in names:
            both = [nodes[name] for nodes in (first, then) if name in nodes]
            relations[name] = set().union(*(node.relations for node in both))
            if name.startswith("model."):
                by_place |= {place: name for place in relations[name] if place.split(".")[1] == both[0].place}
        waiting = [
            name
            for name in names
            if name.startswith("model.") and name in then and then[name].core != (name in first and first[name].core)
        ]
        needed = set()
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += [by_place[place] for place in relations[name] if place in by_place]
        return cls(builds, frozenset(needed))

    def rules(self):
        """[(model, touch rule)]"""
        return [(node.place, rule) for node in self.builds[INCREMENT] for rule in node.rules]

    def without(self, model, rule):
        """The same, but for one touch rule."""
        nodes = [node.without(rule) if node.place == model else node for node in self.builds[INCREMENT]]
        return dataclasses.replace(self, builds=self.builds | {INCREMENT: nodes})

    def first(self, name):
        """The statements of a model where there is nothing yet."""
        return next((node.statements for node in self.builds[FIRST] if node.name == name), ())

    def names(self, but=()):
        """All models, but those of the places."""
        return {node.name for node in self.builds[INCREMENT] if node.place not in but}

    def kept(self):
        return json.dumps({mode: [dataclasses.astuple(node) for node in nodes] for mode, nodes in self.builds.items()})

    @classmethod
    def read(cls, text):
        builds = json.loads(text)
        return cls.of({mode: [Node(name, tuple(said)) for name, said in nodes] for mode, nodes in builds.items()})


def _schemas(node):
    return {relation.split(".")[0] for relation in node.relations if relation.split(".")[1] == node.place}


def land_rows(connection, systems, number, delivery):
    """Rows into schema raw as `load` lands them. delivery: ({(system, table): [row]}, [(system, feed, until)])"""
    run = connection.execute
    at = moment(number)
    files, ends = delivery
    for (system, name), rows in files.items():
        table = systems[system][name]
        at += TICK
        file = file_name(number, name)
        header = list(rows[0])
        columns = ", ".join(quoted(column) for column in (*header, *META_COLUMNS))
        texts = ", ".join("unnest(?::varchar[])" for _ in header)
        run(
            f"insert into raw.{quoted(table.identifier)} ({columns}) select {texts}, ?, ?, unnest(?::bigint[]), ?",
            # an empty text in a file is none
            [[row[column] or None for row in rows] for column in header]
            + [at, file, list(range(1, len(rows) + 1)), system],
        )
        digest = hashlib.sha256(repr((system, name, rows)).encode()).hexdigest()
        run("insert into raw._loads values (?, ?, ?, ?, ?, ?, ?)", [system, name, file, digest, len(rows), 0, at])
        run("insert into raw._lines values (?, ?, ?, ?, 1, 1)", [system, name, file, at])
    for system, feed, until in ends:
        at += TICK
        run("insert into raw._observed_until values (?, ?, ?, ?)", [system, feed, until, at])


def moment(number):
    """When the load arrives."""
    return datetime.datetime(2026, 1, 1) + datetime.timedelta(days=number)


def file_name(number, table):
    return f"{table}_{number}.csv"


class Warehouse:
    """A build file in memory, beside it the same raw rows built in full."""

    def __init__(self, template, recording, systems, is_watched=False):
        """template: a build file that `prepare` prepared. is_watched: fill `decided`."""
        self.recording, self.systems = recording, systems
        self.is_watched = is_watched
        # (model, touch rule) -> how many keys that no other rule touched had rows that changed, in the last increment
        self.decided = collections.Counter()
        self.seconds = dict.fromkeys((FIRST, INCREMENT, FULL, "load", "compare"), 0.0)
        self.built = set()
        self.connection = duckdb.connect(config={"threads": 1, "memory_limit": "3GB"})
        run = self.connection.execute
        run("set TimeZone = 'UTC'")
        run(f"attach {literal(template)} as template (read_only)")
        self._lay(NAME, "template")
        run(f"use {NAME}")

    def close(self):
        self.connection.close()

    def _lay(self, database, source):
        """What dbt finds: raw rows, salt, seeds, books, and no model."""
        run = self.connection.execute
        run(f"attach ':memory:' as {database}")
        for schema in sorted({*GIVEN, *self.recording.schemas}):
            run(f"create schema if not exists {database}.{quoted(schema)}")
        found = run(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = ? and list_contains(?, schema_name)",
            [source, list(GIVEN)],
        ).fetchall()
        for schema, name in found:
            table = f"{quoted(schema)}.{quoted(name)}"
            run(f"create table {database}.{table} as from {source}.{table}")

    @contextlib.contextmanager
    def _timed(self, what):
        started = time.process_time()
        yield
        self.seconds[what] += time.process_time() - started

    def load(self, number, delivery):
        with self._timed("load"):
            land_rows(self.connection, self.systems, number, delivery)

    def build(self, nodes):
        """Build what was loaded: in full the first time, then what changed."""
        mode = INCREMENT if self.built else FIRST
        begin(self.connection, mode)
        self._run(mode, NAME, nodes)
        end(self.connection)

    def refresh(self, nodes):
        """The same raw tables, built in full, as database `fresh`."""
        self._lay("fresh", NAME)
        self._run(FULL, "fresh", nodes)

    def attach(self, path):
        """A build file instead of `refresh`."""
        self.connection.execute(f"attach {literal(path)} as fresh (read_only)")

    def _run(self, mode, database, names):
        """Of what keeps nothing for the next build, earlier ones may have been left out: then there is no table yet."""
        run = self.connection.execute
        self.decided.clear()
        with self._timed(mode):
            run(f"use {database}")
            for node in self.recording.builds[INCREMENT if mode == INCREMENT else FIRST]:
                is_model = node.name.startswith("model.")
                if is_model and node.name not in names:
                    continue
                statements = node.statements
                if is_model and mode == INCREMENT and node.name not in self.built:
                    statements = self.recording.first(node.name)
                if mode != FULL:
                    self.built.add(node.name)
                is_watched = self.is_watched and mode == INCREMENT and statements is node.statements and node.rules
                if is_watched:
                    self._before(node)
                for text in statements:
                    try:
                        run(text if database == NAME else text.replace(f'"{NAME}".', f'"{database}".'))
                    except duckdb.Error as error:
                        raise CounterweightError(f"{mode}: {node.name}: {error}\n{text[:2000]}") from None
                if is_watched:
                    self._after(node)
            # dbt's connections end with its run
            for (name,) in run("select table_name from duckdb_tables() where temporary").fetchall():
                run(f"drop table temp.{quoted(name)}")
            run(f"use {NAME}")

    def _before(self, node):
        """Notes the keys that one rule alone touches."""
        touched = " union all ".join(
            f"select '{rule}' as rule, touched_key from ({keys}) as found" for rule, keys in node.rules.items()
        )
        self.connection.execute(
            "create or replace temp table touched_once as select touched_key, min(rule) as rule "
            f"from ({touched}) as touched where touched_key is not null "
            "group by touched_key having count(distinct rule) = 1"
        )

    def _after(self, node):
        """Which of them had rows that changed: without the rule they would have stayed as they were."""
        found = self.connection.execute(
            "select rule, count(*) from touched_once where touched_key in "
            f'(select {node.key} from changes."{node.place}") group by rule'
        )
        for rule, keys in found.fetchall():
            self.decided[node.place, rule] += keys

    def compare(self):
        """({table: rows}, [Difference]) of the two, in the order in which they are built."""
        run = self.connection.execute
        counts, differences = {}, []
        with self._timed("compare"):
            order = {node.place: number for number, node in enumerate(self.recording.builds[FIRST])}
            found = run(
                "select distinct table_schema, table_name from information_schema.tables "
                "where table_catalog = ? and list_contains(?, table_schema)",
                [NAME, list(COMPARED)],
            ).fetchall()
            # a table that no model makes is none of the warehouse's: what an increment keeps for itself
            for schema, name in sorted((pair for pair in found if pair[1] in order), key=lambda pair: order[pair[1]]):
                table = f"{quoted(schema)}.{quoted(name)}"
                sides = [
                    run(
                        "select count(*), coalesce(bit_xor(hash(t)), 0), coalesce(sum(hash(t)), 0) "
                        f"from {side}.{table} as t"
                    ).fetchone()
                    for side in (NAME, "fresh")
                ]
                counts[f"{schema}.{name}"] = sides[1][0]
                if sides[0] != sides[1]:
                    differences.append(self._difference(f"{schema}.{name}", table))
            run("detach fresh")
        return counts, differences

    def _difference(self, name, table):
        run = self.connection.execute
        gone, new = (
            run(f"from (from {one}.{table} except all from {other}.{table}) order by all").fetchall()
            for one, other in ((NAME, "fresh"), ("fresh", NAME))
        )
        return Difference(name, tuple(row[0] for row in run(f"describe fresh.{table}").fetchall()), gone, new)


@dataclasses.dataclass(frozen=True)
class Difference:
    """of_increments, of_full: rows that only one of the two has"""

    table: str
    columns: tuple
    of_increments: list
    of_full: list

    def __str__(self):
        lines = [
            f"{self.table}: {len(self.of_increments)} rows of the increments alone, "
            f"{len(self.of_full)} of the full build"
        ]
        left = list(self.of_full)
        for row in self.of_increments[:5]:
            nearest = max(left, key=lambda other: _alike(row, other), default=None)
            if nearest is None or 2 * _alike(row, nearest) < len(row):
                lines.append(f"  increments  {self._told(row)}")
                continue
            left.remove(nearest)
            lines.append(f"  {self._told(row[:4])}")
            for column, one, other in zip(self.columns, row, nearest, strict=True):
                if one != other:
                    lines.append(f"    {column}: {one} in increments, {other} in full")
        lines += [f"  full        {self._told(row)}" for row in left[:5]]
        return "\n".join(lines)

    def _told(self, row):
        return ", ".join(
            f"{column} {value}" for column, value in zip(self.columns, row, strict=False) if value is not None
        )


def _alike(row, other):
    return sum(one == two for one, two in zip(row, other, strict=True))
