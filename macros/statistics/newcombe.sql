{#- Difference of two proportions, a / n - b / m, or a bound of its 95 % interval by Newcombe, from two Wilson intervals;
    between -1 and 1, 6 digits; null where one of them has no trials. side: 'value', 'low' or 'high'. -#}
{% macro newcombe(a, n, b, m, side) -%}
    {%- set share_a = "(cast(" ~ a ~ " as " ~ type_double() ~ ") / (" ~ n ~ "))" -%}
    {%- set share_b = "(cast(" ~ b ~ " as " ~ type_double() ~ ") / (" ~ m ~ "))" -%}
    {%- set reach_a, reach_b = ('low', 'high') if side == 'low' else ('high', 'low') -%}
    case
        when {{ n }} > 0 and {{ m }} > 0
            then cast(round(cast(
                {{ share_a }} - {{ share_b }}
                {%- if side != 'value' %} {{ '-' if side == 'low' else '+' }} sqrt(
                    ({{ share_a }} - {{ wilson(a, n, reach_a) }}) * ({{ share_a }} - {{ wilson(a, n, reach_a) }})
                    + ({{ share_b }} - {{ wilson(b, m, reach_b) }}) * ({{ share_b }} - {{ wilson(b, m, reach_b) }})
                )
                {%- endif %}
                as decimal(18, 12)), 6) as decimal(9, 6))
    end
{%- endmacro %}
