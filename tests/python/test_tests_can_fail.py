"""A data test that cannot fail is worse than none: each is shown a broken warehouse."""

import contextlib
import shutil

import duckdb
import pytest

from conftest import ROOT, one, project_in, rows
from counterweight.build import run_dbt
from counterweight.published import literal

A_CLOCK = """
    insert into facts.fct_ticket_clocks (
        clock_id, ticket_key, source_system, ticket_id, metric, policy_id, is_around_the_clock, is_claimed, started_at,
        stopped_at, elapsed_seconds, running_elapsed_seconds, paused_elapsed_seconds, business_seconds,
        business_running_seconds, business_paused_seconds, counted_seconds
    ) values (
        'c', 't', 's', 't', 'resolution', 'p', false, false, timestamp '2025-02-03 09:00:00',
        timestamp '2025-02-03 09:01:40',
"""
# Test, and what breaks the warehouse so that it must fail.
BREAKS = {
    "assert_every_signal_has_its_evidence": """
        update marts.gaming_signals set status = 'signal', marked_count = 3 where period_type = 'to_date'
    """,
    "assert_every_team_has_every_detector": "delete from marts.gaming_signals where detector = 'D07'",
    "assert_fates_add_up_to_rows_loaded": "delete from raw.servicenow__incident_event_log where _row_number = 1",
    "assert_every_ticket_with_used_rows_has_a_history": """
        delete from intermediate.int_ticket_histories where ticket_id = 'INC0000001'
    """,
    "assert_every_episode_is_one_claim": "delete from facts.fct_claims where ticket_id = 'INC0000001'",
    "assert_every_claim_has_every_verdict": """
        create table facts.kept as
            select * from facts.fct_claim_verdicts where window_days <> 7 or tier_set <> 'strict';
        drop view facts.fct_claim_verdicts;
        alter table facts.kept rename to fct_claim_verdicts;
    """,
    "assert_wider_windows_and_tier_sets_only_add_falsifiers": """
        create table facts.kept as select * from facts.fct_claim_verdicts;
        drop view facts.fct_claim_verdicts;
        alter table facts.kept rename to fct_claim_verdicts;
        update facts.fct_claim_verdicts set falsified_at = null where window_days = 30 and tier_set = 'return'
    """,
    "assert_resolution_quality_reconciles_with_verdicts": """
        update marts.resolution_quality set held_count = held_count + 1
        where period_type = 'week' and unit_type = 'total' and window_days = 7 and period_start = date '2025-02-03'
    """,
    "assert_business_claims_scorecard_reconciles_with_verdicts": """
        insert into marts.business_claims_scorecard (
            business_function, claim_type, source_system, period_type, period_start, period_end, unit_type, unit,
            window_days, is_period_mature, claim_count, mature_count, held_count, falsified_count, pending_count,
            cohort_count
        ) values (
            'sales', 'deal_closed', 'servicenow', 'month', date '2025-02-01', date '2025-03-01', 'total', '(all)', 90,
            true, 1, 1, 1, 0, 0, 1
        )
    """,
    "assert_business_measures_scorecard_reconciles_with_measures": """
        insert into marts.business_measures_scorecard (
            pair_id, source_system, period_type, period_start, period_end, unit_type, unit, business_function, formula,
            is_period_mature, compared_months, cohort_count, headline_measure, reality_measure, reported_numerator
        ) values (
            'P33', 'servicenow', 'month', date '2025-02-01', date '2025-03-01', 'total', '(all)', 'marketing', 'part',
            true, 1, 100, 'leads', 'leads_accepted', 100
        )
    """,
    "assert_return_curves_reconcile_with_verdicts": """
        update marts.return_curves set returned_so_far_count = returned_so_far_count + 1
        where unit_type = 'total' and day_number = 7
    """,
    "assert_recycled_incidents_reconcile_with_incidents": """
        update marts.recycled_incidents set incident_count = incident_count + 1
        where unit_type = 'total' and period_type = 'to_date'
    """,
    "assert_problem_fixes_reconcile_with_problems": """
        insert into facts.fct_problems (problem_key, source_system, problem_id, opened_at, closed_at, ticket_count)
        values ('s:p', 's', 'p', timestamp '2025-01-01', timestamp '2025-02-01', 0)
    """,
    "assert_handle_time_in_context_reconciles_with_contacts": """
        insert into facts.fct_interactions
            (interaction_id, kind, source_system, contact_key, started_at, is_counted, contact_handle_seconds)
        values ('contact/c', 'contact', 'canonical', 'c', timestamp '2025-02-03 09:00:00', true, 60)
    """,
    "assert_team_experience_reconciles_with_agent_days": """
        insert into facts.fct_agent_days (source_system, agent_key, day_on, answered_leg_count)
        values ('canonical', 'ann', date '2025-02-03', 0)
    """,
    "handle_time_in_context_mix_and_within_add_up": """
        insert into marts.handle_time_in_context (
            source_system, period_type, period_start, unit_type, unit, window_days, period_end, is_period_mature,
            is_suppressed, withheld_count, raw_change_seconds, mix_effect_seconds, within_effect_seconds
        ) values (
            's', 'month', date '2025-02-01', 'total', '(all)', 7, date '2025-03-01', true, false, 0, 10, 4, 5
        )
    """,
    "assert_worklist_lists_every_failed_claim": """
        delete from marts.returned_claims
        where claim_id = (select min(claim_id) from marts.returned_claims where window_days = 7) and window_days = 7
    """,
    "assert_cost_to_resolve_reconciles_with_costs_and_claims": """
        insert into facts.fct_costs (source_system, month, currency, is_price, amount)
        values ('servicenow', date '2025-02-01', 'EUR', false, 1)
    """,
    "assert_bill_of_returns_reconciles_with_chain_members": """
        update marts.bill_of_returns set billed_seconds = billed_seconds + 1
        where period_type = 'month' and unit_type = 'total' and period_start = date '2025-02-01'
    """,
    "assert_priced_requests_reconciles_with_access_events": """
        insert into marts.priced_requests (
            source_system, period_type, period_start, unit_type, unit, is_period_mature, phase, reset_count,
            bot_reset_count, any_door_count, lockout_count, user_days
        )
        values ('servicenow', 'month', date '2025-02-01', 'total', '(all)', true, 'before', 0, 0, 0, 1, 1)
    """,
    "assert_data_health_reconciles_with_row_fates": """
        update marts.data_health set value_count = value_count + 1 where subject = 'rows' and measure = 'superseded'
    """,
    "assert_each_unusable_row_is_listed_once": """
        insert into facts.fct_row_fates (source_system, raw_table, source_file, fate, fate_reason, row_count)
        values ('servicenow', 'incident_event_log', 'export.csv', 'quarantined', 'missing_ticket_id', 1)
    """,
    "assert_every_pair_is_on_the_scorecard": "delete from marts.balanced_scorecard where pair_id = 'P24'",
    "assert_service_levels_reconciles_with_facts": """
        update marts.service_levels set item_count = item_count + 1
        where period_type = 'week' and unit_type = 'total' and metric = 'time_to_resolution'
            and period_start = date '2025-02-03'
    """,
    # the flows say one more than the intervals do
    "assert_demand_and_backlog_reconciles_with_facts": """
        update marts.demand_and_backlog set entered_count = entered_count + 1
        where period_type = 'month' and unit_type = 'total' and period_start = date '2025-02-01'
    """,
    "assert_passed_and_held_reconciles_with_facts": """
        insert into facts.fct_bot_sessions (session_key, source_system, session_id, started_at, ended_at, is_contained)
        values
            ('s:1', 'servicenow', '1', timestamp '2025-02-03 09:00:00', timestamp '2025-02-03 09:01:00', true)
    """,
    "assert_intervals_leave_no_gap": """
        delete from facts.fct_ticket_intervals
        where ticket_key = (select max(ticket_key) from facts.fct_ticket_intervals where interval_number = 3)
            and interval_number = 2
    """,
    "fct_ticket_clocks_running_and_paused_are_elapsed": f"{A_CLOCK} 100, 60, 39, 50, 30, 20, 30)",
    "fct_ticket_clocks_business_running_and_paused_are_business": f"{A_CLOCK} 100, 60, 40, 50, 30, null, 30)",
    "fct_ticket_clocks_are_within_what_elapsed": f"{A_CLOCK} 100, 60, 40, 50, 30, 20, 61)",
    "int_ticket_histories_every_leaving_has_one_kind": """
        update intermediate.int_ticket_histories set toggle_count = null where ticket_id = 'INC0000001'
    """,
    "assert_plain_facts_have_every_used_row": """
        insert into facts.fct_costs (source_system, month, is_price) values ('canonical', date '2025-01-01', false)
    """,
    "assert_agent_days_add_up": """
        insert into facts.fct_agent_days
            (source_system, agent_key, day_on, logged_in_seconds, offline_seconds, answered_leg_count)
        values ('canonical', 'ann', date '2025-01-01', 1, 0, 0)
    """,
    "assert_first_contact_resolution_reconciles_with_fact": """
        update marts.first_contact_resolution set came_back_count = came_back_count + 1
        where definition_id = 'F4' and window_days = 7 and period_type = 'to_date' and unit_type = 'total'
    """,
    "assert_first_visits_are_judged_like_chain_members": """
        create table facts.kept as select * from facts.fct_first_contact_verdicts;
        drop view facts.fct_first_contact_verdicts;
        alter table facts.kept rename to fct_first_contact_verdicts;
        update facts.fct_first_contact_verdicts set seconds_to_return = coalesce(seconds_to_return, 0) + 700000
        where definition_id = 'F4'
    """,
    "assert_survey_coverage_reconciles_with_fact": """
        insert into facts.fct_survey_responses (source_system, survey_id, eligible_at, is_answered)
        values ('canonical', 'one more', timestamp '2025-01-01', false)
    """,
    "versions_do_not_overlap_dim_targets_source_system__metric__scope": """
        insert into dimensions.dim_targets (source_system, metric, valid_from, valid_to)
        values
            ('canonical', 'sla_met', null, timestamp '2025-01-01 00:00:01'),
            ('canonical', 'sla_met', timestamp '2025-01-01', null)
    """,
    "unique_across_resolution_quality_claim_type__source_system__period_type__period_start__unit_type__"
    "unit__window_days": """
        insert into marts.resolution_quality
        select * from marts.resolution_quality where unit_type = 'total' and period_type = 'to_date'
    """,
}


@pytest.fixture(scope="module")
def warehouse(demo, tmp_path_factory):
    """A connection to a copy of the demo, which tests break in a transaction that is undone."""
    copy = tmp_path_factory.mktemp("broken") / "counterweight.duckdb"
    shutil.copy(demo.warehouse, copy)
    with contextlib.closing(duckdb.connect(str(copy))) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.fixture
def broken(warehouse):
    warehouse.execute("begin")
    yield warehouse
    warehouse.execute("rollback")


@pytest.fixture(scope="module")
def failing_rows(demo):
    """Name of a test -> what dbt makes of it: a select of rows, one of which makes it fail."""
    compiled = {
        result.node.name: result.node
        for result in run_dbt(demo, ["compile", "--select", *BREAKS], {})
        if result.node.resource_type == "test"
    }
    for node in compiled.values():
        config = node.config
        assert (config.severity.lower(), config.error_if, config.fail_calc, config.limit) == (
            "error", "!= 0", "count(*)", None
        )  # fmt: skip
    return {name: node.compiled_code for name, node in compiled.items()}


@pytest.mark.parametrize("name", BREAKS)
def test_it_fails_when_the_warehouse_is_broken(broken, failing_rows, name):
    assert broken.execute(f"select * from ({failing_rows[name]}\n)").fetchall() == []
    broken.execute(BREAKS[name])
    assert broken.execute(f"select * from ({failing_rows[name]}\n)").fetchall() != []


def test_what_fails_is_told_and_its_rows_are_kept(demo, tmp_path):
    """By dbt itself: nothing compared with nothing fails. What holds keeps nothing, nor what holds again."""
    shutil.copy(demo.warehouse, tmp_path / "counterweight.duckdb")
    broken = project_in(tmp_path)
    raw, name, holds = "raw.servicenow__incident_event_log", *list(BREAKS)[2:5:2]
    for statement, expected in (
        (f"delete from {raw}; delete from facts.fct_row_fates", "fail"),
        (f"insert into {raw} from kept.{raw}; insert into facts.fct_row_fates from kept.facts.fct_row_fates", "pass"),
    ):
        with contextlib.closing(broken.connect()) as connection:
            connection.execute(f"attach {literal(demo.warehouse)} as kept (read_only)")
            connection.execute(statement)
        results = {result.node.name: result for result in run_dbt(broken, ["test", "--select", name, holds], {})}
        assert {name: str(it.status) for name, it in results.items()} == {name: expected, holds: "pass"}
        kept = rows(broken, "select table_name from information_schema.tables where table_schema = 'test_failures'")
        assert kept == ([(name,)] if expected == "fail" else [])
        if kept:
            assert one(broken, f"select count(*) from test_failures.{name}") == (results[name].failures,)


def test_every_singular_test_is_shown_failing():
    assert {path.stem for path in (ROOT / "tests" / "singular").glob("*.sql")} <= set(BREAKS)
