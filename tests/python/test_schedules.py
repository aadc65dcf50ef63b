"""Increments against full builds: a few random schedules of loads here, a thousand by `make schedules`."""

import collections
import dataclasses

import pytest

from conftest import ROOT
from counterweight.dev import random_schedules, replay, schedules
from counterweight.project import Project

# In the second a customer is shared by many, from some load on.
SEEDS = (4, 3)


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


def test_increments_give_what_a_full_build_gives(bench):
    total, done, failure = schedules.run(bench, SEEDS)
    assert failure == ""
    assert done == len(SEEDS)
    assert [table for table, count in total.counts.items() if not count] == []
    assert {
        "intermediate.int_shared_identities",
        "facts.fct_claims",
        "dimensions.dim_feed_coverage",
    } <= total.counts.keys()


def test_a_table_that_stays_as_it_was_is_found(bench):
    # nothing reads its changes
    outcome = without(bench, "fct_ticket_messages").run(4)
    assert outcome.failure.startswith("facts.fct_ticket_messages: ")
    assert "schedule 4, after load" in outcome.failure


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
    for seed in range(seeds):
        told.update(random_schedules.make(seed, bench.systems).stories.keys())
    assert {story: told[story] for story in random_schedules.STORIES if told[story] < 0.05 * seeds} == {}
    total = schedules.Outcome(0, collections.Counter({"chain merge": 9}), counts=collections.Counter({"facts.f": 0}))
    said = schedules.lacking(total, 100)
    assert "'chain merge' was told in 9 of 100 schedules" in said
    assert "facts.f had no row in any schedule" in said


def test_touch_rules_are_read_by_their_names(tmp_path):
    (tmp_path / "macros").mkdir()
    text = """
        {%- macro touch_rules() -%}
            {%- set rules = {
                'int_tickets': {'key': 'ticket_key', 'touched_by': {
                    'tickets': changed('stg', source_systems()['x'] ~ 'id'), 'identities': changed(other('y'), 'z'),
                }},
                'int_calls': {'key': key_of(), 'touched_by': {'calls': 'select 1'}},
            } -%}
            {{ return(rules) }}
        {%- endmacro %}
        {%- macro changed(name, key) -%} {{ return('select ' ~ key ~ ' from ' ~ stored(name)) }} {%- endmacro %}
    """
    (tmp_path / "macros" / "touch.sql").write_text(text)
    project = Project(root=tmp_path, warehouse=tmp_path / "w.duckdb", published=tmp_path / "published")
    assert schedules.rules_of(project) == ["int_tickets: tickets", "int_tickets: identities", "int_calls: calls"]
