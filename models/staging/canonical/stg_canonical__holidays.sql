-- Grain: one row of the contract's table `holidays`, its current version.
-- A calendar with a holiday that cannot be read has a row without a day: whoever counts must know.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('holidays', whole='calendar_id') }}
