"""`publish --parquet`: the tables of a published file once more, a Parquet file each, with a manifest."""

import contextlib
import hashlib
import json

import click
import duckdb

from counterweight.published import literal, tables_of

FOLDER = "parquet"
MANIFEST = "manifest.json"
# Rows in a group, each with its smallest and greatest values: who filters on a period or a unit reads few of them.
GROUP = 122_880


def write(file, build_id):
    """Write `parquet/<schema>/<table>.parquet` and the manifest beside the published file `file`.

    They are made from that file, so that they cannot hold more than it. Same rows, same bytes: the file's order, one
    thread, nothing of this build or of this moment in them.
    """
    folder = file.parent / FOLDER
    entries = []
    with contextlib.closing(duckdb.connect(str(file), read_only=True)) as connection:
        connection.execute("set threads = 1")
        for table in tables_of(connection):
            path = folder / table.schema / f"{table.name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            columns = [
                {"name": column.name, "type": column.type, "comment": column.comment} for column in table.columns
            ]
            # Parquet has no comments; readers that ask for a file's own words find them under these keys
            words = {"comment": table.comment or "", "column_comments": json.dumps(_comments(columns))}
            pairs = ", ".join(f"{key}: {literal(text)}" for key, text in words.items())
            connection.execute(
                f"copy (from {table.relation}) to {literal(path)} "
                f"(format parquet, compression zstd, row_group_size {GROUP}, kv_metadata {{{pairs}}})"
            )
            entries.append(
                {
                    "schema": table.schema,
                    "table": table.name,
                    "file": str(path.relative_to(folder)),
                    "rows": table.rows,
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "comment": table.comment,
                    "columns": columns,
                }
            )
    manifest = {"build_id": build_id, "tables": entries}
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    click.echo(f"publish parquet: {len(entries)} files, {sum(entry['rows'] for entry in entries):,} rows")


def _comments(columns):
    return {column["name"]: column["comment"] for column in columns if column["comment"]}
