"""Runs that are killed at random moments: a few here, 200 by `make kills`."""

import contextlib
import random
import re
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT
from counterweight.dev import kills
from counterweight.load import load
from counterweight.publish import publish
from servicenow_world import simulate


@pytest.fixture
def world(demo, tmp_path):
    """The demo with a second delivery: its states before each step, as far as they cost no build. What was built and
    waits for its audit, and what was audited and waits to be published, is the first delivery once more."""
    more, _ = simulate(tmp_path / "more", tickets=40, months=1, seed=1)
    made = kills.World(demo.root, tmp_path, [[], [f"servicenow.incident_event_log={more}"]])
    for step in kills.STEPS:
        shutil.copytree(demo.warehouse.parent, tmp_path / "states" / step, symlinks=True)
    load(made.of("build"), None, made.deliveries[1])
    for step, status in (("audit", "built"), ("publish", "audited")):
        with contextlib.closing(made.of(step).connect()) as connection:
            connection.execute(
                "insert into audit.builds select * replace (build_number + 1 as build_number, '000002-waiting' "
                "as build_id, ? as status) from audit.builds",
                [status],
            )
            for table in ("relations", "expectation_results", "test_results"):
                connection.execute(
                    f"insert into audit.{table} select * replace ('000002-waiting' as build_id) from audit.{table}"
                )
    made.published_a = made.reference = kills.served(demo)
    made.loads = {kills.loads(made.of(step).warehouse) for step in ("load", "build")}
    made.seconds = {"load": 0.6, "build": 3, "audit": 3, "publish": 1, "report": 0.5}
    return made


def test_a_run_that_is_killed_leaves_readers_what_they_had(world, capfd):
    complaints = []
    tallies = kills.kill_steps(world, 10, random.Random(3), complaints.append, finished_every=1000)
    assert complaints == []
    assert sum(tally.kills for tally in tallies.values()) == sum(tally.survived for tally in tallies.values()) == 10
    assert len([step for step, tally in tallies.items() if tally.kills]) >= 4


def test_what_a_kill_could_leave_behind_would_be_noticed(world):
    """The judge of the kills can find them guilty."""
    world.restore("load")
    assert world.wrong() == []
    with contextlib.closing(world.project.connect()) as connection:
        connection.execute("delete from raw.servicenow__incident_event_log where _row_number = 1")
    assert world.wrong() == ["the delivery is loaded in part"]
    world.restore("publish")
    with contextlib.closing(world.project.connect()) as connection:
        connection.execute("delete from facts.fct_claims where claim_id = (select min(claim_id) from facts.fct_claims)")
    publish(world.project)
    assert 'the new build differs in "facts"."fct_claims": 1 rows' in world.wrong()
    file = world.project.current / "counterweight.duckdb"
    content = file.read_bytes()
    file.write_bytes(content + b"\0")
    assert "published: the file is not that of its manifest" in world.wrong()
    file.write_bytes(content[: len(content) // 2])
    assert world.wrong()[0].startswith("what is published cannot be read")


@pytest.mark.long
def test_the_next_run_is_that_of_one_that_nobody_disturbed(tmp_path):
    """After a kill, a full disk, a failed audit, damage to the build file. `make kills` with fewer kills."""
    outcome = subprocess.run(
        [sys.executable, "-m", "counterweight.dev.kills", "--times", "5", "--programs", "1", "--out", tmp_path / "out"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "\n5 of 5 kills survived\n" in outcome.stdout
    assert re.search(r"a damaged build file +3 +3 +0 +3 of 3", outcome.stdout)
    assert re.search(r"a failed audit +1 +1 +0 +1 of 1", outcome.stdout)
