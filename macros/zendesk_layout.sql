{#- The tables of Fivetran's Zendesk Support connector that staging reads, in the manner of canonical_contract: raw column
    -> (name from staging on, kind). Columns that it has besides are not looked at. The sources file repeats the columns
    with their meaning; a test compares the two. Every table may also have _fivetran_synced, which tells versions apart,
    and _fivetran_deleted.

    key      columns, by their new names, that identify a row
    required columns that must be known in a row, by their new names
    time     when it happened: what as_of cuts at
    version  what tells versions apart, where it is not the synchronisation
    columns  kinds: text, person (keyed hash), user (who acted: a key; null for Zendesk itself, -1 or nobody), time, date,
             integer, boolean, value (of a change: a key where it is a person, null where it may be free text) -#}
{% macro zendesk_layout() -%}
    {{ return({
        'ticket': {
            'key': ['ticket_id'], 'required': ['ticket_id', 'created_at'], 'time': 'created_at',
            'columns': {
                'id': ('ticket_id', 'text'), 'created_at': ('created_at', 'time'), 'updated_at': ('updated_at', 'time'),
                'requester_id': ('requester_key', 'person'), 'submitter_id': ('submitter_key', 'user'),
                'assignee_id': ('assignee_key', 'person'), 'organization_id': ('organization_id', 'text'),
                'group_id': ('group_id', 'text'), 'status': ('status', 'text'), 'type': ('ticket_type', 'text'),
                'priority': ('priority', 'text'), 'via_channel': ('via_channel', 'text'),
                'via_source_rel': ('via_source_rel', 'text'), 'via_source_from_id': ('via_source_from_id', 'text'),
                'via_followup_source_id': ('via_followup_source_id', 'text'), 'problem_id': ('problem_id', 'text'),
                'merged_ticket_ids': ('merged_ticket_ids', 'text'),
                var('zendesk_category_column'): ('category', 'text'),
                var('zendesk_subcategory_column'): ('subcategory', 'text'),
            },
        },
        'ticket_field_history': {
            'key': ['ticket_id', 'field_name', 'event_at'], 'required': ['ticket_id', 'field_name', 'event_at'],
            'time': 'event_at',
            'columns': {
                'ticket_id': ('ticket_id', 'text'), 'field_name': ('field_name', 'text'),
                'updated': ('event_at', 'time'), 'value': ('value', 'value'), 'user_id': ('actor_key', 'user'),
                'via_channel': ('via_channel', 'text'),
            },
        },
        'ticket_comment': {
            'key': ['comment_id'], 'required': ['comment_id', 'ticket_id', 'sent_at'], 'time': 'sent_at',
            'columns': {
                'id': ('comment_id', 'text'), 'ticket_id': ('ticket_id', 'text'), 'created': ('sent_at', 'time'),
                'user_id': ('author_key', 'user'), 'public': ('is_public', 'boolean'),
                'voice_comment': ('is_voice_comment', 'boolean'), 'via_channel': ('via_channel', 'text'),
            },
        },
        'user': {
            'key': ['user_key'], 'required': ['user_key'],
            'columns': {
                'id': ('user_key', 'person'), 'role': ('role', 'text'), 'email': ('email_key', 'person'),
                'phone': ('phone_key', 'person'), 'shared_phone_number': ('is_shared_phone', 'boolean'),
                'default_group_id': ('default_group_id', 'text'),
            },
        },
        'organization': {
            'key': ['organization_id'], 'required': ['organization_id'],
            'columns': {'id': ('organization_id', 'text')},
        },
        'group': {
            'key': ['group_id'], 'required': ['group_id'],
            'columns': {'id': ('group_id', 'text'), 'name': ('group_name', 'text')},
        },
        'group_member': {
            'key': ['membership_id'], 'required': ['membership_id', 'user_key', 'group_id'],
            'columns': {
                'id': ('membership_id', 'text'), 'user_id': ('user_key', 'person'), 'group_id': ('group_id', 'text'),
            },
        },
        'satisfaction_rating': {
            'key': ['rating_id'], 'required': ['rating_id', 'ticket_id', 'created_at'], 'time': 'created_at',
            'columns': {
                'id': ('rating_id', 'text'), 'ticket_id': ('ticket_id', 'text'), 'score': ('score', 'text'),
                'created_at': ('created_at', 'time'), 'updated_at': ('updated_at', 'time'),
            },
        },
        'call_metric': {
            'key': ['call_id'], 'required': ['call_id', 'started_at', 'duration_seconds'], 'time': 'started_at',
            'columns': {
                'id': ('call_id', 'text'), 'created_at': ('started_at', 'time'), 'updated_at': ('updated_at', 'time'),
                'ticket_id': ('ticket_id', 'text'), 'agent_id': ('agent_key', 'person'),
                'call_group_id': ('group_id', 'text'), 'direction': ('direction', 'text'),
                'completion_status': ('completion_status', 'text'), 'duration': ('duration_seconds', 'integer'),
                'time_to_answer': ('answer_seconds', 'integer'), 'ivr_time_spent': ('menu_seconds', 'integer'),
                'talk_time': ('talk_seconds', 'integer'), 'hold_time': ('hold_seconds', 'integer'),
                'wrap_up_time': ('wrap_seconds', 'integer'), 'voicemail': ('is_voicemail', 'boolean'),
            },
        },
        'schedule': {
            'key': ['schedule_id', 'start_minute', 'end_minute'],
            'required': ['schedule_id', 'start_minute', 'end_minute'],
            'columns': {
                'id': ('schedule_id', 'text'), 'time_zone': ('time_zone', 'text'),
                'start_time': ('start_minute', 'integer'), 'end_time': ('end_minute', 'integer'),
                'created_at': ('created_at', 'time'),
            },
        },
        'schedule_holiday': {
            'key': ['schedule_id', 'holiday_id'], 'required': ['schedule_id', 'first_day', 'last_day'],
            'columns': {
                'id': ('holiday_id', 'text'), 'schedule_id': ('schedule_id', 'text'),
                'start_date': ('first_day', 'date'), 'end_date': ('last_day', 'date'),
            },
        },
        'ticket_schedule': {
            'key': ['ticket_id', 'applied_at'], 'required': ['ticket_id', 'schedule_id', 'applied_at'],
            'time': 'applied_at',
            'columns': {
                'ticket_id': ('ticket_id', 'text'), 'schedule_id': ('schedule_id', 'text'),
                'created_at': ('applied_at', 'time'),
            },
        },
        'ticket_sla_policy': {
            'key': ['ticket_id', 'policy_id', 'applied_at'], 'required': ['ticket_id', 'policy_id', 'applied_at'],
            'time': 'applied_at',
            'columns': {
                'ticket_id': ('ticket_id', 'text'), 'sla_policy_id': ('policy_id', 'text'),
                'policy_applied_at': ('applied_at', 'time'),
            },
        },
        'sla_policy_metric_history': {
            'key': ['policy_id', 'metric', 'priority'], 'required': ['policy_id', 'metric', 'priority', 'changed_at'],
            'time': 'changed_at', 'version': 'changed_at',
            'columns': {
                'sla_policy_id': ('policy_id', 'text'), 'sla_policy_updated_at': ('changed_at', 'time'),
                'index': ('position', 'integer'), 'metric': ('metric', 'text'), 'priority': ('priority', 'text'),
                'target': ('target_minutes', 'integer'), 'business_hours': ('is_in_business_hours', 'boolean'),
            },
        },
    }) }}
{%- endmacro %}

{#- Fields of ticket_field_history that are read, by Zendesk's name, with the contract's. A custom field's name there is its
    number. -#}
{% macro zendesk_fields() -%}
    {%- set fields = {
        'status': 'status', 'assignee_id': 'assignee', 'group_id': 'team', 'priority': 'priority', 'type': 'ticket_type',
    } -%}
    {%- for field in ['category', 'subcategory'] if var('zendesk_' ~ field ~ '_field') is not none -%}
        {%- do fields.update({var('zendesk_' ~ field ~ '_field') | string: field}) -%}
    {%- endfor -%}
    {{ return(fields) }}
{%- endmacro %}
