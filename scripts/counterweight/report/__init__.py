"""The report: one HTML file from the published marts, for people who run a desk.

No script, nothing from elsewhere, the same bytes for the same build. What it shows is declared as exposures
(models/marts/_report__exposures.yml), which the build checks: a headline whose reality is taken out fails it.
"""

import contextlib
import json
import os
import re
from pathlib import Path

import click
import jinja2
import yaml

from counterweight import words
from counterweight.errors import CounterweightError
from counterweight.project import pretty_path
from counterweight.publish import open_published
from counterweight.report import charts
from counterweight.report.desk import Desk, columns_shown
from counterweight.report.sections import FIRST, SECTIONS, pairs

EXPOSURES = Path("models") / "marts" / "_report__exposures.yml"


def report(project, out=None):
    """Write the report of what is published to `out` (default: report.html in the published folder); returns its path.

    InputError where nothing is published; CounterweightError where the report shows what its exposures do not say.
    """
    out = Path(out) if out else project.published / "report.html"
    with contextlib.closing(open_published(project)) as connection:
        _check_exposures(project, connection)
        systems = connection.execute(
            "select distinct source_system from dimensions.dim_feed_coverage order by 1"
        ).fetchall()
        chapters = []
        for (system,) in systems:
            click.echo(f"report {system}")
            chapters.append(_chapter(Desk(connection, system)))
    build_id = json.loads((project.current / "manifest.json").read_text(encoding="utf-8"))["build_id"]
    text = _page(chapters, build_id)
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".draft-{out.name}")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, out)
    click.echo(
        f"report {pretty_path(out)}: {len(text.encode()) / 1000:,.0f} kB, of build {build_id}. Open it in any browser."
    )
    return out


def _chapter(desk):
    """All that the page says of one source system."""
    hidden, readings = pairs.hiding(desk)
    sections = [
        {
            "name": section.NAME,
            "title": section.TITLE,
            "intro": section.INTRO,
            "figures": section.figures(desk),
            "silent": section.silent(desk) if hasattr(section, "silent") else [],
            "queries": [desk.ask(section.QUERIES, name) for name in section.QUERIES],
        }
        for section in SECTIONS
    ]
    return {
        "system": desk.system,
        "id": "".join(letter if letter.isalnum() else "-" for letter in desk.system.lower()),
        "lead": FIRST.lead(desk),
        "lead_queries": [desk.ask(FIRST.QUERIES, name) for name in FIRST.QUERIES],
        "hidden": hidden,
        "readings": readings,
        "sections": sections,
    }


def _page(chapters, build_id):
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("counterweight.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    title = chapters[0]["lead"]["title"] if len(chapters) == 1 else "What we said, and what held"
    page = environment.get_template("page.html").render(
        title=title,
        chapters=chapters,
        build_id=build_id,
        kinds=charts.KINDS,
        reading_words=words.READINGS,
        day=words.day,
    )
    # a number and its unit stay on one line
    return re.sub(r"(?<=\d) (?=%|(?:h|min|s|days|EUR|USD)\b)", "\N{NO-BREAK SPACE}", page)


def exposures(connection):
    """What the report shows, as dbt exposures: one a section, with each column of each mart that it reads."""
    found = []
    for section in (FIRST, *SECTIONS):
        shown = columns_shown(connection, section.QUERIES)
        found.append(
            {
                "name": f"report_{section.NAME}",
                "label": f"Report: {section.TITLE}",
                "type": "dashboard",
                "description": f"Section of `counterweight report`: {section.__doc__.strip()}",
                "depends_on": [f"ref('{mart}')" for mart in shown],
                "owner": {"name": "Owner of the report", "email": "owner@example.org"},
                "config": {
                    "meta": {"kpi_shows": [f"{mart}.{it}" for mart, columns in shown.items() for it in columns]}
                },
            }
        )
    return {"exposures": found}


def _check_exposures(project, connection):
    """The build has checked the exposures: what is shown must be what they say."""
    declared = {
        exposure["name"]: set(exposure["config"]["meta"]["kpi_shows"])
        for exposure in yaml.safe_load((project.root / EXPOSURES).read_text(encoding="utf-8"))["exposures"]
    }
    for exposure in exposures(connection)["exposures"]:
        shown = set(exposure["config"]["meta"]["kpi_shows"])
        said = declared.pop(exposure["name"], set())
        if shown != said:
            problems = [f"shows {name} and does not say so" for name in sorted(shown - said)]
            problems += [f"says that it shows {name} and does not" for name in sorted(said - shown)]
            raise CounterweightError(
                f"The exposure {exposure['name']} of {EXPOSURES} {'; '.join(problems)}. After a change of the report "
                "write the exposures anew with 'python -m counterweight.dev.exposures'; the next build checks that "
                "each headline has its reality."
            )
    if declared:
        raise CounterweightError(f"{EXPOSURES} has {', '.join(declared)}, and the report has no such section.")
