{#- How much wider a proportion varies than independent trials would let it, for trials that come in clusters (the claims of one
    customer): variance between clusters over binomial variance, from sums of whole numbers over the clusters; n trials and
    k successes of a cluster. 6 digits; null for fewer than two clusters, and where all or none succeeded. -#}
{% macro design_effect(clusters, sum_n, sum_k, sum_nn, sum_nk, sum_kk) -%}
    {%- set n = "cast(" ~ sum_n ~ " as " ~ type_double() ~ ")" -%}
    {%- set k = "cast(" ~ sum_k ~ " as " ~ type_double() ~ ")" -%}
    case
        when {{ clusters }} > 1 and {{ sum_k }} > 0 and {{ sum_k }} < {{ sum_n }}
            then cast(round(cast(
                ({{ sum_kk }} - 2 * {{ k }} / {{ n }} * {{ sum_nk }} + {{ k }} / {{ n }} * {{ k }} / {{ n }} * {{ sum_nn }})
                * cast({{ clusters }} as {{ type_double() }}) / ({{ clusters }} - 1)
                / ({{ k }} * (1 - {{ k }} / {{ n }}))
                as decimal(28, 12)), 6) as decimal(18, 6))
    end
{%- endmacro %}
