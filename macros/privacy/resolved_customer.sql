{#- The customer that a key of an identifier stands for. Expects `identities` (int_identities) joined on that key. Null
    where several customers share the identifier; the key itself where nobody lists it. -#}
{% macro resolved_customer(key) -%}
    case when identities.identifier_key is not null then identities.customer_key else {{ key }} end
{%- endmacro %}
