"""Properties of the whole way from raw rows to marts, on rows that nobody would think of.

    python -m counterweight.dev.raw_properties --examples 200

hypothesis makes raw rows of every table of the contract: whole, broken, colliding and delivered again. The project's
own SQL, compiled once, runs on them in memory. Of each example it is asked that

- nothing crashes, no constraint of a contract breaks, and no data test of the project finds a row;
- every raw row has one fate, copies and keys as they should be, a reason where it needs one;
- claims and what contradicts them lie at times that used rows carry;
- each verdict is what the definitions say, written once more in Python: every claim, window and tier set;
- rates and shares are between 0 and 1, and no number is infinite;
- the same used rows in another order, without those that were not used, give the same claims, verdicts and marts.

An example that fails is made as small as it gets, and printed.
"""

import collections
import contextlib
import dataclasses
import datetime
import io
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import click
import duckdb
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded

from counterweight.build import run_dbt
from counterweight.dev import raw_worlds
from counterweight.load.land import prepare
from counterweight.project import Project
from counterweight.published import quoted

SYSTEM = "canonical"
BLANKS = " \t\n\r\xa0"
FATES = {"used", "exact_duplicate", "superseded", "excluded", "quarantined"}
VERDICTS = {"held", "falsified", "pending", "unobservable"}
TIERS = {"linked": ("r1", "r2"), "return": ("r1", "r2", "r3"), "strict": ("r1", "r2", "r3", "r4", "r5")}
# Must be the same however the rows come. These tell of the rows themselves.
SETTLED = ("facts", "marts")
OF_DELIVERY = {"fct_row_fates", "fct_quarantined_rows", "data_health", "quarantine"}


class Failure(AssertionError):
    """What is wrong, in a sentence."""


@dataclasses.dataclass(frozen=True)
class Statement:
    """A compiled model or test.

    columns     name -> (type, is not null) where a contract is enforced
    needs       relations that it reads, as `schema.name`
    is_mart     a mart, a part of one, or a test of it
    """

    name: str
    schema: str
    kind: str
    sql: str
    columns: dict
    needs: frozenset
    is_mart: bool

    @property
    def place(self):
        return f"{self.schema}.{self.name}"

    @property
    def relation(self):
        return f"counterweight.{quoted(self.schema)}.{quoted(self.name)}"


class Warehouse:
    """The project's models, compiled once, to be run again and again on rows in memory.

    `stale` are the relations that changed since the last build: what depends on none of them is not run again.
    """

    def __init__(self, project):
        """`project`: one with an empty warehouse, which is filled with seeds and empty tables."""
        self.contract = raw_worlds.read_contract(project.root)
        self.models, self.tests = _compiled(project)
        self.connection = duckdb.connect(config={"threads": 1})
        run = self.connection.execute
        run("attach ':memory:' as counterweight")
        run(f"attach '{project.warehouse}' as template (read_only)")
        for schema in sorted({model.schema for model in self.models} | {"raw", "private", "reference", "audit"}):
            run(f"create schema counterweight.{quoted(schema)}")
        found = run(
            "select table_schema, table_name from information_schema.tables "
            "where table_catalog = 'template' and table_schema in ('raw', 'private', 'reference', 'audit')"
        ).fetchall()
        for schema, name in found:
            table = f"{quoted(schema)}.{quoted(name)}"
            run(f"create table counterweight.{table} as from template.{table}")
        run("detach template")
        self.stale = {f"{schema}.{name}" for schema, name in found}
        run("use counterweight")
        run("set TimeZone = 'UTC'")

    def rows(self, query, parameters=None):
        return self.connection.execute(query, parameters).fetchall()

    def records(self, query):
        """Rows by the names of their columns."""
        found = self.connection.execute(query)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def fill(self, rows, observed_until):
        """Put numbered rows, [(number, row)], into schema raw, as `load` would, and nothing else."""
        for table, contract in self.contract.items():
            target = f"raw.{SYSTEM}__{table}"
            ((gone,),) = self.rows(f"delete from {target}")
            delivered = [(number, row) for number, row in rows if row.table == table]
            if gone or delivered:
                self.stale.add(target)
            if delivered:
                columns = list(contract["columns"])
                values = [[row.values.get(column) for _, row in delivered] for column in columns]
                values.append([raw_worlds.DELIVERIES[row.delivery] for _, row in delivered])
                values.append([f"{table}_{row.delivery}.csv" for _, row in delivered])
                values.append([number for number, _ in delivered])
                types = ["varchar"] * len(columns) + ["timestamp", "varchar", "bigint"]
                names = ", ".join(map(quoted, [*columns, "_loaded_at", "_source_file", "_row_number"]))
                self.connection.execute(
                    f"insert into {target} ({names}, source_system) "
                    f"select {', '.join(f'unnest(?::{kind}[])' for kind in types)}, '{SYSTEM}'",
                    values,
                )
        self.connection.execute("delete from raw._observed_until")
        self.stale.add("raw._observed_until")
        for feed in raw_worlds.FEEDS if observed_until else ():
            self.connection.execute(
                "insert into raw._observed_until values (?, ?, ?, ?)",
                [SYSTEM, feed, observed_until, raw_worlds.DELIVERIES[-1]],
            )

    def take(self, path):
        """Put what lies in schema raw of a build file into this one's, and nothing else."""
        run = self.connection.execute
        run(f"attach '{path}' as taken (read_only)")
        query = "select table_name from information_schema.tables where table_schema = 'raw' and table_catalog = ?"
        loaded = {name for (name,) in self.rows(query, ["taken"])}
        for (name,) in self.rows(query, ["counterweight"]):
            table = f"raw.{quoted(name)}"
            self.stale.add(f"raw.{name}")
            if name in loaded:
                run(f"create or replace table {table} as from taken.{table}")
            else:
                run(f"delete from {table}")
        run("detach taken")

    def build(self, with_marts=True):
        """Run the models. Failure where one cannot be run."""
        waiting = set()
        for model in self.models:
            if model.needs & self.stale or model.place in self.stale:
                # until all of them are there: a model that fails is run again
                self.stale.add(model.place)
                if model.is_mart and not with_marts:
                    waiting.add(model.place)
                else:
                    self.make(model)
        self.stale = waiting

    def make(self, model, sql=None):
        """Run one model, or another text in its place."""
        sql = sql or model.sql
        try:
            if model.kind == "view":
                self.connection.execute(f"create or replace view {model.relation} as {sql}")
            elif model.columns:
                columns = ", ".join(
                    f"{quoted(name)} {kind}{' not null' if is_known else ''}"
                    for name, (kind, is_known) in model.columns.items()
                )
                names = ", ".join(map(quoted, model.columns))
                self.connection.execute(f"create or replace table {model.relation} ({columns})")
                self.connection.execute(f"insert into {model.relation} ({names}) select {names} from ({sql}) as made")
            else:
                self.connection.execute(f"create or replace table {model.relation} as {sql}")
        except duckdb.Error as error:
            raise Failure(f"{model.name} cannot be built: {str(error).splitlines()[0]}") from None

    def model(self, name):
        return next(model for model in self.models if model.name == name)


def _compiled(project):
    """(models in the order in which they depend on each other, data tests)"""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with contextlib.closing(project.connect()) as connection:
            prepare(connection, project)
        # its hooks make the raw tables that are missing
        run_dbt(project, ["seed"], {})
        results = run_dbt(project, ["compile", "--select", "resource_type:model", "test_type:data"], {})
    nodes = {result.node.unique_id: result.node for result in results}
    manifest = json.loads((project.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    places = {
        name: f"{node['schema']}.{node.get('alias') or node['identifier']}"
        for name, node in (manifest["nodes"] | manifest["sources"]).items()
    }
    models, tests, done = [], [], set()

    def take(name):
        if name in done or name not in nodes:
            return
        done.add(name)
        node = nodes[name]
        for other in node.depends_on.nodes:
            take(other)
        is_enforced = getattr(node, "contract", None) and node.contract.enforced
        columns = {
            column.name: (column.data_type, any(rule.type == "not_null" for rule in column.constraints))
            for column in (node.columns.values() if is_enforced else ())
        }
        of_marts = [nodes.get(other, node).original_file_path for other in (name, *node.depends_on.nodes)]
        statement = Statement(
            name=node.alias,
            schema=node.schema,
            kind=node.config.materialized,
            sql=node.compiled_code,
            columns=columns,
            needs=frozenset(places[other] for other in node.depends_on.nodes),
            is_mart=any(path.startswith("models/marts") for path in of_marts),
        )
        (models if node.resource_type == "model" else tests).append(statement)

    for name in nodes:
        take(name)
    return models, tests


def examine(warehouse, world, counts=None, is_thorough=True):
    """Build the world and look at it. Failure with the first sentence that is not true; `counts` says what was seen.

    is_thorough: with the marts, the data tests of the project, and the used rows once more in another order
    """
    counts = collections.Counter() if counts is None else counts
    rows = list(enumerate(world.rows, 1))
    warehouse.fill(rows, world.observed_until)
    warehouse.build(with_marts=is_thorough)
    counts["examples"] += 1
    counts["rows"] += len(rows)
    used = _check_fates(warehouse, rows, counts)
    _check_times_of_claims(warehouse)
    check_verdicts(warehouse, counts)
    _check_numbers(warehouse)
    if is_thorough and rows:
        _check_tests(warehouse)
        before = _settled(warehouse)
        random.Random(len(rows)).shuffle(used)
        warehouse.fill(used, world.observed_until)
        warehouse.build()
        after = _settled(warehouse)
        for table, found in before.items():
            if found != after[table]:
                raise Failure(
                    f"{table} is another where the used rows come in another order and the others are left out: "
                    f"{_first_difference(found, after[table])}"
                )


def _settled(warehouse):
    return {
        model.relation: sorted(map(repr, warehouse.rows(f"from {model.relation}")))
        for model in warehouse.models
        if model.schema in SETTLED and model.name not in OF_DELIVERY
    }


def _first_difference(before, after):
    gone = collections.Counter(before) - collections.Counter(after)
    new = collections.Counter(after) - collections.Counter(before)
    return f"{sum(gone.values())} rows gone, {sum(new.values())} new; {next(iter(gone), None)}; {next(iter(new), None)}"


def _check_fates(warehouse, rows, counts):
    """Every raw row has its fate. Returns the numbered rows that were used, with their copies."""
    kept = []
    for table, contract in warehouse.contract.items():
        delivered = {number: row for number, row in rows if row.table == table}
        base = f"staging.base_{SYSTEM}__{table}"
        found = warehouse.rows(f"select _row_number, fate, fate_reason from {base}")
        if sorted(number for number, _, _ in found) != sorted(delivered):
            raise Failure(f"{table}: of {len(delivered)} raw rows {len(found)} have a fate")
        fates = {number: (fate, reason) for number, fate, reason in found}
        for number, (fate, reason) in fates.items():
            counts["fate", fate] += 1
            if fate not in FATES or (reason is not None) != (fate in ("excluded", "quarantined")):
                raise Failure(f"{table}: row {number} is '{fate}' for the reason {reason}")
            counts["reason", reason] += 1
            _check_reason(table, contract, delivered[number].values, fate, reason)
        _check_copies(table, contract, delivered, fates)
        keys = ", ".join(_name(column, contract) for column in contract["key"])
        if twice := warehouse.rows(f"select {keys} from {base} where fate = 'used' group by all having count(*) > 1"):
            raise Failure(f"{table}: {len(twice)} keys are used twice")
        kept += [
            (number, delivered[number]) for number in fates if fates[number][0] not in ("quarantined", "superseded")
        ]
    (told,) = warehouse.rows("select coalesce(sum(row_count), 0) from facts.fct_row_fates")
    if told != (len(rows),):
        raise Failure(f"fct_row_fates tells of {told[0]} rows, and {len(rows)} were delivered")
    return kept


def _name(column, contract):
    if contract["columns"][column] != "person":
        return column
    return column.removesuffix("_id") + "_key"


def _is_blank(values, column):
    return not (values.get(column) or "").strip(BLANKS)


def _check_reason(table, contract, values, fate, reason):
    """What the reason says is true of the row as it was delivered; and no row lacks what it must have."""
    kind, _, column = (reason or "").partition("_")
    if kind == "missing" and column in contract["columns"] and not _is_blank(values, column):
        raise Failure(f"{table}: {reason}, and it is {values[column]!r}")
    if kind in ("unreadable", "overlong") and column in contract["columns"] and _is_blank(values, column):
        raise Failure(f"{table}: {reason}, and there is nothing")
    if fate != "used":
        return
    time_of = [contract["time"]] if contract.get("time") else []
    for needed in contract.get("required") or [*contract["key"], *time_of]:
        if _is_blank(values, needed):
            raise Failure(f"{table}: a row without {needed} is used")


def _check_copies(table, contract, delivered, fates):
    """Of rows with one content all but one are exact duplicates."""
    copies = collections.defaultdict(list)
    for number, row in delivered.items():
        copies[tuple(row.values.get(column) for column in contract["columns"])].append(fates[number][0])
    for group in copies.values():
        if group.count("exact_duplicate") != len(group) - 1:
            raise Failure(f"{table}: rows with the same content are {sorted(group)}")


def _check_times_of_claims(warehouse):
    """A claim, and what contradicts it, lies at a time that a used row has."""
    known = set()
    for table, contract in warehouse.contract.items():
        for column, kind in contract["columns"].items():
            if kind == "time":
                name = contract.get("tool", {}).get(column, column)
                found = warehouse.rows(
                    f"select distinct {name} from staging.base_{SYSTEM}__{table} where fate = 'used'"
                )
                known.update(at for (at,) in found)
    for claim in warehouse.records("from facts.fct_claims"):
        for column in ("claimed_at", *(f"first_{tier}_at" for tier in TIERS["strict"])):
            if claim[column] is not None and claim[column] not in known:
                raise Failure(f"{claim['claim_id']}: no used row has the time of {column}, {claim[column]}")
        for tier in TIERS["strict"]:
            at = claim[f"first_{tier}_at"]
            # of a ticket's own changes the sequence decides, even within a second
            if at is not None and (at < claim["claimed_at"] or (at == claim["claimed_at"] and tier != "r1")):
                raise Failure(f"{claim['claim_id']}: {tier} at {at} is not after the claim at {claim['claimed_at']}")


def check_verdicts(warehouse, counts=None):
    """Each claim x window x tier set has the verdict that the definitions give it."""
    counts = collections.Counter() if counts is None else counts
    claims = {claim["claim_id"]: claim for claim in warehouse.records("from facts.fct_claims")}
    windows = warehouse.rows("select window_days, is_for_service, is_for_business from reference.windows")
    horizons = _horizons(warehouse)
    shared = set(warehouse.rows("select customer_key, category from intermediate.int_shared_identities"))
    contradicted = {
        kind for (kind,) in warehouse.rows("select claim_type from reference.business_outcomes where falsifies")
    }
    wanted = {}
    for name, claim in claims.items():
        is_service = claim["business_function"] == "service"
        counts["claim", claim["claim_type"] if is_service else "business"] += 1
        is_seen = not claim["needs_customer"] or (
            claim["customer_key"] is not None
            and not {(claim["customer_key"], None), (claim["customer_key"], claim["category"])} & shared
        )
        for days in (days for days, service, business in windows if (service if is_service else business)):
            for tier_set, tiers in TIERS.items():
                until = horizons.get((claim["claim_type"] if is_service else "business", tier_set))
                can_be_mature = is_service or (claim["claim_type"] or "").strip(BLANKS).lower() in contradicted
                is_mature = can_be_mature and until is not None and _seconds(claim["claimed_at"], until) >= days * 86400
                falsifiers = [claim[f"first_{tier}_at"] for tier in tiers]
                inside = [at for at in falsifiers if at and _seconds(claim["claimed_at"], at) <= days * 86400]
                if is_mature and not is_seen:
                    verdict = "unobservable"
                elif inside:
                    verdict = "falsified"
                else:
                    verdict = "held" if is_mature else "pending"
                wanted[name, days, tier_set] = (is_mature, verdict, min(inside, default=None))
    found = {}
    for name, days, tier_set, *verdict in warehouse.rows(
        "select claim_id, window_days, tier_set, is_mature, verdict, falsified_at from facts.fct_claim_verdicts"
    ):
        if (name, days, tier_set) in found:
            raise Failure(f"{name} has two verdicts in {days} days, {tier_set}")
        found[name, days, tier_set] = tuple(verdict)
    for case in wanted.keys() | found.keys():
        if wanted.get(case) != found.get(case):
            raise Failure(f"{case}: (mature, verdict, when) is {found.get(case)}, and should be {wanted.get(case)}")
        counts["verdict", case[2], found[case][1]] += 1


def _seconds(start, end):
    """Whole seconds from one second of the clock to another."""
    return (end.replace(microsecond=0) - start.replace(microsecond=0)) // datetime.timedelta(seconds=1)


def _horizons(warehouse):
    """(type of claim, tier set) -> until when every feed was observed that could contradict it, in one system."""
    seen = {}
    for feed, until, as_of in warehouse.rows("select feed, observed_until, as_of from dimensions.dim_feed_coverage"):
        seen[feed] = min(until, as_of)
    feeds = collections.defaultdict(set)
    for claim_type, tier, feed in warehouse.rows("select claim_type, tier, feed from reference.falsifier_feeds"):
        for tier_set, tiers in TIERS.items():
            if tier.lower() in tiers:
                feeds[claim_type, tier_set].add(feed)
    return {
        case: min(seen[feed] for feed in needed if feed in seen)
        for case, needed in feeds.items()
        if any(feed in seen for feed in needed)
    }


def _check_numbers(warehouse):
    """No number of what people read is infinite or none, and no share of counted things is beyond 0 and 1."""
    for table, columns in _number_columns(warehouse).items():
        tests = [f"not isfinite({column})" for column, kind in columns if kind in ("DOUBLE", "FLOAT")]
        tests += [
            f"{column} not between 0 and 1"
            for column, _ in columns
            if column.endswith(("_share", "return_rate", "held_rate", "repeat_rate"))
        ]
        for test in tests:
            if warehouse.rows(f"select 1 from {table} where {test} limit 1"):
                raise Failure(f"{table}: {test}")


def _number_columns(warehouse):
    found = collections.defaultdict(list)
    for schema, table, column, kind in warehouse.rows(
        "select table_schema, table_name, column_name, data_type from information_schema.columns "
        "where table_catalog = 'counterweight' and table_schema in ('facts', 'marts') "
        "and (data_type in ('DOUBLE', 'FLOAT') or data_type like 'DECIMAL%')"
    ):
        found[f"{schema}.{table}"].append((column, kind))
    return found


def _check_tests(warehouse):
    for name, failing in failing_tests(warehouse).items():
        raise Failure(f"test {name}: {failing} rows")


def failing_tests(warehouse):
    """{data test: rows that it finds}, of those that find some. Failure where one cannot be run.

    Tests of marts where these were built.
    """
    found = {}
    for test in warehouse.tests:
        if test.is_mart and warehouse.stale:
            continue
        try:
            # as dbt does it: DuckDB stumbles over a count of some of these queries
            ((count,),) = warehouse.rows(f"create or replace temp table failing as ({test.sql})")
        except duckdb.Error as error:
            raise Failure(f"test {test.name} cannot be run: {str(error).splitlines()[0]}") from None
        if count:
            found[test.name] = count
    return found


def run(warehouse, examples, seed=0, is_thorough=True, then=None):
    """(what was seen, how it failed): a Counter, and a text that is empty where everything held.

    then    called after each world that holds, while it lies in the warehouse
    """
    counts = collections.Counter()
    last = {}

    @seeded(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
    )
    @given(raw_worlds.worlds(warehouse.contract))
    def holds(world):
        try:
            examine(warehouse, world, counts, is_thorough)
        except Failure as failure:
            last["failure"] = f"{failure}\n" + "\n".join(f"  {row!r}" for row in world.rows)
            last["failure"] += f"\n  observed until {world.observed_until}"
            raise
        if then:
            then()

    try:
        holds()
    except Failure:
        return counts, last["failure"]
    return counts, ""


def unseen(counts):
    """What no example had: of that, nothing was shown."""
    wanted = [("fate", fate) for fate in sorted(FATES)]
    wanted += [("verdict", tier_set, verdict) for tier_set in TIERS for verdict in sorted(VERDICTS)]
    return [" ".join(case) for case in wanted if not counts[case]]


def _report(counts, seconds):
    click.echo(
        f"{counts['examples']} worlds, {counts['rows']:,} raw rows, {60 * counts['examples'] / seconds:.0f} a minute"
    )
    for title, kind in (("fates", "fate"), ("reasons", "reason"), ("claims", "claim"), ("verdicts", "verdict")):
        found = collections.Counter({case[1:]: count for case, count in counts.items() if case[0] == kind and case[1]})
        click.echo(f"{title:<9}" + ", ".join(f"{' '.join(case)} {count:,}" for case, count in found.most_common(20)))


@click.command()
@click.option("--examples", default=200, show_default=True, help="How many worlds; each takes some seconds.")
@click.option("--seed", default=0, show_default=True, help="Another number makes other worlds.")
@click.option("--quick", is_flag=True, help="Without marts, data tests and the second build of each world.")
def main(examples, seed, quick):
    """Raw rows that nobody would think of, through the whole warehouse: does what must hold, hold?

    Says how many worlds there were, what became of their rows and which verdicts were met. Exit code 1 where an example
    fails, which is then printed as small as it gets, or where a fate or verdict was met by none.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = Project.find()
        project = Project(found.root, Path(folder) / "counterweight.duckdb", Path(folder) / "published")
        warehouse = Warehouse(project)
        click.echo(f"{len(warehouse.models)} models and {len(warehouse.tests)} data tests, compiled")
        started = time.monotonic()
        counts, failure = run(warehouse, examples, seed, not quick)
    _report(counts, time.monotonic() - started)
    missing = unseen(counts)
    if failure:
        click.echo(f"\nDoes not hold: {failure}")
    elif missing:
        click.echo(f"\nNothing was shown of what was never met: {', '.join(missing)}. Ask for more examples.")
    else:
        click.echo("All of it holds.")
    sys.exit(bool(failure or missing))


if __name__ == "__main__":
    main()
