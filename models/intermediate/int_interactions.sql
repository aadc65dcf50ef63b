-- Grain: one interaction: an inbound or outbound contact, a ticket's opening, or a customer's return to a resolved ticket.
-- A ticket's opening that is a contact stays in, uncounted.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

contacts as (

    select * from {{ ref('int_contacts') }}
    where {{ is_touched("'contact/' || contact_key") }}

),

openings as (

    select * from {{ ref('int_ticket_openings') }}
    where {{ is_touched("'ticket/' || ticket_key") }}

),

episodes as (

    select * from {{ ref('int_resolution_episodes') }}
    where {{ is_touched("'ticket/' || ticket_key") }}

),

interactions as (

    select
        'contact/' || contact_key as interaction_id,
        'contact' as kind,
        source_system,
        contact_key,
        ticket_key,
        direction,
        channel,
        customer_key,
        account_id,
        category,
        issue_key,
        queue,
        team_id,
        started_at,
        ended_at,
        coalesce(direction = 'inbound', false) as is_counted,
        is_request,
        is_answered,
        is_abandoned,
        is_short_hang_up,
        is_short_abandon,
        reported_resolved,
        cast(null as boolean) as reported_first_contact_resolution,
        cast(null as varchar) as opened_by,
        leg_count,
        answered_leg_count,
        transfer_count,
        consult_count,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        wrap_seconds,
        handle_seconds
    from contacts
    union all
    select
        'opening/' || ticket_key as interaction_id,
        'opening' as kind,
        source_system,
        same_contact_key as contact_key,
        ticket_key,
        'inbound' as direction,
        channel,
        customer_key,
        account_id,
        category,
        issue_key,
        cast(null as varchar) as queue,
        team_id,
        created_at as started_at,
        created_at as ended_at,
        same_contact_key is null as is_counted,
        is_request,
        cast(null as boolean) as is_answered,
        cast(null as boolean) as is_abandoned,
        cast(null as boolean) as is_short_hang_up,
        cast(null as boolean) as is_short_abandon,
        cast(null as boolean) as reported_resolved,
        reported_first_contact_resolution,
        opened_by,
        cast(null as bigint) as leg_count,
        cast(null as bigint) as answered_leg_count,
        cast(null as bigint) as transfer_count,
        cast(null as bigint) as consult_count,
        cast(null as bigint) as wait_seconds,
        cast(null as bigint) as talk_seconds,
        cast(null as bigint) as hold_seconds,
        cast(null as bigint) as wrap_seconds,
        cast(null as bigint) as handle_seconds
    from openings
    union all
    select
        'return/' || episodes.episode_id as interaction_id,
        'return' as kind,
        episodes.source_system,
        cast(null as varchar) as contact_key,
        episodes.ticket_key,
        'inbound' as direction,
        openings.channel,
        episodes.customer_key,
        openings.account_id,
        episodes.category,
        {{ issue_key('episodes.category', 'episodes.subcategory') }} as issue_key,
        cast(null as varchar) as queue,
        episodes.team_id,
        episodes.reopened_at as started_at,
        episodes.reopened_at as ended_at,
        true as is_counted,
        openings.is_request,
        cast(null as boolean) as is_answered,
        cast(null as boolean) as is_abandoned,
        cast(null as boolean) as is_short_hang_up,
        cast(null as boolean) as is_short_abandon,
        cast(null as boolean) as reported_resolved,
        cast(null as boolean) as reported_first_contact_resolution,
        cast(null as varchar) as opened_by,
        cast(null as bigint) as leg_count,
        cast(null as bigint) as answered_leg_count,
        cast(null as bigint) as transfer_count,
        cast(null as bigint) as consult_count,
        cast(null as bigint) as wait_seconds,
        cast(null as bigint) as talk_seconds,
        cast(null as bigint) as hold_seconds,
        cast(null as bigint) as wrap_seconds,
        cast(null as bigint) as handle_seconds
    from episodes
    inner join openings
        on episodes.ticket_key = openings.ticket_key
    where episodes.reopened_by = 'requester'

)

select * from interactions
