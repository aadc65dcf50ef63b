-- D04 · Hang-ups by agents. Two things at once: more calls end within seconds by the agent's hand than other teams' calls of the same queue
-- in the same hour (a line that drops calls, or a dialler, strikes them all), and of the short calls agents end more than of the long
-- (customers who misdialled end theirs). The lesser of the two counts.
with

cases as (

    select * from {{ ref('cases_d04_hang_ups') }}

),

teams as (

    select
        source_system,
        queue,
        hour_start,
        team_id,
        count(*) as team_calls,
        {{ count_where('is_marked') }} as team_marked
    from cases
    group by source_system, queue, hour_start, team_id

),

-- a queue's hour: what the others' calls say of it
hours as (

    select
        source_system,
        queue,
        hour_start,
        team_id,
        team_calls,
        sum(team_calls) over (partition by source_system, queue, hour_start) as all_calls,
        sum(team_marked) over (partition by source_system, queue, hour_start) as all_marked,
        sum(team_marked) over (partition by source_system, queue, hour_start) - team_marked as others_marked
    from teams

),

-- each call carries its part of its hour
weighed as (

    select
        cases.*,
        hours.all_calls > hours.team_calls as has_others,
        {{ quotient('hours.all_marked', 'hours.all_calls') }} as expected,
        {{ quotient('hours.all_marked', 'hours.team_calls') }} as tried,
        {{ quotient('hours.others_marked', 'hours.all_calls') }} as others_found,
        {{ quotient('hours.all_calls - hours.team_calls', 'hours.all_calls') }} as others_share
    from cases
    inner join hours
        on
            cases.source_system = hours.source_system
            and cases.queue = hours.queue
            and cases.hour_start = hours.hour_start
            and cases.team_id = hours.team_id

),

{{ detector_cells('weighed', sums={
    'compared_count': 'case when has_others then 1 else 0 end',
    'found_count': 'case when has_others and cases.is_marked then 1 else 0 end',
    'short_count': 'case when is_short and is_ended_by_agent is not null then 1 else 0 end',
    'long_count': 'case when not is_short and is_ended_by_agent is not null then 1 else 0 end',
    'long_by_agent_count': 'case when not is_short and is_ended_by_agent then 1 else 0 end',
}, amounts={
    'expected_alike': 'case when has_others then expected end',
    'tried': 'case when has_others then tried end',
    'others_found': 'case when has_others then others_found end',
    'others_share': 'case when has_others then others_share end',
}) }},

systems as (

    select
        source_system,
        {{ count_where('is_short') }} as system_short_count
    from cases
    group by source_system

),

compared as (

    select
        cells.*,
        systems.system_short_count,
        -- at the others' rate, each hour weighed as the two sides allow
        {{ quotient('cells.compared_count * cells.others_found', 'cells.others_share') }} as at_others_rate,
        cast(round(cells.tried) as bigint) as tried_count
    from cells
    inner join systems
        on cells.source_system = systems.source_system

),

-- where nobody hung up there is nothing to compare, and all is well
tested as (

    select
        *,
        coalesce(at_others_rate, 0) as expected_count,
        coalesce({{ binomial_z('found_count', 'tried_count', 'expected_alike') }}, 0) as z_of_others,
        coalesce({{ two_shares_z('marked_count', 'short_count', 'long_by_agent_count', 'long_count') }}, 0) as z_of_long
    from compared

),

-- fewer than the others is no sign of anything: it may be the others who hang up
final as (

    select
        {{ detector_columns(
            'D04',
            cases='compared_count',
            marked='found_count',
            expected='expected_count',
            effect=quotient('found_count', 'expected_count + 0.5') ~ ' - 1',
            z='greatest(-1, least(z_of_long, z_of_others))',
            reason="case
                when 2 * (short_count + long_count) < case_count then 'who ended the calls is not recorded'
                when system_short_count = 0 then 'the telephone system records no call so short'
                when 2 * compared_count < case_count then 'too few calls of other teams in the same queue and hour'
            end",
        ) }}
    from tested

)

select * from final
