-- Grain: one survey invitation about a ticket or a contact. Empty where no source system delivers surveys.
with

unioned as (

    {{ union_systems('surveys') }}

),

final as (

    select
        source_system || ':' || ticket_id as ticket_key,
        source_system || ':' || contact_id as contact_key,
        source_system,
        survey_id,
        eligible_at,
        sent_at,
        {% if var('as_of') is not none -%}
        case when answered_at <= cast('{{ var("as_of") }}' as timestamp) then answered_at end as answered_at,
        {%- else -%}
        answered_at,
        {%- endif %}
        coalesce({{ lowered(trimmed('resolved_answer')) }} in ('no', 'n', 'false', '0'), false) as says_not_resolved
    from unioned

)

select * from final
