"""A restated week, explained: a world whose week is published, and changes three times.

    python -m counterweight.dev.restated_week

First a day's logs come late, then the source corrects tickets, then somebody changes a definition. After each the same
week is published again, and marts.published_changes says which of its figures are others, and why.
"""

import contextlib
import dataclasses
import datetime
import sys
import tempfile
from pathlib import Path

import click
import duckdb

from counterweight.audit import audit
from counterweight.build import build
from counterweight.load import load
from counterweight.project import Project
from counterweight.publish import open_published, publish
from counterweight.published import literal
from counterweight.worlds import simulate

# The week, and the day of it whose logs come late.
WEEK = datetime.date(2024, 3, 4)
LATE_DAY = datetime.date(2024, 3, 6)
LATE = {"calls": "started_at", "ticket_events": "event_at"}
# Tickets of the week that the source puts into another category afterwards: every so many.
CORRECTED = 5
OTHER_DEFINITION = {"issue_key": "anything"}
EXPECTED = ("late_data", "correction", "definition")


@dataclasses.dataclass(frozen=True)
class Restated:
    """What one publish did to the week: lines of published_changes of the whole desk in it, and all causes anywhere."""

    step: str
    lines: list
    causes: dict


def restate(root, folder, tickets, calls, seed):
    """Publish a week four times. Yields a Restated for each of the three changes."""
    folder = Path(folder)
    simulate(str(folder / "world"), world="honest", file_format="parquet", tickets=tickets, calls=calls, months=4,
             seed=seed)  # fmt: skip
    raw = folder / "world" / "raw"
    _hold_back(raw, folder / "late")
    project = Project(root=root, warehouse=folder / "counterweight.duckdb", published=folder / "published")
    _publish(project, [f"canonical={raw}"], {})
    yield _restated(project, "The logs of one day come late", [f"canonical={folder / 'late'}"], {})
    _correct(raw, folder / "corrected")
    yield _restated(project, "The source corrects tickets", [f"canonical={folder / 'corrected'}"], {})
    yield _restated(project, "Another definition: issue_key is `anything`", [], OTHER_DEFINITION)


def _hold_back(raw, late):
    """Move the rows of the late day into files of their own."""
    late.mkdir()
    with contextlib.closing(duckdb.connect()) as connection:
        for table, at in LATE.items():
            file = raw / f"{table}.parquet"
            is_late = f"cast({at} as timestamp) >= {literal(LATE_DAY)} and cast({at} as timestamp) < " + literal(
                LATE_DAY + datetime.timedelta(days=1)
            )
            connection.execute(f"create or replace temp table rows as from read_parquet({literal(file)})")
            connection.execute(f"copy (from rows where {is_late}) to {literal(late / file.name)} (format parquet)")
            connection.execute(f"copy (from rows where not ({is_late})) to {literal(file)} (format parquet)")


def _correct(raw, corrected):
    """Newer versions of tickets of the week, in another category from their opening on."""
    corrected.mkdir()
    with contextlib.closing(duckdb.connect()) as connection:
        file = raw / "tickets.parquet"
        connection.execute(f"create temp table tickets as from read_parquet({literal(file)})")
        connection.execute(
            f"""
            copy (
                with current as (
                    select * from tickets
                    qualify row_number() over (partition by ticket_id order by updated_at desc) = 1
                ),
                of_week as (
                    select *, row_number() over (order by ticket_id) as number
                    from current
                    where cast(created_at as date) >= {literal(WEEK)}
                        and cast(created_at as date) < {literal(WEEK + datetime.timedelta(days=7))}
                )
                select
                    * exclude (number) replace (
                        (select min(category) from tickets where category <> of_week.category) as category,
                        (select max(updated_at) from tickets) as updated_at
                    )
                from of_week
                where number % {CORRECTED} = 0
            ) to {literal(corrected / file.name)} (format parquet)
            """
        )


def _publish(project, files, values):
    if files:
        load(project, None, files)
    build(project, values)
    audit(project)
    publish(project)


def _restated(project, step, files, values):
    _publish(project, files, values)
    with contextlib.closing(open_published(project)) as connection:
        build_id = connection.execute("select build_id from audit.builds").fetchone()[0]
        lines = connection.execute(
            """
            select
                pair_id, pair_name, window_days, value_unit, headline_from, headline_to, reality_from, reality_to,
                cause, explanation
            from marts.published_changes
            where build_id = ? and period_type = 'week' and period_start = ? and unit_type = 'total'
            order by cause, explanation, pair_id, window_days
            """,
            [build_id, WEEK],
        ).fetchall()
        causes = connection.execute(
            "select cause, count(*) from marts.published_changes where build_id = ? group by cause order by cause",
            [build_id],
        ).fetchall()
    return Restated(step, lines, dict(causes))


def show(restated):
    click.echo(
        f"\n{restated.step}. Figures that changed: {', '.join(f'{n:,} {c}' for c, n in restated.causes.items())}"
    )
    click.echo(f"The week from {WEEK}, the whole desk:")
    said = None
    for pair, name, window, unit, headline, headline_to, reality, reality_to, cause, explanation in restated.lines:
        if (cause, explanation) != said:
            said = (cause, explanation)
            click.echo(f"  {cause}: {explanation}")
        days = f", {window} days" if window else ""
        click.echo(
            f"    {pair} {name}{days} ({unit}): headline {headline} -> {headline_to}, reality {reality} -> {reality_to}"
        )


@click.command(help=__doc__.replace("\n\n    python", "\n\n\b\n    python"))
@click.option("--tickets", default=2000, show_default=True, help="About how many tickets.")
@click.option("--calls", default=4000, show_default=True, help="About how many calls and chats.")
@click.option("--seed", default=7, show_default=True, help="Same seed, same world.")
@click.option(
    "--keep", metavar="DIR", help="Keep the exports, the build file and what is published in this new folder."
)
def main(tickets, calls, seed, keep):
    is_as_expected = True
    with contextlib.nullcontext(keep) if keep else tempfile.TemporaryDirectory() as folder:
        for restated, cause in zip(restate(Project.find().root, folder, tickets, calls, seed), EXPECTED, strict=True):
            show(restated)
            is_as_expected &= bool(restated.lines) and {line[8] for line in restated.lines} == {cause}
    click.echo("\nEach change of the week is explained." if is_as_expected else "\nNot explained as it should be.")
    sys.exit(0 if is_as_expected else 1)


if __name__ == "__main__":
    main()
