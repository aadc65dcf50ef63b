-- Grain: source system x limit x team x month x category x whether the limit was in force: calls by their length around the limit.
-- Limits are those of dim_targets, and every half minute from 4 to 12 minutes, where an unofficial one might be.
{% set bins = limit_curve_bins() %}
{% set scanned_limits = var('scanned_limits', none) or [
    240, 270, 300, 330, 360, 390, 420, 450, 480, 510, 540, 570, 600, 630, 660, 690, 720,
] %}
{{ config(materialized='table') }}

with

calls as (

    select * from {{ ref('call_lengths') }}

),

-- versions of a limit with the same value are one limit
declared as (

    select
        source_system,
        coalesce(scope, 'all') as scope,
        cast(target as integer) as limit_seconds,
        max(used_for) as used_for,
        case when count(*) = count(valid_from) then min(valid_from) end as valid_from,
        case when count(*) = count(valid_to) then max(valid_to) end as valid_to
    from {{ ref('dim_targets') }}
    where metric = 'handle_time' and target between 60 and 7200 and coalesce(operator, '<=') in ('<=', '<')
    group by source_system, coalesce(scope, 'all'), cast(target as integer)

),

placed as (

    select
        calls.*,
        declared.limit_seconds,
        true as is_declared,
        declared.used_for,
        declared.valid_from,
        coalesce(calls.happened_at >= declared.valid_from, true) as is_in_force
    from calls
    inner join declared
        on
            calls.source_system = declared.source_system
            and (declared.scope = 'all' or declared.scope = calls.team_id)
            and (declared.valid_to is null or calls.happened_at < declared.valid_to)
    union all
    select
        calls.*,
        scanned.limit_seconds,
        false as is_declared,
        cast(null as varchar) as used_for,
        cast(null as timestamp) as valid_from,
        true as is_in_force
    from calls
    cross join (
        values
        {%- for limit_seconds in scanned_limits %}
        ({{ limit_seconds }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as scanned (limit_seconds)

),

final as (

    select
        source_system,
        is_declared,
        limit_seconds,
        used_for,
        valid_from,
        team_id,
        month_start,
        category,
        is_in_force,
        count(*) as call_count,
        {{ count_where('seconds > limit_seconds - 30 and seconds <= limit_seconds') }} as below_count,
        {{ count_where('seconds > limit_seconds and seconds <= limit_seconds + 30') }} as notch_count,
        {{ count_where('seconds > limit_seconds and seconds <= limit_seconds + 120') }} as above_count,
        {{ count_where('seconds > limit_seconds - 165 and seconds <= limit_seconds - 45') }} as left_count,
        {{ count_where('mod(seconds, 30) = 0') }} as half_minute_count,
        {{ count_where('mod(seconds, 60) = 0') }} as minute_count,
        {{ count_where('is_ended_by_system and seconds > limit_seconds - 45') }} as system_count,
        {%- for low, high in bins %}
        {{ count_where(
            '100 * seconds > ' ~ low ~ ' * limit_seconds and 100 * seconds <= ' ~ high ~ ' * limit_seconds'
        ) }} as bin_{{ loop.index }}_count{{ ',' if not loop.last }}
        {%- endfor %}
    from placed
    where 100 * seconds > {{ bins[0][0] }} * limit_seconds and 100 * seconds <= {{ bins[-1][1] }} * limit_seconds
    group by
        source_system,
        is_declared,
        limit_seconds,
        used_for,
        valid_from,
        team_id,
        month_start,
        category,
        is_in_force

)

select * from final
