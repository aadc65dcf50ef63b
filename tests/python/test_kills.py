"""Runs that are killed at random moments: a few here, 200 by `make kills`."""

import contextlib
import os
import random
import shutil

import pytest

from counterweight.audit import audit
from counterweight.dev import kills
from counterweight.errors import AuditError
from counterweight.load import load
from counterweight.publish import publish
from counterweight.recovery import damage, mend
from counterweight.worlds import simulate as simulate_world
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
                "insert into audit.builds select build_number + 1, '000002-waiting', ?, code_fingerprint, "
                "input_fingerprint, vars from audit.builds",
                [status],
            )
            for table in ("relations", "expectation_results", "test_results"):
                connection.execute(
                    f"insert into audit.{table} select '000002-waiting', * exclude (build_id) from audit.{table}"
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
    assert world.wrong() == ['the new build differs in "facts"."fct_claims": 1 rows']
    file = world.project.current / "counterweight.duckdb"
    content = bytearray(file.read_bytes())
    content[-5] ^= 255
    file.write_bytes(content)
    assert "published: the file is not that of its manifest" in world.wrong()
    file.write_bytes(content[: len(content) // 2])
    assert world.wrong()[0].startswith("what is published cannot be read")


@pytest.fixture(scope="module")
def whole_world(new_project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kills")
    simulate_world(folder / "world", tickets=150, calls=300, months=3, batches=2)
    root = new_project("of_kills").root
    made = kills.World(root, folder, [[f"canonical={batch}"] for batch in sorted((folder / "world" / "raw").iterdir())])
    made.prepare()
    return made


@pytest.mark.long
def test_the_next_run_is_that_of_one_that_nobody_disturbed(whole_world):
    complaints = []
    tallies = kills.kill_steps(whole_world, 4, random.Random(1), complaints.append, finished_every=2)
    tallies["program"] = kills.kill_programs(whole_world, 1, random.Random(2), complaints.append)
    disk = kills.Tally()
    kills.fill_disk(whole_world, disk, complaints.append)
    assert complaints == []
    assert sum(tally.equal for tally in tallies.values()) == sum(tally.finished for tally in tallies.values()) == 3


@pytest.mark.long
def test_of_a_build_that_failed_its_audit_nothing_is_left_that_a_later_run_trusts(whole_world):
    """Planted in what was built: rows that are no claims' and figures that nobody counted."""
    whole_world.restore("audit")
    with contextlib.closing(whole_world.project.connect()) as connection:
        connection.execute("insert into facts.fct_claims select * from facts.fct_claims limit 5")
        connection.execute("update marts.resolution_quality set claim_count = claim_count + 1")
        connection.execute("update intermediate.int_tickets set customer_key = 'somebody else'")
    before = kills.served(whole_world.project)
    with pytest.raises(AuditError, match="unique_fct_claims_claim_id"):
        audit(whole_world.project)
    assert kills.served(whole_world.project) == before
    assert whole_world.finish() == []


@pytest.mark.long
@pytest.mark.parametrize("damaged", ["its header", "a built table", "a raw table"])
def test_a_run_on_a_damaged_file_is_that_of_one_that_nobody_disturbed(whole_world, damaged):
    """Where nothing can be read both deliveries are named; else what is there is enough."""
    whole_world.restore("publish")
    project = whole_world.project
    table = "raw.canonical__tickets" if damaged == "a raw table" else "facts.fct_claims"
    with contextlib.closing(project.connect(read_only=True)) as connection:
        (block,) = connection.execute(
            f"select max(block_id) from pragma_storage_info('{table}') where block_id >= 0"
        ).fetchone()
    with project.warehouse.open("r+b") as file:
        file.seek(0 if damaged == "its header" else 3 * 4096 + block * 262_144)
        file.write(os.urandom(4096))
    mend(project)
    assert damage(project, AuditError("could not be computed")) is None
    if damaged != "a built table":
        load(project, None, whole_world.deliveries[0] + whole_world.deliveries[1])
    assert whole_world.finish() == []
