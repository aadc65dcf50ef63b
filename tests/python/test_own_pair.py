"""docs/own_pair.md, followed to the letter."""

import contextlib
import re

import duckdb
import pytest

from conftest import ROOT
from counterweight.build import build, run_dbt
from counterweight.errors import CounterweightError

PAGE = (ROOT / "docs" / "own_pair.md").read_text(encoding="utf-8")
MODEL = "models/marts/pairs/pair_x01_never_back.sql"
WORDS = "models/marts/pairs/pair_x01_never_back.yml"


def snippets():
    """The page's blocks, by the file that the text before each names last."""
    found = {}
    for before, block in re.findall(r"(.*?)```\w+\n(.*?)```", PAGE, re.DOTALL):
        found[re.findall(r"`([\w./]+\.(?:csv|sql|yml))`", before)[-1]] = block
    return found


def follow(project, leave_out=()):
    for name, block in snippets().items():
        if name in leave_out:
            continue
        path = project.root / name
        if name.endswith(".csv"):
            path.write_text(path.read_text(encoding="utf-8") + block, encoding="utf-8")
        elif name == "dbt_project.yml":
            text = path.read_text()
            assert text.count("  own_pairs: []\n") == 1
            path.write_text(text.replace("  own_pairs: []\n", block))
        else:
            path.write_text(block)


def test_the_page_has_one_row_one_model_and_one_declaration():
    assert list(snippets()) == ["seeds/kpi_pairs.csv", MODEL, WORDS, "dbt_project.yml"]


def test_the_pair_is_on_the_scorecard(copied_project):
    """Built, and tested by the page's own unit test and by ours, which know nothing of it."""
    follow(copied_project)
    selected = ["kpi_pairs", "pair_x01_never_back", "balanced_scorecard"]
    results = run_dbt(copied_project, ["build", "--select", *selected], {})
    assert len(results) > 7
    assert {str(result.status) for result in results} == {"success", "pass"}
    with contextlib.closing(duckdb.connect(str(copied_project.warehouse), read_only=True)) as connection:
        total = connection.execute(
            """
            select pair_name, cohort_count, headline_numerator, reality_numerator, gap_count, gap, reading
            from marts.balanced_scorecard
            where pair_id = 'X01' and period_type = 'to_date' and unit_type = 'total' and window_days = 7
            """
        ).fetchone()
        counted = connection.execute(
            """
            select cohort_count, reopened_count, hidden_by_auto_close_count from marts.resolution_quality
            where claim_type = 'ticket_resolved' and period_type = 'to_date' and unit_type = 'total' and window_days = 7
            """
        ).fetchone()
        weeks = connection.execute(
            "select count(headline) from marts.balanced_scorecard where pair_id = 'X01' and period_type = 'week'"
        ).fetchone()[0]
    cohort, reopened, hidden = counted
    assert hidden > 0
    assert total[:5] == (
        "Never reopened against never back",
        cohort,
        cohort - reopened,
        cohort - reopened - hidden,
        hidden,
    )
    assert float(total[5]) == pytest.approx(hidden / cohort, abs=1e-4)
    assert total[6] in ("aligned", "blindfold", "not_enough_data")
    assert weeks > 3


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("seeds/kpi_pairs.csv", r"pair_x01_never_back is of the pair X01, which the catalogue does not know"),
        (
            "dbt_project.yml",
            r"pair_x01_never_back is no part of the scorecard: .* variable own_pairs",
        ),
        ("reality", r"No KPI travels alone: pair_x01_never_back gives pair X01 a headline and no reality\."),
    ],
)
def test_it_is_refused_while_something_is_missing(copied_project, missing, message):
    follow(copied_project, leave_out=[missing])
    if missing == "reality":
        path = copied_project.root / MODEL
        text = re.sub(r"\n +reality=.*", "", path.read_text())
        assert "reality" not in text
        path.write_text(text)
    with pytest.raises(CounterweightError, match=message):
        build(copied_project, {})


@pytest.mark.parametrize("name", re.findall(r"\| variables? (.*?) \|", PAGE))
def test_the_variables_of_the_page_are_there(demo, name):
    assert set(re.findall(r"`(\w+)`", name)) <= set(demo.variables)


def test_the_seeds_of_the_page_are_there():
    named = set(re.findall(r"`(?:seeds/)?(\w+\.csv)`", PAGE))
    assert named == {path.name for path in (ROOT / "seeds").glob("*.csv")} & named
    assert len(named) > 8
