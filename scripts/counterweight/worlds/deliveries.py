"""What happens between a tool and the loading dock: feeds that stop, deliveries in several loads.

Feeds are stopped first. Soiled rows (see defects.py) are text in part, and can neither be stopped nor split.
"""

import datetime

from counterweight.errors import InputError
from counterweight.worlds.parquet import below, check, draw, earlier, empty, engine, key, literal, views, write

# The feeds that can stop or lag, and the table through which each comes.
FEEDS = {
    "tickets_opened": "tickets",
    "ticket_events": "ticket_events",
    "messages": "ticket_messages",
    "calls": "calls",
    "surveys": "surveys",
    "bot_sessions": "bot_sessions",
    "business_outcomes": "business_outcomes",
}
# When a record of a feed is new, as the product's feed coverage sees it.
RECORDED = {
    "tickets": "created_at",
    "ticket_events": "event_at",
    "ticket_messages": "sent_at",
    "calls": "started_at",
    "surveys": "coalesce(sent_at, eligible_at, answered_at)",
    "bot_sessions": "started_at",
    "business_outcomes": "outcome_at",
}
# When a row has its last content. Tables that are not named have no time, and are delivered whole at first.
COMPLETE = {
    "tickets": "greatest(created_at, updated_at)",
    "ticket_events": "event_at",
    "ticket_messages": "sent_at",
    "calls": "greatest(ended_at, updated_at)",
    "surveys": "greatest(eligible_at, sent_at, answered_at, updated_at)",
    "bot_sessions": "coalesce(ended_at, started_at)",
    "business_outcomes": "outcome_at",
    "business_claims": "claimed_at",
    "business_measures": "period_start + interval 1 month",
    "qa_reviews": "reviewed_at",
    "problems": "greatest(opened_at, closed_at, fix_deployed_at)",
    "agent_states": "coalesce(ended_at, started_at)",
    "shifts": "shift_ended_at",
    "access_events": "day + interval 1 day",
    "costs": "month + interval 1 month",
    "team_absences": "month + interval 1 month",
    "team_pulses": "month + interval 1 month",
}
# The tables whose rows belong to a ticket.
OF_TICKETS = ("ticket_events", "ticket_messages")
# Shares of rows: a batch late, delivered twice, and of legs delivered before they were filled in.
LATE, COPIED, CORRECTED = 0.005, 0.003, 0.02

# Column of a ticket -> the field under which its history tells of it.
HISTORY = {
    "status": "status",
    "assignee_id": "assignee",
    "team_id": "team",
    "priority": "priority",
    "category": "category",
    "subcategory": "subcategory",
    "ticket_type": "ticket_type",
}
RESOLVED = "('resolved', 'solved', 'closed')"
# What is empty in a survey before its answer, and in a leg before it was filled in.
UNANSWERED = ("answered_at", "csat", "effort", "resolved_answer", "lost_minutes")
UNFILLED = ("disposition", "ticket_id")


def _at(instant):
    return f"timestamp {literal(instant)}"


def stop_feeds(raw, stops):
    """Leave out what some feeds would have delivered after they stopped. Changes the files of the folder.

    stops  feed (see FEEDS) -> the first instant (UTC) of which nothing comes; the feed's true `observed_until`

    - `tickets_opened`: tickets are exported by their opening. Later ones are missing with their events and messages;
      earlier ones go on changing; calls and surveys are of other tools and still name the missing ones.
    - `ticket_events`: the history stops, the tickets do not: they show how they ended, as where a tool's audit log is
      switched off. Their status then differs from their last event.
    - `surveys`: none is sent, and those that were get no answer.
    - the others: records from then on are missing; a call that began before is whole.
    Raises InputError for an unknown feed or table.
    """
    check(stops, FEEDS, "feed")
    with engine(raw) as connection:
        tables = views(connection, raw)
        for feed, stop in stops.items():
            table = FEEDS[feed]
            if table not in tables:
                continue
            gone = f"{RECORDED[table]} >= {_at(stop)}"
            if feed == "tickets_opened":
                # before the tickets themselves, which say when they were opened
                for about in set(OF_TICKETS).intersection(tables):
                    rows = f"from {about} anti join (from tickets where {gone}) using (ticket_id)"
                    write(connection, f"{rows} order by {key(about)}", raw / f"{about}.parquet")
            rows = f"select * from {table}"
            if feed == "surveys":
                columns = f"{empty(UNANSWERED)}, {earlier('sent_at')} as updated_at"
                unanswered = f"answered_at >= {_at(stop)}"
                rows = (
                    f"select * from {table} where {unanswered} is not true union all by name "
                    f"select * replace ({columns}) from {table} where {unanswered}"
                )
            rows = f"select * from ({rows}) where ({gone}) is not true"
            write(connection, f"{rows} order by {key(table)}", raw / f"{table}.parquet")


def split(raw, out, batches, lags, seed):
    """Deliver a world in several loads: folders batch_01, batch_02 ... in `out`, each with one file for each table of
    which something arrived. Returns the folders in order, each with the instant (UTC) at which it ends.

    batches  number of loads; each ends at a midnight, so that they divide the feeds' time equally
    lags     feed -> days by which it is behind: a load has what it would have had so many days ago, and the last days
             never come. Without a lag everything has come by the last load.

    - A ticket comes in each load in whose time it changed, as it was at the end of it: its history decides. What no
      event tells of is empty until it can be known: links to problems and other tickets until the ticket's last change,
      the resolution's code while a later resolution may replace it, the flag of first contact resolution until it was
      first resolved. A ticket that is not resolved at that time has no `resolved_at`. Requester, account, policy,
      configuration item, test flag and `follow_up_of` are known from the opening.
    - A survey comes when it was sent and, if that is another load, when it was answered.
    - A leg may come a load before its disposition and ticket are known; see CORRECTED.
    - Of what is current, some rows come a load late (not tickets), some twice, in one load or two; see LATE, COPIED.
    - Tables without a time come whole in the first load, monthly ones when the month is over.
    The current versions of all loads, each row once, are the rows of the folder, but for what a lag keeps back.
    Raises InputError where a ticket's `updated_at` is before its last event, as its last change is unknown then, and
    where `out` has batches.
    """
    check(lags, FEEDS, "feed")
    if list(out.glob("batch_*")):
        raise InputError(f"{out} has batches already. Remove them, or name another folder.")
    folders = [out / f"batch_{number:02d}" for number in range(1, batches + 1)]
    with engine(out) as connection:
        tables = views(connection, raw)
        ends = _ends(connection, tables, batches)
        _check_last_changes(connection, tables)
        for table in tables:
            lag = next((days for feed, days in lags.items() if FEEDS[feed] == table), 0)
            # what is there by these instants is delivered in that load
            cuts = [end - datetime.timedelta(days=lag) for end in ends]
            if table == "tickets":
                _make_earlier_tickets(connection, cuts if "ticket_events" in tables else [])
            # without a lag the last load has the rest, what was reported later among it
            arrived = out / f".{table}.arrived"
            write(connection, _arrivals(table, cuts if lag else cuts[:-1], batches, seed), arrived)
            rows = f"from read_parquet({literal(arrived)})"
            for (number,) in connection.execute(f"select distinct batch {rows} order by batch").fetchall():
                query = f"select * exclude (batch) {rows} where batch = {number} order by {key(table)}"
                write(connection, query, folders[number - 1] / f"{table}.parquet")
            arrived.unlink()
    return dict(zip(folders, ends, strict=True))


def _ends(connection, tables, batches):
    """The midnights at which the batches end."""
    spans = " union all ".join(
        f"select min({RECORDED[table]}) as first_at, max(greatest({RECORDED[table]}, {COMPLETE[table]})) as last_at "
        f"from {table}"
        for table in FEEDS.values()
        # those of other functions began years before
        if table in tables and table != "business_outcomes"
    )
    (first, days) = connection.execute(
        "select min(first_at)::date, max(last_at)::date - min(first_at)::date + 1 from (" + spans + ")"
    ).fetchone()
    if days < batches:
        raise InputError(f"{batches} batches do not fit into a world of {days} days.")
    start = datetime.datetime.combine(first, datetime.time())
    return [start + datetime.timedelta(days=days * number // batches) for number in range(1, batches + 1)]


def _check_last_changes(connection, tables):
    if {"tickets", "ticket_events"} <= set(tables):
        (count,) = connection.execute(
            "select count(distinct ticket_id) from ticket_events join tickets using (ticket_id) "
            "where (event_at <= updated_at) is not true"
        ).fetchone()
        if count:
            raise InputError(
                f"{count} tickets have an event after their updated_at, or none: it must be the last change."
            )


def _arrivals(table, cuts, batches, seed):
    """SQL: every row of the table that is ever delivered, with its batch."""

    def number(complete_at):
        # one more than there are batches: never
        return " + ".join(["1", *(f"coalesce({complete_at} >= {_at(cut)}, false)::integer" for cut in cuts)])

    def happens(purpose, share):
        return f"{draw(seed, f'{purpose} {table}', key(table))} < {below(share)}"

    if table not in COMPLETE:
        return f"select *, 1 as batch from {table}"
    late = "false" if table == "tickets" else happens("late", LATE)
    corrected, versions = "false", ""
    if table == "tickets":
        versions = "union all by name from earlier_tickets"
    elif table == "calls":
        corrected = f"coalesce(disposition, ticket_id) is not null and {happens('corrected', CORRECTED)}"
        columns = f"{empty(UNFILLED)}, {earlier('ended_at')} as updated_at"
        versions = f"""union all by name
            select * exclude (due) replace ({columns}), due as batch from dated where {corrected} and due < {batches}"""
    elif table == "surveys":
        sent = number("greatest(eligible_at, sent_at)")
        columns = f"{empty(UNANSWERED)}, {earlier('sent_at')} as updated_at"
        versions = f"""union all by name
            select * exclude (due) replace ({columns}), {sent} as batch from dated
            where answered_at is not null and {sent} < due"""
    # tables are large: nothing is kept, and a copy is made as its row passes
    return f"""
        with dated as not materialized (select *, {number(COMPLETE[table])} as due from {table}),
        current as (
            select *, least(due + ({late})::integer + ({corrected})::integer, {batches}) as arrives
            from dated where due <= {batches}
        )
        select
            * exclude (due, arrives),
            unnest(case
                when {happens("copied", COPIED)}
                    then [arrives, least(arrives + ({happens("copied later", 0.5)})::integer, {batches})]
                else [arrives]
            end) as batch
        from current
        {versions}
    """


def _make_earlier_tickets(connection, cuts):
    """Table earlier_tickets: of each batch the tickets that changed in its time and again later, as they were at its
    end. One batch after the other, so that only the tickets under way at one instant are in memory."""
    connection.execute("create temp table earlier_tickets as select *, 0 as batch from tickets limit 0")
    was = {
        column: f"""coalesce(
            arg_max({{'it': new_value}}, place) filter (field = '{field}' and is_past),
            arg_min({{'it': old_value}}, place) filter (field = '{field}'),
            any_value({{'it': tickets.{column}}})
        ).it"""
        for column, field in HISTORY.items()
    }
    enters = f"field = 'status' and new_value in {RESOLVED} and coalesce(old_value, '') not in {RESOLVED}"
    closes = "field = 'status' and new_value = 'closed' and is_past"
    previous = datetime.datetime.min
    for number, cut in enumerate(cuts, 1):
        connection.execute(f"""
            insert into earlier_tickets by name
            with under_way as (
                from tickets where created_at < {_at(cut)} and updated_at >= {_at(cut)}
            ),
            events as (
                select
                    *,
                    event_at < {_at(cut)} as is_past,
                    -- nulls are alike: where there is no sequence, time decides
                    row(event_sequence, event_at, event_id) as place
                from ticket_events
            ),
            states as (
                select
                    tickets.ticket_id,
                    {", ".join(f"{value} as {column}" for column, value in was.items())},
                    greatest(any_value(tickets.created_at), max(event_at) filter (is_past)) as updated_at,
                    max(event_at) filter ({enters} and is_past) as entered_at,
                    coalesce(bool_or({enters}) filter (not is_past), false) as is_resolved_later,
                    max(event_at) filter ({closes}) as closed_at,
                    arg_max({{'it': actor_type}}, place) filter ({closes}) as closed_by
                from under_way as tickets left join events using (ticket_id)
                group by tickets.ticket_id
            )
            select tickets.* replace (
                {", ".join(f"states.{column} as {column}" for column in was)},
                states.updated_at as updated_at,
                case when states.status in {RESOLVED} then entered_at end as resolved_at,
                case when states.status in {RESOLVED} and not is_resolved_later then tickets.resolution_code end
                    as resolution_code,
                case when states.status = 'closed' then states.closed_at end as closed_at,
                case when states.status = 'closed' then closed_by.it end as closed_by_actor_type,
                case when entered_at is not null then tickets.reported_first_contact_resolution end
                    as reported_first_contact_resolution,
                {empty(("problem_id", "parent_ticket_id", "duplicate_of", "merged_into"))}
            ), {number} as batch
            from under_way as tickets join states using (ticket_id)
            where states.updated_at >= {_at(previous)}
        """)
        previous = cut
