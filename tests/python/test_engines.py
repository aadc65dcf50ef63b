"""The same build, tests and audit on PostgreSQL, and the same values in every table that readers see."""

import contextlib
import dataclasses
import datetime
import decimal
import gzip
import io
import itertools
import json
import time

import duckdb
import pytest
from dbt.adapters.factory import cleanup_connections
from dbt.cli.main import dbtRunner

import random_clocks_world
import zendesk_world
from conftest import REAL_DATA, ROOT, TABLES, WITHOUT_MARTS, build_facts, rows
from counterweight.audit import run_expectations, suites_of
from counterweight.build import build
from counterweight.load import load
from counterweight.worlds import simulate

pytestmark = pytest.mark.engine

# Days are cut here, where the clocks are set forward in the third month.
ZONE = "America/New_York"
# What no table of these logs tells of; test_every_value_of_a_whole_world_is_the_same compares them.
NOT_IN_THE_LOGS = {
    *(
        f"facts.fct_{name}"
        for name in (
            "access_events",
            "agent_days",
            "bot_sessions",
            "business_claims",
            "business_measures",
            "business_outcomes",
            "contact_legs",
            "costs",
            "problems",
            "qa_reviews",
            "survey_responses",
            "team_months",
            "ticket_clocks",
            "ticket_messages",
        )
    ),
    "facts.fct_contact_expectations",
    "facts.fct_people_cells",
    # nothing in them is wrong
    "facts.fct_quarantined_rows",
    "marts.quarantine",
    *(
        f"marts.{name}"
        for name in (
            "business_claims_scorecard",
            "business_measures_scorecard",
            "cost_to_resolve",
            "handle_time_in_context",
            "passed_and_held",
            "priced_requests",
            "problem_fixes",
            "recurring_problems",
            "survey_coverage",
            "what_made_it_hard",
        )
    ),
    *(f"dimensions.dim_{name}" for name in ("accounts", "agents", "categories", "expected_handle_time", "targets")),
}

# What readers see, and the tables behind it: whatever models lie there, now or later.
COMPARED = ("dimensions", "facts", "marts")
# What audit and publish keep, which is of the embedded file.
OF_AUDITS = ("data_health_over_time", "published_changes")


@dataclasses.dataclass(frozen=True)
class Twin:
    """A world that was built on PostgreSQL from the raw data of a DuckDB build file."""

    project: object
    server: object
    database: str
    results: list
    seconds: float


def copy_raw(project, server, database):
    """The schemas that `load` writes, as they are. Behind a real PostgreSQL a connector would land them."""
    with (
        contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as source,
        contextlib.closing(server.connect(database)) as target,
    ):
        tables = source.execute(
            "select table_schema, table_name from information_schema.tables where table_schema in ('raw', 'private')"
        ).fetchall()
        for schema, table in tables:
            target.cursor().execute(f'create schema if not exists "{schema}"')
            copy_table(source, target, schema, table)
        target.commit()


def copy_table(source, target, schema, table):
    """A table of a DuckDB file, as it is, into a schema of the same name."""
    name = f'"{schema}"."{table}"'
    columns = source.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = ? and table_name = ? order by ordinal_position",
        [schema, table],
    ).fetchall()
    cursor = target.cursor()
    typed = ", ".join(f'"{column}" {kind}' for column, kind in columns)
    cursor.execute(f"create table {name} ({typed})")
    result = source.execute(f"select * from {name}")
    while chunk := result.fetchmany(50_000):
        text = "".join("\t".join(map(_copied, row)) + "\n" for row in chunk)
        cursor.copy_expert(f"copy {name} from stdin", io.StringIO(text))


def _copied(value):
    """A value in the text form of COPY."""
    if value is None:
        return r"\N"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


@pytest.fixture(scope="session")
def on_postgres(postgres, tmp_path_factory):
    """A function that builds a world's twin: models, seeds, data tests; marts where they are compared. Unit tests need
    no world: once is enough."""

    def twin(project, database, values=None, unit_tests=False, marts=True):
        postgres.create_database(database)
        copy_raw(project, postgres, database)
        target = tmp_path_factory.mktemp(f"target_{database}")
        with pytest.MonkeyPatch.context() as patch, contextlib.chdir(ROOT):
            for name, value in postgres.environment(database).items():
                patch.setenv(name, value)
            common = [
                "--target", "postgres", "--target-path", str(target), "--log-path", str(target),
                "--log-level", "none", "--no-version-check", "--vars", json.dumps(values or {}),
            ]  # fmt: skip
            started = time.monotonic()
            try:
                # first what unit tests take their columns from
                variables = ["--vars", json.dumps(values or {})]
                arguments = ["build", *TABLES, "--resource-type", "test", *([] if marts else WITHOUT_MARTS)]
                outcomes = [dbtRunner().invoke([*arguments, *variables, *common])]
                seconds = time.monotonic() - started
                if unit_tests:
                    outcomes.append(dbtRunner().invoke(["test", "--select", "test_type:unit", *common]))
            finally:
                cleanup_connections()
        for outcome in outcomes:
            assert outcome.exception is None, outcome.exception
        return Twin(
            project=project,
            server=postgres,
            database=database,
            results=[result for outcome in outcomes for result in outcome.result],
            seconds=seconds,
        )

    return twin


@pytest.fixture(scope="session")
def demo_twin(on_postgres, demo):
    return on_postgres(demo, "demo", unit_tests=True)


@pytest.fixture(scope="module")
def world_twin(on_postgres, new_project, tmp_path_factory):
    """A world with every table of the raw contract, contract prices among the costs, and a row and a line that nobody
    can use."""
    folder = tmp_path_factory.mktemp("whole_world")
    simulate(folder, world="dealership", tickets=500, calls=1000, months=3)
    (folder / "more.csv").write_text("ticket_id,created_at,requester_id,channel,category,status\nX,,a,b,c,new\ncut\n")
    project = new_project("whole_world")
    load(project, None, [f"canonical={folder}/raw", f"canonical.tickets={folder}/more.csv"])
    build(project, {"reporting_time_zone": ZONE})
    return on_postgres(project, "whole_world", {"reporting_time_zone": ZONE})


@pytest.fixture(scope="session")
def real_twin(on_postgres, three_sources):
    return on_postgres(three_sources, "real")


@pytest.fixture(scope="session")
def zendesk_twin(on_postgres, zendesk):
    return on_postgres(zendesk, "zendesk", {"zendesk_schema": "raw", **zendesk_world.VARIABLES}, marts=False)


def compared_models(twin):
    """(schema, table) of each model that is compared, of those that were built."""
    return [
        (result.node.schema, result.node.alias)
        for result in twin.results
        if result.node.resource_type == "model"
        and result.node.path.split("/")[0] in COMPARED
        and result.node.alias not in OF_AUDITS
        # parts of the scorecard are no tables of their own
        and "pairs" not in result.node.path.split("/")
    ]


def _columns(cursor, schema, table):
    cursor.execute(
        "select column_name from information_schema.columns "
        f"where table_schema = '{schema}' and table_name = '{table}' order by ordinal_position"
    )
    return [name for (name,) in cursor.fetchall()]


def _plain(value):
    """A value as both engines hand it over: numbers and times exact, 1.50 not told from 1.5."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, decimal.Decimal)):
        return decimal.Decimal(value).normalize() + 0
    if isinstance(value, datetime.datetime):
        assert value.tzinfo is None
    return value


def _table(cursor, schema, table, columns):
    """How often each row of a table occurs."""
    counts = {}
    names = ", ".join(f'"{column}"' for column in columns)
    cursor.execute(f'select {names} from "{schema}"."{table}"')
    while chunk := cursor.fetchmany(50_000):
        for row in chunk:
            key = tuple(map(_plain, row))
            counts[key] = counts.get(key, 0) + 1
    return counts


def _differences(twin):
    """{table: (rows on DuckDB, rows only there, rows only on PostgreSQL)}"""
    found = {}
    with (
        contextlib.closing(duckdb.connect(str(twin.project.warehouse), read_only=True)) as here,
        contextlib.closing(twin.server.connect(twin.database)) as there,
    ):
        for schema, table in compared_models(twin):
            columns = _columns(here.cursor(), schema, table)
            assert columns, table
            assert _columns(there.cursor(), schema, table) == columns, table
            left = _table(here.cursor(), schema, table, columns)
            right = _table(there.cursor(), schema, table, columns)
            found[f"{schema}.{table}"] = (
                sum(left.values()),
                [row for row in left if left[row] != right.get(row)],
                [row for row in right if right[row] != left.get(row)],
            )
    return found


def _check_build(twin):
    failed = {result.node.name: result.message for result in twin.results if result.status not in ("success", "pass")}
    assert failed == {}
    kinds = [result.node.resource_type for result in twin.results]
    assert kinds.count("test") >= 30
    return kinds


def _check_parity(twin, capsys, may_be_empty=()):
    found = _differences(twin)
    assert len(found) >= 8
    differing = {table: (only_here[:2], only_there[:2]) for table, (_, only_here, only_there) in found.items()
                 if only_here or only_there}  # fmt: skip
    assert differing == {}
    assert {table for table, (count, _, _) in found.items() if count == 0} <= set(may_be_empty)
    with capsys.disabled():
        total = sum(count for count, _, _ in found.values())
        print(f"\n{twin.database}: {total:,} rows of {len(found)} tables are equal; built in {twin.seconds:.0f} s")


@pytest.mark.long
@pytest.mark.xdist_group("demo")
def test_the_demo_world_builds_and_its_tests_pass(demo_twin):
    assert _check_build(demo_twin).count("unit_test") >= 100


@pytest.mark.long
@pytest.mark.xdist_group("demo")
def test_every_value_of_the_demo_world_is_the_same(demo_twin, capsys):
    _check_parity(demo_twin, capsys, NOT_IN_THE_LOGS)


@pytest.mark.xdist_group("world")
def test_every_value_of_a_whole_world_is_the_same(world_twin, capsys):
    assert {result.node.name for result in world_twin.results if result.status not in ("success", "pass")} == set()
    # no fix was watched for 60 days in a world of three months, and nobody games in it
    _check_parity(world_twin, capsys, {"marts.problem_fixes", "marts.gaming_evidence"})


@pytest.mark.long
@pytest.mark.xdist_group("clocks")
def test_clocks_and_calendars_of_every_kind_are_the_same(on_postgres, new_project, tmp_path, capsys):
    """The log has no policies; this desk has, in eight zones."""
    project = new_project("clocks")
    load(project, "canonical", random_clocks_world.write(tmp_path, random_clocks_world.make(1, 600)))
    build_facts(project)
    twin = on_postgres(project, "clocks", marts=False)
    _check_build(twin)
    _check_parity(twin, capsys, NOT_IN_THE_LOGS - {"facts.fct_ticket_clocks"})


@pytest.mark.long
@pytest.mark.xdist_group("demo")
def test_each_table_was_analyzed(demo_twin):
    with contextlib.closing(demo_twin.server.connect(demo_twin.database)) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "select schemaname || '.' || relname from pg_stat_user_tables "
            "where schemaname in ('staging', 'intermediate', 'dimensions', 'facts', 'marts', 'reference') "
            "and last_analyze is null"
        )
        assert cursor.fetchall() == []


def _check_audit(twin, pages):
    build_id = rows(twin.project, "select max(build_id) from audit.relations")[0][0]
    server = twin.server
    address = f"postgresql+psycopg2://{server.user}:{server.password}@{server.host}:{server.port}/{twin.database}"
    checks = run_expectations(suites_of(twin.project, build_id), address, run_name="twin", pages=pages)
    found = sorted((check.suite, check.expectation_id, check.success, check.failed_count) for check in checks)
    assert len(found) >= 10
    assert found == rows(
        twin.project,
        "select suite, expectation_id, success, failed_count from audit.expectation_results "
        "where build_id = ? order by all",
        [build_id],
    )


@pytest.mark.long
@pytest.mark.xdist_group("demo")
def test_the_audit_of_the_demo_world_finds_the_same(demo_twin, tmp_path):
    _check_audit(demo_twin, tmp_path / "pages")


@pytest.mark.long
@pytest.mark.xdist_group("zendesk")
def test_the_world_in_zendesks_layout_builds_and_its_tests_pass(zendesk_twin):
    _check_build(zendesk_twin)


@pytest.mark.long
@pytest.mark.xdist_group("zendesk")
def test_every_value_of_the_world_in_zendesks_layout_is_the_same(zendesk_twin, capsys):
    _check_parity(zendesk_twin, capsys, NOT_IN_THE_LOGS)


@pytest.mark.long
@pytest.mark.xdist_group("zendesk")
@pytest.mark.real
@pytest.mark.parametrize("systems", ["bank_call_log", "service_manager", "all five"])
def test_each_other_system_alone_and_all_together(
    on_postgres, new_project, zendesk_folder, demo_log, bank_logs, systems, tmp_path, capsys
):
    """What the other twins leave out. Two of the five know the same people, by their addresses."""
    with gzip.open(bank_logs[0], "rt", encoding="latin-1") as log:
        (tmp_path / "calls.csv").write_text("".join(itertools.islice(log, 4000)), encoding="utf-8")
    folder, _ = zendesk_folder
    excerpt = REAL_DATA / "service_manager_excerpt"
    files = {
        "bank_call_log": [f"bank_call_log.calls={tmp_path / 'calls.csv'}"],
        "service_manager": [
            f"service_manager.interactions={excerpt}/Detail_Interaction_excerpt.csv",
            f"service_manager.incidents={excerpt}/Detail_Incident_excerpt.csv",
            f"service_manager.incident_activities={excerpt}/Detail_Incident_Activity_excerpt.csv",
        ],
    }
    values = {}
    if systems == "all five":
        others = [f"servicenow.incident_event_log={demo_log}", f"canonical={folder}/raw", f"zendesk={folder}/zendesk"]
        files[systems] = [*itertools.chain(*files.values()), *others]
        values = {"zendesk_schema": "raw", **zendesk_world.VARIABLES}
    project = new_project(systems.replace(" ", "_"))
    load(project, None, files[systems])
    build_facts(project, values)
    twin = on_postgres(project, systems.replace(" ", "_"), values, marts=False)
    assert {result.node.name for result in twin.results if result.status not in ("success", "pass")} == set()
    found = _differences(twin)
    assert [table for table, (_, only_here, only_there) in found.items() if only_here or only_there] == []
    assert found["facts.fct_interactions"][0] > 90
    assert found["facts.fct_claims"][0] > 20
    with capsys.disabled():
        print(f"\n{systems}: {sum(count for count, _, _ in found.values()):,} rows are equal; {twin.seconds:.0f} s")


@pytest.mark.long
@pytest.mark.xdist_group("zendesk")
def test_a_connectors_schema_alone_is_enough(postgres, zendesk, zendesk_folder, tmp_path):
    """A database with the connector's typed tables and nothing else: one variable, and the claims are the same."""
    postgres.create_database("connector")
    types = {"TIMESTAMP": "timestamptz", "HUGEINT": "bigint"}
    with contextlib.closing(postgres.connect("connector")) as connection:
        cursor = connection.cursor()
        cursor.execute("create schema helpdesk; set timezone to 'UTC'")
        for path in sorted((zendesk_folder[0] / "zendesk").glob("*.parquet")):
            columns = duckdb.execute(f"describe select * from '{path}'").fetchall()
            typed = ", ".join(
                f'"{name}" {"jsonb" if name == "merged_ticket_ids" else types.get(kind, kind)}'
                for name, kind, *_ in columns
            )
            cursor.execute(f'create table helpdesk."{path.stem}" ({typed})')
            landed = duckdb.execute(f"select * from '{path}'").fetchall()
            text = "".join("\t".join(map(_copied, row)) + "\n" for row in landed)
            cursor.copy_expert(f'copy helpdesk."{path.stem}" from stdin', io.StringIO(text))
        connection.commit()
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(ROOT):
        for name, value in {**postgres.environment("connector"), "PGTZ": "America/New_York"}.items():
            patch.setenv(name, value)
        try:
            outcome = dbtRunner().invoke([
                "build", *TABLES, "--resource-type", "test", "--target", "postgres",
                "--target-path", str(tmp_path), "--log-path", str(tmp_path), "--log-level", "none",
                "--no-version-check", "--vars",
                json.dumps({"zendesk_schema": "helpdesk", **zendesk_world.VARIABLES}),
            ])  # fmt: skip
        finally:
            cleanup_connections()
    assert outcome.exception is None, outcome.exception
    assert {result.node.name for result in outcome.result if result.status not in ("success", "pass")} == set()
    query = "select ticket_id, claimed_at, first_r1_at, first_r2_at, first_r3_at, first_r4_at from facts.fct_claims"
    with contextlib.closing(postgres.connect("connector")) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        found = cursor.fetchall()
    assert sorted(found, key=str) == sorted(rows(zendesk, query), key=str)


@pytest.mark.long
@pytest.mark.xdist_group("real")
@pytest.mark.real
def test_the_audit_of_the_real_logs_finds_the_same(real_twin, tmp_path):
    _check_audit(real_twin, tmp_path / "pages")


@pytest.mark.long
@pytest.mark.xdist_group("real")
@pytest.mark.real
def test_the_real_logs_build_and_their_tests_pass(real_twin):
    _check_build(real_twin)


@pytest.mark.long
@pytest.mark.xdist_group("real")
@pytest.mark.real
def test_every_value_of_the_real_logs_is_the_same(real_twin, capsys):
    _check_parity(real_twin, capsys, NOT_IN_THE_LOGS)
