{#- Keyed hash of a person's identifier: 32 hexadecimal digits, null where the identifier is null. All arguments are
    SQL expressions; `salt` is a column of private.salt, so that the secret never stands in SQL text.

    An e-mail address or an international telephone number is one person wherever it appears; any other identifier
    means something in its own system only, so the same one in two systems gives two keys. -#}
{% macro person_key(identifier, source_system, salt) -%}
    {%- set name = normalised_identifier(identifier) -%}
    {%- set scope -%}
    case when {{ name }} like '+%' or {{ name }} like '%@%' then '' else {{ source_system }} end
    {%- endset -%}
    substr({{ sha256_hex(dbt.concat([
        salt, sha256_hex(dbt.concat([salt, scope, "':'", name]))
    ])) }}, 1, 32)
{%- endmacro %}

{#- One spelling of an identifier: no outer blanks, lower case; a telephone number is its digits, with + before a
    country's code (00 and ten digits or more is +). Only what has nothing but a number's characters, at least 7 digits, and begins like one or
    has 10 digits, is taken for one. -#}
{% macro normalised_identifier(identifier) -%}
    {%- set identifier = trimmed(identifier) -%}
    {#- +43 (0)1 234: the zero in brackets is dialled at home only -#}
    {%- set digits = "translate(replace(" ~ identifier ~ ", '(0)', ''), ' ()-./', '')" -%}
    case
        when
            translate({{ identifier }}, '+0123456789 ()-./', '') <> ''
            or length({{ digits }}) < 7
            or (left({{ digits }}, 1) not in ('+', '0') and length({{ digits }}) < 10)
            then {{ lowered(identifier) }}
        -- no country's code begins with 0, and what is shorter may be a number padded with zeros
        when left({{ digits }}, 2) = '00' and substr({{ digits }}, 3, 1) <> '0' and length({{ digits }}) >= 12
            then '+' || substr({{ digits }}, 3)
        else {{ digits }}
    end
{%- endmacro %}
