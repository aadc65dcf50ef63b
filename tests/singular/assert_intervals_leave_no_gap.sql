-- The intervals of a ticket and field go from its creation on, one after the other, and the last goes on. Every ticket has
-- all five fields.
with

tickets as (

    select
        tickets.ticket_key,
        tickets.created_at,
        listed.field
    from {{ ref('int_tickets') }} as tickets
    cross join (
        values ('status'), ('team'), ('assignee'), ('priority'), ('category')
    ) as listed (field)

),

intervals as (

    select
        *,
        lag(ended_at) over (partition by ticket_key, field order by interval_number) as ended_before,
        lead(interval_number) over (partition by ticket_key, field order by interval_number) as next_number
    from {{ ref('fct_ticket_intervals') }}

)

select
    tickets.ticket_key,
    tickets.field,
    intervals.interval_number
from tickets
full outer join intervals
    on
        tickets.ticket_key = intervals.ticket_key
        and tickets.field = intervals.field
where
    tickets.ticket_key is null
    or intervals.ticket_key is null
    or intervals.started_at is distinct from
    case when intervals.interval_number = 1 then tickets.created_at else intervals.ended_before end
    or coalesce(intervals.next_number, intervals.interval_number + 1) <> intervals.interval_number + 1
    or (intervals.ended_at is null) <> (intervals.next_number is null)
    or intervals.elapsed_seconds < 0
    or intervals.business_seconds < 0
    or intervals.business_seconds > intervals.elapsed_seconds
