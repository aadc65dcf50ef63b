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
    {{ return(same_reading(utc) if time_zone == 'UTC' else local_time_in(utc, "'" ~ time_zone ~ "'")) }}
{%- endmacro %}

{#- An engine that is asked for the zone UTC computes it, row for row. -#}
{% macro same_reading(time) -%} cast({{ time }} as timestamp) {%- endmacro %}

{#- The same where the zone is an SQL expression: a zone in each row. -#}
{% macro local_time_in(utc, time_zone) -%}
    {{ return(adapter.dispatch('local_time_in', 'counterweight')(utc, time_zone)) }}
{%- endmacro %}

{% macro default__local_time_in(utc, time_zone) -%}
    (({{ utc }}) at time zone 'UTC' at time zone ({{ time_zone }}))
{%- endmacro %}

{#- UTC timestamp of a local clock reading. Of a reading that occurs twice (clocks set back) an engine takes the one
    or the other: macro utc_from_clock settles it. -#}
{% macro utc_time(local, time_zone) -%}
    {{ return(same_reading(local) if time_zone == 'UTC' else utc_time_in(local, "'" ~ time_zone ~ "'")) }}
{%- endmacro %}

{#- The same where the zone is an SQL expression. -#}
{% macro utc_time_in(local, time_zone) -%}
    {{ return(adapter.dispatch('utc_time_in', 'counterweight')(local, time_zone)) }}
{%- endmacro %}

{% macro default__utc_time_in(local, time_zone) -%}
    (({{ local }}) at time zone ({{ time_zone }}) at time zone 'UTC')
{%- endmacro %}

{#- The names of zones that the engine knows, one a row: what is asked for another raises an error. IANA names only; each
    engine has some of its own beside them. -#}
{% macro known_time_zones() -%}
    {{ return(adapter.dispatch('known_time_zones', 'counterweight')()) }}
{%- endmacro %}

{% macro duckdb__known_time_zones() -%}
    select zones.name from pg_timezone_names() as zones
    where
        zones.name not like 'SystemV/%'
        and zones.name not in (
            'ACT', 'AET', 'AGT', 'ART', 'AST', 'BET', 'BST', 'CAT', 'CNT', 'CST', 'CTT', 'EAT', 'ECT', 'IET', 'IST',
            'JST', 'MIT', 'NET', 'NST', 'PLT', 'PNT', 'PRT', 'PST', 'SST', 'VST'
        )
{%- endmacro %}

{% macro postgres__known_time_zones() -%}
    select zones.name from pg_timezone_names as zones
    where zones.name not like 'posix%' and zones.name not like 'right/%' and zones.name <> 'localtime'
{%- endmacro %}

{#- Day of the week of a date, 1 Monday to 7 Sunday. -#}
{% macro iso_weekday_of(date) -%}
    {{ return(adapter.dispatch('iso_weekday_of', 'counterweight')(date)) }}
{%- endmacro %}

{% macro default__iso_weekday_of(date) -%}
    cast(extract(isodow from {{ date }}) as integer)
{%- endmacro %}
