-- Grain: claim type x source system x unit x day after the claim. What share of the customers was back by then? Young claims
-- count for as many days as they were watched (Kaplan-Meier), so the newest ones need not be left out.
-- Day d ends d x 86,400 seconds after the claim, as windows do; a claim is at risk on a day that was observed to its end.
{% set last_day = 60 %}
{% set unit_columns = {
    'team': 'team_id', 'category': 'category', 'channel': 'channel', 'closure_mode': 'closure_mode',
} %}
{% set z = '1.959963984540054' %}
{% set zone = var('reporting_time_zone') %}

with

verdicts as (

    select * from {{ ref('fct_claim_verdicts') }}
    where
        tier_set = 'return'
        and is_default_window
        and is_headline_cohort
        and claim_type in ('ticket_resolved', 'contact_handled', 'call_resolved')

),

claims as (

    select * from {{ ref('fct_claims') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

timed as (

    select
        verdicts.claim_type,
        verdicts.source_system,
        verdicts.team_id,
        verdicts.category,
        verdicts.channel,
        verdicts.closure_mode,
        verdicts.is_observable,
        {{ seconds_between('verdicts.claimed_at', 'verdicts.observed_until') }} as observed_seconds,
        {{ seconds_between(
            'verdicts.claimed_at', 'least(claims.first_r1_at, claims.first_r2_at, claims.first_r3_at)'
        ) }} as return_seconds,
        {{ seconds_between('verdicts.claimed_at', utc_time('cast(accounts.churned_on as timestamp)', zone)) }}
            as churn_seconds
    from verdicts
    inner join claims
        on verdicts.claim_id = claims.claim_id
    left join accounts
        on
            verdicts.source_system = accounts.source_system
            and verdicts.account_id = accounts.account_id

),

-- days are cut upwards: what came within the second day is of day 2
watched as (

    select
        *,
        {{ integer_division('observed_seconds', '86400') }} as last_observed_day,
        -- a reopening goes by sequence: its clock may read the claim's own instant
        case
            when return_seconds is not null then {{ integer_division('greatest(return_seconds, 0) + 86399', '86400') }}
        end as return_day,
        -- an account that had left before the claim leaves no more
        case when churn_seconds > 0 then {{ integer_division('churn_seconds + 86399', '86400') }} end as churn_day
    from timed
    where observed_seconds >= 0

),

left_over as (

    select
        *,
        case
            when
                return_day <= last_observed_day
                and not coalesce(churn_seconds > 0 and churn_seconds < return_seconds, false)
                then 'returned'
            when churn_day <= last_observed_day then 'churned'
            else 'censored'
        end as outcome
    from watched

),

unit_kinds as (

    select unit_type
    from (
        values
        ('total')
        {%- for unit_type in unit_columns %},
        ('{{ unit_type }}')
        {%- endfor %}
    ) as listed (unit_type)

),

leavings as (

    select
        left_over.claim_type,
        left_over.source_system,
        unit_kinds.unit_type,
        case unit_kinds.unit_type
            when 'total' then '(all)'
            {%- for unit_type, column in unit_columns.items() %}
            when '{{ unit_type }}' then coalesce(left_over.{{ column }}, '(none)')
            {%- endfor %}
        end as unit,
        case
            when not left_over.is_observable then null
            when left_over.outcome = 'returned' then left_over.return_day
            when left_over.outcome = 'churned' then left_over.churn_day
            else left_over.last_observed_day
        end as day_number,
        left_over.is_observable,
        left_over.outcome
    from left_over
    cross join unit_kinds

),

units as (

    select
        claim_type,
        source_system,
        unit_type,
        unit,
        {{ count_where('is_observable') }} as claim_count,
        {{ count_where('not is_observable') }} as unobservable_count
    from leavings
    group by claim_type, source_system, unit_type, unit

),

named_unit_types as (

    select distinct
        claim_type,
        source_system,
        unit_type
    from units
    where unit <> '(none)'

),

left_by_day as (

    select
        claim_type,
        source_system,
        unit_type,
        unit,
        day_number,
        {%- for outcome in ['returned', 'churned', 'censored'] %}
        {{ count_where("outcome = '" ~ outcome ~ "'") }} as {{ outcome }}_count{{ ',' if not loop.last }}
        {%- endfor %}
    from leavings
    where day_number <= {{ last_day }}
    group by claim_type, source_system, unit_type, unit, day_number

),

digits as (

    select digit from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as listed (digit)

),

days as (

    select 10 * tens.digit + ones.digit as day_number
    from digits as tens
    cross join digits as ones
    where 10 * tens.digit + ones.digit <= {{ last_day }}

),

filled as (

    select
        units.*,
        days.day_number,
        coalesce(left_by_day.returned_count, 0) as returned_count,
        coalesce(left_by_day.churned_count, 0) as churned_count,
        coalesce(left_by_day.censored_count, 0) as censored_count
    from units
    inner join named_unit_types
        on
            units.claim_type = named_unit_types.claim_type
            and units.source_system = named_unit_types.source_system
            and units.unit_type = named_unit_types.unit_type
    cross join days
    left join left_by_day
        on
            units.claim_type = left_by_day.claim_type
            and units.source_system = left_by_day.source_system
            and units.unit_type = left_by_day.unit_type
            and units.unit = left_by_day.unit
            and days.day_number = left_by_day.day_number

),

{% set so_far %}over (
            partition by claim_type, source_system, unit_type, unit order by day_number
            rows between unbounded preceding and current row
        ){% endset -%}
{% set before %}over (
            partition by claim_type, source_system, unit_type, unit order by day_number
            rows between unbounded preceding and 1 preceding
        ){% endset -%}
{% set of_unit %}over (partition by claim_type, source_system, unit_type, unit){% endset -%}

at_risk as (

    select
        *,
        claim_count - cast(
            coalesce(sum(returned_count + churned_count + censored_count) {{ before }}, 0) as bigint
        ) as at_risk_count,
        cast(sum(returned_count) {{ so_far }} as bigint) as returned_so_far_count,
        cast(sum(returned_count) {{ of_unit }} as bigint) as returned_in_all_count
    from filled

),

-- a day on which all who were left came back has no logarithm: the product is 0 from there on
terms as (

    select
        *,
        {%- for name, gone in {
            'return': 'returned_count', 'any': '(returned_count + churned_count)',
        }.items() %}
        case
            when {{ gone }} < at_risk_count
                then ln(1 - cast({{ gone }} as {{ type_double() }}) / at_risk_count)
        end as {{ name }}_log,
        case when at_risk_count > 0 and {{ gone }} = at_risk_count then 1 else 0 end as {{ name }}_all,
        {%- endfor %}
        case
            when returned_count < at_risk_count
                then
                    cast(returned_count as {{ type_double() }})
                    / (cast(at_risk_count as {{ type_double() }}) * (at_risk_count - returned_count))
        end as greenwood_term
    from at_risk

),

products as (

    select
        *,
        coalesce(sum(return_log) {{ so_far }}, 0) as log_of_staying,
        coalesce(sum(any_log) {{ before }}, 0) as log_of_any_before,
        coalesce(sum(greenwood_term) {{ so_far }}, 0) as greenwood,
        max(return_all) {{ so_far }} as have_all_returned,
        coalesce(max(any_all) {{ before }}, 0) as had_all_gone,
        min(
            case
                when 2 * returned_so_far_count >= returned_in_all_count and returned_in_all_count > 0 then day_number
            end
        ) {{ of_unit }} as median_days_to_return
    from terms

),

curves as (

    select
        *,
        case when have_all_returned = 1 then 0 else exp(log_of_staying) end as staying,
        -- the interval of log(-log S): it stays between 0 and 1. None while nobody is back, or all are
        case
            when have_all_returned = 0 and returned_so_far_count > 0
                then exp({{ z }} * sqrt(greenwood) / (-log_of_staying))
        end as spread,
        sum(
            case
                when had_all_gone = 0 and at_risk_count > 0
                    then exp(log_of_any_before) * cast(returned_count as {{ type_double() }}) / at_risk_count
                else 0
            end
        ) {{ so_far }} as incidence
    from products

),

final as (

    select
        -- grain
        claim_type,
        source_system,
        unit_type,
        unit,
        cast(day_number as integer) as day_number,

        -- counts
        claim_count,
        unobservable_count,
        at_risk_count,
        returned_count,
        churned_count,
        censored_count,
        returned_so_far_count,

        -- statistics: null where nobody was watched so long
        {%- for name, value in {
            'staying_share': 'staying',
            'returned_share': '1 - staying',
            'returned_share_low': '1 - exp(log_of_staying / spread)',
            'returned_share_high': '1 - exp(log_of_staying * spread)',
            'cumulative_incidence': 'incidence',
        }.items() %}
        case
            when at_risk_count > 0
                then cast(round(cast({{ value }} as decimal(18, 12)), 6) as decimal(9, 6))
        end as {{ name }},
        {%- endfor %}
        cast(median_days_to_return as integer) as median_days_to_return,
        cast({{ ratio('unobservable_count', '(claim_count + unobservable_count)') }} as decimal(9, 4))
            as unobservable_share
    from curves

)

select * from final
