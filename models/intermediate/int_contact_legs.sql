-- Grain: one leg of a contact, of any source system, in the order of the contact, with what it took.
-- An agent's chats run side by side: the time in which several were open is shared out among them.
-- cost: writing the rows, and the order of the legs in each contact.
{{ config(materialized='incremental', incremental_strategy='by_key') }}
{# divisible by every number of chats up to twelve: shares of a second are whole in these units #}
{% set units = 27720 %}

with

unioned as (

    {{ union_systems('calls', touched='contact_id') }}

),

all_calls as (

    {{ union_systems('calls') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

-- some tools never say when an agent answered; a desk's telephone and chat may be two tools
feeds_with_answers as (

    select distinct
        source_system,
        coalesce({{ lowered(trimmed('channel')) }}, '') as channel
    from all_calls
    where answered_at is not null

),

legs as (

    select
        unioned.source_system || ':' || unioned.contact_id as contact_key,
        unioned.source_system,
        unioned.leg_id,
        row_number() over (
            partition by unioned.source_system, unioned.contact_id
            order by unioned.leg_number nulls last, unioned.started_at, {{ text_order('unioned.leg_id') }}
        ) as leg_position,
        case {{ lowered(trimmed('unioned.direction')) }}
            when 'in' then 'inbound'
            when 'incoming' then 'inbound'
            when 'out' then 'outbound'
            when 'outgoing' then 'outbound'
            else {{ lowered(trimmed('unioned.direction')) }}
        end as direction,
        {{ lowered(trimmed('unioned.channel')) }} as channel,
        {{ resolved_customer('unioned.customer_key') }} as customer_key,
        unioned.agent_key,
        unioned.queue,
        unioned.team_id,
        unioned.category,
        unioned.subcategory,
        unioned.source_system || ':' || unioned.ticket_id as ticket_key,
        unioned.started_at,
        {{ at_as_of('unioned.offered_at', 'unioned.offered_at') }} as offered_at,
        {{ at_as_of(lowered(trimmed('unioned.transfer_type')), 'unioned.ended_at') }} as transfer_type,
        {{ at_as_of('unioned.answered_at', 'unioned.answered_at') }} as answered_at,
        {{ at_as_of('unioned.ended_at', 'unioned.ended_at') }} as ended_at,
        case
            when feeds_with_answers.source_system is not null
                then {{ at_as_of('unioned.answered_at', 'unioned.answered_at') }} is not null
            else
                unioned.agent_key is not null
                and not coalesce({{ at_as_of('unioned.is_abandoned', 'unioned.ended_at') }}, false)
        end as is_answered,
        {%- for attribute in [
            'is_abandoned', 'talk_seconds', 'hold_seconds', 'wrap_seconds', 'reported_resolved', 'disconnected_by'
        ] %}
        {{ at_as_of('unioned.' ~ attribute, 'unioned.ended_at') }} as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from unioned
    left join feeds_with_answers
        on
            unioned.source_system = feeds_with_answers.source_system
            and coalesce({{ lowered(trimmed('unioned.channel')) }}, '') = feeds_with_answers.channel
    left join identities
        on unioned.customer_key = identities.identifier_key

),

chats as (

    select
        source_system,
        leg_id,
        agent_key,
        answered_at,
        ended_at
    from legs
    where
        channel = 'chat'
        and is_answered
        and agent_key is not null
        and (ended_at is null or answered_at < ended_at)
    {%- if is_increment() %}
    -- chats of the same agents that were open beside these, but do not change
    union all
    select
        stored.source_system,
        stored.leg_id,
        stored.agent_key,
        stored.answered_at,
        stored.ended_at
    from {{ this }} as stored
    inner join (
        select
            agent_key,
            min(answered_at) as open_from,
            max(coalesce(ended_at, timestamp '9999-01-01 00:00:00')) as open_until
        from legs
        where channel = 'chat' and is_answered and agent_key is not null
        group by agent_key
    ) as spans
        on stored.agent_key = spans.agent_key
    where
        stored.channel = 'chat'
        and stored.is_answered
        and (stored.ended_at is null or stored.answered_at < stored.ended_at)
        and stored.answered_at <= spans.open_until
        and coalesce(stored.ended_at, timestamp '9999-01-01 00:00:00') >= spans.open_from
        and not {{ is_touched('stored.contact_key') }}
    {%- endif %}

),

-- how many chats an agent has open changes at these moments only
moments as (

    select
        source_system,
        leg_id,
        agent_key,
        answered_at as happened_at,
        1 as opened
    from chats
    union all
    select
        source_system,
        leg_id,
        agent_key,
        ended_at as happened_at,
        -1 as opened
    from chats
    where ended_at is not null

),

counted as (

    select
        *,
        sum(opened) over (
            partition by agent_key
            order by happened_at, opened, source_system, {{ text_order('leg_id') }}
            rows between unbounded preceding and current row
        ) as open_chats,
        {{ seconds_between('happened_at', 'lead(happened_at) over (
            partition by agent_key order by happened_at, opened, source_system, ' ~ text_order('leg_id') ~ '
        )') }} as seconds_until_next
    from moments

),

-- a clock for each agent that slows down while several chats are open: a chat's share is what it shows at its end less
-- what it showed at its beginning
clocked as (

    select
        *,
        coalesce(sum({{ integer_division(units ~ ' * seconds_until_next', 'nullif(open_chats, 0)') }}) over (
            partition by agent_key
            order by happened_at, opened, source_system, {{ text_order('leg_id') }}
            rows between unbounded preceding and 1 preceding
        ), 0) as shared_clock
    from counted

),

shares as (

    select
        source_system,
        leg_id,
        cast(sum(-1 * opened * shared_clock) as bigint) as share_units
    from clocked
    group by source_system, leg_id

),

first_legs as (

    select
        contact_key,
        direction
    from legs
    where leg_position = 1

),

measured as (

    select
        legs.*,
        case when legs.leg_position = 1 then legs.direction else first_legs.direction end as contact_direction,
        legs.talk_seconds + coalesce(legs.hold_seconds, 0) as busy_seconds,
        {{ seconds_between('legs.answered_at', 'legs.ended_at') }} as open_seconds,
        shares.share_units
    from legs
    left join shares
        on
            legs.source_system = shares.source_system
            and legs.leg_id = shares.leg_id
    left join first_legs
        on case when legs.leg_position > 1 then legs.contact_key end = first_legs.contact_key

),

final as (

    select
        contact_key,
        source_system,
        leg_id,
        leg_position,
        direction,
        channel,
        customer_key,
        agent_key,
        queue,
        team_id,
        category,
        subcategory,
        ticket_key,
        started_at,
        offered_at,
        answered_at,
        ended_at,
        is_answered,
        is_abandoned,
        transfer_type,
        disconnected_by,
        reported_resolved,
        talk_seconds,
        hold_seconds,
        wrap_seconds,
        case
            -- of what customers began, and of no leg in it that rings somebody up
            when not is_answered or coalesce(contact_direction, '') <> 'inbound' or direction = 'outbound' then null
            -- least() passes over a null, and would take the whole open time for talk
            when busy_seconds is null then null
            when share_units is null then busy_seconds + coalesce(wrap_seconds, 0)
            -- the share of the open time, rounded half up; cut in two so that no product grows beyond a bigint
            else
                {{ integer_division(
                    '2 * (least(busy_seconds, open_seconds) * ' ~ integer_division('share_units', 'open_seconds') ~ ' + '
                    ~ integer_division('least(busy_seconds, open_seconds) * (share_units % open_seconds)', 'open_seconds')
                    ~ ') + ' ~ units, 2 * units
                ) }}
                + greatest(busy_seconds - open_seconds, 0)
                + coalesce(wrap_seconds, 0)
        end as handle_seconds
    from measured

)

select * from final
