-- No incident with a used row may get lost on the way, and none may appear from nowhere.
with

used as (

    select distinct ticket_id from {{ ref('base_servicenow__incident_event_log') }}
    where fate = 'used'

),

kept as (

    select ticket_id from {{ ref('int_ticket_histories') }}
    where source_system = 'servicenow'

)

select
    used.ticket_id as used_ticket_id,
    kept.ticket_id as kept_ticket_id
from used
full outer join kept
    on used.ticket_id = kept.ticket_id
where used.ticket_id is null or kept.ticket_id is null
