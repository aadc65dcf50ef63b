"""Increments against full builds: a few random schedules of loads here, a thousand by `make schedules`."""

import collections
import dataclasses

import pytest

from conftest import ROOT
from counterweight.dev import random_schedules, replay, schedules
from counterweight.errors import InputError
from counterweight.project import Project

# Two desks of one warehouse. In the second a customer is shared by many, from some load on.
GROUP = schedules.Group(2, 2, (4, 5))


@pytest.fixture(scope="module")
def bench():
    return schedules.prepared(Project.find(ROOT), is_checked=False, with_marts=False)


def without(bench, place):
    """A bench whose increments leave a table as the first build made it."""
    nodes = [
        dataclasses.replace(node, statements=()) if node.place == place else node
        for node in bench.recording.builds[replay.INCREMENT]
        if node.statements
    ]
    return dataclasses.replace(bench, recording=replay.Recording.of(bench.recording.builds | {replay.INCREMENT: nodes}))


@pytest.fixture(scope="module")
def outcome(bench):
    return dataclasses.replace(bench, is_watched=True).run(GROUP)


def test_increments_give_what_a_full_build_gives(outcome):
    assert outcome.failure == ""
    assert outcome.schedules == 2
    assert [table for table, count in outcome.counts.items() if not count] == []
    assert {
        "intermediate.int_shared_identities",
        "facts.fct_claims",
        "dimensions.dim_feed_coverage",
    } <= outcome.counts.keys()


def test_a_table_that_stays_as_it_was_is_found_and_a_touch_rule_that_is_left_out(bench, outcome):
    by_key = {node.place for node in bench.recording.builds[replay.INCREMENT] if node.key}
    rules = bench.recording.rules()
    assert {model for model, _ in rules} <= by_key
    assert ("int_chain_members", "ticket_ends") in rules
    assert ("base_canonical__ticket_events", "tickets") in rules
    # it alone touched keys whose rows changed, in the second load
    assert (1, "int_contact_legs", "calls") in {decided[:3] for decided in outcome.decided}
    stale = schedules.without(without(bench, "fct_survey_responses"), "int_contact_legs: calls")
    found = {difference.table for difference in schedules.differences(stale, GROUP, 1)}
    assert {"facts.fct_survey_responses", "intermediate.int_contact_legs"} <= found
    assert "intermediate.int_tickets" not in found
    with pytest.raises(InputError):
        schedules.without(bench, "int_contact_legs: nothing")


class Failing:
    """A bench whose third desk fails, whoever is with it."""

    def run(self, group):
        return schedules.Outcome(schedules=len(group.seeds), failure="third" if 18 in group.seeds else "")


def test_a_failure_names_as_few_desks_as_show_it():
    total, failed = schedules.run(Failing(), schedules.groups(12, 12, 4))
    assert (total.failure, total.schedules) == ("third", 8)
    assert failed.command.endswith("--seed 18 --examples 1 --desks 4")


def test_a_difference_names_the_columns_that_differ():
    told = str(
        replay.Difference("facts.f", ("a", "b", "c"), [(1, None, 3), (7, 7, 7)], [(1, 2, 3), (9, None, 9)])
    ).splitlines()
    assert told == [
        "facts.f: 2 rows of the increments alone, 2 of the full build",
        "  a 1, c 3",
        "    b: None in increments, 2 in full",
        "  increments  a 7, b 7, c 7",
        "  full        a 9, c 9",
    ]


def test_a_schedule_is_the_same_every_time(bench):
    one, other = (random_schedules.make(4, bench.systems) for _ in range(2))
    assert one == other
    assert random_schedules.make(5, bench.systems).loads != one.loads


def test_desks_of_a_warehouse_are_not_mixed_up(bench):
    made = schedules.groups(16, 8, 4)
    assert [group.seeds for group in made] == [(16, 17, 18, 19), (20, 21, 22, 23)]
    desks = made[0].make(bench.systems)
    # alone or among others, a desk is the same
    assert schedules.groups(18, 1, 4)[0].make(bench.systems) == [desks[2]]
    own = {
        ("canonical", "tickets"): {"ticket_id", "requester_id", "category", "team_id", "assignee_id", "sla_policy_id"},
        ("canonical", "ticket_events"): {"event_id", "ticket_id"},
        ("canonical", "calls"): {"leg_id", "contact_id", "customer_id", "agent_id", "ticket_id", "category"},
        ("canonical", "identities"): {"customer_id", "value"},
        ("servicenow", "incident_event_log"): {"number", "caller_id", "assigned_to", "assignment_group", "category"},
        ("bank_call_log", "calls"): {"call_id", "customer_id", "server"},
        ("service_manager", "incidents"): {"incident id", "related interaction"},
    }
    for (system, table), columns in own.items():
        for column in columns:
            named = [
                {
                    row[column].strip().lower()
                    for files, _ in desk.loads
                    for row in files.get((system, table), ())
                    if row[column] and row[column] not in ("?", "0", "NO_SERVER", "#MULTIVALUE")
                }
                for desk in desks
            ]
            assert sum(map(len, named)) == len(set().union(*named)) > 0, (system, table, column)
    # their n-th loads arrive together
    loads = random_schedules.together(desks)
    assert len(loads) == max(len(desk.loads) for desk in desks)
    assert sum(len(rows) for rows in loads[0][0].values()) == sum(
        len(rows) for desk in desks for rows in desk.loads[0][0].values()
    )


def test_schedules_are_as_large_as_they_should_be(bench):
    for seed in range(8):
        loads = random_schedules.make(seed, bench.systems).loads
        assert len(loads) >= 6
        systems = {system for files, _ in loads for system, _ in files}
        assert systems == {"canonical", "servicenow", "bank_call_log", "service_manager"}
        keys = {
            ("canonical", "tickets"): "ticket_id",
            ("servicenow", "incident_event_log"): "number",
            ("service_manager", "interactions"): "interaction id",
            ("service_manager", "incidents"): "incident id",
        }
        tickets = {
            (*table, row[key]) for files, _ in loads for table, key in keys.items() for row in files.get(table, ())
        }
        assert len(tickets) >= 200


def test_every_story_is_told_often_enough(bench):
    """By its share; which of them a schedule tells is chance."""
    seeds = 60
    told = collections.Counter()
    for group in schedules.groups(0, seeds, 2):
        for schedule in group.make(bench.systems):
            told.update(schedule.stories.keys())
    assert {story: told[story] for story in random_schedules.STORIES if told[story] < 0.05 * seeds} == {}
    total = schedules.Outcome(
        collections.Counter({"chain merge": 9}),
        schedules=100,
        counts=collections.Counter({"facts.f": 0, "marts.m": 0, "marts.n": 0, "facts.g": 7}),
    )
    said = schedules.lacking(total, whole={"m"})
    assert "'chain merge' was told in 9 of 100 schedules" in said
    assert [sentence for sentence in said if "no row" in sentence] == [
        "facts.f had no row in any schedule",
        "marts.n had no row in any schedule",
    ]
