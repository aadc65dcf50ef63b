"""The books of builds: from what each was made, what its audit said, and which were given to readers."""

import contextlib
import subprocess

import duckdb

from counterweight.published import literal

# Written down of a build besides its id, status and fingerprints.
NOTED = {"git_commit": "varchar", "as_of": "timestamp", "file_count": "bigint", "row_count": "bigint",
         "last_loaded_at": "timestamp", "is_increment": "boolean"}  # fmt: skip
INPUTS = """
    build_id varchar, load_number bigint, source_system varchar, raw_table varchar, source_file varchar,
    content_sha256 varchar, row_count bigint, byte_count bigint, loaded_at timestamp
"""


def widen(connection):
    """Books that were begun by an older version get the columns they lack."""
    for name, kind in NOTED.items():
        connection.execute(f'alter table audit.builds add column if not exists "{name}" {kind}')
    connection.execute(f"create table if not exists audit.build_inputs ({INPUTS})")


def commit_of(project):
    """Commit of the project's folder, with `+` behind it where what decides the numbers differs from it. None where
    nobody can tell: no git, no repository."""
    try:
        commit = _git(project, "rev-parse", "HEAD")
        changed = _git(project, "status", "--porcelain", "--", "dbt_project.yml", "models", "macros", "seeds")
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if changed else "")


def _git(project, *arguments):
    return subprocess.run(
        ["git", "-C", str(project.root), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def write_inputs(connection, build_id):
    """audit.build_inputs: the files that the build is made from, in the order in which they were loaded. Of one build:
    no other can be published any more."""
    connection.execute("delete from audit.build_inputs")
    connection.execute(
        """
        insert into audit.build_inputs
        select
            ? as build_id,
            row_number() over (order by loaded_at, source_system, raw_table, content_sha256) as load_number,
            source_system,
            raw_table,
            source_file,
            content_sha256,
            row_count,
            byte_count,
            loaded_at
        from raw._loads
        order by load_number
        """,
        [build_id],
    )
    connection.execute(
        """
        update audit.builds
        set file_count = inputs.files, row_count = inputs.rows, last_loaded_at = inputs.last
        from (
            select count(*) as files, sum(row_count) as rows, max(loaded_at) as last from audit.build_inputs
        ) as inputs
        where build_id = ?
        """,
        [build_id],
    )


def last_published_number(project):
    """Number of the newest build that readers know of; 0 where they know of none. A warehouse that is begun anew
    counts on from there, so that two builds never share a number."""
    with contextlib.closing(duckdb.connect()) as connection:
        if not attach_published(connection, project):
            return 0
        tables = columns_of(connection, "published", "audit", "build_history")
        table = "build_history" if tables else "builds"
        return connection.execute(f"select coalesce(max(build_number), 0) from published.audit.{table}").fetchone()[0]


def attach_published(connection, project):
    """Attach what readers see as `published`, to read. False where there is nothing, or nothing that can be read."""
    file = project.current / "counterweight.duckdb"
    if not file.exists():
        return False
    try:
        connection.execute(f"attach {literal(file)} as published (read_only)")
    except duckdb.Error:
        return False
    return bool(columns_of(connection, "published", "audit", "builds"))


def columns_of(connection, database, schema, table):
    """Names of the columns, in their order; none where there is no such table."""
    return [
        name
        for (name,) in connection.execute(
            "select column_name from duckdb_columns() where database_name = ? and schema_name = ? and table_name = ? "
            "order by column_index",
            [database, schema, table],
        ).fetchall()
    ]


def write_history(connection, build_id, has_published):
    """audit.build_history: every build of this warehouse and, where it was begun anew, those that readers know of."""
    for table in ("test_results", "expectation_results"):
        connection.execute(f"create table if not exists audit.{table} (build_id varchar)")
    connection.execute(
        """
        create or replace table audit.build_history as
        with tests as (
            select
                build_id,
                count(*) as test_count,
                count(*) filter (status not in ('pass', 'warn')) as failed_test_count
            from audit.test_results
            group by build_id
        ),
        expectations as (
            select
                build_id,
                count(*) as expectation_count,
                count(*) filter (not success and kind = 'finding') as finding_count,
                count(*) filter (not success and kind = 'defect') as defect_count
            from audit.expectation_results
            group by build_id
        )
        select
            build_number, build_id, status, false as is_published, git_commit, code_fingerprint, input_fingerprint,
            vars, as_of, file_count, row_count, last_loaded_at, test_count, failed_test_count, expectation_count,
            finding_count, defect_count
        from audit.builds
        left join tests using (build_id)
        left join expectations using (build_id)
        """
    )
    published = [build_id]
    if has_published:
        known = columns_of(connection, "published", "audit", "build_history")
        if known:
            names = ", ".join(
                f'"{name}"'
                for name in columns_of(connection, current(connection), "audit", "build_history")
                if name in known
            )
            # what was said of a build when it was published is what is said of it
            connection.execute(
                "delete from audit.build_history where build_id <> ? "
                "and build_id in (select build_id from published.audit.build_history)",
                [build_id],
            )
            connection.execute(
                f"insert into audit.build_history ({names}) select {names} from published.audit.build_history "
                "where build_id <> ?",
                [build_id],
            )
            rows = connection.execute("select build_id from published.audit.build_history where is_published")
            published += [name for (name,) in rows.fetchall()]
        published += [name for (name,) in connection.execute("select build_id from published.audit.builds").fetchall()]
    connection.execute(
        "update audit.build_history set is_published = true where list_contains(?, build_id)", [published]
    )


def current(connection):
    """Name of the file that the connection has opened."""
    return connection.execute("select current_database()").fetchone()[0]
