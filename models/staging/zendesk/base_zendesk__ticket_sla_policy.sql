-- Grain: one raw row, with its fate.
{{ config(materialized='table', enabled='zendesk' in source_systems()) }}

with

tickets as (

    {{ zendesk_tickets() }}

),

{{ zendesk_base('ticket_sla_policy', ticket=true) }}
