-- Grain: source system x limit x team x month, or the team to date: is there a step in the lengths of calls at the limit? Looked at in two ways
-- that fail in different cases: against the curve of the team's own calls (a recording, a common issue, a system that ends
-- calls are steps, too), and against the same calls before the limit began, or else other teams' (which have those as well).
{% set bins = limit_curve_bins() %}
{% set double = type_double() %}
{% set zones = ['below', 'notch', 'above', 'left'] %}
{% set numbers = [
    'call_count', 'below_count', 'notch_count', 'above_count', 'left_count', 'half_minute_count', 'minute_count',
    'system_count',
] %}
{% set counts = [] %}
{% set logs = [] %}
{% for bin in bins %}
{% do counts.append('bin_' ~ loop.index ~ '_count') %}
{% do logs.append('bin_' ~ loop.index ~ '_log') %}
{% endfor %}
{{ config(materialized='table') }}

with

months as (

    select * from {{ ref('call_counts_at_limits') }}

),

-- team, period and category, while the limit was in force
strata as (

    select
        months.source_system,
        months.is_declared,
        months.limit_seconds,
        months.team_id,
        kinds.period_type,
        case kinds.period_type when 'month' then months.month_start end as period_start,
        months.category,
        {%- for number in numbers + counts %}
        sum(months.{{ number }}) as {{ number }},
        {%- endfor %}
        sum(months.below_count) as low_k,
        sum(months.below_count + months.left_count + months.above_count) as low_n,
        sum(months.notch_count) as notch_k,
        sum(
            months.notch_count + months.left_count
            {%- for count in counts[5:] %}
            + months.{{ count }}
            {%- endfor %}
        ) as notch_n,
        max(months.used_for) as used_for,
        max(months.valid_from) as valid_from
    from months
    cross join (values ('month'), ('to_date')) as kinds (period_type)
    where months.is_in_force
    group by
        months.source_system,
        months.is_declared,
        months.limit_seconds,
        months.team_id,
        kinds.period_type,
        case kinds.period_type when 'month' then months.month_start end,
        months.category

),

before as (

    select
        source_system,
        limit_seconds,
        team_id,
        category,
        sum(below_count) as low_k,
        sum(below_count + left_count + above_count) as low_n,
        sum(notch_count) as notch_k,
        sum(
            notch_count + left_count
            {%- for count in counts[5:] %}
            + {{ count }}
            {%- endfor %}
        ) as notch_n
    from months
    where not is_in_force and is_declared
    group by source_system, limit_seconds, team_id, category

),

-- enough to compare with
teams_before as (

    select
        source_system,
        limit_seconds,
        team_id
    from before
    group by source_system, limit_seconds, team_id
    having sum(low_n) >= 300

),

references_of as (

    select
        strata.*,
        teams_before.team_id is not null as is_before_known,
        {%- for name in ['low_k', 'low_n', 'notch_k', 'notch_n'] %}
        case
            when teams_before.team_id is not null then coalesce(before.{{ name }}, 0)
            else sum(strata.{{ name }}) over (
                partition by
                    strata.source_system, strata.is_declared, strata.limit_seconds,
                    strata.period_type, strata.period_start, strata.category
            ) - strata.{{ name }}
        end as other_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from strata
    left join teams_before
        on
            strata.is_declared
            and strata.source_system = teams_before.source_system
            and strata.limit_seconds = teams_before.limit_seconds
            and strata.team_id = teams_before.team_id
    left join before
        on
            strata.is_declared
            and strata.source_system = before.source_system
            and strata.limit_seconds = before.limit_seconds
            and strata.team_id = before.team_id
            and strata.category = before.category

),

-- where nothing earlier is known, an issue that takes just less than the limit looks like a ceiling: it must show without the category
-- that has most of the step, wherever there are three or more
ranked as (

    select
        *,
        count(*) over (
            partition by source_system, is_declared, limit_seconds, team_id, period_type, period_start
        ) as category_count,
        row_number() over (
            partition by source_system, is_declared, limit_seconds, team_id, period_type, period_start
            order by 4 * below_count - above_count desc, {{ text_order('category') }}
        ) as category_rank
    from references_of

),

-- Mantel and Haenszel: category by category, how many of so many would be there if the shares were one
summed as (

    select
        source_system,
        is_declared,
        limit_seconds,
        team_id,
        period_type,
        period_start,
        max(used_for) as used_for,
        max(valid_from) as valid_from,
        {%- for number in numbers + counts %}
        cast(sum({{ number }}) as bigint) as {{ number }},
        {%- endfor %}
        {%- for zone in ['low', 'notch'] %}
        {%- set k, n, k0, n0 = zone ~ '_k', zone ~ '_n', 'other_' ~ zone ~ '_k', 'other_' ~ zone ~ '_n' %}
        sum(case when {{ n }} > 0 and {{ n0 }} > 0 then {{ k }} end) as {{ zone }}_seen,
        sum(case when {{ n }} > 0 and {{ n0 }} > 0 then {{ quotient(n ~ ' * ' ~ k0, n0) }} end) as {{ zone }}_standard,
        sum(
            case
                when {{ n }} > 0 and {{ n0 }} > 0
                    then {{ quotient(n ~ ' * (' ~ k ~ ' + ' ~ k0 ~ ')', n ~ ' + ' ~ n0) }}
            end
        ) as {{ zone }}_expected,
        sum(
            case
                when {{ n }} > 0 and {{ n0 }} > 0
                    then {{ quotient(
                        'cast(' ~ n ~ ' as ' ~ double ~ ') * ' ~ n0 ~ ' * (' ~ k ~ ' + ' ~ k0 ~ ') * (' ~ n ~ ' + ' ~ n0 ~ ' - ' ~ k ~ ' - ' ~ k0 ~ ')',
                        'cast(' ~ n ~ ' + ' ~ n0 ~ ' as ' ~ double ~ ') * (' ~ n ~ ' + ' ~ n0 ~ ') * (' ~ n ~ ' + ' ~ n0 ~ ' - 1)',
                    ) }}
            end
        ) as {{ zone }}_variance,
        {%- endfor %}
        sum(case when low_n > 0 then other_low_n end) as other_count,
        {{ count_where('is_before_known') }} > 0 as is_before_known
    from ranked
    where is_before_known or category_count < 3 or category_rank > 1
    group by source_system, is_declared, limit_seconds, team_id, period_type, period_start

),

-- calls a second in each bin, where the zones lie, and half a call more, so that none is no logarithm of zero
scaled as (

    select
        *,
        {%- for low, high in bins %}
        ln(
            (bin_{{ loop.index }}_count + cast(0.5 as {{ double }}))
            / (
                {{ integer_division(high ~ ' * limit_seconds', '100') }}
                - {{ integer_division(low ~ ' * limit_seconds', '100') }}
            )
        ) as bin_{{ loop.index }}_log,
        {%- endfor %}
        ln(cast(limit_seconds - 15 as {{ double }}) / limit_seconds) as x_below,
        ln(cast(limit_seconds + 60 as {{ double }}) / limit_seconds) as x_above,
        ln(cast(limit_seconds + 15 as {{ double }}) / limit_seconds) as x_notch,
        least({{ counts | join(', ') }}) as least_bin_count
    from summed

),

curves as (

    select
        *,
        ln(30) + {{ limit_curve(logs, 'x_below') }} as below_log,
        ln(120) + {{ limit_curve(logs, 'x_above') }} as above_log,
        ln(30) + {{ limit_curve(logs, 'x_notch') }} as notch_log,
        {%- set half = [] %}
        {%- for count in counts %}
        {%- do half.append('(' ~ count ~ ' + 0.5)') %}
        {%- endfor %}
        {{ limit_curve_variance(half, 'x_below', 'x_above') }} as step_variance,
        {{ limit_curve_variance(half, 'x_notch') }} as notch_variance_of_curve
    from scaled

),

tested as (

    select
        *,
        {{ six_digits('exp(least(below_log, 20))') }} as expected_below,
        {{ six_digits('exp(least(notch_log, 20))') }} as expected_notch,
        {{ six_digits(
            '(ln(below_count + 0.5) - ln(above_count + 0.5) - below_log + above_log) / sqrt('
            ~ '1 / (below_count + cast(0.5 as ' ~ double ~ ')) + 1 / (above_count + cast(0.5 as ' ~ double ~ ')) + step_variance)'
        ) }} as step_z,
        case
            when low_variance > 0
                then {{ six_digits('(low_seen - low_expected) / sqrt(low_variance)') }}
        end as contrast_z,
        case
            when low_standard > 0
                then {{ six_digits('ln((low_seen + 0.5) / (low_standard + 0.5))') }}
        end as contrast_effect,
        {{ six_digits('low_standard') }} as contrast_expected,
        case
            when notch_variance > 0
                then {{ six_digits('(notch_expected - notch_seen) / sqrt(notch_variance)') }}
        end as notch_contrast_z
    from curves

),

final as (

    select
        source_system,
        is_declared,
        limit_seconds,
        team_id as unit,
        period_type,
        period_start,
        used_for,
        valid_from,
        call_count,
        below_count,
        notch_count,
        above_count,
        is_before_known,
        coalesce(other_count, 0) as other_count,
        expected_below,
        expected_notch,
        step_z,
        contrast_z,
        contrast_effect,
        contrast_expected,
        notch_contrast_z,
        {{ six_digits(
            '-' ~ poisson_z('notch_count', 'nullif(expected_notch, 0)') ~ ' / sqrt(1 + expected_notch * notch_variance_of_curve)'
        ) }} as notch_z,
        case
            -- a twentieth and a tenth: three times what falls there by chance
            when 20 * minute_count > call_count or 10 * half_minute_count > call_count then 'times are rounded'
            when 10 * system_count > call_count then 'the telephone system ends calls near the limit'
            when expected_below < 5 then 'too few calls near the limit'
        end as reason
    from tested

)

select * from final
