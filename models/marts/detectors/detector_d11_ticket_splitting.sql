-- D11 · Ticket splitting. Who has several things to say at once has them of several categories: now and then two of one, as
-- often as two of the desk's tickets are. Tickets that were made of one are all of one category.
with

{{ detector_cells(ref('cases_d11_ticket_splitting'), sums={
    'more_count': 'case when is_one_more then 1 else 0 end',
    'else_count': 'case when is_something_else then 1 else 0 end',
}) }},

categories as (

    select
        source_system,
        category,
        count(*) as ticket_count
    from {{ ref('cases_d11_ticket_splitting') }}
    group by source_system, category

),

-- of two tickets, how many in 10000 are of one category; at least one, and not all
mixes as (

    select
        source_system,
        least(9999, greatest(1, {{ integer_division(
            '10000 * cast(sum(ticket_count * ticket_count) as bigint)',
            'cast(sum(ticket_count) * sum(ticket_count) as bigint)'
        ) }})) as alike_share
    from categories
    group by source_system

),

-- one is added to those of several categories, so that none is not never
expectations as (

    select
        cells.*,
        cells.else_count + 1 as some_else_count,
        mixes.alike_share,
        10000 - mixes.alike_share as unlike_share
    from cells
    inner join mixes
        on cells.source_system = mixes.source_system

),

final as (

    select
        {{ detector_columns(
            'D11',
            cases='case_count',
            marked='marked_count',
            expected=ratio('some_else_count * alike_share', 'unlike_share'),
            effect=ratio('more_count', 'case_count') ~ ' - ' ~ ratio('some_else_count * alike_share', 'case_count * unlike_share'),
            z=two_rates_z('more_count', 'alike_share', 'some_else_count', 'unlike_share'),
        ) }}
    from expectations

)

select * from final
