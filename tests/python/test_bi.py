"""docs/bi.md: the same tables in every form, marts that keep their promises, examples that run."""

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap

import duckdb
import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from conftest import ROOT, TICKETS_OF_DEALERSHIP
from counterweight import cli
from counterweight import publish as publishing
from counterweight.build import run_dbt
from counterweight.dev import marts_contract
from counterweight.errors import BusyError, CounterweightError, InputError
from counterweight.postgres import LOCK, MARK, Database
from counterweight.project import Project
from counterweight.publish import FILE_NAME, KEY_OF_STAFF, open_published, publish, publish_accounts
from counterweight.published import tables_of
from counterweight.variables import parse

PAGE = (ROOT / "docs" / "bi.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)


def section(title):
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def world_in(dealership, folder):
    """A copy of the dealership's audited build, with nothing published."""
    shutil.copy(dealership[0].warehouse, folder / "counterweight.duckdb")
    return Project(root=ROOT, warehouse=folder / "counterweight.duckdb", published=folder / "published")


@pytest.fixture(scope="module")
def exported(dealership, tmp_path_factory):
    """The dealership, published with Parquet files."""
    project = world_in(dealership, tmp_path_factory.mktemp("exported"))
    publish(project, with_parquet=True)
    return project


@pytest.fixture(scope="module")
def small(dealership, tmp_path_factory):
    """Some rows of every table of the dealership, published with Parquet files."""
    project = world_in(dealership, tmp_path_factory.mktemp("small"))
    with contextlib.closing(project.connect()) as connection:
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where schema_name in ('facts', 'marts') and estimated_size > 500"
        ).fetchall():
            connection.execute(f"delete from {schema}.{table} where rowid >= 500")
    publish(project, with_parquet=True)
    return project


def manifest_of(folder):
    return json.loads((folder / "parquet" / "manifest.json").read_text(encoding="utf-8"))


def check_parquet(folder):
    """The files, the manifest and the published file say the same. Returns how many rows there are."""
    manifest = manifest_of(folder)
    whole = json.loads((folder / "manifest.json").read_text())
    digest = hashlib.sha256((folder / "parquet" / "manifest.json").read_bytes()).hexdigest()
    assert whole["parquet"] == {"manifest": "parquet/manifest.json", "sha256": digest}
    assert manifest["build_id"] == whole["build_id"]
    files = {str(path.relative_to(folder / "parquet")) for path in (folder / "parquet").rglob("*.parquet")}
    assert files == {entry["file"] for entry in manifest["tables"]}
    with contextlib.closing(duckdb.connect(str(folder / FILE_NAME), read_only=True)) as connection:
        tables = tables_of(connection)
        assert len(tables) == len(manifest["tables"])
        for table, entry in zip(tables, manifest["tables"], strict=True):
            path = folder / "parquet" / entry["file"]
            assert (entry["schema"], entry["table"], entry["rows"]) == (table.schema, table.name, table.rows)
            assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
            assert entry["comment"] == table.comment
            there = [(column["name"], column["type"], column["comment"]) for column in entry["columns"]]
            assert there == [(column.name, column.type, column.comment) for column in table.columns]
            described = connection.execute(f"describe from '{path}'").fetchall()
            assert [column[:2] for column in described] == [(column.name, column.type) for column in table.columns]
            # in the same order as well; null is not told from null
            different = connection.execute(
                f"select count(*) from (select *, row_number() over () as place from '{path}') as there "
                f"full join (select *, row_number() over () as place from {table.relation}) as here "
                f"on there is not distinct from here where there.place is null or here.place is null"
            ).fetchone()
            assert different == (0,), path
            words = pl.read_parquet_metadata(path)
            assert words["comment"] == (table.comment or "")
            comments = {column.name: column.comment for column in table.columns if column.comment}
            assert json.loads(words["column_comments"]) == comments
    return sum(table.rows for table in tables)


def test_the_parquet_files_are_the_published_tables(exported):
    assert check_parquet(exported.current.resolve()) > 100_000
    entries = manifest_of(exported.current)["tables"]
    assert {entry["schema"] for entry in entries} == {"dimensions", "facts", "marts", "reference", "audit"}
    assert [entry["table"] for entry in entries if entry["schema"] != "audit" and not entry["comment"]] == []
    names = [column["name"] for entry in entries for column in entry["columns"]]
    assert "customer_key" in names
    assert [name for name in names if KEY_OF_STAFF.search(name)] == []


def test_the_same_rows_give_the_same_bytes(small, tmp_path):
    """Whatever order the build left them in."""
    project = world_in((small,), tmp_path)
    with contextlib.closing(project.connect()) as connection:
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall():
            connection.execute(f"create temp table shuffled as select * from marts.{table} as t order by hash(t)")
            connection.execute(f"delete from marts.{table}")
            connection.execute(f"insert into marts.{table} from shuffled")
            connection.execute("drop table shuffled")
    publish(project, with_parquet=True)
    assert manifest_of(project.current) == manifest_of(small.current)


def test_a_publish_killed_among_the_parquet_files_leaves_the_last_build(small, tmp_path):
    shutil.copytree(small.warehouse.parent, tmp_path / "world", symlinks=True)
    folder = tmp_path / "world"
    project = Project(root=ROOT, warehouse=folder / "counterweight.duckdb", published=folder / "published")
    before = project.current.resolve()
    killed(project, "counterweight.parquet", "_comments", after=9, call="publish(project, with_parquet=True)")
    assert len(list(project.published.glob(".draft-*/parquet/*/*.parquet"))) == 9
    assert project.current.resolve() == before
    check_parquet(before)
    publish(project)
    assert project.current.resolve() != before
    assert not (project.current / "parquet").exists()
    assert not list(project.published.glob(".draft*"))


def killed(project, module, name, after, call, done=False):
    """A program of its own that publishes, and is killed at its call number `after` + 1 of a function, or (`done`) when
    that call has done its work."""
    program = textwrap.dedent(
        f"""
        import importlib, os, signal
        from pathlib import Path
        from counterweight.project import Project
        from counterweight.publish import publish

        module = importlib.import_module({module!r})
        original = getattr(module, {name!r})
        calls = []

        def wrapped(*arguments, **options):
            calls.append(1)
            if len(calls) > {after}:
                if {done}:
                    original(*arguments, **options)
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **options)

        setattr(module, {name!r}, wrapped)
        project = Project(*map(Path, {[str(project.root), str(project.warehouse), str(project.published)]!r}))
        {call}
        """
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert outcome.returncode == -signal.SIGKILL, outcome.stderr


def test_a_clients_parquet_files_are_what_is_theirs(dealership, tmp_path):
    project = world_in(dealership, tmp_path)
    with contextlib.closing(project.connect(read_only=True)) as connection:
        account = connection.execute(
            "select account_id from marts.returned_claims where account_id <> '(none)' "
            "group by account_id order by count(*) desc, account_id"
        ).fetchone()[0]
    (folder,) = publish_accounts(project, [account], with_parquet=True)
    assert check_parquet(folder) > 50
    accounts = (
        pl.read_parquet(folder / "parquet" / "marts" / "returned_claims.parquet")["account_id"].unique().to_list()
    )
    assert accounts == [account]


# ---- the page


def run_block(code, folder):
    """What a block of the page prints, where `published` is the folder."""
    printed = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        exec(compile(code, "docs/bi.md", "exec"), {})
    return printed.getvalue()


def figures(text):
    """{team: (came back, judged, rate)} of a printed table, whoever drew it."""
    found = re.findall(r"^\W*([A-Za-z][\w ()-]*?)\W+(\d+)\W+(\d+)\W+(\d\.\d+)\W*$", text, flags=re.M)
    return {team: (int(back), int(judged), round(float(rate), 3)) for team, back, judged, rate in found}


def expected_figures(project):
    with contextlib.closing(open_published(project)) as connection:
        counted = connection.execute("""
            select unit, sum(falsified_count), sum(cohort_count) from marts.resolution_quality
            where claim_type = 'ticket_resolved' and window_days = 7 and unit_type = 'team' and period_type = 'month'
            and return_rate is not null group by unit
        """).fetchall()
    assert len(counted) > 3
    return {team: (int(back), int(judged), round(back / judged, 3)) for team, back, judged in counted}


def near(found, expected):
    """The engines round a half of the last digit each in their own way."""
    assert {team: row[:2] for team, row in found.items()} == {team: row[:2] for team, row in expected.items()}
    for team, row in found.items():
        assert row[2] == pytest.approx(expected[team][2], abs=0.0011)


def test_the_pages_python_runs_and_its_clients_agree(exported):
    folder = exported.published.parent
    by_duckdb, words, by_polars, metadata = (run_block(code, folder) for code in blocks("python"))
    near(figures(by_duckdb), expected_figures(exported))
    near(figures(by_polars), expected_figures(exported))
    assert "return_rate" in words and "cohort_count" in words
    assert metadata.startswith("One row per claim type") and "falsified_count / cohort_count" in metadata


def test_a_returned_claim_leads_to_its_ticket(exported):
    with contextlib.closing(open_published(exported)) as connection:
        links = connection.execute("select ticket_id, ticket_link from marts.returned_claims").fetchall()
        evidence = connection.execute("select ticket_key, ticket_link from marts.gaming_evidence").fetchall()
    links += [(key and key.removeprefix("canonical:"), link) for key, link in evidence]
    assert {ticket is None for ticket, _ in links} == {True, False}
    wrong = [
        (ticket, link)
        for ticket, link in links
        if link != (ticket and TICKETS_OF_DEALERSHIP.replace("{ticket_id}", ticket))
    ]
    assert wrong == []


def test_the_pages_worklist_is_what_the_rate_counts(exported):
    """Of each team and month: as many rows as the mart's falsified claims."""
    (worklist,) = (block for block in blocks("sql") if "returned_claims" in block)
    with contextlib.closing(open_published(exported)) as connection:
        cells = connection.execute("""
            select unit, period_start, period_end, falsified_count from marts.resolution_quality
            where claim_type = 'ticket_resolved' and window_days = 7 and unit_type = 'team' and period_type = 'month'
            and is_period_mature and falsified_count > 0
        """).fetchall()
        assert len(cells) > 3
        for team, start, end, count in cells:
            # the page's months are those of UTC; the dealership's are not
            local = "date_trunc('day', timezone('Europe/Vienna', timezone('UTC', claimed_at)))"
            query = worklist.replace("'network'", f"'{team}'").replace("claimed_at >=", f"{local} >=")
            query = query.replace("claimed_at <", f"{local} <")
            query = query.replace("'2024-03-01'", f"'{start}'").replace("'2024-04-01'", f"'{end}'")
            assert query.count(team) == 1 and str(start) in query and str(end) in query
            assert len(connection.execute(query).fetchall()) == count, (team, start)


def test_the_pages_exposure_and_templates_are_accepted(dealership, tmp_path):
    """By dbt and by the rule that no headline stands alone; without the reality it is refused."""
    root = tmp_path / "code"
    for name in ("models", "macros", "seeds"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, root / name)
    shutil.copy(dealership[0].warehouse, tmp_path / "counterweight.duckdb")
    (exposure,) = (block for block in blocks("yaml") if block.startswith("exposures:"))
    content = yaml.safe_load(exposure)
    shown = content["exposures"][0]["config"]["meta"]["kpi_shows"]
    twin = json.loads(json.dumps(content["exposures"][0])) | {"name": "half"}
    twin["config"]["meta"]["kpi_shows"] = [name for name in shown if name != "resolution_quality.return_rate"]
    content["exposures"].append(twin)
    (root / "models" / "exposures_of_bi.yml").write_text(yaml.safe_dump(content))
    project = Project(root=root, warehouse=tmp_path / "counterweight.duckdb", published=tmp_path / "published")
    with pytest.raises(CounterweightError, match="No KPI travels alone") as caught:
        run_dbt(project, ["run", "--select", "dim_dates"], {})
    assert "exposure half shows resolution_quality.reopen_rate, the headline of pair P24" in str(caught.value)
    assert content["exposures"][0]["name"] not in str(caught.value)


def test_the_pages_link_templates_are_taken(exported):
    (templates,) = (block for block in blocks("yaml") if "ticket_link_templates" in block)
    given = yaml.safe_load(templates)
    assert parse(exported, json.dumps(given))["ticket_link_templates"].items() >= given["ticket_link_templates"].items()


# ---- versions


MARTS = ("resolution_quality.sql", "resolution_quality.yml", "returned_claims.sql", "returned_claims.yml")


def marts_in(folder):
    """A copy of what the contract of two marts is made from."""
    for name in ("models/marts", "docs"):
        (folder / name).mkdir(parents=True)
    for name in ("dbt_project.yml", "CHANGELOG.md", *(f"models/marts/{mart}" for mart in MARTS)):
        shutil.copy(ROOT / name, folder / name)
    (folder / marts_contract.PAGE).write_text(marts_contract.page(folder), encoding="utf-8")
    return folder


def change(root, file, old, new):
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


QUALITY = "models/marts/resolution_quality.yml"
RATE = "      - name: return_rate\n        data_type: decimal(9,4)\n"
OLD_RATE = """      - name: falsified_rate
        data_type: decimal(9,4)
        description: "As return_rate."
      - name: return_rate
        data_type: decimal(9,4)
        config: {meta: {deprecated: {gone_in: "0.3.0", use: falsified_rate}}}
        description: "Deprecated, gone in 0.3.0: use `falsified_rate`."
      - name: of_no_interest
        data_type: decimal(9,4)
"""
CHANGE = ("## 0.1.0, unreleased\n", "## 0.1.0, unreleased\n\n- Deprecated: `resolution_quality.return_rate`.\n")
BREAKS = {
    "a column is gone": ([(RATE, "")], r"^resolution_quality\.return_rate is gone\. Readers .* \{gone_in: '0\.3\.0', "),
    "a column is renamed": ([(RATE, RATE.replace("return", "come_back"))], r"^resolution_quality\.return_rate is gone"),
    "a column has another type": (
        [(RATE, RATE.replace("9,4", "9,2"))],
        r"^resolution_quality\.return_rate was decimal\(9,4\) and is decimal\(9,2\)\.",
    ),
    "the key is less": ([("unit, window_days\"", "unit\"")], r"^resolution_quality\.window_days was in the grain"),
    "the key is more": (
        [("unit, window_days\"", "unit, window_days, period_end\"")],
        r"^resolution_quality\.period_end is in the grain and was not",
    ),
    "a new column is in the key": (
        [("unit, window_days\"", "unit, window_days, shift\""), (RATE, RATE.replace("return_rate", "shift") + RATE)],
        r"^resolution_quality\.shift is new in the grain",
    ),
    "a mart is renamed": (
        [("  - name: resolution_quality\n", "  - name: quality_of_resolution\n")],
        r"^The mart resolution_quality is gone\. .* resolution_quality_v2 beside",
    ),
    "too soon": ([(RATE, OLD_RATE.replace("0.3", "0.2"))], r"to go in 0\.2\.0\. Readers need time: 0\.3\.0"),
    "nobody is told": ([(RATE, OLD_RATE.replace("Deprecated, ", ""))], r"does not tell its readers\. Write .*: Dep"),
    "nothing to use": (
        [(RATE, OLD_RATE.replace("falsified_rate}", "no_rate}").replace("`falsified", "`no"))],
        r"neither a mart nor a column",
    ),
    "half a rule": ([(RATE, OLD_RATE.replace(", use: falsified_rate", ""))], r"say both gone_in and use"),
    "not in the CHANGELOG": ([(RATE, OLD_RATE)], r"^CHANGELOG\.md has no line"),
}  # fmt: skip


def test_marts_keep_their_promises():
    assert marts_contract.problems(ROOT) == []
    written = (ROOT / marts_contract.PAGE).read_text(encoding="utf-8")
    assert marts_contract.page(ROOT) == written, "run python -m counterweight.dev.marts_contract"
    assert len(written.splitlines()) > 500


@pytest.mark.parametrize("kind", BREAKS)
def test_a_broken_promise_is_named(tmp_path, kind, monkeypatch):
    root = marts_in(tmp_path)
    promised = (root / marts_contract.PAGE).read_text()
    changes, expected = BREAKS[kind]
    if kind == "a mart is renamed":
        shutil.copy(root / QUALITY.replace("yml", "sql"), root / "models" / "marts" / "quality_of_resolution.sql")
    for old, new in changes:
        change(root, QUALITY, old, new)
    if "CHANGELOG" not in kind:
        change(root, "CHANGELOG.md", *CHANGE)
    (found,) = marts_contract.problems(root)
    assert re.search(expected, found), found
    # and the command does not paper over it
    monkeypatch.chdir(root)
    with pytest.raises(SystemExit, match="stays as it is"):
        marts_contract.main()
    assert (root / marts_contract.PAGE).read_text() == promised


def test_what_is_deprecated_in_time_may_go(tmp_path, monkeypatch):
    root = marts_in(tmp_path)
    monkeypatch.chdir(root)
    change(root, QUALITY, RATE, OLD_RATE)
    change(root, "CHANGELOG.md", *CHANGE)
    assert marts_contract.problems(root) == []
    marts_contract.main()
    line = 'resolution_quality,return_rate,"decimal(9,4)",false,0.3.0'
    assert line in (root / marts_contract.PAGE).read_text().splitlines()
    change(root, QUALITY, "      - name: return_rate\n", "      - name: another\n")
    change(root, QUALITY, OLD_RATE.splitlines()[5], "")
    change(root, "dbt_project.yml", 'version: "0.1.0"', 'version: "0.2.0"')
    (found,) = marts_contract.problems(root)
    assert re.search(r"return_rate is gone, and was promised until 0\.3\.0\.", found)
    change(root, "dbt_project.yml", 'version: "0.2.0"', 'version: "0.3.0"')
    assert marts_contract.problems(root) == []
    marts_contract.main()
    assert line not in (root / marts_contract.PAGE).read_text().splitlines()


def test_a_second_version_of_a_mart_stands_beside_the_first(tmp_path):
    root = marts_in(tmp_path)
    first = root / QUALITY
    second = first.with_name("resolution_quality_v2.yml")
    second.write_text(first.read_text().replace("  - name: resolution_quality\n", "  - name: resolution_quality_v2\n"))
    shutil.copy(first.with_suffix(".sql"), second.with_suffix(".sql"))
    change(
        root,
        QUALITY,
        "    description: >\n",
        "    description: >\n      Deprecated, gone in 0.3.0: use `resolution_quality_v2`.\n",
    )
    change(root, QUALITY, "      meta:\n        grain", """      meta:
        deprecated: {gone_in: "0.3.0", use: resolution_quality_v2}
        grain""")  # fmt: skip
    assert marts_contract.problems(root) == ["CHANGELOG.md has no line that says Deprecated and `resolution_quality`."]
    change(root, "CHANGELOG.md", CHANGE[0], CHANGE[1].replace(".return_rate", ""))
    assert marts_contract.problems(root) == []
    assert "resolution_quality,claim_count,bigint,false,0.3.0" in marts_contract.page(root).splitlines()


# ---- PostgreSQL


def on_server(test):
    """The server, and what is published on it, are made once."""
    return pytest.mark.engine(pytest.mark.xdist_group("bi")(test))


READER, PASSWORD = "bi_readers", "for-the-tests"


def asked(server, database, query, user=None):
    """Rows of a query; of another user than the one who publishes, where one is named."""
    named = {"user": user, "password": PASSWORD} if user else {}
    with contextlib.closing(dataclasses.replace(server, **named).connect(database)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else None


def build_there(server, database):
    return asked(server, database, "select build_id from counterweight_audit.builds")[0][0]


@contextlib.contextmanager
def environment(server, database):
    """What `publish --to postgres` reads, on a client with a zone and a style of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("PG", "COUNTERWEIGHT_PG"))]:
            patch.delenv(name)
        for name, value in server.environment(database).items():
            patch.setenv(name, value)
        patch.setenv("PGTZ", "Asia/Tokyo")
        patch.setenv("PGDATESTYLE", "German")
        yield patch


@pytest.fixture(scope="module")
def roles(postgres):
    for role in (READER, "stranger"):
        asked(postgres, "postgres", f"create role {role} login password '{PASSWORD}'")
    return postgres


@pytest.fixture(scope="module")
def whole(exported, roles, tmp_path_factory):
    """The dealership in the database `whole`: the project, the server."""
    project = world_in((exported,), tmp_path_factory.mktemp("whole"))
    roles.create_database("whole")
    with environment(roles, "whole"):
        publish(project, database=Database.find([READER]))
    return project, roles


@pytest.fixture
def served(small, roles, tmp_path, request):
    """A project that is published in a database of its own, with a second audited build of fewer rows waiting; the
    server, and the database's name."""
    project = world_in((small,), tmp_path)
    name = f"bi_{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"
    roles.create_database(name)
    with environment(roles, name):
        publish(project, database=Database.find([READER]))
        with contextlib.closing(project.connect()) as connection:
            connection.execute(
                "insert into audit.builds by name select * replace (build_number + 1 as build_number, "
                "'000002-waiting' as build_id, 'audited' as status) from audit.builds"
            )
            connection.execute(
                "insert into audit.relations select '000002-waiting', * exclude (build_id) from audit.relations"
            )
            connection.execute("delete from marts.return_curves where rowid >= 300")
        yield project, roles, name


def check_served(server, name, file, folder):
    """Every value, type and comment is that of the published file. Returns how many rows there are."""
    kinds = {"VARCHAR": "text", "TIMESTAMP": "timestamp without time zone"}
    with (
        contextlib.closing(duckdb.connect(str(file), read_only=True)) as here,
        contextlib.closing(server.connect(name)) as there,
    ):
        cursor = there.cursor()
        cursor.execute(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables "
            "where starts_with(table_schema, 'counterweight_') order by 1"
        )
        tables = tables_of(here)
        assert [row[0] for row in cursor.fetchall()] == [f"counterweight_{it.schema}.{it.name}" for it in tables]
        for table in tables:
            relation = f"counterweight_{table.schema}.{table.name}"
            cursor.execute(
                "select attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum) "
                f"from pg_attribute where attrelid = '{relation}'::regclass and attnum > 0 and not attisdropped "
                "order by attnum"
            )
            assert cursor.fetchall() == [
                (it.name, kinds.get(it.type, it.type.lower().replace("decimal", "numeric")), it.comment)
                for it in table.columns
            ]
            cursor.execute(f"select obj_description('{relation}'::regclass, 'pg_class')")
            assert cursor.fetchone()[0] == table.comment
            # quoted where there is a value, so that null is told from an empty text
            with (folder / "there.csv").open("wb") as written:
                cursor.copy_expert(f"copy {relation} to stdout (format csv, null '-', force_quote *)", written)
            columns = ", ".join(f"'{it.name}': '{it.type}'" for it in table.columns)
            read = (
                f"read_csv('{folder / 'there.csv'}', auto_detect = false, header = false, delim = ',', quote = '\"', "
                f"escape = '\"', nullstr = '-', allow_quoted_nulls = false, columns = {{{columns}}})"
            )
            for some, others in ((table.relation, read), (read, table.relation)):
                more = here.execute(f"select count(*) from (from {some} except all from {others})").fetchone()
                assert more == (0,), (relation, some)
    return sum(table.rows for table in tables)


@on_server
def test_every_value_on_the_server_is_the_published_one(whole, tmp_path, capsys):
    project, server = whole
    count = check_served(server, "whole", project.current / FILE_NAME, tmp_path)
    assert count > 100_000
    assert build_there(server, "whole") == json.loads((project.current / "manifest.json").read_text())["build_id"]
    with capsys.disabled():
        print(f"\npublished on PostgreSQL: {count:,} rows are equal")


@on_server
def test_readers_may_read_everything_and_write_nothing(whole):
    import psycopg2

    _, server = whole
    tables = asked(server, "whole", "select format('%I.%I', schemaname, tablename) from pg_tables "
                   "where starts_with(schemaname, 'counterweight_')")  # fmt: skip
    assert len(tables) > 50
    for (table,) in tables:
        asked(server, "whole", f"select * from {table} limit 1", READER)
    for statement in (
        "delete from counterweight_marts.returned_claims",
        "insert into counterweight_audit.builds select * from counterweight_audit.builds",
        "update counterweight_marts.returned_claims set is_in_rate = true",
        "truncate counterweight_marts.returned_claims",
        "drop table counterweight_marts.returned_claims",
        "create table counterweight_marts.mine (a int)",
        "comment on table counterweight_marts.returned_claims is 'mine'",
    ):
        with pytest.raises(psycopg2.Error, match=r"permission denied|must be owner"):
            asked(server, "whole", statement, READER)
    with pytest.raises(psycopg2.Error, match="permission denied for schema"):
        asked(server, "whole", "select * from counterweight_marts.returned_claims", "stranger")


@on_server
def test_the_pages_psql_commands_run(whole):
    """As a reader, through a shell, as they stand there."""
    project, server = whole
    commands = re.findall(r"^    (psql -c .*?)\n\n", section("PostgreSQL"), flags=re.M | re.S)
    assert len(commands) == 2
    client = {"PGHOST": server.host, "PGPORT": str(server.port), "PGDATABASE": "whole"}
    client |= {"PGUSER": READER, "PGPASSWORD": PASSWORD, "PATH": os.environ["PATH"], "PAGER": "cat"}
    described, answered = (
        subprocess.run(command, shell=True, env=client, capture_output=True, text=True, check=True).stdout
        for command in commands
    )
    assert "falsified_count / cohort_count, 4 digits: the reality beside the reopen rate" in described
    near(figures(answered), expected_figures(project))


@on_server
def test_the_pages_first_steps_are_enough(postgres, small, tmp_path):
    """Roles and database as the page makes them; Ann reads through the role she is in, at the page's address."""
    import sqlalchemy

    (steps,) = (block for block in blocks("sql") if "create database" in block)
    for step in steps.replace("'...'", f"'{PASSWORD}'").replace("counterweight", "desk").strip().split(";\n"):
        asked(postgres, "postgres", step.replace("bi_readers", "desk_readers").replace("ann", "ann_of_desk"))
    publisher = dataclasses.replace(postgres, user="desk", password=PASSWORD)
    project = world_in((small,), tmp_path)
    (command,) = re.findall(r"bin/counterweight (publish .*)", section("PostgreSQL"))
    with environment(publisher, "desk") as patch:
        patch.setenv("COUNTERWEIGHT_WAREHOUSE", str(project.warehouse))
        patch.setenv("COUNTERWEIGHT_PUBLISHED", str(project.published))
        outcome = CliRunner().invoke(cli.main, command.replace("bi_readers", "desk_readers").split())
    assert outcome.exit_code == 0, outcome.output
    assert re.search(r"^publish postgres 127\.0\.0\.1:\d+/desk: 6\d tables, ", outcome.output, flags=re.M)
    address = f"postgresql+psycopg2://ann_of_desk:{PASSWORD}@{postgres.host}:{postgres.port}/desk"
    engine = sqlalchemy.create_engine(address)
    try:
        words = {
            it["name"]: it["comment"]
            for it in sqlalchemy.inspect(engine).get_columns("return_curves", "counterweight_marts")
        }
        with engine.connect() as connection:
            count = connection.execute(sqlalchemy.text("select count(*) from counterweight_marts.return_curves"))
            assert count.scalar() == 500
    finally:
        engine.dispose()
    assert len(words) > 10 and all(words.values())


CURVES = """
    select curves.days, builds.build_id
    from (select count(*) as days from counterweight_marts.return_curves) as curves
    cross join counterweight_audit.builds as builds
"""


@on_server
def test_a_reader_that_is_open_keeps_its_build_and_holds_nobody_up(served, tmp_path):
    """A transaction that has read a table stays open while the next build is published: what it sees is one build."""
    project, server, name = served
    asked(server, name, "create schema of_ann")
    asked(server, name, f"create view of_ann.days as {CURVES}")
    before = asked(server, name, CURVES)
    with contextlib.closing(server.connect(name)) as reader:
        reader.set_session(isolation_level="REPEATABLE READ")
        cursor = reader.cursor()
        cursor.execute("select count(*) from counterweight_audit.test_results")
        publish(project, database=Database.find())
        cursor.execute(CURVES)
        assert cursor.fetchall() == before
        reader.rollback()
        cursor.execute(CURVES)
        assert cursor.fetchall() == [(300, "000002-waiting")]
    assert before[0][0] == 500
    # what hangs on the tables is still there
    assert asked(server, name, "select * from of_ann.days") == [(300, "000002-waiting")]
    assert asked(server, name, CURVES, READER) == [(300, "000002-waiting")]
    check_served(server, name, project.current / FILE_NAME, tmp_path)


# Where a publish can be killed: at a call, or when that is done.
KILLED_AT = {
    "some tables are filled": ("counterweight.postgres", "_as_text", 700, False),
    "all is filled and the link is not swapped": ("counterweight.publish", "_swap", 0, False),
    "the link is swapped and nothing is committed": ("counterweight.publish", "_swap", 0, True),
}


@on_server
@pytest.mark.parametrize("step", KILLED_AT)
def test_a_publish_killed_at_any_step_leaves_the_last_build_on_the_server(served, step):
    project, server, name = served
    module, function, after, done = KILLED_AT[step]
    before, link = asked(server, name, CURVES), project.current.resolve()
    call = "from counterweight.postgres import Database; publish(project, database=Database.find())"
    killed(project, module, function, after, call, done)
    assert asked(server, name, CURVES) == before
    assert (project.current.resolve() == link) is not done
    publish(project, database=Database.find())
    assert asked(server, name, CURVES) == [(300, "000002-waiting")]
    assert not list(project.published.glob(".draft*"))


@on_server
def test_a_server_that_goes_away_at_the_last_moment_keeps_what_it_had(served, monkeypatch):
    """The files are shown by then, and it is said."""
    project, server, name = served
    before, link = asked(server, name, CURVES), project.current.resolve()
    original = publishing._swap

    def swap(*arguments):
        original(*arguments)
        asked(server, name, "select pg_terminate_backend(pid) from pg_stat_activity "
              "where application_name = 'counterweight' and datname = current_database()")  # fmt: skip

    monkeypatch.setattr(publishing, "_swap", swap)
    with pytest.raises(CounterweightError, match=r"The files are published, and PostgreSQL keeps .* Publish again\."):
        publish(project, database=Database.find())
    assert asked(server, name, CURVES) == before
    assert project.current.resolve() != link
    monkeypatch.undo()
    publish(project, database=Database.find())
    assert asked(server, name, CURVES) == [(300, "000002-waiting")]


@on_server
def test_other_columns_and_tables_are_taken_where_nobody_hangs_on_the_old(served, tmp_path):
    project, server, name = served
    asked(server, name, "create view public.hangs as select source_system, unit from counterweight_marts.return_curves")
    asked(server, name, "create table counterweight_marts.mart_of_last_year (a int)")
    with contextlib.closing(project.connect()) as connection:
        connection.execute("alter table marts.returned_claims alter window_days type bigint")
        connection.execute("alter table marts.returned_claims drop column queue")
        connection.execute("alter table marts.return_curves add column news varchar default 'yes'")
        connection.execute("comment on column marts.return_curves.news is 'New.'")
    publish(project, database=Database.find())
    columns = asked(server, name, "select attname from pg_attribute where attnum > 0 and not attisdropped "
                    "and attrelid = 'counterweight_marts.returned_claims'::regclass order by attnum")  # fmt: skip
    assert columns[-1] == ("window_days",)
    assert ("queue",) not in columns
    assert asked(server, name, "select distinct news from counterweight_marts.return_curves", READER) == [("yes",)]
    assert asked(server, name, "select to_regclass('counterweight_marts.mart_of_last_year')") == [(None,)]
    assert asked(server, name, "select count(*) from public.hangs") == [(300,)]
    # and where somebody does, it is said, and all stays
    link = project.current.resolve()
    with contextlib.closing(project.connect()) as connection:
        connection.execute("alter table marts.return_curves drop column unit")
    with pytest.raises(InputError, match=r"view hangs depends on column unit of table .*Nothing was changed\.$"):
        publish(project, database=Database.find())
    assert project.current.resolve() == link
    assert asked(server, name, "select count(unit) from counterweight_marts.return_curves") == [(300,)]


ODD = [
    "",
    " ",
    "\\N",
    "\\.",
    "\\",
    "a\tb",
    "a\nb",
    "a\r\nb",
    '"',
    "'",
    "\\n",
    "NULL",
    "null",
    "Grüße 🙂",
    "\x01",
    ",",
    "\\x41",
]


@on_server
def test_odd_texts_numbers_and_times_arrive_as_they_are(roles, tmp_path):
    roles.create_database("odd")
    (tmp_path / "draft").mkdir()
    file = tmp_path / "draft" / FILE_NAME
    with contextlib.closing(duckdb.connect(str(file))) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.odd (n bigint, t varchar, d decimal(38,10), ended_at timestamp, day date, b boolean)"
        )
        rows = [
            (n, text, "-0.0000000001", "1969-12-31 23:59:59.999999", "0001-01-01", True) for n, text in enumerate(ODD)
        ]
        rows += [
            (2**63 - 1, None, "9" * 28 + ".9999999999", "9999-12-31 23:59:59", None, False),
            (-(2**63), *[None] * 5),
        ]
        connection.executemany("insert into marts.odd values (?, ?, ?, ?, ?, ?)", rows)
        connection.execute("comment on table marts.odd is 'It''s \\ \"odd\" 🙂'")
        connection.execute("comment on column marts.odd.t is 'a''b'")
    with environment(roles, "odd"):
        for _ in range(2):
            with Database.find(prefix="counterweight_").replaced(file):
                pass
            assert check_served(roles, "odd", file, tmp_path) == len(ODD) + 2
    assert asked(roles, "odd", "select t from counterweight_marts.odd where n between 0 and 99 order by n") == [
        (text,) for text in ODD
    ]


@on_server
def test_what_the_server_refuses_is_said_and_nothing_is_changed(served):
    """Each is found before anything is built, where that can be known."""
    project, server, name = served
    before, link = asked(server, name, CURVES), project.current.resolve()

    def refused(expected, error=InputError, grants=(), prefix="counterweight_", **settings):
        with pytest.MonkeyPatch.context() as patch:
            for key, value in settings.items():
                patch.setenv(f"COUNTERWEIGHT_PG_{key.upper()}", value)
            database = Database.find(grants, prefix)
            with pytest.raises(error, match=expected) as caught:
                database.check()
            assert "Nothing was changed" in str(caught.value.message)
            assert server.password not in str(caught.value.message)
            if grants or settings.get("port"):
                with pytest.raises(error, match=expected):
                    publish(project, database=database)
        assert asked(server, name, CURVES) == before
        assert project.current.resolve() == link

    refused("Connection refused", port="1")
    refused("password authentication failed", password="wrong")
    refused('database "nowhere" does not exist', database="nowhere")
    refused(r"no role 'bi_reader'\. Did you mean 'bi_readers'\?", grants=["bi_reader"])
    asked(server, name, "create schema dbts_marts; create table dbts_marts.resolution_quality (a int)")
    refused(r"Schema dbts_marts has tables that publish did not make\.", prefix="dbts_")
    refused(r"Schema counterweight_\w+ belongs to counterweight\. Publish as", user=READER, password=PASSWORD)
    refused(
        r"bi_readers may not make schemas in .*grant create on database", prefix="x_", user=READER, password=PASSWORD
    )
    assert asked(server, name, "select nspname from pg_namespace where starts_with(nspname, 'x_')") == []


@on_server
def test_two_publishes_into_one_database_do_not_mix(served, monkeypatch):
    project, server, name = served
    before = asked(server, name, CURVES)
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=0")
    monkeypatch.setattr("counterweight.postgres.WAIT", "200ms")
    with contextlib.closing(server.connect(name)) as other:
        other.cursor().execute(f"select pg_advisory_xact_lock({LOCK})")
        with pytest.raises(BusyError, match="another publish is at work"):
            publish(project, database=Database.find())
    assert asked(server, name, CURVES) == before


@on_server
def test_an_administrator_may_make_the_schemas(served, tmp_path):
    """For a user who may make none: empty ones of their own are taken."""
    project, server, name = served
    for schema in ("dimensions", "facts", "marts", "reference", "audit"):
        asked(server, name, f"create schema given_{schema} authorization stranger")
    with environment(dataclasses.replace(server, user="stranger", password=PASSWORD), name):
        publish(project, database=Database.find([READER], "given_"))
    assert asked(server, name, "select count(*) from given_marts.return_curves", READER) == [(300,)]
    marks = asked(server, name, "select distinct obj_description(oid, 'pg_namespace') from pg_namespace "
                  "where starts_with(nspname, 'given_')")  # fmt: skip
    assert marks == [(MARK,)]


def test_without_the_driver_it_is_said_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(InputError, match=r"uv sync --inexact --group postgres' installs it\. Nothing was changed\."):
        Database.find().check()
    # and before anything is loaded or built
    monkeypatch.chdir(ROOT)
    outcome = CliRunner().invoke(cli.main, ["run", "--to", "postgres", "canonical.tickets=nowhere.csv"])
    assert outcome.exit_code == 2
    assert "driver is not installed" in outcome.output


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"host": "127.0.0.1", "port": "5432", "user": "counterweight", "dbname": "counterweight"}),
        (
            {
                "COUNTERWEIGHT_PG_HOST": "here",
                "PGHOST": "there",
                "PGUSER": "ann",
                "COUNTERWEIGHT_PG_PASSWORD": "secret",
            },
            {"host": "here", "port": "5432", "password": "secret", "dbname": "counterweight"},
        ),
        ({"PGSERVICE": "desk", "COUNTERWEIGHT_PG_DATABASE": "bi"}, {"dbname": "bi"}),
    ],
)
def test_our_variables_come_before_libpqs_and_these_before_the_defaults(monkeypatch, given, expected):
    """What libpq is to take from its own variables is not named at all."""
    for name in [name for name in os.environ if name.startswith(("PG", "COUNTERWEIGHT_PG"))]:
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Database.find().settings == expected
