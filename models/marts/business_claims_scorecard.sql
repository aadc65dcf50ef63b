-- Grain: business function x claim type x source system x period x unit x window. Of what sales, HR, operations or finance called
-- done in the period, how much held, and how much of its amount stayed? Beside it the number that the function reports.
{% set zone = var('reporting_time_zone') %}
{% set counts = ['claim_count', 'mature_count', 'held_count', 'falsified_count', 'pending_count'] %}
{#- of the claims of the cohort, mature and held or falsified, but the first -#}
{% set amounts = ['claimed_amount', 'cohort_amount', 'falsified_amount', 'stayed_amount', 'realised_amount'] %}
{% set grain = [
    'source_system', 'business_function', 'claim_type', 'window_days', 'period_type', 'period_start', 'unit_type', 'unit',
] %}

with

business_claims as (

    select * from {{ ref('fct_business_claims') }}

),

claim_pairs as (

    select * from {{ ref('business_claim_pairs') }}

),

verdicts as (

    select
        verdicts.claim_id,
        verdicts.source_system,
        verdicts.business_function,
        verdicts.claim_type,
        business_claims.unit,
        verdicts.window_days,
        verdicts.claimed_at,
        cast({{ local_time('verdicts.claimed_at', zone) }} as date) as event_on,
        verdicts.observed_until,
        verdicts.is_mature,
        verdicts.verdict,
        verdicts.falsified_at,
        business_claims.claim_key,
        business_claims.amount,
        -- a falsifier without an amount takes all of it
        coalesce(business_claims.falsified_amount, business_claims.amount) as lost_amount
    from {{ ref('fct_claim_verdicts') }} as verdicts
    inner join business_claims
        on verdicts.claim_id = business_claims.claim_type || '/' || business_claims.claim_key
    where
        verdicts.tier_set = 'return'
        and verdicts.business_function <> 'service'

),

-- what an outcome that contradicts nothing does to the amount: a smaller contract, a saving that the ledger shows
listed_outcomes as (

    select * from {{ ref('business_outcomes') }}
    where not falsifies and amount_effect is not null

),

effects as (

    select
        verdicts.claim_id,
        verdicts.window_days,
        sum(case when listed_outcomes.amount_effect = 'lowers' then outcomes.amount end) as lowered_amount,
        sum(case when listed_outcomes.amount_effect = 'realises' then outcomes.amount end) as realised_amount
    from verdicts
    inner join {{ ref('fct_business_outcomes') }} as outcomes
        on verdicts.claim_key = outcomes.claim_key
    inner join listed_outcomes
        on
            {{ lowered(trimmed('outcomes.claim_type')) }} = listed_outcomes.claim_type
            and outcomes.outcome = listed_outcomes.outcome
    where
        verdicts.claimed_at < outcomes.outcome_at
        and {{ seconds_between('verdicts.claimed_at', 'outcomes.outcome_at') }} <= verdicts.window_days * 86400
    group by verdicts.claim_id, verdicts.window_days

),

judged as (

    select
        verdicts.*,
        verdicts.is_mature and verdicts.verdict = 'held' as is_held,
        verdicts.is_mature and verdicts.verdict = 'falsified' as is_falsified,
        verdicts.is_mature and verdicts.verdict in ('held', 'falsified') as is_in_cohort,
        greatest(
            0,
            verdicts.amount
            - coalesce(effects.lowered_amount, 0)
            - case when verdicts.verdict = 'falsified' then verdicts.lost_amount else 0 end
        ) as stayed_amount,
        effects.realised_amount
    from verdicts
    left join effects
        on
            verdicts.claim_id = effects.claim_id
            and verdicts.window_days = effects.window_days

),

daily as (

    select
        source_system,
        business_function,
        claim_type,
        unit,
        window_days,
        event_on,
        observed_until,
        count(*) as claim_count,
        {{ count_where('is_mature') }} as mature_count,
        {{ count_where('is_held') }} as held_count,
        {{ count_where('is_falsified') }} as falsified_count,
        {{ count_where('not is_mature') }} as pending_count,
        sum(coalesce(amount, 0)) as claimed_amount,
        sum(case when is_in_cohort then coalesce(amount, 0) else 0 end) as cohort_amount,
        sum(case when is_falsified then coalesce(amount, 0) else 0 end) as falsified_amount,
        sum(case when is_in_cohort then coalesce(stayed_amount, 0) else 0 end) as stayed_amount,
        sum(case when is_in_cohort then coalesce(realised_amount, 0) else 0 end) as realised_amount
    from judged
    group by source_system, business_function, claim_type, unit, window_days, event_on, observed_until

),

{{ cells_of(
    'daily', keys=['business_function', 'claim_type', 'window_days'], sums=counts, amounts=amounts,
    unit_types=['total', 'unit'], period_types=['month', 'fiscal_year', 'to_date']
) }},

-- how long it took until it showed: an exact median, by nearest rank
ranked as (

    select
        judged.source_system,
        judged.business_function,
        judged.claim_type,
        judged.window_days,
        period_kinds.period_type,
        {{ period_start_of('period_kinds', 'dates', 'spans') }} as period_start,
        unit_kinds.unit_type,
        case unit_kinds.unit_type when 'total' then '(all)' else coalesce(judged.unit, '(none)') end as unit,
        {{ seconds_between('judged.claimed_at', 'judged.falsified_at') }} as seconds_until_falsified,
        row_number() over (
            partition by
                judged.source_system,
                judged.business_function,
                judged.claim_type,
                judged.window_days,
                period_kinds.period_type,
                {{ period_start_of('period_kinds', 'dates', 'spans') }},
                unit_kinds.unit_type,
                case unit_kinds.unit_type when 'total' then '(all)' else coalesce(judged.unit, '(none)') end
            order by
                {{ seconds_between('judged.claimed_at', 'judged.falsified_at') }}, {{ text_order('judged.claim_id') }}
        ) as place
    from judged
    inner join {{ ref('dim_dates') }} as dates
        on judged.event_on = dates.date_day
    inner join spans
        on judged.source_system = spans.source_system
    cross join period_kinds
    cross join unit_kinds
    where judged.is_falsified

),

medians as (

    select
        cells.*,
        cells.held_count + cells.falsified_count as cohort_count,
        ranked.seconds_until_falsified
    from cells
    left join ranked
        on
            {%- for column in grain %}
            cells.{{ column }} = ranked.{{ column }} and
            {%- endfor %}
            ranked.place = {{ integer_division('cells.falsified_count + 1', '2') }}

),

-- the function's own number, of the units and periods of the cells
reported as (

    select
        measures.source_system,
        {{ lowered(trimmed('measures.business_function')) }} as business_function,
        claim_pairs.claim_type,
        unit_kinds.unit_type,
        case unit_kinds.unit_type when 'total' then '(all)' else coalesce(measures.unit, '(none)') end as unit,
        period_kinds.period_type,
        cast(
            case period_kinds.period_type
                when 'month' then date_trunc('month', measures.period_start)
                when 'fiscal_year' then {{ fiscal_year_of('measures.period_start') }}
                else spans.first_on
            end as date
        ) as period_start,
        sum(measures.numerator) as reported_numerator,
        sum(measures.denominator) as reported_denominator
    from {{ ref('fct_business_measures') }} as measures
    inner join claim_pairs
        on {{ lowered(trimmed('measures.measure')) }} = claim_pairs.reported_measure
    inner join spans
        on measures.source_system = spans.source_system
    cross join unit_kinds
    cross join period_kinds
    group by
        measures.source_system,
        {{ lowered(trimmed('measures.business_function')) }},
        claim_pairs.claim_type,
        unit_kinds.unit_type,
        case unit_kinds.unit_type when 'total' then '(all)' else coalesce(measures.unit, '(none)') end,
        period_kinds.period_type,
        cast(
            case period_kinds.period_type
                when 'month' then date_trunc('month', measures.period_start)
                when 'fiscal_year' then {{ fiscal_year_of('measures.period_start') }}
                else spans.first_on
            end as date
        )

),

-- types whose claims have an amount, and those whose amount some outcome realises
with_amounts as (

    select distinct
        source_system,
        claim_type
    from business_claims
    where amount is not null

),

with_realisation as (

    select distinct claim_type from listed_outcomes
    where amount_effect = 'realises'

),

final as (

    select
        -- grain
        medians.business_function,
        medians.claim_type,
        medians.source_system,
        medians.period_type,
        medians.period_start,
        medians.unit_type,
        medians.unit,
        medians.window_days,

        -- counts
        claim_pairs.pair_id,
        medians.period_end,
        medians.is_period_mature,
        {%- for count in counts %}
        medians.{{ count }},
        {%- endfor %}
        medians.cohort_count,

        -- rates: null until the whole period is mature
        {%- for name, count in {'held_rate': 'held_count', 'falsified_rate': 'falsified_count'}.items() %}
        case
            when medians.is_period_mature
                then cast({{ ratio('medians.' ~ count, 'medians.cohort_count') }} as decimal(9, 4))
        end as {{ name }},
        {%- endfor %}
        {%- for side in ['low', 'high'] %}
        case
            when medians.is_period_mature
                then {{ wilson('medians.falsified_count', 'medians.cohort_count', side) }}
        end as falsified_rate_{{ side }},
        {%- endfor %}
        case
            when medians.is_period_mature
                then cast({{ ratio('medians.seconds_until_falsified', '86400', 2) }} as decimal(9, 2))
        end as median_days_until_falsified,

        -- amounts
        {%- for amount in amounts if amount != 'realised_amount' %}
        case when with_amounts.claim_type is not null then medians.{{ amount }} end as {{ amount }},
        {%- endfor %}
        case
            when with_amounts.claim_type is not null and with_realisation.claim_type is not null
                then medians.realised_amount
        end as realised_amount,
        case
            when medians.is_period_mature and with_amounts.claim_type is not null
                then {{ quotient('medians.stayed_amount', 'medians.cohort_amount') }}
        end as stayed_amount_share,

        -- what the function reports
        case when reported.claim_type is not null then claim_pairs.reported_measure end as reported_measure,
        cast(reported.reported_numerator as decimal(38, 4)) as reported_numerator,
        cast(reported.reported_denominator as decimal(38, 4)) as reported_denominator,
        {{ quotient('reported.reported_numerator', 'reported.reported_denominator') }} as reported_value,
        medians.observed_until
    from medians
    left join claim_pairs
        on {{ lowered(trimmed('medians.claim_type')) }} = claim_pairs.claim_type
    left join reported
        on
            medians.source_system = reported.source_system
            and {{ lowered(trimmed('medians.business_function')) }} = reported.business_function
            and {{ lowered(trimmed('medians.claim_type')) }} = reported.claim_type
            and medians.unit_type = reported.unit_type
            and medians.unit = reported.unit
            and medians.period_type = reported.period_type
            and medians.period_start = reported.period_start
    left join with_amounts
        on
            medians.source_system = with_amounts.source_system
            and medians.claim_type = with_amounts.claim_type
    left join with_realisation
        on {{ lowered(trimmed('medians.claim_type')) }} = with_realisation.claim_type

)

select * from final
