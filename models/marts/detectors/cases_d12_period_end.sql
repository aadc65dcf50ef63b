{% set hour = 'extract(hour from claimed_local)' -%}
-- Grain: one resolution by an agent. Marked: in the late hours of a month's last business day. Days, business days and late hours are
-- the team's own, as it works: calendars are not known for every desk, and its evening may be past the reporting midnight.
with

claims as (

    select
        verdicts.claim_id,
        verdicts.source_system,
        verdicts.ticket_key,
        coalesce(verdicts.category, '') as category,
        verdicts.claimed_at,
        case
            when verdicts.is_mature and verdicts.verdict in ('held', 'falsified') then verdicts.verdict = 'falsified'
        end as is_returned,
        {{ local_time('verdicts.claimed_at', var('reporting_time_zone')) }} as claimed_local
    from {{ ref('fct_claim_verdicts') }} as verdicts
    inner join {{ ref('fct_claims') }} as claims
        on verdicts.claim_id = claims.claim_id
    inner join {{ ref('fct_resolution_episodes') }} as episodes
        on claims.episode_id = episodes.episode_id
    where
        verdicts.claim_type = 'ticket_resolved'
        and verdicts.tier_set = 'return'
        and verdicts.window_days = 7
        and verdicts.is_headline_cohort
        and episodes.closure_mode = 'confirmed'
        and episodes.resolved_by in ('agent', 'unknown')

),

{{ hands_at('claims', 'claim_id', 'claimed_at') }},

-- the middle of the team's work on the clock's face, from which its day reaches half a day both ways
middles as (

    select
        source_system,
        team_id,
        cast(round({{ quotient(
            'degrees(atan2(sum(sin(radians(15 * ' ~ hour ~ '))), sum(cos(radians(15 * ' ~ hour ~ ')))))', '15'
        ) }}) as integer) as middle_hour
    from hands
    where team_id is not null
    group by source_system, team_id

),

worked as (

    select
        hands.*,
        hands.claimed_local
        - (middles.middle_hour + case when middles.middle_hour < 0 then 12 else -12 end) * interval '1' hour
            as worked_at
    from hands
    inner join middles
        on hands.source_system = middles.source_system and hands.team_id = middles.team_id

),

dated as (

    select
        worked.*,
        dates.date_day as worked_on,
        dates.month_start,
        {{ iso_weekday_of('dates.date_day') }} as day_of_week
    from worked
    inner join {{ ref('dim_dates') }} as dates
        on cast(worked.worked_at as date) = dates.date_day

),

-- the last three tenths of the day's work, found month by month, since clocks are put forward and back
timed as (

    select
        *,
        10 * row_number() over (
            partition by source_system, team_id, month_start
            order by cast(worked_at as time), {{ text_order('claim_id') }}
        ) > 7 * count(*) over (partition by source_system, team_id, month_start) as is_late
    from dated

),

days as (

    select
        source_system,
        team_id,
        worked_on,
        month_start,
        day_of_week,
        count(*) as resolved_count,
        {{ count_where('is_late') }} as late_count
    from timed
    group by source_system, team_id, worked_on, month_start, day_of_week

),

-- a business day: Monday to Friday, with at least half of what is usual on these
usual as (

    select
        *,
        day_of_week <= 5
        and 2 * resolved_count * count(case when day_of_week <= 5 then 1 end) over (partition by source_system, team_id)
        >= sum(case when day_of_week <= 5 then resolved_count end) over (partition by source_system, team_id)
            as is_business_day,
        max(month_start) over (partition by source_system) as last_month
    from days

),

-- the month in which the log ends has no end yet
ends as (

    select
        source_system,
        team_id,
        worked_on,
        day_of_week,
        resolved_count,
        late_count,
        is_business_day,
        is_business_day
        and month_start < last_month
        and row_number() over (
            partition by source_system, team_id, month_start, is_business_day order by worked_on desc
        ) = 1 as is_last_day
    from usual

),

-- on the other business days of that day_of_week
chances as (

    select
        *,
        {{ quotient(
            'sum(case when is_business_day and not is_last_day then late_count end) over (partition by source_system, team_id, day_of_week)',
            'sum(case when is_business_day and not is_last_day then resolved_count end) over (partition by source_system, team_id, day_of_week)',
        ) }} as late_chance
    from ends

),

-- how much more days differ than by chance
spreads as (

    select
        source_system,
        team_id,
        greatest(1, coalesce({{ quotient(
            'sum((late_count - resolved_count * late_chance) * (late_count - resolved_count * late_chance))',
            'sum(resolved_count * late_chance * (1 - late_chance))',
        ) }}, 1)) as spread
    from chances
    where is_business_day and not is_last_day
    group by source_system, team_id

),

-- whatever the team: how often what is resolved of this category comes back
returns as (

    select
        source_system,
        category,
        {{ ratio(count_where('is_returned'), 'count(is_returned)', 6) }} as return_chance
    from claims
    group by source_system, category

),

judged as (

    select
        timed.source_system,
        timed.team_id,
        timed.claimed_at,
        timed.ticket_key,
        timed.agent_key,
        chances.is_last_day,
        timed.is_late,
        chances.late_chance,
        spreads.spread,
        timed.is_returned,
        case when timed.is_returned is not null then returns.return_chance end as return_chance
    from timed
    inner join chances
        on
            timed.source_system = chances.source_system
            and timed.team_id = chances.team_id
            and timed.worked_on = chances.worked_on
    left join spreads
        on timed.source_system = spreads.source_system and timed.team_id = spreads.team_id
    left join returns
        on timed.source_system = returns.source_system and timed.category = returns.category

),

final as (

    select
        {{ case_columns(
            'D12', 'claimed_at', 'is_last_day and is_late', ticket_key='ticket_key', agent_key='agent_key'
        ) }},
        is_last_day,
        is_late,
        is_returned,
        cast(case when is_last_day then late_chance end as decimal(18, 6)) as late_chance,
        case
            when is_last_day then cast(late_chance * (1 - late_chance) * spread as decimal(18, 6))
        end as late_variance,
        case when is_last_day and not is_late then {{ quotient('late_chance', '1 - late_chance') }} end as late_odds,
        return_chance,
        cast(return_chance * (1 - return_chance) as decimal(18, 6)) as return_variance
    from judged

)

select * from final
