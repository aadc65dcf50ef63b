-- Grain: one raw row, with its fate.
{{ config(materialized='table', enabled='canonical' in var('source_systems')) }}

with

-- a ticket begins at the earliest opening that it was ever given: tools let people edit it
{{ canonical_base('tickets', earliest=true) }}
