{#- UTC timestamp of a local clock reading; of one that occurs twice, when clocks are set back, the earlier. -#}
{% macro utc_from_clock(local, time_zone) -%}
    {{ return(utc_from_clock_in(local, "'" ~ time_zone ~ "'", ["interval '1' hour"])) }}
{%- endmacro %}

{#- The same where the zone is an SQL expression, a zone in each row. `shifts`: by how much clocks are set back somewhere;
    Lord Howe does it by half an hour. -#}
{% macro utc_from_clock_in(local, time_zone, shifts=["interval '1' hour", "interval '30' minute"]) -%}
    case
        {%- for shift in shifts %}
        when {{ local_time_in(utc_time_in(local, time_zone) ~ " - " ~ shift, time_zone) }} = {{ local }}
            then {{ utc_time_in(local, time_zone) }} - {{ shift }}
        {%- endfor %}
        else {{ utc_time_in(local, time_zone) }}
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
