-- Grain: one handled contact: the handle time to be expected of it, as whole numbers. Who is judged is no part of the own
-- yardstick: for a team, queue or account there is one without it. Category and channel are the work itself, so theirs is
-- the whole desk's base period, as the total's is.
{% set levels = {
    'category_channel_order': ['category', 'channel', 'contact_order'],
    'category_channel': ['category', 'channel'],
    'category': ['category'],
    'all': [],
} %}
{#- whose yardstick -> the unit whose own contacts are left out -#}
{% set left_out = {'whole': "cast('' as varchar)", 'team': 'team_id', 'queue': 'queue', 'account': 'account_id'} %}

with

contacts as (

    select
        source_system,
        contact_key,
        started_at,
        coalesce(category, '(none)') as category,
        coalesce(channel, '(none)') as channel,
        case when chain_position = 1 then 'first' when chain_position > 1 then 'repeat' else 'unknown' end
            as contact_order,
        coalesce(team_id, '(none)') as team_id,
        coalesce(queue, '(none)') as queue,
        coalesce(account_id, '(none)') as account_id,
        contact_handle_seconds
    from {{ ref('fct_interactions') }}
    where kind = 'contact' and contact_handle_seconds is not null

),

cells as (

    select
        *,
        coalesce(category, '') as category_key,
        coalesce(channel, '') as channel_key,
        coalesce(contact_order, '') as contact_order_key
    from {{ ref('dim_expected_handle_time') }}

),

bases as (

    select
        source_system,
        base_from,
        base_until
    from cells
    where cell_level = 'all'

),

-- what a unit itself brought into each cell of the base
own_sums as (

    {% for kind, unit in left_out.items() -%}
    select
        contacts.source_system,
        '{{ kind }}' as left_out_type,
        {{ unit if kind == 'whole' else 'contacts.' ~ unit }} as unit,
        contacts.category,
        contacts.channel,
        contacts.contact_order,
        {%- for measure, value in {
            'contact_count': '1', 'handle_seconds': 'contacts.contact_handle_seconds',
            'squared_handle_seconds': 'contacts.contact_handle_seconds * contacts.contact_handle_seconds',
        }.items() %}
        cast(sum(
            case
                when
                    {{ 'false' if kind == 'whole' else 'bases.base_from <= contacts.started_at' }}
                    and contacts.started_at < bases.base_until
                    then {{ value }}
                else 0
            end
        ) as bigint) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from contacts
    inner join bases
        on contacts.source_system = bases.source_system
    group by
        contacts.source_system,
        {%- if kind != 'whole' %}
        contacts.{{ unit }},
        {%- endif %}
        contacts.category, contacts.channel, contacts.contact_order
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

owned_by_level as (

    select
        source_system,
        left_out_type,
        unit,
        category,
        channel,
        contact_order
        {%- for level, keys in levels.items() %}
        {%- for measure in ['contact_count', 'handle_seconds', 'squared_handle_seconds'] %},
        cast(sum({{ measure }}) over (
            partition by {{ (['source_system', 'left_out_type', 'unit'] + keys) | join(', ') }}
        ) as bigint) as {{ level }}_{{ measure }}
        {%- endfor %}
        {%- endfor %}
    from own_sums

),

rest as (

    select
        own_base.source_system,
        own_base.left_out_type,
        own_base.unit,
        own_base.category,
        own_base.channel,
        own_base.contact_order
        {%- for level in levels %}
        {%- for measure in ['contact_count', 'handle_seconds', 'squared_handle_seconds'] %},
        coalesce({{ level }}_cells.{{ measure }}, 0) - own_base.{{ level }}_{{ measure }} as {{ level }}_{{ measure }}
        {%- endfor %}
        {%- endfor %}
    from owned_by_level as own_base
    {%- for level, keys in levels.items() %}
    left join cells as {{ level }}_cells
        on
            own_base.source_system = {{ level }}_cells.source_system
            and {{ level }}_cells.cell_level = '{{ level }}'
            {%- for key in keys %}
            and own_base.{{ key }} = {{ level }}_cells.{{ key }}_key
            {%- endfor %}
    {%- endfor %}

),

-- the finest cell of which 30 contacts remain
chosen as (

    select
        source_system,
        left_out_type,
        unit,
        category,
        channel,
        contact_order,
        case
            {%- for level in levels %}
            when {{ level }}_contact_count >= 30 then '{{ level }}'
            {%- endfor %}
        end as cell_level,
        {%- for measure in ['contact_count', 'handle_seconds', 'squared_handle_seconds'] %}
        case
            {%- for level in levels %}
            when {{ level }}_contact_count >= 30 then {{ level }}_{{ measure }}
            {%- endfor %}
        end as {{ measure }},
        {%- endfor %}
        case when all_contact_count >= 30 then all_contact_count end as base_contact_count,
        case when all_contact_count >= 30 then all_handle_seconds end as base_handle_seconds
    from rest

),

expected as (

    select
        *,
        {{ integer_division('2000 * handle_seconds + contact_count', '2 * contact_count') }} as expected_milliseconds,
        {{ integer_division('2000 * base_handle_seconds + base_contact_count', '2 * base_contact_count') }}
            as base_milliseconds
    from chosen

),

spread as (

    select
        *,
        case
            when contact_count is not null
                then greatest(
                    {{ integer_division('squared_handle_seconds', 'contact_count') }}
                    - {{ integer_division('expected_milliseconds * expected_milliseconds', '1000000') }},
                    0
                )
        end as variance_square_seconds
    from expected

),

final as (

    select
        contacts.source_system,
        contacts.contact_key,
        contacts.contact_order,
        whole_spread.cell_level,
        contacts.contact_handle_seconds
        {%- for kind in left_out %}
        {%- set suffix = '' if kind == 'whole' else '_without_' ~ kind %},
        {{ kind }}_spread.expected_milliseconds as expected_milliseconds{{ suffix }},
        {{ kind }}_spread.variance_square_seconds as variance_square_seconds{{ suffix }},
        {{ kind }}_spread.base_milliseconds as base_milliseconds{{ suffix }}
        {%- endfor %}
    from contacts
    {%- for kind, unit in left_out.items() %}
    left join spread as {{ kind }}_spread
        on
            contacts.source_system = {{ kind }}_spread.source_system
            and {{ kind }}_spread.left_out_type = '{{ kind }}'
            {%- if kind != 'whole' %}
            and contacts.{{ unit }} = {{ kind }}_spread.unit
            {%- endif %}
            and contacts.category = {{ kind }}_spread.category
            and contacts.channel = {{ kind }}_spread.channel
            and contacts.contact_order = {{ kind }}_spread.contact_order
    {%- endfor %}

)

select * from final
