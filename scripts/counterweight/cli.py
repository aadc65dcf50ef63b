"""The `counterweight` program."""

import dataclasses
from pathlib import Path

import click
import duckdb

from counterweight.errors import CounterweightError, InputError, is_lack_of_space
from counterweight.project import Project
from counterweight.retention import BUILDS, MONTHS

EXIT_CODES = """
\b
Exit codes
  0  done
  1  the work failed (a model, a full disk, a damaged warehouse)
  2  an option, file or setting cannot be used; nothing was changed
  3  the audit found a defect in our own tables; readers keep the last good build
  4  another run holds the warehouse
  5  numbers changed, and `diff --fail-on-change` was asked
"""


class Program(click.Group):
    """Turns what the file system refuses, and what it lost, into a sentence."""

    def invoke(self, context):
        try:
            return super().invoke(context)
        except OSError as error:
            if is_lack_of_space(error):
                raise _explained(context.obj, error) from None
            if error.filename is None:
                raise
            raise InputError(f"{error.filename} cannot be used: {error.strerror}. Name another path.") from None
        except (CounterweightError, duckdb.Error) as error:
            told = _explained(context.obj, error)
            if told is error:
                raise
            raise told from None


def _explained(project, error):
    from counterweight.recovery import explain

    return explain(project, error)


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXIT_CODES,
)
@click.option(
    "--project-dir",
    metavar="DIR",
    help="Folder of dbt_project.yml. Default: the working folder or the nearest one above it that has one.",
)
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.IntRange(0),
    default=0,
    help="Wait so long for another run that holds the warehouse. Default: say who holds it, and end.",
)
@click.pass_context
def main(context, project_dir, wait):
    """Service-desk exports in, an audited and published warehouse of balanced KPIs out.

    \b
    Example
      counterweight run servicenow.incident_event_log=export.csv.gz

    \b
    Settings, all from the environment
      COUNTERWEIGHT_WAREHOUSE   private build file      (warehouse/counterweight.duckdb)
      COUNTERWEIGHT_PUBLISHED   folder readers look in  (published)
      COUNTERWEIGHT_SALT        secret that keys the hashes of people; set one before real names are loaded
      COUNTERWEIGHT_THREADS     threads of dbt          (2)
      COUNTERWEIGHT_MEMORY_LIMIT  memory of DuckDB, for example 3GB; more is written to disk  (80 % of the machine)
      COUNTERWEIGHT_KEEP_BUILDS, _KEEP_MONTHS  how long past builds stay: see `publish --help`
    """
    if context.invoked_subcommand not in ("simulate", "worlds"):
        context.obj = dataclasses.replace(Project.find(project_dir), wait=wait)


def system_option(function):
    return click.option(
        "--system",
        help="Source system of the files and feeds that name none: a folder of models/staging, for example servicenow.",
    )(function)


def observed_until_option(function):
    return click.option(
        "--observed-until",
        multiple=True,
        metavar="[SYSTEM.]FEED=TIME",
        help="First instant (UTC) at which a feed was no longer observed, where you know it, for example "
        "servicenow.tickets_opened=2016-06-01; may be repeated. Where one system is loaded, its name may be left out. "
        "Without the option the last dense day of the feed decides.",
    )(function)


def accept_loss_option(function):
    return click.option(
        "--accept-loss",
        is_flag=True,
        help="Go on without files that a damaged warehouse lost and that are asked for. What readers see shrinks.",
    )(function)


def variable_options(function):
    function = click.option(
        "--as-of",
        metavar="'YYYY-MM-DD HH:MM:SS'",
        help="Replay an earlier data cut-off (UTC; a date means its midnight): later events are left out, by name.",
    )(function)
    return click.option(
        "--vars",
        "variables",
        metavar="YAML",
        help="dbt variables, for example '{source_time_zones: {servicenow: Europe/Vienna}}'; see dbt_project.yml.",
    )(function)


def full_refresh_option(function):
    return click.option(
        "--full-refresh",
        is_flag=True,
        help="Compute everything anew, also where what new rows touch would do.",
    )(function)


def restricted_option(function):
    return click.option(
        "--restricted",
        is_flag=True,
        help="Write the tables with keys of agents as well, into a file that you alone may read, in a folder beside "
        "the published one. They are in no other.",
    )(function)


def copies_options(function):
    """The other forms in which readers may want the tables."""
    function = click.option(
        "--prefix",
        metavar="NAME",
        help="What the schemas in the database begin with. Default: counterweight_, which dbt's own there do not.",
    )(function)
    function = click.option(
        "--grant",
        "grants",
        multiple=True,
        metavar="ROLE",
        help="Role of the database that may read all of the tables there; may be repeated.",
    )(function)
    function = click.option(
        "--to",
        "destination",
        type=click.Choice(["postgres"]),
        help="Copy the tables into a PostgreSQL database as well, in one transaction. COUNTERWEIGHT_PG_HOST, _PORT, "
        "_USER, _PASSWORD and _DATABASE say where, or libpq's own variables.",
    )(function)
    return click.option(
        "--parquet", "with_parquet", is_flag=True, help="Write a Parquet file a table as well, with a manifest."
    )(function)


def kept_options(function):
    """How long past builds stay."""
    function = click.option(
        "--keep-months",
        default=MONTHS,
        show_default=True,
        envvar="COUNTERWEIGHT_KEEP_MONTHS",
        type=click.IntRange(0),
        help="Of so many months keep the last published build as well.",
    )(function)
    return click.option(
        "--keep-builds",
        default=BUILDS,
        show_default=True,
        envvar="COUNTERWEIGHT_KEEP_BUILDS",
        type=click.IntRange(1),
        help="Keep so many published builds, the newest ones; older ones are removed.",
    )(function)


def _database(destination, grants, prefix):
    """The database that the options mean, which was asked whether it can be written; None for no database."""
    if destination is None:
        if grants or prefix:
            raise InputError(f"{'--grant' if grants else '--prefix'} is about a database. Say --to postgres as well.")
        return None
    from counterweight.postgres import PREFIX, Database

    database = Database.find(grants, prefix or PREFIX)
    database.check()
    return database


@main.command(short_help="Land exports in schema raw, as they are.")
@system_option
@observed_until_option
@accept_loss_option
@click.argument("files", nargs=-1, required=True, metavar="[SYSTEM.]TABLE=FILE|SYSTEM=FOLDER...")
@click.pass_obj
def load(project, system, files, observed_until, accept_loss):
    """Land exports in schema raw, as they are: all of the files or none.

    TABLE is a raw table of the source system, as its sources file in models/staging declares it. FILE is a file or a
    pattern that names many. What it is, its content says:

    \b
      separated text  commas, semicolons, tabs or bars; UTF-8, UTF-16, Windows-1252 or Latin-1
      JSON            one object a line, or one array of objects; the columns are all keys of all objects
      Parquet         its values as text, times in UTC
    Text and JSON may be gzipped.

    SYSTEM=FOLDER loads each file of the folder as the table of its name: calls.csv, calls.2025-01.csv.gz and
    calls.parquet are all of the table calls. A file that is no table's is named, and nothing is loaded; hidden files
    are passed over. A pattern names many folders, or files. Should a system be called like a table of --system, the
    table is meant.

    Rows are appended with _loaded_at, _source_file, _row_number and source_system. A file whose content was loaded
    before is skipped, whatever its name. A file with column names and no rows is an empty table. A file
    that lacks a needed column names it and near matches, and loads nothing. Lines that cannot be read as rows are
    counted and kept in raw._rejects, by number and reason. Columns that are new, gone, renamed or of another kind than
    in the last load of the table are named; the book of them is raw._columns.

    \b
    Examples
      counterweight load servicenow.incident_event_log=incident_event_log.csv.gz
      counterweight load 'servicenow.incident_event_log=exports/2025-*.jsonl'
      counterweight load --system servicenow incident_event_log=a.parquet incident_event_log=b.parquet
      counterweight load servicenow.incident_event_log=a.csv 'bank_call_log.calls=b/*.csv.gz'
      counterweight load canonical=exports
      counterweight load 'canonical=exports/2025-*'
    """
    from counterweight.load import load as land
    from counterweight.variables import parse_ends

    land(project, system, files, parse_ends(observed_until), accept_loss)


@main.command(short_help="Turn raw rows into facts and marts.")
@variable_options
@full_refresh_option
@click.pass_obj
def build(project, variables, as_of, full_refresh):
    """Turn raw rows into facts and marts, in the private build file.

    Readers see nothing of it until `publish`. What is built is what was loaded, seen with the given variables; the
    audit uses the same ones. After a whole build of the same code and variables only what new rows touch is computed
    anew: the tickets, contacts and customers concerned. The result is the same, row for row.
    """
    from counterweight.build import build as make
    from counterweight.variables import parse

    make(project, parse(project, variables, as_of), full_refresh)


@main.command(short_help="Test the build: data tests, then expectations.")
@click.pass_obj
def audit(project):
    """Test the last build: dbt's data tests, then the suites in expectations/.

    A defect (our own tables are wrong) ends with exit code 3 and keeps the build from readers. A finding (the source
    breaks its own rules, too much comes back) is stored, published and shown, and stops nothing. Results lie in
    schema audit, pages in data_docs/ beside the build file.
    """
    from counterweight.audit import audit as test

    test(project)


@main.command(short_help="Give the audited build to readers, in one swap.")
@restricted_option
@copies_options
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="ACCOUNT",
    help="Write the file of this client instead, with what is theirs alone; may be repeated.",
)
@click.option("--all-accounts", is_flag=True, help="Write the file of every client.")
@kept_options
@click.pass_obj
def publish(
    project, restricted, with_parquet, destination, grants, prefix, accounts, all_accounts, keep_builds, keep_months
):
    """Give the audited build to readers: a new folder, then one atomic swap of published/current.

    Dimensions, facts, marts, the catalogue of pairs and the audit's results, written afresh with their comments; a
    reader that is open keeps the old build. Keys of agents stay behind.

    With --account or --all-accounts each client gets a file of its own, published/accounts/ACCOUNT/current, and the
    whole stays as it is: all of the named accounts or none. docs/clients.md says what is in it.

    --parquet and --to postgres give the same tables in other forms, with their comments: docs/bi.md. All forms, or
    none.

    Past builds stay for a while, so that what was quoted can be looked up: the newest --keep-builds, and the last of
    each of the newest --keep-months months of data. Which published figures a build changes, and why, is in
    marts.published_changes; all builds so far are in audit.build_history.

    \b
    Examples
      counterweight publish
      counterweight publish --parquet
      counterweight publish --to postgres --grant bi_readers
      counterweight publish --account ACME --account 'Smith & Sons'
    """
    from counterweight.publish import publish as hand_over
    from counterweight.publish import publish_accounts

    kept = (keep_builds, keep_months)
    if not (accounts or all_accounts):
        hand_over(project, restricted, with_parquet, _database(destination, grants, prefix), kept)
    elif destination:
        raise InputError("--to postgres is for readers of the whole. A client gets files: publish without it.")
    elif restricted:
        raise InputError("--restricted writes keys of agents, which no client gets. Publish the accounts without it.")
    elif accounts and all_accounts:
        raise InputError("--account names some and --all-accounts means all. Give one of them.")
    else:
        publish_accounts(project, accounts, everybody=all_accounts, with_parquet=with_parquet, kept=kept)


@main.command(short_help="Load, build, audit and publish.")
@system_option
@observed_until_option
@accept_loss_option
@variable_options
@full_refresh_option
@restricted_option
@copies_options
@kept_options
@click.argument("files", nargs=-1, metavar="[[SYSTEM.]TABLE=FILE|SYSTEM=FOLDER]...")
@click.pass_obj
def run(
    project, system, files, observed_until, accept_loss, variables, as_of, full_refresh, restricted, with_parquet,
    destination, grants, prefix, keep_builds, keep_months,
):  # fmt: skip
    """Load (where files are given), build, audit, publish, write the report, and say what came out.

    Files are named as for `counterweight load`; its help says what they may be. No other run gets in between the
    steps. After one that was killed, or that found no room on the disk, the next does all that is left to do. A
    damaged build file is mended: what can be read of it is kept, the rest is asked for by the names of its files.

    \b
    Examples
      counterweight run servicenow.incident_event_log=export.csv.gz
      counterweight run servicenow.incident_event_log=a.csv.gz 'bank_call_log.calls=b/*.csv.gz'
      counterweight run canonical=exports
      counterweight run                     again, with what is loaded
    """
    from counterweight import summary
    from counterweight.audit import audit as test
    from counterweight.build import build as make
    from counterweight.load import load as land
    from counterweight.publish import publish as hand_over
    from counterweight.recovery import carry_out
    from counterweight.report import report as write
    from counterweight.variables import parse, parse_ends

    if observed_until and not files:
        raise InputError("--observed-until is written down with a load; name the files as well.")
    if system and not files:
        raise InputError(f"--system {system} needs files, for example incident_event_log=export.csv.gz.")
    values = parse(project, variables, as_of)
    ends = parse_ends(observed_until)
    database = _database(destination, grants, prefix)

    def work():
        if files:
            land(project, system, files, ends, accept_loss)
        make(project, values, full_refresh)
        test(project)
        hand_over(project, restricted, with_parquet, database, (keep_builds, keep_months))
        write(project)
        summary.show(project)

    carry_out(project, work)


@main.command(short_help="Erase a person, from raw to marts.")
@click.option(
    "--customer", "customers", multiple=True, metavar="SYSTEM:ID",
    help="A customer, by any identifier that the system's tables write for them; may be repeated.",
)  # fmt: skip
@click.option(
    "--identity", "identities", multiple=True, metavar="phone=NUMBER|email=ADDRESS",
    help="The customer who is known by it in any system; may be repeated.",
)  # fmt: skip
@click.option(
    "--agent", "agents", multiple=True, metavar="SYSTEM:ID",
    help="An agent: their own rows are erased, their name in tickets and calls is taken out; may be repeated.",
)  # fmt: skip
@click.option(
    "--from", "file", type=click.File(encoding="utf-8"), metavar="FILE",
    help="Read who is meant from a file, or from standard input (-), so that no shell keeps it: lines such as "
    "customer=canonical:4711, phone=+431234567, email=a@b.example, agent=zendesk:17.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask. For scripts.")
@click.pass_obj
def forget(project, customers, identities, agents, file, yes):
    """Erase a person from raw to marts, with a fate.

    A customer is everything that they are known by, in all systems that share them by `identities`, an e-mail address
    or an international telephone number. Their tickets and contacts go with all that hangs on them: events, messages,
    surveys, reviews, sessions with bots. Where they acted in rows of others, their name is taken out.

    First it says how many rows of which table, and asks. Then the build file is written anew without them and takes the
    old one's place in one step. Logs and pages of the last build are removed; what was built is, too: run `build`,
    `audit` and `publish` again. That publish removes the older builds, which have the person's key.

    The rows stay counted, as `erased`, in facts.fct_row_fates. A later delivery of them is erased as it lands. It
    cannot be undone. docs/access.md says what it does not reach.

    \b
    Examples
      counterweight forget --customer canonical:4711
      counterweight forget --identity phone=+4312345678 --yes
      counterweight forget --from requests.txt
    """
    from counterweight.forget import forget as erase
    from counterweight.forget import parse

    named = {"customer": [*customers], "agent": [*agents], "identity": [*identities]}
    for number, line in enumerate(file or [], start=1):
        kind, _, rest = line.strip().partition("=")
        if kind in ("phone", "email"):
            named["identity"].append(line.strip())
        elif kind in ("customer", "agent"):
            named[kind].append(rest)
        elif line.strip():
            raise InputError(
                f"Line {number} does not begin with customer=, agent=, phone= or email=. Nothing was erased."
            )
    persons = parse(project, named["customer"], named["identity"], named["agent"])
    erase(project, persons, None if yes else lambda: click.confirm("Erase them?"))


@main.command("report", short_help="What people look at: one HTML file of what is published.")
@click.option("--out", metavar="FILE", help="Default: report.html in the folder that readers look in.")
@click.pass_obj
def write_report(project, out):
    """Write the report of what is published: one HTML file that opens in any browser, offline, and prints.

    First what was said, what held, the bill, and how much of it could be seen; then every headline beside its
    reality, and what is behind it. Each figure says how many cases it is about, how long was waited, and the query
    that it comes from. `counterweight run` writes it, too.

    \b
    Examples
      counterweight report
      counterweight report --out desk.html
    """
    from counterweight.report import report

    report(project, out)


@main.command(short_help="Make a world with known truth to try things on.")
@click.option("--out", required=True, metavar="DIR", help="Folder that gets raw/, truth/ and world.yml.")
@click.option(
    "--world",
    default="honest",
    show_default=True,
    metavar="NAME",
    help="A world of `counterweight worlds`, or a YAML file.",
)
@click.option("--tickets", default=4000, show_default=True, help="About how many tickets, returns included.")
@click.option(
    "--calls", default=8000, show_default=True, help="About how many inbound calls and chats, repeats included."
)
@click.option("--months", default=6, show_default=True, help="Length, in months from 1 January 2024; at most 30.")
@click.option("--seed", default=7, show_default=True, help="Same seed, same bytes.")
@click.option(
    "--format", "file_format", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True,
    help="Of the raw tables.",
)  # fmt: skip
@click.option(
    "--batches", default=1, show_default=True, metavar="K",
    help="Deliver in K loads, raw/batch_01 and so on, with late, repeated and superseded rows.",
)  # fmt: skip
@click.option(
    "--intensity", type=click.FloatRange(0, 1), metavar="SHARE",
    help="Share of the occasions on which agents act on the world's behaviours, instead of the world's own.",
)  # fmt: skip
def simulate(out, world, file_format, **settings):
    """Make a service desk and contact centre: all raw tables, and the truth about them beside it.

    Problems are latent: each contact belongs to a real problem that is solved or is not, and customers reopen, write
    again, call, or give up. What really happened lies in truth/, which nothing in the warehouse reads. Worlds of one
    seed have the same problems, so that they differ in nothing but what their settings change; only where the accounts
    are others (law_firm, dealership) are the people, too.

    \b
    Examples
      counterweight simulate --out warehouse/trial
      counterweight run canonical=warehouse/trial/raw
      counterweight simulate --world call_cutting --intensity 0.1 --calls 50000 --out warehouse/cut
      counterweight simulate --world mine.yml --batches 6 --out warehouse/mine
      counterweight run 'canonical=warehouse/mine/raw/batch_*'

    \b
    A million contacts in twelve months take about half a minute and 0.6 GB of memory. docs/worlds.md shows the worlds.
    """
    from counterweight.project import pretty_path
    from counterweight.worlds import simulate as make

    counts = make(out, world=world, file_format=file_format, **settings)
    click.echo(
        f"simulate {pretty_path(out)}: {counts['tickets']:,} tickets, {counts['calls']:,} legs of calls and chats, "
        f"{sum(counts.values()):,} rows in {len(counts)} tables"
    )


@main.command(short_help="List the worlds there are.")
def worlds():
    """List the worlds that `simulate` can make, each with what it shows.

    Settings and the way to make one's own: docs/worlds.md.
    """
    from counterweight.worlds.settings import every

    for world in every():
        click.echo(f"{world.name:24}{world.summary}")


@main.command(short_help="Measure the detectors on worlds whose truth is known.")
@click.option(
    "--worlds",
    multiple=True,
    metavar="NAMES|FILE",
    help="Worlds of `counterweight worlds`, parted by commas; or a YAML file: a world of one's own, or a list of "
    "entries {world: call_cutting, intensity: 0.25, tickets: 1000, calls: 50000, months: 12, seeds: 2}. "
    "Default: the whole plan.",
)
@click.option(
    "--detectors", multiple=True, metavar="D01,D07", help="Only the worlds that these are about, and honest ones."
)
@click.option(
    "--seeds", type=click.IntRange(1, 1000), metavar="K", help="Make each world K times, not as often as planned."
)
@click.option(
    "--first-seed",
    default=1001,
    show_default=True,
    type=click.IntRange(1, 10**9),
    help="Another number, other worlds: choose one that nobody tuned on.",
)
@click.option("--tickets", type=click.IntRange(0), help="Size of every world, instead of the plan's.")
@click.option("--calls", type=click.IntRange(0), help="Size of every world, instead of the plan's.")
@click.option("--months", type=click.IntRange(1, 30), help="Length of every world; the plan has 12.")
@click.option(
    "--out", default="warehouse/score", show_default=True, metavar="DIR", help="Folder of the results, a file a world."
)
@click.option(
    "--jobs",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Worlds at a time; each takes a core and 1 GB.",
)
@click.option("--quick", is_flag=True, help="Three small worlds, in minutes: to see that it works, not what is true.")
@click.option(
    "--list", "only_list", is_flag=True, help="Show the plan, what of it is done, and how long the rest takes."
)
@click.pass_obj
def score(project, worlds, detectors, out, jobs, quick, only_list, **size):
    """Measure the detectors: how often they cry where nobody games, and how often they find who does.

    A detector without a false-alarm rate is an opinion. This makes worlds whose truth is known: honest ones, honest
    ones that look suspicious, and gamed ones at three intensities. Each is loaded, built as far as the detectors,
    and what these say is written beside the truth; the warehouse is thrown away. Models never see the truth.

    The whole plan takes the better part of an hour on two cores. It may be stopped at any time: a world that is there
    and was made by the same code (models, macros, seeds, simulator) is not made again. --list shows how far it is.

    \b
    Examples
      counterweight score --list
      counterweight score --quick
      counterweight score --detectors D07
      counterweight score --worlds call_cutting,category_hump --seeds 5 --calls 200000
      counterweight score --first-seed 50001 --out warehouse/score_unseen

    \b
    DIR/*.parquet    a row for each world, team, month and detector: what it said, and since when the team games
    DIR/score.json   the measures; docs/detectors.md explains them, and is made from them by
                     python -m counterweight.dev.detectors_page --score DIR/score.json
    """
    from counterweight.dev import score as scoring

    names = [name.strip() for text in worlds for name in text.split(",") if name.strip()]
    wanted = [name.strip() for text in detectors for name in text.split(",") if name.strip()]
    entries = scoring.plan(project.root, scoring.known(project.root, wanted), names, quick=quick, **size)
    if only_list:
        scoring.show_plan(project, entries, out, jobs)
    else:
        scoring.show(scoring.score(project, entries, out, jobs), f"{out}/{scoring.SCORE}")


@main.command(short_help="What a build costs, by size, layer and model.")
@click.option(
    "--interactions",
    default="1,3,10 million",
    show_default=True,
    metavar="LIST",
    help="Sizes of the worlds, parted by commas: '1,3,10 million', '20000', '200 thousand'.",
)
@click.option(
    "--work",
    default="warehouse/bench",
    show_default=True,
    metavar="DIR",
    help="Folder of the worlds, which are kept, and of the results. Ten million take some 60 GB while they are "
    "measured.",
)
@click.option(
    "--memory-limit",
    default="2GB",
    show_default=True,
    metavar="SIZE",
    help="Limit of DuckDB's memory in a second full build of the largest size; the process takes some more. `none`: no "
    "such build.",
)
@click.option(
    "--peers",
    default="duckdb,polars,pandas",
    show_default=True,
    metavar="LIST",
    help="Who makes the same facts beside us; `none` for nobody.",
)
@click.option("--with-audit", is_flag=True, help="Measure audit and publish as well.")
@click.option("--keep", is_flag=True, help="Keep the build files, to look into them.")
@click.option("--page", is_flag=True, help="Write docs/performance.md and its picture from the results, at the end.")
@click.option("--only-page", is_flag=True, help="The same, from the results that are there; nothing is measured.")
@click.pass_obj
def bench(project, interactions, work, memory_limit, peers, with_audit, keep, page, only_page):
    """Measure what a build costs: no test, since time on a shared machine is noise.

    For each size it makes a world of 24 months (contacts, openings and returns are interactions), holds back its last
    day, and measures, each as a process of its own: load, full build, load of the last day, the build that follows it.
    Of each: time, CPU time, peak memory, bytes of the file; of each model the time within DuckDB, apart from dbt's own.

    Beside it the same facts are made without dbt, by one hand-tuned script for DuckDB, by Polars and by pandas, and are
    compared with the build's: a peer that says something else, or needs more memory than there is, is named.

    dbt has one thread here and DuckDB all cores: so the time in DuckDB is exact, and the same as the script's.

    \b
    Examples
      counterweight bench --interactions 20000              two minutes, to see that it works
      counterweight bench --interactions '1 million' --peers duckdb
      counterweight bench --page                            all of it; hours
      counterweight bench --only-page

    DIR/results.json keeps one measurement a size, the last; measure the sizes in one go, or one after the other.
    """
    from counterweight.dev import bench as benching
    from counterweight.dev.bench.page import write
    from counterweight.dev.bench.sizes import parse_sizes

    if not only_page:
        wanted = [peer.strip() for peer in peers.split(",") if peer.strip() not in ("", "none")]
        unknown = [peer for peer in wanted if peer not in benching.PEERS]
        if unknown:
            raise InputError(f"--peers: there is no {unknown[0]}. There are {', '.join(benching.PEERS)}.")
        limit = None if memory_limit == "none" else memory_limit
        benching.bench(project, parse_sizes(interactions), work, limit, wanted, with_audit, keep)
    if page or only_page:
        write(project, work)


@main.command(short_help="What a change of the code does to the numbers.")
@click.option(
    "--base", default="origin/main", show_default=True, metavar="COMMIT",
    help="Commit or branch to compare the working tree with, from where the branch left it.",
)  # fmt: skip
@click.option(
    "--load", "exports", multiple=True, metavar="[SYSTEM.]TABLE=FILE|SYSTEM=FOLDER",
    help="Compare on these exports instead of a world; may be repeated. Named as for `counterweight load`.",
)  # fmt: skip
@click.option(
    "--world", default="honest", show_default=True, metavar="NAME",
    help="World to compare on, made by the base's simulator.",
)  # fmt: skip
@click.option("--tickets", default=1500, show_default=True, type=click.IntRange(0), help="Size of the world.")
@click.option("--calls", default=3000, show_default=True, type=click.IntRange(0), help="Size of the world.")
@click.option("--months", default=6, show_default=True, type=click.IntRange(1, 30), help="Length of the world.")
@click.option("--seed", default=7, show_default=True, help="Another number, another world.")
@variable_options
@click.option("--out", metavar="FILE", help="Write the report there instead of printing it.")
@click.option("--keep", metavar="DIR", help="Keep both build files there, to look at what the report counts.")
@click.option("--fail-on-change", is_flag=True, help="Exit code 5 where anything differs.")
@click.argument("files", nargs=-1, metavar="[BASE.duckdb BRANCH.duckdb]")
@click.pass_obj
def diff(project, files, base, exports, variables, as_of, out, keep, fail_on_change, **world):
    """What a change of the code does to the numbers, as Markdown for a pull request.

    The base and the working tree are built from the same data, in a temporary folder, each by its own code. Every
    table of dimensions, facts and marts is compared by the key that its model declares: rows added, removed and
    changed, in which columns, and columns and types that are others. Each pair of the scorecard whose cells differ is
    shown with headline, reality and reading, before and after. The report counts and names nobody.

    With two files nothing is built: build files, or published ones.

    \b
    Examples
      counterweight diff
      counterweight diff --base HEAD --out target/diff.md       what is not committed yet
      counterweight diff --base v1.0 --world law_firm --fail-on-change
      counterweight diff --load servicenow.incident_event_log=export.csv.gz
      counterweight diff before.duckdb after.duckdb
    """
    from counterweight.dev import diff as comparing

    values = [*(["--vars", variables] if variables else []), *(["--as-of", as_of] if as_of else [])]
    if files and (len(files) != 2 or exports or keep or values):
        raise InputError("Name two files, a base and a branch, without --load, --keep, --vars and --as-of; or none.")
    report, differs = comparing.report(project, base, files, exports, world, values, keep)
    if out:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        Path(out).write_text(report, encoding="utf-8")
    else:
        click.echo(report, nl=False)
    if differs and fail_on_change:
        click.get_current_context().exit(5)


@main.command(name="summary", short_help="Of what we called resolved, how much held?")
@click.pass_obj
def summarise(project):
    """Of what we called resolved, how much held? From the published build."""
    from counterweight import summary

    summary.show(project)


if __name__ == "__main__":
    main()
