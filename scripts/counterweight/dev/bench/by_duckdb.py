"""The facts by facts.sql, one script for DuckDB: `python -m counterweight.dev.bench.by_duckdb RAW OUT.duckdb
NOTES.json`.

Notes how long each step of the script took. The salt is COUNTERWEIGHT_SALT.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

import duckdb

SCRIPT = Path(__file__).with_name("facts.sql")


def steps():
    """(name, SQL) of each step of the script."""
    parts = re.split(r"^-- step: (\w+)\n", SCRIPT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def quoted(text):
    return "'" + str(text).replace("'", "''") + "'"


def make(raw, out, salt, memory_limit=None):
    """Make the facts of the Parquet files in `raw` in the new file `out`; [{step, seconds, cpu_seconds}]."""
    Path(out).unlink(missing_ok=True)
    taken = []
    with duckdb.connect(str(out)) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set enable_progress_bar = false")
        if memory_limit:
            connection.execute(f"set memory_limit = {quoted(memory_limit)}")
        connection.execute(f"set variable raw = {quoted(raw)}")
        connection.execute(f"set variable salt = {quoted(salt)}")
        for name, sql in [*steps(), ("written", "checkpoint")]:
            wall, cpu = time.perf_counter(), time.process_time()
            connection.execute(sql)
            taken.append({
                "step": name,
                "seconds": round(time.perf_counter() - wall, 3),
                "cpu_seconds": round(time.process_time() - cpu, 3),
            })  # fmt: skip
    return taken


def main():
    raw, out, notes = sys.argv[1:]
    taken = make(
        raw, out, os.environ["COUNTERWEIGHT_SALT"], os.environ.get("COUNTERWEIGHT_MEMORY_LIMIT")
    )  # fmt: skip
    Path(notes).write_text(json.dumps({"steps": taken}), encoding="utf-8")


if __name__ == "__main__":
    main()
