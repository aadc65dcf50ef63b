-- Grain: one row of the contract's table `bot_sessions`, its current version.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('bot_sessions') }}
