-- Grain: claim type x source system x period x unit x window. One row for every period in which anything happened, quiet
-- ones included. Of what was called done in the period, how much held? Tier set `return`; headline cohorts only.
-- Beside the rate stands what the mix of categories lets expect, from the other units; limits say what chance may do.
-- Systems stand apart: their teams and categories are their own, and a desk of 1999 shares no period with one of 2016.
-- cost: each claim is judged in each window, and added up by unit and category; the customers behind the claims are counted
-- once for each type of unit. Then a row for each account, window and month, quiet ones included, and twenty statistics of it.
{% set zone = var('reporting_time_zone') %}
{% set counts = [
    'claim_count', 'mature_count', 'held_count', 'falsified_count', 'unobservable_count', 'unknown_customer_count',
    'pending_count',
] %}
{#- what only tickets have -#}
{% set ticket_counts = [
    'silent_auto_close_count', 'reopened_count', 'hidden_by_auto_close_count', 'reopened_so_far_count',
] %}
{#- a unit and the column that says which; the total leaves nobody out -#}
{% set unit_columns = {
    'total': none, 'team': 'team_id', 'queue': 'queue', 'category': 'category', 'channel': 'channel',
    'account': 'account_id',
} %}
{% set cohort = "is_mature and verdict in ('held', 'falsified')" %}

with

verdicts as (

    select
        claim_id,
        claim_type,
        source_system,
        window_days,
        customer_key,
        {%- for column in unit_columns.values() if column %}
        coalesce({{ column }}, '(none)') as {{ column }},
        {%- endfor %}
        closure_mode,
        observed_until,
        is_mature,
        verdict,
        unobservable_reason,
        is_reopened,
        is_hidden_by_auto_close,
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

{% set unit_types = unit_columns.keys() | list -%}
{% set period_types = ['week', '28_days', 'month', 'fiscal_year', 'to_date'] -%}
{{ parts_of(
    'daily', ['claim_type', 'window_days'], counts + ticket_counts, [], unit_types, period_types, by=['category']
) }},

{% set key = 'claim_type, source_system, window_days' -%}
-- what came back to date
mixes as (

    select
        {{ key }},
        unit_type,
        unit,
        category,
        cast(sum(held_count + falsified_count) as bigint) as cohort_count,
        cast(sum(falsified_count) as bigint) as falsified_count
    from unit_parts
    group by {{ key }}, unit_type, unit, category

),

-- the same elsewhere: of the other units; of the total's, of all
others as (

    select
        {{ key }},
        unit_type,
        unit,
        category
        {%- for count in ['cohort_count', 'falsified_count'] %}
        {%- for place, columns in {'': '', 'category_': ', category'}.items() %},
        cast(
            sum(case when unit_type = 'total' then {{ count }} else 0 end) over (partition by {{ key }}{{ columns }})
            - sum(case when unit_type = 'total' then 0 else {{ count }} end)
                over (partition by {{ key }}, unit_type, unit{{ columns }}) as bigint
        ) as {{ place }}{{ count }}
        {%- endfor %}
        {%- endfor %}
    from mixes

),

-- how many of a million such claims come back elsewhere: in the same category; where fewer than 30 were judged, in all
rates as (

    select
        {{ key }},
        unit_type,
        unit,
        category,
        case
            {%- for place in ['category_', ''] %}
            when {{ place }}cohort_count >= 30
                then {{ integer_division(
                    '2000000 * ' ~ place ~ 'falsified_count + ' ~ place ~ 'cohort_count',
                    'nullif(2 * ' ~ place ~ 'cohort_count, 0)'
                ) }}
            {%- endfor %}
        end as rate
    from others

),

expected_parts as (

    select
        unit_parts.*,
        (unit_parts.held_count + unit_parts.falsified_count) * rates.rate as mix_millionths
    from unit_parts
    inner join rates
        on
            unit_parts.claim_type = rates.claim_type
            and unit_parts.source_system = rates.source_system
            and unit_parts.window_days = rates.window_days
            and unit_parts.unit_type = rates.unit_type
            and unit_parts.unit = rates.unit
            and unit_parts.category = rates.category

),

{{ cells_of_parts(
    'expected_parts', ['claim_type', 'window_days'], counts + ticket_counts + ['mix_millionths'], [], unit_types, period_types
) }},

judged as (

    select
        *,
        held_count + falsified_count as cohort_count,
        claim_type in ('ticket_resolved', 'first_contact_resolved', 'sla_met') as is_of_tickets,
        -- nothing is expected where nothing is judged, or nobody else is there to compare with
        case
            when is_period_mature then nullif(mix_millionths, 0)
        end as expected_millionths
    from cells

),

standardised as (

    select
        *,
        cast(cast(expected_millionths as decimal(18, 0)) * cast(0.000001 as decimal(9, 6)) as decimal(18, 6))
            as expected_returned_count
    from judged

),

-- units differ by more than chance: what was not measured differs too. The limits are wider by as much.
deviating as (

    select
        *,
        cast(round(cast(
            (falsified_count - cast(expected_returned_count as {{ type_double() }}))
            / sqrt(cast(expected_returned_count as {{ type_double() }}))
            as decimal(28, 12)), 6) as decimal(18, 6)) as deviation
    from standardised

),

{% set peers = ['claim_type', 'source_system', 'window_days', 'period_type', 'period_start', 'unit_type'] -%}
ranked as (

    select
        {{ peers | join(',
        ') }},
        deviation,
        count(*) over (partition by {{ peers | join(', ') }}) as peer_count,
        row_number() over (
            partition by {{ peers | join(', ') }} order by deviation, {{ text_order('unit') }}
        ) as peer_number
    from deviating
    where deviation is not null

),

-- the outermost tenth on each side counts like its neighbour: one bad unit must not hide itself
trimmed as (

    select
        {{ peers | join(',
        ') }},
        {%- for bound, place in {
            'lowest': integer_division('peer_count', '10') ~ ' + 1',
            'highest': 'peer_count - ' ~ integer_division('peer_count', '10'),
        }.items() %}
        max(case when peer_number = {{ place }} then deviation end) as {{ bound }}_deviation{{ ',' if not loop.last }}
        {%- endfor %}
    from ranked
    where peer_count >= 10
    group by {{ peers | join(', ') }}

),

winsorised as (

    select
        {%- for peer in peers %}
        ranked.{{ peer }},
        {%- endfor %}
        ranked.peer_count,
        least(greatest(ranked.deviation, trimmed.lowest_deviation), trimmed.highest_deviation) as deviation
    from ranked
    inner join trimmed
        on
            {%- for peer in peers %}
            {{ 'and ' if not loop.first }}ranked.{{ peer }} = trimmed.{{ peer }}
            {%- endfor %}

),

spread as (

    select
        {{ peers | join(',
        ') }},
        greatest(1, cast(round(cast(
            cast(sum(deviation * deviation) as {{ type_double() }}) / peer_count as decimal(28, 12)
        ), 6) as decimal(18, 6))) as overdispersion
    from winsorised
    group by {{ peers | join(', ') }}, peer_count

),

dispersed as (

    select
        deviating.*,
        case when deviating.deviation is not null then spread.overdispersion end as overdispersion
    from deviating
    left join spread
        on
            {%- for peer in peers %}
            {{ 'and ' if not loop.first }}deviating.{{ peer }} = spread.{{ peer }}
            {%- endfor %}

),

judged_claims as (

    select
        {{ key }},
        {%- for column in unit_columns.values() if column %}
        {{ column }},
        {%- endfor %}
        coalesce(customer_key, claim_id) as customer,
        case when verdict = 'falsified' then 1 else 0 end as is_back
    from verdicts
    where {{ cohort }}

),

-- who comes back comes back more than once: the customers behind the claims to date
clustered as (

    {% for unit_type, column in unit_columns.items() -%}
    select
        {{ key }},
        'to_date' as period_type,
        '{{ unit_type }}' as unit_type,
        unit,
        count(*) as customer_count,
        {{ design_effect(
            'count(*)', 'sum(judged_count)', 'sum(returned_count)', 'sum(judged_count * judged_count)',
            'sum(judged_count * returned_count)', 'sum(returned_count * returned_count)'
        ) }} as design_effect
    from (
        select
            {{ key }},
            {{ column or "'(all)'" }} as unit,
            count(*) as judged_count,
            sum(is_back) as returned_count
        from judged_claims
        group by {{ key }}, {{ column ~ ', ' if column }}customer
    ) as by_customer_of_{{ unit_type }}
    group by {{ key }}, unit
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

limited as (

    select
        dispersed.*,
        cast({{ ratio('dispersed.falsified_count * 1000000', 'dispersed.expected_millionths') }} as decimal(18, 4))
            as return_oe,
        {%- for sigmas in [2, 3] %}
        {%- for side in ['low', 'high'] %}
        {{ funnel_limit(
            'dispersed.expected_returned_count', sigmas, side, 'coalesce(dispersed.overdispersion, 1)'
        ) }} as funnel_{{ side }}_{{ sigmas }},
        {%- endfor %}
        {%- endfor %}
        cast(clustered.customer_count as bigint) as customer_count,
        clustered.design_effect
    from dispersed
    left join clustered
        on
            dispersed.period_type = clustered.period_type
            and dispersed.claim_type = clustered.claim_type
            and dispersed.source_system = clustered.source_system
            and dispersed.window_days = clustered.window_days
            and dispersed.unit_type = clustered.unit_type
            and dispersed.unit = clustered.unit

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
        case when is_period_mature then {{ wilson('falsified_count', 'cohort_count', side) }} end
            as return_rate_{{ side }},
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

        -- against the mix of categories: null until the whole period is mature
        expected_returned_count,
        return_oe,
        {%- for side in ['low', 'high'] %}
        {{ byar('falsified_count', 'expected_returned_count', side) }} as return_oe_{{ side }},
        {%- endfor %}
        overdispersion,
        {%- for sigmas in [2, 3] %}
        {%- for side in ['low', 'high'] %}
        funnel_{{ side }}_{{ sigmas }},
        {%- endfor %}
        {%- endfor %}
        return_oe < funnel_low_3 or return_oe > funnel_high_3 as is_outside_funnel,

        -- against independent claims: to date only
        customer_count,
        design_effect,
        {%- for side in ['low', 'high'] %}
        {{ wilson(
            'falsified_count / cast(greatest(design_effect, 1) as ' ~ type_double() ~ ')',
            '(cohort_count / cast(greatest(design_effect, 1) as ' ~ type_double() ~ '))', side
        ) }} as return_rate_clustered_{{ side }},
        {%- endfor %}
        observed_until
    from limited

)

select * from final
