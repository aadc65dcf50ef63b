"""When a build may be an increment. That it then gives what a full build gives is shown by test_schedules."""

import re

import duckdb
import pytest

from conftest import ROOT
from counterweight import increment
from counterweight.build import make_books

LOADS = (
    "create table raw._loads (source_system varchar, raw_table varchar, source_file varchar, content_sha256 varchar, "
    "row_count bigint, byte_count bigint, loaded_at timestamp)"
)
VALUES = {"issue_key": "category"}


@pytest.fixture
def books():
    """The books after a whole build of one load of 7 rows."""
    with duckdb.connect() as connection:
        connection.execute(f"create schema raw; {LOADS}")
        make_books(connection)
        load(connection, "a.csv", 7, "2024-01-01 10:00:00")
        write(connection, 1, "audited")
        increment.note(connection)
        yield connection


def load(connection, name, rows, when):
    connection.execute(
        "insert into raw._loads values ('canonical', 'tickets', ?, ?, ?, 1, ?)", [name, name, rows, when]
    )


def write(connection, number, status, code="code", values=VALUES):
    connection.execute(
        "insert into audit.builds (build_number, build_id, status, code_fingerprint, vars) values (?, ?, ?, ?, ?)",
        [number, f"b{number}", status, code, increment.written(values)],
    )


def test_a_whole_build_of_the_same_code_and_variables_may_be_gone_on_from(books):
    assert increment.why_not(books, "code", VALUES) is None
    assert increment.new_loads(books) == (0, 0)
    load(books, "b.csv", 5, "2024-01-01 09:00:00")  # the clock ran back: loads are known one by one
    assert increment.why_not(books, "code", VALUES) is None
    assert increment.new_loads(books) == (1, 5)


@pytest.mark.parametrize("status", ["building", "build failed", "stale"])
def test_what_stopped_half_way_or_was_touched_since_is_built_in_full(books, status):
    write(books, 2, status)
    assert increment.why_not(books, "code", VALUES) == f"the last build is '{status}'"


@pytest.mark.parametrize("status", ["built", "audited", "audit failed"])
def test_an_audit_changes_no_table(books, status):
    write(books, 2, status)
    assert increment.why_not(books, "code", VALUES) is None


def test_other_code_other_variables_or_another_as_of_are_built_in_full(books):
    assert "changed" in increment.why_not(books, "other code", VALUES)
    assert increment.why_not(books, "code", {}) == "variables changed"
    pinned = VALUES | {"as_of": "2024-01-01 00:00:00"}
    write(books, 2, "built", values=pinned)
    assert increment.why_not(books, "code", pinned) == "as_of is pinned"


def test_rows_that_are_gone_or_unknown_are_built_in_full(books):
    books.execute("update raw._loads set row_count = 6")
    assert increment.why_not(books, "code", VALUES) == "loaded rows are no longer there"
    books.execute(f"drop table {increment.BOOK}")
    assert increment.why_not(books, "code", VALUES) == "the last build did not note what it read"


def test_a_table_that_somebody_dropped_is_not_filled_with_what_is_new_alone(books):
    books.execute("create table audit.relations (build_id varchar, schema_name varchar, relation_name varchar)")
    books.execute("insert into audit.relations values ('b1', 'main', 'here'); create view here as select 1")
    assert increment.why_not(books, "code", VALUES) is None
    books.execute("insert into audit.relations values ('b1', 'main', 'fct_claims')")
    assert increment.why_not(books, "code", VALUES) == "main.fct_claims is gone"


def test_the_first_build_is_full():
    with duckdb.connect() as connection:
        make_books(connection)
        assert increment.why_not(connection, "code", VALUES) == "the first build of this warehouse"


def test_what_an_increment_replaces_by_key_has_touch_rules():
    """dbt's own strategies would append what is new."""
    strategies = {}
    for path in (ROOT / "models").rglob("*.sql"):
        text = path.read_text(encoding="utf-8")
        if "materialized='incremental'" in text:
            strategies[path.stem] = re.findall(r"incremental_strategy='(\w+)'", text)
    assert set(map(tuple, strategies.values())) == {("by_key",), ("compared",)}
    by_key = {name for name, strategy in strategies.items() if strategy == ["by_key"]}
    rules = (ROOT / "macros/incremental/touch_rules.sql").read_text(encoding="utf-8")
    ruled = set(re.findall(r"^        '(\w+)': \{'key'", rules, re.MULTILINE))
    # those of the contract are found by their keys
    assert {name for name in by_key if not name.startswith("base_canonical__")} == ruled
