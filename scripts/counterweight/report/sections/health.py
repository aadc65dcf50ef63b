"""Can the figures be believed? What was left out, how far feeds reach, what nobody can know, what the audit found."""

from counterweight import words
from counterweight.report import charts
from counterweight.report.desk import Figure

NAME = "health"
TITLE = "Can the figures be believed?"
INTRO = (
    "A figure is as good as the rows behind it. Here is what was left out and by which rule, how far each feed "
    "reaches, what nobody can know because the customer is not known, and what the audit found. A defect of our own "
    "stops the build, so none is here; findings are about the source."
)
QUERIES = {
    "health": """
        select subject, item, measure, value_count, base_count, value_share, value_at, meaning
        from marts.data_health
        where source_system = $system
        order by subject, item, measure
    """,
    "feeds": """
        select
            feed, record_count, first_record_at, last_record_at, last_dense_day, is_declared, observed_until, as_of
        from dimensions.dim_feed_coverage
        where source_system = $system
        order by feed
    """,
    "findings": """
        select
            suite, expectation_id, kind, question, success, failed_count, looked_at_count, observed, limits, what_to_do
        from audit.expectation_results
        order by success, failed_count desc nulls last, suite, expectation_id
    """,
    "quarantine": """
        select
            raw_table, fate_reason, meaning, what_to_do, is_waiting, row_count, corrected_count, unknown_count,
            still_missing_count, first_missing_file, first_missing_line_number, first_missing_row_number
        from marts.quarantine
        where source_system = $system
        order by still_missing_count desc, row_count desc, raw_table, fate_reason
    """,
    "history": """
        select build_number, loaded_at, item, measure, value_count
        from marts.data_health_over_time
        where source_system = $system and subject = 'rows' and measure in ('loaded', 'quarantined', 'still_missing')
        order by build_number, item, measure
    """,
    "inputs": """
        select input_name, row_count
        from dimensions.dim_inputs
        where source_system = $system
        order by input_name
    """,
}
# From this share on what is unknown, late or left out is said before anything is quoted.
WORTH_SAYING = 0.05
# As many findings get a card; all are in the data.
FINDINGS = 5
# Up to so many reasons of quarantine are shown unfolded.
REASONS = 15
# As many builds, the newest, are drawn; all are in the data.
BUILDS = 12
# Claims, as a person says them.
CLAIMS = {
    "ticket_resolved": "resolved tickets",
    "contact_handled": "handled contacts",
    "call_resolved": "calls flagged as resolved",
    "first_contact_resolved": "first contact resolutions",
    "sla_met": "deadlines met",
    "problem_closed": "problems closed",
    "contained_by_bot": "sessions that a bot contained",
}
WHY = {
    "unknown_customer": "the customer is not known",
    "shared_identity": "many people behind one key",
    "normal_business": "everybody comes again for this",
}


def figures(desk):
    found = [
        _before_quoting(desk), _feeds(desk), _unseen(desk), _missing(desk), _rows(desk), _over_time(desk),
        _quarantine(desk), *_findings(desk),
    ]  # fmt: skip
    return [it for it in found if it]


def _rows_of(desk, subject):
    return [row for row in desk.ask(QUERIES, "health").rows if row["subject"] == subject]


def _unobservable(desk):
    """{claim type: (mature claims, of them in no rate, {why: count})}."""
    found = {}
    for row in _rows_of(desk, "claims"):
        if not row["measure"].startswith("unobservable: ") or not row["base_count"]:
            continue
        why = row["measure"].removeprefix("unobservable: ")
        whole, lost, reasons = found.get(row["item"], (row["base_count"], 0, {}))
        found[row["item"]] = (whole, lost + row["value_count"], reasons | {why: row["value_count"]})
    return found


def _many(count, thing):
    """`1 table`, `25 tables`."""
    return f"{count:,} {thing}{'s' if count != 1 else ''}"


def _claim(claim_type):
    return CLAIMS.get(claim_type, claim_type.replace("_", " "))


def _feed(feed):
    return feed.replace("_", " ")


def _days_behind(row):
    """Whole days from where a feed was observed to the end of the data. None where it never was."""
    return None if row["observed_until"] is None else max(0, (row["as_of"] - row["observed_until"]).days)


def _left_out(desk):
    """(raw rows loaded, of them in the figures, [(table, fate, rows)])."""
    loaded = used = 0
    fates = []
    for row in _rows_of(desk, "rows"):
        if row["measure"] == "loaded":
            loaded += row["value_count"]
        elif row["measure"] == "used":
            used += row["value_count"]
        elif row["value_count"] and _is_leaf(row["measure"]):
            fates.append((row["item"], row["measure"], row["value_count"]))
    return loaded, used, fates


def _is_leaf(measure):
    """`quarantined` and `excluded` are sums of `quarantined: <reason>` and so on; `still_missing` is of the former."""
    return measure not in ("quarantined", "excluded", "still_missing")


def _failed(desk):
    return [row for row in desk.ask(QUERIES, "findings").rows if not row["success"]]


def _before_quoting(desk):
    """What to know before a figure of this page is quoted, in sentences."""
    answer = desk.ask(QUERIES, "health")
    if not answer.rows:
        return None
    known = []
    loaded, used, _ = _left_out(desk)
    if loaded:
        known.append(
            f"{used:,} of {loaded:,} rows delivered are in the figures"
            + (f"; {loaded - used:,} are not, each by a named rule." if loaded > used else ".")
        )
    feeds = [row for row in desk.ask(QUERIES, "feeds").rows if row["record_count"]]
    late = [(row, _days_behind(row)) for row in feeds if (_days_behind(row) or 0) >= 1]
    if late:
        listed = words.listed(f"{_feed(row['feed'])} ({_ago(days)})" for row, days in late)
        known.append(f"Behind the end of the data: {listed}. Claims that they could contradict wait that long.")
    elif feeds:
        known.append("Every feed reaches to the end of the data.")
    lost = {
        claim: missing / whole
        for claim, (whole, missing, _) in _unobservable(desk).items()
        if missing / whole >= WORTH_SAYING
    }
    if lost:
        listed = words.listed(f"{_claim(claim)} ({words.percent(share)})" for claim, share in lost.items())
        known.append(f"In no rate, since nobody can know whether they held: {listed}.")
    missing = [row for row in _keys(desk) if row["value_share"] >= 0.5]
    if missing:
        listed = words.listed(f"{row['subject'].replace('_', ' ')} {_measure(row)}" for row in missing)
        known.append(f"Missing in at least half of the cases: {listed}. What rests on it is unknown here.")
    failed = _failed(desk)
    known.append(
        f"{len(failed)} {'checks of the source found' if len(failed) != 1 else 'check of the source found'} "
        "something; see below."
        if failed
        else "No check of the source found anything."
    )
    known.append(
        "A share stands for those whom we could see. Quote it with its n and its window, never without its reality."
    )
    return Figure(
        title="Before you quote a figure",
        says=" ".join(known),
        answer=answer,
        n=f"{loaded:,} rows delivered",
        table=(
            ["of what", "which", "measure", "how many", "of", "share", "meaning"],
            [
                [
                    row["subject"].replace("_", " "), row["item"], row["measure"], f"{row['value_count']:,}",
                    "" if row["base_count"] is None else f"{row['base_count']:,}",
                    "" if row["value_share"] is None else words.percent(row["value_share"]), row["meaning"],
                ]
                for row in answer.rows
                if row["value_count"]
            ],
        ),
        size="wide",
    )  # fmt: skip


def _ago(days):
    return f"{days:,} {'days' if days != 1 else 'day'}"


def _feeds(desk):
    answer = desk.ask(QUERIES, "feeds")
    rows = [row for row in answer.rows if row["record_count"] and row["last_record_at"] and row["observed_until"]]
    if not rows:
        return None
    late = [row for row in rows if _days_behind(row) >= 1]
    says = "Blue: observed, so that a return would have been seen. "
    if late:
        says += "Pale: records, but too few to call it observed. Nothing after the blue can be judged. " + " ".join(
            f"{_feed(row['feed']).capitalize()}: observed until {row['observed_until']:%-d %b %Y}, "
            f"{_ago(_days_behind(row))} before the end of the data."
            for row in late
        )
    else:
        says += "Every feed reaches to the end of the data."
    first = min(row["first_record_at"] for row in rows)
    last = max(max(row["last_record_at"], row["observed_until"]) for row in rows)
    end = rows[0]["as_of"]
    # the end may be another system's, years later: drawn, it would leave no room for the feeds
    near = end - last <= last - first
    if not near:
        says += f" The last record is of {last:%-d %b %Y}; what ends later is another system of this build."
    return Figure(
        title="How far does each feed reach?",
        says=says,
        answer=answer,
        n=f"{sum(row['record_count'] for row in rows):,} records of {_many(len(rows), 'feed')}",
        picture=charts.spans(
            [
                {
                    "label": _feed(row["feed"]),
                    "start": f"{row['first_record_at']:%Y-%m-%d}",
                    "seen": f"{row['observed_until']:%Y-%m-%d}",
                    "last": f"{max(row['last_record_at'], row['observed_until']):%Y-%m-%d}",
                    "end": f"{end if near else last:%Y-%m-%d}",
                }
                for row in rows
            ],
            f"From when to when each feed was observed. {says}",
            "health-feeds",
            end_words="end of the data" if near else "last record",
        ),
        table=(
            ["feed", "records", "first", "last", "observed until", "declared"],
            [
                [
                    _feed(row["feed"]), f"{row['record_count']:,}",
                    *(words.day(row[it]) for it in ("first_record_at", "last_record_at", "observed_until")),
                    "yes" if row["is_declared"] else "no",
                ]
                for row in answer.rows
            ],
        ),
    )  # fmt: skip


def _unseen(desk):
    """Claims in no rate, by type: whose customer nobody knows."""
    answer = desk.ask(QUERIES, "health")
    found = _unobservable(desk)
    if not found:
        return None
    worst = max(found, key=lambda claim: found[claim][1] / found[claim][0])
    whole, lost, reasons = found[worst]
    if lost:
        most = max(reasons, key=reasons.get)
        says = (
            f"Most often {_claim(worst)}: {words.percent(lost / whole)}, mostly because "
            f"{WHY.get(most, most.replace('_', ' '))}. They "
            "are in no rate at all: counted as successes they would flatter, and as failures only when they fail."
        )
    else:
        says = "None: of every claim that is old enough the customer is known."
    return Figure(
        title="What nobody can know",
        says=says,
        answer=answer,
        n=f"{sum(whole for whole, _, _ in found.values()):,} claims old enough to judge, of "
        f"{_many(len(found), 'type')}",
        picture=charts.bars(
            [
                {
                    "label": _claim(claim), "value": lost / whole,
                    "text": f"{words.percent(lost / whole)} of {whole:,}",
                }
                for claim, (whole, lost, _) in sorted(found.items(), key=lambda it: -it[1][1] / it[1][0])
            ],
            f"Share of claims in no rate, by type. {says}", "health-unseen", "in no rate", x_format=".0%",
            color=charts.PARTS["unobservable"],
        ),
        table=(
            ["claims", "old enough", "in no rate", *(WHY[it] for it in WHY)],
            [
                [_claim(claim), f"{whole:,}", f"{lost:,}", *(f"{reasons.get(it, 0):,}" for it in WHY)]
                for claim, (whole, lost, reasons) in found.items()
            ],
        ),
    )  # fmt: skip


def _keys(desk):
    """Measures of what is missing in tickets, contacts and so on; not of rows, feeds and claims."""
    return [
        row
        for row in desk.ask(QUERIES, "health").rows
        if row["subject"] not in ("rows", "feed", "claims") and row["base_count"] and row["value_share"] is not None
    ]


def _measure(row):
    return row["measure"].replace("_", " ")


def _missing(desk):
    """Keys and times on which figures rest, and how often they are not there."""
    answer = desk.ask(QUERIES, "health")
    rows = _keys(desk)
    if not rows:
        return None
    drawn = sorted((row for row in rows if row["value_count"]), key=lambda row: (-row["value_share"], row["subject"]))
    says = f"Never missing: {len(rows) - len(drawn)} of {len(rows)} things that figures rest on."
    if drawn:
        first = drawn[0]
        says += (
            f" Most often: {first['subject'].replace('_', ' ')} {_measure(first)}, "
            f"{words.percent(first['value_share'])}. "
            f"{first['meaning']}"
        )
    return Figure(
        title="What is missing in the rows we use",
        says=says,
        answer=answer,
        n=f"{len(rows)} measures; each has its own number of cases, in the data",
        picture=charts.bars(
            [
                {
                    "label": f"{row['subject'].replace('_', ' ')} {_measure(row)}",
                    "value": row["value_share"],
                    "text": f"{words.percent(row['value_share'])} of {row['base_count']:,}",
                }
                for row in drawn[:12]
            ],
            f"What is missing how often. {says}", "health-missing", "missing", x_format=".0%",
            color=charts.PARTS["unobservable"], width=charts.HALF - 290,
        )
        if drawn
        else None,
        table=(
            ["of what", "missing", "how many", "of", "share", "meaning"],
            [
                [
                    row["subject"].replace("_", " "), _measure(row), f"{row['value_count']:,}",
                    f"{row['base_count']:,}",
                    words.percent(row["value_share"]), row["meaning"],
                ]
                for row in rows
            ],
        ),
    )  # fmt: skip


def _rows(desk):
    """What became of the rows that were delivered."""
    answer = desk.ask(QUERIES, "health")
    loaded, used, fates = _left_out(desk)
    if not loaded:
        return None
    tables = [row for row in _rows_of(desk, "rows") if row["measure"] == "loaded" and row["value_count"]]
    says = "All rows delivered are in the figures."
    if loaded > used:
        says = f"All but {loaded - used:,} of {loaded:,} rows delivered are in the figures."
    fates.sort(key=lambda it: (-it[2], it[0], it[1]))
    if fates:
        says += (
            " Nothing is dropped in silence: quarantined rows nobody can use, excluded ones a named rule leaves out, "
            "and of a "
            "row delivered again the newest version counts."
        )
    return Figure(
        title="What became of the rows",
        says=says,
        answer=answer,
        n=f"{loaded:,} rows of {_many(len(tables), 'table')}",
        picture=charts.bars(
            [
                {"label": f"{table}: {fate.replace('_', ' ')}", "value": count, "text": f"{count:,}"}
                for table, fate, count in fates[:12]
            ],
            f"Rows that are not in the figures, by table and why. {says}", "health-rows", "rows not in the figures",
            width=charts.HALF - 290,
        )
        if fates
        else None,
        table=(
            ["table", "what became of it", "rows", "of"],
            [
                [row["item"], _measure(row), f"{row['value_count']:,}", words.count(row["base_count"])]
                for row in _rows_of(desk, "rows")
                if row["value_count"]
            ],
        ),
    )  # fmt: skip


def _result(row):
    if not row["success"]:
        return "found"
    return "nothing to look at" if row["looked_at_count"] == 0 else "passed"


def _cases(row):
    """`12 of 334`, with what was measured where that is more than their number."""
    said = f"{row['failed_count']:,} of {words.count(row['looked_at_count'])}"
    return said if row["observed"] == str(row["failed_count"]) else f"{said}; observed {row['observed']}"


def _over_time(desk):
    """What nobody can use and nothing has replaced, build by build. None before there are two."""
    answer = desk.ask(QUERIES, "history")
    builds = {}
    for row in answer.rows:
        build = builds.setdefault(row["build_number"], {"loaded_at": row["loaded_at"]})
        build[row["measure"]] = build.get(row["measure"], 0) + row["value_count"]
    if len(builds) < 2:
        return None
    *_, before, last = (build.get("still_missing", 0) for build in builds.values())
    change = f"{abs(last - before):,} {'fewer' if last < before else 'more'} than" if last != before else "as many as"
    says = (
        f"{_many(last, 'row')} that nobody can use {'are' if last != 1 else 'is'} still missing: {change} in the build "
        "before. A row that is mended leaves this count; one that waits for its ticket leaves it when that comes."
    )
    return Figure(
        title="Do the data get better, build by build?",
        says=says,
        answer=answer,
        n=_many(len(builds), "audited build"),
        picture=charts.bars(
            [
                {
                    "label": f"build {number}"
                    + (f", loads to {build['loaded_at']:%-d %b %Y}" if build["loaded_at"] else ""),
                    "value": build.get("still_missing", 0),
                    "text": f"{build.get('still_missing', 0):,} of {build.get('loaded', 0):,}",
                }
                for number, build in list(builds.items())[-BUILDS:]
            ],
            f"Rows still missing, by build. {says}", "health-builds", "rows still missing",
            color=charts.PARTS["unobservable"],
        ),
        table=(
            ["build", "newest load", "rows delivered", "in quarantine", "still missing"],
            [
                [
                    str(number), words.day(build["loaded_at"]),
                    *(f"{build.get(it, 0):,}" for it in ("loaded", "quarantined", "still_missing")),
                ]
                for number, build in builds.items()
            ],
        ),
    )  # fmt: skip


def _quarantine(desk):
    """What nobody can use, why, and what whoever owns the source does about it: the table is the figure."""
    answer = desk.ask(QUERIES, "quarantine")
    if not answer.rows:
        return None
    whole, mended, unknown = (
        sum(row[it] for row in answer.rows) for it in ("row_count", "corrected_count", "unknown_count")
    )
    waiting = sum(row["still_missing_count"] for row in answer.rows if row["is_waiting"])
    left = whole - mended
    says = f"{left:,} of {_many(whole, 'row')} in quarantine {'are' if left != 1 else 'is'} still to do."
    if mended:
        says += f" {mended:,} {'were' if mended != 1 else 'was'} delivered again in a version that is used."
    if waiting:
        says += f" {waiting:,} only {'wait' if waiting != 1 else 'waits'} for a ticket to come, and will be used then."
    if unknown:
        says += f" Whether {unknown:,} of them were mended nobody can tell: without a key, or never a row."
    first = answer.rows[0]
    if first["still_missing_count"]:
        says += (
            f" Most: {first['raw_table']}, {first['still_missing_count']:,} times. {first['meaning']} "
            f"{first['what_to_do']}"
        )
    says += " Each of them, with file and line, is in facts.fct_quarantined_rows."
    return Figure(
        title="What nobody can use, and what to do about it",
        says=says,
        answer=answer,
        n=_many(whole, "row"),
        table=(
            ["table", "what is wrong", "to do", "of", "the first of them", "what to do"],
            [
                [
                    row["raw_table"], row["meaning"], f"{row['still_missing_count']:,}", f"{row['row_count']:,}",
                    _place(row), row["what_to_do"],
                ]
                for row in answer.rows
            ],
        ),
        is_open=len(answer.rows) <= REASONS,
        size="wide",
    )  # fmt: skip


def _place(row):
    """Where the first of a reason that is still missing stands."""
    if row["first_missing_file"] is None:
        return ""
    if row["first_missing_line_number"] is not None:
        return f"{row['first_missing_file']}, line {row['first_missing_line_number']:,}"
    if row["first_missing_row_number"] is not None:
        return f"{row['first_missing_file']}, row {row['first_missing_row_number']:,}"
    return row["first_missing_file"]


def _findings(desk):
    """What the audit found in the sources: a card for the first, all in the data."""
    answer = desk.ask(QUERIES, "findings")
    if not answer.rows:
        return []
    failed = _failed(desk)
    table = (
        ["about", "check", "kind", "question", "result", "cases", "of", "observed", "limit", "what to do"],
        [
            [
                row["suite"], row["expectation_id"], row["kind"], row["question"], _result(row),
                words.count(row["failed_count"]), words.count(row["looked_at_count"]), row["observed"], row["limits"],
                "" if row["success"] else row["what_to_do"],
            ]
            for row in answer.rows
        ],
    )  # fmt: skip
    more = len(failed) - FINDINGS
    idle = sum(_result(row) == "nothing to look at" for row in answer.rows)
    passed = len(answer.rows) - len(failed) - idle
    said = Figure(
        title="What the audit found",
        says=f"{passed} of {len(answer.rows)} checks passed, over all systems of the build."
        + (f" {idle} had nothing to look at." if idle else "")
        + (f" {len(failed)} found something, in the source or in the work; that stops no build." if failed else "")
        + (f" The first {FINDINGS} follow; {more} more are in the data." if more > 0 else ""),
        answer=answer,
        n=f"{len(answer.rows)} checks",
        badge=("signal", f"{len(failed)} {'findings' if len(failed) != 1 else 'finding'}")
        if failed
        else ("quiet", "No findings"),
        table=table,
        size="third",
    )
    return [
        said,
        *(
            Figure(
                title=row["question"].split("? ")[0].rstrip("?") + "?",
                says=" ".join([*row["question"].split("? ")[1:], "What to do:", row["what_to_do"]]),
                answer=answer,
                n=_cases(row),
                badge=("signal", "Yes"),
                table=(table[0], [line for line in table[1] if line[:2] == [row["suite"], row["expectation_id"]]]),
                size="third",
            )
            for row in failed[:FINDINGS]
        ),
    ]
