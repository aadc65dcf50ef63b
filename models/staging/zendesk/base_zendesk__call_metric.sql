-- Grain: one raw row, with its fate. A call goes on being one when its ticket is deleted.
{{ config(materialized='table', enabled='zendesk' in source_systems()) }}

with

{{ zendesk_base('call_metric', defects={'end_before_start': 'duration_seconds < 0'}) }}
