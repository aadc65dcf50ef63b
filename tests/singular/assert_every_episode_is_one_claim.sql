-- Mirror: each episode makes exactly one claim, and each ticket_resolved claim comes from an episode.
with

claims as (

    select
        episode_id,
        count(*) as claim_count
    from {{ ref('fct_claims') }}
    where claim_type = 'ticket_resolved'
    group by episode_id

)

select
    episodes.episode_id,
    claims.episode_id as claimed_episode_id,
    claims.claim_count
from {{ ref('fct_resolution_episodes') }} as episodes
full outer join claims
    on episodes.episode_id = claims.episode_id
where claims.claim_count is distinct from 1 or episodes.episode_id is null
