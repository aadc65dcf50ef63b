-- Grain: one claim and one contact or opened ticket of the same customer about the same issue that follows it: the claim
-- is the latest of its type before it, chosen before anything is excluded. Only rows without an exclusion falsify (R3).
-- cost: the one ordered pass over what was claimed more than once, then the four joins that say what is excluded.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

interactions as (

    select * from {{ ref('int_interactions') }}
    where kind in ('contact', 'opening') and direction = 'inbound' and {{ is_touched('customer_key') }}

),

-- of the tickets that came with a call, whoever opened them
calls as (

    select * from {{ ref('int_interactions') }}
    where kind = 'contact' and direction = 'inbound'

),

openings as (

    select * from {{ ref('int_ticket_openings') }}

),

shared_identities as (

    select * from {{ ref('int_shared_identities') }}

),

claims as (

    select * from {{ ref('int_claims') }}
    where is_headline_cohort and needs_customer and {{ is_touched('customer_key') }}

),

-- of the interactions only those that something was claimed before
first_claims as (

    select
        claim_type,
        customer_key,
        issue_key,
        min(claimed_at) as first_claimed_at,
        count(*) as claim_count,
        min({{ text_order('claim_id') }}) as lone_claim_id
    from claims
    where customer_key is not null and issue_key is not null
    group by claim_type, customer_key, issue_key

),

comebacks as (

    select
        first_claims.claim_type,
        first_claims.customer_key,
        first_claims.issue_key,
        interactions.started_at,
        interactions.interaction_id,
        first_claims.claim_count,
        first_claims.lone_claim_id
    from interactions
    inner join first_claims
        on
            interactions.customer_key = first_claims.customer_key
            and interactions.issue_key = first_claims.issue_key
            and interactions.started_at > first_claims.first_claimed_at
    where first_claims.claim_type <> 'contained_by_bot'
    union all
    -- a bot knows the category at most
    select
        first_claims.claim_type,
        first_claims.customer_key,
        first_claims.issue_key,
        interactions.started_at,
        interactions.interaction_id,
        first_claims.claim_count,
        first_claims.lone_claim_id
    from interactions
    inner join first_claims
        on
            interactions.customer_key = first_claims.customer_key
            and {{ issue_key('interactions.category', 'cast(null as varchar)') }} = first_claims.issue_key
            and interactions.started_at > first_claims.first_claimed_at
    where first_claims.claim_type = 'contained_by_bot'

),

-- where several claims were made, the latest before each; interactions before claims at the same instant: a return
-- comes strictly after the claim it falsifies
timeline as (

    select
        claim_type,
        customer_key,
        issue_key,
        started_at as happened_at,
        0 as is_claim,
        interaction_id as event_id
    from comebacks
    where claim_count > 1
    union all
    select
        claims.claim_type,
        claims.customer_key,
        claims.issue_key,
        claims.claimed_at as happened_at,
        1 as is_claim,
        claims.claim_id as event_id
    from claims
    inner join first_claims
        on
            claims.claim_type = first_claims.claim_type
            and claims.customer_key = first_claims.customer_key
            and claims.issue_key = first_claims.issue_key
    where first_claims.claim_count > 1

),

numbered as (

    select
        *,
        sum(is_claim) over (
            partition by claim_type, customer_key, issue_key
            order by happened_at, is_claim, {{ text_order('event_id') }}
            rows between unbounded preceding and current row
        ) as claim_number
    from timeline

),

paired as (

    select
        lone_claim_id as claim_id,
        interaction_id,
        started_at as returned_at
    from comebacks
    where claim_count = 1
    union all
    select
        claim.event_id as claim_id,
        comeback.event_id as interaction_id,
        comeback.happened_at as returned_at
    from numbered as comeback
    inner join numbered as claim
        on
            comeback.claim_type = claim.claim_type
            and comeback.customer_key = claim.customer_key
            and comeback.issue_key = claim.issue_key
            and comeback.claim_number = claim.claim_number
            and claim.is_claim = 1
    where comeback.is_claim = 0

),

final as (

    select
        paired.claim_id,
        claims.customer_key,
        case when comeback.kind = 'opening' then comeback.ticket_key end as return_ticket_key,
        case when comeback.kind = 'contact' then comeback.contact_key end as return_contact_key,
        paired.returned_at,
        case
            when shared_identities.customer_key is not null then 'shared_identity'
            when comeback.is_request or coalesce(about.is_request, false) then 'request'
            when about.is_test then 'test'
            when about.is_spam then 'spam'
            when about.parent_ticket_key = origin.parent_ticket_key then 'same_parent'
            when about.source_system = origin.source_system and about.problem_id = origin.problem_id
                then 'same_problem'
            -- the customer asks about this very ticket (R4)
            when
                comeback.kind = 'contact'
                and claims.episode_id is not null
                and comeback.ticket_key = claims.ticket_key
                then 'names_the_ticket'
            when comeback.kind = 'opening' and comeback.contact_key = claims.contact_key then 'same_contact'
            -- of an opening the call that it is: the ticket of a forwarded call comes with it
            when
                claims.contact_key is not null
                and {{ seconds_between('claims.claimed_at', 'calls.started_at') }} between 0 and 900
                then 'forwarded'
        end as exclusion
    from paired
    inner join claims
        on paired.claim_id = claims.claim_id
    inner join interactions as comeback
        on
            paired.interaction_id = comeback.interaction_id
            -- a ticket's own opening is no return to it
            and (
                comeback.kind <> 'opening'
                or claims.episode_id is null
                or comeback.ticket_key <> claims.ticket_key
            )
    left join calls
        on comeback.contact_key = calls.contact_key
    left join openings as about
        on comeback.ticket_key = about.ticket_key
    left join openings as origin
        on claims.ticket_key = origin.ticket_key
    left join shared_identities
        on
            claims.customer_key = shared_identities.customer_key
            and (shared_identities.category is null or shared_identities.category = claims.category)

)

select * from final
