-- Grain: one quality review.
with

qa_reviews as (

    select * from {{ ref('int_qa_reviews') }}

),

final as (

    select
        source_system,
        review_id,
        contact_key,
        ticket_key,
        reviewed_at,
        score,
        passed
    from qa_reviews

)

select * from final
