{#- Limit around 1 within which observed over expected lies by chance: 1 less or plus `sigmas` standard errors, from the sum of
    the variances of single units and the expected sum; 6 digits, never below 0; null where nothing is expected. Units are
    taken as independent: where they are not (one agent's contacts are alike), more lie outside. side: 'low' or 'high'. -#}
{% macro funnel_limit_of_variance(variance, expected, sigmas, side) -%}
    case
        when {{ expected }} > 0
            then cast(greatest(0, round(cast(
                1 {{ '-' if side == 'low' else '+' }} {{ sigmas }} * sqrt(cast({{ variance }} as {{ type_double() }})) / {{ expected }}
                as decimal(18, 12)), 6)) as decimal(18, 6))
    end
{%- endmacro %}
