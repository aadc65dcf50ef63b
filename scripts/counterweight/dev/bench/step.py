"""One step of the bench in a process of its own: `python -m counterweight.dev.bench.step NOTES.json COMMAND …`.

Runs a command of `counterweight` and notes, by node of dbt, how long DuckDB computed: what is left of the process's
CPU time is dbt's own. That is exact where dbt has one thread, since then nothing else runs meanwhile; DuckDB has all
cores within a query.
"""

import collections
import json
import sys
import threading
import time
from pathlib import Path


class Meter:
    """What DuckDB's queries cost, by the name of dbt's connection: a node, or something dbt does by itself."""

    def __init__(self):
        self.wall = collections.Counter()
        self.cpu = collections.Counter()
        self.queries = collections.Counter()
        self._running = threading.local()

    def attach(self):
        from dbt.adapters.duckdb.environments.local import DuckDBCursorWrapper
        from dbt.adapters.sql.connections import SQLConnectionManager

        add_query, execute = SQLConnectionManager.add_query, DuckDBCursorWrapper.execute

        def named(manager, *arguments, **options):
            self._running.name = manager.get_thread_connection().name
            return add_query(manager, *arguments, **options)

        def measured(cursor, *arguments, **options):
            name = getattr(self._running, "name", None) or "(dbt)"
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return execute(cursor, *arguments, **options)
            finally:
                self.wall[name] += time.perf_counter() - wall
                self.cpu[name] += time.process_time() - cpu
                self.queries[name] += 1

        SQLConnectionManager.add_query = named
        DuckDBCursorWrapper.execute = measured

    def notes(self):
        return {
            name: {
                "sql_seconds": round(self.wall[name], 4),
                "sql_cpu_seconds": round(self.cpu[name], 4),
                "queries": self.queries[name],
            }
            for name in self.queries
        }


def main():
    notes, *arguments = sys.argv[1:]
    from counterweight.cli import main as program

    meter = Meter()
    if arguments[0] in ("build", "run", "audit"):
        meter.attach()
    try:
        program(arguments, standalone_mode=False)
    finally:
        found = {"process_cpu_seconds": round(time.process_time(), 3), "nodes": meter.notes()}
        Path(notes).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
