{#- The columns of one kind of event where several kinds lie in one table: of each name what is given, in the order of the names.
    What a kind does not have is 0 of counts and null of values. A condition stands for 1 or 0.

    given: column -> SQL. conditions: column -> SQL, true or false. counts, values: names of the columns. -#}
{% macro event_columns(given, conditions, counts, values) -%}
    {%- for name in counts %}
        {% if name in conditions -%}
        case when {{ conditions[name] }} then 1 else 0 end
        {%- else -%}
        {{ given.get(name, '0') }}
        {%- endif %} as {{ name }},
    {%- endfor %}
    {%- for name in values %}
        {{ given.get(name, 'cast(null as bigint)') }} as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
