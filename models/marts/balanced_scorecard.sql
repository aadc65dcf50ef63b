-- Grain: source system x period x unit x pair x window. Headline, reality, gap and reading in one row, on one cohort.
-- Each pair is a part of its own (yours: the variable own_pairs); a pair whose input a system does not deliver has a row that says which.
{% set parts = [
    'pair_p03_lasting_resolutions',
    'pair_p24_return_rate',
    'pair_p05_flagged_resolution',
    'pair_p06_resolved_but_dissatisfied',
    'pair_p07_one_contact_in_all',
    'pair_p13_satisfaction_of_all',
    'pair_p14_satisfaction_of_repeaters',
    'pairs_of_business_claims',
    'pairs_of_business_measures',
    'pair_p04_recycled_incidents',
    'pair_p26_problem_fixes',
    'pair_p08_met_and_stayed_solved',
    'pair_p09_customers_clock',
    'pair_p10_useful_reply',
    'pair_p16_hidden_backlog',
    'pair_p17_time_to_last_resolution',
    'pair_p19_service_level_of_all',
    'pair_p20_contained_by_bot',
    'pair_p21_quality_review',
    'pair_p27_first_line',
    'pair_p11_lasting_cost',
    'pair_p12_lost_time',
    'pair_p22_password_resets',
    'pair_p01_repeat_contacts',
    'pair_p02_minutes_per_issue',
    'pair_p18_passed_on',
    'pair_p15_strained_days',
    'pair_p23_lasting_work',
    'pair_p25_slow_by_work',
] %}

with

measured as (

    {% for part in var('scorecard_parts', none) or parts + var('own_pairs') -%}
    select * from {{ ref(part) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

catalogue as (

    select * from {{ ref('kpi_pairs') }}

),

inputs as (

    select * from {{ ref('dim_inputs') }}

),

{{ missing_inputs('pair_id') }},

-- a pair that a system has nothing to show for stays, and says why
unmeasured as (

    select
        systems.source_system,
        catalogue.pair_id,
        catalogue.window_days
    from systems
    cross join catalogue
    left join measured
        on
            systems.source_system = measured.source_system
            and catalogue.pair_id = measured.pair_id
    where measured.pair_id is null

),

cells as (

    select * from measured
    union all
    select
        pair_id,
        source_system,
        'to_date' as period_type,
        cast(null as date) as period_start,
        'total' as unit_type,
        '(all)' as unit,
        window_days,
        true as is_period_mature,
        cast(0 as bigint) as cohort_count,
        {%- for side in ['reported', 'headline', 'reality'] %}
        cast(null as decimal(38, 4)) as {{ side }}_numerator,
        cast(null as decimal(38, 4)) as {{ side }}_denominator,
        {%- endfor %}
        cast(null as bigint) as gap_count,
        cast(null as decimal(18, 6)) as gap,
        cast(null as decimal(18, 6)) as gap_low,
        cast(null as decimal(18, 6)) as gap_high,
        false as is_both_worse
    from unmeasured

),

-- where one side is not known, neither is shown
paired as (

    select
        pair_id,
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,
        window_days,
        is_period_mature,
        cohort_count,
        reported_numerator,
        reported_denominator,
        {%- for side in ['headline', 'reality'] %}
        {%- for part in ['numerator', 'denominator'] %}
        case when headline_numerator is not null and reality_numerator is not null then {{ side }}_{{ part }} end
            as {{ side }}_{{ part }},
        {%- endfor %}
        {%- endfor %}
        is_period_mature
        and {{ has_pair_value('headline') }}
        and {{ has_pair_value('reality') }} as is_shown,
        gap_count,
        gap,
        gap_low,
        gap_high,
        is_both_worse
    from cells

),

valued as (

    select
        cells.source_system,
        cells.period_type,
        cells.period_start,
        cells.unit_type,
        cells.unit,
        cells.pair_id,
        cells.window_days,
        catalogue.name as pair_name,
        catalogue.business_function,
        catalogue.gap_kind,
        catalogue.unit as value_unit,
        catalogue.tolerance,
        catalogue.min_n,
        missing.missing_inputs,
        cells.is_period_mature,
        cells.cohort_count,
        {%- for side in ['reported', 'headline', 'reality'] %}
        cells.{{ side }}_numerator,
        cells.{{ side }}_denominator,
        {%- endfor %}
        {{ pair_value('cells.reported') }} as headline_as_reported,
        case when cells.is_shown then {{ pair_value('cells.headline') }} end as headline,
        case when cells.is_shown then {{ pair_value('cells.reality') }} end as reality,
        cells.gap_count,
        case
            when not cells.is_shown then null
            when catalogue.gap_kind = 'nested_share'
                then cast({{ ratio('cells.gap_count', 'cells.cohort_count') }} as decimal(18, 6))
            else cells.gap
        end as gap,
        {%- for side in ['low', 'high'] %}
        case
            when not cells.is_shown then null
            when catalogue.gap_kind = 'nested_share'
                then cast({{ wilson('cells.gap_count', 'cells.cohort_count', side) }} as decimal(18, 6))
            else cells.gap_{{ side }}
        end as gap_{{ side }},
        {%- endfor %}
        cells.is_both_worse
    from paired as cells
    inner join catalogue
        on cells.pair_id = catalogue.pair_id
    left join missing
        on
            cells.source_system = missing.source_system
            and cells.pair_id = missing.pair_id

),

numbered as (

    select
        *,
        row_number() over (
            partition by source_system, period_type, unit_type, unit, pair_id, window_days
            order by period_start
        ) as period_number,
        cast(round(10000 * gap) as bigint) as gap_in_ten_thousandths
    from valued

),

{% set last_twelve %}over (
            partition by source_system, period_type, unit_type, unit, pair_id, window_days
            order by period_start
            rows between 11 preceding and current row
        ){% endset -%}
trended as (

    select
        *,
        count(gap) {{ last_twelve }} as gap_periods,
        cast(sum(case when gap is not null then period_number end) {{ last_twelve }} as bigint) as sum_x,
        cast(sum(case when gap is not null then period_number * period_number end) {{ last_twelve }} as bigint)
            as sum_xx,
        cast(sum(gap_in_ten_thousandths) {{ last_twelve }} as bigint) as sum_y,
        cast(sum(period_number * gap_in_ten_thousandths) {{ last_twelve }} as bigint) as sum_xy
    from numbered

),

final as (

    select
        -- grain
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,
        pair_id,
        window_days,

        -- the pair
        pair_name,
        business_function,
        value_unit,
        is_period_mature,
        cohort_count,
        min_n,

        -- headline and reality
        headline_as_reported,
        reported_numerator,
        reported_denominator,
        headline,
        headline_numerator,
        headline_denominator,
        reality,
        reality_numerator,
        reality_denominator,

        -- the gap
        gap_kind,
        gap_count,
        gap,
        gap_low,
        gap_high,
        case
            when period_type in ('week', 'month') and gap is not null and gap_periods >= 6
                then {{ slope('gap_periods', 'sum_x', 'sum_y', 'sum_xx', 'sum_xy', 10000) }}
        end as gap_trend,
        tolerance,
        case
            when missing_inputs is not null then 'not_measurable'
            when not is_period_mature or cohort_count < min_n or gap_low is null then 'not_enough_data'
            when gap_low > tolerance then 'blindfold'
            when is_both_worse then 'both_worse'
            when gap_high <= tolerance then 'aligned'
            else 'not_enough_data'
        end as reading,
        missing_inputs
    from trended

)

select * from final
