"""What agents and desks do to numbers, and what only looks like it.

A behaviour belongs to agents of some teams, from a date on, and strikes with an intensity: the share of the occasions
on which an agent who has it acts on it. Lookalikes are honest: they belong to the place, and are as old as it unless a
world says otherwise.
"""

import dataclasses

import numpy as np

VOICE, TICKETS, ALL = ("voice",), ("voice", "chat", "network", "applications", "workplace"), ()


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """One way to make a number look good, or an honest one of looking so.

    detector  the fingerprint it leaves, by its number in the catalogue of detectors
    kinds     kinds of team that can have it
    """

    detector: str
    kinds: tuple
    summary: str
    is_gaming: bool = True


BEHAVIOURS = {
    "call_cutting": Behaviour("D01", VOICE, "ends calls just under a time limit; the customer calls again"),
    "cut_and_call_back": Behaviour("D05", VOICE, "ends calls under the limit, then rings the customer back"),
    "hanging_up": Behaviour("D04", VOICE, "hangs up within ten seconds"),
    "passing_on": Behaviour("D06", VOICE, "passes calls on when the limit comes near"),
    "wrap_hiding": Behaviour("D20", VOICE, "books wrap-up as research"),
    "compression": Behaviour("D22", VOICE, "steers calls to just below the limit, short ones as well"),
    "invented_times": Behaviour("D21", VOICE, "enters talk times by hand, in round minutes"),
    "deadline_closing": Behaviour("D02", TICKETS, "resolves tickets unsolved, just before their deadline"),
    "status_parking": Behaviour("D07", TICKETS, "stops the clock with a wait for nobody when the deadline is near"),
    "premature_closing": Behaviour("D08", TICKETS, "resolves within minutes, without an answer"),
    "auto_close_harvesting": Behaviour("D09", TICKETS, "asks a question and lets the timer resolve"),
    "reopen_avoidance": Behaviour("D10", TICKETS, "opens a new ticket where the customer's reply would reopen one"),
    "ticket_splitting": Behaviour("D11", TICKETS, "makes three tickets of one"),
    "period_end_closing": Behaviour("D12", TICKETS, "resolves on the last working day what would be due after it"),
    "cherry_picking": Behaviour("D13", TICKETS, "takes the easy tickets out of the queue"),
    "hoarding": Behaviour("D14", TICKETS, "holds tickets through the shift and drops them at its end"),
    "survey_steering": Behaviour("D15", TICKETS, "sends surveys to those who will be pleased"),
    "survey_suppression": Behaviour("D16", TICKETS, "edits the address before an unhappy customer is asked"),
    "recoding": Behaviour("D17", TICKETS, "moves hard tickets to a category that nobody counts"),
    "priority_downgrading": Behaviour("D18", TICKETS, "lowers the priority when the deadline is near"),
    "note_inflation": Behaviour("D19", TICKETS, "writes notes that change nothing"),
    "system_cut_off": Behaviour("D01", ALL, "the telephone system ends every call at the limit", False),
    "fixed_scripts": Behaviour("D01", ALL, "a recorded text makes many calls as long as each other", False),
    "rounded_clock": Behaviour("D01", ALL, "the telephone system rounds talk to half minutes", False),
    "category_hump": Behaviour("D01", ALL, "a common issue takes just less than the limit", False),
    "line_drops": Behaviour("D04", ALL, "the line of one site drops calls for a week", False),
    "ghost_calls": Behaviour("D04", ALL, "diallers and wrong numbers end within seconds", False),
    "promised_calls": Behaviour("D05", VOICE, "agents call back with what they looked up", False),
    "supervisor_approval": Behaviour("D06", ALL, "hard calls go to the second line after five minutes", False),
    "wrap_automation": Behaviour("D20", ALL, "a tool writes the notes: wrap-up halves", False),
    "new_state": Behaviour("D20", ALL, "a new state of agents is booked: research", False),
    "script_rollout": Behaviour("D22", ALL, "a script makes calls of a category alike", False),
    "billing_units": Behaviour("D21", ALL, "talk is billed and recorded in five minutes", False),
    "escalation_alarms": Behaviour("D02", TICKETS, "an alarm at 80 % of the deadline gets the work done", False),
    "closing_hour": Behaviour("D02", TICKETS, "what is finished in the afternoon is resolved before going home", False),
    "vendor_waits": Behaviour("D07", TICKETS, "tickets wait for a vendor, who is not asked in the tool", False),
    "replies_elsewhere": Behaviour("D07", TICKETS, "questions are asked by another channel than the ticket", False),
    "quick_answers": Behaviour("D08", TICKETS, "known faults are resolved in minutes, for good", False),
    "genuine_silence": Behaviour("D09", TICKETS, "customers who are content do not answer the last question", False),
    "second_issue": Behaviour("D10", TICKETS, "a reply brings another problem, and gets its own ticket", False),
    "onboarding_batches": Behaviour("D11", ALL, "a new starter's eight requests are entered at once", False),
    "month_end_demand": Behaviour("D12", ALL, "more comes in on the last days of a month", False),
    "skill_routing": Behaviour("D13", ALL, "a dispatcher gives easy tickets to new agents", False),
    "shift_handover": Behaviour("D14", TICKETS, "open tickets are handed back when a shift ends", False),
    "contact_caps": Behaviour("D15", ALL, "a customer is asked once in 30 days, so few repeaters are", False),
    "address_corrections": Behaviour("D16", TICKETS, "addresses are put right, whoever is pleased", False),
    "new_category_tree": Behaviour("D17", ALL, "a category gets another name on a date", False),
    "better_triage": Behaviour("D17", TICKETS, "tickets are put into the right category", False),
    "late_information": Behaviour("D18", TICKETS, "priorities go up and down as more is known", False),
    "regulated_notes": Behaviour("D19", TICKETS, "every step must be noted", False),
}  # fmt: skip

# What a system does, it does always: these have no intensity.
ALWAYS = {"system_cut_off", "rounded_clock", "wrap_automation", "new_category_tree"}


@dataclasses.dataclass(frozen=True)
class Habit:
    """A behaviour in a world: who has it, since when, and how strongly.

    teams      share of the teams that can have it
    agents     share of their agents
    intensity  share of the occasions on which they act on it
    since      share of the world that has passed before it begins
    limit      seconds of handle time that it is about
    reach      seconds above the limit that a call may have to be cut
    declared   whether the limit stands in the targets
    """

    behaviour: str
    teams: float = 0.5
    agents: float = 0.5
    intensity: float = 0.25
    since: float = 0.5
    limit: int = 360
    reach: int = 120
    declared: bool = True


class Habits:
    """Who has which habit in a world."""

    def __init__(self, chance, place, habits):
        self.chance = chance
        self.names = tuple(habit.behaviour for habit in habits)
        self.habits = {habit.behaviour: (number, habit) for number, habit in enumerate(habits)}
        self.since = {habit.behaviour: place.moment(habit.since) for habit in habits}
        self.members = {}
        for habit in habits:
            kinds = BEHAVIOURS[habit.behaviour].kinds
            teams = [n for n, kind in enumerate(place.team_kinds) if not kinds or kind in kinds]
            # spread over the list, so that each kind and site has teams of both sorts
            chosen = [team for n, team in enumerate(teams) if int((n + 1) * habit.teams) > int(n * habit.teams)]
            self.members[habit.behaviour] = member = np.zeros(place.agent_count, bool)
            for team in chosen:
                agents = np.flatnonzero(place.team_of == team)
                draws = self.chance.uniform(f"has {habit.behaviour}", agents)
                if habit.behaviour == "skill_routing":
                    # who is newest
                    draws = -place.hired_at[agents]
                # a team that has it has somebody who does
                member[agents[np.argsort(draws)[: max(1, round(habit.agents * len(agents)))]]] = True

    def __contains__(self, name):
        return name in self.habits

    def __getitem__(self, name):
        return self.habits[name][1]

    def number(self, name):
        return self.habits[name][0]

    def agents(self, name):
        return np.flatnonzero(self.members[name])

    def on(self, name, instant):
        """Whether a habit is in force; false where the world has none of that name."""
        if name not in self.habits:
            return np.zeros(np.shape(instant), bool)
        return np.asarray(instant) >= self.since[name]

    def act(self, name, agents, instants, ids):
        """Which of these occasions an agent acts on."""
        if name not in self.habits:
            return np.zeros(len(ids), bool)
        known = agents >= 0
        acts = self.on(name, instants) & known
        acts[known] &= self.members[name][agents[known]]
        return acts & self.chance.happens(f"acts on {name}", ids, self.habits[name][1].intensity)

    def strike(self, name, instants, ids):
        """Which of these occasions a lookalike of the whole place touches, whoever is there."""
        if name not in self.habits:
            return np.zeros(len(ids), bool)
        return self.on(name, instants) & self.chance.happens(f"acts on {name}", ids, self.habits[name][1].intensity)
