-- Grain: one raw row, with its fate.
{{ config(materialized='incremental', incremental_strategy='by_key', enabled='canonical' in var('source_systems')) }}

with

{{ canonical_base('surveys') }}
