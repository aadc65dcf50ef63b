-- Grain: source system x period x category x factor. Handle time over what the work lets expect, where a factor was there and
-- where it was not: what makes contacts long besides their category. Expected as in fct_contact_expectations, without the
-- first or repeat contact, which is a factor here. A difference, not a cause: hard cases are passed on because they are hard.
{% set zone = var('reporting_time_zone') %}
{% set factors = {
    'repeat_contact': "contacts.contact_order = 'repeat'",
    'first_contact': "contacts.contact_order = 'first'",
    'passed_on': 'contacts.transfer_count > 0',
    'held': 'contacts.hold_seconds > 0',
    'consulted': 'contacts.consult_count > 0',
    'new_agent': 'contacts.is_new_agent',
    'waited_over_two_minutes': 'contacts.wait_seconds > 120',
} %}

with

-- a desk of too few people in a month is in no figure
withheld_months as (

    select
        source_system,
        month_start
    from {{ ref('fct_people_cells') }}
    where unit_type = 'total' and contact_agent_count < {{ var('minimum_agents') }}

),

answered as (

    select
        contact_key,
        agent_key,
        row_number() over (
            partition by contact_key
            order by leg_position, {{ text_order('leg_id') }}
        ) as answer_number
    from {{ ref('fct_contact_legs') }}
    where is_answered

),

hired as (

    select
        source_system,
        agent_key,
        min(hired_on) as hired_on
    from {{ ref('dim_agents') }}
    group by source_system, agent_key

),

-- the same work, whether first or repeat
cells as (

    select
        source_system,
        cell_level,
        category,
        channel,
        contact_count,
        handle_seconds
    from {{ ref('dim_expected_handle_time') }}
    where cell_level in ('category_channel', 'category', 'all')

),

contacts as (

    select
        interactions.source_system,
        dates.date_day as event_on,
        dates.month_start,
        coalesce(interactions.category, '(none)') as category,
        expectations.contact_order,
        interactions.transfer_count,
        interactions.hold_seconds,
        interactions.consult_count,
        interactions.wait_seconds,
        answered.agent_key,
        hired.hired_on is not null as is_hire_known,
        cast(hired.hired_on + interval '90' day as date) > dates.date_day as is_new_agent,
        interactions.contact_handle_seconds,
        case
            {%- for level in ['category_channel', 'category', 'all'] %}
            when of_{{ level }}.contact_count >= 30
                then {{ integer_division(
                    '2 * of_' ~ level ~ '.handle_seconds + of_' ~ level ~ '.contact_count',
                    '2 * of_' ~ level ~ '.contact_count'
                ) }}
            {%- endfor %}
        end as expected_seconds
    from {{ ref('fct_interactions') }} as interactions
    inner join {{ ref('fct_contact_expectations') }} as expectations
        on interactions.contact_key = expectations.contact_key
    inner join {{ ref('dim_dates') }} as dates
        on cast({{ local_time('interactions.started_at', zone) }} as date) = dates.date_day
    left join withheld_months
        on
            interactions.source_system = withheld_months.source_system
            and dates.month_start = withheld_months.month_start
    left join answered
        on
            interactions.contact_key = answered.contact_key
            and answered.answer_number = 1
    left join hired
        on
            interactions.source_system = hired.source_system
            and answered.agent_key = hired.agent_key
    left join cells as of_category_channel
        on
            interactions.source_system = of_category_channel.source_system
            and of_category_channel.cell_level = 'category_channel'
            and coalesce(interactions.category, '(none)') = of_category_channel.category
            and coalesce(interactions.channel, '(none)') = of_category_channel.channel
    left join cells as of_category
        on
            interactions.source_system = of_category.source_system
            and of_category.cell_level = 'category'
            and coalesce(interactions.category, '(none)') = of_category.category
    left join cells as of_all
        on
            interactions.source_system = of_all.source_system
            and of_all.cell_level = 'all'
    where interactions.kind = 'contact' and withheld_months.month_start is null

),

-- people rules: of new agents only over everything to date, and where they and the others are enough
comparable_agents as (

    select
        source_system,
        category
    from contacts
    where is_hire_known
    group by source_system, category
    having
        count(distinct case when is_new_agent then agent_key end) >= {{ var('minimum_agents') }}
        and count(distinct case when not is_new_agent then agent_key end) >= {{ var('minimum_agents') }}

),

-- a factor that the system never records is not absent, it is unknown
excess as (

    {% for factor, condition in factors.items() -%}
    select
        contacts.source_system,
        contacts.event_on,
        contacts.month_start,
        contacts.category,
        '{{ factor }}' as factor,
        {{ condition }} as is_there,
        contacts.contact_handle_seconds,
        contacts.expected_seconds,
        contacts.contact_handle_seconds - contacts.expected_seconds as excess_seconds
    from contacts
    {%- if factor == 'new_agent' %}
    inner join comparable_agents
        on
            contacts.source_system = comparable_agents.source_system
            and contacts.category = comparable_agents.category
    {%- endif %}
    where
        contacts.expected_seconds is not null
        {%- if factor in ['repeat_contact', 'first_contact'] %}
        and contacts.contact_order <> 'unknown'
        {%- elif factor == 'new_agent' %}
        and contacts.is_hire_known
        {%- else %}
        and ({{ condition }}) is not null
        {%- endif %}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

spans as (

    select
        source_system,
        min(event_on) as first_on
    from excess
    group by source_system

),

periods as (

    select
        excess.source_system,
        'to_date' as period_type,
        spans.first_on as period_start,
        excess.category,
        excess.factor,
        excess.is_there,
        excess.contact_handle_seconds,
        excess.expected_seconds,
        excess.excess_seconds
    from excess
    inner join spans
        on excess.source_system = spans.source_system
    union all
    select
        source_system,
        'month' as period_type,
        month_start as period_start,
        category,
        factor,
        is_there,
        contact_handle_seconds,
        expected_seconds,
        excess_seconds
    from excess
    where factor <> 'new_agent'

),

grouped as (

    select
        source_system,
        period_type,
        period_start,
        category,
        factor,
        {%- for side, condition in {'with': 'is_there', 'without': 'not is_there'}.items() %}
        {{ count_where(condition) }} as {{ side }}_count,
        cast(sum(case when {{ condition }} then contact_handle_seconds else 0 end) as bigint)
            as {{ side }}_handle_seconds,
        cast(sum(case when {{ condition }} then expected_seconds else 0 end) as bigint) as {{ side }}_expected_seconds,
        -- nearest rank: of two in the middle the lower
        percentile_disc(0.50) within group (order by case when {{ condition }} then excess_seconds end)
            as {{ side }}_median_excess_seconds{{ ',' if not loop.last }}
        {%- endfor %}
    from periods
    group by source_system, period_type, period_start, category, factor

),

final as (

    select
        source_system,
        period_type,
        period_start,
        category,
        factor,
        with_count,
        without_count,
        with_handle_seconds,
        with_expected_seconds,
        without_handle_seconds,
        without_expected_seconds,
        cast({{ ratio('with_handle_seconds', 'with_expected_seconds') }} as decimal(18, 4)) as with_handle_ratio,
        cast({{ ratio('without_handle_seconds', 'without_expected_seconds') }} as decimal(18, 4))
            as without_handle_ratio,
        cast(with_median_excess_seconds as bigint) as with_median_excess_seconds,
        cast(without_median_excess_seconds as bigint) as without_median_excess_seconds
    from grouped

)

select * from final
