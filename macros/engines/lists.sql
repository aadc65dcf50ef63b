{#- Lists carried from day to day by dim_feed_coverage, positions from 1; words listed in a text. -#}

{#- A list with one element, of type bigint. -#}
{% macro list_of(element) -%}
    {{ return(adapter.dispatch('list_of', 'counterweight')(element)) }}
{%- endmacro %}

{% macro postgres__list_of(element) -%} array[cast({{ element }} as bigint)] {%- endmacro %}

{% macro duckdb__list_of(element) -%} [cast({{ element }} as bigint)] {%- endmacro %}

{% macro list_with(list, element) -%}
    {{ return(adapter.dispatch('list_with', 'counterweight')(list, element)) }}
{%- endmacro %}

{% macro postgres__list_with(list, element) -%}
    array_append({{ list }}, cast({{ element }} as bigint))
{%- endmacro %}

{% macro duckdb__list_with(list, element) -%}
    list_append({{ list }}, cast({{ element }} as bigint))
{%- endmacro %}

{#- Median of the last `count` elements that are not null, among those at `position` - step, - 2 step, ...;
    null where there is none. -#}
{% macro median_of_last(list, position, step, count) -%}
    {{ return(adapter.dispatch('median_of_last', 'counterweight')(list, position, step, count)) }}
{%- endmacro %}

{% macro duckdb__median_of_last(list, position, step, count) -%}
    list_median(list_slice(list_filter(list_reverse(list_slice(
        {{ list }}, ({{ position }} - 1) % {{ step }} + 1, {{ position }} - 1, {{ step }}
    )), lambda element: element is not null), 1, {{ count }}))
{%- endmacro %}

{% macro postgres__median_of_last(list, position, step, count) -%}
    (
        select percentile_cont(0.5) within group (order by last_elements.element)
        from (
            select listed.element
            from unnest({{ list }}) with ordinality as listed (element, place)
            where
                listed.element is not null
                and listed.place < {{ position }}
                and ({{ position }} - listed.place) % {{ step }} = 0
            order by listed.place desc
            limit {{ count }}
        ) as last_elements
    )
{%- endmacro %}

{#- The words of a text that lists them, separated by commas, semicolons or bars, with or without the brackets and
    quotation marks of a list in JSON: one row each, in the select list. No text, no row. -#}
{% macro listed_words(text) -%}
    {{ return(adapter.dispatch('listed_words', 'counterweight')(
        "nullif(translate(" ~ text ~ ", ',|[]{}\"', ';;'), '')"
    )) }}
{%- endmacro %}

{% macro duckdb__listed_words(text) -%} unnest(string_split({{ text }}, ';')) {%- endmacro %}

{% macro postgres__listed_words(text) -%} unnest(string_to_array({{ text }}, ';')) {%- endmacro %}

{#- Aggregates: the values at some percents of the rows, nearest rank, in columns of which value_at reads one. One aggregate holds
    the values once, for all percents. name: of the values. -#}
{% macro values_at(value, name, percents) -%}
    {{ return(adapter.dispatch('values_at', 'counterweight')(value, name, percents)) }}
{%- endmacro %}

{% macro default__values_at(value, name, percents) -%}
    {%- for percent in percents -%}
    percentile_disc({{ '%.2f' | format(percent / 100) }}) within group (order by {{ value }}) as {{ name }}_at_{{ percent }}
    {{- ',' if not loop.last }}
    {% endfor -%}
{%- endmacro %}

{% macro duckdb__values_at(value, name, percents) -%}
    {%- set shares = [] -%}
    {%- for percent in percents -%} {%- do shares.append('%.2f' | format(percent / 100)) -%} {%- endfor -%}
    quantile_disc({{ value }}, [{{ shares | join(', ') }}]) as {{ name }}_at
{%- endmacro %}

{% macro value_at(name, percents, percent) -%}
    {{ return(adapter.dispatch('value_at', 'counterweight')(name, percents, percent)) }}
{%- endmacro %}

{% macro default__value_at(name, percents, percent) -%} {{ name }}_at_{{ percent }} {%- endmacro %}

{% macro duckdb__value_at(name, percents, percent) -%} {{ name }}_at[{{ percents.index(percent) + 1 }}] {%- endmacro %}
