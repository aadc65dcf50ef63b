"""One world twice: in the raw contract, and in the tables of Fivetran's Zendesk connector. What comes out is the same,
ticket by ticket, as far as that layout can tell it (zendesk_world says what it cannot)."""

import contextlib

import duckdb
import pytest

import zendesk_world
from conftest import TABLES, WITHOUT_MARTS, build_facts, one, rows
from counterweight.build import run_dbt
from counterweight.errors import CounterweightError, InputError
from counterweight.load import load

IN_PLACE = {"zendesk_schema": "helpdesk", **zendesk_world.VARIABLES}


@pytest.fixture(scope="module")
def world(zendesk_folder):
    return zendesk_folder


@pytest.fixture(scope="module")
def canonical(new_project, world):
    project = new_project("zendesk_as_contract")
    load(project, None, [f"canonical={world[0] / 'canonical'}"])
    build_facts(project)
    return project


CLAIMS = """
    select ticket_id, claimed_at, first_r1_at, first_r2_at, first_r3_at, first_r4_at, first_r5_at
    from facts.fct_claims where claim_type = 'ticket_resolved'
"""
EPISODES = """
    select split_part(ticket_key, ':', 2), resolved_at, closed_at, closure_mode, toggle_count, reopened_at, reopened_by,
        reopen_kind
    from facts.fct_resolution_episodes
"""
INTERACTIONS = """
    select kind, started_at, ended_at, issue_key from facts.fct_interactions
"""


def by_ticket(project, query, names=None):
    """{(ticket, time): the rest}; a ticket makes one claim at a time."""
    found = {((names or {}).get(row[0], row[0]), row[1]): row[2:] for row in rows(project, query)}
    assert len(found) == len(rows(project, query)) > 500
    return found


def test_every_claim_and_its_falsifiers_are_the_same_to_the_second(zendesk, canonical, world):
    found = by_ticket(zendesk, CLAIMS, world[1])
    wanted = by_ticket(canonical, CLAIMS)
    assert found == wanted
    # R1 to R4 are there to be compared; Zendesk does not ask whether it was solved
    seen = [sum(falsifiers[tier] is not None for falsifiers in wanted.values()) for tier in range(5)]
    assert all(count > 3 for count in seen[:4]), seen
    assert seen[4] == 0


def test_every_episode_is_the_same_with_who_reopened_it(zendesk, canonical, world):
    found = by_ticket(zendesk, EPISODES, world[1])
    assert found == by_ticket(canonical, EPISODES)
    by = [reopened_by for *_, reopened_by, _ in found.values() if reopened_by]
    # an agent whose user was deleted is a person, and not known to be an agent
    assert {"requester", "agent"} <= set(by)


def test_contacts_and_interactions_are_the_same(zendesk, canonical):
    assert sorted(rows(zendesk, INTERACTIONS), key=str) == sorted(rows(canonical, INTERACTIONS), key=str)
    handled = "select claimed_at, first_r3_at from facts.fct_claims where claim_type = 'contact_handled'"
    found = rows(zendesk, handled)
    assert len(found) > 100
    assert sorted(found, key=str) == sorted(rows(canonical, handled), key=str)


def test_what_the_layout_cannot_tell_is_all_that_was_taken_out(world):
    """Calls are the great loss: those without a ticket have nobody behind them."""
    raw, left = f"'{world[0]}/raw/calls.parquet'", f"'{world[0]}/canonical/calls.parquet'"
    taken = duckdb.sql(
        f"""
        select count(*) filter (channel = 'chat'), count(*) filter (channel = 'voice' and ticket_id is null),
            count(*) filter (channel = 'voice' and ticket_id is not null and legs > 1),
            count(*) filter (channel = 'voice' and ticket_id is not null and legs = 1)
        from (select *, count(*) over (partition by contact_id) as legs from {raw})
        """
    ).fetchone()
    assert all(count > 0 for count in taken)
    assert duckdb.sql(f"select count(*) from {left}").fetchone() == (taken[3],)
    tickets = "select count(*), count(distinct ticket_id) from '{}/{}/tickets.parquet'"
    assert (
        duckdb.sql(tickets.format(world[0], "raw")).fetchone()
        == duckdb.sql(tickets.format(world[0], "canonical")).fetchone()
    )


def test_an_unknown_user_loses_no_ticket(zendesk, world):
    """Tickets, changes and messages of users that are not in `user` are all there; who they were is not."""
    folder = world[0] / "zendesk"
    missing = f"not in (select id from '{folder}/user.parquet')"
    alive = "not _fivetran_deleted and status <> 'deleted'"
    tickets, theirs = duckdb.sql(
        f"""
        select count(*), count(*) filter (requester_id {missing} or assignee_id {missing})
        from '{folder}/ticket.parquet' where {alive}
        """
    ).fetchone()
    assert theirs > 10
    assert one(zendesk, "select count(*), count(requester_key) from staging.stg_zendesk__tickets") == (tickets, tickets)
    assert one(zendesk, "select count(*) from intermediate.int_tickets") == (tickets,)
    acts = duckdb.sql(
        f"""
        select count(*) from '{folder}/ticket_field_history.parquet' as history
        where user_id <> -1 and user_id {missing} and field_name <> 'subject' and via_channel is distinct from 'rule'
            and ticket_id in (select id from '{folder}/ticket.parquet' where {alive})
        """
    ).fetchone()
    assert acts[0] > 10
    unknown = "select count(*) from staging.stg_zendesk__ticket_events where actor_type is null"
    assert one(zendesk, unknown) == acts
    assert one(zendesk, f"{unknown} and actor_key is null") == (0,)


def test_every_row_has_its_fate_and_the_deleted_are_named(zendesk, world):
    fates = {
        (table, fate, reason): count
        for table, fate, reason, count in rows(
            zendesk, "select raw_table, fate, fate_reason, sum(row_count)::bigint from facts.fct_row_fates group by all"
        )
    }
    deleted = zendesk_world.DELETED_TICKETS
    assert fates["ticket", "excluded", "deleted_in_source"] == 2 * deleted
    assert fates["ticket_comment", "excluded", "deleted_in_source"] == 1
    assert fates["ticket_comment", "excluded", "ticket_deleted_in_source"] > deleted
    assert fates["ticket_field_history", "excluded", "ticket_deleted_in_source"] > deleted
    assert {fate for _, fate, _ in fates} == {"used", "excluded"}
    for path in (world[0] / "zendesk").glob("*.parquet"):
        delivered = duckdb.sql(f"select count(*) from '{path}'").fetchone()[0]
        assert sum(count for (table, *_), count in fates.items() if table == path.stem) == delivered, path.stem
    results = run_dbt(zendesk, ["test", "--select", "path:models/staging/zendesk", "assert_fates_add_up_to_rows_loaded",
                                "--exclude-resource-type", "unit_test"],
                      {"zendesk_schema": "raw", **zendesk_world.VARIABLES})  # fmt: skip
    assert len(results) > 30
    assert {result.node.name for result in results if result.status != "pass"} == set()


def test_unit_tests_of_the_layout_hold(zendesk):
    """They are there only where Zendesk is."""
    results = run_dbt(
        zendesk,
        ["test", "--select", "path:models/staging/zendesk,test_type:unit"],
        {"zendesk_schema": "raw"},
    )
    assert len(results) >= 14
    assert {result.node.name: result.message for result in results if result.status != "pass"} == {}


def test_the_peers_reopen_count_misses_those_not_solved_again(zendesk, capsys):
    """The usual count of reopens is how often a ticket was solved, less one. On the day of the report it misses the
    reopened that nobody has solved again: those that matter on that day."""
    found = rows(
        zendesk,
        """
        with statuses as (
            select
                ticket_id, event_at, new_value,
                lag(new_value) over (partition by ticket_id order by event_at) in ('solved', 'closed')
                and new_value not in ('solved', 'closed') as is_reopening
            from staging.stg_zendesk__ticket_events where field = 'status'
        ),
        days as (
            select unnest(generate_series(timestamp '2024-01-15', timestamp '2024-05-15', interval 1 month)) as day
        ),
        tickets as (
            select
                day, ticket_id, count(*) filter (is_reopening) as moves,
                greatest(count(*) filter (new_value = 'solved') - 1, 0) as usual
            from statuses inner join days on statuses.event_at < days.day
            group by all
        )
        select
            day, sum(moves)::int, sum(usual)::int, sum(greatest(moves - usual, 0))::int,
            sum(greatest(usual - moves, 0))::int
        from tickets group by day order by day
        """,
    )
    assert len(found) == 5
    assert sum(missed for _, _, _, missed, _ in found) > 0
    with capsys.disabled():
        for day, ours, usual, missed, added in found:
            print(
                f"\nzendesk, {day:%d %b %Y}: {ours} reopenings, solved less one {usual}: misses {missed}, adds {added}",
                end="",
            )


def test_a_task_is_a_request_and_policies_find_their_calendars(zendesk):
    assert one(
        zendesk,
        "select count(*) > 10, count(*) filter (ticket_type = 'task') from staging.stg_zendesk__tickets "
        "where ticket_type in ('request', 'task')",
    ) == (True, 0)
    assert rows(
        zendesk,
        """
        select distinct tickets.sla_policy_id is null, policies.policy_id is null, calendars.time_zone
        from staging.stg_zendesk__tickets as tickets
        left join staging.stg_zendesk__sla_policies as policies on tickets.sla_policy_id = policies.policy_id
        left join staging.stg_zendesk__calendars as calendars using (calendar_id)
        where not coalesce(tickets.is_test, false) and tickets.sla_policy_id is not null order by all
        """,
    ) == [(False, False, "America/Chicago"), (False, False, "Europe/Vienna")]


@pytest.fixture(scope="module")
def in_place(new_project, world):
    """The connector's own schema, as it lands there: typed, times with a zone and without, no table of memberships, a
    column less; and nothing was loaded."""
    project = new_project("zendesk_in_place")
    with contextlib.closing(project.connect()) as connection:
        connection.execute("set TimeZone = 'America/New_York'; create schema helpdesk")
        for path in sorted((world[0] / "zendesk").glob("*.parquet")):
            columns = connection.execute(f"describe select * from '{path}'").fetchall()
            zoned = path.stem != "ticket_comment"
            typed = ", ".join(
                f"\"{name}\" at time zone 'UTC' as \"{name}\"" if kind == "TIMESTAMP" and zoned
                else f'cast("{name}" as json) as "{name}"' if name == "merged_ticket_ids" else f'"{name}"'
                for name, kind, *_ in columns
            )  # fmt: skip
            connection.execute(f"create table helpdesk.\"{path.stem}\" as select {typed} from '{path}'")
        connection.execute(
            'drop table helpdesk.group_member; alter table helpdesk."user" drop column shared_phone_number'
        )
    return project


def catalogue(project):
    return rows(
        project,
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'helpdesk' "
        "order by all",
    )


@pytest.mark.long
def test_one_variable_reads_the_connectors_schema_in_place(in_place, zendesk):
    before = catalogue(in_place)
    results = run_dbt(in_place, ["build", *TABLES, "--resource-type", "test", *WITHOUT_MARTS], IN_PLACE)
    assert {result.node.name for result in results if result.status not in ("success", "pass")} == set()
    for query in (CLAIMS, EPISODES, INTERACTIONS):
        assert sorted(rows(in_place, query), key=str) == sorted(rows(zendesk, query), key=str)
    fates = (
        "select raw_table, fate, fate_reason, sum(row_count)::bigint from facts.fct_row_fates group by all order by all"
    )
    assert rows(in_place, fates) == [row for row in rows(zendesk, fates) if row[0] != "group_member"]
    # the last synchronisation of a table stands for its load
    assert one(
        in_place, "select count(distinct loaded_at), count(*) from facts.fct_row_fates where raw_table = 'ticket'"
    ) == (1, 2)
    # nothing was made or changed there, and nothing of it in raw
    assert catalogue(in_place) == before
    assert one(
        in_place, "select count(*) from information_schema.tables where table_name like 'zendesk\\_\\_%' escape '\\'"
    ) == (0,)


def test_a_schema_without_the_tables_is_named(new_project):
    elsewhere = new_project("elsewhere")
    with contextlib.closing(elsewhere.connect()):
        pass
    with pytest.raises(CounterweightError, match=r"The variable zendesk_schema is 'helpdesk', and none of the tables"):
        run_dbt(elsewhere, ["run", "--select", "dim_dates"], IN_PLACE)


def test_a_table_without_a_needed_column_is_named(in_place):
    with contextlib.closing(in_place.connect()) as connection:
        connection.execute("alter table helpdesk.ticket_field_history rename column user_id to author")
    with pytest.raises(CounterweightError, match=r"helpdesk\.ticket_field_history has no column 'user_id'"):
        run_dbt(in_place, ["run", "--select", "dim_dates"], IN_PLACE)
    with contextlib.closing(in_place.connect()) as connection:
        connection.execute("alter table helpdesk.ticket_field_history rename column author to user_id")


def test_what_is_read_elsewhere_is_not_loaded(new_project, world, monkeypatch):
    project = new_project("zendesk_elsewhere")
    variables = project.variables | {"zendesk_schema": "helpdesk"}
    monkeypatch.setattr(type(project), "variables", property(lambda self: variables))
    with pytest.raises(InputError, match="'zendesk' is read where its connector keeps it"):
        load(project, None, [f"zendesk={world[0] / 'zendesk'}"])


def test_a_warehouse_without_zendesk_has_nothing_of_it(canonical):
    names = "select count(*) from information_schema.tables where table_name like '%zendesk%'"
    assert one(canonical, names) == (0,)
