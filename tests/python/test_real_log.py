"""Known facts of the real ServiceNow log (doi 10.24432/C57S4H), computed by others, reproduced here."""

import csv
import gzip
import random

import pytest

from conftest import build_facts, one, rows
from counterweight.audit import read_suites, run_expectations
from counterweight.load import load

pytestmark = pytest.mark.real

MOVES = """
    select
        sum(moves_back_to_open_count), count(case when moves_back_to_open_count > 0 then 1 end),
        sum(reopen_count + toggle_count + machine_end_count)
    from intermediate.int_ticket_histories
"""
OF_CLAIMS = ("fct_claims", "fct_resolution_episodes", "fct_claim_verdicts")


def read(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        return reader.fieldnames, list(reader)


def write(path, names, log_rows):
    with gzip.open(path, "wt", encoding="utf-8", newline="", compresslevel=1) as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(log_rows)


def test_331_moves_back_to_open_in_275_incidents(real):
    assert one(real, MOVES) == (331, 275, 331)


def test_the_odd_incident_is_accounted_for(real):
    """INC0000135 would show a 332nd move: its change 7 stands twice, once dated before the opening. That row is
    quarantined by name, and with it the tool's own counter agrees for all 24,918 incidents."""
    fates = rows(
        real,
        "select fate, fate_reason, event_sequence from staging.base_servicenow__incident_event_log "
        "where ticket_id = 'INC0000135' and event_sequence = 7 order by fate",
    )
    assert fates == [("quarantined", "event_before_creation", 7), ("used", None, 7)]
    agreeing = one(
        real,
        "select count(*), sum(tool_reopen_count) from intermediate.int_ticket_histories "
        "where moves_back_to_open_count = tool_reopen_count",
    )
    assert agreeing == (24918, 331)


def test_every_row_has_a_fate(real):
    fates = rows(real, "select fate, fate_reason, row_count from facts.fct_row_fates order by fate")
    assert fates == [("quarantined", "event_before_creation", 5), ("used", None, 141707)]


def test_closings_without_a_resolution_time_are_a_counted_finding(real, tmp_path):
    suites = [suite for suite in read_suites(real) if suite["name"] == "int_ticket_histories"]
    address = f"duckdb:///{real.warehouse}?access_mode=read_only"
    checks = run_expectations(suites, address, run_name="of this test", pages=tmp_path / "pages")
    (missing,) = [check for check in checks if check.expectation_id == "E04-missing"]
    assert (missing.kind, missing.success, missing.failed_count) == ("finding", False, 1556)


def test_three_callers_are_shared_identities(real):
    """Callers 1904, 290 and 4514, known by how many incidents they opened."""
    counts = rows(real, "select interaction_count from intermediate.int_shared_identities order by 1 desc")
    assert counts == [(438,), (258,), (130,)]


def test_openings_are_observed_until_june_and_later_weeks_do_not_look_better(real):
    """Events go on for eight months after the openings stop. Claims made then cannot be seen to fail, so their weeks
    have no rate, instead of a splendid one."""
    until = one(real, "select observed_until from dimensions.dim_feed_coverage where feed = 'tickets_opened'")[0]
    assert f"{until:%Y-%m-%d %H:%M}" == "2016-06-01 00:00"
    weeks = rows(
        real,
        """
        select
            period_start > date '2016-05-17' as is_late, count(*), sum(claim_count), count(return_rate),
            count(held_rate), count(reopen_rate)
        from marts.resolution_quality
        where
            claim_type = 'ticket_resolved' and unit_type = 'total' and period_type = 'week' and window_days = 7
            and claim_count > 0
        group by 1 order by 1
        """,
    )
    early, late = weeks
    assert early[0] is False
    assert early[3] == early[4] == early[5] == early[1] == 12
    assert late[0] is True
    assert late[1] > 30
    assert late[2] > 3000
    assert late[3:] == (0, 0, 0)
    # naive: had they been called held for want of a falsifier, the late weeks would have looked much better
    naive = rows(
        real,
        """
        select claimed_at >= timestamp '2016-06-08', avg(case when falsified_at is null then 1.0 else 0.0 end)
        from facts.fct_claim_verdicts
        where tier_set = 'return' and window_days = 7 and is_headline_cohort
        group by 1 order by 1
        """,
    )
    assert naive[1][1] > naive[0][1] + 0.05
    assert one(
        real,
        "select count(*) from facts.fct_claim_verdicts where claimed_at >= timestamp '2016-06-08' and verdict = 'held'",
    ) == (0,)


def test_return_rate_is_some_ten_times_what_the_tool_shows_in_a_week(real):
    cell = one(
        real,
        """
        select claim_count, cohort_count, falsified_count, reopened_count, unobservable_count, return_rate
        from marts.resolution_quality
        where claim_type = 'ticket_resolved' and period_type = 'to_date' and unit_type = 'total' and window_days = 7
        """,
    )
    assert cell[0] == 25249
    assert 0.08 < cell[5] < 0.15
    assert cell[2] > 5 * cell[3]


@pytest.fixture(scope="module")
def disguised(real_log, tmp_path_factory, new_project):
    """The same log with its rows shuffled and the tool's own columns blanked."""
    names, log_rows = read(real_log)
    for row in log_rows:
        for column in ("reopen_count", "made_sla", "active", "reassignment_count", "resolved_by", "resolved_at"):
            row[column] = ""
        row["closed_at"] = ""
    random.Random(1).shuffle(log_rows)
    path = tmp_path_factory.mktemp("disguised") / "shuffled.csv.gz"
    write(path, names, log_rows)
    project = new_project("disguised")
    load(project, "servicenow", [f"incident_event_log={path}"])
    build_facts(project, select=[*(f"+{name}" for name in OF_CLAIMS), "+int_ticket_histories"])
    return project


def test_shuffled_rows_and_blanked_columns_change_nothing(real, disguised):
    assert one(disguised, MOVES) == (331, 275, 331)
    for table in OF_CLAIMS:
        before = rows(real, f"select * from facts.{table} order by all")
        after = rows(disguised, f"select * from facts.{table} order by all")
        assert len(before) > 1000
        assert before == after, table


def test_three_injected_reopens_are_three_more(real_log, tmp_path, new_project):
    names, log_rows = read(real_log)
    closed = [row for row in log_rows if row["incident_state"] == "Closed" and row["reopen_count"] == "0"]
    last = {row["number"]: row for row in closed}
    for number in sorted(last)[1000:4000:1000]:
        row = last[number]
        day, month, rest = row["sys_updated_at"].split("/")
        later = f"{day}/{month}/{int(rest[:4]) + 1}{rest[4:]}"
        reopened = row | {
            "incident_state": "Active",
            "sys_mod_count": str(int(row["sys_mod_count"]) + 1),
            "sys_updated_at": later,
            "sys_updated_by": "Updated by 21",
        }
        log_rows.append(reopened)
    path = tmp_path / "injected.csv.gz"
    write(path, names, log_rows)
    project = new_project("injected")
    load(project, "servicenow", [f"incident_event_log={path}"])
    build_facts(project, select=["+int_ticket_histories"])
    assert one(project, MOVES) == (334, 278, 334)
