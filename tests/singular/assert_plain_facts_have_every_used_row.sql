-- A row of the contract that can be used is in its fact or dimension, once. Where as_of is pinned, periods that begin
-- after it are not, so there may be fewer.
{% set homes = {
    'ticket_messages': 'fct_ticket_messages', 'surveys': 'fct_survey_responses', 'costs': 'fct_costs',
    'problems': 'fct_problems', 'bot_sessions': 'fct_bot_sessions', 'business_claims': 'fct_business_claims',
    'business_outcomes': 'fct_business_outcomes', 'business_measures': 'fct_business_measures',
    'access_events': 'fct_access_events', 'qa_reviews': 'fct_qa_reviews', 'accounts': 'dim_accounts',
    'agents': 'dim_agents', 'categories': 'dim_categories', 'targets': 'dim_targets',
} %}

with

used as (

    select
        raw_table,
        sum(row_count) as row_count
    from {{ ref('fct_row_fates') }}
    where source_system = 'canonical' and fate = 'used'
    group by raw_table

),

kept as (

    {% for raw_table, home in homes.items() -%}
    select
        '{{ raw_table }}' as raw_table,
        count(*) as row_count
    from {{ ref(home) }}
    where source_system = 'canonical'
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    kept.raw_table,
    used.row_count as used_rows,
    kept.row_count as kept_rows
from kept
left join used
    on kept.raw_table = used.raw_table
where kept.row_count {{ '<>' if var('as_of') is none else '>' }} coalesce(used.row_count, 0)
