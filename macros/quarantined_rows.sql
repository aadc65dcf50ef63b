{#- The quarantined rows of a raw table. `is_corrected`: a row with the same key that was delivered later is in the figures,
    or left out by a named rule; null where nobody can tell, since the key itself is what is wrong. -#}
{% macro quarantined_rows(system, table) -%}
    {%- set base = ref('base_' ~ system ~ '__' ~ table) -%}
    {%- set key = raw_key(system, table) -%}
    {%- set columns = key['known'] + key['others'] -%}
    {%- set unknown = [] -%}
    {%- for column in key['raw'] -%}
        {%- do unknown.extend(['missing_' ~ column, 'unreadable_' ~ column, 'overlong_' ~ column]) -%}
    {%- endfor -%}
    {#- the corrected row has another time, or weekday -#}
    {%- set time = (canonical_contract() if system == 'canonical' else zendesk_layout()).get(table, {}).get('time') -%}
    {%- if time in columns -%}
        {%- do unknown.extend(['implausible_time', 'event_after_load']) -%}
    {%- endif -%}
    {%- if 'iso_weekday' in columns -%}
        {%- do unknown.append('no_such_weekday') -%}
    {%- endif -%}
    select
        '{{ system }}' as source_system,
        '{{ table }}' as raw_table,
        broken._source_file as source_file,
        broken._loaded_at as loaded_at,
        broken._row_number as row_number,
        cast(null as bigint) as line_number,
        broken._last_delivered_at as last_delivered_at,
        broken.fate_reason,
        case
            when {% for column in key['known'] %}broken.{{ column }} is not null and {% endfor -%}
                broken.fate_reason not in ('{{ (unknown or ['none']) | join("', '") }}')
                then coalesce(good.delivered_at > broken._last_delivered_at, false)
        end as is_corrected
    from {{ base }} as broken
    left join (
        select
            {%- for column in columns %}
            wanted.{{ column }},
            {%- endfor %}
            max(found._last_delivered_at) as delivered_at
        from (select distinct {{ columns | join(', ') }} from {{ base }} where fate = 'quarantined') as wanted
        inner join {{ base }} as found
            on {{ _same_key(key, 'wanted', 'found') }}
        where found.fate in ('used', 'excluded')
        group by {% for column in columns %}wanted.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    ) as good
        on {{ _same_key(key, 'broken', 'good') }}
    where broken.fate = 'quarantined'
{%- endmacro %}

{#- Null is like null in what may be empty; what must be known is compared so that engines can hash it. -#}
{% macro _same_key(key, one, other) -%}
    {%- set conditions = [] -%}
    {%- for column in key['known'] -%}
        {%- do conditions.append(one ~ '.' ~ column ~ ' = ' ~ other ~ '.' ~ column) -%}
    {%- endfor -%}
    {%- for column in key['others'] -%}
        {%- do conditions.append(one ~ '.' ~ column ~ ' is not distinct from ' ~ other ~ '.' ~ column) -%}
    {%- endfor -%}
    {{ conditions | join(' and ') }}
{%- endmacro %}
