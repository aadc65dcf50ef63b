"""The project's own rules: what a reviewer would otherwise have to look for by eye."""

import ast
import csv
import json
import re

import pytest
import yaml

from conftest import ROOT
from counterweight.audit import read_suites, run_expectations
from counterweight.build import run_dbt
from counterweight.load import declared_systems
from counterweight.load.readers import REJECT_REASONS
from counterweight.publish import KEY_OF_STAFF

PROPERTIES = sorted(path for folder in ("models", "seeds", "macros") for path in (ROOT / folder).rglob("*.yml"))
SQL = sorted(path for folder in ("models", "macros", "tests") for path in (ROOT / folder).rglob("*.sql"))
# A model refs its own layer or the one before; seeds may be read anywhere.
LAYERS = ["staging", "intermediate", "facts", "marts"]
SAME_LAYER = {"dimensions": "facts"}


@pytest.fixture(scope="module")
def manifest(demo):
    """Of all models, those among them that are there only where a variable says so."""
    run_dbt(demo, ["compile", "--select", "dim_dates", "path:models/staging"], {"zendesk_schema": "raw"})
    return json.loads((demo.dbt_target / "manifest.json").read_text())


def models(manifest):
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}


def layer(node):
    folder = node["path"].split("/")[0]
    return LAYERS.index(SAME_LAYER.get(folder, folder))


def test_unit_tests_hold(demo):
    """Every rule with a hand-computed answer. Parsed in this session: dbt's cache misses a reordered fixture."""
    results = run_dbt(demo, ["test", "--select", "test_type:unit"], {})
    assert len(results) >= 30
    assert {result.node.name: result.message for result in results if result.status != "pass"} == {}


def test_expected_rows_of_unit_tests_name_their_columns_in_one_order():
    """dbt unions expected rows by position: another order would compare one column with another."""
    checked = 0
    for path in PROPERTIES:
        for test in (yaml.safe_load(path.read_text()) or {}).get("unit_tests", []):
            expected = test["expect"]["rows"]
            if isinstance(expected, list) and expected:
                assert {tuple(row) for row in expected} == {tuple(expected[0])}, test["name"]
                checked += 1
    assert checked > 15


def test_models_ref_their_own_layer_or_the_one_before(manifest):
    nodes = models(manifest)
    assert len(nodes) > 20
    for node in nodes.values():
        for parent in node["depends_on"]["nodes"]:
            if parent in nodes:
                distance = layer(node) - layer(nodes[parent])
                # the fates of rows are told by staging, where they are decided, and what load wrote down by load
                is_told = node["name"] == "fct_row_fates" or nodes[parent]["name"].startswith("stg_load__")
                allowed = (0, 1, 2) if is_told else (0, 1)
                # what audit keeps of earlier builds is of no layer
                if nodes[parent]["name"].startswith("stg_audit__"):
                    allowed = (0, 1, 2, 3)
                assert distance in allowed, f"{node['name']} reads {nodes[parent]['name']}"


def test_only_staging_reads_sources(manifest):
    for node in models(manifest).values():
        sources = [parent for parent in node["depends_on"]["nodes"] if parent.startswith("source.counterweight.")]
        raw = [source for source in sources if ".private." not in source]
        assert not raw or layer(node) == 0, node["name"]


def test_facts_dimensions_and_marts_have_contracts_and_words(manifest):
    parts = ("pairs", "detectors")
    public = [
        node for node in models(manifest).values() if layer(node) >= 2 and not set(parts) & set(node["path"].split("/"))
    ]
    assert len(public) >= 9
    for node in public:
        assert node["contract"]["enforced"], node["name"]
        assert node["config"]["meta"]["grain"] and node["config"]["meta"]["answers"], node["name"]
        assert node["description"].startswith("One row per"), node["name"]
        assert all(column["description"] for column in node["columns"].values()), node["name"]


def test_keys_of_agents_are_marked_as_restricted(manifest):
    """What is marked stays out of what is published; a table whose grain is an agent is marked whole."""
    marked, whole = set(), set()
    for node in models(manifest).values():
        if layer(node) >= 2:
            if node["config"]["meta"].get("restricted"):
                whole.add(node["name"])
            for name, column in node["columns"].items():
                is_marked = bool(column["config"]["meta"].get("restricted"))
                assert is_marked or not KEY_OF_STAFF.search(name), f"{node['name']}.{name}"
                if is_marked:
                    marked.add((node["name"], name))
            if any(KEY_OF_STAFF.search(part) for part in node["config"]["meta"]["grain"].split(", ")):
                assert node["config"]["meta"].get("restricted"), node["name"]
    assert {"dim_agents", "fct_agent_days", "fct_team_months"} <= whole
    assert ("fct_business_claims", "subject_key") in marked


def test_every_model_says_its_grain(manifest):
    for node in models(manifest).values():
        assert node["config"]["meta"].get("grain"), node["name"]
        assert node["description"], node["name"]


def test_rows_are_compared_by_all_declared_columns(demo):
    """A column that the sources file declares and the comparison forgets would make different rows copies."""
    checked = 0
    for system, tables in declared_systems(demo).items():
        for name, table in tables.items():
            # these read by a layout, which is compared with the sources file
            if system in ("canonical", "zendesk"):
                continue
            text = (ROOT / "models" / "staging" / system / f"base_{system}__{name}.sql").read_text()
            compared = re.findall(r"'([^']+)'", re.search(r"set content = \[(.*?)\]", text, re.DOTALL).group(1))
            assert sorted(compared) == sorted(table.columns), name
            checked += 1
    assert checked >= 5


def test_the_contract_stands_alike_in_the_sources_and_in_the_macro(demo):
    """`load` reads the one, staging the other."""
    tables = declared_systems(demo)["canonical"]
    text = (ROOT / "macros" / "canonical_contract.sql").read_text()
    contract = ast.literal_eval(re.search(r"return\((\{.*?\n    \})\)", text, re.DOTALL).group(1))
    assert len(contract) == 25
    assert {name: tuple(table["columns"]) for name, table in contract.items()} == {
        name: table.columns for name, table in tables.items()
    }
    for name, table in contract.items():
        needed = table.get("required", [*table["key"], *([table["time"]] if "time" in table else [])])
        # parts of a key that may be empty
        may_be_empty = {"valid_from", "team_id", "currency", "kind", "outcome", "sent_at"}
        assert set(needed) - may_be_empty <= set(tables[name].required), name


def test_the_sources_of_zendesk_and_its_layout_name_the_same_columns(demo):
    tables = declared_systems(demo)["zendesk"]
    text = (ROOT / "macros" / "zendesk_layout.sql").read_text()
    text = re.sub(r"var\('zendesk_(\w+)_column'\)", r"'custom_\1'", text)
    layout = ast.literal_eval(re.search(r"return\((\{.*?\n    \})\)", text, re.DOTALL).group(1))
    connectors = ("_fivetran_deleted", "_fivetran_synced")
    assert {name: (*table["columns"], *connectors) for name, table in layout.items()} == {
        name: table.columns for name, table in tables.items()
    }
    for name, table in layout.items():
        needed = {column for column, (new, _) in table["columns"].items() if new in table["required"]}
        assert needed <= set(tables[name].required), name


def test_each_raw_table_has_a_base_model_that_gives_fates(manifest, demo):
    bases = {node["name"] for node in models(manifest).values() if node["name"].startswith("base_")}
    raw = {f"base_{system}__{table}" for system, tables in declared_systems(demo).items() for table in tables}
    assert len(raw) > 25
    assert bases == raw
    parents = manifest["parent_map"]["model.counterweight.fct_row_fates"]
    assert {parent.split(".")[-1] for parent in parents} - {"stg_load__rejects", "stg_load__erasures"} == raw


def test_every_reason_to_quarantine_has_advice(manifest):
    """Reasons that a base model or load can give, those of the seed, and those that fct_row_fates names."""
    with (ROOT / "seeds" / "quarantine_reasons.csv").open(encoding="utf-8", newline="") as file:
        advised = {row["reason"] for row in csv.DictReader(file)}
    given, excluded = set(), set()
    for node in models(manifest).values():
        if node["name"].startswith("base_"):
            (cases,) = re.findall(r"graded as \(.*?case(.*?)end as defect", node["compiled_code"], re.DOTALL)
            given |= set(re.findall(r"then '(\w+)'", cases))
            (cases,) = re.findall(r"fated as \(.*?case(.*?)end as fate_reason", node["compiled_code"], re.DOTALL)
            excluded |= set(re.findall(r"then '(\w+)'", cases))
    assert len(given) > 100
    of_a_column = r"^(missing|unreadable|overlong|implausible(?!_time$))_.+"
    given = {re.sub(of_a_column, r"\1_*", reason) for reason in given}
    assert given | set(REJECT_REASONS) == advised

    words = yaml.safe_load((ROOT / "models" / "facts" / "fct_row_fates.yml").read_text())["models"][0]["columns"]
    (said,) = (column["description"] for column in words if column["name"] == "fate_reason")
    why, _, left_out = said.partition(" or excluded (")
    named = {reason.replace("...", "*") for reason in re.findall(r"`([\w.]+)`", why)}
    assert named == advised
    assert set(re.findall(r"`(\w+)`", left_out.partition(")")[0])) == excluded | {"after_as_of"}
    sources = (ROOT / "models" / "staging" / "load" / "_load__sources.yml").read_text()
    (said,) = re.findall(r"name: reason, description: \"(.*?)\"", sources)
    assert set(re.findall(r"`(\w+)`", said)) == set(REJECT_REASONS)


def test_every_mart_with_a_window_has_it_in_its_grain(manifest):
    for node in models(manifest).values():
        if "window_days" in node["columns"] and layer(node) >= 2:
            assert "window_days" in node["config"]["meta"]["grain"], node["name"]


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_nothing_reads_the_wall_clock(path):
    clock = r"current_timestamp|current_date|current_time\b|\bnow\(\)|getdate|localtimestamp|\btoday\(\)|run_started_at"
    assert not re.search(clock, path.read_text().lower())


def test_only_engines_hold_dialects():
    for path in (ROOT / "macros").rglob("*.sql"):
        if "adapter.dispatch" in path.read_text():
            assert path.parent.name == "engines", path


def test_the_reopen_counter_and_the_leaking_times_are_read_to_compare_only():
    """Nothing reads the tool's own account but staging, which renames it, the models that compare, and the one that
    asks when a ticket without any event ended."""
    allowed = {
        "base_servicenow__incident_event_log", "stg_servicenow__tickets", "int_tickets", "int_ticket_histories",
        "int_ticket_ends",
        "canonical_contract", "stg_service_manager__tickets", "stg_zendesk__tickets",
    }  # fmt: skip
    readers = {path.stem for path in SQL if re.search(r"tool_(reopen_count|resolved_at|closed_at)", path.read_text())}
    assert readers == allowed


def test_an_expectation_that_cannot_be_computed_is_a_defect(demo, tmp_path):
    """And no other of its suite is. That a defect stops the audit is shown in test_publish."""
    (suite,) = [suite for suite in read_suites(demo) if suite["name"] == "fct_resolution_episodes"]
    for expectation in suite["expectations"]:
        if expectation.get("kwargs", {}).get("column") == "resolved_at":
            expectation["kwargs"]["column"] = "resolved_on"
    file = f"duckdb:///{demo.warehouse}?access_mode=read_only"
    checks = run_expectations([suite], file, run_name="no_column", pages=tmp_path / "pages")
    assert [(check.expectation_id, check.kind) for check in checks if not check.success] == [("E04-resolved", "defect")]
    assert len(checks) > 1


def test_names_of_unit_tests_fit_every_engine(manifest):
    """PostgreSQL makes a table of that name, of 63 characters at most."""
    assert [test["name"] for test in manifest["unit_tests"].values() if len(test["name"]) > 63] == []


@pytest.mark.parametrize(
    "path", [path for path in SQL if "engines" not in path.parts], ids=lambda path: str(path.relative_to(ROOT))
)
def test_what_engines_do_differently_is_left_to_their_macros(path):
    """Each of these gives another value, or none, on another engine."""
    code = re.sub(r"\{#.*?#\}|--[^\n]*", "", path.read_text(), flags=re.S)
    assert (
        re.findall(r"\b(?:lower|trim|try_cast|strptime|range|median|quantile\w*|date_diff|sha256)\(|\bqualify\b", code)
        == []
    )


def test_decisions_name_tests_and_models_that_are_there():
    """A worked example whose test was renamed away proves nothing."""
    named = set(
        re.findall(r"`((?:test|int|fct|base|stg|dim|resolution)_\w+)", (ROOT / "docs" / "decisions.md").read_text())
    )
    texts = [
        path.read_text()
        for folder in ("models", "tests")
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in (".yml", ".py", ".sql")
    ]
    files = {path.stem for path in (ROOT / "tests" / "python").glob("*.py")} | {path.stem for path in SQL}
    assert len(named) > 20
    assert [name for name in sorted(named) if name not in files and not any(name in text for text in texts)] == []
