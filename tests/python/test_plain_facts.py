"""The plain facts and dimensions of a generated world, each against its raw table by SQL of its own, row for row."""

import contextlib
import re

import duckdb
import pytest

from conftest import ZONE_OF_DEALERSHIP as ZONE
from conftest import one, rows
from counterweight.salt import DEVELOPMENT_SALT

# What staging makes of an identifier; in this world none but customers' addresses mean something elsewhere, too.
KEYS = f"""
    create macro key(name) as substr(sha256('{DEVELOPMENT_SALT}' || sha256(
        '{DEVELOPMENT_SALT}' || if(contains(name, '@'), '', 'canonical') || ':' || lower(name)
    )), 1, 32)
"""
# Fact or dimension -> its rows from the raw tables. 'canonical' as source_system is put before each.
EXPECTED = {
    "facts.fct_ticket_messages": """
        select
            message_id, 'canonical:' || ticket_id, sent_at, author_type, is_public, is_automatic, template_id,
            author_type = 'requester' and not is_automatic, author_type = 'agent' and is_public and not is_automatic
        from RAW/ticket_messages.parquet
    """,
    "facts.fct_survey_responses exclude (claim_id, interaction_id)": """
        select
            survey_id, 'canonical:' || ticket_id, 'canonical:' || contact_id, eligible_at, sent_at, sent_by,
            answered_at is not null, answered_at, csat, csat_scale_max, (csat / csat_scale_max)::decimal(18, 4), effort,
            if(resolved_answer = 'partly', null, resolved_answer), lost_minutes
        from RAW/surveys.parquet
    """,
    "facts.fct_costs": """
        select
            month, team_id, currency, kind, kind like 'price:%',
            if(kind like 'price:%', split_part(kind, ':', 2), null), amount
        from RAW/costs.parquet
    """,
    "facts.fct_business_outcomes exclude (claim_key, falsifies)": """
        select
            claim_type, claim_id, row_number() over (partition by claim_type, claim_id order by outcome_at, outcome),
            outcome_at, outcome, amount
        from RAW/business_outcomes.parquet
    """,
    "facts.fct_business_measures": """
        select business_function, unit, period_start, measure, numerator, denominator
        from RAW/business_measures.parquet
    """,
    "facts.fct_access_events": """
        select account_id, day, users, lockouts, failed_logins, self_service_resets from RAW/access_events.parquet
    """,
    "facts.fct_qa_reviews": """
        select review_id, 'canonical:' || contact_id, 'canonical:' || ticket_id, reviewed_at, score, passed
        from RAW/qa_reviews.parquet
    """,
    "facts.fct_team_months": """
        select team_id, month, headcount, leavers, absence_rate, respondents, mean_satisfaction
        from RAW/team_absences.parquet full join RAW/team_pulses.parquet using (team_id, month)
    """,
    "facts.fct_problems exclude (problem_key)": """
        select
            problem_id, opened_at, root_cause_status, fix_deployed_at, closed_at,
            (select count(*) from RAW/tickets.parquet as t where t.problem_id = p.problem_id),
            (select min(created_at) from RAW/tickets.parquet as t where t.problem_id = p.problem_id),
            (select max(created_at) from RAW/tickets.parquet as t where t.problem_id = p.problem_id)
        from RAW/problems.parquet as p
    """,
    # whose address is listed is that customer
    "facts.fct_bot_sessions exclude (session_key)": """
        select
            session_id, key(coalesce(i.customer_id, s.customer_id)), intent, started_at, ended_at, is_contained,
            handed_off_to
        from RAW/bot_sessions.parquet as s
        left join RAW/identities.parquet as i on i.kind = 'email' and i.value = s.customer_id
    """,
    # of the words of the worlds these contradict nothing
    "facts.fct_business_claims exclude (claim_key)": """
        select
            claim_type, claim_id, business_function, unit, key(subject_id), claimed_at, claims.amount,
            first.outcome_at, first.outcome, first.amount
        from RAW/business_claims.parquet as claims
        left join (
            select claim_type, claim_id, min(outcome_at) as outcome_at, arg_min(outcome, outcome_at) as outcome,
                arg_min(amount, outcome_at) as amount
            from RAW/business_outcomes.parquet
            where outcome not in ('contracted', 'level_gained', 'reworked', 'realised')
            group by all
        ) as first using (claim_type, claim_id)
    """,
    "dimensions.dim_accounts": """
        select account_id, segment, users, contract_started_on, churned_on from RAW/accounts.parquet
    """,
    "dimensions.dim_agents": """
        select key(agent_id), team_id, tier, hired_on, left_on, valid_from, valid_to from RAW/agents.parquet
    """,
    "dimensions.dim_categories": """
        select
            category, subcategory, concat_ws(' / ', replace(category, '/', '//'), replace(subcategory, '/', '//')),
            parent_category, is_request, first_contact_eligible, valid_from, valid_to
        from RAW/categories.parquet
    """,
    "dimensions.dim_targets": """
        select metric, scope, operator, target, used_for, valid_from, valid_to from RAW/targets.parquet
    """,
    # minute by minute of a state's or shift's local days; legs by the day on which they began
    "facts.fct_agent_days exclude (handle_seconds)": f"""
        with times as (
            select agent_id, state, started_at as began, ended_at as until, 0 as paid from RAW/agent_states.parquet
            union all
            select agent_id, null, shift_started_at, shift_ended_at, 60 * paid_minutes from RAW/shifts.parquet
        ),
        days as (
            select
                *,
                unnest(generate_series(
                    (began::timestamptz at time zone '{ZONE}')::date, (until::timestamptz at time zone '{ZONE}')::date,
                    interval 1 day
                ))::date as day
            from times
        ),
        parts as (
            select
                agent_id,
                day,
                state,
                epoch(least(until, ((day + 1)::timestamp at time zone '{ZONE}')::timestamp))
                - epoch(greatest(began, (day::timestamp at time zone '{ZONE}')::timestamp)) as seconds,
                epoch(until) - epoch(began) as whole,
                sum(seconds) over (partition by agent_id, state, began order by day) as so_far,
                floor(paid * so_far // whole) - floor(paid * (so_far - seconds) // whole) as paid_part
            from days
        ),
        by_day as (
            select
                agent_id,
                day,
                sum(paid_part) filter (state is null) as paid,
                sum(seconds) filter (state is not null) as logged_in,
                coalesce(sum(seconds) filter (state = 'on_queue'), 0) as on_queue,
                coalesce(sum(seconds) filter (state = 'back_office'), 0) as back_office,
                coalesce(sum(seconds) filter (state = 'research'), 0) as research,
                coalesce(sum(seconds) filter (state in ('break', 'meal')), 0) as break_or_meal,
                coalesce(sum(seconds) filter (state = 'training'), 0) as training
            from parts
            where seconds > 0
            group by all
        ),
        legs as (
            select
                agent_id,
                (started_at::timestamptz at time zone '{ZONE}')::date as day,
                count(*) as legs,
                sum(talk_seconds) as talk,
                sum(hold_seconds) as hold,
                sum(wrap_seconds) as wrap
            from RAW/calls.parquet
            where answered_at is not null
            group by all
        )
        select
            key(agent_id), day, paid, logged_in, if(logged_in is not null, on_queue, null),
            if(logged_in is not null, 0, null), if(logged_in is not null, back_office, null),
            if(logged_in is not null, research, null), if(logged_in is not null, break_or_meal, null),
            if(logged_in is not null, training, null), if(logged_in is not null, 0, null),
            if(logged_in is not null, 0, null), coalesce(legs, 0), talk, hold, wrap
        from by_day full join legs using (agent_id, day)
    """,
}


def ask(project, query):
    with contextlib.closing(duckdb.connect()) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{project.warehouse}' as warehouse (read_only)")
        connection.execute(KEYS)
        connection.execute("use warehouse")
        return connection.execute(query.replace("key(", "memory.main.key(")).fetchone()


@pytest.mark.parametrize("table", EXPECTED)
def test_a_fact_is_what_its_raw_table_says(dealership, table):
    project, raw = dealership
    name, _, exclude = table.partition(" ")
    exclude = exclude.replace("(", "(source_system, ") if exclude else "exclude (source_system)"
    expected = re.sub(r"RAW/(\w+\.parquet)", rf"'{raw}/\1'", EXPECTED[table])
    query = f"""
        with
        facts as (select * {exclude} from {name} where source_system = 'canonical'),
        raw_rows as ({expected})
        select
            (select count(*) from facts),
            (select count(*) from raw_rows),
            (select count(*) from (from facts except all from raw_rows)),
            (select count(*) from (from raw_rows except all from facts))
    """
    found, wanted, too_many, missing = ask(project, query)
    assert (too_many, missing) == (0, 0)
    assert found == wanted > 0


def test_the_world_has_what_the_facts_must_tell_apart(dealership):
    project, _ = dealership
    assert one(project, "select count(*) from facts.fct_costs where priced_category = 'Password reset'") == (3,)
    assert one(
        project,
        "select count(distinct team_id) > 5 and count(*) > 1000 from facts.fct_agent_days "
        "join dimensions.dim_agents using (agent_key) where answered_leg_count > 0",
    )[0]


def test_every_team_that_is_named_is_a_dimension(dealership):
    project, raw = dealership
    named = rows(
        project,
        f"""
        select team_id from '{raw}/tickets.parquet' union select team_id from '{raw}/calls.parquet'
        union select team_id from '{raw}/agents.parquet' union select team_id from '{raw}/costs.parquet'
        union select unnest([old_value, new_value]) from '{raw}/ticket_events.parquet' where field = 'team'
        """,
    )
    assert {team for (team,) in named if team} == {
        team for (team,) in rows(project, "select team_id from dimensions.dim_teams")
    }


def test_bot_sessions_and_business_outcomes_are_feeds(dealership):
    """as_of is the greatest event time of all feeds, these two among them."""
    project, raw = dealership
    counted = dict(rows(project, "select feed, record_count from dimensions.dim_feed_coverage"))
    ((sessions, outcomes),) = rows(
        project,
        f"""
        select
            (select count(*) from '{raw}/bot_sessions.parquet'),
            (select count(*) from '{raw}/business_outcomes.parquet')
        """,
    )
    assert (counted["bot_sessions"], counted["business_outcomes"]) == (sessions, outcomes)
    ((as_of, latest),) = rows(
        project,
        f"""
        select
            (select max(as_of) from dimensions.dim_feed_coverage),
            greatest(
                (select max(greatest(created_at, updated_at)) from '{raw}/tickets.parquet'),
                (select max(event_at) from '{raw}/ticket_events.parquet'),
                (select max(sent_at) from '{raw}/ticket_messages.parquet'),
                (select max(ended_at) from '{raw}/calls.parquet'),
                (select max(greatest(eligible_at, sent_at, answered_at)) from '{raw}/surveys.parquet'),
                (select max(ended_at) from '{raw}/bot_sessions.parquet'),
                (select max(outcome_at) from '{raw}/business_outcomes.parquet')
            )
        """,
    )
    assert as_of == latest
