-- Grain: one opened ticket that follows an earlier resolution of the same customer about the same issue, with the
-- one claim it answers: the latest, chosen before anything is excluded. Only rows without an exclusion falsify (R3).
with

openings as (

    select * from {{ ref('int_ticket_openings') }}

),

episodes as (

    select * from {{ ref('int_resolution_episodes') }}

),

shared_identities as (

    select * from {{ ref('int_shared_identities') }}

),

claims as (

    select
        episode_id,
        ticket_key,
        customer_key,
        {{ issue_key('category', 'subcategory') }} as issue_key,
        resolved_at
    from episodes
    where closure_mode in ('confirmed', 'silent_auto_close')

),

-- openings before claims at the same instant: a return comes strictly after the claim it falsifies
timeline as (

    select
        customer_key,
        issue_key,
        created_at as happened_at,
        0 as is_claim,
        ticket_key as interaction_id
    from openings
    union all
    select
        customer_key,
        issue_key,
        resolved_at as happened_at,
        1 as is_claim,
        episode_id as interaction_id
    from claims

),

numbered as (

    select
        *,
        sum(is_claim) over (
            partition by customer_key, issue_key
            order by happened_at, is_claim, {{ text_order('interaction_id') }}
            rows between unbounded preceding and current row
        ) as claim_number
    from timeline
    where customer_key is not null and issue_key is not null

),

paired as (

    select
        claim.interaction_id as episode_id,
        opening.interaction_id as return_ticket_key,
        opening.happened_at as returned_at
    from numbered as opening
    inner join numbered as claim
        on
            opening.customer_key = claim.customer_key
            and opening.issue_key = claim.issue_key
            and opening.claim_number = claim.claim_number
            and claim.is_claim = 1
    where opening.is_claim = 0

),

final as (

    select
        paired.episode_id,
        paired.return_ticket_key,
        paired.returned_at,
        case
            when shared_identities.customer_key is not null then 'shared_identity'
            when comeback.ticket_type = 'request' then 'request'
            when comeback.is_test then 'test'
            when comeback.is_spam then 'spam'
            when comeback.parent_ticket_key = origin.parent_ticket_key then 'same_parent'
            when
                comeback.source_system = origin.source_system
                and comeback.problem_id = origin.problem_id
                then 'same_problem'
        end as exclusion
    from paired
    inner join claims
        on
            paired.episode_id = claims.episode_id
            and paired.return_ticket_key <> claims.ticket_key
    inner join openings as comeback
        on paired.return_ticket_key = comeback.ticket_key
    inner join openings as origin
        on claims.ticket_key = origin.ticket_key
    left join shared_identities
        on claims.customer_key = shared_identities.customer_key

)

select * from final
