{#- How surprising two independent things are together where both must hold: their sum, in its own standard deviations, but neither
    may lag behind by more than one. About standard normal or below where both are chance. Where the one holds and the other is
    chance, 3 is reached only where chance alone gives 2: 23 in 1,000. Null where either is. -#}
{% macro both_z(z1, z2) -%}
    case
        when {{ z1 }} is not null and {{ z2 }} is not null
            then cast(least(
                round(cast(cast({{ z1 }} + {{ z2 }} as {{ type_double() }}) / sqrt(2) as decimal(28, 12)), 6),
                {{ z1 }} + 1,
                {{ z2 }} + 1
            ) as decimal(18, 6))
    end
{%- endmacro %}
