"""Examples of docs/worlds.md that are really run: the page shows the question and the answer. See worlds_page.py."""

import contextlib
import io
import os
from pathlib import Path

import duckdb
from click.testing import CliRunner

from counterweight.build import build
from counterweight.cli import main
from counterweight.load import load
from counterweight.project import Project
from counterweight.worlds import simulate

MINE = """\
summary: A short auto-close, and agents who open new tickets where a reply would reopen one.
like: auto_close_1
auto_close_days: 3
habits:
  reopen_avoidance: {teams: 1.0, agents: 0.5, intensity: 0.8, since: 0.25}
  vendor_waits: {intensity: 0.3}
recurring: {causes: 2, days: 14}
stops: {surveys: 0.8}
"""
TRUTH_OF_MINE = """\
select
    date_trunc('month', claimed_at)::date as month,
    count(*) as resolutions,
    round(100.0 * count(*) filter (outcome = 'unsolved') / count(*), 1) as "unsolved, %",
    round(100.0 * count(*) filter (reaction = 'reopened') / count(*), 1) as "reopened, %",
    round(100.0 * count(*) filter (reaction <> 'reopened' and returned_at is not null) / count(*), 1)
        as "back otherwise, %"
from 'warehouse/mine/truth/claims.parquet'
where claim_type = 'ticket_resolved'
group by month
order by month"""
PRECISION = """\
with judged as (
    select
        verdicts.window_days,
        verdicts.claimed_at,
        truth.outcome,
        truth.problem_id,
        coalesce(opened.problem_id, rung.problem_id) as problem_of_return
    from facts.fct_claim_verdicts as verdicts
    inner join facts.fct_claims as claims using (claim_id)
    inner join 'warehouse/honest/truth/claims.parquet' as truth
        on truth.claim_type = 'ticket_resolved'
        and verdicts.ticket_id = truth.ticket_id
        and verdicts.claimed_at = truth.claimed_at
    -- the problem that the return was about: of its ticket, or of its call
    left join 'warehouse/honest/truth/contacts.parquet' as opened
        on claims.r3_ticket_key = 'canonical:' || opened.ticket_id and opened.kind = 'opening'
    left join 'warehouse/honest/truth/contacts.parquet' as rung
        on claims.r3_contact_key = 'canonical:' || rung.contact_id
    where verdicts.claim_type = 'ticket_resolved'
        and verdicts.tier_set = 'return'
        and verdicts.is_mature
        and verdicts.verdict = 'falsified'
        and verdicts.falsified_by_tier = 'R3'
)
select
    window_days,
    count(*) as "falsified by R3",
    count(*) filter (outcome = 'unsolved') as "unsolved in truth",
    round(100.0 * count(*) filter (outcome = 'unsolved') / count(*), 1) as "precision, %",
    count(*) filter (outcome = 'solved' and other.problem_id = theirs.problem_id) as "solved, the same problem",
    count(*) filter (
        outcome = 'solved' and other.problem_id <> theirs.problem_id and other.root_cause = theirs.root_cause
    ) as "solved, the same root cause",
    count(*) filter (
        outcome = 'solved' and other.problem_id <> theirs.problem_id
        and (other.root_cause = theirs.root_cause) is not true
    ) as "solved, another problem",
    count(*) filter (outcome = 'solved' and other.problem_id is null) as "solved, no contact of a problem"
from judged
inner join 'warehouse/honest/truth/problems.parquet' as theirs using (problem_id)
left join 'warehouse/honest/truth/problems.parquet' as other on problem_of_return = other.problem_id
group by window_days
order by window_days"""
RECALL = """\
select
    verdicts.window_days,
    count(*) as "back in truth, within the window",
    count(*) filter (verdicts.verdict = 'falsified') as "falsified",
    round(100.0 * count(*) filter (verdicts.verdict = 'falsified') / count(*), 1) as "found, %"
from facts.fct_claim_verdicts as verdicts
inner join 'warehouse/honest/truth/claims.parquet' as truth
    on truth.claim_type = 'ticket_resolved'
    and verdicts.ticket_id = truth.ticket_id
    and verdicts.claimed_at = truth.claimed_at
where verdicts.claim_type = 'ticket_resolved'
    and verdicts.tier_set = 'return'
    and verdicts.is_mature
    and verdicts.is_headline_cohort
    and truth.returned_at <= truth.claimed_at + to_days(verdicts.window_days)
group by verdicts.window_days
order by verdicts.window_days"""
# 360 is the limit; what is counted are half minutes on both sides of it
DETECTOR = """\
with months as (
    select
        team_id,
        date_trunc('month', started_at) as month,
        count(*) filter (talk_seconds + hold_seconds + wrap_seconds between 330 and 359) as below,
        count(*) filter (talk_seconds + hold_seconds + wrap_seconds between 360 and 389) as above
    from 'warehouse/cut/raw/calls.parquet'
    where direction = 'inbound' and channel = 'voice' and leg_number = 1 and not is_abandoned
    group by all
),
judged as (
    select
        (below - above) / sqrt(below + above) > 3 as is_signal,
        exists (
            from 'warehouse/cut/truth/behaviours.parquet' as truth
            where truth.team_id = months.team_id and truth.is_gaming
                -- the month in which it begins is one of those in which it happens
                and months.month + interval 1 month > truth.since
        ) as is_gamed
    from months
    where below + above >= 50
)
select
    count(*) filter (is_gamed) as "gamed team-months",
    count(*) filter (is_gamed and is_signal) as "found",
    count(*) filter (not is_gamed) as "honest team-months",
    count(*) filter (not is_gamed and is_signal) as "false alarms"
from judged"""
INTENSITIES = (0.0, 0.1, 0.25, 0.5, 0.9)


def examples(folder, project):
    """Run all examples in `folder`; {section: text}."""
    with _inside(folder):
        return {"example own": _own(project), "example precision": _precision(project), "example detector": _detector()}


@contextlib.contextmanager
def _inside(folder):
    """Work in a folder, so that the paths in the examples are those of the page."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _command(project, folder, *words):
    settings = {"COUNTERWEIGHT_WAREHOUSE": f"{folder}/it.duckdb", "COUNTERWEIGHT_PUBLISHED": f"{folder}/published"}
    result = CliRunner().invoke(main, ["--project-dir", str(project.root), *words], env=settings)
    if result.exit_code:
        raise RuntimeError(f"{' '.join(words)}: {result.output}")
    return result.stdout


def _own(project):
    Path("mine.yml").write_text(MINE, encoding="utf-8")
    said = (
        _command(project, "mine", "simulate", "--world", "mine.yml", "--out", "warehouse/mine").strip().splitlines()[-1]
    )
    summary = _command(project, "mine", "run", "canonical=warehouse/mine/raw")
    summary = summary[summary.index("Of what") : summary.index("After how many")].strip()
    with duckdb.connect() as connection:
        answer = _answer(connection, TRUTH_OF_MINE)
    return "\n\n".join(
        (
            _block("yaml", "# mine.yml\n" + MINE),
            _block(
                "",
                "counterweight simulate --world mine.yml --out warehouse/mine\n"
                "counterweight run canonical=warehouse/mine/raw",
            ),
            "The first says",
            _block("", said),
            "and the second, among other things,",
            _block("", summary),
            "What the truth says by month, in any DuckDB client:",
            _block("sql", TRUTH_OF_MINE),
            answer,
        )
    )


def _precision(project):
    with contextlib.redirect_stdout(io.StringIO()):
        simulate("warehouse/honest", tickets=40_000, calls=80_000, months=12)
        own = Project(
            root=project.root, warehouse=Path("honest.duckdb").absolute(), published=Path("published").absolute()
        )
        load(own, None, ["canonical=warehouse/honest/raw"])
        build(own, {})
    with contextlib.closing(own.connect(read_only=True)) as connection:
        precision, recall = _answer(connection, PRECISION), _answer(connection, RECALL)
    return "\n\n".join(
        (
            _block("sql", PRECISION),
            precision,
            "The other side: of the resolved tickets whose customer was back in truth, how many does the product find?",
            _block("sql", RECALL),
            recall,
        )
    )


def _detector():
    lines = []
    for intensity in INTENSITIES:
        with contextlib.redirect_stdout(io.StringIO()):
            simulate("warehouse/cut", "call_cutting", tickets=0, calls=600_000, months=12, intensity=intensity)
        with duckdb.connect() as connection:
            found = connection.execute(DETECTOR)
            names = [column[0] for column in found.description]
            lines.append((intensity, *found.fetchone()))
    return _block("sql", DETECTOR) + "\n\n" + _rows(("`--intensity`", *names), lines)


def _answer(connection, query):
    found = connection.execute(query)
    return _rows([column[0] for column in found.description], found.fetchall())


def _rows(head, rows):
    lines = ["| " + " | ".join(_text(cell) for cell in row) + " |" for row in rows]
    return "\n".join(("| " + " | ".join(head) + " |", "|---" * len(head) + "|", *lines))


def _text(value):
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _block(language, text):
    return f"```{language}\n{text.rstrip()}\n```"
