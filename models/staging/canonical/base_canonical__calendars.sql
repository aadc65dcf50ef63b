-- Grain: one raw row, with its fate.
-- Hours or a zone that nobody can read are no closed day: the row is quarantined, and the calendar is not counted in.
{{ config(materialized='table', enabled='canonical' in var('source_systems')) }}

with

{{ canonical_base('calendars', defects={
    'unknown_time_zone': "time_zone is null or time_zone not in (" ~ known_time_zones() ~ ")",
    'no_such_weekday': "coalesce(iso_weekday not between 1 and 7, true)",
    'unreadable_opens_at': parse_clock('opens_at') ~ " is null",
    'unreadable_closes_at': parse_clock('closes_at') ~ " is null",
}) }}
