{#- CTEs that give each raw row its one fate; a base model goes on from the last, `fated`, with its columns and
    `fate`, `fate_reason`, and `last_delivered_at`, when its content came last. They begin at `relation`, which must have
    content_key, _loaded_at, _source_file and _row_number.

    key       columns that identify a row
    defects   why a row cannot be used: reason -> condition, the first that fits; `last_delivered_at` may be asked
    excluded  named rules that leave out what could be used: reason -> condition
    version   column by which the current one of several versions is known, the latest; then the latest arrival
    time      when it happened: what lies after as_of is excluded
    repeated  column of relation, true where other rows may have the same key; the others, nearly all, need no windows,
              and no content_key -#}
{% macro row_fates(relation, key, defects, excluded={}, version=none, time=none, repeated=none) -%}
{%- set excluded = dict(excluded) -%}
{%- if time and var('as_of') is not none -%}
    {%- do excluded.update({'after_as_of': time ~ " > cast('" ~ var('as_of') ~ "' as timestamp)"}) -%}
{%- endif -%}
{%- set grade -%}
        case
            {%- for reason, condition in defects.items() %}
            when {{ condition }} then '{{ reason }}'
            {%- endfor %}
        end
{%- endset -%}
copies as (

    select
        *,
        row_number() over (
            partition by content_key order by _loaded_at, {{ text_order('_source_file') }}, _row_number
        ) as copy_number,
        max(_loaded_at) over (partition by content_key) as last_delivered_at
    from {{ relation }}
    {%- if repeated %}
    where {{ repeated }}
    {%- endif %}

),

graded as (

    select
        *,
        {{ grade }} as defect
    from copies

),
{% if repeated %}
lone as (

    select
        *,
        1 as copy_number,
        _loaded_at as last_delivered_at
    from {{ relation }}
    where not {{ repeated }}

),
{% endif %}
versions as (

    select
        *,
        -- a row that was quarantined must not supersede a good one
        row_number() over (
            partition by {{ key | join(', ') }}, copy_number = 1 and defect is null
            order by {{ version ~ ' desc nulls last, ' if version }}last_delivered_at desc, {{ text_order('content_key') }} desc
        ) as version_number
    from graded
    {%- if repeated %}
    union all
    select
        *,
        {{ grade }} as defect,
        1 as version_number
    from lone
    {%- endif %}

),

judged as (

    select
        *,
        case
            when copy_number > 1 then 'exact_duplicate'
            when defect is not null then 'quarantined'
            when version_number > 1 then 'superseded'
            {%- for condition in excluded.values() %}
            when {{ condition }} then 'excluded'
            {%- endfor %}
            else 'used'
        end as fate
    from versions

),

fated as (

    select
        *,
        case
            when fate = 'quarantined' then defect
            {%- for reason, condition in excluded.items() %}
            when fate = 'excluded' and {{ condition }} then '{{ reason }}'
            {%- endfor %}
        end as fate_reason
    from judged

)
{%- endmacro %}

{#- The defects of values that nobody wrote in earnest, for row_fates: texts longer than the var `longest_text`, which as
    keys and names would be copied into every table, and numbers whose sums would not fit. Each is reason -> column,
    without the first word of the reason. -#}
{% macro defects_of_sizes(texts={}, counts={}, amounts={}) -%}
    {%- set defects = {} -%}
    {%- for name, column in texts.items() -%}
        {%- do defects.update({'overlong_' ~ name: 'length(' ~ column ~ ') > ' ~ var('longest_text')}) -%}
    {%- endfor -%}
    {%- for name, column in counts.items() -%}
        {%- do defects.update({'implausible_' ~ name: column ~ ' not between -1000000000 and 1000000000'}) -%}
    {%- endfor -%}
    {%- for name, column in amounts.items() -%}
        {%- do defects.update({
            'implausible_' ~ name: column ~ ' not between -1000000000000000 and 1000000000000000'
        }) -%}
    {%- endfor -%}
    {{ return(defects) }}
{%- endmacro %}

{#- The defects that every table with times shares, for row_fates. `happened`: columns of times that cannot lie after the
    delivery. -#}
{% macro defects_of_times(time, happened) -%}
    {%- set defects = {} -%}
    {%- if time -%}
        {%- do defects.update({
            'implausible_time': time ~ " < cast('" ~ var('earliest_plausible_time') ~ "' as timestamp)"
        }) -%}
    {%- endif -%}
    {%- set late = [] -%}
    {%- for column in happened -%}
        {%- do late.append(seconds_between('last_delivered_at', column) ~ ' > 86400') -%}
    {%- endfor -%}
    {%- if late -%}
        {%- do defects.update({'event_after_load': late | join(' or ')}) -%}
    {%- endif -%}
    {{ return(defects) }}
{%- endmacro %}
