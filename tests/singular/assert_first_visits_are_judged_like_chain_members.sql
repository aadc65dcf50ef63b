-- What F4 says of a first visit is what its chain says of it, where chains have that window.
with

judged as (

    select
        members.interaction_id,
        members.window_days,
        members.is_trigger,
        coalesce(verdicts.seconds_to_return <= members.window_days * 86400, false) as is_back,
        members.is_mature,
        coalesce(
            {{ seconds_between('verdicts.happened_at', 'verdicts.observed_until') }} >= members.window_days * 86400,
            false
        ) as is_mature_here
    from {{ ref('fct_first_contact_verdicts') }} as verdicts
    inner join {{ ref('fct_chain_members') }} as members
        on verdicts.thing_id = members.interaction_id
    where verdicts.definition_id = 'F4'

)

select * from judged
where
    is_mature <> is_mature_here
    or (is_mature and is_trigger is distinct from is_back)
