-- Grain: one claim that failed x window. The worklist: what was called resolved and was not. It also holds claims
-- that failed before their window passed and claims of unobservable customers; neither enters a rate.
with

verdicts as (

    select * from {{ ref('fct_claim_verdicts') }}
    where tier_set = 'return'

),

final as (

    select
        claim_id,
        window_days,
        claim_type,
        source_system,
        contact_key,
        ticket_id,
        {{ ticket_link('source_system', 'ticket_id') }} as ticket_link,
        -- as in resolution_quality, so that a drill-down by equality loses nothing
        coalesce(account_id, '(none)') as account_id,
        coalesce(channel, '(none)') as channel,
        coalesce(queue, '(none)') as queue,
        coalesce(team_id, '(none)') as team_id,
        coalesce(category, '(none)') as category,
        claimed_at,
        closure_mode,
        is_headline_cohort,
        falsified_at,
        {{ seconds_between('claimed_at', 'falsified_at') }} as seconds_to_return,
        falsified_by_tier,
        reopened_by,
        falsified_by_ticket_key,
        falsified_by_contact_key,
        is_reopened,
        is_linked,
        is_inferred,
        is_hidden_by_auto_close,
        is_mature,
        is_observable,
        is_headline_cohort and is_mature and is_observable as is_in_rate
    from verdicts
    where falsified_at is not null

)

select * from final
