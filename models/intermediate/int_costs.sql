-- Grain: one booking of costs of a month, or one contract price in force in it.
{{ config(materialized='view') }}

with

unioned as (

    {{ union_systems('costs') }}

)

select
    source_system,
    month,
    team_id,
    currency,
    kind,
    coalesce({{ lowered('kind') }} like 'price:%', false) as is_price,
    case
        when {{ lowered('kind') }} like 'price:%'
            then nullif({{ trimmed("substr(kind, length('price:') + 1)") }}, '')
    end as priced_category,
    amount
from unioned
where {{ begun_at_as_of('month') }}
