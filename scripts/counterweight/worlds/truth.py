"""What really happened in a world. Kept in a folder of its own, which nothing in the warehouse reads."""

from counterweight.worlds.tables import (
    ACCOUNT,
    AGENT,
    CONTACT,
    CUSTOMER,
    EVENT,
    FLAG,
    LEG,
    MESSAGE,
    PROBLEM_RECORD,
    SESSION,
    SURVEY,
    THOUSANDTHS,
    TICKET,
    TIME,
    WHOLE,
    Table,
    key,
    text,
)

PROBLEM = key("problem", "X")
OUTCOMES = text("solved", "unsolved", "passed on")
REACTIONS = text("none", "gave up", "reopened", "new ticket", "phone", "chat", "not seen")
KINDS = text("contact", "opening", "return")
CLAIMS = text("contact_handled", "ticket_resolved", "contained_by_bot")


class Truth:
    """Empty tables of a world's truth, one an attribute.

    problems    what a customer came about, one row a problem: two tickets of one customer and category may be two
    contacts    every interaction of a customer, with its problem: contacts of one problem share it
    claims      every claim of success, what came of it in truth, and how the customer came back
    behaviours  who acts on what from when on, and how strongly; is_gaming is false for what only looks like it
    acts        each raw row that such a behaviour changed or made
    """

    def __init__(self, categories, subcategories, teams, behaviours):
        category, subcategory, team = text(*categories), text(*subcategories), text(*teams)
        self.problems = Table("problems", {
            "problem_id": PROBLEM, "customer_id": CUSTOMER, "account_id": ACCOUNT, "category": category,
            "subcategory": subcategory, "began_at": TIME, "root_cause": key("root cause", "R"), "is_machine": FLAG,
        })  # fmt: skip
        self.contacts = Table("contacts", {
            "problem_id": PROBLEM, "kind": KINDS, "at": TIME, "contact_id": CONTACT,
            "ticket_id": TICKET, "event_id": EVENT,
        })  # fmt: skip
        self.claims = Table("claims", {
            "problem_id": PROBLEM, "claim_type": CLAIMS, "claimed_at": TIME, "contact_id": CONTACT,
            "ticket_id": TICKET, "event_id": EVENT, "session_id": SESSION, "outcome": OUTCOMES, "reaction": REACTIONS,
            "returned_at": TIME, "return_contact_id": CONTACT, "return_ticket_id": TICKET, "return_event_id": EVENT,
            "behaviour": text(*behaviours),
        })  # fmt: skip
        self.behaviours = Table("behaviours", {
            "agent_id": AGENT, "team_id": team, "behaviour": text(*behaviours), "is_gaming": FLAG, "since": TIME,
            "intensity": THOUSANDTHS, "limit_seconds": WHOLE,
        })  # fmt: skip
        self.acts = Table("acts", {
            "agent_id": AGENT, "behaviour": text(*behaviours), "is_gaming": FLAG, "at": TIME, "leg_id": LEG,
            "ticket_id": TICKET, "event_id": EVENT, "message_id": MESSAGE, "survey_id": SURVEY,
        })  # fmt: skip
        self.root_causes = Table("root_causes", {
            "root_cause": key("root cause", "R"), "account_id": ACCOUNT, "category": category,
            "first_seen_at": TIME, "fixed_at": TIME, "problem_id": PROBLEM_RECORD,
        })  # fmt: skip

    def tables(self):
        return [table for table in vars(self).values() if isinstance(table, Table)]
