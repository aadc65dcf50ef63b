"""`publish`: write the audited build into a folder of its own, then swap one link. Readers see old or new, whole."""

import contextlib
import hashlib
import json
import os
import shutil

import click
import duckdb

from counterweight.build import last_build
from counterweight.errors import CounterweightError, InputError
from counterweight.project import pretty_path

# What readers get. Nothing raw, nothing private: the file is written afresh, never copied and cleaned.
PUBLISHED_SCHEMAS = ("dimensions", "facts", "marts")
# The one seed that readers need: what each pair means.
CATALOGUE = "reference.kpi_pairs"
AUDIT_TABLES = {
    "builds": "One row, this build: its id, and fingerprints of the code, the files and the variables behind it.",
    "expectation_results": "One row per expectation: the question it asks, whether it held, and how many rows did not. "
    "kind is defect (our own tables; a published build has none) or finding (the source or the service).",
    "test_results": "One row per dbt data test of this build.",
}
FILE_NAME = "counterweight.duckdb"
TARGET = '"published file"'


def publish(project):
    """Publish the last build, which must have passed its audit. Returns its folder."""
    with project.lock():
        build_id, status, _ = last_build(project)
        if status != "audited":
            raise CounterweightError(
                f"Build {build_id} is not audited (status: {status}), so readers keep what they have. "
                "Run 'counterweight build' and 'counterweight audit' first."
            )
        _clear_leftovers(project)
        folder = _new_folder(project, build_id)
        draft = project.published / f".draft-{build_id}"
        draft.mkdir(parents=True)
        tables = _write(project, draft / FILE_NAME, build_id)
        if project.data_docs.exists():
            shutil.copytree(project.data_docs, draft / "data_docs")
        _write_manifest(draft, build_id, tables)
        _flush_tree(draft)
        os.replace(draft, folder)
        _flush(project.published)
        _swap(project, folder.name)
    click.echo(f"publish {build_id}: {pretty_path(folder)}")
    return folder


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


def _write(project, file, build_id):
    """Fill the new file; returns its tables with their row counts."""
    # the build keeps its own name: its views ask for their tables by it
    with contextlib.closing(project.connect(read_only=True)) as connection:
        name = connection.execute("select current_database()").fetchone()[0]
    build = _quoted(name)
    tables = []
    with contextlib.closing(duckdb.connect()) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {_literal(project.warehouse)} as {build} (read_only)")
        connection.execute(f"attach {_literal(file)} as {TARGET}")
        relations = connection.execute(
            f"""
            select distinct
                schema_name,
                relation_name
            from {build}.audit.relations
            where
                build_id = $build_id
                and (list_contains($schemas, schema_name) or schema_name || '.' || relation_name = $catalogue)
            order by schema_name, relation_name
            """,
            {"build_id": build_id, "schemas": list(PUBLISHED_SCHEMAS), "catalogue": CATALOGUE},
        ).fetchall()
        for schema, table in relations:
            relation = f"{_quoted(schema)}.{_quoted(table)}"
            connection.execute(f"create schema if not exists {TARGET}.{_quoted(schema)}")
            row_count = connection.execute(
                f"create table {TARGET}.{relation} as select * from {build}.{relation} order by all"
            ).fetchone()[0]
            tables.append({"schema": schema, "table": table, "rows": row_count})
            click.echo(f"publish {schema}.{table}: {row_count:,} rows")
        _copy_comments(connection, name, relations)
        # findings are for readers too; they hold counts and questions, never values
        connection.execute(f"create schema {TARGET}.audit")
        for table, comment in AUDIT_TABLES.items():
            relation = f"{TARGET}.audit.{table}"
            connection.execute(
                f"create table {relation} as select * from {build}.audit.{table} where build_id = ? order by all",
                [build_id],
            )
            connection.execute(f"comment on table {relation} is {_literal(comment)}")
        connection.execute(f"detach {TARGET}")
    return tables


def _copy_comments(connection, build, relations):
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
        if comment is None or (schema, name) not in relations:
            continue
        relation = f"{TARGET}.{_quoted(schema)}.{_quoted(name)}"
        thing = f"column {relation}.{_quoted(column)}" if column else f"table {relation}"
        connection.execute(f"comment on {thing} is {_literal(comment)}")


def _quoted(name):
    return '"' + str(name).replace('"', '""') + '"'


def _literal(text):
    return "'" + str(text).replace("'", "''") + "'"


def _write_manifest(folder, build_id, tables):
    digest = hashlib.sha256((folder / FILE_NAME).read_bytes()).hexdigest()
    manifest = {"build_id": build_id, "file": FILE_NAME, "sha256": digest, "tables": tables}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _swap(project, build_id):
    """One rename: whoever opens `current` gets the old folder or the new one."""
    link = project.published / f".draft-link-{build_id}"
    link.symlink_to(build_id)
    os.replace(link, project.current)
    _flush(project.published)


def _flush_tree(folder):
    for path in sorted(folder.rglob("*")):
        _flush(path)
    _flush(folder)


def _flush(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_published(project):
    """A read-only connection to what readers see. InputError where nothing was published."""
    file = project.current / FILE_NAME
    if not file.exists():
        raise InputError(f"Nothing is published in {project.published} yet. Start with 'counterweight run --help'.")
    return duckdb.connect(str(file), read_only=True)
