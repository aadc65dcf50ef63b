-- Grain: source system x period x unit x pair x window. Headline, reality, gap and reading in one row, on one cohort.
{% set pairs = ['pair_p03_lasting_resolutions', 'pair_p24_return_rate'] %}

with

measured as (

    {% for pair in pairs -%}
    select * from {{ ref(pair) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

catalogue as (

    select * from {{ ref('kpi_pairs') }}

),

bounded as (

    select
        measured.*,
        catalogue.name as pair_name,
        catalogue.tolerance,
        catalogue.min_n,
        {{ wilson('measured.gap_count', 'measured.cohort_count', 'low') }} as bound_low,
        {{ wilson('measured.gap_count', 'measured.cohort_count', 'high') }} as bound_high
    from measured
    inner join catalogue
        on measured.pair_id = catalogue.pair_id

),

final as (

    select
        -- grain
        source_system,
        period_type,
        period_start,
        unit_type,
        team_id,
        category,
        pair_id,
        window_days,

        pair_name,
        is_period_mature,
        cohort_count,
        headline_as_reported_count,
        case
            when headline_as_reported_base is not null
                then cast({{ ratio('headline_as_reported_count', 'headline_as_reported_base') }} as decimal(9, 4))
        end as headline_as_reported_rate,
        headline_count,
        case
            when is_period_mature then cast({{ ratio('headline_count', 'cohort_count') }} as decimal(9, 4))
        end as headline_rate,
        reality_count,
        case
            when is_period_mature then cast({{ ratio('reality_count', 'cohort_count') }} as decimal(9, 4))
        end as reality_rate,
        gap_count,
        case
            when is_period_mature then cast({{ ratio('gap_count', 'cohort_count') }} as decimal(9, 4))
        end as gap,
        case when is_period_mature then bound_low end as gap_low,
        case when is_period_mature then bound_high end as gap_high,
        tolerance,
        case
            when not is_period_mature or cohort_count < min_n then 'not_enough_data'
            when bound_low > tolerance then 'blindfold'
            when bound_high <= tolerance then 'aligned'
            else 'not_enough_data'
        end as reading
    from bounded

)

select * from final
