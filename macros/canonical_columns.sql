{#- Columns and types of the canonical tables that staging emits, in order. People are keys, not identifiers. -#}
{% macro canonical_columns(table) -%}
    {%- set contract = {
        'tickets': {
            'source_system': 'varchar', 'ticket_id': 'varchar', 'created_at': 'timestamp', 'updated_at': 'timestamp',
            'requester_key': 'varchar', 'requested_for_key': 'varchar', 'account_id': 'varchar', 'channel': 'varchar',
            'ticket_type': 'varchar', 'category': 'varchar', 'subcategory': 'varchar', 'category_at_open': 'varchar',
            'priority': 'varchar', 'status': 'varchar', 'assignee_key': 'varchar', 'team_id': 'varchar',
            'resolution_code': 'varchar', 'created_by_actor_type': 'varchar', 'configuration_item': 'varchar',
            'problem_id': 'varchar', 'parent_ticket_id': 'varchar', 'duplicate_of': 'varchar',
            'merged_into': 'varchar', 'follow_up_of': 'varchar', 'is_test': 'boolean',
            'tool_resolved_at': 'timestamp', 'tool_closed_at': 'timestamp', 'tool_reopen_count': 'bigint',
        },
        'ticket_events': {
            'source_system': 'varchar', 'event_id': 'varchar', 'ticket_id': 'varchar', 'event_sequence': 'bigint',
            'event_at': 'timestamp', 'field': 'varchar', 'old_value': 'varchar', 'new_value': 'varchar',
            'actor_key': 'varchar', 'actor_type': 'varchar',
        },
        'ticket_messages': {
            'source_system': 'varchar', 'message_id': 'varchar', 'ticket_id': 'varchar', 'sent_at': 'timestamp',
            'author_type': 'varchar', 'is_public': 'boolean', 'is_automatic': 'boolean',
        },
        'surveys': {
            'source_system': 'varchar', 'survey_id': 'varchar', 'ticket_id': 'varchar', 'sent_at': 'timestamp',
            'answered_at': 'timestamp', 'resolved_answer': 'varchar',
        },
    } -%}
    {{ return(contract[table]) }}
{%- endmacro %}
