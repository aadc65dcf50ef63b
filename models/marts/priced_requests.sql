-- Grain: source system x period x unit. Do people need fewer password resets, or do they only ask for fewer? What was
-- asked for, by every door, beside lockouts and failed logins of the same accounts, before and after a price.
-- Only resets of an account that the directory reports on; whole months only. Lockouts and resets share their users, so
-- these cancel out of every comparison.
{% set zone = var('reporting_time_zone') %}
{% set counts = [
    'reset_count', 'bot_reset_count', 'self_service_count', 'any_door_count', 'lockout_count', 'failed_login_count',
    'user_days', 'paid_reset_count',
] %}
{% set compared = ['reset_count', 'any_door_count', 'lockout_count', 'user_days'] %}
{% set priced_systems = var('priced_accounts') | join("', '") %}
{%- set listed -%}
    (
    {%- for word in var('password_reset_categories') -%}
    '{{ word | lower | replace("'", "''") }}'{{ ', ' if not loop.last }}
    {%- endfor -%}
    )
{%- endset %}

with

access_events as (

    select
        events.*,
        dates.month_start
    from {{ ref('fct_access_events') }} as events
    inner join {{ ref('dim_dates') }} as dates
        on events.day_on = dates.date_day

),

coverage as (

    select
        source_system,
        cast({{ local_time('max(first_record_at)', zone) }} as date) as first_record_on,
        cast({{ local_time('min(observed_until)', zone) }} as date) as observed_until_on
    from {{ ref('dim_feed_coverage') }}
    where feed in ('tickets_opened', 'calls')
    group by source_system

),

spans as (

    select
        access_events.source_system,
        greatest(min(access_events.day_on), coverage.first_record_on) as first_on,
        least(cast(max(access_events.day_on) + interval '1' day as date), coverage.observed_until_on) as end_on
    from access_events
    inner join coverage
        on access_events.source_system = coverage.source_system
    group by access_events.source_system, coverage.first_record_on, coverage.observed_until_on

),

-- a month is whole where no more than a week is missing at its beginning and two days at its end
months as (

    select distinct
        spans.source_system,
        access_events.month_start,
        min(access_events.month_start) over (partition by spans.source_system) as first_month
    from access_events
    inner join spans
        on access_events.source_system = spans.source_system
    where
        spans.first_on < access_events.month_start + interval '7' day
        and spans.end_on > access_events.month_start + interval '1' month - interval '3' day

),

prices as (

    select
        source_system,
        cast(date_trunc('month', month) as date) as month_start,
        max(amount) as price,
        min(currency) as currency
    from {{ ref('fct_costs') }}
    where
        is_price
        and {{ lowered('priced_category') }} in {{ listed }}
        and amount is not null
    group by source_system, cast(date_trunc('month', month) as date)

),

first_prices as (

    select
        source_system,
        min(month_start) as first_price_month
    from prices
    group by source_system

),

-- who belongs to whom is known where all of a customer's work has one account
customers as (

    select
        source_system,
        customer_key,
        min(account_id) as account_id
    from {{ ref('fct_interactions') }}
    where customer_key is not null
    group by source_system, customer_key
    having min(account_id) = max(account_id)

),

-- a reset is asked for once, however often one has to come about it
asked as (

    select
        interactions.source_system,
        dates.month_start,
        coalesce(interactions.account_id, customers.account_id) as account_id,
        count(*) as reset_count
    from {{ ref('fct_interactions') }} as interactions
    inner join {{ ref('dim_dates') }} as dates
        on cast({{ local_time('interactions.started_at', zone) }} as date) = dates.date_day
    left join customers
        on
            interactions.source_system = customers.source_system
            and interactions.customer_key = customers.customer_key
    where
        interactions.is_counted
        and coalesce(interactions.chain_position, 1) = 1
        and {{ lowered('interactions.category') }} in {{ listed }}
    group by
        interactions.source_system, dates.month_start, coalesce(interactions.account_id, customers.account_id)

),

contained as (

    select
        sessions.source_system,
        dates.month_start,
        customers.account_id,
        count(*) as bot_reset_count
    from {{ ref('fct_bot_sessions') }} as sessions
    inner join {{ ref('dim_dates') }} as dates
        on cast({{ local_time('sessions.started_at', zone) }} as date) = dates.date_day
    inner join customers
        on
            sessions.source_system = customers.source_system
            and sessions.customer_key = customers.customer_key
    where
        sessions.is_contained
        and {{ lowered('sessions.intent') }} in {{ listed }}
    group by sessions.source_system, dates.month_start, customers.account_id

),

access_months as (

    select
        source_system,
        month_start,
        account_id,
        sum(users) as user_days,
        sum(lockouts) as lockout_count,
        sum(failed_logins) as failed_login_count,
        sum(self_service_resets) as self_service_count,
        count(distinct day_on) as day_count
    from access_events
    group by source_system, month_start, account_id

),

-- whom a price concerns
payers as (

    select
        source_system,
        account_id
    from (
        values
        {%- for system, accounts in var('priced_accounts').items() %}
        {%- for account in accounts %}
        ('{{ system }}', '{{ account }}'),
        {%- endfor %}
        {%- endfor %}
        (cast(null as varchar), cast(null as varchar))
    ) as listed (source_system, account_id)

),

account_months as (

    select
        access_months.source_system,
        access_months.month_start,
        access_months.account_id,
        access_months.day_count,
        prices.price,
        prices.currency,
        first_prices.first_price_month,
        case
            when access_months.month_start < coalesce(
                first_prices.first_price_month, months.first_month + interval '1' month
            ) then 'before'
            when access_months.month_start = first_prices.first_price_month then 'first month'
            else 'after'
        end as phase,
        case
            when access_months.source_system in ('{{ priced_systems }}')
                then payers.account_id is not null
        end as is_priced,
        coalesce(asked.reset_count, 0) as reset_count,
        coalesce(contained.bot_reset_count, 0) as bot_reset_count,
        access_months.self_service_count,
        coalesce(asked.reset_count, 0) + coalesce(contained.bot_reset_count, 0)
        + coalesce(access_months.self_service_count, 0) as any_door_count,
        access_months.lockout_count,
        access_months.failed_login_count,
        access_months.user_days
    from access_months
    inner join months
        on
            access_months.source_system = months.source_system
            and access_months.month_start = months.month_start
    left join asked
        on
            access_months.source_system = asked.source_system
            and access_months.month_start = asked.month_start
            and access_months.account_id = asked.account_id
    left join contained
        on
            access_months.source_system = contained.source_system
            and access_months.month_start = contained.month_start
            and access_months.account_id = contained.account_id
    left join payers
        on
            access_months.source_system = payers.source_system
            and access_months.account_id = payers.account_id
    left join prices
        on
            access_months.source_system = prices.source_system
            and access_months.month_start = prices.month_start
    left join first_prices
        on access_months.source_system = first_prices.source_system

),

units as (

    select
        account_months.*,
        unit_types.unit_type,
        case unit_types.unit_type
            when 'total' then '(all)'
            when 'account' then account_months.account_id
            else case when account_months.is_priced then 'priced' else 'unpriced' end
        end as unit,
        case
            when account_months.price is not null and coalesce(account_months.is_priced, true)
                then account_months.reset_count
            else 0
        end as paid_reset_count
    from account_months
    cross join (values ('total'), ('account'), ('pricing')) as unit_types (unit_type)
    where unit_types.unit_type <> 'pricing' or account_months.is_priced is not null

),

unit_months as (

    select
        source_system,
        unit_type,
        unit,
        'month' as period_type,
        month_start as period_start,
        cast(month_start + interval '1' month as date) as period_end,
        phase,
        first_price_month,
        max(price) as price,
        min(currency) as currency,
        case when min(case when is_priced then 1 else 0 end) = max(case when is_priced then 1 else 0 end) then
            min(case when is_priced is not null then case when is_priced then 1 else 0 end end)
        end as priced_flag,
        max(day_count) as day_count
        {%- for count in counts %},
        cast(sum({{ count }}) as bigint) as {{ count }}
        {%- endfor %},
        cast(sum(paid_reset_count * price) as decimal(38, 4)) as paid_amount
    from units
    group by source_system, unit_type, unit, month_start, phase, first_price_month

),

-- all months after the first price, or after the base month
afterwards as (

    select
        source_system,
        unit_type,
        unit,
        'to_date' as period_type,
        min(period_start) as period_start,
        max(period_end) as period_end,
        'after' as phase,
        first_price_month,
        max(price) as price,
        min(currency) as currency,
        min(priced_flag) as priced_flag,
        cast(sum(day_count) as bigint) as day_count
        {%- for count in counts %},
        cast(sum({{ count }}) as bigint) as {{ count }}
        {%- endfor %},
        sum(paid_amount) as paid_amount
    from unit_months
    where phase = 'after'
    group by source_system, unit_type, unit, first_price_month

),

base as (

    select
        source_system,
        unit_type,
        unit
        {%- for count in compared %},
        cast(sum({{ count }}) as bigint) as {{ count }}
        {%- endfor %}
    from unit_months
    where phase = 'before'
    group by source_system, unit_type, unit

),

periods as (

    select * from unit_months
    union all
    select * from afterwards

),

based as (

    select
        periods.*
        {%- for count in compared %},
        base.{{ count }} as base_{{ count }}
        {%- endfor %}
    from periods
    left join base
        on
            periods.source_system = base.source_system
            and periods.unit_type = base.unit_type
            and periods.unit = base.unit

),

-- the others: who is known to pay nothing; where nobody is named, everybody else
controls as (

    select
        based.source_system,
        based.unit_type,
        based.unit,
        based.period_type,
        based.period_start
        {%- for count in ['any_door_count', 'lockout_count', 'base_any_door_count', 'base_lockout_count'] %},
        case
            when based.unit_type <> 'total'
                then coalesce(unpriced.{{ count }}, everybody.{{ count }} - based.{{ count }})
        end as {{ count }}
        {%- endfor %}
    from based
    inner join based as everybody
        on
            based.source_system = everybody.source_system
            and based.period_type = everybody.period_type
            and based.period_start = everybody.period_start
            and everybody.unit_type = 'total'
    left join based as unpriced
        on
            based.source_system = unpriced.source_system
            and based.period_type = unpriced.period_type
            and based.period_start = unpriced.period_start
            and unpriced.unit_type = 'pricing'
            and unpriced.unit = 'unpriced'

),

final as (

    select
        -- grain
        based.source_system,
        based.period_type,
        based.period_start,
        based.unit_type,
        based.unit,

        -- the price
        based.period_end,
        true as is_period_mature,
        based.phase,
        based.first_price_month,
        based.priced_flag = 1 as is_priced,
        cast(based.price as decimal(18, 2)) as price,
        based.currency,
        based.paid_reset_count,
        case when based.paid_reset_count > 0 then based.paid_amount end as paid_amount,

        -- what was asked for, and what was needed
        cast({{ ratio('based.user_days', 'based.day_count', 1) }} as decimal(18, 1)) as mean_users,
        {%- for count in counts if count != 'paid_reset_count' %}
        based.{{ count }},
        {%- endfor %}
        {%- for name, count in {
            'resets': 'reset_count', 'any_door': 'any_door_count', 'self_service': 'self_service_count',
            'lockouts': 'lockout_count', 'failed_logins': 'failed_login_count',
        }.items() %}
        cast({{ ratio('28000 * based.' ~ count, 'based.user_days', 2) }} as decimal(18, 2))
            as {{ name }}_per_1000_users,
        {%- endfor %}

        -- against the months before
        {%- for count in compared %}
        based.base_{{ count }},
        {%- endfor %}
        {%- for name, count in {
            'reset_change': 'reset_count', 'any_door_change': 'any_door_count', 'lockout_change': 'lockout_count',
        }.items() %}
        case
            when based.phase = 'after'
                then cast(round(cast(
                    cast(based.{{ count }} as {{ type_double() }}) * based.base_user_days
                    / nullif(cast(based.base_{{ count }} as {{ type_double() }}) * based.user_days, 0)
                    as decimal(30, 12)), 4) as decimal(18, 4))
        end as {{ name }},
        {%- endfor %}
        {%- for name, side in {'hidden_need': none, 'hidden_need_low': 'low', 'hidden_need_high': 'high'}.items() %}
        case
            when based.phase = 'after'
                then {{ count_ratio(
                    ['based.lockout_count', 'based.base_any_door_count'],
                    ['based.any_door_count', 'based.base_lockout_count'],
                    side
                ) }} - 1
        end as {{ name }},
        {%- endfor %}

        -- against the others in the same months
        {%- for name, side in {
            'hidden_need_to_others': none, 'hidden_need_to_others_low': 'low', 'hidden_need_to_others_high': 'high',
        }.items() %}
        case
            when based.phase = 'after' and not (based.unit_type = 'pricing' and based.unit = 'unpriced')
                then {{ count_ratio(
                    [
                        'based.lockout_count', 'based.base_any_door_count',
                        'controls.any_door_count', 'controls.base_lockout_count',
                    ],
                    [
                        'based.any_door_count', 'based.base_lockout_count',
                        'controls.lockout_count', 'controls.base_any_door_count',
                    ],
                    side
                ) }} - 1
        end as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from based
    inner join controls
        on
            based.source_system = controls.source_system
            and based.unit_type = controls.unit_type
            and based.unit = controls.unit
            and based.period_type = controls.period_type
            and based.period_start = controls.period_start

)

select * from final
