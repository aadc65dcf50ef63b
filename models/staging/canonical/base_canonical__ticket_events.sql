-- Grain: one raw row, with its fate.
-- cost: writing the rows, then cleaning and reading each text once; a second look only at keys that occur twice.
{{ config(materialized='incremental', incremental_strategy='by_key', enabled='canonical' in var('source_systems')) }}

with

tickets as (

    -- a ticket left out by as_of is known all the same
    select
        ticket_id,
        created_at
    from {{ ref('base_canonical__tickets') }}
    where fate in ('used', 'excluded')

),

{{ canonical_base(
    'ticket_events', ticket=true, after_creation=true,
    excluded={'field_not_read': "coalesce(" ~ lowered("field") ~ ", '') not in ('" ~ ticket_fields() | join("', '") ~ "')"},
) }}
