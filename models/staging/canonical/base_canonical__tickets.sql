-- Grain: one raw row, with its fate.
{{ config(materialized='table', enabled='canonical' in var('source_systems')) }}

with

{{ canonical_base('tickets') }}
