-- No ticket that staging emits may get lost on the way, and none may appear from nowhere.
with

emitted as (

    {% for system, tables in source_systems().items() if 'tickets' in tables -%}
    select
        source_system,
        ticket_id
    from {{ ref('stg_' ~ system ~ '__tickets') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

kept as (

    select
        source_system,
        ticket_id
    from {{ ref('int_ticket_histories') }}

)

select
    emitted.ticket_id as emitted_ticket_id,
    kept.ticket_id as kept_ticket_id
from emitted
full outer join kept
    on
        emitted.source_system = kept.source_system
        and emitted.ticket_id = kept.ticket_id
where emitted.ticket_id is null or kept.ticket_id is null
