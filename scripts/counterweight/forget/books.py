"""What is written down of what was erased: counts, and keyed hashes to know it again."""

BOOKS = """
    create table if not exists raw._erasures (
        source_system varchar, raw_table varchar, source_file varchar, loaded_at timestamp, row_count bigint,
        erased_at timestamp
    );
    create schema if not exists private;
    create table if not exists private.forgotten (kind varchar, hash varchar);
"""
# Builds of what was there before somebody was forgotten: what was published of them names that person by a key.
FORGOTTEN_BUILDS = "audit.forgotten_builds"
# How the build file is called while it is read.
NAME = "warehouse"


def mark_stale(connection):
    """The builds that there are cannot be published any more, and what was published of them is to go."""
    if connection.execute(
        "select count(*) from duckdb_tables() where (schema_name, table_name) = ('audit', 'builds') "
        "and database_name = current_database()"
    ).fetchone()[0]:
        connection.execute(
            f"""
            create table if not exists {FORGOTTEN_BUILDS} (build_id varchar);
            insert into {FORGOTTEN_BUILDS} select build_id from audit.builds except from {FORGOTTEN_BUILDS};
            update audit.builds set status = 'stale' where status in ('built', 'audited', 'audit failed');
            """
        )
