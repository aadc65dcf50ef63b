-- Grain: one row of the contract's table `access_events`, its current version.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('access_events') }}
