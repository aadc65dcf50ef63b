-- Grain: one row of the contract's table `team_pulses`, its current version.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('team_pulses') }}
