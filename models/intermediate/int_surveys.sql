-- Grain: one survey invitation about a ticket or a contact. Empty where no source system delivers surveys.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

unioned as (

    {{ union_systems('surveys', touched='survey_id') }}

),

agents as (

    select distinct
        source_system,
        agent_key
    from {{ ref('int_agents') }}

),

final as (

    select
        unioned.source_system || ':' || unioned.ticket_id as ticket_key,
        unioned.source_system || ':' || unioned.contact_id as contact_key,
        unioned.source_system,
        unioned.survey_id,
        unioned.eligible_at,
        unioned.sent_at,
        -- an account of its own is an agent's where it is listed as one; its key stays behind
        case
            when unioned.sent_by in ('agent', 'requester', 'system', 'automation') then unioned.sent_by
            when agents.agent_key is not null then 'agent'
            when unioned.sent_by is not null then 'unknown'
        end as sent_by,
        {{ at_as_of('unioned.answered_at', 'unioned.answered_at') }} as answered_at,
        unioned.csat_scale_max,
        {%- for attribute in ['csat', 'effort', 'lost_minutes'] %}
        {{ at_as_of('unioned.' ~ attribute, 'unioned.answered_at') }} as {{ attribute }},
        {%- endfor %}
        case
            when {{ lowered(trimmed('unioned.resolved_answer')) }} in ('yes', 'y', 'true', '1')
                then {{ at_as_of("'yes'", 'unioned.answered_at') }}
            when {{ lowered(trimmed('unioned.resolved_answer')) }} in ('no', 'n', 'false', '0')
                then {{ at_as_of("'no'", 'unioned.answered_at') }}
        end as resolved_answer,
        coalesce({{ lowered(trimmed('unioned.resolved_answer')) }} in ('no', 'n', 'false', '0'), false)
            as says_not_resolved
    from unioned
    left join agents
        on
            unioned.source_system = agents.source_system
            and unioned.sent_by = agents.agent_key
    -- an invitation that was not sent has no time at which staging could cut
    where {{ begun_at_as_of('coalesce(unioned.sent_at, unioned.eligible_at, unioned.answered_at)') }}

)

select * from final
