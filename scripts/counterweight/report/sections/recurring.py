"""Recurring problems: what is resolved again and again for the same people, and who keeps a record of the cause."""

from counterweight import words
from counterweight.report import charts
from counterweight.report.desk import Figure

NAME = "recurring"
TITLE = "Recurring problems: resolved, and resolved again"
INTRO = (
    "A firm's tickets can all be resolved while the same few problems come every few weeks. A family is one kind of "
    "problem at one account. It recurs where the same person has it again after it was resolved, more often than "
    "chance lets expect; requests are no problems, and an outage counts once."
)
QUERIES = {
    "months": """
        select
            period_type, period_start, window_days, is_period_mature, incident_count, resolved_incident_count,
            unplaced_count, no_history_count, case_count, recycled_count, unlinked_recycled_count,
            recycled_family_count, top_ten_recycled_count, family_without_problem_count, family_without_fix_count,
            resolved_share, recycled_share, recycled_share_low, recycled_share_high, top_ten_share, unjudged_share
        from marts.recycled_incidents
        where
            source_system = $system and family_type = 'issue' and unit_type = 'total'
            and period_type in ('month', 'to_date')
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P04')
        order by period_type, period_start
    """,
    "families": """
        select
            account_id, family_key, window_days, incident_count, resolved_incident_count, occurrence_count,
            people_count, case_count, recycled_count, recycled_share, expected_recycled_count, recycled_oe,
            recycled_oe_low, recycled_oe_high, is_recurring, linked_incident_count, problem_count, root_cause_status,
            problem_open_days, is_cause_removed, measured_incident_count, handle_seconds
        from marts.recurring_problems
        where
            source_system = $system and family_type = 'issue' and is_recurring
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P04')
        order by recycled_count - expected_recycled_count desc, account_id, family_key
        limit 200
    """,
    "fixes": """
        select
            period_start, window_days, closed_count, without_incidents_count, unjudged_count, judged_count, fell_count,
            rose_count, before_count, after_count, fallen_share, rate_ratio, rate_ratio_low, rate_ratio_high
        from marts.problem_fixes
        where source_system = $system and period_type = 'to_date' and unit_type = 'total'
        order by period_start
    """,
    "catalogue": """
        select pair_id, min_n
        from reference.kpi_pairs
        where pair_id in ('P04', 'P26')
        order by pair_id
    """,
}
# As many families are drawn; all are in the data.
DRAWN = 12


def figures(desk):
    return [it for it in (_months(desk), _causes(desk), _families(desk), _fixes(desk)) if it]


def silent(desk):
    """What of this cannot be said, and why."""
    reasons = []
    answer = desk.ask(QUERIES, "months")
    so_far = next((row for row in answer.rows if row["period_type"] == "to_date"), None)
    if not so_far or not so_far["incident_count"]:
        reasons.append(("there are no incidents in this data", ["what is resolved again and again"]))
    elif not so_far["case_count"]:
        share = words.percent(so_far["resolved_share"])
        why = f"of {so_far['unplaced_count']:,} the account, the person or the kind of problem is not known"
        if so_far["no_history_count"]:
            why += f", and {so_far['no_history_count']:,} lie too early in the data"
        resolved = f"of {so_far['incident_count']:,} incidents the desk resolved {share}"
        reasons.append(
            (f"{resolved}, and nobody can say how many were new: {why}", ["what is resolved again and again"])
        )
    if not _fixes(desk):
        reasons.append(("no problem record was closed, or none is delivered", ["what the fixes of causes changed"]))
    return reasons


def _least(desk, pair):
    """The catalogue's smallest cohort of a pair; where somebody took the pair out, the least that makes a share."""
    return next((row["min_n"] for row in desk.ask(QUERIES, "catalogue").rows if row["pair_id"] == pair), 20)


def _so_far(desk):
    """All so far, where anything can be judged."""
    rows = desk.ask(QUERIES, "months").rows
    return next((row for row in rows if row["period_type"] == "to_date" and row["case_count"]), None)


def _months(desk):
    answer = desk.ask(QUERIES, "months")
    so_far = _so_far(desk)
    if not so_far:
        return None
    least = _least(desk, "P04")
    months = [row for row in answer.rows if row["period_type"] == "month" and row["incident_count"]]
    known = [row for row in months if row["recycled_share"] is not None and row["case_count"] >= least]
    interval = words.between(so_far["recycled_share_low"], so_far["recycled_share_high"], words.percent)
    says = (
        f"Of the new cases that were resolved, {words.percent(so_far['recycled_share'])} (95 %: {interval}) had been "
        "resolved "
        f"for the same person within the {so_far['window_days']} days before."
    )
    early = [
        words.month(row["period_start"]) for row in months if row["recycled_share"] is None and not row["case_count"]
    ]
    young = [words.month(row["period_start"]) for row in months if row["recycled_share"] is None and row["case_count"]]
    few = [words.month(row["period_start"]) for row in months if row not in known and row["recycled_share"] is not None]
    if early:
        says += f" {words.listed(early)}: unknown, the data begins too late to look back."
    if few:
        says += f" {words.listed(few)}: unknown, fewer than {least} cases."
    if young:
        says += f" {words.listed(young)}: not known yet, too young."
    picture = None
    if len(known) > 1:
        rows = [
            {"month": words.month(row["period_start"]), "series": name, "value": row[column]} | band
            for name, column in {"resolved": "resolved_share", "had it before": "recycled_share"}.items()
            for row in known
            for band in [
                {"low": row["recycled_share_low"], "high": row["recycled_share_high"]} if name != "resolved" else {}
            ]
        ]
        picture = charts.lines(
            rows, f"Share resolved, and share of the resolved cases that the person had had before, by month. {says}",
            "recurring-months", {"resolved": "headline", "had it before": "reality"}, y_title="share", y_format=".0%",
            low="low", high="high",
        )  # fmt: skip
    return Figure(
        title="How much of what we resolved was new?",
        says=says,
        answer=answer,
        n=f"{so_far['case_count']:,} resolved new cases; {words.percent(so_far['unjudged_share'])} of the resolved "
        "could not "
        "be judged",
        window=f"{so_far['window_days']} days back",
        sides=(
            ("headline", words.percent(so_far["resolved_share"]), "of the incidents are resolved", ""),
            (
                "reality",
                words.percent(so_far["recycled_share"]),
                "of the resolved cases, that person had had before",
                "",
            ),
        ),
        picture=picture,
        table=(
            ["period", "incidents", "resolved", "cases judged", "had it before", "share (95 %)", "not to be judged"],
            [
                [
                    "all so far" if row["period_type"] == "to_date" else words.month(row["period_start"]),
                    f"{row['incident_count']:,}",
                    words.percent(row["resolved_share"]),
                    f"{row['case_count']:,}",
                    f"{row['recycled_count']:,}",
                    words.UNKNOWN
                    if row["recycled_share"] is None
                    else f"{words.percent(row['recycled_share'])} "
                    f"({words.between(row['recycled_share_low'], row['recycled_share_high'], words.percent)})",
                    words.percent(row["unjudged_share"]),
                ]
                for row in answer.rows
            ],
        ),
    )


def _causes(desk):
    """Whether anybody works on the causes."""
    answer = desk.ask(QUERIES, "months")
    so_far = _so_far(desk)
    if not so_far or not so_far["recycled_family_count"]:
        return None
    families, cases = so_far["recycled_family_count"], so_far["recycled_count"]
    ten = min(10, families)
    says = (
        f"The {ten} families with most make up {words.percent(so_far['top_ten_share'], 0)} of what came again: as "
        "many causes "
        f"to mend. {so_far['family_without_problem_count']:,} of {families:,} have no problem record that any of "
        "their tickets names."
    )
    if not so_far["top_ten_share"]:
        says = f"{so_far['family_without_problem_count']:,} of {families:,} families have no problem record."
    drawn = (
        ("came again", families),
        ("no problem record", so_far["family_without_problem_count"]),
        ("no cause removed", so_far["family_without_fix_count"]),
    )
    return Figure(
        title="Does anybody mend the causes?",
        says=says,
        answer=answer,
        n=f"{families:,} families (a kind of problem at an account) with {cases:,} cases that came again",
        window=f"{so_far['window_days']} days back",
        picture=charts.bars(
            [
                {"label": name, "value": count, "text": f"{count:,} ({words.percent(count / families, 0)})"}
                for name, count in drawn
            ],
            f"Families that came again, those without a problem record, those without a cause removed. {says}",
            "recurring-causes", "families",
        ),
    )  # fmt: skip


def _one(value):
    """A figure of chance needs no more than one digit."""
    return words.number(value, 1)


def _cause(row):
    """What is known of a family's cause, in words."""
    if not row["problem_count"]:
        return "no problem record"
    status = row["root_cause_status"] or "status not said"
    open_for = "" if row["problem_open_days"] is None else f", {row['problem_open_days']:,} days"
    return f"{'cause removed' if row['is_cause_removed'] else 'cause not removed'} ({status}{open_for})"


def _families(desk):
    answer = desk.ask(QUERIES, "families")
    so_far = _so_far(desk)
    if not so_far:
        return None
    if not answer.rows:
        return Figure(
            title="Which problems recur, and where?",
            says="No family recurs more often than chance lets expect for certain. With few cases nothing is "
            "certain, so a small account can hide one.",
            answer=answer,
            n=f"{so_far['case_count']:,} resolved new cases",
            window=f"{so_far['window_days']} days back",
            size="wide",
        )
    drawn = answer.rows[:DRAWN]
    first = drawn[0]
    without = len([row for row in answer.rows if not row["problem_count"]])
    removed = len([row for row in answer.rows if row["is_cause_removed"]])
    many = len(answer.rows)
    says = (
        f"{many} {'families recur' if many > 1 else 'family recurs'} more often than chance lets expect; {without} "
        f"without a problem record, {removed} whose cause is said to be removed. First: {first['family_key']} at "
        f"{first['account_id']}, {first['recycled_count']} of {first['case_count']} cases had been resolved for the "
        "same "
        f"person before, where {_one(first['expected_recycled_count'])} were to be expected."
    )
    return Figure(
        title="Which problems recur, and where?",
        says=says,
        answer=answer,
        n=f"{sum(row['case_count'] for row in answer.rows):,} cases of {many} families, by how many more than expected"
        + (f"; the first {DRAWN} drawn" if many > DRAWN else "")
        + (" (no more than 200 are listed)" if many == 200 else ""),
        window=f"{first['window_days']} days back",
        picture=charts.against(
            [
                {
                    "label": f"{row['account_id']} · {row['family_key']}",
                    "value": row["recycled_count"],
                    "expected": row["expected_recycled_count"],
                    "text": f"{row['recycled_count']} of {row['case_count']}, {row['people_count']} people; "
                    f"{_cause(row)}",
                }
                for row in drawn
            ],
            f"Cases that came again by account and problem, against what chance lets expect. {says}",
            "recurring-families",
            "cases whose person had had the same resolved before",
            "expected by chance",
        ),
        table=(
            [
                "account", "problem", "incidents", "resolved", "cases", "people", "came again", "expected",
                "times as many (95 %)", "cause", "hours of calls",
            ],
            [
                [
                    row["account_id"],
                    row["family_key"],
                    f"{row['incident_count']:,}",
                    f"{row['resolved_incident_count']:,}",
                    f"{row['case_count']:,}",
                    f"{row['people_count']:,}",
                    f"{row['recycled_count']:,}",
                    _one(row["expected_recycled_count"]),
                    f"{_one(row['recycled_oe'])} "
                    f"({words.between(row['recycled_oe_low'], row['recycled_oe_high'], _one)})",
                    _cause(row),
                    words.UNKNOWN if row["handle_seconds"] is None else f"{row['handle_seconds'] / 3600:,.1f}",
                ]
                for row in answer.rows
            ],
        ),
        size="wide",
    )  # fmt: skip


def _fixes(desk):
    answer = desk.ask(QUERIES, "fixes")
    row = next((row for row in answer.rows if row["closed_count"]), None)
    if not row:
        return None
    records = "problem record was" if row["closed_count"] == 1 else "problem records were"
    closed = f"{row['closed_count']:,} {records} closed."
    if row["rate_ratio"] is None:
        return Figure(
            title="Problems closed: did the incidents stop?",
            says=f"{closed} Whether the incidents stopped is not known: {row['unjudged_count']:,} fixes are too young "
            f"or too early in the data, {row['without_incidents_count']:,} have no incidents that name them.",
            answer=answer,
            n=f"{row['closed_count']:,} problem records",
            window=f"{row['window_days']} days before and after the fix",
            badge=("unknown", "Not known yet"),
            sides=(
                ("headline", f"{row['closed_count']:,}", "problem records closed", ""),
                ("reality", words.UNKNOWN, "of their incidents that ended", ""),
            ),
        )
    interval = words.between(row["rate_ratio_low"], row["rate_ratio_high"])
    least = _least(desk, "P26")
    few = row["before_count"] < least
    sure = row["rate_ratio_high"] is not None and row["rate_ratio_high"] < 1
    says = (
        f"{closed} In the {row['window_days']} days after the fix their families had {row['after_count']:,} incidents, "
        f"{row['before_count']:,} in as many before: {words.number(row['rate_ratio'])} times as many (95 %: "
        f"{interval}), "
        f"{'fewer for certain' if sure else 'which is no fewer for certain'}. Of {row['judged_count']:,} records "
        "that can be "
        f"judged, {row['fell_count']:,} fell and {row['rose_count']:,} rose for certain. A record is often made "
        "after a bad "
        "month, so some fall comes by itself."
    )
    left_out = row["unjudged_count"] + row["without_incidents_count"]
    return Figure(
        title="Problems closed: did the incidents stop?",
        says=says,
        answer=answer,
        n=f"{row['judged_count']:,} problem records with {row['before_count'] + row['after_count']:,} incidents"
        + (f"; {left_out:,} more cannot be judged" if left_out else ""),
        window=f"{row['window_days']} days before and after the fix",
        badge=("unknown", f"Fewer than {least} incidents before") if few else None,
        sides=(
            ("headline", f"{row['closed_count']:,}", "problem records closed", ""),
            ("reality", words.percent(row["fallen_share"], 0), "of their incidents ended", ""),
        ),
        picture=charts.bars(
            [
                {"label": "before the fix", "value": row["before_count"], "text": f"{row['before_count']:,}"},
                {"label": "after it", "value": row["after_count"], "text": f"{row['after_count']:,}"},
            ],
            f"Incidents of the families before and after the fix. {says}",
            "recurring-fixes",
            f"incidents in {row['window_days']} days",
        ),
    )
