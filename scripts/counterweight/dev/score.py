"""`counterweight score`: what the detectors find and what they miss, in worlds whose truth is known.

Each world is simulated, loaded, and built as far as `detector_statuses`; what the detectors say of each team is written
beside the truth into one small file, and the warehouse is thrown away. A file that is there and of the same code is not
made again, so that a run may be stopped at any time. What the files say is in score_measures.py.
"""

import concurrent.futures
import contextlib
import dataclasses
import fcntl
import hashlib
import io
import multiprocessing
import os
import resource
import shutil
import signal
import threading
import time
from pathlib import Path

import click
import duckdb
import yaml

from counterweight.dev import score_measures
from counterweight.errors import BusyError, CounterweightError, InputError, near_matches
from counterweight.project import Project, pretty_path
from counterweight.worlds import settings
from counterweight.worlds.behaviours import BEHAVIOURS, VOICE

INTENSITIES = (0.25, 0.5, 0.1)
# A notch is emptied by nearly everybody or not at all; none: this one is left out.
STRENGTHS = {"emptied_notch": {0.25: 0.95, 0.1: None}}
MONTHS = 12
# Tickets and calls, by what a world is about: many of what its detectors look at, so that n is large in little time.
CALLS, TICKETS, BOTH = (1_000, 80_000), (40_000, 8_000), (40_000, 40_000)
# Honest desks of many sizes: a test that is right at n = 100 may be wrong at n = 20,000.
HONEST = (
    (4_000, 8_000), (10_000, 20_000), (20_000, 40_000), (40_000, 40_000), (40_000, 80_000), (80_000, 8_000),
    (2_000, 160_000), (20_000, 20_000),
)  # fmt: skip
# Nobody games in these either, but their tools, firms or exports are others.
OTHER_HONEST = ("auto_close_1", "auto_close_28", "closed_can_reopen", "law_firm", "dealership", "stopped_feed", "dirty")
# A small desk and two that game, for a look and for tests.
QUICK = (("honest", None), ("call_cutting", 0.5), ("status_parking", 0.5))
QUICK_SIZE = {"tickets": 2_500, "calls": 5_000, "months": 4}
# Raw tables that no detector reads, unless the catalogue says so: to load them takes time and changes nothing.
SELDOM_READ = (
    "access_events", "agent_states", "bot_sessions", "business_claims", "business_measures", "business_outcomes",
    "costs", "qa_reviews", "shifts", "team_absences", "team_pulses",
)  # fmt: skip
# Seconds of one core: a world without contacts, a ticket, a call. Measured; what was done corrects them.
SECONDS, SECONDS_A_TICKET, SECONDS_A_CALL = 19.0, 0.9e-3, 0.35e-3
# What decides a result besides the arguments of its world.
CODE = (
    "dbt_project.yml", "macros/**/*.sql", "seeds/**/*", "models/staging/**/*", "models/intermediate/**/*.sql",
    "models/dimensions/**/*.sql", "models/facts/**/*.sql", "models/marts/detectors/**/*.sql",
    "scripts/counterweight/worlds/**/*", "scripts/counterweight/load/**/*.py",
)  # fmt: skip
SCORE = "score.json"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One world of a plan."""

    world: str
    intensity: float | None
    tickets: int
    calls: int
    months: int
    seed: int

    @property
    def name(self):
        """Of its file: what it is, so that a plan that asks for the same finds it."""
        intensity = "" if self.intensity is None else f"-{self.intensity:g}"
        world = Path(self.world).stem
        return f"{world}{intensity}-{self.tickets}t{self.calls}c{self.months}m-{self.seed}"

    @property
    def seconds(self):
        """About how long one core takes."""
        return SECONDS + SECONDS_A_TICKET * self.tickets + SECONDS_A_CALL * self.calls

    @property
    def kind(self):
        """honest, trap (a lookalike), suspicious (many), gamed (one behaviour), or mixed (many)."""
        habits = settings.find(self.world).habits
        gaming = [habit for habit in habits if BEHAVIOURS[habit.behaviour].is_gaming]
        if gaming:
            return "gamed" if len(habits) == 1 else "mixed"
        return "honest" if not habits else "trap" if len(habits) == 1 else "suspicious"

    @property
    def strength(self):
        """The intensity with which its behaviour acts; none where there is not one behaviour."""
        if self.intensity is not None:
            return self.intensity
        habits = settings.find(self.world).habits
        return habits[0].intensity if len(habits) == 1 else None


# ---- the plan


def plan(
    root, detectors=(), worlds=(), seeds=None, first_seed=1001, tickets=None, calls=None, months=None, quick=False
):
    """The worlds to make, those that tell most first.

    worlds  names of worlds, or one YAML file with a list of entries; empty: the plan of every detector that is computed
    seeds   how many of each world, in place of the plan's own number
    The seed of a world follows from its place in the whole plan, so that a part of a plan finds what was done for all.
    """
    size = {"tickets": tickets, "calls": calls, "months": months}
    size = {name: value for name, value in size.items() if value is not None}
    if quick:
        chosen = [Entry(world, intensity, **(QUICK_SIZE | size), seed=0) for world, intensity in QUICK]
        chosen = [entry for entry in chosen if not worlds or entry.world in worlds]
        repeats = [(entry, seeds or 1) for entry in chosen]
    elif len(worlds) == 1 and worlds[0].endswith((".yml", ".yaml")) and _is_plan(Path(worlds[0])):
        repeats = [(dataclasses.replace(e, **size), seeds or many) for e, many in _read_plan(Path(worlds[0]), seeds)]
    else:
        repeats = _only(_whole_plan(root, detectors), worlds, seeds)
        repeats = [(entry and dataclasses.replace(entry, **size), seeds or many) for entry, many in repeats]
    entries = []
    for repeat in range(max((many for _, many in repeats), default=0)):
        for place, (entry, many) in enumerate(repeats):
            if entry is None or repeat >= many:
                continue
            seed = entry.seed or first_seed + place + 1000 * repeat
            smaller = {} if repeat % 2 == 0 or entry.kind not in ("gamed", "trap") or size else _halved(entry)
            entries.append(dataclasses.replace(entry, seed=seed, **smaller))
    return entries


def _halved(entry):
    """The second world of a behaviour is half as large: power at another number of cases, in less time."""
    return {"tickets": entry.tickets // 2, "calls": entry.calls // 2}


def _whole_plan(root, detectors):
    """[(entry, how many)]; with detectors, theirs and the honest ones. None keeps the places of the others."""
    found = []

    def add(world, intensity, size, many, wanted=True):
        entry = Entry(world, intensity, *size, months=MONTHS, seed=0)
        found.append((entry if wanted else None, many))

    computed = _computed(root)
    gamed = {world for detector in computed for world in score_measures.worlds_of(detector)}
    traps = {world for detector in computed for world in score_measures.traps_of(detector)}
    wanted_gamed = {world for it in detectors or computed for world in score_measures.worlds_of(it)}
    wanted_traps = {world for it in detectors or computed for world in score_measures.traps_of(it)}
    named = [world.name for world in settings.every()]
    for intensity in INTENSITIES:
        for world in (name for name in named if name in gamed):
            strength = STRENGTHS.get(world, {}).get(intensity, intensity)
            add(world, strength, _size(world), _how_many(world, intensity), world in wanted_gamed and strength)
    for size in HONEST:
        add("honest", None, size, 1)
    for world in (name for name in named if name in traps):
        add(world, None, _size(world), 2, world in wanted_traps)
    add("honest_but_suspicious", None, BOTH, 3)
    add("mixed", None, BOTH, 3)
    for world in OTHER_HONEST:
        add(world, None, (20_000, 20_000), 1, not detectors)
    return found


def _how_many(world, intensity):
    """One of the weak; else two, and three where few teams could: of those that telephone two game in a world."""
    if intensity == min(INTENSITIES):
        return 1
    return 3 if world in BEHAVIOURS and _size(world) == CALLS else 2


def _size(world):
    """Calls for what happens on the telephone, tickets for the rest; of what all teams have, its detector decides."""
    behaviour = settings.find(world).habits[0].behaviour
    spoken = {name for name, it in BEHAVIOURS.items() if it.kinds == VOICE}
    detectors = {BEHAVIOURS[name].detector for name in spoken}
    return CALLS if BEHAVIOURS[behaviour].detector in detectors else TICKETS


def _only(repeats, worlds, seeds):
    """Those worlds alone; one that no plan has is made twice, with the intensity of its own."""
    if not worlds:
        return repeats
    for world in worlds:
        settings.find(world)
    found = [(entry if entry and entry.world in worlds else None, many) for entry, many in repeats]
    planned = {entry.world for entry, _ in found if entry}
    for world in worlds:
        if world not in planned:
            found.append((Entry(world, None, *BOTH, months=MONTHS, seed=0), seeds or 2))
    return found


def _is_plan(path):
    """Whether the file is a list of entries; else it is a world of one's own."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file. --worlds takes names of worlds, or a YAML file.")
    try:
        return isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), list)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no YAML: {error}") from None


def _read_plan(path, seeds):
    known = {"world", "intensity", "tickets", "calls", "months", "seed", "seeds"}
    found = []
    for number, values in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")), 1):
        where = f"{path}, entry {number}"
        if isinstance(values, str):
            values = {"world": values}
        if not isinstance(values, dict) or "world" not in values:
            raise InputError(f"{where}: a world is wanted, such as {{world: call_cutting, intensity: 0.25}}.")
        for key in values:
            if key not in known:
                raise InputError(f"{where}: there is no setting '{key}'.{near_matches(str(key), known)}")
        numbers = {key: value for key, value in values.items() if key != "world"}
        for key, value in numbers.items():
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
            if not (whole or (key == "intensity" and isinstance(value, float) and 0 <= value <= 1)):
                raise InputError(f"{where}: {key} wants a number, not {value!r}.")
        world = settings.find(str(values["world"]))
        habits = world.habits
        size = dict(zip(("tickets", "calls"), _size(values["world"]) if len(habits) == 1 else BOTH, strict=True))
        of_size = {name: numbers.get(name, size.get(name, MONTHS)) for name in ("tickets", "calls", "months")}
        entry = Entry(values["world"], numbers.get("intensity"), **of_size, seed=numbers.get("seed", 0))
        found.append((entry, 1 if entry.seed else numbers.get("seeds", 1)))
    return found


def _catalogue(root):
    """The rows of seeds/detectors.csv."""
    with duckdb.connect() as connection:
        rows = connection.execute("from read_csv(?, all_varchar = true)", [str(root / "seeds" / "detectors.csv")])
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _computed(root):
    return [row["detector"] for row in _catalogue(root) if row["is_computed"] == "true"]


def known(root, detectors):
    """These detectors; InputError where one is not computed."""
    computed = {name.lower(): name for name in _computed(root)}
    for name in detectors:
        if name.lower() not in computed:
            close = near_matches(name, computed.values())
            raise InputError(f"There is no computed detector '{name}'.{close} Known: {', '.join(computed.values())}.")
    return [computed[name.lower()] for name in detectors]


# ---- one world


def fingerprint(project):
    """Of the code that decides a result, the detectors that are built included."""
    digest = hashlib.sha256()
    files = {path for pattern in CODE for path in project.root.glob(pattern) if path.is_file()}
    for path in sorted(path for path in files if "__pycache__" not in path.parts):
        digest.update(str(path.relative_to(project.root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def make(root, folder, out, entry, code):
    """Simulate, load and build one world in `folder`, and write `out`/<name>.parquet. Returns what to say of it."""
    from counterweight.build import run_dbt
    from counterweight.load import load
    from counterweight.worlds import simulate

    started = _spent()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # dbt keeps what it parsed for warehouses of one name
    project = Project(root=root, warehouse=folder / "world.duckdb", published=folder / "published")
    world = folder / "world"
    simulate(
        world, entry.world, tickets=entry.tickets, calls=entry.calls, months=entry.months, seed=entry.seed,
        intensity=entry.intensity,
    )  # fmt: skip
    read = {name for row in _catalogue(root) if row["is_computed"] == "true" for name in _tables(row["inputs"])}
    tables = [file for file in sorted((world / "raw").glob("*.parquet")) if file.stem not in set(SELDOM_READ) - read]
    load(project, None, [f"canonical.{file.stem}={file}" for file in tables])
    # other systems have no rows here: without their models it is quicker
    values = {"source_systems": {"canonical": project.variables["source_systems"]["canonical"]}}
    selection = ["--select", "+detector_statuses", "--exclude-resource-type", "test"]
    results = run_dbt(project, ["build", *selection, "--exclude-resource-type", "unit_test"], values)
    failed = [f"{result.node.name}: {result.message}" for result in results if result.status in ("error", "fail")]
    if failed:
        raise CounterweightError("the build failed in " + "\n".join(failed))
    said = write(project.warehouse, world / "truth", out, entry, code, _spent() - started)
    shutil.rmtree(folder, ignore_errors=True)
    return said


def _tables(inputs):
    return {name.split(".")[0] for name in (inputs or "").split(";")}


def _spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def write(warehouse, truth, out, entry, code, seconds=0.0, statuses="built.intermediate.detector_statuses"):
    """Statuses of one world beside its truth, in one file; one that is only half written is nobody's."""
    facts = {
        "run": entry.name, "world": Path(entry.world).stem, "kind": entry.kind, "intensity": entry.strength,
        "tickets": entry.tickets, "calls": entry.calls, "months": entry.months, "seed": entry.seed, "code": code,
        "seconds": round(seconds, 1),
    }  # fmt: skip
    with duckdb.connect() as connection:
        if warehouse is not None:
            connection.execute(f"attach '{warehouse}' as built (read_only)")
        connection.execute(f"create temp view behaviours as from '{truth}/behaviours.parquet' where is_gaming")
        connection.execute(f"create temp view acts as from '{truth}/acts.parquet' where is_gaming")
        # who moves takes the habit along
        agents = truth.parent / "raw" / "agents.parquet"
        homes = (
            f"select agent_id, team_id, valid_from, valid_to from '{agents}'"
            if agents.is_file()
            else "select distinct agent_id, team_id, timestamp '-infinity' as valid_from, null as valid_to "
            "from behaviours"
        )
        connection.execute(
            f"""
            create temp view acts_of_teams as
            select homes.team_id as unit, acts.behaviour, acts."at"
            from acts inner join ({homes}) as homes
                on acts.agent_id = homes.agent_id and acts."at" >= homes.valid_from
                and (homes.valid_to is null or acts."at" < homes.valid_to)
            """
        )
        connection.execute(f"create temp table found as {score_measures.RESULT}")
        connection.execute(
            f"""
            insert into found by name
            with given as (
                select {", ".join(f"$value_{name} as {name}" for name in facts)}
            ),
            teams as (
                select unit, string_agg(distinct behaviour, ', ' order by behaviour) as behaviours,
                    min(since) as gamed_since
                from (
                    select team_id as unit, behaviour, since from behaviours
                    union all
                    select unit, behaviour, "at" from acts_of_teams
                )
                group by unit
            ),
            done as (
                select unit, date_trunc('month', "at")::date as month, count(*) as acts from acts_of_teams group by all
            ),
            counted as (
                select unit, 'month' as period_type, month as period_start, acts from done
                union all
                select unit, 'to_date', null, sum(acts)::bigint from done group by unit
            )
            select
                given.*, statuses.detector, statuses.unit, statuses.period_type, statuses.period_start, statuses.status,
                statuses.not_evaluable_reason as reason, statuses.agent_count, statuses.case_count,
                statuses.marked_count, statuses.expected_count, statuses.effect, statuses.z, statuses.noise,
                statuses.p, statuses.q, teams.behaviours, teams.gamed_since, coalesce(counted.acts, 0) as acts
            from {statuses} as statuses
            cross join given
            left join teams using (unit)
            left join counted on statuses.unit = counted.unit and statuses.period_type = counted.period_type
                and statuses.period_start is not distinct from counted.period_start
            """,
            {f"value_{name}": value for name, value in facts.items()},
        )
        connection.execute("create temp view ordered as from found order by detector, unit, period_type, period_start")
        out.mkdir(parents=True, exist_ok=True)
        half = out / f".{entry.name}.half"
        connection.execute(f"copy ordered to '{half}' (format parquet, compression zstd)")
        right, wrong = connection.execute(
            """
            select count(*) filter (is_gamed), count(*) filter (not is_gamed) from (
                select coalesce(period_type = 'to_date' or period_start + interval 1 month > gamed_since, false)
                    and gamed_since is not null as is_gamed
                from found where status = 'signal'
            )
            """
        ).fetchone()
    os.replace(half, out / f"{entry.name}.parquet")
    return f"{right} signals in gamed teams, {wrong} in others"


# ---- many worlds


def done(out, entries, code):
    """{name: seconds} of the entries that are there, whole and of this code."""
    found = {}
    for entry in entries:
        file = out / f"{entry.name}.parquet"
        if file.exists():
            with contextlib.suppress(duckdb.Error), duckdb.connect() as connection:
                row = connection.execute(f"select code, seconds from '{file}' limit 1").fetchone()
                if row and row[0] == code:
                    found[entry.name] = row[1]
    return found


def score(project, entries, out, jobs=2):
    """Make what is missing, and measure all. Returns the measures; writes them to `out`/score.json as well."""
    project.check_target()
    code = fingerprint(project)
    out = Path(out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        work = out / ".work"
        shutil.rmtree(work, ignore_errors=True)
        there = done(out, entries, code)
        missing = [entry for entry in entries if entry.name not in there]
        click.echo(f"score  {len(entries)} worlds, {len(there)} of them done; {_time_left(entries, there, jobs)}")
        failed = {}
        started = time.monotonic()
        try:
            for entry, said, error in _made(project.root, work, out, missing, code, jobs):
                if error:
                    failed[entry.name] = error
                    click.echo(f"score  {entry.name}: failed: {error.splitlines()[0]}", err=True)
                    continue
                there = done(out, entries, code)
                click.echo(
                    f"score  {len(there)}/{len(entries)} {entry.name}: {there[entry.name]:.0f} s, {said}; "
                    f"{_time_left(entries, there, jobs, len(failed))}"
                )
        except KeyboardInterrupt:
            there = done(out, entries, code)
            click.echo(
                f"score  stopped at {len(there)} of {len(entries)}; the same command goes on from here", err=True
            )
            raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
        if missing:
            click.echo(f"score  worlds made in {(time.monotonic() - started) / 60:.0f} min")
    if failed:
        details = "\n".join(f"  {name}: {error}" for name, error in failed.items())
        raise CounterweightError(
            f"{len(failed)} of {len(entries)} worlds failed; the others are done and stay:\n{details}\n"
            "Mend what is named and run the same command again."
        )
    found = results(out, entries)
    score_measures.write(found, out / SCORE)
    return found


def results(out, entries):
    """The measures of these entries' files."""
    with contextlib.closing(score_measures.read(out / f"{entry.name}.parquet" for entry in entries)) as connection:
        return score_measures.measure(connection)


def _time_left(entries, there, jobs, failed=0):
    """About, by what the worlds so far took."""
    expected = sum(entry.seconds for entry in entries if entry.name in there)
    factor = sum(there.values()) / expected if expected and sum(there.values()) else 1.0
    left = factor * sum(entry.seconds for entry in entries if entry.name not in there)
    if len(there) + failed >= len(entries):
        return "nothing left"
    return f"about {max(1, round(left / jobs / 60))} min left"


@contextlib.contextmanager
def _alone(out):
    with (out / ".lock").open("a+") as holder:
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"Another score is at work in {out}. Wait until it ends, or name another --out.") from None
        yield


def _made(root, work, out, entries, code, jobs):
    """Yields (entry, what to say, error) as worlds are done. One job works in this process, more in others."""
    if jobs == 1 or len(entries) < 2:
        for entry in entries:
            yield entry, *_attempt(root, work, out, entry, code)
        return
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    pool = concurrent.futures.ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_end_with, initargs=(os.getpid(),)
    )
    try:
        waiting = {pool.submit(_attempt, root, work, out, entry, code): entry for entry in entries}
        for future in concurrent.futures.as_completed(waiting):
            yield waiting[future], *future.result()
    except concurrent.futures.process.BrokenProcessPool:
        raise CounterweightError(
            "A process that made a world was ended from outside, perhaps for want of memory. What is done stays; "
            "the same command goes on, with fewer --jobs if need be."
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()


def _end_with(parent):
    """End this process when the one that started it has ended, however it ended. Ctrl-C is that one's to deal with."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _silence():
    """Nothing is printed: neither by Python nor by DuckDB, which draws its bars past it."""
    kept = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        try:
            os.dup2(nowhere.fileno(), 1)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def _attempt(root, work, out, entry, code):
    """(what to say, error), the one or the other."""
    folder = work / str(os.getpid())
    settings_then = {name: os.environ.get(name) for name in ("COUNTERWEIGHT_THREADS", "DBT_TARGET_PATH")}
    os.environ.update(COUNTERWEIGHT_THREADS="1", DBT_TARGET_PATH=str(work / f"{os.getpid()}-target"))
    try:
        with _silence():
            return make(root, folder, out, entry, code), None
    except CounterweightError as error:
        return None, error.message
    # one world that fails, however, must not take the others with it
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"
    finally:
        for name, value in settings_then.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# ---- what is printed


def show_plan(project, entries, out, jobs):
    """The worlds of a plan, which of them are done, and how long the others will take."""
    there = done(Path(out).absolute(), entries, fingerprint(project))
    for entry in entries:
        strength = "" if entry.strength is None else f"{entry.strength:g}"
        click.echo(
            f"{entry.world:24}{entry.kind:12}{strength:>5}{entry.tickets:>9,} tickets{entry.calls:>9,} calls"
            f"{entry.months:>4} months  seed {entry.seed:<6}{'done' if entry.name in there else ''}"
        )
    click.echo(f"{len(entries)} worlds, {len(there)} done; {_time_left(entries, there, jobs)} with {jobs} jobs")


def show(found, path):
    """The measures in short."""
    false = {row["detector"]: row for row in found["false_signals"]}
    right = {row["detector"]: row for row in found["right_team"]}
    click.echo("\nFound, of the gamed teams that could be evaluated, and false signals where nobody games")
    heads = (f"{'team and month':>18}", f"{'team to date':>18}", f"{'false a year':>14}", f"{'right team':>12}")
    click.echo(f"{'':6}{'world':24}{'intensity':>9}  " + "".join(heads))
    seen = set()
    for row in found["reached"]:
        key = (row["detector"], row["world"], row["intensity"])
        if key in seen:
            continue
        seen.add(key)
        by_period = {
            other["period_type"]: other
            for other in found["reached"]
            if (other["detector"], other["world"], other["intensity"]) == key
        }
        cells = "".join(_found_of(by_period.get(period)) for period in ("month", "to_date"))
        name = row["detector"]
        rate = f"{false[name]['a_year']:.2f}" if name in false else ""
        team = f"{right[name]['share']:.0%}" if name in right and right[name]["share"] is not None else ""
        click.echo(f"{name:6}{row['world']:24}{row['intensity']:>9g}  {cells}{rate:>14}{team:>12}")
    click.echo("\nThe bar")
    for line in found["bar"]:
        mark = {True: "met", False: "NOT MET", None: "not measured"}[line["is_met"]]
        click.echo(f"  {mark:13} {line['wanted']}: {line['measured']}")
    click.echo(f"\nscore  all measures: {pretty_path(path)}")


def _found_of(row):
    if row is None or not row["evaluable"]:
        return f"{'-':>18}"
    return f"{row['signals']:>5} of {row['evaluable']:>4} {row['share']:>5.0%} "
