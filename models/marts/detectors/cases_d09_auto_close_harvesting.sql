-- Grain: one resolution, by an agent or by the timer that waits for the customer's answer. Marked: by the timer. Whether it came
-- back is null where that is not known yet, or cannot be.
with

claims as (

    select
        verdicts.claim_id,
        verdicts.source_system,
        verdicts.ticket_key,
        verdicts.category,
        verdicts.claimed_at,
        verdicts.is_mature,
        verdicts.verdict,
        verdicts.closure_mode = 'silent_auto_close' as is_by_timer
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
            (verdicts.closure_mode = 'silent_auto_close' and episodes.resolved_by in ('automation', 'system'))
            or (verdicts.closure_mode = 'confirmed' and episodes.resolved_by in ('agent', 'unknown'))
        )

),

{{ hands_at('claims', 'claim_id', 'claimed_at') }},

final as (

    select
        {{ case_columns('D09', 'claimed_at', 'is_by_timer', ticket_key='ticket_key', agent_key='agent_key') }},
        coalesce(category, '') as category,
        is_mature,
        case when is_mature and verdict in ('held', 'falsified') then verdict = 'falsified' end as is_returned
    from hands

)

select * from final
