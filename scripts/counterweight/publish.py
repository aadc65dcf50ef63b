"""`publish`: write the audited build into a folder of its own, then swap one link. Readers see old or new, whole."""

import collections
import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shutil

import click
import duckdb

from counterweight import forget, history, parquet, restatement, retention
from counterweight.build import last_build
from counterweight.disk import flush
from counterweight.errors import CounterweightError, InputError, near_matches
from counterweight.project import pretty_path
from counterweight.published import literal, quoted
from counterweight.words import plain

# What readers get. Nothing raw, nothing private: the file is written afresh, never copied and cleaned.
PUBLISHED_SCHEMAS = ("dimensions", "facts", "marts")
# The one seed that readers need: what each pair means.
CATALOGUE = "reference.kpi_pairs"
AUDIT_TABLES = {
    "builds": "One row, this build: its id, its commit, and fingerprints of the code, the files and the variables "
    "behind it.",
    "build_inputs": "One row per file that this build is made from, in the order of loading, with the SHA-256 of its "
    "content.",
    "expectation_results": "One row per expectation: the question it asks, whether it held, and how many rows did not. "
    "kind is defect (our own tables; a published build has none) or finding (the source or the service).",
    "test_results": "One row per dbt data test of this build.",
}
HISTORY = "build_history"
HISTORY_COMMENT = (
    "One row per build so far, this one included: from what it was made, what its audit said, and whether readers got "
    "it. is_published is false for builds that failed, were stopped, or never handed over."
)
FILE_NAME = "counterweight.duckdb"
TARGET = '"published file"'
# Keys of people of the desk and of the business. A column of such a name is restricted, or nothing is published: who
# adds one may forget to mark it.
KEY_OF_STAFF = re.compile(r"(agent|assignee|author|actor|owner|reviewer|employee|staff|subject)\w*_key", re.IGNORECASE)


def publish(project, restricted=False, with_parquet=False, database=None, kept=()):
    """Publish the last build, which must have passed its audit. Returns its folder.

    Tables and columns that are marked as restricted stay out. With `restricted` they are written as well, into a file
    of their own in project.restricted, that only its owner may read. `with_parquet` adds a Parquet file a table. Into
    `database`, a postgres.Database, the same tables are copied: shown there when the folder is, or neither. `kept`:
    of past builds, how many of the newest stay, and of how many months the last one; retention.py has the defaults.
    """
    with project.lock(), project.lock_published():
        build_id = _audited_build(project)
        _clear_leftovers(project)
        folder = _new_folder(project, build_id)
        draft = project.published / f".draft-{build_id}"
        draft.mkdir(parents=True)
        relations = _relations(project, build_id)
        _write_books(project, build_id)
        if restricted:
            _write_restricted(project, relations, folder.name)
        tables = _write(project, draft / FILE_NAME, build_id, relations)
        if project.data_docs.exists():
            shutil.copytree(project.data_docs, draft / "data_docs")
        if with_parquet:
            parquet.write(draft / FILE_NAME, build_id)
        _write_manifest(draft, build_id, tables, project)
        _flush_tree(draft)
        with database.replaced(draft / FILE_NAME) if database else contextlib.nullcontext():
            os.replace(draft, folder)
            flush(project.published)
            _swap(project, folder.name)
        retention.prune(project, *kept)
    click.echo(f"publish {build_id}: {pretty_path(folder)}")
    return folder


def _write_books(project, build_id):
    """The history of builds, and which published figures this one changes."""
    with contextlib.closing(project.connect()) as connection:
        connection.execute("set TimeZone = 'UTC'")
        history.widen(connection)
        has_published = history.attach_published(connection, project)
        history.write_history(connection, build_id, has_published)
        values = json.loads(
            connection.execute("select vars from audit.builds where build_id = ?", [build_id]).fetchone()[0]
        )
        zone = values.get("reporting_time_zone", project.variables["reporting_time_zone"])
        count = restatement.write_changes(connection, build_id, has_published, zone)
    if count:
        click.echo(f"publish {count:,} figures that were published change: marts.published_changes says why")


def _audited_build(project):
    build_id, status, _ = last_build(project)
    if status != "audited":
        raise CounterweightError(
            f"Build {build_id} is not audited (status: {status}), so readers keep what they have. "
            "Run 'counterweight build' and 'counterweight audit' first."
        )
    return build_id


def _new_folder(project, build_id):
    """The folder of this publish. What lies there under the id is never taken for this build's content: the build may
    have been audited again, or another warehouse published before."""
    names = [build_id, *(f"{build_id}-{n}" for n in range(2, 1000))]
    return next(project.published / name for name in names if not (project.published / name).exists())


def _clear_leftovers(project):
    """What an interrupted publish left behind; nothing points to it."""
    project.published.mkdir(parents=True, exist_ok=True)
    if project.current.exists() and not project.current.is_symlink():
        raise InputError(f"{project.current} is not a link that publish made. Move it away and publish again.")
    for leftover in project.published.glob(".draft-*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def _relations(project, build_id):
    """(schema, table) -> its restricted columns, or None where all of it is restricted."""
    with contextlib.closing(project.connect(read_only=True)) as connection:
        noted = connection.execute("select * from audit.relations limit 0").description
        if "is_restricted" not in [column[0] for column in noted]:
            raise CounterweightError(
                f"Build {build_id} did not write down what is restricted. Run 'counterweight build' again."
            )
        made = connection.execute(
            """
            select
                schema_name,
                relation_name,
                bool_or(is_restricted),
                coalesce(max(restricted_columns), [])
            from audit.relations
            where
                build_id = $build_id
                and (list_contains($schemas, schema_name) or schema_name || '.' || relation_name = $catalogue)
            group by schema_name, relation_name
            order by schema_name, relation_name
            """,
            {"build_id": build_id, "schemas": list(PUBLISHED_SCHEMAS), "catalogue": CATALOGUE},
        ).fetchall()
        columns = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
        ).fetchall()
    unknown = [f"{schema}.{table}" for schema, table, is_restricted, _ in made if is_restricted is None]
    if unknown:
        raise CounterweightError(
            f"Build {build_id} did not write down what is restricted of {unknown[0]}. Run 'counterweight build' again."
        )
    relations = {(schema, table): None if is_all else hidden for schema, table, is_all, hidden in made}
    for schema, table, column in columns:
        hidden = relations.get((schema, table))
        if hidden is not None and column not in hidden and KEY_OF_STAFF.search(column):
            raise CounterweightError(
                f"{schema}.{table}.{column} looks like the key of an agent and is not marked as restricted. "
                "Nothing was published. Mark the column, or its table, with config: {meta: {restricted: true}}."
            )
    return relations


@contextlib.contextmanager
def _copying(project, file):
    """A connection that has the build file and a new file attached, and the build's name."""
    # the build keeps its own name: its views ask for their tables by it
    with contextlib.closing(project.connect(read_only=True)) as connection:
        name = connection.execute("select current_database()").fetchone()[0]
    with contextlib.closing(duckdb.connect(config={"temp_directory": str(project.scratch)})) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {literal(project.warehouse)} as {quoted(name)} (read_only)")
        connection.execute(f"attach {literal(file)} as {TARGET}")
        yield connection, name
        connection.execute(f"detach {TARGET}")


def _copy(connection, build, relations, rows_of=None):
    """Copy tables without the columns named for each; returns them with their row counts. `rows_of`, a function of
    schema and table, gives what else is done to the columns, the condition of the rows, and its parameters."""
    tables = []
    for (schema, table), left_out in relations.items():
        relation = f"{quoted(schema)}.{quoted(table)}"
        exclude = f"exclude ({', '.join(map(quoted, left_out))})" if left_out else ""
        replace, condition, parameters = rows_of(schema, table) if rows_of else ("", "true", {})
        connection.execute(f"create schema if not exists {TARGET}.{quoted(schema)}")
        row_count = connection.execute(
            f"create table {TARGET}.{relation} as "
            f"select * {exclude} {replace} from {quoted(build)}.{relation} where {condition} order by all",
            parameters,
        ).fetchone()[0]
        tables.append({"schema": schema, "table": table, "rows": row_count})
        if not rows_of:
            click.echo(f"publish {schema}.{table}: {row_count:,} rows")
    _copy_comments(connection, build, relations)
    return tables


def _write_restricted(project, relations, name):
    """The tables with anything restricted, whole, in a file that its owner alone may read. It has the name of the
    publish that it belongs to."""
    project.restricted.mkdir(parents=True, exist_ok=True)
    project.restricted.chmod(0o700)
    for leftover in project.restricted.glob(".draft-*"):
        leftover.unlink()
    draft = project.restricted / f".draft-{name}"
    with _copying(project, draft) as (connection, build):
        _copy(connection, build, {relation: [] for relation, hidden in relations.items() if hidden != []})
    draft.chmod(0o600)
    flush(draft)
    file = project.restricted / f"{name}.duckdb"
    os.replace(draft, file)
    flush(project.restricted)
    click.echo(f"publish restricted, with keys of agents: {pretty_path(file)}")


def _write(project, file, build_id, relations):
    """Fill the new file with what everybody may read; returns its tables with their row counts."""
    with _copying(project, file) as (connection, name):
        tables = _copy(connection, name, {key: hidden for key, hidden in relations.items() if hidden is not None})
        # findings are for readers too; they hold counts and questions, never values
        connection.execute(f"create schema {TARGET}.audit")
        for table, comment in AUDIT_TABLES.items():
            relation = f"{TARGET}.audit.{table}"
            connection.execute(
                f"create table {relation} as "
                f"select * from {quoted(name)}.audit.{table} where build_id = ? order by all",
                [build_id],
            )
            connection.execute(f"comment on table {relation} is {literal(comment)}")
        relation = f"{TARGET}.audit.{HISTORY}"
        connection.execute(
            f"create table {relation} as select * from {quoted(name)}.audit.{HISTORY} order by build_number, build_id"
        )
        connection.execute(f"comment on table {relation} is {literal(HISTORY_COMMENT)}")
    return tables


# Keys that a row may have of rows of others: what a claim was falsified by may be another client's ticket. Where such a
# row is the account's own, the key stays.
REFERENCES = {
    "ticket": "select ticket_key from {build}.facts.fct_interactions "
    "where kind = 'opening' and source_system = $system and account_id = $account",
    "contact": "select contact_key from {build}.facts.fct_interactions "
    "where kind = 'contact' and source_system = $system and account_id = $account",
    "interaction": "select interaction_id from {build}.facts.fct_interactions "
    "where source_system = $system and account_id = $account",
    "chain": "select chain_id from {build}.facts.fct_issue_chains "
    "where first_source_system = $system and account_id = $account",
}


def publish_accounts(project, names, everybody=False, with_parquet=False, kept=()):
    """Write a file of its own for each of the accounts, with what is theirs and nothing else. Returns their folders.

    All drafts are whole before the first is shown. Readers of the whole keep what they have.
    """
    with project.lock(), project.lock_published():
        build_id = _audited_build(project)
        relations = {key: hidden for key, hidden in _relations(project, build_id).items() if hidden is not None}
        rules = _rules_for_accounts(project, build_id)
        relations = {key: hidden for key, hidden in relations.items() if key in rules}
        folders = _folders_of_accounts(project, rules)
        chosen = list(folders) if everybody else _chosen_accounts(folders, names)
        drafts = project.published / "accounts" / f".draft-{build_id}"
        for leftover in drafts.parent.glob(".draft-*"):
            shutil.rmtree(leftover)
        places = {}
        for account in chosen:
            place = dataclasses.replace(project, published=project.published / "accounts" / folders[account])
            _clear_leftovers(place)
            draft = drafts / folders[account]
            draft.mkdir(parents=True)
            tables = _write_account(project, draft / FILE_NAME, relations, rules, account)
            if with_parquet:
                parquet.write(draft / FILE_NAME, build_id)
            _write_manifest(draft, build_id, tables, place)
            _flush_tree(draft)
            places[account] = (place, draft, _new_folder(place, build_id))
        for place, draft, folder in places.values():
            os.replace(draft, folder)
            flush(place.published)
        for place, _, folder in places.values():
            _swap(place, folder.name)
            retention.prune(place, *kept)
        drafts.rmdir()
        forget.remove_obsolete(project)
    for (_, name), (place, _, folder) in places.items():
        click.echo(f"publish account {plain(name)}: {pretty_path(place.current)} -> {folder.name}")
    return [folder for _, _, folder in places.values()]


def _rules_for_accounts(project, build_id):
    """(schema, table) -> its filter and its references, for the tables that accounts get."""
    with contextlib.closing(project.connect(read_only=True)) as connection:
        noted = connection.execute("select * from audit.relations limit 0").description
        if "for_accounts" not in [column[0] for column in noted]:
            raise CounterweightError(
                f"Build {build_id} did not write down what accounts get. Run 'counterweight build' again."
            )
        rules = connection.execute(
            "select schema_name, relation_name, for_accounts from audit.relations "
            "where build_id = ? and for_accounts is not null and list_contains(?, schema_name)",
            [build_id, list(PUBLISHED_SCHEMAS)],
        ).fetchall()
    # what a pair means is no client's secret
    catalogue = {tuple(CATALOGUE.split(".")): {"filter": None, "references": {}}}
    return {(schema, table): json.loads(rule) for schema, table, rule in rules} | catalogue


def _condition(rule):
    if rule["filter"] is None:
        return "true"
    if rule["filter"] == "unit":
        return "source_system = $system and unit_type = 'account' and unit = $account"
    return f"source_system = $system and {quoted(rule['filter'])} = $account"


def _folders_of_accounts(project, rules):
    """(source system, account) -> its folder. An account's name is whatever a tool allows: a plain one is the folder's
    name; any other, and one that is not alone, gets letters and figures and a few digits of its hash."""
    selects = []
    for (schema, table), rule in rules.items():
        column = rule["filter"]
        if column:
            relation = f"{quoted(schema)}.{quoted(table)}"
            condition = "unit_type = 'account'" if column == "unit" else "true"
            selects.append(f"select source_system, {quoted(column)} as account from {relation} where {condition}")
    if not selects:
        return {}
    with contextlib.closing(project.connect(read_only=True)) as connection:
        accounts = connection.execute(
            f"select distinct source_system, account from ({' union all '.join(selects)}) "
            "where source_system is not null and account is not null and account <> '(none)' order by all"
        ).fetchall()
    alike = collections.Counter(name.casefold() for _, name in accounts)
    folders = {}
    for system, name in accounts:
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", name) and alike[name.casefold()] == 1:
            folders[system, name] = name
        else:
            plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40] or "account"
            folders[system, name] = f"{plain}-{hashlib.sha256(f'{system}:{name}'.encode()).hexdigest()[:12]}"
    return folders


def _chosen_accounts(folders, names):
    """The accounts that are meant, each by its name or, where systems share it, by system:name."""
    chosen = []
    for name in names:
        found = [account for account in folders if name in (account[1], ":".join(account))]
        if not found:
            known = [account for _, account in folders]
            raise InputError(
                f"There is no account '{plain(name)}'.{plain(near_matches(name, known))} Nothing was published."
            )
        if len(found) > 1:
            raise InputError(
                f"'{plain(name)}' is an account of {' and of '.join(system for system, _ in found)}. "
                f"Say which: {' or '.join(plain(':'.join(account)) for account in found)}. Nothing was published."
            )
        chosen += [account for account in found if account not in chosen]
    return chosen


def _write_account(project, file, relations, rules, account):
    """Fill the new file with what is one account's."""
    with _copying(project, file) as (connection, build):

        def rows_of(schema, table):
            rule = rules[schema, table]
            parts = [
                f"case when {quoted(column)} in ({REFERENCES[kind].format(build=quoted(build))}) "
                f"then {quoted(column)} end as {quoted(column)}"
                for column, kind in rule["references"].items()
                if column not in relations[schema, table]
            ]
            replace = f"replace ({', '.join(parts)})" if parts else ""
            condition = _condition(rule)
            names = {"system": account[0], "account": account[1]}
            return replace, condition, names if "$" in replace + condition else {}

        return _copy(connection, build, relations, rows_of)


def _copy_comments(connection, build, relations):
    """Comments of the tables, and of the columns that were copied."""
    comments = connection.execute(
        """
        select schema_name, table_name, null as column_name, comment from duckdb_tables() where database_name = $build
        union all
        select schema_name, view_name, null, comment from duckdb_views() where database_name = $build
        union all
        select schema_name, table_name, column_name, comment from duckdb_columns() where database_name = $build
        """,
        {"build": build},
    ).fetchall()
    for schema, name, column, comment in comments:
        if comment is None or (schema, name) not in relations or column in relations[schema, name]:
            continue
        relation = f"{TARGET}.{quoted(schema)}.{quoted(name)}"
        thing = f"column {relation}.{quoted(column)}" if column else f"table {relation}"
        connection.execute(f"comment on {thing} is {literal(comment)}")


def _write_manifest(folder, build_id, tables, project):
    digest = hashlib.sha256((folder / FILE_NAME).read_bytes()).hexdigest()
    with contextlib.closing(project.connect(read_only=True)) as connection:
        as_of = connection.execute("select as_of from audit.builds where build_id = ?", [build_id]).fetchone()[0]
    manifest = {
        "build_id": build_id,
        "publish_number": retention.next_order(project),
        "as_of": str(as_of) if as_of else None,
        "file": FILE_NAME,
        "sha256": digest,
        "tables": tables,
    }
    exports = folder / parquet.FOLDER / parquet.MANIFEST
    if exports.exists():
        digest = hashlib.sha256(exports.read_bytes()).hexdigest()
        manifest["parquet"] = {"manifest": str(exports.relative_to(folder)), "sha256": digest}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _swap(project, build_id):
    """One rename: whoever opens `current` gets the old folder or the new one."""
    link = project.published / f".draft-link-{build_id}"
    link.symlink_to(build_id)
    os.replace(link, project.current)
    flush(project.published)


def _flush_tree(folder):
    for path in sorted(folder.rglob("*")):
        flush(path)
    flush(folder)


def open_published(project):
    """A read-only connection to what readers see. InputError where nothing was published."""
    file = project.current / FILE_NAME
    if not file.exists():
        raise InputError(f"Nothing is published in {project.published} yet. Start with 'counterweight run --help'.")
    return duckdb.connect(str(file), read_only=True)
