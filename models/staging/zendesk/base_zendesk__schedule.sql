-- Grain: one raw row, with its fate.
{{ config(materialized='table', enabled='zendesk' in source_systems()) }}

with

{{ zendesk_base('schedule', defects={'end_before_start': 'end_minute <= start_minute'}) }}
