"""Readers see the last good build, whole, whatever happens to the next one."""

import contextlib
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import textwrap

import duckdb
import pytest

from conftest import ROOT, one
from counterweight.audit import audit
from counterweight.build import build, last_build, record, run_dbt
from counterweight.errors import AuditError, CounterweightError, InputError
from counterweight.load import load
from counterweight.project import Project
from counterweight.publish import FILE_NAME, PUBLISHED_SCHEMAS, open_published, publish
from counterweight.salt import DEVELOPMENT_SALT
from servicenow_world import simulate


@pytest.fixture
def copy(demo, tmp_path):
    """A published build in a place of its own, with a second audited build of the same data waiting."""
    shutil.copytree(demo.warehouse.parent, tmp_path / "world", symlinks=True)
    folder = tmp_path / "world"
    project = Project(root=ROOT, warehouse=folder / "counterweight.duckdb", published=folder / "published")
    with contextlib.closing(project.connect()) as connection:
        connection.execute(
            "insert into audit.builds by name select * replace (build_number + 1 as build_number, "
            "'000002-waiting' as build_id, 'audited' as status) from audit.builds"
        )
        connection.execute(
            "insert into audit.relations select '000002-waiting', * exclude (build_id) from audit.relations"
        )
    return project


def served(project):
    """(build id, whole?, rows) of what readers see: it opens, it is a known build, it is what its manifest says."""
    folder = project.current.resolve()
    manifest = json.loads((folder / "manifest.json").read_text())
    digest = hashlib.sha256((folder / FILE_NAME).read_bytes()).hexdigest()
    with contextlib.closing(open_published(project)) as connection:
        counts = [
            connection.execute(f'select count(*) from "{t["schema"]}"."{t["table"]}"').fetchone()[0]
            for t in manifest["tables"]
        ]
    whole = digest == manifest["sha256"] and counts == [t["rows"] for t in manifest["tables"]] and sum(counts) > 0
    return manifest["build_id"], whole, folder.name.startswith(manifest["build_id"])


def test_what_is_published_is_whole_and_has_comments(demo):
    assert served(demo)[1:] == (True, True)
    with contextlib.closing(open_published(demo)) as connection:
        tables = connection.execute("select schema_name, table_name, comment from duckdb_tables()").fetchall()
        columns = connection.execute(
            "select schema_name, column_name, comment from duckdb_columns() where not internal"
        ).fetchall()
    assert {"resolution_quality", "returned_claims", "balanced_scorecard"} <= {name for _, name, _ in tables}
    assert {schema for schema, _, _ in tables} == {*PUBLISHED_SCHEMAS, "audit", "reference"}
    assert [name for schema, name, _ in tables if schema == "reference"] == ["kpi_pairs"]
    assert [name for _, name, comment in tables if not comment] == []
    assert [name for schema, name, comment in columns if schema != "audit" and not comment] == []


# Where a publish can be killed: at its n-th touch of the disk that others could see.
STEPS = {
    "the file is being written": ("counterweight.publish", "_copy_comments"),
    "the file is written, the manifest is not": ("counterweight.publish", "_write_manifest"),
    "the folder is a draft": ("counterweight.publish", "_flush_tree"),
    "the folder is in place, the link is not": ("counterweight.publish", "_swap"),
    "the new link lies beside the old": ("os", "replace"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_publish_killed_at_any_step_leaves_the_last_build(copy, step):
    module, name = STEPS[step]
    # the first os.replace puts the folder in place, the second swaps the link
    survives = 1 if step == "the new link lies beside the old" else 0
    program = textwrap.dedent(
        f"""
        import importlib, os, signal
        from pathlib import Path
        from counterweight.project import Project
        from counterweight.publish import publish

        module = importlib.import_module({module!r})
        original = getattr(module, {name!r})
        calls = []

        def killed(*arguments, **options):
            calls.append(1)
            if len(calls) > {survives}:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **options)

        setattr(module, {name!r}, killed)
        publish(Project(Path({str(copy.root)!r}), Path({str(copy.warehouse)!r}), Path({str(copy.published)!r})))
        """
    )
    before = served(copy)
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert outcome.returncode == -signal.SIGKILL, outcome.stderr
    assert served(copy) == before
    # the next run recovers alone
    publish(copy)
    assert served(copy) == ("000002-waiting", True, True)
    assert not list(copy.published.glob(".draft*"))


def test_what_lies_under_a_builds_name_is_never_taken_for_its_content(copy):
    """Another warehouse may have published under the same id, or the same build with an older audit."""
    publish(copy)
    first = copy.current.resolve()
    with contextlib.closing(copy.connect()) as connection:
        connection.execute("delete from facts.fct_claims")
    publish(copy)
    assert copy.current.resolve() != first
    with contextlib.closing(open_published(copy)) as connection:
        assert connection.execute("select count(*) from facts.fct_claims").fetchone() == (0,)


def test_a_table_that_this_build_did_not_make_is_not_published(copy):
    """The model is gone, its table is still in the build file."""
    with contextlib.closing(copy.connect()) as connection:
        connection.execute("create table marts.mart_of_last_year as select 1 as figure")
    publish(copy)
    with contextlib.closing(open_published(copy)) as connection:
        names = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert "resolution_quality" in names
    assert "mart_of_last_year" not in names


def test_a_key_of_an_agent_that_nobody_marked_stops_the_publish(copy):
    """Who adds a column may forget to mark it; a build that wrote down nothing may hide anything."""
    with contextlib.closing(copy.connect()) as connection:
        connection.execute("alter table facts.fct_interactions add column first_agent_key varchar")
    with pytest.raises(CounterweightError, match=r"fct_interactions\.first_agent_key looks like the key of an agent"):
        publish(copy)
    with contextlib.closing(copy.connect()) as connection:
        connection.execute(
            "update audit.relations set restricted_columns = ['first_agent_key'] "
            "where relation_name = 'fct_interactions'"
        )
    publish(copy)
    with contextlib.closing(open_published(copy)) as connection:
        columns = [row[0] for row in connection.execute("describe facts.fct_interactions").fetchall()]
    assert "customer_key" in columns
    assert "first_agent_key" not in columns
    before = served(copy)
    with contextlib.closing(copy.connect()) as connection:
        connection.execute("update audit.relations set is_restricted = null where relation_name = 'fct_claims'")
    with pytest.raises(CounterweightError, match=r"did not write down what is restricted of facts\.fct_claims"):
        publish(copy)
    with contextlib.closing(copy.connect()) as connection:
        connection.execute("alter table audit.relations drop column is_restricted")
    with pytest.raises(CounterweightError, match="did not write down what is restricted"):
        publish(copy)
    assert served(copy) == before


def test_a_link_that_publish_did_not_make_is_left_alone(copy):
    copy.current.unlink()
    copy.current.mkdir()
    with pytest.raises(InputError, match="not a link that publish made"):
        publish(copy)


@pytest.mark.long
def test_a_warehouse_may_have_dots_in_its_name(copy):
    named = Project(copy.root, copy.warehouse.with_name("my.ware.house.duckdb"), copy.published)
    copy.warehouse.rename(named.warehouse)
    build(named, {})
    audit(named)
    publish(named)
    assert served(named)[0] == last_build(named)[0]


def test_files_loaded_after_the_build_are_not_called_a_defect(copy, tmp_path):
    more, _ = simulate(tmp_path / "more", tickets=20, months=1, seed=1)
    load(copy, "servicenow", [f"incident_event_log={more}"])
    with pytest.raises(CounterweightError, match="Files were loaded after build") as caught:
        audit(copy)
    assert caught.value.exit_code == 1


def test_a_reader_that_is_open_keeps_what_it_reads(copy):
    with contextlib.closing(open_published(copy)) as reader:
        before = reader.execute("select count(*) from facts.fct_claims").fetchone()
        publish(copy)
        assert reader.execute("select count(*) from facts.fct_claims").fetchone() == before
    assert served(copy)[0] == "000002-waiting"


def test_a_build_that_is_not_audited_is_not_published(copy):
    before = served(copy)
    for status in ("building", "built", "build failed", "stale", "audit failed"):
        record(copy, "000002-waiting", status)
        with pytest.raises(CounterweightError, match="readers keep what they have"):
            publish(copy)
    assert served(copy) == before


def test_a_defect_stops_the_build_and_a_finding_does_not(copy):
    """A broken key is our own fault. Many reopenings are the service's: loud, stored, and published."""
    before = served(copy)
    with contextlib.closing(copy.connect()) as connection:
        connection.execute("update marts.resolution_quality set reopen_rate_low = 0.99 where unit_type = 'total'")
    audit(copy)
    finding = one(
        copy,
        "select kind, success from audit.expectation_results where expectation_id = 'E01' and build_id like '%waiting'",
    )
    assert finding == ("finding", False)
    assert last_build(copy)[1] == "audited"
    with contextlib.closing(copy.connect()) as connection:
        connection.execute("insert into facts.fct_claims select * from facts.fct_claims limit 1")
    with pytest.raises(AuditError, match="unique_fct_claims_claim_id"):
        audit(copy)
    with pytest.raises(CounterweightError, match="audit failed"):
        publish(copy)
    assert served(copy) == before


def test_a_failed_expectation_keeps_readers_on_the_last_build(copy):
    before = served(copy)
    with contextlib.closing(copy.connect()) as connection:
        connection.execute("update marts.returned_claims set reopened_by = null")
    with pytest.raises(AuditError, match="E02-actor on returned_claims"):
        audit(copy)
    assert served(copy) == before
    # and nobody will compare with its data later on
    assert one(copy, "select list(distinct build_number) from marts.data_health_over_time") == ([1],)


def test_plain_dbt_makes_the_last_audit_worthless(copy):
    """Who rebuilds tables with dbt alone cannot publish them under an audit they never had."""
    run_dbt(copy, ["run", "--select", "dim_dates"], {})
    assert last_build(copy)[1] == "stale"
    with pytest.raises(CounterweightError, match="status: stale"):
        publish(copy)


def test_nothing_raw_and_no_secret_is_published(demo):
    """Planted: a caller's name and the salt. They are found where they must be, in the build file, and nowhere else:
    not in the published file, its pages, or the pages' data."""
    secrets = [b"Caller 17", b"Caller reception", b"Service desk agent 1", DEVELOPMENT_SALT.encode()]
    build = demo.warehouse.read_bytes()
    assert all(secret in build for secret in secrets), "the control is not found: this test could not fail"
    published = [path for path in demo.current.resolve().rglob("*") if path.is_file()]
    assert len(published) > 5
    for path in published:
        content = path.read_bytes()
        assert [secret for secret in secrets if secret in content] == [], path
    with contextlib.closing(open_published(demo)) as connection:
        schemas = {row[0] for row in connection.execute("select schema_name from duckdb_tables()").fetchall()}
        text = " ".join(
            str(row)
            for (schema, name) in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for row in connection.execute(f'select * from "{schema}"."{name}"').fetchall()
        )
    assert not schemas & {"raw", "private", "staging", "intermediate", "main"}
    assert not any(secret.decode() in text for secret in secrets)


def test_before_anything_is_there_each_command_says_where_to_start(new_project):
    project = new_project("nothing")
    for command in (audit, publish):
        with pytest.raises(InputError, match="nothing was loaded yet"):
            command(project)
    with pytest.raises(InputError, match="Nothing is published"):
        open_published(project)


def test_the_published_file_opens_with_the_oldest_promised_client_format(demo):
    """Storage version 64 is what every DuckDB 1.x reads."""
    header = (demo.current / FILE_NAME).read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64
    assert duckdb.__version__.startswith("1.")
