{#- Until when a version of something holds, exclusive; null: still. Where a source says from when only, the next version
    ends it, and a version that reaches into the next is cut there: the later one is the newer knowledge. A version that
    ends before it begins never held, and ends no other. Reads valid_from and valid_to.

    key  columns that identify the thing whose versions these are -#}
{% macro version_ends(key) -%}
    {%- set next -%}
    lead(valid_from) over (
                partition by {{ key | join(', ') }}, coalesce(valid_to <= valid_from, false)
                order by valid_from nulls first
            )
    {%- endset -%}
    case
            when valid_to is null or {{ next }} < valid_to
                then {{ next }}
            else valid_to
        end
{%- endmacro %}
