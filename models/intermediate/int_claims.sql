-- Grain: one claim: what was called done, when, and by whom. What contradicted it follows in fct_claims.
with

episodes as (

    select * from {{ ref('int_resolution_episodes') }}

),

contacts as (

    select * from {{ ref('int_contacts') }}

),

claims as (

    select
        'ticket_resolved/' || episode_id as claim_id,
        'ticket_resolved' as claim_type,
        source_system,
        episode_id,
        cast(null as varchar) as contact_key,
        ticket_key,
        ticket_id,
        customer_key,
        resolved_at as claimed_at,
        resolved_by as claimed_by,
        team_id,
        category,
        subcategory,
        closure_mode,
        closure_mode in ('confirmed', 'silent_auto_close') as is_headline_cohort,
        closed_at
    from episodes
    union all
    -- each answered inbound contact says: taken care of
    select
        'contact_handled/' || contact_key as claim_id,
        'contact_handled' as claim_type,
        source_system,
        cast(null as varchar) as episode_id,
        contact_key,
        ticket_key,
        cast(null as varchar) as ticket_id,
        customer_key,
        ended_at as claimed_at,
        'agent' as claimed_by,
        team_id,
        category,
        subcategory,
        cast(null as varchar) as closure_mode,
        true as is_headline_cohort,
        cast(null as timestamp) as closed_at
    from contacts
    where direction = 'inbound' and is_answered and ended_at is not null

),

final as (

    select
        claim_id,
        claim_type,
        source_system,
        episode_id,
        contact_key,
        ticket_key,
        ticket_id,
        customer_key,
        claimed_at,
        claimed_by,
        team_id,
        category,
        {{ issue_key('category', 'subcategory') }} as issue_key,
        closure_mode,
        is_headline_cohort,
        closed_at
    from claims

)

select * from final
