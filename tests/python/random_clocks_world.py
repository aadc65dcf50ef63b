"""Small random desks whose tickets live around the days on which clocks change, in calendars of every kind."""

import csv
import datetime
import random

ZONES = (
    "Europe/Vienna", "America/Chicago", "Australia/Lord_Howe", "America/Havana", "America/St_Johns", "Asia/Kathmandu",
    "Pacific/Chatham", "UTC",
)  # fmt: skip
# Days on which some zone sets its clocks, a new year, and a quiet week.
DAYS = ("2024-03-09", "2024-03-30", "2024-04-06", "2024-06-10", "2024-10-05", "2024-10-26", "2024-11-02", "2024-12-30")
HOURS = (
    ("08:00", "17:00"), ("8:00", "12:00"), ("11:30", "18:15:30"), ("00:00", "24:00"), ("22:00", "06:00"),
    ("00:00", "00:00"), ("1:15", "1:45"), ("02:15", "02:45"), ("02:30", "3:00"), ("0:30", "09:00:01"),
)  # fmt: skip
STATUSES = (
    "new", "open", "In Progress", "pending", "waiting", "on hold", "hold", "resolved", "Solved", "closed", "cancelled",
    "odd word",
)  # fmt: skip
METRICS = (
    ("resolution", "first_reply"), ("Requester wait time", "first-reply-time"), ("first_resolution", "next_reply_time"),
    ("resolution",), ("agent_work_time", "first_response", "no such metric", "total_resolution_time"),
)  # fmt: skip
PAUSES = (None, "pending", "Pending, On-hold", " waiting ;on_hold;;nothing", "odd word", "new,open,pending,on_hold")
STEPS = (0, 0, 1, 59, 1800, 3600, 5400, 28800, 86399, 86400, 259200, 864000)
EVENT_FIELDS = ("status",) * 5 + (
    "assignee", "team", "priority", "Priority", "category", "subcategory", "sla_policy", "sla_policy_id",
)  # fmt: skip
COLUMNS = {
    "tickets": "ticket_id created_at requester_id channel category status updated_at category_at_open priority "
    "assignee_id team_id sla_policy_id",
    "ticket_events": "event_id ticket_id event_at field new_value event_sequence old_value",
    "ticket_messages": "message_id ticket_id sent_at author_type is_public is_automatic",
    "sla_policies": "policy_id metric target_minutes calendar_id pausing_statuses",
    "calendars": "calendar_id time_zone iso_weekday opens_at closes_at",
    "holidays": "calendar_id holiday_on",
}


def make(seed, size):
    """{table: rows}, values as text."""
    chance = random.Random(seed)
    one_of = chance.choice
    made = {table: [] for table in COLUMNS}

    def add(table, **values):
        row = dict.fromkeys(COLUMNS[table].split()) | values
        made[table].append({column: None if value is None else str(value) for column, value in row.items()})

    def moment():
        day = datetime.datetime.fromisoformat(one_of(DAYS))
        return day + datetime.timedelta(minutes=15 * chance.randrange(240), seconds=one_of((0, 0, 0, 1, -1, 30)))

    def hours(name, weekday, opens, closes, zone="UTC"):
        add(
            "calendars", calendar_id=name, time_zone=zone, iso_weekday=weekday, opens_at=opens, closes_at=closes
        )  # fmt: skip

    for number in range(14):
        for weekday in range(1, 8):
            for opens, closes in chance.sample(HOURS, one_of((0, 1, 1, 2, 3))):
                hours(f"K{number}", weekday, opens, closes, ZONES[number % len(ZONES)])
        for day in {(moment() + datetime.timedelta(days=one_of((0, 1, 2)))).date() for _ in range(4)}:
            add("holidays", calendar_id=f"K{number}", holiday_on=day)
    for weekday in range(1, 8):
        hours("always", weekday, "0:00", "24:00", "Europe/Vienna")
        # there the clock is set back by half an hour, from 02:00
        hours("half an hour", weekday, "1:15", "1:45", "Australia/Lord_Howe")
        hours("two zones", weekday, "9:00", "17:00", ZONES[weekday])
        for name in ("bad zone", "bad hours", "bad day", "bad holiday"):
            hours(name, weekday, "08:00", "17:00")
    hours("bad zone", 1, "18:00", "19:00", "Mars/Olympus")
    hours("bad hours", 1, "18:00", "24:30")
    hours("bad day", 8, "18:00", "19:00")
    add("holidays", calendar_id="bad holiday", holiday_on="1.5.24")
    names = [f"K{number}" for number in range(14)] + ["always", "half an hour", "two zones", "nowhere"] + [None] * 5
    names += ["bad zone", "bad hours", "bad day", "bad holiday"]
    for number, name in enumerate(names):
        for metric in one_of(METRICS):
            add(
                "sla_policies", policy_id=f"P{number}", metric=metric,
                calendar_id=one_of((name, name, name, one_of(names))),
                target_minutes=one_of((0, 30, 480, 2400, 10000, 100000, None)), pausing_statuses=one_of(PAUSES),
            )  # fmt: skip
    policies = [f"P{number}" for number in range(len(names))] + ["unknown policy"]

    def value_of(field):
        return {
            "status": lambda: one_of(STATUSES),
            "assignee": lambda: one_of(("ann", "bob", None)),
            "team": lambda: one_of(("desk", "network", None)),
            "priority": lambda: one_of(("1", "2", "3")),
            "category": lambda: one_of(("net", "pc", None)),
            "subcategory": lambda: one_of(("vpn", None)),
        }.get(field, lambda: one_of(policies))()

    serial = 0
    for number in range(size):
        ticket = f"T{number}"
        at = created = moment()
        has_sequence, knows_old, has_events = chance.random() < 0.7, chance.random() < 0.8, chance.random() < 0.93
        last = {}
        for step in range(chance.randrange(1, 14) if has_events else 0):
            at += datetime.timedelta(seconds=one_of(STEPS))
            for _ in range(one_of((1, 1, 1, 2, 3))):
                field = one_of(EVENT_FIELDS)
                new = value_of(field.lower())
                serial += 1
                # some clocks run against the sequence
                shown = max(created, at - datetime.timedelta(seconds=one_of((0,) * 8 + (60, 7200))))
                add(
                    "ticket_events", event_id=f"E{serial}", ticket_id=ticket, event_at=shown, field=field,
                    old_value=last.get(field) if knows_old else None, new_value=new,
                    event_sequence=step if has_sequence and chance.random() < 0.995 else None,
                )  # fmt: skip
                last[field] = new
        for _ in range(one_of((0, 0, 1, 2, 4))):
            serial += 1
            add(
                "ticket_messages", message_id=f"M{serial}", ticket_id=ticket,
                sent_at=created + datetime.timedelta(seconds=one_of((-60, *STEPS))),
                author_type=one_of(("agent", "Agent", "requester", "system")),
                is_public=one_of(("true", "false", None)), is_automatic=one_of(("true", "false", None)),
            )  # fmt: skip
        add(
            "tickets", ticket_id=ticket, created_at=created, requester_id=f"R{number % 50}", channel="email",
            updated_at=at, status=last.get("status") or one_of(STATUSES), category=value_of("category"),
            category_at_open=one_of((None, None, None, "net", "order")), priority=value_of("priority"),
            assignee_id=value_of("assignee"), team_id=value_of("team"),
            sla_policy_id=one_of((*policies, None)),
        )  # fmt: skip
    return made


def write(folder, made):
    """One file a table; what `load` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = []
    for table, rows in made.items():
        path = folder / f"{table}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS[table].split())
            writer.writeheader()
            writer.writerows(rows)
        pairs.append(f"{table}={path}")
    return pairs
