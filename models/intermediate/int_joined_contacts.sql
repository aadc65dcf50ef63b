-- Grain: one contact: all legs of one call or chat. Category, customer and team are those of its first answered leg,
-- else of its first leg that has one.
{% set attributes = ['category', 'customer_key', 'team_id', 'ticket_key'] %}

with

legs as (

    select
        *,
        row_number() over (
            partition by contact_key order by case when is_answered then 0 else 1 end, leg_position
        ) as answered_position
    from {{ ref('int_contact_legs') }}

),

ranked as (

    select
        *,
        {%- for attribute in attributes %}
        row_number() over (
            partition by contact_key
            order by
                case when {{ attribute }} is null then 1 else 0 end,
                case when is_answered and answered_position = 1 then 0 else 1 end,
                leg_position
        ) as {{ attribute }}_rank{{ ',' if not loop.last }}
        {%- endfor %}
    from legs

),

final as (

    select
        contact_key,
        source_system,
        max(case when leg_position = 1 then direction end) as direction,
        max(case when leg_position = 1 then channel end) as channel,
        {%- for attribute in attributes %}
        max(case when {{ attribute }}_rank = 1 then {{ attribute }} end) as {{ attribute }},
        {%- endfor %}
        max(case when category_rank = 1 then subcategory end) as subcategory,
        min(started_at) as started_at,
        case when count(*) = count(ended_at) then max(ended_at) end as ended_at,
        max(case when is_answered then 1 else 0 end) = 1 as is_answered,
        -- a feed that does not say it: nobody answered, so the customer gave up
        max(case when is_answered then 1 else 0 end) = 0
        and max(case when coalesce(is_abandoned, true) then 1 else 0 end) = 1 as is_abandoned,
        count(*) as leg_count,
        cast(sum(case when is_answered then talk_seconds end) as bigint) as talk_seconds,
        cast(sum(case when is_answered then hold_seconds end) as bigint) as hold_seconds,
        cast(sum(case when is_answered then wrap_seconds end) as bigint) as wrap_seconds
    from ranked
    group by contact_key, source_system

)

select * from final
