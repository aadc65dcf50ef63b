"""People stay behind: planted names, telephones and addresses are found in the build file, and nowhere a reader, a log
or a document could show them. Production is refused without a salt of its own."""

import contextlib
import gzip
import zipfile
from pathlib import Path

import pytest

from conftest import ROOT, one, rows
from counterweight import summary
from counterweight.audit import audit
from counterweight.build import build, run_dbt
from counterweight.errors import CounterweightError, InputError
from counterweight.load import load
from counterweight.publish import open_published, publish
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


def built(project, selection):
    """Whether models and seeds of the selection were all built."""
    kinds = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    results = run_dbt(project, ["build", "--select", selection, *kinds], {})
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
