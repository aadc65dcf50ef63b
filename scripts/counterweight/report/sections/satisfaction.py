"""Satisfaction: whose voice is in the score, what it is of those who came back, and what if everybody answered."""

from counterweight import words
from counterweight.report import charts, making, months
from counterweight.report.desk import Figure

NAME = "satisfaction"
TITLE = "Satisfaction: whose voice?"
INTRO = (
    "A score is of those who were asked and answered. Here it stands beside what it would be if each kind of "
    "customer had answered alike, and beside the bounds that nobody can argue with: all the silent content, or none "
    "of them."
)
QUERIES = {
    "months": """
        select
            period_type, period_start, is_period_mature, reported_eligible_count, reported_rated_count, reported_csat,
            pending_count, eligible_count, sent_count, answered_count, rated_count, satisfied_count,
            agent_eligible_count,
            agent_send_rate, other_send_rate, came_back_send_rate, stayed_away_send_rate, asked_gap, asked_gap_low,
            asked_gap_high, send_rate, response_rate, coverage, csat, csat_low, csat_high, weighed_csat, least_csat,
            most_csat,
            (select min_n from reference.kpi_pairs where pair_id = 'P13') as min_n
        from marts.survey_coverage
        where source_system = $system and period_type in ('month', 'to_date') and unit_type = 'total'
        order by period_type, period_start
    """,
    "channels": """
        select
            unit_type, unit, rated_count, back_rated_count, back_satisfied_count, stayed_rated_count,
            stayed_satisfied_count,
            judged_rated_count, judged_satisfied_count, csat_of_those_who_came_back, csat_of_those_who_stayed_away,
            judged_csat,
            came_back_gap, came_back_gap_low, came_back_gap_high,
            (select min_n from reference.kpi_pairs where pair_id = 'P14') as min_n
        from marts.survey_coverage
        where source_system = $system and period_type = 'to_date' and unit_type in ('total', 'channel')
        order by unit_type desc, unit
    """,
}
# Scores of fewer customers who came back are drawn by nobody.
LEAST_BACK = 10


def figures(desk):
    return making.figures(desk, MAKERS)


def silent(desk):
    return making.silent(desk, MAKERS)


def _months(desk):
    title = "What the score can say"
    answer = desk.ask(QUERIES, "months")
    rows = [row for row in answer.rows if row["period_type"] == "month" and row["reported_rated_count"]]
    so_far = next((row for row in answer.rows if row["period_type"] == "to_date"), None)
    least = max((row["min_n"] for row in rows), default=0)
    known = months.judged(rows, "csat", "rated_count", least)
    if not known or not so_far or so_far["csat"] is None:
        return title, "no surveys, or too few scores that can be judged"
    says = (
        f"So far {words.percent(so_far['csat'])} of those who gave a score are satisfied: "
        f"{words.percent(so_far['coverage'])} of the customers who could be asked. Were all the silent dissatisfied it "
        f"would be {words.percent(so_far['least_csat'])}, were they all content {words.percent(so_far['most_csat'])}"
    )
    if so_far["weighed_csat"] is not None:
        says += f"; were they like those of their kind who answered, {words.percent(so_far['weighed_csat'])}"
    says += "."
    drawn = [
        {"month": words.short_month(row["period_start"]), "series": series, "value": row[column]} | band
        for series, column, bounded in (("score", "csat", False), ("weighed", "weighed_csat", True))
        for row in known
        for band in [{"least": row["least_csat"], "most": row["most_csat"]} if bounded else {}]
    ]
    return Figure(
        title=title,
        says=says + months.unknown(rows, "csat", "rated_count", least),
        answer=answer,
        n=f"{so_far['rated_count']:,} scores of {so_far['eligible_count']:,} customers who could be asked",
        window="14 days to answer",
        picture=charts.lines(
            drawn, f"Satisfied by month: the score, and weighed; the band is what is possible. {says}",
            "satisfaction-months",
            {"score": "headline", "weighed": "reality"}, y_title="satisfied (band: what is possible)", y_format=".0%",
            low="least", high="most",
        )
        if len(known) > 1
        else None,
    )  # fmt: skip


def _asked(desk):
    title = "Who was asked, and who answered"
    answer = desk.ask(QUERIES, "months")
    row = next((row for row in answer.rows if row["period_type"] == "to_date"), None)
    if not row or not row["eligible_count"]:
        return title, "no surveys that can be judged"
    says = f"{words.percent(row['send_rate'])} were asked, {words.percent(row['response_rate'])} of them gave a score."
    if row["agent_send_rate"] is not None and row["other_send_rate"] is not None:
        says += (
            f" Where an agent decides, {words.percent(row['agent_send_rate'])} are asked; elsewhere, "
            f"{words.percent(row['other_send_rate'])}."
        )
    if row["asked_gap_low"] is not None:
        back, stayed = words.percent(row["came_back_send_rate"]), words.percent(row["stayed_away_send_rate"])
        verdict = (
            "those who came back are asked less"
            if row["asked_gap_low"] > 0
            else "those who came back are asked more"
            if row["asked_gap_high"] < 0
            else "no difference beyond chance"
        )
        says += f" Of those who came back {back} are asked, of those who stayed away {stayed}: {verdict}."
    if row["pending_count"]:
        says += f" {row['pending_count']:,} more may still answer."
    whole = row["eligible_count"]
    steps = [
        ("could be asked", whole),
        ("were asked", row["sent_count"]),
        ("gave a score", row["rated_count"]),
        ("are satisfied", row["satisfied_count"]),
    ]
    return Figure(
        title=title,
        says=says,
        answer=answer,
        n=f"{whole:,} customers who could be asked",
        window="14 days to answer",
        picture=charts.bars(
            [
                {"label": name, "value": count, "text": f"{count:,} ({words.percent(count / whole, 0)})"}
                for name, count in steps
            ],
            f"From customers who could be asked to satisfied ones. {says}",
            "satisfaction-asked", "customers", x_format=",d",
            width=charts.HALF - 220,
        ),
    )  # fmt: skip


def _back(desk):
    title = "Satisfied, after they had to come back?"
    answer = desk.ask(QUERIES, "channels")
    total = next((row for row in answer.rows if row["unit_type"] == "total"), None)
    if (
        not total
        or total["csat_of_those_who_came_back"] is None
        or total["judged_rated_count"] < total["min_n"]
        or total["back_rated_count"] < LEAST_BACK
    ):
        return title, "too few scores of customers who came back"
    channels = [
        row
        for row in answer.rows
        if row["unit_type"] == "channel" and row["unit"] != "(none)" and row["judged_rated_count"]
    ]
    rows = [
        row for row in channels if row["back_rated_count"] >= LEAST_BACK and row["judged_rated_count"] >= row["min_n"]
    ]
    says = (
        f"Of those who came back {words.percent(total['csat_of_those_who_came_back'])} are satisfied, of all whose "
        f"return is known {words.percent(total['judged_csat'])}: the score is made by those who stayed away."
    )
    few = len(channels) - len(rows)
    if few:
        says += (
            f" {few} {'channel' if few == 1 else 'channels'} with fewer than {LEAST_BACK} scores of those who came "
            "back: unknown."
        )
    return Figure(
        title=title,
        says=says,
        answer=answer,
        n=f"{total['judged_rated_count']:,} scores, {total['back_rated_count']:,} of them of customers who came back",
        window="of the return: 7 days; 14 days to answer",
        picture=charts.dots(
            [
                {
                    "label": "all" if row is total else row["unit"].replace("_", " "),
                    "headline": row["judged_csat"],
                    "reality": row["csat_of_those_who_came_back"],
                    "text": f"{row['back_rated_count']:,}",
                }
                for row in [total, *rows]
            ],
            f"Satisfied among all whose return is known and among those who came back, by channel. {says}",
            "satisfaction-back",
            "satisfied", x_format=".0%", right="scores of who came back",
        ),
        legend=[(charts.HEADLINE, "○ all whose return is known", ""), (charts.REALITY, "● came back", "")],
    )  # fmt: skip


MAKERS = (_months, _asked, _back)
