-- A falsifier inside a window is inside every longer one, and one of a tier set is in every wider one.
with

verdicts as (

    select
        *,
        case tier_set when 'linked' then 1 when 'return' then 2 when 'strict' then 3 end as tier_width
    from {{ ref('fct_claim_verdicts') }}

),

ordered as (

    select
        claim_id,
        window_days,
        tier_set,
        falsified_at,
        lag(falsified_at) over (partition by claim_id, tier_set order by window_days) as in_shorter_window,
        lag(falsified_at) over (partition by claim_id, window_days order by tier_width) as in_narrower_set
    from verdicts

)

select * from ordered
where
    (in_shorter_window is not null and in_shorter_window is distinct from falsified_at)
    or (in_narrower_set is not null and coalesce(falsified_at > in_narrower_set, true))
