"""Three questions of an analyst, answered from the published marts. docs/questions.md says how to read the answers.

    .venv/bin/python docs/three_questions.py published/demo/current/counterweight.duckdb

Needs DuckDB and nothing of this project: copy what you need.
"""

import sys
import textwrap

import duckdb

# Of the last whole month, each team's resolutions against what its mix of categories lets expect from the others.
# is_outside_funnel: beyond three standard deviations of chance, widened where teams differ by more than chance anyhow.
HELD = """
    with last_months as (
        select source_system, max(period_start) as period_start
        from marts.resolution_quality
        where claim_type = 'ticket_resolved' and window_days = 7 and period_type = 'month' and unit_type = 'team'
            and is_period_mature and cohort_count > 0
        group by source_system
    )
    select
        quality.source_system, quality.period_start, quality.unit_type, quality.unit, quality.claim_count,
        quality.cohort_count, quality.falsified_count, quality.unobservable_share, quality.expected_returned_count,
        quality.return_rate, quality.return_rate_low, quality.return_rate_high,
        quality.return_oe, quality.return_oe_low, quality.return_oe_high, quality.funnel_high_3,
        quality.is_outside_funnel
    from marts.resolution_quality as quality
    inner join last_months
        on quality.source_system = last_months.source_system and quality.period_start = last_months.period_start
    where quality.claim_type = 'ticket_resolved' and quality.window_days = 7 and quality.period_type = 'month'
        and quality.unit_type in ('total', 'team')
    order by quality.source_system, quality.unit_type desc, quality.return_oe desc nulls last, quality.unit
"""
# Contacts to date that took less than their work lets expect, and the others: after which did the customer come back?
SPEED = """
    select
        source_system, unit_type, unit, cohort_count,
        quick_back_count, quick_back_count + quick_done_count as quick_count,
        slow_back_count, slow_back_count + slow_done_count as slow_count,
        back_difference, back_difference_low, back_difference_high, unobservable_share
    from marts.handle_time_in_context
    where period_type = 'to_date' and window_days = 7 and unit_type in ('total', 'category')
    order by source_system, unit_type desc, back_difference desc nulls last, unit
"""
# Resets and lockouts since the price, against the months before it and against the other accounts in the same months.
PRICE = """
    select
        source_system, unit_type, unit, price, currency, first_price_month, is_priced, paid_reset_count, mean_users,
        base_any_door_count, any_door_count, base_lockout_count, lockout_count,
        any_door_change, lockout_change, hidden_need, hidden_need_low, hidden_need_high,
        hidden_need_to_others, hidden_need_to_others_low, hidden_need_to_others_high
    from marts.priced_requests
    where period_type = 'to_date' and unit_type in ('total', 'account')
    order by source_system, unit_type desc, hidden_need_to_others_low desc nulls last, unit
"""
CATALOGUE = "select pair_id, min_n, tolerance from reference.kpi_pairs where pair_id in ('P01', 'P22', 'P24')"


def who_held_worst(connection):
    """Of last month's resolved tickets, which team's work held worst beyond chance, given its mix?"""
    enough = _catalogue(connection)["P24"]["min_n"]
    for system, rows in _by_system(connection, HELD):
        (total,) = [row for row in rows if row["unit_type"] == "total"]
        teams = [row for row in rows if row["unit_type"] == "team" and row["cohort_count"]]
        compared = [row for row in teams if row["return_oe"] is not None]
        large = [row for row in compared if row["cohort_count"] >= enough]
        worst = [row for row in compared if row["is_outside_funnel"] and row["return_oe"] > 1]
        yield (
            f"{system}, {total['period_start']:%B %Y}: {total['claim_count']:,} resolutions, "
            f"{total['cohort_count']:,} judged, {total['falsified_count']:,} came back within 7 days: "
            f"{_share(total['return_rate'])} ({_share(total['return_rate_low'])} to "
            f"{_share(total['return_rate_high'])}). Of {_share(total['unobservable_share'])} nobody could see it."
        )
        if not compared:
            yield "No team can be compared: too little is judged, or there is no other."
            continue
        named = ", ".join(row["unit"] for row in worst) or "none"
        yield f"Beyond chance, given its mix: {named}, of {len(compared)} teams."
        for row in worst or large[:1]:
            yield (
                f"{row['unit']}{'' if worst else f', the highest of those with {enough} judged'}: "
                f"{row['falsified_count']} of {row['cohort_count']} came back, "
                f"{row['expected_returned_count']:.1f} expected of its mix: {row['return_oe']:.2f} times as many "
                f"({row['return_oe_low']:.2f} to {row['return_oe_high']:.2f}). "
                f"Chance alone reaches {row['funnel_high_3']:.2f}."
            )
        small = len(compared) - len(large)
        if small:
            yield f"{small} of the teams have fewer than {enough} judged: what they show is mostly chance."


def is_speed_paid_with_repeats(connection):
    """Is shorter handle time paid with repeats?"""
    tolerance = _catalogue(connection)["P01"]["tolerance"]
    for system, rows in _by_system(connection, SPEED):
        (total,) = [row for row in rows if row["unit_type"] == "total"]
        if total["back_difference"] is None:
            yield f"{system}: no contacts quicker and slower than expected that can be judged."
            continue
        low, high = total["back_difference_low"], total["back_difference_high"]
        if low > tolerance:
            answer = "Yes"
        elif high <= tolerance:
            answer = f"No, or by less than the {_points(tolerance)} points that matter"
        else:
            answer = "Not decided by what there is"
        yield (
            f"{system}, to date: {total['cohort_count']:,} judged contacts. Of the {total['quick_count']:,} quicker "
            f"than their work lets expect {_share(_ratio(total, 'quick'))} came back within 7 days, of the "
            f"{total['slow_count']:,} others {_share(_ratio(total, 'slow'))}."
        )
        more = _points(total["back_difference"])
        yield f"{answer}: {more} points more after quick ones ({_points(low)} to {_points(high)})."
        compared = [row for row in rows if row["unit_type"] == "category" and row["back_difference"] is not None]
        paid = [row for row in compared if row["back_difference_low"] > 0]
        for row in paid:
            yield (
                f"{row['unit']}: {row['quick_back_count']} of {row['quick_count']} quick ones came back, "
                f"{row['slow_back_count']} of {row['slow_count']} others: {_points(row['back_difference'])} points "
                f"({_points(row['back_difference_low'])} to {_points(row['back_difference_high'])})."
            )
        yield (
            f"Categories that show it: {len(paid)} of {len(compared)}; of so many, chance alone shows "
            f"{len(compared) * 0.025:.1f}."
        )


def what_did_the_price_do(connection):
    """What did the price of a password reset do?"""
    tolerance = _catalogue(connection)["P22"]["tolerance"]
    for system, rows in _by_system(connection, PRICE):
        totals = [row for row in rows if row["unit_type"] == "total"]
        priced = [row for row in rows if row["first_price_month"] is not None]
        if not priced or not totals:
            yield f"{system}: no price is loaded (raw table costs, kind price:<category>): there is nothing to compare."
            continue
        total = totals[0]
        yield (
            f"{system}: {total['price']} {total['currency']} a reset from {total['first_price_month']:%B %Y} on, "
            f"{total['paid_reset_count']:,} of them asked for since the first whole month."
        )
        yield f"All accounts: {_need(total, 'hidden_need')}"
        accounts = [
            row for row in rows if row["unit_type"] == "account" and row["hidden_need_to_others_low"] is not None
        ]
        named = [row for row in accounts if row["is_priced"]]
        hit = named or [row for row in accounts if row["hidden_need_to_others_low"] > tolerance]
        if not named:
            yield (
                f"Nobody said whom the price concerns (variable priced_accounts). Each account against all others: "
                f"{len(hit)} of {len(accounts)} beyond chance and tolerance, "
                f"{len(accounts) * 0.025:.1f} by chance alone."
            )
        for row in hit:
            yield (
                f"{row['unit']}, {row['mean_users']:,.0f} users: "
                f"{_need(row, 'hidden_need_to_others', ' and the other accounts')}"
            )


QUESTIONS = (who_held_worst, is_speed_paid_with_repeats, what_did_the_price_do)


def _need(row, name, against=""):
    """Whether lockouts went on while resets went away."""
    if row[name] is None:
        return "too little to say."
    return (
        f"per user, {row['any_door_change']:.2f} times the resets by any door ({row['base_any_door_count']} before, "
        f"{row['any_door_count']} after) and {row['lockout_change']:.2f} times the lockouts "
        f"({row['base_lockout_count']}, {row['lockout_count']}). Lockouts against resets{against}: "
        f"{100 * row[name]:+.0f} % ({100 * row[name + '_low']:+.0f} % to {100 * row[name + '_high']:+.0f} %)."
    )


def _catalogue(connection):
    return {row["pair_id"]: row for row in _rows(connection, CATALOGUE)}


def _by_system(connection, query):
    systems = {}
    for row in _rows(connection, query):
        systems.setdefault(row["source_system"], []).append(row)
    return systems.items()


def _rows(connection, query):
    result = connection.execute(query)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _ratio(row, speed):
    return row[f"{speed}_back_count"] / row[f"{speed}_count"]


def _share(value):
    return "an unknown share" if value is None else f"{100 * value:.1f} %"


def _points(value):
    return f"{100 * value:.1f}"


def main(path):
    with duckdb.connect(path, read_only=True) as connection:
        for number, question in enumerate(QUESTIONS, start=1):
            print(f"{number}. {question.__doc__}")
            for line in list(question(connection)) or ["Nothing is published from which it could be answered."]:
                # a number and its sign stay together
                line = textwrap.fill(line.replace(" %", "~%"), 100, initial_indent="   - ", subsequent_indent="     ")
                print(line.replace("~%", " %"))


if __name__ == "__main__":
    main(*sys.argv[1:])
