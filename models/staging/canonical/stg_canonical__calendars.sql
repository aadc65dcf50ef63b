-- Grain: one row of the contract's table `calendars`, its current version.
-- A calendar with a row that cannot be read has a row without hours: whoever counts must know.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('calendars', whole='calendar_id') }}
