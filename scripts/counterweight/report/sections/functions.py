"""The other functions: sales, marketing, HR, operations and finance beside service, and the money that stayed."""

import dataclasses

from counterweight import words
from counterweight.report import charts
from counterweight.report.desk import Figure
from counterweight.report.sections import pairs

NAME = "functions"
TITLE = "The six functions"
INTRO = (
    "The same illusion elsewhere: each function counts what it can call done today, and what becomes of it is known months "
    "later. Nothing younger than its window counts as a success. A reading is about a number, not about the people behind it."
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
    "service": "Service calls a ticket resolved; the customer says later whether it was. Its pairs have their own section.",
    "sales": "Sales counts a deal when it is signed; it can be gone within the year. Pipeline counts before anybody has paid.",
    "marketing": "Marketing counts what was shown, liked and clicked; some of that would have been bought anyway.",
    "hr": "HR counts a position filled and an offer accepted; whether the person stays is known a year later.",
    "operations": "Operations counts units shipped and defects found; customers find the others.",
    "finance": "Finance books a saving and sends an invoice; savings come back as costs, invoices as disputes.",
}
LABELS = {"hr": "HR"}


def figures(desk):
    by_function = _by_function(desk)
    if not any(function != "service" for function in by_function):
        return []
    found = [_matrix(desk, by_function)]
    functions = {row["pair_id"]: row["business_function"] for row in desk.ask(pairs.QUERIES, "cells").rows}
    cards = pairs.figures(desk, business=True)
    pair_of = {pairs.card_anchor(pair): pair for pair in functions}
    for function in by_function:
        if function == "service":
            continue
        mine = [card for card in cards if functions[pair_of[card.anchor]] == function]
        found += [dataclasses.replace(card, title=f"{_label(function)}: {card.title}") for card in mine]
    return [it for it in (*found, _amounts(desk)) if it]


def silent(desk):
    return pairs.silent(desk, business=True)
