{#- Bound of the 95 % interval of the difference of two independent proportions, first less second, by Newcombe's method from
    their Wilson intervals; 6 digits; null where one of them has no trials. side: 'low' or 'high'. -#}
{% macro newcombe(first_successes, first_trials, second_successes, second_trials, side) -%}
    {%- set p1 = "cast(" ~ first_successes ~ " as " ~ type_double() ~ ") / nullif(" ~ first_trials ~ ", 0)" -%}
    {%- set p2 = "cast(" ~ second_successes ~ " as " ~ type_double() ~ ") / nullif(" ~ second_trials ~ ", 0)" -%}
    {%- set other = {'low': 'high', 'high': 'low'}[side] -%}
    {%- set first_bound = "(" ~ wilson(first_successes, first_trials, side) ~ ")" -%}
    {%- set second_bound = "(" ~ wilson(second_successes, second_trials, other) ~ ")" -%}
    case
        when {{ first_trials }} > 0 and {{ second_trials }} > 0
            then cast(round(cast(
                ({{ p1 }}) - ({{ p2 }}) {{ '-' if side == 'low' else '+' }} sqrt(
                    power({{ p1 }} - {{ first_bound }}, 2) + power({{ second_bound }} - {{ p2 }}, 2)
                ) as decimal(18, 12)), 6) as decimal(9, 6))
    end
{%- endmacro %}
