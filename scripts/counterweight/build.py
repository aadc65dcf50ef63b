"""`build`: run the dbt models, and keep the book of builds that audit and publish rely on."""

import contextlib
import gc
import hashlib
import json
import os
import threading
import time

import click
import duckdb

from counterweight import history, increment, inputs, salt
from counterweight.errors import CounterweightError, InputError
from counterweight.project import WAREHOUSE_VARIABLE

# What decides the numbers besides the raw data.
CODE_FOLDERS = ("models", "macros", "seeds")

# A node that takes longer is told of while it runs, every so many seconds.
LONG_SECONDS = 15

# What dbt read of the project, kept for the next run of this process with the same code and variables: reading takes
# longer than building little, and dbt reads anew for each warehouse. Where they take turns, the few last used.
_parsed = {}
_PARSED_AT_ONCE = 3
# Variables that decide nothing of what is read: models ask for their values when they are run. Where a model would ref
# another only with one of them set, dbt stops and says so.
_NOT_READ = ("as_of", "ticket_link_templates")


def run_dbt(project, arguments, values):
    """Run dbt in this process, a line of progress a node.

    Returns the results of the nodes, hooks not among them. CounterweightError where dbt could not start.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    threads = os.environ.get("COUNTERWEIGHT_THREADS", "2")
    if not threads.isdigit() or threads == "0":
        raise InputError(f"COUNTERWEIGHT_THREADS is '{threads}'; it must be a whole number from 1.")
    os.environ[WAREHOUSE_VARIABLE] = str(project.warehouse)
    seen = set()
    watch = _Watch()

    def show(event):
        if event.info.name == "NodeStart":
            watch.begin(event.data.node_info.unique_id)
        if event.info.name == "NodeFinished":
            watch.end(event.data.node_info.unique_id)
        if event.info.name not in ("LogModelResult", "LogSeedResult", "LogTestResult"):
            return
        data = event.data
        node = data.node_info.unique_id
        if node in seen:
            return
        seen.add(node)
        name = node.split(".")[2]
        if event.info.name != "LogTestResult":
            click.echo(f"build  {data.index:>3}/{data.total} {name} {data.execution_time:.2f} s")
        elif data.status != "pass":
            click.echo(f"audit  {data.index:>3}/{data.num_models} {name}: {data.status}")

    options = [
        "--project-dir", str(project.root),
        "--profiles-dir", str(project.root),
        "--vars", json.dumps(values, default=str),
        "--log-level", "none",
        "--no-version-check",
        *(["--no-partial-parse"] if "--no-partial-parse" in arguments else []),
    ]  # fmt: skip
    read = json.dumps({name: value for name, value in values.items() if name not in _NOT_READ}, default=str)
    key = (
        project.root, project.target, project.warehouse.stem, read, "--no-partial-parse" in arguments,
        _fingerprint_code(project, "tests"),
    )  # fmt: skip
    with contextlib.chdir(project.root), _without_collector():
        try:
            if key not in _parsed:
                while len(_parsed) >= _PARSED_AT_ONCE:
                    del _parsed[next(iter(_parsed))]
                # what dbt read is written down whatever the environment says
                parsing = dbtRunner().invoke(["parse", *options, "--write-json"])
                if parsing.exception:
                    raise CounterweightError(f"dbt could not run: {parsing.exception}")
                # models that are switched off: nothing asks for them any more, and they cannot be copied
                parsing.result.disabled.clear()
                _parsed[key] = parsing.result
            _parsed[key] = _parsed.pop(key)  # the last to go
            # a run notes things in what it is given, and must not hand them on
            manifest = _copied(_parsed[key])
            # these are asked for what they write
            written = ["--write-json"] if arguments[0] in ("compile", "docs") else []
            with watch:
                outcome = dbtRunner(manifest=manifest, callbacks=[show]).invoke([*arguments, *options, *written])
        finally:
            # dbt keeps the file open for the life of the process; others must get at it
            DuckDBConnectionManager.close_all_connections()
    if outcome.exception:
        raise CounterweightError(f"dbt could not run: {outcome.exception}")
    if arguments[0] in ("docs", "parse"):
        return []
    return [result for result in outcome.result or [] if result.node.resource_type != "operation"]


@contextlib.contextmanager
def _without_collector():
    """dbt makes millions of objects that live as long as its run: looking through them again and again for some that
    nobody needs takes a tenth of it."""
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_on:
            gc.enable()


class _Watch:
    """Says what is being worked on where a single node takes long, so that nobody takes a long build for a dead one."""

    def __init__(self):
        self.running = {}
        self.over = threading.Event()

    def begin(self, node):
        self.running[node] = time.monotonic()

    def end(self, node):
        self.running.pop(node, None)

    def __enter__(self):
        threading.Thread(target=self._look, daemon=True).start()

    def __exit__(self, *_):
        self.over.set()

    def _look(self):
        while not self.over.wait(LONG_SECONDS):
            now = time.monotonic()
            busy = [
                f"{node.split('.')[2]} for {now - since:.0f} s"
                for node, since in dict(self.running).items()
                if now - since >= LONG_SECONDS
            ]
            if busy:
                click.echo(f"build          at work: {', '.join(busy)}")


def _copied(manifest):
    """A copy of what dbt read. Saved queries are the same ones in both: dbt cannot copy one without a condition."""
    queries, manifest.saved_queries = manifest.saved_queries, {}
    copy = manifest.deepcopy()
    manifest.saved_queries = copy.saved_queries = queries
    copy.build_flat_graph()
    return copy


def build(project, values, full_refresh=False):
    """Build from what was loaded: what new rows touch, where the last build allows it; else, and with `full_refresh`,
    everything. Returns the id of the build."""
    project.check_target()
    with project.lock():
        with contextlib.closing(project.connect(read_only=True)) as connection:
            inputs.check(connection)
            loaded = connection.execute(
                "select count(*) from information_schema.tables where table_schema = 'raw' and table_name = '_loads'"
            ).fetchone()[0]
            if not loaded or not connection.execute("select count(*) from raw._loads").fetchone()[0]:
                raise InputError("Nothing was loaded yet. Start with 'counterweight load --help'.")
            salt.check(connection, project)
            values = _with_loaded_systems(project, connection, values)
        build_id, is_increment = _begin(project, values, full_refresh)
        started = time.monotonic()
        # of the same code, seeds are as they were, and views read whatever their tables hold
        unchanged = ["--exclude", "config.materialized:view"] if is_increment else ["--resource-type", "seed"]
        with increment.told(build_id if is_increment else None):
            results = run_dbt(project, ["build", "--resource-type", "model", *unchanged], values)
        failed = [result for result in results if result.status in ("error", "fail")]
        if failed:
            # on a full disk this fails as well; `building` cannot be published either
            with contextlib.suppress(duckdb.Error):
                record(project, build_id, status="build failed")
            details = "\n".join(f"  {result.node.name}: {_first_lines(result.message)}" for result in failed)
            raise CounterweightError(
                f"Build {build_id} failed in {len(failed)} of {len(results)} nodes:\n{details}\n"
                "What was published before stays. Mend the model or the data and build again; "
                "logs/dbt.log has the whole story."
            )
        _note_relations(project, build_id, results, is_increment)
        _say_desks(project)
        _note_end(project, build_id)
        with contextlib.closing(project.connect()) as connection:
            increment.note(connection)
        record(project, build_id, status="built")
    click.echo(f"build  {build_id}: {len(results)} nodes in {time.monotonic() - started:.0f} s")
    return build_id


def _with_loaded_systems(project, connection, values):
    """The variables, with those systems read that are read only where their variable says so, and were loaded."""
    systems = connection.execute("select distinct source_system from raw._loads").fetchall()
    for name in (f"{system}_schema" for (system,) in systems):
        if name in project.variables and values.get(name, project.variables[name]) is None:
            values = values | {name: "raw"}
    return values


def _note_relations(project, build_id, results, is_increment):
    """What this build made, and what of it is restricted. A table of a model that is no more stays in the file, and
    must not reach readers. An increment leaves views as the build before it made them."""
    with contextlib.closing(project.connect()) as connection:
        connection.execute(
            "create table if not exists audit.relations (build_id varchar, schema_name varchar, relation_name varchar)"
        )
        # null, in what was built before there was anything restricted: nobody knows
        connection.execute("alter table audit.relations add column if not exists is_restricted boolean")
        connection.execute("alter table audit.relations add column if not exists restricted_columns varchar[]")
        connection.execute("alter table audit.relations add column if not exists for_accounts varchar")
        if is_increment:
            made = {(result.node.schema, result.node.alias) for result in results}
            kept = connection.execute(
                """
                select * replace (? as build_id) from audit.relations
                where build_id = (
                    select build_id from audit.builds
                    where build_number < (select build_number from audit.builds where build_id = ?)
                    order by build_number desc limit 1
                )
                """,
                [build_id, build_id],
            ).fetchall()
            kept = [row for row in kept if (row[1], row[2]) not in made]
            connection.executemany("insert into audit.relations values (?, ?, ?, ?, ?, ?)", kept)
        connection.executemany(
            "insert into audit.relations values (?, ?, ?, ?, ?, ?)",
            [
                (
                    build_id,
                    result.node.schema,
                    result.node.alias,
                    bool(result.node.config.meta.get("restricted")),
                    [name for name, column in result.node.columns.items() if column.config.meta.get("restricted")],
                    _for_accounts(result.node),
                )
                for result in results
            ],
        )


def _for_accounts(node):
    """What of the table an account gets: the column that says whose a row is, and those that may name others' rows."""
    column = node.config.meta.get("account_filter")
    if not column:
        return None
    references = {
        name: column.config.meta["account_reference"]
        for name, column in node.columns.items()
        if column.config.meta.get("account_reference")
    }
    return json.dumps({"filter": column, "references": references})


def _note_end(project, build_id):
    """Until when the build sees: as_of."""
    with contextlib.closing(project.connect()) as connection:
        connection.execute(
            "update audit.builds set as_of = (select max(as_of) from dimensions.dim_feed_coverage) where build_id = ?",
            [build_id],
        )


def _say_desks(project):
    """Which systems were found to share customers: a feed that stops in one holds back the verdicts of all."""
    with contextlib.closing(project.connect(read_only=True)) as connection:
        desks = connection.execute(
            "select list(source_system order by source_system) from intermediate.int_desks "
            "group by desk having count(*) > 1 order by 1"
        ).fetchall()
    for (systems,) in desks:
        click.echo(f"build  one desk, since they share customers: {', '.join(systems)}")


def _first_lines(message, count=3):
    return " ".join(line.strip() for line in (message or "").splitlines()[:count] if line.strip())


def _begin(project, values, full_refresh):
    """Write down that a build begins. Returns its id, and whether it is an increment."""
    code = _fingerprint_code(project)
    with contextlib.closing(project.connect()) as connection:
        make_books(connection)
        input_fingerprint = inputs.fingerprint(connection)
        text = increment.written(values)
        obstacle = "asked for" if full_refresh else increment.why_not(connection, code, values)
        if obstacle:
            click.echo(f"build  in full: {obstacle}")
        else:
            loads, rows = increment.new_loads(connection)
            click.echo(f"build  an increment: what {rows:,} new rows of {loads} loads touch")
        last = connection.execute("select coalesce(max(build_number), 0) from audit.builds").fetchone()[0]
        number = max(last, history.last_published_number(project)) + 1
        digest = hashlib.sha256(f"{code} {input_fingerprint} {text}".encode()).hexdigest()[:8]
        build_id = f"{number:06d}-{digest}"
        connection.execute(
            """
            insert into audit.builds
                (build_number, build_id, status, code_fingerprint, input_fingerprint, vars, git_commit, is_increment)
            values (?, ?, 'building', ?, ?, ?, ?, ?)
            """,
            [number, build_id, code, input_fingerprint, text, history.commit_of(project), obstacle is None],
        )
        history.write_inputs(connection, build_id)
    return build_id, obstacle is None


def make_books(connection):
    connection.execute("create schema if not exists audit")
    connection.execute(
        """
        create table if not exists audit.builds (
            build_number bigint, build_id varchar, status varchar, code_fingerprint varchar,
            input_fingerprint varchar, vars varchar
        )
        """
    )
    history.widen(connection)


def _fingerprint_code(project, *more_folders):
    digest = hashlib.sha256()
    files = [project.root / "dbt_project.yml"]
    for folder in (*CODE_FOLDERS, *more_folders):
        files += [path for path in (project.root / folder).rglob("*") if path.is_file()]
    for path in sorted(files):
        digest.update(str(path.relative_to(project.root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def record(project, build_id, status):
    """Write the status of a build: building, built, build failed, stale, audit failed, audited."""
    with contextlib.closing(project.connect()) as connection:
        connection.execute("update audit.builds set status = ? where build_id = ?", [status, build_id])


def last_build(project):
    """(build_id, status, vars) of the newest build. InputError where there is none."""
    with contextlib.closing(project.connect(read_only=True)) as connection:
        exists = connection.execute(
            "select count(*) from information_schema.tables where table_schema = 'audit' and table_name = 'builds'"
        ).fetchone()[0]
        row = None
        if exists:
            row = connection.execute(
                "select build_id, status, vars from audit.builds order by build_number desc limit 1"
            ).fetchone()
    if row is None:
        raise InputError(
            "'counterweight build' has built nothing yet. Run it first; what plain dbt built cannot be published, "
            "since nobody knows from what it was made."
        )
    return row[0], row[1], json.loads(row[2])
