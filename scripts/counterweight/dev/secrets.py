"""Hunt planted names, telephone numbers, addresses and the salt wherever a reader, a log or a document could show them.

    python -m counterweight.dev.secrets

Makes a small world in which people are called what nobody is called, loads, builds, audits and publishes it (files,
Parquet, the restricted file, pages, the report), and looks for each of these words in what came out, packed or not. The
control: they are found in the build file's schema raw, or the hunt could not fail. Then the planted customer and the
planted agent are forgotten, and the build file is searched as well. Exit code 1 where a word is where it must not be,
or the control is not found.
"""

import contextlib
import dataclasses
import gzip
import io
import os
import sys
import tempfile
import zipfile
from pathlib import Path

import click
import duckdb

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


@dataclasses.dataclass
class Place:
    """Somewhere that was searched: how many files or values, and the kinds of words that were found."""

    name: str
    searched: int = 0
    found: set = dataclasses.field(default_factory=set)
    # where words are looked for that must be there
    is_control: bool = False

    @property
    def is_right(self):
        return bool(self.searched) and bool(self.found) == self.is_control


def write_world(folder):
    """The files of the world; returns them as `load` takes them."""
    for table, text in WORLD.items():
        lines = "\n".join(line.strip() for line in text.strip().splitlines())
        (folder / f"{table}.csv").write_text(lines + "\n", encoding="utf-8")
    return [f"{table}={folder / table}.csv" for table in WORLD]


def kinds_in(content, wanted=None):
    """The kinds of planted words, or of others (kind -> word), in some bytes."""
    content = content.lower()
    return {kind for kind, word in (wanted or PLANTED | {"salt": SALT}).items() if word.lower().encode() in content}


def found_in(path):
    """The kinds of planted words in a file, packed or not."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    return kinds_in(content)


def texts(connection, schemas=None):
    """(schema, table, the text of a row) of all rows of a file: packed columns hide words from a search of bytes."""
    for schema, name in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
        if schemas is None or schema in schemas:
            for row in connection.execute(f'select * from "{schema}"."{name}"').fetchall():
                yield schema, name, " ".join(map(str, row)).lower()


def of_files(name, *folders, is_control=False):
    """The Place of all files of the folders, as bytes."""
    place = Place(name, is_control=is_control)
    for folder in map(Path, folders):
        for path in [folder] if folder.is_file() else folder.rglob("*"):
            if path.is_file():
                place.searched += 1
                place.found |= found_in(path)
    return place


def of_values(name, *files, is_control=False, schemas=None, wanted=None):
    """The Place of all values of the tables of DuckDB files."""
    place = Place(name, is_control=is_control)
    for file in files:
        with contextlib.closing(duckdb.connect(str(file), read_only=True)) as connection:
            for _, _, text in texts(connection, schemas):
                place.searched += 1
                place.found |= kinds_in(text.encode(), wanted)
    return place


def of_parquet(name, folder):
    """The Place of all values of the Parquet files of a folder."""
    place = Place(name)
    with contextlib.closing(duckdb.connect()) as connection:
        for path in folder.rglob("*.parquet"):
            for row in connection.execute("from read_parquet(?)", [str(path)]).fetchall():
                place.searched += 1
                place.found |= kinds_in(" ".join(map(str, row)).encode())
    return place


def of_text(name, text):
    return Place(name, len(text.splitlines()), kinds_in(text.encode()))


def schemas_past_staging(project):
    """The schemas of the build file in which people must be keys by now."""
    with contextlib.closing(project.connect(read_only=True)) as connection:
        found = connection.execute(
            "select distinct schema_name from duckdb_tables() where schema_name not in ('raw', 'private')"
        ).fetchall()
    return [schema for (schema,) in found]


def places(project, logs):
    """All places of a project that was published, and the controls. `logs`: the folder of dbt's."""
    files = sorted(project.published.rglob("*.duckdb"))
    return [
        of_values("raw tables of the build file", project.warehouse, is_control=True, schemas=["raw"]),
        of_values("the salt's own table", project.warehouse, is_control=True, schemas=["private"]),
        of_files("published files, as bytes", project.published),
        of_values("published files, every value", *files),
        of_parquet("Parquet, every value", project.published),
        of_files("restricted file, as bytes", project.restricted),
        of_values("restricted file, every value", *sorted(project.restricted.glob("*.duckdb"))),
        of_values("build file past staging, every value", project.warehouse, schemas=schemas_past_staging(project)),
        of_files("pages of the audit", project.data_docs),
        of_files("what dbt wrote (target)", project.dbt_target),
        of_files("logs of dbt", logs),
        of_files("documents", project.root / "docs"),
    ]


def hunt(folder):
    """Everything, from the load to the forgetting, in a folder; returns the Places."""
    from counterweight import summary
    from counterweight.audit import audit
    from counterweight.build import build, run_dbt
    from counterweight.forget import Person, forget
    from counterweight.load import load
    from counterweight.project import Project
    from counterweight.publish import publish
    from counterweight.report import report

    project = Project(
        root=Project.find().root, warehouse=folder / "build" / "counterweight.duckdb", published=folder / "published"
    )
    world = folder / "world"
    world.mkdir()
    said = io.StringIO()
    before = os.environ.get("COUNTERWEIGHT_SALT")
    os.environ["COUNTERWEIGHT_SALT"] = SALT
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            load(project, "canonical", write_world(world))
            build(project, {})
            audit(project)
            publish(project, restricted=True, with_parquet=True)
            report(project)
            summary.show(project)
            run_dbt(project, ["docs", "generate", "--static"], {})
            _plain_dbt(project, folder / "logs")
            found = places(project, folder / "logs")
            persons = [
                Person("customer", "canonical", PLANTED["name"]),
                Person("agent", "canonical", PLANTED["user"]),
            ]
            forget(project, persons)
            load(project, "canonical", write_world(world))
    finally:
        os.environ.pop("COUNTERWEIGHT_SALT")
        if before is not None:
            os.environ["COUNTERWEIGHT_SALT"] = before
    forgotten = of_files("build file after `forget`, as bytes", project.warehouse)
    # the salt stays with the warehouse
    forgotten.found -= {"salt"}
    return [*found, of_text("the screen", said.getvalue()), forgotten]


def _plain_dbt(project, logs):
    """Our commands let dbt write no log. Whoever runs dbt itself has one, with every statement in it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    arguments = ["build", "--select", "path:models/staging", "+int_identities", "--log-level", "none"]
    folders = ["--project-dir", str(project.root), "--profiles-dir", str(project.root), "--log-path", str(logs)]
    try:
        outcome = dbtRunner().invoke([*arguments, "--log-level-file", "debug", "--no-version-check", *folders])
    finally:
        DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        raise click.ClickException(f"dbt could not build what its log is wanted of: {outcome.exception}")


@click.command(help=__doc__.replace("\n    python", "\n\b\n    python"))
def main():
    with tempfile.TemporaryDirectory() as folder:
        found = hunt(Path(folder).resolve())
    click.echo(f"planted: {', '.join([*PLANTED, 'salt'])}\n")
    click.echo(f"{'place':<40}{'searched':>9}  found")
    for place in found:
        words = ", ".join(sorted(place.found)) or "0"
        wrong = "  <- must be found" if place.is_control else "  <- MUST NOT BE THERE"
        wrong = "" if place.is_right else wrong if place.searched else "  <- nothing was searched"
        click.echo(f"{place.name:<40}{place.searched:>9,}  {words}{'  (control)' if place.is_control else ''}{wrong}")
    controls = [place for place in found if place.is_control]
    hits = sum(len(place.found) for place in found if not place.is_control)
    click.echo(
        f"\n{hits} planted words where none may be, in {len(found) - len(controls)} places; "
        f"control {'found' if all(place.is_right for place in controls) else 'NOT found'}"
    )
    sys.exit(not all(place.is_right for place in found))


if __name__ == "__main__":
    main()
