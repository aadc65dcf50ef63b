-- Grain: source system x period x unit x window. The bill: what was spent on work that came back. A repeat is billed once,
-- to the period and unit of the contact that caused it; its own team only did the work. Mature contacts only.
-- What nobody recorded the time of is counted and named, never priced: the bill is a lower bound.
-- cost: the customers of each cell, since squares of clusters do not add up.
{% set zone = var('reporting_time_zone') %}
{% set counts = [
    'judged_count', 'returned_count', 'repeat_contact_count', 'repeat_ticket_count', 'abandoned_repeat_count',
    'unmeasured_repeat_count', 'handled_seconds', 'billed_seconds', 'priced_seconds', 'judged_ticket_count',
    'returned_ticket_count', 'reopened_ticket_count', 'linked_ticket_count', 'inferred_ticket_count',
] %}

with

default_window as (

    select window_days
    from {{ ref('windows') }}
    where is_default

),

verdicts as (

    select * from {{ ref('fct_claim_verdicts') }}
    where
        claim_type in ('ticket_resolved', 'contact_handled')
        and tier_set = 'return'
        and is_default_window

),

observed as (

    select
        source_system,
        case when count(*) = count(observed_until) then min(observed_until) end as observed_until
    from verdicts
    group by source_system

),

-- what a paid hour of the desk costs, of the month, else of all judged months; of a team it could speak of few people
prices as (

    select
        source_system,
        period_type,
        period_start,
        currency,
        paid_hour_price,
        row_number() over (
            partition by source_system, period_type, period_start
            order by case when is_main_currency then 0 else 1 end, {{ text_order('currency') }}
        ) as price_number
    from {{ ref('cost_to_resolve') }}
    where
        unit_type = 'total'
        and paid_hour_price is not null

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

repeats as (

    select
        interactions.interaction_id,
        interactions.kind,
        interactions.is_answered,
        interactions.contact_handle_seconds,
        coalesce(of_month.currency, of_all.currency) as currency,
        coalesce(of_month.paid_hour_price, of_all.paid_hour_price) as paid_hour_price
    from interactions
    left join {{ ref('dim_dates') }} as dates
        on cast({{ local_time('interactions.started_at', zone) }} as date) = dates.date_day
    left join prices as of_month
        on
            interactions.source_system = of_month.source_system
            and of_month.period_type = 'month'
            and dates.month_start = of_month.period_start
            and of_month.price_number = 1
    left join prices as of_all
        on
            interactions.source_system = of_all.source_system
            and of_all.period_type = 'to_date'
            and of_all.price_number = 1

),

-- one row per contact that could have settled it, and the repeat that it caused
judged as (

    select
        interactions.source_system,
        members.window_days,
        cast({{ local_time('interactions.ended_at', zone) }} as date) as event_on,
        interactions.team_id,
        interactions.queue,
        interactions.category,
        interactions.channel,
        interactions.account_id,
        interactions.customer_key,
        interactions.contact_handle_seconds as handled_seconds,
        members.is_trigger,
        repeats.kind as repeat_kind,
        repeats.is_answered as is_repeat_answered,
        repeats.contact_handle_seconds as repeat_seconds,
        repeats.currency,
        case
            when repeats.contact_handle_seconds is not null and repeats.paid_hour_price is not null
                then {{ integer_division(
                    '2 * repeats.contact_handle_seconds * cast(100 * repeats.paid_hour_price as bigint) + 3600', '7200'
                ) }}
        end as repeat_cents
    from {{ ref('fct_chain_members') }} as members
    inner join default_window
        on members.window_days = default_window.window_days
    inner join interactions
        on members.interaction_id = interactions.interaction_id
    left join repeats
        on
            case when members.is_trigger then interactions.next_interaction_id end = repeats.interaction_id
    where
        members.is_mature
        and not coalesce(interactions.is_forwarded, false)

),

billed as (

    select
        source_system,
        window_days,
        event_on,
        team_id,
        queue,
        category,
        channel,
        account_id,
        customer_key,
        currency,
        repeat_seconds as billed_seconds,
        repeat_cents as billed_cents
    from judged
    where repeat_seconds is not null

),

claims as (

    select
        *,
        cast({{ local_time('claimed_at', zone) }} as date) as event_on
    from verdicts
    where
        claim_type = 'ticket_resolved'
        and is_headline_cohort
        and is_mature
        and verdict in ('held', 'falsified')

),

daily as (

    select
        judged.source_system,
        judged.window_days,
        observed.observed_until,
        judged.event_on,
        judged.team_id,
        judged.queue,
        judged.category,
        judged.channel,
        judged.account_id,
        count(*) as judged_count,
        {{ count_where('judged.is_trigger') }} as returned_count,
        {{ count_where("judged.repeat_kind = 'contact' and judged.is_repeat_answered") }} as repeat_contact_count,
        {{ count_where("judged.repeat_kind <> 'contact'") }} as repeat_ticket_count,
        {{ count_where("judged.repeat_kind = 'contact' and not judged.is_repeat_answered") }} as abandoned_repeat_count,
        {{ count_where(
            "judged.repeat_seconds is null and (judged.repeat_kind <> 'contact' or judged.is_repeat_answered)"
        ) }} as unmeasured_repeat_count,
        coalesce(sum(judged.handled_seconds), 0) as handled_seconds,
        coalesce(sum(judged.repeat_seconds), 0) as billed_seconds,
        coalesce(sum(case when judged.repeat_cents is not null then judged.repeat_seconds end), 0) as priced_seconds,
        {%- for count in counts if count.endswith('ticket_count') and count != 'repeat_ticket_count' %}
        cast(0 as bigint) as {{ count }}{{ ',' if not loop.last }}
        {%- endfor %}
    from judged
    left join observed
        on judged.source_system = observed.source_system
    group by
        judged.source_system,
        judged.window_days,
        observed.observed_until,
        judged.event_on,
        judged.team_id,
        judged.queue,
        judged.category,
        judged.channel,
        judged.account_id

    union all

    select
        claims.source_system,
        claims.window_days,
        observed.observed_until,
        claims.event_on,
        claims.team_id,
        claims.queue,
        claims.category,
        claims.channel,
        claims.account_id,
        {%- for count in counts if not count.endswith('ticket_count') or count == 'repeat_ticket_count' %}
        cast(0 as bigint) as {{ count }},
        {%- endfor %}
        count(*) as judged_ticket_count,
        {{ count_where("claims.verdict = 'falsified'") }} as returned_ticket_count,
        {%- for name, tier in {'reopened': 'R1', 'linked': 'R2', 'inferred': 'R3'}.items() %}
        {{ count_where("claims.falsified_by_tier = '" ~ tier ~ "'") }}
            as {{ name }}_ticket_count{{ ',' if not loop.last }}
        {%- endfor %}
    from claims
    left join observed
        on claims.source_system = observed.source_system
    group by
        claims.source_system,
        claims.window_days,
        observed.observed_until,
        claims.event_on,
        claims.team_id,
        claims.queue,
        claims.category,
        claims.channel,
        claims.account_id

),

{#- none of teams, queues or channels: handle time of few people could be worked out of it -#}
{{ cells_of('daily', keys=['window_days'], sums=counts, unit_types=['total', 'category', 'account']) }},

-- who comes back comes back again, so customers vary and not contacts
customers as (

{{ cluster_members(
    'billed', by=['customer_key', 'currency'], sums=['billed_seconds', 'billed_cents'], keys=['window_days']
) }}

),

customer_totals as (

    select
        source_system,
        window_days,
        period_type,
        period_start,
        unit_type,
        unit,
        customer_key,
        min(currency) as first_currency,
        max(currency) as last_currency,
        cast(sum(billed_seconds) as bigint) as billed_seconds,
        cast(sum(billed_cents) as bigint) as billed_cents
    from customers
    group by source_system, window_days, period_type, period_start, unit_type, unit, customer_key

),

squares as (

    select
        source_system,
        window_days,
        period_type,
        period_start,
        unit_type,
        unit,
        count(*) as billed_customer_count,
        cast(sum(billed_seconds) as bigint) as billed_seconds,
        sum(cast(billed_seconds as decimal(38, 0)) * billed_seconds) as squared_seconds,
        case when min(first_currency) = max(last_currency) then min(first_currency) end as currency,
        cast(sum(billed_cents) as bigint) as billed_cents,
        sum(cast(billed_cents as decimal(38, 0)) * billed_cents) as squared_cents
    from customer_totals
    group by source_system, window_days, period_type, period_start, unit_type, unit

),

bounds as (

    select
        *,
        {%- for side in ['low', 'high'] %}
        {{ total_interval('billed_seconds', 'squared_seconds', side) }} as seconds_{{ side }},
        {{ total_interval('billed_cents', 'squared_cents', side) }} as cents_{{ side }}{{ ',' if not loop.last }}
        {%- endfor %}
    from squares

),

final as (

    select
        -- grain
        cells.source_system,
        cells.period_type,
        cells.period_start,
        cells.unit_type,
        cells.unit,
        cells.window_days,

        -- what came back
        cells.period_end,
        cells.is_period_mature,
        {%- for count in counts[:6] %}
        cells.{{ count }},
        {%- endfor %}
        coalesce(bounds.billed_customer_count, 0) as billed_customer_count,

        -- the bill in time
        cells.handled_seconds,
        cells.billed_seconds,
        -- where no repeat's time is recorded, the bill is not known; where nothing came back, it is 0
        case
            when cells.is_period_mature and (bounds.billed_customer_count > 0 or cells.unmeasured_repeat_count = 0)
                then {{ ratio('cells.billed_seconds', '3600', 2) }}
        end as billed_hours,
        {%- for side in ['low', 'high'] %}
        case
            when cells.is_period_mature
                then {{ ratio('cast(100 * bounds.seconds_' ~ side ~ ' as bigint)', '360000', 2) }}
        end as billed_hours_{{ side }},
        {%- endfor %}
        case
            when cells.is_period_mature and (bounds.billed_customer_count > 0 or cells.unmeasured_repeat_count = 0)
                then cast({{ ratio('cells.billed_seconds', 'cells.handled_seconds') }} as decimal(9, 4))
        end as billed_share_of_handle_time,

        -- the bill in money
        bounds.currency,
        cells.priced_seconds,
        case
            when cells.is_period_mature and bounds.currency is not null
                then {{ ratio('bounds.billed_cents', '100', 2) }}
        end as billed_amount,
        {%- for side in ['low', 'high'] %}
        case
            when cells.is_period_mature and bounds.currency is not null
                then {{ ratio('cast(100 * bounds.cents_' ~ side ~ ' as bigint)', '10000', 2) }}
        end as billed_amount_{{ side }},
        {%- endfor %}

        -- resolutions that came back: work that no tool records the time of
        {%- for count in counts[-5:] %}
        cells.{{ count }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cells
    left join bounds
        on
            cells.source_system = bounds.source_system
            and cells.window_days = bounds.window_days
            and cells.period_type = bounds.period_type
            and cells.period_start = bounds.period_start
            and cells.unit_type = bounds.unit_type
            and cells.unit = bounds.unit

)

select * from final
