-- Grain: one raw row, with its fate. Zendesk also lists tickets that nobody was asked about.
{{ config(materialized='table', enabled='zendesk' in source_systems()) }}

with

tickets as (

    {{ zendesk_tickets() }}

),

{{ zendesk_base(
    'satisfaction_rating', ticket=true,
    excluded={'not_offered': "coalesce(" ~ lowered('score') ~ ", 'unoffered') = 'unoffered'"},
) }}
