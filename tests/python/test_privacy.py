"""People stay behind: planted names, telephones and addresses are found in the build file, and nowhere a reader, a log
or a document could show them. Text of the data is text everywhere. Production is refused without a salt of its own."""

import contextlib
import csv
import io
import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from conftest import ROOT, TABLES, build_facts, one, rows
from counterweight import summary
from counterweight.audit import audit
from counterweight.build import build, run_dbt
from counterweight.dev import secrets
from counterweight.dev.secrets import PLANTED, SALT, found_in, texts
from counterweight.errors import CounterweightError, InputError
from counterweight.forget import Person, forget, obsolete, remove_obsolete
from counterweight.load import load
from counterweight.project import Project
from counterweight.publish import FILE_NAME, open_published, publish, publish_accounts
from counterweight.report import report
from counterweight.salt import DEVELOPMENT_SALT
from counterweight.variables import parse

# What would be markup, SQL, Jinja, a formula, a line of a log, a colour of the terminal or another folder.
PAYLOADS = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "{{ 1 / 0 }}{% raw %}",
    "'; drop table raw.canonical__tickets; --",
    '=HYPERLINK("http://pwned.example","see")',
    "x\nbuild  000099-forged00: all is well",
    "\x1b[31mred\u202egnorw",
    "../../outside",
    "javascript:window.pwned=1",
    "a | b |\n| - | - |",
)
LINKS = {"ticket_link_templates": {"canonical": "https://desk.example/{ticket_id}"}}
FILE_OF_PAYLOADS = "<img src=x onerror=window.pwned=1>{{ 1 }}'; drop table x; --.csv"


def payload_files(folder):
    """Tickets that are resolved and calls that are taken, everything about them called so; as `load` takes them."""
    tables = {"tickets": [], "ticket_events": [], "calls": []}
    for number, text in enumerate(PAYLOADS * 4):
        # four of each kind, two days apart: the same customer comes back
        ticket, day, minute = f"F{number}{text}", f"{5 + number // 10 * 2:02}", f"{number % 10:02}"
        tables["tickets"].append({
            "ticket_id": ticket, "created_at": f"2024-01-{day} 09:{minute}:00", "requester_id": text, "channel": text,
            "category": text, "subcategory": text, "status": "resolved", "account_id": text, "team_id": text,
            "assignee_id": PLANTED["user"], "priority": text, "configuration_item": text, text.lower()[:9]: text,
        })  # fmt: skip
        tables["ticket_events"].append({
            "event_id": f"E{number}{text}", "ticket_id": ticket, "event_at": f"2024-01-{day} 10:{minute}:00",
            "field": "status", "old_value": "new", "new_value": "resolved", "actor_type": "agent",
        })  # fmt: skip
        tables["calls"].append({
            "leg_id": f"L{number}{text}", "contact_id": f"L{number}{text}",
            "started_at": f"2024-02-{day} 09:{minute}:00",
            "ended_at": f"2024-02-{day} 09:{minute}:30", "answered_at": f"2024-02-{day} 09:{minute}:05",
            "direction": "inbound", "customer_id": text, "channel": "voice", "agent_id": PLANTED["user"],
            "queue": text, "team_id": text, "category": text, "ticket_id": "",
        })  # fmt: skip
    pairs = []
    for table, content in tables.items():
        (folder / table).mkdir()
        file = folder / table / FILE_OF_PAYLOADS
        # a column's name may be anything but what a terminal obeys
        names = [name for name in dict.fromkeys(key for row in content for key in row) if name.isprintable()]
        with file.open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(content)
        pairs.append(f"{table}={file}")
    return pairs


@pytest.fixture(scope="module")
def planted_and_said(new_project, tmp_path_factory):
    """A published build of the planted world and of texts that do something where they are not taken for data."""
    project = new_project("planted")
    folder = tmp_path_factory.mktemp("planted_world")
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setenv("COUNTERWEIGHT_SALT", SALT)
        load(project, "canonical", secrets.write_world(folder))
        load(project, "canonical", payload_files(folder))
        build(project, LINKS)
        audit(project)
        publish(project, with_parquet=True)
        report(project)
        summary.show(project)
    (folder / "screen.txt").write_text(said.getvalue(), encoding="utf-8")
    return project, folder / "screen.txt"


@pytest.fixture(scope="module")
def planted(planted_and_said):
    return planted_and_said[0]


@pytest.fixture(scope="module")
def said(planted_and_said):
    """What was on the screen from load to summary."""
    return planted_and_said[1].read_text(encoding="utf-8")


def agent_key(project):
    """The planted agent's key, as every table in which agents stand has it."""
    keys = rows(
        project,
        "select agent_key from staging.stg_canonical__calls "
        "union select assignee_key from staging.stg_canonical__tickets "
        "union select actor_key from staging.stg_canonical__ticket_events "
        "union select agent_key from staging.stg_canonical__agents "
        "union select sent_by from staging.stg_canonical__surveys where survey_id = 'S1' "
        "union select subject_key from staging.stg_canonical__business_claims",
    )
    ((key,),) = [row for row in keys if row != (None,)]
    return key


def built(project, selection):
    """Whether models and seeds of the selection were all built."""
    results = run_dbt(project, ["build", "--select", selection, *TABLES], {})
    return len(results) > 10 and all(result.status == "success" for result in results)


def test_what_is_planted_is_found_where_it_must_be(planted):
    """The control: were these not found in the build file, the searches below could not fail."""
    kept = {kind for kind in PLANTED if kind not in ("digits", "rejected")}
    assert kept | {"salt"} <= found_in(planted.warehouse)
    # the line that is no row was rejected, and of it only number and reason are kept
    assert rows(planted, "select raw_table, line_number, reason from raw._rejects") == [
        ("tickets", 5, "too_few_fields")
    ]
    assert "rejected" not in found_in(planted.warehouse)


def test_nothing_planted_is_in_what_people_see(planted, capsys):
    """Published files and pages, dbt's target and logs, the documents, the screen."""
    summary.show(planted)
    shown = capsys.readouterr().out.lower()
    assert [word for word in [*PLANTED.values(), SALT] if word.lower() in shown] == []
    folders = [planted.current.resolve(), planted.data_docs, ROOT / "target", ROOT / "logs", ROOT / "docs"]
    files = [path for folder in folders for path in Path(folder).rglob("*") if path.is_file()]
    assert len(files) > 100
    assert {path: kinds for path in files if (kinds := found_in(path))} == {}


def test_nothing_planted_is_in_any_published_value(planted):
    """Packed columns would hide words from a search of bytes."""
    checked = 0
    with contextlib.closing(open_published(planted)) as connection:
        for schema, name in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
            for row in connection.execute(f'select * from "{schema}"."{name}"').fetchall():
                text = " ".join(map(str, row)).lower()
                assert not any(word.lower() in text for word in [*PLANTED.values(), SALT]), (schema, name)
                checked += 1
    assert checked > 100


def test_no_key_of_an_agent_is_published(planted):
    """Not even a keyed hash: who knows that one of them is Ann could follow her through every table."""
    agent = agent_key(planted)
    checked = set()
    with contextlib.closing(open_published(planted)) as connection:
        for schema, name, text in texts(connection):
            assert agent not in text, (schema, name)
            checked.add(name)
    assert "fct_survey_responses" in checked
    assert not {"dim_agents", "fct_agent_days", "fct_team_months"} & checked
    for path in planted.current.resolve().rglob("*"):
        assert not path.is_file() or agent.encode() not in path.read_bytes(), path
    assert agent.encode() in planted.warehouse.read_bytes(), "the control is not found: this test could not fail"
    assert not planted.restricted.exists()


def test_the_restricted_file_is_off_by_default_apart_and_ones_own(planted):
    agent = agent_key(planted)
    folder = publish(planted, restricted=True)
    (file,) = planted.restricted.iterdir()
    assert file.name == f"{folder.name}.duckdb"
    assert planted.published not in file.parents
    assert (file.stat().st_mode & 0o777, planted.restricted.stat().st_mode & 0o777) == (0o600, 0o700)
    with contextlib.closing(duckdb.connect(str(file), read_only=True)) as connection:
        found = {name for _, name, text in texts(connection) if agent in text}
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert {"dim_agents", "fct_agent_days", "fct_business_claims"} <= found
    # nothing that is published whole is in it as well
    assert not {"fct_claims", "fct_survey_responses", "dim_teams"} & tables
    assert agent.encode() not in (planted.current / FILE_NAME).read_bytes()


def test_past_staging_people_are_keys(planted):
    """Not in any table or view behind staging either, findings and failed tests included."""
    checked = 0
    with contextlib.closing(planted.connect(read_only=True)) as connection:
        for schema, name in connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema not in ('raw', 'private')"
        ).fetchall():
            for row in connection.execute(f'select * from "{schema}"."{name}"').fetchall():
                text = " ".join(map(str, row)).lower()
                assert not any(word.lower() in text for word in [*PLANTED.values(), SALT]), (schema, name)
                checked += 1
    assert checked > 100


def test_one_customer_by_telephone_address_and_name(planted):
    """A ticket by address, one by telephone, a call written in another way, one by the customer's own id: one key."""
    query = (
        "select {} from facts.fct_interactions where coalesce(ticket_key, contact_key) not like 'canonical:F%' "
        "and coalesce(contact_key, ticket_key) not like 'canonical:L%'"
    )
    assert one(planted, query.format("count(*), count(distinct customer_key)")) == (4, 1)
    (key,) = one(planted, query.format("distinct customer_key"))
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")


def test_who_is_forgotten_is_in_no_byte_of_the_build_file_and_counted(planted, tmp_path):
    """From what was published, by the customer's own name and the agent's, to facts without them. The words that must
    be gone are those that the control finds in the same file."""
    project = Project(ROOT, tmp_path / "build" / planted.warehouse.name, tmp_path / "published")
    project.warehouse.parent.mkdir()
    shutil.copy(planted.warehouse, project.warehouse)
    shutil.copytree(planted.published, project.published, symlinks=True)
    agent, before = agent_key(planted), project.current.resolve()
    query = "select distinct customer_key from facts.fct_interactions where ticket_key = 'canonical:T1'"
    (customer,) = one(planted, query)
    persons = [Person("customer", "canonical", PLANTED["name"]), Person("agent", "canonical", PLANTED["user"])]
    # T1 with three events and a survey, T2 with another, T3, two calls, two identities; agent, state, shift, claim
    assert forget(project, persons) == 16
    assert found_in(project.warehouse) == {"salt"}
    for key in (agent, customer):
        assert key.encode() in planted.warehouse.read_bytes()
        assert key.encode() not in project.warehouse.read_bytes()
    with pytest.raises(CounterweightError, match="is not audited"):
        publish(project)
    assert before in obsolete(project)
    assert set(obsolete(project)) == {path for path in project.published.glob("0*") if path.is_dir()}
    build_facts(project, LINKS, select=["+fct_row_fates", "+fct_claims"])
    assert rows(project, "select * from staging.stg_canonical__tickets where ticket_id in ('T1', 'T2', 'T3')") == []
    assert dict(
        rows(project, "select raw_table, sum(row_count) from facts.fct_row_fates where fate = 'erased' group by 1")
    ) == {
        "tickets": 3, "ticket_events": 3, "surveys": 2, "calls": 2, "identities": 2, "agents": 1, "agent_states": 1,
        "shifts": 1, "business_claims": 1,
    }  # fmt: skip
    assert {key for (key,) in rows(project, "select customer_key from facts.fct_claims")}.isdisjoint({customer, None})
    (result,) = run_dbt(project, ["test", "--select", "assert_fates_add_up_to_rows_loaded"], LINKS)
    assert result.status == "pass"
    # the next publish: another folder is served, and the one with the key goes
    (project.published / "000099-00000000").mkdir()
    project.current.unlink()
    project.current.symlink_to("000099-00000000")
    remove_obsolete(project)
    assert sorted(path.name for path in project.published.iterdir() if path.is_dir()) == ["000099-00000000", "current"]


def test_another_salt_gives_another_key(planted, new_project, tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERWEIGHT_SALT", SALT + "!")
    project = new_project("other_salt")
    load(project, "canonical", secrets.write_world(tmp_path))
    assert built(project, "+int_contacts")
    query = (
        "select distinct customer_key from intermediate.int_contacts "
        "where contact_key in ('canonical:1', 'canonical:2')"
    )
    assert one(project, query) != one(planted, query)


def test_production_is_refused_without_a_salt_of_its_own(new_project, tmp_path, monkeypatch):
    pairs = secrets.write_world(tmp_path)
    monkeypatch.setenv("COUNTERWEIGHT_TARGET", "prod")
    project = new_project("production")
    with pytest.raises(InputError, match="COUNTERWEIGHT_SALT is not set: everybody could undo") as caught:
        load(project, "canonical", pairs)
    assert caught.value.exit_code == 2
    monkeypatch.setenv("COUNTERWEIGHT_SALT", DEVELOPMENT_SALT)
    with pytest.raises(InputError, match="Nothing was loaded"):
        load(project, "canonical", pairs)
    # what was begun as a trial does not become production
    monkeypatch.delenv("COUNTERWEIGHT_TARGET")
    monkeypatch.delenv("COUNTERWEIGHT_SALT")
    load(project, "canonical", pairs)
    monkeypatch.setenv("COUNTERWEIGHT_TARGET", "prod")
    monkeypatch.setenv("COUNTERWEIGHT_SALT", SALT)
    with pytest.raises(InputError, match="begun with the public development salt"):
        load(project, "canonical", pairs)
    with pytest.raises(InputError, match=r"begun with the public development salt.* Nothing was built"):
        build(project, {})


def test_plain_dbt_on_production_is_refused_as_well(new_project, monkeypatch):
    """A connector may have landed the data; dbt looks at the salt itself."""
    monkeypatch.setenv("COUNTERWEIGHT_TARGET", "prod")
    project = new_project("connector")
    with contextlib.closing(project.connect()):
        pass
    with pytest.raises(CounterweightError, match="has no salt of its own"):
        run_dbt(project, ["run", "--select", "dim_dates"], {})
    assert SALT not in "".join(path.read_text(errors="ignore") for path in (ROOT / "logs").glob("*.log"))


def test_production_with_its_own_salt_builds(new_project, tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERWEIGHT_TARGET", "prod")
    monkeypatch.setenv("COUNTERWEIGHT_SALT", SALT)
    project = new_project("salted")
    load(project, "canonical", secrets.write_world(tmp_path))
    assert built(project, "+int_contacts")
    assert rows(project, "select salt from private.salt") == [(SALT,)]


# ---- text from the data is text


def test_payloads_arrive_as_they_are(planted):
    """Not cut, not rendered, not run: in the published file, in Parquet, in the path of nothing."""
    with contextlib.closing(open_published(planted)) as connection:
        for column in ("category", "account_id", "queue"):
            found = {
                value
                for (value,) in connection.execute(f"select distinct {column} from facts.fct_interactions").fetchall()
            }
            assert set(PAYLOADS) <= found, column
        (files,) = zip(
            *connection.execute("select distinct source_file from facts.fct_row_fates").fetchall(), strict=True
        )
        assert FILE_OF_PAYLOADS in files
        (file,) = planted.published.glob("*/parquet/**/*fct_interactions.parquet")
        assert connection.execute(
            "select count(*) from (from facts.fct_interactions except from read_parquet(?))", [str(file)]
        ).fetchone() == (0,)
    assert len(rows(planted, "select * from raw.canonical__tickets")) > 60


def test_a_link_leads_to_the_tool_or_nowhere(planted):
    with contextlib.closing(open_published(planted)) as connection:
        links = connection.execute("select ticket_id, ticket_link from marts.returned_claims").fetchall()
    assert len(links) > 10
    assert {link for ticket, link in links if ticket and not ticket.isalnum()} == {None}


def test_nothing_of_the_data_begins_a_line_or_colours_one(said):
    """From load to summary: a name is within its line, with what a terminal obeys spelled out."""
    assert FILE_OF_PAYLOADS in said
    assert [
        line for line in said.splitlines() if "000099-forged" in line and not line.startswith((" ", "publish "))
    ] == []
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", said)


def test_clients_called_so_get_a_folder_and_a_line_each(planted, capsys):
    chosen = [PAYLOADS[number] for number in (5, 7)]
    folders = publish_accounts(planted, chosen)
    accounts = (planted.published / "accounts").resolve()
    assert [folder.resolve().parent.parent for folder in folders] == [accounts] * len(chosen)
    shown = capsys.readouterr().out.strip().splitlines()
    assert len(shown) == len(chosen)
    assert all(line.startswith("publish account ") for line in shown)
    assert not any(re.search("[\x00-\x1f\x7f-\x9f\u202e]", line) for line in shown)
    with pytest.raises(InputError) as caught:
        publish_accounts(planted, ["no\r\nsuch\x1b[0m"])
    assert "no\\x0d\\x0asuch\\x1b[0m" in str(caught.value)
    shutil.rmtree(accounts)


def test_pages_hold_no_markup_of_the_data(planted, browser):
    """The report and every page of the audit, in a browser with scripts on and no network."""
    report_page = planted.published / "report.html"
    pages = [report_page, *planted.data_docs.rglob("*.html")]
    assert len(pages) > 5
    context = browser.new_context(offline=True)
    tab = context.new_page()
    said = []
    tab.on("dialog", lambda it: said.append(it.message))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "window.pwned" not in re.sub("&lt;|&gt;|&quot;", "", text) or page == report_page
        assert "<script>window.pwned" not in text and "<img src=x" not in text
        if page in pages[:3]:
            tab.goto(page.as_uri(), wait_until="commit")
            assert tab.evaluate("window.pwned") is None
    assert said == []
    context.close()


@pytest.mark.parametrize(
    "name", ["a\nbuild  forged.csv", "a\x1b[31m.csv", "a\u202evsc.exe.csv"], ids=["line", "colour", "direction"]
)
def test_a_file_whose_name_a_terminal_would_obey_is_refused(new_project, tmp_path, name):
    (tmp_path / name).write_text("ticket_id\n")
    for pair in (
        f"canonical.tickets={tmp_path / name}",
        f"canonical.tickets={tmp_path}/*.csv",
        f"canonical={tmp_path}",
    ):
        with pytest.raises(InputError, match=r"has a control character in it") as caught:
            load(new_project("obeyed"), None, [pair])
        assert str(caught.value).isprintable()


def test_a_column_whose_name_a_terminal_would_obey_is_refused(new_project, tmp_path):
    (tmp_path / "tickets.jsonl").write_text('{"ticket_id": "1", "a\\nbuild  forged\\u001b[31m": 2}')
    with pytest.raises(InputError, match=r"column 2, 'a\\x0abuild  forged\\x1b\[31m'") as caught:
        load(new_project("obeyed"), None, [f"canonical={tmp_path}"])
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("template", [
    "javascript:alert({ticket_id})", "{ticket_id}", "https://{ticket_id}/", "https://desk.example{ticket_id}",
    "//x/{ticket_id}",
])  # fmt: skip
def test_a_link_template_that_leads_where_a_ticket_says_is_refused(planted, template):
    with pytest.raises(InputError, match="It must begin with http:// or https://"):
        parse(planted, json.dumps({"ticket_link_templates": {"canonical": template}}))
