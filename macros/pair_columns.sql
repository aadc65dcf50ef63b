{#- The select list of a pair's part, in the order in which `balanced_scorecard` unites the parts. The relation that is read
    has source_system, period_type, period_start, unit_type, unit and is_period_mature.

    cohort: count of what both sides are about; beside `min_n` of the catalogue it decides whether there is a reading.
    headline, reality: [numerator, denominator], SQL. Of a median or a count the denominator is none: the numerator is the
        value. reported: the same for the headline as a dashboard has it, on its own cohort; left out: there is none.
    gap_count: of a nested share, how many of the cohort lie in the gap. gap, gap_low, gap_high: of the other kinds, the gap and its
        95 % interval, decimals; above 0 the headline looks better than reality. is_both_worse: neither side is good.
    window_days: none where the pair has no window. pair_column: of a part with several pairs, the column that names them;
        pair_id is none then. -#}
{% macro pair_columns(
    pair_id, cohort, headline, reality=none, reported=none, gap_count=none, gap=none, gap_low=none, gap_high=none,
    is_both_worse='false', window_days='window_days', pair_column=none
) -%}
    {%- if not reality -%}
        {%- do exceptions.raise_compiler_error(
            "No KPI travels alone: " ~ model.name ~ " gives pair " ~ (pair_id or pair_column) ~ " a headline and no reality. Say "
            ~ "reality=[numerator, denominator], counted on the same rows and the same cohort."
        ) -%}
    {%- endif -%}
    {{ pair_column or "'" ~ pair_id ~ "'" }} as pair_id,
    source_system,
    period_type,
    period_start,
    unit_type,
    unit,
    cast({{ window_days or 'null' }} as integer) as window_days,
    is_period_mature,
    cast({{ cohort }} as bigint) as cohort_count,
    {%- for side, parts in {'reported': reported or [none, none], 'headline': headline, 'reality': reality}.items() %}
    cast({{ parts[0] or 'null' }} as decimal(38, 4)) as {{ side }}_numerator,
    cast({{ parts[1] or 'null' }} as decimal(38, 4)) as {{ side }}_denominator,
    {%- endfor %}
    cast({{ gap_count or 'null' }} as bigint) as gap_count,
    {%- for name, value in {'gap': gap, 'gap_low': gap_low, 'gap_high': gap_high}.items() %}
    cast({{ value or 'null' }} as decimal(18, 6)) as {{ name }},
    {%- endfor %}
    cast({{ is_both_worse }} as boolean) as is_both_worse
{%- endmacro %}

{#- What pair_columns counted, as a value: the numerator over the denominator, half up to 4 digits; the numerator where
    there is no denominator. Neither is negative. -#}
{% macro pair_value(side) -%}
    case
            when {{ side }}_denominator is null then cast({{ side }}_numerator as decimal(18, 4))
            else {{ ratio(
                side ~ "_numerator * 10000", side ~ "_denominator * 10000"
            ) }}
        end
{%- endmacro %}

{#- Whether there is one: pair_value is not null, without its division. -#}
{% macro has_pair_value(side) -%}
    ({{ side }}_numerator is not null and ({{ side }}_denominator is null or {{ side }}_denominator <> 0))
{%- endmacro %}
