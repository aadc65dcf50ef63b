{#- Run before anything is built: a column that is a headline (config.meta.kpi_side: headline) needs a column of its
    pair's reality in the same model. Stops the run with a sentence. -#}
{% macro assert_headlines_are_paired() -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
            {%- set sides = {'headline': [], 'reality': []} -%}
            {%- for column in node.columns.values() -%}
                {%- set meta = (column.config or {}).get('meta') or column.meta or {} -%}
                {%- if meta.get('kpi_side') and meta.kpi_side not in sides -%}
                    {%- do exceptions.raise_compiler_error(
                        node.name ~ "." ~ column.name ~ ": kpi_side is '" ~ meta.kpi_side
                        ~ "'; it must be headline or reality."
                    ) -%}
                {%- elif meta.get('kpi_side') -%}
                    {%- do sides[meta.kpi_side].append(meta.kpi_pair) -%}
                {%- endif -%}
            {%- endfor -%}
            {%- for pair in sides.headline if pair not in sides.reality -%}
                {%- do exceptions.raise_compiler_error(
                    "No KPI travels alone: " ~ node.name ~ " exposes the headline of pair " ~ pair
                    ~ " without its reality. Add the reality's column (kpi_side: reality) or take the headline out."
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
