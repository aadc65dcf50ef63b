"""Does work respond to a target? What the detectors find, how sure that is, and what they cannot say."""

from counterweight import words
from counterweight.report import charts
from counterweight.report.desk import Figure

NAME = "gaming"
TITLE = "Gaming: does work respond to a target?"
INTRO = (
    "Where a number is watched, work responds to it. A signal says that more cases of a team bear a mark than if "
    "nobody responded to the target, and that chance does not explain it. It is no proof of harm or intent: a rule "
    "of the place or a badly set tool leave the same mark. Never hold it against people: read some cases with the "
    "team, and look at the target. Quiet means nothing found, which is little where numbers are small. "
    "docs/detectors.md says how often each is wrong."
)
QUERIES = {
    "signals": """
        select
            unit, detector, detector_name, status, not_evaluable_reason, case_count, marked_count, expected_count,
            effect, effect_unit, q, target_metric, target, target_used_for, pair_id, pair_window_days, headline,
            reality, reading
        from marts.gaming_signals
        where source_system = $system and period_type = 'to_date'
        order by detector, unit
    """,
    "months": """
        select
            period_start, unit, detector, detector_name, status, not_evaluable_reason, case_count, marked_count,
            expected_count, effect, effect_unit, q, pair_id, pair_window_days, headline, reality, reading
        from marts.gaming_signals
        where source_system = $system and period_type = 'month'
        order by period_start, detector, unit
    """,
    "evidence": """
        select
            period_type, period_start, unit, detector, max(of_count) as of_count,
            max(evidence_number) as evidence_number
        from marts.gaming_evidence
        where source_system = $system
        group by period_type, period_start, unit, detector
        order by period_type, period_start, detector, unit
    """,
    "catalogue": """
        select pair_id, name, unit, headline_on_cohort, reality
        from reference.kpi_pairs
        order by pair_id
    """,
}
KIND = {"signal": "signal", "quiet": "quiet", "not_evaluable": "unknown"}
STATUS = {"signal": "Signal", "quiet": "Quiet", "not_evaluable": "Not evaluable"}
# What a target is used for.
USES = {
    "pay": ", which is paid for",
    "target": ", which is a target",
    "planning": ", used for planning",
    "diagnostic": ", meant for a look only",
    "unofficial": ", which stands in no list",
}
# More teams than this get lower rows.
MANY_TEAMS = 25


def figures(desk):
    if not desk.ask(QUERIES, "signals").rows:
        return []
    return [it for it in (_grid(desk), *_signals(desk), _months(desk), _unknown(desk)) if it]


def silent(desk):
    """What of this cannot be said, and why."""
    if desk.ask(QUERIES, "signals").rows:
        return []
    return [("no team is known, so nothing can be evaluated", ["whether work responds to a target"])]


def _evaluated(rows):
    return [row for row in rows if row["status"] != "not_evaluable"]


def _grid(desk):
    """Team by detector over all months, where small desks have any power."""
    answer = desk.ask(QUERIES, "signals")
    rows = answer.rows
    seen = _evaluated(rows)
    names = {row["detector"]: row["detector_name"] for row in rows}
    teams = sorted({row["unit"] for row in rows})
    counts = {status: len([row for row in rows if row["status"] == status]) for status in STATUS}
    says = (
        f"{counts['signal']} {'signals' if counts['signal'] != 1 else 'signal'}, {counts['quiet']} quiet, "
        f"{counts['not_evaluable']:,} that nobody can evaluate."
    )
    shown_teams = sorted({row["unit"] for row in seen})
    shown = [it for it in names if it in {row["detector"] for row in seen}]
    blind = [name for it, name in names.items() if it not in shown]
    if blind:
        says += (
            f" Not drawn, since nobody knows of any team: {words.listed(name[0].lower() + name[1:] for name in blind)}."
        )
    if len(shown_teams) < len(teams):
        says += (
            f" {len(teams) - len(shown_teams)} of {len(teams)} teams are not drawn, since no detector can evaluate "
            "them: "
            "unknown, not good."
        )
    picture = None
    if seen:
        picture = charts.grid(
            [
                {"x": row["detector_name"], "y": row["unit"], "kind": KIND[row["status"]], "text": ""}
                for row in rows
                if row["unit"] in shown_teams and row["detector"] in shown
            ],
            f"Status of each team and detector over all months. {says}", "gaming-grid", [names[it] for it in shown],
            shown_teams, width=min(charts.WIDE - 330, 62 * len(shown)),
            cell_height=24 if len(shown_teams) <= MANY_TEAMS else 17,
        )  # fmt: skip
    return Figure(
        title="All months together, team by team",
        says=says,
        answer=answer,
        n=f"{len(names)} detectors, {len(teams)} teams; the cases of those that were evaluated are in the data",
        picture=picture,
        badge=None if seen else ("unknown", "Nothing can be evaluated"),
        legend=_legend() if picture else (),
        table=_table(desk, seen),
        size="wide",
    )


def _legend():
    words_of = {
        "signal": "a reason to look",
        "quiet": "looked at, nothing found",
        "unknown": "not evaluable: nobody knows",
    }
    return tuple((charts.CELLS[kind][0], f"{charts.KINDS[kind]} {meaning}", "") for kind, meaning in words_of.items())


def _table(desk, rows, period=None):
    catalogue = {row["pair_id"]: row for row in desk.ask(QUERIES, "catalogue").rows}
    heads = [
        "team", "detector", "status", "cases", "marked", "expected", "effect", "q", "pair", "headline", "reality",
        "what the pair says", "why not",
    ]  # fmt: skip
    return (
        ([period] if period else []) + heads,
        [
            ([words.month(row["period_start"])] if period else [])
            + [
                row["unit"],
                f"{row['detector']} {row['detector_name']}",
                STATUS[row["status"]],
                f"{row['case_count']:,}",
                words.count(row["marked_count"]),
                words.number(row["expected_count"], 1),
                _effect(row),
                words.number(row["q"], 4),
                row["pair_id"],
                *(_side(row, side, catalogue) for side in ("headline", "reality")),
                words.READINGS.get(row["reading"], words.UNKNOWN),
                row["not_evaluable_reason"] or "",
            ]
            for row in rows
        ],
    )


def _side(row, side, catalogue):
    pair = catalogue.get(row["pair_id"])
    return words.in_unit(row[side], pair["unit"] if pair else None)


def _effect(row):
    """How much more there is, as the catalogue of detectors measures it."""
    if row["effect"] is None or row["effect_unit"] is None:
        return words.UNKNOWN
    share = 100 * row["effect"]
    if row["effect_unit"].startswith("share points"):
        return f"{share:.1f} {row['effect_unit'].replace('share', 'percentage', 1)}"
    if row["effect_unit"] in ("share of the expected count", "ratio to the expected count, less 1"):
        return f"{abs(share):.0f} % {'more' if share >= 0 else 'fewer'} than expected"
    return f"{words.number(row['effect'])} ({row['effect_unit']})"


def _signals(desk):
    """A card for each signal over all months, with the reality of its pair."""
    answer = desk.ask(QUERIES, "signals")
    catalogue = {row["pair_id"]: row for row in desk.ask(QUERIES, "catalogue").rows}
    cases = {
        (row["detector"], row["unit"]): row["evidence_number"]
        for row in desk.ask(QUERIES, "evidence").rows
        if row["period_type"] == "to_date"
    }
    return [
        _signal(row, catalogue.get(row["pair_id"]), cases.get((row["detector"], row["unit"])), answer, number)
        for number, row in enumerate(it for it in answer.rows if it["status"] == "signal")
    ]


def _signal(row, pair, drawn, answer, number):
    says = f"{row['marked_count']:,} of {row['case_count']:,} cases bear the mark"
    if row["expected_count"] is not None:
        says += f"; {words.number(row['expected_count'], 1)} would if nobody responded to the target"
    says += f". Effect: {_effect(row)}; q {'below 0.001' if row['q'] < 0.001 else words.number(row['q'], 3)}."
    if row["target"] is not None:
        used = USES.get(row["target_used_for"], "")
        says += f" The limit: {words.span(row['target'])}{used}."
    if row["headline"] is None or row["reality"] is None:
        says += (
            f" Whether anybody was worse off is unknown: '{pair['name']}' has no value for this team; the whole "
            "desk's is above."
        )
    else:
        says += f" {words.READINGS.get(row['reading'], words.READINGS['not_enough_data'])}: {pair['name']}."
    if drawn:
        says += f" {drawn} cases to look at, drawn by chance: marts.gaming_evidence."
    return Figure(
        title=f"{row['detector_name']}: {row['unit']}",
        says=says,
        answer=answer,
        n=f"{row['case_count']:,} cases",
        window=f"{row['pair_window_days']} days, of the pair" if row["pair_window_days"] is not None else None,
        badge=("signal", "Signal"),
        sides=tuple(
            (side, _side(row, side, {row["pair_id"]: pair}), pair[meaning], "")
            for side, meaning in (("headline", "headline_on_cohort"), ("reality", "reality"))
        ),
        table=(
            ["detector", "team", "cases", "marked", "expected", "effect", "q"],
            [
                [
                    f"{row['detector']} {row['detector_name']}", row["unit"], f"{row['case_count']:,}",
                    words.count(row["marked_count"]), words.number(row["expected_count"], 1), _effect(row),
                    words.number(row["q"], 4),
                ]
            ],
        ),
        size="third",
        anchor=f"signal-{number}",
    )  # fmt: skip


def _months(desk):
    """Detector by month: how many teams have a signal."""
    answer = desk.ask(QUERIES, "months")
    seen = _evaluated(answer.rows)
    if not seen:
        return None
    names = {row["detector"]: row["detector_name"] for row in answer.rows}
    months = list(dict.fromkeys(row["period_start"] for row in answer.rows))
    shown = [it for it in sorted(names) if it in {row["detector"] for row in seen}]
    cells, signals = [], [row for row in answer.rows if row["status"] == "signal"]
    for detector in shown:
        for month in months:
            here = [row for row in answer.rows if row["detector"] == detector and row["period_start"] == month]
            count = {status: len([row for row in here if row["status"] == status]) for status in STATUS}
            kind = next((it for it in ("signal", "quiet") if count[it]), "not_evaluable")
            cells.append(
                {
                    "x": words.month(month), "y": names[detector], "kind": KIND[kind],
                    "text": f"{count[kind]} of {len(here)}" if count[kind] and kind != "not_evaluable" else "",
                }
            )  # fmt: skip
    says = (
        f"{len(signals)} {'signals' if len(signals) != 1 else 'signal'} in {len(months)} months. Each cell says of "
        "how many teams: "
        "those with a signal where there is one, else those looked at and quiet; all others are unknown."
    )
    unseen = len(names) - len(shown)
    if unseen:
        says += f" {unseen} of {len(names)} detectors can evaluate no month of any team: unknown, not good."
    return Figure(
        title="Month by month",
        says=says,
        answer=answer,
        n=f"{len(seen):,} of {len(answer.rows):,} months of a team and detector could be evaluated",
        picture=charts.grid(
            cells, f"Signals by detector and month. {says}", "gaming-months", [words.month(it) for it in months],
            [names[it] for it in shown], width=min(charts.WIDE - 300, 84 * len(months)), x_angle=0,
        ),
        legend=_legend(),
        table=_table(desk, seen, period="month"),
        size="wide",
    )  # fmt: skip


def _unknown(desk):
    """Why so much cannot be evaluated."""
    answer = desk.ask(QUERIES, "signals")
    rows = [row for row in answer.rows if row["status"] == "not_evaluable"]
    if not rows:
        return None
    kinds, exact, inputs = {}, {}, {}
    for row in rows:
        reason = row["not_evaluable_reason"] or "no reason given"
        needed = reason.removeprefix("needs ").split(", ") if reason.startswith("needs ") else []
        inputs |= dict.fromkeys(needed)
        kind = "an input is not delivered" if needed else reason
        kinds[kind] = kinds.get(kind, 0) + 1
        key = (f"{row['detector']} {row['detector_name']}", reason)
        exact[key] = exact.get(key, 0) + 1
    says = (
        f"{words.percent(len(rows) / len(answer.rows), 0)} of what detectors look for cannot be evaluated here. A team "
        "in this is not better than one with a signal."
    )
    if inputs:
        says += f" Not delivered: {words.listed(sorted(inputs))}."
    return Figure(
        title="Why so much is unknown",
        says=says,
        answer=answer,
        n=f"{len(rows):,} of {len(answer.rows):,} pairs of a team and a detector, all months together",
        picture=charts.bars(
            [
                {"label": reason, "value": many, "text": f"{many:,}"}
                for reason, many in sorted(kinds.items(), key=lambda it: (-it[1], it[0]))
            ],
            f"Reasons why a detector could not be evaluated. {says}",
            "gaming-unknown",
            "teams and detectors",
        ),
        table=(
            ["detector", "why", "teams"],
            [[detector, reason, f"{many:,}"] for (detector, reason), many in sorted(exact.items())],
        ),
    )
