"""A small world stops, arrives in loads and gets dirty: what is kept, what is not yet known, what the ledger says."""

import datetime
import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from conftest import build_facts, rows
from counterweight.errors import InputError
from counterweight.load import load
from counterweight.worlds import deliveries
from counterweight.worlds.defects import DEFECTS, soil
from counterweight.worlds.deliveries import split, stop_feeds
from counterweight.worlds.parquet import KEYS

# 300 tickets, one every seven hours. Each is assigned, worked on, resolved after up to nine days and closed by the tool
# five days later; every seventh comes back a day after its resolution. Three are made by hand, see HANDMADE.
EVENTS = """
    with born as (
        select
            i, 'T' || substr(md5(i::varchar), 1, 8) as id,
            timestamp '2024-01-01 00:10:20' + i * interval 7 hour as opened
        from range(300) as t (i)
    ),
    lives as (
        select *, opened + interval 3 hour + (i % 10) * interval 1 day as done, i % 7 = 0 as returns from born
    ),
    steps as (
        select
            id, 1 as step, opened as moment, 'status' as field, null as old, 'new' as new, 'requester' as actor
        from lives
        union all select id, 2, opened + interval 1 hour, 'assignee', null, 'A' || i % 9, 'agent' from lives
        union all select id, 3, opened + interval 1 hour, 'team', null, 'T' || i % 3, 'agent' from lives
        union all select id, 4, opened + interval 61 minute, 'status', 'new', 'open', 'agent' from lives
        union all
        select id, 5, opened + interval 2 hour, 'category', 'network', 'printer', 'agent' from lives where i % 4 = 0
        union all
        select id, 6, opened + interval 2 hour, 'priority', '3 normal', '2 high', 'agent' from lives where i % 5 = 0
        union all select id, 7, done, 'status', 'open', 'resolved', 'agent' from lives
        union all
        select id, 8, done + interval 1 day, 'status', 'resolved', 'open', 'requester' from lives where returns
        union all select id, 9, done + interval 2 day, 'status', 'open', 'resolved', 'agent' from lives where returns
        union all
        select id, 10, done + interval 6 day, 'requester_email', null, null, 'agent' from lives where i % 6 = 0
        union all select id, 11, done + interval 7 day, 'status', 'resolved', 'closed', 'system' from lives
        union all from handmade
    )
    select
        'E' || substr(md5(id || step), 1, 8) as event_id, id as ticket_id, moment as event_at, field, new as new_value,
        -- half of the tickets have no sequence
        case when id[2] < '8' then step end as event_sequence, old as old_value, 'A1' as actor_id, actor as actor_type
    from steps order by event_id
"""
HANDMADE = (
    ("T-long", 1, "2024-01-10 09:00:00", "status", None, "new", "requester"),
    ("T-long", 2, "2024-01-10 09:30:00", "assignee", None, "A1", "agent"),
    ("T-long", 3, "2024-01-12 09:00:00", "status", "new", "resolved", "agent"),
    ("T-long", 4, "2024-01-20 09:00:00", "status", "resolved", "open", "requester"),
    ("T-long", 5, "2024-02-10 09:00:00", "category", "network", "printer", "agent"),
    ("T-long", 6, "2024-02-12 09:00:00", "status", "open", "resolved", "agent"),
    ("T-long", 7, "2024-02-20 09:00:00", "status", "resolved", "closed", "system"),
    ("T-long", 8, "2024-03-15 09:00:00", "status", "closed", "open", "agent"),
    ("T-long", 9, "2024-03-16 09:00:00", "priority", "3 normal", "1 critical", "agent"),
    ("T-long", 10, "2024-03-18 09:00:00", "status", "open", "resolved", "agent"),
    ("T-plain", 1, "2024-01-30 09:00:00", "status", None, "new", "requester"),
    ("T-plain", 2, "2024-01-30 10:00:00", "status", "new", "resolved", "agent"),
    ("T-plain", 3, "2024-02-06 10:00:00", "status", "resolved", "closed", "system"),
    ("T-quiet", 1, "2024-01-05 09:00:00", "status", None, "new", "requester"),
    ("T-quiet", 2, "2024-04-01 09:00:00", "status", "new", "resolved", "agent"),
)
# Three loads of the world's 105 days end at these midnights, and the three tickets are in each as listed.
ENDS = ("2024-02-04", "2024-03-10", "2024-04-14")
COLUMNS = (
    *("updated_at", "status", "category", "priority", "assignee_id", "resolved_at", "closed_at"),
    *("closed_by_actor_type", "resolution_code", "problem_id", "reported_first_contact_resolution"),
)
EXPECTED = {
    ("T-long", 1): ("2024-01-20 09:00:00", "open", "network", "3 normal", "A1", *[None] * 5, "true"),
    ("T-long", 2): (
        *("2024-02-20 09:00:00", "closed", "printer", "3 normal", "A1", "2024-02-12 09:00:00", "2024-02-20 09:00:00"),
        *("system", None, None, "true"),
    ),
    ("T-long", 3): (
        *("2024-03-18 09:00:00", "resolved", "printer", "1 critical", "A1", "2024-03-18 09:00:00", None, None),
        *("solved", "P1", "true"),
    ),
    ("T-plain", 1): (
        *("2024-01-30 10:00:00", "resolved", "network", "3 normal", None, "2024-01-30 10:00:00", None, None),
        *("solved", None, "true"),
    ),
    ("T-plain", 2): (
        *("2024-02-06 10:00:00", "closed", "network", "3 normal", None, "2024-01-30 10:00:00", "2024-02-06 10:00:00"),
        *("system", "solved", "P1", "true"),
    ),
    # in the second load nothing had changed
    ("T-quiet", 1): ("2024-01-05 09:00:00", "new", "network", "3 normal", *[None] * 7),
    ("T-quiet", 3): (
        *("2024-04-01 09:00:00", "resolved", "network", "3 normal", None, "2024-04-01 09:00:00", None, None),
        *("solved", "P1", "true"),
    ),
}
TABLES = {
    "ticket_events": EVENTS,
    "tickets": """
        select
            ticket_id, min(event_at) as created_at, 'u' || hash_of(ticket_id, 90) || '@example.com' as requester_id,
            'email' as channel, last_of(place, field = 'category', new_value, 'network') as category,
            last_of(place, field = 'status', new_value, 'new') as status,
            max(event_at) as updated_at, 'ACC' as account_id, null::varchar as requested_for_id,
            'incident' as ticket_type, null::varchar as subcategory, 'network' as category_at_open,
            last_of(place, field = 'priority', new_value, '3 normal') as priority,
            last_of(place, field = 'assignee', new_value, null) as assignee_id,
            last_of(place, field = 'team', new_value, null) as team_id,
            max(event_at) filter (new_value = 'resolved') as resolved_at,
            max(event_at) filter (new_value = 'closed' and ticket_id <> 'T-long') as closed_at,
            'solved' as resolution_code, 'requester' as created_by_actor_type,
            case when closed_at is not null then 'system' end as closed_by_actor_type,
            'CI' as configuration_item,
            case when hash_of(ticket_id, 5) = 0 or ticket_id[2] = '-' then 'P1' end as problem_id,
            null::varchar as parent_ticket_id, null::varchar as duplicate_of, null::varchar as merged_into,
            null::varchar as follow_up_of, false as is_test, true as reported_first_contact_resolution,
            null::varchar as sla_policy_id
        from (select *, row(event_sequence, event_at, event_id) as place from ticket_events)
        group by ticket_id order by ticket_id
    """,
    "ticket_messages": """
        select
            'M' || substr(md5(ticket_id || n), 1, 8) as message_id, ticket_id,
            created_at + n * interval 50 minute as sent_at,
            'requester' as author_type, true as is_public, false as is_automatic, null::varchar as template_id
        from tickets, range(2) as t (n) order by message_id
    """,
    "calls": """
        select
            'L' || substr(md5(ticket_id), 1, 8) as leg_id, 'C' || substr(md5(ticket_id), 1, 8) as contact_id,
            created_at - interval 20 minute as started_at, created_at - interval 10 minute as ended_at,
            'inbound' as direction, '+999' || (1000000000000 + hash_of(ticket_id, 80)) as customer_id,
            'voice' as channel, 'A' || hash_of(ticket_id, 9) as agent_id, created_at - interval 9 minute as updated_at,
            1 as leg_number, 'desk' as queue, 'T1' as team_id, started_at as offered_at,
            started_at + interval 1 minute as answered_at, 500 as talk_seconds, 40 as hold_seconds, 60 as wrap_seconds,
            'customer' as disconnected_by, null::varchar as transfer_type, ticket_id, 'network' as category,
            null::varchar as subcategory, false as is_abandoned, 'solved' as disposition, true as reported_resolved
        from tickets order by leg_id
    """,
    "surveys": """
        select
            'S' || substr(md5(ticket_id), 1, 8) as survey_id, ticket_id, null::varchar as contact_id,
            resolved_at as eligible_at, resolved_at + interval 1 hour as sent_at, 'system' as sent_by,
            case when hash_of(ticket_id, 3) > 0 then sent_at + hash_of(ticket_id, 6) * interval 1 day end
                as answered_at,
            case when answered_at is not null then 4 end as csat, 5 as csat_scale_max,
            case when answered_at is not null then 2 end as effort,
            case when answered_at is not null then 'yes' end as resolved_answer, null::integer as lost_minutes,
            coalesce(answered_at, sent_at) as updated_at
        from tickets order by survey_id
    """,
    "identities": """
        select 'K' || n as customer_id, unnest(['phone', 'email']) as kind,
            unnest(['+999' || (1000000000000 + n), 'u' || n || '@example.com']) as value
        from range(90) as t (n) order by customer_id
    """,
    "agents": """
        select 'A' || n as agent_id, 'T1' as team_id, 'first' as tier, null::date as hired_on, null::date as left_on,
            null::timestamp as valid_from, null::timestamp as valid_to
        from range(9) as t (n)
    """,
    "costs": """
        select
            month::date as month, 'T1' as team_id, 100.5::decimal(18, 2) as amount, 'EUR' as currency, 'labour' as kind
        from range(timestamp '2024-01-01', timestamp '2024-05-01', interval 1 month) as t (month)
    """,
}  # fmt: skip
SHARES = dict.fromkeys(DEFECTS, 0.04)
SMALL = ("agents", "costs")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The raw folder of the small world; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("world") / "raw"
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute("create macro hash_of(id, n) as ('0x' || substr(md5(id), 1, 6))::integer % n")
        connection.execute("""
            create macro last_of(place, is_wanted, value, otherwise) as
            coalesce(arg_max(value, place) filter (is_wanted), otherwise)
        """)
        connection.execute("""
            create table handmade (
                id varchar, step integer, moment timestamp, field varchar, old varchar, new varchar, actor varchar
            )
        """)
        connection.executemany("insert into handmade values (?, ?, ?, ?, ?, ?, ?)", HANDMADE)
        for table, query in TABLES.items():
            connection.execute(f"create table {table} as {query}")
            connection.execute(f"copy {table} to '{folder / table}.parquet'")
    return folder


@pytest.fixture
def raw(world, tmp_path):
    return shutil.copytree(world, tmp_path / "raw")


@pytest.fixture
def busy(monkeypatch):
    """More rows late, copied and corrected than the defaults, which would hit nearly none of so few."""
    for name, share in (("LATE", 0.1), ("COPIED", 0.1), ("CORRECTED", 0.2)):
        monkeypatch.setattr(deliveries, name, share)


def change(path, query):
    """Rewrite a file by a query on `whole`, its rows."""
    with duckdb.connect() as connection:
        connection.execute(f"create table whole as from '{path}'")
        connection.execute(f"copy ({query}) to '{path}'")


def read(path):
    """Rows as mappings of texts, in the file's order."""
    with duckdb.connect() as connection:
        connection.execute(f"select columns(*)::varchar from '{path}'")
        names = [name for name, *_ in connection.description]
        return [dict(zip(names, row, strict=True)) for row in connection.fetchall()]


def content(row):
    return tuple(row.items())


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


def current(found, table):
    """Distinct rows, of each key the one with the greatest updated_at."""
    by_key = {}
    for row in sorted(found, key=lambda row: row.get("updated_at") or ""):
        by_key[tuple(row[column] for column in KEYS[table])] = content(row)
    return Counter(by_key.values())


def delivered(folders, table):
    return [
        (number, row)
        for number, folder in enumerate(folders, 1)
        if (folder / f"{table}.parquet").exists()
        for row in read(folder / f"{table}.parquet")
    ]


@pytest.mark.parametrize("lags", [{}, {"calls": 30, "ticket_events": 20}], ids=["no lag", "lags"])
def test_the_loads_together_are_the_world(world, tmp_path, busy, lags):
    folders = split(world, tmp_path / "out", 3, lags, 7)
    end = datetime.datetime.fromisoformat(ENDS[-1])
    for table in TABLES:
        whole = read(world / f"{table}.parquet")
        for feed, column in (("calls", "ended_at"), ("ticket_events", "event_at")):
            if table == feed and feed in lags:
                limit = str(end - datetime.timedelta(days=lags[feed]))
                assert any(row[column] >= limit for row in whole)
                whole = [row for row in whole if row[column] < limit]
        assert current([row for _, row in delivered(folders, table)], table) == Counter(map(content, whole)), table


def test_a_lagging_ticket_feed_ends_with_the_tickets_as_they_were_then(world, tmp_path):
    folders = split(world, tmp_path / "out", 3, {"tickets_opened": 29}, 7)
    found = [row for _, row in delivered(folders, "tickets")]
    assert max(row["updated_at"] for row in found) < "2024-03-16"
    last = max((row for row in found if row["ticket_id"] == "T-long"), key=lambda row: row["updated_at"])
    assert (last["status"], last["updated_at"], last["priority"]) == ("open", "2024-03-15 09:00:00", "3 normal")


def test_rows_come_late_twice_and_before_they_are_filled_in(world, tmp_path, busy):
    calls = delivered(split(world, tmp_path / "out", 3, {}, 7), "calls")
    loads = {}
    for number, row in calls:
        loads.setdefault(content(row), []).append(number)
    filled = {row["leg_id"]: loads[content(row)] for _, row in calls if row["disposition"]}
    on_time = {row["leg_id"]: 1 + sum(row["ended_at"] >= end for end in ENDS) for _, row in calls}
    unfilled = [row["leg_id"] for _, row in calls if row["disposition"] is None]
    assert 20 < len(unfilled) < 60
    assert all(loads[content(row)] == [on_time[row["leg_id"]]] for _, row in calls if row["disposition"] is None)
    assert all(filled[leg][0] > on_time[leg] for leg in unfilled)
    late = [leg for leg in filled if leg not in unfilled and filled[leg][0] > on_time[leg]]
    assert 10 < len(late) < 40
    twice = [numbers[1] - numbers[0] for numbers in filled.values() if len(numbers) == 2]
    assert Counter(twice).keys() == {0, 1}
    assert 15 < len(twice) < 50
    assert max(map(len, filled.values())) == 2


def test_a_ticket_is_what_was_known_at_the_end_of_each_load(world, tmp_path):
    found = {
        (row["ticket_id"], number): tuple(row[column] for column in COLUMNS)
        for number, row in delivered(split(world, tmp_path / "out", 3, {}, 7), "tickets")
        if row["ticket_id"].startswith("T-")
    }
    assert found == EXPECTED


def test_a_survey_comes_when_it_was_sent_and_when_it_was_answered(world, tmp_path):
    def load_of(instant):
        return 1 + sum(instant >= end for end in ENDS)

    wanted = []
    for survey in read(world / "surveys.parquet"):
        sent, last = load_of(survey["sent_at"]), load_of(survey["updated_at"])
        if sent < last:
            blank = dict.fromkeys(("answered_at", "csat", "effort", "resolved_answer", "lost_minutes"))
            wanted.append((sent, content(survey | blank | {"updated_at": survey["sent_at"]})))
        wanted.append((last, content(survey)))
    found = [(n, content(row)) for n, row in delivered(split(world, tmp_path / "out", 3, {}, 7), "surveys")]
    # by default next to none is late or copied
    assert len(wanted) > 305
    assert len(Counter(wanted) - Counter(found)) <= 5
    assert len(found) <= len(wanted) + 5


def test_nothing_is_known_before_it_happened(world, tmp_path, busy):
    """Every time, and every ticket against its history replayed up to the load."""
    folders = split(world, tmp_path / "out", 3, {}, 7)
    histories = {}
    for event in sorted(
        read(world / "ticket_events.parquet"), key=lambda event: (event["event_at"], event["event_id"])
    ):
        histories.setdefault(event["ticket_id"], []).append(event)
    for end, folder in zip(ENDS, folders, strict=True):
        for path in folder.glob("*.parquet"):
            times = [column for column in read(path)[0] if column.endswith("_at")]
            assert not [row for row in read(path) if any((row[column] or "") >= end for column in times)]
    begun = 0
    for number, row in delivered(folders, "tickets"):
        end = ENDS[number - 1]
        known = {"status": "new", "category": "network", "priority": "3 normal", "assignee": None, "team": None}
        past = [event for event in histories[row["ticket_id"]] if event["event_at"] < end]
        known |= {event["field"]: event["new_value"] for event in past}
        names = ("status", "category", "priority", "assignee_id", "team_id")
        assert [row[name] for name in names] == [known[name.removesuffix("_id")] for name in names]
        assert row["updated_at"] == past[-1]["event_at"]
        begun += len(past) < len(histories[row["ticket_id"]])
    assert begun > 60


def test_the_same_seed_gives_the_same_bytes(world, tmp_path, busy):
    for name, seed in (("first", 1), ("second", 1), ("other", 2)):
        raw = shutil.copytree(world, tmp_path / name / "raw")
        split(raw, tmp_path / name / "out", 3, {"surveys": 3}, seed)
        soil(raw, SHARES, seed, {"surveys": "Europe/Vienna"})
    first, second, other = (contents(tmp_path / name) for name in ("first", "second", "other"))
    assert first == second
    assert first.keys() == other.keys()
    alike = {Path(name).stem for name in first if first[name] == other[name]}
    assert alike <= {"agents", "costs", "identities"}


def test_what_cannot_be_is_refused(raw, tmp_path):
    with pytest.raises(InputError, match=r"no feed 'call'\. Did you mean 'calls'"):
        stop_feeds(raw, {"call": "2024-02-01"})
    with pytest.raises(InputError, match="no feed 'tickets'"):
        split(raw, tmp_path / "out", 3, {"tickets": 1}, 7)
    with pytest.raises(InputError, match="do not fit into a world of 105 days"):
        split(raw, tmp_path / "out", 106, {}, 7)
    with pytest.raises(InputError, match="no defect 'leg_copy'"):
        soil(raw, {"leg_copy": 0.1}, 7)
    with pytest.raises(InputError, match="no table with times 'costs'"):
        soil(raw, {}, 7, {"costs": "Europe/Vienna"})
    with pytest.raises(InputError, match=r"calls are to soil 1.100 of its rows"):
        soil(raw, {"leg_copied": 0.6, "leg_older": 0.5}, 7)
    (tmp_path / "old" / "batch_01").mkdir(parents=True)
    with pytest.raises(InputError, match="has batches already"):
        split(raw, tmp_path / "old", 3, {}, 7)
    change(raw / "tickets.parquet", "select * replace (created_at as updated_at) from whole")
    with pytest.raises(InputError, match="303 tickets have an event after their updated_at"):
        split(raw, tmp_path / "out", 3, {}, 7)


def test_a_feed_that_stops(world, raw):
    stop = "2024-02-20 00:00:00"
    stop_feeds(raw, {"messages": stop, "calls": stop, "ticket_events": stop, "surveys": stop})
    before = {table: read(world / f"{table}.parquet") for table in TABLES}
    after = {table: read(raw / f"{table}.parquet") for table in TABLES}
    for table, column in (("ticket_messages", "sent_at"), ("calls", "started_at"), ("ticket_events", "event_at")):
        assert after[table] == [row for row in before[table] if row[column] < stop]
        assert len(after[table]) < len(before[table])
    # the tickets go on without their history
    assert after["tickets"] == before["tickets"]
    assert [row["survey_id"] for row in after["surveys"]] == [
        row["survey_id"] for row in before["surveys"] if row["sent_at"] < stop
    ]
    by_id = {row["survey_id"]: row for row in before["surveys"]}
    unanswered = 0
    for row in after["surveys"]:
        whole = by_id[row["survey_id"]]
        if (whole["answered_at"] or "") >= stop:
            unanswered += 1
            blank = dict.fromkeys(("answered_at", "csat", "effort", "resolved_answer", "lost_minutes"))
            whole = whole | blank | {"updated_at": whole["sent_at"]}
        assert row == whole
    assert unanswered


def test_openings_that_stop_take_their_history_along(world, raw):
    stop = "2024-02-20 00:00:00"
    stop_feeds(raw, {"tickets_opened": stop, "messages": "2024-02-10"})
    kept = [row for row in read(world / "tickets.parquet") if row["created_at"] < stop]
    assert read(raw / "tickets.parquet") == kept
    ids = {row["ticket_id"] for row in kept}
    for table in ("ticket_events", "ticket_messages"):
        found = read(raw / f"{table}.parquet")
        known = [row for row in read(world / f"{table}.parquet") if row["ticket_id"] in ids]
        assert found == [row for row in known if row.get("sent_at", "") < "2024-02-10"]
    assert max(row["event_at"] for row in read(raw / "ticket_events.parquet")) > "2024-03"
    for table in ("calls", "surveys"):
        assert read(raw / f"{table}.parquet") == read(world / f"{table}.parquet")


def test_the_ledger_tells_of_every_soiled_row_and_of_no_other(world, raw):
    soil(raw, SHARES, 7)
    ledger = read(raw.parent / "truth" / "defects.parquet")
    # of the tables that are too small here, test_quarantine.py
    assert {entry["defect"] for entry in ledger} >= {
        "ticket_lost",
        *(name for name, it in DEFECTS.items() if it.table in TABLES and it.table not in SMALL),
    }
    for table in TABLES:
        whole = {"|".join(row[column] or "" for column in KEYS[table]): row for row in read(world / f"{table}.parquet")}
        entries = {int(entry["row_number"]): entry for entry in ledger if entry["raw_table"] == table}
        assert len(entries) == sum(entry["raw_table"] == table for entry in ledger)
        untouched = []
        for number, row in enumerate(read(raw / f"{table}.parquet"), 1):
            if number not in entries:
                untouched.append(row)
                continue
            entry = entries[number]
            was = whole[entry["key"]]
            defect = DEFECTS.get(entry["defect"])
            changes = defect.changes if defect else {}
            assert {column for column in row if row[column] != was[column]} <= set(changes)
            if changes:
                assert entry["column_name"] == next(iter(changes))
                assert entry["old_value"] == was[entry["column_name"]]
                assert row != was
            else:
                assert row == was
        added = {name for name, defect in DEFECTS.items() if defect.is_more}
        soiled = {entry["key"] for entry in entries.values() if entry["defect"] not in added}
        assert Counter(map(content, untouched)) == Counter(content(whole[key]) for key in whole.keys() - soiled)
        found = [tuple(row[column] for column in KEYS[table]) for row in read(raw / f"{table}.parquet")]
        assert found == sorted(found, key=lambda key: [(part is None, part or "") for part in key]), table


def test_a_history_to_the_minute_is_so_from_end_to_end(world, raw):
    soil(raw, {"event_copied": 0.5, "event_to_the_minute": 0.3}, 7)
    ledger = [entry for entry in read(raw.parent / "truth" / "defects.parquet") if entry["key"]]
    whole = {row["event_id"]: row for row in read(world / "ticket_events.parquet")}
    hit = {entry["key"] for entry in ledger if entry["defect"] == "event_to_the_minute"}
    tickets = {whole[key]["ticket_id"] for key in hit}
    assert 60 < len(tickets) < 120
    for row in read(raw / "ticket_events.parquet"):
        if row["ticket_id"] in tickets and row["field"] != "requester_email":
            assert row["event_sequence"] is None
            assert row["event_at"].endswith(":00") or row["new_value"] == "new"


def test_a_share_is_a_share_and_one_more_defect_leaves_the_others(world, tmp_path):
    """Each defect has its own stretch of one draw, in the order in which they are given."""
    entries = []
    for name, defects in (("one", {"leg_copied": 0.5}), ("two", {"leg_copied": 0.5, "leg_talk_negative": 0.5})):
        soil(shutil.copytree(world, tmp_path / name / "raw"), defects, 7)
        entries.append(read(tmp_path / name / "truth" / "defects.parquet"))
    one, two = entries
    assert 120 < len(one) < 180
    assert len(two) == 303
    assert {entry["key"] for entry in one} == {entry["key"] for entry in two if entry["defect"] == "leg_copied"}


def test_a_table_on_a_local_clock(raw):
    """Vienna is an hour ahead, from 31 March 2024, 01:00 UTC, two; it shows 02:30 on that day, which never was."""
    utc = ["2024-01-10 12:00:00", "2024-03-31 00:59:59", "2024-03-31 01:30:00", "2024-03-31 02:00:00",
           "2024-10-27 00:30:00", "2024-10-27 01:30:00"]  # fmt: skip
    listed = ", ".join(f"('M{n}', timestamp '{at}')" for n, at in enumerate(utc))
    change(
        raw / "ticket_messages.parquet",
        "select whole.* replace (clock.id as message_id, clock.sent as sent_at) "
        f"from (from whole limit 1) as whole, (values {listed}) as clock (id, sent) order by id",
    )
    soil(raw, {}, 7, {"ticket_messages": "Europe/Vienna"})
    assert [row["sent_at"] for row in read(raw / "ticket_messages.parquet")] == [
        "2024-01-10 13:00:00", "2024-03-31 01:59:59", "2024-03-31 02:30:00", "2024-03-31 04:00:00",
        "2024-10-27 02:30:00", "2024-10-27 02:30:00",
    ]  # fmt: skip
    (entry,) = read(raw.parent / "truth" / "defects.parquet")
    assert entry["old_value"] == "UTC; now Europe/Vienna, 2 times of an hour that came twice, 1 of one that never was"
    assert (entry["raw_table"], entry["row_number"], entry["expected_fate"]) == ("ticket_messages", None, "used")


def test_the_product_deals_with_the_dirt_as_the_ledger_says(world, raw, new_project):
    soil(raw, SHARES, 7)
    project = new_project("dirty")
    tables = [table for table in TABLES if table not in SMALL]
    load(project, "canonical", [f"{table}={raw / table}.parquet" for table in tables])
    build_facts(project, select=["+fct_row_fates"])
    ledger = read(raw.parent / "truth" / "defects.parquet")
    soiled_rows = {table: read(raw / f"{table}.parquet") for table in tables}
    taken = {entry["key"] for entry in ledger if entry["defect"] == "event_id_taken"}
    for table in tables:
        expected = {
            int(entry["row_number"]): (entry["expected_fate"], entry["expected_reason"])
            for entry in ledger
            if entry["raw_table"] == table
        }
        found = rows(project, f"select _row_number, fate, fate_reason from staging.base_canonical__{table}")
        soiled = soiled_rows[table]
        assert len(found) == len(soiled)
        wrong = []
        for number, *fate in found:
            row = soiled[number - 1]
            whole = ("excluded", "field_not_read") if row.get("field") == "requester_email" else ("used", None)
            if row.get("event_id") not in taken and tuple(fate) != expected.get(number, whole):
                wrong.append((number, fate, expected.get(number, whole)))
        assert wrong == [], table
        fates = Counter(fate for number, fate, _ in found if soiled[number - 1].get("event_id") in taken)
        assert fates == ({"used": len(taken), "superseded": len(taken)} if table == "ticket_events" else {})
    # in another spelling or case it is the same person
    for table, column in (("calls", "customer"), ("identities", "value"), ("tickets", "requester")):
        name = column if table == "identities" else f"{column}_id"
        spelled = {
            int(entry["row_number"]): entry["old_value"]
            for entry in ledger
            if entry["raw_table"] == table and entry["defect"].endswith("spelled") and entry["column_name"] == name
        }
        keys = {}
        for number, key in rows(project, f"select _row_number, {column}_key from staging.base_canonical__{table}"):
            keys.setdefault(spelled.get(number, soiled_rows[table][number - 1][name]), set()).add(key)
        assert spelled
        assert {len(found) for found in keys.values()} == {1}
