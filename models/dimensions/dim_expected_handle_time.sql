-- Grain: one cell of the mix of work of one source system: what a contact of its kind took in the base period, as whole
-- sums. Expected handle time of a contact is handle_seconds / contact_count of its finest cell that has 30 contacts
-- without the unit that is judged; the mart takes that unit's own contacts out first.
{% set bases = var('expected_handle_time_base') %}
{% set levels = {
    'category_channel_order': ['category', 'channel', 'contact_order'],
    'category_channel': ['category', 'channel'],
    'category': ['category'],
    'all': [],
} %}

with

contacts as (

    select
        source_system,
        coalesce(category, '(none)') as category,
        coalesce(channel, '(none)') as channel,
        -- whose chain is not known may have called before
        case when chain_position = 1 then 'first' when chain_position > 1 then 'repeat' else 'unknown' end
            as contact_order,
        started_at,
        contact_handle_seconds
    from {{ ref('fct_interactions') }}
    where kind = 'contact' and contact_handle_seconds is not null

),

declared as (

    {% for system, base in bases.items() -%}
    select
        '{{ system }}' as source_system,
        cast('{{ base["from"] }}' as timestamp) as base_from,
        cast('{{ base["until"] }}' as timestamp) as base_until
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        cast(null as varchar) as source_system,
        cast(null as timestamp) as base_from,
        cast(null as timestamp) as base_until
    where 1 = 0
    {% endfor %}

),

beginnings as (

    select
        source_system,
        cast(cast(min(started_at) as date) as timestamp) as base_from
    from contacts
    group by source_system

),

-- pinned: later contacts change no expectation
bases as (

    select
        beginnings.source_system,
        coalesce(declared.base_from, beginnings.base_from) as base_from,
        coalesce(declared.base_until, beginnings.base_from + interval '91' day) as base_until
    from beginnings
    left join declared
        on beginnings.source_system = declared.source_system

),

based as (

    select
        contacts.*,
        bases.base_from,
        bases.base_until
    from contacts
    inner join bases
        on
            contacts.source_system = bases.source_system
            and bases.base_from <= contacts.started_at
            and contacts.started_at < bases.base_until

),

final as (

    {% for level, keys in levels.items() -%}
    select
        source_system,
        '{{ level }}' as cell_level,
        {%- for key in levels['category_channel_order'] %}
        {{ key if key in keys else 'cast(null as varchar)' }} as {{ key }},
        {%- endfor %}
        base_from,
        base_until,
        cast(count(*) as bigint) as contact_count,
        cast(sum(contact_handle_seconds) as bigint) as handle_seconds,
        -- how much single contacts of the cell differ: funnel limits come from it
        cast(sum(contact_handle_seconds * contact_handle_seconds) as bigint) as squared_handle_seconds
    from based
    group by {{ (['source_system'] + keys + ['base_from', 'base_until']) | join(', ') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select * from final
