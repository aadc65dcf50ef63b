"""What columns are called elsewhere: KPIs as dashboards, glossaries and tools' exports name them, and names that are none.

Half of the KPIs, by the seed below, was never looked at while the words of `looks_like_a_headline` were chosen.
"""

import random

KPIS = """
aht aht_seconds avg_handle_time average_handle_time_sec mean_handling_minutes talk_time_avg avg_talk_time att_secs
avg_acw_seconds after_call_work_mean wrap_time_p50 avg_hold_time hold_seconds_per_call call_duration_median
avg_contact_length_minutes handle_minutes_per_case mean_call_length interaction_duration_avg calls_handled calls_per_hour
tickets_closed closed_tickets tickets_resolved resolved_cases cases_solved num_solved_tickets total_closed incidents_resolved
requests_fulfilled completed_requests tickets_per_agent tickets_per_day contacts_handled_per_shift chats_per_hour solved_count
closed_ticket_count resolved_count completed_tasks_count handled_count ticket_throughput closures_per_week fix_rate
resolution_rate close_rate solve_rate_pct pct_first_time_fix fcr fcr_rate first_call_resolution first_contact_resolution_pct
one_touch_percentage one_touch_resolution single_contact_resolution_rate first_touch_solved_share first_visit_fix_rate
first_level_resolution_rate tier1_resolution_pct resolved_first_contact_count ftfr first_pass_yield right_first_time_pct
sla_met sla_met_pct sla_compliance sla_compliance_rate pct_within_sla resolved_within_sla within_target_share met_target_count
on_time_resolution_rate sla_attainment sla_breaches breach_rate response_sla_hit_ratio slo_attainment service_level
service_level_80_20 answered_within_20s pct_answered_in_time asa avg_speed_of_answer speed_of_answer avg_wait_time
average_queue_time_seconds mean_time_to_answer tsf_pct first_response_time avg_first_response_hours median_first_reply_minutes
first_reply_time_in_minutes_mean frt_p90 time_to_first_response response_time_avg mttr mttr_hours mean_time_to_resolve
mean_time_to_repair avg_resolution_hours full_resolution_time_median time_to_close_days ticket_age_avg turnaround_time
avg_turnaround_days cycle_time_days lead_time_hours mtta mtbf_hours requester_wait_time csat csat_pct csat_score csat_top2
satisfaction_score customer_satisfaction_rate pct_happy_customers avg_rating five_star_share good_rating_share nps nps_score
net_promoter promoters_pct customer_effort_score ces_mean survey_score_avg positive_feedback_rate thumbs_up_share
occupancy occupancy_pct utilization utilisation_rate agent_utilization_pct productive_time_share adherence_pct
schedule_adherence shrinkage_pct availability_rate billable_hours_pct idle_rate cost_per_ticket cost_per_contact
cost_per_resolution cpc_eur opex_per_case unit_cost price_per_reset support_cost_total backlog backlog_size open_tickets
open_ticket_count tickets_unresolved aged_backlog_count wip_items outstanding_requests queue_depth_avg reopen_rate
reopened_tickets reopen_pct pct_reopened transfer_rate transferred_calls_pct escalation_rate escalations_per_100
escalated_count reassignment_rate hops_avg containment_rate contained_sessions bot_deflection_pct deflected_share
self_service_rate self_served_pct automation_rate ivr_containment zero_touch_count abandonment_rate abandon_pct
calls_abandoned_share answer_rate answered_pct missed_call_rate qa_score qa_pass_rate quality_score_avg audit_pass_share
monitoring_score defect_rate_ppm first_pass_good_count deals_won deals_closed_count win_rate pipeline_value quota_attainment
activities_logged impressions click_through_rate engagement_rate mql_count leads_generated likes followers_total conversion_rate
time_to_hire_days offer_acceptance_rate internal_moves_count headcount_filled attrition_rate units_produced downtime_hours
uptime_pct savings_booked budget_variance_pct invoices_on_time days_sales_outstanding password_resets password_resets_count
problems_closed problem_records_closed_count known_errors_resolved major_incident_mttr sla_success interactions_completed_count
issues_cleared_count finished_jobs cases_dispatched_count won_back_customers_count happy_users_count calls_within_threshold
""".split()

# Columns of a mart, with the type that they would have.
INNOCENT = {
    "bigint": """
        contact_count chain_count cohort_count mature_count pending_count unobservable_count unknown_customer_count held_count
        falsified_count repeat_count trigger_count survey_count respondent_count invited_count eligible_count claim_count
        first_contact_count ticket_count agent_count customer_count account_count category_count offered_count leg_count
        problem_count session_count review_count observed_count period_count month_count queue_count issue_count
        shared_identity_count forwarded_count judged_count risk_count event_count row_count
    """.split(),
    "varchar": """
        source_system period_type unit_type unit team_id category channel reading closure_mode falsified_by_tier reopened_by
        cost_kind currency sla_metric sla_policy missing_inputs account_id queue handled_by resolution_code quadrant
    """.split(),
    "boolean": "is_period_mature is_mature is_sla_met is_reopened is_handled has_csat is_first_contact_resolved".split(),
    "date": "period_start period_end closed_on first_resolved_on".split(),
    "timestamp": "observed_until resolved_at closed_at first_reply_at handled_at".split(),
    "decimal(9,4)": "unobservable_share unknown_customer_share held_rate_low held_rate_high held_rate_numerator".split(),
}


def halves(seed=6):
    """(looked at, never looked at)"""
    names = sorted(set(KPIS))
    random.Random(seed).shuffle(names)
    return sorted(names[: len(names) // 2]), sorted(names[len(names) // 2 :])
