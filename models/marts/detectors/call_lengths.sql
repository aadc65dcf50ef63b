-- Grain: one leg of an inbound call that an agent answered and ended himself: what the detectors of time limits look at. Left out:
-- what was passed on, for it ends when the next one takes it; and recordings, which make many calls equally long to the second.
{{ config(materialized='table') }}

with

legs as (

    select
        source_system,
        leg_id,
        contact_key,
        team_id,
        agent_key,
        coalesce(category, '') as category,
        coalesce(answered_at, offered_at, started_at) as happened_at,
        leg_handle_seconds as seconds,
        coalesce(disconnected_by = 'system', false) as is_ended_by_system
    from {{ ref('fct_contact_legs') }}
    where
        is_answered
        and direction = 'inbound'
        and coalesce(channel, 'voice') = 'voice'
        and transfer_type is null
        and leg_handle_seconds > 0
        and team_id is not null
        and coalesce(answered_at, offered_at, started_at) is not null

),

dated as (

    select
        legs.*,
        dates.month_start,
        dense_rank() over (partition by legs.source_system order by dates.month_start) as month_number
    from legs
    inner join {{ ref('dim_dates') }} as dates
        on cast({{ local_time('legs.happened_at', var('reporting_time_zone')) }} as date) = dates.date_day

),

-- as old as the data: who begins to steer calls in a later month does not hide behind a recording
early as (

    select
        source_system,
        seconds,
        count(*) as call_count
    from dated
    where month_number <= 2
    group by source_system, seconds

),

neighbours as (

    select
        *,
        sum(call_count) over (
            partition by source_system order by seconds range between 15 preceding and 15 following
        ) - call_count as neighbour_count
    from early

),

-- ten calls or more, and above four times what the thirty seconds around have each; no text is read in less than half a minute
peaks as (

    select
        source_system,
        seconds,
        count(*) over (partition by source_system) as peak_count
    from neighbours
    where seconds >= 30 and call_count >= 10 and 30 * call_count > 4 * neighbour_count

),

final as (

    select dated.*
    from dated
    left join peaks
        on
            dated.source_system = peaks.source_system
            and dated.seconds = peaks.seconds
            -- more peaks than that are a clock that rounds
            and peaks.peak_count <= 5
    where peaks.seconds is null

)

select * from final
