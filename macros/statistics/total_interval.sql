{#- Bound of the 95 % interval of a total over independent clusters (customers, chains), of which each is in it once:
    total * exp(± 1.96 * sqrt(sum of the clusters' squares) / total). How many clusters there are is random, too, so nothing is
    taken off for the mean; the logarithm, because totals of long tailed work are skewed. In the unit of the total, 2
    digits; null where the total is 0 or null. `squares` is a whole number, at most the square of the total; what is five times
    too large for that is cut, since the logarithm would leave the numbers. side: 'low' or 'high'. -#}
{% macro total_interval(total, squares, side) -%}
    {%- set total_double = "cast(" ~ total ~ " as " ~ type_double() ~ ")" -%}
    case
        when {{ total }} > 0
            then cast(round(cast(
                {{ total_double }} * exp({{ '-' if side == 'low' else '' }}1.959963984540054 * least(
                    5, sqrt(cast({{ squares }} as {{ type_double() }})) / {{ total_double }}
                ))
                as decimal(30, 6)), 2) as decimal(18, 2))
    end
{%- endmacro %}
