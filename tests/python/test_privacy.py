"""People stay behind: planted names, telephones and addresses are found in the build file, and nowhere a reader, a log
or a document could show them. Production is refused without a salt of its own."""

import contextlib
import gzip
import zipfile
from pathlib import Path

import duckdb
import pytest

from conftest import ROOT, TABLES, one, rows
from counterweight import summary
from counterweight.audit import audit
from counterweight.build import build, run_dbt
from counterweight.errors import CounterweightError, InputError
from counterweight.load import load
from counterweight.publish import FILE_NAME, open_published, publish
from counterweight.salt import DEVELOPMENT_SALT

SALT = "a-long-secret-of-this-test"
# Nobody is called so; each stands where the contract lets people write it.
PLANTED = {
    "name": "Zwetschkenbaum",
    "telephone": "+43 650 5550147",
    "digits": "436505550147",
    "address": "kunigunde@planted.example",
    "user": "kzwetschke",
    "subject": "cannot log in since the planted wedding",
    "rejected": "Quastenflosser",
}
WORLD = {
    "tickets": f"""
        ticket_id,created_at,requester_id,channel,category,status,assignee_id,nickname
        T1,2024-01-01 09:00:00,{PLANTED["address"]},phone,Mail,resolved,{PLANTED["user"]},{PLANTED["name"]}
        T2,2024-01-03 09:00:00,{PLANTED["telephone"]},phone,Mail,new,{PLANTED["user"]},
        T3,not a time {PLANTED["name"]},{PLANTED["name"]},phone,Mail,new,,
        T4,2024-01-03,{PLANTED["rejected"]}
    """
    # enough good rows for the audit to let two bad ones pass
    + "".join(f"F{n},2024-01-01 09:00:00,filler {n},portal,Mail,new,,\n" for n in range(60)),
    "ticket_events": f"""
        event_id,ticket_id,event_at,field,old_value,new_value,actor_id
        1,T1,2024-01-01 10:00:00,status,new,resolved,{PLANTED["user"]}
        2,T1,2024-01-01 10:00:01,assignee,{PLANTED["name"]},{PLANTED["user"]},{PLANTED["user"]}
        3,T1,2024-01-01 10:00:02,subject,,{PLANTED["subject"]},{PLANTED["user"]}
    """,
    "calls": f"""
        leg_id,contact_id,started_at,ended_at,direction,customer_id,channel,agent_id,category,answered_at
        1,1,2024-01-01 09:00:00,2024-01-01 09:05:00,inbound,0043 (650) 555-0147,voice,{PLANTED["user"]},Mail,
        2,2,2024-01-02 09:00:00,2024-01-02 09:05:00,inbound,{PLANTED["name"]},voice,{PLANTED["user"]},Mail,
    """,
    "identities": f"""
        customer_id,kind,value
        {PLANTED["name"]},phone,{PLANTED["telephone"]}
        {PLANTED["name"]},email,{PLANTED["address"]}
    """,
    "agents": f"""
        agent_id,team_id,tier
        {PLANTED["user"]},first line,first
    """,
    "agent_states": f"""
        agent_id,state,started_at,ended_at
        {PLANTED["user"]},on_queue,2024-01-01 08:00:00,2024-01-01 16:00:00
    """,
    "shifts": f"""
        agent_id,shift_started_at,shift_ended_at,paid_minutes
        {PLANTED["user"]},2024-01-01 08:00:00,2024-01-01 16:00:00,450
    """,
    "surveys": f"""
        survey_id,ticket_id,sent_at,sent_by
        S1,T1,2024-01-02 09:00:00,{PLANTED["user"]}
        S2,T2,2024-01-02 09:00:00,{PLANTED["name"]}
    """,
    # an employee who moved may be an agent
    "business_claims": f"""
        claim_type,claim_id,business_function,unit,subject_id,claimed_at
        moved_internally,1,hr,support,{PLANTED["user"]},2024-01-01 09:00:00
    """,
}


def world(folder):
    for table, text in WORLD.items():
        lines = "\n".join(line.strip() for line in text.strip().splitlines())
        (folder / f"{table}.csv").write_text(lines + "\n", encoding="utf-8")
    return [f"{table}={folder / table}.csv" for table in WORLD]


@pytest.fixture(scope="module")
def planted(new_project, tmp_path_factory):
    """A published build of the planted world, and what was said on the screen meanwhile."""
    project = new_project("planted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COUNTERWEIGHT_SALT", SALT)
        load(project, "canonical", world(tmp_path_factory.mktemp("planted_world")))
        build(project, {})
        audit(project)
        publish(project)
    return project


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


def texts(connection):
    """(schema, table, the text of a row) of all rows of a file."""
    for schema, name in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
        for row in connection.execute(f'select * from "{schema}"."{name}"').fetchall():
            yield schema, name, " ".join(map(str, row)).lower()


def built(project, selection):
    """Whether models and seeds of the selection were all built."""
    results = run_dbt(project, ["build", "--select", selection, *TABLES], {})
    return len(results) > 10 and all(result.status == "success" for result in results)


def found_in(path):
    """The planted words in a file, packed or not."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    content = content.lower()
    return [kind for kind, word in [*PLANTED.items(), ("salt", SALT)] if word.lower().encode() in content]


def test_what_is_planted_is_found_where_it_must_be(planted):
    """The control: were these not found in the build file, the searches below could not fail."""
    kept = {kind for kind in PLANTED if kind not in ("digits", "rejected")}
    assert kept | {"salt"} <= set(found_in(planted.warehouse))
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
    """Not in any table behind staging either, findings and failed tests included."""
    checked = 0
    for schema, name in rows(
        planted,
        "select table_schema, table_name from information_schema.tables where table_schema not in ('raw', 'private')",
    ):
        for row in rows(planted, f'select * from "{schema}"."{name}"'):
            text = " ".join(map(str, row)).lower()
            assert not any(word.lower() in text for word in [*PLANTED.values(), SALT]), (schema, name)
            checked += 1
    assert checked > 100


def test_one_customer_by_telephone_address_and_name(planted):
    """A ticket by address, one by telephone, a call written in another way, one by the customer's own id: one key."""
    query = "select {} from facts.fct_interactions where ticket_key is null or ticket_key not like 'canonical:F%'"
    assert one(planted, query.format("count(*), count(distinct customer_key)")) == (4, 1)
    (key,) = one(planted, query.format("distinct customer_key"))
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")


def test_another_salt_gives_another_key(planted, new_project, tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTERWEIGHT_SALT", SALT + "!")
    project = new_project("other_salt")
    load(project, "canonical", world(tmp_path))
    assert built(project, "+int_contacts")
    query = "select distinct customer_key from intermediate.int_contacts where customer_key is not null"
    assert one(project, query) != one(planted, query)


def test_production_is_refused_without_a_salt_of_its_own(new_project, tmp_path, monkeypatch):
    pairs = world(tmp_path)
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
    load(project, "canonical", world(tmp_path))
    assert built(project, "+int_contacts")
    assert rows(project, "select salt from private.salt") == [(SALT,)]
