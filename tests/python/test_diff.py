"""`diff`: what a change does to the numbers, told from two builds that differ in known places."""

import contextlib
import shutil
import subprocess

import duckdb
import pytest
from click.testing import CliRunner

from conftest import ROOT
from counterweight import cli
from counterweight.dev import diff
from counterweight.project import Project

SCORECARD = """
    create table marts.balanced_scorecard (
        source_system varchar, period_type varchar, period_start date, unit_type varchar, unit varchar, pair_id varchar,
        window_days integer, pair_name varchar, value_unit varchar, headline decimal(18, 4), reality decimal(18, 4),
        reading varchar, missing_inputs varchar
    );
    insert into marts.balanced_scorecard values
        ('s', 'to_date', '2024-01-01', 'total', '(all)', 'P03', 7, 'Lasting | x', 'share', 1, .95, 'aligned', null),
        ('s', 'to_date', '2024-01-01', 'total', '(all)', 'P03', 30, 'Lasting | x', 'share', 1, .9, 'aligned', null),
        ('s', 'month', '2024-02-01', 'total', '(all)', 'P15', null, 'Strain', 'ratio', 1.5, 2, 'aligned', null),
        ('s', 'month', '2024-03-01', 'total', '(all)', 'P15', null, 'Strain', 'ratio', null, null,
            'not_enough_data', null),
        ('s', 'to_date', null, 'total', '(all)', 'P24', 7, 'Reopens', 'share', .05, .12, 'blindfold', null);
    create table reference.kpi_pairs (pair_id varchar, window_days integer);
    insert into reference.kpi_pairs values ('P03', 7), ('P15', null), ('P24', 7)
"""
TEAMS = """
    create table dimensions.dim_teams (source_system varchar, team_id varchar, tier varchar, agent_count bigint);
    insert into dimensions.dim_teams values
        ('s', 'alpha', 'first', 2), ('s', 'beta', null, 3), ('s', 'gamma', null, 4), ('s', null, 'second', 5)
"""


@pytest.fixture
def compared(tmp_path):
    """A function: the Difference of two small builds, the branch's after `change`, and the report of it."""

    def run(change, also_base="select 1"):
        files = tmp_path / "base.duckdb", tmp_path / "branch.duckdb"
        for file, statements in zip(files, (also_base, change), strict=True):
            with contextlib.closing(duckdb.connect(str(file))) as connection:
                for schema in ("dimensions", "facts", "marts", "reference"):
                    connection.execute(f"create schema {schema}")
                connection.execute(f"{SCORECARD}; {TEAMS}; {statements}")
        difference = diff.compare(ROOT, *files)
        return difference, diff.markdown(difference, "By hand.")

    return run


def of(difference, name):
    return next(relation for relation in difference.relations if relation.name == name)


def test_nothing_changed_is_said(compared):
    difference, text = compared("select 1")
    assert not difference.differs
    assert text == (
        "<!-- counterweight diff -->\n## What this change does to the numbers\n\n"
        "**Nothing changed**: 2 tables with 9 rows are the same. By hand.\n"
    )


def test_rows_are_found_again_by_key_and_null_is_a_value(compared):
    """One came, one went. Beta's tier was null and is not, the nameless team's was not and is; gamma's stays null."""
    difference, text = compared(
        """
        delete from dimensions.dim_teams where team_id = 'alpha';
        insert into dimensions.dim_teams values ('s', 'delta', 'first', 1);
        update dimensions.dim_teams set tier = 'first', agent_count = 9 where team_id = 'beta';
        update dimensions.dim_teams set tier = null where team_id is null
        """
    )
    teams = of(difference, "dimensions.dim_teams")
    assert (teams.added, teams.removed, teams.changed) == (1, 1, 2)
    assert teams.columns == {"tier": 2, "agent_count": 1}
    assert "**1 of 2 tables differ**, and no pair of the scorecard. By hand." in text
    assert "| `dimensions.dim_teams` | 4 | 1 | 1 | 2 | `tier` 2, `agent_count` 1 |" in text
    assert "### Pairs" not in text
    assert "beta" not in text


def test_the_order_of_rows_and_columns_is_no_difference(compared):
    difference, _ = compared(
        "create or replace table dimensions.dim_teams as "
        "select tier, agent_count, team_id, source_system from dimensions.dim_teams order by agent_count desc"
    )
    assert not difference.differs


def test_columns_that_come_go_or_have_another_type(compared):
    """Whoever retypes a number and keeps its value has changed no row."""
    difference, text = compared(
        """
        alter table dimensions.dim_teams drop tier;
        alter table dimensions.dim_teams add region varchar;
        alter table dimensions.dim_teams alter agent_count type decimal(9, 1);
        create table facts.new_one as select 1 as id
        """,
        "create table facts.old_one as select 1 as id",
    )
    teams = of(difference, "dimensions.dim_teams")
    assert teams.changed == 0
    assert teams.schema == ["`tier` removed", "`region` added (varchar)", "`agent_count` bigint → decimal(9,1)"]
    assert of(difference, "facts.new_one").schema == ["new table"]
    assert of(difference, "facts.old_one").removed == 1
    assert "**3 of 4 tables differ**" in text
    assert "- `dimensions.dim_teams`: `tier` removed, `region` added (varchar), `agent_count` bigint" in text


def test_a_number_that_became_text_is_compared_as_text(compared):
    difference, _ = compared(
        """
        alter table dimensions.dim_teams alter agent_count type varchar;
        update dimensions.dim_teams set agent_count = '02' where team_id = 'alpha'
        """
    )
    assert of(difference, "dimensions.dim_teams").columns == {"agent_count": 1}


def test_where_a_key_is_not_unique_whole_rows_are_compared(compared):
    """The second alpha is a row that came; beta, which changed, went and came."""
    difference, text = compared(
        """
        insert into dimensions.dim_teams values ('s', 'alpha', 'first', 2);
        update dimensions.dim_teams set agent_count = 9 where team_id = 'beta'
        """
    )
    teams = of(difference, "dimensions.dim_teams")
    assert (teams.added, teams.removed, teams.changed) == (2, 1, 0)
    assert "`dimensions.dim_teams` was compared as whole rows" in text


def test_a_pair_shows_the_cell_that_is_looked_at_first(compared):
    """P03 has another reading in its own window, P15 a newer month with a value, P24 nothing new."""
    difference, text = compared(
        """
        update marts.balanced_scorecard set reality = 0.85, reading = 'blindfold'
        where pair_id = 'P03' and window_days = 7;
        update marts.balanced_scorecard set headline = 1.25, reality = 2, reading = 'aligned'
        where pair_id = 'P15' and period_start = '2024-03-01'
        """
    )
    assert of(difference, "marts.balanced_scorecard").changed == 2
    assert "2 pairs of the scorecard. **Another reading**: P03 of s from aligned to blindfold; P15 of s from " in text
    head = "| pair | system | cells changed | period | headline | reality | reading |\n|---|---|--:|---|---|---|---|\n"
    assert text.split(head)[1].split("\n\n")[0] == (
        "| P03 Lasting \\| x | s | 1 of 2 | so far | 100.00 % | 95.00 % → 85.00 % | aligned → blindfold |\n"
        "| P15 Strain | s | 1 of 2 | month of 2024-03-01 | null → 1.25 | null → 2 | not_enough_data → aligned |"
    )


def test_a_pair_that_is_new_or_gone_is_shown(compared):
    _, text = compared(
        """
        delete from marts.balanced_scorecard where pair_id = 'P24';
        insert into marts.balanced_scorecard values
            ('t', 'to_date', null, 'total', '(all)', 'P24', 7, 'Reopens', 'share', null, null, 'not_measurable', 'x')
        """
    )
    assert (
        "| P24 Reopens | s | 1 of 1 | so far | 5.00 % → none | 12.00 % → none | blindfold → none |\n"
        "| P24 Reopens | t | 1 of 1 | so far | none → null | none → null | none → not_measurable |\n" in text
    )


def test_a_view_is_read_whatever_its_file_is_called_now(compared, tmp_path):
    """A view names the file that it was built in."""
    view = "create view facts.fct_claims as select * from {}.dimensions.dim_teams"
    compared(view.format("branch"), view.format("base"))
    before, after = tmp_path / "before.duckdb", tmp_path / "after.duckdb"
    shutil.move(tmp_path / "base.duckdb", before)
    shutil.move(tmp_path / "branch.duckdb", after)
    difference = diff.compare(ROOT, before, after)
    assert len(difference.relations) == 3
    assert not difference.differs


def test_a_scorecard_of_another_kind_is_said(compared):
    _, text = compared("alter table marts.balanced_scorecard drop reading")
    assert "so that its pairs were not compared" in text
    assert "- `marts.balanced_scorecard`: `reading` removed" in text


@pytest.fixture
def invoke(compared, tmp_path, monkeypatch):
    """A function that runs `diff` on two builds that differ in one row; returns (exit code, output)."""
    compared("update dimensions.dim_teams set tier = 'x' where team_id = 'alpha'")
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        outcome = CliRunner().invoke(cli.main, ["--project-dir", str(ROOT), "diff", *arguments])
        return outcome.exit_code, outcome.output

    return run


def test_changes_fail_only_where_that_was_asked(invoke, tmp_path):
    code, text = invoke("base.duckdb", "branch.duckdb")
    assert code == 0
    assert "1 of 2 tables differ" in text
    assert "From `base.duckdb` to `branch.duckdb`." in text
    shutil.copy("base.duckdb", "same.duckdb")
    assert invoke("base.duckdb", "same.duckdb", "--fail-on-change")[0] == 0
    code, printed = invoke("base.duckdb", "branch.duckdb", "--fail-on-change", "--out", "reports/diff.md")
    assert (code, printed) == (5, "")
    assert (tmp_path / "reports" / "diff.md").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["base.duckdb"], "Name two files"),
        (["base.duckdb", "branch.duckdb", "--as-of", "2024-01-01"], "Name two files"),
        (["base.duckdb", "base.duckdb"], "is named twice"),
        (["base.duckdb", "nowhere.duckdb"], "nowhere.duckdb: there is no such file"),
        (["base.duckdb", "text.duckdb"], "cannot be read as a DuckDB file"),
        (["base.duckdb", "empty.duckdb"], "empty.duckdb has no facts and marts"),
        (["--base", "no-such-branch"], "git knows no such commit"),
    ],
)
def test_what_cannot_be_compared_is_said(invoke, tmp_path, arguments, expected):
    (tmp_path / "text.duckdb").write_text("no database at all" * 1000)
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    code, text = invoke(*arguments)
    assert code == 2
    assert expected in text
    assert "Traceback" not in text


# ---- two codes


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository of this project's code with one commit, and a function that runs git in it."""
    root = tmp_path_factory.mktemp("repository")
    for name in ("models", "macros", "seeds", "tests", "scripts"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "python"))
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, root / name)
    who = ["-c", "user.name=tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "base"]):
        subprocess.run(["git", "-C", str(root), *command], check=True)
    return Project(root=root, warehouse=root / "none.duckdb", published=root / "published")


@pytest.mark.long
def test_a_wrong_change_of_a_return_rule_shows_with_its_pairs(repository):
    """R3 without its category: a customer who writes about something else has come back, too. Lasting resolutions (P03)
    fall and the return rate (P24) rises; what R3 has nothing to do with is the same, moments of loading included."""
    path = repository.root / "models" / "intermediate" / "int_inferred_returns.sql"
    text = path.read_text(encoding="utf-8")
    right = "partition by claim_type, customer_key, issue_key\n"
    assert text.count(right) == 1
    assert text.count("and comeback.issue_key = claim.issue_key\n") == 1
    path.write_text(
        text.replace(right, "partition by claim_type, customer_key\n").replace(
            "and comeback.issue_key = claim.issue_key\n", "\n"
        ),
        encoding="utf-8",
    )
    world = {"world": "honest", "tickets": 700, "calls": 1200, "months": 5, "seed": 7}
    report, differs = diff.report(repository, "HEAD", world=world)
    assert differs
    lines = {
        line.split()[1]: [cell.strip() for cell in line.split("|")] for line in report.splitlines() if "| P" in line
    }
    assert {"P03", "P24", "P08", "P27"} <= set(lines)
    before, after = (float(text.removesuffix(" %")) for text in lines["P03"][6].split(" → "))
    assert after < before - 1
    before, after = (float(text.removesuffix(" %")) for text in lines["P24"][6].split(" → "))
    assert after > before + 1
    # the headline is what the tool says
    assert "→" not in lines["P24"][5]
    # of other functions, and of calls alone
    assert not {"P19", "P28", "P35", "P43"} & set(lines)
    for table in ("`facts.fct_claims`", "`facts.fct_claim_verdicts`", "`marts.resolution_quality`"):
        assert f"| {table} |" in report
    for table in ("fct_row_fates", "data_health", "fct_interactions", "dim_", "fct_resolution_episodes"):
        assert table not in report
    # the working tree is left as it was, and nothing in the repository
    assert subprocess.check_output(["git", "-C", str(repository.root), "worktree", "list"]).count(b"\n") == 1
