"""Team experience: how full the day is, what it does to people, and what lasting work comes of it. Never a person."""

from counterweight import words
from counterweight.report import charts, making, months
from counterweight.report.desk import Figure

NAME = "team"
TITLE = "Team experience"
INTRO = (
    "How full the day is says how work is planned, not how people are. Beside it stands what strain shows in, and "
    "how much work that lasts comes of it. Nothing here is about a person: teams of few people, and what would give "
    "them away, are not shown."
)
QUERIES = {
    "months": """
        select
            period_start, is_period_mature, is_suppressed, agent_count, agent_day_count, paid_day_count,
            logged_in_day_count,
            utilisation_of_paid_time, occupancy_of_logged_in_time, strained_day_count, strained_day_share,
            back_to_back_share,
            long_streak_count, headcount, leavers, absence_rate, respondents, mean_satisfaction, resolved_count,
            cohort_count,
            held_count, lasting_work, resolutions_per_agent_day, lasting_work_per_agent_day, work_gap, work_gap_low,
            work_gap_high, expected_minutes_per_paid_hour, compared_agent_count, slowest_agent_count,
            slow_by_work_count,
            slow_by_work_share, window_days
        from marts.team_experience
        where source_system = $system and unit_type = 'total'
        order by period_start
    """,
    "teams": """
        select
            period_start, unit, is_suppressed, is_period_mature, agent_count, paid_day_count, logged_in_day_count,
            utilisation_of_paid_time, occupancy_of_logged_in_time, strained_day_share, absence_rate, leavers,
            resolved_count,
            cohort_count, resolutions_per_agent_day, lasting_work_per_agent_day, window_days
        from marts.team_experience
        where
            source_system = $system and unit_type = 'team'
            and period_start = (
                select max(period_start)
                from marts.team_experience
                where source_system = $system and unit_type = 'team' and is_period_mature
            )
        order by unit
    """,
}
# Fewer days than this say nothing of a month: the catalogue's smallest cohort of P15; of resolutions, that of P23.
LEAST_DAYS = 50
LEAST_WORK = 30


def figures(desk):
    return making.figures(desk, MAKERS)


def silent(desk):
    return making.silent(desk, MAKERS)


def _rows(answer):
    return [row for row in answer.rows if not row["is_suppressed"] and row["agent_day_count"]]


def _hidden(answer):
    """What is said of months in which the whole desk has too few agents to be shown."""
    count = len([row for row in answer.rows if row["is_suppressed"]])
    return f" {count} {'month' if count == 1 else 'months'} of too few people: not shown." if count else ""


def _full(desk):
    title = "How full is the day, and what does it do?"
    answer = desk.ask(QUERIES, "months")
    rows = _rows(answer)
    known = months.judged(rows, "occupancy_of_logged_in_time", "logged_in_day_count", LEAST_DAYS)
    if not known:
        return title, "nobody recorded how long agents were logged in"
    last = known[-1]
    says = (
        f"In {words.month(last['period_start'])} calls and chats filled "
        f"{words.percent(last['occupancy_of_logged_in_time'])} of the time logged in, and "
        f"{words.percent(last['strained_day_share'])} of agents' days were strained (handle time over 85 % of the time "
        "logged in)."
    )
    if last["utilisation_of_paid_time"] is not None:
        says += f" Of paid time it is {words.percent(last['utilisation_of_paid_time'])}."
    if last["back_to_back_share"] is not None:
        says += f" {words.percent(last['back_to_back_share'])} of calls began within 10 seconds after the last."
    says += " Work on tickets is in none of this."
    return Figure(
        title=title,
        says=says
        + months.unknown(rows, "occupancy_of_logged_in_time", "logged_in_day_count", LEAST_DAYS)
        + _hidden(answer),
        answer=answer,
        n=f"{sum(row['logged_in_day_count'] for row in known):,} agent-days with a known time logged in, "
        f"{months.many(known)}",
        picture=months.picture(
            known,
            {
                "occupancy": ("occupancy_of_logged_in_time", "headline"),
                "strained days": ("strained_day_share", "reality"),
            },
            says, "team-full", y_title="of time; of days", y_format="~%",
        ),
    )  # fmt: skip


def _strain(desk):
    title = "What strain may show in"
    answer = desk.ask(QUERIES, "months")
    rows = [row for row in answer.rows if not row["is_suppressed"] and (row["headcount"] or row["respondents"])]
    known = months.judged(rows, "absence_rate", "headcount", 1)
    if not known:
        return title, "absence and leavers are not delivered, or of too few people"
    last = known[-1]
    left = sum(row["leavers"] or 0 for row in known)
    says = (
        f"Absent in {words.month(last['period_start'])}: {words.percent(last['absence_rate'])} of working time. {left} "
        f"of about {last['headcount']} people left in {months.many(known)}."
    )
    pulses = [row for row in known if row["mean_satisfaction"] is not None]
    if pulses:
        says += (
            f" Mean satisfaction in pulses: {pulses[0]['mean_satisfaction']:.1f} in "
            f"{words.month(pulses[0]['period_start'])}, {pulses[-1]['mean_satisfaction']:.1f} in "
            f"{words.month(pulses[-1]['period_start'])}, of those who answered ({pulses[-1]['respondents']} then)."
        )
    says += " Why people are away or leave, no log knows."
    return Figure(
        title=title,
        says=says + months.unknown(rows, "absence_rate", "headcount", 1) + _hidden(answer),
        answer=answer,
        n=f"about {last['headcount']} people, as the source says, in {months.many(known)}",
        picture=months.picture(
            known, {"absent": ("absence_rate", "reality")}, says, "team-strain",
            y_title="of working time absent", y_format=".1%",
        ),
        table=(
            ["month", "people", "left", "absent", "answered the pulse", "mean satisfaction", "occupancy",
             "strained days"],
            [
                [
                    words.month(row["period_start"]),
                    words.count(row["headcount"]),
                    words.count(row["leavers"]),
                    words.percent(row["absence_rate"]),
                    words.count(row["respondents"]),
                    words.number(row["mean_satisfaction"]),
                    words.percent(row["occupancy_of_logged_in_time"]),
                    words.percent(row["strained_day_share"]),
                ]
                for row in rows
            ],
        ),
    )  # fmt: skip


def _work(desk):
    title = "What a day gets done, and what of it lasts"
    answer = desk.ask(QUERIES, "months")
    rows = [row for row in _rows(answer) if row["paid_day_count"]]
    known = months.judged(rows, "lasting_work_per_agent_day", "cohort_count", LEAST_WORK)
    if not known:
        return title, "no paid days, or too few resolutions that can be judged"
    last = known[-1]
    says = (
        f"In {words.month(last['period_start'])} an agent-day had {last['resolutions_per_agent_day']:.2f} resolutions; "
        f"weighed by how much work they are, and without those that came back within {last['window_days']} days, it is "
        f"{last['lasting_work_per_agent_day']:.2f}."
    )
    return Figure(
        title=title,
        says=says + months.unknown(rows, "lasting_work_per_agent_day", "cohort_count", LEAST_WORK) + _hidden(answer),
        answer=answer,
        n=f"{sum(row['resolved_count'] for row in known):,} resolutions on "
        f"{sum(row['paid_day_count'] for row in known):,} paid agent-days in {months.many(known)}",
        window=f"{last['window_days']} days",
        picture=months.picture(
            known,
            {
                "resolutions": ("resolutions_per_agent_day", "headline"),
                "lasting work": ("lasting_work_per_agent_day", "reality"),
            },
            says, "team-work", y_title="an agent-day", y_format="~g",
        ),
    )  # fmt: skip


def _slow(desk):
    title = "Slow in a ranking, or only busy with hard work?"
    answer = desk.ask(QUERIES, "months")
    rows = [row for row in _rows(answer) if row["slowest_agent_count"] and row["slow_by_work_count"] is not None]
    if not rows:
        return title, "too few agents with 30 contacts in a month to compare"
    slowest, by_work = (sum(row[it] for row in rows) for it in ("slowest_agent_count", "slow_by_work_count"))
    return Figure(
        title=title,
        says=(
            "A ranking by average handle time has a slow end each month. How many stand there only for the work they "
            "got: no longer than the same work lets expect, and their customers came back no more often. The others "
            "may be new, careful, or there by chance."
        ),
        answer=answer,
        n=f"{sum(row['compared_agent_count'] for row in rows):,} places in the rankings of {months.many(rows)}, of "
        "agents with at least 30 contacts",
        window=f"{rows[0]['window_days']} days",
        sides=(
            ("headline", f"{slowest:,}", "places in the slowest quarter of a month", ""),
            ("reality", f"{by_work:,}", "of these there for their work alone", words.percent(by_work / slowest)),
        ),
        badge=None if slowest >= LEAST_SLOW else ("not_enough_data", f"Fewer than {LEAST_SLOW} places"),
    )  # fmt: skip


# Fewer places than this say nothing: the catalogue's smallest cohort of P25.
LEAST_SLOW = 10


def _teams(desk):
    title = "Teams: resolutions, and lasting work"
    answer = desk.ask(QUERIES, "teams")
    rows = [row for row in answer.rows if row["unit"] != "(none)"]
    if not rows:
        return title, "no teams are named"
    hidden = len([row for row in rows if row["is_suppressed"]])
    shown = [
        row
        for row in rows
        if not row["is_suppressed"]
        and row["lasting_work_per_agent_day"] is not None
        and row["cohort_count"] >= LEAST_WORK
    ]
    if not shown:
        return title, (
            f"too few people in the {hidden} teams to show any, or it would give one away"
            if hidden == len(rows)
            else "no team has paid days and enough resolutions that can be judged"
        )
    month = words.month(shown[0]["period_start"])
    says = f"{month}, by name and not by rank: teams have different work. "
    full = [
        f"{row['unit']}: {words.percent(row['occupancy_of_logged_in_time'], 0)} and "
        f"{words.percent(row['strained_day_share'], 0)}"
        for row in shown
        if row["occupancy_of_logged_in_time"] is not None
    ]
    if full:
        says += f"Occupancy and strained days: {'; '.join(full)}. "
    if hidden:
        says += f"{hidden} of {len(rows)} teams are not shown: too few people, or it would give such a team away. "
    few = len(rows) - hidden - len(shown)
    if few:
        says += f"{few} with fewer than {LEAST_WORK} judged resolutions or no known paid days: unknown."
    return Figure(
        title=title,
        says=says.strip(),
        answer=answer,
        n=f"{sum(row['resolved_count'] for row in shown):,} resolutions of {len(shown)} teams",
        window=f"{shown[0]['window_days']} days",
        picture=charts.dots(
            [
                {
                    "label": row["unit"],
                    "headline": row["resolutions_per_agent_day"],
                    "reality": row["lasting_work_per_agent_day"],
                    "text": words.percent(row["absence_rate"]),
                }
                for row in shown
            ],
            f"Resolutions and lasting work an agent-day, by team. {says}", "team-teams",
            "an agent-day", x_format="~g", right="absent",
        ),
        legend=[(charts.HEADLINE, "○ resolutions", ""), (charts.REALITY, "● lasting work", "")],
    )  # fmt: skip


MAKERS = (_full, _strain, _work, _slow, _teams)
