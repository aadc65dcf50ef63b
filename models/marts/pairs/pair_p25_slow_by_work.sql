-- P25 · Rank by handle time against handle time for the same work. Of the slowest quarter of agents, how many are there for
-- the work they get? Counts of the whole desk, never an agent.
select
    {{ pair_columns(
        'P25',
        cohort='slowest_agent_count',
        reported=['slowest_agent_count', 'compared_agent_count'],
        headline=['slowest_agent_count', 'slowest_agent_count'],
        reality=['slowest_agent_count - slow_by_work_count', 'slowest_agent_count'],
        gap_count='slow_by_work_count'
    ) }}
from {{ ref('team_experience') }}
where unit_type = 'total' and not is_suppressed and slowest_agent_count is not null
