{#- Hash of several columns: equal rows have equal keys. Each part carries its length, so that null is not '' and
    ('a|b') is not ('a', 'b'). -#}
{% macro content_key(columns, relation=none) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set text = "cast(" ~ (relation ~ "." if relation else "") ~ adapter.quote(column) ~ " as " ~ dbt.type_string() ~ ")" -%}
        {%- do parts.append(
            "coalesce(" ~ dbt.concat(["cast(length(" ~ text ~ ") as " ~ dbt.type_string() ~ ")", "':'", text]) ~ ", '~')"
        ) -%}
    {%- endfor -%}
    {{ dbt.hash("concat(" ~ parts | join(", ") ~ ")") }}
{%- endmacro %}
