-- Grain: one ticket, as the interaction that its opening is: attributes in force when it was created.
with

tickets as (

    select * from {{ ref('int_tickets') }}

),

events as (

    select * from {{ ref('int_ticket_events') }}

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
        ticket_key,
        source_system,
        created_at,
        customer_key,
        {{ issue_key('opening_category', 'opening_subcategory') }} as issue_key,
        ticket_type,
        is_test,
        is_spam,
        problem_id,
        parent_ticket_key,
        duplicate_of_key,
        follow_up_of_key
    from opened

)

select * from final
