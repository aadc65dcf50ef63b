-- D07 · Status parking. Are clocks stopped without a word more often when the deadline is near? Each team is compared with itself:
-- who waits for vendors, or asks by telephone, is as silent early as late.
with

{{ detector_cells(ref('cases_d07_status_parking'), sums={
    'late_count': 'case when is_late then 1 else 0 end',
    'early_count': 'case when not is_late then 1 else 0 end',
    'early_silent_count': 'case when is_silent and not is_late then 1 else 0 end',
}) }},

final as (

    select
        {{ detector_columns(
            'D07',
            cases='late_count',
            marked='marked_count',
            expected='cast(late_count as decimal(18, 6)) * ' ~ ratio('early_silent_count', 'early_count'),
            effect=ratio('marked_count', 'late_count') ~ ' - ' ~ ratio('early_silent_count', 'early_count'),
            z=two_shares_z('marked_count', 'late_count', 'early_silent_count', 'early_count'),
            reason="case when early_count < 30 then 'too few waits early in the clock to compare with' end",
        ) }}
    from cells

)

select * from final
