{#- The raw contract: every table that a desk may deliver, with what identifies a row, when it happened, and what each
    column is. One place for staging: `base_canonical__*` reads a table by it, and every system's `stg_*` emits its
    columns. The sources file of `canonical` repeats the columns with their meaning; a test compares the two.

    key      columns that identify a row; the current version of a row is the one with the latest `version`, then the
             latest arrival
    required columns that must be known in a row; the key and the time where not said otherwise
    time     when it happened: what as_of cuts at; known as well, but for `surveys`, which may not have been sent
    version  column that tells versions of a row apart; without one, arrival decides
    columns  what each column is: text, person (an identifier, keyed hash from staging on), time (of something that
             happened), plan (a time or the end of a validity, which may lie in the future), date, integer (of what is counted),
             sequence (a running number, of any size), decimal, boolean, value (an event's old or new value), actor (agent, requester, system or automation; whoever else is
             hashed)
    tool     what some tools tell of themselves beside the contract: only compared, never used -#}
{% macro canonical_contract() -%}
    {{ return({
        'tickets': {
            'key': ['ticket_id'], 'time': 'created_at', 'version': 'updated_at',
            'columns': {
                'ticket_id': 'text', 'created_at': 'time', 'requester_id': 'person', 'channel': 'text',
                'category': 'text', 'status': 'text', 'updated_at': 'time', 'account_id': 'text',
                'requested_for_id': 'person', 'ticket_type': 'text', 'subcategory': 'text', 'category_at_open': 'text',
                'priority': 'text', 'assignee_id': 'person', 'team_id': 'text', 'resolved_at': 'time',
                'closed_at': 'time', 'resolution_code': 'text', 'created_by_actor_type': 'text',
                'closed_by_actor_type': 'text', 'configuration_item': 'text', 'problem_id': 'text',
                'parent_ticket_id': 'text', 'duplicate_of': 'text', 'merged_into': 'text', 'follow_up_of': 'text',
                'is_test': 'boolean', 'reported_first_contact_resolution': 'boolean', 'sla_policy_id': 'text',
            },
            'tool': {'resolved_at': 'tool_resolved_at', 'closed_at': 'tool_closed_at'},
        },
        'ticket_events': {
            'key': ['event_id'], 'time': 'event_at',
            'required': ['event_id', 'ticket_id', 'event_at'],
            'columns': {
                'event_id': 'text', 'ticket_id': 'text', 'event_at': 'time', 'field': 'text', 'new_value': 'value',
                'event_sequence': 'sequence', 'old_value': 'value', 'actor_id': 'person', 'actor_type': 'text',
            },
        },
        'ticket_messages': {
            'key': ['message_id'], 'time': 'sent_at',
            'required': ['message_id', 'ticket_id', 'sent_at'],
            'columns': {
                'message_id': 'text', 'ticket_id': 'text', 'sent_at': 'time', 'author_type': 'text',
                'is_public': 'boolean', 'is_automatic': 'boolean', 'template_id': 'text',
            },
        },
        'calls': {
            'key': ['leg_id'], 'time': 'started_at', 'version': 'updated_at',
            'required': ['leg_id', 'contact_id', 'started_at', 'ended_at'],
            'columns': {
                'leg_id': 'text', 'contact_id': 'text', 'started_at': 'time', 'ended_at': 'time', 'direction': 'text',
                'customer_id': 'person', 'channel': 'text', 'agent_id': 'person', 'updated_at': 'time',
                'leg_number': 'sequence', 'queue': 'text', 'team_id': 'text', 'offered_at': 'time',
                'answered_at': 'time', 'talk_seconds': 'integer', 'hold_seconds': 'integer',
                'wrap_seconds': 'integer', 'disconnected_by': 'text', 'transfer_type': 'text', 'ticket_id': 'text',
                'category': 'text', 'subcategory': 'text', 'is_abandoned': 'boolean', 'disposition': 'text',
                'reported_resolved': 'boolean',
            },
        },
        'identities': {
            'key': ['customer_id', 'kind', 'value'],
            'columns': {'customer_id': 'person', 'kind': 'text', 'value': 'person'},
        },
        'surveys': {
            'key': ['survey_id'], 'time': 'sent_at', 'version': 'updated_at', 'required': ['survey_id'],
            'columns': {
                'survey_id': 'text', 'ticket_id': 'text', 'contact_id': 'text', 'eligible_at': 'time',
                'sent_at': 'time', 'sent_by': 'actor', 'answered_at': 'time', 'csat': 'decimal',
                'csat_scale_max': 'decimal', 'effort': 'decimal', 'resolved_answer': 'text', 'lost_minutes': 'integer',
                'updated_at': 'time',
            },
        },
        'agents': {
            'key': ['agent_id', 'valid_from'],
            'required': ['agent_id'],
            'columns': {
                'agent_id': 'person', 'team_id': 'text', 'tier': 'text', 'hired_on': 'date', 'left_on': 'date',
                'valid_from': 'plan', 'valid_to': 'plan',
            },
        },
        'accounts': {
            'key': ['account_id'],
            'columns': {
                'account_id': 'text', 'segment': 'text', 'users': 'integer', 'contract_started_on': 'date',
                'churned_on': 'date',
            },
        },
        'categories': {
            'key': ['category', 'subcategory', 'valid_from'],
            'required': ['category'],
            'columns': {
                'category': 'text', 'subcategory': 'text', 'parent_category': 'text', 'is_request': 'boolean',
                'first_contact_eligible': 'boolean', 'valid_from': 'plan', 'valid_to': 'plan',
            },
        },
        'agent_states': {
            'key': ['agent_id', 'started_at'], 'time': 'started_at',
            'columns': {'agent_id': 'person', 'state': 'text', 'started_at': 'time', 'ended_at': 'time'},
        },
        'shifts': {
            'key': ['agent_id', 'shift_started_at'],
            'columns': {
                'agent_id': 'person', 'shift_started_at': 'plan', 'shift_ended_at': 'plan', 'paid_minutes': 'integer',
            },
        },
        'team_absences': {
            'key': ['team_id', 'month'],
            'columns': {
                'team_id': 'text', 'month': 'date', 'absence_rate': 'decimal', 'leavers': 'integer',
                'headcount': 'integer',
            },
        },
        'targets': {
            'key': ['metric', 'scope', 'valid_from'],
            'required': ['metric'],
            'columns': {
                'metric': 'text', 'scope': 'text', 'operator': 'text', 'target': 'decimal', 'valid_from': 'plan',
                'valid_to': 'plan', 'used_for': 'text',
            },
        },
        'sla_policies': {
            'key': ['policy_id', 'metric'],
            'columns': {
                'policy_id': 'text', 'metric': 'text', 'target_minutes': 'integer', 'calendar_id': 'text',
                'pausing_statuses': 'text',
            },
        },
        'calendars': {
            'key': ['calendar_id', 'iso_weekday', 'opens_at'],
            'required': ['calendar_id'],
            'columns': {
                'calendar_id': 'text', 'time_zone': 'text', 'iso_weekday': 'integer', 'opens_at': 'text',
                'closes_at': 'text',
            },
        },
        'holidays': {
            'key': ['calendar_id', 'holiday_on'],
            'columns': {'calendar_id': 'text', 'holiday_on': 'date'},
        },
        'costs': {
            'key': ['month', 'team_id', 'currency', 'kind'],
            'required': ['month'],
            'columns': {
                'month': 'date', 'team_id': 'text', 'amount': 'decimal', 'currency': 'text', 'kind': 'text',
            },
        },
        'problems': {
            'key': ['problem_id'], 'time': 'opened_at',
            'columns': {
                'problem_id': 'text', 'opened_at': 'time', 'closed_at': 'time', 'root_cause_status': 'text',
                'fix_deployed_at': 'time',
            },
        },
        'qa_reviews': {
            'key': ['review_id'], 'time': 'reviewed_at',
            'columns': {
                'review_id': 'text', 'contact_id': 'text', 'ticket_id': 'text', 'reviewed_at': 'time',
                'score': 'decimal', 'passed': 'boolean',
            },
        },
        'bot_sessions': {
            'key': ['session_id'], 'time': 'started_at',
            'columns': {
                'session_id': 'text', 'customer_id': 'person', 'started_at': 'time', 'ended_at': 'time',
                'intent': 'text', 'is_contained': 'boolean', 'handed_off_to': 'text',
            },
        },
        'access_events': {
            'key': ['account_id', 'day'],
            'columns': {
                'account_id': 'text', 'day': 'date', 'users': 'integer', 'lockouts': 'integer',
                'failed_logins': 'integer', 'self_service_resets': 'integer',
            },
        },
        'business_claims': {
            'key': ['claim_type', 'claim_id'], 'time': 'claimed_at',
            'columns': {
                'claim_type': 'text', 'claim_id': 'text', 'business_function': 'text', 'unit': 'text',
                'subject_id': 'person', 'claimed_at': 'time', 'amount': 'decimal',
            },
        },
        'business_outcomes': {
            'key': ['claim_type', 'claim_id', 'outcome', 'outcome_at'], 'time': 'outcome_at',
            'columns': {
                'claim_type': 'text', 'claim_id': 'text', 'outcome_at': 'time', 'outcome': 'text', 'amount': 'decimal',
            },
        },
        'business_measures': {
            'key': ['business_function', 'unit', 'period_start', 'measure'],
            'columns': {
                'business_function': 'text', 'unit': 'text', 'period_start': 'date', 'measure': 'text',
                'numerator': 'decimal', 'denominator': 'decimal',
            },
        },
        'team_pulses': {
            'key': ['team_id', 'month'],
            'columns': {
                'team_id': 'text', 'month': 'date', 'respondents': 'integer', 'mean_satisfaction': 'decimal',
            },
        },
    }) }}
{%- endmacro %}

{#- Columns and types of a canonical table as staging emits it, in order. People are keys, not identifiers. -#}
{% macro canonical_columns(table) -%}
    {%- set contract = canonical_contract()[table] -%}
    {%- set columns = {'source_system': 'varchar'} -%}
    {%- for column, kind in contract['columns'].items() -%}
        {%- do columns.update({
            canonical_name(column, kind, contract.get('tool', {})): canonical_type(kind)
        }) -%}
    {%- endfor -%}
    {%- if table == 'tickets' -%}
        {%- do columns.update({'tool_reopen_count': 'bigint'}) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{#- Name of a contract column from staging on: of a person only the key is left, of a tool's own account only what it
    is. -#}
{% macro canonical_name(column, kind, tool={}) -%}
    {%- if kind == 'person' -%}
        {{ return(column[:-3] ~ '_key' if column.endswith('_id') else column ~ '_key') }}
    {%- endif -%}
    {{ return(tool.get(column, column)) }}
{%- endmacro %}

{% macro canonical_type(kind) -%}
    {{ return({
        'text': 'varchar', 'actor': 'varchar', 'person': 'varchar', 'value': 'varchar', 'time': 'timestamp', 'plan': 'timestamp',
        'date': 'date', 'integer': 'bigint', 'sequence': 'bigint', 'decimal': 'decimal(38, 10)', 'boolean': 'boolean',
    }[kind]) }}
{%- endmacro %}

{#- The used rows of a canonical base model, in the columns of staging.

    whole   column whose rows mean something only together, a calendar's: where its latest delivery has a row that was
            quarantined, a row with this column alone says that something is missing -#}
{% macro canonical_staging(table, whole=none) -%}
{%- set columns = canonical_columns(table) -%}
select
    'canonical' as source_system
    {%- for column in columns if column not in ('source_system', 'tool_reopen_count') %},
    {{ column }}
    {%- endfor %}
    {%- if table == 'tickets' %},
    -- the contract has no counter of the tool
    cast(null as bigint) as tool_reopen_count
    {%- endif %}
from {{ ref('base_canonical__' ~ table) }}
where fate = 'used'
{%- if whole %}
union all
select
    'canonical' as source_system
    {%- for column, type in columns.items() if column != 'source_system' %},
    {{ column if column == whole else 'cast(null as ' ~ type ~ ')' }} as {{ column }}
    {%- endfor %}
from {{ ref('base_canonical__' ~ table) }}
where {{ whole }} is not null
group by {{ whole }}
having max(case when fate = 'quarantined' then _loaded_at end) = max(_loaded_at)
{%- endif %}
{%- endmacro %}
