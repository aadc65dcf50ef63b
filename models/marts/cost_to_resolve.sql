-- Grain: source system x currency x period x unit x window. What did a ticket cost, and what one that lasts? Currencies
-- are never added up. Rates are over judged months: the data have them from the beginning, and the windows of all their
-- claims were observed. Costs are whole months', so that a month that is half judged would look dear.
{% set zone = var('reporting_time_zone') %}
{% set counts = [
    'first_claim_count', 'uncosted_claim_count', 'judged_claim_count', 'cohort_count', 'lasting_chain_count',
    'unobservable_count', 'contact_count', 'judged_contact_count', 'tickets_without_handle_count',
    'contacts_without_handle_count', 'paid_seconds', 'unknown_paid_day_count', 'known_paid_day_count', 'response_count',
    'lost_minutes', 'lost_minutes_squared', 'priced_claim_count', 'booking_count',
] %}
{% set amounts = ['cost_amount', 'teamless_cost_amount', 'judged_cost_amount', 'contract_amount'] %}
{% set unit_types = ['total', 'team'] %}
{% set period_types = ['month', 'fiscal_year', 'to_date'] %}

with

default_window as (

    select window_days
    from {{ ref('windows') }}
    where is_default

),

-- a month's costs carry its first day, which may lie before the data
months as (

    select
        month_start,
        min(date_day) as first_on
    from {{ ref('dim_dates') }}
    group by month_start

),

observed as (

    select
        source_system,
        case when count(*) = count(observed_until) then min(observed_until) end as observed_until
    from {{ ref('fct_claim_verdicts') }}
    where
        claim_type in ('ticket_resolved', 'contact_handled')
        and tier_set = 'return'
        and is_default_window
    group by source_system

),

beginnings as (

    select
        source_system,
        cast({{ local_time('min(first_record_at)', zone) }} as date) as first_record_on
    from {{ ref('dim_feed_coverage') }}
    where feed in ('tickets_opened', 'calls')
    group by source_system

),

-- a week is left for New Year and weekends before the first record
system_months as (

    select
        observed.source_system,
        observed.observed_until,
        default_window.window_days,
        months.month_start,
        months.first_on,
        beginnings.first_record_on < months.month_start + interval '7' day
        and coalesce(
            {{ seconds_between(
                utc_time("cast(months.month_start + interval '1' month as timestamp)", zone), 'observed.observed_until'
            ) }} >= default_window.window_days * 86400,
            false
        ) as is_judged
    from observed
    inner join beginnings
        on observed.source_system = beginnings.source_system
    cross join default_window
    cross join months

),

costs as (

    select
        source_system,
        cast(date_trunc('month', month) as date) as month_start,
        team_id,
        coalesce(currency, '(none)') as currency,
        is_price,
        {{ lowered('priced_category') }} as priced_category,
        amount
    from {{ ref('fct_costs') }}
    where amount is not null

),

currencies as (

    select
        source_system,
        currency,
        row_number() over (
            partition by source_system order by count_of_teams desc, {{ text_order('currency') }}
        ) = 1 as is_main_currency
    from (
        select
            source_system,
            currency,
            {{ count_where('not is_price and team_id is not null') }} as count_of_teams
        from costs
        group by source_system, currency
    ) as counted

),

bookings as (

    select
        source_system,
        month_start,
        currency,
        team_id,
        sum(amount) as amount
    from costs
    where not is_price
    group by source_system, month_start, currency, team_id

),

-- one category may be priced twice by mistake; the dearer price is in force
prices as (

    select
        source_system,
        month_start,
        currency,
        priced_category,
        max(amount) as price
    from costs
    where is_price
    group by source_system, month_start, currency, priced_category

),

claims as (

    select
        claims.*,
        verdicts.verdict,
        verdicts.is_mature,
        cast({{ local_time('claims.claimed_at', zone) }} as date) as event_on,
        episodes.episode_number = 1 as is_first_claim,
        row_number() over (
            partition by claims.chain_id order by claims.claimed_at desc, {{ text_order('claims.claim_id') }} desc
        ) as claims_from_last
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('fct_claim_verdicts') }} as verdicts
        on claims.claim_id = verdicts.claim_id
    inner join {{ ref('fct_resolution_episodes') }} as episodes
        on claims.episode_id = episodes.episode_id
    where
        claims.claim_type = 'ticket_resolved'
        and claims.is_headline_cohort
        and verdicts.tier_set = 'return'
        and verdicts.is_default_window

),

-- time that a telephone recorded for a ticket; on the ticket itself no tool writes any down
timed_tickets as (

    select distinct ticket_key
    from {{ ref('fct_interactions') }}
    where
        kind = 'contact'
        and ticket_key is not null
        and contact_handle_seconds is not null

),

-- of a ticket the latest answer counts
answers as (

    select
        ticket_key,
        lost_minutes,
        row_number() over (
            partition by ticket_key order by answered_at desc nulls last, {{ text_order('survey_id') }}
        ) as answer_number
    from {{ ref('fct_survey_responses') }}
    where
        ticket_key is not null
        and lost_minutes >= 0

),

ranked_answers as (

    select
        claims.claim_id,
        claims.source_system,
        answers.lost_minutes,
        row_number() over (
            partition by claims.source_system order by answers.lost_minutes, {{ text_order('claims.claim_id') }}
        ) as answer_rank,
        count(*) over (partition by claims.source_system) as answer_count
    from claims
    inner join answers
        on
            claims.ticket_key = answers.ticket_key
            and answers.answer_number = 1
    where claims.is_first_claim

),

caps as (

    select
        source_system,
        lost_minutes as most_minutes
    from ranked_answers
    where answer_rank = {{ integer_division('95 * answer_count + 99', '100') }}

),

lost_time as (

    select
        ranked_answers.claim_id,
        least(ranked_answers.lost_minutes, caps.most_minutes) as lost_minutes
    from ranked_answers
    inner join caps
        on ranked_answers.source_system = caps.source_system

),

resolved as (

    select
        claims.source_system,
        claims.event_on,
        claims.team_id,
        claims.customer_key,
        claims.account_id,
        claims.category,
        claims.is_first_claim,
        claims.is_first_claim and claims.is_mature and claims.verdict in ('held', 'falsified') as is_in_cohort,
        claims.is_first_claim and claims.verdict = 'unobservable' as is_unobservable,
        claims.chain_id is not null and claims.claims_from_last = 1 and claims.is_mature and claims.verdict = 'held'
            as is_lasting,
        timed_tickets.ticket_key is null as is_untimed,
        lost_time.lost_minutes
    from claims
    left join timed_tickets
        on claims.ticket_key = timed_tickets.ticket_key
    left join lost_time
        on claims.claim_id = lost_time.claim_id

),

contacts as (

    select
        source_system,
        cast({{ local_time('ended_at', zone) }} as date) as event_on,
        team_id,
        count(*) as contact_count,
        {{ count_where('contact_handle_seconds is null') }} as contacts_without_handle_count
    from {{ ref('fct_interactions') }}
    where
        kind = 'contact'
        and is_counted
        and is_answered
        and ended_at is not null
    group by source_system, cast({{ local_time('ended_at', zone) }} as date), team_id

),

agent_days as (

    select
        worked.source_system,
        worked.day_on as event_on,
        agents.team_id,
        coalesce(sum(worked.paid_seconds), 0) as paid_seconds,
        {{ count_where('worked.paid_seconds is not null') }} as known_paid_day_count,
        {{ count_where(
            'worked.paid_seconds is null and (worked.logged_in_seconds > 0 or worked.answered_leg_count > 0)'
        ) }} as unknown_paid_day_count
    from {{ ref('fct_agent_days') }} as worked
    inner join {{ ref('dim_agents') }} as agents
        on
            worked.source_system = agents.source_system
            and worked.agent_key = agents.agent_key
            and (agents.valid_from is null or agents.valid_from < worked.day_on + interval '1' day)
            and (agents.valid_to is null or agents.valid_to >= worked.day_on + interval '1' day)
    group by worked.source_system, worked.day_on, agents.team_id

),

-- whom a contract price concerns; of a system that is not named here, everybody
{%- set payers = [] %}
{%- for system, accounts in var('priced_accounts').items() %}
{%- for account in accounts %}
{%- do payers.append("(resolved.source_system = '" ~ system ~ "' and resolved.account_id = '" ~ account ~ "')") %}
{%- endfor %}
{%- endfor %}

-- work of a team that books nothing in this currency and month has no price in it
resolved_in_currency as (

    select
        resolved.*,
        currencies.currency,
        system_months.window_days,
        system_months.observed_until,
        bookings.team_id is not null as is_costed,
        bookings.team_id is not null and system_months.is_judged as is_judged,
        prices.price
    from resolved
    inner join {{ ref('dim_dates') }} as dates
        on resolved.event_on = dates.date_day
    inner join system_months
        on
            resolved.source_system = system_months.source_system
            and dates.month_start = system_months.month_start
    inner join currencies
        on resolved.source_system = currencies.source_system
    left join bookings
        on
            resolved.source_system = bookings.source_system
            and resolved.team_id = bookings.team_id
            and dates.month_start = bookings.month_start
            and currencies.currency = bookings.currency
    left join prices
        on
            resolved.source_system = prices.source_system
            and {{ lowered('resolved.category') }} = prices.priced_category
            and dates.month_start = prices.month_start
            and currencies.currency = prices.currency
            {%- if payers %}
            and (
                {{ payers | join(' or ') }}
                or resolved.source_system not in ('{{ var('priced_accounts') | join("', '") }}')
            )
            {%- endif %}

),

cohort as (

    select
        source_system,
        event_on,
        team_id,
        customer_key,
        currency,
        window_days,
        case when is_in_cohort then 1 else 0 end as cohort_count,
        case when is_lasting then 1 else 0 end as lasting_chain_count
    from resolved_in_currency
    where
        is_judged
        and (is_in_cohort or is_lasting)

),

{% set zero %}cast(0 as bigint){% endset %}
{% set no_amount %}cast(0 as decimal(38, 4)){% endset %}
daily as (

    select
        source_system,
        currency,
        window_days,
        observed_until,
        event_on,
        team_id,
        {{ count_where('is_first_claim and is_costed') }} as first_claim_count,
        {{ count_where('is_first_claim and not is_costed') }} as uncosted_claim_count,
        {{ count_where('is_first_claim and is_judged') }} as judged_claim_count,
        {{ count_where('is_in_cohort and is_judged') }} as cohort_count,
        {{ count_where('is_lasting and is_judged') }} as lasting_chain_count,
        {{ count_where('is_unobservable and is_judged') }} as unobservable_count,
        {{ zero }} as contact_count,
        {{ zero }} as judged_contact_count,
        {{ count_where('is_first_claim and is_costed and is_untimed') }} as tickets_without_handle_count,
        {{ zero }} as contacts_without_handle_count,
        {{ zero }} as paid_seconds,
        {{ zero }} as unknown_paid_day_count,
        {{ zero }} as known_paid_day_count,
        {{ count_where('is_judged and lost_minutes is not null') }} as response_count,
        cast(coalesce(sum(case when is_judged then lost_minutes end), 0) as bigint) as lost_minutes,
        cast(coalesce(sum(case when is_judged then lost_minutes * lost_minutes end), 0) as bigint)
            as lost_minutes_squared,
        {{ count_where('is_first_claim and price is not null') }} as priced_claim_count,
        {{ zero }} as booking_count,
        {{ no_amount }} as cost_amount,
        {{ no_amount }} as teamless_cost_amount,
        {{ no_amount }} as judged_cost_amount,
        cast(coalesce(sum(case when is_first_claim then price end), 0) as decimal(38, 4)) as contract_amount
    from resolved_in_currency
    group by source_system, currency, window_days, observed_until, event_on, team_id

    union all

    select
        system_months.source_system,
        bookings.currency,
        system_months.window_days,
        system_months.observed_until,
        system_months.first_on as event_on,
        bookings.team_id,
        {%- for count in counts if count != 'booking_count' %}
        {{ zero }} as {{ count }},
        {%- endfor %}
        case when bookings.team_id is not null then 1 else 0 end as booking_count,
        case when bookings.team_id is not null then bookings.amount else 0 end as cost_amount,
        case when bookings.team_id is null then bookings.amount else 0 end as teamless_cost_amount,
        case when bookings.team_id is not null and system_months.is_judged then bookings.amount else 0 end
            as judged_cost_amount,
        {{ no_amount }} as contract_amount
    from bookings
    inner join system_months
        on
            bookings.source_system = system_months.source_system
            and bookings.month_start = system_months.month_start

    union all

    select
        contacts.source_system,
        bookings.currency,
        system_months.window_days,
        system_months.observed_until,
        contacts.event_on,
        contacts.team_id,
        {%- for count in counts %}
        {% if count in ('contact_count', 'contacts_without_handle_count') -%}
        contacts.{{ count }},
        {%- elif count == 'judged_contact_count' -%}
        case when system_months.is_judged then contacts.contact_count else 0 end as {{ count }},
        {%- else -%}
        {{ zero }} as {{ count }},
        {%- endif %}
        {%- endfor %}
        {%- for amount in amounts %}
        {{ no_amount }} as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from contacts
    inner join {{ ref('dim_dates') }} as dates
        on contacts.event_on = dates.date_day
    inner join system_months
        on
            contacts.source_system = system_months.source_system
            and dates.month_start = system_months.month_start
    inner join bookings
        on
            contacts.source_system = bookings.source_system
            and contacts.team_id = bookings.team_id
            and dates.month_start = bookings.month_start

    union all

    -- paid time of judged months only: beside their costs it gives the price of an hour
    select
        agent_days.source_system,
        bookings.currency,
        system_months.window_days,
        system_months.observed_until,
        agent_days.event_on,
        agent_days.team_id,
        {%- for count in counts %}
        {% if count in ('paid_seconds', 'unknown_paid_day_count', 'known_paid_day_count') -%}
        agent_days.{{ count }},
        {%- else -%}
        {{ zero }} as {{ count }},
        {%- endif %}
        {%- endfor %}
        {%- for amount in amounts %}
        {{ no_amount }} as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from agent_days
    inner join {{ ref('dim_dates') }} as dates
        on agent_days.event_on = dates.date_day
    inner join system_months
        on
            agent_days.source_system = system_months.source_system
            and dates.month_start = system_months.month_start
            and system_months.is_judged
    inner join bookings
        on
            agent_days.source_system = bookings.source_system
            and agent_days.team_id = bookings.team_id
            and dates.month_start = bookings.month_start

),

{{ cells_of(
    'daily', keys=['currency', 'window_days'], sums=counts, amounts=amounts, unit_types=unit_types,
    period_types=period_types
) }},

-- a customer's tickets are judged together: who comes back once may come back twice
customers as (

{{ cluster_members(
    'cohort', by=['customer_key'], sums=['cohort_count', 'lasting_chain_count'], keys=['currency', 'window_days'],
    unit_types=unit_types
) }}

),

squares as (

    select
        source_system,
        currency,
        window_days,
        period_type,
        period_start,
        unit_type,
        unit,
        sum(cohort_count * cohort_count) as squares_n,
        sum(cohort_count * lasting_chain_count) as products,
        sum(lasting_chain_count * lasting_chain_count) as squares_d
    from customers
    group by source_system, currency, window_days, period_type, period_start, unit_type, unit

),

-- an hour of who waits: declared, else that of the desk itself
declared_prices as (

    select
        cast(currency as varchar) as currency,
        cast(hour_price as decimal(18, 2)) as hour_price
    from (
        values
        {%- for currency, price in var('user_hour_prices').items() %}
        ('{{ currency }}', {{ price }}),
        {%- endfor %}
        (null, null)
    ) as listed (currency, hour_price)

),

priced as (

    select
        cells.*,
        currencies.is_main_currency,
        squares.squares_n,
        squares.products,
        squares.squares_d,
        declared_prices.hour_price as declared_hour_price,
        cells.is_period_mature and cells.judged_cost_amount > 0 as has_price,
        -- of more than 5 % of the days nobody knows how much was paid: no price
        case
            when
                cells.is_period_mature
                and cells.judged_cost_amount > 0
                and 19 * cells.unknown_paid_day_count <= cells.known_paid_day_count
                then {{ ratio('cast(100 * judged_cost_amount as bigint) * 36', 'paid_seconds', 2) }}
        end as paid_hour_price
    from cells
    inner join currencies
        on
            cells.source_system = currencies.source_system
            and cells.currency = currencies.currency
    left join declared_prices
        on cells.currency = declared_prices.currency
    left join squares
        on
            cells.source_system = squares.source_system
            and cells.currency = squares.currency
            and cells.window_days = squares.window_days
            and cells.period_type = squares.period_type
            and cells.period_start = squares.period_start
            and cells.unit_type = squares.unit_type
            and cells.unit = squares.unit

),

scenario as (

    select
        *,
        coalesce(declared_hour_price, case when unit_type = 'total' then paid_hour_price end) as user_hour_price,
        cast({{ ratio('lost_minutes', 'response_count', 2) }} as decimal(18, 2)) as lost_minutes_per_ticket,
        {% for side in ['low', 'high'] -%}
        -- the mean of the answers, normal
        case
            when response_count >= 2
                then greatest(0, cast(round(cast(
                    cast(lost_minutes as {{ type_double() }}) / response_count
                    {{ '-' if side == 'low' else '+' }} 1.959963984540054 * sqrt(greatest(0, (
                        cast(lost_minutes_squared as {{ type_double() }})
                        - cast(lost_minutes as {{ type_double() }}) * lost_minutes / response_count
                    ) / (response_count - 1)) / response_count)
                    as decimal(30, 12)), 6) as decimal(18, 6)))
        end as lost_minutes_{{ side }}{{ ',' if not loop.last }}
        {% endfor %}
    from priced

),

valued as (

    select
        *,
        case
            when is_period_mature and response_count > 0
                then cast({{ ratio(
                    'lost_minutes * cast(100 * user_hour_price as bigint)', '6000 * response_count', 2
                ) }} as decimal(18, 2))
        end as lost_cost_per_ticket,
        case
            when has_price
                then {{ ratio('cast(100 * judged_cost_amount as bigint)', '100 * judged_claim_count', 2) }}
        end as cost_per_ticket
    from scenario

),

final as (

    select
        -- grain
        source_system,
        currency,
        period_type,
        period_start,
        unit_type,
        unit,
        window_days,

        -- what was spent on what
        period_end,
        is_period_mature,
        is_main_currency,
        case when booking_count > 0 then cost_amount end as cost_amount,
        case when teamless_cost_amount <> 0 then teamless_cost_amount end as teamless_cost_amount,
        first_claim_count,
        uncosted_claim_count,
        contact_count,

        -- the judged months
        case when booking_count > 0 then judged_cost_amount end as judged_cost_amount,
        judged_claim_count,
        judged_contact_count,
        cohort_count,
        lasting_chain_count,
        unobservable_count,
        cost_per_ticket,
        case
            when has_price
                then {{ ratio('cast(100 * judged_cost_amount as bigint)', '100 * judged_contact_count', 2) }}
        end as cost_per_contact,
        case
            when has_price
                then {{ ratio('cast(100 * judged_cost_amount as bigint)', '100 * lasting_chain_count', 2) }}
        end as cost_per_lasting_resolution,
        case
            when has_price
                then cast({{ ratio('cohort_count', 'lasting_chain_count', 6) }} as decimal(18, 6)) - 1
        end as lasting_premium,
        {%- for side in ['low', 'high'] %}
        case
            when has_price
                then {{ clustered_ratio(
                    'cohort_count', 'lasting_chain_count', 'squares_n', 'products', 'squares_d', side
                ) }} - 1
        end as lasting_premium_{{ side }},
        {%- endfor %}
        case
            when is_period_mature
                then cast({{ ratio('unobservable_count', 'judged_claim_count') }} as decimal(9, 4))
        end as unobservable_share,

        -- what the users lost
        response_count,
        lost_minutes,
        lost_minutes_squared,
        lost_minutes_per_ticket,
        lost_minutes_low,
        lost_minutes_high,
        user_hour_price,
        case
            when user_hour_price is null then null
            when declared_hour_price is not null then 'declared'
            else 'desk'
        end as user_hour_price_from,
        lost_cost_per_ticket,
        cast(lost_cost_per_ticket * judged_claim_count as decimal(38, 4)) as lost_time_amount,
        cost_per_ticket + lost_cost_per_ticket as cost_with_lost_time_per_ticket,
        {%- for name, minutes in {
            'lost_time_share': 'lost_minutes_per_ticket',
            'lost_time_share_low': 'lost_minutes_low',
            'lost_time_share_high': 'lost_minutes_high',
        }.items() %}
        case
            when has_price and response_count > 0
                then cast({{ ratio(
                    'cast(10000 * ' ~ minutes ~ ' * user_hour_price as bigint)', 'cast(600000 * cost_per_ticket as bigint)'
                ) }} as decimal(18, 6))
        end as {{ name }},
        {%- endfor %}

        -- an hour, a contract, and what nobody measured
        -- of a team, which may be a few people, paid time is team_experience's to show or not
        case when unit_type = 'total' then paid_seconds end as paid_seconds,
        unknown_paid_day_count,
        case when unit_type = 'total' then cast(paid_hour_price as decimal(18, 2)) end as paid_hour_price,
        priced_claim_count,
        case when priced_claim_count > 0 then contract_amount end as contract_amount,
        tickets_without_handle_count,
        contacts_without_handle_count,
        cast({{ ratio(
            'tickets_without_handle_count + contacts_without_handle_count', 'first_claim_count + contact_count'
        ) }} as decimal(9, 4)) as unmeasured_work_share
    from valued

)

select * from final
