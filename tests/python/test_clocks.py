"""Every interval and every clock of generated and of random desks against the same rules in plain Python."""

import contextlib
from collections import Counter

import duckdb
import pytest

import random_clocks_world
from conftest import build_facts, one, rows
from counterweight.load import load
from counterweight.worlds import simulate
from reference_clocks import Desk

INTERVALS = """
    select
        ticket_key, field, interval_number, value, assignee_key, started_at, ended_at, elapsed_seconds, calendar_id,
        business_seconds
    from facts.fct_ticket_intervals
"""
CLOCKS = """
    select
        clock_id, ticket_key, metric, policy_id, priority, stopped_by, target_seconds, calendar_id, is_around_the_clock,
        started_at, stopped_at, elapsed_seconds, running_elapsed_seconds, paused_elapsed_seconds, business_seconds,
        business_running_seconds, business_paused_seconds, counted_seconds, is_met, is_claimed, unmeasured_reason
    from facts.fct_ticket_clocks
"""
BUILT = ("+fct_ticket_intervals", "+fct_ticket_clocks")
RAW_CALENDARS = "select * from raw.canonical__calendars"
RAW_HOLIDAYS = "select * from raw.canonical__holidays"
# seed, tickets, as_of
RANDOM = ((1, 600, None), (2, 600, "2024-10-27 00:30:00"), (3, 600, "2024-10-05 15:40:00"))


def table(project, query):
    with contextlib.closing(duckdb.connect(str(project.warehouse), read_only=True)) as connection:
        result = connection.execute(query)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def union(project, name):
    """The rows of a canonical table as staging has them, of every system that gives some."""
    found = rows(
        project,
        "select table_name from information_schema.tables where table_schema = 'staging' "
        f"and table_name like 'stg!_%!_!_{name}' escape '!'",
    )
    return [row for (view,) in found for row in table(project, f"select * from staging.{view}")]


def desk_of(project):
    return Desk(
        *(union(project, name) for name in ("tickets", "ticket_events", "ticket_messages", "sla_policies")),
        table(project, RAW_CALENDARS),
        table(project, RAW_HOLIDAYS),
        one(project, "select max(as_of) from dimensions.dim_feed_coverage")[0],
    )


def compare(project):
    """Every row alike; what was compared."""
    desk = desk_of(project)
    compared = []
    for query, expected in ((INTERVALS, desk.intervals()), (CLOCKS, desk.clocks())):
        found, expected = Counter(rows(project, query)), Counter(expected)
        assert (sorted(found - expected, key=str), sorted(expected - found, key=str)) == ([], [])
        assert max(found.values(), default=1) == 1
        compared.append(list(found))
    return compared


@pytest.fixture(scope="module", params=RANDOM, ids=lambda world: f"seed {world[0]}")
def random_desk(request, new_project, tmp_path_factory):
    seed, size, as_of = request.param
    project = new_project(f"clocks{seed}")
    made = random_clocks_world.make(seed, size)
    load(project, "canonical", random_clocks_world.write(tmp_path_factory.mktemp(f"clocks{seed}"), made))
    build_facts(project, {} if as_of is None else {"as_of": as_of}, BUILT)
    return project


def test_random_desks_read_alike(random_desk):
    intervals, clocks = compare(random_desk)
    assert len(intervals) > 300 * 5
    assert len(clocks) > 100
    measured = [row for row in intervals if row[9] is not None]
    assert 0 < sum(row[9] == 0 for row in measured) < len(measured)
    assert {row[-1] for row in clocks} >= {
        None, "metric_not_measured", "resolved_without_reply", "unknown_calendar", "no_target",
    }  # fmt: skip
    # met and missed, with and without a calendar, paused and not, stopped and open
    for is_stopped in (True, False):
        for around_the_clock in (True, False):
            seen = {row[18] for row in clocks if (row[10] is not None) == is_stopped and row[8] == around_the_clock}
            assert seen >= ({True, False} if is_stopped else {False, None})
    assert any(row[16] for row in clocks)
    assert any(row[13] and row[8] for row in clocks)


def test_a_generated_world_reads_alike(new_project, tmp_path_factory):
    """Both sites, five months with both changes of clocks in two zones."""
    folder = tmp_path_factory.mktemp("clocks_world")
    simulate(folder, tickets=600, calls=600, months=4)
    project = new_project("clocks_world")
    load(project, None, [f"canonical={folder}/raw"])
    build_facts(project, select=BUILT)
    intervals, clocks = compare(project)
    assert len(intervals) > 600 * 6
    assert len(clocks) > 500
    assert {row[7] for row in clocks} == {"Vienna", "Chicago"}
    assert {row[18] for row in clocks} >= {True, False}


@pytest.mark.real
def test_intervals_of_the_real_log_add_up(real):
    """From the opening on, field by field; nobody named a calendar, so no business second is made up."""
    intervals, clocks = compare(real)
    assert len(intervals) > 24918 * 5
    assert clocks == []
    assert one(
        real,
        """
        select count(*) filter (interval_number = 1 and field = 'status'), count(business_seconds), min(elapsed_seconds)
        from facts.fct_ticket_intervals
        """,
    ) == (24918, 0, 0)
