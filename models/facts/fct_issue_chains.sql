-- Grain: one issue chain, by its window. Everything about it is attributed to its first interaction, which triggered it.
-- cost: writing a row a chain, and the distinct counts of tickets, channels and agents, which are of all members.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

members as (

    select * from {{ ref('int_chain_members') }}
    where {{ is_touched('customer_key') }}

),

interactions as (

    select * from {{ ref('int_interactions') }}

),

neighbours as (

    select * from {{ ref('int_next_contacts') }}

),

-- who had a part in it: answered a leg, or was given one of its tickets
contact_agents as (

    select distinct
        contact_key,
        agent_key
    from {{ ref('int_contact_legs') }}
    where is_answered and agent_key is not null

),

assignments as (

    select
        ticket_key,
        old_value,
        new_value
    from {{ ref('int_ticket_events') }}
    where field = 'assignee'

),

ticket_agents as (

    select
        ticket_key,
        new_value as agent_key
    from assignments
    where new_value is not null
    union
    -- who had it before the first change
    select
        ticket_key,
        old_value as agent_key
    from assignments
    where old_value is not null
    union
    select
        ticket_key,
        assignee_key as agent_key
    from {{ ref('int_tickets') }}
    where assignee_key is not null

),

joined as (

    select
        members.*,
        -- a chain is called by its first interaction
        members.chain_id = cast(members.window_days as varchar) || 'd/' || members.interaction_id as is_first,
        interactions.kind,
        interactions.source_system,
        interactions.channel,
        -- the ticket of a call is no channel of its own, and a ticket's phone is a call's voice
        case
            when not interactions.is_counted then null
            when {{ lowered(trimmed('interactions.channel')) }} in ('phone', 'telephone', 'call') then 'voice'
            else {{ lowered(trimmed('interactions.channel')) }}
        end as counted_channel,
        interactions.account_id,
        interactions.category,
        interactions.queue,
        interactions.team_id,
        interactions.ticket_key,
        case when interactions.kind = 'contact' then interactions.contact_key end as own_contact_key,
        case when interactions.kind <> 'contact' then interactions.ticket_key end as own_ticket_key,
        interactions.transfer_count,
        interactions.handle_seconds,
        neighbours.seconds_from_index
    from members
    inner join interactions
        on members.interaction_id = interactions.interaction_id
    left join neighbours
        on members.interaction_id = neighbours.interaction_id

),

agents_of_chains as (

    select
        joined.chain_id,
        contact_agents.agent_key
    from joined
    inner join contact_agents
        on joined.own_contact_key = contact_agents.contact_key
    union
    select
        joined.chain_id,
        ticket_agents.agent_key
    from joined
    inner join ticket_agents
        on joined.own_ticket_key = ticket_agents.ticket_key

),

agent_counts as (

    select
        chain_id,
        count(*) as agent_count
    from agents_of_chains
    group by chain_id

),

chains as (

    select
        chain_id,
        max(started_at) as last_started_at,
        case when count(*) = count(ended_at) then max(ended_at) end as ended_at,
        count(*) as interaction_count,
        {{ count_where('is_new_visit') }} as contact_count,
        count(distinct case when kind in ('opening', 'return') then ticket_key end) as ticket_count,
        count(distinct counted_channel) as channel_count,
        {{ count_where('seconds_from_index between 901 and window_days * 86400') }} as repeat_count,
        cast(sum(transfer_count) as bigint) as transfer_count,
        cast(sum(handle_seconds) as bigint) as handle_seconds
    from joined
    group by chain_id

),

last_members as (

    select
        joined.chain_id,
        max({{ text_order('joined.interaction_id') }}) as interaction_id
    from joined
    inner join chains
        on
            joined.chain_id = chains.chain_id
            and joined.started_at = chains.last_started_at
    where chains.interaction_count > 1
    group by joined.chain_id

),

final as (

    select
        first_members.chain_id,
        first_members.window_days,
        first_members.customer_key,
        first_members.issue_key,

        -- its trigger
        first_members.interaction_id as first_interaction_id,
        first_members.kind as first_kind,
        first_members.source_system as first_source_system,
        first_members.channel as first_channel,
        first_members.account_id,
        first_members.category,
        first_members.queue as first_queue,
        first_members.team_id as first_team_id,

        -- how long, how often, and what it took
        first_members.started_at,
        coalesce(last_members.interaction_id, first_members.interaction_id) as last_interaction_id,
        chains.last_started_at,
        chains.ended_at,
        cast(chains.interaction_count as integer) as interaction_count,
        cast(chains.contact_count as integer) as contact_count,
        cast(chains.ticket_count as integer) as ticket_count,
        cast(chains.channel_count as integer) as channel_count,
        cast(coalesce(agent_counts.agent_count, 0) as integer) as agent_count,
        cast(chains.repeat_count as integer) as repeat_count,
        cast(chains.transfer_count as integer) as transfer_count,
        chains.handle_seconds as chain_handle_seconds
    from joined as first_members
    inner join chains
        on first_members.chain_id = chains.chain_id
    left join last_members
        on first_members.chain_id = last_members.chain_id
    left join agent_counts
        on first_members.chain_id = agent_counts.chain_id
    where first_members.is_first

)

select * from final
