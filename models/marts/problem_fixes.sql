-- Grain: source system x period of closing. Problem records were closed: did the incidents stop? The families (account and
-- issue) of a record's incidents are counted for 60 days before its fix and 60 days after, each outage once.
-- All incidents of the family count, linked or not: once a record is closed, nobody links any more.
{% set zone = var('reporting_time_zone') %}
{% set window_days = 60 %}
{% set sums = [
    'closed_count', 'without_incidents_count', 'unjudged_count', 'judged_count', 'fell_count', 'rose_count',
    'before_count', 'after_count',
] %}

with

problems as (

    select
        *,
        coalesce(fix_deployed_at, closed_at) as fixed_at
    from {{ ref('fct_problems') }}
    where closed_at is not null

),

incidents as (

    select * from {{ ref('fct_incidents') }}
    where is_placed and family_type = 'issue'

),

coverage as (

    select
        source_system,
        least(observed_until, as_of) as observed_until
    from {{ ref('dim_feed_coverage') }}
    where feed = 'tickets_opened'

),

beginnings as (

    select
        source_system,
        min(opened_at) as first_opened_at
    from incidents
    group by source_system

),

families as (

    select distinct
        problem_key,
        source_system,
        account_id,
        family_key
    from incidents
    where problem_key is not null

),

-- seconds after the fix of every occurrence in the record's families
occurrences as (

    select
        problems.problem_key,
        {{ seconds_between('problems.fixed_at', 'incidents.opened_at') }} as seconds_after
    from problems
    inner join families
        on problems.problem_key = families.problem_key
    inner join incidents
        on
            families.source_system = incidents.source_system
            and families.account_id = incidents.account_id
            and families.family_key = incidents.family_key
            and incidents.is_new_occurrence

),

counted as (

    select
        problem_key,
        {{ count_where('seconds_after > -' ~ window_days * 86400 ~ ' and seconds_after <= 0') }} as before_count,
        {{ count_where('seconds_after > 0 and seconds_after <= ' ~ window_days * 86400) }} as after_count
    from occurrences
    group by problem_key

),

judged as (

    select
        problems.source_system,
        cast({{ local_time('problems.closed_at', zone) }} as date) as event_on,
        coverage.observed_until,
        counted.problem_key is not null as has_incidents,
        counted.problem_key is not null
        and coalesce(
            {{ seconds_between('beginnings.first_opened_at', 'problems.fixed_at') }} >= {{ window_days * 86400 }}
            and {{ seconds_between('problems.fixed_at', 'coverage.observed_until') }} >= {{ window_days * 86400 }},
            false
        ) as is_judged,
        counted.before_count,
        counted.after_count,
        {{ rate_ratio_bound('counted.after_count', 'counted.before_count', 'low') }} as rate_ratio_low,
        {{ rate_ratio_bound('counted.after_count', 'counted.before_count', 'high') }} as rate_ratio_high
    from problems
    left join counted
        on problems.problem_key = counted.problem_key
    left join beginnings
        on problems.source_system = beginnings.source_system
    left join coverage
        on problems.source_system = coverage.source_system

),

events as (

    select
        source_system,
        event_on,
        observed_until,
        {{ window_days }} as window_days,
        1 as closed_count,
        case when has_incidents then 0 else 1 end as without_incidents_count,
        case when has_incidents and not is_judged then 1 else 0 end as unjudged_count,
        case when is_judged then 1 else 0 end as judged_count,
        case when is_judged and rate_ratio_high < 1 then 1 else 0 end as fell_count,
        case when is_judged and rate_ratio_low > 1 then 1 else 0 end as rose_count,
        case when is_judged then before_count else 0 end as before_count,
        case when is_judged then after_count else 0 end as after_count
    from judged

),

{{ cells_of('events', keys=['window_days'], sums=sums, unit_types=['total']) }},

final as (

    select
        -- grain
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,
        cast(window_days as integer) as window_days,

        -- counts
        period_end,
        is_period_mature,
        {%- for count in sums %}
        {{ count }},
        {%- endfor %}

        -- rates: null until 60 days after the period were observed
        case
            when is_period_mature
                then cast({{ ratio('greatest(before_count - after_count, 0)', 'before_count') }} as decimal(9, 4))
        end as fallen_share,
        case when is_period_mature then cast({{ ratio('after_count', 'before_count') }} as decimal(18, 4)) end
            as rate_ratio,
        {%- for side in ['low', 'high'] %}
        case
            when is_period_mature then {{ rate_ratio_bound('after_count', 'before_count', side) }}
        end as rate_ratio_{{ side }},
        {%- endfor %}
        observed_until
    from cells

)

select * from final
