{#- Product of the counts `ups` over the product of the counts `downs`, or a bound of its 95 % interval: exp(log ± 1.96 *
    sqrt(sum of 1 / count)), each a Poisson count. Where one of them is 0, a half is added to each. 6 digits; null where
    one is null. side: 'low', 'high', or none for the ratio. -#}
{% macro count_ratio(ups, downs, side=none) -%}
    {%- set counts = [] -%}
    {%- for count in ups + downs -%}
        {%- do counts.append(
            "(" ~ count ~ " + case when least(" ~ (ups + downs) | join(", ") ~ ") = 0 then cast(0.5 as " ~ type_double() ~ ") else 0 end)"
        ) -%}
    {%- endfor -%}
    case
        when {% for count in ups + downs %}{{ count }} is not null{{ ' and ' if not loop.last }}{% endfor %}
            then cast(round(cast(least(999999999, exp(
                {%- for count in counts %}
                {{ '+' if loop.index <= ups | length else '-' }} ln({{ count }})
                {%- endfor %}
                {%- if side %}
                {{ '-' if side == 'low' else '+' }} 1.959963984540054 * sqrt(
                    {%- for count in counts %}
                    1 / {{ count }}{{ ' +' if not loop.last }}
                    {%- endfor %}
                )
                {%- endif %}
            )) as decimal(30, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
