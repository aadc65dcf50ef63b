"""What Polars and pandas do by plain Python: little, since it is slow."""

import datetime
import hashlib
import zoneinfo

UTC = datetime.UTC
# Outcomes that contradict a claim of another business function, as the seed business_outcomes has them.
CONTRADICTING = [
    ("deal_closed", "churned"), ("deal_closed", "refunded"), ("position_filled", "failed_probation"),
    ("position_filled", "resigned"), ("offer_accepted", "reneged"), ("offer_accepted", "left"),
    ("moved_internally", "moved_back"), ("moved_internally", "left"), ("unit_shipped", "returned"),
    ("saving_booked", "reversed"), ("invoice_issued", "disputed"), ("invoice_issued", "credited"),
    ("invoice_issued", "reissued"),
]  # fmt: skip


def person_keys(identifiers, salt):
    """The keyed hash of each identifier, as the macro person_key has it."""

    def digest(text):
        return hashlib.sha256(text.encode()).hexdigest()

    return [
        digest(salt + digest(f"{salt}{'' if name.startswith('+') or '@' in name else 'canonical'}:{name.lower()}"))[:32]
        for name in identifiers
    ]


def open_days(calendars, holidays, first, last):
    """Rows of calendar and day: the open period in UTC, its seconds, and the open seconds of the days before."""
    closed = {(row["calendar_id"], _date(row["holiday_on"])) for row in holidays}
    hours = {(row["calendar_id"], row["iso_weekday"]): row for row in calendars}
    zones = {row["calendar_id"]: zoneinfo.ZoneInfo(row["time_zone"]) for row in calendars}
    rows = []
    for calendar, zone in sorted(zones.items()):
        before = 0
        day = first - datetime.timedelta(days=7)
        while day <= last + datetime.timedelta(days=7):
            row = hours.get((calendar, day.isoweekday()))
            opens, seconds = None, 0
            if row and (calendar, day) not in closed:
                opens, closes = (
                    datetime.datetime.combine(day, datetime.time.fromisoformat(row[edge]), zone)
                    .astimezone(UTC)
                    .replace(tzinfo=None)
                    for edge in ("opens_at", "closes_at")
                )
                seconds = int((closes - opens).total_seconds())
            rows.append({
                "calendar_id": calendar, "day": day, "opens_at": opens, "open_seconds": seconds, "open_before": before
            })  # fmt: skip
            before += seconds
            day += datetime.timedelta(days=1)
    return rows


def _date(value):
    return value.date() if isinstance(value, datetime.datetime) else value
