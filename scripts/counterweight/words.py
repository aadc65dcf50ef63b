"""Values in words, for people: in the summary and the report. Unknown is said, never blank and never 0."""

import decimal
import re

UNKNOWN = "unknown"
# What moves a terminal's cursor, colours it, begins a line, or turns the direction of what follows.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# What a reading says, the worst first.
READINGS = {
    "blindfold": "The headline looks better than reality bears out",
    "both_worse": "Headline and reality are both worse",
    "aligned": "The gap is within the tolerance",
    "not_enough_data": "Not enough data to say",
    "not_measurable": "Not measurable: an input is missing",
}


def percent(share, digits=1):
    """A share as per cent: 0.143 is `14.3 %`; halves are rounded up, as in the marts."""
    if share is None:
        return UNKNOWN
    exact = decimal.Decimal(str(share)) * 100
    return f"{exact.quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP):,} %"


def plain(text):
    """A name from the data as one line shows it: what a terminal or a log would obey is written as `\\x1b`."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", str(text))


def count(number):
    return UNKNOWN if number is None else f"{number:,.0f}"


def number(value, digits=2):
    """A figure with no more digits than it has."""
    if value is None:
        return UNKNOWN
    return f"{int(value):,}" if value == int(value) else f"{value:,.{digits}f}"


def span(seconds):
    """Seconds as a person says them: `1 min 07 s`, `1 h 13 min`, `58 h 36 min`."""
    if seconds is None:
        return UNKNOWN
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours:,} h {rest // 60:02} min" if hours else f"{rest // 60} min {rest % 60:02} s"


def day(moment):
    return UNKNOWN if moment is None else f"{moment:%-d %B %Y %H:%M} UTC"


def month(date):
    return f"{date:%b %Y}"


def short_month(date):
    """For axes."""
    return f"{date:%b %y}"


def in_unit(value, unit):
    """A side of a pair by its unit in `kpi_pairs`: share, seconds, count, money or ratio."""
    if unit == "share":
        return percent(value)
    return span(value) if unit == "seconds" else number(value)


def between(low, high, say=number):
    """An interval, or nothing where there is none."""
    return "" if low is None or high is None else f"{say(low)} to {say(high)}"


def listed(names, last="and"):
    """`a, b and c`."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""
