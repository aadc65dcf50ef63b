{#- What one stratum adds to the variance of (weighed share - plain share): the square of how much more the stratum counts in
    the one than in the other, times the variance of its own share, successes / trials, drawn a little towards one half (so that 3 of
    3 are not certain). 12 digits, so that strata add up alike in any order (by way of 15: engines' floats differ at ties); null where
    nothing is weighed.

    weight / all_weight: the stratum's part of the whole. answers / all_answers: its part of the answers. -#}
{% macro weighting_variance(weight, all_weight, answers, all_answers, successes, trials) -%}
    {%- set double = type_double() -%}
    cast(round(cast(
        power(
            cast({{ weight }} as {{ double }}) / nullif({{ all_weight }}, 0)
            - cast({{ answers }} as {{ double }}) / nullif({{ all_answers }}, 0),
            2
        )
        * cast({{ successes }} + 1 as {{ double }}) / ({{ trials }} + 2)
        * cast({{ trials }} - {{ successes }} + 1 as {{ double }}) / ({{ trials }} + 2)
        / nullif({{ trials }}, 0)
        as decimal(28, 15)), 12) as decimal(18, 12))
{%- endmacro %}
