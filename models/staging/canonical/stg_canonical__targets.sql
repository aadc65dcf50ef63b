-- Grain: one row of the contract's table `targets`, its current version.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('targets') }}
