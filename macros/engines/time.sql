{#- Whole seconds from start to end; negative where end is earlier. -#}
{% macro seconds_between(start, end) -%}
    {{ return(adapter.dispatch('seconds_between', 'counterweight')(start, end)) }}
{%- endmacro %}

{% macro postgres__seconds_between(start, end) -%}
    cast(floor(extract(epoch from {{ end }})) - floor(extract(epoch from {{ start }})) as bigint)
{%- endmacro %}

{% macro duckdb__seconds_between(start, end) -%}
    date_diff('second', {{ start }}, {{ end }})
{%- endmacro %}

{#- Local clock reading of a UTC timestamp. -#}
{% macro local_time(utc, time_zone) -%}
    {{ return(adapter.dispatch('local_time', 'counterweight')(utc, time_zone)) }}
{%- endmacro %}

{% macro default__local_time(utc, time_zone) -%}
    (({{ utc }}) at time zone 'UTC' at time zone '{{ time_zone }}')
{%- endmacro %}

{#- UTC timestamp of a local clock reading. Of a reading that occurs twice (clocks set back) an engine takes the one
    or the other: macro utc_from_clock settles it. -#}
{% macro utc_time(local, time_zone) -%}
    {{ return(adapter.dispatch('utc_time', 'counterweight')(local, time_zone)) }}
{%- endmacro %}

{% macro default__utc_time(local, time_zone) -%}
    (({{ local }}) at time zone '{{ time_zone }}' at time zone 'UTC')
{%- endmacro %}
