"""What a team lead wants to know, from the published file: of what we called resolved, how much held?"""

import contextlib

import click

from counterweight.project import pretty_path
from counterweight.publish import FILE_NAME, open_published
from counterweight.words import READINGS, day, in_unit, percent, plain

# What a claim type says was done, and what its customers do when it was not. The other types are in the pairs.
CLAIMS = {
    "ticket_resolved": ("resolved", "Of what {system} called resolved, how much held for {window} days?"),
    "contact_handled": (
        "handled",
        "After how many contacts of {system} did nobody come back in {window} days?",
    ),
}
# The cell of each pair that one looks at first, of every system: the total, in the window of the catalogue.
SHOWN_CELLS = """
    select
        source_system, pair_id, pair_name, period_type, period_start, value_unit, headline, reality, reading,
        missing_inputs
    from {scorecard} as cells
    where
        unit_type = 'total' and period_type in ('month', 'fiscal_year', 'to_date')
        and window_days is not distinct from
            (select window_days from {catalogue} as catalogue where catalogue.pair_id = cells.pair_id)
    -- all so far; else the newest month or year with values, clear or not
    qualify row_number() over (
        partition by source_system, pair_id
        order by headline is null, period_type <> 'to_date', period_start desc
    ) = 1
    order by source_system, pair_id
"""


def show(project):
    """Print the summary of the published build, for the default window."""
    with contextlib.closing(open_published(project)) as connection:
        cells = _rows(
            connection,
            """
            select *
            from marts.resolution_quality
            where
                period_type = 'to_date' and unit_type = 'total' and list_contains(?, claim_type)
                and window_days = (select distinct window_days from facts.fct_claim_verdicts where is_default_window)
            order by claim_type desc, source_system
            """,
            [list(CLAIMS)],
        )
        coverage = connection.execute(
            "select source_system, feed, observed_until, as_of from dimensions.dim_feed_coverage order by all"
        ).fetchall()
        pairs = _rows(
            connection,
            SHOWN_CELLS.format(scorecard="marts.balanced_scorecard", catalogue="reference.kpi_pairs"),
        )
        detectors = _rows(
            connection,
            """
            select
                source_system, detector, detector_name,
                count(*) filter (status <> 'not_evaluable') as evaluated_count,
                mode(not_evaluable_reason) as reason,
                list(distinct unit order by unit) filter (status = 'signal') as units
            from marts.gaming_signals
            group by all
            order by source_system, detector
            """,
        )
        findings = connection.execute(
            """
            select expectation_id, failed_count, observed, question, what_to_do
            from audit.expectation_results
            where not success
            order by expectation_id
            """
        ).fetchall()
        fates = connection.execute(
            "select fate, fate_reason, sum(row_count) from facts.fct_row_fates group by all order by 3 desc, 1, 2"
        ).fetchall()
    if not cells:
        click.echo("\nNothing was called done in this data, so there is nothing to hold or come back.")
        click.echo(
            "Where something was: its status words may be unknown, see the findings and seeds/ticket_statuses.csv."
        )
    for cell in cells:
        _show_cell(cell)
    for system in sorted({pair["source_system"] for pair in pairs}):
        _show_pairs(system, [pair for pair in pairs if pair["source_system"] == system])
        _show_detectors(system, [row for row in detectors if row["source_system"] == system])
    if coverage:
        click.echo(f"\nData to:        {day(coverage[0][3])}")
    click.echo("Observed until: " + "; ".join(f"{s} {f} {day(until)}" for s, f, until, _ in coverage))
    click.echo("Fates of rows:  " + "; ".join(f"{n:,} {f}{f' ({why})' if why else ''}" for f, why, n in fates))
    click.echo(f"Findings:       {len(findings) or 'none'}")
    for identifier, count, observed, question, what_to_do in findings:
        measured = f", observed {observed}" if observed != str(count) else ""
        click.echo(f"  {identifier} ({count:,}{measured}): {question}")
        click.echo(f"    {what_to_do}")
    click.echo(f"\nLook at {pretty_path(project.current / FILE_NAME)}: schema marts, tables resolution_quality,")
    click.echo("returned_claims (each case), balanced_scorecard and gaming_signals. What the audit found:")
    click.echo("audit.expectation_results, and as pages data_docs/index.html beside the file.")


def _show_cell(cell):
    """One system's claims of one type: what was said, what could be judged, what came back."""
    window = cell["window_days"]
    verb, question = CLAIMS[cell["claim_type"]]
    click.echo(f"\n{question.format(system=cell['source_system'], window=window)}")
    click.echo(f"(a failure could be seen until {day(cell['observed_until'])})\n")
    _line(verb, cell["claim_count"])
    _line("  not known yet", cell["pending_count"], None, f"their {window} days were not observed to the end")
    _line(
        "  unobservable",
        cell["unobservable_count"],
        None,
        f"{percent(cell['unobservable_share'])} of the mature; without a customer's id: "
        f"{percent(cell['unknown_customer_share'])}",
    )
    _line("  judged", cell["cohort_count"])
    if not cell["cohort_count"]:
        click.echo("  Nothing can be judged" + (": no claim is old enough yet." if not cell["mature_count"] else "."))
    else:
        _line("held" if verb == "resolved" else "nobody came back", cell["held_count"], cell["held_rate"])
        _line(
            "came back",
            cell["falsified_count"],
            cell["return_rate"],
            f"95 %: {percent(cell['return_rate_low'])} to {percent(cell['return_rate_high'])}",
        )
    if cell["cohort_count"] and verb == "resolved":
        _line("  reopened: the tool shows it", cell["reopened_count"], cell["reopen_rate"])
        _line("  hidden by auto-close", cell["hidden_by_auto_close_count"], cell["hidden_by_auto_close_rate"])
        rest = cell["falsified_count"] - cell["reopened_count"] - cell["hidden_by_auto_close_count"]
        _line("  otherwise, by new ticket or call", rest, None, "while the old one could still be reopened")
    if cell["mature_count"] and 2 * cell["unobservable_count"] > cell["mature_count"]:
        click.echo("  Most customers are unknown or shared, so most returns could not be seen: mind who the rest are.")


def _show_pairs(system, pairs):
    """What each headline of a system hides, the worst first; the pairs that say nothing in one line a reason."""
    click.echo(f"\nEvery headline of {system} beside the reality it can hide (all so far, or the newest month):")
    for reading, meaning in READINGS.items():
        found = [pair for pair in pairs if pair["reading"] == reading]
        if not found:
            continue
        click.echo(f"\n  {meaning}")
        if reading == "not_measurable":
            reasons = {}
            for pair in found:
                reasons.setdefault(pair["missing_inputs"], []).append(pair["pair_id"])
            for missing, names in sorted(reasons.items(), key=lambda item: item[1]):
                click.echo(f"    {', '.join(names)}: no {missing}")
            continue
        silent = [pair["pair_id"] for pair in found if pair["headline"] is None]
        for pair in found:
            if pair["headline"] is None:
                continue
            values = " -> ".join(in_unit(pair[side], pair["value_unit"]) for side in ("headline", "reality"))
            click.echo(f"    {pair['pair_id']}  {pair['pair_name']:<68}{values}")
        if silent:
            click.echo(f"    {', '.join(silent)}: nothing that can be judged yet")


def _show_detectors(system, detectors):
    """Where the work of a system responds to a target, and what nobody could look into."""
    click.echo(f"\nDoes work of {system} respond to a target? A signal is a reason to look, no verdict:\n")
    if not detectors:
        click.echo("    nobody can tell: no team is known, and a lone person is never judged")
        return
    for row in detectors:
        if row["units"]:
            click.echo(f"    {row['detector']:<5}{row['detector_name']:<42}{', '.join(map(plain, row['units']))}")
    if not any(row["units"] for row in detectors):
        click.echo("    no signal, in any team and month that could be evaluated")
    quiet = [row["detector"] for row in detectors if row["evaluated_count"] and not row["units"]]
    if quiet:
        click.echo(f"  Quiet where they could be evaluated: {', '.join(quiet)}")
    reasons = {}
    for row in detectors:
        if not row["evaluated_count"]:
            reasons.setdefault(row["reason"], []).append(row["detector"])
    for reason, names in sorted(reasons.items(), key=lambda item: item[1]):
        click.echo(f"  Not evaluable, {reason}: {', '.join(names)}")


def _rows(connection, query, parameters=None):
    cursor = connection.execute(query, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _line(label, count, rate=None, note=""):
    share = percent(rate) if rate is not None else ""
    click.echo(f"  {label:<33}{count:>10,}  {share:>7}  {note}".rstrip())
