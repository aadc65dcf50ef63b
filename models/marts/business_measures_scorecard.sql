-- Grain: pair x source system x period x unit, of the pairs that are measured series (pipeline, impressions, downtime, budget). Which
-- series are headline and reality, and how the gap is made of them, says the seed business_measure_pairs.
{% set sides = ['headline', 'reality', 'reference', 'context'] %}
{% set parts = ['numerator', 'denominator'] %}
{% set keys = ['source_system', 'pair_id', 'unit_type', 'unit'] %}
{#- a year of months to compare with -#}
{% set base_months = 12 %}
{#- quantiles of Student's t with 11 degrees of freedom, and of the normal distribution -#}
{% set t_of_a_year, z = '2.200985', '1.959964' %}

with

pairs as (

    select
        listed.*,
        catalogue.reality_direction,
        listed.formula in ('count_change', 'value_change') as has_base
    from {{ ref('business_measure_pairs') }} as listed
    inner join {{ ref('kpi_pairs') }} as catalogue
        on listed.pair_id = catalogue.pair_id

),

sides as (

    {% for side in sides -%}
    select
        pair_id,
        business_function,
        '{{ side }}' as side,
        {{ side }}_measure as measure
    from pairs
    where {{ side }}_measure is not null
    {{ 'union all' if not loop.last }}
    {% endfor -%}

),

series as (

    select
        measures.source_system,
        sides.pair_id,
        sides.side,
        coalesce(measures.unit, '(none)') as unit,
        measures.period_start,
        cast(date_trunc('month', measures.period_start) as date) as month_start,
        cast(measures.numerator as decimal(28, 4)) as numerator,
        cast(measures.denominator as decimal(28, 4)) as denominator
    from {{ ref('fct_business_measures') }} as measures
    inner join sides
        on
            {{ lowered(trimmed('measures.business_function')) }} = sides.business_function
            and {{ lowered(trimmed('measures.measure')) }} = sides.measure
    -- of nothing there is no share
    where measures.numerator is not null and measures.denominator > 0

),

-- a month of a unit: the headline is reported at once, the reality is there when it is known
unit_months as (

    select
        series.source_system,
        series.pair_id,
        series.unit,
        series.month_start,
        {%- for side in sides %}
        {%- for part in parts %}
        sum(case when series.side = '{{ side }}' then series.{{ part }} end) as {{ side }}_{{ part }},
        {%- endfor %}
        {%- endfor %}
        {{ count_where("series.side = 'headline'") }} > 0 as is_reported,
        {{ count_where("series.side = 'headline'") }} > 0
        and {{ count_where("series.side = 'reality'") }} > 0
        and (pairs.reference_measure is null or {{ count_where("series.side = 'reference'") }} > 0) as is_known
    from series
    inner join pairs
        on series.pair_id = pairs.pair_id
    group by series.source_system, series.pair_id, series.unit, series.month_start, pairs.reference_measure

),

unit_kinds as (

    select unit_type from (values ('total'), ('unit')) as listed (unit_type)

),

measured_months as (

    select
        unit_months.source_system,
        unit_months.pair_id,
        unit_kinds.unit_type,
        case unit_kinds.unit_type when 'total' then '(all)' else unit_months.unit end as unit,
        unit_months.month_start,
        {%- for part in parts %}
        sum(unit_months.headline_{{ part }}) as reported_{{ part }},
        {%- endfor %}
        {%- for side in sides %}
        {%- for part in parts %}
        sum(case when unit_months.is_known then unit_months.{{ side }}_{{ part }} end) as {{ side }}_{{ part }},
        {%- endfor %}
        {%- endfor %}
        {{ count_where('unit_months.is_known') }} as known_count,
        {{ count_where('unit_months.is_reported') }} as reported_count
    from unit_months
    cross join unit_kinds
    group by
        unit_months.source_system,
        unit_months.pair_id,
        unit_kinds.unit_type,
        case unit_kinds.unit_type when 'total' then '(all)' else unit_months.unit end,
        unit_months.month_start

),

-- every month from the unit's first to the last of its system: a month in which nothing was measured is a row
months as (

    select distinct
        source_system,
        month_start
    from series

),

spans as (

    select
        source_system,
        min(month_start) as first_month,
        max(month_start) as last_month
    from months
    group by source_system

),

units as (

    select
        {{ keys | join(', ') }},
        min(month_start) as first_month
    from measured_months
    where reported_count > 0
    group by {{ keys | join(', ') }}

),

numbered as (

    select
        {%- for key in keys %}
        units.{{ key }},
        {%- endfor %}
        months.month_start,
        pairs.formula,
        pairs.has_base,
        pairs.reality_direction,
        {%- for side in ['reported'] + sides %}
        {%- for part in parts %}
        measured_months.{{ side }}_{{ part }},
        {%- endfor %}
        {%- endfor %}
        coalesce(measured_months.known_count, 0) as known_count,
        coalesce(measured_months.reported_count, 0) as reported_count,
        sum(case when measured_months.known_count > 0 then 1 else 0 end) over (
            partition by {{ 'units.' ~ keys | join(', units.') }}
            order by months.month_start
            rows between unbounded preceding and current row
        ) as known_number
    from units
    inner join pairs
        on units.pair_id = pairs.pair_id
    inner join months
        on
            units.source_system = months.source_system
            and units.first_month <= months.month_start
    left join measured_months
        on
            {%- for key in keys %}
            units.{{ key }} = measured_months.{{ key }} and
            {%- endfor %}
            months.month_start = measured_months.month_start
    where pairs.formula <> 'last_week'

),

monthly as (

    select
        *,
        has_base and known_number <= {{ base_months }} as is_base,
        -- reality per headline, and how much its months vary
        case
            when headline_numerator > 0 and reality_numerator > 0
                then cast(round(cast(
                    ln(cast(reality_numerator as {{ type_double() }}) / cast(headline_numerator as {{ type_double() }}))
                    as decimal(18, 12)
                ), 6) as decimal(18, 6))
        end as log_ratio
    from numbered

),

bases as (

    select
        {{ keys | join(', ') }},
        {%- for side in ['headline', 'reality'] %}
        {%- for part in parts %}
        sum({{ side }}_{{ part }}) as base_{{ side }}_{{ part }},
        {%- endfor %}
        {%- endfor %}
        count(log_ratio) as log_count,
        sum(log_ratio) as log_sum,
        sum(cast(log_ratio * log_ratio as decimal(28, 12))) as log_square_sum
    from monthly
    where is_base and known_count > 0
    group by {{ keys | join(', ') }}
    -- a season is no change: less than a year is no base
    having {{ count_where('known_count > 0') }} = {{ base_months }}

),

period_kinds as (

    select period_type from (values ('month'), ('fiscal_year'), ('to_date')) as listed (period_type)

),

dated as (

    select
        monthly.*,
        period_kinds.period_type,
        cast(
            case period_kinds.period_type
                when 'month' then monthly.month_start
                when 'fiscal_year' then {{ fiscal_year_of('monthly.month_start') }}
                else spans.first_month
            end as date
        ) as period_start,
        spans.last_month,
        monthly.known_count > 0 and not monthly.is_base as is_compared
    from monthly
    inner join spans
        on monthly.source_system = spans.source_system
    cross join period_kinds

),

cells as (

    select
        {{ keys | join(', ') }},
        formula,
        reality_direction,
        period_type,
        period_start,
        last_month,
        {%- for part in parts %}
        sum(reported_{{ part }}) as reported_{{ part }},
        {%- endfor %}
        {%- for side in sides %}
        {%- for part in parts %}
        sum(case when is_compared then {{ side }}_{{ part }} end) as {{ side }}_{{ part }},
        {%- endfor %}
        {%- endfor %}
        {{ count_where('is_compared') }} as compared_months,
        {{ count_where('reported_count > 0') }} as reported_months,
        {{ count_where('reported_count > known_count') }} as unknown_months
    from dated
    group by {{ keys | join(', ') }}, formula, reality_direction, period_type, period_start, last_month

),

periods as (

    select
        *,
        cast(
            case period_type
                when 'month' then period_start + interval '1' month
                when 'fiscal_year' then period_start + interval '1' year
                else last_month + interval '1' month
            end as date
        ) as period_end
    from cells

),

compared as (

    select
        periods.*,
        bases.base_headline_numerator,
        bases.base_headline_denominator,
        bases.base_reality_numerator,
        bases.base_reality_denominator,
        -- of the logarithm of a ratio of these months to the base year's, from how much the base year's months vary
        case when bases.log_count = {{ base_months }} and periods.compared_months > 0 then
            {{ sample_variance('bases.log_count', 'bases.log_sum', 'bases.log_square_sum') }}
            * (
                1 / cast(periods.compared_months as {{ type_double() }})
                + 1 / cast({{ base_months }} as {{ type_double() }})
            )
        end as log_variance,
        periods.period_type = 'to_date'
        or (
            periods.reported_months > 0
            and periods.unknown_months = 0
            and periods.period_end <= periods.last_month + interval '1' month
        ) as is_period_mature
    from periods
    left join bases
        on
            {%- for key in keys %}
            periods.{{ key }} = bases.{{ key }}{{ ' and' if not loop.last }}
            {%- endfor %}

),

judged as (

    select
        *,
        -- what the headline would be if it were real
        case formula
            when 'missed' then headline_numerator + reality_numerator
            when 'incremental' then greatest(0, cast(round(
                reality_numerator
                - {{ quotient('reference_numerator', 'reference_denominator') }}
                * reality_denominator, 4
            ) as decimal(28, 4)))
            else reality_numerator
        end as paired_numerator,
        case when formula in ('part', 'missed') then headline_denominator else reality_denominator end
            as paired_denominator,
        cast(case formula
            when 'part' then headline_numerator
            when 'missed' then headline_numerator + reality_numerator
            when 'excess' then least(reality_denominator, reference_denominator)
            when 'incremental' then least(reality_denominator, reference_denominator)
            when 'count_change' then reality_numerator
            when 'value_change' then context_denominator
        end as bigint) as cohort_count,
        cast(case formula
            when 'part' then greatest(0, headline_numerator - reality_numerator)
            when 'missed' then reality_numerator
        end as bigint) as gap_count
    from compared

),

-- how far reality's share lies behind that of those who were not reached
behind as (

    select
        *,
        {{ quotient('headline_numerator', 'headline_denominator') }} as headline_share,
        {%- for side in ['value', 'low', 'high'] %}
        {{ newcombe(
            'reference_numerator', 'reference_denominator', 'reality_numerator', 'reality_denominator', side
        ) }} as behind_{{ side }}{{ ',' if not loop.last }}
        {%- endfor %}
    from judged

),

-- part, missed: a share of the cohort. incremental: what reality lies ahead, over the headline, is borne out. count_change,
-- value_change: reality per headline now, against the base year; where more of it is better, the base year against now
gapped as (

    select
        *,
        {%- set now = ('reality_numerator', 'headline_numerator') %}
        {%- set base = ('base_reality_numerator', 'base_headline_numerator') %}
        {%- set by_months = {'variance': 'log_variance', 'quantile': t_of_a_year} %}
        {%- for name, side in {'gap': 'value', 'gap_low': 'low', 'gap_high': 'high'}.items() %}
        cast(case
            when formula in ('part', 'missed') then
                {% if side == 'value' -%}
                {{ ratio('gap_count', 'cohort_count', 6) }}
                {%- else -%}
                {{ wilson('gap_count', 'cohort_count', side) }}
                {%- endif %}
            when formula = 'excess' then behind_{{ side }}
            when formula = 'incremental' then 1 + {{ quotient('behind_' ~ side, 'headline_share') }}
            {%- for formula, options in {'count_change': {}, 'value_change': by_months}.items() %}
            when formula = '{{ formula }}' and reality_direction = 'lower'
                then {{ rate_ratio(now[0], now[1], base[0], base[1], side, **options) }} - 1
            when formula = '{{ formula }}'
                then {{ rate_ratio(base[0], base[1], now[0], now[1], side, **options) }} - 1
            {%- endfor %}
        end as decimal(18, 6)) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from behind

),

-- reality's denominator by week: whole weeks of a fiscal year, the last of which is compared with the others
weeks as (

    select
        series.source_system,
        series.pair_id,
        unit_kinds.unit_type,
        case unit_kinds.unit_type when 'total' then '(all)' else series.unit end as unit,
        {{ fiscal_year_of('series.period_start') }} as year_start,
        series.period_start >= {{ fiscal_year_of('series.period_start') }} + interval '1' year - interval '13' day
            as is_last,
        series.period_start,
        sum(series.numerator) as numerator,
        sum(series.denominator) as denominator
    from series
    inner join pairs
        on series.pair_id = pairs.pair_id
    cross join unit_kinds
    where
        pairs.formula = 'last_week'
        and series.side = 'reality'
        and series.period_start + interval '6' day < {{ fiscal_year_of('series.period_start') }} + interval '1' year
    group by
        series.source_system,
        series.pair_id,
        unit_kinds.unit_type,
        case unit_kinds.unit_type when 'total' then '(all)' else series.unit end,
        series.period_start

),

years_of_weeks as (

    select
        {{ keys | join(', ') }},
        year_start,
        max(case when is_last then denominator end) as last_week,
        count(case when not is_last then denominator end) as other_weeks,
        sum(case when not is_last then denominator end) as other_sum,
        sum(case when not is_last then cast(round(denominator) * round(denominator) as decimal(38, 0)) end)
            as other_square_sum,
        sum(numerator) as on_plan,
        sum(denominator) as spent
    from weeks
    group by {{ keys | join(', ') }}, year_start

),

years_of_headline as (

    select
        measured_months.source_system,
        measured_months.pair_id,
        measured_months.unit_type,
        measured_months.unit,
        {{ fiscal_year_of('measured_months.month_start') }} as year_start,
        sum(measured_months.reported_numerator) as numerator,
        sum(measured_months.reported_denominator) as denominator
    from measured_months
    inner join pairs
        on measured_months.pair_id = pairs.pair_id
    where
        pairs.formula = 'last_week'
        and measured_months.reported_count > 0
    group by
        measured_months.source_system,
        measured_months.pair_id,
        measured_months.unit_type,
        measured_months.unit,
        {{ fiscal_year_of('measured_months.month_start') }}

),

years as (

    select
        years_of_headline.*,
        -- a year whose last week is not there is not over
        coalesce(years_of_weeks.last_week is not null and years_of_weeks.other_weeks > 1, false) as is_over,
        years_of_weeks.last_week,
        years_of_weeks.other_weeks,
        years_of_weeks.other_sum,
        years_of_weeks.other_square_sum,
        years_of_weeks.on_plan,
        years_of_weeks.spent
    from years_of_headline
    left join years_of_weeks
        on
            {%- for key in keys %}
            years_of_headline.{{ key }} = years_of_weeks.{{ key }} and
            {%- endfor %}
            years_of_headline.year_start = years_of_weeks.year_start

),

yearly as (

    select
        {%- for key in keys %}
        years.{{ key }},
        {%- endfor %}
        period_kinds.period_type,
        case period_kinds.period_type when 'fiscal_year' then years.year_start else spans.first_month end
            as period_start,
        cast(
            case period_kinds.period_type
                when 'fiscal_year' then max(years.year_start) + interval '1' year
                else spans.last_month + interval '1' month
            end as date
        ) as period_end,
        sum(years.numerator) as reported_numerator,
        sum(years.denominator) as reported_denominator,
        {%- for column in [
            'numerator', 'denominator', 'last_week', 'other_weeks', 'other_sum', 'other_square_sum', 'on_plan', 'spent',
        ] %}
        sum(case when years.is_over then years.{{ column }} end) as {{ column }},
        {%- endfor %}
        {{ count_where('years.is_over') }} as years_over
    from years
    inner join spans
        on years.source_system = spans.source_system
    cross join period_kinds
    where period_kinds.period_type in ('fiscal_year', 'to_date')
    group by
        {%- for key in keys %}
        years.{{ key }},
        {%- endfor %}
        period_kinds.period_type,
        case period_kinds.period_type when 'fiscal_year' then years.year_start else spans.first_month end,
        spans.last_month

),

yearly_gapped as (

    select
        *,
        last_week * other_weeks as paired_numerator,
        other_sum * years_over as paired_denominator,
        {{ quotient('last_week * other_weeks', 'other_sum * years_over') }} - 1 as gap,
        -- a week like the others would lie so far from their mean
        {{ quotient(
            z ~ " * sqrt(" ~ sample_variance('other_weeks', 'other_sum', 'other_square_sum') ~ " / nullif(years_over, 0))",
            'cast(other_sum as ' ~ type_double() ~ ') / nullif(other_weeks, 0)'
        ) }} as reach
    from yearly

),

{% set amounts = [
    'reported_numerator', 'reported_denominator', 'headline_numerator', 'headline_denominator', 'paired_numerator',
    'paired_denominator', 'reality_numerator', 'reality_denominator', 'reference_numerator', 'reference_denominator',
    'context_numerator', 'context_denominator', 'base_headline_numerator', 'base_headline_denominator',
    'base_reality_numerator', 'base_reality_denominator',
] %}
{#- what a year of weeks calls otherwise; the rest it does not have -#}
{% set of_weeks = {
    'reported_numerator': 'reported_numerator', 'reported_denominator': 'reported_denominator',
    'headline_numerator': 'numerator', 'headline_denominator': 'denominator',
    'paired_numerator': 'paired_numerator', 'paired_denominator': 'paired_denominator',
    'reality_numerator': 'on_plan', 'reality_denominator': 'spent',
} %}
all_cells as (

    select
        {{ keys | join(', ') }},
        period_type,
        period_start,
        period_end,
        is_period_mature,
        {%- for amount in amounts %}
        cast({{ amount }} as decimal(38, 4)) as {{ amount }},
        {%- endfor %}
        compared_months,
        cohort_count,
        gap_count,
        gap,
        gap_low,
        gap_high
    from gapped
    union all
    select
        {{ keys | join(', ') }},
        period_type,
        period_start,
        period_end,
        period_type = 'to_date' or years_over > 0 as is_period_mature,
        {%- for amount in amounts %}
        cast({{ of_weeks.get(amount, 'null') }} as decimal(38, 4)) as {{ amount }},
        {%- endfor %}
        12 * years_over as compared_months,
        cast(other_weeks as bigint) as cohort_count,
        cast(null as bigint) as gap_count,
        cast(gap as decimal(18, 6)) as gap,
        cast(gap - reach as decimal(18, 6)) as gap_low,
        cast(gap + reach as decimal(18, 6)) as gap_high
    from yearly_gapped

),

final as (

    select
        -- grain
        all_cells.pair_id,
        all_cells.source_system,
        all_cells.period_type,
        all_cells.period_start,
        all_cells.unit_type,
        all_cells.unit,

        -- the pair
        pairs.business_function,
        pairs.formula,
        all_cells.period_end,
        all_cells.is_period_mature,
        cast(all_cells.compared_months as bigint) as compared_months,
        cast(coalesce(all_cells.cohort_count, 0) as bigint) as cohort_count,

        -- the two sides
        pairs.headline_measure,
        all_cells.reported_numerator,
        all_cells.reported_denominator,
        {{ quotient('all_cells.reported_numerator', 'all_cells.reported_denominator') }} as reported_rate,
        all_cells.headline_numerator,
        all_cells.headline_denominator,
        case
            when all_cells.is_period_mature
                then {{ quotient('all_cells.headline_numerator', 'all_cells.headline_denominator') }}
        end as headline_rate,
        pairs.reality_measure,
        all_cells.paired_numerator as reality_numerator,
        all_cells.paired_denominator as reality_denominator,
        case
            when all_cells.is_period_mature
                then {{ quotient('all_cells.paired_numerator', 'all_cells.paired_denominator') }}
        end as reality_rate,

        -- the gap: null until the whole period is known
        {%- for name, type in {
            'gap_count': 'bigint', 'gap': 'decimal(18, 6)', 'gap_low': 'decimal(18, 6)', 'gap_high': 'decimal(18, 6)',
        }.items() %}
        cast(case when all_cells.is_period_mature then all_cells.{{ name }} end as {{ type }}) as {{ name }},
        {%- endfor %}

        -- the series behind it
        all_cells.reality_numerator as measured_reality_numerator,
        all_cells.reality_denominator as measured_reality_denominator,
        pairs.reference_measure,
        all_cells.reference_numerator,
        all_cells.reference_denominator,
        pairs.context_measure,
        all_cells.context_numerator,
        all_cells.context_denominator,
        all_cells.base_headline_numerator,
        all_cells.base_headline_denominator,
        all_cells.base_reality_numerator,
        all_cells.base_reality_denominator
    from all_cells
    inner join pairs
        on all_cells.pair_id = pairs.pair_id

)

select * from final
