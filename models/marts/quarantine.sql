-- Grain: source system x raw table x reason. The list of rows that nobody can use, in short: how many, how many of them were mended,
-- where the first of the others stands, and what to do. Each row: fct_quarantined_rows.
with

numbered as (

    select
        *,
        row_number() over (
            partition by source_system, raw_table, fate_reason
            order by
                case when is_corrected then 1 else 0 end,
                loaded_at,
                {{ text_order('source_file') }},
                quarantine_number
        ) as place
    from {{ ref('fct_quarantined_rows') }}

),

counted as (

    select
        source_system,
        raw_table,
        fate_reason,
        min(meaning) as meaning,
        min(what_to_do) as what_to_do,
        max(case when is_waiting then 1 else 0 end) = 1 as is_waiting,
        count(*) as row_count,
        {{ count_where('is_corrected') }} as corrected_count,
        {{ count_where('is_corrected is null') }} as unknown_count,
        {{ count_where('is_corrected is not true') }} as still_missing_count,
        max(case when place = 1 and is_corrected is not true then source_file end) as first_missing_file,
        max(case when place = 1 and is_corrected is not true then line_number end) as first_missing_line_number,
        max(case when place = 1 and is_corrected is not true then row_number end) as first_missing_row_number,
        min(loaded_at) as first_loaded_at,
        max(last_delivered_at) as last_delivered_at
    from numbered
    group by source_system, raw_table, fate_reason

),

final as (

    select
        -- grain
        source_system,
        raw_table,
        fate_reason,

        -- what it is
        meaning,
        what_to_do,
        is_waiting,

        -- how many
        cast(row_count as bigint) as row_count,
        cast(corrected_count as bigint) as corrected_count,
        cast(unknown_count as bigint) as unknown_count,
        cast(still_missing_count as bigint) as still_missing_count,

        -- where to begin
        first_missing_file,
        first_missing_line_number,
        first_missing_row_number,

        -- when
        first_loaded_at,
        last_delivered_at
    from counted

)

select * from final
