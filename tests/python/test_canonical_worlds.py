"""Random desks in the raw contract: what the facts say against the rules written once more, value by value."""

import datetime
from collections import Counter

import pytest

import random_canonical_world
import reference_canonical
from conftest import one, rows
from counterweight.build import build
from counterweight.load import load

# 1: contacts name tickets, and one identity is shared. 3: no leg says when it was answered. 14: contacts name no
# tickets, and as_of is pinned in the midst of everything.
WORLDS = ((1, None), (3, None), (14, datetime.datetime(2024, 4, 16, 8, 17)))
SIZE = 200
# What must have happened at least once, or the comparison says nothing about it.
BRANCHES = """
R4 by call
R4 by message
R5 of contact_handled
R5 of ticket_resolved
a contact takes the ticket's requester
a machine for the customer
a monitor
a request by category
a request only at other times
a return answers only the latest
a shared identity
abandoned
acknowledgement
an unknown kind of actor is the requester
another field in the step of a status
answered on a later leg
answered, no leg says when
closure confirmed
closure duplicate
closure silent_auto_close
closure spam
closure test
contact at 900 s
contact at 901 s
contact_handled falsified by a contact
contact_handled falsified by a ticket
contact_handled linked held
contact_handled linked pending
contact_handled linked unobservable
contact_handled return falsified
contact_handled return held
contact_handled return pending
contact_handled return unobservable
contact_handled strict falsified
contact_handled strict held
contact_handled strict pending
contact_handled strict unobservable
ended by a machine
falsified at W
falsified at W + 1 s
falsified by R1
falsified by R2
falsified by R3
falsified by R4
falsified by R5
identifier of two customers
identifier resolved
inferred ticket at 900 s
inferred ticket at 901 s
inferred ticket at the start
linked a second later
linked in the claim's second
message at 600 s
message at 601 s
message at the reopening
message in the claim's second
named ticket at 900 s
named ticket at 901 s
named ticket at the start
no acknowledgement: an agent replied
no acknowledgement: another category
no return: forwarded
no return: names this very ticket
no return: request by category
no return: request by category (of the ticket that the contact names)
no return: request by type
no return: request by type (of the ticket that the contact names)
no return: request of a contact
no return: same parent_ticket_id
no return: same parent_ticket_id (of the ticket that the contact names)
no return: same problem_id
no return: same problem_id (of the ticket that the contact names)
no return: spam
no return: spam (of the ticket that the contact names)
no return: test
no return: test (of the ticket that the contact names)
no return: the ticket of a forwarded contact
no return: the ticket of this very contact
open for 299 s
open for 300 s
opening edited
outbound
reopened by agent
reopened by monitor
reopened by requester
reopened by unknown
reopened in the second of the claim
resolved again after 24 h
resolved again at 24 h
resolved to closed
several episodes
several legs
the sequence decides
ticket_resolved falsified by a contact
ticket_resolved falsified by a ticket
ticket_resolved linked falsified
ticket_resolved linked held
ticket_resolved linked pending
ticket_resolved linked unobservable
ticket_resolved return falsified
ticket_resolved return held
ticket_resolved return pending
ticket_resolved return unobservable
ticket_resolved strict falsified
ticket_resolved strict held
ticket_resolved strict pending
ticket_resolved strict unobservable
toggle by agent
toggle by automation
toggle by system
unknown caller
"""


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: f"seed {world[0]}")
def world(request, new_project, tmp_path_factory):
    seed, as_of = request.param
    project = new_project(f"world{seed}")
    folder = tmp_path_factory.mktemp(f"rows{seed}")
    loads = random_canonical_world.make(seed, SIZE)
    for number, delivery in enumerate(loads):
        load(project, "canonical", random_canonical_world.write(folder / str(number), delivery))
    build(project, {} if as_of is None else {"as_of": str(as_of)})
    (salt,) = one(project, "select salt from private.salt")
    loaded_at = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    return project, reference_canonical.World(loads, salt, loaded_at, as_of)


@pytest.fixture(scope="module")
def branches():
    """What the reference met, without a warehouse."""
    found = Counter()
    for seed, as_of in WORLDS:
        loads = random_canonical_world.make(seed, SIZE)
        world = reference_canonical.World(loads, "salt", datetime.datetime(2026, 1, 1), as_of)
        horizon = datetime.datetime(2024, 5, 1)
        list(world.verdicts({"tickets_opened": horizon, "calls": horizon}, horizon))
        found += world.branches
    return found


def key(number):
    return number and f"canonical:{number}"


def test_every_rule_matters_in_these_worlds(branches):
    wanted = [line for line in BRANCHES.splitlines() if line]
    assert [branch for branch in wanted if not branches[branch]] == []


def test_fates_are_the_same(world):
    project, expected = world
    found = rows(project, "select raw_table, fate, sum(row_count) from facts.fct_row_fates group by raw_table, fate")
    assert {row[:2]: row[2] for row in found} == +expected.fates
    assert {fate for _, fate in expected.fates} >= {"used", "exact_duplicate", "superseded", "quarantined", "excluded"}


def test_episodes_are_the_same(world):
    project, expected = world
    found = rows(
        project,
        """
        select episode_id, resolved_at, closure_mode, toggle_count, closed_at, ended_at, reopened_at, reopened_by,
            reopen_kind, category, customer_key
        from facts.fct_resolution_episodes
        """,
    )
    columns = (
        *("id", "resolved_at", "closure_mode", "toggle_count", "closed_at", "ended_at", "reopened_at", "reopened_by"),
        *("reopen_kind", "category"),
    )
    wanted = [
        (*(episode[column] for column in columns), expected.tickets[episode["ticket"]]["customer"])
        for episode in expected.episodes
    ]
    assert len(wanted) > 40
    assert Counter(found) == Counter(wanted)


def test_interactions_are_the_same(world):
    project, expected = world
    found = rows(
        project, "select interaction_id, started_at, customer_key, issue_key, is_counted from facts.fct_interactions"
    )
    wanted = [(i["id"], i["at"], i["customer"], i["issue"], i["counted"]) for i in expected.interactions]
    assert Counter(found) == Counter(wanted)
    assert {row[4] for row in wanted} == {True, False}


def test_shared_identities_are_the_same(world):
    project, expected = world
    found = rows(project, "select customer_key from intermediate.int_shared_identities where customer_key is not null")
    assert Counter(found) == Counter((customer,) for customer in expected.shared)


def test_claims_are_the_same(world):
    project, expected = world
    found = rows(
        project,
        """
        select claim_id, claimed_at, customer_key, issue_key, is_headline_cohort, first_r1_at, first_r2_at, first_r3_at,
            first_r4_at, first_r5_at, r2_ticket_key, r3_ticket_key, r3_contact_key
        from facts.fct_claims
        """,
    )
    columns = ("id", "claimed_at", "customer", "issue", "headline", *reference_canonical.TIERS)
    wanted = [
        (*(claim[column] for column in columns), *(key(claim[c]) for c in ("r2_ticket", "r3_ticket", "r3_contact")))
        for claim in expected.claims
    ]
    assert len(wanted) > 70
    assert Counter(found) == Counter(wanted)


def test_verdicts_are_the_same(world):
    project, expected = world
    coverage = rows(
        project,
        "select feed, observed_until, as_of from dimensions.dim_feed_coverage where source_system = 'canonical'",
    )
    observed_until = {feed: until for feed, until, _ in coverage}
    (as_of,) = {as_of for _, _, as_of in coverage}
    found = rows(
        project,
        """
        select claim_id, window_days, tier_set, is_mature, verdict, falsified_at, falsified_by_tier
        from facts.fct_claim_verdicts
        """,
    )
    wanted = Counter(expected.verdicts(observed_until, as_of))
    assert Counter(found) == wanted
    assert {row[4] for row in wanted} == {"held", "falsified", "pending", "unobservable"}
