-- Mart = fact: every period type that does not overlap counts each closed problem record exactly once.
with

fact as (

    select
        source_system,
        count(*) as closed_count
    from {{ ref('fct_problems') }}
    where closed_at is not null
    group by source_system

),

mart as (

    select
        source_system,
        period_type,
        sum(closed_count) as closed_count
    from {{ ref('problem_fixes') }}
    where period_type <> '28_days'
    group by source_system, period_type

)

select
    fact.source_system,
    mart.period_type,
    fact.closed_count,
    mart.closed_count as mart_closed_count
from fact
left join mart
    on fact.source_system = mart.source_system
where fact.closed_count is distinct from mart.closed_count
