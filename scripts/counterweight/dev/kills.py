"""`python -m counterweight.dev.kills`: a run is killed at random moments, again and again. What do readers have then?

A small desk is loaded, built, audited and published: build A. Then a second delivery comes, and the run that takes it
in is killed. What readers open must be build A, byte by byte, or the new one, whole; and the next run, left in peace,
must publish what a run that nobody disturbed publishes.
"""

import contextlib
import dataclasses
import hashlib
import json
import mmap
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import click
import duckdb

from counterweight.errors import CounterweightError
from counterweight.project import PUBLISHED_VARIABLE, WAREHOUSE_VARIABLE, Project
from counterweight.published import literal, quoted

STEPS = ("load", "build", "audit", "publish", "report")
# Of a hundred kills of a step. Where little time passes, much changes on the disk.
SHARES = {"load": 36, "build": 8, "audit": 8, "publish": 36, "report": 12}
# Kills of the program itself, which reads the project anew each time, come in chains: killed, killed, killed, left in
# peace. The others are of a process that has read it already, from a state just before a step.
CHAIN = 3
# A state is finished by a run that is left in peace after so many kills.
FINISHED_EVERY = 48
# Where a publish touches what readers could see: the kill falls before the call, and after it.
TOUCHES = (
    ("pathlib.Path", "mkdir"), ("shutil", "copytree"), ("counterweight.publish", "_copy"),
    ("counterweight.publish", "_write_manifest"), ("counterweight.publish", "_flush_tree"), ("os", "replace"),
    ("counterweight.publish", "flush"), ("pathlib.Path", "symlink_to"), ("counterweight.publish", "_swap"),
)  # fmt: skip
ERROR = "error: "
# What no two runs have in common: when and as which build it was made.
OF_THE_RUN = ("loaded_at", "last_loaded_at", "build_id", "build_number")
# Of the measure `loaded` the time of the last load.
LOAD_TIMES = ('"marts"."data_health"', "value_at")
# What was published before, which is more where a killed run had published already.
OF_THE_PAST = (
    '"audit"."builds"', '"audit"."build_history"', '"marts"."published_changes"', '"marts"."data_health_over_time"',
)  # fmt: skip


@dataclasses.dataclass
class Tally:
    """What became of the kills that fell into one step."""

    kills: int = 0
    survived: int = 0
    finished: int = 0
    equal: int = 0
    served_new: int = 0


class World:
    """A project of its own with a delivery that is published and one that is not, and its states before each step."""

    def __init__(self, root, folder, deliveries):
        """root: of the project whose code is run. deliveries: two lists of files as `counterweight load` takes them,
        A's and then the new one's."""
        self.folder = Path(folder)
        self.state = self.folder / "state"
        self.project = Project(root, self.state / "counterweight.duckdb", self.state / "published")
        self.deliveries = deliveries
        # how long each step takes, what readers have before and after, what lies in raw before and after
        self.seconds, self.published_a, self.reference, self.loads = {}, None, None, set()

    def prepare(self, say=lambda text: None):
        """Publish A, keep it, then run on undisturbed, keeping the state before each step. The last is the measure.
        What was prepared in that folder before is taken as it is."""
        from counterweight.build import run_dbt

        # read once, for all processes that are forked here. No step runs in this one: threads are not forked
        with _into(self.folder / "prepare.log"):
            run_dbt(self.project, ["parse"], {})
        measured = self.folder / "seconds.json"
        if not measured.exists():
            self.state.mkdir(parents=True)
            say("build A")
            self._undisturbed(STEPS[0], STEPS[-1], delivery=0)
            for step in STEPS:
                self.keep(step)
                started = time.monotonic()
                self._undisturbed(step, step, delivery=1)
                self.seconds[step] = time.monotonic() - started
                say(f"undisturbed {step}: {self.seconds[step]:.1f} s")
            self.keep("done")
            measured.write_text(json.dumps(self.seconds))
        self.seconds = json.loads(measured.read_text())
        self.published_a = served(self.of("load"))
        self.reference = served(self.of("done"))
        self.loads = {loads(self.of(step).warehouse) for step in ("load", "done")}

    def _undisturbed(self, first, until, delivery):
        pid, _ = self.fork(first, until, delivery=delivery)
        if os.waitpid(pid, 0)[1] != 0:
            raise CounterweightError(f"{first} failed undisturbed; {self.folder / 'run.log'} says why.")

    def steps(self, delivery):
        """What `counterweight run` does, in its order."""
        from counterweight import audit, build, load, publish, report

        return {
            "load": lambda: load.load(self.project, None, self.deliveries[delivery]),
            "build": lambda: build.build(self.project, {}),
            "audit": lambda: audit.audit(self.project),
            "publish": lambda: publish.publish(self.project),
            "report": lambda: report.report(self.project),
        }

    def fork(self, first, until=None, break_at=None, delivery=1):
        """A process that does the steps from `first` on. Returns its number, and what tells in which step it is."""
        told = mmap.mmap(-1, 1)
        pid = os.fork()
        if pid:
            return pid, told
        code = 1
        try:
            with _into(self.folder / "run.log"):
                code = self._go_on(first, until, break_at, told, delivery)
        finally:
            os._exit(code)

    def _go_on(self, first, until, break_at, told, delivery):
        from counterweight.recovery import explain

        try:
            with self.project.lock():
                if break_at:
                    break_at()
                for number, step in enumerate(STEPS):
                    if number >= STEPS.index(first) and (until is None or number <= STEPS.index(until)):
                        told[0] = number
                        self.steps(delivery)[step]()
        except Exception as error:
            traceback.print_exc()
            click.echo(f"{ERROR}{explain(self.project, error)}")
            return getattr(explain(self.project, error), "exit_code", 70)
        return 0

    def program(self, files=None):
        """The program itself, in a process of its own."""
        environment = os.environ | {
            WAREHOUSE_VARIABLE: str(self.project.warehouse),
            PUBLISHED_VARIABLE: str(self.project.published),
        }
        with (self.folder / "run.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "-c", "from counterweight.cli import main; main()",
                 "--project-dir", str(self.project.root), "run", *(files or self.deliveries[1])],
                stdout=log, stderr=subprocess.STDOUT, env=environment,
            )  # fmt: skip

    def restore(self, step):
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(self.folder / "states" / step, self.state, symlinks=True, copy_function=_same)

    def of(self, step):
        """The project as it was kept before a step."""
        folder = self.folder / "states" / step
        return Project(self.project.root, folder / "counterweight.duckdb", folder / "published")

    def keep(self, step):
        shutil.copytree(self.state, self.folder / "states" / step, symlinks=True)

    def error(self):
        """What the last run said in the end."""
        lines = (self.folder / "run.log").read_text(encoding="utf-8").splitlines()
        return next((line.removeprefix(ERROR) for line in reversed(lines) if line.startswith(ERROR)), "")

    def wrong(self):
        """What a reader, or the next run, would have to complain of now. Nothing, if the kill was survived."""
        try:
            found = served(self.project)
        except (OSError, ValueError, KeyError, duckdb.Error) as error:
            return [f"what is published cannot be read: {error}"]
        complaints = [f"published: {complaint}" for complaint in found["wrong"]]
        if found["sha256"] != self.published_a["sha256"]:
            try:
                complaints += [f"the new build differs in {name}" for name in differences(found, self.reference)]
            except duckdb.Error as error:
                complaints.append(f"what is published cannot be read: {error}")
            if found["build_id"] not in audited(self.project.warehouse):
                complaints.append(f"published build {found['build_id']} is none that was audited")
        elif found["build_id"] != self.published_a["build_id"]:
            complaints.append(f"published build {found['build_id']} is none that is known")
        from counterweight.recovery import damage

        if damage(self.project, duckdb.IOException("it was killed")):
            complaints.append("the build file is damaged")
        elif loads(self.project.warehouse) not in self.loads:
            complaints.append("the delivery is loaded in part")
        return complaints

    def shows_new(self):
        return served(self.project)["build_id"] != self.published_a["build_id"]

    def finish(self):
        """Let the next run do all that is left to do. Returns in what its outcome differs from the measure."""
        pid, _ = self.fork("load")
        if os.waitpid(pid, 0)[1] != 0:
            return [f"the next run failed; {self.folder / 'run.log'} says why"]
        return self.compare()

    def compare(self):
        found = served(self.project)
        left = [path.name for path in self.project.published.glob(".draft*")]
        left += [path.name for path in self.state.glob("counterweight.scratch")]
        return found["wrong"] + differences(found, self.reference) + [f"left over: {name}" for name in left]


def _same(file, copy):
    """What is written anew and never written into may be one file in all states."""
    (shutil.copy2 if ".duckdb" in Path(file).name and "published" not in Path(file).parts else os.link)(file, copy)


def served(project):
    """What readers see: which build, the file, and what is wrong with it by its own manifest."""
    folder = project.current.resolve()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    file = folder / manifest["file"]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    wrong = [] if digest == manifest["sha256"] else ["the file is not that of its manifest"]
    with contextlib.closing(duckdb.connect(str(file), read_only=True)) as connection:
        for table in manifest["tables"]:
            relation = f"{quoted(table['schema'])}.{quoted(table['table'])}"
            count = connection.execute(f"select count(*) from {relation}").fetchone()[0]
            if count != table["rows"]:
                wrong.append(f"{relation} has {count:,} rows and not {table['rows']:,}")
    if not manifest["tables"] or not sum(table["rows"] for table in manifest["tables"]):
        wrong.append("it is empty")
    return {"build_id": manifest["build_id"], "sha256": digest, "file": file, "wrong": wrong}


def differences(found, reference):
    """The tables in which two published files differ, value by value; what no two runs have in common is left out."""
    with contextlib.closing(duckdb.connect()) as connection:
        for name, side in (("one", found), ("other", reference)):
            connection.execute(f"attach {literal(side['file'])} as {name} (read_only)")
        columns = {
            name: _columns(connection, name)
            for name in ("one", "other")
        }  # fmt: skip
        if columns["one"].keys() != columns["other"].keys():
            return [f"its tables: {', '.join(sorted(columns['one'].keys() ^ columns['other'].keys()))}"]
        wrong = []
        for relation, names in columns["one"].items():
            if relation in OF_THE_PAST:
                continue
            if names != columns["other"][relation]:
                wrong.append(f"{relation}, its columns")
                continue
            rows = ", ".join(
                quoted(name) for name in names if name not in OF_THE_RUN and (relation, name) != LOAD_TIMES
            )
            one, other = (f"select {rows} from {name}.{relation}" for name in ("one", "other"))
            count = connection.execute(
                f"select (select count(*) from ({one} except all {other}) as a)"
                f" + (select count(*) from ({other} except all {one}) as b)"
            ).fetchone()[0]
            if count:
                wrong.append(f"{relation}: {count:,} rows")
    return wrong


def _columns(connection, database):
    columns = {}
    for schema, table, column in connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where database_name = ? and not internal order by schema_name, table_name, column_index", [database]
    ).fetchall():  # fmt: skip
        columns.setdefault(f"{quoted(schema)}.{quoted(table)}", []).append(column)
    return columns


def loads(file):
    """What lies in raw, by its books and by its rows: equal for equal loads, whenever they were."""
    with contextlib.closing(duckdb.connect(str(file), read_only=True)) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw' and not starts_with(table_name, '_') "
            "order by all"
        ).fetchall()
        counts = [
            (table, connection.execute(f"select count(*) from raw.{quoted(table)}").fetchone()[0])
            for (table,) in tables
        ]
        books = connection.execute("select content_sha256, row_count from raw._loads order by all").fetchall()
    return hashlib.sha256(json.dumps([books, [count for count in counts if count[1]]]).encode()).hexdigest()


def audited(file):
    """The builds that passed their audit. What a plain rebuild makes stale was one of them once."""
    with contextlib.closing(duckdb.connect(str(file), read_only=True)) as connection:
        found = connection.execute("select build_id from audit.builds where status in ('audited', 'stale')").fetchall()
    return {build_id for (build_id,) in found}


@contextlib.contextmanager
def _into(log):
    """What is printed goes into the file."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with Path(log).open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, handle in enumerate(kept, start=1):
                os.dup2(handle, number)
                os.close(handle)


def kill_after(pid, seconds):
    """Kill the process at that moment. Returns whether it was still there."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return False
        time.sleep(min(left, 0.02))
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def breaker(name, function, number, after):
    """What makes a process kill itself at its call `number` of a function: before the call, or when it is done."""
    import importlib

    def break_at():
        module, _, attribute = name.rpartition(".")
        owner = importlib.import_module(name) if name.islower() else getattr(importlib.import_module(module), attribute)
        original = getattr(owner, function)
        calls = []

        def wrapped(*arguments, **options):
            calls.append(1)
            if len(calls) < number:
                return original(*arguments, **options)
            if after:
                original(*arguments, **options)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(owner, function, wrapped)

    return break_at


def trouble(world, complain, say=lambda text: None):
    """What else keeps a run from its end. Returns what was tried -> Tally."""
    tallies = {"a full disk": Tally(), "a failed audit": Tally(), "a damaged build file": Tally()}
    if not fill_disk(world, tallies["a full disk"], complain, say):
        say("a full disk: only root can make a small one; left out")
    fail_audit(world, tallies["a failed audit"], complain, say)
    for damaged in ("its header", "a built table", "a raw table"):
        damage_file(world, damaged, tallies["a damaged build file"], complain, say)
    return tallies


def fail_audit(world, tally, complain, say):
    """Rows that are no claims', figures that nobody counted and keys that are nobody's, in what was built: readers must
    not get them, and the next run must trust none of them."""
    world.restore("audit")
    with contextlib.closing(world.project.connect()) as connection:
        connection.execute("insert into facts.fct_claims select * from facts.fct_claims limit 5")
        connection.execute("update marts.resolution_quality set claim_count = claim_count + 1")
        connection.execute("update intermediate.int_tickets set customer_key = 'somebody else'")
    pid, _ = world.fork("audit")
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    say(f"a failed audit: exit code {code}: {world.error()}")
    if code != 3:
        complain(f"a failed audit: exit code {code}")
    judge(world, tally, complain, "a failed audit")
    finish(world, tally, complain, "a failed audit")


def damage_file(world, damaged, tally, complain, say):
    """Overwrite a block of the build file. Where what was loaded is lost with it, the next run must ask for the files
    of both deliveries, and with them be right; else what can be read is enough."""
    world.restore("publish")
    file = world.project.warehouse
    table = "raw.canonical__tickets" if damaged == "a raw table" else "intermediate.int_tickets"
    with contextlib.closing(world.project.connect(read_only=True)) as connection:
        (block,) = connection.execute(
            f"select max(block_id) from pragma_storage_info('{table}') where block_id >= 0"
        ).fetchone()
    with file.open("r+b") as handle:
        handle.seek(0 if damaged == "its header" else 3 * 4096 + block * 262_144)
        handle.write(b"\xa5" * 4096)
    where = f"damage to {damaged}"
    tally.kills += 1
    if damaged != "a built table":
        code = world.program().wait()
        text = (world.folder / "run.log").read_text()
        if code != 2 or not re.search("have to be loaded again|Name all of them|name all files", text):
            complain(f"{where}: exit code {code}")
        if served(world.project)["sha256"] != world.published_a["sha256"]:
            complain(f"{where}: readers do not have what they had")
    files = [*world.deliveries[0], *world.deliveries[1]]
    code = world.program(files if damaged != "a built table" else None).wait()
    wrong = world.compare() if code == 0 else [f"exit code {code}; {world.folder / 'run.log'} says why"]
    tally.survived += not wrong
    tally.finished += 1
    tally.equal += not wrong
    for complaint in wrong:
        complain(f"{where}: {complaint}")
    say(f"{where}: {wrong or 'mended'}")


def touch_all(world, tally, complain, say=lambda text: None, at_most=None):
    """Kill a publish before and after each of its touches of the disk."""
    places = [(*touch, number, after) for touch in TOUCHES for number in (1, 2, 3) for after in (False, True)]
    for name, function, number, after in places[:at_most]:
        world.restore("publish")
        pid, _ = world.fork("publish", until="publish", break_at=breaker(name, function, number, after))
        if not os.WIFSIGNALED(os.waitpid(pid, 0)[1]):
            # it is not called so often
            continue
        where = f"publish, {'after' if after else 'before'} {function} ({number})"
        judge(world, tally, complain, where)
        say(where)


def fill_disk(world, tally, complain, say=lambda text: None):
    """Let each step find a full disk: that must be said, readers keep what they have, and the next run must be right.
    Only root can make a small disk; returns whether there was one."""
    for step in STEPS:
        world.restore(step)
        size = sum(path.stat().st_size for path in world.state.rglob("*") if path.is_file() and not path.is_symlink())
        shutil.rmtree(world.state)
        world.state.mkdir()
        if os.geteuid() or _mounted(world.state, size // 1024 + ROOM) is None:
            return False
        try:
            shutil.copytree(world.folder / "states" / step, world.state, symlinks=True, dirs_exist_ok=True)
            pid, told = world.fork(step)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            where = f"a full disk in {step}"
            say(f"{where}, found in {STEPS[told[0]]}: exit code {code}: {world.error()[:150]}")
            if code != 1 or "There is no room to write" not in world.error():
                complain(f"{where}: exit code {code}: {world.error()}")
            judge(world, tally, complain, where)
            subprocess.run(["mount", "-o", "remount,size=1g", world.state], check=True)
            if step in ("load", "publish"):
                finish(world, tally, complain, where)
        finally:
            subprocess.run(["umount", world.state], check=True)
    return True


# Kilobytes that are left on a disk that is about to be full.
ROOM = 512


def _mounted(folder, kilobytes):
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder]
    return None if subprocess.run(command, capture_output=True, check=False).returncode else folder


def judge(world, tally, complain, where):
    wrong = world.wrong()
    tally.kills += 1
    tally.survived += not wrong
    tally.served_new += bool(not wrong and world.shows_new())
    for complaint in wrong:
        complain(f"{where}: {complaint}")
    return not wrong


def finish(world, tally, complain, where):
    wrong = world.finish()
    tally.finished += 1
    tally.equal += not wrong
    for complaint in wrong:
        complain(f"{where}, the next run: {complaint}")


def kill_steps(world, times, chance, complain, say=lambda text: None, finished_every=FINISHED_EVERY):
    """Kill `times` runs, each somewhere in a step. Returns step -> Tally."""
    tallies = {step: Tally() for step in STEPS}
    plan = [step for step in STEPS for _ in range(round(times * SHARES[step] / 100))]
    plan = (plan + list(STEPS) * times)[:times]
    chance.shuffle(plan)
    done = 0
    while done < times:
        step = plan[done]
        moment = chance.uniform(0, world.seconds[step])
        world.restore(step)
        pid, told = world.fork(step)
        if not kill_after(pid, moment):
            # the machine is faster than when it was measured
            world.seconds[step] *= 0.7
            continue
        done += 1
        hit = STEPS[told[0]]
        where = f"kill {done}, {moment:.2f} s after the beginning of {step}"
        survived = judge(world, tallies[hit], complain, where)
        say(f"{done:>4}/{times} {hit:8}{moment:6.2f} s into {step:8}{'' if survived else 'NOT SURVIVED'}")
        if done % finished_every == 0:
            finish(world, tallies[hit], complain, where)
            say("          the next run is done")
    return tallies


def kill_programs(world, times, chance, complain, say=lambda text: None):
    """Kill the program `times` times, in chains: each run begins with what the kill before it left."""
    tally = Tally()
    world.restore("load")
    started = time.monotonic()
    if world.program().wait() != 0:
        complain(f"the program failed undisturbed; {world.folder / 'run.log'} says why")
        return tally
    whole = time.monotonic() - started
    for complaint in world.compare():
        complain(f"the program, undisturbed: {complaint}")
    say(f"the program, undisturbed: {whole:.1f} s")
    while tally.kills < times:
        if tally.kills % CHAIN == 0:
            world.restore("load")
        moment = chance.uniform(0, whole)
        process = world.program()
        killed = kill_after(process.pid, moment)
        process.returncode = 0
        if not killed:
            continue
        where = f"kill {tally.kills + 1} of the program, {moment:.1f} s after its beginning"
        survived = judge(world, tally, complain, where)
        say(f"{tally.kills:>4}/{times} the program{moment:8.2f} s {'' if survived else 'NOT SURVIVED'}")
        if tally.kills % CHAIN == 0 or tally.kills == times:
            finish(world, tally, complain, where)
            say("          the next run is done")
    return tally


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--times", default=200, show_default=True, type=click.IntRange(1, 100_000), help="Kills, in all.")
@click.option(
    "--programs", default=9, show_default=True, type=click.IntRange(0), metavar="N",
    help="How many of them are of the whole program, which takes a minute each; the others are of one step.",
)  # fmt: skip
@click.option(
    "--troubles/--no-troubles", default=True, show_default=True,
    help="A full disk in each step, a failed audit and three kinds of damage to the build file as well.",
)  # fmt: skip
@click.option("--again", is_flag=True, help="With the desk and the states that an earlier call left in DIR.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same moments.")
@click.option("--tickets", default=200, show_default=True, help="Size of the desk.")
@click.option(
    "--out", default="warehouse/kills", show_default=True, metavar="DIR", help="Folder of the desk and of its states."
)
def main(times, programs, troubles, seed, tickets, out, again):
    """Kill runs at random moments (SIGKILL), and see what readers have and what the next run makes of it.

    A small desk is published. The run that takes in its second delivery is killed: in its load, build, audit, publish
    or report, at a moment drawn by chance. After each kill

    \b
      what is published must open, agree with its manifest, and be the build of before, byte by byte, or the new one,
      table by table that of a run that nobody disturbed
      the build file must open, every block of it, with the delivery in it wholly or not at all
    After some the next run is left in peace: it must publish what an undisturbed one does. Besides, a publish is killed
    before and after each call by which it changes what readers could see.

    \b
    Examples
      python -m counterweight.dev.kills --times 20 --programs 0
      python -m counterweight.dev.kills                  an hour

    Exit code 1 where a kill was not survived.
    """
    from counterweight.worlds import simulate

    folder = Path(out).absolute()
    if not again:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DBT_LOG_PATH", str(folder / "logs"))
    os.environ.setdefault("DBT_TARGET_PATH", str(folder / "target"))
    if not (folder / "world").exists():
        with _into(folder / "world.log"):
            simulate(folder / "world", world="honest", tickets=tickets, calls=2 * tickets, months=3, batches=2)
    world = World(
        Project.find().root, folder, [[f"canonical={batch}"] for batch in sorted((folder / "world" / "raw").iterdir())]
    )
    complaints = []

    def complain(text):
        complaints.append(text)
        click.echo(f"!      {text}", err=True)

    def say(text):
        click.echo(f"kills  {text}", err=True)

    chance = random.Random(seed)
    world.prepare(say)
    programs = min(programs, times)
    tallies = kill_steps(world, times - programs, chance, complain, say) if times > programs else {}
    if programs:
        tallies["program"] = kill_programs(world, programs, chance, complain, say)
    show("the kill fell into", tallies)
    total = [sum(getattr(tally, field) for tally in tallies.values()) for field in ("survived", "kills")]
    click.echo(f"{total[0]} of {total[1]} kills survived")
    others = {"each touch of publish": Tally()}
    touch_all(world, others["each touch of publish"], complain, say)
    if troubles:
        others |= trouble(world, complain, say)
    show("and besides", others)
    if complaints:
        raise CounterweightError(f"{len(complaints)} complaints, the first: {complaints[0]}")


def show(title, tallies):
    click.echo(f"{title:22}{'times':>7}{'survived':>10}{'readers had the new':>21}{'next run equal':>16}")
    for name, tally in tallies.items():
        click.echo(_line(name, tally))


def _line(name, tally):
    equal = f"{tally.equal} of {tally.finished}" if tally.finished else ""
    return f"{name:22}{tally.kills:>7}{tally.survived:>10}{tally.served_new:>21}{equal:>16}"


if __name__ == "__main__":
    main()
