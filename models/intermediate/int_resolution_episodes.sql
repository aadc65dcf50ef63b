-- Grain: one resolution episode: an entry into resolved with its toggles collapsed, until it is left.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

moves as (

    select
        *,
        row_number() over (
            partition by ticket_key, episode_number, move_kind order by event_number
        ) as move_in_episode
    from {{ ref('int_resolution_moves') }}
    where {{ is_touched('ticket_key') }}

),

tickets as (

    select * from {{ ref('int_tickets') }}
    where {{ is_touched('ticket_key') }}

),

events as (

    select * from {{ ref('int_ticket_events') }}
    where {{ is_touched('ticket_key') }}

),

messages as (

    select * from {{ ref('int_ticket_messages') }}
    where {{ is_touched('ticket_key') }}

),

systems_with_messages as (

    select distinct source_system from {{ ref('int_ticket_messages') }}

),

entries as (

    select * from moves
    where move_kind = 'entry' and move_in_episode = 1

),

toggles as (

    select
        ticket_key,
        episode_number,
        count(*) as toggle_count
    from moves
    where leaving_kind = 'toggle'
    group by ticket_key, episode_number

),

endings as (

    select * from moves
    where leaving_kind in ('reopen', 'machine_end')

),

closings as (

    select
        ticket_key,
        event_number,
        event_at
    from {{ ref('int_ticket_status_changes') }}
    where status = 'closed' and {{ is_touched('ticket_key') }}

),

first_closings as (

    select
        entries.ticket_key,
        entries.episode_number,
        min(closings.event_number) as event_number
    from entries
    left join endings
        on
            entries.ticket_key = endings.ticket_key
            and entries.episode_number = endings.episode_number
    inner join closings
        on
            entries.ticket_key = closings.ticket_key
            and entries.event_number <= closings.event_number
            and (endings.event_number is null or closings.event_number < endings.event_number)
    group by entries.ticket_key, entries.episode_number

),

closed as (

    select
        first_closings.ticket_key,
        first_closings.episode_number,
        closings.event_at as closed_at
    from first_closings
    inner join closings
        on
            first_closings.ticket_key = closings.ticket_key
            and first_closings.event_number = closings.event_number

),

agent_replies as (

    select
        endings.ticket_key,
        endings.episode_number,
        count(*) as reply_count
    from endings
    inner join messages
        on
            endings.ticket_key = messages.ticket_key
            and messages.is_public_agent_reply
            and endings.event_at < messages.sent_at
            and messages.sent_at <= endings.next_move_at
    group by endings.ticket_key, endings.episode_number

),

final as (

    select
        entries.ticket_key || '#' || cast(entries.episode_number as varchar) as episode_id,
        entries.ticket_key,
        tickets.source_system,
        tickets.ticket_id,
        cast(entries.episode_number as integer) as episode_number,
        tickets.customer_key,
        entries.event_at as resolved_at,
        entries.actor as resolved_by,

        -- values in force at the resolution
        case
            when categories.ticket_key is not null then categories.new_value
            when first_categories.ticket_key is not null
                then coalesce(tickets.category_at_open, first_categories.old_value)
            else tickets.category
        end as category,
        case
            when subcategories.ticket_key is not null then subcategories.new_value
            when first_subcategories.ticket_key is not null then first_subcategories.old_value
            else tickets.subcategory
        end as subcategory,
        case
            when teams.ticket_key is not null then teams.new_value
            when first_teams.ticket_key is not null then first_teams.old_value
            else tickets.team_id
        end as team_id,

        case
            when tickets.is_test then 'test'
            when tickets.is_spam then 'spam'
            when tickets.is_duplicate then 'duplicate'
            -- a monitor that clears its own alarm is a machine as well
            when entries.actor in ('system', 'automation', 'monitor') then 'silent_auto_close'
            else 'confirmed'
        end as closure_mode,
        closed.closed_at,
        cast(coalesce(toggles.toggle_count, 0) as integer) as toggle_count,

        -- by sequence after the resolution: where the tool's clock ran back, not before it
        case when endings.event_at is not null then greatest(endings.event_at, entries.event_at) end as ended_at,
        coalesce(endings.leaving_kind = 'machine_end', false) as is_ended_by_machine,
        case when endings.leaving_kind = 'reopen' then greatest(endings.event_at, entries.event_at) end as reopened_at,
        case when endings.leaving_kind = 'reopen' then endings.actor end as reopened_by,
        case
            when endings.leaving_kind is null or endings.leaving_kind <> 'reopen' then null
            when systems_with_messages.source_system is null then null
            when
                endings.actor = 'requester'
                and {{ seconds_between('endings.event_at', 'endings.next_move_at') }} <= 86400
                and agent_replies.reply_count is null
                and endings.category_changes_at_next_move = endings.category_changes
                then 'acknowledgement'
            else 'substantive'
        end as reopen_kind
    from entries
    inner join tickets
        on entries.ticket_key = tickets.ticket_key
    left join endings
        on
            entries.ticket_key = endings.ticket_key
            and entries.episode_number = endings.episode_number
    left join toggles
        on
            entries.ticket_key = toggles.ticket_key
            and entries.episode_number = toggles.episode_number
    left join closed
        on
            entries.ticket_key = closed.ticket_key
            and entries.episode_number = closed.episode_number
    left join agent_replies
        on
            entries.ticket_key = agent_replies.ticket_key
            and entries.episode_number = agent_replies.episode_number
    left join systems_with_messages
        on tickets.source_system = systems_with_messages.source_system
    {%- for field, plural in {'category': 'categories', 'subcategory': 'subcategories', 'team': 'teams'}.items() %}
    left join events as {{ plural }}
        on
            entries.ticket_key = {{ plural }}.ticket_key
            and {{ plural }}.field = '{{ field }}'
            and entries.{{ field }}_version = {{ plural }}.field_version
    left join events as first_{{ plural }}
        on
            entries.ticket_key = first_{{ plural }}.ticket_key
            and first_{{ plural }}.field = '{{ field }}'
            and first_{{ plural }}.field_version = 1
    {%- endfor %}

)

select * from final
