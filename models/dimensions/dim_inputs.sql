-- Grain: source system x input: a canonical table, or a column of one that a pair of the catalogue needs. What is not
-- there cannot be measured, and the pair says so.
{#- canonical table -> the model that reads it, and the columns that some desks do not fill -#}
{% set inputs = {
    'tickets': ('int_tickets', {'account_id': 'account_id', 'problem_id': 'problem_id'}),
    'ticket_events': ('int_ticket_events', {}),
    'ticket_messages': ('int_ticket_messages', {}),
    'calls': ('int_contact_legs', {
        'customer_id': 'customer_key', 'category': 'category', 'queue': 'queue', 'transfer_type': 'transfer_type',
        'answered_at': 'answered_at', 'reported_resolved': 'reported_resolved', 'disconnected_by': 'disconnected_by',
    }),
    'surveys': ('int_surveys', {
        'csat': 'csat', 'sent_by': 'sent_by', 'resolved_answer': 'resolved_answer', 'lost_minutes': 'lost_minutes', 'effort': 'effort',
    }),
    'agents': ('int_agents', {'tier': 'tier'}),
    'accounts': ('int_accounts', {'users': 'users'}),
    'categories': ('int_categories', {}),
    'sla_policies': ('int_sla_policies', {}),
    'targets': ('int_targets', {}),
    'costs': ('int_costs', {}),
    'problems': ('int_problems', {'fix_deployed_at': 'fix_deployed_at'}),
    'qa_reviews': ('int_qa_reviews', {'passed': 'passed'}),
    'bot_sessions': ('int_bot_sessions', {}),
    'access_events': ('int_access_events', {}),
    'business_claims': ('int_business_claims', {}),
    'business_outcomes': ('int_business_outcomes', {}),
    'business_measures': ('int_business_measures', {}),
} %}
{#- one model for two tables: which rows are whose; or what tickets or calls may bring -#}
{% set parts = {
    'agent_states': ('int_agent_times', "time_type = 'state'"),
    'shifts': ('int_agent_times', "time_type = 'shift'"),
    'team_absences': ('int_team_months', 'headcount is not null or leavers is not null or absence_rate is not null'),
    'team_pulses': ('int_team_months', 'respondents is not null or mean_satisfaction is not null'),
    'customer_contacts': ('int_interactions', 'customer_key is not null and issue_key is not null and is_counted'),
    'tickets.created_by_actor_type': ('int_tickets', "opened_by <> 'unknown'"),
    'first_contact_flags': (
        'int_interactions', 'reported_resolved is not null or reported_first_contact_resolution is not null'
    ),
} %}
{#- what the other functions claim and measure has a name of its own -#}
{% set named = {
    'business_claims': ('int_business_claims', 'claim_type'),
    'business_measures': ('int_business_measures', 'measure'),
} %}

with

counted as (

    {% for input, (model, columns) in inputs.items() -%}
    select
        source_system,
        '{{ input }}' as input_name,
        count(*) as row_count
    from {{ ref(model) }}
    group by source_system
    union all
    {% for name, column in columns.items() -%}
    select
        source_system,
        '{{ input }}.{{ name }}' as input_name,
        count({{ column }}) as row_count
    from {{ ref(model) }}
    group by source_system
    union all
    {% endfor -%}
    {% endfor -%}
    {% for input, (model, condition) in parts.items() -%}
    select
        source_system,
        '{{ input }}' as input_name,
        count(*) as row_count
    from {{ ref(model) }}
    where {{ condition }}
    group by source_system
    union all
    {% endfor -%}
    {% for input, (model, column) in named.items() -%}
    select
        source_system,
        '{{ input }}.' || {{ lowered(trimmed(column)) }} as input_name,
        count(*) as row_count
    from {{ ref(model) }}
    where {{ column }} is not null
    group by source_system, {{ lowered(trimmed(column)) }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}

),

final as (

    select
        source_system,
        input_name,
        cast(row_count as bigint) as row_count
    from counted
    where row_count > 0

)

select * from final
