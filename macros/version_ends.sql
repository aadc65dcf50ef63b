{#- Until when a version of something holds, exclusive; null: still. Where a source says from when only, the next version
    ends it, and a version that reaches into the next is cut there: the later one is the newer knowledge. A version that
    ends before it begins never held, and ends no other.

    rows     relation with valid_from and valid_to
    columns  what identifies the thing whose versions these are -#}
{% macro version_ends(rows, columns) -%}
    {%- set key = [] -%}
    {%- for column in columns -%}
        {%- do key.append(rows ~ '.' ~ column) -%}
    {%- endfor -%}
    {#- least() of a null is null on some engines only -#}
    {%- set next -%}
    lead({{ rows }}.valid_from) over (
                partition by {{ key | join(', ') }}, coalesce({{ rows }}.valid_to <= {{ rows }}.valid_from, false)
                order by {{ rows }}.valid_from nulls first
            )
    {%- endset -%}
    case
        when {{ rows }}.valid_to is null or {{ next }} < {{ rows }}.valid_to
            then {{ next }}
        else {{ rows }}.valid_to
    end
{%- endmacro %}
