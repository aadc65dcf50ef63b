-- Grain: one raw row, with its fate. Of a target that was changed, the last is current.
{{ config(materialized='table', enabled='zendesk' in source_systems()) }}

with

{{ zendesk_base('sla_policy_metric_history') }}
