-- Grain: one ticket that names another as its origin (R2): a follow-up, a duplicate or a child, whoever opened it.
-- A ticket merged into another is no return.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

openings as (

    select * from {{ ref('int_ticket_openings') }}
    where {{ is_touched('ticket_key') }}

),

links as (

    select
        follow_up_of_key as ticket_key,
        ticket_key as return_ticket_key,
        created_at as returned_at
    from openings
    union
    select
        duplicate_of_key as ticket_key,
        ticket_key as return_ticket_key,
        created_at as returned_at
    from openings
    union
    select
        parent_ticket_key as ticket_key,
        ticket_key as return_ticket_key,
        created_at as returned_at
    from openings

),

final as (

    select * from links
    where ticket_key is not null and ticket_key <> return_ticket_key

)

select * from final
