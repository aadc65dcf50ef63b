{#- Address of a ticket in its tool, from the var `ticket_link_templates`; null where no template is set. -#}
{% macro ticket_link(source_system, ticket_id) -%}
    case
            when {{ source_system }} is null then cast(null as varchar)
            {%- for system, template in var('ticket_link_templates').items() if template %}
            when {{ source_system }} = '{{ system }}' then replace('{{ template | replace("'", "''") }}', '{ticket_id}', {{ ticket_id }})
            {%- endfor %}
        end
{%- endmacro %}
