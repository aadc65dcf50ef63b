"""Properties files say what they mean to say: what is misspelled there is silent on DuckDB, and never happens."""

import json
import re

import pytest
import yaml

from conftest import ROOT, rows
from counterweight.build import run_dbt
from counterweight.dev.properties import files, problems

PROPERTIES = [*files(ROOT), ROOT / "dbt_project.yml"]
HEALTH = "models/marts/data_health.yml"
SCORECARD = "models/marts/balanced_scorecard.yml"
SOURCES = "models/staging/canonical/_canonical__sources.yml"
# What people read: here every column that is built is described.
READ_BY_PEOPLE = ("dimensions", "facts", "marts", "reference")


@pytest.mark.parametrize("path", PROPERTIES, ids=lambda path: path.stem)
def test_every_key_means_something(path):
    assert problems(path) == []


@pytest.mark.parametrize(
    ("name", "right", "wrong", "expected"),
    [
        (HEALTH, "\n    description:", "\n    descripton:", "'descripton' was unexpected"),
        (HEALTH, "\n    data_tests:", "\n    data_test:", "'data_test' was unexpected"),
        (HEALTH, "constraints:", "contraints:", "'contraints' was unexpected"),
        (HEALTH, "type: not_null", "type: not_nul", "'not_nul' is not one of"),
        (HEALTH, "data_type:", "datatype:", "'datatype' was unexpected"),
        (HEALTH, "unit_tests:", "unit_test:", "top level: .*'unit_test' was unexpected"),
        (HEALTH, "      - input:", "      - inputs:", "'inputs' was unexpected"),
        (SCORECARD, "    expect:\n      rows:", "    expect:\n      row:", "'row' was unexpected"),
        (HEALTH, "{arguments: {columns", "{argument: {columns", "data_tests.0.*'argument' was"),
        (HEALTH, "    config:\n", "    config:\n      materialised: table\n", "'materialised'"),
        (HEALTH, "    config:\n", "    config:\n      contract: {enforce: true}\n", "'enforce'"),
        (HEALTH, "kpi_none:", "kpi_non:", "nothing reads meta.kpi_non. Did you mean 'kpi_none'"),
        ("models/dimensions/dim_agents.yml", "restricted:", "restriced:", "meta.restriced. Did you mean 'restricted'"),
        (SCORECARD, "kpi_side:", "kpi_sides:", "models.columns balanced_scorecard.headline"),
        (SOURCES, "required:", "requird:", "canonical.tickets.ticket_id: nothing"),
        ("seeds/_seeds.yml", "column_types:", "column_type:", "'column_type' was unexpected"),
        ("dbt_project.yml", "model-paths:", "model-path:", "'model-path' was unexpected"),
        ("dbt_project.yml", "+materialized:", "+materialised:", r"\.\+materialised: 'view' is not of type 'object'"),
    ],
)  # fmt: skip
def test_a_misspelled_key_is_found(tmp_path, name, right, wrong, expected):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert right in text
    path = tmp_path / (ROOT / name).name
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    found = problems(path)
    assert re.search(expected, "\n".join(found)), found


def test_what_has_properties_is_there():
    """dbt warns of the properties of a model that is not there, and their tests never run."""
    seeds = {path.stem for path in (ROOT / "seeds").glob("*.csv")}
    for path in files(ROOT):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        models = {it.stem for it in path.parent.glob("*.sql")}
        assert [it["name"] for it in content.get("models", []) if it["name"] not in models] == [], path
        assert [it["name"] for it in content.get("seeds", []) if it["name"] not in seeds] == [], path


@pytest.fixture(scope="module")
def declared(demo):
    """{(schema, table): (description, {column: description})} of the models, seeds and sources that are built."""
    run_dbt(demo, ["compile", "--select", "dim_dates"], {})
    manifest = json.loads((demo.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    return {
        (node["schema"], node.get("alias") or node["identifier"]): (
            node["description"],
            {name: column["description"] for name, column in node["columns"].items()},
        )
        for node in [*nodes, *manifest["sources"].values()]
    }


@pytest.fixture(scope="module")
def built(demo):
    """{(schema, table): its columns}"""
    found = {}
    for schema, table, column in rows(
        demo, "select table_schema, table_name, column_name from information_schema.columns order by all"
    ):
        found.setdefault((schema, table), set()).add(column)
    return found


def test_what_is_declared_is_built(declared, built):
    """Where no contract is enforced, a misspelled column is as silent as a key, and so are its tests' words."""
    checked = 0
    for relation, (_, columns) in declared.items():
        # a system that is not read has no tables
        if relation in built:
            assert set(columns) - built[relation] == set(), relation
            checked += bool(columns)
    assert checked > 100


def test_everything_has_words(declared, built):
    """Every model, seed and source; and every column of what people read. The layers before them pass on the columns of
    the raw contract."""
    for relation, (description, columns) in declared.items():
        assert description, relation
        assert [name for name, words in columns.items() if not words] == [], relation
    read = {relation: columns for relation, columns in built.items() if relation[0] in READ_BY_PEOPLE}
    assert len(read) > 60
    assert {relation: columns - set(declared[relation][1]) for relation, columns in read.items()} == {
        relation: set() for relation in read
    }
