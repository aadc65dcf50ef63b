"""Calls and chats: who rings when, what the day's telephone makes of it, and what is written down."""

import numpy as np

from counterweight.worlds import scene as s
from counterweight.worlds import telephone
from counterweight.worlds.clock import DAY, HOUR
from counterweight.worlds.desk import AGENT, ASSIGNEE, AUTOMATION, BY_ANSWER, CLOSED, NEW, OPEN, RESOLVED
from counterweight.worlds.desk import CHAT as CHAT_TICKET
from counterweight.worlds.desk import PHONE as PHONE_TICKET
from counterweight.worlds.place import HARD_TALK, line_weights
from counterweight.worlds.raw import HOUSEHOLDS, SWITCHBOARDS
from counterweight.worlds.scene import Items
from counterweight.worlds.tables import AGENTS, NONE

INBOUND, OUTBOUND = 0, 1
COLD, WARM = 0, 1
SOLVED_CALL, PASSED, WRONG, PROMISED, DROPPED, INFORMATION = range(6)
ON_QUEUE, BACK_OFFICE, RESEARCH, BREAK, MEAL = range(5)
# nobody talks longer, in seconds
LONGEST_TALK = 5400
# windows that a chat agent has open
WINDOWS = 2


class Phone:
    def __init__(self, scene, desk, surveys):
        self.scene, self.chance, self.place = scene, scene.chance, scene.place
        self.habits, self.raw, self.desk, self.surveys = scene.habits, scene.raw, desk, surveys
        place = scene.place
        kinds = np.array(place.team_kinds)
        self.lines = [
            [np.flatnonzero((kinds == kind) & (place.team_sites == site)) for kind in ("voice", "chat")]
            for site in range(len(place.clocks))
        ]
        # agents by window: the second window of one has their number and as many as there are agents
        self.pace = np.tile(place.pace, WINDOWS).tolist()
        self.skill = np.tile(place.skill, WINDOWS).tolist()

    def day(self, day, items):
        """A day's calls and chats."""
        shifts = self.place.shifts_on(day)
        seats = self._seats(day, shifts)
        self._shifts(shifts)
        if not len(items):
            return
        items, rows, again = self._rows(items)
        taken = telephone.answer(rows, seats, self.pace, self.skill, self._acting(day))
        self._record(items, rows, taken, again)

    def _acting(self, day):
        """Who acts on what today."""
        acting = {}
        kinds = {
            "call_cutting": "cut", "cut_and_call_back": "cut_and_call_back", "hanging_up": "hang_up",
            "passing_on": "pass_on", "wrap_hiding": "hide_wrap", "compression": "compress",
        }  # fmt: skip
        for name, kind in kinds.items():
            if name in self.habits and self.habits.on(name, day * DAY + HOUR):
                habit = self.habits[name]
                for agent in self.habits.agents(name).tolist():
                    acting.setdefault(
                        agent, (self.habits.number(name), kind, habit.limit, habit.intensity, habit.reach)
                    )
        return acting

    # ---- people at work

    def _seats(self, day, shifts):
        """Stretches in which each team's agents take calls: their shift without breaks and meal."""
        seats = [[] for _ in self.place.team_names]
        agents = shifts[0]
        teams = self.place.team_on(day * DAY)
        kinds = self.place.team_kinds
        self.stretches = self._stretches(day, shifts)
        for agent, parts in zip(agents.tolist(), self.stretches.tolist(), strict=True):
            team = int(teams[agent])
            windows = WINDOWS if kinds[team] == "chat" else 1
            for window in range(windows):
                for begin, end in zip(parts[::2], parts[1::2], strict=True):
                    if end > begin:
                        seats[team].append((begin, agent + window * self.place.agent_count, end))
        return seats

    def _stretches(self, day, shifts):
        """begin, end, begin, end …: four stretches on the queue, between a break, a meal and a break."""
        agents, begins, ends = shifts
        draw = self.chance.uniform("breaks", agents * 100_000 + day)
        length = ends - begins
        parts = np.empty((len(agents), 8), np.int64)
        parts[:, 0] = begins
        shift = (draw * 1800).astype(np.int64)
        for number, (share, pause) in enumerate(((0.22, 900), (0.47, 1800), (0.75, 900))):
            parts[:, 2 * number + 1] = begins + (share * length).astype(np.int64) + shift
            parts[:, 2 * number + 2] = parts[:, 2 * number + 1] + pause
        parts[:, 7] = ends
        # a quarter of an hour of research before the meal
        self.research = self.habits.act("new_state", agents, begins, agents * 100_000 + day)
        parts[self.research, 3] -= 900
        return parts

    def _shifts(self, shifts):
        agents, begins, ends = shifts
        self.raw.shifts.add(
            agent_id=agents, shift_started_at=begins, shift_ended_at=ends, paid_minutes=(ends - begins) // 60 - 30
        )
        states = self.raw.agent_states
        for column in range(0, 8, 2):
            states.add(
                agent_id=agents, state=ON_QUEUE, started_at=self.stretches[:, column],
                ended_at=self.stretches[:, column + 1],
            )  # fmt: skip
        for column, state in ((1, BREAK), (3, MEAL), (5, BREAK)):
            begin, end = self.stretches[:, column].copy(), self.stretches[:, column + 1]
            if state == MEAL:
                begin[self.research] += 900
            states.add(agent_id=agents, state=state, started_at=begin, ended_at=end)
        begin = self.stretches[self.research, 3]
        states.add(agent_id=agents[self.research], state=RESEARCH, started_at=begin, ended_at=begin + 900)

    def finish(self):
        """Who looks something up after a call is in no other state: cut that time out of the queue's, or out of
        the break that the call has eaten into."""
        states = self.raw.agent_states
        agent, state = states["agent_id"].astype(np.int64), states["state"].copy()
        begin, end = states["started_at"].astype(np.int64), states["ended_at"].astype(np.int64)
        others = np.flatnonzero(state != RESEARCH)
        others = others[np.lexsort((begin[others], agent[others]))]
        research = np.flatnonzero(state == RESEARCH)
        # the stretch that a look-up began in
        span = 2**34
        moments = agent[research] * span + begin[research]
        place = np.searchsorted(agent[others] * span + begin[others], moments, "right") - 1
        stretch = others[np.maximum(place, 0)]
        within = (place >= 0) & (agent[stretch] == agent[research]) & (begin[research] < end[stretch])
        research, stretch = research[within], stretch[within]
        end[research] = np.minimum(end[research], end[stretch])
        # what is left of each stretch begins where it or a look-up in it ends, in the order of time
        whose = np.concatenate([others, stretch])
        begins = np.concatenate([begin[others], end[research]])
        ends = np.concatenate([end[others], begin[research]])
        begins, ends = begins[np.lexsort((begins, whose))], ends[np.lexsort((ends, whose))]
        whose = np.sort(whose, kind="stable")
        left = ends > begins
        whose = whose[left]
        states["ended_at"][research] = end[research]
        states.keep(state == RESEARCH)
        states.add(agent_id=agent[whose], state=state[whose], started_at=begins[left], ended_at=ends[left])

    # ---- rows

    def _rows(self, items):
        """What the telephone needs to know; the second half are calls that may follow on the same day."""
        chance, scene, habits = self.chance, self.scene, self.habits
        key = items.key
        calls_back = chance.happens("rings again today", key, 0.35)
        retries = chance.happens("tries again", key, 0.6)
        lead = np.flatnonzero((calls_back | retries) & (items.number % s.ASIDE < s.LAST_CONTACT))
        later = items[lead]
        count = len(items)
        follow = Items.of(later.problem, -1, later.way, later.number + 1, later.ticket)
        every = Items.joined([items, follow])
        key, total = every.key, count + len(lead)
        again = np.full(total, -1)
        again[lead] = np.arange(count, total)
        issue = scene.problems["issue"][every.problem]
        place = self.place
        chases = every.way == s.CHASE
        site = scene.site_of(every.problem)
        at_day = np.r_[items.at, items.at[lead]]

        talk = chance.lognormal("talk", key, 1.0, 1.0) ** place.issue_spread[issue] * place.issue_talk[issue]
        talk = np.where(every.number > 0, talk * 1.12, talk)
        talk = np.where(chases, 60 + 0.25 * talk, talk)
        hold = np.where(chance.happens("is held", key, 0.28), chance.lognormal("hold", key, 50, 0.7), 0)
        wrap = chance.lognormal("wrap", key, 1.0, 0.6) * (22 + 0.05 * place.issue_talk[issue])
        if "wrap_automation" in habits:
            wrap = np.where(habits.on("wrap_automation", at_day), wrap * 0.4, wrap)
        hit = habits.strike("script_rollout", at_day, key)
        talk = np.where(hit, place.issue_talk[issue] * np.exp(0.15 * chance.normal("script", key)), talk)
        hit = habits.strike("category_hump", at_day, key) & (issue == 0)
        talk = (
            np.where(hit, (habits["category_hump"].limit - 75) * np.exp(0.07 * chance.normal("hump", key)), talk)
            if hit.any()
            else talk
        )
        hit_script = habits.strike("fixed_scripts", at_day, key) & ~chases
        if hit_script.any():
            hold, wrap = np.where(hit_script, 0, hold), np.where(hit_script, 10, wrap)
            talk = np.where(hit_script, habits["fixed_scripts"].limit - 40, talk)
        # who comes again has the right number, and nobody mistypes a chat
        first = (every.number == 0) & (every.ticket < 0) & (every.way == s.PHONE)
        ghost = habits.strike("ghost_calls", at_day, key) & first
        wrong = (chance.happens("wrong number", key, 0.006) & first) | ghost
        talk = np.where(wrong, 1 + 6 * chance.uniform("wrong talk", key), talk)
        dropped = np.zeros(total, bool)
        if "line_drops" in habits:
            # every seventh week, the first site's line
            bad = (at_day // (7 * DAY)) % 7 == 3
            dropped = bad & (site == 0) & habits.strike("line_drops", at_day, key) & ~wrong
            talk = np.where(dropped, 2 + 6 * chance.uniform("drop", key), talk)
        hold = np.where(wrong | dropped, 0, hold)
        hit_script &= ~wrong & ~dropped
        talk = np.clip(talk, 1, LONGEST_TALK).astype(np.int64)

        escalates = chance.happens("second", key, place.issue_second[issue]) & ~chases & ~wrong & ~dropped
        hands_over = escalates & chance.happens("hands over", key, 1 - 0.6 * scene.passes_by_ticket)
        asks = np.zeros(total, bool)
        pass_at = np.where(hands_over, talk * (0.35 + 0.35 * chance.uniform("hands over when", key)), -1)
        if "supervisor_approval" in habits:
            hard = place.issue_talk[issue] >= HARD_TALK
            asks = habits.strike("supervisor_approval", at_day, key) & hard & (talk > 300) & ~wrong & ~chases
            hands_over |= asks
            pass_at = np.where(asks, 285, pass_at)
        chat = every.way == s.CHAT
        promised = habits.strike("promised_calls", at_day, key)
        promise = (promised | chance.happens("promises", key, 0.015)) & ~chat & ~hands_over & ~wrong & ~dropped
        margin = (
            chance.uniform("solved by call", key)
            - place.issue_solved[issue]
            + 0.04 * np.minimum(every.number % s.ASIDE, 3)
        )
        margin = np.where(wrong, -9, np.where(dropped, 9, margin))
        looks_up = chance.happens("looks up", key, 0.02) & ~wrong & ~dropped & ~chat & ~habits.on("new_state", at_day)
        rows = {
            "at": every.at.copy(),
            "team": self._team(every, site, issue, chat),
            "patience": chance.exponential("patience", key, 420).astype(np.int64) + 10,
            "talk": talk, "hold": hold.astype(np.int64), "wrap": np.where(wrong, 0, wrap).astype(np.int64),
            "pass_at": pass_at.astype(np.int64),
            "pass_to": self.desk.trade_team(every, site),
            "more_talk": (talk * (0.6 + 0.6 * chance.uniform("more talk", key))).astype(np.int64) + 60,
            "even": hit_script, "unit": np.where(habits.on("rounded_clock", at_day), 30, 1),
            "margin": margin, "until": self._closing(site, at_day), "again": again,
            "retry_after": self._delay("tries again", key, 0.6, 420),
            # what was passed on to be worked on has not failed yet
            "back_after": np.where(
                escalates & ~hands_over, -1, self._delay("rings again today", key, 0.35, 3600)
            ),
            "whim": chance.uniform("whim", key),
            "ring": 2 + (9 * chance.uniform("ring", key)).astype(np.int64),
            "looks_up": np.where(looks_up, chance.lognormal("look-up", key, 45, 0.5), 0).astype(np.int64),
            "promise_after": np.where(promise, 240 + 480 * chance.uniform("promise", key), -1).astype(np.int64),
            "draw": chance.uniform("draw", key), "jitter": chance.uniform("jitter", key),
        }  # fmt: skip
        self.marks = {
            "wrong": wrong, "dropped": dropped, "escalates": escalates & ~hands_over, "chases": chases, "chat": chat,
            "issue": issue, "site": site, "scripted": hit_script, "ghost": ghost, "asks": asks, "promised": promised,
        }  # fmt: skip
        return every, rows, again

    def _closing(self, site, at):
        """When the site's line closes on the day of each call."""
        closing = np.empty(len(at), np.int64)
        for number, clock in enumerate(self.place.phone_clocks):
            here = site == number
            closing[here] = clock.closing(at[here])
        return closing

    def _delay(self, purpose, key, share, median):
        delay = self.chance.lognormal(purpose + " after", key, median, 0.9).astype(np.int64) + 60
        return np.where(self.chance.happens(purpose, key, share), delay, -1)

    def _team(self, items, site, issue, chat):
        """First-line team: the last of a site is better at hard issues and gets more of them."""
        team = np.empty(len(items), np.int64)
        draw = self.chance.uniform("line", items.key)
        hard = self.place.issue_talk[issue] >= HARD_TALK
        for number, (voice, chats) in enumerate(self.lines):
            here = site == number
            for mask, weights in zip(
                (here & ~chat & ~hard, here & ~chat & hard), line_weights(len(voice)), strict=True
            ):
                edges = np.cumsum(weights)
                team[mask] = voice[np.searchsorted(edges / edges[-1], draw[mask])]
            team[here & chat] = chats[0]
        return team

    # ---- what is written down

    def _record(self, items, rows, taken, again):
        scene, place = self.scene, self.place
        cut_off = self._as_recorded(taken)
        position = np.flatnonzero((taken["status"] != telephone.MISSED) & (taken["at"] < scene.end))
        of = {name: values[position] for name, values in taken.items()} | {"ring": rows["ring"][position]}
        marks = {name: values[position] for name, values in self.marks.items()}
        items = items[position]
        items = Items.of(items.problem, of["at"], items.way, items.number, items.ticket, items.claim, items.claim2)
        count, key = len(items), items.key
        contact = scene.number("contact", count)
        of["agent"] = np.where(of["agent"] >= 0, of["agent"] % place.agent_count, -1)
        of["agent2"] = np.where(of["agent2"] >= 0, of["agent2"] % place.agent_count, -1)
        last_agent = np.where(of["agent2"] >= 0, of["agent2"], of["agent"])
        # handed over to nobody: the customer was left alone in the second queue
        handled = (of["status"] == telephone.ANSWERED) & ((of["passed"] < 1) | (of["agent2"] >= 0))
        ended = np.where(of["ended2"] >= 0, of["ended2"], of["ended"])
        solved = (of["solved"] == 1) & ~cut_off[position]
        habit = of["behaviour"]

        # a second call of the day stands in the row that `again` names, where it took place
        place_of = np.full(len(taken["status"]), -1)
        place_of[position] = np.arange(count)
        followed = np.where(again[position] >= 0, place_of[again[position]], -1)

        outcome = np.where(solved, s.SOLVED, s.UNSOLVED)
        ticket, resolved, away, reopened = self._tickets(items, of, handled, ended, last_agent, marks)
        outcome[(marks["chases"] & handled) | away] = s.PASSED_ON
        self._legs(
            items, contact, of, ticket, marks, rows["team"][position], rows["pass_to"][position], outcome, handled
        )

        real = np.flatnonzero(~marks["wrong"])
        scene.happened(0, items, real, contact_id=contact[real], ticket_id=ticket[real])
        way = np.where(marks["chat"], s.BY_CHAT, s.BY_PHONE)
        for claims in (items.claim, items.claim2):
            scene.returned(claims, items.at, np.where(reopened >= 0, s.REOPENED, way), return_contact_id=contact)
            scene.returned(claims, items.at, return_event_id=reopened)

        claimed = np.flatnonzero(handled & ~marks["wrong"])
        claim = np.full(count, -1)
        claim[claimed] = scene.claim(
            s.CONTACT_HANDLED, items.problem[claimed], ended[claimed], outcome[claimed], habit[claimed],
            contact_id=contact[claimed],
        )  # fmt: skip
        self._resolve(items, ticket, resolved, solved, last_agent, habit, claim, followed, contact, marks["site"])
        self._return(items, contact, claim, resolved, followed, outcome, handled, ended, marks, way)
        asked = claimed[outcome[claimed] != s.PASSED_ON]
        self.surveys.ask(
            key[asked], ended[asked], last_agent[asked], solved[asked], items.number[asked],
            scene.problems["customer"][items.problem[asked]], contact=contact[asked],
        )  # fmt: skip
        self.surveys.review(key[claimed], ended[claimed], solved[claimed], contact[claimed])

    def _as_recorded(self, taken):
        """What the telephone system, or those who write times down, make of the calls. Calls only become shorter, so
        that no two of an agent overlap. Returns which calls the system ended."""
        hit = np.zeros(len(taken["status"]), bool)
        if "system_cut_off" in self.habits:
            limit = self.habits["system_cut_off"].limit
            hit = (taken["talk"] + taken["hold"] > limit) & (taken["agent2"] < 0) & (taken["passed"] < 1)
            taken["hold"][hit] = np.minimum(taken["hold"][hit], limit // 4)
            taken["talk"][hit] = limit - taken["hold"][hit]
            taken["ended"][hit] = taken["answered"][hit] + limit
            taken["ender"][hit] = telephone.BY_SYSTEM
        for name, unit in (("billing_units", 300), ("invented_times", 60)):
            if name not in self.habits:
                continue
            agents = np.where(taken["agent"] >= 0, taken["agent"] % self.place.agent_count, -1)
            ids = taken["at"] * self.place.agent_count + agents
            total = taken["talk"] + taken["hold"]
            acts = self.habits.act(name, agents, taken["at"], ids) & (taken["passed"] < 1) & (total >= unit)
            taken["talk"][acts] = (total // unit * unit)[acts]
            taken["hold"][acts] = 0
            taken["ended"][acts] = (taken["answered"] + taken["talk"])[acts]
            taken["behaviour"][acts] = self.habits.number(name)
        return hit

    def _team_of(self, agent, at):
        place = self.place
        return np.where(at >= place.moved_at[agent], place.moved_to[agent], place.team_of[agent])

    def _tickets(self, items, of, handled, ended, agent, marks):
        """Tickets that calls make, name and reopen.

        Returns the ticket of each contact, the event by which it was resolved in the call, whether the second line
        got it, and the event by which the call reopened it; -1: none.
        """
        scene, chance, desk, key = self.scene, self.chance, self.desk, items.key
        ticket = np.where(handled, items.ticket, -1)
        resolved, reopened = np.full(len(items), -1), np.full(len(items), -1)
        waits = np.zeros(len(items), bool)
        named = np.flatnonzero((ticket >= 0) & ~marks["chases"])
        waits[named] = scene.tickets["waits"][ticket[named]] == 1
        # the first call of the day reopens it; one that follows finds it as the first has left it
        rows = np.flatnonzero(waits)
        rows = rows[np.argsort(items.at[rows], kind="stable")]
        rows = rows[np.unique(ticket[rows], return_index=True)[1]]
        scene.tickets["waits"][ticket[rows]] = 0
        at = of["answered"][rows] + np.minimum(20, (ended - of["answered"])[rows])
        reopened[rows] = desk.status(ticket[rows], at, RESOLVED, OPEN, AGENT, agent[rows])
        done = np.maximum(ended[rows] - 2, at + 1)
        resolved[rows] = desk.status(ticket[rows], done, OPEN, RESOLVED, AGENT, agent[rows])
        scene.tickets["resolved"][ticket[rows]] = done

        apart = marks["wrong"] | marks["dropped"] | marks["chases"] | (ticket >= 0)
        away = marks["escalates"] & handled & ~apart
        makes = handled & ~apart & (away | chance.happens("makes a ticket", key, scene.tickets_a_call))
        makes &= (of["answered"] + 100 < scene.end) & (of["talk"] + of["hold"] >= 15)
        away &= makes
        rows = np.flatnonzero(makes)
        if not len(rows):
            return ticket, resolved, away, reopened
        chosen, who = items[rows], agent[rows]
        typed = 30 + (60 * chance.uniform("types", chosen.key)).astype(np.int64)
        at = of["answered"][rows] + np.minimum(typed, np.maximum((ended - of["answered"])[rows] - 8, 0))
        channel = np.where(marks["chat"][rows], CHAT_TICKET, PHONE_TICKET)
        fresh = desk.open(chosen, channel, self._team_of(who, at), AGENT, who, at=at)
        ticket[rows] = fresh
        kept = np.flatnonzero(~away[rows])
        desk.event(fresh[kept], at[kept] + 1, ASSIGNEE, -1, who[kept] + AGENTS, AGENT, who[kept])
        scene.tickets["agent"][fresh[kept]] = who[kept]
        desk.status(fresh[kept], at[kept] + 2, NEW, OPEN, AGENT, who[kept])
        done = np.maximum(ended[rows[kept]] - 2, at[kept] + 3)
        resolved[rows[kept]] = desk.status(fresh[kept], done, OPEN, RESOLVED, AGENT, who[kept])
        scene.tickets["resolved"][fresh[kept]] = done
        self.raw.tickets["resolution_code"][fresh[kept]] = BY_ANSWER
        says = np.where(of["solved"][rows[kept]] == 1, 0.97, 0.88)
        says = chance.happens("says first contact", chosen.key[kept], says)
        self.raw.tickets["reported_first_contact_resolution"][fresh[kept]] = says
        sent = np.flatnonzero(away[rows])
        if len(sent):
            site = marks["site"][rows[sent]]
            passed = Items.of(chosen.problem[sent], at[sent], chosen.way[sent], chosen.number[sent])
            desk.work(
                fresh[sent], passed, site, desk.trade_team(passed, site), begun=ended[rows[sent]],
                second=np.ones(len(sent), bool),
            )  # fmt: skip
        return ticket, resolved, away, reopened

    def _resolve(self, items, ticket, resolved, solved, agent, habit, claim, followed, contact, site):
        """Tickets that were resolved in a call are claims of their own."""
        scene, desk = self.scene, self.desk
        rows = np.flatnonzero((resolved >= 0) & (solved | (followed < 0)))
        desk.after(
            items[rows], ticket[rows], site[rows], scene.tickets["resolved"][ticket[rows]].astype(np.int64),
            resolved[rows], solved[rows], agent[rows],
            habit[rows], contact_claim=claim[rows], surveyed=False,
        )  # fmt: skip
        rows = np.flatnonzero((resolved >= 0) & ~solved & (followed >= 0))
        at = scene.tickets["resolved"][ticket[rows]].astype(np.int64)
        claim2 = scene.claim(
            s.TICKET_RESOLVED, items.problem[rows], at, s.UNSOLVED, habit[rows], ticket_id=ticket[rows],
            event_id=resolved[rows],
        )  # fmt: skip
        scene.returned(claim2, items.at[followed[rows]], s.BY_PHONE, return_contact_id=contact[followed[rows]])
        closing = desk.closing(at, items.key[rows])
        desk.status(ticket[rows], closing, RESOLVED, CLOSED, AUTOMATION)

    def _return(self, items, contact, claim, resolved, followed, outcome, handled, ended, marks, way):
        """What customers do whose call did not help, or who got none."""
        scene, chance, key = self.scene, self.chance, items.key
        unsolved = handled & (outcome == s.UNSOLVED) & (claim >= 0)
        today = np.flatnonzero(unsolved & (followed >= 0))
        later = followed[today]
        scene.returned(claim[today], items.at[later], way[later], return_contact_id=contact[later])
        goes_on = items.number % s.ASIDE < s.LAST_CONTACT
        alone = unsolved & (followed < 0) & (resolved < 0)
        gives_up = chance.happens("gives up", key, 0.15) | ~goes_on
        scene.truth.claims["reaction"][claim[alone & gives_up]] = s.GAVE_UP
        back = alone & ~gives_up
        # who got nobody tries again, or lets it be
        lost = ~handled & ~marks["wrong"] & (followed < 0)
        again = lost & goes_on & chance.happens("tries later", key, 0.5)
        draw = chance.uniform("comes back how", key)
        how = np.select([draw < 0.75, draw < 0.82, draw < 0.92], [s.PHONE, s.CHAT, s.EMAIL], s.PORTAL)
        if not scene.has_tickets:
            how = np.where((how == s.EMAIL) | (how == s.PORTAL), s.PHONE, how)
        how = np.where(marks["chases"] & again, s.CHASE, how)
        delay = np.where(
            back,
            chance.lognormal("comes back after", key, 1.4 * DAY, 1.0),
            chance.lognormal("tries later after", key, 5 * HOUR, 0.9),
        )
        at = ended + delay.astype(np.int64) + 900
        site = marks["site"]
        # a chase that failed is tried once more, beside the chain of attempts
        number = np.where(marks["chases"], items.number + s.ASIDE, items.number + 1)
        again &= number < 62
        rested = scene.by_site(site, lambda clock, t, u: clock.awake(t, u), at, chance.uniform("comes back", key))
        spoken = (how == s.PHONE) | (how == s.CHAT) | (how == s.CHASE)
        at = np.where(spoken, self.desk.phone_hours(items.problem, at, key), rested)
        rows = np.flatnonzero(back)
        reaction = np.select([how == s.PHONE, how == s.CHAT], [s.BY_PHONE, s.BY_CHAT], s.NEW_TICKET)
        scene.returned(claim[rows], at[rows], np.where(at >= scene.end, s.NOT_SEEN, reaction)[rows])
        rows = np.flatnonzero(back | again)
        names = np.where(spoken & (items.ticket >= 0), items.ticket, -1)
        scene.schedule(
            Items.of(
                items.problem[rows], at[rows], how[rows], number[rows], names[rows], np.where(back, claim, -1)[rows]
            )
        )
        # nobody is coming any more: the tool closes what waited for the call
        given = np.flatnonzero(lost & ~(again & spoken) & (items.ticket >= 0))
        given = given[scene.tickets["waits"][items.ticket[given]] == 1]
        given = given[np.unique(items.ticket[given], return_index=True)[1]]
        old = items.ticket[given]
        scene.tickets["waits"][old] = 0
        closing = np.maximum(self.desk.closing(scene.tickets["resolved"][old], key[given]), ended[given])
        self.desk.status(old, closing, RESOLVED, CLOSED, AUTOMATION)

    def _legs(self, items, contact, of, ticket, marks, team, pass_to, outcome, handled):
        scene, place, chance, key = self.scene, self.place, self.chance, items.key
        calls = self.raw.calls
        answered = of["status"] == telephone.ANSWERED
        customer = scene.problems["customer"][items.problem]
        phone = self._caller(items, customer, marks)
        category = self.desk.named(place.issue_category[marks["issue"]], items.at)
        nothing = marks["wrong"] | marks["dropped"] | ~answered
        category = np.where(nothing, -1, category)
        subcategory = np.where(nothing, -1, place.issue_subcategory[marks["issue"]])
        queue = marks["site"] * 2 + marks["chat"]
        passed = of["passed"] == 1
        disposition = np.select(
            [marks["wrong"] & answered, marks["dropped"] & answered, marks["chases"], outcome == s.PASSED_ON, passed],
            [WRONG, DROPPED, INFORMATION, PASSED, PASSED], SOLVED_CALL,
        )  # fmt: skip
        says = (
            handled
            & chance.happens("says resolved", key, np.where(outcome == s.SOLVED, 0.95, 0.8))
            & (outcome != s.PASSED_ON)
        )
        ender = np.where(
            marks["dropped"] & answered,
            np.where(chance.happens("line or agent", key, 0.5), telephone.BY_AGENT, telephone.BY_SYSTEM),
            of["ender"],
        )
        ender = np.where(
            (ender == telephone.BY_CUSTOMER) & chance.happens("agent ends", key, 0.3) & answered,
            telephone.BY_AGENT,
            ender,
        )
        legs = scene.number("leg", len(items))
        null = self.raw.calls.columns["hold_seconds"].null
        voice = np.where(marks["chat"], 1, 0)
        team = np.where(answered, self._team_of(np.maximum(of["agent"], 0), items.at), team)
        calls.add(
            leg_id=legs,
            contact_id=contact,
            started_at=items.at,
            ended_at=of["ended"],
            direction=INBOUND,
            customer_id=phone,
            channel=voice,
            agent_id=of["agent"],
            updated_at=of["ended"] + np.maximum(of["wrap"], 0),
            leg_number=1,
            queue=queue,
            team_id=team,
            offered_at=np.where(answered, of["offered"], NONE),
            answered_at=np.where(answered, of["answered"], NONE),
            talk_seconds=np.where(answered, of["talk"], null),
            hold_seconds=np.where(answered, of["hold"], null),
            wrap_seconds=np.where(answered, of["wrap"], null),
            disconnected_by=ender,
            transfer_type=np.where(passed, np.where(chance.happens("warm", key, 0.4), WARM, COLD), -1),
            ticket_id=ticket,
            category=category,
            subcategory=subcategory,
            is_abandoned=~answered,
            disposition=np.where(answered, disposition, -1),
            reported_resolved=np.where(answered & ~passed, says, -1),
        )
        self._lookalikes(of, marks, legs, answered)
        for name in CALL_HABITS:
            if name in self.habits:
                mine = np.flatnonzero(of["behaviour"] == self.habits.number(name))
                scene.acted(name, of["agent"][mine], of["answered"][mine], leg_id=legs[mine])
        hidden = np.flatnonzero(of["hidden"] > 0)
        begin = of["ended"][hidden] + of["wrap"][hidden]
        self.raw.agent_states.add(
            agent_id=of["agent"][hidden], state=RESEARCH, started_at=begin, ended_at=begin + of["hidden"][hidden]
        )

        second = np.flatnonzero(passed)
        got = of["agent2"][second] >= 0
        begin = of["ended"][second]
        more = scene.number("leg", len(second))
        who = np.where(got, of["agent2"][second], -1)
        calls.add(
            leg_id=more, contact_id=contact[second], started_at=begin, ended_at=of["ended2"][second], direction=INBOUND,
            customer_id=phone[second], channel=voice[second], agent_id=who,
            updated_at=of["ended2"][second] + np.maximum(of["wrap2"][second], 0), leg_number=2, queue=queue[second],
            team_id=np.where(got, self._team_of(np.maximum(who, 0), begin), pass_to[second]),
            offered_at=np.where(got, of["answered2"][second] - of["ring"][second], NONE),
            answered_at=np.where(got, of["answered2"][second], NONE),
            talk_seconds=np.where(got, of["talk2"][second], null), hold_seconds=np.where(got, 0, null),
            wrap_seconds=np.where(got, of["wrap2"][second], null), disconnected_by=telephone.BY_CUSTOMER,
            ticket_id=ticket[second], category=category[second], subcategory=subcategory[second], is_abandoned=~got,
            disposition=np.where(got, SOLVED_CALL, -1), reported_resolved=np.where(got, says[second], -1),
        )  # fmt: skip

        out = np.flatnonzero((of["back_at"] >= 0) & (of["back_at"] < scene.end))
        begin = of["back_at"][out]
        end = begin + of["ring"][out] + of["back_talk"][out]
        # who hid the number has given it
        called = np.where(phone[out] < 0, customer[out], phone[out])
        calls.add(
            leg_id=scene.number("leg", len(out)), contact_id=scene.number("contact", len(out)), started_at=begin,
            ended_at=end, direction=OUTBOUND, customer_id=called, channel=0, agent_id=of["agent"][out],
            updated_at=end, leg_number=1, team_id=team[out], offered_at=begin, answered_at=begin + of["ring"][out],
            talk_seconds=of["back_talk"][out], hold_seconds=0, wrap_seconds=0, disconnected_by=telephone.BY_CUSTOMER,
            ticket_id=ticket[out], category=category[out], subcategory=subcategory[out], is_abandoned=0,
            disposition=PROMISED,
        )  # fmt: skip

    def _lookalikes(self, of, marks, legs, answered):
        """Which legs carry the mark of something honest that looks like gaming."""
        limits = {"line_drops": marks["dropped"], "ghost_calls": marks["ghost"]}
        limits["fixed_scripts"] = marks["scripted"] & (of["passed"] < 1)
        limits["promised_calls"] = (of["back_at"] >= 0) & (of["behaviour"] < 0) & marks["promised"]
        limits["supervisor_approval"] = marks["asks"] & (of["passed"] == 1)
        limits["system_cut_off"] = of["ender"] == telephone.BY_SYSTEM
        for name, mark in limits.items():
            if name in self.habits:
                mine = np.flatnonzero(mark & answered)
                self.scene.acted(name, of["agent"][mine], of["answered"][mine], leg_id=legs[mine])

    def _caller(self, items, customer, marks):
        """The number a call comes from: one's own, the firm's switchboard, a household's, or none."""
        key = items.key
        draw = self.chance.uniform("number", key)
        account = self.scene.problems["account"][items.problem]
        # a household shares one number, and whoever is at home rings from it
        phone = np.where(self.chance.happens("household", customer // 2, 0.015), HOUSEHOLDS + customer // 2, customer)
        phone = np.where(draw < 0.05, SWITCHBOARDS + account, phone)
        phone = np.where((draw > 0.95) | marks["wrong"], -1, phone)
        return np.where(marks["chat"], np.where(draw > 0.9, -1, customer), phone)


CALL_HABITS = (
    "call_cutting", "cut_and_call_back", "hanging_up", "passing_on", "wrap_hiding", "compression", "invented_times",
    "billing_units",
)  # fmt: skip
