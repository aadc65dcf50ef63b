-- Grain: one claim: what was called done, when, and by whom. What contradicted it follows in fct_claims.
-- Each kind of claim is a part of the union; columns that it does not have are null.
-- cost: nearly all of it is writing: each claim with what it is asked by later.
{{ config(materialized='incremental', incremental_strategy='by_key') }}
{% set of_episodes = {
    'episode_id': 'episodes.episode_id', 'ticket_key': 'episodes.ticket_key', 'ticket_id': 'episodes.ticket_id',
    'customer_key': 'episodes.customer_key', 'claimed_at': 'episodes.resolved_at', 'claimed_by': 'episodes.resolved_by',
    'channel': 'openings.channel', 'team_id': 'episodes.team_id', 'account_id': 'openings.account_id',
    'category': 'episodes.category', 'subcategory': 'episodes.subcategory', 'closure_mode': 'episodes.closure_mode', 'closed_at': 'episodes.closed_at',
} %}
{% set of_contacts = {
    'claim_key': 'contact_key', 'contact_key': 'contact_key', 'ticket_key': 'ticket_key', 'customer_key': 'customer_key',
    'claimed_at': 'ended_at', 'claimed_by': "'agent'", 'channel': 'channel', 'queue': 'queue', 'team_id': 'team_id',
    'account_id': 'account_id', 'category': 'category', 'subcategory': 'subcategory',
} %}

with

episodes as (

    select * from {{ ref('int_resolution_episodes') }}
    where {{ is_touched("'ticket/' || ticket_key") }}

),

openings as (

    select * from {{ ref('int_ticket_openings') }}

),

sla_clocks as (

    select
        ticket_key,
        is_met,
        row_number() over (partition by ticket_key order by metric_rank, {{ text_order('metric') }}) as clock_number
    from {{ ref('int_ticket_clocks') }}
    where stopped_by = 'first_resolution' and {{ is_touched("'ticket/' || ticket_key") }}

),

handled_contacts as (

    select * from {{ ref('int_contacts') }}
    where
        direction = 'inbound'
        and is_answered
        and ended_at is not null
        and {{ is_touched("'contact/' || contact_key") }}

),

claims as (

    select
        'ticket_resolved' as claim_type,
        'service' as business_function,
        episodes.source_system,
        {{- claim_columns(dict(of_episodes, claim_key='episodes.episode_id')) }}
    from episodes
    left join openings
        on episodes.ticket_key = openings.ticket_key
    union all
    -- the tool says so, at the ticket's first resolution
    select
        'first_contact_resolved' as claim_type,
        'service' as business_function,
        episodes.source_system,
        {{- claim_columns(dict(of_episodes, claim_key='episodes.ticket_key')) }}
    from episodes
    inner join openings
        on
            episodes.ticket_key = openings.ticket_key
            and openings.reported_first_contact_resolution
    where episodes.episode_number = 1
    union all
    -- of several clocks that a resolution stops, the first in the seed is the ticket's
    select
        'sla_met' as claim_type,
        'service' as business_function,
        episodes.source_system,
        {{- claim_columns(dict(of_episodes, claim_key='episodes.ticket_key')) }}
    from episodes
    left join openings
        on episodes.ticket_key = openings.ticket_key
    inner join sla_clocks
        on
            episodes.ticket_key = sla_clocks.ticket_key
            and sla_clocks.clock_number = 1
            and sla_clocks.is_met
    where episodes.episode_number = 1
    union all
    -- each answered inbound contact says: taken care of
    select
        'contact_handled' as claim_type,
        'service' as business_function,
        source_system,
        {{- claim_columns(of_contacts) }}
    from handled_contacts
    union all
    -- and of some the agent says: resolved
    select
        'call_resolved' as claim_type,
        'service' as business_function,
        source_system,
        {{- claim_columns(of_contacts) }}
    from handled_contacts
    where reported_resolved
    union all
    select
        'contained_by_bot' as claim_type,
        'service' as business_function,
        source_system,
        {{- claim_columns({
            'claim_key': 'session_key', 'customer_key': 'customer_key', 'claimed_at': 'ended_at',
            'claimed_by': "'automation'", 'channel': "'bot'", 'category': 'intent',
        }) }}
    from {{ ref('int_bot_sessions') }}
    where is_contained and ended_at is not null and {{ is_touched("'session/' || session_key") }}
    union all
    select
        'problem_closed' as claim_type,
        'service' as business_function,
        source_system,
        {{- claim_columns({'claim_key': 'problem_key', 'claimed_at': 'closed_at', 'claimed_by': "'unknown'"}) }}
    from {{ ref('int_problems') }}
    where closed_at is not null
    union all
    -- what the other functions call done
    select
        claim_type,
        -- `service` is the desk itself: a function of that name is told apart
        case when business_function = 'service' then 'service (business)' else coalesce(business_function, '(none)') end
            as business_function,
        source_system,
        {{- claim_columns({'claim_key': 'claim_key', 'claimed_at': 'claimed_at', 'claimed_by': "'unknown'"}) }}
    from {{ ref('int_business_claims') }}

),

final as (

    select
        claim_type || '/' || claim_key as claim_id,
        claim_type,
        business_function,
        source_system,
        claim_key,
        episode_id,
        contact_key,
        ticket_key,
        ticket_id,
        customer_key,
        claimed_at,
        claimed_by,
        channel,
        queue,
        team_id,
        account_id,
        category,
        {{ issue_key('category', 'subcategory') }} as issue_key,
        closure_mode,
        -- of test, spam and duplicate tickets nobody claims success
        coalesce(closure_mode in ('confirmed', 'silent_auto_close'), true) as is_headline_cohort,
        -- who comes back is what contradicts it; else something names the very thing that was claimed
        business_function = 'service' and claim_type <> 'problem_closed' as needs_customer,
        closed_at
    from claims

)

select * from final
