-- Grain: one raw row, or line of a file, that nobody can use. The list to work through: where it is, what is wrong, what to do,
-- and whether the row that mends it has come. What is mended without being delivered again (its ticket came, a format was
-- declared) is used in the next build, and is here no more.
with

unusable as (

    select * from {{ ref('int_unusable_rows') }}

),

-- where lines are told apart, those before a row are as many as before the last row that the book names
places as (

    select
        source_system,
        raw_table,
        source_file,
        loaded_at,
        row_number,
        0 as is_wanted,
        lines_before
    from {{ ref('stg_load__lines') }}
    union all
    select
        source_system,
        raw_table,
        source_file,
        loaded_at,
        row_number,
        1 as is_wanted,
        cast(null as bigint) as lines_before
    from unusable
    where row_number is not null

),

lines as (

    select
        source_system,
        raw_table,
        source_file,
        loaded_at,
        row_number,
        is_wanted,
        max(lines_before) over (
            partition by source_system, raw_table, source_file, loaded_at order by row_number, is_wanted
        ) as lines_before
    from places

),

loads as (

    select
        source_system,
        raw_table,
        source_file,
        max(loaded_at) as last_loaded_at
    from {{ ref('fct_row_fates') }}
    group by source_system, raw_table, source_file

),

located as (

    select
        unusable.source_system,
        unusable.raw_table,
        unusable.source_file,
        unusable.loaded_at,
        coalesce(unusable.line_number, unusable.row_number + lines.lines_before) as line_number,
        unusable.row_number,
        unusable.fate_reason,
        unusable.is_corrected,
        unusable.last_delivered_at,
        case
            when loads.last_loaded_at > unusable.last_delivered_at then loads.last_loaded_at
        end as file_loaded_again_at,
        case
            when substr(unusable.fate_reason, 1, 8) = 'missing_' then 'missing_*'
            when substr(unusable.fate_reason, 1, 11) = 'unreadable_' then 'unreadable_*'
            when substr(unusable.fate_reason, 1, 9) = 'overlong_' then 'overlong_*'
            when unusable.fate_reason = 'implausible_time' then null
            when substr(unusable.fate_reason, 1, 12) = 'implausible_' then 'implausible_*'
        end as reason_kind,
        case
            when substr(unusable.fate_reason, 1, 8) = 'missing_' then substr(unusable.fate_reason, 9)
            when substr(unusable.fate_reason, 1, 11) = 'unreadable_' then substr(unusable.fate_reason, 12)
            when substr(unusable.fate_reason, 1, 9) = 'overlong_' then substr(unusable.fate_reason, 10)
            when substr(unusable.fate_reason, 1, 12) = 'implausible_' then substr(unusable.fate_reason, 13)
            else ''
        end as column_name
    from unusable
    left join lines
        on
            unusable.source_system = lines.source_system
            and unusable.raw_table = lines.raw_table
            and unusable.source_file = lines.source_file
            and unusable.loaded_at = lines.loaded_at
            and unusable.row_number = lines.row_number
            and lines.is_wanted = 1
    left join loads
        on
            unusable.source_system = loads.source_system
            and unusable.raw_table = loads.raw_table
            and unusable.source_file = loads.source_file

),

final as (

    select
        -- grain
        located.source_system,
        located.raw_table,
        located.source_file,
        located.loaded_at,
        -- a connector tells neither line nor row: what is alike in all is counted through
        row_number() over (
            partition by located.source_system, located.raw_table, located.source_file, located.loaded_at
            order by
                coalesce(located.line_number, located.row_number),
                located.row_number,
                {{ text_order('located.fate_reason') }},
                located.is_corrected,
                located.last_delivered_at
        ) as quarantine_number,

        -- where
        located.line_number,
        located.row_number,

        -- why, and what to do
        located.fate_reason,
        replace(coalesce(exact.meaning, general.meaning), '{column}', located.column_name) as meaning,
        replace(coalesce(exact.what_to_do, general.what_to_do), '{column}', located.column_name) as what_to_do,

        -- what became of it since
        coalesce(exact.is_waiting, general.is_waiting) as is_waiting,
        located.is_corrected,
        located.last_delivered_at,
        located.file_loaded_again_at
    from located
    left join {{ ref('quarantine_reasons') }} as exact
        on located.fate_reason = exact.reason
    left join {{ ref('quarantine_reasons') }} as general
        on located.reason_kind = general.reason

)

select * from final
