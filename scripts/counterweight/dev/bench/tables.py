"""Rows and bytes of what was built: `python -m counterweight.dev.bench.tables BUILD.duckdb NOTES.json`."""

import json
import sys
from pathlib import Path

import duckdb


def tables(build):
    """{schema.table: {rows, bytes}} and the number of interactions.

    Bytes are the blocks in which a table has a segment: small tables share theirs, so that these add up to more than
    the file.
    """
    from counterweight.dev.bench.by_duckdb import quoted

    found = {}
    with duckdb.connect(str(build), read_only=True) as connection:
        block = connection.execute("select block_size from pragma_database_size()").fetchone()[0]
        listed = connection.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables() where not internal order by 1, 2"
        ).fetchall()
        for schema, table, rows in listed:
            name = '"' + schema + '"."' + table + '"'
            blocks = connection.execute(
                f"select count(distinct block_id) from pragma_storage_info({quoted(name)}) where block_id >= 0"
            ).fetchone()[0]
            found[f"{schema}.{table}"] = {"rows": rows, "bytes": blocks * block}
        interactions = connection.execute("select count(*) from facts.fct_interactions").fetchone()[0]
    return {"interactions": interactions, "tables": found}


def main():
    build, notes = sys.argv[1:]
    Path(notes).write_text(json.dumps(tables(build)), encoding="utf-8")


if __name__ == "__main__":
    main()
