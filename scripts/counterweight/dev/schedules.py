"""Is what was built in increments what a full build gives? Asked of random schedules of loads.

    python -m counterweight.dev.schedules --examples 1000

Each schedule is a desk of four systems whose rows come in six loads or more (`random_schedules`). After each load is a
build; at the end, and now and then in between, the same raw tables are built in full beside it, and every table of
intermediate, dimensions, facts and marts must be the same, row for row. dbt runs once for each kind of build; its
statements are replayed in memory (`replay`). That takes hardly longer for several desks than for one, so eight of them
share a warehouse. The first that fails is printed, with the command that repeats it with as few desks as show it:

    python -m counterweight.dev.schedules --seed 18 --examples 1 --desks 8

`--each-rule` shows that each touch rule is needed: it alone touched a key whose rows changed, and where it is left out,
they stay as they were. `--without RULE` leaves one out in all schedules, until that is seen. `--real` runs the commands
themselves, and compares their file with the replayed one.
"""

import collections
import contextlib
import csv
import dataclasses
import hashlib
import io
import itertools
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from unittest import mock

import click

from counterweight import build as building
from counterweight.dev import random_schedules, replay
from counterweight.errors import CounterweightError, InputError
from counterweight.load import load
from counterweight.load.declared import declared_systems
from counterweight.project import Project

# Of so many warehouses one is compared with its marts, which cost more than all else, and one after each of its loads.
# Marts that an increment does not build in full are compared in each.
WITH_MARTS, EACH_LOAD = 10, 40
# What every schedule must be able to get wrong, and in what share of them it must be told.
LEAST_SHARE = 0.1
ENOUGH = 100


@dataclasses.dataclass(frozen=True)
class Group:
    """Schedules that share a warehouse.

    number  says what all its desks have in common, so that one that is built alone is the same as among the others
    """

    number: int
    desks: int
    seeds: tuple

    def make(self, systems):
        tools = random_schedules.Tools.of(self.number)
        return [random_schedules.make(seed, systems, tools) for seed in self.seeds]

    def __str__(self):
        return f"schedule{'s' if len(self.seeds) > 1 else ''} {', '.join(map(str, self.seeds))}"

    @property
    def command(self):
        numbers = f"--seed {self.seeds[0]} --examples {len(self.seeds)} --desks {self.desks}"
        return f"python -m counterweight.dev.schedules {numbers}"


def groups(seed, examples, desks):
    """The schedules from `seed` on, so many a warehouse."""
    found = itertools.groupby(range(seed, seed + examples), lambda one: one // desks)
    return [Group(number, desks, tuple(seeds)) for number, seeds in found]


@dataclasses.dataclass
class Outcome:
    """What became of the schedules of a warehouse.

    stories  how many of them told each
    decided  [(number of a load, model, touch rule, keys)] that no other rule touched, and whose rows changed
    failure  empty where both builds were the same
    """

    stories: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    schedules: int = 0
    warehouses: int = 0
    rows: int = 0
    loads: int = 0
    builds: int = 0
    comparisons: int = 0
    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    seconds: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    decided: list = dataclasses.field(default_factory=list)
    failure: str = ""

    def add(self, other):
        for name in ("schedules", "warehouses", "rows", "loads", "builds", "comparisons"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("stories", "counts", "seconds"):
            getattr(self, name).update(getattr(other, name))


@dataclasses.dataclass(frozen=True)
class Bench:
    """What schedules are run with.

    template    a build file with seeds and empty raw tables
    is_watched  whether an Outcome has what touch rules decided
    """

    template: Path
    recording: replay.Recording
    systems: dict
    marts: frozenset
    is_watched: bool = False

    def run(self, group):
        """The Outcome of the schedules of this group."""
        outcome, schedules = Outcome(schedules=len(group.seeds), warehouses=1), group.make(self.systems)
        for schedule in schedules:
            outcome.stories.update(schedule.stories.keys())
            outcome.loads += len(schedule.loads)
        loads = random_schedules.together(schedules)
        outcome.builds = len(loads)
        outcome.rows = sum(len(rows) for files, _ in loads for rows in files.values())
        warehouse = replay.Warehouse(self.template, self.recording, self.systems, self.is_watched)
        with contextlib.closing(warehouse):
            try:
                for number, delivery in enumerate(loads):
                    is_last = number == len(loads) - 1
                    is_compared = is_last or group.number % EACH_LOAD == 1
                    # what no model of the next build reads can wait until somebody looks
                    names = self.recording.needed
                    if is_compared:
                        has_marts = is_last and group.number % WITH_MARTS == 0
                        names = names | self.recording.names(() if has_marts else self.marts)
                    warehouse.load(number, delivery)
                    warehouse.build(names)
                    outcome.decided += [(number, *rule, keys) for rule, keys in sorted(warehouse.decided.items())]
                    if is_compared:
                        warehouse.refresh(names)
                        counts, differences = warehouse.compare()
                        outcome.comparisons += 1
                        outcome.counts.update(counts)
                        if differences:
                            outcome.failure = _told(group, number, len(loads), differences)
                            break
            except CounterweightError as error:
                outcome.failure = f"{group}: {error}"
            outcome.seconds.update(warehouse.seconds)
        return outcome


def _told(group, number, count, differences):
    lines = [f"{group}, after load {number + 1} of {count}: {len(differences)} tables are not the same"]
    lines += [f"  {difference.table}" for difference in differences[10:]]
    return "\n".join([*map(str, differences[:10]), *lines])


def smallest(bench, group, failure):
    """(the group with as few of its desks as fail as well, what it says)"""
    for seed in group.seeds if len(group.seeds) > 1 else ():
        alone = dataclasses.replace(group, seeds=(seed,))
        if said := _outcome(bench, alone).failure:
            return alone, said
    return group, failure


def prepared(project, is_checked=True, with_marts=True):
    """A Bench of the project's code as it is. What dbt ran is kept in target/schedules until the code changes."""
    systems = declared_systems(project)
    select = () if with_marts else ("--exclude", "path:models/marts")
    name = "all" if with_marts else "facts"
    folder = _folder(project)
    template, kept, checked = folder / "template.duckdb", folder / f"{name}.json", folder / f"{name}.checked"
    if not kept.exists() or (is_checked and not checked.exists()):
        for other in folder.parent.glob("*") if not folder.exists() else ():
            shutil.rmtree(other)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch, _quietly():
            own = replay.project_of(project, Path(scratch))
            if not template.exists():
                replay.prepare(own)
                shutil.copy(own.warehouse, template)
            shutil.copy(template, own.warehouse)
            builds = {mode: replay.record(own, mode, select=select) for mode in (replay.FIRST, replay.INCREMENT)}
            if is_checked:
                _check(own, template, builds, systems, select)
                checked.touch()
            kept.write_text(json.dumps({mode: list(map(dataclasses.astuple, nodes)) for mode, nodes in builds.items()}))
    builds = {
        mode: [replay.Node(name, tuple(statements)) for name, statements in nodes]
        for mode, nodes in json.loads(kept.read_text()).items()
    }
    marts = {path.stem for path in (project.root / "models" / "marts").rglob("*.sql")}
    return Bench(template, replay.Recording.of(builds), systems, frozenset(marts))


def without(bench, rule):
    """The bench whose increments leave the touch rule, `model: rule`, out."""
    model, _, name = rule.partition(": ")
    if (model, name) not in bench.recording.rules():
        raise InputError(f"There is no touch rule '{rule}'.")
    return dataclasses.replace(bench, recording=bench.recording.without(model, name))


def _folder(project):
    code = building._fingerprint_code(project) + Path(replay.__file__).read_text(encoding="utf-8")
    return project.dbt_target / "schedules" / hashlib.sha256(code.encode()).hexdigest()[:16]


def _check(project, template, builds, systems, select):
    """NotReplayable where dbt runs other statements once there are rows, or at the third build."""
    shutil.copy(template, project.warehouse)
    for number, delivery in enumerate(random_schedules.make(1, systems).loads[:3]):
        with contextlib.closing(project.connect()) as connection:
            replay.land_rows(connection, systems, number, delivery)
        mode = replay.INCREMENT if number else replay.FIRST
        replay.same(builds[mode], replay.record(project, mode, select=select), f"build {number + 1}")


@contextlib.contextmanager
def _quietly():
    """Builds say each model."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


# What runs in a process of its own.

_bench = None


def _begin(bench):
    global _bench
    _bench = bench


def _run(group):
    return group, _outcome(_bench, group)


def _outcome(bench, group):
    try:
        return bench.run(group)
    except Exception:
        return Outcome(failure=f"{group}: {traceback.format_exc()}")


def _is_missed(decided):
    """(the touch rule, where it alone was needed, whether it is missed there)"""
    rule, (group, number, keys) = decided
    return rule, group, number, keys, bool(differences(without(_bench, ": ".join(rule)), group, number))


def _pooled(work, bench, items, workers):
    """work(item) of each, as they come; `work` finds the bench in _bench."""
    if workers == 1:
        _begin(bench)
        yield from map(work, items)
        return
    with multiprocessing.get_context("spawn").Pool(workers, _begin, [bench]) as pool:
        yield from pool.imap_unordered(work, items)


def run(bench, found, workers=1, say=lambda text: None):
    """(total Outcome, the first group that failed or None): until one fails."""
    total = Outcome()
    started = time.monotonic()
    with contextlib.closing(_pooled(_run, bench, found, workers)) as done:
        for group, outcome in done:
            total.add(outcome)
            if outcome.failure:
                group, total.failure = smallest(bench, group, outcome.failure)
                return total, group
            if total.warehouses % 10 == 0 or total.warehouses <= 2:
                say(f"schedules {total.schedules} done, {(time.monotonic() - started) / total.schedules:.1f} s each")
    return total, None


def lacking(total, whole):
    """Sentences about what the schedules did not show. whole: names of tables that every build makes in full; they may
    be empty, since nothing of an earlier build can be left in them."""
    found = [
        f"'{story}' was told in {total.stories[story]} of {total.schedules} schedules"
        for story in random_schedules.STORIES
        if total.stories[story] < LEAST_SHARE * total.schedules
    ]
    found += [f"{table} had no row in any schedule" for table in empty(total) if table.split(".")[1] not in whole]
    return found


def empty(total):
    """Tables that had no row whenever they were compared."""
    return [table for table, count in sorted(total.counts.items()) if not count]


def deciding(bench, found, workers=1):
    """({(model, touch rule): (group, number of a load, keys)}, the first failure or ''): where a rule alone touched
    keys whose rows changed, the first time. Without it they would have stayed as they were."""
    decided, left = {}, set(bench.recording.rules())
    watched = dataclasses.replace(bench, is_watched=True)
    with contextlib.closing(_pooled(_run, watched, found, workers)) as done:
        for group, outcome in done:
            for number, model, rule, keys in outcome.decided:
                decided.setdefault((model, rule), (group, number, keys))
            if outcome.failure or not left - decided.keys():
                return decided, outcome.failure
    return decided, ""


def differences(bench, group, last):
    """[Difference] after so many loads of the group."""
    names = bench.recording.needed | bench.recording.names(bench.marts)
    loads = random_schedules.together(group.make(bench.systems))[: last + 1]
    with contextlib.closing(replay.Warehouse(bench.template, bench.recording, bench.systems)) as warehouse:
        for number, delivery in enumerate(loads):
            warehouse.load(number, delivery)
            warehouse.build(names if number == last else bench.recording.needed)
        warehouse.refresh(names)
        return warehouse.compare()[1]


def really(project, bench, group, say=lambda text: None):
    """Load and build the schedules by the commands. [Difference] between their build file and the replayed one."""
    loads = random_schedules.together(group.make(bench.systems))
    with tempfile.TemporaryDirectory() as scratch:
        own = replay.project_of(project, Path(scratch))
        with contextlib.closing(replay.Warehouse(bench.template, bench.recording, bench.systems)) as warehouse:
            for number, delivery in enumerate(loads):
                with _quietly(), _arriving(number):
                    load(own, None, *_written(Path(scratch), number, delivery))
                with _quietly():
                    building.build(own, {})
                warehouse.load(number, delivery)
                warehouse.build(bench.recording.names())
                say(f"{group}: load {number + 1} of {len(loads)} is built")
            warehouse.attach(own.warehouse)
            return warehouse.compare()


def _written(folder, number, delivery):
    """(files, ends), as `load` takes them."""
    files, ends = delivery
    pairs = []
    for (system, table), rows in files.items():
        path = folder / str(number) / system / replay.file_name(number, table)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        pairs.append(f"{system}.{table}={path}")
    return pairs, ends


@contextlib.contextmanager
def _arriving(number):
    """The clock of `load` is that of the replay."""
    clock = itertools.count(1)

    def now():
        return replay.moment(number) + replay.TICK * next(clock)

    # of the package, `land` is the function
    module = sys.modules["counterweight.load.land"]
    with mock.patch("counterweight.load.now", now), mock.patch.object(module, "now", now):
        yield


@click.command()
@click.option("--examples", default=1000, show_default=True, help="How many schedules.")
@click.option("--seed", default=0, show_default=True, help="Number of the first of them.")
@click.option("--desks", default=8, show_default=True, help="So many schedules, each a desk, share a warehouse.")
@click.option("--workers", default=2, show_default=True, help="Processes, each a core.")
@click.option("--without", "rule", metavar="RULE", help="Leave this touch rule out: how soon is it seen?")
@click.option("--each-rule", is_flag=True, help="Show of each touch rule a schedule that needs it.")
@click.option("--real", is_flag=True, help="Load and build by the commands: do they make what is replayed?")
def main(examples, seed, desks, workers, rule, each_rule, real):
    """Random schedules of loads: is what was built in increments what a full build gives, row for row?

    A schedule is a desk with at least 3 source systems, 200 tickets and 6 loads; several share a warehouse, each with
    persons and tickets of its own, and their n-th loads arrive together.

    Exit code 1 where a schedule fails, which is named and printed, or where something was never put to the test.
    """
    project = Project.find()
    found = groups(seed, examples, desks)
    click.echo("schedules dbt builds an empty desk and a small one, for its statements (kept until the code changes)")
    bench = prepared(project, is_checked=not (real or rule or each_rule))
    if each_rule:
        sys.exit(not _each_rule(bench, found, workers))
    if rule:
        bench = without(bench, rule)
    nodes = bench.recording.builds[replay.INCREMENT]
    click.echo(f"schedules {len(nodes)} models; {len(bench.recording.needed)} of them go into the next build")
    if real:
        sys.exit(sum(not _is_real(project, bench, group) for group in found) > 0)
    started = time.monotonic()
    total, failed = run(bench, found, workers, click.echo)
    _summary(total, time.monotonic() - started)
    if failed:
        click.echo(f"\nNot the same:\n{total.failure}\nOnce more: {failed.command}")
        sys.exit(1)
    whole = {node.place for node in nodes if node.place in bench.marts and not node.key}
    missing = lacking(total, whole) if total.schedules >= ENOUGH else []
    if unseen := [table.split(".")[1] for table in empty(total) if table.split(".")[1] in whole]:
        click.echo(f"Made in full by every build, and without a row in these schedules: {', '.join(unseen)}")
    for sentence in missing:
        click.echo(f"Not put to the test: {sentence}")
    if not missing:
        click.echo("All of it is the same.")
    sys.exit(bool(missing))


def _is_real(project, bench, group):
    counts, differences = really(project, bench, group, click.echo)
    click.echo(f"{group}: {len(counts)} tables, {sum(counts.values()):,} rows, {len(differences)} not the same")
    for difference in differences:
        click.echo(str(difference))
    return not differences


def _each_rule(bench, found, workers):
    """Whether each rule is needed in some schedule, and missed there where it is left out."""
    rules, missed = bench.recording.rules(), 0
    decided, failure = deciding(bench, found, workers)
    if failure:
        click.echo(failure)
        return False
    for rule in rules:
        if rule not in decided:
            click.echo(f"{': '.join(rule):<60} NOT NEEDED in any schedule")
    for rule, group, number, keys, is_missed in _pooled(_is_missed, bench, decided.items(), workers):
        missed += is_missed
        said = "missed where it is left out" if is_missed else "NOT MISSED where it is left out"
        click.echo(f"{': '.join(rule):<60} {said}: {group}, load {number + 1}, alone for {keys} keys")
    click.echo(f"{missed} of {len(rules)} rules were missed where they were left out.")
    return missed == len(rules)


def _summary(total, seconds):
    done = total.schedules
    click.echo(
        f"{done} schedules in {total.warehouses} warehouses, {total.loads} loads, {total.rows:,} raw rows, "
        f"{total.builds} builds, {total.comparisons} comparisons with a full build; {seconds / done:.1f} s a schedule"
    )
    spent = ", ".join(f"{what} {value / done:.2f}" for what, value in total.seconds.items())
    click.echo(f"seconds of a core, of a schedule: {spent}")
    for story in random_schedules.STORIES:
        click.echo(f"  {story:<34}{100 * total.stories[story] / done:>4.0f} %")


if __name__ == "__main__":
    main()
