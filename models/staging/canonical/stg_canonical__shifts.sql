-- Grain: one row of the contract's table `shifts`, its current version.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('shifts') }}
