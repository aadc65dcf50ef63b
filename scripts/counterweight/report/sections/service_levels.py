"""Service levels: in time and still solved, by the desk's clock and the customer's, and of all who rang."""

from counterweight import words
from counterweight.report import making, months
from counterweight.report.desk import Figure

NAME = "service_levels"
TITLE = "Service levels"
INTRO = (
    "A clock can be met and the customer still be waiting: it stops while a ticket is paused, it stops for good at "
    "the first resolution, and it counts only those who were answered. Each line stands beside what it leaves out, "
    "on the same cases."
)
QUERIES = {
    "months": """
        select
            metric, period_start, is_period_mature, item_count, judged_count, met_count, running_over_target_count,
            cohort_count, cohort_met_count, met_and_held_count, unobservable_share, clock_cohort_count, sla_met_rate,
            cohort_met_rate, met_and_held_rate, desk_clock_met_rate, customer_clock_met_rate, pause_share,
            open_again_count,
            timed_count, desk_seconds_mean, customer_seconds_mean, desk_seconds_p50, customer_seconds_p50,
            first_public_seconds_p50, useful_first_rate, templated_first_count, automatic_only_count, window_days
        from marts.service_levels
        where
            source_system = $system and period_type = 'month' and unit_type = 'total' and metric <> 'calls'
        order by metric, period_start
    """,
    "so_far": """
        select
            metric, item_count, judged_count, met_count, running_over_target_count, cohort_count, met_and_held_count,
            clock_cohort_count, clock_cohort_met_count, met_with_pauses_count, customer_met_count, calendar_met_count,
            unobservable_share, sla_met_rate, met_and_held_rate, desk_clock_met_rate, customer_clock_met_rate,
            pause_share,
            open_again_count, timed_count, desk_seconds_mean, customer_seconds_mean, desk_seconds_p50,
            customer_seconds_p50,
            first_public_seconds_p50, templated_first_count, automatic_only_count, useful_first_count, window_days
        from marts.service_levels
        where
            source_system = $system and period_type = 'to_date' and unit_type = 'total' and metric <> 'calls'
        order by metric
    """,
    "calls": """
        select
            period_type, period_start, is_period_mature, item_count, judged_count, met_count, answered_count,
            abandoned_count,
            short_abandon_count, unknown_wait_count, service_level_answered, service_level_offered,
            lost_from_service_level,
            abandon_rate, known_abandoned_count, tried_again_count, tried_again_rate, unknown_abandoned_share,
            window_days,
            (select min_n from reference.kpi_pairs where pair_id = 'P19') as min_n
        from marts.service_levels
        where
            source_system = $system and period_type in ('month', 'to_date') and unit_type = 'total' and metric = 'calls'
        order by period_type, period_start
    """,
}
# Fewer cases than this say nothing of a month: the catalogue's smallest cohort of P08, P09, P10 and P17.
LEAST = 50


def figures(desk):
    return making.figures(desk, MAKERS)


def silent(desk):
    return making.silent(desk, MAKERS)


def _of(desk, metric):
    """(answer, months, all so far) of a metric."""
    answer = desk.ask(QUERIES, "months")
    so_far = next((row for row in desk.ask(QUERIES, "so_far").rows if row["metric"] == metric), None)
    return answer, [row for row in answer.rows if row["metric"] == metric and row["item_count"]], so_far


def _held(desk):
    title = "In time, and did it stay solved?"
    answer, rows, so_far = _of(desk, "sla_resolution")
    known = months.judged(rows, "met_and_held_rate", "cohort_count", LEAST)
    if not known:
        return title, "no targets of resolution with enough tickets that can be judged"
    last = known[-1]
    says = (
        f"In {words.month(last['period_start'])} {words.percent(last['cohort_met_rate'])} were resolved in time; "
        f"{words.percent(last['met_and_held_rate'])} were in time and stayed solved for {last['window_days']} days."
    )
    if so_far and so_far["running_over_target_count"]:
        says += f" {so_far['running_over_target_count']:,} more run on over their target and are in no rate."
    return Figure(
        title=title,
        says=says + months.unknown(rows, "met_and_held_rate", "cohort_count", LEAST),
        answer=answer,
        n=f"{sum(row['cohort_count'] for row in known):,} judged tickets with a target in {months.many(known)}; "
        f"{words.percent(last['unobservable_share'])} of the last month's are of customers nobody could recognise",
        window=f"{last['window_days']} days",
        picture=months.picture(
            known, {"met": ("cohort_met_rate", "headline"), "met and held": ("met_and_held_rate", "reality")},
            says, "levels-held", y_title="of the judged", y_format=".0%",
        ),
    )  # fmt: skip


def _clocks(desk):
    title = "Whose clock?"
    answer, rows, so_far = _of(desk, "sla_resolution")
    known = months.judged(rows, "customer_clock_met_rate", "clock_cohort_count", LEAST)
    if not known:
        return title, "no targets of resolution with enough tickets that can be judged"
    last = known[-1]
    says = (
        f"In {words.month(last['period_start'])} {words.percent(last['desk_clock_met_rate'])} were in time by the "
        "desk's clock, which stops while a ticket waits and at its first resolution; "
        f"{words.percent(last['customer_clock_met_rate'])} by the customer's, which runs to the last. The desk's clock "
        f"stood still for {words.percent(last['pause_share'])} of the time."
    )
    if so_far and so_far["clock_cohort_count"]:
        says += (
            f" So far {words.percent(so_far['met_with_pauses_count'] / so_far['clock_cohort_count'])} were in time "
            "with the pauses counted, and "
            f"{words.percent(so_far['calendar_met_count'] / so_far['clock_cohort_count'])} by the calendar on the "
            "wall, which no target in opening hours promises."
        )
    return Figure(
        title=title,
        says=says + months.unknown(rows, "customer_clock_met_rate", "clock_cohort_count", LEAST),
        answer=answer,
        n=f"{sum(row['clock_cohort_count'] for row in known):,} tickets with a target in {months.many(known)}, "
        "customers unknown or not",
        window=f"{last['window_days']} days",
        picture=months.picture(
            known,
            {"desk's clock": ("desk_clock_met_rate", "headline"), "customer's": ("customer_clock_met_rate", "reality")},
            says, "levels-clocks", y_title="in time", y_format=".0%",
        ),
    )  # fmt: skip


def _reply(desk):
    title = "The first reply, and the first that helped"
    answer, rows, so_far = _of(desk, "first_reply")
    known = months.judged(rows, "desk_seconds_p50", "cohort_count", LEAST)
    if not known:
        return title, "no public replies with enough tickets that can be judged"
    last = known[-1]
    says = (
        f"In {words.month(last['period_start'])} half of the tickets had a public reply within "
        f"{words.span(last['first_public_seconds_p50'])}, machines included; one by a person within "
        f"{words.span(last['desk_seconds_p50'])}; "
        + (
            "one after which the customer did not write again within an hour, within "
            f"{words.span(last['customer_seconds_p50'])}."
            if last["customer_seconds_p50"] is not None
            else "fewer than half have had one that ended the matter so far."
        )
    )
    if so_far and so_far["templated_first_count"]:
        says += (
            f" {so_far['templated_first_count']:,} of {so_far['cohort_count']:,} first replies so far came from a "
            "template: an answer or a mere receipt, nobody can tell from here."
        )
    if so_far and so_far["automatic_only_count"]:
        says += f" {so_far['automatic_only_count']:,} tickets have had a machine's reply only and are in no line."
    _, _, targets = _of(desk, "sla_first_reply")
    if targets and targets["judged_count"] and targets["customer_seconds_p50"] is not None:
        says += (
            f" Of {targets['judged_count']:,} with a target of first reply, half had one within "
            f"{words.span(targets['desk_seconds_p50'])} by the desk's clock, and within "
            f"{words.span(targets['customer_seconds_p50'])} by the calendar."
        )
    return Figure(
        title=title,
        says=says + months.unknown(rows, "desk_seconds_p50", "cohort_count", LEAST),
        answer=answer,
        n=f"{sum(row['cohort_count'] for row in known):,} tickets with a reply by a person in {months.many(known)}",
        window="one hour after the reply",
        picture=months.picture(
            known,
            {
                "any reply": ("first_public_seconds_p50", "headline"),
                "by a person": ("desk_seconds_p50", "other"),
                "useful": ("customer_seconds_p50", "reality"),
            },
            says, "levels-reply", scale=1 / 3600, y_title="median hours", y_format="~g",
        ),
    )  # fmt: skip


def _last(desk):
    title = "To the first resolution, and to the last"
    answer, rows, so_far = _of(desk, "time_to_resolution")
    known = months.judged(rows, "customer_seconds_mean", "timed_count", LEAST)
    if not known:
        return title, "no month's tickets were followed long enough after their first resolution"
    last = known[-1]
    says = (
        f"In {words.month(last['period_start'])} a ticket took {words.span(last['desk_seconds_mean'])} on average to "
        f"its first resolution and {words.span(last['customer_seconds_mean'])} to its last."
    )
    if so_far and so_far["open_again_count"]:
        says += (
            f" {so_far['open_again_count']:,} are open again: how long they take is not known, and they are in no mean."
        )
    return Figure(
        title=title,
        says=says + months.unknown(rows, "customer_seconds_mean", "timed_count", LEAST),
        answer=answer,
        n=f"{sum(row['timed_count'] for row in known):,} resolved tickets in {months.many(known)}",
        window=f"{last['window_days']} days",
        picture=months.picture(
            known,
            {"to the first": ("desk_seconds_mean", "headline"), "to the last": ("customer_seconds_mean", "reality")},
            says, "levels-last", scale=1 / 3600, y_title="mean hours", y_format="~s",
        ),
    )  # fmt: skip


def _calls(desk):
    title = "In time on the telephone: of those answered, of all who rang"
    answer = desk.ask(QUERIES, "calls")
    rows = [row for row in answer.rows if row["period_type"] == "month" and row["item_count"]]
    so_far = next((row for row in answer.rows if row["period_type"] == "to_date"), None)
    least = max((row["min_n"] for row in rows), default=0)
    known = months.judged(rows, "service_level_offered", "item_count", least)
    if not known or not so_far:
        return title, "too few calls or chats whose waiting time is known"
    last = known[-1]
    says = (
        f"In {words.month(last['period_start'])} {words.percent(last['service_level_answered'])} of those answered "
        f"were answered in time, {words.percent(last['service_level_offered'])} of all who rang: "
        f"{words.percent(last['abandon_rate'])} gave up."
    )
    if so_far["known_abandoned_count"]:
        says += (
            f" So far {so_far['abandoned_count']:,} gave up; of the {so_far['known_abandoned_count']:,} of them whom "
            f"we recognise, {words.percent(so_far['tried_again_rate'])} tried again within a day."
        )
    if so_far["short_abandon_count"]:
        says += f" {so_far['short_abandon_count']:,} hung up at once and are in no rate."
    if so_far["unknown_wait_count"]:
        says += f" Of {so_far['unknown_wait_count']:,} answered ones nobody knows how long they waited."
    return Figure(
        title=title,
        says=says + months.unknown(rows, "service_level_offered", "item_count", least),
        answer=answer,
        n=f"{sum(row['item_count'] for row in known):,} contacts, answered or given up, in {months.many(known)}",
        window=f"{last['window_days'] * 24} hours (who tried again)",
        picture=months.picture(
            known,
            {"of answered": ("service_level_answered", "headline"), "of all": ("service_level_offered", "reality")},
            says, "levels-calls", y_title="answered in time", y_format=".0%",
        ),
    )  # fmt: skip


MAKERS = (_held, _clocks, _reply, _last, _calls)
