-- Grain: one leg of a contact, of any source system, in the order of the contact.
with

unioned as (

    {{ union_systems('calls') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

-- some tools never say when an agent answered; a desk's telephone and chat may be two tools
feeds_with_answers as (

    select distinct
        source_system,
        coalesce(channel, '') as channel
    from unioned
    where answered_at is not null

),

final as (

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
        unioned.team_id,
        unioned.category,
        unioned.subcategory,
        unioned.source_system || ':' || unioned.ticket_id as ticket_key,
        unioned.started_at,
        {% if var('as_of') is not none -%}
        -- at as_of the call was still going on
        case when unioned.ended_at <= cast('{{ var("as_of") }}' as timestamp) then unioned.ended_at end as ended_at,
        {%- else -%}
        unioned.ended_at,
        {%- endif %}
        case
            when feeds_with_answers.source_system is not null
                then unioned.answered_at is not null
                {%- if var('as_of') is not none %}
                and unioned.answered_at <= cast('{{ var("as_of") }}' as timestamp)
                {%- endif %}
            else unioned.agent_key is not null and not coalesce(unioned.is_abandoned, false)
        end as is_answered,
        unioned.is_abandoned,
        {%- for part in ['talk', 'hold', 'wrap'] %}
        {% if var('as_of') is not none -%}
        case when unioned.ended_at <= cast('{{ var("as_of") }}' as timestamp) then unioned.{{ part }}_seconds end
            as {{ part }}_seconds
        {%- else -%}
        unioned.{{ part }}_seconds
        {%- endif %}{{ ',' if not loop.last }}
        {%- endfor %},
        cast(null as bigint) as handle_seconds
    from unioned
    left join feeds_with_answers
        on
            unioned.source_system = feeds_with_answers.source_system
            and coalesce(unioned.channel, '') = feeds_with_answers.channel
    left join identities
        on unioned.customer_key = identities.identifier_key

)

select * from final
