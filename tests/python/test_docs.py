"""What the pages of docs/ tell their readers to do is done here, as it stands there."""

import ast
import contextlib
import os
import re
import shlex
import stat
import subprocess

import pytest

from conftest import ROOT, build_facts, rows
from counterweight.cli import EXIT_CODES
from counterweight.load import load
from counterweight.publish import open_published
from counterweight.report.desk import Desk, columns_shown
from counterweight.variables import parse, parse_ends

DOCS = ROOT / "docs"


def blocks(page, mark):
    """{what stands behind the mark: the code block after it}, of `<!-- mark what -->`."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(rf"<!-- {mark} ?(.*?) ?-->\n```\w*\n(.*?)```", text, flags=re.DOTALL)
    assert found, f"{page} has no <!-- {mark} -->"
    return dict(found)


def test_a_spreadsheet_becomes_claims_and_verdicts(new_project, tmp_path):
    """Of four resolutions two came back: Ann's in another ticket, Bob's reopened."""
    files = blocks("own_data.md", "file")
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (command,) = blocks("own_data.md", "run").values()
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:2] == [".venv/bin/counterweight", "run"]
    assert [words[4], words[6]] == ["--observed-until", "--vars"]
    given = [word.replace("=", f"={tmp_path}/") for word in words[2:4]]
    project = new_project("spreadsheet")
    load(project, None, given, parse_ends([words[5]]))
    build_facts(project, parse(project, words[-1]), select=["+fct_claim_verdicts"])
    found = rows(
        project,
        """
        select ticket_id, strftime(claimed_at, '%d.%m. %H:%M'), strftime(first_r1_at, '%d.%m. %H:%M'), r3_ticket_key
        from facts.fct_claims
        where claim_type = 'ticket_resolved'
        order by claimed_at
        """,
    )
    assert found == [
        ("1002", "04.03. 11:00", "05.03. 08:40", None),
        ("1001", "04.03. 15:00", None, "canonical:1003"),
        ("1002", "05.03. 12:00", None, None),
        ("1003", "06.03. 16:20", None, None),
    ]

    verdicts = rows(
        project,
        "select verdict, count(*) from facts.fct_claim_verdicts where claim_type = 'ticket_resolved' "
        "and window_days = 7 and tier_set = 'return' group by all order by all",
    )
    assert verdicts == [("falsified", 2), ("held", 2)]


def test_no_history_becomes_events(tmp_path):
    import duckdb

    (recipe,) = blocks("own_data.md", "recipe").values()
    (tmp_path / "tickets_with_resolved_at.csv").write_text("ticket_id,resolved_at\n1,04.03.2024 15:00\n2,\n", "utf-8")
    with contextlib.chdir(tmp_path), contextlib.closing(duckdb.connect()) as connection:
        connection.execute(recipe)
    assert (tmp_path / "ticket_events.csv").read_text("utf-8").splitlines() == [
        "event_id,ticket_id,event_at,field,new_value",
        "1,1,04.03.2024 15:00,status,resolved",
    ]


@pytest.mark.parametrize(("code", "notice"), [
    (0, ""),
    (1, "Counterweight: failed with code 1"),
    (3, "Counterweight: audit failed: not published, readers keep the last good build"),
    (4, "Counterweight: skipped: another run is at work"),
])  # fmt: skip
def test_the_nightly_script_tells_a_person(tmp_path, code, notice):
    (script,) = blocks("scheduling.md", "script").values()
    programs = tmp_path / "bin"
    programs.mkdir()
    for path, text in {
        programs / "counterweight": f'#!/bin/sh\necho "called with $*"\nexit {code}\n',
        tmp_path / "nightly.sh": script,
    }.items():
        path.write_text(text, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    result = subprocess.run(
        [tmp_path / "nightly.sh", "canonical=exports"],
        env={"PATH": f"{programs}:{os.environ['PATH']}", "COUNTERWEIGHT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == code
    assert result.stderr == ""
    assert result.stdout == (f"{notice}\ncalled with run canonical=exports\n" if notice else "")


def test_the_schedulers_programs_are_python_and_call_what_there_is():
    from counterweight.cli import main

    for tool in ("airflow", "dagster"):
        program = blocks("scheduling.md", f"python {tool}")[""]
        ast.parse(program)
        named = re.findall(r'^ *\(?"(\w+)"(?:: \[|, ")', program, flags=re.MULTILINE)
        assert named == ["load", "build", "audit", "publish", "report"]
        assert set(named) <= set(main.commands)


def test_the_section_of_a_report_works(dealership):
    """The one that docs/build_a_report.md writes."""
    text = (DOCS / "build_a_report.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    section = {}
    exec(program, section)
    with contextlib.closing(open_published(dealership[0])) as connection:
        assert columns_shown(connection, section["QUERIES"]) == {
            "demand_and_backlog": ["first_contact_count", "period_start", "repeat_contact_count", "repeat_share"]
        }
        (figure,) = section["figures"](Desk(connection, "canonical"))
    assert figure.says.endswith("of what came, came again.")
    assert "<svg" in figure.picture


def test_pages_link_to_what_there_is():
    """Every relative link of every page of the project, with its heading where it names one."""
    broken = []
    for page in [*DOCS.glob("*.md"), *ROOT.glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
            path, _, heading = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists():
                broken.append(f"{page.name}: {target}")
            elif heading and file.suffix == ".md":
                heads = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
                slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
                if heading not in slugs:
                    broken.append(f"{page.name}: {target}")
    assert broken == []


def test_the_exit_codes_are_those_of_the_program():
    """But for the one of `diff`, which no scheduler runs."""
    page = (DOCS / "scheduling.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| (\d) \|", page, flags=re.MULTILINE)
    known = re.findall(r"^\s+(\d)\s+(.+)$", EXIT_CODES, flags=re.MULTILINE)
    assert shown == [code for code, meaning in known if "diff" not in meaning]
