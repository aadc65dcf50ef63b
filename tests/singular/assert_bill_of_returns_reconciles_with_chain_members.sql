-- Mart = fact: every unit type and every period type that does not overlap bills each repeat of a mature contact exactly once.
with

fact as (

    select
        interactions.source_system,
        members.window_days,
        count(*) as judged_count,
        {{ count_where('members.is_trigger') }} as returned_count,
        cast(coalesce(sum(case when members.is_trigger then repeats.contact_handle_seconds end), 0) as bigint)
            as billed_seconds
    from {{ ref('fct_chain_members') }} as members
    inner join {{ ref('windows') }} as windows
        on
            members.window_days = windows.window_days
            and windows.is_default
    inner join {{ ref('fct_interactions') }} as interactions
        on members.interaction_id = interactions.interaction_id
    left join {{ ref('fct_interactions') }} as repeats
        on interactions.next_interaction_id = repeats.interaction_id
    where
        members.is_mature
        and (interactions.seconds_to_next is null or interactions.seconds_to_next > 900)
    group by interactions.source_system, members.window_days

),

mart as (

    select
        source_system,
        period_type,
        unit_type,
        window_days,
        sum(judged_count) as mart_judged_count,
        sum(returned_count) as mart_returned_count,
        sum(billed_seconds) as mart_billed_seconds
    from {{ ref('bill_of_returns') }}
    where period_type <> '28_days'
    group by source_system, period_type, unit_type, window_days

),

unit_types as (

    select distinct
        source_system,
        unit_type
    from mart

),

shapes as (

    select
        fact.*,
        period_types.period_type,
        unit_types.unit_type
    from fact
    cross join (values ('week'), ('month'), ('fiscal_year'), ('to_date')) as period_types (period_type)
    -- of a type of which a system names no unit there are no rows
    inner join unit_types
        on
            fact.source_system = unit_types.source_system
            and {{ is_period_of('unit_types.unit_type', 'period_types.period_type') }}

)

select
    shapes.*,
    mart.mart_judged_count,
    mart.mart_returned_count,
    mart.mart_billed_seconds
from shapes
full outer join mart
    on
        shapes.source_system = mart.source_system
        and shapes.window_days = mart.window_days
        and shapes.period_type = mart.period_type
        and shapes.unit_type = mart.unit_type
where
    coalesce(shapes.judged_count, 0) is distinct from mart.mart_judged_count
    or coalesce(shapes.returned_count, 0) is distinct from mart.mart_returned_count
    or coalesce(shapes.billed_seconds, 0) is distinct from mart.mart_billed_seconds
