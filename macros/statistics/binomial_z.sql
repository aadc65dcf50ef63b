{#- How surprising it is that `observed` of `trials` are of a kind of which `expected` would be, each trial with a chance of its own: the
    signed root of the likelihood ratio, with half a count taken off because counts are whole. About standard normal, or narrower where
    the chances differ; 0 within half a count of what is expected; above 0 where there are more. 6 digits; null where nothing, or all, is
    expected. observed, trials: whole numbers. expected: a decimal. -#}
{% macro binomial_z(observed, trials, expected) -%}
    {%- set double = type_double() -%}
    {%- set e = "cast(" ~ expected ~ " as " ~ double ~ ")" -%}
    {%- set root -%}
    sqrt(greatest(0, 2 * (
        OBSERVED * ln(OBSERVED / {{ e }}) + ({{ trials }} - OBSERVED) * ln(({{ trials }} - OBSERVED) / ({{ trials }} - {{ e }}))
    )))
    {%- endset -%}
    case
        when {{ expected }} > 0 and {{ expected }} < {{ trials }}
            then cast(round(cast(
                case
                    when {{ observed }} - 0.5 > {{ expected }}
                        then {{ root | replace("OBSERVED", "(cast(" ~ observed ~ " as " ~ double ~ ") - 0.5)") }}
                    when {{ observed }} + 0.5 < {{ expected }}
                        then -{{ root | replace("OBSERVED", "(cast(" ~ observed ~ " as " ~ double ~ ") + 0.5)") }}
                    else 0
                end
                as decimal(28, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
