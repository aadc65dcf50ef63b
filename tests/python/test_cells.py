"""Cells of a mart, group by group, once more in plain Python: every period, every unit, quiet ones included."""

import collections
import datetime
from zoneinfo import ZoneInfo

import pytest

from conftest import ZONE_OF_DEALERSHIP, rows

UNITS = {"total": None, "team": "team_id", "queue": "queue", "category": "category", "channel": "channel",
         "account": "account_id"}  # fmt: skip
DAY = datetime.timedelta(days=1)
WINDOW = 7
OF_ACCOUNTS = {"month", "fiscal_year", "to_date"}


def first_days(day, first_day):
    """(period type, first day) of each period in which a day lies."""
    monday = day - day.weekday() * DAY
    yield "week", monday
    for weeks in range(4):
        yield "28_days", monday - 7 * weeks * DAY
    yield "month", day.replace(day=1)
    yield "fiscal_year", day.replace(month=1, day=1)
    yield "to_date", first_day


def end_of(period_type, start, last_day):
    if period_type == "month":
        return (start + 31 * DAY).replace(day=1)
    if period_type == "fiscal_year":
        return start.replace(year=start.year + 1)
    return {"week": start + 7 * DAY, "28_days": start + 28 * DAY, "to_date": last_day + DAY}[period_type]


@pytest.fixture(scope="module")
def claims(dealership):
    found = rows(
        dealership[0],
        f"""
        select claim_type, claimed_at, observed_until, is_mature, verdict, {", ".join(filter(None, UNITS.values()))}
        from facts.fct_claim_verdicts
        where tier_set = 'return' and window_days = {WINDOW} and is_headline_cohort and business_function = 'service'
        """,
    )
    zone = ZoneInfo(ZONE_OF_DEALERSHIP)
    names = ["claim_type", "day", "observed_until", "is_mature", "verdict", *filter(None, UNITS.values())]
    claims = [dict(zip(names, row, strict=True)) for row in found]
    for claim in claims:
        claim["day"] = claim["day"].replace(tzinfo=datetime.UTC).astimezone(zone).date()
    assert len({claim["claim_type"] for claim in claims}) >= 5
    return claims


def expected_cells(claims):
    first_day, last_day = min(claim["day"] for claim in claims), max(claim["day"] for claim in claims)
    units, horizons, begun = set(), {}, {}
    sums = collections.defaultdict(lambda: [0, 0, 0])
    ends = {}
    for claim in claims:
        kind = claim["claim_type"]
        for unit_type, column in UNITS.items():
            unit = "(all)" if column is None else claim[column] or "(none)"
            units.add((kind, unit_type, unit))
            begun[kind, unit_type, unit] = min(begun.get((kind, unit_type, unit), claim["day"]), claim["day"])
            for period_type, start in first_days(claim["day"], first_day):
                cell = (kind, unit_type, unit, period_type, start)
                sums[cell][0] += 1
                sums[cell][1] += claim["verdict"] == "held"
                sums[cell][2] += claim["is_mature"] and claim["verdict"] == "falsified"
                ends[cell] = min(ends.get(cell, claim["observed_until"]), claim["observed_until"])
        horizons[kind] = min(horizons.get(kind, claim["observed_until"]), claim["observed_until"])
    named = {unit_type for _, unit_type, unit in units if unit != "(none)"}
    zone = ZoneInfo(ZONE_OF_DEALERSHIP)
    calendar = set()
    day = first_day
    while day <= last_day:
        # four weeks that begin before the first one are no whole period of this desk
        calendar |= {(kind, start) for kind, start in first_days(day, first_day)
                     if kind != "28_days" or start == day - day.weekday() * DAY}  # fmt: skip
        day += DAY
    cells = {}
    for kind, unit_type, unit in units:
        if unit_type not in named:
            continue
        for period_type, start in calendar:
            if unit_type == "account" and period_type not in OF_ACCOUNTS:
                continue
            end = end_of(period_type, start, last_day)
            if begun[kind, unit_type, unit] >= end:
                continue
            cell = (kind, unit_type, unit, period_type, start)
            observed = ends.get(cell, horizons[kind]).replace(tzinfo=datetime.UTC)
            # elapsed seconds, also over the hour that the clocks lose
            over = datetime.datetime(end.year, end.month, end.day, tzinfo=zone).astimezone(datetime.UTC)
            mature = period_type == "to_date" or observed - over >= WINDOW * DAY
            cells[cell] = (end, mature, *sums.get(cell, (0, 0, 0)))
    return cells


def test_every_cell_is_what_its_claims_are(dealership, claims):
    found = {
        tuple(row[:5]): tuple(row[5:])
        for row in rows(
            dealership[0],
            f"""
            select
                claim_type, unit_type, unit, period_type, period_start, period_end, is_period_mature, claim_count,
                held_count, falsified_count
            from marts.resolution_quality where window_days = {WINDOW}
            """,
        )
    }
    expected = expected_cells(claims)
    assert len(expected) > 5000
    assert {unit_type for _, unit_type, *_ in expected} == set(UNITS)
    assert sum(counts[2:] == (0, 0, 0) for counts in expected.values()) > 100
    wrong = {cell for cell in expected.keys() | found.keys() if expected.get(cell) != found.get(cell)}
    assert not wrong, [(cell, expected.get(cell), found.get(cell)) for cell in sorted(wrong, key=str)[:5]]
