"""Who may read what: roles on PostgreSQL, and what the page for reviewers says of it."""

import contextlib
import dataclasses
import json
import re

import pytest
from dbt.adapters.factory import cleanup_connections
from dbt.cli.main import dbtRunner

from conftest import ROOT, TABLES
from counterweight.build import run_dbt
from counterweight.errors import CounterweightError
from counterweight.load import load
from counterweight.publish import CATALOGUE, PUBLISHED_SCHEMAS
from test_bi import PASSWORD
from test_engines import copy_raw
from test_forget import WORLD, write

PAGE = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
READERS, TRUSTED = "desk readers", "staff_readers"
VALUES = {"reader_roles": [READERS], "restricted_reader_roles": [TRUSTED]}
# A table that is restricted whole, one of which a column is, one that is not, a mart, the catalogue.
SELECTED = ["+dim_agents", "+fct_contact_legs", "+fct_costs", "kpi_pairs", "+priced_requests"]


def run_there(server, database, folder, values, *arguments):
    """dbt itself, on PostgreSQL, as README says it."""
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(ROOT):
        for name, value in server.environment(database).items():
            patch.setenv(name, value)
        try:
            return dbtRunner().invoke(
                [
                    *arguments, "--target", "postgres", "--target-path", str(folder), "--log-path", str(folder),
                    "--log-level", "none", "--no-version-check", "--vars", json.dumps(values),
                ]
            )  # fmt: skip
        finally:
            cleanup_connections()


@pytest.fixture(scope="module")
def granted(postgres, new_project, tmp_path_factory):
    """A function that asks a built database as one of the roles."""
    project = new_project("granted")
    pairs = write(tmp_path_factory.mktemp("granted_world"), WORLD)
    load(project, None, [pair for pair in pairs if "zendesk" not in pair])
    postgres.create_database("granted")
    copy_raw(project, postgres, "granted")
    folder = tmp_path_factory.mktemp("granted_target")
    with contextlib.closing(postgres.connect("postgres")) as connection:
        connection.autocommit = True
        for role in (READERS, TRUSTED):
            connection.cursor().execute(f"create role \"{role}\" login password '{PASSWORD}'")
    # twice: the second build makes the tables anew, and readers must not lose them
    for _ in range(2):
        outcome = run_there(postgres, "granted", folder, VALUES, "build", *TABLES, "--select", *SELECTED)
        assert outcome.success, outcome.exception or [it.message for it in outcome.result if it.status == "error"]

    def ask(role, query):
        with contextlib.closing(
            dataclasses.replace(postgres, user=role, password=PASSWORD).connect("granted")
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(query)
            return cursor.fetchall()

    def tables():
        with contextlib.closing(postgres.connect("granted")) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "select table_schema, table_name from information_schema.tables "
                "where table_schema not in ('pg_catalog', 'information_schema')"
            )
            return cursor.fetchall()

    return ask, tables, folder


@pytest.mark.engine
@pytest.mark.xdist_group("access")
def test_readers_read_what_publish_would_give_them_and_nothing_else(granted):
    ask, tables, _ = granted
    assert ask(READERS, "select count(*) from facts.fct_costs") == [(0,)]
    assert ask(READERS, "select count(*) > 40 from reference.kpi_pairs") == [(True,)]
    assert ask(READERS, "select count(contact_key) from facts.fct_contact_legs")[0][0] > 0
    ask(READERS, "select * from marts.priced_requests")
    refused = [
        "select agent_key from facts.fct_contact_legs", "select * from facts.fct_contact_legs",
        "select * from dimensions.dim_agents", "select * from reference.system_actors",
        "insert into facts.fct_costs default values returning 1", "create table facts.mine (a int)",
        "create table public.mine (a int)",
    ]  # fmt: skip
    behind = [
        f'select * from "{schema}"."{name}"' for schema, name in tables()
        if schema not in ("dimensions", "facts", "marts", "reference")
    ]  # fmt: skip
    assert {"raw", "private", "staging", "intermediate"} <= {query.split('"')[1] for query in behind}
    from psycopg2.errors import InsufficientPrivilege

    for role, queries in ((READERS, refused + behind), (TRUSTED, behind)):
        for query in queries:
            with pytest.raises(InsufficientPrivilege):
                ask(role, query)
    assert ask(TRUSTED, "select count(agent_key) from facts.fct_contact_legs")[0][0] > 0
    assert ask(TRUSTED, "select count(*) from dimensions.dim_agents")[0][0] > 0


@pytest.mark.engine
@pytest.mark.xdist_group("access")
def test_a_role_that_is_not_there_stops_before_anything_is_built(granted, postgres):
    outcome = run_there(
        postgres, "granted", granted[2], {"reader_roles": ["nobody_of_us"]}, "run", "--select", "dim_dates"
    )
    said = str(outcome.exception) + str([it.message for it in outcome.result or []])
    assert not outcome.success
    assert "There is no role 'nobody_of_us'" in said


@pytest.mark.long
def test_roles_are_for_engines_that_have_some(new_project):
    project = new_project("no_roles")
    with contextlib.closing(project.connect()):
        pass
    with pytest.raises(CounterweightError, match="are for an engine with roles"):
        run_dbt(project, ["run", "--select", "dim_dates"], {"reader_roles": ["bi"]})


def test_readers_there_get_the_schemas_that_publish_gives():
    macro = (ROOT / "macros" / "engines" / "grants.sql").read_text(encoding="utf-8")
    (listed,) = re.findall(r"return\(\[('.*')\]\)", macro)
    assert re.findall(r"'(\w+)'", listed) == [*PUBLISHED_SCHEMAS, CATALOGUE.split(".")[0]]
    assert f"node.name == '{CATALOGUE.split('.')[1]}'" in macro


def test_the_page_names_every_schema_that_there_is(demo):
    with contextlib.closing(demo.connect(read_only=True)) as connection:
        schemas = {
            name for (name,) in connection.execute("select distinct schema_name from duckdb_tables()").fetchall()
        }
    listed = {name for cell in re.findall(r"^\| (`[^|]*)", PAGE, flags=re.M) for name in re.findall(r"`(\w+)`", cell)}
    assert schemas - {"main"} <= listed
