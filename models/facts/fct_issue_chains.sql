-- Grain: one issue chain, by its window. Everything about it is attributed to its first interaction, which triggered it.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

members as (

    select * from {{ ref('int_chain_members') }}

),

interactions as (

    select * from {{ ref('int_interactions') }}

),

neighbours as (

    select * from {{ ref('int_next_contacts') }}

),

-- who had a part in it: answered a leg, or was given one of its tickets
agents as (

    select
        'contact' as kind,
        contact_key as thing_key,
        agent_key
    from {{ ref('int_contact_legs') }}
    where is_answered and agent_key is not null
    union
    select
        'ticket' as kind,
        ticket_key as thing_key,
        new_value as agent_key
    from {{ ref('int_ticket_events') }}
    where field = 'assignee' and new_value is not null
    union
    -- who had it before the first change
    select
        'ticket' as kind,
        ticket_key as thing_key,
        old_value as agent_key
    from {{ ref('int_ticket_events') }}
    where field = 'assignee' and old_value is not null
    union
    select
        'ticket' as kind,
        ticket_key as thing_key,
        assignee_key as agent_key
    from {{ ref('int_tickets') }}
    where assignee_key is not null

),

agent_counts as (

    select
        members.chain_id,
        count(distinct agents.agent_key) as agent_count
    from members
    inner join interactions
        on members.interaction_id = interactions.interaction_id
    inner join agents
        on
            agents.kind = case when interactions.kind = 'contact' then 'contact' else 'ticket' end
            and agents.thing_key
            = case when interactions.kind = 'contact' then interactions.contact_key else interactions.ticket_key end
    group by members.chain_id

),

joined as (

    select
        members.*,
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
        interactions.transfer_count,
        interactions.handle_seconds,
        neighbours.seconds_from_index,
        row_number() over (
            partition by members.chain_id
            order by members.started_at, {{ text_order('members.interaction_id') }}
        ) as member_number,
        row_number() over (
            partition by members.chain_id
            order by members.started_at desc, {{ text_order('members.interaction_id') }} desc
        ) as members_from_last
    from members
    inner join interactions
        on members.interaction_id = interactions.interaction_id
    left join neighbours
        on members.interaction_id = neighbours.interaction_id

),

chains as (

    select
        chain_id,
        window_days,
        customer_key,
        issue_key,
        min(started_at) as started_at,
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
    group by chain_id, window_days, customer_key, issue_key

),

final as (

    select
        chains.chain_id,
        chains.window_days,
        chains.customer_key,
        chains.issue_key,

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
        chains.started_at,
        last_members.interaction_id as last_interaction_id,
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
    from chains
    inner join joined as first_members
        on
            chains.chain_id = first_members.chain_id
            and first_members.member_number = 1
    inner join joined as last_members
        on
            chains.chain_id = last_members.chain_id
            and last_members.members_from_last = 1
    left join agent_counts
        on chains.chain_id = agent_counts.chain_id

)

select * from final
