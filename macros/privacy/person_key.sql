{#- Keyed hash of a person's identifier: 32 hexadecimal digits, null where the identifier is null. Upper and lower
    case and outer blanks do not matter; the same identifier in two source systems gives two keys. All arguments are
    SQL expressions; `salt` is a column of private.salt, so that the secret never stands in SQL text. -#}
{% macro person_key(identifier, source_system, salt) -%}
    substr({{ sha256_hex(dbt.concat([
        salt, sha256_hex(dbt.concat([salt, source_system, "':'", lowered(trimmed(identifier))]))
    ])) }}, 1, 32)
{%- endmacro %}
