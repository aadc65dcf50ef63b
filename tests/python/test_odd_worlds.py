"""Exports that are strange and real: the whole job says what they can and cannot tell."""

import csv
import gzip

import pytest

from conftest import build_facts, one, rows
from counterweight import summary
from counterweight.audit import audit
from counterweight.build import build
from counterweight.errors import AuditError
from counterweight.load import load
from counterweight.publish import publish
from counterweight.variables import parse


@pytest.fixture
def rewritten(demo_log, tmp_path):
    """A function that gives the demo log with each row changed; a row changed to None is left out."""

    def rewrite(change):
        path = tmp_path / "rewritten.csv"
        with (
            gzip.open(demo_log, "rt", encoding="utf-8", newline="") as source,
            path.open("w", encoding="utf-8", newline="") as target,
        ):
            reader = csv.DictReader(source)
            writer = csv.DictWriter(target, reader.fieldnames)
            writer.writeheader()
            writer.writerows(row for row in map(change, reader) if row)
        return path

    return rewrite


def american(row):
    """Month first, as an American desk exports it."""
    for column in ("opened_at", "sys_created_at", "sys_updated_at", "resolved_at", "closed_at"):
        day, separator, rest = row[column].partition("/")
        if separator:
            month, _, rest = rest.partition("/")
            row[column] = f"{month}/{day}/{rest}"
    return row


@pytest.mark.long
def test_a_desk_that_never_resolved_anything_is_no_defect(run_all, rewritten, capsys):
    path = rewritten(lambda row: row if row["number"] == "INC0000001" and row["sys_mod_count"] == "0" else None)
    project = run_all("unresolved", path)
    assert rows(project, "select count(*) from facts.fct_claims") == [(0,)]
    summary.show(project)
    assert "Nothing was called done in this data" in capsys.readouterr().out


def test_a_desk_with_calls_alone_is_published(new_project, tmp_path, capsys):
    """No tickets, so no pair to show; a call that does not say its direction is counted by nobody, and a finding."""
    calls = tmp_path / "calls.csv"
    header = "leg_id,contact_id,started_at,ended_at,direction,customer_id,channel,agent_id,category"
    lines = [
        f"{n},{n},2024-01-{day:02} 09:00:00,2024-01-{day:02} 09:05:00,{direction},c{n % 20},voice,agent,Mail"
        for n, (day, direction) in enumerate(
            (day, direction) for day in range(1, 29) for direction in ("inbound", "incoming", "", "internal")
        )
    ]
    calls.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    project = new_project("calls")
    load(project, "canonical", [f"calls={calls}"])
    build(project, {})
    audit(project)
    publish(project)
    summary.show(project)
    assert "After how many contacts of canonical did nobody come back" in capsys.readouterr().out
    assert one(project, "select count(*), count(*) filter (where is_counted) from facts.fct_interactions") == (112, 56)
    assert one(project, "select count(*) from facts.fct_claims where claim_type = 'contact_handled'") == (56,)
    finding = "select kind, failed_count from audit.expectation_results where expectation_id = 'contacts-direction'"
    assert one(project, finding) == ("finding", 56)


def test_rejected_lines_have_a_fate(new_project, rewritten):
    """That they pass the audit and are published is shown of the planted world of test_privacy."""
    path = rewritten(lambda row: row)
    with path.open("a", encoding="utf-8") as file:
        file.write("INC9,cut\n")
    project = new_project("rejected")
    load(project, "servicenow", [f"incident_event_log={path}"])
    build_facts(project, select=["+fct_row_fates"])
    fates = rows(project, "select fate, row_count from facts.fct_row_fates where fate_reason = 'too_few_fields'")
    assert fates == [("quarantined", 1)]
    lines = len(path.read_text(encoding="utf-8").splitlines()) - 1
    assert one(project, "select sum(row_count) from facts.fct_row_fates") == (lines,)


@pytest.mark.long
def test_unknown_callers_make_no_rate(run_all, rewritten, capsys):
    project = run_all("strangers", rewritten(lambda row: row | {"caller_id": "?"}))
    cell = one(
        project,
        "select claim_count > 4000, unobservable_count = mature_count, cohort_count, return_rate, held_rate, "
        "unobservable_share from marts.resolution_quality "
        "where unit_type = 'total' and period_type = 'to_date' and window_days = 7",
    )
    assert cell[:5] == (True, True, 0, None, None)
    assert cell[5] == 1
    summary.show(project)
    printed = capsys.readouterr().out
    assert "Most customers are unknown or shared" in printed
    assert "95 %" not in printed


@pytest.mark.long
def test_times_in_another_format_are_a_defect_until_it_is_declared(demo, new_project, rewritten):
    """Half of an American export reads as European dates, months and days swapped: plausible numbers, all wrong."""
    path = rewritten(american)
    project = new_project("american")
    load(project, "servicenow", [f"incident_event_log={path}"])
    build(project, {})
    with pytest.raises(AuditError, match="fates-readable"):
        audit(project)
    build(project, parse(project, '{source_timestamp_formats: {servicenow: ["%m/%d/%Y %H:%M"]}}'))
    audit(project)
    for table in ("facts.fct_claims", "marts.resolution_quality"):
        assert rows(project, f"select * from {table} order by all") == rows(demo, f"select * from {table} order by all")
