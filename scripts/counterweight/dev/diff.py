"""`diff`: what a change of the code does to the numbers, as Markdown for whoever reviews it.

Rows are found again by the key that their model declares (`meta.grain`) and compared value by value, null beside null.
The report counts; it names no ticket, customer or agent, so that it may stand in a pull request.
"""

import contextlib
import dataclasses
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import click
import duckdb

from counterweight.dev.warehouse_page import LAYERS, read_models
from counterweight.errors import CounterweightError, InputError
from counterweight.project import PUBLISHED_VARIABLE, TARGET_VARIABLE, WAREHOUSE_VARIABLE
from counterweight.summary import SHOWN_CELLS

# So that a program finds the comment it wrote before.
MARK = "<!-- counterweight diff -->"
# Of each pair what a period shows in all, in the window of the catalogue.
TOTALS = """
    select source_system, pair_id, period_type, period_start, value_unit, headline, reality, reading
    from {scorecard} as cells
    where
        unit_type = 'total'
        and window_days is not distinct from
            (select window_days from {catalogue} as catalogue where catalogue.pair_id = cells.pair_id)
"""
# What the scorecard must have in both builds, for its pairs to be told.
OF_A_PAIR = {"source_system", "pair_id", "pair_name", "value_unit", "headline", "reality", "reading", "missing_inputs"}
NUMBERS = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT", "UINTEGER", "DECIMAL", "DOUBLE", "FLOAT")


@dataclasses.dataclass
class Relation:
    """What became of a table. `columns`: how many of the changed rows each column changed in."""

    name: str
    before: int
    after: int
    added: int = 0
    removed: int = 0
    changed: int = 0
    columns: dict = dataclasses.field(default_factory=dict)
    schema: list = dataclasses.field(default_factory=list)
    note: str = ""

    @property
    def differs(self):
        return bool(self.added or self.removed or self.changed or self.schema)


@dataclasses.dataclass
class Pair:
    """A pair of one system. `cell`: which one is shown; None where no cell is a total in the catalogue's window."""

    source_system: str
    pair_id: str
    name: str
    changed: int
    cells: int
    cell: tuple | None
    before: dict | None
    after: dict | None


@dataclasses.dataclass
class Difference:
    relations: list
    pairs: list
    note: str = ""

    @property
    def differs(self):
        return any(relation.differs for relation in self.relations)


# ---- two files


def compare(root, base, branch):
    """The Difference of two files, build files or published ones. `root`: the project whose models say the keys."""
    for file in (base, branch):
        if not Path(file).is_file():
            raise InputError(f"{file}: there is no such file.")
    if Path(base).resolve() == Path(branch).resolve():
        raise InputError(f"{base} is named twice. Name the file of the base and the file of the branch.")
    keys = {
        f"{layer}.{name}": model["config"]["meta"]["grain"].split(", ")
        for layer in LAYERS
        for name, model in read_models(root, layer).items()
    }
    with tempfile.TemporaryDirectory() as folder, _both(Path(folder), base, branch) as (connection, sides):
        before, after = sides
        if not before or not after:
            raise InputError(f"{branch if before else base} has no facts and marts: it is neither built nor published.")
        relations = [_compared(connection, name, keys.get(name), *sides) for name in sorted({*before, *after})]
        pairs, note = _pairs(connection, keys["marts.balanced_scorecard"], *sides)
    return Difference(relations, pairs, note)


@contextlib.contextmanager
def _both(folder, base, branch):
    """A connection that sees both files, and for each {schema.table: how it is called there}."""
    with contextlib.closing(duckdb.connect(str(folder / "scratch.duckdb"))) as connection:
        sides = []
        for side, file in (("base", base), ("branch", branch)):
            try:
                with contextlib.closing(duckdb.connect(str(file), read_only=True)) as alone:
                    found = alone.execute(
                        "select table_schema || '.' || table_name from information_schema.tables "
                        "where list_contains(?, table_schema) order by all",
                        [list(LAYERS)],
                    ).fetchall()
                    views = alone.execute(
                        "select schema_name || '.' || view_name, sql from duckdb_views() "
                        "where list_contains(?, schema_name) order by all",
                        [list(LAYERS)],
                    ).fetchall()
            except duckdb.Error as error:
                raise InputError(f"{file} cannot be read as a DuckDB file: {str(error).splitlines()[0]}") from None
            connection.execute(f"create schema scratch.{side}_views")
            kept = {}
            for relation, sql in views:
                # a view asks for its tables by the name that the file had when it was built
                name = re.search(r"""from "?([^".\s]+)"?\."?\w+"?\."?\w""", sql, re.IGNORECASE)[1]
                kept[relation] = f"scratch.{side}_views.{relation.replace('.', '__')}"
                connection.execute(f"attach '{_text(file)}' as \"{name}\" (read_only)")
                connection.execute(f'create table {kept[relation]} as select * from "{name}".{relation}')
                connection.execute(f'detach "{name}"')
            connection.execute(f"attach '{_text(file)}' as {side}_file (read_only)")
            sides.append({relation: kept.get(relation, f"{side}_file.{relation}") for (relation,) in found})
        yield connection, sides


def _compared(connection, name, key, before, after):
    """A table's Relation."""
    counts = [
        connection.execute(f"select count(*) from {side[name]}").fetchone()[0] if name in side else 0
        for side in (before, after)
    ]
    relation = Relation(name, *counts)
    if name not in before:
        relation.schema.append("new table")
        relation.added = relation.after
    elif name not in after:
        relation.schema.append("table removed")
        relation.removed = relation.before
    else:
        types = _types(connection, before[name]), _types(connection, after[name])
        relation.schema += _schema_changes(*types)
        shared = [column for column in types[0] if column in types[1]]
        if key and set(key) <= set(shared) and _is_unique(connection, key, before[name], after[name]):
            _by_key(connection, relation, key, shared, types, before[name], after[name])
        else:
            relation.note = "compared as whole rows: its key is not the same or not unique in both"
            _by_row(connection, relation, shared, types, before[name], after[name])
    return relation


def _types(connection, relation):
    return {row[0]: row[1] for row in connection.execute(f"describe {relation}").fetchall()}


def _schema_changes(old, new):
    return [
        *(f"`{column}` removed" for column in old if column not in new),
        *(f"`{column}` added ({kind.lower()})" for column, kind in new.items() if column not in old),
        *(
            f"`{column}` {kind.lower()} → {new[column].lower()}"
            for column, kind in old.items()
            if column in new and kind != new[column]
        ),
    ]


def _is_unique(connection, key, *relations):
    names = ", ".join(map(_quoted, key))
    return all(
        connection.execute(
            f"select count(*) = (select count(*) from (select distinct {names} from {relation})) from {relation}"
        ).fetchone()[0]
        for relation in relations
    )


def _value(column, types, side):
    """A column such that both sides can be compared: where it has another type, as text, but for numbers."""
    kinds = [kind[column] for kind in types]
    name = f"{side}{_quoted(column)}"
    if kinds[0] == kinds[1] or all(kind.startswith(NUMBERS) for kind in kinds):
        return name
    return f"cast({name} as varchar)"


def _by_key(connection, relation, key, shared, types, before, after):
    on = " and ".join(f"{_value(c, types, 'b.')} is not distinct from {_value(c, types, 'a.')}" for c in key)
    others = [column for column in shared if column not in key]
    both = "b._is_there and a._is_there"
    differ = [f"{_value(c, types, 'b.')} is distinct from {_value(c, types, 'a.')}" for c in others]
    any_differs = f"({' or '.join(differ)})" if differ else "false"
    removed, added, changed, *by_column = connection.execute(
        f"""
        select
            count(*) filter (a._is_there is null),
            count(*) filter (b._is_there is null),
            count(*) filter ({both} and {any_differs})
            {"".join(f", count(*) filter ({both} and {one})" for one in differ)}
        from (select *, true as _is_there from {before}) as b
        full join (select *, true as _is_there from {after}) as a on {on}
        """
    ).fetchone()
    relation.added, relation.removed, relation.changed = added, removed, changed
    relation.columns = {column: count for column, count in zip(others, by_column, strict=True) if count}


def _by_row(connection, relation, shared, types, before, after):
    """Nobody knows which row became which: a changed one is one that went and one that came."""
    columns = ", ".join(_value(column, types, "") for column in shared)
    relation.removed, relation.added = (
        connection.execute(
            f"select count(*) from (select {columns} from {one} except all select {columns} from {other})"
        ).fetchone()[0]
        for one, other in ((before, after), (after, before))
    )


def _pairs(connection, key, before, after):
    """(pairs that differ, a sentence where they cannot be told): each with the cell that people see first, of both."""
    name = "marts.balanced_scorecard"
    if name not in before or name not in after:
        return [], "The scorecard is not in both builds, so that its pairs were not compared."
    types = _types(connection, before[name]), _types(connection, after[name])
    if any({*OF_A_PAIR, *key} - {*kinds} for kinds in types):
        return [], "The scorecard has other columns, so that its pairs were not compared."
    shared = [column for column in types[0] if column in types[1] and column not in key]
    on = " and ".join(f"{_value(c, types, 'b.')} is not distinct from {_value(c, types, 'a.')}" for c in key)
    differ = " or ".join(f"{_value(c, types, 'b.')} is distinct from {_value(c, types, 'a.')}" for c in shared)
    cells = connection.execute(
        f"""
        select
            coalesce(a.source_system, b.source_system) as source_system,
            coalesce(a.pair_id, b.pair_id) as pair_id,
            coalesce(max(a.pair_name), max(b.pair_name)) as pair_name,
            count(*) filter ({differ}) as changed_count,
            count(*) as cell_count
        from {before[name]} as b full join {after[name]} as a on {on}
        group by 1, 2 having changed_count > 0 order by 1, 2
        """
    ).fetchall()
    first, totals = [], []
    for side, scorecard in (("base", before[name]), ("branch", after[name])):
        names = {"scorecard": scorecard, "catalogue": f"{side}_file.reference.kpi_pairs"}
        first.append({key[:2]: key for key in _cells(connection, SHOWN_CELLS.format(**names))})
        totals.append(_cells(connection, TOTALS.format(**names)))
    pairs = []
    for system, pair, title, changed, total in cells:
        # the same cell of both: the one that is looked at first in the branch
        cell = first[1].get((system, pair)) or first[0].get((system, pair))
        values = [side.get(cell) for side in totals]
        pairs.append(Pair(system, pair, title, changed, total, cell, *values))
    return pairs, ""


def _cells(connection, query):
    """{(system, pair, type and start of the period): the cell}"""
    rows = connection.execute(query)
    names = [column[0] for column in rows.description]
    cells = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    return {tuple(it[name] for name in ("source_system", "pair_id", "period_type", "period_start")): it for it in cells}


# ---- words


def markdown(difference, what):
    """The report. `what` says what was compared."""
    relations = [relation for relation in difference.relations if relation.differs]
    lines = [MARK, "## What this change does to the numbers", "", f"{_sentence(difference, relations)} {what}", ""]
    if difference.note:
        lines += [difference.note, ""]
    if difference.pairs:
        lines += [
            "### Pairs",
            "",
            "The cell that is looked at first, of both: the total, all so far or the newest month that can be judged, "
            "in the window of the catalogue. How many of the pair's cells changed, over all periods, units and "
            "windows, stands beside it.",
            "",
            "| pair | system | cells changed | period | headline | reality | reading |",
            "|---|---|--:|---|---|---|---|",
            *(_pair_line(pair) for pair in difference.pairs),
            "",
        ]
    if relations:
        lines += [
            "### Tables",
            "",
            "| table | rows | added | removed | changed | in which columns (rows) |",
            "|---|--:|--:|--:|--:|---|",
            *(_relation_line(relation) for relation in relations),
            "",
        ]
    schema = [relation for relation in relations if relation.schema]
    if schema:
        lines += ["### Columns and types", ""]
        lines += [f"- `{relation.name}`: {', '.join(relation.schema)}" for relation in schema]
        lines.append("")
    notes = [relation for relation in relations if relation.note]
    lines += [f"`{relation.name}` was {relation.note}.\n" for relation in notes]
    return "\n".join(lines).rstrip("\n") + "\n"


def _sentence(difference, relations):
    total = len(difference.relations)
    if not relations:
        count = sum(relation.after for relation in difference.relations)
        return f"**Nothing changed**: {total} tables with {count:,} rows are the same."
    readings = []
    for pair in difference.pairs:
        before, after = (_of(cell, "reading") for cell in (pair.before, pair.after))
        if before != after:
            readings.append(f"{pair.pair_id} of {pair.source_system} from {before} to {after}")
    pairs = len({pair.pair_id for pair in difference.pairs})
    sentence = f"**{len(relations)} of {total} tables differ**"
    sentence += f", and {_many(pairs, 'pair')} of the scorecard." if pairs else ", and no pair of the scorecard."
    if readings:
        more = f" and {len(readings) - 5} more" if len(readings) > 5 else ""
        sentence += f" **Another reading**: {'; '.join(readings[:5])}{more}."
    return sentence


def _pair_line(pair):
    values = [_change(_number(pair.before, side), _number(pair.after, side)) for side in ("headline", "reality")]
    cells = [
        f"{pair.pair_id} {pair.name}",
        pair.source_system,
        f"{pair.changed:,} of {pair.cells:,}",
        _period(pair.cell),
        *values,
        _change(_of(pair.before, "reading"), _of(pair.after, "reading")),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _relation_line(relation):
    columns = sorted(relation.columns.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"`{name}` {count:,}" for name, count in columns[:8])
    if len(columns) > 8:
        named += f" and {len(columns) - 8} more"
    counts = [f"{count:,}" for count in (relation.added, relation.removed, relation.changed)]
    rows = _change(f"{relation.before:,}", f"{relation.after:,}")
    return f"| `{relation.name}` | {rows} | " + " | ".join(counts) + f" | {named} |"


def _of(cell, name):
    return "none" if cell is None else str(cell[name])


def _period(cell):
    if cell is None:
        return "none"
    kind, start = cell[2:]
    return "so far" if kind == "to_date" or start is None else f"{kind} of {start}"


def _number(cell, side):
    """All digits that are kept: what rounds to the same is not the same."""
    if cell is None or cell[side] is None:
        return "none" if cell is None else "null"
    if cell["value_unit"] == "share":
        return f"{100 * cell[side]:.2f} %"
    return f"{cell[side].normalize():,f}"


def _change(before, after):
    return after if before == after else f"{before} → {after}"


def _many(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _quoted(name):
    return '"' + name.replace('"', '""') + '"'


def _text(path):
    return str(path).replace("'", "''")


# ---- two codes


def report(project, reference, files=(), exports=(), world=None, options=(), keep=None):
    """(Markdown, whether anything differs) of two files, or of a commit and the working tree.

    exports  files as `load` takes them; none: a world, made by the base's simulator from the settings `world`
    options  of `build`
    keep     folder that keeps both build files
    """
    if files:
        difference = compare(project.root, *files)
        return markdown(difference, f"From `{files[0]}` to `{files[1]}`."), difference.differs
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(keep or temporary).absolute()
        commit = _merge_base(project.root, reference)
        _build_both(project.root, commit, folder, exports, world, options)
        difference = compare(project.root, *(_warehouse(folder, side) for side in ("base", "branch")))
    data = (
        "the given exports"
        if exports
        else "the world `{world}` ({tickets} tickets, {calls} calls, {months} months, seed {seed})"
    )
    what = f"Against `{commit[:10]}` ({reference}), on {data.format(**world)}."
    return markdown(difference, what), difference.differs


def _build_both(root, commit, folder, exports, world, options):
    sides = {"base": folder / "base" / "code", "branch": root}
    for side in sides:
        shutil.rmtree(folder / side, ignore_errors=True)
    _unpack(root, commit, sides["base"])
    if not exports:
        settings = [text for name, value in world.items() for text in (f"--{name}", str(value))]
        _run("base", sides["base"], folder, ["simulate", "--out", str(folder / "world"), *settings])
        exports = [f"canonical={folder / 'world' / 'raw'}"]
    for side, code in sides.items():
        _run(side, code, folder, ["load", *exports])
    _same_arrival(*(_warehouse(folder, side) for side in sides))
    for side, code in sides.items():
        _run(side, code, folder, ["build", *options])


def _warehouse(folder, side):
    # the name is the catalog that views ask for
    return folder / side / "counterweight.duckdb"


def _git(root, *arguments):
    outcome = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True)
    return outcome.stdout if outcome.returncode == 0 else None


def _merge_base(root, reference):
    """Where the branch left the base, so that what others did since is not shown as undone."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
    if commit is None:
        raise InputError(
            f"--base {reference}: git knows no such commit here. Fetch it, or name another, for example --base HEAD."
        )
    return (_git(root, "merge-base", reference, "HEAD") or commit).decode().strip()


def _unpack(root, commit, folder):
    """The code of a commit, in a folder. No worktree: nothing is left in the repository, however this ends."""
    prefix = _git(root, "rev-parse", "--show-prefix").decode().strip()
    archive = _git(root, "archive", "--format=tar", f"{commit}:{prefix}" if prefix else commit)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")


def _run(side, code, folder, command):
    """Run the program of a code on that side's warehouse, in a process of its own: both have modules of one name."""
    click.echo(f"diff   {side}: {command[0]}", err=True)
    environment = os.environ | {
        WAREHOUSE_VARIABLE: str(_warehouse(folder, side)),
        PUBLISHED_VARIABLE: str(folder / side / "published"),
        TARGET_VARIABLE: "duckdb",
        "DBT_TARGET_PATH": str(folder / side / "target"),
        "PYTHONPATH": str(code / "scripts"),
    }
    outcome = subprocess.run(
        [sys.executable, "-m", "counterweight.cli", "--project-dir", str(code), *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if outcome.returncode:
        last = "\n".join(outcome.stdout.splitlines()[-15:])
        raise CounterweightError(f"The {side} could not {command[0]}:\n{last}")


def _same_arrival(base, branch):
    """Give the branch's rows the moments at which the base's arrived: they are in fct_row_fates, and no difference."""
    key = "source_system, raw_table, content_sha256"
    with contextlib.closing(duckdb.connect(str(branch))) as connection:
        connection.execute(f"attach '{_text(base)}' as base_file (read_only)")
        connection.execute(
            f"create temp table moments as select mine.loaded_at as mine, theirs.loaded_at as theirs "
            f"from raw._loads as mine inner join base_file.raw._loads as theirs using ({key})"
        )
        tables = connection.execute(
            "select table_name, column_name from duckdb_columns() where database_name = current_database() "
            "and schema_name = 'raw' and column_name in ('loaded_at', '_loaded_at')"
        ).fetchall()
        for table, column in tables:
            connection.execute(
                f'update raw."{table}" set {column} = moments.theirs from moments where {column} = moments.mine'
            )
