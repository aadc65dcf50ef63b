"""Intervals and clocks of tickets once more, from the definitions, in plain Python.

Values are followed event by event, open seconds counted by walking from local day to local day.
"""

import csv
import datetime
import re
from zoneinfo import ZoneInfo, available_timezones

from conftest import ROOT

UTC = datetime.UTC
DAY = datetime.timedelta(days=1)
FIELDS = {
    "status": "status",
    "team": "team_id",
    "assignee": "assignee_key",
    "priority": "priority",
    "category": "category",
}
POLICY_FIELDS = ("sla_policy", "sla_policy_id")
DONE = ("resolved", "solved", "closed")


def seed(name):
    with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


STATUSES = {(row["source_system"], row["source_status"]): row["status"] for row in seed("ticket_statuses")}
METRICS = {row["metric"]: (row["stopped_by"], int(row["metric_rank"])) for row in seed("sla_metrics")}


def status_word(system, word):
    return None if word is None else STATUSES.get((system, word.strip().lower()), word.strip().lower())


def pausing_words(system, text):
    words = set()
    for word in re.split("[,;]", text or ""):
        word = word.strip().lower()
        blank, line = re.sub("[-_]", " ", word), re.sub("[- ]", "_", word)
        if (system, word) in STATUSES:
            words.add(STATUSES[system, word])
        elif (system, blank) in STATUSES:
            words.add(STATUSES[system, blank])
        elif line in STATUSES.values():
            words.add(line)
        elif word:
            words.add(word)
    return words


def whole(moment):
    return moment.replace(microsecond=0)


def seconds(start, end):
    return int((whole(end) - whole(start)).total_seconds())


def time_of_day(text):
    found = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?", (text or "").strip())
    if not found:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    after = 3600 * hour + 60 * minute + second
    return after if minute < 60 and second < 60 and after <= 86400 and hour <= 24 else None


class Calendar:
    """Open hours by weekday. `rows`: (time_zone, iso_weekday, opens_at, closes_at); `holidays`: dates as text."""

    def __init__(self, rows, holidays):
        self.is_known = bool(rows)
        self.hours = {}
        self.holidays = set()
        self.known_days = {}
        for zone, weekday, opens, closes in rows:
            opens, closes = time_of_day(opens), time_of_day(closes)
            if zone not in available_timezones() or weekday not in list("1234567") or None in (opens, closes):
                self.is_known = False
                continue
            self.hours.setdefault(int(weekday), []).append((ZoneInfo(zone), opens, closes))
        for day in holidays:
            try:
                self.holidays.add(datetime.date.fromisoformat(day))
            except ValueError:
                self.is_known = False

    def open_on(self, day):
        """The open times of a local day, in UTC."""
        if day not in self.known_days:
            found = []
            for zone, opens, closes in self.hours.get(day.isoweekday(), []) if day not in self.holidays else []:
                if closes <= opens:
                    closes += 86400
                midnight = datetime.datetime.combine(day, datetime.time())
                start, end = (
                    (midnight + datetime.timedelta(seconds=after))
                    .replace(tzinfo=zone)
                    .astimezone(UTC)
                    .replace(tzinfo=None)
                    for after in (opens, closes)
                )
                if start < end:
                    found.append((start, end))
            self.known_days[day] = found
        return self.known_days[day]

    def between(self, start, end):
        """Open seconds from start to end."""
        if not self.is_known or start is None or end is None:
            return None
        start, end = whole(start), whole(end)
        parts, day = [], start.date() - 3 * DAY
        while day <= end.date() + 3 * DAY:
            parts += [(max(start, a), min(end, b)) for a, b in self.open_on(day) if a < end and b > start]
            day += DAY
        total, until = 0, start
        for a, b in sorted(parts):
            if b > until:
                total += seconds(max(a, until), b)
                until = b
        return total


class Desk:
    """What one warehouse should hold. All rows are dictionaries; tickets, events, messages and policies as staging has
    them, calendars and holidays as they were delivered."""

    def __init__(self, tickets, events, messages, policies, calendars, holidays, as_of):
        self.as_of = as_of
        self.tickets = tickets
        self.events = {}
        for row in events:
            self.events.setdefault((row["source_system"], row["ticket_id"]), []).append(row)
        self.messages = {}
        for row in messages:
            self.messages.setdefault((row["source_system"], row["ticket_id"]), []).append(row)
        self.systems_with_messages = {row["source_system"] for row in messages}
        self.policies = {}
        for row in policies:
            self.policies.setdefault((row["source_system"], row["policy_id"]), []).append(row)
        self.calendars = {
            name: Calendar(
                [
                    tuple(row[column] for column in ("time_zone", "iso_weekday", "opens_at", "closes_at"))
                    for row in calendars
                    if row["calendar_id"] == name
                ],
                [row["holiday_on"] for row in holidays if row["calendar_id"] == name],
            )
            for name in {row["calendar_id"] for row in calendars}
        }
        self.no_calendar = Calendar([], [])

    def calendar(self, name):
        return self.calendars.get(name, self.no_calendar)

    def in_order(self, ticket):
        """A ticket's events as they followed each other, each with a time that never runs back, and its step."""
        found = self.events.get((ticket["source_system"], ticket["ticket_id"]), [])
        has_sequence = all(row["event_sequence"] is not None for row in found)

        def step(row):
            return (row["event_sequence"] if has_sequence else 0, row["event_at"])

        found = sorted(found, key=lambda row: (*step(row), row["event_id"]))
        latest = ticket["created_at"]
        steps = sorted({step(row) for row in found})
        for row in found:
            latest = max(latest, row["event_at"])
            yield row, latest, 1 + steps.index(step(row))

    def values(self, ticket, names, column, at_open=None):
        """(value, from, until, step of the change) of a field, from the creation on."""
        changes = [
            (row["old_value"], row["new_value"], at, step)
            for row, at, step in self.in_order(ticket)
            if row["field"].lower() in names
        ]
        first = ticket[column]
        if changes:
            first = changes[0][0]
        for _, new, at, _ in changes:
            if at <= ticket["created_at"]:
                first = new
        if at_open is not None:
            first = at_open
        later = [(new, at, step) for _, new, at, step in changes if at > ticket["created_at"]]
        if "status" in names:
            first = status_word(ticket["source_system"], first)
            later = [(status_word(ticket["source_system"], new), at, step) for new, at, step in later]
        found = [[first, ticket["created_at"], None, 0]]
        for new, at, step in later:
            if new != found[-1][0]:
                found[-1][2] = at
                found.append([new, at, None, step])
        return [tuple(value) for value in found]

    def policies_of(self, ticket):
        return self.values(ticket, POLICY_FIELDS, "sla_policy_id")

    def metrics_of(self, ticket, policy):
        """(metric, what stops it, rank, row) of a policy."""
        found = {}
        for row in self.policies.get((ticket["source_system"], policy), []):
            word = re.sub("[ -]", "_", row["metric"].strip().lower())
            found[word] = (word, *METRICS.get(word, ("none", 10**9)), row)
        return list(found.values())

    def intervals(self):
        for ticket in self.tickets:
            key = f"{ticket['source_system']}:{ticket['ticket_id']}"
            metrics = self.metrics_of(ticket, self.policies_of(ticket)[-1][0])
            named = sorted((rank, word, row["calendar_id"]) for word, _, rank, row in metrics if row["calendar_id"])
            name = named[0][2] if named else None
            for field, column in FIELDS.items():
                at_open = ticket["category_at_open"] if field == "category" else None
                for number, (value, start, end, _) in enumerate(self.values(ticket, (field,), column, at_open), 1):
                    yield (
                        key, field, number, None if field == "assignee" else value,
                        value if field == "assignee" else None, start, end,
                        None if end is None else seconds(start, end), name, self.calendar(name).between(start, end),
                    )  # fmt: skip

    def clocks(self):
        for ticket in self.tickets:
            policies = self.policies_of(ticket)
            if all(policy is None for policy, *_ in policies):
                continue
            priorities = self.values(ticket, ("priority",), "priority")
            statuses = self.values(ticket, ("status",), "status")
            for stop in ("first_resolution", "first_reply", "none"):
                at, step, reason = self.stop(ticket, stop, statuses[-1][0])

                def in_force(values, at=at, step=step):
                    return [
                        value
                        for value, start, _, changed_in in values
                        if at is None or (start <= at if step is None else changed_in <= step)
                    ][-1]

                for metric, stopped_by, _, row in self.metrics_of(ticket, in_force(policies)):
                    if stopped_by == stop:
                        yield self.clock(ticket, metric, stop, row, in_force(priorities), statuses, at, reason)

    def stop(self, ticket, kind, last_status):
        """When it came, its step where it is an event, and why it cannot be told."""
        if kind == "none":
            return None, None, "metric_not_measured"
        if kind == "first_resolution":
            for row, _, step in self.in_order(ticket):
                if row["field"].lower() == "status" and status_word(ticket["source_system"], row["new_value"]) in DONE:
                    return row["event_at"], step, None
            reason = "resolved_without_event" if last_status in DONE else None
        else:
            replies = [
                row["sent_at"]
                for row in self.messages.get((ticket["source_system"], ticket["ticket_id"]), [])
                if (row["author_type"] or "").lower() == "agent"
                and row["is_public"] is not False
                and not row["is_automatic"]
                and row["sent_at"] > ticket["created_at"]
            ]
            if replies:
                return min(replies), None, None
            if ticket["source_system"] not in self.systems_with_messages:
                return None, None, "no_messages"
            reason = "resolved_without_reply" if last_status in DONE else None
        return None, None, reason or ("cancelled" if last_status == "cancelled" else None)

    def clock(self, ticket, metric, stop, row, priority, statuses, at, reason):
        start, name = ticket["created_at"], row["calendar_id"]
        target = None if row["target_minutes"] is None else 60 * row["target_minutes"]
        pausing = pausing_words(ticket["source_system"], row["pausing_statuses"])
        until = at or self.as_of
        counts = {}
        for paused in (False, True):
            spans = [
                (begun, min(ended or until, until))
                for status, begun, ended, _ in statuses
                if (status in pausing) == paused and begun < until
            ]
            counts[paused] = (
                sum(seconds(*span) for span in spans),
                sum(self.calendar(name).between(*span) for span in spans) if self.calendar(name).is_known else None,
            )
        counted = counts[False][0 if name is None else 1]
        met = None
        if target is not None and counted is not None and reason is None and (at or counted > target):
            met = counted <= target
        if reason is None and name is not None and not self.calendar(name).is_known:
            reason = "unknown_calendar"
        elif reason is None and target is None:
            reason = "no_target"
        read = [None] * 7
        if at:
            read = [
                seconds(start, at), counts[False][0], counts[True][0], self.calendar(name).between(start, at),
                counts[False][1], counts[True][1], counted,
            ]  # fmt: skip
        key = f"{ticket['source_system']}:{ticket['ticket_id']}"
        return (
            f"{key}#{metric}", key, metric, row["policy_id"], priority, None if stop == "none" else stop, target, name,
            name is None, start, at, *read, met, bool(at and met), reason,
        )  # fmt: skip
