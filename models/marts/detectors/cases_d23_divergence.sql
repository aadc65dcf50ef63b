-- Grain: one ticket, first resolved. Marked: quick or in time, and the customer came back within a week.
with

clocks as (

    select
        ticket_key,
        priority,
        is_met
    from {{ ref('fct_ticket_clocks') }}
    where
        metric = 'resolution'
        and stopped_by = 'first_resolution'
        and stopped_at is not null
        and target_seconds is not null
        and unmeasured_reason is null

),

-- what could be judged, or will be
verdicts as (

    select
        claim_id,
        source_system,
        ticket_key,
        team_id,
        category,
        claimed_at,
        is_mature,
        falsified_at is not null as is_back
    from {{ ref('fct_claim_verdicts') }}
    where
        tier_set = 'return'
        and window_days = 7
        and claim_type = 'ticket_resolved'
        and is_headline_cohort
        and is_observable

),

resolved as (

    select
        verdicts.*,
        clocks.is_met,
        coalesce(verdicts.category, '') as kind,
        coalesce(clocks.priority, '') as priority,
        {{ seconds_between('openings.started_at', 'verdicts.claimed_at') }} as open_seconds
    from verdicts
    inner join {{ ref('fct_ticket_intervals') }} as openings
        on
            verdicts.ticket_key = openings.ticket_key
            and openings.field = 'status'
            and openings.interval_number = 1
    left join clocks
        on verdicts.ticket_key = clocks.ticket_key
    where verdicts.team_id is not null and verdicts.claim_id = 'ticket_resolved/' || verdicts.ticket_key || '#1'

),

-- quick: no longer than a quarter of the desk's tickets of the same category and priority
paced as (

    select
        *,
        row_number() over (
            partition by source_system, kind, priority
            order by open_seconds, {{ text_order('ticket_key') }}
        ) as pace,
        count(*) over (partition by source_system, kind, priority) as pace_count
    from resolved

),

quarters as (

    select
        source_system,
        kind,
        priority,
        max(open_seconds) as quick_seconds
    from paced
    where 4 * pace <= pace_count
    group by source_system, kind, priority

),

known as (

    select
        resolved.*,
        coalesce(resolved.open_seconds <= quarters.quick_seconds, false) as is_quick
    from resolved
    left join quarters
        on
            resolved.source_system = quarters.source_system
            and resolved.kind = quarters.kind
            and resolved.priority = quarters.priority

),

holders as (

    select
        known.ticket_key,
        max(intervals.assignee_key) as agent_key
    from known
    inner join {{ ref('fct_ticket_intervals') }} as intervals
        on
            known.ticket_key = intervals.ticket_key
            and intervals.field = 'assignee'
            and intervals.started_at < known.claimed_at
            and (intervals.ended_at is null or intervals.ended_at >= known.claimed_at)
    group by known.ticket_key

),

-- what the desk's tickets of the same category and priority lead to expect
mixed as (

    select
        source_system,
        kind,
        priority,
        {{ ratio(count_where('is_quick'), 'count(*)') }} as quick_share,
        {{ ratio(count_where('is_met'), count_where('is_met is not null')) }} as met_share,
        {{ ratio(count_where('is_back'), 'count(*)') }} as back_share
    from known
    where is_mature
    group by source_system, kind, priority

),

judged as (

    select
        known.*,
        holders.agent_key,
        mixed.quick_share,
        mixed.met_share,
        mixed.back_share
    from known
    left join holders
        on known.ticket_key = holders.ticket_key
    left join mixed
        on
            known.source_system = mixed.source_system
            and known.kind = mixed.kind
            and known.priority = mixed.priority

),

final as (

    select
        {{ case_columns(
            'D23',
            'claimed_at',
            'is_mature and is_back and (is_quick or coalesce(is_met, false))',
            ticket_key='ticket_key',
            agent_key='agent_key',
        ) }},
        is_mature,
        is_quick,
        is_met,
        is_back,
        quick_share,
        met_share,
        back_share
    from judged

)

select * from final
