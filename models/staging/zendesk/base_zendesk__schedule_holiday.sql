-- Grain: one raw row, with its fate.
{{ config(materialized='table', enabled='zendesk' in source_systems()) }}

with

{{ zendesk_base('schedule_holiday', defects={'end_before_start': 'last_day < first_day'}) }}
