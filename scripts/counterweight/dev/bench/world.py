"""A world of the wanted size in two deliveries: all but its last day, and that day. `python -m
counterweight.dev.bench.world N DIR`.

What belongs to the last day is what its own time says: an event, a message, a review as it happened, a contact's leg
once it was written up, a session when it ended. A ticket, a survey or a problem that changed on that day comes twice:
as it stood the evening before, as far as its events tell, and as it stands then. Requesters are taken as they are
now, and so is what has no time of its own (identities, agents, shifts, policies, costs): all of it is in the first
delivery.
"""

import contextlib
import datetime
import json
import shutil
import sys
from pathlib import Path

import duckdb
import yaml

from counterweight.dev.bench.by_duckdb import quoted
from counterweight.worlds import simulate

MONTHS = 24
SEED = 7
# Of the simulator's tickets and calls some are returns, legs of one contact, or a visit's own ticket: contacts +
# openings + returns come to about 0.93 of the two. Four tickets stand beside ten calls.
TICKETS_OF_INTERACTIONS = 0.308
CALLS_OF_INTERACTIONS = 0.77
# When a row was known, by table; of what is not here, everything was known from the beginning.
KNOWN_AT = {
    "ticket_events": "event_at",
    "ticket_messages": "sent_at",
    "calls": "coalesce(updated_at, ended_at, started_at)",
    "bot_sessions": "coalesce(ended_at, started_at)",
    "qa_reviews": "reviewed_at",
    "agent_states": "started_at",
    "access_events": "cast(day as timestamp)",
    "business_claims": "claimed_at",
    "business_outcomes": "outcome_at",
}
# Rows with versions: when the current one was known, when the first, and what an earlier one does not know yet.
VERSIONED = {
    "surveys": (
        "updated_at",
        "coalesce(sent_at, eligible_at)",
        {"answered_at": None, "csat": None, "effort": None, "resolved_answer": None, "lost_minutes": None}
        | {"updated_at": "coalesce(sent_at, eligible_at)"},
    ),
    "problems": (
        "greatest(opened_at, closed_at, fix_deployed_at)",
        "opened_at",
        {"closed_at": None, "fix_deployed_at": None, "root_cause_status": None},
    ),
}
# Columns of a ticket that its events tell of, and the fields of these.
FIELDS = {
    "status": "status",
    "category": "category",
    "team_id": "team",
    "assignee_id": "assignee",
    "priority": "priority",
}
UNKNOWN_BEFORE_RESOLVED = ("resolution_code", "reported_first_contact_resolution")


def make(interactions, folder):
    """The world in `folder`/first and `folder`/last, made anew where there is none of this size; what it has."""
    folder = Path(folder)
    note = folder / "deliveries.json"
    wanted = {
        "tickets": round(interactions * TICKETS_OF_INTERACTIONS),
        "calls": round(interactions * CALLS_OF_INTERACTIONS),
        "months": MONTHS,
        "seed": SEED,
    }
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(note.read_text(encoding="utf-8"))
        if found["world"] == wanted:
            return found
    simulate(folder / "world", **wanted)
    found = {"world": wanted, **split(folder / "world", folder / "first", folder / "last")}
    shutil.rmtree(folder / "world" / "raw")
    note.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return found


def split(world, first, last):
    """Write both deliveries of the world; {last_day, rows and bytes of each}."""
    until = yaml.safe_load((world / "world.yml").read_text(encoding="utf-8"))["until"]
    if not isinstance(until, datetime.date):
        until = datetime.date.fromisoformat(str(until))
    day = until - datetime.timedelta(days=1)
    cut = f"timestamp '{day} 00:00:00'"
    found = {"last_day": str(day)}
    for folder in (first, last):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    with duckdb.connect() as connection:
        for path in sorted((world / "raw").glob("*.parquet")):
            table, source = path.stem, f"read_parquet({quoted(path)})"
            if table == "tickets":
                before, after = _tickets(
                    source, f"read_parquet({quoted(path.with_name('ticket_events.parquet'))})", cut
                )
            elif table in VERSIONED:
                known, begun, forgotten = VERSIONED[table]
                replaced = ", ".join(f"{value or 'null'} as {name}" for name, value in forgotten.items())
                before = (
                    f"from {source} where {known} < {cut} "
                    f"union all select * replace ({replaced}) from {source} where {begun} < {cut} and {known} >= {cut}"
                )
                after = f"from {source} where {known} >= {cut}"
            elif table in KNOWN_AT:
                before = f"from {source} where {KNOWN_AT[table]} < {cut}"
                after = f"from {source} where {KNOWN_AT[table]} >= {cut}"
            else:
                before, after = f"from {source}", None
            for folder, query in ((first, before), (last, after)):
                if query:
                    target = folder / path.name
                    connection.execute(f"copy ({query}) to {quoted(target)} (format parquet, compression zstd)")
                    rows = connection.execute(f"select count(*) from read_parquet({quoted(target)})").fetchone()[0]
                    found.setdefault(folder.name, {})[table] = rows
    for folder in (first, last):
        found[f"{folder.name}_bytes"] = sum(path.stat().st_size for path in folder.iterdir())
    return found


def _tickets(source, events, cut):
    """Tickets as they stood the evening before, and those of the last day."""
    values = ", ".join(
        f"""max_by(new_value, event_sequence) filter (where field = '{field}' and event_at < {cut}) as last_{column},
        bool_or(field = '{field}' and event_at < {cut}) as was_{column},
        min_by(old_value, event_sequence) filter (where field = '{field}' and event_at >= {cut}) as next_{column},
        bool_or(field = '{field}' and event_at >= {cut}) as will_{column}"""
        for column, field in FIELDS.items()
    )
    replaced = ", ".join(
        f"""case
            when told.was_{column} then told.last_{column}
            when told.will_{column} then told.next_{column}
            else tickets.{column}
        end as {column}"""
        for column in FIELDS
    )
    unknown = ", ".join(
        f"case when told.was_resolved then tickets.{column} end as {column}" for column in UNKNOWN_BEFORE_RESOLVED
    )
    before = f"""
        with told as (
            select
                ticket_id, {values},
                max(event_at) filter (where event_at < {cut}) as changed_at,
                coalesce(bool_or(
                    field = 'status' and new_value in ('resolved', 'solved', 'closed') and event_at < {cut}
                ), false) as was_resolved
            from {events}
            where ticket_id in (select ticket_id from {source} where created_at < {cut} and updated_at >= {cut})
            group by ticket_id
        )
        from {source} where updated_at < {cut}
        union all
        select tickets.* replace (
            {replaced}, {unknown},
            case when tickets.resolved_at < {cut} then tickets.resolved_at end as resolved_at,
            case when tickets.closed_at < {cut} then tickets.closed_at end as closed_at,
            case when tickets.closed_at < {cut} then tickets.closed_by_actor_type end as closed_by_actor_type,
            coalesce(told.changed_at, tickets.created_at) as updated_at
        )
        from {source} as tickets
        left join told on tickets.ticket_id = told.ticket_id
        where tickets.created_at < {cut} and tickets.updated_at >= {cut}
    """
    return before, f"from {source} where updated_at >= {cut}"


def main():
    interactions, folder = sys.argv[1:]
    make(int(interactions), folder)


if __name__ == "__main__":
    main()
