-- Grain: one row of the contract's table `sla_policies`, its current version.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('sla_policies') }}
