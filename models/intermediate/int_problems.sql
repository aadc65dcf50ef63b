-- Grain: one problem record: the cause behind tickets.
{{ config(materialized='view') }}

with

unioned as (

    {{ union_systems('problems') }}

)

select
    source_system || ':' || problem_id as problem_key,
    source_system,
    problem_id,
    opened_at,
    {{ lowered(trimmed('root_cause_status')) }} as root_cause_status,
    {{ at_as_of('fix_deployed_at', 'fix_deployed_at') }} as fix_deployed_at,
    {{ at_as_of('closed_at', 'closed_at') }} as closed_at
from unioned
