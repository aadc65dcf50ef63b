-- Grain: one feed of a source system whose end was declared at a load; the latest declaration.
with

ordered as (

    select
        *,
        row_number() over (
            partition by source_system, feed order by declared_at desc, observed_until desc
        ) as declarations_from_last
    from {{ source('load', 'observed_until') }}

)

select
    source_system,
    feed,
    observed_until
from ordered
where declarations_from_last = 1
