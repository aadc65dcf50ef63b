"""What a team lead wants to know, from the published file: of what we called resolved, how much held?"""

import contextlib

import click

from counterweight.project import pretty_path
from counterweight.publish import FILE_NAME, open_published

READINGS = {
    "blindfold": "the headline looks better than reality bears out",
    "aligned": "headline and reality agree",
    "not_enough_data": "not enough data to say",
}


def show(project):
    """Print the summary of the published build, for the default window."""
    with contextlib.closing(open_published(project)) as connection:
        cell = _row(
            connection,
            """
            select *
            from marts.resolution_quality
            where
                period_type = 'to_date' and unit_type = 'total'
                and window_days = (select distinct window_days from facts.fct_claim_verdicts where is_default_window)
            """,
        )
        if cell is None:
            click.echo("\nNo ticket was called resolved in this data, so there is nothing to hold or come back.")
            return
        coverage = connection.execute(
            "select source_system, feed, observed_until, as_of from dimensions.dim_feed_coverage order by all"
        ).fetchall()
        pairs = connection.execute(
            """
            select pair_id, pair_name, headline_rate, reality_rate, reading
            from marts.balanced_scorecard
            where period_type = 'to_date' and unit_type = 'total' and window_days = ?
            order by pair_id
            """,
            [cell["window_days"]],
        ).fetchall()
        findings = connection.execute(
            """
            select expectation_id, failed_count, question
            from audit.expectation_results
            where not success
            order by expectation_id
            """
        ).fetchall()
        fates = connection.execute(
            "select fate, fate_reason, sum(row_count) from facts.fct_row_fates group by all order by 3 desc, 1, 2"
        ).fetchall()
    window = cell["window_days"]
    seen = min([until for _, _, until, _ in coverage] + [coverage[0][3]])
    click.echo(f"\nOf what we called resolved, how much held for {window} days?")
    click.echo(f"(data to {_day(coverage[0][3])}; a failure could be seen until {_day(seen)})\n")
    _line("resolved", cell["claim_count"])
    _line("  not known yet", cell["pending_count"], None, f"their {window} days were not observed to the end")
    _line(
        "  unobservable",
        cell["unobservable_count"],
        None,
        f"customer unknown or shared: {_percent(cell['unobservable_share'])} of the mature",
    )
    _line("  judged", cell["cohort_count"])
    _line("held", cell["held_count"], cell["held_rate"])
    _line(
        "came back",
        cell["falsified_count"],
        cell["return_rate"],
        f"95 %: {_percent(cell['return_rate_low'])} to {_percent(cell['return_rate_high'])}"
        if cell["cohort_count"]
        else "",
    )
    _line("  reopened: the tool shows it", cell["reopened_count"], cell["reopen_rate"])
    _line("  hidden by auto-close", cell["hidden_by_auto_close_count"], cell["hidden_by_auto_close_rate"])
    rest = cell["falsified_count"] - cell["reopened_count"] - cell["hidden_by_auto_close_count"]
    _line("  other new tickets", rest, None, "opened while the old one could still be reopened")
    if cell["mature_count"] and 2 * cell["unobservable_count"] > cell["mature_count"]:
        click.echo("\nMost customers are unknown or shared, so most returns could not be seen: mind who the rest are.")
    click.echo()
    for pair_id, name, headline, reality, reading in pairs:
        click.echo(
            f"{pair_id}  {name}: headline {_percent(headline)}, reality {_percent(reality)}: {READINGS[reading]}"
        )
    click.echo("\nObserved until: " + "; ".join(f"{s} {f} {_day(until)}" for s, f, until, _ in coverage))
    click.echo("Fates of rows:  " + "; ".join(f"{n:,} {f}{f' ({why})' if why else ''}" for f, why, n in fates))
    click.echo(f"Findings:       {len(findings) or 'none'}")
    for identifier, count, question in findings:
        click.echo(f"  {identifier} ({count:,}): {question}")
    click.echo(f"\nLook at {pretty_path(project.current / FILE_NAME)}: schema marts, tables resolution_quality,")
    click.echo("returned_claims (each case) and balanced_scorecard. What the audit found: audit.expectation_results,")
    click.echo("and as pages data_docs/index.html beside the file.")


def _row(connection, query):
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def _line(label, count, rate=None, note=""):
    share = _percent(rate) if rate is not None else ""
    click.echo(f"  {label:<30}{count:>10,}  {share:>7}  {note}".rstrip())


def _percent(rate):
    return "unknown" if rate is None else f"{100 * rate:.1f} %"


def _day(moment):
    return f"{moment:%-d %B %Y %H:%M} UTC"
