"""No KPI travels alone: each way to show a headline without its reality stops the run, and says what to mend."""

import re

import pytest
import yaml
from dbt.cli.main import dbtRunner

from conftest import copy_code
from counterweight.build import build, run_dbt
from counterweight.errors import CounterweightError
from counterweight.load import load
from kpi_names import INNOCENT, halves
from test_engines import cleanup_connections, copy_raw

WHOLE = "bigint"
SHARE = "decimal(9,4)"


def headline(pair, **more):
    return {"kpi_pair": pair, "kpi_side": "headline", **more}


def reality(pair, **more):
    return {"kpi_pair": pair, "kpi_side": "reality", **more}


# Model -> its columns, each a type and what it declares; `meta` is the model's own.
MARTS = {
    # one wrong thing each
    "mart_alone": {"met_share": (SHARE, headline("P08"))},
    "mart_unknown": {"a_share": (SHARE, headline("P99")), "b_share": (SHARE, reality("P99"))},
    "mart_misspelt": {"a_share": (SHARE, headline("P3")), "b_share": (SHARE, reality("P3"))},
    "mart_side": {"a_share": (SHARE, {"kpi_pair": "P03", "kpi_side": "headlin"})},
    "mart_no_side": {"a_share": (SHARE, {"kpi_pair": "P03"})},
    "mart_no_pair": {"a_share": (SHARE, {"kpi_side": "headline"})},
    "mart_no_reason": {"a_share": (SHARE, {"kpi_side": "none"})},
    "mart_key": {"a_share": (SHARE, {"kpi_piar": "P03"})},
    "mart_of_one_side": {"contained_share": (SHARE, headline("P20"))},
    "mart_of_the_other": {"bounce_share": (SHARE, reality("P20"))},
    "mart_two_cohorts": {
        "mature_count": (WHOLE, {}),
        "claim_count": (WHOLE, {}),
        "fcr": (SHARE, headline("P05", kpi_cohort="claim_count")),
        "stayed_away_rate": (SHARE, reality("P05", kpi_cohort="mature_count")),
    },
    "mart_no_such_cohort": {
        "fcr": (SHARE, headline("P05", kpi_cohort="cohort")),
        "stayed_away_rate": (SHARE, reality("P05", kpi_cohort="cohort")),
    },
    "mart_star": {"a_share": (SHARE, headline("*")), "b_share": (SHARE, reality("*"))},
    "mart_disguised": {
        "aht_seconds": (WHOLE, {}),
        "tickets_closed": (WHOLE, {}),
        "pct_first_time_fix": (SHARE, {}),
        "resolved_count": (WHOLE, {}),
        "sla_met_pct": ("varchar", {}),
    },
    "mart_plain_number": {"figure_17": (WHOLE, {})},
    "mart_none": {
        "meta": {"kpi_none": {"sums": ["total"], "A sum behind the rates": ["totl"], "Said once more here": ["other"]}},
        "total": (WHOLE, {}),
        "other": (WHOLE, {"kpi_side": "none", "kpi_reason": "A sum behind the rates."}),
    },
    # nothing wrong
    "mart_sound": {
        "meta": {"grain": "day_number", "kpi_none": {"Sums behind both sides": ["handle_seconds"]}},
        "day_number": (WHOLE, {}),
        "met_share": (SHARE, headline(["P08", "P09"])),
        "met_share_low": (SHARE, {}),
        "met_share_numerator": (WHOLE, {}),
        "met_and_stayed_share": (SHARE, reality("P08")),
        "met_by_the_customers_clock_share": (SHARE, reality("P09")),
        "handle_seconds": (WHOLE, {}),
        "fix_minutes": (WHOLE, {"kpi_side": "none", "kpi_reason": "How long repairs of a lift last."}),
        "mature_count": (WHOLE, {}),
        "unobservable_share": (SHARE, {}),
        "sla_policy": ("varchar", {}),
        "is_sla_met": ("boolean", {}),
        "resolved_at": ("timestamp", {}),
    },
}
FACT = {
    "handle_seconds": (WHOLE, {}),
    "avg_handle_seconds": (WHOLE, {}),
    "tickets_closed": (WHOLE, {}),
    "answered_leg_count": (WHOLE, {}),
    "is_fcr": ("boolean", {}),
}
RESOLUTION_QUALITY = "ref('resolution_quality')"
BOTH = ["resolution_quality.reopen_rate", "resolution_quality.return_rate"]
EXPOSURES = {
    "silent": ([RESOLUTION_QUALITY], {}),
    "half": ([RESOLUTION_QUALITY], {"kpi_shows": ["resolution_quality.reopen_rate"]}),
    "misspelt": ([RESOLUTION_QUALITY], {"kpi_shows": ["resolution_quality.reopenrate"]}),
    "stranger": ([RESOLUTION_QUALITY], {"kpi_shows": ["balanced_scorecard"]}),
    "declared": (["ref('fct_claims')"], headline("P24")),
    "wallboard_of_handle_time": (["ref('fct_interactions')"], {}),
    "sound_both": (
        [RESOLUTION_QUALITY],
        {"kpi_shows": BOTH},
    ),
    "sound_all": ([RESOLUTION_QUALITY], {"kpi_shows": ["resolution_quality"]}),
    "sound_declared": ([RESOLUTION_QUALITY], {**headline("P24"), "kpi_shows": ["resolution_quality.return_rate"]}),
    "sound_worklist": (["ref('returned_claims')"], {}),
    "sound_metrics": (["metric('reopened')", "metric('came_back')"], {"kpi_shows": ["reopened", "came_back"]}),
}
# metric -> what it declares, and its filter
METRICS = {
    "reopened": (headline("P24"), None),
    "came_back": (reality("P24"), None),
    "closed_tickets": ({}, None),
    "handled": (headline("P01"), None),
    "called_resolved": (headline("P03"), None),
    "held_of_printers": (reality("P03"), "{{ Dimension('claim__work') }} = 'Printer'"),
    "whichever": (headline("*"), None),
}

# What is said of each.
EXPECTED = {
    "headline alone": (
        r"mart_alone\.met_share exposes the headline of pair P08 \('[^']{10,}'\) without its reality \('[^']{10,}'\)\. "
        r".*Add the reality beside it with config: \{meta: \{kpi_pair: P08, kpi_side: reality\}\}, or take"
    ),
    "unknown pair": r"mart_unknown\.a_share is declared with the pair P99, which the catalogue does not know\. Add",
    "misspelt pair": r"mart_misspelt\.a_share is declared with the pair P3, .* Did you mean P03\?",
    "wrong side": r"mart_side\.a_share: kpi_side is 'headlin'; it must be headline, reality or none\.",
    "pair without side": r"mart_no_side\.a_share has a kpi_pair and no kpi_side\.",
    "side without pair": r"mart_no_pair\.a_share is a headline of no pair\. Add kpi_pair",
    "none without reason": r"mart_no_reason\.a_share: kpi_side none needs a sentence",
    "misspelt key": r"mart_key\.a_share: there is no kpi_piar\. Known: kpi_pair",
    "reality in another mart": (
        r"mart_of_one_side\.contained_share exposes the headline of pair P20 .* There is one elsewhere, .*"
        r"mart_of_the_other\.bounce_share.*, but both must come from one mart, grain and cohort\."
    ),
    "reality of another cohort": (
        r"mart_two_cohorts\.fcr exposes the headline of pair P05 .* It is there, but of another cohort than "
        r"claim_count: mart_two_cohorts\.stayed_away_rate \(mature_count\)\."
    ),
    "no such cohort": r"mart_no_such_cohort\.fcr: kpi_cohort must be the column .* there is no 'cohort'",
    "whichever pair": r"mart_star\.a_share: '\*' is for a table with the column pair_id",
    "disguised": (
        r"mart_disguised has columns that look like headlines and are not declared: aht_seconds \(handle time\), "
        r"tickets_closed \(work called done\), pct_first_time_fix \(first contact resolution\), resolved_count \(.*\), "
        r"sla_met_pct \(service level\)\. Declare each with its pair"
    ),
    "number without a role": r"mart_plain_number has numbers that do not say what they are: figure_17\. .*kpi_none",
    "kpi_none without reason": r"mart_none: kpi_none is said for a reason, in a sentence; 'sums' is none\.",
    "kpi_none of no column": r"mart_none: kpi_none names 'totl', which is no column of it\.",
    "declared twice": r"mart_none\.other is declared twice: in kpi_none and at the column\.",
    "no contract": r"mart_without_contract is a mart without an enforced contract",
    "outside of marts": r"report_of_calls\.calls_handled exposes the headline of pair P01",
    "disguised outside of marts": r"report_of_calls has columns that look like .*: occupancy_pct \(utilisation\)",
    "statistic in a fact": (
        r"fct_of_calls has columns that look like headlines and are not declared: avg_handle_seconds \(handle time\), "
        r"tickets_closed \(work called done\)\. KPIs stand in marts"
    ),
    "report that says nothing": r"exposure silent reads headlines \(resolution_quality\.claim_count, .*\) and does not",
    "report of one side": (
        r"exposure half shows resolution_quality\.reopen_rate, the headline of pair P24 \('[^']{10,}'\), "
        r"without its reality \('[^']{10,}'\) from resolution_quality\. Show it as well"
    ),
    "report of no such column": r"exposure misspelt: kpi_shows names 'resolution_quality\.reopenrate', and there is no",
    "report of what it does not read": r"exposure stranger: kpi_shows names 'balanced_scorecard', which is not",
    "report declared as headline": r"exposure declared exposes the headline of pair P24 .* without its reality",
    "report in disguise": r"exposure wallboard_of_handle_time looks like a headline \(handle time\)",
    "metric not declared": r"metric closed_tickets looks like a headline \(work called done\) and is not declared\.",
    "metric alone": r"metric handled exposes the headline of pair P01 .* without its reality",
    "metric of another filter": (
        r"metric called_resolved exposes the headline of pair P03 .* It is there, but of another cohort than "
        r"the default one: metric held_of_printers"
    ),
    "metric of whichever pair": r"metric whichever: a metric is of one pair",
    "metric of ours alone": (
        r"metric first_contact_resolution exposes the headline of pair P05 \('[^']{10,}'\) without its reality"
    ),
    "saved query of one side": r"saved query half_of_it shows metric reopened, the headline of .*without its reality",
    "part off the scorecard": r"pair_p08_forgotten is no part of the scorecard: .*variable own_pairs",
    "part of no pair": r"pair_p08_forgotten is of the pair P98, which the catalogue does not know",
}


def declare(folder, name, columns, **config):
    """A model whose columns are these."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.sql").write_text("select 1 as nothing\n")
    columns = dict(columns)
    meta = columns.pop("meta", {})
    config = {"meta": meta, "contract": {"enforced": True}, **config}
    listed = [
        {"name": column, "data_type": kind, "description": column, "config": {"meta": declared}}
        for column, (kind, declared) in columns.items()
    ]
    model = {"name": name, "description": name, "config": config, "columns": listed}
    (folder / f"{name}.yml").write_text(yaml.safe_dump({"models": [model]}))


def semantic_layer(metrics):
    """Metrics over resolution_quality and what they need."""
    return {
        "semantic_models": [
            {
                "name": "quality",
                "model": "ref('resolution_quality')",
                "defaults": {"agg_time_dimension": "period_start"},
                "entities": [{"name": "claim", "type": "primary", "expr": "claim_type"}],
                "dimensions": [
                    {"name": "period_start", "type": "time", "type_params": {"time_granularity": "day"}},
                    {"name": "work", "type": "categorical", "expr": "unit"},
                ],
                "measures": [{"name": "judged", "agg": "sum", "expr": "cohort_count"}],
            }
        ],
        "metrics": [
            {
                "name": name,
                "label": name,
                "type": "simple",
                "type_params": {"measure": "judged"},
                "config": {"meta": declared},
                **({"filter": condition} if condition else {}),
            }
            for name, (declared, condition) in metrics.items()
        ],
        "saved_queries": [
            {"name": "half_of_it", "query_params": {"metrics": ["reopened"]}},
            {"name": "sound_query", "query_params": {"metrics": ["reopened", "came_back"]}},
        ],
    }


def what_is_wrong(project):
    with pytest.raises(CounterweightError) as caught:
        run_dbt(project, ["run", "--select", "dim_dates"], {})
    return str(caught.value)


@pytest.fixture(scope="module")
def said(copy_project, tmp_path_factory):
    """All that is said of a project in which everything is wrong once."""
    project = copy_project(tmp_path_factory.mktemp("wrong"))
    marts = project.root / "models" / "marts"
    for name, columns in MARTS.items():
        declare(marts, name, columns)
    declare(marts, "mart_without_contract", {}, contract={"enforced": False})
    reports = project.root / "models" / "reports"
    declare(reports, "report_of_calls", {"calls_handled": (WHOLE, headline("P01")), "occupancy_pct": (SHARE, {})})
    declare(project.root / "models" / "facts", "fct_of_calls", FACT)
    (marts / "pairs" / "pair_p08_forgotten.sql").write_text(
        "select {{ pair_columns('P98', cohort='cohort_count', headline=['1', '1'], reality=['1', '1']) }} "
        "from {{ ref('resolution_quality') }}"
    )
    exposures = [
        {
            "name": name,
            "type": "dashboard",
            "owner": {"name": "desk"},
            "depends_on": depends_on,
            "config": {"meta": declared},
        }
        for name, (depends_on, declared) in EXPOSURES.items()
    ]
    (marts / "exposures.yml").write_text(yaml.safe_dump({"exposures": exposures}))
    (marts / "metrics.yml").write_text(yaml.safe_dump(semantic_layer(METRICS)))
    path = project.root / "models" / "metrics" / "first_contact.yml"
    properties = yaml.safe_load(path.read_text())
    ours = {metric["name"]: metric for metric in properties["metrics"]}
    del ours["first_contact_resolution_that_held"]
    path.write_text(yaml.safe_dump(properties | {"metrics": list(ours.values())}))
    return what_is_wrong(project)


@pytest.mark.parametrize("kind", EXPECTED)
def test_each_way_to_travel_alone_is_named(said, kind):
    assert re.search(EXPECTED[kind], said), said


def test_all_is_said_at_once_and_nothing_of_what_is_sound(said):
    assert said.count("No KPI travels alone") == 1
    assert "mart_sound" not in said.replace("mart_sound.met_and_stayed_share", "")
    assert "sound_" not in said.replace("mart_sound", "")
    assert "metric reopened exposes" not in said
    assert "balanced_scorecard" not in said.replace("kpi_shows names 'balanced_scorecard'", "")


@pytest.fixture(scope="module")
def lonely_project(copy_project, tmp_path_factory):
    """A headline stands without its reality. Nothing is built of it, so that several tests may try."""
    project = copy_project(tmp_path_factory.mktemp("lonely"))
    lonely(project)
    return project


@pytest.mark.parametrize("command", [["run", "--select", "dim_dates"], ["test", "--select", "dim_dates"], ["seed"]])
def test_plain_dbt_fails_as_well(lonely_project, command):
    with pytest.raises(CounterweightError, match=r"resolution_quality\.reopen_rate exposes the headline of pair P24"):
        run_dbt(lonely_project, command, {})


def test_the_build_fails(lonely_project):
    with pytest.raises(CounterweightError, match=r"resolution_quality\.reopen_rate exposes the headline of pair P24"):
        build(lonely_project, {})


def lonely(project):
    path = project.root / "models" / "marts" / "resolution_quality.yml"
    text = path.read_text()
    alone = text.replace(
        'config: {meta: {kpi_pair: "P24", kpi_side: reality}}',
        'config: {meta: {kpi_side: none, kpi_reason: "We would rather not say."}}',
    )
    assert alone != text
    path.write_text(alone)


@pytest.mark.engine
def test_on_a_server_the_catalogue_is_asked_once_it_is_loaded(new_project, demo_log, postgres, tmp_path, monkeypatch):
    """Before that a headline alone is refused; whether the catalogue knows a pair nobody can say."""
    loaded = new_project("alone")
    load(loaded, "servicenow", [f"incident_event_log={demo_log}"])
    postgres.create_database("alone")
    copy_raw(loaded, postgres, "alone")
    root = tmp_path / "code"
    copy_code(root)
    marts = root / "models" / "marts"
    for name, value in postgres.environment("alone").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(root)

    def said(*command):
        options = ["--target", "postgres", "--target-path", str(tmp_path / "target"), "--log-level", "none"]
        try:
            outcome = dbtRunner().invoke([*command, *options])
        finally:
            cleanup_connections()
        return f"{outcome.exception} {[result.message for result in outcome.result or []]}"

    seed = ("seed", "--select", "kpi_pairs")
    declare(marts, "mart_unknown", MARTS["mart_unknown"])
    assert "mart_unknown.a_share is declared with the pair P99" in said(*seed)
    declare(marts, "mart_unknown", MARTS["mart_misspelt"] | {"c_share": (SHARE, headline("P08"))})
    text = said(*seed)
    assert "mart_unknown.c_share exposes the headline of pair P08 without its reality" in text
    assert "does not know" not in text
    (marts / "mart_unknown.yml").unlink()
    (marts / "mart_unknown.sql").unlink()
    assert "No KPI" not in said(*seed)
    # words are there from now on, and what a run will not load anew is looked up
    declare(marts, "mart_unknown", MARTS["mart_misspelt"] | {"c_share": (SHARE, headline("P08"))})
    text = said("run", "--select", "dim_dates")
    assert "exposes the headline of pair P08 ('" in text
    assert "Did you mean P03?" in text


@pytest.fixture(scope="module")
def noticed(copy_project, tmp_path_factory):
    """Which columns of a mart are noticed, by their words and by having no role; and which of an innocent mart."""
    project = copy_project(tmp_path_factory.mktemp("names"))
    marts = project.root / "models" / "marts"
    seen, unseen = halves()
    praised = {name: (WHOLE if name.endswith("_count") else SHARE, {}) for name in [*seen, *unseen]}
    declare(marts, "mart_praised", praised)
    innocent = {name: (kind, {}) for kind, names in INNOCENT.items() for name in names}
    innocent["held_rate"] = (SHARE, reality("P03"))
    declare(marts, "mart_innocent", innocent)
    text = what_is_wrong(project)

    def named(model, start):
        found = re.search(rf"{model} has {start}: (.*?)\. Declare", text)
        return set(re.findall(r"\w+(?= \(|, |$)", re.sub(r" \([^)]*\)", "", found.group(1)))) if found else set()

    words = named("mart_praised", "columns that look like headlines and are not declared")
    numbers = named("mart_praised", "numbers that do not say what they are")
    return words, words | numbers, text


def test_a_headline_in_disguise_is_noticed_whatever_it_is_called(noticed):
    """By words alone, of names that nobody looked at when the words were chosen; and by the rule, which needs no words
    but for counts."""
    words, all_noticed, _ = noticed
    seen, unseen = halves()
    recall = {"seen": len(words & set(seen)) / len(seen), "unseen": len(words & set(unseen)) / len(unseen)}
    assert recall["seen"] >= 0.95
    assert recall["unseen"] >= 0.9, recall
    missed = {*seen, *unseen} - all_noticed
    assert all(name.endswith("_count") for name in missed)
    assert len(missed) <= 1, missed


def test_what_is_no_headline_is_left_alone(noticed):
    assert "mart_innocent" not in noticed[2]
