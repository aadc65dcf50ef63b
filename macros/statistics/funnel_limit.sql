{#- Limit of observed over expected beyond which chance alone hardly goes, for `sigmas` standard deviations: the Poisson
    quantile by its normal approximation with the first correction for skewness, so that limits of small cells are right and
    never below 0. dispersion: how much wider units vary than Poisson, 1 where they don't. 6 digits, null where nothing is
    expected. side: 'low' or 'high'. -#}
{% macro funnel_limit(expected, sigmas, side, dispersion='1') -%}
    {%- set e = "cast(" ~ expected ~ " as " ~ type_double() ~ ")" -%}
    {%- set phi = "cast(" ~ dispersion ~ " as " ~ type_double() ~ ")" -%}
    case
        {%- if side == 'low' %}
        -- left of its lowest point the approximation rises again: nothing at all is no surprise there
        when {{ expected }} > 0 and 4 * {{ e }} <= {{ sigmas * sigmas }} * {{ phi }} then cast(0 as decimal(18, 6))
        {%- endif %}
        when {{ expected }} > 0
            then cast(round(cast(greatest(0,
                1 {{ '-' if side == 'low' else '+' }} {{ sigmas }} * sqrt({{ phi }} / {{ e }})
                + {{ sigmas * sigmas - 1 }} / (6 * {{ e }})
            ) as decimal(28, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
