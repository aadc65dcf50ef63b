-- Grain: one row of the contract's table `business_outcomes`, its current version.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('business_outcomes') }}
