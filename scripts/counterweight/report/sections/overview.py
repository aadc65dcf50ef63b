"""First screen: what we said, what held, the bill, and how much of it could be seen."""

from counterweight import words
from counterweight.report import charts
from counterweight.report.desk import Figure

NAME = "overview"
TITLE = "What we said, and what held"
QUERIES = {
    "claims": """
        select
            claim_type, window_days, claim_count, pending_count, unobservable_count, unknown_customer_count,
            mature_count, cohort_count, held_count, falsified_count, reopened_count, hidden_by_auto_close_count,
            held_rate, return_rate, return_rate_low, return_rate_high, reopen_rate, unobservable_share,
            unknown_customer_share, observed_until
        from marts.resolution_quality
        where
            source_system = $system and period_type = 'to_date' and unit_type = 'total'
            and claim_type in ('ticket_resolved', 'contact_handled')
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P24')
        order by claim_type desc
    """,
    "bill": """
        select
            window_days, judged_count, returned_count, repeat_contact_count, unmeasured_repeat_count,
            billed_customer_count,
            billed_hours, billed_hours_low, billed_hours_high, billed_share_of_handle_time, currency, billed_amount,
            billed_amount_low, billed_amount_high, returned_ticket_count
        from marts.bill_of_returns
        where source_system = $system and period_type = 'to_date' and unit_type = 'total'
    """,
    "feeds": """
        select source_system, feed, observed_until, as_of
        from dimensions.dim_feed_coverage
        where source_system = $system
        order by feed
    """,
}
# What a claim type says was done.
CLAIMS = {
    "ticket_resolved": ("Tickets we called resolved", "resolved tickets", "resolved", "held"),
    "contact_handled": ("Contacts we called handled", "handled contacts", "handled", "held: nobody came back"),
}


def lead(desk):
    """What the page begins with: {title, sentence, tiles, figures}; each tile is (name, value, words below, kind)."""
    claims = desk.ask(QUERIES, "claims")
    found = [row for row in claims.rows if row["claim_count"]]
    bill = next(iter(desk.ask(QUERIES, "bill").rows), None)
    feeds = desk.ask(QUERIES, "feeds").rows
    as_of = feeds[0]["as_of"] if feeds else None
    if not found:
        return {
            "title": "Nothing was called done in this data",
            "sentence": "There are no resolutions and no handled contacts, so there is nothing to hold or come back.",
            "tiles": [],
            "figures": [],
            "as_of": as_of,
            "observed_until": None,
        }
    first = found[0]
    said, things, done, _ = CLAIMS[first["claim_type"]]
    window = first["window_days"]
    if first["cohort_count"]:
        title = f"Of what we called {done}, {words.percent(first['held_rate'])} held for {window} days"
        sentence = (
            f"{first['claim_count']:,} {things} so far; {first['cohort_count']:,} of them can be judged. "
            f"{first['falsified_count']:,} came back within {window} days"
            + (
                f"; the tool shows {first['reopened_count']:,} of these as reopened."
                if first["claim_type"] == "ticket_resolved"
                else "."
            )
        )
    else:
        title = f"Of what we called {done}, nothing can be judged yet"
        sentence = (
            f"{first['claim_count']:,} {things} so far, and of none is it known whether it held for {window} days."
        )
    return {
        "title": title,
        "sentence": sentence,
        "tiles": _tiles(first, said, bill, feeds),
        "figures": [_whole(row, claims) for row in found],
        "as_of": as_of,
        "observed_until": first["observed_until"],
    }


def _tiles(row, said, bill, feeds):
    window = row["window_days"]
    until = row["observed_until"]
    held = words.percent(row["held_rate"]) if row["cohort_count"] else words.UNKNOWN
    back = words.between(row["return_rate_low"], row["return_rate_high"], words.percent)
    tiles = [
        ("We said", words.count(row["claim_count"]), said.lower(), "headline"),
        (
            "It held",
            held,
            f"for {window} days; {words.percent(row['return_rate'])} came back (95 %: {back})"
            if row["cohort_count"]
            else "no claim can be judged yet",
            "reality",
        ),
        ("The bill", *_bill(bill), "reality"),
        (
            "We could see",
            words.percent(row["cohort_count"] / row["claim_count"]),
            f"of it well enough to judge; {row['pending_count']:,} not followed long enough, "
            f"{row['unobservable_count']:,} of customers unknown or shared",
            "context",
        ),
        (
            "How fresh",
            f"{until:%-d %b %Y}" if until else words.UNKNOWN,
            f"the last day on which a failure would have been seen; the data ends {feeds[0]['as_of']:%-d %b %Y}",
            "context",
        ),
    ]
    return tiles


def _bill(bill):
    """(value, words below) of what repeats cost."""
    if not bill or bill["billed_hours"] is None:
        return words.UNKNOWN, "no handle time of repeat contacts is recorded"
    hours = f"{bill['billed_hours']:,.0f} h"
    below = f"at least: talk and after-work of {bill['repeat_contact_count']:,} repeat contacts"
    if bill["billed_amount"] is not None:
        below = f"or {bill['billed_amount']:,.0f} {bill['currency']} {below}"
    if bill["billed_hours_low"] is not None:
        below += f" (95 %: {bill['billed_hours_low']:,.0f} to {bill['billed_hours_high']:,.0f} h)"
    if bill["unmeasured_repeat_count"]:
        below += f"; {bill['unmeasured_repeat_count']:,} more repeats took time that nobody recorded"
    return hours, below


def _whole(row, answer):
    """Where all that was called done went, as one bar."""
    title, things, _, held = CLAIMS[row["claim_type"]]
    counts, otherwise = {"held": row["held_count"]}, row["falsified_count"]
    if row["claim_type"] == "ticket_resolved":
        counts |= {"reopened": row["reopened_count"], "hidden": row["hidden_by_auto_close_count"]}
        otherwise -= row["reopened_count"] + row["hidden_by_auto_close_count"]
    counts |= {
        "otherwise": otherwise,
        "unobservable": row["unobservable_count"],
        "not known yet": row["pending_count"],
    }
    names = {
        "held": held,
        "reopened": "came back, reopened: the tool shows it",
        "hidden": "came back after the closing, not reopened",
        "otherwise": "came back by a new ticket or call",
        "unobservable": "customer unknown or shared: nobody can know",
        "not known yet": f"not followed for {row['window_days']} days: not known yet",
    }
    legend = [
        (part, names[part], f"{count:,}", words.percent(count / row["claim_count"])) for part, count in counts.items()
    ]
    says = f"{title}: " + "; ".join(f"{name} {count} ({share})" for _, name, count, share in legend) + "."
    return Figure(
        title=f"{title}: where they went",
        says=f"Shares of all {row['claim_count']:,}; a rate is of the {row['cohort_count']:,} that can be judged.",
        answer=answer,
        n=f"{row['claim_count']:,} {things}",
        window=f"{row['window_days']} days",
        picture=charts.parts(counts, says, f"whole-{row['claim_type'].replace('_', '-')}"),
        table=(
            ["what became of it", "claims", "share of all"],
            [[name, count, share] for _, name, count, share in legend],
        ),
        legend=[(charts.PARTS[part], name, f"{count} ({share})") for part, name, count, share in legend],
        size="wide bar",
    )
