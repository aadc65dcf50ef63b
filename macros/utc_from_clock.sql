{#- UTC timestamp of a local clock reading; of one that occurs twice, when clocks are set back, the earlier. -#}
{% macro utc_from_clock(local, time_zone) -%}
    case
        when {{ local_time(utc_time(local, time_zone) ~ " - interval '1' hour", time_zone) }} = {{ local }}
            then {{ utc_time(local, time_zone) }} - interval '1' hour
        else {{ utc_time(local, time_zone) }}
    end
{%- endmacro %}

{#- True where the clock shows this reading twice: an hour later it was the same time again. Null for null. -#}
{% macro is_repeated_hour(utc, time_zone) -%}
    {{ local_time(utc ~ " + interval '1' hour", time_zone) }} = {{ local_time(utc, time_zone) }}
{%- endmacro %}

{#- True where the clock never showed this reading: it was set forward over it. Null for null. -#}
{% macro is_nonexistent_hour(local, time_zone) -%}
    {{ local_time(utc_time(local, time_zone), time_zone) }} <> {{ local }}
{%- endmacro %}
