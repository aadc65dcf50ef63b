"""Every kind of dirt that the simulator knows, delivered: does each row and line end as its ledger says?

    python -m counterweight.dev.dirty_ledger

A world with every raw table is made, soiled (worlds/defects.py writes the ledger) and written as people export: as CSV
with line breaks in texts and empty lines, one table as JSON Lines, one as Parquet, with broken lines among the others.
It is loaded, and built as far as the quarantine.
"""

import collections
import contextlib
import csv
import dataclasses
import io
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

import click
import duckdb

from counterweight.build import run_dbt
from counterweight.load import load
from counterweight.load.readers import LINE_LIMIT
from counterweight.project import Project
from counterweight.worlds import simulate
from counterweight.worlds.defects import CLOCK, DEFECTS, LOST, soil
from counterweight.worlds.parquet import literal

# Share of the rows that have a defect. Of a table with few rows it is more of all its rows that have one.
SHARE, SMALL, SHARE_OF_SMALL = 0.01, 300, 0.9
# Of few rows in the world as well: categories that change, surveys that are answered.
SHARES = {
    "event_category_spelled": 0.2, "survey_answered_before_sent": 0.04, "survey_older": 0.04, "survey_in_future": 0.04,
    "survey_time_unreadable": 0.04, "survey_csat_unreadable": 0.04,
}  # fmt: skip
CLOCKS = {"bot_sessions": "Europe/Vienna"}
JSON_LINES, PARQUET = "surveys", "costs"
# Broken lines beside the rows. {line} is a whole one, {name} the first column, {field} its text.
LINES = {
    "too_few_fields": "cut {field}",
    "too_many_fields": "{line},one,two,three",
    "open_quotation_mark": '"half a {field}" more,{rest}',
}
JSON_LINE = '{{"{name}": "{field}'
LONG = LINE_LIMIT + 1024 * 1024
EVERY = 150
# Its rows have no line breaks and no empty lines among them: else load refuses a quotation mark in the wrong place.
PLAIN = "calls"
# What is said of the rows that have no defect, and of the lines of those in quarantine.
OTHERS, THEIR_LINES = "rows without a defect", "line numbers of rows in quarantine"


@dataclasses.dataclass(frozen=True)
class Delivery:
    """Files as they are loaded. lines: table -> row number -> line; broken: [(table, line, reason)]."""

    files: dict
    lines: dict
    broken: list


@dataclasses.dataclass
class Outcome:
    """What became of all entries of a defect. wrong: the first entries that ended otherwise, in words."""

    defect: str
    table: str
    expected: str
    entries: int = 0
    as_expected: int = 0
    wrong: list = dataclasses.field(default_factory=list)

    def note(self, is_as_expected, words=""):
        self.entries += 1
        self.as_expected += is_as_expected
        if not is_as_expected and len(self.wrong) < 3:
            self.wrong.append(words)


def soil_all(raw, seed, without=(), clocks=None):
    """Soil a world's Parquet files with every defect but some; the ledger is truth/defects.parquet beside them."""
    wanted = {name: it for name, it in DEFECTS.items() if name not in without}
    kinds = collections.Counter(it.table for it in wanted.values())
    small = {path.stem for path in raw.glob("*.parquet") if len(_rows(path)[1]) < SMALL}
    shares = {
        name: min(0.5, SHARE_OF_SMALL / kinds[it.table]) if it.table in small else SHARES.get(name, SHARE)
        for name, it in wanted.items()
    }
    soil(raw, shares, seed, clocks)


def deliver(raw, folder, seed, long_line=False):
    """Write the tables of a world as people export them, with broken lines among the rows."""
    folder.mkdir(parents=True)
    chance = random.Random(seed)
    delivery = Delivery({}, {}, [])
    for path in sorted(raw.glob("*.parquet")):
        table = path.stem
        if table == PARQUET:
            delivery.files[table] = Path(shutil.copy(path, folder))
            continue
        names, rows = _rows(path)
        if table == JSON_LINES:
            lines, places, broken = _as_json(names, rows, chance)
        else:
            lines, places, broken = _as_csv(names, rows, chance, is_plain=table == PLAIN)
        if long_line and table == PLAIN:
            lines.append("x" * LONG + "," * len(names))
            broken.append((_count(lines), "line_too_long"))
        file = folder / f"{table}.{'jsonl' if table == JSON_LINES else 'csv'}"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        delivery.files[table] = file
        delivery.lines[table] = places
        delivery.broken.extend((table, *it) for it in broken)
    return delivery


def _rows(path):
    """(columns, rows of texts) of a file."""
    with duckdb.connect() as connection:
        found = connection.execute(f"select columns(*)::varchar from read_parquet({literal(path)})")
        return [column[0] for column in found.description], found.fetchall()


def _count(texts):
    return sum(text.count("\n") + 1 for text in texts)


def _as_csv(names, rows, chance, is_plain):
    """(texts, row number -> line, [(line, reason)]) of a table, with a column of notes that may have several lines."""
    texts, places, broken = [",".join([*names, "notes"])], {}, []
    line = 2
    for number, row in enumerate(rows, 1):
        note = "called,\nand called\n\nagain" if chance.random() < 0.02 and not is_plain else ""
        text = _csv_line([*(it or "" for it in row), note])
        places[number] = line
        texts.append(text)
        line += text.count("\n") + 1
        if chance.random() < 1 / EVERY and len(names) > 3:
            reason = chance.choice(list(LINES)) if is_plain else chance.choice(["too_few_fields", "too_many_fields"])
            plain = _csv_line([*(it or "" for it in row), ""])
            field, _, rest = plain.partition(",")
            texts.append(LINES[reason].format(line=plain, field=field, rest=rest))
            broken.append((line, reason))
            line += 1
        if chance.random() < 1 / EVERY and not is_plain:
            texts.append("")
            line += 1
    return texts, places, broken


def _csv_line(values):
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(values)
    return out.getvalue()


def _as_json(names, rows, chance):
    texts, places, broken = [], {}, []
    for number, row in enumerate(rows, 1):
        texts.append(json.dumps(dict(zip(names, row, strict=True))))
        places[number] = len(texts)
        if chance.random() < 1 / EVERY:
            texts.append(JSON_LINE.format(name=names[0], field=row[0]))
            broken.append((len(texts), "not_json"))
        if chance.random() < 1 / EVERY:
            texts.append("")
    return texts, places, broken


def build_quarantine(project, values=None):
    """Build the fates of rows and the list of those that cannot be used."""
    selection = ["--select", "+fct_quarantined_rows", "--resource-type", "model", "--resource-type", "seed"]
    results = run_dbt(project, ["build", *selection], values or {})
    failed = [f"{it.node.name}: {it.message}" for it in results if it.status != "success"]
    if failed or not results:
        raise click.ClickException("\n".join(failed) or "dbt built nothing")


def judge(project, ledger, delivery):
    """{defect: Outcome} of what was delivered first, as `deliver` wrote it, against the ledger's file."""
    with contextlib.closing(project.connect(read_only=True)) as connection:
        entries = connection.execute(
            "select raw_table, row_number, key, defect, expected_fate, expected_reason "
            f"from read_parquet({literal(ledger)}) order by raw_table, row_number"
        ).fetchall()
        fates = {
            table: {
                number: (fate, reason)
                for number, fate, reason in connection.execute(
                    f"select _row_number, fate, fate_reason from staging.base_canonical__{table} "
                    "where _source_file = ?",
                    [file.name],
                ).fetchall()
            }
            for table, file in delivery.files.items()
        }
        events = dict(
            connection.execute(
                "select _row_number, event_id from staging.base_canonical__ticket_events where _source_file = ?",
                [delivery.files["ticket_events"].name],
            ).fetchall()
        )
        listed = connection.execute(
            "select raw_table, row_number, line_number, fate_reason from facts.fct_quarantined_rows "
            "where source_file in (select unnest(?))",
            [[file.name for file in delivery.files.values()]],
        ).fetchall()
    twins = {}
    for number, event in events.items():
        twins.setdefault(event, []).append(number)
    outcomes = {}
    told = {table: set() for table in delivery.files}
    for table, number, key, defect, *expected in entries:
        told[table].add(number)
        outcome = outcomes.setdefault(defect, Outcome(defect, table, _words(*expected)))
        if defect == CLOCK:
            continue
        found = fates[table].get(number, ("no row", None))
        if defect == "event_id_taken":
            # content decides which of the two it is
            told[table].update(twins[key])
            kinds = sorted(fates[table][twin][0] for twin in twins[key])
            outcome.note(kinds == ["superseded", "used"], f"row {number} of {table}: {' and '.join(kinds)}")
        else:
            outcome.note(found == tuple(expected), f"row {number} of {table}: {_words(*found)}")
    others = outcomes[OTHERS] = Outcome(OTHERS, "all", "used, or excluded as ever")
    for table, found in fates.items():
        plain = {number: fate for number, fate in found.items() if number not in told[table]}
        if CLOCK in outcomes and outcomes[CLOCK].table == table:
            outcomes[CLOCK].note(set(plain.values()) <= {("used", None)}, f"rows of {table} are not used")
        for number, fate in plain.items():
            is_fine = fate in (("used", None), ("excluded", "field_not_read"))
            others.note(is_fine, f"row {number} of {table}: {_words(*fate)}")
    lines = {(table, line): reason for table, number, line, reason in listed if number is None}
    for table, line, reason in delivery.broken:
        outcome = outcomes.setdefault(reason, Outcome(reason, "lines", _words("quarantined", reason)))
        outcome.note(lines.get((table, line)) == reason, f"line {line} of {table}: {lines.get((table, line))}")
    places = outcomes[THEIR_LINES] = Outcome(THEIR_LINES, "all", "the line that an editor shows")
    for table, number, line, _ in listed:
        if number is not None:
            known = delivery.lines.get(table, {}).get(number)
            places.note(line == known, f"row {number} of {table}: line {line}, and it is {known}")
    return outcomes


def _words(fate, reason):
    return f"{fate}: {reason}" if reason else fate


def unseen(outcomes, expected=()):
    """Defects that no row had: nothing was shown of them."""
    wanted = [*DEFECTS, LOST, CLOCK, *LINES, "not_json", *expected]
    return [name for name in wanted if name not in outcomes or not outcomes[name].entries]


def run(project, folder, seed, tickets, calls, months):
    """The outcomes of one world, made in the folder."""
    simulate(folder, world="dealership", tickets=tickets, calls=calls, months=months, seed=seed)
    soil_all(folder / "raw", seed, clocks=CLOCKS)
    delivery = deliver(folder / "raw", folder / "exports", seed, long_line=True)
    small = dataclasses.replace(project, warehouse=folder / "counterweight.duckdb", published=folder / "published")
    load(small, "canonical", [f"{table}={file}" for table, file in delivery.files.items()])
    build_quarantine(small)
    return judge(small, folder / "truth" / "defects.parquet", delivery)


def show(outcomes):
    """One line a defect; wrong ones with examples."""
    click.echo(f"{'defect':36}{'table':20}{'expected fate':44}{'rows':>9}{'so':>9}{'share':>8}")
    for outcome in outcomes.values():
        share = f"{outcome.as_expected / outcome.entries:.1%}" if outcome.entries else "-"
        click.echo(
            f"{outcome.defect:36}{outcome.table:20}{outcome.expected:44}{outcome.entries:>9,}{outcome.as_expected:>9,}"
            f"{share:>8}"
        )
        for words in outcome.wrong:
            click.echo(f"    {words}")


def total(outcomes):
    """(entries of the ledger, of them as expected): rows with a defect, and broken lines."""
    told = [it for it in outcomes.values() if it.defect not in (OTHERS, THEIR_LINES)]
    return sum(it.entries for it in told), sum(it.as_expected for it in told)


@click.command()
@click.option("--seeds", default=3, show_default=True, help="How many worlds, each with its own chance.")
@click.option("--tickets", default=3000, show_default=True, help="Tickets of each world, about.")
@click.option("--calls", default=5000, show_default=True, help="Calls of each world, about.")
@click.option("--months", default=6, show_default=True, help="Length of each world.")
def main(seeds, tickets, calls, months):
    """Every kind of dirt that the simulator knows, delivered: does each row and line end as its ledger says?

    Shows a table: defect, rows with it, and how many of them have the fate and reason that the ledger expects; below it
    the rows without a defect, which must be used, and the lines that the quarantine names. Exit code 1 where anything
    is otherwise, or a defect was not seen. A world takes about a minute.
    """
    project = Project.find()
    outcomes = {}
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            click.echo(f"dirty-ledger  world {seed} of {seeds}", err=True)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                found = run(project, Path(folder), seed, tickets, calls, months)
        for name, outcome in found.items():
            whole = outcomes.setdefault(name, Outcome(name, outcome.table, outcome.expected))
            whole.entries += outcome.entries
            whole.as_expected += outcome.as_expected
            whole.wrong = (whole.wrong + outcome.wrong)[:3]
    order = [*DEFECTS, LOST, CLOCK, *LINES, "line_too_long", "not_json", OTHERS, THEIR_LINES]
    show({name: outcomes[name] for name in order if name in outcomes})
    entries, as_expected = total(outcomes)
    missing = unseen(outcomes, ["line_too_long"])
    if missing:
        click.echo(f"not seen: {', '.join(missing)}")
    wrong = sum(it.entries - it.as_expected for it in outcomes.values())
    click.echo(
        f"{as_expected / entries:.1%} of the ledger ({as_expected:,} of {entries:,} rows and lines in {seeds} worlds) "
        "have the expected fate and reason"
    )
    sys.exit(1 if wrong or missing else 0)


if __name__ == "__main__":
    main()
