"""First contact resolution by every definition: what each says, what of it held, and who never came back at all."""

from counterweight import words
from counterweight.report import charts, making, months
from counterweight.report.desk import Figure

NAME = "first_contact"
TITLE = "First contact resolution by every definition"
INTRO = (
    "There is no first contact resolution, there are many. Each definition counts other things, so the difference "
    "between two of them is no finding. The one between its ring and its dot is: it was called resolved, and the "
    "customer came back."
)
QUERIES = {
    "definitions": """
        select
            definition_id, reported_count, reported_resolved_count, reported_rate, pending_count, mature_count,
            unobservable_count, cohort_count, called_resolved_count, came_back_count, stayed_away_count, missed_count,
            called_resolved_rate, lasting_rate, lasting_rate_low, lasting_rate_high, one_contact_rate, came_back_share,
            unobservable_share, window_days,
            (select min_n from reference.kpi_pairs where pair_id = 'P05') as min_n
        from marts.first_contact_resolution
        where
            source_system = $system and period_type = 'to_date' and unit_type = 'total'
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P05')
        order by definition_id
    """,
    "months": """
        select
            definition_id, period_start, is_period_mature, reported_count, reported_rate, cohort_count, came_back_count,
            called_resolved_rate, lasting_rate, one_contact_rate, unobservable_share, window_days,
            (select min_n from reference.kpi_pairs where pair_id = 'P05') as min_n
        from marts.first_contact_resolution
        where
            source_system = $system and period_type = 'month' and unit_type = 'total'
            and window_days = (select window_days from reference.kpi_pairs where pair_id = 'P05')
            and definition_id in ('F1a', 'F1b', 'F2', 'F5', 'F8a', 'F8b')
        order by definition_id, period_start
    """,
    "windows": """
        select
            definition_id, window_days, cohort_count, called_resolved_rate, lasting_rate, one_contact_rate,
            unobservable_share,
            (select min_n from reference.kpi_pairs where pair_id = 'P05') as min_n
        from marts.first_contact_resolution
        where
            source_system = $system and period_type = 'to_date' and unit_type = 'total'
            and definition_id in ('F4', 'F12')
        order by window_days, definition_id
    """,
}
# As in the seed fcr_definitions, which is not published.
NAMES = {
    "F1": "Flagged on the first visit",
    "F1a": "Flagged by the agent",
    "F1b": "Flagged by the tool",
    "F2": "Said by the customer",
    "F3": "Nobody came about anything in 30 days",
    "F4": "Nobody came back about the issue",
    "F5": "Nobody called again that day",
    "F6": "One touch",
    "F7": "The customer never wrote again",
    "F8a": "Not passed on",
    "F8b": "Resolved by the first team",
    "F9a": "Gross",
    "F9b": "Net",
    "F10": "Issues over contacts",
    "F11": "Passed by the reviewer",
    "F12": "Nobody came back on this channel",
}
# What desks report most often, for the months: the first of these that there is.
USUAL = ("F1a", "F1b", "F2", "F8a", "F8b", "F5")


def figures(desk):
    return making.figures(desk, MAKERS)


def silent(desk):
    return making.silent(desk, MAKERS)


def _name(definition):
    """Own definitions have their id as a name."""
    return f"{NAMES[definition]} ({definition})" if definition in NAMES else definition


def _definitions(desk):
    title = "What each definition says, and what held"
    answer = desk.ask(QUERIES, "definitions")
    judged = [row for row in answer.rows if row["cohort_count"] and row["lasting_rate"] is not None]
    rows = [row for row in judged if row["cohort_count"] >= row["min_n"]]
    if not rows:
        return title, "no definition has enough visits that can be judged"
    rows.sort(key=lambda row: (-row["reported_rate"], row["definition_id"]))
    first, last = rows[0], rows[-1]
    says = ""
    if len(rows) > 1:
        held = [row["lasting_rate"] for row in rows]
        says = (
            f"The same desk reports {words.percent(first['reported_rate'])} at first contact or "
            f"{words.percent(last['reported_rate'])}, by {_name(first['definition_id'])} or by "
            f"{_name(last['definition_id'])}; between {words.percent(min(held))} and {words.percent(max(held))} held. "
        )
    gaps = [row for row in rows if row["called_resolved_count"] and row["came_back_count"]]
    if gaps:
        widest = max(gaps, key=lambda row: (row["called_resolved_rate"] - row["lasting_rate"], row["definition_id"]))
        says += (
            f"Of what {_name(widest['definition_id'])} calls resolved, {words.percent(widest['came_back_share'])} came "
            f"back within {widest['window_days']} days. "
        )
    behaved = next((row for row in rows if row["definition_id"] == "F4"), None)
    if behaved:
        says += f"By behaviour alone, {words.percent(behaved['one_contact_rate'])} of issues needed one visit. "
    few = [row for row in answer.rows if row["reported_count"] and row not in rows]
    if few:
        says += (
            f"Unknown, with fewer than {rows[0]['min_n']} that can be judged: "
            f"{words.listed(row['definition_id'] for row in few)}. "
        )
    there = {row["definition_id"] for row in answer.rows if row["reported_count"]}
    missing = [definition for definition in NAMES if definition not in there]
    if missing:
        says += f"Not computable from this data: {words.listed(missing)}."
    return Figure(
        title=title,
        says=says.strip(),
        answer=answer,
        n=f"{min(row['cohort_count'] for row in rows):,} to {max(row['cohort_count'] for row in rows):,} judged, by "
        f"definition; of unknown customers {_range([row['unobservable_share'] for row in rows])}, in no rate",
        window=f"{rows[0]['window_days']} days; F3 looks 30 days ahead",
        picture=charts.dots(
            [
                {
                    "label": _name(row["definition_id"]),
                    "headline": row["called_resolved_rate"],
                    "reality": row["lasting_rate"],
                    "low": row["lasting_rate_low"],
                    "high": row["lasting_rate_high"],
                    "tick": row["one_contact_rate"],
                    "text": f"{words.percent(row['reported_rate'])} · {words.percent(row['came_back_share'])}",
                }
                for row in rows
            ],
            "By definition: what it calls resolved, what of it held with its 95 % interval, and how many never came "
            f"back whatever it says. {says}", "first-contact-definitions", "of what can be judged",
            width=charts.WIDE - 540, right="as reported · of it came back",
        ),
        legend=[
            (charts.HEADLINE, "○ called resolved at first contact, of those that can be judged", ""),
            (charts.REALITY, "● held: and nobody came back (bar: 95 % interval)", ""),
            (charts.INK, "| never came back, whatever the definition says", ""),
        ],
        table=(
            ["definition", "counted", "as reported", "judged", "called resolved", "held (95 %)",
             "of it came back", "never came back", "of unknown customers"],
            [
                [
                    _name(row["definition_id"]),
                    f"{row['reported_count']:,}",
                    words.percent(row["reported_rate"]),
                    f"{row['cohort_count']:,}",
                    words.percent(row["called_resolved_rate"]),
                    f"{words.percent(row['lasting_rate'])} "
                    f"({words.between(row['lasting_rate_low'], row['lasting_rate_high'], words.percent)})",
                    words.percent(row["came_back_share"]),
                    words.percent(row["one_contact_rate"]),
                    words.percent(row["unobservable_share"]),
                ]
                for row in sorted(answer.rows, key=lambda row: list(NAMES).index(row["definition_id"])
                                  if row["definition_id"] in NAMES else len(NAMES))
            ],
        ),
        size="wide",
    )  # fmt: skip


def _range(shares):
    known = [share for share in shares if share is not None]
    if not known:
        return words.UNKNOWN
    low, high = words.percent(min(known)), words.percent(max(known))
    return low if low == high else f"{low} to {high}"


def _months(desk):
    answer = desk.ask(QUERIES, "months")
    least = max((row["min_n"] for row in answer.rows), default=0)
    for definition in USUAL:
        rows = [row for row in answer.rows if row["definition_id"] == definition and row["reported_count"]]
        known = months.judged(rows, "lasting_rate", "cohort_count", least)
        if known:
            break
    else:
        return "What desks usually report, by month", "no month has enough visits that can be judged"
    last = known[-1]
    says = (
        f"In {words.month(last['period_start'])} {words.percent(last['called_resolved_rate'])} were called resolved; "
        f"{words.percent(last['lasting_rate'])} were, and nobody came back. After "
        f"{words.percent(last['one_contact_rate'])} nobody came back, whatever was said of "
        f"them.{months.unknown(rows, 'lasting_rate', 'cohort_count', least)}"
    )
    return Figure(
        title=f"{NAMES[definition]}, by month",
        says=says,
        answer=answer,
        n=f"{sum(row['cohort_count'] for row in known):,} judged things in {months.many(known)}",
        window=f"{last['window_days']} days",
        picture=months.picture(
            known,
            {
                "called resolved": ("called_resolved_rate", "headline"),
                "held": ("lasting_rate", "reality"),
                "never back": ("one_contact_rate", "other"),
            },
            says, "first-contact-months", y_title="of the judged", y_format=".0%",
        ),
    )  # fmt: skip


def _windows(desk):
    title = "Waiting longer, and looking at every door"
    answer = desk.ask(QUERIES, "windows")
    rows = [
        row for row in answer.rows if row["cohort_count"] >= row["min_n"] and row["called_resolved_rate"] is not None
    ]
    ways = {"F12": "on this channel", "F4": "on any channel"}
    by_way = {way: [row for row in rows if row["definition_id"] == way] for way in ways}
    if any(len(some) < 2 for some in by_way.values()):
        return title, "first visits of known customers cannot be judged by more than one window"
    first, last = by_way["F4"][0], by_way["F4"][-1]
    says = (
        f"Wait {_days(first)}, and {words.percent(first['one_contact_rate'])} of issues needed one visit; wait "
        f"{_days(last)}, and it is {words.percent(last['one_contact_rate'])}. "
    )
    same_channel = by_way["F12"][-1]["called_resolved_rate"]
    says += (
        f"Who looks at the same channel only sees {words.percent(same_channel)}."
        if same_channel > last["one_contact_rate"]
        else "The same channel alone shows no more: here customers come back the way they came."
    )
    return Figure(
        title=title,
        says=says,
        answer=answer,
        n=f"{last['cohort_count']:,} to {first['cohort_count']:,} judged first visits",
        window=f"{first['window_days']} to {last['window_days']} days",
        picture=charts.lines(
            [
                {"days_waited": row["window_days"], "series": ways[way], "value": row["called_resolved_rate"]}
                for way, some in by_way.items()
                for row in some
            ],
            f"Share of first visits after which nobody came back, by days waited and by where one looks. {says}",
            "first-contact-windows", {"on this channel": "headline", "on any channel": "reality"}, x="days_waited",
            y_title="did not come back", y_format=".0%",
        ),
    )  # fmt: skip


def _days(row):
    return "a day" if row["window_days"] == 1 else f"{row['window_days']} days"


MAKERS = (_definitions, _months, _windows)
