-- Grain: one claim x window x tier set, judged at as_of. A view: as_of, coverage and shared identities may change the
-- verdict of a claim whose own facts did not change.
-- Every rate is over is_mature and verdict in ('held', 'falsified').
{{ config(materialized='view') }}

with

claims as (

    select * from {{ ref('fct_claims') }}

),

shared_identities as (

    select * from {{ ref('int_shared_identities') }}

),

desks as (

    select
        own.source_system,
        other.source_system as observed_system
    from {{ ref('int_desks') }} as own
    inner join {{ ref('int_desks') }} as other
        on own.desk = other.desk

),

-- a claim can be called held only as far as every feed that could falsify it was observed; a customer may come back in
-- another system of the same desk
horizons as (

    select
        desks.source_system,
        feeds.claim_type,
        tier_sets.tier_set,
        least(min(coverage.observed_until), min(coverage.as_of)) as observed_until
    from {{ ref('tier_sets') }} as tier_sets
    inner join {{ ref('falsifier_feeds') }} as feeds
        on tier_sets.tier = feeds.tier
    inner join {{ ref('dim_feed_coverage') }} as coverage
        on feeds.feed = coverage.feed
    inner join desks
        on
            coverage.source_system = desks.observed_system
            and (feeds.tier = 'R3' or desks.source_system = desks.observed_system)
    group by desks.source_system, feeds.claim_type, tier_sets.tier_set

),

sets as (

    select distinct tier_set from {{ ref('tier_sets') }}

),

-- what no outcome in the seed contradicts is never known to hold
falsifiable_types as (

    select distinct claim_type from {{ ref('business_outcomes') }}
    where falsifies

),

judged as (

    select
        claims.*,
        windows.window_days,
        windows.is_default as is_default_window,
        sets.tier_set,
        horizons.observed_until,
        case
            when not claims.needs_customer then null
            when claims.customer_key is null then 'unknown_customer'
            when shared.customer_key is not null then 'shared_identity'
            when shared_in_category.customer_key is not null then 'normal_business'
        end as unobservable_reason,
        -- where no feed would show a falsifier, nothing is ever known
        coalesce(
            {{ seconds_between('claims.claimed_at', 'horizons.observed_until') }} >= windows.window_days * 86400, false
        )
        and (claims.business_function = 'service' or falsifiable_types.claim_type is not null) as is_mature,
        {%- for tier in ['r1', 'r2', 'r3', 'r4', 'r5'] %}
        -- a falsifier is later than its claim by construction; R1 goes by sequence, even in the claim's own minute
        case
            when
                {% if tier == 'r3' -%}
                sets.tier_set in ('return', 'strict')
                {%- elif tier in ['r4', 'r5'] -%}
                sets.tier_set = 'strict'
                {%- else -%}
                sets.tier_set in ('linked', 'return', 'strict')
                {%- endif %}
                and {{ seconds_between('claims.claimed_at', 'claims.first_' ~ tier ~ '_at') }}
                <= windows.window_days * 86400
                then claims.first_{{ tier }}_at
        end as {{ tier }}_at{{ ',' if not loop.last }}
        {%- endfor %}
    from claims
    cross join sets
    inner join {{ ref('windows') }} as windows
        on case when claims.business_function = 'service' then windows.is_for_service else windows.is_for_business end
    left join horizons
        on
            claims.source_system = horizons.source_system
            and sets.tier_set = horizons.tier_set
            and case when claims.business_function = 'service' then claims.claim_type else 'business' end
            = horizons.claim_type
    left join falsifiable_types
        on {{ lowered(trimmed('claims.claim_type')) }} = falsifiable_types.claim_type
    left join shared_identities as shared
        on
            claims.customer_key = shared.customer_key
            and shared.category is null
    left join shared_identities as shared_in_category
        on
            claims.customer_key = shared_in_category.customer_key
            and claims.category = shared_in_category.category

),

timed as (

    select
        *,
        least(r1_at, r2_at, r3_at, r4_at, r5_at) as falsified_at
    from judged

),

final as (

    select
        -- grain
        claim_id,
        window_days,
        tier_set,
        is_default_window,

        -- the claim
        claim_type,
        business_function,
        source_system,
        contact_key,
        ticket_key,
        ticket_id,
        customer_key,
        channel,
        queue,
        team_id,
        account_id,
        category,
        claimed_at,
        closure_mode,
        is_headline_cohort,

        -- the verdict
        observed_until,
        is_mature,
        unobservable_reason is null as is_observable,
        unobservable_reason,
        case
            when is_mature and unobservable_reason is not null then 'unobservable'
            when falsified_at is not null then 'falsified'
            when is_mature then 'held'
            else 'pending'
        end as verdict,
        falsified_at,
        case falsified_at
            when r1_at then 'R1'
            when r2_at then 'R2'
            when r3_at then 'R3'
            when r4_at then 'R4'
            when r5_at then 'R5'
        end as falsified_by_tier,

        -- its parts inside the window
        r1_at is not null as is_reopened,
        r2_at is not null as is_linked,
        r3_at is not null as is_inferred,
        r1_at is null
        and (coalesce(r2_at > closed_at, false) or coalesce(r3_at > closed_at, false)) as is_hidden_by_auto_close,
        r1_reopened_by as reopened_by,
        case
            when r1_at = falsified_at then null
            when r2_at = falsified_at then r2_ticket_key
            when r3_at = falsified_at then r3_ticket_key
        end as falsified_by_ticket_key,
        case
            when r1_at = falsified_at or r2_at = falsified_at then null
            when r3_at = falsified_at then r3_contact_key
        end as falsified_by_contact_key
    from timed

)

select * from final
