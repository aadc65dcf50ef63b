-- Grain: one row of the contract's table `qa_reviews`, its current version.
{{ config(enabled='canonical' in var('source_systems')) }}

{{ canonical_staging('qa_reviews') }}
