-- Grain: one raw row, with its fate.
-- cost: writing the rows, then cleaning and reading each text once; a second look only at keys that occur twice.
{{ config(materialized='incremental', incremental_strategy='by_key', enabled='canonical' in var('source_systems')) }}

with

{{ canonical_base('calls', defects={'end_before_start': 'ended_at < started_at'}) }}
