-- Grain: one record of one feed: when it was new, and the latest event time it carries.
{{ config(materialized='view') }}

select
    source_system,
    'tickets_opened' as feed,
    created_at as recorded_at,
    -- a change that no event tells of is an event time all the same
    greatest(created_at, coalesce(updated_at, created_at)) as last_event_at
from {{ ref('int_tickets') }}
union all
select
    source_system,
    'ticket_events' as feed,
    event_at as recorded_at,
    event_at as last_event_at
from {{ ref('int_ticket_events') }}
union all
select
    source_system,
    'messages' as feed,
    sent_at as recorded_at,
    sent_at as last_event_at
from {{ ref('int_ticket_messages') }}
union all
select
    source_system,
    'calls' as feed,
    started_at as recorded_at,
    coalesce(ended_at, started_at) as last_event_at
from {{ ref('int_contact_legs') }}
union all
select
    source_system,
    'surveys' as feed,
    coalesce(sent_at, eligible_at, answered_at) as recorded_at,
    greatest(sent_at, eligible_at, answered_at) as last_event_at
from {{ ref('int_surveys') }}
union all
select
    source_system,
    'bot_sessions' as feed,
    started_at as recorded_at,
    coalesce(ended_at, started_at) as last_event_at
from {{ ref('int_bot_sessions') }}
union all
select
    source_system,
    'business_outcomes' as feed,
    outcome_at as recorded_at,
    outcome_at as last_event_at
from {{ ref('int_business_outcomes') }}
