"""What nobody can use is on one list, with file and line and what to do, and returns when the source is mended."""

import contextlib
import shutil
from pathlib import Path

import duckdb
import pytest

from conftest import ROOT, VALUES_OF_DEALERSHIP, build_facts, one, rows
from counterweight.dev import dirty_ledger
from counterweight.dev.dirty_ledger import OTHERS, THEIR_LINES, deliver, judge, soil_all, unseen
from counterweight.health_history import keep_health
from counterweight.load import load
from counterweight.project import Project
from counterweight.publish import open_published
from counterweight.report.desk import Desk
from counterweight.report.sections import health
from counterweight.worlds.defects import CLOCK, DEFECTS
from counterweight.worlds.parquet import KEYS, literal

# Rows with a key of their own: no clean row takes their place.
ADDED = ("leg_overlaps", "identity_of_two")
WITHHELD = 12
# What tells of loads, and not of the desk.
OF_LOADS = ("fct_row_fates", "fct_quarantined_rows")


@pytest.fixture(scope="module")
def soiled(dealership, tmp_path_factory):
    """The dealership's tables with every defect that a clean row can replace, and without a dozen tickets."""
    folder = tmp_path_factory.mktemp("soiled")
    shutil.copytree(dealership[1], folder / "raw")
    soil_all(folder / "raw", seed=3, without=ADDED)
    return folder


@pytest.fixture(scope="module")
def story(dealership, soiled, new_project):
    """(project, outcomes of the first load, its quarantine, the quarantine after the corrected load)."""
    project = new_project("soiled")
    ledger = soiled / "truth" / "defects.parquet"
    delivery = deliver(soiled / "raw", soiled / "first", seed=3)
    withheld = withhold(delivery, ledger)
    load(project, "canonical", [f"{table}={file}" for table, file in delivery.files.items()])
    dirty_ledger.build_quarantine(project, VALUES_OF_DEALERSHIP)
    outcomes = judge(project, ledger, delivery)
    assert judge(project, twisted(ledger), delivery)["ticket_of_1970"].as_expected == 0
    before = quarantine(project)
    # the mended rows, and nothing of what only waited
    mended = soiled / "mended"
    mended.mkdir()
    write_clean(dealership[1], ledger, withheld, mended)
    load(project, None, [f"canonical={mended}"])
    build_facts(project, VALUES_OF_DEALERSHIP)
    return project, outcomes, before, quarantine(project), withheld


def withhold(delivery, ledger):
    """Take the last dozen whole tickets out of the file: their rows' numbers and lines stay those of the others."""
    file = delivery.files["tickets"]
    with duckdb.connect() as connection:
        told = {
            number
            for (number,) in connection.execute(
                f"select row_number from {literal(ledger)} where raw_table = 'tickets'"
            ).fetchall()
        }
    texts = file.read_text(encoding="utf-8").split("\n")
    places = delivery.lines["tickets"]
    withheld = []
    for number in sorted(places, reverse=True):
        if number in told or len(withheld) == WITHHELD:
            break
        withheld.append(texts[places[number] - 1].partition(",")[0])
        del texts[places[number] - 1 :]
        del places[number]
    file.write_text("\n".join(texts) + "\n", encoding="utf-8")
    delivery.broken[:] = [it for it in delivery.broken if it[0] != "tickets" or it[1] <= len(texts)]
    return withheld


def twisted(ledger):
    """A ledger that says that tickets of 1970 are used."""
    file = ledger.with_name("twisted.parquet")
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (
                select * replace (
                    case when defect = 'ticket_of_1970' then 'used' else expected_fate end as expected_fate
                ) from {literal(ledger)}
            ) to {literal(file)}
        """)
    return file


def write_clean(raw, ledger, withheld, folder):
    """The clean rows behind the ledger's entries, and the tickets that were withheld."""
    with duckdb.connect() as connection:
        connection.execute("create table ledger as from read_parquet(?)", [str(ledger)])
        for path in sorted(Path(raw).glob("*.parquet")):
            key = f"concat_ws('|', {', '.join(KEYS[path.stem])})"
            wanted = f"{key} in (select key from ledger where raw_table = $table and defect <> 'ticket_lost')"
            values = {"table": path.stem}
            if path.stem == "tickets":
                wanted += " or list_contains($withheld, rows.ticket_id)"
                values["withheld"] = withheld
            connection.execute(
                f"create or replace table chosen as select rows.* from read_parquet({literal(path)}) as rows "
                f"where {wanted}",
                values,
            )
            connection.execute(f"copy chosen to {literal(folder / path.name)}")


def quarantine(project):
    return rows(
        project,
        "select raw_table, fate_reason, is_waiting, is_corrected, count(*) from facts.fct_quarantined_rows "
        "group by all",
    )


def test_every_row_and_line_ends_as_its_ledger_says(story):
    _, outcomes, *_ = story
    assert {name: it.wrong for name, it in outcomes.items() if it.wrong and name != OTHERS} == {}
    # all else that is not used waits for the tickets that were withheld
    assert {words.partition(": ")[2] for words in outcomes[OTHERS].wrong} <= {"quarantined: no_such_ticket"}
    # so small a desk may have no problem record
    assert set(unseen(outcomes)) <= {*ADDED, CLOCK, "problem_time_unreadable"}
    assert outcomes[THEIR_LINES].entries > 300


def test_figures_are_those_of_the_clean_world_once_the_source_is_mended(story, dealership):
    """Every row of every dimension and fact, null beside null; nothing that only waited was delivered again."""
    project = story[0]
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(project.warehouse)} as mended (read_only)")
        connection.execute(f"attach {literal(dealership[0].warehouse)} as clean (read_only)")
        tables = {
            f"{schema}.{name}": count
            for schema, name, count in connection.execute(
                "select schema_name, table_name, estimated_size from duckdb_tables() "
                "where database_name = 'clean' and schema_name in ('dimensions', 'facts')"
            ).fetchall()
            if name not in OF_LOADS
        }
        assert len(tables) > 25
        assert min(tables.values()) > 0
        different = {}
        for table in tables:
            counts = [
                connection.execute(
                    f"select count(*) from (from {one_side}.{table} except all from {other}.{table})"
                ).fetchone()[0]
                for one_side, other in (("mended", "clean"), ("clean", "mended"))
            ]
            if counts != [0, 0]:
                different[table] = counts
        assert different == {}
        # the comparison would see it
        query = "select count(*) from (select * replace (not is_counted as is_counted) from mended.facts.{0} "
        query += "except all from clean.facts.{0})"
        assert connection.execute(query.format("fct_interactions")).fetchone()[0] > 1000


def test_what_is_mended_leaves_the_work_to_do(story):
    _, _, before, after, withheld = story
    waiting = sum(count for _, _, is_waiting, _, count in before if is_waiting)
    assert waiting > len(withheld)
    assert all(is_corrected is not True for _, _, _, is_corrected, _ in before)
    # what only waited is no longer there: it was used
    assert sum(count for _, reason, is_waiting, is_corrected, count in after if is_waiting and not is_corrected) == 0
    # events that named a ticket that never was came again with the right one
    lost = {(table, reason): is_corrected for table, reason, _, is_corrected, _ in after if reason == "no_such_ticket"}
    assert lost == {("ticket_events", "no_such_ticket"): True, ("ticket_messages", "no_such_ticket"): True}
    open_reasons = {(table, reason) for table, reason, _, is_corrected, _ in after if is_corrected is not True}
    assert open_reasons == {(table, reason) for table, reason, _, is_corrected, _ in after if is_corrected is None}
    # what has no key cannot be found again, and says so
    assert ("tickets", "missing_ticket_id") in open_reasons
    assert ("tickets", "too_few_fields") in open_reasons or ("ticket_events", "too_few_fields") in open_reasons
    assert ("tickets", "unreadable_created_at") not in open_reasons


def test_no_defect_is_forgotten():
    """Every reason of the contract's tables that a row can have has a defect that makes it."""
    reasons = {(it.table, it.reason) for it in DEFECTS.values() if it.fate == "quarantined"}
    assert {table for table, _ in reasons} == set(KEYS)
    kinds = {reason for _, reason in reasons}
    assert kinds >= {
        "implausible_time", "event_after_load", "event_before_creation", "no_such_ticket", "end_before_start",
        "unknown_time_zone", "no_such_weekday",
    }  # fmt: skip
    assert {it.fate for it in DEFECTS.values()} == {"used", "quarantined", "superseded", "exact_duplicate", "excluded"}


# ---- the state of the data, build by build


def later_build(project, health_changes=""):
    """A second build, as if made and audited after a load."""
    with contextlib.closing(project.connect()) as connection:
        connection.execute(
            "insert into audit.builds by name select * replace (2 as build_number, '000002-later' as build_id, "
            "'audited' as status) from audit.builds"
        )
        connection.execute("insert into audit.relations by name select * replace ('000002-later' as build_id) "
                           "from audit.relations")  # fmt: skip
        if health_changes:
            connection.execute(health_changes)
    keep_health(project, "000002-later")


@pytest.fixture
def copy(dealership, tmp_path):
    shutil.copy(dealership[0].warehouse, tmp_path / "counterweight.duckdb")
    return Project(root=ROOT, warehouse=tmp_path / "counterweight.duckdb", published=tmp_path / "published")


def test_each_audited_build_says_how_its_data_were_and_once(copy, dealership):
    columns = "source_system, subject, item, measure, value_count, base_count, value_share, value_at"
    now = rows(copy, f"select {columns} from marts.data_health order by all")
    assert rows(copy, f"select {columns} from marts.data_health_over_time order by all") == now
    # published with the build that it is of
    with contextlib.closing(open_published(dealership[0])) as connection:
        assert connection.execute("select count(*), max(build_number) from marts.data_health_over_time").fetchone() == (
            len(now), 1,
        )  # fmt: skip
    later_build(
        copy, "update marts.data_health set value_count = 3 where measure = 'still_missing' and item = 'tickets'"
    )
    keep_health(copy, "000002-later")
    query = "select build_number, value_count from marts.data_health_over_time where item = 'tickets' and measure = {}"
    assert sorted(rows(copy, query.format("'still_missing'"))) == [(1, 0), (2, 3)]
    assert one(copy, "select count(*) from marts.data_health_over_time") == (2 * len(now),)
    newest = one(copy, "select max(loaded_at) from facts.fct_row_fates")
    assert rows(copy, "select distinct loaded_at from marts.data_health_over_time") == [newest]


def test_the_report_shows_the_list_and_how_it_went(dealership):
    with contextlib.closing(open_published(dealership[0])) as connection:
        titles = [figure.title for figure in health.figures(Desk(connection, "canonical"))]
    assert "Do the data get better, build by build?" not in titles
    with duckdb.connect() as connection:
        connection.execute(f"attach '{dealership[0].current / 'counterweight.duckdb'}' as published (read_only)")
        for schema in ("marts", "dimensions", "audit"):
            connection.execute(f"create schema {schema}")
        for table in ("dimensions.dim_feed_coverage", "dimensions.dim_inputs", "audit.expectation_results",
                      "marts.data_health", "marts.data_health_over_time", "marts.quarantine"):  # fmt: skip
            connection.execute(f"create table {table} as from published.{table}")
        connection.execute("""
            insert into marts.data_health_over_time
            select * replace (
                2 as build_number,
                case when item = 'tickets' and measure = 'still_missing' then 3 else value_count end as value_count
            ) from marts.data_health_over_time
        """)
        connection.execute("""
            insert into marts.quarantine values
            (
                'canonical', 'tickets', 'missing_created_at', 'created_at is empty.', 'Fill created_at.', false,
                4, 1, 0, 3, 'tickets.csv', 1204, 1203, timestamp '2025-01-01', timestamp '2025-01-01'
            ),
            (
                'canonical', 'ticket_events', 'no_such_ticket', 'No ticket.', 'Deliver it.', true,
                2, 0, 0, 2, 'events.parquet', null, 7, timestamp '2025-01-01', timestamp '2025-01-01'
            )
        """)
        found = {figure.title: figure for figure in health.figures(Desk(connection, "canonical"))}
    trend = found["Do the data get better, build by build?"]
    assert trend.says.startswith("3 rows that nobody can use are still missing: 3 more than in the build before.")
    assert [line[-1] for line in trend.table[1]] == ["0", "3"]
    listed = found["What nobody can use, and what to do about it"]
    assert listed.says.startswith(
        "5 of 6 rows in quarantine are still to do. 1 was delivered again in a version that is used. 2 only wait"
    )
    assert listed.table[1] == [
        ["tickets", "created_at is empty.", "3", "4", "tickets.csv, line 1,204", "Fill created_at."],
        ["ticket_events", "No ticket.", "2", "2", "events.parquet, row 7", "Deliver it."],
    ]
