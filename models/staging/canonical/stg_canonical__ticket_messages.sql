-- Grain: one row of the contract's table `ticket_messages`, its current version.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('ticket_messages') }}
