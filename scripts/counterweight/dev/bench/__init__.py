"""`bench`: what a build costs, by size, layer and model, beside the same facts by hand. Never a test: it measures time.

Each step is a process of its own (process.py, step.py). Results go into one JSON after each step, so that a bench
that is stopped keeps what it has; page.py writes docs/performance.md from it.
"""

import datetime
import importlib.metadata
import json
import os
import platform
import shutil
from pathlib import Path

import click

from counterweight import history
from counterweight.dev.bench import process
from counterweight.project import pretty_path

RESULTS = "results.json"
SALT = "the bench measures, and keeps no secret"
# What DuckDB may take in every step; a process takes some 1.5 GB more. By itself it takes 80 % of the machine.
MEMORY = "6GB"
# Tables of the facts that the peers make as well; the return rate is counted in the mart.
FACTS = ("fct_claims", "fct_interactions", "fct_resolution_episodes")
WITH_RETURN_RATE = (*FACTS, "resolution_quality")
PEERS = ("duckdb", "polars", "pandas")
# Claim types that a peer does not make.
LEFT_OUT = {
    "duckdb": (),
    "polars": (),
    "pandas": (),
}
STEP = "counterweight.dev.bench.step"


def bench(project, sizes, work, memory_limit=None, peers=PEERS, with_audit=False, keep=False, echo=click.echo):
    """Measure each of `sizes`, in interactions; the results as they are in work/results.json."""
    work = Path(work).resolve()
    work.mkdir(parents=True, exist_ok=True)
    path = work / RESULTS
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"sizes": {}}
    results["machine"] = machine()
    for size in sorted(sizes):
        one = Size(project, size, work / str(size), echo, most_bytes=int(0.85 * results["machine"]["memory_bytes"]))

        def save(size=size, one=one):
            results["sizes"][str(size)] = one.found
            path.write_text(json.dumps(results, indent=1), encoding="utf-8")

        one.measure(save, peers, memory_limit if size == max(sizes) else None, with_audit, keep)
    echo(f"bench  {pretty_path(path)}")
    return results


def machine():
    """What the figures depend on; no name of the host."""
    versions = {}
    for package in ("duckdb", "dbt-core", "dbt-duckdb", "polars", "pandas"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
    }


class Size:
    """The measurements at one size, in a folder of their own."""

    def __init__(self, project, interactions, folder, echo, most_bytes):
        self.project, self.interactions, self.folder, self.echo = project, interactions, folder, echo
        self.most_bytes = most_bytes
        self.warehouse = folder / "counterweight.duckdb"
        self.found = {
            "measured_on": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "commit": history.commit_of(project),
            "wanted_interactions": interactions,
            "steps": {},
            "nodes": {},
            "peers": {},
        }

    def measure(self, save, peers, memory_limit, with_audit, keep):
        self._say("world")
        made = process.run(
            ["counterweight.dev.bench.world", self.interactions, self.folder / "world"], self.folder / "world.log"
        )
        if made["exit_code"]:
            raise RuntimeError(f"no world: {process.last_lines(self.folder / 'world.log')}")
        first, last = self.folder / "world" / "first", self.folder / "world" / "last"
        self.found["deliveries"] = json.loads((self.folder / "world" / "deliveries.json").read_text(encoding="utf-8"))
        self._clear()
        if self._step("load", ["load", f"canonical={first}"]) and self._build("full", full=True):
            self._inspect("full")
            save()
            self._peers(peers, first, save)
            if self._step("load_day", ["load", f"canonical={last}"]) and self._build("increment"):
                self._inspect("increment")
            if with_audit:
                self._step("audit", ["audit"]) and self._step("publish", ["publish"])
            save()
            if memory_limit:
                self._clear()
                limited = {"COUNTERWEIGHT_MEMORY_LIMIT": memory_limit}
                if self._step("load_limited", ["load", f"canonical={first}"]):
                    self._build("limited", full=True, environment=limited)
                    self.found["steps"]["limited"]["memory_limit"] = memory_limit
        save()
        if not keep:
            self._clear()

    def _clear(self):
        for pattern in ("*.duckdb", "*.duckdb.wal", "*.lock", "*.salt-check"):
            for path in self.folder.glob(pattern):
                path.unlink()
        for name in ("target", "published", "logs", *PEERS, f"{self.warehouse.name}.tmp"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def _step(self, name, arguments, environment=None):
        """A command of ours, measured; whether it came to its end."""
        self._say(name)
        notes, log = self.folder / "notes.json", self.folder / f"{name}.log"
        notes.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        found = process.run([STEP, notes, *arguments], log, self._environment(environment), self.most_bytes)
        if notes.exists():
            found["notes"] = json.loads(notes.read_text(encoding="utf-8"))
        if self.warehouse.exists():
            found["file_bytes"] = self.warehouse.stat().st_size
        if found["exit_code"]:
            found["end"] = "too much memory" if "is_too_big" in found else process.last_lines(log)
            self.echo(f"bench  {self.interactions:,} {name}: exit code {found['exit_code']}: {found['end']}")
        self.found["steps"][name] = found
        return not found["exit_code"]

    def _build(self, name, full=False, environment=None):
        # `--full-refresh` is there once builds go on from the last one
        from counterweight.cli import build

        knows = full and any("--full-refresh" in option.opts for option in build.params)
        done = self._step(name, ["build", *(["--full-refresh"] if knows else [])], environment)
        notes = self.found["steps"][name].pop("notes", {"nodes": {}})
        sql = {part: sum(node[part] for node in notes["nodes"].values()) for part in ("sql_seconds", "sql_cpu_seconds")}
        step = self.found["steps"][name]
        step |= {part: round(value, 3) for part, value in sql.items()}
        step["overhead_cpu_seconds"] = round(step["cpu_seconds"] - sql["sql_cpu_seconds"], 3)
        if done:
            self._note_nodes(name, notes["nodes"])
        return done

    def _note_nodes(self, name, measured):
        """What each node took, by dbt's own clock and by ours."""
        target = self.folder / "target"
        manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
        results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))
        for which, wanted in (("is_of_facts", FACTS), ("is_of_peers", WITH_RETURN_RATE)):
            for node in ancestors(manifest, wanted):
                self.found["nodes"].setdefault(node, {})[which] = True
        for result in results["results"]:
            node = result["unique_id"]
            path = manifest["nodes"][node]["original_file_path"]
            entry = self.found["nodes"].setdefault(node, {})
            entry["layer"] = layer_of(path)
            taken = measured.get(node, {})
            entry[name] = {
                "seconds": round(result["execution_time"], 4),
                "sql_seconds": taken.get("sql_seconds", 0),
                "sql_cpu_seconds": taken.get("sql_cpu_seconds", 0),
            }
        # what dbt asks between the nodes
        self.found["steps"][name]["sql_cpu_seconds_of_nodes"] = round(
            sum(measured.get(result["unique_id"], {}).get("sql_cpu_seconds", 0) for result in results["results"]), 3
        )
        self.found["steps"][name]["node_seconds"] = round(
            sum(result["execution_time"] for result in results["results"]), 3
        )

    def _inspect(self, name):
        """Rows and bytes of the build's tables, in a process of its own: the bench itself stays small."""
        notes, log = self.folder / "notes.json", self.folder / "inspect.log"
        notes.unlink(missing_ok=True)
        process.run(["counterweight.dev.bench.tables", self.warehouse, notes], log)
        if notes.exists():
            found = json.loads(notes.read_text(encoding="utf-8"))
            self.found["interactions" if name == "full" else "interactions_with_last_day"] = found["interactions"]
            if name == "full":
                self.found["tables"] = found["tables"]

    def _peers(self, peers, raw, save):
        for peer in peers:
            self._say(f"by {peer}")
            out = self.folder / (f"{peer}.duckdb" if peer == "duckdb" else peer)
            notes, log = self.folder / "notes.json", self.folder / f"by_{peer}.log"
            notes.unlink(missing_ok=True)
            log.unlink(missing_ok=True)
            found = process.run(
                [f"counterweight.dev.bench.by_{peer}", raw, out, notes], log, self._environment(), self.most_bytes
            )
            if found["exit_code"]:
                found["end"] = "too much memory" if "is_too_big" in found else process.last_lines(log)
                self.echo(f"bench  {self.interactions:,} by {peer}: {found['end']}")
            else:
                found |= json.loads(notes.read_text(encoding="utf-8"))
                notes.unlink()
                left_out = LEFT_OUT[peer]
                process.run(["counterweight.dev.bench.check", self.warehouse, out, notes, *left_out], log)
                if notes.exists():
                    found["check"] = json.loads(notes.read_text(encoding="utf-8"))
                else:
                    found["end"] = f"could not be compared: {process.last_lines(log)}"
                    self.echo(f"bench  {self.interactions:,} by {peer}: {found['end']}")
                for table, compared in found.get("check", {}).items():
                    if compared["differing"]:
                        self.echo(
                            f"bench  {self.interactions:,} by {peer}: {table} is another: "
                            f"{', '.join(compared['differing'])}"
                        )
            self.found["peers"][peer] = found
            save()

    def _environment(self, more=None):
        """One thread of dbt: what DuckDB takes is then measured exactly. DuckDB itself has all cores."""
        folder = self.folder
        return {
            "COUNTERWEIGHT_WAREHOUSE": str(self.warehouse),
            "COUNTERWEIGHT_PUBLISHED": str(folder / "published"),
            "COUNTERWEIGHT_SALT": SALT,
            "COUNTERWEIGHT_THREADS": "1",
            "COUNTERWEIGHT_TARGET": "duckdb",
            "COUNTERWEIGHT_MEMORY_LIMIT": MEMORY,
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            **(more or {}),
        }

    def _say(self, what):
        self.echo(f"bench  {self.interactions:,} interactions: {what}")


def ancestors(manifest, names):
    """Unique ids of the models of these names and of all that they are made of, seeds too."""
    wanted = [node for node in manifest["nodes"] if node.split(".")[0] == "model" and node.split(".")[2] in names]
    found = set()
    while wanted:
        node = wanted.pop()
        if node not in found and node in manifest["nodes"]:
            found.add(node)
            wanted += manifest["nodes"][node]["depends_on"].get("nodes", [])
    return sorted(found)


def layer_of(path):
    parts = Path(path).parts
    if parts[0] == "models":
        return parts[1]
    # what dbt runs before and after
    return "seeds" if parts[0] == "seeds" else "hooks"
