-- Grain: one organization. Contracts and segments are not in Zendesk.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

select
    'zendesk' as source_system,
    organization_id as account_id,
    cast(null as varchar) as segment,
    cast(null as bigint) as users, -- noqa: RF04
    cast(null as date) as contract_started_on,
    cast(null as date) as churned_on
from {{ ref('base_zendesk__organization') }}
where fate = 'used'
