-- Grain: one claim. The first time each tier falsified it is kept uncapped; windows come later, in the verdicts.
-- cost: writing the rows; the rest is joins by key, of which the chain of each claim is the greatest.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

claims as (

    select * from {{ ref('int_claims') }}
    where {{ is_touched('claim_id') }}

),

episodes as (

    select
        *,
        lead(resolved_at) over (partition by ticket_key order by episode_number) as next_claimed_at
    from {{ ref('int_resolution_episodes') }}
    where {{ in_increment('ticket_key in (select claims.ticket_key from claims)') }}

),

linked_returns as (

    select
        episodes.episode_id,
        linked.return_ticket_key,
        linked.returned_at,
        row_number() over (
            partition by episodes.episode_id
            order by linked.returned_at, {{ text_order('linked.return_ticket_key') }}
        ) as return_number
    from episodes
    inner join {{ ref('int_linked_returns') }} as linked
        on
            episodes.ticket_key = linked.ticket_key
            and episodes.resolved_at < linked.returned_at

),

-- what names the problem once it is closed
problem_tickets as (

    select
        source_system || ':' || problem_id as problem_key,
        ticket_key,
        created_at
    from {{ ref('int_ticket_openings') }}
    where problem_id is not null

),

problem_returns as (

    select
        claims.claim_id,
        problem_tickets.ticket_key as return_ticket_key,
        problem_tickets.created_at as returned_at,
        row_number() over (
            partition by claims.claim_id
            order by problem_tickets.created_at, {{ text_order('problem_tickets.ticket_key') }}
        ) as return_number
    from claims
    inner join problem_tickets
        on
            claims.claim_key = problem_tickets.problem_key
            and claims.claimed_at < problem_tickets.created_at
    where claims.claim_type = 'problem_closed'

),

business_claims as (

    select * from {{ ref('fct_business_claims') }}

),

chains as (

    select
        members.interaction_id,
        members.chain_id
    from {{ ref('int_chain_members') }} as members
    inner join {{ ref('windows') }} as windows
        on
            members.window_days = windows.window_days
            and windows.is_default

),

inferred_returns as (

    select
        claim_id,
        return_ticket_key,
        return_contact_key,
        returned_at,
        row_number() over (
            partition by claim_id
            order by
                returned_at,
                {{ text_order("coalesce(return_contact_key, '')") }},
                {{ text_order("coalesce(return_ticket_key, '')") }}
        ) as return_number
    from {{ ref('int_inferred_returns') }}
    where exclusion is null

),

-- R4: the customer writes or calls about the ticket while it stays resolved
voiced as (

    select
        ticket_key,
        sent_at as voiced_at
    from {{ ref('int_ticket_messages') }}
    where is_from_customer
    union all
    select
        ticket_key,
        started_at as voiced_at
    from {{ ref('int_contacts') }}
    where direction = 'inbound' and ticket_key is not null

),

first_voiced as (

    select
        episodes.episode_id,
        min(voiced.voiced_at) as first_r4_at
    from episodes
    inner join voiced
        on
            episodes.ticket_key = voiced.ticket_key
            and episodes.resolved_at < voiced.voiced_at
            and (episodes.ended_at is null or voiced.voiced_at < episodes.ended_at)
    group by episodes.episode_id

),

-- R5: the answer speaks of the latest claim before it
surveyed_episodes as (

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

surveyed_contacts as (

    select
        claims.claim_id,
        min(surveys.answered_at) as first_r5_at
    from claims
    inner join {{ ref('int_surveys') }} as surveys
        on
            claims.contact_key = surveys.contact_key
            and surveys.says_not_resolved
            and claims.claimed_at < surveys.answered_at
    group by claims.claim_id

),

final as (

    select
        -- keys
        claims.claim_id,
        claims.claim_type,
        claims.business_function,
        claims.source_system,
        claims.claim_key,
        claims.episode_id,
        claims.contact_key,
        claims.ticket_key,
        claims.ticket_id,
        claims.customer_key,

        -- the claim
        claims.claimed_at,
        claims.claimed_by,
        claims.channel,
        claims.queue,
        claims.team_id,
        claims.account_id,
        claims.category,
        claims.issue_key,
        claims.closure_mode,
        claims.is_headline_cohort,
        claims.needs_customer,
        claims.closed_at,
        chains.chain_id,

        -- reality
        episodes.reopened_at as first_r1_at,
        coalesce(linked_returns.returned_at, problem_returns.returned_at, business_claims.falsified_at)
            as first_r2_at,
        inferred_returns.returned_at as first_r3_at,
        first_voiced.first_r4_at,
        coalesce(surveyed_episodes.first_r5_at, surveyed_contacts.first_r5_at) as first_r5_at,
        episodes.reopened_by as r1_reopened_by,
        coalesce(linked_returns.return_ticket_key, problem_returns.return_ticket_key) as r2_ticket_key,
        inferred_returns.return_ticket_key as r3_ticket_key,
        inferred_returns.return_contact_key as r3_contact_key
    from claims
    left join episodes
        on claims.episode_id = episodes.episode_id
    left join linked_returns
        on
            claims.episode_id = linked_returns.episode_id
            and linked_returns.return_number = 1
    left join problem_returns
        on
            claims.claim_id = problem_returns.claim_id
            and problem_returns.return_number = 1
    left join business_claims
        on case when claims.business_function <> 'service' then claims.claim_key end = business_claims.claim_key
    left join chains
        on
            chains.interaction_id = case
                when claims.contact_key is not null then 'contact/' || claims.contact_key
                when claims.ticket_key is not null then 'opening/' || claims.ticket_key
            end
    left join inferred_returns
        on
            claims.claim_id = inferred_returns.claim_id
            and inferred_returns.return_number = 1
    left join first_voiced
        on claims.episode_id = first_voiced.episode_id
    left join surveyed_episodes
        on claims.episode_id = surveyed_episodes.episode_id
    left join surveyed_contacts
        on claims.claim_id = surveyed_contacts.claim_id

)

select * from final
