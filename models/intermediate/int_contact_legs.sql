-- Grain: one leg of a contact, of any source system, in the order of the contact.
with

unioned as (

    {{ union_systems('calls') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

-- some feeds never say when an agent answered
systems_with_answers as (

    select distinct source_system
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
        {{ lowered(trimmed('unioned.direction')) }} as direction,
        {{ lowered(trimmed('unioned.channel')) }} as channel,
        {{ resolved_customer('unioned.customer_key') }} as customer_key,
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
            when systems_with_answers.source_system is not null then unioned.answered_at is not null
            else unioned.agent_key is not null and not coalesce(unioned.is_abandoned, false)
        end as is_answered,
        unioned.is_abandoned,
        unioned.talk_seconds,
        unioned.hold_seconds,
        unioned.wrap_seconds
    from unioned
    left join systems_with_answers
        on unioned.source_system = systems_with_answers.source_system
    left join identities
        on unioned.customer_key = identities.identifier_key

)

select * from final
