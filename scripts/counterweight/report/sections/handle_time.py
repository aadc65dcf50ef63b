"""Handle time in context: what the work lets expect, who came back, what made it hard, and whom one target misfits."""

from counterweight import words
from counterweight.report import charts, making, months
from counterweight.report.desk import Figure

NAME = "handle_time"
TITLE = "Handle time in context"
INTRO = (
    "A handle time says little by itself: it depends on the work. Here it stands beside what the same kind of work "
    "took in the base period, and beside who came back. It is a thermometer, never a target, and it knows nothing "
    "of work on tickets."
)
QUERIES = {
    "months": """
        select
            period_start, is_period_mature, contact_count, withheld_count, aht_seconds, expected_seconds, handle_ratio,
            base_aht_seconds, raw_change_seconds, mix_effect_seconds, within_effect_seconds, is_simpson, cohort_count,
            repeat_rate, repeat_rate_low, repeat_rate_high, unobservable_share, window_days,
            (select min_n from reference.kpi_pairs where pair_id = 'P01') as min_n
        from marts.handle_time_in_context
        where
            source_system = $system and period_type = 'month' and unit_type = 'total'
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P01')
        order by period_start
    """,
    "categories": """
        select
            unit_type, unit, contact_count, withheld_count, handle_seconds, expected_seconds, aht_seconds,
            base_aht_seconds,
            handle_ratio, funnel_3_low, funnel_3_high, cohort_count, unobservable_share, repeat_rate, repeat_rate_low,
            repeat_rate_high, quick_back_count, quick_done_count, slow_back_count, slow_done_count, back_difference,
            back_difference_low, back_difference_high, target_seconds, target_used_for, targeted_count,
            over_target_count,
            misfit_count, misfit_share, window_days,
            (select min_n from reference.kpi_pairs where pair_id = 'P01') as min_n
        from marts.handle_time_in_context
        where
            source_system = $system and period_type = 'to_date' and unit_type in ('total', 'category')
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P01')
        order by unit_type desc, unit
    """,
    "quadrants": """
        select
            unit, period_start, quadrant, cohort_count, cohort_handle_ratio, repeat_rate, repeat_ratio,
            repeat_ratio_low,
            repeat_ratio_high, window_days
        from marts.handle_time_in_context
        where
            source_system = $system and period_type = 'month' and unit_type in ('total', 'category')
            and quadrant is not null and cohort_count >= (select min_n from reference.kpi_pairs where pair_id = 'P01')
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P01')
        order by period_start, unit
    """,
    "factors": """
        select
            category, factor, with_count, without_count, with_handle_seconds, with_expected_seconds,
            without_handle_seconds,
            without_expected_seconds, with_handle_ratio, without_handle_ratio
        from marts.what_made_it_hard
        where source_system = $system and period_type = 'to_date'
        order by factor, category
    """,
    "teams": """
        select
            period_start, unit, is_suppressed, contact_count, aht_seconds, handle_ratio, funnel_3_low, funnel_3_high,
            cohort_count, repeat_rate, repeat_ratio, repeat_ratio_low, repeat_ratio_high, quadrant, unobservable_share,
            window_days
        from marts.handle_time_in_context
        where
            source_system = $system and period_type = 'month' and unit_type = 'team'
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P01')
            and period_start = (
                select max(period_start)
                from marts.handle_time_in_context
                where source_system = $system and period_type = 'month' and unit_type = 'team' and is_period_mature
            )
        order by unit
    """,
}
# What a factor is called; each stands beside its absence.
FACTORS = {
    "repeat_contact": "not the first contact about it",
    "passed_on": "passed on",
    "held": "put on hold",
    "consulted": "a colleague was asked",
    "new_agent": "new colleague (under 90 days)",
    "waited_over_two_minutes": "had waited over 2 minutes",
}
QUADRANTS = {
    "fast_but_back": "fast, but back",
    "fast_and_done": "fast and done",
    "slow_and_back": "slow and back",
    "slow_but_done": "slow, but done",
}
# Fewer contacts with a factor, or without it, make a ratio a matter of chance.
LEAST_WITH = 30
# More rows than this nobody reads: the rest is in the table.
MOST_ROWS = 20


def figures(desk):
    return making.figures(desk, MAKERS)


def silent(desk):
    return making.silent(desk, MAKERS)


def _months(desk):
    title = "Did the pace change, or the work?"
    answer = desk.ask(QUERIES, "months")
    rows = [
        row | {"expected": row["expected_seconds"] / row["contact_count"]}
        for row in answer.rows
        if row["contact_count"] and row["expected_seconds"] is not None
    ]
    least = max((row["min_n"] for row in rows), default=0)
    known = months.judged(rows, "aht_seconds", "contact_count", least)
    if not known:
        return title, "no month's handle times can be judged"
    last = known[-1]
    says = (
        f"In {words.month(last['period_start'])} contacts took {words.span(last['aht_seconds'])} on average; the same "
        f"kinds of work took {words.span(last['expected'])} in the base period. "
    )
    if last["mix_effect_seconds"] is not None and last["within_effect_seconds"] is not None:
        says += (
            f"Of the change against the base, {last['mix_effect_seconds']:+.0f} s come from other work and "
            f"{last['within_effect_seconds']:+.0f} s from another pace. "
        )
    misled = [words.month(row["period_start"]) for row in known if row["is_simpson"]]
    if misled:
        says += f"In {words.listed(misled)} the average misleads: it went one way and the same work the other. "
    says += (
        f"{words.percent(last['repeat_rate'])} came back within {last['window_days']} days."
        if last["cohort_count"] >= least
        else f"How many came back is unknown: fewer than {least} can be judged."
    )
    says += months.unknown(rows, "aht_seconds", "contact_count", least)
    return Figure(
        title=title,
        says=says,
        answer=answer,
        n=f"{sum(row['contact_count'] for row in known):,} answered contacts in {months.many(known)}"
        f"{_withheld(answer.rows)}",
        window=f"{last['window_days']} days (who came back)",
        picture=months.picture(
            known, {"average": ("aht_seconds", "headline"), "expected": ("expected", "other")},
            says, "handle-months", scale=1 / 60, y_title="minutes a contact", y_format="d",
        ),
    )  # fmt: skip


def _withheld(rows):
    """What is said of contacts that no figure holds, to protect people."""
    count = max((row["withheld_count"] or 0 for row in rows), default=0)
    return f"; {count:,} of months with too few agents are withheld" if count else ""


def _split(answer):
    """(total, categories worth drawing, how many are left out for being few, contacts without a category)."""
    total = next((row for row in answer.rows if row["unit_type"] == "total"), None)
    categories = [row for row in answer.rows if row["unit_type"] == "category" and row["aht_seconds"] is not None]
    named = [row for row in categories if row["unit"] != "(none)"]
    enough = [row for row in named if row["contact_count"] >= row["min_n"]]
    bare = sum(row["contact_count"] for row in categories if row["unit"] == "(none)")
    return total, enough, len(named) - len(enough), bare


def _has_own_base(row, total):
    """False where the base period knew so little of this work that the desk's mean stands in: that compares nothing."""
    if row["expected_seconds"] is None:
        return False
    if total["base_aht_seconds"] is None or row["contact_count"] == total["contact_count"]:
        return True
    return abs(row["expected_seconds"] / row["contact_count"] - total["base_aht_seconds"]) > 0.06


def _left_out(few, bare, least):
    said = (
        f" {few} {'kind' if few == 1 else 'kinds'} of fewer than {least} contacts: unknown, not drawn." if few else ""
    )
    return said + (f" {bare:,} contacts without a category are in the table only." if bare else "")


def _categories(desk):
    title = "What the work lets expect, by kind of work"
    answer = desk.ask(QUERIES, "categories")
    total, rows, few, bare = _split(answer)
    if not total or not rows:
        return title, "no kind of work has enough contacts with a handle time"
    rows.sort(key=lambda row: (-row["contact_count"], row["unit"]))
    rare = len(rows) - MOST_ROWS
    rows = sorted(rows[:MOST_ROWS], key=lambda row: (-row["aht_seconds"], row["unit"]))
    compared = [row for row in rows if _has_own_base(row, total)]
    signs = {
        row["unit"]: " ▲" if row["handle_ratio"] > row["funnel_3_high"] else " ▼"
        for row in compared
        if row["handle_ratio"] is not None
        and row["funnel_3_low"] is not None
        and not row["funnel_3_low"] <= row["handle_ratio"] <= row["funnel_3_high"]
    }
    longest, shortest = rows[0], rows[-1]
    says = (
        f"{longest['unit']} takes {words.span(longest['aht_seconds'])}, {shortest['unit']} "
        f"{words.span(shortest['aht_seconds'])}: that is the work, not the people. "
        if len(rows) > 1
        else ""
    )
    if signs:
        moved = [
            f"{row['unit']} ({100 * (row['handle_ratio'] - 1):+.0f} %)" for row in compared if row["unit"] in signs
        ]
        says += f"Beyond chance (three sigmas) away from the base period: {words.listed(moved)}."
    elif compared:
        says += "No kind of work lies further from the base period than chance allows (three sigmas)."
    new = [row["unit"] for row in rows if row not in compared]
    if new:
        says += f" {words.listed(new)}: too rare in the base period to expect anything, so there is no ring."
    if any(row["cohort_count"] < row["min_n"] for row in rows):
        says += f" Who came back is unknown where fewer than {rows[0]['min_n']} contacts can be judged."
    if rare > 0:
        says += f" The {MOST_ROWS} most frequent are drawn; {rare} more are in the table."
    return Figure(
        title=title,
        says=says + _left_out(few, bare, rows[0]["min_n"]),
        answer=answer,
        n=f"{sum(row['contact_count'] for row in rows):,} answered contacts of {len(rows)} kinds of "
        f"work{_withheld(answer.rows)}",
        window=f"{total['window_days']} days (who came back)",
        picture=charts.dots(
            [
                {
                    "label": row["unit"] + signs.get(row["unit"], ""),
                    "headline": row["expected_seconds"] / row["contact_count"] / 60 if row in compared else None,
                    "reality": row["aht_seconds"] / 60,
                    "text": words.percent(row["repeat_rate"] if row["cohort_count"] >= row["min_n"] else None, 0),
                }
                for row in rows
            ],
            f"Handle time by kind of work beside what it took in the base period. {says}", "handle-categories",
            "minutes a contact", x_format="~g", right="came back", reach=(0,),
        ),
        legend=[
            (charts.HEADLINE, "○ expected: as the same work took in the base period", ""),
            (charts.REALITY, "● took so far", ""),
        ],
    )  # fmt: skip


def _quick(desk):
    title = "Quick: done, or back again?"
    answer = desk.ask(QUERIES, "categories")
    total, rows, few, _ = _split(answer)
    enough = [row for row in rows if row["cohort_count"] >= row["min_n"] and row["back_difference_low"] is not None]
    if not total or total["back_difference_low"] is None or total["cohort_count"] < total["min_n"]:
        return title, "too few customers could be seen coming back"
    quick = total["quick_back_count"] + total["quick_done_count"]
    slow = total["slow_back_count"] + total["slow_done_count"]
    low, high = total["back_difference_low"], total["back_difference_high"]
    verdict = (
        "speed is bought with second calls"
        if low > 0
        else "taking longer goes along with more second calls, not fewer"
        if high < 0
        else "no difference beyond chance"
    )
    says = (
        f"After contacts quicker than such work usually is, {words.percent(total['quick_back_count'] / quick)} came "
        f"back; after the others, {words.percent(total['slow_back_count'] / slow)}: {verdict}."
    )
    if len(enough) > 1:
        outside = [row["unit"] for row in enough if row["back_difference_low"] > 0 or row["back_difference_high"] < 0]
        says += (
            f" By kind of work, {len(outside)} of {len(enough)} {'lies' if len(outside) == 1 else 'lie'} beyond chance "
            f"({words.listed(outside)}); about one in twenty does so by chance."
            if outside
            else f" Of {len(enough)} kinds of work, none lies beyond chance."
        )
    unseen = len(rows) - len(enough) + few
    if unseen:
        says += (
            f" {unseen} {'kind' if unseen == 1 else 'kinds'} with fewer than {total['min_n']} judged contacts: unknown."
        )
    says += _quadrants(desk)
    drawn = [total, *sorted(enough, key=lambda row: (-row["cohort_count"], row["unit"]))[:MOST_ROWS]]
    names = {total["unit"]: "all work"}
    return Figure(
        title=title,
        says=says,
        answer=answer,
        n=f"{total['cohort_count']:,} judged contacts; {words.percent(total['unobservable_share'])} of all are of "
        f"customers nobody could recognise, in no rate{_withheld(answer.rows)}",
        window=f"{total['window_days']} days",
        picture=charts.intervals(
            [
                {
                    "label": names.get(row["unit"], row["unit"]),
                    "value": row["back_difference"],
                    "low": row["back_difference_low"],
                    "high": row["back_difference_high"],
                }
                for row in drawn
            ],
            f"Share back after quick contacts less share back after the others, with 95 % intervals. {says}",
            "handle-quick", "came back: after quick ones, less after the others", x_format="+.0%", middle=0,
            middle_words="no difference",
        ),
    )  # fmt: skip


def _quadrants(desk):
    """Months of kinds of work in which pace and returns were both beyond chance, in words."""
    rows = desk.ask(QUERIES, "quadrants").rows
    if not rows:
        return " In no month was any of it beyond chance in both pace and returns."
    said = [
        f"{'all work' if row['unit'] == '(all)' else row['unit']} in {words.month(row['period_start'])} was "
        f"{QUADRANTS[row['quadrant']]}"
        for row in rows[-3:]
    ]
    before = f" (and {len(rows) - 3} earlier)" if len(rows) > 3 else ""
    return f" Beyond chance in both pace and returns: {words.listed(said)}{before}."


def _factors(desk):
    title = "What made it hard?"
    answer = desk.ask(QUERIES, "factors")
    rows = []
    never, few = [], []
    for factor, name in FACTORS.items():
        found = [row for row in answer.rows if row["factor"] == factor]
        if not found:
            continue
        sums = {
            column: sum(row[column] or 0 for row in found)
            for column in (
                "with_count", "without_count", "with_handle_seconds", "with_expected_seconds", "without_handle_seconds",
                "without_expected_seconds",
            )
        }  # fmt: skip
        if min(sums["with_count"], sums["without_count"]) < LEAST_WITH:
            (few if sums["with_count"] else never).append(name)
            continue
        if sums["with_expected_seconds"] and sums["without_expected_seconds"]:
            rows.append(
                {
                    "label": name,
                    "headline": sums["without_handle_seconds"] / sums["without_expected_seconds"],
                    "reality": sums["with_handle_seconds"] / sums["with_expected_seconds"],
                    "text": f"{sums['with_count']:,}",
                    "n": sums["with_count"] + sums["without_count"],
                }
            )
    if not rows:
        return title, "nothing is recorded of what made contacts hard"
    rows.sort(key=lambda row: row["headline"] - row["reality"])
    top = rows[0]
    says = (
        f"Contacts that were {top['label']} took {top['reality']:.2f} times what their kind of work lets expect, the "
        f"others {top['headline']:.2f} times. "
        if top["label"] in ("passed on", "put on hold")
        else f"{top['label'].capitalize()}: {top['reality']:.2f} times what the kind of work lets expect, without it "
        f"{top['headline']:.2f}. "
    )
    shorter = [row["label"] for row in rows if row["reality"] < row["headline"]]
    if shorter:
        says += f"Shorter with it: {words.listed(shorter)}. "
    if never:
        says += f"Never recorded here: {words.listed(never)}. "
    if few:
        says += f"Fewer than {LEAST_WITH}, not drawn: {words.listed(few)}. "
    return Figure(
        title=title,
        says=f"{says}It goes along with long contacts; it need not cause them.",
        answer=answer,
        n=f"{max(row['n'] for row in rows):,} answered contacts",
        picture=charts.dots(
            rows, f"Handle time over expected with and without each factor. {says}", "handle-factors",
            "handle time over what the kind of work lets expect", x_format="~g", middle=1, middle_words="as expected",
            reach=(0.8, 1.2),
            right="contacts with it",
        ),
        legend=[(charts.HEADLINE, "○ without it", ""), (charts.REALITY, "● with it", "")],
        table=(
            ["what", "contacts with it", "of", "over expected with it", "without it"],
            [
                [row["label"], row["text"], f"{row['n']:,}", f"{row['reality']:.2f}", f"{row['headline']:.2f}"]
                for row in rows
            ],
        ),
    )  # fmt: skip


def _target(desk):
    title = "Whom one target for all misfits"
    answer = desk.ask(QUERIES, "categories")
    total, rows, few, bare = _split(answer)
    if not total or not total["targeted_count"]:
        return title, "no target of handle time for the whole desk was delivered"
    rows = [row for row in rows if (row["targeted_count"] or 0) >= row["min_n"]]
    rows.sort(key=lambda row: (-row["targeted_count"], row["unit"]))
    rows = sorted(rows[:MOST_ROWS], key=lambda row: (-row["over_target_count"] / row["targeted_count"], row["unit"]))
    if not rows:
        return title, "too few contacts under a target of handle time"
    misfits = [row["unit"] for row in rows if row["misfit_count"]]
    used = f" (used for {total['target_used_for']})" if total["target_used_for"] else ""
    says = f"The target in force{used} is {words.span(total['target_seconds'])}, one for all. " + (
        f"{words.percent(total['misfit_share'])} of the work is of kinds whose median is over it (▲): most of such "
        "work cannot meet it, whoever does it. "
        if misfits
        else "No kind of work has a median over it. "
    )
    easy = [row["unit"] for row in rows if row["over_target_count"] / row["targeted_count"] < 0.1]
    if easy:
        says += f"{words.listed(easy)} {'meets' if len(easy) == 1 else 'meet'} it nearly always, whoever does it. "
    says += f"All over it: {words.percent(total['over_target_count'] / total['targeted_count'])}."
    return Figure(
        title=title,
        says=says + _left_out(few, bare, rows[0]["min_n"]),
        answer=answer,
        n=f"{total['targeted_count']:,} answered contacts while a target was in force{_withheld(answer.rows)}",
        picture=charts.bars(
            [
                {
                    "label": row["unit"] + (" ▲" if row["misfit_count"] else ""),
                    "value": row["over_target_count"] / row["targeted_count"],
                    "text": f"{words.percent(row['over_target_count'] / row['targeted_count'], 0)} "
                    f"of {row['targeted_count']:,}",
                }
                for row in rows
            ],
            f"Share of contacts over the target of handle time, by kind of work. {says}", "handle-target",
            "took longer than the target", x_format=".0%", width=charts.HALF - 290,
        ),
    )  # fmt: skip


def _teams(desk):
    title = "Teams, against the work they get"
    answer = desk.ask(QUERIES, "teams")
    rows = [row for row in answer.rows if row["unit"] != "(none)"]
    if not rows:
        return title, "no team is named on contacts"
    month = words.month(rows[0]["period_start"])
    shown = [row for row in rows if not row["is_suppressed"] and row["handle_ratio"] is not None]
    hidden = len([row for row in rows if row["is_suppressed"]])
    if not shown:
        why = (
            f"too few people in the {hidden} teams to show any, or it would give one away"
            if hidden
            else "no team's handle times can be judged"
        )
        return title, why
    outside = {
        row["unit"]: "over" if row["handle_ratio"] > row["funnel_3_high"] else "under"
        for row in shown
        if row["funnel_3_low"] is not None and not row["funnel_3_low"] <= row["handle_ratio"] <= row["funnel_3_high"]
    }
    says = (
        f"In {month} {words.listed(outside)} {'lies' if len(outside) == 1 else 'lie'} outside what chance lets expect "
        "of the same work."
        if outside
        else f"In {month} no team lies outside what chance lets expect of the same work."
    )
    back = [f"{row['unit']}: {row['repeat_ratio']:.2f}" for row in shown if row["repeat_ratio"] is not None]
    if back:
        says += f" Came back, over expected: {'; '.join(back)}."
    if hidden:
        says += f" {hidden} of {len(rows)} teams are not shown: too few people, or it would give such a team away."
    return Figure(
        title=title,
        says=says,
        answer=answer,
        n=f"{sum(row['contact_count'] for row in shown):,} answered contacts of {len(shown)} teams, by name and not by "
        "rank",
        window=f"{shown[0]['window_days']} days (who came back)",
        picture=charts.intervals(
            [
                {
                    "label": row["unit"],
                    "value": row["handle_ratio"],
                    "low": row["funnel_3_low"],
                    "high": row["funnel_3_high"],
                }
                for row in shown
            ],
            f"Handle time over expected by team; the bar is what chance allows. {says}", "handle-teams",
            "handle time over expected (bar: what chance allows)", x_format=".2f", middle=1, middle_words="as expected",
            color_of=lambda row: outside.get(row["label"]),
        ),
    )  # fmt: skip


MAKERS = (_months, _factors, _categories, _quick, _target, _teams)
