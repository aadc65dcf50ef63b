-- Grain: one contact: all legs of one call or chat. Category, customer, queue and team are those of its first answered leg,
-- else of its first leg that has one.
{{ config(materialized='incremental', incremental_strategy='by_key') }}
{% set attributes = ['category', 'customer_key', 'queue', 'team_id', 'ticket_key'] %}

with

legs as (

    select * from {{ ref('int_contact_legs') }}
    where {{ is_touched('contact_key') }}

),

-- nine contacts of ten have one leg, which is first in everything
contacts_of_several_legs as (

    select contact_key from legs
    where leg_position = 2

),

legs_of_several as (

    select legs.*
    from legs
    inner join contacts_of_several_legs as several
        on legs.contact_key = several.contact_key

),

placed as (

    select
        *,
        row_number() over (
            partition by contact_key order by case when is_answered then 0 else 1 end, leg_position
        ) as answered_position,
        -- what is said last about the outcome stands: whoever passed the contact on did not end it
        row_number() over (
            partition by contact_key
            order by case when is_answered and reported_resolved is not null then 0 else 1 end, leg_position desc
        ) as reported_rank
    from legs_of_several

),

-- where a tool says which legs were passed on, the others were not: they rang in vain before
feeds_with_transfers as (

    select distinct
        source_system,
        coalesce(channel, '') as channel
    from {{ ref('int_contact_legs') }}
    where transfer_type is not null

),

numbered as (

    select
        *
        {%- for attribute in attributes %},
        row_number() over (
            partition by contact_key
            order by
                case when {{ attribute }} is null then 1 else 0 end,
                case when is_answered and answered_position = 1 then 0 else 1 end,
                leg_position
        ) as {{ attribute }}_rank
        {%- endfor %}
    from placed
    union all
    select
        legs.*,
        1 as answered_position,
        1 as reported_rank
        {%- for attribute in attributes %},
        1 as {{ attribute }}_rank
        {%- endfor %}
    from legs
    left join contacts_of_several_legs as several
        on legs.contact_key = several.contact_key
    where several.contact_key is null

),

ranked as (

    select
        legs.*,
        coalesce(legs.transfer_type = 'consult', false) as is_consult,
        case
            when feeds_with_transfers.source_system is not null
                then coalesce(legs.transfer_type <> 'consult', false)
            else legs.is_answered and legs.answered_position > 1
        end as is_transfer
    from numbered as legs
    left join feeds_with_transfers
        on
            legs.source_system = feeds_with_transfers.source_system
            and coalesce(legs.channel, '') = feeds_with_transfers.channel

),

joined as (

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
        -- a feed that does not say it: nobody answered, so the customer gave up; who still waits at as_of did not
        count(*) = count(ended_at)
        and max(case when is_answered then 1 else 0 end) = 0
        and max(case when coalesce(is_abandoned, true) then 1 else 0 end) = 1 as is_abandoned,
        case max(case when reported_rank = 1 and is_answered then cast(reported_resolved as integer) end)
            when 1 then true
            when 0 then false
        end as reported_resolved,
        count(*) as leg_count,
        {{ count_where('is_answered') }} as answered_leg_count,
        {{ count_where('is_transfer') }} as transfer_count,
        {{ count_where('is_consult') }} as consult_count,
        min(case when leg_position = 1 then coalesce(offered_at, started_at) end) as waiting_since,
        min(case when is_answered then answered_at end) as answered_at,
        cast(sum(case when is_answered then talk_seconds end) as bigint) as talk_seconds,
        cast(sum(case when is_answered then hold_seconds end) as bigint) as hold_seconds,
        cast(sum(case when is_answered then wrap_seconds end) as bigint) as wrap_seconds,
        -- of an answered leg nobody recorded the talk: the contact took longer than is known
        case
            when max(
                case
                    when is_answered and talk_seconds is null and coalesce(direction, '') <> 'outbound' then 1
                    else 0
                end
            ) = 0
                then cast(sum(handle_seconds) as bigint)
        end as handle_seconds
    from ranked
    group by contact_key, source_system

),

final as (

    select
        contact_key,
        source_system,
        direction,
        channel,
        {{ attributes | join(',\n        ') }},
        subcategory,
        started_at,
        ended_at,
        is_answered,
        is_abandoned,
        reported_resolved,
        leg_count,
        answered_leg_count,
        transfer_count,
        consult_count,
        -- until somebody answered or the customer gave up; null where the tool does not say when it answered, or says that it
        -- was before the customer came
        case
            when is_answered and waiting_since <= answered_at
                then {{ seconds_between('waiting_since', 'answered_at') }}
            when is_abandoned and waiting_since <= ended_at
                then {{ seconds_between('waiting_since', 'ended_at') }}
        end as wait_seconds,
        talk_seconds,
        hold_seconds,
        wrap_seconds,
        handle_seconds
    from joined

)

select * from final
