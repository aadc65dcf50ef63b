"""The semantic layer: dbt reads it, mf accepts it, a metric is its mart's number, and docs/metrics.md is true."""

import contextlib
import csv
import decimal
import json
import re
from pathlib import Path

import duckdb
import pytest
import yaml

from conftest import ROOT, ZONE_OF_DEALERSHIP
from counterweight import build as building
from counterweight.audit import audit
from counterweight.build import build, run_dbt
from counterweight.dev import pages
from counterweight.dev.metrics_page import PAGE, answered, asked, call_of, examples, models_of, parsed, table
from counterweight.load import load
from counterweight.publish import publish
from counterweight.worlds import simulate as simulate_world
from test_engines import copy_table

FILES = sorted((ROOT / "models" / "metrics").glob("*.yml"))
WRITTEN = (ROOT / PAGE).read_text(encoding="utf-8")

# What a row of balanced_scorecard says of all to date -> the metric. The window is the pair's own, of the catalogue.
SCORECARD = {
    "P01": {"reported": "average_handle_time", "headline": "handle_time_ratio", "reality": "repeat_rate"},
    "P02": {"headline": "handle_time_per_first_contact", "reality": "handle_time_per_issue"},
    "P03": {
        "reported": "resolutions",
        "headline_numerator": "judged_resolutions",
        "reality_numerator": "lasting_resolutions",
        "reality": "lasting_resolution_rate",
    },
    "P05": {
        "reported": "first_contact_resolution_as_reported",
        "headline": "first_contact_resolution",
        "reality": "first_contact_resolution_that_held",
    },
    "P08": {"reported": "sla_met_share_as_reported", "headline": "sla_met_share", "reality": "sla_met_and_held_share"},
    "P09": {"headline": "desks_clock_met_share", "reality": "customers_clock_met_share"},
    "P13": {"headline": "csat"},
    "P14": {"headline": "csat_of_the_judged", "reality": "csat_of_those_who_came_back"},
    "P17": {"headline": "time_to_resolution", "reality": "time_to_last_resolution"},
    "P18": {"headline": "handle_time_per_sender", "reality": "handle_time_per_passed_on_contact"},
    "P19": {"headline": "service_level_answered", "reality": "service_level_offered"},
    "P20": {
        "reported": "containment_rate",
        "headline_numerator": "judged_containments",
        "reality": "lasting_containment_rate",
    },
    "P21": {
        "reported": "review_pass_rate",
        "headline_numerator": "judged_reviews",
        "reality": "passed_review_held_rate",
    },
    "P24": {
        "headline": "reopen_rate",
        "reality": "return_rate",
        "headline_numerator": "reopened_resolutions",
        "reality_numerator": "returned_resolutions",
    },
    "P27": {
        "reported": "first_line_resolution_rate",
        "headline_numerator": "judged_first_line_resolutions",
        "reality": "first_line_resolution_held_rate",
    },
}
# (mart, its rows, unit) -> its columns and their metrics, month by month. `total`: no unit.
MONTHS = {
    ("resolution_quality", "claim_type = 'ticket_resolved' and window_days = 7", "total"): {
        "claim_count": "resolutions",
        "cohort_count": "judged_resolutions",
        "mature_count": "mature_resolutions",
        "pending_count": "pending_resolutions",
        "unobservable_count": "unobservable_resolutions",
        "hidden_by_auto_close_count": "resolutions_hidden_by_auto_close",
        "held_rate": "lasting_resolution_rate",
        "reopen_rate": "reopen_rate",
        "return_rate": "return_rate",
        "unobservable_share": "unobservable_resolution_share",
    },
    ("resolution_quality", "claim_type = 'ticket_resolved' and window_days = 7", "team"): {
        "claim_count": "resolutions",
        "cohort_count": "judged_resolutions",
        "held_count": "lasting_resolutions",
        "falsified_count": "returned_resolutions",
        "reopened_count": "reopened_resolutions",
        "reopen_rate": "reopen_rate",
        "return_rate": "return_rate",
    },
    ("resolution_quality", "claim_type = 'ticket_resolved' and window_days = 30", "category"): {
        "cohort_count": "judged_resolutions_30_days",
        "falsified_count": "returned_resolutions_30_days",
        "return_rate": "return_rate_30_days",
    },
    ("service_levels", "metric = 'calls'", "queue"): {
        "item_count": "offered_calls",
        "abandoned_count": "abandoned_calls",
        "judged_count": "timed_calls",
        "met_count": "calls_in_time",
        "service_level_answered": "service_level_answered",
        "service_level_offered": "service_level_offered",
        "abandon_rate": "abandonment_rate",
    },
    ("first_contact_resolution", "definition_id = 'F1' and window_days = 7", "channel"): {
        "reported_count": "flagged_visits",
        "cohort_count": "judged_flagged_visits",
        "stayed_away_count": "visits_resolved_that_stayed_away",
        "reported_rate": "first_contact_resolution_as_reported",
        "called_resolved_rate": "first_contact_resolution",
        "lasting_rate": "first_contact_resolution_that_held",
    },
    ("survey_coverage", "true", "total"): {
        "eligible_count": "survey_eligible",
        "rated_count": "survey_rated",
        "satisfied_count": "survey_satisfied",
        "judged_rated_count": "judged_rated",
        "back_rated_count": "back_rated",
        "back_satisfied_count": "back_satisfied",
        "csat": "csat",
        "least_csat": "csat_if_the_silent_are_not_satisfied",
        "coverage": "survey_coverage_rate",
        "judged_csat": "csat_of_the_judged",
        "csat_of_those_who_came_back": "csat_of_those_who_came_back",
    },
    ("service_levels", "metric = 'sla_resolution'", "total"): {
        "judged_count": "sla_clocks",
        "cohort_count": "judged_sla_clocks",
        "cohort_met_count": "judged_sla_clocks_met",
        "met_and_held_count": "judged_sla_clocks_met_and_held",
        "sla_met_rate": "sla_met_share_as_reported",
        "cohort_met_rate": "sla_met_share",
        "met_and_held_rate": "sla_met_and_held_share",
        "customer_clock_met_rate": "customers_clock_met_share",
    },
    ("handle_time_in_context", "window_days = 7", "category"): {
        "contact_count": "handled_contacts_by_category",
        "cohort_count": "judged_contacts_by_category",
        "repeat_count": "repeated_contacts_by_category",
        "aht_seconds": "average_handle_time_by_category",
        "repeat_rate": "repeat_rate_by_category",
    },
    ("handle_time_in_context", "window_days = 7", "total"): {
        "contact_count": "handled_contacts",
        "handle_seconds": "handle_time",
        "aht_seconds": "average_handle_time",
        "repeat_rate": "repeat_rate",
    },
    ("demand_and_backlog", "open_count is not null", "total"): {
        "open_count": "open_tickets",
        "hidden_count": "hidden_backlog",
        "whole_count": "whole_backlog",
        "hidden_share": "hidden_backlog_share",
    },
    ("demand_and_backlog", "true", "channel"): {"contact_count + opening_count + return_count": "customer_visits"},
    ("bill_of_returns", "true", "total"): {
        "billed_seconds": "handle_time_of_returns",
        "unmeasured_repeat_count": "unmeasured_returns",
        "billed_share_of_handle_time": "share_of_handle_time_spent_on_returns",
    },
}
# Columns that say of which of several countings a row is: a metric of such a model names one of each.
COUNTINGS = {
    "fct_claim_verdicts": {"claim_type", ("window_days", "is_default_window"), "tier_set"},
    "fct_first_contact_verdicts": {"definition_id"},
    "handle_time_in_context": {"period_type", "unit_type", "window_days"},
    "service_levels": {"clock_kind", "period_type", "unit_type"},
    "passed_and_held": {"gate", "period_type", "unit_type", "window_days"},
    "demand_and_backlog": {"period_type", "unit_type"},
    "bill_of_returns": {"period_type", "unit_type"},
    "fct_interactions": set(),
    "fct_ticket_clocks": {"is_read"},
    "fct_survey_responses": set(),
}


@pytest.fixture(scope="module")
def manifest_of_dealership(dealership):
    """What dbt reads, with the variables of that build."""
    project, _ = dealership
    path = project.dbt_target / "semantic_manifest.json"
    path.unlink(missing_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "_NOT_READ", ())
        run_dbt(project, ["compile", "--select", "dim_dates"], {"reporting_time_zone": ZONE_OF_DEALERSHIP})
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def manifest(manifest_of_dealership):
    return json.loads(manifest_of_dealership)


def questions(folder):
    """What the tests of values ask mf, by what they are compared with."""
    metrics = sorted({name for sides in SCORECARD.values() for name in sides.values()})
    calls = {"total": ["query", "--metrics", ",".join(metrics), "--csv", str(folder / "total.csv")]}
    for number, (cells, columns) in enumerate(MONTHS.items()):
        group = ["metric_time__month", *([cells[2]] if cells[2] != "total" else [])]
        names = ",".join(columns.values())
        calls[cells] = [
            "query",
            "--metrics",
            names,
            "--group-by",
            ",".join(group),
            "--csv",
            str(folder / f"{number}.csv"),
        ]
    return calls


def answers_to(calls, manifest, project, **environment):
    given = asked(ROOT, manifest, project.published, list(calls.values()), **environment)
    return {name: (*answer, call[-1]) for (name, call), answer in zip(calls.items(), given, strict=True)}


@pytest.fixture(scope="module")
def answers(dealership, manifest_of_dealership, tmp_path_factory):
    """All that these tests ask of mf, in one program, while another reader has the published file open."""
    project, _ = dealership
    calls = questions(tmp_path_factory.mktemp("mf"))
    calls["validate"] = ["validate-configs"]
    calls |= {question: call_of(question) for question in examples(WRITTEN)}
    with duckdb.connect(str(project.current / "counterweight.duckdb"), read_only=True) as connection:
        connection.execute("select count(*) from facts.fct_claims")
        return answers_to(calls, manifest_of_dealership, project)


def csv_rows(answer):
    code, output, path = answer
    assert code == 0, output
    with Path(path).open(newline="") as file:
        return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]


def published(project, query):
    with duckdb.connect(str(project.current / "counterweight.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_dbt_reads_every_metric(manifest):
    """A layout that this dbt does not know is ignored without a word."""
    declared = {metric["name"] for file in FILES for metric in yaml.safe_load(file.read_text()).get("metrics", [])}
    assert len(declared) >= 100
    assert {metric["name"] for metric in manifest["metrics"]} == declared
    named = {model["name"] for file in FILES for model in yaml.safe_load(file.read_text())["semantic_models"]}
    assert {model["name"] for model in manifest["semantic_models"]} == named
    asked_for = {name for columns in (*SCORECARD.values(), *MONTHS.values()) for name in columns.values()}
    assert asked_for <= declared


def test_mf_accepts_them_against_the_published_file(answers):
    code, output, _ = answers["validate"]
    assert code == 0, output


def test_every_sentence_says_unit_and_null(manifest):
    for metric in manifest["metrics"]:
        unit = r"(Count|Seconds|Share, 0 to 1|Ratio)\b"
        assert metric["label"], metric["name"]
        assert re.search(unit, metric["description"]), metric["name"]
        if metric["type"] == "ratio":
            assert "Null where" in metric["description"], metric["name"]


def test_a_metric_is_of_one_counting(manifest):
    """Windows, tier sets, definitions, periods and units lie in one table: a sum over them counts things again."""
    assert {models for metric in manifest["metrics"] for models in models_of(metric["name"], manifest)} == set(
        COUNTINGS
    )
    checked = 0
    for metric in manifest["metrics"]:
        if metric["type"] != "simple":
            assert metric["type"] == "ratio"
            continue
        (model,) = models_of(metric["name"], manifest)
        filters = " ".join(each["where_sql_template"] for each in (metric["filter"] or {}).get("where_filters", []))
        for column in COUNTINGS[model]:
            names = column if isinstance(column, tuple) else (column,)
            checked += 1
            assert any(re.search(rf"__{name}'\)", filters) for name in names), f"{metric['name']} adds up over {column}"
    assert checked > 150


def test_windows_are_those_of_the_seeds(manifest):
    """A YAML file cannot ask a seed."""
    with (ROOT / "seeds" / "windows.csv").open() as file:
        default = next(row["window_days"] for row in csv.DictReader(file) if row["is_default"] == "true")
    with (ROOT / "seeds" / "kpi_pairs.csv").open() as file:
        windows = {row["pair_id"]: row["window_days"] for row in csv.DictReader(file)}
    assert {windows[pair] for pair in ("P01", "P03", "P05", "P08", "P20", "P21", "P24", "P27")} == {default} == {"7"}
    assert windows["P02"] == "30"
    text = json.dumps(manifest)
    assert set(re.findall(r"__window_days'\) }} = (\d+)", text)) == {default, "30"}
    assert set(re.findall(r"window_days = (\d+)", text)) == {default}
    assert set(re.findall(r"interval '(\d+)' day then", text)) >= {default}


def test_nothing_speaks_of_people(manifest):
    """No agent anywhere; handle time of no team, queue or channel, which may be few people."""
    text = json.dumps([[model["entities"], model["dimensions"]] for model in manifest["semantic_models"]])
    assert not re.search(r"(agent|assignee|author|customer)_key", text)
    checked = 0
    for model in manifest["semantic_models"]:
        if re.search(r"handle|talk|wrap|hold_seconds", json.dumps(model["measures"])):
            checked += 1
            names = {each["name"] for each in (*model["entities"], *model["dimensions"])}
            assert not names & {"team", "team_key", "queue", "channel", "unit"}, model["name"]
    assert checked == 2


def compared_with_scorecard(project, answers):
    """Each side of each pair, to date: the same number. Returns the sides that the scorecard has."""
    (given,) = csv_rows(answers["total"])
    sides = ("reported", "headline", "reality")
    columns = [f"{side}_{part}" for side in sides for part in ("numerator", "denominator")]
    query = f"""
        select cards.pair_id, {", ".join(f"cards.{column}" for column in columns)}
        from marts.balanced_scorecard as cards
        inner join reference.kpi_pairs as pairs on cards.pair_id = pairs.pair_id
        where cards.period_type = 'to_date' and cards.unit_type = 'total'
            and cards.window_days is not distinct from pairs.window_days
    """
    seen = set()
    for pair, *numbers in published(project, query):
        cells = dict(zip(columns, map(as_float, numbers), strict=True))
        for side in sides:
            cells[side] = divided(cells[f"{side}_numerator"], cells[f"{side}_denominator"])
        for column, metric in SCORECARD.get(pair, {}).items():
            assert cells[column] is not None, (pair, column)
            assert as_float(given[metric]) == pytest.approx(cells[column], rel=1e-9, abs=0), (pair, column, metric)
            seen.add((pair, column))
    return seen


def compared_with_cells(project, answers, cells):
    """Month by month: counts whole; rates to the mart's digits, where it shows them. Returns column -> how many of its
    cells have a number other than 0. A cell of nothing may have no row of the metrics."""
    mart, condition, unit = cells
    columns = MONTHS[cells]
    given = {}
    for row in csv_rows(answers[cells]):
        key = (row["metric_time__month"][:10], "(all)" if unit == "total" else row[unit] or "(none)")
        assert key not in given
        given[key] = row
    rows = published(
        project,
        f"select cast(period_start as varchar), unit, is_period_mature, {', '.join(columns)} from marts.{mart} "
        f"where period_type = 'month' and unit_type = '{unit}' and ({condition})",
    )
    assert set(given) <= {(month, name) for month, name, *_ in rows}
    seen = {}
    for number, (column, metric) in enumerate(columns.items(), start=3):
        rates = any(isinstance(row[number], decimal.Decimal) for row in rows)
        for row in rows:
            month, name, is_mature, value = (*row[:3], row[number])
            if rates and not is_mature:
                continue
            mine = as_float(given.get((month, name), {}).get(metric))
            where = (month, name, column, mine, value)
            if not rates:
                assert (mine or 0) == (value or 0), where
            else:
                assert (mine is None) == (value is None), where
                assert value is None or abs(mine - float(value)) <= 0.5001 * 10 ** value.as_tuple().exponent, where
            seen[column] = seen.get(column, 0) + bool(value)
    return seen


def test_to_date_a_metric_is_its_side_on_the_scorecard(dealership, answers):
    seen = compared_with_scorecard(dealership[0], answers)
    assert seen == {(pair, column) for pair, columns in SCORECARD.items() for column in columns}


@pytest.mark.parametrize("cells", MONTHS, ids=lambda cells: f"{cells[0]} by {cells[2]}")
def test_by_month_and_unit_a_metric_is_its_marts_cell(dealership, answers, cells):
    seen = compared_with_cells(dealership[0], answers, cells)
    # whom nobody could recognise is not in this world; the demo has some
    assert {column for column in MONTHS[cells] if not seen.get(column)} <= {"unobservable_count", "unobservable_share"}


def as_float(value):
    return None if value is None or value == "" else float(value)


def divided(numerator, denominator):
    if numerator is None or denominator is None:
        return numerator
    return numerator / denominator if denominator else None


def test_the_page_names_every_metric(manifest):
    assert pages.filled(WRITTEN, table(manifest), PAGE) == WRITTEN, "run python -m counterweight.dev.metrics_page"


def test_every_headline_of_the_page_has_a_reality(manifest):
    rows = [line.split(" | ") for line in table(manifest)["metrics"].splitlines()[2:]]
    assert sum(row[3] == "headline" for row in rows) >= 20
    assert [row for row in rows if row[3] == "headline" and "`" not in row[4]] == []


@pytest.mark.parametrize("question", examples(WRITTEN), ids=lambda question: re.sub(r"\W+", " ", question)[-60:])
def test_the_examples_of_the_page_run(answers, question):
    """On another world than the page's: the same columns, and rows."""
    code, output, _ = answers[question]
    assert code == 0, output
    shown = examples(WRITTEN)[question].splitlines()
    lines = output.strip("\n").splitlines()
    assert lines[0].split() == shown[0].split()
    assert len(lines) > 2 and len(shown) > 2


def test_the_page_has_examples():
    assert len(examples(WRITTEN)) >= 7


@pytest.mark.engine
def test_on_postgres_they_are_the_same(dealership, manifest_of_dealership, postgres, tmp_path):
    """The published tables, copied: that both engines build the same is tested elsewhere."""
    project, _ = dealership
    # as the tables are called in what dbt read
    postgres.create_database("counterweight")
    manifest = json.loads(manifest_of_dealership)
    tables = {(m["node_relation"]["schema_name"], m["node_relation"]["alias"]) for m in manifest["semantic_models"]}
    tables.add(("dimensions", "dim_dates"))
    with (
        duckdb.connect(str(project.current / "counterweight.duckdb"), read_only=True) as source,
        contextlib.closing(postgres.connect("counterweight")) as target,
    ):
        for schema in {schema for schema, _ in tables}:
            target.cursor().execute(f"create schema {schema}")
        for schema, table in sorted(tables):
            copy_table(source, target, schema, table)
        target.commit()
    calls = {"validate": ["validate-configs"], **questions(tmp_path)}
    environment = {"COUNTERWEIGHT_TARGET": "postgres", **postgres.environment("counterweight")}
    answers = answers_to(calls, manifest_of_dealership, project, **environment)
    assert answers["validate"][0] == 0, answers["validate"]
    assert len(compared_with_scorecard(project, answers)) == sum(len(columns) for columns in SCORECARD.values())
    for cells in MONTHS:
        compared_with_cells(project, answers, cells)


@pytest.mark.long
def test_the_page_and_the_values_on_the_demo(new_project, tmp_path):
    """The world of `make demo`."""
    simulate_world(tmp_path / "world", months=9)
    project = new_project("page")
    load(project, None, [f"canonical={tmp_path / 'world' / 'raw'}"])
    build(project, {})
    audit(project)
    publish(project)
    manifest = parsed(ROOT)
    assert answered(WRITTEN, ROOT, manifest, project.published) == WRITTEN, (
        "run python -m counterweight.dev.metrics_page"
    )
    answers = answers_to(questions(tmp_path), manifest, project)
    assert len(compared_with_scorecard(project, answers)) == sum(len(columns) for columns in SCORECARD.values())
    for cells, columns in MONTHS.items():
        seen = compared_with_cells(project, answers, cells)
        assert [column for column in columns if not seen.get(column)] == [], cells
