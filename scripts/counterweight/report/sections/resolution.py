"""Resolution: how soon and how many come back, what the tool sees of it, and which teams differ beyond their mix."""

from counterweight import words
from counterweight.report import charts
from counterweight.report.desk import Figure

NAME = "resolution"
TITLE = "Resolution: does it hold?"
INTRO = (
    "A resolution is a claim; customers answer later. Young claims are not counted as successes, they are not "
    "counted at all, and claims of customers nobody could recognise are in no rate. Back means: the same ticket "
    "reopened, a ticket linked to it, or the same customer with the same category and subcategory, by any channel. "
    "After some weeks a new problem of that kind cannot be told from the old one."
)
QUERIES = {
    "curve": """
        select
            claim_type, unit_type, unit, day_number, claim_count, unobservable_count, at_risk_count, returned_share,
            returned_share_low, returned_share_high, median_days_to_return, unobservable_share
        from marts.return_curves
        where source_system = $system and unit_type in ('total', 'closure_mode') and claim_type = 'ticket_resolved'
        order by unit_type desc, unit, day_number
    """,
    "months": """
        select
            period_start, is_period_mature, claim_count, pending_count, unobservable_count, cohort_count,
            falsified_count, reopened_count, hidden_by_auto_close_count, reopen_rate, hidden_by_auto_close_rate,
            return_rate, return_rate_low, return_rate_high, held_rate, unobservable_share, window_days
        from marts.resolution_quality
        where
            source_system = $system and claim_type = 'ticket_resolved' and period_type = 'month' and unit_type = 'total'
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P24')
        order by period_start
    """,
    "teams": """
        select
            unit, claim_count, cohort_count, held_rate, reopen_rate, return_rate, return_rate_low, return_rate_high,
            expected_returned_count, return_oe, return_oe_low, return_oe_high, is_outside_funnel, unobservable_share,
            window_days
        from marts.resolution_quality
        where
            source_system = $system and claim_type = 'ticket_resolved'
            and period_type = 'to_date' and unit_type = 'team'
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P24')
        order by unit
    """,
}
# Fewer judged claims than this say nothing of a team: the catalogue's smallest cohort of P24.
LEAST = 50
# Of claims still observed on a day: fewer make the curve's end a matter of chance.
LEAST_AT_RISK = 30


def figures(desk):
    return [figure for figure in (_curve(desk), _months(desk), _teams(desk)) if figure]


def _curve(desk):
    answer = desk.ask(QUERIES, "curve")
    names = {"(all)": "all", "silent_auto_close": "never confirmed by anybody", "confirmed": "confirmed"}
    rows = [
        {
            "days": row["day_number"],
            "series": names.get(row["unit"], row["unit"].replace("_", " ")),
            "value": row["returned_share"],
            "low": row["returned_share_low"],
            "high": row["returned_share_high"],
        }
        for row in answer.rows
        if row["at_risk_count"] >= LEAST_AT_RISK and row["returned_share"] is not None
    ]
    if not rows:
        return None
    total = [row for row in answer.rows if row["unit_type"] == "total"]
    at = {row["day_number"]: row["returned_share"] for row in total}
    says = (
        f"{words.percent(at.get(1))} are back after one day, {words.percent(at.get(7))} after a week, "
        f"{words.percent(at.get(30))} after 30 days, {words.percent(at.get(60))} after 60"
    )
    if total[0]["median_days_to_return"] is not None:
        says += f"; half of those who come back do so within {total[0]['median_days_to_return']} days"
    kinds = {
        series: "reality" if series == "all" else "other" for series in dict.fromkeys(row["series"] for row in rows)
    }
    return Figure(
        title="How soon do customers come back?",
        says=says + ".",
        answer=answer,
        n=f"{total[0]['claim_count']:,} resolutions of known customers; "
        f"{words.percent(total[0]['unobservable_share'])} more are of unknown ones and in no curve",
        window="60 days, young claims for as long as they were observed (Kaplan-Meier)",
        picture=charts.lines(
            rows, f"Share of resolutions that customers came back after, by day. {says}.", "return-curve", kinds,
            x="days", y_title="came back", y_format=".0%", low="low", high="high",
        ),
    )  # fmt: skip


def _months(desk):
    answer = desk.ask(QUERIES, "months")
    known = [row for row in answer.rows if row["return_rate"] is not None]
    if not known:
        return None
    series = {"reopened": "reopen_rate", "came back": "return_rate"}
    rows = [
        {"month": words.short_month(row["period_start"]), "series": name, "value": row[column]}
        for name, column in series.items()
        for row in known
    ]
    young = [
        words.month(row["period_start"]) for row in answer.rows if row["return_rate"] is None and row["claim_count"]
    ]
    last = known[-1]
    says = (
        f"In {words.month(last['period_start'])} the tool shows {words.percent(last['reopen_rate'])} reopened; "
        f"{words.percent(last['return_rate'])} came back. "
        f"{words.percent(last['hidden_by_auto_close_rate'])} came back after the ticket was closed, where "
        "the tool cannot reopen it."
    )
    if young:
        which = words.listed(young) if len(young) <= 3 else f"{len(young)} months, {young[0]} to {young[-1]}"
        says += f" {which}: not known yet, not followed long enough."
    return Figure(
        title="What the tool sees of it",
        says=says,
        answer=answer,
        n=f"{sum(row['cohort_count'] for row in known):,} judged resolutions in {len(known)} months",
        window=f"{last['window_days']} days",
        picture=charts.lines(
            rows, says, "return-months", {"reopened": "headline", "came back": "reality"},
            y_title="of the judged", y_format=".0%",
        ),
    )  # fmt: skip


def _teams(desk):
    answer = desk.ask(QUERIES, "teams")
    rows = [
        row
        for row in answer.rows
        if row["unit"] != "(none)" and row["cohort_count"] >= LEAST and row["return_oe"] is not None
    ]
    if not rows:
        return None
    outside = [row["unit"] for row in rows if row["is_outside_funnel"]]
    says = (
        f"{words.listed(outside)} {'lies' if len(outside) == 1 else 'lie'} outside what chance and the mix of work let "
        "expect: worth a look at the process."
        if outside
        else "No team stands out beyond chance, given its mix of work. A wide bar clears nobody: little is known there."
    )
    few = len([row for row in answer.rows if row["unit"] != "(none)"]) - len(rows)
    if few:
        says += f" {few} with fewer than {LEAST} judged resolutions are not drawn: unknown, not good."
    rows.sort(key=lambda row: row["unit"])
    return Figure(
        title="Came back, against what the mix of work lets expect",
        says=says,
        answer=answer,
        n=f"{sum(row['cohort_count'] for row in rows):,} judged resolutions of {len(rows)} teams, by name, not by rank",
        window=f"{rows[0]['window_days']} days",
        picture=charts.intervals(
            [
                {
                    "label": row["unit"],
                    "value": row["return_oe"],
                    "low": row["return_oe_low"],
                    "high": row["return_oe_high"],
                }
                for row in rows
            ],
            f"Returns over expected returns by team with 95 % intervals. {says}", "return-teams",
            "came back, over expected (1 = as the mix lets expect)", x_format=".1f",
            middle=1, middle_words="as expected",
            color_of=lambda row: ("over" if row["value"] > 1 else "under") if row["label"] in outside else None,
        ),
    )  # fmt: skip
