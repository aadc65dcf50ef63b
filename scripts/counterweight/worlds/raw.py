"""The raw tables of a world, as docs/inputs.md names them, and the tables of its truth."""

from counterweight.worlds.tables import (
    ACCOUNT,
    AGENT,
    CENTS,
    CONTACT,
    CUSTOMER,
    DATE,
    EMAIL,
    EVENT,
    FLAG,
    LEG,
    MESSAGE,
    PHONE,
    PLAIN_TEXT,
    PROBLEM_RECORD,
    REVIEW,
    SESSION,
    SURVEY,
    THOUSANDTHS,
    TICKET,
    TIME,
    WHOLE,
    Table,
    Value,
    key,
    text,
)

ACTORS = text("agent", "requester", "system", "automation")
CHANNELS = text("phone", "chat", "email", "portal", "monitor")
STATUSES = text("new", "open", "pending", "on_hold", "resolved", "closed")
PRIORITIES = text("4 low", "3 normal", "2 high", "1 critical")
TYPES = text("incident", "request")
CODES = text("solved", "workaround", "no reply", "duplicate", "spam", "test", "cleared itself")
FIELDS = text("status", "assignee", "team", "priority", "category", "subcategory", "requester_email")
DIRECTIONS = text("inbound", "outbound")
ENDERS = text("customer", "agent", "system")
TRANSFERS = text("cold", "warm")
STATES = text("on_queue", "back_office", "research", "break", "meal", "training")
ANSWERS = text("yes", "no", "partly")
DISPOSITIONS = text("solved", "passed on", "wrong number", "promised call", "dropped", "information")
TIERS = text("first", "second")

# People are numbers. Customers are the first; who is no customer but comes in lies above.
SWITCHBOARDS = 1_000_000_000
HOUSEHOLDS = 1_200_000_000
MONITORS = 1_400_000_000
STRANGERS = 1_600_000_000


class Raw:
    """Empty raw tables, one an attribute. The world's own words are their choices.

    teams, queues, categories, subcategories, templates, policies  texts
    """

    def __init__(self, teams, queues, categories, subcategories, templates, policies):
        team, category, subcategory = text(*teams), text(*categories), text(*subcategories)
        # one list for the values of all fields; a field's begin at value_starts
        texts = (STATUSES.values, PRIORITIES.values, tuple(teams), tuple(categories), tuple(subcategories))
        self.value_starts = {}
        values = ()
        for field, more in zip(("status", "priority", "team", "category", "subcategory"), texts, strict=True):
            self.value_starts[field] = len(values)
            values += more
        value = Value(values)
        self.tickets = Table("tickets", {
            "ticket_id": TICKET, "created_at": TIME, "requester_id": EMAIL, "channel": CHANNELS, "category": category,
            "status": STATUSES, "updated_at": TIME, "account_id": ACCOUNT, "requested_for_id": EMAIL,
            "ticket_type": TYPES, "subcategory": subcategory, "category_at_open": category, "priority": PRIORITIES,
            "assignee_id": AGENT, "team_id": team, "resolved_at": TIME, "closed_at": TIME, "resolution_code": CODES,
            "created_by_actor_type": ACTORS, "closed_by_actor_type": ACTORS,
            "configuration_item": key("configuration item", "CI-"), "problem_id": PROBLEM_RECORD,
            "parent_ticket_id": TICKET, "duplicate_of": TICKET, "merged_into": TICKET, "follow_up_of": TICKET,
            "is_test": FLAG, "reported_first_contact_resolution": FLAG, "sla_policy_id": text(*policies),
        })  # fmt: skip
        # an actor is an agent, or the requester, who may be a monitor
        self.ticket_events = Table("ticket_events", {
            "event_id": EVENT, "ticket_id": TICKET, "event_at": TIME, "field": FIELDS, "new_value": value,
            "event_sequence": WHOLE, "old_value": value, "agent": AGENT, "requester": EMAIL, "actor_type": ACTORS,
        }, merged={"actor_id": ("agent", "requester")})  # fmt: skip
        self.ticket_messages = Table("ticket_messages", {
            "message_id": MESSAGE, "ticket_id": TICKET, "sent_at": TIME, "author_type": ACTORS, "is_public": FLAG,
            "is_automatic": FLAG, "template_id": text(*templates),
        })  # fmt: skip
        self.calls = Table("calls", {
            "leg_id": LEG, "contact_id": CONTACT, "started_at": TIME, "ended_at": TIME, "direction": DIRECTIONS,
            "customer_id": PHONE, "channel": text("voice", "chat"), "agent_id": AGENT, "updated_at": TIME,
            "leg_number": WHOLE, "queue": text(*queues), "team_id": team, "offered_at": TIME, "answered_at": TIME,
            "talk_seconds": WHOLE, "hold_seconds": WHOLE, "wrap_seconds": WHOLE, "disconnected_by": ENDERS,
            "transfer_type": TRANSFERS, "ticket_id": TICKET, "category": category, "subcategory": subcategory,
            "is_abandoned": FLAG, "disposition": DISPOSITIONS, "reported_resolved": FLAG,
        })  # fmt: skip
        # one of phone and email stands in a row; `value` is what is left of them
        self.identities = Table("identities", {
            "customer_id": CUSTOMER, "kind": text("phone", "email"), "phone": PHONE, "email": EMAIL,
        }, merged={"value": ("phone", "email")})  # fmt: skip
        self.surveys = Table("surveys", {
            "survey_id": SURVEY, "ticket_id": TICKET, "contact_id": CONTACT, "eligible_at": TIME, "sent_at": TIME,
            "sent_by": ACTORS, "answered_at": TIME, "csat": WHOLE, "csat_scale_max": WHOLE, "effort": WHOLE,
            "resolved_answer": ANSWERS, "lost_minutes": WHOLE, "updated_at": TIME,
        })  # fmt: skip
        self.agents = Table("agents", {
            "agent_id": AGENT, "team_id": team, "tier": TIERS, "hired_on": DATE, "left_on": DATE, "valid_from": TIME,
            "valid_to": TIME,
        })  # fmt: skip
        self.accounts = Table("accounts", {
            "account_id": ACCOUNT, "segment": text("small", "medium", "large"), "users": WHOLE,
            "contract_started_on": DATE, "churned_on": DATE,
        })  # fmt: skip
        self.categories = Table("categories", {
            "category": category, "subcategory": subcategory, "parent_category": PLAIN_TEXT, "is_request": FLAG,
            "first_contact_eligible": FLAG, "valid_from": TIME, "valid_to": TIME,
        })  # fmt: skip
        self.agent_states = Table("agent_states", {
            "agent_id": AGENT, "state": STATES, "started_at": TIME, "ended_at": TIME,
        })  # fmt: skip
        self.shifts = Table("shifts", {
            "agent_id": AGENT, "shift_started_at": TIME, "shift_ended_at": TIME, "paid_minutes": WHOLE,
        })  # fmt: skip
        self.team_absences = Table("team_absences", {
            "team_id": team, "month": DATE, "absence_rate": THOUSANDTHS, "leavers": WHOLE, "headcount": WHOLE,
        })  # fmt: skip
        self.targets = Table("targets", {
            "metric": PLAIN_TEXT, "scope": PLAIN_TEXT, "operator": PLAIN_TEXT, "target": WHOLE, "valid_from": TIME,
            "valid_to": TIME, "used_for": text("diagnostic", "planning", "target", "pay"),
        })  # fmt: skip
        self.sla_policies = Table("sla_policies", {
            "policy_id": text(*policies), "metric": PLAIN_TEXT, "target_minutes": WHOLE, "calendar_id": PLAIN_TEXT,
            "pausing_statuses": PLAIN_TEXT,
        })  # fmt: skip
        self.calendars = Table("calendars", {
            "calendar_id": PLAIN_TEXT, "time_zone": PLAIN_TEXT, "iso_weekday": WHOLE, "opens_at": PLAIN_TEXT,
            "closes_at": PLAIN_TEXT,
        })  # fmt: skip
        self.holidays = Table("holidays", {"calendar_id": PLAIN_TEXT, "holiday_on": DATE})
        self.costs = Table("costs", {
            "month": DATE, "team_id": team, "amount": CENTS, "currency": PLAIN_TEXT, "kind": PLAIN_TEXT,
        })  # fmt: skip
        self.problems = Table("problems", {
            "problem_id": PROBLEM_RECORD, "opened_at": TIME, "closed_at": TIME,
            "root_cause_status": text("unknown", "known", "fixed"), "fix_deployed_at": TIME,
        })  # fmt: skip
        self.qa_reviews = Table("qa_reviews", {
            "review_id": REVIEW, "contact_id": CONTACT, "ticket_id": TICKET, "reviewed_at": TIME, "score": WHOLE,
            "passed": FLAG,
        })  # fmt: skip
        self.bot_sessions = Table("bot_sessions", {
            "session_id": SESSION, "customer_id": EMAIL, "started_at": TIME, "ended_at": TIME, "intent": category,
            "is_contained": FLAG, "handed_off_to": text("chat", "phone"),
        })  # fmt: skip
        self.access_events = Table("access_events", {
            "account_id": ACCOUNT, "day": DATE, "users": WHOLE, "lockouts": WHOLE, "failed_logins": WHOLE,
            "self_service_resets": WHOLE,
        })  # fmt: skip
        self.team_pulses = Table("team_pulses", {
            "team_id": team, "month": DATE, "respondents": WHOLE, "mean_satisfaction": THOUSANDTHS,
        })  # fmt: skip

    def tables(self):
        return [table for table in vars(self).values() if isinstance(table, Table)]
