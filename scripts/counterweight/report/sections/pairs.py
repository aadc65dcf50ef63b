"""Every headline beside the reality that it can hide."""

import re

from counterweight import words
from counterweight.report import charts
from counterweight.report.desk import Figure

NAME = "pairs"
TITLE = "Every headline beside its reality"
INTRO = (
    "Each card is one pair on the same cohort, drawn as an index where up is better: dashed what the dashboard "
    "says, solid what happened, shaded what lies between. The gap stands beside the largest one still tolerated: "
    "tolerances are the catalogue's, a convention and no law. A reading is no verdict on people."
)
QUERIES = {
    "cells": """
        select
            pair_id, pair_name, business_function, period_type, period_start, value_unit, window_days, is_period_mature,
            cohort_count, headline_as_reported, headline, reality, gap, gap_low, gap_high, gap_trend, tolerance, min_n,
            reading, missing_inputs
        from marts.balanced_scorecard as cells
        where
            source_system = $system and unit_type = 'total' and period_type in ('month', 'fiscal_year', 'to_date')
            and window_days is not distinct from
                (select window_days from reference.kpi_pairs as catalogue where catalogue.pair_id = cells.pair_id)
        order by pair_id, period_type, period_start
    """,
    "catalogue": """
        select
            pair_id, question, headline_as_reported, headline_on_cohort, reality, gap, headline_direction,
            reality_direction
        from reference.kpi_pairs
        order by pair_id
    """,
}
ORDER = list(words.READINGS)
# A reading on a card; its meaning in full is on the first screen.
BADGES = {
    "blindfold": "Headline looks better",
    "both_worse": "Both are worse",
    "aligned": "Within tolerance",
    "not_enough_data": "Not enough data",
    "not_measurable": "Not measurable",
}


def figures(desk, business=False):
    """A card for each pair that has values, the worst reading first. `business`: of the other functions."""
    cells = desk.ask(QUERIES, "cells")
    catalogue = {row["pair_id"]: row for row in desk.ask(QUERIES, "catalogue").rows}
    by_pair = {}
    for row in cells.rows:
        if (row["business_function"] != "service") == business:
            by_pair.setdefault(row["pair_id"], []).append(row)
    cards = [_card(rows, catalogue.get(pair), cells) for pair, rows in by_pair.items() if newest_cell(rows)]
    return sorted(cards, key=lambda card: ORDER.index(card.badge[0]))


def hiding(desk):
    """(pair, headline, reality, anchor) of each pair that reads as a blindfold, for the first screen; and how many
    pairs there are of each reading."""
    by_pair = {}
    for row in desk.ask(QUERIES, "cells").rows:
        by_pair.setdefault(row["pair_id"], []).append(row)
    newest = {pair: newest_cell(rows) or rows[0] for pair, rows in by_pair.items()}
    readings = {reading: [pair for pair, row in newest.items() if row["reading"] == reading] for reading in ORDER}
    found = [
        (
            row["pair_name"],
            # a claim of each case says done: 100 % is nobody's number
            "all"
            if row["headline"] == 1 and row["value_unit"] == "share"
            else words.in_unit(row["headline"], row["value_unit"]),
            words.in_unit(row["reality"], row["value_unit"]),
            _anchor(pair),
        )
        for pair, row in newest.items()
        if row["reading"] == "blindfold"
    ]
    return found, {reading: len(pairs) for reading, pairs in readings.items()}


def silent(desk, business=False):
    """(what is missing, pairs) of those that this desk cannot measure or not judge yet: said, never left out."""
    by_pair = {}
    for row in desk.ask(QUERIES, "cells").rows:
        if (row["business_function"] != "service") == business:
            by_pair.setdefault(row["pair_id"], []).append(row)
    reasons = {}
    for rows in by_pair.values():
        if not newest_cell(rows):
            missing = rows[0]["missing_inputs"]
            why = (
                f"not measurable without {missing.replace(';', ', ')}" if missing else "nothing that can be judged yet"
            )
            reasons.setdefault(why, []).append(f"{rows[0]['pair_id']} {rows[0]['pair_name']}")
    return sorted(reasons.items())


def newest_cell(rows):
    """The cell that a card reads: all so far, else the newest month or year with values; None without any. Never that
    with the clearest reading: of twenty months some are clear by chance."""
    found = [row for row in rows if row["headline"] is not None and row["reality"] is not None]
    return max(
        found,
        key=lambda row: (row["period_type"] == "to_date", row["period_start"]),
        default=None,
    )


def _anchor(pair):
    return f"pair-{pair.lower()}"


def _card(rows, meaning, answer):
    cell = newest_cell(rows)
    pair, unit = cell["pair_id"], cell["value_unit"]
    months = [row for row in rows if row["period_type"] == "month"]
    # what is before the first value and after the last is not known, and drawn as nothing
    known = [row for row in months if row["headline"] is not None and row["reality"] is not None]
    labels = [words.short_month(row["period_start"]) for row in known]
    sides = " and ".join(f"{side} {words.in_unit(cell[side], unit)}" for side in ("headline", "reality"))
    says = f"{cell['pair_name']}: {sides}."
    picture = None
    if len(known) > 1:
        picture = charts.pair(
            labels,
            [row["headline"] for row in known],
            [row["reality"] for row in known],
            (meaning["headline_direction"], meaning["reality_direction"]),
            all(_is_one_scale(row, meaning) for row in known),
            f"{says} By month, from {labels[0]} to {labels[-1]}: the values are in the table below.",
            _anchor(pair),
        )
    period = _period(cell)
    return Figure(
        title=cell["pair_name"],
        says=meaning["question"],
        answer=answer,
        n=f"{cell['cohort_count']:,} ({period})",
        window=f"{cell['window_days']} days" if cell["window_days"] is not None else None,
        picture=picture,
        badge=(cell["reading"], BADGES[cell["reading"]]),
        sides=tuple(
            (
                side,
                words.in_unit(cell[side], unit),
                _meaning(meaning, side),
                f"as reported: {_as_reported(cell)}"
                if side == "headline" and cell["headline"] == 1
                else _change(known, side, unit),
            )
            for side in ("headline", "reality")
        ),
        gap=_gap(cell, meaning),
        table=(
            ["period", "n", "as reported", "headline", "reality", "gap (95 %)", "reading"],
            [
                [
                    _period(row),
                    f"{row['cohort_count']:,}",
                    _as_reported(row),
                    words.in_unit(row["headline"], unit),
                    words.in_unit(row["reality"], unit),
                    words.UNKNOWN
                    if row["gap"] is None
                    else f"{words.percent(row['gap'])} "
                    f"({words.between(row['gap_low'], row['gap_high'], words.percent) or 'no interval'})",
                    words.READINGS[row["reading"]],
                ]
                for row in rows
            ],
        ),
        anchor=_anchor(pair),
        size="third",
    )


def _period(row):
    if row["period_type"] == "to_date" or row["period_start"] is None:
        return "all so far"
    month = words.month(row["period_start"])
    return month if row["period_type"] == "month" else f"fiscal year from {month}"


def _as_reported(row):
    """What a dashboard shows. It may be a count or days where both sides are shares: then it is no per cent."""
    value = row["headline_as_reported"]
    if row["value_unit"] == "share" and value is not None and not 0 <= value <= 1:
        return words.number(value)
    return words.in_unit(value, row["value_unit"])


def _meaning(catalogue, side):
    """What a side is, in the catalogue's words: without names of its inputs, and whole where it says `the same`."""
    words_of = catalogue["reality"] if side == "reality" else catalogue["headline_on_cohort"]
    if words_of.startswith("The same"):
        words_of = f"{catalogue['headline_as_reported']}; t{words_of[1:]}"
    return re.sub(r" \([a-z_]*_[a-z_]*\)", "", words_of)


def _gap(cell, meaning):
    """The gap with its interval beside what is tolerated, and what it is, in the catalogue's words."""
    sure = words.between(cell["gap_low"], cell["gap_high"], words.percent)
    return (
        f"Gap {words.percent(cell['gap'])} ({f'95 %: {sure}' if sure else 'no interval'}), "
        f"tolerance {words.percent(cell['tolerance'], 0)}. {meaning['gap']}."
    )


def _is_one_scale(row, meaning):
    """Whether both sides can be drawn on one scale: they are times or money, or the gap is what lies between them."""
    if meaning["headline_direction"] != meaning["reality_direction"] or row["gap"] is None:
        return False
    if row["value_unit"] in ("seconds", "money"):
        return True
    headline, reality, gap = row["headline"], row["reality"], row["gap"]
    between = [headline - reality, reality - headline]
    if headline and reality:
        between += [reality / headline - 1, headline / reality - 1, 1 - headline / reality, 1 - reality / headline]
    return any(abs(gap - it) < 0.002 for it in between)


def _change(known, side, unit):
    """From where the side came: the first month's value."""
    if len(known) < 2:
        return ""
    ends = (known[0], known[-1])
    return " → ".join(f"{words.in_unit(row[side], unit)} ({row['period_start']:%b})" for row in ends)
