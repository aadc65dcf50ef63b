"""Same raw data, same rows: whatever the order of rows and loads, the threads, or the time zone of the session."""

import csv
import datetime
import gzip
import random

import duckdb
import pytest

from conftest import VALUES_OF_DEALERSHIP, one, rows
from counterweight.build import build
from counterweight.load import load

TABLES = (
    "dimensions.dim_feed_coverage", "facts.fct_resolution_episodes", "facts.fct_claims", "facts.fct_claim_verdicts",
    "marts.resolution_quality", "marts.returned_claims", "marts.balanced_scorecard",
)  # fmt: skip


@pytest.fixture
def pieces(demo_log, tmp_path):
    """The demo log in three shuffled, overlapping files; the first row of the whole stands in each."""
    with gzip.open(demo_log, "rt", encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names, log_rows = reader.fieldnames, list(reader)
    random.Random(5).shuffle(log_rows)
    paths = []
    for number in range(3):
        path = tmp_path / f"piece_{number}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerow(log_rows[0])
            writer.writerows(log_rows[number::3])
        paths.append(path)
    return paths


# what a generated world shows below for every table
@pytest.mark.long
def test_order_batches_threads_and_session_zone_change_nothing(demo, pieces, new_project, monkeypatch):
    project = new_project("pieces")
    for path in reversed(pieces):
        load(project, "servicenow", [f"incident_event_log={path}"])
    monkeypatch.setenv("COUNTERWEIGHT_THREADS", "1")
    monkeypatch.setenv("TZ", "America/New_York")
    build(project, {})
    for table in TABLES:
        expected = rows(demo, f"select * from {table} order by all")
        assert len(expected) > 1
        assert rows(project, f"select * from {table} order by all") == expected, table
    loaded = rows(project, "select count(*) from raw.servicenow__incident_event_log")
    assert rows(project, "select sum(row_count) from facts.fct_row_fates") == loaded


@pytest.mark.long
def test_an_earlier_as_of_replays_what_had_happened_then(demo_log, new_project, tmp_path):
    """Pinning as_of gives what a build of the rows up to then gives, row for row."""
    with gzip.open(demo_log, "rt", encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names, log_rows = reader.fieldnames, list(reader)

    def event_at(row):
        return datetime.datetime.strptime(row["sys_updated_at"], "%d/%m/%Y %H:%M")

    # an event's own time, so that it is the greatest one in both
    as_of = sorted(event_at(row) for row in log_rows)[len(log_rows) // 2]
    path = tmp_path / "until_then.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(row for row in log_rows if event_at(row) <= as_of)
    truncated, pinned = new_project("truncated"), new_project("pinned")
    load(truncated, "servicenow", [f"incident_event_log={path}"])
    build(truncated, {})
    load(pinned, "servicenow", [f"incident_event_log={demo_log}"])
    build(pinned, {"as_of": str(as_of)})
    for table in TABLES:
        expected = rows(truncated, f"select * from {table} order by all")
        assert len(expected) > 1
        assert rows(pinned, f"select * from {table} order by all") == expected, table
    excluded = rows(pinned, "select fate_reason, row_count from facts.fct_row_fates where fate = 'excluded'")
    assert excluded[0][0] == "after_as_of"
    assert excluded[0][1] > 5000


def deal(folder, pieces, seed):
    """The rows of each raw file, shuffled and dealt into the folders `pieces`; the first row of all into each."""
    chance = random.Random(seed)
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            names, raw_rows = reader.fieldnames, list(reader)
        chance.shuffle(raw_rows)
        # not the same piece first for every table
        for number, piece in enumerate(chance.sample(pieces, len(pieces))):
            piece.mkdir(exist_ok=True)
            with (piece / path.name).open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, names)
                writer.writeheader()
                writer.writerows(raw_rows[:1])
                writer.writerows(raw_rows[1 + number :: len(pieces)])


def test_a_generated_world_in_any_order_is_the_same_warehouse(dealership, new_project, tmp_path, monkeypatch):
    """Every table of dimensions, facts and marts, the restricted ones too."""
    whole, raw = dealership
    folder = tmp_path / "raw"
    folder.mkdir()
    for path in raw.glob("*.parquet"):
        duckdb.sql(f"copy (from '{path}') to '{folder / path.stem}.csv'")
    dealt = new_project("dealt")
    pieces = [tmp_path / f"piece_{number}" for number in range(3)]
    deal(folder, pieces, seed=6)
    for piece in pieces:
        load(dealt, None, [f"canonical={piece}"])
    monkeypatch.setenv("COUNTERWEIGHT_THREADS", "1")
    monkeypatch.setenv("TZ", "America/New_York")
    build(dealt, VALUES_OF_DEALERSHIP)
    tables = rows(
        whole,
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('dimensions', 'facts', 'marts') order by all",
    )
    # so small a desk has no signal; what evidence would be drawn from are the cases, and a hash decides
    tables.remove(("marts.gaming_evidence",))
    # and nothing is in quarantine, audited, or published before
    for name in (
        "facts.fct_quarantined_rows", "marts.quarantine", "marts.data_health_over_time", "marts.published_changes",
    ):  # fmt: skip
        tables.remove((name,))
    cases = rows(
        whole,
        "select 'intermediate.' || view_name from duckdb_views() where starts_with(view_name, 'cases_d') order by all",
    )
    assert len(cases) == 17
    for (view,) in cases:
        query = f"select * from {view} order by all"
        assert rows(dealt, query) == rows(whole, query), view
    for (table,) in tables:
        # its grain is the load; of the rows dealt twice, one is a copy
        query = f"select * from {table} order by all"
        if table == "facts.fct_row_fates":
            query = f"select raw_table, sum(row_count) from {table} where fate = 'used' group by all order by all"
        if table == "marts.data_health":
            query = f"select * from {table} where subject <> 'rows' order by all"
        expected = rows(whole, query)
        assert rows(dealt, query) == expected, table
        assert expected, table
    (copies,) = one(dealt, "select sum(row_count) from facts.fct_row_fates where fate = 'exact_duplicate'")
    # the first row of a table stands in each of its files; of two that are the same one is loaded
    files = {(path.name, path.read_bytes()) for piece in pieces for path in piece.iterdir()}
    tables_loaded = {name for name, _ in files}
    assert copies == len(files) - len(tables_loaded) >= 2 * len(tables_loaded) - 1 > 40
