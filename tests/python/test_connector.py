"""A connector lands the raw contract itself, with its own types, and only dbt runs."""

import contextlib

import pytest

from conftest import TABLES, one, rows
from counterweight.build import run_dbt
from counterweight.errors import CounterweightError
from counterweight.load import declared_systems


@pytest.fixture(scope="module")
def landed(new_project):
    """Typed tables as a connector lands them: the required columns alone, no books, no salt."""
    project = new_project("connector")
    with contextlib.closing(project.connect()) as connection:
        connection.execute("set TimeZone = 'America/New_York'")
        connection.execute(
            """
            create schema raw;
            create table raw.canonical__tickets as
            select 'T1' as ticket_id, timestamptz '2024-01-01 09:00:00+00' as created_at, 7 as requester_id,
                'portal' as channel, 'Mail' as category, 'resolved' as status, true as is_test;
            create table raw.canonical__ticket_events as
            select 1 as event_id, 'T1' as ticket_id, timestamp '2024-01-02 09:00:00' as event_at, 'status' as field,
                'resolved' as new_value;
            """
        )
    return project


@pytest.fixture(scope="module")
def built(landed):
    """All that was built of them, and the results of that and of the data tests."""
    return landed, run_dbt(landed, ["build", *TABLES, "--resource-type", "test"], {})


def test_missing_tables_and_columns_are_made_and_the_rest_is_read(built):
    landed, results = built
    assert {result.node.name for result in results if result.status not in ("success", "pass")} == set()
    assert one(landed, "select count(*), min(claimed_at)::varchar, min(closure_mode) from facts.fct_claims") == (
        1, "2024-01-02 09:00:00", "test",
    )  # fmt: skip
    assert one(landed, "select created_at::varchar from staging.stg_canonical__tickets") == ("2024-01-01 09:00:00",)
    assert rows(landed, "select raw_table, fate, row_count from facts.fct_row_fates order by 1") == [
        ("ticket_events", "used", 1),
        ("tickets", "used", 1),
    ]


def test_what_is_missing_is_there_empty_and_typed(built):
    """Every table of the contract, with every column, in the contract's types from staging on."""
    landed, _ = built
    contract = declared_systems(landed)["canonical"]
    raw = rows(
        landed,
        "select table_name, column_name from information_schema.columns where table_schema = 'raw' "
        "and table_name like 'canonical__%'",
    )
    wanted = {(f"canonical__{name}", column) for name, table in contract.items() for column in table.columns}
    assert len(wanted) > 150
    assert wanted <= set(raw)
    types = dict(
        rows(
            landed,
            "select table_name || '.' || column_name, data_type from information_schema.columns "
            "where table_schema = 'staging'",
        )
    )
    assert types["stg_canonical__surveys.answered_at"] == "TIMESTAMP"
    assert types["stg_canonical__calls.talk_seconds"] == "BIGINT"
    assert types["base_canonical__costs.amount"] == "DECIMAL(38,10)"
    assert types["base_canonical__holidays.holiday_on"] == "DATE"
    assert types["stg_canonical__tickets.is_test"] == "BOOLEAN"
    assert one(landed, "select count(*) from staging.stg_canonical__calls") == (0,)


def test_a_table_without_a_needed_column_is_named(built):
    landed, _ = built  # all others have read it by now
    with contextlib.closing(landed.connect()) as connection:
        connection.execute("alter table raw.canonical__tickets rename column category to kategorie")
    with pytest.raises(
        CounterweightError,
        match=r"raw\.canonical__tickets has no column 'category', which canonical\.tickets must have",
    ):
        run_dbt(landed, ["run", "--select", "dim_dates"], {})
