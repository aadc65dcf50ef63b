-- Grain: one call of Zendesk Talk, as one leg: call_metric has one row for all its agents. The caller's number is not in
-- the layout; who calls is the requester of the ticket that the call is about, and so is what about.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

with

calls as (

    select * from {{ ref('base_zendesk__call_metric') }}
    where fate = 'used'

),

tickets as (

    select * from {{ ref('base_zendesk__ticket') }}
    where fate = 'used'

),

teams as (

    {{ zendesk_teams() }}

),

answered as (

    select
        *,
        agent_key is not null
        and not coalesce(is_voicemail, false)
        and coalesce(talk_seconds, 0) > 0 as is_answered
    from calls

),

final as (

    select
        'zendesk' as source_system,
        answered.call_id as leg_id,
        answered.call_id as contact_id,
        answered.started_at,
        answered.started_at + answered.duration_seconds * interval '1' second as ended_at,
        answered.direction,
        tickets.requester_key as customer_key,
        'voice' as channel,
        answered.agent_key,
        answered.updated_at,
        cast(1 as bigint) as leg_number,
        cast(null as varchar) as queue,
        coalesce(teams.team_id, answered.group_id) as team_id,
        answered.started_at + answered.menu_seconds * interval '1' second as offered_at,
        -- an answer of an unknown time is one at the start, not none
        case
            when answered.is_answered
                then answered.started_at + coalesce(answered.answer_seconds, 0) * interval '1' second
        end as answered_at,
        answered.talk_seconds,
        answered.hold_seconds,
        answered.wrap_seconds,
        cast(null as varchar) as disconnected_by,
        cast(null as varchar) as transfer_type,
        answered.ticket_id,
        tickets.category,
        tickets.subcategory,
        -- who hangs up on hold was answered
        not answered.is_answered
        and coalesce({{ lowered('answered.completion_status') }}, '') like 'abandoned%' as is_abandoned,
        answered.completion_status as disposition,
        cast(null as boolean) as reported_resolved
    from answered
    left join tickets
        on answered.ticket_id = tickets.ticket_id
    left join teams
        on answered.group_id = teams.group_id

)

select * from final
