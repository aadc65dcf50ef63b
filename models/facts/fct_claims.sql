-- Grain: one claim. The first time each tier falsified it is kept uncapped; windows come later, in the verdicts.
{% set first_in_order = "order by returned_at, " ~ text_order("return_ticket_key") %}

with

episodes as (

    select
        *,
        lead(resolved_at) over (partition by ticket_key order by episode_number) as next_claimed_at
    from {{ ref('int_resolution_episodes') }}

),

linked_returns as (

    select
        episodes.episode_id,
        linked.return_ticket_key,
        linked.returned_at,
        row_number() over (partition by episodes.episode_id {{ first_in_order }}) as return_number
    from episodes
    inner join {{ ref('int_linked_returns') }} as linked
        on
            episodes.ticket_key = linked.ticket_key
            and episodes.resolved_at < linked.returned_at

),

inferred_returns as (

    select
        episode_id,
        return_ticket_key,
        returned_at,
        row_number() over (partition by episode_id {{ first_in_order }}) as return_number
    from {{ ref('int_inferred_returns') }}
    where exclusion is null

),

written as (

    -- R4: the customer writes about the ticket while it stays resolved
    select
        episodes.episode_id,
        min(messages.sent_at) as first_r4_at
    from episodes
    inner join {{ ref('int_ticket_messages') }} as messages
        on
            episodes.ticket_key = messages.ticket_key
            and messages.is_from_customer
            and episodes.resolved_at < messages.sent_at
            and (episodes.ended_at is null or messages.sent_at < episodes.ended_at)
    group by episodes.episode_id

),

surveyed as (

    -- R5: the answer speaks of the latest claim before it
    select
        episodes.episode_id,
        min(surveys.answered_at) as first_r5_at
    from episodes
    inner join {{ ref('int_surveys') }} as surveys
        on
            episodes.ticket_key = surveys.ticket_key
            and surveys.says_not_resolved
            and episodes.resolved_at < surveys.answered_at
            and (episodes.next_claimed_at is null or surveys.answered_at <= episodes.next_claimed_at)
    group by episodes.episode_id

),

final as (

    select
        -- keys
        'ticket_resolved/' || episodes.episode_id as claim_id,
        'ticket_resolved' as claim_type,
        episodes.source_system,
        episodes.episode_id,
        episodes.ticket_key,
        episodes.ticket_id,
        episodes.customer_key,

        -- the claim
        episodes.resolved_at as claimed_at,
        episodes.resolved_by as claimed_by,
        episodes.team_id,
        episodes.category,
        {{ issue_key('episodes.category', 'episodes.subcategory') }} as issue_key,
        episodes.closure_mode,
        episodes.closure_mode in ('confirmed', 'silent_auto_close') as is_headline_cohort,
        episodes.closed_at,

        -- reality
        episodes.reopened_at as first_r1_at,
        linked_returns.returned_at as first_r2_at,
        inferred_returns.returned_at as first_r3_at,
        written.first_r4_at,
        surveyed.first_r5_at,
        episodes.reopened_by as r1_reopened_by,
        linked_returns.return_ticket_key as r2_ticket_key,
        inferred_returns.return_ticket_key as r3_ticket_key
    from episodes
    left join linked_returns
        on
            episodes.episode_id = linked_returns.episode_id
            and linked_returns.return_number = 1
    left join inferred_returns
        on
            episodes.episode_id = inferred_returns.episode_id
            and inferred_returns.return_number = 1
    left join written
        on episodes.episode_id = written.episode_id
    left join surveyed
        on episodes.episode_id = surveyed.episode_id

)

select * from final
