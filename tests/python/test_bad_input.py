"""What tools export when things go wrong, through the whole warehouse: it has a fate, and the rest is right.

The models are compiled once and run in memory on what `load` landed, so that a world costs seconds.
"""

import contextlib
import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ROOT
from counterweight.dev import raw_properties
from counterweight.dev.raw_worlds import read_contract
from counterweight.errors import InputError
from counterweight.load import load
from counterweight.project import Project

CONTRACT = read_contract(ROOT)


@pytest.fixture(scope="module")
def warehouse(new_project):
    return raw_properties.Warehouse(new_project("compiled"))


@pytest.fixture
def project(new_project):
    return new_project("bad")


@pytest.fixture
def built(warehouse, project, tmp_path):
    """A function that loads [(`system.table`, (file name, content))] one after the other and builds all models."""

    def build(files, with_marts=False):
        for target, (name, content) in files:
            path = tmp_path / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            load(project, None, [f"{target}={path}"])
        warehouse.take(project.warehouse)
        warehouse.build(with_marts)
        return warehouse

    return build


def text_of(rows, columns=None, delimiter=","):
    """Separated text of rows (mappings)."""
    columns = columns or list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def fates(warehouse, table, system="canonical"):
    return warehouse.rows(
        f"select fate, fate_reason from staging.base_{system}__{table} order by _loaded_at, _row_number"
    )


def test_a_folder_of_empty_tables(built):
    """All of it can be built and is empty; that nothing at all was delivered is a defect."""
    headers = {table: ",".join(contract["columns"]) for table, contract in CONTRACT.items()}
    files = [(f"canonical.{table}", (f"{table}.csv", header + "\n")) for table, header in headers.items()]
    warehouse = built(files, with_marts=True)
    assert raw_properties.failing_tests(warehouse) == {"assert_fates_add_up_to_rows_loaded": 1}
    assert warehouse.rows("select count(*) from facts.fct_claims") == [(0,)]
    raw_properties.check_verdicts(warehouse)


# column=value of one row of each table
ONE_ROW = {
    "tickets": "ticket_id=T created_at=2024-01-01T09:00 requester_id=ann@x.example category=net status=resolved "
    "channel=phone sla_policy_id=P account_id=A team_id=front",
    "ticket_events": "event_id=1 ticket_id=T event_at=2024-01-01T10:00 field=status new_value=resolved",
    "ticket_messages": "message_id=1 ticket_id=T sent_at=2024-01-03T10:00 author_type=requester",
    "calls": "leg_id=1 contact_id=1 started_at=2024-01-04T10:00 ended_at=2024-01-04T10:10 direction=inbound "
    "customer_id=ann@x.example channel=voice agent_id=a category=net answered_at=2024-01-04T10:01 talk_seconds=540",
    "identities": "customer_id=C kind=email value=ann@x.example",
    "surveys": "survey_id=1 ticket_id=T sent_at=2024-01-02T10:00 answered_at=2024-01-02T11:00 resolved_answer=no "
    "csat=1 csat_scale_max=5",
    "agents": "agent_id=a team_id=front tier=first",
    "accounts": "account_id=A segment=small users=10",
    "categories": "category=net is_request=false",
    "agent_states": "agent_id=a state=on_queue started_at=2024-01-04T08:00 ended_at=2024-01-04T16:00",
    "shifts": "agent_id=a shift_started_at=2024-01-04T08:00 shift_ended_at=2024-01-04T16:00 paid_minutes=480",
    "team_absences": "team_id=front month=2024-01-01 absence_rate=0.1 leavers=0 headcount=1",
    "targets": "metric=handle_time operator=<= target=300 used_for=target",
    "sla_policies": "policy_id=P metric=resolution target_minutes=60",
    "calendars": "calendar_id=W time_zone=UTC iso_weekday=1 opens_at=08:00 closes_at=17:00",
    "holidays": "calendar_id=W holiday_on=2024-01-06",
    "costs": "month=2024-01-01 team_id=front amount=100 currency=EUR kind=labour",
    "problems": "problem_id=B opened_at=2024-01-01T09:00 closed_at=2024-01-02T09:00",
    "qa_reviews": "review_id=1 contact_id=1 reviewed_at=2024-01-05T09:00 score=1 passed=true",
    "bot_sessions": "session_id=1 customer_id=ann@x.example started_at=2024-01-01T08:00 ended_at=2024-01-01T08:05 "
    "intent=net is_contained=true",
    "access_events": "account_id=A day=2024-01-01 users=10 lockouts=1",
    "business_claims": "claim_type=deal_closed claim_id=1 business_function=sales unit=north "
    "claimed_at=2024-01-01T12:00 amount=1000",
    "business_outcomes": "claim_type=deal_closed claim_id=1 outcome_at=2024-01-31T12:00 outcome=refunded",
    "business_measures": "business_function=sales unit=north period_start=2024-01-01 measure=pipeline numerator=1 "
    "denominator=2",
    "team_pulses": "team_id=front month=2024-01-01 respondents=1 mean_satisfaction=4",
}


def test_one_row_of_everything(built):
    rows = {table: dict(pair.split("=", 1) for pair in text.split()) for table, text in ONE_ROW.items()}
    assert rows.keys() == CONTRACT.keys()
    files = [(f"canonical.{table}", (f"{table}.csv", text_of([row]))) for table, row in rows.items()]
    warehouse = built(files, with_marts=True)
    assert raw_properties.failing_tests(warehouse) == {}
    assert {table: fates(warehouse, table) for table in CONTRACT} == {table: [("used", None)] for table in CONTRACT}
    # the customer calls again after three days, says no a day after, and the deal is undone on its thirtieth day
    found = warehouse.rows(
        "select claim_type, first_r2_at::varchar, first_r3_at::varchar, first_r5_at::varchar from facts.fct_claims "
        "order by 1"
    )
    assert found == [
        ("contact_handled", None, None, None),
        ("contained_by_bot", None, "2024-01-01 09:00:00", None),
        ("deal_closed", "2024-01-31 12:00:00", None, None),
        ("problem_closed", None, None, None),
        ("sla_met", None, "2024-01-04 10:00:00", "2024-01-02 11:00:00"),
        ("ticket_resolved", None, "2024-01-04 10:00:00", "2024-01-02 11:00:00"),
    ]


LONG = "x" * 1001
NEW = {"created_at": "2024-03-04 08:00", "requester_id": "bob", "channel": "email", "category": "net", "status": "new"}
CALL = {
    "answered_at": "2024-03-04 10:00",
    "started_at": "2024-03-04 10:00",
    "ended_at": "2024-03-04 10:10",
    "direction": "inbound",
    "channel": "voice",
}
# What a tool wrote, and what becomes of its row: None, used; else the fate's reason.
ODD_TICKETS = [
    ({"ticket_id": "clock", "created_at": "2024-03-04 08:00"}, None),
    ({"ticket_id": "🙂"}, None),
    ({"ticket_id": "שלום \u202e1"}, None),
    ({"ticket_id": "null\x00byte"}, None),
    ({"ticket_id": "\x1b[31mred\x07"}, None),
    ({"ticket_id": "line\nbreak"}, None),
    ({"ticket_id": LONG[:1000]}, None),
    ({"ticket_id": LONG}, "overlong_ticket_id"),
    ({"ticket_id": " \t\n"}, "missing_ticket_id"),
    ({"ticket_id": "1", "created_at": "0001-01-01 00:00:00"}, "implausible_time"),
    ({"ticket_id": "2", "created_at": "1989-12-31 23:59:59"}, "implausible_time"),
    ({"ticket_id": "3", "created_at": "9999-12-31 23:59:59"}, "event_after_load"),
    ({"ticket_id": "4", "created_at": "-1-01-01"}, "unreadable_created_at"),
    ({"ticket_id": "5", "created_at": "10000-01-01"}, "unreadable_created_at"),
    ({"ticket_id": "6", "created_at": "infinity"}, "unreadable_created_at"),
    ({"ticket_id": "7", "created_at": "2024-02-30 10:00:00"}, "unreadable_created_at"),
    ({"ticket_id": "8", "created_at": "1e400"}, "unreadable_created_at"),
    ({"ticket_id": "9", "created_at": ""}, "missing_created_at"),
    # a version from before Christ is no version before the others
    ({"ticket_id": "10", "updated_at": "0001-01-01 00:00:00"}, None),
    ({"ticket_id": "11", "resolved_at": "2024-03-03 08:00"}, None),
    ({"ticket_id": "12", "is_test": "perhaps"}, "unreadable_is_test"),
    ({"ticket_id": "13", "category": LONG}, "overlong_category"),
    ({"ticket_id": "14", "requester_id": LONG}, None),
    ({"ticket_id": "15", "created_at": "1990-01-01 00:00:00"}, None),
]
ODD_CALLS = [
    ({"talk_seconds": "-0"}, None),
    ({"talk_seconds": "1000000000", "hold_seconds": "1000000000", "wrap_seconds": "1000000000"}, None),
    ({"talk_seconds": "1000000001"}, "implausible_talk_seconds"),
    ({"talk_seconds": "9223372036854775807"}, "implausible_talk_seconds"),
    ({"talk_seconds": "-9223372036854775808"}, "implausible_talk_seconds"),
    ({"talk_seconds": "9223372036854775808"}, "unreadable_talk_seconds"),
    ({"talk_seconds": "1e400"}, "unreadable_talk_seconds"),
    ({"talk_seconds": "NaN"}, "unreadable_talk_seconds"),
    ({"talk_seconds": "-Infinity"}, "unreadable_talk_seconds"),
    ({"talk_seconds": "9" * 5000}, "unreadable_talk_seconds"),
    ({"leg_number": "9223372036854775807"}, None),
    ({"ended_at": "2024-03-04 09:59:59"}, "end_before_start"),
    ({"answered_at": "2024-03-04 09:00"}, None),
    ({"offered_at": "0001-01-01 00:00:00"}, None),
]


def test_values_that_nobody_wrote_in_earnest(built):
    """Each has the fate that a person would give it, and none stops the build or a data test."""
    tickets = [NEW | odd for odd, _ in ODD_TICKETS]
    calls = [
        CALL | {"leg_id": str(n), "contact_id": str(n), "customer_id": "bob", "agent_id": "a"} | odd
        for n, (odd, _) in enumerate(ODD_CALLS)
    ]
    claims = [
        {
            "claim_type": "deal_closed",
            "claim_id": str(n),
            "business_function": "sales",
            "claimed_at": "2024-03-04",
            "amount": amount,
        }
        for n, amount in enumerate(
            ("1" + "0" * 15, "-1" + "0" * 15, "1" + "0" * 15 + "1", "9" * 28, "9" * 40, "1e5", "NaN")
        )
    ]
    warehouse = built(
        [
            ("canonical.tickets", ("tickets.csv", text_of(tickets))),
            ("canonical.calls", ("calls.json", "\n".join(map(json.dumps, calls)))),
            ("canonical.business_claims", ("business_claims.csv", text_of(claims))),
        ],
        with_marts=True,
    )
    expected = [("quarantined", reason) if reason else ("used", None) for _, reason in ODD_TICKETS]
    assert fates(warehouse, "tickets") == expected
    expected = [("quarantined", reason) if reason else ("used", None) for _, reason in ODD_CALLS]
    assert fates(warehouse, "calls") == expected
    reasons = [None, None, "implausible_amount", "implausible_amount", *["unreadable_amount"] * 3]
    assert [reason for _, reason in fates(warehouse, "business_claims")] == reasons
    assert raw_properties.failing_tests(warehouse) == {}
    raw_properties.check_verdicts(warehouse)
    handled = warehouse.rows("select sum(contact_handle_seconds) from facts.fct_interactions where kind = 'contact'")
    assert handled == [(3_000_000_000,)]


LOG_HEADER = "number,incident_state,sys_mod_count,caller_id,opened_at,sys_updated_at,contact_type,category,assigned_to"
ACTIVITIES = (
    "Incident ID;DateStamp;IncidentActivity_Number;IncidentActivity_Type;Assignment Group;KM number;Interaction ID"
)


def test_keys_that_collide_across_systems(built):
    """Ticket 1, customer ann and agent kim are in several systems, and are as many."""
    tickets = [
        NEW | {"ticket_id": "1", "requester_id": "ann", "assignee_id": "kim"},
        # in its own system the first ticket is another's
        NEW | {"ticket_id": "2", "requester_id": "eve", "follow_up_of": "1", "created_at": "2024-03-07 08:00"},
    ]
    events = [
        {"event_id": "1", "ticket_id": "1", "event_at": "2024-03-04 09:00", "field": "status", "new_value": "resolved"}
    ]
    calls = [
        CALL | {"leg_id": "1", "contact_id": "1", "customer_id": "ann", "agent_id": "kim", "category": "net"}
        | {"started_at": "2024-03-09 10:00", "ended_at": "2024-03-09 10:05"},
    ]  # fmt: skip
    log = [
        "1,New,0,ann,4/3/2024 08:00,4/3/2024 08:00,Phone,net,kim",
        "1,Resolved,1,ann,4/3/2024 08:00,4/3/2024 09:00,Phone,net,kim",
        "3,New,0,ann,5/3/2024 08:00,5/3/2024 08:00,Phone,net,kim",
    ]
    bank = (
        "vru+line,call_id,customer_id,priority,type,date,vru_entry,vru_exit,vru_time,q_start,q_exit,q_time,outcome,"
        "ser_start,ser_exit,ser_time,server"
    )
    bank_row = "1,1,ann,0,net,240304,10:00:00,10:00:05,5,00:00:00,00:00:00,0,AGENT,10:00:05,10:03:00,175,kim"
    warehouse = built(
        [
            ("canonical.tickets", ("tickets.csv", text_of(tickets))),
            ("canonical.ticket_events", ("events.csv", text_of(events))),
            ("canonical.calls", ("calls.csv", text_of(calls))),
            ("servicenow.incident_event_log", ("log.csv", "\n".join([LOG_HEADER, *log]))),
            ("bank_call_log.calls", ("bank.csv", f"{bank}\n{bank_row}\n")),
        ]
    )
    assert raw_properties.failing_tests(warehouse) == {}
    found = warehouse.rows(
        "select source_system, claim_type, ticket_key, contact_key, first_r2_at::varchar, first_r3_at::varchar "
        "from facts.fct_claims order by all"
    )
    assert found == [
        ("bank_call_log", "contact_handled", None, "bank_call_log:1/1", None, None),
        ("canonical", "contact_handled", None, "canonical:1", None, None),
        # followed up, and rung about, in its own system; the log's ticket 3 and the bank's call are of other people
        ("canonical", "ticket_resolved", "canonical:1", None, "2024-03-07 08:00:00", "2024-03-09 10:00:00"),
        ("servicenow", "ticket_resolved", "servicenow:1", None, None, "2024-03-05 08:00:00"),
    ]
    # ann is three, eve is one; kim is three; each system is a desk of its own
    people = "select count(distinct customer_key) from facts.fct_interactions"
    assert warehouse.rows(people) == [(4,)]
    agents = """
        select count(distinct agent_key) from (
            select agent_key from facts.fct_contact_legs union all select assignee_key from intermediate.int_tickets
        ) as named
    """
    assert warehouse.rows(agents) == [(3,)]
    assert warehouse.rows("select count(distinct desk) from intermediate.int_desks") == [(3,)]


def test_clocks_that_run_backwards(built):
    """The sequence decides where it is given, else time; nothing ends before it began, and no version goes back."""
    tickets = [
        NEW | {"ticket_id": "back", "updated_at": "2024-03-05 08:00", "status": "resolved"},
        # the later delivery is the older version
        NEW | {"ticket_id": "older", "updated_at": "2024-03-06 08:00", "category": "pc"},
        NEW | {"ticket_id": "older", "updated_at": "2024-03-05 08:00", "category": "net"},
        NEW | {"ticket_id": "early", "resolved_at": "2024-03-01 08:00", "closed_at": "2024-03-01 09:00"},
        NEW | {"ticket_id": "plain"},
    ]
    steps = [
        ("1", "back", "2024-03-04 09:00", "new", "1"),
        ("2", "back", "2024-03-04 12:00", "resolved", "2"),
        # reopened an hour before it was resolved, says the clock
        ("3", "back", "2024-03-04 11:00", "open", "3"),
        ("4", "back", "2024-03-04 10:00", "resolved", "4"),
        # without a sequence time decides: resolved, open, whatever the order of the rows
        ("5", "plain", "2024-03-04 12:00", "open", ""),
        ("6", "plain", "2024-03-04 11:00", "resolved", ""),
        ("7", "early", "2024-03-04 07:59:59", "resolved", ""),
    ]
    names = ("event_id", "ticket_id", "event_at", "new_value", "event_sequence")
    events = [{"field": "status", "actor_type": "requester"} | dict(zip(names, step, strict=True)) for step in steps]
    log = [
        # Vienna sets its clocks back at 3:00 on 27 October: 2:30 comes twice, and the number says which is which
        "1,New,0,ann,27/10/2024 02:10,27/10/2024 02:10,Phone,net,kim",
        "1,Resolved,1,ann,27/10/2024 02:10,27/10/2024 02:50,Phone,net,kim",
        "1,Active,2,ann,27/10/2024 02:10,27/10/2024 02:20,Phone,net,kim",
    ]
    warehouse = built(
        [
            ("canonical.tickets", ("tickets.csv", text_of(tickets))),
            ("canonical.ticket_events", ("events.csv", text_of(events))),
            ("servicenow.incident_event_log", ("log.csv", "\n".join([LOG_HEADER, *log]))),
        ]
    )
    assert raw_properties.failing_tests(warehouse) == {}
    assert [fate for fate, _ in fates(warehouse, "tickets")] == ["used", "used", "superseded", "used", "used"]
    assert fates(warehouse, "ticket_events")[-1] == ("quarantined", "event_before_creation")
    found = warehouse.rows(
        "select ticket_key, claimed_at::varchar, first_r1_at::varchar from facts.fct_claims order by all"
    )
    assert found == [
        ("canonical:back", "2024-03-04 10:00:00", None),
        ("canonical:back", "2024-03-04 12:00:00", "2024-03-04 12:00:00"),
        ("canonical:plain", "2024-03-04 11:00:00", "2024-03-04 12:00:00"),
        ("servicenow:1", "2024-10-27 02:50:00", "2024-10-27 02:50:00"),
    ]
    spans = "select count(*) from facts.fct_ticket_intervals where ended_at < started_at"
    assert warehouse.rows(spans) == [(0,)]


def test_a_second_delivery_in_another_shape(built, project, tmp_path, capsys):
    """Columns reordered, renamed, retyped, gone and new, capitals, semicolons, UTF-16, JSON, another date: the load
    says so, and what can be read is right."""
    first = [
        NEW | {"ticket_id": str(n), "team_id": "front", "priority": "1", "resolution_code": "solved"} for n in (1, 2)
    ]
    second = [
        {"STATUS": "resolved", "Category": "net", "CHANNEL": "email", "Requester_ID": "bob", "u_vip": "yes",
         "Created_At": "2024-03-04 08:00", "TICKET_ID": str(n), "team": "back", "Priority": "high"} for n in (2, 3)
    ]  # fmt: skip
    events = [
        {"event_id": str(n), "ticket_id": str(n), "event_at": at, "field": "status", "new_value": "resolved"}
        for n, at in ((1, "2024-03-04 09:00"), (2, "2024-03-04 09:00"), (3, "06.03.2024 09:00"))
    ]
    files = [
        ("canonical.tickets", ("t1.csv", text_of(first))),
        ("canonical.ticket_events", ("e1.csv", text_of(events[:2]))),
        ("canonical.tickets", ("t2.csv", text_of(second, delimiter=";").encode("utf-16"))),
        # JSON after text, its times in another form
        ("canonical.ticket_events", ("e2.json", json.dumps(events[2:]))),
        # a table that was not there before
        ("canonical.problems", ("p.csv", "problem_id,opened_at,closed_at\nB,2024-03-04,2024-03-05\n")),
    ]
    warehouse = built(files)
    printed = capsys.readouterr().out
    assert (
        "       since the last load (t1.csv):\n"
        "         new columns: u_vip\n"
        "         columns no longer there: resolution_code\n"
        "         probably renamed: team_id is now team\n"
        "         priority: was whole numbers, is text\n"
    ) in printed
    assert "t2.csv: reading" in printed
    assert "UTF-16, separated by semicolons" in printed
    assert "in the file, kept in raw and read by nothing: u_vip, team" in printed
    assert "team_id: Did you mean 'team'? The rows are in without it. Rename the column" in printed
    assert "event_at: was times like 2024-03-01 10:00, is times like 1.3.2024 10:00" in printed
    assert fates(warehouse, "tickets") == [("used", None), ("superseded", None), ("used", None), ("used", None)]
    assert fates(warehouse, "ticket_events")[-1] == ("quarantined", "unreadable_event_at")
    # the unreadable delivery is more than a twentieth of its load: the audit says so; our own tables are whole
    assert raw_properties.failing_tests(warehouse) == {}
    raw_properties.check_verdicts(warehouse)
    found = warehouse.rows(
        "select ticket_id, status, priority, team_id, category from intermediate.int_tickets order by 1"
    )
    assert found == [
        ("1", "new", "1", "front", "net"),
        ("2", "resolved", "high", None, "net"),
        ("3", "resolved", "high", None, "net"),
    ]
    path = tmp_path / "t3.csv"
    path.write_text(text_of(first).replace("requester_id", "requester"))
    with pytest.raises(InputError, match="'requester_id' is missing") as caught:
        load(project, None, [f"canonical.tickets={path}"])
    assert "Nothing was loaded." in caught.value.message


# What must be noticed where it is broken: model, what stands there, what stands there instead.
MUTANTS = (
    ("fct_claim_verdicts", "<= windows.window_days * 86400", "< windows.window_days * 86400"),
    ("fct_claim_verdicts", ">= windows.window_days * 86400", "> windows.window_days * 86400"),
    ("fct_claim_verdicts", "when is_mature and unobservable_reason is not null then 'unobservable'", ""),
    ("fct_claim_verdicts", "when is_mature then 'held'", "when true then 'held'"),
    ("fct_claim_verdicts", "least(min(coverage.observed_until), min(coverage.as_of))", "min(coverage.observed_until)"),
    ("fct_claim_verdicts", "and (feeds.tier = 'R3' or", "and feeds.tier <> 'R4' and (feeds.tier = 'R3' or"),
    ("fct_claim_verdicts", "sets.tier_set in ('return', 'strict')", "sets.tier_set in ('strict')"),
)  # fmt: skip


def test_properties_hold_for_rows_that_nobody_would_think_of(warehouse):
    """And each broken rule is noticed in one of the same worlds."""
    verdicts = warehouse.model("fct_claim_verdicts")
    broken = {mutant: verdicts.sql.replace(*mutant[1:]) for mutant in MUTANTS}
    assert [mutant for mutant, sql in broken.items() if sql == verdicts.sql] == []
    noticed = set()

    def break_it():
        for mutant in set(broken) - noticed:
            warehouse.make(verdicts, broken[mutant])
            try:
                raw_properties.check_verdicts(warehouse)
            except raw_properties.Failure:
                noticed.add(mutant)
        warehouse.make(verdicts)

    counts, failure = raw_properties.run(warehouse, 6, is_thorough=False, then=break_it)
    assert failure == ""
    assert [mutant for mutant in broken if mutant not in noticed] == []
    assert counts["examples"] == 6
    assert raw_properties.unseen(counts) == []
    assert raw_properties.run(warehouse, 1)[1] == ""


HEADER = b"ticket_id,created_at,requester_id,channel,category,status"
LINE = b"1,2024-03-04 08:00,bob,email,net,new"
OBJECT = json.dumps(NEW | {"ticket_id": "1"}).encode()
PIECES = (
    LINE, OBJECT, HEADER, b"\n", b"\n", b"\r\n", b"\r", b",", b",,,,,", b";", b"\t", b'"', b'""', b'"a"',
    b"\\", b"\x00", b"\xff", b"\xc3", b"\x81", b"\xef\xbb\xbf", "\U0001f642".encode(), b"{", b"}", b"[", b"]", b"[1]",
    b"{}", b"null",
    b'{"u": 1e400}', b'{"u": "\\ud800"}', b'{"u": "\\u0000"}', b'{"u": NaN}', b'{"u": {"v": [1]}}', b"PAR1",
    b"\x1f\x8b", b"#", b" ", b"x" * 70000,
)  # fmt: skip
FILES = st.builds(
    lambda start, pieces: start + b"".join(pieces),
    st.sampled_from((HEADER + b"\n", HEADER + b"\n" + LINE + b"\n", OBJECT + b"\n", b"[" + OBJECT, b"")),
    st.lists(st.sampled_from(PIECES), max_size=12),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=FILES)
def test_a_file_of_anything_loads_whole_or_not_at_all(tmp_path, content):
    """Rows and rejected lines are numbered and counted, or nothing is there and a sentence says why."""
    project = Project(ROOT, tmp_path / "counterweight.duckdb", tmp_path / "published")
    project.warehouse.unlink(missing_ok=True)
    path = tmp_path / "export"
    path.write_bytes(content)
    try:
        load(project, "canonical", [f"tickets={path}"])
    except InputError as error:
        assert "Nothing was loaded." in error.message
        assert not content.startswith(HEADER) or "bob" not in error.message
        with contextlib.closing(project.connect()) as connection:
            assert connection.execute("select count(*) from duckdb_tables() where schema_name = 'raw'").fetchone() == (
                0,
            )
        return
    with contextlib.closing(project.connect()) as connection:
        numbers = connection.execute("select _row_number from raw.canonical__tickets order by 1").fetchall()
        lines = connection.execute("select line_number from raw._rejects order by 1").fetchall()
        told = connection.execute("select row_count from raw._loads").fetchall()
    assert numbers == [(n,) for n in range(1, len(numbers) + 1)]
    assert told == [(len(numbers),)]
    assert len(set(lines)) == len(lines)
    if content.startswith(HEADER) and b'"' not in content:
        delivered = [line for line in content.split(b"\n")[1:] if line.strip(b"\r")]
        assert len(delivered) == len(numbers) + len(lines)
