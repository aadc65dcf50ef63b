-- Grain: one row of the contract's table `agent_states`, its current version.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('agent_states') }}
