"""Rows that are soiled on their way to the loading dock, and the ledger of it."""

import dataclasses
import datetime

from counterweight.errors import InputError
from counterweight.worlds.deliveries import HISTORY, OF_TICKETS, UNANSWERED, UNFILLED
from counterweight.worlds.parquet import KEYS, below, check, draw, earlier, engine, key, literal, views, write


@dataclasses.dataclass(frozen=True)
class Defect:
    """A way in which rows are soiled.

    changes  column -> SQL of what stands there instead; the ledger names the first
    fate     what becomes of the row, in the words of fct_row_fates, with its reason
    where    rows that can have it
    is_more  true where the defect is one more row, behind the one it is made of, which stays
    is_text  true where the value cannot have the column's type
    by       column whose values have the defect, with all their rows; else rows have it one by one
    """

    description: str
    table: str
    changes: dict
    fate: str = "used"
    reason: str | None = None
    where: str = "true"
    is_more: bool = False
    is_text: bool = False
    by: str | None = None


def _quarantined(description, table, column, value, reason, where="true", **more):
    where = f"{column} is not null and {where}"
    return Defect(description, table, {column: value}, "quarantined", reason, where, **more)


def _missing(table, column):
    return _quarantined(f"{table} without {column}", table, column, "null", f"missing_{column}")


def _unreadable(table, column, *words):
    """One of the words stands in the column, each equally often."""
    listed = ", ".join(literal(word) for word in words)
    # the last digit of the draw: the first ones chose the row
    word = f"([{listed}])[1 + (unicode(right(draw, 1)) % {len(words)})]"
    description = f"{table} with {' or '.join(words)} as {column}"
    return _quarantined(description, table, column, word, f"unreadable_{column}", is_text=True)


def _written(table, column, form):
    """Days in a form that nobody declared; of rows that a day alone tells apart no two become alike."""
    description = f"{table} with {column} in an undeclared form, like {datetime.date(2024, 3, 31):{form}}"
    value = f"strftime({column}, {literal(form)})"
    return _quarantined(description, table, column, value, f"unreadable_{column}", is_text=True)


def _future(table, column):
    value = f"{column} + interval 100 year"
    return _quarantined(f"{table} of the next century", table, column, value, "event_after_load")


def _zero_time(table, column):
    return _quarantined(f"{table} of 1970", table, column, "timestamp '1970-01-01'", "implausible_time")


def _copied(table):
    return Defect(f"{table} delivered twice, alike in all", table, {}, "exact_duplicate", is_more=True)


def _spelled(description, table, column, where="true"):
    changes = {column: f"'  ' || upper({column}) || ' '"}
    return Defect(f"{description} in capitals, with blanks", table, changes, where=f"{column} is not null and {where}")


def _spelled_phone(table, column):
    # +999 1234567: 00999 1234567, or +999 (123) 45-67
    value = f"""case
        when right(draw, 1) < '8' then '00' || substr({column}, 2, 3) || ' ' || substr({column}, 5)
        else substr({column}, 1, 4) || ' (' || substr({column}, 5, 3) || ') ' || substr({column}, 8, 4) || '-'
            || substr({column}, 12)
    end"""
    description = f"telephone numbers of {table} with 00, blanks or brackets"
    return Defect(description, table, {column: value}, where=f"{column} like '+%'")


TIMES = ("n/a", "31.02.2025")
KNOWN_FIELD = f"field in {tuple(HISTORY.values())}"
# but not before the opening
TO_THE_MINUTE = "greatest(date_trunc('minute', event_at), ticket_created_at)"
DEFECTS = {
    "ticket_copied": _copied("tickets"),
    "ticket_older": Defect(
        "tickets delivered as they were at first, after they changed",
        "tickets",
        {"updated_at": earlier("created_at"), "status": "'new'"}
        | dict.fromkeys(("resolved_at", "closed_at", "resolution_code", "closed_by_actor_type"), "null"),
        "superseded",
        where="updated_at is not null",
        is_more=True,
    ),
    "ticket_without_id": _missing("tickets", "ticket_id"),
    "ticket_without_time": _missing("tickets", "created_at"),
    "ticket_time_unreadable": _unreadable("tickets", "created_at", *TIMES),
    "ticket_flag_unreadable": _unreadable("tickets", "is_test", "maybe", "-"),
    "ticket_in_future": _future("tickets", "created_at"),
    "ticket_of_1970": _zero_time("tickets", "created_at"),
    "ticket_category_spelled": _spelled("categories", "tickets", "category"),
    "ticket_requester_spelled": _spelled("requesters", "tickets", "requester_id"),
    "ticket_resolved_at_missing": Defect(
        "resolved tickets without resolved_at", "tickets", {"resolved_at": "null"}, where="resolved_at is not null"
    ),
    "ticket_closed_before_resolved": Defect(
        "tickets closed an hour before they were resolved",
        "tickets",
        {"closed_at": "resolved_at - interval 1 hour"},
        where="closed_at is not null and resolved_at is not null",
    ),
    "event_copied": _copied("ticket_events"),
    "event_id_taken": Defect(
        "another event with the same event_id; content decides which of the two is superseded",
        "ticket_events",
        {"event_at": "event_at + interval 1 minute"},
        "superseded",
        where=KNOWN_FIELD,
        is_more=True,
    ),
    "event_without_id": _missing("ticket_events", "event_id"),
    "event_without_ticket": _missing("ticket_events", "ticket_id"),
    "event_without_time": _missing("ticket_events", "event_at"),
    "event_time_unreadable": _unreadable("ticket_events", "event_at", *TIMES),
    "event_sequence_unreadable": _unreadable("ticket_events", "event_sequence", "1,5", "first"),
    "event_in_future": _future("ticket_events", "event_at"),
    "event_of_1970": _zero_time("ticket_events", "event_at"),
    "event_before_creation": _quarantined(
        "ticket_events 18 minutes before their ticket's opening",
        "ticket_events",
        "event_at",
        "ticket_created_at - interval 18 minute",
        "event_before_creation",
        where="ticket_created_at is not null",
    ),
    "event_of_unknown_ticket": _quarantined(
        "ticket_events of a ticket that is not there",
        "ticket_events",
        "ticket_id",
        "'X' || ticket_id",
        "no_such_ticket",
    ),
    "event_category_spelled": _spelled("new categories", "ticket_events", "new_value", "field = 'category'"),
    "event_to_the_minute": Defect(
        "histories to the minute and without sequence, so that events share their time",
        "ticket_events",
        {"event_at": TO_THE_MINUTE, "event_sequence": "null"},
        where=f"{KNOWN_FIELD} and (event_sequence is not null or event_at <> {TO_THE_MINUTE})",
        by="ticket_id",
    ),
    "event_of_other_field": Defect(
        "ticket_events of a field that nothing reads",
        "ticket_events",
        {"field": "'next_action'"},
        "excluded",
        "field_not_read",
        where=KNOWN_FIELD,
    ),
    "message_copied": _copied("ticket_messages"),
    "message_without_time": _missing("ticket_messages", "sent_at"),
    "message_flag_unreadable": _unreadable("ticket_messages", "is_public", "maybe", "-"),
    "message_of_unknown_ticket": _quarantined(
        "ticket_messages of a ticket that is not there",
        "ticket_messages",
        "ticket_id",
        "'X' || ticket_id",
        "no_such_ticket",
    ),
    "message_without_id": _missing("ticket_messages", "message_id"),
    "message_without_ticket": _missing("ticket_messages", "ticket_id"),
    "message_in_future": _future("ticket_messages", "sent_at"),
    "message_of_1970": _zero_time("ticket_messages", "sent_at"),
    "leg_copied": _copied("calls"),
    "leg_older": Defect(
        "legs delivered as they were before disposition and ticket were filled in",
        "calls",
        {"updated_at": earlier("ended_at")} | dict.fromkeys(UNFILLED, "null"),
        "superseded",
        where="updated_at is not null",
        is_more=True,
    ),
    "leg_without_id": _missing("calls", "leg_id"),
    "leg_without_contact": _missing("calls", "contact_id"),
    "leg_without_end": _missing("calls", "ended_at"),
    "leg_time_unreadable": _unreadable("calls", "started_at", *TIMES),
    "leg_talk_unreadable": _unreadable("calls", "talk_seconds", "5 min", "00:05:00"),
    "leg_in_future": _future("calls", "ended_at"),
    "leg_of_1970": _zero_time("calls", "started_at"),
    "leg_ended_before_start": _quarantined(
        "calls ended a minute before they started",
        "calls",
        "ended_at",
        "started_at - interval 1 minute",
        "end_before_start",
    ),
    "leg_talk_negative": Defect(
        "negative talk seconds", "calls", {"talk_seconds": "-1 - talk_seconds"}, where="talk_seconds is not null"
    ),
    "leg_phone_spelled": _spelled_phone("calls", "customer_id"),
    "leg_overlaps": Defect(
        "a second leg of the same contact and agent at the same time, as a consultation that is counted twice",
        "calls",
        {"leg_id": "'X' || leg_id"},
        where="agent_id is not null",
        is_more=True,
    ),
    "identity_of_two": Defect(
        "telephone numbers that are another customer's too",
        "identities",
        {"customer_id": "'X' || customer_id"},
        where="kind = 'phone'",
        is_more=True,
    ),
    "identity_phone_spelled": _spelled_phone("identities", "value"),
    "identity_email_spelled": _spelled("listed addresses", "identities", "value", "kind = 'email'"),
    "identity_copied": _copied("identities"),
    "identity_without_value": _quarantined(
        "identities without value", "identities", "value", "null", "missing_value", "kind = 'email'"
    ),
    "survey_copied": _copied("surveys"),
    "survey_without_id": _missing("surveys", "survey_id"),
    "survey_time_unreadable": _unreadable("surveys", "answered_at", *TIMES),
    "survey_csat_unreadable": _unreadable("surveys", "csat", "good", "4/5"),
    "survey_answered_before_sent": Defect(
        "surveys answered an hour before they were sent",
        "surveys",
        {"answered_at": "sent_at - interval 1 hour"},
        where="answered_at is not null and sent_at is not null",
    ),
    "survey_older": Defect(
        "surveys delivered as they were before the answer",
        "surveys",
        {"updated_at": earlier("sent_at")} | dict.fromkeys(UNANSWERED, "null"),
        "superseded",
        where="updated_at is not null and answered_at is not null",
        is_more=True,
    ),
    "survey_in_future": _future("surveys", "answered_at"),
    "survey_of_1970": _zero_time("surveys", "sent_at"),
    # the small tables: a list that people keep by hand is soiled by hand
    "agent_since_unreadable": _unreadable("agents", "valid_from", "since May", "31.02.2025"),
    "agent_hired_unreadable": _unreadable("agents", "hired_on", "last year", "31.02.2025"),
    "account_copied": _copied("accounts"),
    "account_users_unreadable": _unreadable("accounts", "users", "many", "ca. 20"),
    "category_flag_unreadable": _unreadable("categories", "is_request", "maybe", "-"),
    "state_without_time": _missing("agent_states", "started_at"),
    "state_in_future": _future("agent_states", "ended_at"),
    "state_of_1970": _zero_time("agent_states", "started_at"),
    "shift_minutes_unreadable": _unreadable("shifts", "paid_minutes", "7h30", "all day"),
    "absence_month_unreadable": _written("team_absences", "month", "%B %Y"),
    "pulse_unreadable": _unreadable("team_pulses", "mean_satisfaction", "good", "4/5"),
    "target_unreadable": _unreadable("targets", "target", "6 min", "low"),
    "policy_target_unreadable": _unreadable("sla_policies", "target_minutes", "4h", "PT4H"),
    "calendar_zone_unknown": _quarantined(
        "calendars in a zone that is none of the IANA list",
        "calendars",
        "time_zone",
        "'Central Time'",
        "unknown_time_zone",
    ),
    "calendar_weekday_unknown": _quarantined(
        "calendars of an eighth to fourteenth weekday", "calendars", "iso_weekday", "iso_weekday + 7", "no_such_weekday"
    ),
    "calendar_hour_unreadable": _unreadable("calendars", "opens_at", "9 am", "25:00"),
    "holiday_day_unreadable": _written("holidays", "holiday_on", "%-d %B %Y"),
    "cost_copied": _copied("costs"),
    "cost_amount_unreadable": _unreadable("costs", "amount", "1.200,50 EUR", "free"),
    "problem_time_unreadable": _unreadable("problems", "opened_at", *TIMES),
    "review_score_unreadable": _unreadable("qa_reviews", "score", "good", "4/5"),
    "session_copied": _copied("bot_sessions"),
    "session_in_future": _future("bot_sessions", "ended_at"),
    "session_flag_unreadable": _unreadable("bot_sessions", "is_contained", "maybe", "-"),
    "access_day_unreadable": _written("access_events", "day", "%d.%m.%Y"),
    "claim_without_id": _missing("business_claims", "claim_id"),
    "claim_in_future": _future("business_claims", "claimed_at"),
    "claim_amount_unreadable": _unreadable("business_claims", "amount", "n/a", "1.200,50 EUR"),
    "outcome_without_time": _missing("business_outcomes", "outcome_at"),
    "outcome_of_1970": _zero_time("business_outcomes", "outcome_at"),
    "measure_unreadable": _unreadable("business_measures", "numerator", "n/a", "#REF!"),
}
DESCRIPTIONS = {name: defect.description for name, defect in DEFECTS.items()}
DEFAULT_SHARES = dict.fromkeys(DEFECTS, 0.002)
# What the ledger calls a row that is whole, but of a ticket that cannot be used; and a table on a local clock.
LOST, CLOCK = "ticket_lost", "local_clock"
CLOCKS = """
    create temp macro local_time(utc, zone) as utc at time zone 'UTC' at time zone zone;
    -- an hour that never was begins where the clock is set forward, and lasts until somebody does it
    create temp macro is_never(utc, zone) as
        local_time(utc, zone) - local_time(utc - interval 1 hour, zone) > interval 1 hour;
    create temp macro is_twice(utc, zone) as
        local_time(utc, zone) in (local_time(utc - interval 1 hour, zone), local_time(utc + interval 1 hour, zone));
    create temp macro on_clock(utc, zone) as
        local_time(utc, zone) - case when is_never(utc, zone) then interval 1 hour else interval 0 hour end;
"""


def soil(raw, defects, seed, clocks=None):
    """Soil rows of a world that is delivered at once. Changes the files of the folder and writes a ledger beside it,
    truth/defects.parquet.

    defects  name (see DEFECTS) -> share of the table's rows; rows that cannot have the defect are left as they are.
             No row has two.
    clocks   table -> zone (an IANA name) in whose local time it writes all its times, without saying so. The clock is
             set forward an hour late, so that it shows times that never were.

    Ledger: one row a defect, or a clock: raw_table, row_number (of the soiled row in its file, from 1), key (as it
    was), defect, column_name, old_value, expected_fate, expected_reason. Events and messages of a ticket that has
    become unusable are in it as well, untouched, as `ticket_lost`. All other rows are used or excluded, as they were
    without defects. Of `event_id_taken` either of the two rows may be the one that is superseded.
    Expected fates hold for whole and plausible input, and not where one of two tables that are compared is on a clock.
    Raises InputError for an unknown defect, for a clock of what is no table with times, and for shares of more than all
    rows of a table.
    """
    clocks = clocks or {}
    check(defects, DEFECTS, "defect")
    of_table = {
        table: {name: share for name, share in defects.items() if DEFECTS[name].table == table} for table in KEYS
    }
    for table, shares in of_table.items():
        if sum(shares.values()) > 1:
            raise InputError(f"The defects of {table} are to soil {sum(shares.values()):.3f} of its rows.")
    with engine(raw) as connection:
        tables = views(connection, raw)
        check(clocks, [table for table in tables if _times(connection, table)], "table with times")
        connection.execute(CLOCKS)
        connection.execute("""
            create table kinds (defect varchar, column_name varchar, expected_fate varchar, expected_reason varchar);
            create table ledger (
                raw_table varchar, row_number bigint, key varchar, defect varchar, column_name varchar,
                old_value varchar, expected_fate varchar, expected_reason varchar
            );
            create table kept_tickets (ticket_id varchar, ticket_created_at timestamp, is_lost boolean);
        """)
        kinds = [(name, next(iter(it.changes), None), it.fate, it.reason) for name, it in DEFECTS.items()]
        kinds.append((LOST, "ticket_id", "quarantined", "no_such_ticket"))
        connection.executemany("insert into kinds values (?, ?, ?, ?)", kinds)
        if "tickets" in tables:
            _keep_tickets(connection, of_table["tickets"], seed, clocks.get("tickets"))
        for table in tables:
            if table in clocks:
                _note_clock(connection, table, clocks[table])
            if of_table[table] or table in clocks or (of_table["tickets"] and table in OF_TICKETS):
                _soil_table(connection, raw, table, of_table[table], seed, clocks.get(table))
        order = "order by raw_table, row_number nulls first"
        write(connection, f"from ledger {order}", raw.parent / "truth" / "defects.parquet")


def _soil_table(connection, raw, table, defects, seed, zone):
    soiled = raw / f".{table}.soiled"
    write(connection, _soiled(connection, table, defects, seed, zone), soiled)
    rows = f"from read_parquet({literal(soiled)}, file_row_number = true)"
    connection.execute(
        f"insert into ledger select '{table}', file_row_number + 1, _key, defect, column_name, _old_value, "
        f"expected_fate, expected_reason {rows} join kinds on defect = _defect"
    )
    columns = "* exclude (_key, _defect, _old_value, file_row_number)"
    write(connection, f"select {columns} {rows} order by file_row_number", raw / f"{table}.parquet")
    soiled.unlink()


def _keep_tickets(connection, defects, seed, zone):
    """What events and messages must know of their ticket."""
    drawn = _drawn("tickets", _read(connection, "tickets", zone), defects, seed)
    connection.execute(f"""
        insert into kept_tickets
        select
            ticket_id,
            created_at,
            coalesce(defect in (select defect from kinds where expected_fate = 'quarantined'), false)
        from ({drawn})
    """)


def _note_clock(connection, table, zone):
    times = ", ".join(_times(connection, table))
    connection.execute(
        f"""
        insert into ledger
        select
            $table, null, null, '{CLOCK}', null,
            'UTC; now ' || $zone || ', ' || count(*) filter (is_twice(utc, $zone)) || ' times of an hour that came '
            || 'twice, ' || count(*) filter (is_never(utc, $zone)) || ' of one that never was',
            'used', null
        from (select unnest([{times}]) as utc from {table})
        """,
        {"table": table, "zone": zone},
    )


def _types(connection, table):
    return {name: kind for name, kind, *_ in connection.execute(f"describe {table}").fetchall()}


def _times(connection, table):
    return [name for name, kind in _types(connection, table).items() if kind == "TIMESTAMP"]


def _read(connection, table, zone):
    """SQL: the table, its times on the clock of a zone."""
    if zone is None:
        return f"from {table}"
    times = ", ".join(f"on_clock({name}, {literal(zone)}) as {name}" for name in _times(connection, table))
    return f"select * replace ({times}) from {table}"


def _drawn(table, rows, defects, seed):
    """SQL: the rows with `draw`, `key` and `defect`. Defects share one draw a row, each with its own stretch of it."""
    cases, start = [], 0
    for name, share in defects.items():
        defect = DEFECTS[name]
        if defect.by:
            happens = f"{draw(seed, name, defect.by)} < {below(share)}"
        else:
            happens = f"draw >= {below(start)} and draw < {below(start + share)}"
            start += share
        # what a whole value has in common comes first
        cases.insert(0 if defect.by else len(cases), f"when {happens} and {defect.where} then '{name}'")
    lost = [f"when is_lost then '{LOST}'"] if table in OF_TICKETS else []
    chosen = f"case {' '.join(lost + cases)} end" if lost + cases else "null"
    named = f"concat_ws('|', {key(table)}) as key, {draw(seed, f'soil {table}', key(table))} as draw"
    return f"select *, {chosen} as defect from (select *, {named} from ({rows}))"


def _soiled(connection, table, defects, seed, zone):
    """SQL: the table's rows after the defects, with what the ledger says of them."""
    types = _types(connection, table)
    rows = _read(connection, table, zone)
    if table in OF_TICKETS:
        rows = f"select * from ({rows}) left join kept_tickets using (ticket_id)"
    more = ", ".join(f"'{name}'" for name in defects if DEFECTS[name].is_more) or "null"
    firsts = {name: next(iter(DEFECTS[name].changes), None) for name in defects}
    texts = {firsts[name] for name in defects if DEFECTS[name].is_text}

    def column(name):
        kind = "varchar" if name in texts else types[name]
        changes = [
            f"when _defect = '{defect}' then cast({DEFECTS[defect].changes[name]} as {kind})"
            for defect in defects
            if name in DEFECTS[defect].changes
        ]
        return f"case {' '.join(changes)} else cast({name} as {kind}) end as {name}" if changes else name

    old = "".join(f" when '{name}' then cast({first} as varchar)" for name, first in firsts.items() if first)
    old_value = f"case _defect{old} end" if old else "null::varchar"
    order = ", ".join(f"{name} nulls last" for name in KEYS[table])
    return f"""
        with doubled as (
            select *, unnest(case when defect in ({more}) then [false, true] else [false] end) as is_more
            from ({_drawn(table, rows, defects, seed)})
        ),
        soiled as (
            select *, case when is_more or (defect in ({more})) is not true then defect end as _defect from doubled
        ),
        written as (
            select {", ".join(column(name) for name in types)}, _defect, key as _key, is_more, {old_value} as _old_value
            from soiled
        )
        select * exclude (is_more) from written order by {order}, _key, is_more
    """
