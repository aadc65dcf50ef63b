{#- Bound of an observed count over an expected one by Byar's approximation of the exact Poisson limits; 6 digits, null where
    nothing is expected. side: 'low' or 'high'. z: 1.96 for 95 %. -#}
{% macro byar(observed, expected, side, z='1.959963984540054') -%}
    {%- set o = "cast(" ~ observed ~ (" + 1" if side == 'high' else "") ~ " as " ~ type_double() ~ ")" -%}
    {%- set e = "cast(" ~ expected ~ " as " ~ type_double() ~ ")" -%}
    case
        when {{ expected }} > 0 {{ "and " ~ observed ~ " = 0 then cast(0 as decimal(18, 6))
        when " ~ expected ~ " > 0" if side == 'low' }}
            then cast(round(cast(greatest(0,
                {{ o }} * power(1 - 1 / (9 * {{ o }}) {{ '-' if side == 'low' else '+' }} {{ z }} / (3 * sqrt({{ o }})), 3)
                / {{ e }}
            ) as decimal(28, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
