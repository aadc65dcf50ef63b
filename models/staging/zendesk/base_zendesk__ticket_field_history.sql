-- Grain: one raw row, with its fate.
{{ config(materialized='table', enabled='zendesk' in source_systems()) }}

with

tickets as (

    {{ zendesk_tickets() }}

),

{{ zendesk_base(
    'ticket_field_history', ticket=true, after_creation=true,
    excluded={'field_not_read': "field_name not in ('" ~ zendesk_fields() | join("', '") ~ "')"},
) }}
