-- Grain: the part of one state or shift of an agent that lies in one day of the reporting zone. Parts add up to the whole.
{% set zone = var('reporting_time_zone') %}

with

times as (

    select
        *,
        cast({{ local_time('started_at', zone) }} as date) as first_day,
        -- of a shift without an end only the day on which it began is known
        cast({{ local_time('coalesce(ended_at, started_at)', zone) }} as date) as last_day
    from {{ ref('int_agent_times') }}
    where ended_at is not null or time_type = 'shift'

),

lengths as (

    select
        *,
        {{ integer_division(seconds_between('cast(first_day as timestamp)', 'cast(last_day as timestamp)'), '86400') }}
            as midnights
    from times

),

digits as (

    select digit from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as listed (digit)

),

numbers as (

    select ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit as day_offset
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands

),

-- there are few lengths: what lasts two nights has the offsets 0, 1 and 2, whoever it is
offsets as (

    select
        distinct_lengths.midnights,
        numbers.day_offset
    from (select distinct midnights from lengths) as distinct_lengths
    inner join numbers
        on distinct_lengths.midnights >= numbers.day_offset

),

days as (

    select
        lengths.*,
        offsets.day_offset,
        cast(lengths.first_day + offsets.day_offset * interval '1' day as date) as day_on
    from lengths
    inner join offsets
        on lengths.midnights = offsets.midnights

),

midnights as (

    select
        *,
        {{ utc_from_clock('cast(day_on as timestamp)', zone) }} as day_started_at,
        {{ utc_from_clock("(cast(day_on as timestamp) + interval '1' day)", zone) }} as day_ended_at
    from days

),

parts as (

    select
        *,
        case when day_offset = 0 then started_at else day_started_at end as part_started_at,
        case when ended_at < day_ended_at then ended_at else day_ended_at end as part_ended_at
    from midnights

),

measured as (

    select
        *,
        {{ seconds_between('started_at', 'part_started_at') }} as seconds_before,
        {{ seconds_between('started_at', 'part_ended_at') }} as seconds_until
    from parts

),

final as (

    select
        source_system,
        agent_key,
        day_on,
        time_type,
        kind,
        is_unlisted,
        case when ended_at is not null then seconds_until - seconds_before end as seconds,
        -- paid time is spread evenly over the shift; what is paid by the end of a day is rounded down, so that the parts
        -- add up
        case
            when coalesce(duration_seconds, 0) = 0 then case when day_offset = 0 then paid_seconds else 0 end
            else
                {{ integer_division('paid_seconds * seconds_until', 'duration_seconds') }}
                - {{ integer_division('paid_seconds * seconds_before', 'duration_seconds') }}
        end as paid_seconds
    from measured
    where
        ended_at is null
        or part_started_at < part_ended_at

)

select * from final
