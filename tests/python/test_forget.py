"""A person is erased from the raw tables: every row of theirs, every byte, in one step, counted, and for good."""

import contextlib
import os
import re
import shutil
import subprocess
import sys

import duckdb
import pytest
from click.testing import CliRunner

from conftest import ROOT, one, rows
from counterweight import cli
from counterweight.audit import audit
from counterweight.build import build
from counterweight.dev import diff, secrets
from counterweight.errors import CounterweightError, InputError
from counterweight.forget import Person, forget, obsolete, people, rewrite
from counterweight.load import load
from counterweight.load.declared import declared_systems
from counterweight.project import PUBLISHED_VARIABLE, WAREHOUSE_VARIABLE, Project
from counterweight.publish import publish
from counterweight.worlds import simulate

# Everything that Ada is called. She and Bert wrote to each other's tickets, and share a telephone.
ADA = ("ada.lovely@planted.example", "+43 650 5550101", "0043 650 555 01 01", "CU-ada", "90001")
AGENT = "AG-gustav"
WORLD = {
    "canonical.tickets": """
        ticket_id,created_at,requester_id,requested_for_id,channel,category,status,assignee_id,nickname
        T1,2024-01-01 09:00:00,ada.lovely@planted.example,,phone,Mail,resolved,AG-gustav,Lovely
        T1,2024-01-01 10:00:00,CU-bert,,phone,Mail,resolved,AG-gustav,
        T2,2024-01-02 09:00:00,CU-bert,CU-ada,phone,Mail,new,AG-gustav,
        T3,2024-01-03 09:00:00,bert@planted.example,,phone,Mail,new,AG-gustav,
        T4,no time at all,CU-ada,,phone,Mail,new,,
        T5,2024-01-03 09:00:00,,,phone,Mail,new,AG-other,
    """,
    "canonical.ticket_events": """
        event_id,ticket_id,event_at,field,old_value,new_value,actor_id
        1,T1,2024-01-01 10:00:00,status,new,resolved,AG-gustav
        2,T3,2024-01-03 10:00:00,status,status,open,CU-ada
        3,T3,2024-01-03 11:00:00,assignee,CU-ada,AG-gustav,AG-gustav
        4,T3,2024-01-03 11:00:00,category,Mail,CU-ada,AG-other
    """,
    "canonical.ticket_messages": """
        message_id,ticket_id,sent_at,author_type
        1,T1,2024-01-01 09:30:00,requester
        2,T3,2024-01-03 09:30:00,requester
    """,
    "canonical.calls": """
        leg_id,contact_id,started_at,ended_at,direction,customer_id,channel,agent_id,ticket_id
        1,C1,2024-01-01 09:00:00,2024-01-01 09:05:00,inbound,0043 650 555 01 01,voice,AG-gustav,
        2,C1,2024-01-01 09:05:00,2024-01-01 09:06:00,inbound,,voice,AG-other,
        3,C2,2024-01-02 09:00:00,2024-01-02 09:05:00,inbound,,voice,AG-gustav,T1
        4,C3,2024-01-02 09:00:00,2024-01-02 09:05:00,inbound,CU-bert,voice,AG-gustav,T1
        5,C3,2024-01-02 09:05:00,2024-01-02 09:06:00,inbound,,voice,AG-gustav,T1
        6,C4,2024-01-02 09:00:00,2024-01-02 09:05:00,inbound,+43 1 7654321,voice,AG-gustav,
    """,
    "canonical.identities": """
        customer_id,kind,value
        CU-ada,phone,+43 650 5550101
        CU-ada,email,ada.lovely@planted.example
        CU-ada,phone,+43 1 7654321
        CU-bert,phone,+43 1 7654321
        CU-bert,phone,+43 650 5550202
        CU-bert,email,bert@planted.example
    """,
    "canonical.surveys": """
        survey_id,ticket_id,contact_id,sent_at,sent_by
        S1,T1,,2024-01-02 09:00:00,AG-gustav
        S2,,C2,2024-01-02 09:00:00,system
        S3,T3,,2024-01-02 09:00:00,CU-ada
    """,
    "canonical.qa_reviews": """
        review_id,contact_id,ticket_id,reviewed_at
        1,C1,,2024-01-05 09:00:00
        2,C4,,2024-01-05 09:00:00
    """,
    "canonical.bot_sessions": """
        session_id,customer_id,started_at,handed_off_to
        1,CU-ada,2024-01-01 08:00:00,queue
        2,,2024-01-01 08:00:00,C2
        3,,2024-01-01 08:00:00,C4
    """,
    "canonical.business_claims": """
        claim_type,claim_id,subject_id,claimed_at
        deal_won,1,CU-ada,2024-01-01 09:00:00
        deal_won,2,CU-bert,2024-01-01 09:00:00
    """,
    "canonical.business_outcomes": """
        claim_type,claim_id,outcome_at,outcome
        deal_won,1,2024-01-05 09:00:00,churned
        deal_lost,1,2024-01-05 09:00:00,churned
        deal_won,2,2024-01-05 09:00:00,churned
    """,
    "canonical.agents": """
        agent_id,team_id
        AG-gustav,first
        AG-other,first
    """,
    "canonical.shifts": """
        agent_id,shift_started_at
        AG-gustav,2024-01-01 08:00:00
        CU-ada,2024-01-01 08:00:00
    """,
    "servicenow.incident_event_log": """
        number,incident_state,sys_mod_count,caller_id,opened_by,opened_at,sys_updated_at,contact_type,category
        I1,New,0,+43-650-555-0101,sn-op,1/1/2024 09:00,1/1/2024 10:00,Phone,Mail
        I1,Closed,1,?,sn-op,1/1/2024 09:00,1/1/2024 11:00,Phone,Mail
        I2,New,0,sn-bert,ada.lovely@planted.example,1/1/2024 09:00,1/1/2024 10:00,Phone,Mail
    """,
    "zendesk.user": """
        id,role,email,phone,shared_phone_number
        90001,end-user,Ada.Lovely@planted.example,+43 1 999 00 11,true
        90002,end-user,bert@planted.example,,false
        90003,end-user,,+43 1 999 00 11,false
    """,
    "zendesk.ticket": """
        id,created_at,requester_id,submitter_id,assignee_id,status
        1,2024-01-01 09:00:00,90001,90001,70001,new
        2,2024-01-01 09:00:00,90002,90001,70001,new
        3,2024-01-01 09:00:00,90003,90003,70001,new
    """,
    "zendesk.ticket_field_history": """
        ticket_id,field_name,updated,value,user_id
        1,status,2024-01-01 10:00:00,open,70001
        2,requester_id,2024-01-01 10:00:00,90001,70001
        2,group_id,2024-01-01 10:00:00,90001,-1
    """,
    "bank_call_log.calls": """
        vru+line,call_id,customer_id,type,date,vru_entry,vru_exit,q_start,q_exit,outcome,ser_start,ser_exit,priority,vru_time,q_time,ser_time,server
        AA01,1,bank-ada,PS,990101,9:00:00,9:00:05,0:00:00,0:00:00,AGENT,9:00:05,9:01:00,0,5,0,55,MICHAL
        AA01,2,0,PS,990101,9:10:00,9:10:05,0:00:00,0:00:00,AGENT,9:10:05,9:11:00,0,5,0,55,MICHAL
    """,
}
# What of it is Ada's, by the rules that docs/access.md states: the rows that are erased.
ERASED = {
    # both versions of T1, T2 that Bert asked for her, T4 that nobody can use
    "canonical.tickets": 4, "canonical.ticket_events": 1, "canonical.ticket_messages": 1,
    # the contact with the leg that does not say who; the call about T1 of which nobody knows who called, not Bert's
    "canonical.calls": 3,
    # the telephone that she shares is a row of hers and no way to her
    "canonical.identities": 3, "canonical.surveys": 2, "canonical.qa_reviews": 1, "canonical.bot_sessions": 2,
    "canonical.business_claims": 1, "canonical.business_outcomes": 1,
    # her incident whole, also the change that forgot who called
    "servicenow.incident_event_log": 2,
    # known by the address that she is known by in the other system
    "zendesk.user": 1, "zendesk.ticket": 1, "zendesk.ticket_field_history": 1,
}  # fmt: skip


def write(folder, world):
    """The files of a world; returns them as `load` takes them."""
    pairs = []
    for name, text in world.items():
        lines = "\n".join(line.strip() for line in text.strip().splitlines())
        file = folder / f"{name}.csv"
        file.write_text(lines + "\n", encoding="utf-8")
        pairs.append(f"{name}={file}")
    return pairs


@pytest.fixture(scope="module")
def loaded(new_project, tmp_path_factory):
    """The world, loaded; and its files."""
    project = new_project("people")
    pairs = write(tmp_path_factory.mktemp("people_world"), WORLD)
    load(project, None, pairs)
    return project, pairs


@pytest.fixture
def project(loaded, tmp_path):
    """A copy that may be changed."""
    warehouse = tmp_path / "counterweight.duckdb"
    warehouse.write_bytes(loaded[0].warehouse.read_bytes())
    return Project(root=ROOT, warehouse=warehouse, published=tmp_path / "published")


def raw(project):
    """{system.table: its rows without what load added}."""
    found = {}
    for system, tables in SYSTEMS.items():
        for table in tables.values():
            with contextlib.suppress(duckdb.CatalogException):
                found[f"{system}.{table.name}"] = rows(
                    project, f'select {", ".join(f"{chr(34)}{c}{chr(34)}" for c in table.columns)} '
                    f'from raw."{table.identifier}" order by _source_file, _row_number'
                )  # fmt: skip
    return {name: content for name, content in found.items() if content}


def erased(project):
    return dict(rows(project, "select source_system || '.' || raw_table, sum(row_count) from raw._erasures group by 1"))


def files(project):
    return sorted(path.name for path in project.warehouse.parent.iterdir())


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


SYSTEMS = declared_systems(Project.find(ROOT))
ADAS = [Person("customer", "canonical", "CU-ada")]


@pytest.mark.parametrize(
    "persons",
    [
        ADAS,
        pytest.param([Person("customer", None, "+43 (0)650 555-0101")], marks=pytest.mark.long),
        [Person("customer", "zendesk", "90001")],
    ],
    ids=["own id", "telephone", "another system's id"],
)
def test_every_row_of_a_person_goes_by_whatever_they_are_named(project, persons, capsys):
    before = raw(project)
    assert forget(project, persons) == sum(ERASED.values())
    after = raw(project)
    assert {name: len(before[name]) - len(after.get(name, [])) for name in before} == {
        name: ERASED.get(name, 0) for name in before
    }
    assert erased(project) == ERASED
    # in rows of others there is somebody, but nobody's name
    assert rows(
        project, "select actor_id, old_value, new_value from raw.canonical__ticket_events order by event_id"
    ) == [
        ("(erased)", "status", "open"),
        ("AG-gustav", "(erased)", "AG-gustav"),
        # no assignee's name: what stands in other fields is not looked at
        ("AG-other", "Mail", "CU-ada"),
    ]
    assert rows(project, "select requester_id, submitter_id from raw.zendesk__ticket order by id") == [
        ("90002", "(erased)"), ("90003", "90003")
    ]  # fmt: skip
    assert rows(project, "select value from raw.zendesk__ticket_field_history order by field_name") == [
        ("90001",), ("(erased)",)
    ]  # fmt: skip
    assert one(project, "select opened_by from raw.servicenow__incident_event_log") == ("(erased)",)
    # an agent of the same name is somebody else
    assert one(project, "select count(*) from raw.canonical__shifts") == (2,)
    said = capsys.readouterr().out
    assert "canonical.calls: 3 rows to erase" in said
    assert not [word for word in ADA if word.lower() in said.lower()]


def test_no_byte_of_them_is_left(project):
    """Not in freed blocks of the file either, not in a journal, not beside it."""
    with contextlib.closing(project.connect()) as connection:
        # what stays by the rules: an agent of that name, and what somebody else called their category
        connection.execute("delete from raw.canonical__shifts")
        connection.execute("delete from raw.canonical__ticket_events where event_id = '4'")
        connection.execute("delete from raw.zendesk__ticket_field_history where field_name = 'group_id'")
        key = people.Keys(ROOT).key("'CU-ada'", "'canonical'", "salt")
        connection.execute(f"create schema facts; create table facts.fct_claims as select {key} as k from private.salt")
    (key,) = one(project, "select k from facts.fct_claims")
    (project.warehouse.parent / ".load-killed").write_bytes(b"CU-ada")
    project.data_docs.mkdir()
    (project.data_docs / "index.html").write_bytes(b"CU-ada")
    words = (*ADA, "Lovely", key)
    assert [word for word in words if word.encode() not in bytes_of(project.warehouse.parent)] == []
    forget(project, ADAS)
    left = bytes_of(project.warehouse.parent)
    assert [word for word in words if word.encode() in left] == []
    assert all(word.encode() in left for word in ("CU-bert", "+43 1 7654321", "bank-ada")), "nothing could be found"
    assert files(project) == ["counterweight.duckdb", "counterweight.lock"]


def test_the_book_says_of_each_load_how_many_are_no_more(project):
    forget(project, ADAS)
    books = rows(
        project,
        "select l.source_system || '.' || l.raw_table, l.row_count, coalesce(sum(e.row_count), 0) from raw._loads as l "
        "left join raw._erasures as e on (l.source_system, l.raw_table, l.source_file, l.loaded_at) "
        "= (e.source_system, e.raw_table, e.source_file, e.loaded_at) group by all",
    )
    there = {name: len(content) for name, content in raw(project).items()}
    assert len(books) == len(WORLD)
    for name, delivered, gone in books:
        assert delivered == there.get(name, 0) + gone, name


def test_what_is_delivered_again_is_erased_as_it_lands(project, tmp_path, capsys):
    """The same file, the same rows in another file, new rows of hers, in any order of tables."""
    forget(project, ADAS)
    after, (total,) = raw(project), one(project, "select sum(row_count) from raw._erasures")
    load(project, None, write(tmp_path, WORLD))
    assert raw(project) == after
    new = {
        "canonical.ticket_events": "5,T9,2024-02-01 09:00:00,status,new,open,AG-gustav",
        "canonical.tickets": "T9,2024-02-01 09:00:00,CU-ada,,phone,Mail,new,,",
        "canonical.calls": "7,C7,2024-02-01 09:00:00,2024-02-01 09:01:00,inbound,,voice,AG-other,T9",
    }
    again = {}
    for name, text in WORLD.items():
        header, *lines = text.strip().splitlines()
        again[name] = "\n".join([header, *([new[name]] if name in new else []), *reversed(lines)])
    folder = tmp_path / "again"
    folder.mkdir()
    capsys.readouterr()
    # events and calls before the ticket that says whose they are
    pairs = sorted(write(folder, again), key=lambda pair: pair.startswith("canonical.tickets"))
    load(project, None, [pair for pair in pairs if "canonical" in pair])
    assert "of these erased as they landed" in capsys.readouterr().out
    for name, content in raw(project).items():
        assert set(content) == set(after[name]), name
    assert not {"T9", "C7"} & {value for content in raw(project).values() for row in content for value in row}
    (more,) = one(project, "select sum(row_count) from raw._erasures")
    assert more == total + sum(count for name, count in ERASED.items() if "canonical" in name) + 3
    assert b"T9" not in project.warehouse.read_bytes()


def test_an_agent_goes_and_their_tickets_stay(project):
    assert forget(project, [Person("agent", "canonical", AGENT)]) == 2
    assert erased(project) == {"canonical.agents": 1, "canonical.shifts": 1}
    assert AGENT.encode() not in bytes_of(project.warehouse.parent)
    assert rows(project, "select assignee_id, count(*) from raw.canonical__tickets group by 1 order by 1") == [
        ("(erased)", 4), ("AG-other", 1), (None, 1)
    ]  # fmt: skip
    assert one(project, "select kind, count(*) from private.forgotten group by 1") == ("agent", 1)


def test_who_is_forgotten_twice_is_no_error_and_who_is_unknown_is(project, capsys):
    before = raw(project)
    for person, expected in (
        (Person("customer", "canonical", "CU-nobody"), "no such customer in the raw tables of canonical"),
        (Person("customer", None, "+43 1 7654321"), "tells nobody apart"),
        (Person("customer", None, "0650 5550202"), "without its country's code"),
        (Person("customer", "bank_call_log", "0"), "no such customer"),
        (Person("agent", "canonical", "AG-nobody"), "no such agent"),
    ):
        with pytest.raises(InputError, match=expected) as caught:
            forget(project, [person])
        assert person.word not in str(caught.value)
        assert caught.value.exit_code == 2
    assert raw(project) == before
    forget(project, ADAS)
    content = project.warehouse.read_bytes()
    assert forget(project, ADAS) is None
    assert "forgotten before" in capsys.readouterr().out
    assert project.warehouse.read_bytes() == content


STEPS = ("before the rename", "after the rename")


@pytest.mark.parametrize("step", [STEPS[0], pytest.param(STEPS[1], marks=pytest.mark.long)])
def test_killed_at_any_step_nothing_happened_or_all(project, step):
    """Killed for good, by a process of its own; the next run does not mind what is left."""
    before = raw(project)
    # the program kills itself where it comes to this line
    program = f"""
import os, signal
from pathlib import Path
from counterweight.forget import Person, forget, rewrite
from counterweight.project import Project
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
step, replace = {STEPS.index(step)}, os.replace
rewrite.os.replace = die if step == 0 else lambda *names: (replace(*names), die())
project = Project(Path({str(ROOT)!r}), Path({str(project.warehouse)!r}), Path({str(project.published)!r}))
forget(project, [Person("customer", "canonical", "CU-ada")])
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment)
    assert outcome.returncode == -9, outcome.stderr
    gone = step == STEPS[1]
    assert (raw(project) == before) is not gone
    if not gone:
        assert forget(project, ADAS) == sum(ERASED.values())
    assert erased(project) == ERASED
    assert files(project) == ["counterweight.duckdb", "counterweight.lock"]


def test_no_room_for_a_second_copy_leaves_everything(project, monkeypatch):
    def full(*_):
        raise duckdb.IOException("No space left on device: 'CU-ada'")

    before = raw(project)
    monkeypatch.setattr(rewrite, "_copy", full)
    with pytest.raises(Exception, match="is there room for a second copy") as caught:
        forget(project, ADAS)
    assert "CU-ada" not in str(caught.value)
    assert raw(project) == before
    assert [path.name for path in project.warehouse.parent.glob(".forget*")] == []


def test_the_command_asks_first_and_takes_names_from_a_file(project, monkeypatch, tmp_path):
    monkeypatch.setenv(WAREHOUSE_VARIABLE, str(project.warehouse))
    monkeypatch.setenv(PUBLISHED_VARIABLE, str(project.published))

    def run(*arguments, given=""):
        return CliRunner().invoke(cli.main, ["--project-dir", str(ROOT), "forget", *arguments], input=given)

    before = raw(project)
    refused = run("--customer", "canonical:CU-ada", given="n\n")
    assert "in all 24 rows to erase" in refused.output
    assert "nothing was erased" in refused.output
    assert raw(project) == before
    assert run("--from", "-", given="nobody\n").exit_code == 2
    for arguments, expected in (
        ([], "Say who"),
        (["--customer", "CU-ada"], "needs SYSTEM:ID"),
        (["--customer", "canonicle:CU-ada"], "Did you mean 'canonical'"),
        (["--identity", "user=CU-ada"], "phone=NUMBER or email=ADDRESS"),
    ):
        outcome = run(*arguments)
        assert (outcome.exit_code, expected in outcome.output) == (2, True), outcome.output
        assert "CU-ada" not in outcome.output
    file = tmp_path / "requests.txt"
    file.write_text("customer=canonical:CU-ada\n\nemail=bert@planted.example\n")
    done = run("--from", str(file), "--yes")
    assert done.exit_code == 0, done.output
    assert {"90003"} == {requester for (requester,) in rows(project, "select requester_id from raw.zendesk__ticket")}


def test_identifiers_that_the_sources_declare_are_those_that_staging_hashes():
    """A column that staging makes a key of is one of a person, in the sources too; and the reverse."""
    contract = (ROOT / "macros" / "canonical_contract.sql").read_text(encoding="utf-8")
    tables = declared_systems(Project.find(ROOT))
    declared = {
        f"{name}.{column}"
        for name, table in tables["canonical"].items()
        for column, meta in table.meta.items()
        if meta.get("person")
    }
    staged, table = set(), None
    for line in contract.splitlines():
        if begun := re.fullmatch(r"        '(\w+)': \{", line):
            table = begun[1]
        staged |= {f"{table}.{column}" for column in re.findall(r"'(\w+)': '(?:person|actor|value)'", line)}
    assert declared == staged
    layout = (ROOT / "macros" / "zendesk_layout.sql").read_text(encoding="utf-8")
    hashed = set(re.findall(r"'(\w+)': \('\w+', '(?:person|user|value)'\)", layout))
    assert hashed == {
        column for table in tables["zendesk"].values() for column, meta in table.meta.items() if meta.get("person")
    }


def test_nothing_was_published_so_nothing_is_obsolete(project):
    forget(project, ADAS)
    assert obsolete(project) == []


# ---- with all that is built


@pytest.mark.long
def test_others_figures_are_those_of_a_world_without_the_person(new_project, tmp_path):
    """From the published build with a customer in it to the one without, beside a world from whose raw tables the rows
    were taken by hand: every value of every other row is the same, and the key is in no file."""
    simulate(tmp_path / "world", tickets=300, calls=500, months=3)
    project, other = new_project("with"), new_project("without")
    load(project, None, [f"canonical={tmp_path}/world/raw"])
    customer, (email, phone) = the_customer_with_most(project)
    shutil.copy(project.warehouse, other.warehouse)
    build(project, {})
    audit(project)
    before = publish(project, restricted=True, with_parquet=True)
    sql = people.Keys(ROOT).key("cast($1 as varchar)", "'canonical'", "salt")
    (key,) = one(project, f"select {sql} from private.salt", [customer])
    ((published_key,),) = rows(
        project,
        "select distinct customer_key from facts.fct_interactions where customer_key in "
        "(select customer_key from intermediate.int_identities where identifier_key = ?)",
        [key],
    )
    assert published_key == key
    assert secrets.of_values("before", before / "counterweight.duckdb", wanted={"key": key}).found
    with contextlib.closing(other.connect()) as connection:
        by_hand(connection, customer, email, phone)
    with pytest.raises(CounterweightError, match="not audited"):
        forget(project, [Person("customer", "canonical", customer)])
        publish(project)
    assert obsolete(project) == [before, *project.restricted.iterdir()]
    for made in (project, other):
        build(made, {})
    audit(project)
    after = publish(project, restricted=True, with_parquet=True)
    assert [path.name for path in project.published.iterdir() if path.is_dir() and not path.is_symlink()] == [
        after.name
    ]
    assert [path.stem for path in project.restricted.iterdir()] == [after.name]
    found = diff.compare(ROOT, other.warehouse, project.warehouse)
    assert {it.name for it in found.relations if it.differs} == {"facts.fct_row_fates", "marts.data_health"}
    gone = dict(
        rows(project, "select raw_table, sum(row_count) from facts.fct_row_fates where fate = 'erased' group by 1")
    )
    assert min(gone.get(table, 0) for table in ("tickets", "ticket_events", "calls", "identities")) > 0
    for word in (key, customer, email, phone):
        assert word.encode() not in project.warehouse.read_bytes()
        for path in project.published.rglob("*"):
            assert not path.is_file() or word.encode() not in path.read_bytes(), path
        assert not secrets.of_values("after", after / "counterweight.duckdb", wanted={"word": word}).found


def the_customer_with_most(project):
    """(id, (address, telephone)) of the customer with tickets and calls who has most of both."""
    customer, *known = one(
        project,
        """
        with who as (
            select customer_id, any_value(value) filter (kind = 'email') as email,
                any_value(value) filter (kind = 'phone') as phone
            from raw.canonical__identities
            where value in (
                select value from raw.canonical__identities group by 1 having count(distinct customer_id) = 1
            )
            group by 1
        )
        select customer_id, email, phone
        from who
        inner join (select requester_id as email, count(*) as tickets from raw.canonical__tickets group by 1)
            using (email)
        inner join (select customer_id as phone, count(*) as calls from raw.canonical__calls group by 1) using (phone)
        order by least(tickets, calls) desc, customer_id
        limit 1
        """,
    )
    return customer, known


def by_hand(connection, customer, email, phone):
    """Take out what is theirs, as the page says it, in words of this world alone."""
    connection.execute("create temp table theirs as select unnest(?) as name", [[customer, email, phone]])
    connection.execute(
        """
        create temp table tickets as select distinct ticket_id as id from raw.canonical__tickets
        where requester_id in (from theirs) or requested_for_id in (from theirs);
        create temp table contacts as select contact_id as id from raw.canonical__calls group by 1
        having bool_or(coalesce(customer_id in (from theirs), false))
            or (count(customer_id) = 0 and bool_or(coalesce(ticket_id in (from tickets), false)));
        delete from raw.canonical__tickets where ticket_id in (from tickets);
        delete from raw.canonical__ticket_events where ticket_id in (from tickets);
        delete from raw.canonical__ticket_messages where ticket_id in (from tickets);
        delete from raw.canonical__calls where contact_id in (from contacts);
        delete from raw.canonical__surveys where ticket_id in (from tickets) or contact_id in (from contacts);
        delete from raw.canonical__qa_reviews where ticket_id in (from tickets) or contact_id in (from contacts);
        delete from raw.canonical__identities where customer_id in (from theirs);
        delete from raw.canonical__bot_sessions where customer_id in (from theirs)
            or (customer_id is null and handed_off_to in (from contacts));
        update raw.canonical__ticket_events set actor_id = '(erased)' where actor_id in (from theirs);
        """
    )
