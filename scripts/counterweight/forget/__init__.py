"""`forget`: a person goes out of the build file, from raw to marts, and does not come back with the next delivery.

What stays is a count: how many rows of which file were erased (raw._erasures, the fate `erased`), and keyed hashes by
which the person's rows are known again when they are delivered once more (private.forgotten).
"""

import contextlib
import dataclasses
import re
import shutil

import click
import duckdb

from counterweight import retention
from counterweight.errors import InputError, near_matches
from counterweight.forget import people, rewrite
from counterweight.forget.books import BOOKS, FORGOTTEN_BUILDS, NAME, mark_stale
from counterweight.load.content import COPY_PREFIX
from counterweight.load.declared import declared_systems
from counterweight.published import literal, quoted


@dataclasses.dataclass(frozen=True)
class Person:
    """Who is meant: an identifier as a source system writes it, or one that means the same everywhere (system None).
    `part`: customer or agent."""

    part: str
    system: str | None
    word: str


def parse(project, customers, identities, agents):
    """The Persons that the options mean."""
    systems = declared_systems(project)
    persons = []
    for part, texts in (("customer", customers), ("agent", agents)):
        for text in texts:
            system, separator, word = text.partition(":")
            if not separator or not word.strip():
                raise InputError(
                    f"--{part} needs SYSTEM:ID, for example {min(systems)}:4711. What was given is not shown here. "
                    "Nothing was erased."
                )
            if system not in systems:
                raise InputError(
                    f"--{part}: no source system of that name.{near_matches(system, systems)} "
                    f"Known: {', '.join(sorted(systems))}. Nothing was erased."
                )
            persons.append(Person(part, system, word))
    for text in identities:
        kind, separator, word = text.partition("=")
        if kind not in ("phone", "email") or not separator or not word.strip():
            raise InputError(
                "--identity needs phone=NUMBER or email=ADDRESS. Any other identifier means something in its own "
                "system only: --customer SYSTEM:ID. Nothing was erased."
            )
        persons.append(Person("customer", None, word))
    if not persons:
        raise InputError("Say who: --customer SYSTEM:ID, --identity phone=NUMBER, or --agent SYSTEM:ID.")
    return persons


def forget(project, persons, agreed=None):
    """Erase the persons. `agreed` is asked before anything is changed, and says whether to go on; None: go on. Returns
    the number of rows that were erased; None where nothing was."""
    project.check_target()
    with project.lock():
        _check(project)
        rewrite.clear(project)
        with rewrite.reading(project, NAME) as connection:
            tables = _tables(connection, project)
            _people_and_things(connection, project, persons, tables)
            counts = _counts(connection, tables)
            erased = sum(count for count, _ in counts.values())
            changed = sum(count for _, count in counts.values())
            if not erased and not changed:
                click.echo("forget nothing is left of them: they were forgotten before")
                return None
            _show(connection, counts, erased, changed)
            if agreed and not agreed():
                click.echo("forget nothing was erased")
                return None
            rewrite.write(project, connection, NAME, tables, lambda: _keep_books(connection, project, tables))
        _clear_traces(project)
    click.echo(f"forget erased {erased:,} rows; facts.fct_row_fates will count them as 'erased'")
    _say_what_is_left(project)
    return erased


def _check(project):
    """The build file is there, and nothing of it waits in a journal beside it."""
    if not project.warehouse.exists():
        raise InputError(f"There is no warehouse at {project.warehouse}: nothing was loaded, so nobody is in it.")
    with contextlib.closing(project.connect()) as connection:
        there = connection.execute(
            "select count(*) from information_schema.tables where (table_schema, table_name) "
            "in (('raw', '_loads'), ('private', 'salt'))"
        ).fetchone()[0]
        if there < 2:
            raise InputError("Nothing was loaded yet, so nobody is in the warehouse. Nothing was erased.")
        connection.execute("force checkpoint")


def _tables(connection, project):
    """The Rows of every raw table that is there and has people in it."""
    keys = people.Keys(project.root)
    columns = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where database_name = ? and schema_name = 'raw'", [NAME]
    ).fetchall():
        columns.setdefault(table, set()).add(column)
    found = [
        people.Rows(keys, table, f"{NAME}.raw.{quoted(table.identifier)}", columns[table.identifier])
        for tables in declared_systems(project).values()
        for table in tables.values()
        if table.identifier in columns
    ]
    return [rows for rows in found if rows.is_of_people]


def _people_and_things(connection, project, persons, tables):
    """Fill gone_people with every word that means one of the persons, and gone_things with what is theirs."""
    keys = people.Keys(project.root)
    connection.execute(
        """
        create temp table gone_people (part varchar, source_system varchar, word varchar);
        create temp table gone_things (source_system varchar, entity varchar, id varchar);
        """
    )
    salt = f"(select salt from {NAME}.private.salt)"
    words = " union ".join(rows.words() for rows in tables if rows.words())
    connection.execute(
        f"create temp table known as select source_system, word, {keys.key('word', 'source_system', salt)} as key "
        f"from ({words}) where word is not null"
    )
    owners = " union ".join(query for rows in tables if (query := rows.owners()))
    # as int_identities has it: an identifier that one system lists for several customers means none of them
    connection.execute(
        f"""
        create temp table owners as
        with listed as (
            select source_system, owner, coalesce(identifier, owner) as identifier from ({owners})
            where owner is not null
            union
            select source_system, owner, owner from ({owners}) where owner is not null
        )
        select distinct
            listed.source_system,
            {keys.key("listed.owner", "listed.source_system", salt)} as owner,
            {keys.key("listed.identifier", "listed.source_system", salt)} as identifier
        from listed;
        create temp table shared as
        select identifier from owners group by identifier having count(*) > count(distinct source_system);
        """
        if owners
        else """
        create temp table owners (source_system varchar, owner varchar, identifier varchar);
        create temp table shared (identifier varchar);
        """
    )
    gone = {"customer": set(), "agent": set()}
    for person in persons:
        gone[person.part] |= _keys_of(connection, keys, person, salt)
    for part, found in gone.items():
        connection.execute(
            "insert into gone_people select distinct ?, source_system, word from known where list_contains(?, key)",
            [part, sorted(found)],
        )
    people.spread(connection, tables)


def _keys_of(connection, keys, person, salt):
    """The keys of every identifier of a person. InputError where nobody is found, or several are."""
    key, spelled = connection.execute(
        f"select {keys.key('word', 'system', salt)}, {keys.spelled('word')} "
        f"from (select {keys.trimmed('cast(? as varchar)')} as word, cast(? as varchar) as system)",
        [person.word, person.system or ""],
    ).fetchone()
    if person.system is None and not (spelled.startswith("+") or "@" in spelled):
        raise InputError(
            "A telephone number without its country's code (+43 or 0043) may be anybody's. Write it with the code, or "
            "name the customer: --customer SYSTEM:ID. Nothing was erased."
        )
    is_known = connection.execute("select count(*) from known where key = ?", [key]).fetchone()[0]
    was_forgotten = _was_forgotten(connection, keys, person.part, key, salt)
    if not is_known and not was_forgotten:
        where = f"in the raw tables of {person.system}" if person.system else "in any raw table"
        raise InputError(
            f"There is no such {person.part} {where}: look at the spelling. It is not shown here, so that no log keeps "
            "it. Nothing was erased."
        )
    if person.part == "agent":
        return {key}
    is_shared = connection.execute("select count(*) from shared where identifier = ?", [key]).fetchone()[0]
    if is_shared and person.system is None:
        raise InputError(
            "Several customers of one system are known by this identity, so it tells nobody apart. Name each who is to "
            "be forgotten: --customer SYSTEM:ID. Nothing was erased."
        )
    found = {key}
    while True:
        # to the owners of what is theirs alone, and to what these own
        more = connection.execute(
            """
            select owner from owners where list_contains(?, identifier) and identifier not in (from shared)
            union
            select identifier from owners where list_contains(?, owner) and identifier not in (from shared)
            """,
            [sorted(found)] * 2,
        ).fetchall()
        if {key for (key,) in more} <= found:
            return found
        found |= {key for (key,) in more}


def _was_forgotten(connection, keys, part, key, salt):
    if not _has(connection, "private", "forgotten"):
        return False
    hidden = keys.hidden(["cast(? as varchar)"], salt)
    return bool(
        connection.execute(
            f"select count(*) from {NAME}.private.forgotten where kind = ? and hash = {hidden}", [part, key]
        ).fetchone()[0]
    )


def _has(connection, schema, table):
    return bool(
        connection.execute(
            "select count(*) from duckdb_tables() where (database_name, schema_name, table_name) = (?, ?, ?)",
            [NAME, schema, table],
        ).fetchone()[0]
    )


def _counts(connection, tables):
    """Rows -> (rows that are theirs, rows of others that name them)."""
    return {
        rows: connection.execute(
            f"select count(*) filter (gone), count(*) filter (not gone and changed) "
            f"from (select ({rows.is_gone()}) as gone, ({rows.is_changed()}) as changed from {rows.relation})"
        ).fetchone()
        for rows in tables
    }


def _show(connection, counts, erased, changed):
    """What is about to happen, in counts: no name and no number of anybody."""
    (words,) = connection.execute("select count(distinct (source_system, word)) from gone_people").fetchone()
    things = dict(connection.execute("select entity, count(*) from gone_things group by all order by all").fetchall())
    of = ", ".join(f"{entity}s: {count:,}" for entity, count in things.items())
    click.echo(f"forget spellings by which they are known: {words:,}{f'; {of}' if of else ''}")
    for rows, (count, _) in counts.items():
        if count:
            click.echo(f"forget {rows.table.system}.{rows.table.name}: {count:,} rows to erase")
    for rows, (_, count) in counts.items():
        if count:
            click.echo(
                f"forget {rows.table.system}.{rows.table.name}: {count:,} rows of others name them; "
                f"there it will say {people.ERASED}"
            )
    click.echo(
        f"forget in all {erased:,} rows to erase and {changed:,} to change. They cannot be brought back, and later "
        "deliveries of them are erased as they land."
    )


def _keep_books(connection, project, tables):
    """What of it is written down, in the new file: counts and keyed hashes."""
    keys = people.Keys(project.root)
    salt = f"(select salt from {NAME}.private.salt)"
    connection.execute(BOOKS)
    for rows in tables:
        connection.execute(
            f"""
            insert into raw._erasures
            select
                {rows.system}, {literal(rows.table.name)}, _source_file, _loaded_at, count(*),
                cast(now() at time zone 'UTC' as timestamp)
            from {rows.relation} where {rows.is_gone()} group by _source_file, _loaded_at
            """
        )
    connection.execute(
        f"""
        insert into private.forgotten
        select distinct part, {keys.hidden(["key"], salt)}
        from gone_people inner join known using (source_system, word)
        union
        select distinct entity, {keys.hidden(["source_system", "entity", "id"], salt)} from gone_things
        except
        from private.forgotten;
        """
    )
    mark_stale(connection)


def _clear_traces(project):
    """What a build leaves beside the build file, and a killed load: the next one makes them anew."""
    shutil.rmtree(project.data_docs, ignore_errors=True)
    for name in ("run", "compiled"):
        shutil.rmtree(project.dbt_target / name, ignore_errors=True)
    (project.dbt_target / "run_results.json").unlink(missing_ok=True)
    for log in (project.root / "logs").glob("dbt.log*"):
        # emptied and not removed: a dbt of this process may have it open
        with contextlib.suppress(OSError):
            log.write_bytes(b"")
    for copy in project.warehouse.parent.glob(f"{COPY_PREFIX}*"):
        copy.unlink(missing_ok=True)


def _say_what_is_left(project):
    for system in declared_systems(project):
        schema = project.variables.get(f"{system}_schema")
        if schema not in (None, "raw"):
            click.echo(
                f"forget {system} is read where its connector keeps it (schema {schema}): erase them there as well"
            )
    count = len(obsolete(project))
    click.echo(
        "forget left to do: 'counterweight build', 'audit' and 'publish', which then removes what was published before "
        + (f"and has their key: {count} so far" if count else "and has their key")
        + "; clients' files and a copy in PostgreSQL are replaced when these are published again"
    )
    click.echo("forget not reached: your exports and backups, free text in rows of others, copies that readers made")


# ---- what was published before


def obsolete(project):
    """Paths of what was published and has the key of somebody who was forgotten since: folders of builds, the clients'
    among them, and restricted files."""
    with contextlib.closing(project.connect(read_only=True)) as connection:
        try:
            builds = {build for (build,) in connection.execute(f"select build_id from {FORGOTTEN_BUILDS}").fetchall()}
        except duckdb.CatalogException:
            return []
    places = [project.published, *sorted((project.published / "accounts").glob("*"))]
    folders = [path for place in places for path in sorted(place.glob("*")) if path.is_dir() and not path.is_symlink()]
    files = sorted(project.restricted.glob("*.duckdb"))
    return [path for path in (*folders, *files) if _build_of(path) in builds]


def remove_obsolete(project):
    """Remove what `obsolete` names. What readers are still led to stays until it is published again, and is said."""
    removed, served = 0, []
    for path in obsolete(project):
        link = path.parent / "current"
        if path.is_dir() and link.is_symlink() and link.resolve() == path.resolve():
            served.append(path.parent)
            continue
        retention.discard(path)
        removed += 1
    if removed:
        click.echo(f"publish removed {removed} older builds, which had the key of somebody who was forgotten")
    if served:
        click.echo(
            f"publish: {len(served)} clients' files still have the key of somebody who was forgotten. "
            "Publish them again: counterweight publish --all-accounts"
        )


def _build_of(path):
    found = re.match(r"\d{6,}-[0-9a-f]{8}(?=$|[-.])", path.name)
    return found and found[0]
