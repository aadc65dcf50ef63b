-- Grain: one ticket when it was first resolved, with its category at the opening and now. Marked: opened in a category whose
-- tickets take long, and moved to one that counts for less.
with

opened as (

    select
        ticket_key,
        value as opening_category,
        started_at as opened_at
    from {{ ref('fct_ticket_intervals') }}
    where field = 'category' and interval_number = 1 and value is not null

),

tickets as (

    select
        episodes.ticket_key,
        episodes.source_system,
        episodes.resolved_at,
        episodes.category as closing_category,
        opened.opening_category,
        opened.opened_at,
        {{ seconds_between('opened.opened_at', 'episodes.resolved_at') }} as open_seconds
    from {{ ref('fct_resolution_episodes') }} as episodes
    inner join opened
        on episodes.ticket_key = opened.ticket_key
    where
        episodes.episode_number = 1
        and episodes.category is not null
        and episodes.closure_mode not in ('test', 'spam', 'duplicate')

),

opening_sums as (

    select
        source_system,
        opening_category,
        count(*) as ticket_count,
        cast(sum(open_seconds) as decimal(38, 0)) as open_seconds
    from tickets
    group by source_system, opening_category

),

desk_sums as (

    select
        source_system,
        count(*) as category_count,
        cast(sum(ticket_count) as bigint) as ticket_count,
        cast(sum(open_seconds) as decimal(38, 0)) as open_seconds
    from opening_sums
    group by source_system

),

-- hard: what takes longer than a ticket does on average
hard_categories as (

    select
        opening_sums.source_system,
        opening_sums.opening_category as category
    from opening_sums
    inner join desk_sums
        on opening_sums.source_system = desk_sums.source_system
    where opening_sums.open_seconds * desk_sums.ticket_count > desk_sums.open_seconds * opening_sums.ticket_count

),

-- a category may have subcategories, and versions; it counts where one of them does
versions as (

    select
        source_system,
        category,
        min(valid_from) as valid_from,
        case when count(*) = count(valid_to) then max(valid_to) end as valid_to,
        max(case when is_request is not true and first_contact_eligible is not false then 1 else 0 end) as is_counted
    from {{ ref('dim_categories') }}
    group by source_system, category

),

-- Moved: another category, both of which there were from the opening to the resolution. What was renamed did not move.
moves as (

    select
        tickets.*,
        tickets.opening_category <> tickets.closing_category
        and coalesce(opening_versions.valid_to > tickets.resolved_at, true)
        and coalesce(closing_versions.valid_from <= tickets.opened_at, true) as is_moved,
        coalesce(opening_versions.is_counted, 1) as opening_is_counted,
        coalesce(closing_versions.is_counted, 1) as closing_is_counted
    from tickets
    left join versions as opening_versions
        on
            tickets.source_system = opening_versions.source_system
            and tickets.opening_category = opening_versions.category
    left join versions as closing_versions
        on
            tickets.source_system = closing_versions.source_system
            and tickets.closing_category = closing_versions.category

),

received as (

    select
        source_system,
        closing_category as category,
        count(distinct opening_category) as from_count
    from moves
    where is_moved
    group by source_system, closing_category

),

-- no list says which category is for the rest: it is the one that a third of all categories or more are moved to
catch_alls as (

    select
        received.source_system,
        received.category
    from received
    inner join desk_sums
        on received.source_system = desk_sums.source_system
    where received.from_count >= 3 and 3 * received.from_count >= desk_sums.category_count

),

-- 0: counted; 1: a request, or out of first contact resolution; 2: for the rest
ranked as (

    select
        moves.*,
        case when opening_rest.category is not null then 2 else 1 - moves.opening_is_counted end as opening_rank,
        case when closing_rest.category is not null then 2 else 1 - moves.closing_is_counted end as closing_rank,
        opening_hard.category is not null as is_hard_opened,
        closing_hard.category is not null as is_hard_closed
    from moves
    left join catch_alls as opening_rest
        on moves.source_system = opening_rest.source_system and moves.opening_category = opening_rest.category
    left join catch_alls as closing_rest
        on moves.source_system = closing_rest.source_system and moves.closing_category = closing_rest.category
    left join hard_categories as opening_hard
        on moves.source_system = opening_hard.source_system and moves.opening_category = opening_hard.category
    left join hard_categories as closing_hard
        on moves.source_system = closing_hard.source_system and moves.closing_category = closing_hard.category

),

-- who moved it last, or else resolved it
changes as (

    select
        ranked.ticket_key,
        max(intervals.started_at) as moved_at
    from ranked
    inner join {{ ref('fct_ticket_intervals') }} as intervals
        on
            ranked.ticket_key = intervals.ticket_key
            and intervals.field = 'category'
            and intervals.interval_number > 1
            and intervals.started_at <= ranked.resolved_at
    where ranked.is_moved
    group by ranked.ticket_key

),

moments as (

    select
        ranked.*,
        coalesce(changes.moved_at, ranked.resolved_at) as handled_at
    from ranked
    left join changes
        on ranked.ticket_key = changes.ticket_key

),

{{ hands_at('moments', 'ticket_key', 'handled_at') }},

judged as (

    select
        *,
        opening_rank < 2 and is_hard_opened as is_hard,
        opening_rank < 2 and not is_hard_opened as is_easy,
        is_moved and closing_rank > opening_rank as is_moved_out,
        is_moved and closing_rank < opening_rank and is_hard_closed as is_moved_back
    from hands

),

final as (

    select
        {{ case_columns(
            'D17', 'resolved_at', 'is_hard and is_moved_out', ticket_key='ticket_key', agent_key='agent_key'
        ) }},
        opening_category,
        closing_category,
        is_hard,
        is_easy,
        is_moved_out,
        is_moved_back
    from judged

)

select * from final
