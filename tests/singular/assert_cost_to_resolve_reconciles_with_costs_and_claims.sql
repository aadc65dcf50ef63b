-- Mart = fact, per currency: every unit type and period type has each booking of the months of the data once, and each first
-- resolution once in every currency of its system.
with

months as (

    select distinct month_start
    from {{ ref('dim_dates') }}

),

currencies as (

    select distinct
        source_system,
        coalesce(currency, '(none)') as currency
    from {{ ref('fct_costs') }}
    where amount is not null

),

systems as (

    select distinct source_system
    from {{ ref('fct_claims') }}
    where claim_type in ('ticket_resolved', 'contact_handled')

),

costs as (

    select
        booked.source_system,
        coalesce(booked.currency, '(none)') as currency,
        sum(booked.amount) as amount
    from {{ ref('fct_costs') }} as booked
    inner join months
        on cast(date_trunc('month', booked.month) as date) = months.month_start
    where
        not booked.is_price
        and booked.amount is not null
    group by booked.source_system, coalesce(booked.currency, '(none)')

),

claims as (

    select
        claims.source_system,
        count(*) as claim_count
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('fct_resolution_episodes') }} as episodes
        on claims.episode_id = episodes.episode_id
    where
        claims.claim_type = 'ticket_resolved'
        and claims.is_headline_cohort
        and episodes.episode_number = 1
    group by claims.source_system

),

mart as (

    select
        source_system,
        currency,
        period_type,
        unit_type,
        sum(coalesce(cost_amount, 0) + coalesce(teamless_cost_amount, 0)) as mart_amount,
        sum(first_claim_count + uncosted_claim_count) as mart_claim_count
    from {{ ref('cost_to_resolve') }}
    group by source_system, currency, period_type, unit_type

),

shapes as (

    select
        currencies.source_system,
        currencies.currency,
        period_types.period_type,
        unit_types.unit_type,
        coalesce(costs.amount, 0) as amount,
        coalesce(claims.claim_count, 0) as claim_count
    from currencies
    inner join systems
        on currencies.source_system = systems.source_system
    cross join (values ('month'), ('fiscal_year'), ('to_date')) as period_types (period_type)
    cross join (values ('total'), ('team')) as unit_types (unit_type)
    left join costs
        on
            currencies.source_system = costs.source_system
            and currencies.currency = costs.currency
    left join claims
        on currencies.source_system = claims.source_system

)

select
    shapes.*,
    mart.mart_amount,
    mart.mart_claim_count
from shapes
full outer join mart
    on
        shapes.source_system = mart.source_system
        and shapes.currency = mart.currency
        and shapes.period_type = mart.period_type
        and shapes.unit_type = mart.unit_type
where
    -- a currency in which nothing happened, or of which no team is named, has no rows
    case when mart.source_system is null then shapes.amount <> 0 and shapes.unit_type = 'total' else
        shapes.amount is distinct from mart.mart_amount
        or shapes.claim_count is distinct from mart.mart_claim_count
    end
