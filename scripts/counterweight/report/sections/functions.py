"""The other functions: sales, marketing, HR, operations and finance beside service, and the money that stayed."""

import dataclasses

from counterweight import words
from counterweight.report import charts
from counterweight.report.desk import Figure
from counterweight.report.sections import pairs

NAME = "functions"
TITLE = "The six functions"
INTRO = (
    "The same illusion elsewhere: each function counts what it can call done today, and what becomes of it is known "
    "months later. Nothing younger than its window counts as a success. A reading is about a number, not about the "
    "people behind it."
)
QUERIES = {
    **pairs.QUERIES,
    "amounts": """
        select
            business_function, claim_type, pair_id, window_days, claim_count, cohort_count, pending_count, held_rate,
            falsified_rate, falsified_rate_low, falsified_rate_high, claimed_amount, cohort_amount, falsified_amount,
            stayed_amount, stayed_amount_share, realised_amount, reported_measure, reported_value
        from marts.business_claims_scorecard as cells
        where
            source_system = $system and period_type = 'to_date' and unit_type = 'total'
            and window_days = (
                select window_days from reference.kpi_pairs as catalogue where catalogue.pair_id = cells.pair_id
            )
        order by business_function, claim_type
    """,
}
# What each function calls done, and what can become of it.
MEANINGS = {
    "sales": "Sales counts a deal when it is signed; it can be gone within the year.",
    "marketing": "Marketing counts what was shown, liked and clicked; some would have been bought anyway.",
    "hr": "HR counts positions filled and offers accepted; whether the person stays is known a year later.",
    "operations": "Operations counts units shipped and defects found; customers find the others.",
    "finance": "Finance books savings and sends invoices; they come back as costs and disputes.",
}
LABELS = {"hr": "HR"}


# How `pairs.silent` says that inputs are missing.
NEEDS = "not measurable without "
# Readings, in few words.
READINGS = {
    "blindfold": "Headline looks better",
    "both_worse": "Both are worse",
    "aligned": "The gap is within the tolerance",
    "not_enough_data": "Not enough data",
    "not_measurable": "Not measurable",
}


def figures(desk):
    rows = desk.ask(pairs.QUERIES, "cells").rows
    function_of = {f"pair-{row['pair_id'].lower()}": row["business_function"] for row in rows}
    if not any(function != "service" for function in function_of.values()):
        return []
    cards = [
        dataclasses.replace(card, title=f"{_label(function_of[card.anchor])}: {card.title}")
        for card in pairs.figures(desk, business=True)
    ]
    # sorting keeps the worst reading of each function first
    cards.sort(key=lambda card: _place(function_of[card.anchor]))
    # what the function counts is said once, on its first card
    told = set()
    for place, card in enumerate(cards):
        function = function_of[card.anchor]
        if function in MEANINGS and function not in told:
            cards[place] = dataclasses.replace(card, says=f"{MEANINGS[function]} {card.says}")
        told.add(function)
    amounts = _amounts(desk)
    return [it for it in (_matrix(desk), amounts, *cards) if it] if cards or amounts else []


def silent(desk):
    """As `pairs.silent`, by table: where a table is missing, what would be in it needs no telling."""
    found = {}
    for why, names in pairs.silent(desk, business=True):
        before, sign, inputs = why.partition(NEEDS)
        missing = inputs.split(", ")
        tables = [it for it in missing if it.partition(".")[0] not in missing or "." not in it]
        found.setdefault(before + sign + ", ".join(tables) if sign else why, []).extend(names)
    return sorted(found.items())


def _label(function):
    return {"hr": "HR"}.get(function, function.replace("_", " ").capitalize())


def _place(function):
    """Service first, then functions in the order of MEANINGS; one's own at the end, by name."""
    order = ["service", *MEANINGS]
    return (order.index(function) if function in order else len(order), function)


def _matrix(desk):
    """All pairs by function, as one look."""
    answer = desk.ask(QUERIES, "cells")
    by_pair = {}
    for row in answer.rows:
        by_pair.setdefault(row["pair_id"], []).append(row)
    by_function = {}
    for pair, rows in by_pair.items():
        cell = pairs.newest_cell(rows) or rows[0]
        by_function.setdefault(cell["business_function"], []).append((pair, cell))
    functions = sorted(by_function, key=_place)
    cells, said = [], []
    for function in functions:
        readings = [cell["reading"] for _, cell in by_function[function]]
        for reading, short in READINGS.items():
            if reading in readings:
                cells.append({"x": short, "y": _label(function), "kind": reading, "text": str(readings.count(reading))})
        said.append(f"{_label(function)}: {readings.count('blindfold')} of {len(readings)}")
    return Figure(
        title="Which functions' headlines hold?",
        says=f"Headlines that look better than reality bears out: {'; '.join(said)}. The pairs of service are above.",
        answer=answer,
        n=f"{len(by_pair)} pairs of {len(functions)} functions",
        window="each pair its own, on its card",
        picture=charts.grid(
            cells,
            f"Pairs of each function by reading. {'; '.join(said)} look better than reality bears out.",
            "functions-matrix",
            [short for short in READINGS.values() if short in {cell["x"] for cell in cells}],
            [_label(function) for function in functions],
            width=charts.HALF - 200,
            cell_height=28,
            x_angle=-20,
        ),
        table=(
            ["function", "pair", "", "reading", "headline", "reality"],
            [
                [
                    _label(function),
                    pair,
                    cell["pair_name"],
                    words.READINGS[cell["reading"]],
                    *(words.in_unit(cell[side], cell["value_unit"]) for side in ("headline", "reality")),
                ]
                for function in functions
                for pair, cell in by_function[function]
            ],
        ),
    )


def _amounts(desk):
    """Of the money that was claimed, how much was still there after the window."""
    answer = desk.ask(QUERIES, "amounts")
    rows = [row for row in answer.rows if row["cohort_amount"] and row["stayed_amount_share"] is not None]
    if not rows:
        return None
    rows.sort(key=lambda row: (_place(row["business_function"]), row["claim_type"]))
    worst = min(rows, key=lambda row: row["stayed_amount_share"])
    says = (
        f"Least stayed of {_claim(worst)}: {_short(worst['stayed_amount'])} of {_short(worst['cohort_amount'])}, "
        f"{words.percent(worst['stayed_amount_share'])}, after {worst['window_days']} days. "
        "Amounts are as the source gives them; no currency is said, and they are never added up."
    )
    shown = [row for row in rows if row["realised_amount"] is not None]
    for row in shown:
        says += (
            f" Of {_claim(row)} the ledger shows {_short(row['realised_amount'])}: what was seen, of "
            f"{_short(row['cohort_amount'])} that was claimed."
        )
    return Figure(
        title="What was claimed, and what stayed",
        says=says,
        answer=answer,
        n=f"{sum(row['cohort_count'] for row in rows):,} claims old enough to judge; "
        f"{sum(row['pending_count'] for row in rows):,} are younger and in no share",
        window=words.listed(f"{_claim(row)} {row['window_days']} days" for row in rows),
        picture=charts.bars(
            [
                {
                    "label": f"{_label(row['business_function'])}: {_claim(row)}",
                    "value": row["stayed_amount_share"],
                    "text": f"{words.percent(row['stayed_amount_share'])} of {_short(row['cohort_amount'])}",
                }
                for row in rows
            ],
            f"Share of the claimed amount that stayed, by type of claim. {says}",
            "functions-amounts",
            "of the claimed amount, stayed",
            x_format=".0%",
            width=charts.HALF - 310,
        ),
        table=(
            [
                "function", "claim", "window", "claims", "judged", "too young", "held", "claimed amount",
                "judged amount", "stayed", "shown by the ledger", "as reported",
            ],
            [
                [
                    _label(row["business_function"]), _claim(row), f"{row['window_days']} days",
                    f"{row['claim_count']:,}",
                    f"{row['cohort_count']:,}", f"{row['pending_count']:,}", words.percent(row["held_rate"]),
                    *(
                        words.count(row[it]) if row[it] is not None else "none"
                        for it in ("claimed_amount", "cohort_amount", "stayed_amount", "realised_amount")
                    ),
                    words.number(row["reported_value"]),
                ]
                for row in answer.rows
            ],
        ),
    )  # fmt: skip


def _claim(row):
    """`deal_closed` as a person says it."""
    return row["claim_type"].replace("_", " ")


def _short(amount):
    """An amount with three digits: 57.2 million."""
    if abs(amount) >= 1e6:
        return f"{amount / 1e6:,.1f} million"
    return f"{amount:,.0f}"
