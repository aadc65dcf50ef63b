"""Is what was built in increments what a full build gives? Asked of random schedules of loads.

    python -m counterweight.dev.schedules --examples 1000

Each schedule is a desk of four systems whose rows come in six loads or more (`random_schedules`). After each load is a
build; at the end, and now and then in between, the same raw tables are built in full beside it, and every table of
intermediate, dimensions, facts and marts must be the same, row for row. dbt runs once for each kind of build; its
statements are replayed in memory (`replay`). The first schedule that fails is printed; once more, alone:

    python -m counterweight.dev.schedules --seed 17 --examples 1

`--without RULE` leaves a touch rule out and says after how many schedules that was seen; `--each-rule` does so with
every rule, and each must be seen. `--real` runs the commands themselves, and compares their file with the replayed one.
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
import re
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from unittest import mock

import click
import jinja2

from counterweight import build as building
from counterweight.dev import random_schedules, replay
from counterweight.errors import CounterweightError, InputError
from counterweight.load import load
from counterweight.load.declared import declared_systems
from counterweight.project import Project

# Of so many schedules one is compared with its marts, which cost more than all else, and one after each of its loads.
# Marts that an increment does not build in full are compared in each.
WITH_MARTS, EACH_LOAD = 10, 40
# What every schedule must be able to get wrong, and in what share of them it must be told.
LEAST_SHARE = 0.1
ENOUGH = 100
# Tables that these worlds leave empty: systems and feeds that they have not, and what only publish fills.
MAY_BE_EMPTY = {"data_health_over_time", "published_changes"}


@dataclasses.dataclass
class Outcome:
    """What became of a schedule. differences: empty where both builds were the same."""

    seed: int
    stories: collections.Counter
    rows: int = 0
    loads: int = 0
    comparisons: int = 0
    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    seconds: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    failure: str = ""


@dataclasses.dataclass(frozen=True)
class Bench:
    """What schedules are run with. template: a build file with seeds and empty raw tables."""

    template: Path
    recording: replay.Recording
    systems: dict
    marts: frozenset

    def run(self, seed):
        """The Outcome of the schedule of this number."""
        schedule = random_schedules.make(seed, self.systems)
        outcome = Outcome(seed, schedule.stories, loads=len(schedule.loads))
        outcome.rows = sum(len(rows) for files, _ in schedule.loads for rows in files.values())
        with contextlib.closing(replay.Warehouse(self.template, self.recording, self.systems)) as warehouse:
            try:
                for number, delivery in enumerate(schedule.loads):
                    is_last = number == len(schedule.loads) - 1
                    is_compared = is_last or seed % EACH_LOAD == 1
                    # what no model of the next build reads can wait until somebody looks
                    names = self.recording.needed
                    if is_compared:
                        names = names | self.recording.names(() if is_last and seed % WITH_MARTS == 0 else self.marts)
                    warehouse.load(number, delivery)
                    warehouse.build(names)
                    if is_compared:
                        warehouse.refresh(names)
                        counts, differences = warehouse.compare()
                        outcome.comparisons += 1
                        outcome.counts.update(counts)
                        if differences:
                            outcome.failure = _told(seed, number, len(schedule.loads), differences)
                            break
            except CounterweightError as error:
                outcome.failure = f"schedule {seed}: {error}"
            outcome.seconds.update(warehouse.seconds)
        return outcome


def _told(seed, number, count, differences):
    lines = [f"schedule {seed}, after load {number + 1} of {count}: {len(differences)} tables are not the same"]
    lines += [f"  {difference.table}" for difference in differences[10:]]
    return "\n".join([*map(str, differences[:10]), *lines])


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
            shutil.copy(own.warehouse, folder / "built.duckdb")
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


def without(project, bench, rule):
    """The bench whose increments leave the touch rule, `model: rule`, out."""
    model = rule.partition(":")[0]
    with tempfile.TemporaryDirectory() as scratch, _quietly():
        own = replay.project_of(project, Path(scratch))
        shutil.copy(_folder(project) / "built.duckdb", own.warehouse)
        # hooks ask for it when they run, and what dbt read of the project stays as it is
        with mock.patch.object(building, "_NOT_READ", (*building._NOT_READ, "without_touch_rules")):
            select = ("--select", model)
            found = replay.record(own, replay.INCREMENT, {"without_touch_rules": [rule]}, select)
    others = {node.name: node for node in found if node.name.startswith("model.")}
    # of views an increment runs nothing
    before = [node for node in bench.recording.builds[replay.INCREMENT] if node.statements]
    nodes = [others.get(node.name, node) for node in before]
    if nodes == before:
        raise InputError(f"Without '{rule}' dbt runs the same: there is no such touch rule.")
    recording = replay.Recording.of(bench.recording.builds | {replay.INCREMENT: nodes})
    return dataclasses.replace(bench, recording=recording)


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


def _run(seed):
    try:
        return _bench.run(seed)
    except Exception:
        return Outcome(seed, collections.Counter(), failure=f"schedule {seed}: {traceback.format_exc()}")


def outcomes(bench, seeds, workers):
    """The Outcome of each seed, as they come."""
    if workers == 1:
        yield from map(bench.run, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(workers, _begin, [bench]) as pool:
        yield from pool.imap_unordered(_run, seeds)


def run(bench, seeds, workers=1, say=lambda text: None):
    """(total Outcome, how many schedules, the first failure or ''): until one fails."""
    total, done = Outcome(0, collections.Counter()), 0
    started = time.monotonic()
    with contextlib.closing(outcomes(bench, seeds, workers)) as found:
        for outcome in found:
            done += 1
            total.stories.update(outcome.stories.keys())
            for name in ("rows", "loads", "comparisons"):
                setattr(total, name, getattr(total, name) + getattr(outcome, name))
            total.counts.update(outcome.counts)
            total.seconds.update(outcome.seconds)
            if outcome.failure:
                return total, done, outcome.failure
            if done % 10 == 0 or done <= 2:
                say(f"schedules {done} done, {(time.monotonic() - started) / done:.1f} s each")
    return total, done, ""


def lacking(total, done):
    """Sentences about what so many schedules did not show."""
    found = [
        f"'{story}' was told in {total.stories[story]} of {done} schedules"
        for story in random_schedules.STORIES
        if total.stories[story] < LEAST_SHARE * done
    ]
    found += [
        f"{table} had no row in any schedule"
        for table, count in sorted(total.counts.items())
        if not count and table.split(".")[1] not in MAY_BE_EMPTY
    ]
    return found


class _Anything(jinja2.Undefined):
    """Whatever a macro asks of dbt or of other files: only the names of rules are wanted."""

    def __call__(self, *arguments, **options):
        return self

    __getattr__ = __getitem__ = lambda self, name: self


def rules_of(project):
    """The names of the touch rules, `model: rule`, as the macro touch_rules declares them."""
    for path in sorted((project.root / "macros").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        if re.search(r"macro touch_rules\(", text):
            # of nested macros too; the last is that of touch_rules itself
            returned = []
            environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=_Anything)
            environment.from_string(text, {"return": returned.append}).make_module().touch_rules()
            return [f"{model}: {name}" for model, rules in returned[-1].items() for name in rules["touched_by"]]
    return []


def really(project, bench, seed, say=lambda text: None):
    """Load and build the schedule by the commands. [Difference] between their build file and the replayed one."""
    schedule = random_schedules.make(seed, bench.systems)
    with tempfile.TemporaryDirectory() as scratch:
        own = replay.project_of(project, Path(scratch))
        with contextlib.closing(replay.Warehouse(bench.template, bench.recording, bench.systems)) as warehouse:
            for number, delivery in enumerate(schedule.loads):
                with _quietly(), _arriving(number):
                    load(own, None, *_written(Path(scratch), number, delivery))
                with _quietly():
                    building.build(own, {})
                warehouse.load(number, delivery)
                warehouse.build(bench.recording.names())
                say(f"schedule {seed}: load {number + 1} of {len(schedule.loads)} is built")
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
@click.option("--workers", default=2, show_default=True, help="Processes, each a core.")
@click.option("--without", "rule", metavar="RULE", help="Leave this touch rule out: how soon is it seen?")
@click.option("--each-rule", is_flag=True, help="Leave each touch rule out, one after another.")
@click.option("--real", is_flag=True, help="Load and build by the commands: do they make what is replayed?")
def main(examples, seed, workers, rule, each_rule, real):
    """Random schedules of loads: is what was built in increments what a full build gives, row for row?

    Exit code 1 where a schedule fails, which is named and printed, or where something was never put to the test.
    """
    project = Project.find()
    seeds = range(seed, seed + examples)
    if each_rule:
        sys.exit(not _each_rule(project, seeds, workers))
    click.echo("schedules dbt builds an empty desk and a small one, for its statements (kept until the code changes)")
    bench = prepared(project, is_checked=not (real or rule))
    if rule:
        bench = without(project, bench, rule)
    nodes = bench.recording.builds[replay.INCREMENT]
    click.echo(f"schedules {len(nodes)} models; {len(bench.recording.needed)} of them go into the next build")
    if real:
        sys.exit(sum(not _is_real(project, bench, one) for one in seeds) > 0)
    started = time.monotonic()
    total, done, failure = run(bench, seeds, workers, click.echo)
    _summary(total, done, time.monotonic() - started)
    if failure:
        click.echo(f"\nNot the same:\n{failure}")
        sys.exit(1)
    missing = lacking(total, done) if done >= ENOUGH else []
    for sentence in missing:
        click.echo(f"Not put to the test: {sentence}")
    if not missing:
        click.echo("All of it is the same.")
    sys.exit(bool(missing))


def _is_real(project, bench, seed):
    counts, differences = really(project, bench, seed, click.echo)
    click.echo(f"schedule {seed}: {len(counts)} tables, {sum(counts.values()):,} rows, {len(differences)} not the same")
    for difference in differences:
        click.echo(str(difference))
    return not differences


def _each_rule(project, seeds, workers):
    """Whether each rule is missed where it is left out."""
    rules = rules_of(project)
    unseen, bench = [], prepared(project, is_checked=False)
    for rule in rules:
        _, done, failure = run(without(project, bench, rule), seeds, workers)
        click.echo(f"{rule:<60} {f'seen after {done}' if failure else f'NOT SEEN in {done}'} schedules")
        unseen += [] if failure else [rule]
    click.echo(f"{len(rules) - len(unseen)} of {len(rules)} rules were missed where they were left out.")
    return not unseen


def _summary(total, done, seconds):
    click.echo(
        f"{done} schedules, {total.loads} loads, {total.rows:,} raw rows, {total.comparisons} comparisons with a full "
        f"build; {seconds / done:.1f} s each"
    )
    spent = ", ".join(f"{what} {value / done:.2f}" for what, value in total.seconds.items())
    click.echo(f"seconds of a schedule: {spent}")
    for story in random_schedules.STORIES:
        click.echo(f"  {story:<34}{100 * total.stories[story] / done:>4.0f} %")


if __name__ == "__main__":
    main()
