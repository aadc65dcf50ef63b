"""Where things are: the dbt project, the build file, what is published. Everything else asks here."""

import contextlib
import dataclasses
import datetime
import fcntl
import os
import shutil
import socket
import threading
import time
from pathlib import Path

import click
import duckdb
import yaml

from counterweight.errors import BusyError, CounterweightError, DamagedError, InputError, is_damage, near_matches

WAREHOUSE_VARIABLE = "COUNTERWEIGHT_WAREHOUSE"
TARGET_VARIABLE = "COUNTERWEIGHT_TARGET"
MEMORY_VARIABLE = "COUNTERWEIGHT_MEMORY_LIMIT"
PUBLISHED_VARIABLE = "COUNTERWEIGHT_PUBLISHED"
# How often a run that waits for another looks whether it may begin, in seconds.
LOOK_AGAIN = 0.2

# The locks that are held here, by process, thread and path: a run holds one over all of its steps, and each asks again.
_held = set()


@dataclasses.dataclass(frozen=True)
class Project:
    """Paths of one project, all absolute.

    root       folder of dbt_project.yml
    warehouse  the private build file (DuckDB): raw data, secrets, everything that is built
    published  folder that holds one folder a build and the link `current`
    wait       seconds to wait for another run that holds one of the two
    """

    root: Path
    warehouse: Path
    published: Path
    wait: float = 0

    @classmethod
    def find(cls, start=None):
        """The project that the folder `start` (default: the working folder) lies in."""
        start = Path(start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "dbt_project.yml").is_file():
                return cls(
                    root=folder,
                    warehouse=_from_environment(WAREHOUSE_VARIABLE, folder / "warehouse" / "counterweight.duckdb"),
                    published=_from_environment(PUBLISHED_VARIABLE, folder / "published"),
                )
        raise InputError(
            f"No dbt_project.yml in {start} or any folder above it. Run counterweight inside the project, "
            "or say where it is with --project-dir."
        )

    @property
    def current(self):
        """Link to the folder of the build that readers see."""
        return self.published / "current"

    @property
    def restricted(self):
        """Folder of what holds keys of agents, a file for each publish that wants one: never within `published`."""
        return self.published.with_name(self.published.name + "-restricted")

    @property
    def target(self):
        """Output of profiles.yml that is built."""
        return os.environ.get(TARGET_VARIABLE) or "duckdb"

    def check_target(self):
        """InputError where the commands cannot work on the target: they need the embedded file."""
        profiles = yaml.safe_load((self.root / "profiles.yml").read_text(encoding="utf-8"))
        outputs = profiles["counterweight"]["outputs"]
        if self.target not in outputs:
            raise InputError(
                f"{TARGET_VARIABLE}: profiles.yml has no output '{self.target}'.{near_matches(self.target, outputs)} "
                f"Known: {', '.join(sorted(outputs))}."
            )
        engine = outputs[self.target]["type"]
        if engine != "duckdb":
            raise InputError(
                f"{TARGET_VARIABLE} is '{self.target}' ({engine}). These commands work on the embedded file; "
                f"on {engine} run dbt itself: README, On PostgreSQL."
            )
        if outputs[self.target]["path"] == ":memory:":
            raise InputError(
                f"{TARGET_VARIABLE} is '{self.target}', in which nothing can be built: it is for questions. "
                f"Unset {TARGET_VARIABLE}, or say duckdb."
            )

    @property
    def is_production(self):
        """Whether the target holds real people's data, by the var production_targets."""
        return self.target in self.variables["production_targets"]

    @property
    def variables(self):
        """The vars that dbt_project.yml declares, with their defaults."""
        return yaml.safe_load((self.root / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]

    @property
    def dbt_target(self):
        """Folder of what dbt writes about the project."""
        return self.root / os.environ.get("DBT_TARGET_PATH", "target")

    @property
    def data_docs(self):
        """Where the audit writes its pages before they are published."""
        return self.warehouse.with_suffix(".data_docs")

    @property
    def scratch(self):
        """Folder of copies that live for one step, beside the build file since they hold the same rows."""
        return self.warehouse.with_suffix(".scratch")

    def connect(self, read_only=False):
        """A connection to the build file; the caller closes it."""
        if not self.warehouse.exists():
            if read_only:
                raise InputError(
                    f"There is no warehouse at {self.warehouse}: nothing was loaded yet. "
                    "Start with 'counterweight load --help'."
                )
            self.warehouse.parent.mkdir(parents=True, exist_ok=True)
        elif self.warehouse.is_dir():
            raise InputError(f"{self.warehouse} is a folder. {WAREHOUSE_VARIABLE} wants the name of a file.")
        try:
            limit = os.environ.get(MEMORY_VARIABLE)
            connection = duckdb.connect(
                str(self.warehouse), read_only=read_only, config={"memory_limit": limit} if limit else {}
            )
        except duckdb.Error as error:
            if "could not set lock" in str(error).lower():
                raise BusyError(
                    f"Another program has {self.warehouse} open. Close it and try again; BI tools should read "
                    f"{self.current / 'counterweight.duckdb'} instead, which is never locked."
                ) from None
            if is_damage(error):
                raise DamagedError(self.warehouse, error) from None
            raise CounterweightError(
                f"{self.warehouse} cannot be opened as a DuckDB file: {str(error).splitlines()[0]}"
            ) from None
        if not read_only:
            # nobody else has it open, so what DuckDB put onto disk for want of memory is of a run that was killed
            shutil.rmtree(self.warehouse.with_name(self.warehouse.name + ".tmp"), ignore_errors=True)
        return connection

    @contextlib.contextmanager
    def lock(self):
        """Held while the warehouse is changed. BusyError, or waiting, where another run holds it."""
        with self._locked(self.warehouse.with_suffix(".lock"), self.warehouse) as is_outermost:
            if is_outermost:
                # of a run that was killed
                shutil.rmtree(self.scratch, ignore_errors=True)
            try:
                yield
            finally:
                if is_outermost:
                    shutil.rmtree(self.scratch, ignore_errors=True)

    @contextlib.contextmanager
    def lock_published(self):
        """Held while something is published: two warehouses may publish into one folder."""
        with self._locked(self.published / ".lock", self.published):
            yield

    @contextlib.contextmanager
    def _locked(self, path, what):
        key = (os.getpid(), threading.get_ident(), path)
        if key in _held:
            yield False
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+") as holder:
            self._take(holder, what)
            holder.truncate(0)
            holder.write(_who_this_is())
            holder.flush()
            _held.add(key)
            # the system frees the lock when the process ends, however it ends
            try:
                yield True
            finally:
                _held.discard(key)

    def _take(self, holder, what):
        until = time.monotonic() + self.wait
        is_told = False
        while True:
            try:
                fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder.seek(0)
                who = holder.read().strip() or "a process that is just beginning"
            else:
                return
            if time.monotonic() >= until:
                raise BusyError(
                    f"Another run is at work on {what}: {who}. Wait until it ends and try again, or let this one wait: "
                    "counterweight --wait 600 ..."
                )
            if not is_told:
                is_told = True
                click.echo(f"wait   for another run on {pretty_path(what)}: {who}")
            time.sleep(LOOK_AGAIN)


def _who_this_is():
    """For people who are refused: which command, which process, where, since when."""
    context = click.get_current_context(silent=True)
    command = context.command_path if context else "counterweight"
    begun = datetime.datetime.now(datetime.UTC)
    return f"{command}, process {os.getpid()} on {socket.gethostname()}, since {begun:%Y-%m-%d %H:%M:%S} UTC"


def _from_environment(variable, default):
    value = os.environ.get(variable)
    return Path(value).expanduser().absolute() if value else default


def pretty_path(path):
    """The path as a person in the working folder would write it."""
    path = Path(path)
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
