{#- Address of a ticket in its tool, from the var `ticket_link_templates`; null where no template is set, and where a ticket's
    number has characters that mean something in an address: `1/../../elsewhere` must not decide where the link leads. -#}
{% macro ticket_link(source_system, ticket_id) -%}
    {%- set plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~:" -%}
    {%- for system, template in var('ticket_link_templates').items() if template -%}
        {%- if not modules.re.match('(?i)https?://[^/{}?#\\s]+[/?#]', template) -%}
            {%- do exceptions.raise_compiler_error(
                "ticket_link_templates of " ~ system ~ " must begin with http:// or https:// and the tool's name."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    case
            when {{ source_system }} is null then cast(null as varchar)
            when translate({{ ticket_id }}, '{{ plain }}', '') <> '' then cast(null as varchar)
            {%- for system, template in var('ticket_link_templates').items() if template %}
            when {{ source_system }} = '{{ system }}' then replace('{{ template | replace("'", "''") }}', '{ticket_id}', {{ ticket_id }})
            {%- endfor %}
        end
{%- endmacro %}
