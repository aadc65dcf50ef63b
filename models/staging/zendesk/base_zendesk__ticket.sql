-- Grain: one raw row, with its fate. Zendesk keeps a deleted ticket for a while, with that status.
{{ config(materialized='table', enabled='zendesk' in source_systems()) }}

with

{{ zendesk_base('ticket', deleted=lowered('status') ~ " = 'deleted'") }}
