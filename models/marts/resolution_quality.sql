-- Grain: claim type x source system x period x unit x window. One row for every period in which anything happened, quiet
-- ones included. Of what was called done in the period, how much held? Tier set `return`; headline cohorts only.
-- Systems stand apart: their teams and categories are their own, and a desk of 1999 shares no period with one of 2016.
{% set zone = var('reporting_time_zone') %}
{% set counts = [
    'claim_count', 'mature_count', 'held_count', 'falsified_count', 'unobservable_count', 'unknown_customer_count',
    'pending_count',
] %}
{#- what only tickets have -#}
{% set ticket_counts = [
    'silent_auto_close_count', 'reopened_count', 'hidden_by_auto_close_count', 'reopened_so_far_count',
] %}
{% set all_counts = counts + ticket_counts %}

with

verdicts as (

    select * from {{ ref('fct_claim_verdicts') }}
    where
        tier_set = 'return'
        and is_headline_cohort
        -- the other claims have marts of their own
        and claim_type in ('ticket_resolved', 'contact_handled', 'call_resolved')

),

claims as (

    select * from {{ ref('fct_claims') }}

),

dates as (

    select * from {{ ref('dim_dates') }}

),

windows as (

    select * from {{ ref('windows') }}
    where is_for_service

),

daily as (

    select
        verdicts.claim_type,
        verdicts.source_system,
        cast({{ local_time('verdicts.claimed_at', zone) }} as date) as claimed_on,
        coalesce(verdicts.team_id, '(none)') as team_id,
        coalesce(verdicts.category, '(none)') as category,
        verdicts.window_days,
        min(verdicts.observed_until) as observed_until,
        count(*) as claim_count,
        {{ count_where("verdicts.is_mature") }} as mature_count,
        {{ count_where("verdicts.verdict = 'held'") }} as held_count,
        {{ count_where("verdicts.is_mature and verdicts.verdict = 'falsified'") }} as falsified_count,
        {{ count_where("verdicts.verdict = 'unobservable'") }} as unobservable_count,
        {{ count_where("verdicts.verdict = 'unobservable' and verdicts.unobservable_reason = 'unknown_customer'") }}
            as unknown_customer_count,
        {{ count_where("not verdicts.is_mature") }} as pending_count,
        {{ count_where("verdicts.closure_mode = 'silent_auto_close'") }} as silent_auto_close_count,
        {{ count_where("verdicts.is_mature and verdicts.verdict = 'falsified' and verdicts.is_reopened") }}
            as reopened_count,
        {{ count_where("verdicts.is_mature and verdicts.verdict = 'falsified' and verdicts.is_hidden_by_auto_close") }}
            as hidden_by_auto_close_count,
        {{ count_where("claims.first_r1_at is not null") }} as reopened_so_far_count
    from verdicts
    inner join claims
        on verdicts.claim_id = claims.claim_id
    group by
        verdicts.claim_type,
        verdicts.source_system,
        cast({{ local_time('verdicts.claimed_at', zone) }} as date),
        coalesce(verdicts.team_id, '(none)'),
        coalesce(verdicts.category, '(none)'),
        verdicts.window_days

),

unit_types as (

    select *
    from (
        values ('total', 0, 0), ('team', 1, 0), ('category', 0, 1), ('team_category', 1, 1)
    ) as listed (unit_type, has_team, has_category)

),

unit_days as (

    select
        daily.claim_type,
        daily.source_system,
        unit_types.unit_type,
        case when unit_types.has_team = 1 then daily.team_id end as team_id,
        case when unit_types.has_category = 1 then daily.category end as category,
        daily.claimed_on,
        daily.window_days,
        min(daily.observed_until) as observed_until,
        {%- for count in all_counts %}
        cast(sum(daily.{{ count }}) as bigint) as {{ count }}{{ ',' if not loop.last }}
        {%- endfor %}
    from daily
    cross join unit_types
    group by
        daily.claim_type,
        daily.source_system,
        unit_types.unit_type,
        case when unit_types.has_team = 1 then daily.team_id end,
        case when unit_types.has_category = 1 then daily.category end,
        daily.claimed_on,
        daily.window_days

),

claim_spans as (

    select
        claim_type,
        source_system,
        min(claimed_on) as first_day,
        max(claimed_on) as last_day,
        min(observed_until) as observed_until
    from daily
    group by claim_type, source_system

),

-- `to_date` holds every claim so far; its rates are over the mature ones, so no part of a cohort is cut off
periods as (

    select distinct
        claim_spans.claim_type,
        claim_spans.source_system,
        claim_spans.observed_until,
        'week' as period_type,
        dates.week_start as period_start,
        cast(dates.week_start + interval '7' day as date) as period_end
    from dates
    inner join claim_spans
        on dates.date_day between claim_spans.first_day and claim_spans.last_day
    union all
    select distinct
        claim_spans.claim_type,
        claim_spans.source_system,
        claim_spans.observed_until,
        'month' as period_type,
        dates.month_start as period_start,
        cast(dates.month_start + interval '1' month as date) as period_end
    from dates
    inner join claim_spans
        on dates.date_day between claim_spans.first_day and claim_spans.last_day
    union all
    select
        claim_type,
        source_system,
        observed_until,
        'to_date' as period_type,
        first_day as period_start,
        cast(last_day + interval '1' day as date) as period_end
    from claim_spans

),

units as (

    select distinct
        claim_type,
        source_system,
        unit_type,
        team_id,
        category
    from unit_days

),

-- calendars are filled for totals, teams and categories; team x category has rows only where there were claims
spine as (

    select
        periods.claim_type,
        periods.source_system,
        periods.observed_until,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        units.unit_type,
        units.team_id,
        units.category,
        windows.window_days
    from periods
    inner join units
        on
            periods.claim_type = units.claim_type
            and periods.source_system = units.source_system
    cross join windows
    where units.unit_type <> 'team_category'
    union
    select
        periods.claim_type,
        periods.source_system,
        periods.observed_until,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        unit_days.unit_type,
        unit_days.team_id,
        unit_days.category,
        unit_days.window_days
    from unit_days
    inner join periods
        on
            unit_days.claim_type = periods.claim_type
            and unit_days.source_system = periods.source_system
            and periods.period_start <= unit_days.claimed_on
            and unit_days.claimed_on < periods.period_end
    where unit_days.unit_type = 'team_category'

),

cells as (

    select
        spine.claim_type,
        spine.source_system,
        spine.period_type,
        spine.period_start,
        spine.period_end,
        spine.unit_type,
        spine.team_id,
        spine.category,
        spine.window_days,
        coalesce(min(unit_days.observed_until), min(spine.observed_until)) as observed_until,
        {%- for count in all_counts %}
        cast(coalesce(sum(unit_days.{{ count }}), 0) as bigint) as {{ count }}{{ ',' if not loop.last }}
        {%- endfor %}
    from spine
    left join unit_days
        on
            spine.claim_type = unit_days.claim_type
            and spine.source_system = unit_days.source_system
            and spine.unit_type = unit_days.unit_type
            -- as text, so that every engine can hash the join: a null is no team, '(none)' is one
            and coalesce(spine.team_id, '') = coalesce(unit_days.team_id, '')
            and coalesce(spine.category, '') = coalesce(unit_days.category, '')
            and spine.window_days = unit_days.window_days
            and spine.period_start <= unit_days.claimed_on
            and unit_days.claimed_on < spine.period_end
    group by
        spine.claim_type,
        spine.source_system,
        spine.period_type,
        spine.period_start,
        spine.period_end,
        spine.unit_type,
        spine.team_id,
        spine.category,
        spine.window_days

),

matured as (

    select
        *,
        held_count + falsified_count as cohort_count,
        claim_type = 'ticket_resolved' as is_of_tickets,
        period_type = 'to_date'
        or {{ seconds_between(utc_time('cast(period_end as timestamp)', zone), 'observed_until') }}
        >= window_days * 86400 as is_period_mature
    from cells

),

final as (

    select
        -- grain
        claim_type,
        source_system,
        period_type,
        period_start,
        unit_type,
        team_id,
        category,
        window_days,

        -- counts
        period_end,
        is_period_mature,
        {%- for count in counts %}
        {{ count }},
        {%- endfor %}
        {%- for count in ticket_counts %}
        case when is_of_tickets then {{ count }} end as {{ count }},
        {%- endfor %}
        cohort_count,

        -- rates: null until the whole period is mature
        {%- for name, count in {'held_rate': 'held_count', 'return_rate': 'falsified_count'}.items() %}
        case when is_period_mature then cast({{ ratio(count, 'cohort_count') }} as decimal(9, 4)) end as {{ name }},
        {%- endfor %}
        {%- for name, count in {
            'reopen_rate': 'reopened_count', 'hidden_by_auto_close_rate': 'hidden_by_auto_close_count',
        }.items() %}
        case
            when is_period_mature and is_of_tickets then cast({{ ratio(count, 'cohort_count') }} as decimal(9, 4))
        end as {{ name }},
        {%- endfor %}
        case when is_period_mature then {{ wilson('falsified_count', 'cohort_count', 'low') }} end as return_rate_low,
        case when is_period_mature then {{ wilson('falsified_count', 'cohort_count', 'high') }} end as return_rate_high,
        {%- for side in ['low', 'high'] %}
        case
            when is_period_mature and is_of_tickets then {{ wilson('reopened_count', 'cohort_count', side) }}
        end as reopen_rate_{{ side }},
        {%- endfor %}
        case
            when is_period_mature then cast({{ ratio('unobservable_count', 'mature_count') }} as decimal(9, 4))
        end as unobservable_share,
        case
            when is_period_mature then cast({{ ratio('unknown_customer_count', 'mature_count') }} as decimal(9, 4))
        end as unknown_customer_share,
        observed_until
    from matured

)

select * from final
