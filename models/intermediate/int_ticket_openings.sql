-- Grain: one ticket, as the interaction that its opening is: attributes in force when it was created.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

tickets as (

    select * from {{ ref('int_tickets') }}
    where {{ is_touched('ticket_key') }}

),

events as (

    select * from {{ ref('int_ticket_events') }}
    where {{ is_touched('ticket_key') }}

),

-- some tools log the first values as events of the creation itself
at_creation as (

    select
        tickets.ticket_key,
        events.field,
        max(events.field_version) as field_version
    from tickets
    inner join events
        on
            tickets.ticket_key = events.ticket_key
            and events.field in ('category', 'subcategory')
            and events.event_at <= tickets.created_at
    group by tickets.ticket_key, events.field

),

initial_values as (

    select
        events.ticket_key,
        events.field,
        case
            when at_creation.field_version is null then events.old_value
            else events.new_value
        end as initial_value
    from events
    left join at_creation
        on
            events.ticket_key = at_creation.ticket_key
            and events.field = at_creation.field
    where
        events.field in ('category', 'subcategory')
        and events.field_version = coalesce(at_creation.field_version, 1)

),

opened as (

    select
        tickets.*,
        case
            when tickets.category_at_open is not null then tickets.category_at_open
            when categories.ticket_key is not null then categories.initial_value
            else tickets.category
        end as opening_category,
        case
            when subcategories.ticket_key is not null then subcategories.initial_value
            else tickets.subcategory
        end as opening_subcategory
    from tickets
    left join initial_values as categories
        on
            tickets.ticket_key = categories.ticket_key
            and categories.field = 'category'
    left join initial_values as subcategories
        on
            tickets.ticket_key = subcategories.ticket_key
            and subcategories.field = 'subcategory'

),

final as (

    select
        opened.ticket_key,
        opened.source_system,
        opened.created_at,
        opened.customer_key,
        opened.account_id,
        opened.channel,
        opened.opened_by,
        opened.team_id,
        opened.opening_category as category,
        {{ issue_key('opened.opening_category', 'opened.opening_subcategory') }} as issue_key,
        opened.ticket_type,
        coalesce(opened.ticket_type = 'request', false)
        or {{ is_request_category('opened', 'opened.created_at', 'opening_category', 'opening_subcategory') }}
            as is_request,
        opened.reported_first_contact_resolution,
        opened.is_test,
        opened.is_spam,
        opened.problem_id,
        opened.parent_ticket_key,
        opened.duplicate_of_key,
        opened.follow_up_of_key,
        same_contacts.contact_key as same_contact_key
    from opened
    left join {{ ref('int_same_contacts') }} as same_contacts
        on opened.ticket_key = same_contacts.ticket_key

)

select * from final
