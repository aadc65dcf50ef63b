-- Grain: one resolution, by an agent or by the timer that waits for the customer's answer. Marked: by the timer. Whether it came
-- back is null where that is not known yet, or cannot be.
with

claims as (

    select
        verdicts.claim_id,
        verdicts.source_system,
        verdicts.ticket_key,
        coalesce(verdicts.category, '') as category,
        verdicts.claimed_at,
        verdicts.is_mature,
        case
            when verdicts.is_mature and verdicts.verdict in ('held', 'falsified') then verdicts.verdict = 'falsified'
        end as is_returned,
        episodes.closure_mode = 'silent_auto_close' as is_by_timer
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
        and (
            (episodes.closure_mode = 'silent_auto_close' and episodes.resolved_by in ('automation', 'system'))
            or (episodes.closure_mode = 'confirmed' and episodes.resolved_by in ('agent', 'unknown'))
        )

),

{{ hands_at('claims', 'claim_id', 'claimed_at') }},

dated as (

    select
        hands.*,
        dates.month_start
    from hands
    inner join {{ ref('dim_dates') }} as dates
        on cast({{ local_time('hands.claimed_at', var('reporting_time_zone')) }} as date) = dates.date_day

),

team_months as (

    select
        source_system,
        team_id,
        month_start,
        {{ ratio(count_where('is_by_timer'), 'count(*)', 6) }} as timer_share
    from dated
    where team_id is not null
    group by source_system, team_id, month_start

),

ranked as (

    select
        *,
        row_number() over (
            partition by source_system order by timer_share, {{ text_order('team_id') }}, month_start
        ) as share_rank,
        count(*) over (partition by source_system) as month_count
    from team_months

),

-- How much the timer resolves in the calmer months of all teams, so that those who let it resolve more do not set their own measure:
-- from the fifth to the half of them, since the very calmest are so by chance. One more: what never happened is rare, not impossible.
calm as (

    select
        dated.source_system,
        dated.category,
        {{ quotient(count_where('dated.is_by_timer') ~ ' + 1', 'count(*) + 1') }} as timer_chance
    from dated
    inner join ranked
        on
            dated.source_system = ranked.source_system
            and dated.team_id = ranked.team_id
            and dated.month_start = ranked.month_start
            and 5 * ranked.share_rank > ranked.month_count
            and 2 * ranked.share_rank <= ranked.month_count + 1
    group by dated.source_system, dated.category

),

-- whatever the team: how often what was confirmed comes back
returns as (

    select
        source_system,
        category,
        {{ ratio(
            count_where('not is_by_timer and is_returned'),
            count_where('not is_by_timer and is_returned is not null'),
            6,
        ) }} as return_chance
    from claims
    group by source_system, category

),

judged as (

    select
        dated.*,
        calm.timer_chance,
        case when dated.is_returned is not null then returns.return_chance end as return_chance
    from dated
    left join calm
        on dated.source_system = calm.source_system and dated.category = calm.category
    left join returns
        on dated.source_system = returns.source_system and dated.category = returns.category

),

final as (

    select
        {{ case_columns('D09', 'claimed_at', 'is_by_timer', ticket_key='ticket_key', agent_key='agent_key') }},
        is_mature,
        is_returned,
        cast(timer_chance as decimal(18, 6)) as timer_chance,
        cast(return_chance as decimal(18, 6)) as return_chance,
        cast(return_chance * (1 - return_chance) as decimal(18, 6)) as return_variance
    from judged

)

select * from final
