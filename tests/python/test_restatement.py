"""What was published and is no longer so is said, with its cause; past builds and their books stay."""

import contextlib
import dataclasses
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from conftest import ROOT
from counterweight import history, restatement, retention
from counterweight.dev.restated_week import EXPECTED, restate
from counterweight.dev.warehouse_page import read_models
from counterweight.project import Project
from counterweight.publish import FILE_NAME, open_published, publish
from counterweight.report.desk import Desk
from counterweight.report.sections import changes


@pytest.fixture
def waiting(demo, tmp_path):
    return waiting_in(tmp_path, demo)


def waiting_in(place, demo):
    """A published build in a place of its own, with a second audited build of the same rows and code waiting."""
    folder = place / "world"
    shutil.copytree(demo.warehouse.parent, folder, symlinks=True)
    project = Project(root=ROOT, warehouse=folder / "counterweight.duckdb", published=folder / "published")
    say(
        project,
        "insert into audit.builds by name select * replace (build_number + 1 as build_number, "
        "'000002-waiting' as build_id, 'audited' as status) from audit.builds",
        "insert into audit.relations select '000002-waiting', * exclude (build_id) from audit.relations",
        "insert into audit.build_inputs select '000002-waiting', * exclude (build_id) from audit.build_inputs",
    )
    return project


def say(project, *statements):
    with contextlib.closing(project.connect()) as connection:
        for statement in statements:
            connection.execute(statement)


def asked(project, query):
    with contextlib.closing(open_published(project)) as connection:
        return connection.execute(query).fetchall()


# A cell to change: the first month of the whole desk whose held share is known.
CELL = """
    select min(period_start) from marts.balanced_scorecard
    where period_type = 'month' and unit_type = 'total' and pair_id = 'P03' and window_days = 7 and headline is not null
"""
FIGURE = (
    f"period_type = 'month' and unit_type = 'total' and pair_id = 'P03' and window_days = 7 and period_start = ({CELL})"
)
CHANGED = f"update marts.balanced_scorecard set headline = headline - 0.01 where {FIGURE}"
CLAIM = f"""
    select min(claim_id) from facts.fct_claims
    where claim_type = 'ticket_resolved' and first_r1_at is null and is_headline_cohort
        and date_trunc('month', claimed_at) = ({CELL})
"""
NEW_ROWS = "update audit.builds set input_fingerprint = 'other' where build_id = '000002-waiting'"
# Rows of earlier loads that are no longer in the figures, for newer ones stand for them.
REPLACED = """
    insert into facts.fct_row_fates by name
    select * replace ('superseded' as fate, null as fate_reason, 3 as row_count) from facts.fct_row_fates
    where fate = 'used' and raw_table = '{table}';
    update facts.fct_row_fates set row_count = row_count - 3 where fate = 'used' and raw_table = '{table}'
"""
# So many rows are new to the figures.
MORE = """
    insert into facts.fct_row_fates by name
    select * replace ('later.csv' as source_file, 5 as row_count) from facts.fct_row_fates
    where fate = 'used' and raw_table = '{table}'
"""
ERASED = REPLACED.replace("'superseded'", "'erased'")
COMES_BACK = f"update facts.fct_claims set first_r1_at = claimed_at + interval 1 day where claim_id = ({CLAIM})"
LATER = f"update facts.fct_claims set claimed_at = claimed_at + interval 1 minute where claim_id = ({CLAIM})"
RENAMED = f"update facts.fct_claims set category = 'Other' where claim_id = ({CLAIM})"
GONE = f"delete from facts.fct_claims where claim_id = ({CLAIM})"
NEW = (
    "insert into facts.fct_claims by name select * replace ('new' as claim_id) from facts.fct_claims "
    f"where claim_id = ({CLAIM})"
)
OTHER_CODE = "update audit.builds set code_fingerprint = 'other' where build_id = '000002-waiting'"
OTHER_VARIABLE = """update audit.builds set vars = '{"issue_key": "anything"}' where build_id = '000002-waiting'"""
# What happened -> cause, rows that are late, corrected, gone, and words of the explanation.
CAUSES = {
    "a return that came late": ([COMES_BACK, NEW_ROWS], ("late_data", 1, 0, 0, "and unit: fct_claims 1 completed.")),
    "a claim that came late": ([NEW, NEW_ROWS], ("late_data", 1, 0, 0, "fct_claims 1 new.")),
    "an event that came late moves a claim": (
        [LATER, NEW_ROWS],
        ("late_data", 1, 0, 0, "fct_claims 1 with another history."),
    ),
    # tickets get new versions as long as they live, and these do not put their history right
    "and so it does where tickets have new versions": (
        [LATER, NEW_ROWS, REPLACED.format(table="tickets"), MORE.format(table="ticket_events")],
        ("late_data", 1, 0, 0, "fct_claims 1 with another history."),
    ),
    "a ticket put right, so that another is its return": (
        [COMES_BACK, NEW_ROWS, REPLACED.format(table="tickets")],
        ("correction", 0, 1, 0, "fct_claims 1 completed."),
    ),
    "a return and a ticket put right": (
        [COMES_BACK, NEW, NEW_ROWS, REPLACED.format(table="tickets"), MORE.format(table="calls")],
        ("late_data", 2, 0, 0, "fct_claims 1 completed, fct_claims 1 new."),
    ),
    "an event put right": (
        [LATER, NEW_ROWS, REPLACED.format(table="ticket_events")],
        ("correction", 0, 1, 0, "rows were replaced: ticket_events 3."),
    ),
    "a ticket put right": (
        [RENAMED, NEW_ROWS, REPLACED.format(table="tickets")],
        ("correction", 0, 1, 0, "fct_claims 1 changed. Of what was loaded before, rows were replaced: tickets 3."),
    ),
    "a late event undoes a claim": ([GONE, NEW_ROWS], ("late_data", 1, 0, 1, "fct_claims 1 gone.")),
    "a claim taken back": (
        [GONE, NEW_ROWS, REPLACED.format(table="ticket_events")],
        ("correction", 0, 1, 1, "fct_claims 1 gone."),
    ),
    "a person forgotten": (
        [GONE, NEW_ROWS, ERASED.format(table="ticket_events")],
        ("erasure", 0, 0, 1, "fct_claims 1 gone."),
    ),
    "other code": ([OTHER_CODE], ("definition", 0, 0, 0, "Other definitions: the code.")),
    "another commit": (
        [
            OTHER_CODE,
            "update audit.builds set git_commit = repeat('b', 40) where build_id = '000002-waiting'",
        ],
        ("definition", 0, 0, 0, "Other definitions: the code (aaaaaaaaa to bbbbbbbbb)."),
    ),
    "another variable": ([OTHER_VARIABLE], ("definition", 0, 0, 0, "Other definitions: the variable issue_key.")),
    "other code, which reads rows otherwise": (
        [OTHER_CODE, RENAMED],
        ("definition", 1, 0, 0, "Read otherwise: fct_claims 1 changed."),
    ),
    "other code and a late return": (
        [OTHER_CODE, COMES_BACK, NEW_ROWS],
        ("several", 1, 0, 0, "Several causes: definition, late data."),
    ),
    "rows of another month": (
        [
            "update facts.fct_claims set channel = 'pigeon' where claim_id = (select max_by(claim_id, claimed_at) "
            "from facts.fct_claims)",
            NEW_ROWS,
            REPLACED.format(table="tickets"),
        ],
        ("correction", 0, 1, 0, "Of other periods or units: fct_claims 1 changed."),
    ),
    "nothing of its rows": ([NEW_ROWS], ("reassessment", 0, 0, 0, "No row of it changed; what all rows decide did")),
}


@pytest.fixture(scope="module")
def two_builds(demo, tmp_path_factory):
    """A connection to a build file with a second build waiting, what readers see beside it; both know three loads."""
    project = waiting_in(tmp_path_factory.mktemp("two_builds"), demo)
    file = project.current / FILE_NAME
    for place in (project.warehouse, file):
        with contextlib.closing(duckdb.connect(str(place))) as connection:
            for table in ("tickets", "ticket_events", "calls"):
                connection.execute(
                    "insert into facts.fct_row_fates by name select * "
                    f"replace ('{table}' as raw_table, 'used' as fate, null as fate_reason, 100 as row_count) "
                    "from facts.fct_row_fates limit 1"
                )
    with contextlib.closing(duckdb.connect(str(file))) as connection:
        connection.execute("update audit.builds set git_commit = repeat('a', 40)")
    with contextlib.closing(project.connect()) as connection:
        connection.execute("update audit.builds set git_commit = repeat('a', 40)")
        connection.execute("set TimeZone = 'UTC'")
        assert history.attach_published(connection, project)
        yield connection


@pytest.mark.parametrize("what", CAUSES)
def test_a_changed_figure_says_why(two_builds, what):
    statements, (cause, *counts, words) = CAUSES[what]
    two_builds.execute("begin")
    try:
        was = two_builds.execute(f"select headline, reality from marts.balanced_scorecard where {FIGURE}").fetchone()
        for statement in (*statements, CHANGED):
            two_builds.execute(statement)
        assert restatement.write_changes(two_builds, "000002-waiting", True, "UTC") == 1
        [line] = two_builds.execute(
            "select build_id, pair_id, unit, headline_from, headline_to - headline_from, reality_from, reality_to, "
            "cause, late_row_count, corrected_row_count, gone_row_count, explanation from audit.published_changes"
        ).fetchall()
    finally:
        two_builds.execute("rollback")
    assert line[:3] == ("000002-waiting", "P03", "(all)")
    assert (line[3], float(line[4]), line[5], line[6]) == (was[0], -0.01, was[1], was[1])
    assert line[7] == cause
    assert list(line[8:11]) == counts
    assert words in line[11]


def test_a_publish_notes_what_it_changes(waiting):
    say(waiting, COMES_BACK, NEW_ROWS, CHANGED)
    publish(waiting)
    [[first, *_]] = asked(waiting, "select build_id from audit.build_history where build_number = 1")
    lines = asked(waiting, "select build_id, from_build_id, cause from marts.published_changes")
    assert lines == [("000002-waiting", first, "late_data")]


def test_what_is_not_a_change_is_not_called_one(waiting):
    """Nothing differs; a period is shown for the first time; to date moves on with time."""
    say(
        waiting,
        "update marts.balanced_scorecard set headline = headline - 0.01 where period_type = 'to_date'",
        "update audit.builds set as_of = as_of + interval 1 day where build_id = '000002-waiting'",
    )
    with contextlib.closing(duckdb.connect(str((waiting.current / FILE_NAME).resolve()))) as connection:
        connection.execute(
            "update marts.balanced_scorecard set headline = null, reality = null "
            f"where period_type = 'month' and period_start = ({CELL})"
        )
    publish(waiting)
    assert asked(waiting, "select count(*) from marts.published_changes") == [(0,)]


def test_to_date_is_compared_where_both_builds_see_the_same_end(waiting):
    say(
        waiting,
        "update marts.balanced_scorecard set headline = headline - 0.01 where period_type = 'to_date' "
        "and unit_type = 'total' and pair_id = 'P03' and window_days = 7",
        "update audit.builds set code_fingerprint = 'other' where build_id = '000002-waiting'",
    )
    publish(waiting)
    assert asked(waiting, "select period_type, cause from marts.published_changes") == [("to_date", "definition")]


def test_changes_are_kept_from_build_to_build_and_by_a_warehouse_that_is_begun_anew(waiting):
    say(waiting, CHANGED)
    publish(waiting)
    publish(waiting)  # again, the same build: nothing more, nothing less
    assert asked(waiting, "select count(*) from marts.published_changes") == [(1,)]
    say(
        waiting,
        "drop table audit.published_changes",
        "delete from audit.builds where build_number = 1",
        "insert into audit.builds by name select * replace (3 as build_number, '000003-next' as build_id) "
        "from audit.builds",
        "insert into audit.relations select '000003-next', * exclude (build_id) from audit.relations "
        "where build_id = '000002-waiting'",
    )
    publish(waiting)
    assert asked(waiting, "select build_id from marts.published_changes") == [("000002-waiting",)]
    history = asked(waiting, "select build_number, is_published, status from audit.build_history order by all")
    assert history == [(1, True, "audited"), (2, True, "audited"), (3, True, "audited")]


def test_each_build_says_from_what_it_was_made(demo):
    [build] = asked(demo, "select build_id, git_commit, as_of, file_count, row_count from audit.builds")
    inputs = asked(demo, "select load_number, content_sha256, row_count from audit.build_inputs order by load_number")
    assert [number for number, _, _ in inputs] == list(range(1, build[3] + 1))
    assert sum(rows for _, _, rows in inputs) == build[4] > 0
    assert all(len(digest) == 64 for _, digest, _ in inputs)
    assert build[1] is None or len(build[1].rstrip("+")) == 40
    assert [build[2]] == [row[0] for row in asked(demo, "select max(as_of) from dimensions.dim_feed_coverage")]
    [history] = asked(
        demo,
        "select build_id, is_published, test_count > 100, failed_test_count, expectation_count > 10, defect_count "
        "from audit.build_history",
    )
    assert history == (build[0], True, True, 0, True, 0)


def test_the_evidence_is_read_from_columns_that_there_are():
    """A misspelt column would be passed over in silence, for older files may lack some."""
    facts = read_models(ROOT, "facts")
    marts = read_models(ROOT, "marts")
    for fact, rows in restatement.EVIDENCE.items():
        columns = {column["name"] for column in facts[fact]["columns"]}
        assert {*rows.key, *rows.at, *rows.said, *rows.became, *rows.units.values()} <= columns, fact
        assert facts[fact]["config"]["meta"]["grain"] == ", ".join(rows.key), fact
    scorecard = {column["name"] for column in marts["balanced_scorecard"]["columns"]}
    assert {*restatement.CELL, *restatement.FIGURES} <= scorecard


# Builds (order, name, month of their as_of); how many builds and months stay; the names that do.
NIGHTS = [(1, "a", "2024-01"), (2, "b", "2024-01"), (3, "c", "2024-02"), (4, "d", "2024-02"), (5, "e", "2024-03")]
KEPT = {
    "the newest two": (NIGHTS, 2, 0, "de"),
    "the newest, and the last of each of three months": (NIGHTS, 1, 3, "bde"),
    "a month replayed later is of its month": ([*NIGHTS, (6, "f", "2024-01")], 1, 2, "def"),
    "no month is known": ([(1, "a", None), (2, "b", None)], 1, 5, "b"),
    "more than there are": (NIGHTS, 9, 9, "abcde"),
}


@pytest.mark.parametrize("what", KEPT)
def test_which_past_builds_stay(what):
    published, builds, months, kept = KEPT[what]
    assert retention.keep(published, builds, months) == set(kept)


def test_past_builds_go_and_what_is_read_stays(waiting):
    first = waiting.current.resolve()
    with contextlib.closing(duckdb.connect(str(first / FILE_NAME), read_only=True)) as reader:
        publish(waiting, restricted=True, kept=(1, 0))
        second = waiting.current.resolve()
        assert not first.exists() and second.exists()
        # who has it open reads on
        assert reader.execute("select count(*) > 0 from facts.fct_claims").fetchone() == (True,)
    publish(waiting, kept=(1, 1))
    assert not second.exists() and not (waiting.restricted / f"{second.name}.duckdb").exists()
    assert json.loads((waiting.current / "manifest.json").read_text())["publish_number"] > 1
    assert not list(waiting.published.glob(".draft*"))


def test_a_publish_killed_while_it_removes_leaves_nothing_that_looks_like_a_build(waiting, monkeypatch):
    first = waiting.current.resolve()
    remove = shutil.rmtree

    def killed(path, *arguments, **options):
        if Path(path).name.startswith(retention.LEAVING):
            raise KeyboardInterrupt
        remove(path, *arguments, **options)

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        publish(waiting, kept=(1, 0))
    monkeypatch.undo()
    assert not first.exists() and (waiting.current / FILE_NAME).exists()
    publish(waiting)
    assert not list(waiting.published.glob(".draft*"))


@pytest.mark.long
def test_a_restated_week_is_explained(tmp_path):
    for restated, cause in zip(restate(ROOT, tmp_path, 1200, 2400, 7), EXPECTED, strict=True):
        assert restated.lines, restated.step
        assert {line[8] for line in restated.lines} == {cause}, dataclasses.asdict(restated)


def test_the_report_says_what_changed():
    """Of the whole desk, in the pair's own window; every unit and window is counted. Nothing changed: no figure."""
    with contextlib.closing(duckdb.connect()) as connection:
        for schema in ("marts", "audit", "reference"):
            connection.execute(f"create schema {schema}")
        connection.execute("create table audit.builds as select 'b2' as build_id")
        connection.execute("create table reference.kpi_pairs as select 'P03' as pair_id, 7 as window_days")
        connection.execute(
            f"create table marts.published_changes ({restatement.DEFINITION})"
        )  # fmt: skip
        line = (
            "insert into marts.published_changes (build_id, source_system, period_type, period_start, unit_type, unit, "
            "pair_id, window_days, pair_name, value_unit, headline_from, headline_to, reality_from, reality_to, cause, "
            "explanation) values ('{build}', 's', 'week', '2024-03-04', '{unit_type}', 'T', 'P03', {days}, 'Held', "
            "'share', 1, 1, 0.8261, {reality}, 'late_data', 'Of this period and unit: fct_claims 3 new.')"
        )
        for build, unit_type, days, reality in (
            ("b2", "total", 7, "0.7647"), ("b2", "total", 30, "0.7"), ("b2", "team", 7, "null"),
            ("b1", "total", 7, "1"),
        ):  # fmt: skip
            connection.execute(line.format(build=build, unit_type=unit_type, days=days, reality=reality))
        [figure] = changes.figures(Desk(connection, "s"))
        assert figure.says.startswith("3 figures in closed periods changed: 3 by data that came late")
        assert figure.table[1] == [
            ["week from 4 Mar 2024", "P03 Held, 7 days", "100.0 %", "82.6 %, now 76.5 %",
             "Of this period and unit: fct_claims 3 new."],
        ]  # fmt: skip
        assert changes.figures(Desk(connection, "another")) == []
