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

with

verdicts as (

    select
        *,
        cast({{ local_time('claimed_at', zone) }} as date) as event_on
    from {{ ref('fct_claim_verdicts') }}
    where
        tier_set = 'return'
        and is_headline_cohort
        and business_function = 'service'

),

claims as (

    select * from {{ ref('fct_claims') }}

),

daily as (

    select
        verdicts.claim_type,
        verdicts.source_system,
        verdicts.event_on,
        verdicts.channel,
        verdicts.queue,
        verdicts.team_id,
        verdicts.account_id,
        verdicts.category,
        verdicts.window_days,
        verdicts.observed_until,
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
        verdicts.event_on,
        verdicts.channel,
        verdicts.queue,
        verdicts.team_id,
        verdicts.account_id,
        verdicts.category,
        verdicts.window_days,
        verdicts.observed_until

),

{{ cells_of('daily', keys=['claim_type', 'window_days'], sums=counts + ticket_counts) }},

judged as (

    select
        *,
        held_count + falsified_count as cohort_count,
        claim_type in ('ticket_resolved', 'first_contact_resolved', 'sla_met') as is_of_tickets
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
        unit,
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
            when is_period_mature and is_of_tickets
                then cast({{ ratio(count, 'cohort_count') }} as decimal(9, 4))
        end as {{ name }},
        {%- endfor %}
        {%- for side in ['low', 'high'] %}
        case when is_period_mature then {{ wilson('falsified_count', 'cohort_count', side) }} end as return_rate_{{ side }},
        {%- endfor %}
        {%- for side in ['low', 'high'] %}
        case
            when is_period_mature and is_of_tickets
                then {{ wilson('reopened_count', 'cohort_count', side) }}
        end as reopen_rate_{{ side }},
        {%- endfor %}
        case
            when is_period_mature then cast({{ ratio('unobservable_count', 'mature_count') }} as decimal(9, 4))
        end as unobservable_share,
        case
            when is_period_mature then cast({{ ratio('unknown_customer_count', 'mature_count') }} as decimal(9, 4))
        end as unknown_customer_share,
        observed_until
    from judged

)

select * from final
