{#- People rules: which cells of people must not be shown, so that none can be worked out. Written behind `with`, it adds CTEs,
    the last of which is `suppressed_cells`: source_system, month_start, unit_type, unit, contact_agent_count, day_agent_count,
    is_small, is_suppressed.

    memberships: name of a CTE of the same query: source_system, month_start, basis (`contact`: who answered; `day`: who was on duty),
        agent_key (null: unknown, which is nobody), team, queue, channel; of a day queue and channel are null.

    1. A unit with fewer than `minimum_agents` agents, by either basis, is small, and suppressed.
    2. What the shown units leave of the total must be of enough agents too: else the smallest shown unit goes as well.
    3. Teams, queues and channels cut the same work in three ways. A queue is shown only where no remainder of a queue
       without the shown teams, or of a team without the shown queues, is of too few agents; otherwise all queues of the month_start
       go. Channels likewise, against teams and queues.
    Units that overlap in time (weeks, months) are not defended: marts offer teams, queues and channels by month only. -#}
{% macro suppressed_cells(memberships) -%}
{%- set minimum = var('minimum_agents') | int -%}
people as (

    {%- for unit_type in ['total', 'team', 'queue', 'channel'] %}
    select
        source_system,
        month_start,
        '{{ unit_type }}' as unit_type,
        {{ "'(all)'" if unit_type == 'total' else unit_type }} as unit,
        basis,
        agent_key
    from {{ memberships }}
    {%- if unit_type in ['queue', 'channel'] %}
    where basis = 'contact'
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

sized as (

    select
        source_system,
        month_start,
        unit_type,
        unit,
        {%- for basis in ['contact', 'day'] %}
        case when max(case when basis = '{{ basis }}' then 1 end) = 1
            then cast(count(distinct case when basis = '{{ basis }}' then agent_key end) as bigint)
        end as {{ basis }}_agent_count{{ ',' if not loop.last }}
        {%- endfor %}
    from people
    group by source_system, month_start, unit_type, unit

),

ranked as (

    select
        *,
        coalesce(contact_agent_count < {{ minimum }}, false) or coalesce(day_agent_count < {{ minimum }}, false)
            as is_small,
        row_number() over (
            partition by
                source_system, month_start, unit_type,
                coalesce(contact_agent_count < {{ minimum }}, false) or coalesce(day_agent_count < {{ minimum }}, false)
            order by
                case when contact_agent_count is null or day_agent_count is null then 1 else 0 end,
                coalesce(contact_agent_count, day_agent_count),
                {{ text_order('unit') }}
        ) as size_rank
    from sized

),

remainders as (

    select
        people.source_system,
        people.month_start,
        people.unit_type,
        people.basis,
        count(distinct people.agent_key) as agent_count
    from people
    inner join ranked
        on
            people.source_system = ranked.source_system
            and people.month_start = ranked.month_start
            and people.unit_type = ranked.unit_type
            and people.unit = ranked.unit
            and ranked.is_small
    where people.unit_type <> 'total'
    group by people.source_system, people.month_start, people.unit_type, people.basis

),

too_small as (

    select distinct
        source_system,
        month_start,
        unit_type
    from remainders
    where agent_count < {{ minimum }}

),

within_type as (

    select
        ranked.*,
        ranked.is_small or (too_small.unit_type is not null and ranked.size_rank = 1) as is_suppressed
    from ranked
    left join too_small
        on
            ranked.source_system = too_small.source_system
            and ranked.month_start = too_small.month_start
            and ranked.unit_type = too_small.unit_type

),

{%- for unit_type, others in {'queue': ['team'], 'channel': ['team', 'queue']}.items() %}
{%- set before = 'within_type' if unit_type == 'queue' else 'within_queues' %}

crossed_{{ unit_type }} as (

    {% for other in others -%}
    select
        memberships.source_system,
        memberships.month_start,
        -- shown units by themselves, suppressed ones together: a sum of what is shown cannot tell these apart
        case when not {{ unit_type }}_cells.is_suppressed then {{ unit_type }}_cells.unit end as unit,
        case when not {{ other }}_cells.is_suppressed then {{ other }}_cells.unit end as other_unit,
        '{{ other }}' as other_type,
        count(distinct memberships.agent_key) as agent_count
    from {{ memberships }} as memberships
    inner join {{ before }} as {{ unit_type }}_cells
        on
            memberships.source_system = {{ unit_type }}_cells.source_system
            and memberships.month_start = {{ unit_type }}_cells.month_start
            and {{ unit_type }}_cells.unit_type = '{{ unit_type }}'
            and memberships.{{ unit_type }} = {{ unit_type }}_cells.unit
    inner join {{ before }} as {{ other }}_cells
        on
            memberships.source_system = {{ other }}_cells.source_system
            and memberships.month_start = {{ other }}_cells.month_start
            and {{ other }}_cells.unit_type = '{{ other }}'
            and memberships.{{ other }} = {{ other }}_cells.unit
    where memberships.basis = 'contact' and ({{ unit_type }}_cells.is_suppressed or {{ other }}_cells.is_suppressed)
    group by
        memberships.source_system, memberships.month_start,
        case when not {{ unit_type }}_cells.is_suppressed then {{ unit_type }}_cells.unit end,
        case when not {{ other }}_cells.is_suppressed then {{ other }}_cells.unit end
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

leaking_{{ unit_type }} as (

    select distinct
        source_system,
        month_start
    from crossed_{{ unit_type }}
    where agent_count < {{ minimum }}

),

within_{{ unit_type }}s as (

    select
        cells.source_system,
        cells.month_start,
        cells.unit_type,
        cells.unit,
        cells.contact_agent_count,
        cells.day_agent_count,
        cells.is_small,
        cells.is_suppressed or leaking.month_start is not null as is_suppressed
    from {{ before }} as cells
    left join leaking_{{ unit_type }} as leaking
        on
            cells.source_system = leaking.source_system
            and cells.month_start = leaking.month_start
            and cells.unit_type = '{{ unit_type }}'

),
{%- endfor %}

suppressed_cells as (

    select * from within_channels

)
{%- endmacro %}
