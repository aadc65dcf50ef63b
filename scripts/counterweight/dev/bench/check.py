"""Do a build and a peer say the same? `python -m counterweight.dev.bench.check BUILD.duckdb PEER NOTES.json`.

PEER is a DuckDB file or a folder of Parquet with the tables of TABLES, each with any of the product's columns. Rows
are compared without order, nulls as values: the count, the sum of a hash of each column, and of each row's columns
together.
"""

import json
import sys
from pathlib import Path

import duckdb

# The return rate of P24 is made of these counts.
RETURN_RATE = """(
    select
        cast(period_start as date) as month,
        cast(window_days as integer) as window_days,
        claim_count,
        held_count + falsified_count as cohort_count,
        reopened_count,
        falsified_count
    from built.marts.resolution_quality
    where
        claim_type = 'ticket_resolved' and source_system = 'canonical'
        and period_type = 'month' and unit_type = 'total'
        -- a month in which nothing was resolved is a row of the mart, and of nobody else
        and claim_count > 0
)"""
TABLES = {
    "fct_resolution_episodes": "built.facts.fct_resolution_episodes",
    "fct_interactions": "built.facts.fct_interactions",
    "fct_claims": "built.facts.fct_claims",
    "return_rate": RETURN_RATE,
}


def compare(build, peer, left_out=()):
    """{table: {rows, columns, differing: [what differs]}}. `left_out`: claim types that the peer does not make."""
    from counterweight.dev.bench.by_duckdb import quoted

    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach {quoted(build)} as built (read_only)")
        if Path(peer).is_dir():
            connection.execute("create schema peer")
            for table in TABLES:
                connection.execute(
                    f"create view peer.{table} as from read_parquet({quoted(Path(peer) / f'{table}.parquet')})"
                )
        else:
            connection.execute(f"attach {quoted(peer)} as peer (read_only)")
        for table, ours in TABLES.items():
            kept = ""
            if table == "fct_claims" and left_out:
                kept = f"where claim_type not in ({', '.join(map(quoted, left_out))})"
            theirs = connection.execute(f"describe peer.{table}").fetchall()
            types = {row[0]: row[1] for row in connection.execute(f"describe select * from {ours}").fetchall()}
            columns = [row[0] for row in theirs]
            own, other = (
                _sums(connection, relation, columns, types) for relation in (f"(from {ours} {kept})", f"peer.{table}")
            )
            found[table] = {
                "rows": own[0],
                "columns": columns,
                "differing": [
                    name for name, a, b in zip(["(count)", *columns, "(rows)"], own, other, strict=True) if a != b
                ],
            }
    return found


def _sums(connection, relation, columns, types):
    """Types and names as the product has them, so that a number in another width is the same."""
    values = [f"cast({name} as {types[name]})" for name in columns]
    sums = [f"sum(cast(hash({value}) as hugeint))" for value in [*values, ", ".join(values)]]
    return connection.execute(f"select count(*), {', '.join(sums)} from {relation}").fetchone()


def main():
    build, peer, notes, *left_out = sys.argv[1:]
    Path(notes).write_text(json.dumps(compare(build, peer, left_out)), encoding="utf-8")


if __name__ == "__main__":
    main()
