{#- How surprising a count is where so many are expected: the standard normal value with the chance of that many or more, by
    Byar's approximation of the exact Poisson tail (below, of that few or fewer). 6 digits; null where nothing is expected.
    observed: a whole number. expected: a decimal above 0. -#}
{% macro poisson_z(observed, expected) -%}
    {%- set double = type_double() -%}
    {%- set o = "cast(" ~ observed ~ " as " ~ double ~ ")" -%}
    {%- set e = "cast(" ~ expected ~ " as " ~ double ~ ")" -%}
    case
        when {{ expected }} > 0
            then cast(round(cast(
                case
                    when {{ observed }} >= {{ expected }}
                        then greatest(0, 3 * sqrt({{ o }}) * (1 - 1 / (9 * {{ o }}) - power({{ e }} / {{ o }}, 1.0 / 3)))
                    else least(0, 3 * sqrt({{ o }} + 1)
                        * (1 - 1 / (9 * ({{ o }} + 1)) - power({{ e }} / ({{ o }} + 1), 1.0 / 3)))
                end
                as decimal(28, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
