"""What was published before and is no longer so: from, to, and why."""

from counterweight import words
from counterweight.report.desk import Figure

NAME = "changes"
TITLE = "What was published before, and is no longer so"
INTRO = (
    "A figure of a period that is over and mature should not move. Where this build says something else than the one "
    "before it, the rows behind both say why: some came late, some were put right, or a definition is another one. "
    "Nothing here is a judgement; it is what to answer when somebody quotes the old figure."
)
QUERIES = {
    "causes": """
        select cause, pair_id, headline_from, headline_to, reality_from, reality_to
        from marts.published_changes
        where source_system = $system and build_id = (select builds.build_id from audit.builds as builds)
        order by cause, pair_id
    """,
    "figures": """
        select
            period_type, period_start, pair_id, pair_name, window_days, value_unit, headline_from, headline_to,
            reality_from, reality_to, cause, explanation
        from marts.published_changes as changes
        where
            source_system = $system and unit_type in ('total', 'unit') and period_type <> '28_days'
            and build_id = (select builds.build_id from audit.builds as builds)
            and window_days is not distinct from (
                select window_days from reference.kpi_pairs as catalogue where catalogue.pair_id = changes.pair_id
            )
        order by period_start desc nulls first, period_type, pair_id, unit
    """,
}
CAUSES = {
    "late_data": "data that came late",
    "correction": "corrections in the source",
    "definition": "another definition",
    "erasure": "a person who was forgotten",
    "several": "several causes at once",
    "reassessment": "what all rows together decide",
}
PERIODS = {"week": "week from", "28_days": "28 days from", "month": "month from", "fiscal_year": "fiscal year from"}
# As many changed figures are shown; all are in the mart.
SHOWN = 15


def figures(desk):
    causes = desk.ask(QUERIES, "causes")
    if not causes.rows:
        return []
    counts = {}
    for row in causes.rows:
        counts[row["cause"]] = counts.get(row["cause"], 0) + 1
    most = sorted(counts, key=lambda cause: -counts[cause])
    because = words.listed(f"{counts[cause]:,} by {CAUSES[cause]}" for cause in most)
    found = desk.ask(QUERIES, "figures")
    rows = found.rows[:SHOWN]
    says = f"{len(causes.rows):,} figures in closed periods changed: {because}, counting every unit and period."
    if rows:
        says += f" Of the whole desk, in weeks, months and years: {len(found.rows):,}, the newest period first."
    if len(found.rows) > SHOWN:
        says += f" {SHOWN} of them are shown; marts.published_changes has all."
    return [
        Figure(
            title="Which figures changed with this build?",
            says=says,
            answer=found,
            n=f"{len(causes.rows):,} changed figures",
            table=(
                ["period", "pair", "headline", "reality", "why"],
                [
                    [
                        _period(row),
                        f"{row['pair_id']} {row['pair_name']}"
                        + (f", {row['window_days']} days" if row["window_days"] else ""),
                        _from_to(row, "headline"),
                        _from_to(row, "reality"),
                        row["explanation"],
                    ]
                    for row in rows
                ],
            ),
            is_open=True,
            size="wide",
        )
    ]


def _period(row):
    if row["period_type"] == "to_date":
        return "to date"
    return f"{PERIODS[row['period_type']]} {row['period_start']:%-d %b %Y}"


def _from_to(row, side):
    before, after = (words.in_unit(row[f"{side}_{end}"], row["value_unit"]) for end in ("from", "to"))
    return before if before == after else f"{before}, now {after}"
