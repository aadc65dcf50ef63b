"""Each expectation can fail, speaks up from its limit on and not before, and shows no value of the data."""

import contextlib
import csv
import math
import shutil

import duckdb
import pytest
import yaml

from conftest import ROOT, rows
from counterweight import gx_duckdb
from counterweight.audit import _store, suites_of
from counterweight.build import last_build
from counterweight.dev import expectations_page
from counterweight.errors import InputError
from counterweight.expectations import Check, read_suites, run_expectations, with_limits
from counterweight.project import Project

PROJECT = Project(root=ROOT, warehouse=ROOT / "none.duckdb", published=ROOT / "none")
SUITES = {suite["name"]: suite for suite in read_suites(PROJECT)}
ALL = {(name, it["id"]): it for name, suite in SUITES.items() for it in suite["expectations"]}


def one_of(table, condition="true", nth=1):
    """SQL condition: the nth row of the table that fits, so that breaks do not meet."""
    return f"rowid = (select rowid from {table} where {condition} order by rowid limit 1 offset {nth - 1})"


def mature(rate):
    return f"is_period_mature and {rate} is not null and period_type = 'month'"


def history(change, nth):
    table = "intermediate.int_ticket_histories"
    where = one_of(table, "tool_status in ('resolved', 'closed') and tool_resolved_at is not null", nth)
    return f"update {table} set {change} where {where}"


def episode(change, condition, nth=1):
    table = "facts.fct_resolution_episodes"
    return f"update {table} set {change} where {one_of(table, condition, nth)}"


def leg(change, nth):
    table = "facts.fct_contact_legs"
    return f"update {table} set {change} where {one_of(table, 'is_answered and channel = $$voice$$', nth)}"


def survey(change, nth):
    table = "facts.fct_survey_responses"
    return f"update {table} set {change} where {one_of(table, 'is_answered and csat is not null', nth)}"


def returned(change, condition, nth=1):
    table = "marts.returned_claims"
    return f"update {table} set {change} where {one_of(table, condition, nth)}"


SERVICENOW = """
    insert into staging.base_servicenow__incident_event_log
        (fate, _loaded_at, event_at, is_nonexistent_hour, is_repeated_hour)
    values
        ('used', timestamp '2025-01-10', timestamp '2025-01-09', true, false),
        ('used', timestamp '2025-01-10', timestamp '2025-01-09', false, true),
        ('used', timestamp '2025-01-11', timestamp '2025-01-01', false, false)
"""
ONE_MONTH = "timestamp '2024-03-01' and timestamp '2024-03-31'"
# Suite and expectation, and what breaks the warehouse so that it must fail.
BREAKS = {
    ("balanced_scorecard", "E12"): f"""
        update marts.balanced_scorecard set reality = null
        where {one_of("marts.balanced_scorecard", "headline is not null")}
    """,
    ("balanced_scorecard", "E13"): f"""
        update marts.balanced_scorecard set is_period_mature = false
        where {one_of("marts.balanced_scorecard", "headline is not null", 2)}
    """,
    ("base_canonical__ticket_events", "E16-late"): f"""
        update staging.base_canonical__ticket_events set _loaded_at = _loaded_at + interval '1 day'
        where {one_of("staging.base_canonical__ticket_events", "event_at < timestamp '2024-02-01'")}
    """,
    ("base_servicenow__incident_event_log", "clock-nonexistent"): SERVICENOW,
    ("base_servicenow__incident_event_log", "clock-repeated"): SERVICENOW,
    ("base_servicenow__incident_event_log", "E16-late"): SERVICENOW,
    ("dim_feed_coverage", "E16-fresh"): """
        update dimensions.dim_feed_coverage set observed_until = observed_until - interval '30 days'
        where feed = 'surveys'
    """,
    ("dim_targets", "E17"): """
        insert into dimensions.dim_targets (source_system, metric, scope, operator, target, used_for)
        values ('canonical', ' AHT', 'all', '<=', 300, 'Target')
    """,
    ("fct_business_outcomes", "outcomes-words"): f"""
        update facts.fct_business_outcomes set falsifies = null where {one_of("facts.fct_business_outcomes")}
    """,
    ("fct_business_outcomes", "outcomes-claims"): """
        delete from facts.fct_business_claims
        where claim_key = (select min(claim_key) from facts.fct_business_outcomes)
    """,
    ("fct_contact_legs", "E08-times"): leg("talk_seconds = talk_seconds + 3", 1),
    ("fct_contact_legs", "E08-negative"): leg("wrap_seconds = -1", 2),
    ("fct_contact_legs", "E08-overlap"): """
        insert into facts.fct_contact_legs by name
        select * replace ('twin' as leg_id) from facts.fct_contact_legs
        where is_answered and channel = 'voice' and talk_seconds > 60 limit 1
    """,
    ("fct_costs", "costs-month"): f"update facts.fct_costs set month = month + 1 where {one_of('facts.fct_costs')}",
    ("fct_interactions", "contacts-direction"): f"""
        update facts.fct_interactions set direction = 'both' where {one_of("facts.fct_interactions")}
    """,
    ("fct_interactions", "E09"): f"""
        update facts.fct_interactions set contact_handle_seconds = contact_handle_seconds + 1
        where {one_of("facts.fct_interactions", "kind = 'contact' and contact_handle_seconds > 0", 5)}
    """,
    ("fct_interactions", "E10-known"): "update facts.fct_interactions set customer_key = null where rowid % 5 = 0",
    ("fct_interactions", "E14-map"): f"""
        update facts.fct_interactions set category = 'Never heard of'
        where {one_of("facts.fct_interactions", "kind = 'opening'")}
    """,
    ("fct_interactions", "E14-other"): """
        update facts.fct_interactions set category = ' OTHER' where kind = 'opening' and rowid % 4 = 0
    """,
    ("fct_resolution_episodes", "E03-last"): f"""
        delete from facts.fct_resolution_episodes where {one_of("facts.fct_resolution_episodes", nth=9)}
    """,
    ("fct_resolution_episodes", "E04-resolved"): f"""
        alter table facts.fct_resolution_episodes alter column resolved_at drop not null;
        {episode("resolved_at = null", "true", 20)}
    """,
    ("fct_resolution_episodes", "E04-closed"): episode(
        "closed_at = resolved_at - interval '1 second'", "closed_at is not null", 30
    ),
    ("fct_resolution_episodes", "E04-left"): episode(
        "ended_at = resolved_at - interval '1 second'", "ended_at is not null"
    ),
    ("fct_resolution_episodes", "E05"): episode(
        "reopened_at = closed_at + interval '1 day'", "closed_at > resolved_at", 40
    ),
    ("fct_resolution_episodes", "E07-share"): f"""
        update reference.expectation_limits set limit_value = 3 where limit_id = 'auto_close_months';
        update facts.fct_resolution_episodes set closure_mode = 'silent_auto_close'
        where closure_mode = 'confirmed' and resolved_at between {ONE_MONTH}
    """,
    ("fct_resolution_episodes", "E07-delay"): f"""
        update facts.fct_resolution_episodes set closed_at = resolved_at + interval '20 hours'
        where closed_at > resolved_at and closed_at between {ONE_MONTH}
    """,
    ("fct_row_fates", "quarantined"): """
        insert into facts.fct_row_fates (source_system, raw_table, source_file, fate, fate_reason, row_count)
        values ('canonical', 'tickets', 'tickets.csv', 'quarantined', 'no_such_ticket', 2)
    """,
    ("fct_row_fates", "E16-twice"): """
        insert into facts.fct_row_fates (source_system, raw_table, source_file, fate, row_count)
        values ('canonical', 'ticket_events', 'ticket_events.csv', 'superseded', 3)
    """,
    ("fct_row_fates", "fates-readable"): """
        insert into facts.fct_row_fates (source_system, raw_table, source_file, fate, fate_reason, row_count)
        values ('canonical', 'tickets', 'damaged.csv', 'quarantined', 'unreadable_created_at', 5)
    """,
    ("fct_survey_responses", "E11-order"): survey("answered_at = sent_at - interval '1 second'", 1),
    ("fct_survey_responses", "E11-unsent"): survey("sent_at = null", 2),
    ("fct_survey_responses", "E11-scale"): survey("csat_share = null", 3),
    ("first_contact_resolution", "E13"): f"""
        update marts.first_contact_resolution set is_period_mature = false
        where {one_of("marts.first_contact_resolution", mature("lasting_rate"))}
    """,
    ("handle_time_in_context", "E15-small"): """
        update marts.handle_time_in_context set handle_seconds = 1
        where period_type = 'month' and unit_type = 'team' and is_suppressed
    """,
    ("handle_time_in_context", "E15-alone"): """
        update marts.handle_time_in_context set is_suppressed = false
        where unit_type = 'team' and period_type = 'month'
            and unit <> (
                select min(unit) from marts.handle_time_in_context
                where unit_type = 'team' and period_type = 'month' and is_suppressed
            )
    """,
    ("handle_time_in_context", "E15-sum"): """
        update marts.handle_time_in_context set contact_count = contact_count - 1
        where unit_type = 'total' and period_type = 'month'
    """,
    ("int_agent_times", "states-words"): f"""
        update intermediate.int_agent_times set is_unlisted = true where {one_of("intermediate.int_agent_times")}
    """,
    ("int_agent_times", "states-overlap"): f"""
        update intermediate.int_agent_times set ended_at = ended_at + interval '1 day'
        where {one_of("intermediate.int_agent_times", "time_type = 'state'", 2)}
    """,
    ("int_feed_records", "E16-volume"): """
        delete from intermediate.int_contact_legs
        where started_at >= (
            select observed_until - interval '6 days' from dimensions.dim_feed_coverage where feed = 'calls'
        )
    """,
    ("int_resolution_moves", "E06-machines"): """
        update intermediate.int_resolution_moves set actor = 'system' where move_kind = 'leaving'
    """,
    ("int_shared_identities", "E10-shared"): """
        insert into intermediate.int_shared_identities (customer_key, interaction_count, reason)
        values ('switchboard', 999, 'volume')
    """,
    ("int_ticket_histories", "E03-status"): history("last_event_status = 'open'", 1),
    ("int_ticket_histories", "E03-words"): f"""
        update intermediate.int_ticket_status_changes set status = 'simmering'
        where {one_of("intermediate.int_ticket_status_changes")}
    """,
    ("int_ticket_histories", "E03-resolved"): history("seconds_from_tool_resolved_at = -61", 2),
    ("int_ticket_histories", "E04-missing"): history("tool_resolved_at = null", 3),
    ("int_ticket_histories", "E04-order"): history("tool_closed_at = tool_resolved_at - interval '1 second'", 4),
    ("int_ticket_histories", "E04-created"): history("last_resolved_at = created_at - interval '1 second'", 5),
    ("int_ticket_histories", "E06-counter"): history("tool_reopen_count = moves_back_to_open_count + 1", 6),
    ("passed_and_held", "E13"): f"""
        update marts.passed_and_held set is_period_mature = false
        where {one_of("marts.passed_and_held", mature("lasting_rate"))}
    """,
    ("resolution_quality", "E01"): """
        update marts.resolution_quality set reopen_rate_low = 0.99 where period_type = 'to_date' and window_days = 7
    """,
    ("resolution_quality", "E13"): f"""
        update marts.resolution_quality set period_end = cast(observed_until as date) - window_days + 2
        where {one_of("marts.resolution_quality", mature("held_rate"))}
    """,
    ("returned_claims", "E02"): f"""
        delete from marts.returned_claims
        where {one_of("marts.returned_claims", "is_in_rate and is_reopened and claim_type = 'ticket_resolved'")}
    """,
    ("returned_claims", "E02-delay"): returned("seconds_to_return = null", "true", 7),
    ("returned_claims", "E02-tier"): returned("falsified_by_tier = 'R4'", "true", 8),
    ("returned_claims", "E02-actor"): returned("reopened_by = null", "is_reopened", 9),
    ("team_experience", "E15-small"): """
        update marts.team_experience set agent_day_count = 1 where unit_type = 'team' and is_suppressed
    """,
}


@pytest.fixture(scope="module")
def answers(dealership, tmp_path_factory):
    """{(suite, id): (before, after)}: the checks of an audited world, and of a copy in which all of it is broken."""
    world, _ = dealership
    folder = tmp_path_factory.mktemp("broken")
    shutil.copy(world.warehouse, folder / "counterweight.duckdb")
    broken = Project(root=ROOT, warehouse=folder / "counterweight.duckdb", published=folder / "published")
    with contextlib.closing(broken.connect()) as connection:
        for statement in dict.fromkeys(BREAKS.values()):
            connection.execute(statement)
    build_id = last_build(world)[0]
    before = rows(
        world, "select suite, expectation_id, success, failed_count from audit.expectation_results where build_id = ?",
        [build_id],
    )  # fmt: skip
    after = run_expectations(
        suites_of(broken, build_id),
        f"duckdb:///{broken.warehouse}?access_mode=read_only",
        run_name="broken",
        pages=folder / "pages",
    )
    found = {(check.suite, check.expectation_id): check for check in after}
    return {(suite, identifier): (failed, found[suite, identifier]) for suite, identifier, _, failed in before}


def test_every_expectation_is_shown_failing():
    assert set(BREAKS) == set(ALL)


@pytest.mark.parametrize("key", BREAKS, ids=" ".join)
def test_it_fails_when_the_warehouse_is_broken(answers, key):
    before, check = answers[key]
    assert not check.success
    assert check.failed_count > before
    assert not check.observed.startswith("could not")
    assert check.kind == ALL[key]["kind"]


def test_what_is_stored_says_how_much_was_looked_at_and_what_decided(dealership):
    world, _ = dealership
    stored = rows(
        world,
        """
        select
            expectation_id, border, table_name, success, observed, failed_count, looked_at_count, limits, what_to_do
        from audit.expectation_results
        where suite in ('fct_interactions', 'fct_contact_legs') and expectation_id in ('E10-known', 'E08-negative')
        order by expectation_id
        """,
    )
    known, contacts = rows(
        world,
        "select count(customer_key), count(*) from facts.fct_interactions where is_counted and direction = 'inbound'",
    )[0]
    (legs,) = rows(world, "select count(*) from facts.fct_contact_legs")[0]
    share = f"{known / contacts:.4f}".rstrip("0")
    assert [line[:8] for line in stored] == [
        ("E08-negative", "facts", "facts.fct_contact_legs", True, "0", 0, legs, ""),
        (
            "E10-known", "facts", "facts.fct_interactions", True, share, 0, 1,
            "known_customers_share 0.9; least_cases 50",
        ),
    ]  # fmt: skip
    assert stored[0][8].startswith("Correct these legs in the source")


def test_an_honest_world_is_told_little(dealership):
    """What is found in a desk where nobody games is so: it reopens more than 5 %, and a switchboard calls."""
    world, _ = dealership
    found = rows(world, "select expectation_id from audit.expectation_results where not success order by all")
    assert {line[0] for line in found} <= {"E01", "E10-shared"}


# Numbers and limits


def test_every_number_is_an_expectation_or_a_data_test(dealership):
    world, _ = dealership
    ran = {line[0] for line in rows(world, "select test from audit.test_results")}
    asked = {expectations_page.number_of(identifier) for _, identifier in ALL}
    held = {}
    for it in expectations_page.held_by_tests(ROOT):
        assert set(it["tests"]) <= ran, it["id"]
        held[it["id"]] = it["tests"]
    assert set(expectations_page.NUMBERS) <= asked | set(held)
    assert set(held) <= set(expectations_page.NUMBERS)


def test_each_border_has_suites():
    assert {suite["border"] for suite in SUITES.values()} == {"raw", "facts", "marts"}


def test_every_limit_is_in_the_seed_and_each_of_the_seed_is_used():
    used = {name for it in ALL.values() for name in expectations_page.limits_of(it)}
    assert {line["limit_id"] for line in expectations_page.limits(ROOT) if line["source_system"] == "*"} == used


def test_the_page_is_what_the_suites_say():
    assert (ROOT / expectations_page.PAGE).read_text("utf-8") == expectations_page.page(PROJECT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "finding", "what_to_do": None}, "needs what_to_do"),
        ({"kind": "warning"}, "needs id, type, question and a kind"),
        ({"type": "expect_column_max_to_be_between"}, "is a value of the data"),
    ],
)
def test_a_suite_that_would_mislead_is_refused(tmp_path, change, said):
    asked = {"id": "X", "kind": "defect", "question": "Is it so?", "type": "unexpected_rows_expectation"} | change
    (tmp_path / "expectations").mkdir()
    suite = {"table": "facts.fct_costs", "expectations": [{key: it for key, it in asked.items() if it}]}
    (tmp_path / "expectations" / "fct_costs.yml").write_text(yaml.safe_dump(suite), "utf-8")
    with pytest.raises(InputError, match=said):
        read_suites(Project(root=tmp_path, warehouse=tmp_path, published=tmp_path))


# Edges, by hand: so many cases and not one more


def small(statements):
    """A warehouse in memory, with the limits of the seed and what the statements lay into it."""
    connection = duckdb.connect()
    for schema in ("reference", "dimensions", "facts", "intermediate", "staging", "marts"):
        connection.execute(f"create schema {schema}")
    for seed in ("expectation_limits", "diagnostic_metrics", "reopen_budgets"):
        connection.execute(
            f"create table reference.{seed} as "
            f"select * from read_csv('{ROOT}/seeds/{seed}.csv', header = true, all_varchar = true)"
        )
    connection.execute("alter table reference.expectation_limits alter limit_value type decimal(18, 4)")
    connection.execute("alter table reference.reopen_budgets alter budget type decimal(9, 4)")
    connection.execute("alter table reference.reopen_budgets alter min_n type integer")
    for statement in statements:
        connection.execute(statement)
    return connection


def cases(suite, identifier, *statements):
    """How many cases the expectation counts in a warehouse where only that was laid."""
    query = with_limits(ALL[suite, identifier]["kwargs"]["unexpected_rows_query"])
    with contextlib.closing(small(statements)) as connection:
        return connection.execute(
            f"select count(*) from ({query.replace('{batch}', SUITES[suite]['table'])})"
        ).fetchone()[0]


def moves(machines, people):
    return f"""
        create table intermediate.int_resolution_moves as
        select 's' as source_system, 'leaving' as move_kind, case when n < {machines} then 'system' else 'requester' end
            as actor
        from range({machines + people}) as counted (n)
    """


@pytest.mark.parametrize(("machines", "people", "found"), [(10, 40, 0), (11, 39, 1), (30, 19, 0)])
def test_a_fifth_of_the_moves_may_be_by_machines(machines, people, found):
    """10 of 50 are a fifth and 11 are more; 49 moves are too few to tell."""
    assert cases("int_resolution_moves", "E06-machines", moves(machines, people)) == found


def test_a_system_may_have_a_limit_of_its_own():
    """Half of the moves: too many for s, and what its own row allows it."""
    own = "insert into reference.expectation_limits values ('machine_reopens_share', 's', 0.5, 'share', 'known')"
    assert cases("int_resolution_moves", "E06-machines", moves(30, 30)) == 1
    assert cases("int_resolution_moves", "E06-machines", moves(30, 30), own) == 0
    assert cases("int_resolution_moves", "E06-machines", moves(31, 30), own) == 1


@pytest.mark.parametrize(("known", "found"), [(54, 0), (53, 1)])
def test_nine_tenths_of_the_customers_are_known(known, found):
    """54 of 60 are nine tenths."""
    laid = f"""
        create table facts.fct_interactions as
        select 's' as source_system, true as is_counted, 'inbound' as direction,
            case when n < {known} then 'c' end as customer_key
        from range(60) as counted (n)
    """
    assert cases("fct_interactions", "E10-known", laid) == found


EPISODES = """
    create table facts.fct_resolution_episodes (
        source_system varchar, closure_mode varchar, resolved_at timestamp, closed_at timestamp, reopened_at timestamp
    )
"""


def closed(month, days, count):
    return f"""
        insert into facts.fct_resolution_episodes
        select 's', 'confirmed', timestamp '{month}-10', timestamp '{month}-10' + interval '{days} hours', null
        from range({count})
    """


@pytest.mark.parametrize(
    ("third", "found"),
    [
        ([(24, 60)], 1),  # the tool now closes after one day
        ([(24, 49)], 0),  # too few to tell
        ([(24, 40), (120, 40)], 0),  # half of them by hand, perhaps
        ([(131, 60)], 0),  # 5.46 days, which are 5
        ([(133, 60)], 1),  # 5.54 days, which are 6
    ],
)
def test_another_delay_of_closing_is_another_setting(third, found):
    laid = [EPISODES, closed("2024-01", 120, 60), closed("2024-02", 120, 60)]
    laid += [closed("2024-03", hours, count) for hours, count in third]
    assert cases("fct_resolution_episodes", "E07-delay", *laid) == found


def test_a_declared_delay_counts_for_all_months():
    declared = "update reference.expectation_limits set limit_value = 7 where limit_id = 'auto_close_days'"
    laid = [EPISODES, closed("2024-01", 120, 60), closed("2024-02", 168, 60)]
    assert cases("fct_resolution_episodes", "E07-delay", *laid, declared) == 1


def shares(*silent):
    """Months of 100 resolutions, as many of them silent."""
    months = ", ".join(f"({number + 1}, {count})" for number, count in enumerate(silent))
    return [
        EPISODES,
        f"""
        insert into facts.fct_resolution_episodes
        select 's', case when n < silent then 'silent_auto_close' else 'confirmed' end,
            make_timestamp(2024, month, 10, 0, 0, 0), null, null
        from (values {months}) as months (month, silent), range(100) as counted (n)
        """,
        """
        create table dimensions.dim_feed_coverage as
        select 's' as source_system, 'tickets_opened' as feed, timestamp '2024-01-01' as first_record_at,
            timestamp '2024-10-01' as observed_until
        """,
    ]


@pytest.mark.parametrize(
    ("silent", "found"),
    [
        # median 10 %, its spread 0; the sampling error of 10 of 100 is (12/104 * 92/104 / 100)^(1/2) = 3.19 points
        ([10, 10, 10, 10, 10, 10, 10, 19], 0),
        ([10, 10, 10, 10, 10, 10, 10, 20], 1),
        ([10, 10, 10, 10, 10, 10, 10, 0], 1),
        # five whole months say nothing
        ([10, 10, 10, 10, 90], 0),
        # absolute deviations 6, 6, 5, 5, 0, 0, 1, 25 from 16: median 5, so the spread is 7.4 and 22.2 are allowed
        ([10, 22, 11, 21, 16, 16, 17, 41], 1),
        ([10, 22, 11, 21, 16, 16, 17, 37], 0),
    ],
)
def test_a_month_in_which_the_tool_resolved_more_by_itself(silent, found):
    assert cases("fct_resolution_episodes", "E07-share", *shares(*silent)) == found


@pytest.mark.parametrize(
    ("closed_at", "reopened_at", "found"),
    [
        ("2024-01-06", "2024-01-05", 0),
        ("2024-01-06", "2024-01-07", 1),
        ("2024-01-01", "2024-01-07", 0),  # closing is how this tool resolves
        (None, "2024-01-07", 0),
    ],
)
def test_reopened_after_it_was_closed_for_good(closed_at, reopened_at, found):
    at = f"timestamp '{closed_at}'" if closed_at else "null"
    laid = f"""
        insert into facts.fct_resolution_episodes
        values ('s', 'confirmed', timestamp '2024-01-01', {at}, timestamp '{reopened_at}')
    """
    allowed = """
        update reference.expectation_limits set limit_value = 1 where limit_id = 'reopened_after_closing_share'
    """
    assert cases("fct_resolution_episodes", "E05", EPISODES, laid) == found
    assert cases("fct_resolution_episodes", "E05", EPISODES, laid, allowed) == 0


def legs(*spans, channel="voice"):
    """Legs of one agent, from second to second after nine."""
    nine = "timestamp '2024-01-01 09:00:00'"
    values = ", ".join(
        f"('s', 'leg {number}', 'ann', '{channel}', true, {nine} + interval '{begin} seconds', "
        f"{nine} + interval '{end} seconds', {end - begin}, 0)"
        for number, (begin, end) in enumerate(spans)
    )
    return f"""
        create table facts.fct_contact_legs as
        select * from (values {values}) as legs (
            source_system, leg_id, agent_key, channel, is_answered, answered_at, ended_at, talk_seconds, hold_seconds
        )
    """


@pytest.mark.parametrize(
    ("laid", "found"),
    [
        (legs((0, 100), (100, 200)), 0),
        (legs((0, 100), (98, 200)), 0),  # two seconds are the clocks'
        (legs((0, 100), (97, 200)), 1),
        (legs((0, 100), (10, 90), (20, 80)), 2),
        (legs((0, 100), (10, 90), (20, 80), channel="chat"), 0),
        (legs((0, 100), (10, 90), (20, 80), (30, 70), channel="chat"), 1),
    ],
)
def test_nobody_speaks_with_two_callers(laid, found):
    assert cases("fct_contact_legs", "E08-overlap", laid) == found


@pytest.mark.parametrize(("more", "channel", "found"), [(2, "voice", 0), (3, "voice", 1), (3, "chat", 0)])
def test_talk_and_hold_fill_the_time_of_a_call(more, channel, found):
    changed = f"update facts.fct_contact_legs set hold_seconds = {more}"
    assert cases("fct_contact_legs", "E08-times", legs((0, 100), channel=channel), changed) == found


@pytest.mark.parametrize(
    ("metric", "used_for", "found"),
    [
        ("sla_met", "target", 0),
        ("handle_time", "planning", 0),
        ("handle_time", "diagnostic", 0),
        ("Handle_Time ", " Target", 1),
        ("sla_met", "pay", 1),
        (None, None, 0),
    ],
)
def test_what_may_be_aimed_at(metric, used_for, found):
    metric, used_for = (f"'{word}'" if word else "cast(null as varchar)" for word in (metric, used_for))
    laid = f"create table dimensions.dim_targets as select {metric} as metric, {used_for} as used_for"
    assert cases("dim_targets", "E17", laid) == found


def late(*events):
    """Events: the day of their load, and when they happened."""
    values = ", ".join(f"('used', timestamp '2024-01-{day:02}', timestamp '{at}')" for day, at in events)
    return f"""
        create table staging.base_canonical__ticket_events as
        select * from (values {values}) as events (fate, _loaded_at, event_at)
    """


@pytest.mark.parametrize(
    ("second", "found"),
    [
        ("2024-01-08 12:00:00", 0),  # 48 hours before what had come
        ("2024-01-08 11:59:59", 1),
        ("2023-12-01 00:00:00", 1),
    ],
)
def test_an_event_is_late_behind_what_had_come(second, found):
    """The first load brings the history, none of which is late."""
    laid = late((10, "2023-06-01"), (10, "2024-01-10 12:00:00"), (11, second))
    assert cases("base_canonical__ticket_events", "E16-late", laid) == found


@pytest.mark.parametrize(
    ("until", "declared", "found"), [("2024-01-28", False, 0), ("2024-01-27", False, 1), ("2024-01-01", True, 0)]
)
def test_a_feed_that_stopped(until, declared, found):
    """Three days before the newest record, at noon of the 30th, are noon of the 27th."""
    laid = f"""
        create table dimensions.dim_feed_coverage as
        select * from (values
            ('s', timestamp '2024-01-31', timestamp '2024-01-30 12:00:00', false),
            ('s', timestamp '{until}', timestamp '{until}', {declared}),
            ('of another year', timestamp '1999-01-01', timestamp '1999-01-01', false)
        ) as feeds (source_system, observed_until, last_record_at, is_declared)
    """
    assert cases("dim_feed_coverage", "E16-fresh", laid) == found


def volumes(strange):
    """Ten weeks of 100 records a day, but so many on the last days."""
    before = f"date '2024-03-10' - {len(strange)}"
    return [
        "create table dimensions.dim_dates as "
        "select cast(timestamp '2024-01-01' + interval (n) day as date) as date_day from range(70) as counted (n)",
        f"""
        create table intermediate.int_feed_records as
        select 's' as source_system, 'calls' as feed, cast(days.date_day as timestamp) as recorded_at
        from dimensions.dim_dates as days
        inner join range(1000) as counted (n)
            on n < case
                when days.date_day > {before}
                    then list_extract({strange or [0]}, cast(days.date_day - ({before}) as integer))
                else 100
            end
        """,
        """
        create table dimensions.dim_feed_coverage as
        select 's' as source_system, 'calls' as feed, timestamp '2024-01-01' as first_record_at,
            timestamp '2024-03-11' as observed_until
        """,
    ]


@pytest.mark.parametrize(
    ("strange", "found"),
    [
        ([], 0),
        ([0], 0),  # one day may be a holiday
        ([0, 0], 1),
        # twice the difference of the roots is 4: 2 * (100.375^(1/2) - 64.375^(1/2)) = 3.99, and 4.11 of 63
        ([64, 64], 0),
        ([63, 63], 1),
        ([144, 144], 0),
        ([145, 100, 63], 1),
    ],
)
def test_two_strange_days_of_a_feed(strange, found):
    assert cases("int_feed_records", "E16-volume", *volumes(strange)) == found


def test_a_category_holds_from_a_day_to_a_day():
    laid = [
        """
        create table dimensions.dim_categories as
        select 's' as source_system, 'Mail' as category, timestamp '2024-01-10' as valid_from,
            timestamp '2024-01-20' as valid_to
        """,
        """
        create table facts.fct_interactions as
        select * from (values
            ('s', 'opening', ' mail', timestamp '2024-01-10'),
            ('s', 'opening', 'Mail', timestamp '2024-01-19 23:59:59'),
            ('s', 'opening', 'Mail', timestamp '2024-01-09 23:59:59'),
            ('s', 'opening', 'Mail', timestamp '2024-01-20'),
            ('s', 'opening', 'Print', timestamp '2024-01-10'),
            ('s', 'opening', null, timestamp '2024-01-10'),
            ('without a list', 'opening', 'Print', timestamp '2024-01-10')
        ) as tickets (source_system, kind, category, started_at)
        """,
    ]
    assert cases("fct_interactions", "E14-map", *laid) == 3


# Budgets


def wilson_low(successes, trials):
    z, share = 1.959963984540054, successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt((share * (1 - share) + z * z / (4 * trials)) / trials)
    return (centre - half) / (1 + z * z / trials)


def budget_cells(*cells):
    """Cells of marts.resolution_quality: unit, reopened, of so many."""
    values = ", ".join(
        f"('ticket_resolved', 'to_date', '{'total' if unit == '(all)' else 'category'}', '{unit}', 7, {cohort}, "
        f"{wilson_low(reopened, cohort):.6f})"
        for unit, reopened, cohort in cells
    )
    return f"""
        create table marts.resolution_quality as
        select * from (values {values}) as cells (
            claim_type, period_type, unit_type, unit, window_days, cohort_count, reopen_rate_low
        )
    """


def test_the_lower_wilson_bound_decides():
    """A tenth is reopened, twice the budget of 5 %. Of 60: centre 0.13201, half 0.08238, by 1.06402: at least 4.66 %,
    which may be bad luck. Of 600: centre 0.10320, half 0.02422, by 1.00640: at least 7.85 %, which is not."""
    assert round(wilson_low(6, 60), 4) == 0.0466
    assert round(wilson_low(60, 600), 4) == 0.0785
    assert cases("resolution_quality", "E01", budget_cells(("Mail", 6, 60))) == 0
    assert cases("resolution_quality", "E01", budget_cells(("Mail", 60, 600))) == 1
    # 49 are too few, however many came back
    assert cases("resolution_quality", "E01", budget_cells(("Mail", 49, 49), ("Print", 50, 50))) == 1
    # a family that is allowed 12 %, and one that is allowed 1 %
    own = """
        insert into reference.reopen_budgets (category, budget, min_n, reason)
        values ('Mail', 0.12, 50, 'by design'), ('Print', 0.01, 50, 'must hold')
    """
    cells = budget_cells(("Mail", 60, 600), ("Print", 12, 600), ("(all)", 72, 1200))
    # Print: 2 % of 600 are at least 1.15 %; all: 6 % of 1,200 are at least 4.79 %
    assert cases("resolution_quality", "E01", cells, own) == 1


def test_the_bound_of_the_mart_is_wilsons(dealership):
    world, _ = dealership
    found = rows(
        world,
        "select reopened_count, cohort_count, reopen_rate_low from marts.resolution_quality "
        "where period_type = 'to_date' and window_days = 7 and cohort_count > 0 and reopen_rate_low is not null",
    )
    assert len(found) > 20
    assert [line for line in found if abs(wilson_low(line[0], line[1]) - float(line[2])) > 0.000001] == []


# Pages and results without values

PLANTED = ("Planted Category", "customer-planted-4711", "agent-planted-0815")
LEAKY = {
    "name": "leaky",
    "table": "facts.planted",
    "border": "facts",
    "expectations": [
        {
            "id": f"L{number}",
            "kind": "finding",
            "question": "Is a <script>alert(1)</script> shown?",
            "what_to_do": "Look & see.",
            "type": kind,
            "kwargs": kwargs,
        }
        for number, (kind, kwargs) in enumerate(
            [
                ("unexpected_rows_expectation", {"unexpected_rows_query": "select * from {batch}"}),
                ("expect_column_values_to_be_in_set", {"column": "category", "value_set": ["Mail"]}),
                ("expect_column_values_to_be_null", {"column": "customer_key"}),
                ("expect_column_values_to_be_in_set", {"column": "agent_key", "value_set": ["nobody"]}),
                # each of these two is an error that quotes a value, in the engine's words
                (
                    "unexpected_rows_expectation",
                    {"unexpected_rows_query": "select 1 from {batch} where cast(category as integer) = 1"},
                ),
                (
                    "unexpected_rows_expectation",
                    {"unexpected_rows_query": "select 1 from {batch} where cast(customer_key as timestamp) > now()"},
                ),
            ]
        )
    ],
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A warehouse whose one row is secret."""
    path = tmp_path_factory.mktemp("planted") / "counterweight.duckdb"
    with contextlib.closing(duckdb.connect(str(path))) as connection:
        connection.execute(
            "create schema facts; create schema reference; "
            "create table reference.expectation_limits "
            "(limit_id varchar, source_system varchar, limit_value decimal(18, 4)); "
            "create table facts.planted (category varchar, customer_key varchar, agent_key varchar)"
        )
        connection.execute("insert into facts.planted values (?, ?, ?)", PLANTED)
    assert all(secret.encode() in path.read_bytes() for secret in PLANTED), "the control is not found"
    return path


def leaks(pages, checks):
    """Where a planted value is found: pages, their names, results."""
    texts = {path.name: path.read_text("utf-8") + str(path) for path in pages.rglob("*") if path.is_file()}
    texts |= {f"result {check.expectation_id}": str(check) for check in checks}
    return sorted(name for name, text in texts.items() if any(secret in text for secret in PLANTED))


def test_pages_and_results_hold_no_value_of_the_data(planted, tmp_path, monkeypatch):
    address = f"duckdb:///{planted}?access_mode=read_only"
    pages = tmp_path / "pages"
    checks = run_expectations([LEAKY], address, run_name="r", pages=pages)
    assert [check.failed_count for check in checks] == [1, 1, 1, 1, 1, 1]
    assert [check.kind for check in checks] == ["finding"] * 4 + ["defect"] * 2
    assert "may quote the data" in checks[4].observed
    assert leaks(pages, checks) == []
    texts = [path.read_text("utf-8") for path in pages.rglob("*.html")]
    assert len(texts) == 2
    for text in texts:
        assert "<script" not in text.lower()
        assert "alert(1)</" not in text.lower()
        assert "default-src 'none'" in text
    assert "Look &amp; see." in (pages / "index.html").read_text("utf-8")
    # what it is for: without it the engine's own words are in the pages
    monkeypatch.setattr(gx_duckdb, "TELLING_ERRORS", (duckdb.Error,))
    checks = run_expectations([LEAKY], address, run_name="r", pages=tmp_path / "leaking")
    assert leaks(tmp_path / "leaking", checks) != []


def test_an_error_of_the_suite_itself_is_told(planted, tmp_path):
    query = {"unexpected_rows_query": "select 1 from {batch} where no_such_column"}
    suite = LEAKY | {"expectations": [LEAKY["expectations"][0] | {"kwargs": query}]}
    address = f"duckdb:///{planted}?access_mode=read_only"
    (check,) = run_expectations([suite], address, run_name="r", pages=tmp_path / "pages")
    assert check.kind == "defect"
    assert "no_such_column" in check.observed


def test_results_of_earlier_builds_stay_readable(tmp_path):
    """A warehouse of before has fewer columns: its rows stay, and say nothing in the new ones."""
    project = Project(root=ROOT, warehouse=tmp_path / "counterweight.duckdb", published=tmp_path)
    with contextlib.closing(project.connect()) as connection:
        connection.execute(
            "create schema audit; create table audit.expectation_results (build_id varchar, suite varchar, "
            "expectation_id varchar, kind varchar, question varchar, success boolean, observed varchar, "
            "failed_count bigint); "
            "insert into audit.expectation_results values ('1', 's', 'E01', 'finding', 'Is it?', false, '2', 2)"
        )
    check = Check("s", "E01", "finding", "Is it?", True, "0.04", 0, "marts.s", "marts", 17, "least 0.05", "Look.")
    _store(project, "2", [check])
    _store(project, "2", [check])
    found = rows(
        project,
        "select build_id, suite, expectation_id, observed, failed_count, table_name, border, looked_at_count, limits, "
        "what_to_do from audit.expectation_results order by build_id",
    )
    assert found == [
        ("1", "s", "E01", "2", 2, None, None, None, None, None),
        ("2", "s", "E01", "0.04", 0, "marts.s", "marts", 17, "least 0.05", "Look."),
    ]


def test_seeds_say_why():
    for name in ("expectation_limits", "diagnostic_metrics", "reopen_budgets"):
        with (ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert all(line["reason"] for line in csv.DictReader(file)), name
