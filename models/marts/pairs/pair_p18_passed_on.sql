-- P18 · Handle time of who passes a contact on against that of the whole contact. The gap is the share that others spent on
-- it.
select
    {{ pair_columns(
        'P18',
        cohort='passed_on_count',
        reported=['handle_seconds', 'contact_count'],
        headline=['sender_seconds', 'passed_on_count'],
        reality=['passed_on_handle_seconds', 'passed_on_count'],
        gap='later_legs_share',
        gap_low='later_legs_share_low',
        gap_high='later_legs_share_high',
        window_days=none
    ) }}
from {{ ref('handle_time_in_context') }}
where
    not is_suppressed
    -- the same in every window
    and window_days in (
        select windows.window_days
        from {{ ref('windows') }} as windows
        where windows.is_default
    )
