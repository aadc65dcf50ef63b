"""Worlds of `counterweight simulate`: the same every time, whole, believable, and silent about their truth."""

import datetime
import hashlib
import math
import re

import duckdb
import numpy as np
import pytest
import yaml

from conftest import ROOT
from counterweight.errors import InputError
from counterweight.worlds import settings, simulate

SMALL = {"tickets": 1500, "calls": 4000, "months": 1}
# the same world as honest, delivered otherwise: test_deliveries.py
DELIVERED = ("late_feed", "dirty")
WORLDS = [world.name for world in settings.every() if world.name not in DELIVERED]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A function that makes a world once and gives a connection with its tables as views: raw ones by name, truth's in
    schema truth."""
    made = {}

    def make(name, **options):
        key = (name, *sorted((options := SMALL | options).items()))
        if key not in made:
            folder = tmp_path_factory.mktemp("world")
            simulate(folder, world=name, **options)
            made[key] = connect(folder)
        return made[key]

    return make


def connect(folder):
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'; create schema truth")
    for path in folder.glob("raw/*.parquet"):
        connection.execute(f"create view {path.stem} as from read_parquet('{path}', file_row_number = true)")
    for path in folder.glob("truth/*.parquet"):
        connection.execute(f"create view truth.{path.stem} as from '{path}'")
    return connection


def value(connection, query):
    (row,) = connection.execute(query).fetchall()
    return row[0] if len(row) == 1 else row


def bytes_of(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    "options",
    [
        {"world": "mixed"},
        {"world": "late_feed", "batches": 3},
        {"world": "dirty"},
        {"world": "honest", "file_format": "csv"},
    ],
    ids=lambda options: options["world"],
)
def test_same_arguments_same_bytes(tmp_path, options):
    for folder, seed in (("first", 3), ("second", 3), ("other", 4)):
        simulate(tmp_path / folder, seed=seed, tickets=300, calls=600, months=1, **options)
    first, second, other = (bytes_of(tmp_path / folder) for folder in ("first", "second", "other"))
    assert len(first) > 30
    assert first == second
    assert first["truth/claims.parquet"] != other["truth/claims.parquet"]


def test_every_table_of_the_raw_contract_is_there_with_its_columns(world):
    """As the sources file of the contract names them."""
    sources = yaml.safe_load((ROOT / "models/staging/canonical/_canonical__sources.yml").read_text(encoding="utf-8"))
    (canonical,) = sources["sources"]
    wanted = {table["name"]: {column["name"] for column in table["columns"]} for table in canonical["tables"]}
    connection = world("honest")
    found = {
        table: {row[0] for row in connection.execute(f"describe {table}").fetchall()} - {"file_row_number"}
        for (table,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = 'main'"
        ).fetchall()
    }
    assert found == wanted
    # 30 days are too short for a problem record
    for table in found.keys() - {"problems"}:
        assert value(connection, f"select count(*) from {table}") > 0, table


# where each reference of the truth leads to
KEYS = {
    "contact_id": "calls",
    "return_contact_id": "calls",
    "ticket_id": "tickets",
    "return_ticket_id": "tickets",
    "event_id": "ticket_events",
    "return_event_id": "ticket_events",
    "message_id": "ticket_messages",
    "survey_id": "surveys",
    "session_id": "bot_sessions",
    "leg_id": "calls",
    "claim_id": "business_claims",
    "customer_id": "identities",
    "account_id": "accounts",
    "agent_id": "agents",
}


@pytest.mark.parametrize("name", ["mixed", "blindfolds", "survey_suppression", "note_inflation", "second_issue"])
def test_every_entry_of_the_ledger_joins_raw_rows(world, name):
    connection = world(name)
    joined = 0
    tables = connection.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'truth' "
    ).fetchall()
    for table, column in tables:
        if column in KEYS:
            key = column.removeprefix("return_")
            known, lost = value(
                connection,
                f"select count({column}), count({column}) filter ({column} not in (select {key} from {KEYS[column]})) "
                f"from truth.{table}",
            )
            assert lost == 0, (table, column)
            joined += known
    assert joined > 10_000
    acts = value(connection, "select count(*) from truth.acts")
    assert acts > 0 or name == "blindfolds"


def test_the_ledger_names_each_row_at_its_time(world):
    """Not only a row that is there, but the right one: at the second, of the customer whose problem it is."""
    connection = world("mixed")
    queries = {
        "contact": "select c.at, l.started_at from truth.contacts as c join calls as l using (contact_id) "
        "where c.kind = 'contact' and leg_number = 1",
        "opening": "select c.at, t.created_at from truth.contacts as c join tickets as t using (ticket_id) "
        "where c.kind = 'opening'",
        "return": "select c.at, e.event_at from truth.contacts as c join ticket_events as e using (event_id) "
        "where c.kind = 'return'",
        "resolution": "select c.claimed_at, e.event_at from truth.claims as c join ticket_events as e using (event_id) "
        "where new_value = 'resolved'",
    }
    for what, query in queries.items():
        rows, at_their_time = value(connection, f"select count(*), count(*) filter (a = b) from ({query}) as _(a, b)")
        assert rows > 50, what
        assert at_their_time == rows, what
    known, own = value(
        connection,
        "select count(*), count(*) filter (p.customer_id = i.customer_id) from truth.contacts as c "
        "join truth.problems as p using (problem_id) join tickets as t using (ticket_id) "
        "join identities as i on i.value = t.requester_id where c.kind = 'opening'",
    )
    assert known > 500
    assert own == known


FIRST_LEGS = "from calls where leg_number = 1 and direction = 'inbound'"
RESOLUTIONS = "from truth.claims where claim_type = 'ticket_resolved'"
STATISTICS = {
    # name: (query, least, most); shares of the honest world, which all others must keep but for EXCEPTIONS
    "share of contacts on Mondays": (
        f"select avg((isodow(started_at) = 1)::int) {FIRST_LEGS}", 0.19, 0.28,
    ),
    "share of contacts on Saturdays": (
        f"select avg((isodow(started_at) = 6)::int) {FIRST_LEGS}", 0.02, 0.09,
    ),
    "calls from Vienna between 9 and 12 local time": (
        "select avg((hour(started_at at time zone 'UTC' at time zone 'Europe/Vienna') between 9 and 11)::int) "
        "from calls where queue like 'Vienna%' and leg_number = 1", 0.30, 0.45,
    ),
    "share of tickets at night": (
        "select avg((hour(created_at) < 4)::int) from tickets where channel = 'email'", 0.01, 0.12,
    ),
    "median handle seconds": (
        f"select median(talk_seconds + hold_seconds + wrap_seconds) {FIRST_LEGS}", 330, 560,
    ),
    "slowest category over fastest": (
        f"select max(h) / min(h) from (select median(talk_seconds + hold_seconds) as h {FIRST_LEGS} "
        "and category <> 'Wireless' group by category having count(*) >= 15)", 6, 25,
    ),
    "share abandoned": (
        f"select avg(is_abandoned::int) {FIRST_LEGS}", 0.01, 0.12,
    ),
    "share handed to another agent": (
        f"select avg((transfer_type is not null)::int) {FIRST_LEGS} and not is_abandoned",
        0.03, 0.16,
    ),
    "unknown callers": ("select avg((customer_id is null)::int) from calls where channel = 'voice'", 0.03, 0.09),
    "share of first resolutions that did not solve": (
        "select avg((outcome = 'unsolved')::int) from truth.claims where claim_type = 'ticket_resolved'", 0.11, 0.24,
    ),
    "share of resolutions reopened": (
        "select avg((reaction = 'reopened')::int) from truth.claims where claim_type = 'ticket_resolved'", 0.03, 0.10,
    ),
    "median days to a return": (
        f"select median(epoch(returned_at - claimed_at)) / 86400 {RESOLUTIONS}", 0.8, 2.5,
    ),
    "share of the unsolved who give up": (
        "select avg((reaction = 'gave up')::int) from truth.claims where outcome = 'unsolved'", 0.09, 0.21,
    ),
    "surveys answered, of those sent": (
        "select count(answered_at) / count(sent_at) from surveys", 0.13, 0.27,
    ),
    "bots that contain": ("select avg(is_contained::int) from bot_sessions", 0.55, 0.85),
}  # fmt: skip
# What a world is about may lie outside of the honest ranges.
EXCEPTIONS = {
    # a ticket that is closed after a day is hardly ever reopened
    ("auto_close_1", "share of resolutions reopened"): (0.015, 0.04),
    # three weeks, of which the first Monday was New Year's Day
    ("stopped_feed", "share of contacts on Mondays"): (0.10, 0.28),
    # hard calls end after five minutes, with another agent
    ("supervisor_approval", "slowest category over fastest"): (2, 5),
    ("supervisor_approval", "share handed to another agent"): (0.15, 0.3),
}


@pytest.mark.parametrize("name", WORLDS)
def test_statistics_of_each_world_are_inside_their_ranges(world, name):
    connection = world(name)
    outside = {}
    for statistic, (query, least, most) in STATISTICS.items():
        least, most = EXCEPTIONS.get((name, statistic), (least, most))
        found = value(connection, query)
        if found is None or not least <= found <= most:
            outside[statistic] = (found, least, most)
    assert not outside


def test_auto_close_changes_what_the_tool_shows_and_not_what_customers_suffer(world):
    """The same problems, the same first resolutions, the same customers back at the same time, whatever the setting:
    the tool shows two thirds less of it at one day than at 28."""
    shown, back, first = {}, {}, {}
    for days in (1, 4, 7, 28):
        connection = world(f"auto_close_{days}", tickets=4000, calls=4000, months=3)
        claims, reopened, returned = value(
            connection,
            "select count(*), count(*) filter (reaction = 'reopened'), count(*) filter (returned_at is not null) "
            "from truth.claims where claim_type = 'ticket_resolved'",
        )
        shown[days], back[days] = reopened / claims, returned / claims
        # of each problem that was first written about: who answers a call depends on all the others
        first[days] = set(
            connection.execute(
                "select problem_id, min(claimed_at), arg_min(returned_at, claimed_at) from truth.claims "
                "where claim_type = 'ticket_resolved' group by problem_id "
                "having arg_min((select channel from tickets where tickets.ticket_id = claims.ticket_id), claimed_at) "
                "in ('email', 'portal', 'monitor')"
            ).fetchall()
        )
        claims_of_first = len(first[days])
        moved = value(
            connection,
            "select count(*) from ticket_events where field = 'status' and new_value = 'open' "
            "and old_value in ('resolved', 'closed')",
        )
        assert moved >= reopened
    assert claims_of_first > 1500
    assert first[1] == first[4] == first[7] == first[28]
    assert shown[1] < shown[4] < shown[7] <= shown[28]
    assert shown[1] < shown[28] / 2
    standard_error = math.sqrt(2 * back[28] * (1 - back[28]) / claims_of_first)
    assert abs(back[1] - back[28]) < 2 * standard_error


def test_a_closed_ticket_is_reopened_only_where_the_tool_can(world):
    query = "select count(*) from ticket_events where field = 'status' and old_value = 'closed' and new_value = 'open'"
    assert value(world("honest"), query) == 0
    assert value(world("closed_can_reopen", tickets=4000, calls=2000, months=2), query) > 5


def auc(is_planted, scores):
    """Chance that a planted row has the higher score, and its standard error where the score says nothing."""
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    planted, others = int(is_planted.sum()), int((~is_planted).sum())
    area = (ranks[is_planted].sum() - planted * (planted + 1) / 2) / (planted * others)
    return area, math.sqrt((planted + others + 1) / (12 * planted * others))


LEAKS = [
    ("call_cutting", "calls", "leg_id"),
    ("hanging_up", "calls", "leg_id"),
    ("premature_closing", "ticket_events", "event_id"),
    ("reopen_avoidance", "tickets", "ticket_id"),
    ("ticket_splitting", "tickets", "ticket_id"),
    ("note_inflation", "ticket_messages", "message_id"),
    ("survey_steering", "surveys", "survey_id"),
]


@pytest.mark.parametrize(("name", "table", "key"), LEAKS)
def test_neither_ids_nor_the_order_of_rows_tell_who_gamed(world, name, table, key):
    """The rank of a planted row by its id, by its place in the file, and by each character of its id says nothing: a
    classifier on them is as good as a coin."""
    connection = world(name, tickets=5000, calls=8000, months=2, intensity=0.9)
    found = connection.execute(
        f"select {key}, file_row_number, {key} in (select {key} from truth.acts) as is_planted from {table} "
        "order by file_row_number"
    ).fetchnumpy()
    is_planted = found["is_planted"].astype(bool)
    assert 20 < is_planted.sum() < len(is_planted) / 2
    ids = found[key].astype(str)
    scores = {"place": found["file_row_number"], "id": np.argsort(np.argsort(ids))}
    scores |= {f"character {n}": np.array([ord(text[n]) for text in ids]) for n in range(1, len(ids[0]))}
    shuffle = np.random.default_rng(1).permutation(len(ids))
    for score, values in scores.items():
        # ties are broken by chance
        area, error = auc(is_planted[shuffle], values[shuffle])
        assert abs(area - 0.5) < 4 * error, (score, area, error)


def test_solved_and_unsolved_claims_have_the_same_ids(world):
    connection = world("honest", tickets=4000, calls=8000, months=2)
    found = connection.execute(
        "select contact_id, outcome = 'unsolved' as is_planted from truth.claims "
        "where claim_type = 'contact_handled' and outcome <> 'passed on'"
    ).fetchnumpy()
    area, error = auc(found["is_planted"].astype(bool), np.argsort(np.argsort(found["contact_id"].astype(str))))
    assert abs(area - 0.5) < 4 * error


def test_all_worlds_of_a_seed_have_the_same_problems(world):
    """So that they differ in nothing but what their settings change. What a lookalike brings besides is numbered after
    all others."""
    query = "select problem_id, customer_id, category, began_at from truth.problems"
    honest = set(world("honest").execute(query).fetchall())
    assert len(honest) > 3000
    for name in ("mixed", "auto_close_1", "cherry_picking", "system_cut_off"):
        assert set(world(name).execute(query).fetchall()) == honest, name
    for name in ("month_end_demand", "second_issue", "honest_but_suspicious"):
        assert set(world(name).execute(query).fetchall()) > honest, name
    # other accounts, other people
    assert set(world("law_firm").execute(query).fetchall()) != honest


def test_counts_are_about_what_was_asked_for(world):
    for tickets, calls, months in ((4000, 8000, 3), (6000, 0, 2), (0, 6000, 2), (3000, 9000, 2)):
        connection = world("honest", tickets=tickets, calls=calls, months=months)
        made = value(connection, "select count(*) from tickets")
        contacts = value(connection, "select count(distinct contact_id) from calls where direction = 'inbound'")
        assert abs(made - tickets) <= 0.15 * tickets
        assert abs(contacts - calls) <= 0.15 * calls


def test_nothing_is_dated_beyond_the_world(world):
    connection = world("mixed")
    end = datetime.datetime(2024, 2, 1)
    columns = connection.execute(
        "select table_name, column_name from information_schema.columns where data_type = 'TIMESTAMP' "
        "and table_schema = 'main'"
    ).fetchall()
    assert len(columns) > 25
    late = {}
    for table, column in columns:
        latest = value(connection, f"select max({column}) from main.{table}") if table in RAW else None
        if latest is not None and latest >= end:
            late[table, column] = latest
    # what began in the world is delivered whole: at midnight in Europe people are at work in America
    assert {column for _, column in late} <= {"ended_at", "updated_at", "shift_ended_at"}
    assert {table for table, _ in late} <= {"calls", "agent_states", "shifts"}


RAW = (
    "tickets", "ticket_events", "ticket_messages", "calls", "surveys", "agent_states", "shifts", "problems",
    "qa_reviews", "bot_sessions",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("habits: {call_cuting: {}}", "Did you mean 'call_cutting'?"),
        ("habits: {call_cutting: {intensity: 3}}", "intensity wants a share between 0 and 1, not 3"),
        ("habits: {call_cutting: {intensity: '0.5'}}", "intensity wants a share between 0 and 1, not '0.5'"),
        ("habits: {call_cutting: {strength: 0.5}}", "no setting 'strength'"),
        ("habits: [call_cutting]", "habits: settings are wanted"),
        ("auto_close: 3", "Did you mean 'auto_close_days'?"),
        ("auto_close_days: soon", "auto_close_days wants a whole number between 0 and 365, not 'soon'"),
        ("closed_can_reopen: sometimes", "closed_can_reopen wants true or false"),
        ("recurring: {days: 0}", "days wants a whole number between 2 and 365"),
        ("price: {accounts: many}", "accounts wants a whole number"),
        ("like: honst", "Did you mean 'honest'?"),
        ("- honest", "settings are wanted"),
        ("stops: {cals: 0.5}", "there is no feed 'cals'. Did you mean 'calls'?"),
        ("defects: {ticket_copyed: 0.1}", "Did you mean 'ticket_copied'"),
        ("clocks: {calls: Vienna}", "a time zone such as Europe/Vienna"),
        ("blindfolds: {P99: 1}", "there is no pair 'P99'"),
        ("{", "is no YAML"),
    ],
)
def test_a_world_that_cannot_be_made_is_said_in_a_sentence(tmp_path, text, expected):
    path = tmp_path / "mine.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(expected)):
        simulate(tmp_path / "out", world=str(path), tickets=50, calls=50, months=1)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_somebody_else_is_not_overwritten(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mine.csv").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="Name another folder"):
        simulate(tmp_path, tickets=50, calls=50, months=1)
    assert (tmp_path / "raw" / "mine.csv").exists()
    # a note of somebody else makes no world of it
    (tmp_path / "world.yml").write_text("name: atlas", encoding="utf-8")
    with pytest.raises(InputError, match="Name another folder"):
        simulate(tmp_path, tickets=50, calls=50, months=1)
    # a world may be made anew, but not over what was laid into it
    simulate(tmp_path / "own", tickets=50, calls=50, months=1)
    simulate(tmp_path / "own", tickets=50, calls=50, months=1)
    (tmp_path / "own" / "raw" / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"notes\.txt is no part of a world"):
        simulate(tmp_path / "own", tickets=50, calls=50, months=1)


@pytest.mark.parametrize("name", ["honest", "wrap_hiding", "new_state"])
def test_nobody_is_in_two_states_or_on_two_calls_at_once(world, name):
    connection = world(name)
    overlaps = """
        select count(*) filter (begin_at < lag_at) from (
            select {begin} as begin_at, lag({end}) over (partition by agent_id order by {begin}) as lag_at from {rows}
        )
        """
    assert value(connection, overlaps.format(begin="started_at", end="ended_at", rows="agent_states")) == 0
    spoken = "calls where channel = 'voice' and answered_at is not null"
    wrapped = "ended_at + to_seconds(wrap_seconds)"
    assert value(connection, overlaps.format(begin="answered_at", end=wrapped, rows=spoken)) == 0
    assert value(connection, "select count(*) from agent_states where state = 'research'") > 20
