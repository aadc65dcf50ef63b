{#- The curve of call lengths around a limit as it would be without the limit: a cubic in ln(length / limit) fitted by least
    squares to ln(calls a second) in ten bins that lie apart from it. Exact where lengths are lognormal; a straight line is not, and
    misfires from 20,000 calls on. The bins are fixed parts of the limit, so that what the fit makes of ten logarithms is fixed too:
    the numbers below, of the power 0 to 3, of each bin (tests/python/test_macros.py fits them anew). What may be cut away comes from
    up to two minutes above the limit: nothing between 0.8 and 1.4 of it is fitted to. -#}

{#- Bins in hundredths of the limit, from above the first to the second. -#}
{% macro limit_curve_bins() -%}
    {{ return([(40, 48), (48, 56), (56, 64), (64, 72), (72, 80), (140, 150), (150, 165), (165, 180), (180, 200), (200, 220)]) }}
{%- endmacro %}

{% macro limit_curve_weights() -%}
    {{ return([
        [-0.135268351, 0.002103312, 0.124811857, 0.227135337, 0.308166862,
         0.337360117, 0.257272502, 0.138568716, -0.023600813, -0.236549539],
        [0.367862980, -0.327197122, -0.545326470, -0.520729108, -0.377411193,
         0.697701679, 0.631118786, 0.443669944, 0.093883735, -0.463573231],
        [0.687244519, 0.323378556, -0.038344909, -0.358616397, -0.623255193,
         -0.799741964, -0.541261118, -0.150682339, 0.390871842, 1.110407003],
        [-1.414446817, 0.305602554, 0.891371860, 0.899013782, 0.623038489,
         -1.435424946, -1.197841517, -0.659663581, 0.274862957, 1.713487219],
    ]) }}
{%- endmacro %}

{#- The curve's logarithm of calls a second. logs: names of the ten logarithms, in order of the bins. x: ln(length / limit), a double. -#}
{% macro limit_curve(logs, x) -%}
    {%- set powers = [] -%}
    {%- for weights in limit_curve_weights() -%}
        {%- set terms = [] -%}
        {%- for weight in weights -%}
            {%- do terms.append("cast(" ~ "%.9f" | format(weight) ~ " as " ~ type_double() ~ ") * " ~ logs[loop.index0]) -%}
        {%- endfor -%}
        {%- do powers.append("(" ~ terms | join(" + ") ~ ")") -%}
    {%- endfor -%}
    ({{ powers[0] }} + {{ x }} * ({{ powers[1] }} + {{ x }} * ({{ powers[2] }} + {{ x }} * {{ powers[3] }})))
{%- endmacro %}

{#- Variance of that logarithm, or of its difference between x and y, for bins that hold so many calls, each a Poisson count.
    counts: names of the ten, above 0. -#}
{% macro limit_curve_variance(counts, x, y=none) -%}
    {%- set weights = limit_curve_weights() -%}
    {%- set terms = [] -%}
    {%- for count in counts -%}
        {%- set number = loop.index0 -%}
        {%- set parts = [] -%}
        {%- for at in [x, y] if at is not none -%}
            {%- set powers = [] -%}
            {%- for power in [0, 1, 2, 3] -%}
                {%- do powers.append("cast(" ~ "%.9f" | format(weights[power][number]) ~ " as " ~ type_double() ~ ")") -%}
            {%- endfor -%}
            {%- do parts.append("(" ~ powers[0] ~ " + " ~ at ~ " * (" ~ powers[1] ~ " + " ~ at ~ " * (" ~ powers[2] ~ " + " ~ at ~ " * " ~ powers[3] ~ ")))") -%}
        {%- endfor -%}
        {%- do terms.append("power(" ~ parts | join(" - ") ~ ", 2) / " ~ count) -%}
    {%- endfor -%}
    ({{ terms | join(" + ") }})
{%- endmacro %}
