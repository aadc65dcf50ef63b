"""Raw rows of the contract as hypothesis makes them: whole, broken and delivered again, all of them close together.

Identifiers come from small pools and times lie an edge from each other, or nothing would ever meet: no ticket its
events, no claim what contradicts it.
"""

import ast
import dataclasses
import datetime
import random
import re

from hypothesis import strategies as st

START = datetime.datetime(2024, 3, 4, 8)
DAYS = (0, 0, 1, 6, 7, 8, 14, 30, 31, 45, 60, 90, 365)
SECONDS = (0, 0, 0, 1, -1, 300, 301, 600, 601, 900, 901, 86399)
# When the files arrive. The later delivery has what the first had not, or has it otherwise.
DELIVERIES = (datetime.datetime(2026, 1, 1), datetime.datetime(2026, 1, 2))
# A claim of the desk, and until when every feed was declared to be observed: a week after it, to the second, or for
# long. None: nobody says.
A_CLAIM = START + datetime.timedelta(days=30)
ENDS = (None, A_CLAIM + datetime.timedelta(days=7), datetime.datetime(2026, 1, 1))
FEEDS = ("tickets_opened", "ticket_events", "messages", "calls", "surveys", "bot_sessions", "business_outcomes")
LONG = 1001

CUSTOMERS = ("ann@x.example", "bob", "+43 1 234 5678", " Ann@X.example", "004312345678", "C1", "T1")
AGENTS = ("agent 1", "agent 2", "agent 3")
# Words by column; what is not named is a number of a small pool with the column's name before it.
WORDS = {
    "requester_id": CUSTOMERS,
    "requested_for_id": CUSTOMERS,
    "customer_id": CUSTOMERS,
    "subject_id": CUSTOMERS,
    "value": CUSTOMERS,
    "agent_id": AGENTS,
    "assignee_id": AGENTS,
    "actor_id": (*AGENTS, *CUSTOMERS[:2], "machine"),
    "ticket_id": ("T1", "T2", "T3", "T1 ", "t1", "K1"),
    "contact_id": ("K1", "K2", "K3", "K1 ", "T1"),
    "category": ("net", "net", "pc", "Net", "order"),
    "category_at_open": ("net", "pc"),
    "subcategory": ("vpn", "lan"),
    "intent": ("net", "pc"),
    "team_id": ("front", "back"),
    "account_id": ("A1", "A2"),
    "sla_policy_id": ("P1", "P2"),
    "policy_id": ("P1", "P2"),
    "calendar_id": ("W1", "W2"),
    "channel": ("phone", "chat", "voice", "email", "Portal "),
    "status": ("new", "open", "resolved", "closed", "pending", "odd word"),
    "ticket_type": ("incident", "request", "problem", "Incident"),
    "resolution_code": ("solved", "spam", "duplicate", " Spam"),
    "created_by_actor_type": ("agent", "requester", "system", "automation"),
    "closed_by_actor_type": ("agent", "system"),
    "field": ("status",) * 8
    + ("category", "team", "assignee", "priority", "sla_policy", "subcategory", "note", "Status "),
    "new_value": (
        "resolved",
        "resolved",
        "open",
        "closed",
        "solved",
        "pending",
        "cancelled",
        "net",
        "front",
        "odd word",
    ),
    "old_value": ("new", "resolved", "open", "closed"),
    "actor_type": ("agent", "requester", "system", "automation", "Agent"),
    "author_type": ("requester", "agent", "system"),
    "direction": ("inbound", "inbound", "inbound", "outbound", "incoming", "sideways"),
    "disconnected_by": ("agent", "customer", "system"),
    "transfer_type": ("cold", "warm", "consult"),
    "kind": ("phone", "email", "user", "price:net", "labour"),
    "sent_by": ("agent", "system", "ann@x.example"),
    "resolved_answer": ("no", "yes", "No"),
    "state": ("on_queue", "available", "break", "on_call", "after_call", "odd word"),
    "metric": ("resolution", "first_reply", "handle_time", "odd word"),
    "operator": ("<=", ">="),
    "used_for": ("target", "pay", "diagnostic"),
    "pausing_statuses": ("pending", "pending; on_hold", ","),
    "time_zone": ("UTC", "Europe/Vienna", "Australia/Lord_Howe", "Mars/Olympus"),
    "iso_weekday": ("1", "2", "3", "4", "5", "6", "7", "8"),
    "opens_at": ("08:00", "8:00", "22:00", "00:00"),
    "closes_at": ("17:00", "24:00", "06:00", "08:00"),
    "currency": ("EUR", "USD"),
    "claim_type": ("deal_closed", "unit_shipped", "odd word"),
    "claim_id": ("1", "2", "3"),
    "outcome": ("refunded", "returned", "contracted", "odd word"),
    "business_function": ("sales", "quality", "service"),
    "measure": ("pipeline", "spend", "downtime_minutes"),
}
POOLS = {"event_id": 40, "leg_id": 20, "message_id": 20, "survey_id": 9}
NUMBERS = ("1", "0", "60", "300", "5", "4", "-1", "90")
DECIMALS = ("1", "0", "5", "2.5", "100.00", "0.3333333333", "-7")
TRUTHS = ("true", "false", "1", "No")
# What real exports have, sooner or later, where something else belongs. It may stand in any column.
ODD = (
    None, "", " ", "NULL", "?", "-0", "1e400", "NaN", "Infinity", "-1", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "9" * 28, "9999999999999999999999999999.9999999999", "0.00000000001", "1,5", "0x10",
    "\uff11", "2024-02-30 10:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "-1-01-01", "10000-01-01",
    "1970-01-01", "1989-12-31 23:59:59", "0000-00-00 00:00:00", "2024-03-10T02:30:00+26:00", "31/3/2024 10:00",
    "2024-03-05 25:00", "\x00", "a\x00b", "\x1b[31m", "\u202egnp", "🙂", "İ", "ß", "a\u0301", "\ufeff", "\u2028",
    "a\nb", "\t", "\xa0x\xa0", "'; drop table raw.canonical__tickets; --", "{{ 1 / 0 }}", "<script>alert(1)</script>",
    "%s {0} $1", "\\", '"', "x" * LONG, "*", "(none)", "all", "canonical:T1", "|",
)  # fmt: skip
# Columns that a row of these tables seldom lacks, so that rows mean something; all others come now and then.
USUAL = {
    "tickets": "ticket_id created_at requester_id channel category status updated_at",
    "ticket_events": "event_id ticket_id event_at field new_value actor_type",
    "ticket_messages": "message_id ticket_id sent_at author_type is_public",
    "calls": "leg_id contact_id started_at ended_at direction customer_id channel agent_id category answered_at "
    "talk_seconds",
    "surveys": "survey_id ticket_id sent_at answered_at resolved_answer csat csat_scale_max",
    "bot_sessions": "session_id customer_id started_at ended_at intent is_contained",
    "problems": "problem_id opened_at closed_at",
    "business_claims": "claim_type claim_id business_function claimed_at amount",
    "business_outcomes": "claim_type claim_id outcome_at outcome",
    "sla_policies": "policy_id metric target_minutes",
    "calendars": "calendar_id time_zone iso_weekday opens_at closes_at",
    "costs": "month team_id amount currency kind",
    "agent_states": "agent_id state started_at ended_at",
    "shifts": "agent_id shift_started_at shift_ended_at paid_minutes",
    "business_measures": "business_function unit period_start measure numerator denominator",
    "team_pulses": "team_id month respondents mean_satisfaction",
    "team_absences": "team_id month absence_rate leavers headcount",
    "access_events": "account_id day users lockouts self_service_resets",
    "qa_reviews": "review_id contact_id reviewed_at score passed",
}
# How often a table comes where one comes of the others.
WEIGHTS = {"tickets": 8, "ticket_events": 14, "calls": 8, "ticket_messages": 3, "surveys": 3, "business_outcomes": 2}


@dataclasses.dataclass(frozen=True)
class Row:
    """A row as it was delivered: `values` are text or None, by column; a column that is missing was not delivered."""

    table: str
    delivery: int
    values: dict

    def __repr__(self):
        values = {column: value if value is None else _short(value) for column, value in self.values.items()}
        return f"Row({self.table!r}, {self.delivery}, {values!r})"


def _short(value):
    return value if len(value) <= 60 else f"{value[:10]}... {len(value)} characters"


@dataclasses.dataclass(frozen=True)
class World:
    """Rows in the order of their delivery, and until when all feeds were declared to be observed (None: not at all)."""

    rows: tuple
    observed_until: datetime.datetime | None = None


def read_contract(root):
    """The raw contract, {table: {key, required, time, version, columns: {column: kind}}}, from its macro."""
    text = (root / "macros" / "canonical_contract.sql").read_text(encoding="utf-8")
    body = re.search(r"macro canonical_contract\(\) -%}\s*{{ return\((.*?)\) }}\s*{%- endmacro", text, re.DOTALL)
    return ast.literal_eval(body.group(1))


def worlds(contract):
    """A strategy of worlds: rows of all tables of the contract, on top of a desk whose rows make sense.

    The desk is there for claims and what contradicts them to be many: strange rows alone seldom tell a story.
    """
    tables = [table for table in contract for _ in range(WEIGHTS.get(table, 1))]
    rows = st.sampled_from(tables).flatmap(lambda table: _row(table, contract[table]["columns"]))
    few, many = st.lists(rows, max_size=6), st.lists(rows, min_size=12, max_size=40)
    return st.builds(
        _world,
        st.one_of(many, few),
        st.lists(_again(), max_size=5),
        st.sampled_from(ENDS),
        st.sampled_from((0, 30, 60)),
        st.integers(0, 2**32),
    )


def _row(table, columns):
    usual = USUAL.get(table, " ".join(columns)).split()
    rest = [column for column in columns if column not in usual]
    extra = st.lists(st.sampled_from(rest), max_size=3, unique=True) if rest else st.just([])
    odd = st.tuples(st.integers(0, 6), st.sampled_from(list(columns)), st.sampled_from(ODD))

    def build(names):
        return st.fixed_dictionaries({name: _value(name, columns[name]) for name in names})

    def row(values, more, change, delivery):
        values = values | more
        place, column, value = change
        return Row(table, delivery, values | {column: value} if place == 6 else values)

    return st.builds(row, build(usual), extra.flatmap(build), odd, st.sampled_from((0, 0, 0, 1)))


def _value(column, kind):
    if column in WORDS:
        return st.sampled_from(WORDS[column])
    if kind in ("time", "plan"):
        return st.builds(_moment, st.sampled_from(DAYS), st.sampled_from(SECONDS), st.sampled_from("   TZ+.d"))
    if kind == "date":
        return st.sampled_from(("2024-03-01", "2024-04-01", "2024-03-05", "2023-12-31 00:00:00"))
    if kind == "integer":
        return st.sampled_from(NUMBERS)
    if kind == "decimal":
        return st.sampled_from(DECIMALS)
    if kind == "boolean":
        return st.sampled_from(TRUTHS)
    if column.endswith(("_of", "_into")) or column == "parent_ticket_id":
        return st.sampled_from(WORDS["ticket_id"])
    stem = column.removesuffix("_id")
    return st.integers(1, POOLS.get(column, 3)).map(lambda number: f"{stem} {number}")


def _moment(days, seconds, form):
    """An instant, written in one of the ways of ISO 8601."""
    at = START + datetime.timedelta(days=days, seconds=seconds)
    return {
        " ": at.isoformat(" "),
        "T": at.isoformat("T"),
        "Z": at.isoformat("T") + "Z",
        "+": (at + datetime.timedelta(hours=2)).isoformat(" ") + "+02:00",
        ".": at.isoformat(" ") + ".5",
        "d": at.date().isoformat(),
    }[form]


def _again():
    """(which row, which of its columns with which value, in which delivery): delivered once more, perhaps changed."""
    change = st.one_of(st.none(), st.tuples(st.integers(0, 9), st.sampled_from(WORDS["status"] + ODD)))
    return st.tuples(st.integers(0, 299), change, st.sampled_from((0, 1, 1)))


def _desk(number, stories):
    """Rows that belong together: tickets that are resolved, and what comes after, an edge of a rule away."""
    chance = random.Random(number)
    keys = {"tickets": "ticket_id", "ticket_events": "event_id", "calls": "leg_id", "ticket_messages": "message_id"}
    rows = []

    def add(table, **values):
        values = {keys.get(table, "survey_id"): f"desk {len(rows)}", **values}
        rows.append(Row(table, 0, {column: _text(value) for column, value in values.items()}))
        return f"desk {len(rows) - 1}"

    def ticket(at, customer, **more):
        made = {"created_at": at, "updated_at": at, "requester_id": customer, "channel": "email", "status": "new"}
        made |= {
            "category": chance.choice(("net", "pc", None)),
            "ticket_type": chance.choice(("incident", None, "request")),
        }
        return add("tickets", **made | more, team_id=chance.choice(WORDS["team_id"]))

    def change(at, of, value, actor):
        add("ticket_events", ticket_id=of, event_at=at, field="status", new_value=value, actor_type=actor)

    for story in range(stories):
        customer = chance.choice((*CUSTOMERS, f"customer {len(rows)}", f"customer {len(rows)}", None))
        category = chance.choice(("net", "pc"))
        at = START + datetime.timedelta(days=chance.randrange(60 if story else 30), seconds=chance.randrange(86400))
        flag = chance.choice(("true", None))
        named = ticket(at, customer, category=category, reported_first_contact_resolution=flag)
        at += datetime.timedelta(seconds=chance.choice((60, 3600, 90000)))
        at = at if story else A_CLAIM
        change(at, named, "resolved", chance.choice(("agent", "system")))
        if not chance.randrange(8):
            # of a field that is not read; and another version of the ticket
            add("ticket_events", ticket_id=named, event_at=at, field="note", new_value="note")
            made = next(row for row in rows if row.values.get("ticket_id") == named)
            rows.append(Row("tickets", 1, made.values | {"updated_at": _text(at), "status": "resolved"}))
        later = datetime.timedelta(days=chance.choice((0, 1, 7, 7, 14, 30)), seconds=chance.choice(SECONDS))
        after = max(at + later, at)
        sequel = chance.randrange(9)
        if sequel == 0:
            change(after, named, "open", chance.choice(("requester", "agent", "system")))
        elif sequel == 1:
            ticket(after, None, follow_up_of=named)
        elif sequel == 2:
            ticket(after, customer, category=category)
        elif sequel == 3:
            add("ticket_messages", ticket_id=named, sent_at=after, author_type="requester", is_public="true")
        elif sequel == 4:
            add("surveys", ticket_id=named, sent_at=after, answered_at=after, resolved_answer="no")
        elif sequel < 7:
            leg = {"contact_id": f"desk {len(rows)}", "started_at": after, "ended_at": after, "answered_at": after}
            leg |= {"direction": "inbound", "customer_id": customer, "channel": "voice", "agent_id": "agent 1"}
            leg |= {"ticket_id": chance.choice((named, None)), "category": category, "talk_seconds": "60"}
            add("calls", **leg, reported_resolved=chance.choice(("true", None)))
    return rows


def _text(value):
    return value.isoformat(" ") if isinstance(value, datetime.datetime) else value


def _world(rows, again, observed_until, stories, number):
    rows = [*_desk(number, stories), *rows]
    copies = []
    for number, change, delivery in again if rows else ():
        row = rows[number % len(rows)]
        values = dict(row.values)
        if change:
            values[list(values)[change[0] % len(values)]] = change[1]
        copies.append(Row(row.table, delivery, values))
    return World(tuple(sorted([*rows, *copies], key=lambda row: row.delivery)), observed_until)
