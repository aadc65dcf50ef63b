"""Months of a mart: which can be judged, what is said of the others, and lines over them."""

from counterweight import words
from counterweight.report import charts


def judged(rows, column, count, least):
    """Months whose `column` is known, of at least so many."""
    return [row for row in rows if row[column] is not None and (row[count] or 0) >= least]


def unknown(rows, column, count, least):
    """What is said of the other months: too young, too few, not recorded. Begins with a space where there is any."""
    left = [row for row in rows if row not in judged(rows, column, count, least)]
    young = [row for row in left if row[column] is None and not row["is_period_mature"]]
    few = [row for row in left if row[column] is not None and row[count]]
    bare = [row for row in left if row[column] is None and row["is_period_mature"]]
    said = [
        (young, "not known yet, not followed long enough"),
        (few, f"fewer than {least}, not drawn"),
        (bare, "unknown"),
    ]
    return "".join(f" {_named(some)}: {why}." for some, why in said if some)


def many(rows):
    """`1 month`, `8 months`."""
    return f"{len(rows)} {'month' if len(rows) == 1 else 'months'}"


def _named(rows):
    if len(rows) <= 3:
        return words.listed(words.month(row["period_start"]) for row in rows)
    return f"{many(rows)}, {words.month(rows[0]['period_start'])} to {words.month(rows[-1]['period_start'])}"


def picture(rows, series, says, name, scale=1, **options):
    """Lines over judged months; `series`: {label: (column, kind of charts.lines)}. One month is no line: None."""
    if len(rows) < 2:
        return None
    return charts.lines(
        [
            {
                "month": words.short_month(row["period_start"]),
                "series": label,
                "value": None if row[column] is None else row[column] * scale,
            }
            for label, (column, _) in series.items()
            for row in rows
        ],
        f"{says} By month: the values are in the table below.",
        name,
        {label: kind for label, (_, kind) in series.items()},
        **options,
    )
