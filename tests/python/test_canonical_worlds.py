"""Random desks in the raw contract: what the facts say against the rules written once more, value by value."""

import datetime
from collections import Counter

import pytest

import reference_canonical
import reference_interactions
from conftest import build_facts, one, rows
from counterweight.dev import random_desk
from counterweight.load import load

# 1: contacts name tickets, and one identity is shared. 3: no leg says when it was answered. 14: contacts name no
# tickets, and as_of is pinned in the midst of everything.
WORLDS = ((1, None), (3, None), (14, datetime.datetime(2024, 4, 16, 8, 17)))
SIZE = 200
# What is compared of each table.
INTERACTIONS = """
    interaction_id, kind, contact_key, ticket_key, direction, channel, customer_key, account_id, category,
    issue_key, team_id, started_at, ended_at, is_counted, is_request, is_answered, is_abandoned,
    is_short_hang_up, is_short_abandon, reported_resolved, reported_first_contact_resolution, leg_count,
    answered_leg_count, transfer_count, consult_count, wait_seconds, talk_seconds, hold_seconds, wrap_seconds,
    contact_handle_seconds, chain_id, chain_position, is_index, previous_interaction_id, next_interaction_id,
    next_started_at, seconds_to_next, is_forwarded
"""
LEGS = """
    leg_id, contact_key, leg_position, direction, channel, queue, team_id, agent_key, category, started_at,
    offered_at, answered_at, ended_at, is_answered, transfer_type, disconnected_by, talk_seconds,
    hold_seconds, wrap_seconds, leg_handle_seconds
"""
MEMBERS = """
    window_days, interaction_id, chain_id, chain_position, is_new_visit, customer_key, issue_key, started_at,
    is_repeat, is_trigger, is_mature
"""
CHAINS = """
    chain_id, window_days, customer_key, issue_key, first_interaction_id, first_kind, first_source_system,
    first_channel, account_id, category, first_team_id, started_at, last_interaction_id, last_started_at, ended_at,
    interaction_count, contact_count, ticket_count, channel_count, agent_count, repeat_count, transfer_count,
    chain_handle_seconds
"""
CLAIMS = """
    claim_id, claim_type, business_function, claim_key, episode_id, contact_key, ticket_key, customer_key,
    claimed_at, claimed_by, team_id, category, issue_key, closure_mode, is_headline_cohort, needs_customer,
    chain_id, first_r1_at, first_r2_at, first_r3_at, first_r4_at, first_r5_at, r2_ticket_key, r3_ticket_key,
    r3_contact_key
"""
VERDICTS = """
    claim_id, window_days, tier_set, is_mature, verdict, falsified_at, falsified_by_tier
"""
EXPECTED = """
    cell_level, category, channel, contact_order, base_from, base_until, contact_count, handle_seconds
"""
# What must have happened at least once, or the comparison says nothing about it.
BRANCHES = """
1 chats at once
2 chats at once
3 chats at once
30 d: a chain ends at W + 1 s
30 d: a chain goes on at W
30 d: trigger False
30 d: trigger None
30 d: trigger True
7 d: a chain ends at W + 1 s
7 d: a chain goes on at W
7 d: trigger False
7 d: trigger None
7 d: trigger True
R4 by call
R4 by message
R5 of call_resolved
R5 of contact_handled
R5 of first_contact_resolved
R5 of ticket_resolved
a bot's category with a subcategory
a chat beside one that goes on at as_of
a chat of no time
a contact as the base ends
a contact in the last second of the base
a contact takes the ticket's requester
a contact within 15 minutes of a bot
a hang_up
a machine for the customer
a monitor
a request by category
a request only at other times
a return answers only the latest
a shared identity
a short_abandon
a survey after a later episode
a ticket cancelled
a ticket cancelled, by its own word
a ticket closed, by its own word
a ticket open
a ticket open, by its own word
a ticket opened after another visit began
a ticket resolved
a ticket resolved again
a ticket resolved, by its own word
a transfer that no tool says
abandoned
acknowledgement
agents who say different things
an earlier visit ends last
an old version delivered again
an open ticket holds its chain
an outbound leg in an inbound contact
an outcome in the claim's second
an outcome that contradicts nothing
an outcome that is not listed
an uncounted ticket in another chain
an unknown kind of actor is the requester
another field in the step of a status
answered on a later leg
answered, no leg says when
business linked falsified
business linked held
business linked pending
business return falsified
business return held
business return pending
business strict falsified
business strict held
business strict pending
call_resolved falsified by a contact
call_resolved falsified by a ticket
call_resolved linked held
call_resolved linked pending
call_resolved linked unobservable
call_resolved return falsified
call_resolved return held
call_resolved return pending
call_resolved return unobservable
call_resolved strict falsified
call_resolved strict held
call_resolved strict pending
call_resolved strict unobservable
chats that end as another begins
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
contained_by_bot falsified by a contact
contained_by_bot falsified by a ticket
contained_by_bot linked held
contained_by_bot linked pending
contained_by_bot linked unobservable
contained_by_bot return falsified
contained_by_bot return held
contained_by_bot return pending
contained_by_bot return unobservable
contained_by_bot strict falsified
contained_by_bot strict held
contained_by_bot strict pending
contained_by_bot strict unobservable
ended by a machine
falsified at W
falsified at W + 1 s
falsified by R1
falsified by R2
falsified by R3
falsified by R4
falsified by R5
first_contact_resolved falsified by a contact
first_contact_resolved falsified by a ticket
first_contact_resolved linked falsified
first_contact_resolved linked held
first_contact_resolved linked pending
first_contact_resolved linked unobservable
first_contact_resolved return falsified
first_contact_resolved return held
first_contact_resolved return pending
first_contact_resolved return unobservable
first_contact_resolved strict falsified
first_contact_resolved strict held
first_contact_resolved strict pending
first_contact_resolved strict unobservable
given up at 10 s
half a second
handle time of some legs only
hung up at 10 s
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
more talk than the shared chat was open
named ticket at 900 s
named ticket at 901 s
named ticket at the start
next after 2592000 s
next after 2592001 s
next after 604800 s
next after 604801 s
next after 900 s
next after 901 s
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
not answered and not abandoned
open for 299 s
open for 300 s
opening edited
outbound
problem named a second later
problem named in the claim's second
problem_closed linked falsified
problem_closed linked held
problem_closed linked pending
problem_closed return falsified
problem_closed return held
problem_closed return pending
problem_closed strict falsified
problem_closed strict held
problem_closed strict pending
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
still waiting at as_of
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
two in the same second
unknown caller
visits that overlap
"""


# with all that they are made of
COMPARED = (
    "+fct_row_fates", "+fct_resolution_episodes", "+fct_interactions", "+fct_contact_legs", "+fct_issue_chains",
    "+fct_chain_members", "+fct_claims", "+fct_claim_verdicts", "+fct_ticket_clocks", "+dim_expected_handle_time",
    "+int_shared_identities",
)  # fmt: skip


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: f"seed {world[0]}")
def world(request, new_project, tmp_path_factory):
    seed, as_of = request.param
    project = new_project(f"world{seed}")
    folder = tmp_path_factory.mktemp(f"rows{seed}")
    loads = random_desk.make(seed, SIZE, as_of)
    for number, delivery in enumerate(loads):
        load(project, "canonical", random_desk.write(folder / str(number), delivery))
    build_facts(project, {} if as_of is None else {"as_of": str(as_of)}, COMPARED)
    (salt,) = one(project, "select salt from private.salt")
    loaded_at = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    expected = reference_canonical.World(loads, salt, loaded_at, as_of, clocks(project))
    return project, expected


def clocks(project):
    """The measured resolution clocks; test_clocks.py holds them against a reference of their own."""
    found = rows(
        project,
        """
        select ticket_key, metric_rank, is_met, stopped_at
        from facts.fct_ticket_clocks
        inner join reference.sla_metrics using (metric)
        where fct_ticket_clocks.stopped_by = 'first_resolution'
        """,
    )
    return [(ticket_key.partition(":")[2], *clock) for ticket_key, *clock in found]


@pytest.fixture(scope="module")
def interactions(world):
    return reference_interactions.Interactions(world[1])


def coverage_of(project):
    """Until when each feed was observed, and as_of."""
    found = rows(
        project,
        "select feed, observed_until, as_of from dimensions.dim_feed_coverage where source_system = 'canonical'",
    )
    (as_of,) = {as_of for _, _, as_of in found}
    return {feed: until for feed, until, _ in found}, as_of


def compare(project, table, columns, wanted):
    """Every row and value alike; the columns that have more than one value, so that something was compared."""
    found, wanted = Counter(rows(project, f"select {columns} from {table}")), Counter(wanted)
    assert (sorted(found - wanted, key=str), sorted(wanted - found, key=str)) == ([], [])
    names = [name.strip() for name in columns.split(",")]
    return {name for position, name in enumerate(names) if len({row[position] for row in found}) > 1}


@pytest.fixture(scope="module")
def branches():
    """What the reference met, without a warehouse."""
    found = Counter()
    for seed, as_of in WORLDS:
        loads = random_desk.make(seed, SIZE, as_of)
        world = reference_canonical.World(loads, "salt", datetime.datetime(2026, 1, 1), as_of)
        interactions = reference_interactions.Interactions(world)
        horizon = datetime.datetime(2024, 5, 1)
        observed_until = dict.fromkeys(("tickets_opened", "calls", "bot_sessions", "business_outcomes"), horizon)
        list(world.verdicts(observed_until, horizon))
        list(interactions.member_rows(observed_until, horizon))
        list(interactions.expected_rows())
        found += world.branches
    return found


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


def test_interactions_are_the_same(world, interactions):
    project, _ = world
    varied = compare(project, "facts.fct_interactions", INTERACTIONS, interactions.interaction_rows())
    assert varied == {name.strip() for name in INTERACTIONS.split(",")}


def test_legs_are_the_same(world, interactions):
    project, _ = world
    varied = compare(project, "facts.fct_contact_legs", LEGS, interactions.leg_rows())
    assert varied >= {name.strip() for name in LEGS.split(",")} - {"answered_at", "transfer_type"}


def test_chains_are_the_same(world, interactions):
    project, _ = world
    varied = compare(project, "facts.fct_issue_chains", CHAINS, interactions.chains)
    assert varied >= {name.strip() for name in CHAINS.split(",")} - {"first_source_system"}


def test_chain_members_are_the_same(world, interactions):
    project, _ = world
    varied = compare(project, "facts.fct_chain_members", MEMBERS, interactions.member_rows(*coverage_of(project)))
    assert varied == {name.strip() for name in MEMBERS.split(",")}
    # a partition: each window has each interaction of the chains once
    found = rows(project, "select window_days, interaction_id from facts.fct_chain_members")
    assert len(found) == len(set(found))
    assert {i for w, i in found if w == 7} == {i for w, i in found if w == 30}


def test_expected_handle_time_is_the_same(world, interactions):
    project, _ = world
    compare(project, "dimensions.dim_expected_handle_time", EXPECTED, interactions.expected_rows())
    (levels,) = one(project, "select count(distinct cell_level) from dimensions.dim_expected_handle_time")
    assert levels == 4


def test_shared_identities_are_the_same(world):
    project, expected = world
    found = rows(project, "select customer_key from intermediate.int_shared_identities where customer_key is not null")
    assert Counter(found) == Counter((customer,) for customer in expected.shared)


def test_claims_are_the_same(world, interactions):
    project, expected = world
    varied = compare(project, "facts.fct_claims", CLAIMS, interactions.claim_rows())
    assert varied >= {name.strip() for name in CLAIMS.split(",")} - {"first_r4_at", "first_r5_at"}
    assert {claim["type"] for claim in expected.claims} >= {
        *reference_canonical.TICKET_TYPES, *reference_canonical.CONTACT_TYPES, "contained_by_bot", "problem_closed",
        "deal_closed", "promise_made",
    }  # fmt: skip


def test_verdicts_are_the_same(world):
    project, expected = world
    wanted = list(expected.verdicts(*coverage_of(project)))
    compare(project, "facts.fct_claim_verdicts", VERDICTS, wanted)
    assert {row[4] for row in wanted} == {"held", "falsified", "pending", "unobservable"}
    assert {row[1] for row in wanted} == {1, 7, 14, 30, 60, 90, 365}
