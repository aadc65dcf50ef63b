"""Tickets: opened, worked on, resolved, closed, reopened; and what customers do then."""

import dataclasses

import numpy as np

from counterweight.worlds import scene as s
from counterweight.worlds.clock import DAY, HOUR, MINUTE
from counterweight.worlds.place import OTHER, POLICIES, PRIORITIES, RENAMED, TEMPLATES
from counterweight.worlds.raw import ACTORS, CHANNELS, CODES, FIELDS, MONITORS, STATUSES, STRANGERS, TYPES
from counterweight.worlds.scene import CONTACTS, Items
from counterweight.worlds.tables import AGENTS

AGENT, REQUESTER, SYSTEM, AUTOMATION = range(len(ACTORS.values))
NEW, OPEN, PENDING, ON_HOLD, RESOLVED, CLOSED = range(len(STATUSES.values))
PHONE, CHAT, EMAIL, PORTAL, MONITOR = range(len(CHANNELS.values))
STATUS, ASSIGNEE, TEAM, PRIORITY, CATEGORY, SUBCATEGORY, ADDRESS = range(len(FIELDS.values))
INCIDENT, REQUEST = range(len(TYPES.values))
BY_ANSWER, WORKAROUND, BY_SILENCE, DUPLICATE, SPAM, TEST, CLEARED = range(len(CODES.values))
RECEIVED, SOLUTION, QUESTION, REMINDER, AWAY = range(len(TEMPLATES))
# how much longer or shorter work takes, from low to critical
URGENCY = np.array((1.3, 1.0, 0.45, 0.22))
TARGETS = np.array([minutes * MINUTE for _, minutes in PRIORITIES])
TRADES = ("network", "applications", "workplace")
# days after which a tool resolves what waits for an answer
SILENCE = 4
EASY_TALK = 300


@dataclasses.dataclass
class Plan:
    """Work on tickets that is to be done, one element each, before it is written down. Working times count seconds
    of opening hours; -1: does not happen."""

    ticket: np.ndarray
    items: Items
    site: np.ndarray
    team: np.ndarray
    agent: np.ndarray
    begin: np.ndarray  # working time of the opening
    pick: np.ndarray  # working time at which somebody takes it
    done: np.ndarray  # working time of the resolution, without waits
    target: np.ndarray  # working seconds allowed
    pause: np.ndarray  # working time at which it waits
    wait: np.ndarray  # seconds of the wait
    vendor: np.ndarray  # waits for somebody else than the customer
    asked: np.ndarray  # a message goes with the wait
    silent: np.ndarray  # resolved by the timer, after a question that nobody answered
    second: np.ndarray  # team of the second line; -1: stays
    loss: np.ndarray  # what is taken from the chance of solving
    answered: np.ndarray  # the customer reads what was done
    notes: np.ndarray
    habit: np.ndarray  # number of the behaviour that changed the resolution
    done_at: np.ndarray = None


class Desk:
    def __init__(self, scene, surveys):
        self.scene, self.chance, self.place = scene, scene.chance, scene.place
        self.habits, self.raw, self.surveys = scene.habits, scene.raw, surveys
        place = self.place
        self.other = place.categories.index(OTHER)
        self.renamed = place.categories.index("Wireless"), place.categories.index(RENAMED)
        kinds = np.array(place.team_kinds)
        # teams of a site: first line, and the second line of each trade
        self.first_line = [
            np.flatnonzero((kinds == "voice") & (place.team_sites == site)) for site in range(len(place.clocks))
        ]
        self.second_line = {
            (site, trade): np.flatnonzero((kinds == trade) & (place.team_sites == site))
            for site in range(len(place.clocks))
            for trade in TRADES
        }
        self.parents = {}

    # ---- writing down

    def event(self, ticket, at, field, old, new, by, agent=-1):
        """Changes of tickets, at most one of each ticket; returns the numbers of the events."""
        count = len(ticket)
        numbers = self.scene.number("event", count)
        sequence = self.scene.tickets["events"][ticket] + 1
        self.scene.tickets["events"][ticket] = sequence
        seen = np.broadcast_to(at, count) < self.scene.end
        if seen.all():
            seen = slice(None)

        def part(value):
            return value[seen] if np.ndim(value) else value

        requester = self.raw.tickets["requester_id"][ticket]
        known = (np.asarray(by) == REQUESTER) | ((np.asarray(by) == SYSTEM) & (requester >= MONITORS))
        known &= requester < STRANGERS
        self.raw.ticket_events.add(
            event_id=numbers[seen], ticket_id=ticket[seen], event_at=part(at), field=field, old_value=part(old),
            new_value=part(new), event_sequence=sequence[seen], actor_type=part(by), agent=part(agent),
            requester=np.where(known, requester, -1)[seen],
        )  # fmt: skip
        return numbers

    def status(self, ticket, at, old, new, by, agent=-1):
        values = self.raw.value_starts["status"]
        return self.event(
            ticket, at, STATUS, old if np.ndim(old) == 0 and old < 0 else old + values, new + values, by, agent
        )

    def message(self, ticket, at, by, template=-1, public=1, automatic=0):
        seen = np.broadcast_to(at, len(ticket)) < self.scene.end
        numbers = self.scene.number("message", len(ticket))
        at = np.broadcast_to(at, len(ticket))
        self.raw.ticket_messages.add(
            message_id=numbers[seen], ticket_id=ticket[seen], sent_at=at[seen], author_type=by, is_public=public,
            is_automatic=automatic, template_id=template,
        )  # fmt: skip
        return numbers

    # ---- opening

    def open(self, items, channel, team, by, agent=-1, at=None, follow=-1, priority=None, category=None):
        """New tickets for contacts; returns their numbers. The row stands in raw.tickets at the ticket's number."""
        scene, problem = self.scene, items.problem
        at = items.at if at is None else at
        count = len(items)
        customer = scene.problems["customer"][problem]
        category_now = self.named(scene.issue("category", problem), at) if category is None else category
        if priority is None:
            priority = self.chance.pick("priority", problem, [share for share, _ in PRIORITIES])
        tickets = np.arange(len(self.raw.tickets), len(self.raw.tickets) + count)
        machine = customer >= MONITORS
        cause = scene.problems["cause"][problem]
        self.raw.tickets.add(
            ticket_id=tickets,
            created_at=at,
            requester_id=customer,
            channel=channel,
            category=category_now,
            subcategory=scene.issue("subcategory", problem),
            category_at_open=category_now,
            priority=priority,
            sla_policy_id=self.policy(problem, priority),
            account_id=scene.problems["account"][problem],
            team_id=team,
            status=NEW,
            ticket_type=np.where(scene.issue("is_request", problem), REQUEST, INCIDENT),
            created_by_actor_type=by,
            follow_up_of=follow,
            is_test=0,
            updated_at=at,
            configuration_item=self._configuration_item(problem, cause),
            requested_for_id=np.where(
                self.chance.happens("for another", problem, 0.04) & ~machine,
                np.minimum(customer + 1, self.place.customer_count - 1),
                -1,
            ),
        )
        scene.tickets.add(
            events=0, problem=problem, priority=priority, category=category_now, agent=-1, resolved=0, waits=0
        )
        self.status(tickets, at, -1, np.full(count, NEW), by, agent)
        return tickets

    def policy(self, problem, priority):
        """The policy of a priority, in the hours of the customer's site."""
        return self.scene.site_of(problem) * len(PRIORITIES) + priority

    def _configuration_item(self, problem, cause):
        """What is broken, where somebody noted it: one of two of an account and technical issue."""
        issue, account = self.scene.problems["issue"][problem], self.scene.problems["account"][problem]
        which = np.where(cause >= 0, cause, problem) % 2
        noted = self.chance.happens("notes the item", problem, 0.7) & self.place.technical[issue]
        return np.where(noted, (account * 64 + issue) * 2 + which, -1)

    def named(self, category, at):
        """The category's name in force."""
        old, new = self.renamed
        return np.where((category == old) & self.habits.on("new_category_tree", at), new, category)

    def line(self, items, site):
        """A first-line team for each contact: one of the site's, by chance."""
        team = np.empty(len(items), np.int64)
        draw = self.chance.uniform("first line", items.key)
        for number, teams in enumerate(self.first_line):
            here = site == number
            team[here] = teams[(draw[here] * len(teams)).astype(np.int64)]
        return team

    def trade_team(self, items, site):
        """The second-line team of each contact's issue."""
        team = np.empty(len(items), np.int64)
        draw = self.chance.uniform("second line", items.key)
        trade = self.place.issue_team[self.scene.problems["issue"][items.problem]]
        for (number, name), teams in self.second_line.items():
            here = (site == number) & (trade == name)
            team[here] = teams[(draw[here] * len(teams)).astype(np.int64)]
        return team

    def written(self, items):
        """A day's contacts in writing: new tickets, replies to resolved ones, alarms."""
        self.replies(items[items.way == s.REPLY])
        # a site's last day may end after the world
        items = items[(items.way != s.REPLY) & (items.at < self.scene.end)]
        if not len(items):
            return
        site = self.scene.site_of(items.problem)
        machine = items.way == s.MONITOR
        channel = np.where(machine, MONITOR, np.where(items.way == s.EMAIL, EMAIL, PORTAL))
        # some letters are entered by an agent
        entered = self.chance.happens("is entered", items.key, 0.03)
        by = np.where(machine, SYSTEM, np.where(entered, AGENT, REQUESTER))
        category = self.named(self.scene.issue("category", items.problem), items.at)
        # people choose badly; triage mends it later
        wrong = self.chance.happens("wrong category", items.key, 0.04)
        wrong |= self.habits.strike("better_triage", items.at, items.key)
        wrong &= ~machine & (self.scene.issue("subcategory", items.problem) < 0)
        ticket = self.open(
            items,
            channel,
            self.line(items, site),
            by,
            follow=items.ticket,
            category=np.where(wrong, self.other, category),
        )
        self.scene.happened(1, items, ticket_id=ticket)
        self.scene.returned(items.claim, items.at, s.NEW_TICKET, return_ticket_id=ticket)
        self.scene.returned(items.claim2, items.at, s.NEW_TICKET, return_ticket_id=ticket)
        people = np.flatnonzero(~machine)
        self.message(ticket[people], items.at[people], REQUESTER)
        received = items.at[people] + 3 + (90 * self.chance.uniform("received", items.key[people])).astype(np.int64)
        self.message(ticket[people], received, AUTOMATION, RECEIVED, automatic=1)
        self._outbreaks(ticket, items)
        self._duplicates(ticket[people], items[people])
        self._batches(ticket[people], items[people])
        self.work(ticket, items, site, self.raw.tickets["team_id"][ticket].astype(np.int64), wrong=wrong)

    def _outbreaks(self, ticket, items):
        """The first ticket of an outbreak is the parent of the others; a recorded cause is its problem record."""
        cause = self.scene.problems["cause"][items.problem]
        rows = np.flatnonzero(cause >= 0)
        for row in rows[np.argsort(items.at[rows], kind="stable")]:
            outbreak = (int(cause[row]), int(self.scene.problems["at"][items.problem[row]]) // (2 * DAY))
            if (
                outbreak in self.parents
                and self.chance.happens("knows the outbreak", items.key[row : row + 1], 0.25)[0]
            ):
                self.raw.tickets["parent_ticket_id"][ticket[row]] = self.parents[outbreak]
            self.parents.setdefault(outbreak, ticket[row])
        recorded = np.flatnonzero(cause >= 0)
        record = self.scene.records[cause[recorded]]
        opened = self.scene.recorded_at[cause[recorded]] <= items.at[recorded]
        linked = opened & (record >= 0) & self.chance.happens("links the record", items.key[recorded], 0.8)
        self.raw.tickets["problem_id"][ticket[recorded[linked]]] = record[linked]

    def _duplicates(self, ticket, items):
        """Some write twice; an agent joins what belongs together."""
        twice = np.flatnonzero(self.chance.happens("writes twice", items.key, 0.02) & (items.number == 0))
        if not len(twice):
            return
        first, items = ticket[twice], items[twice]
        site = self.scene.site_of(items.problem)
        at = items.at + 120 + (3000 * self.chance.uniform("writes again", items.key)).astype(np.int64)
        seen = np.flatnonzero(at < self.scene.end)
        first, items, site, at = first[seen], items[seen], site[seen], at[seen]
        again = self.open(items, PORTAL, self.line(items, site), REQUESTER, at=at)
        self.scene.happened(1, items, at=at, ticket_id=again)
        self.message(again, at, REQUESTER)
        received = at + 3 + (90 * self.chance.uniform("received again", items.key)).astype(np.int64)
        self.message(again, received, AUTOMATION, RECEIVED, automatic=1)
        merged = self.chance.happens("is merged", items.key, 0.5)
        tickets = self.raw.tickets
        tickets["merged_into"][again[merged]] = first[merged]
        tickets["duplicate_of"][again[~merged]] = first[~merged]
        self._dispatch(again, items, site, at, DUPLICATE)

    def _dispatch(self, ticket, items, site, at, code):
        """Closed by an agent who saw what it was, without work."""
        worked = self.scene.by_site(site, lambda clock, t: clock.worked(t), at)
        worked += 300 + (2 * HOUR * self.chance.uniform("is sorted", items.key)).astype(np.int64)
        done = self.scene.by_site(site, lambda clock, t: clock.when(t), worked)
        team = self.raw.tickets["team_id"][ticket].astype(np.int64)
        agent = self.place.working(team, done, self.chance.uniform("sorter", items.key))
        self.status(ticket, done, np.full(len(ticket), NEW), np.full(len(ticket), CLOSED), AGENT, agent)
        self.raw.tickets["resolution_code"][ticket] = code

    def _batches(self, ticket, items):
        """A new starter's requests, all at once."""
        starters = np.flatnonzero(
            self.scene.issue("is_request", items.problem)
            & self.habits.strike("onboarding_batches", items.at, items.key)
            & (items.at + 200 < self.scene.end)
        )
        for copy in range(7 if len(starters) else 0):
            chosen = items[starters]
            at = chosen.at + 25 * (copy + 1)
            site = self.scene.site_of(chosen.problem)
            team = self.raw.tickets["team_id"][ticket[starters]].astype(np.int64)
            clerk = self.place.working(team, chosen.at, self.chance.uniform("clerk", chosen.key))
            more = self.open(chosen, PORTAL, team, AGENT, clerk, at=at)
            self.scene.acted("onboarding_batches", clerk, at, ticket_id=more)
            worked = self.scene.by_site(site, lambda clock, t: clock.worked(t), at) + 9 * HOUR + 60 * copy
            done = self.scene.by_site(site, lambda clock, t: clock.when(t), worked)
            agent = self.place.working(team, done, self.chance.uniform("starter", chosen.key))
            resolved = self.status(more, done, NEW, RESOLVED, AGENT, agent)
            self.scene.claim(s.TICKET_RESOLVED, chosen.problem, done, s.SOLVED, ticket_id=more, event_id=resolved)
            self._shut(more, done)

    def closing(self, done, key):
        """When the tool closes what was resolved: some minutes after its days have passed."""
        late = 60 + (3000 * self.chance.uniform("closing", key)).astype(np.int64)
        return done + self.scene.world.auto_close_days * DAY + late

    def _shut(self, ticket, done):
        """The tool closes what nobody comes back to."""
        self.status(ticket, self.closing(done, ticket), RESOLVED, CLOSED, AUTOMATION)

    def junk(self, day):
        """Spam and tests, which are nobody's problem."""
        stream = self.chance.stream(f"junk {day}")
        weekday = (day + 3) % 7
        for kind, share in ((SPAM, 0.02), (TEST, 0.003)):
            count = int(stream.poisson(share * self.scene.written_a_day * (0.5 if weekday > 4 else 1)))
            if not count:
                continue
            at = (day * DAY + stream.integers(0, DAY, count)).astype(np.int64)
            at = np.sort(at[at < self.scene.end])
            problem = self.scene.number("junk", len(at))
            tickets = np.arange(len(self.raw.tickets), len(self.raw.tickets) + len(at))
            site = problem % len(self.place.clocks)
            team = np.array([self.first_line[number][0] for number in site], dtype=np.int64)
            self.raw.tickets.add(
                ticket_id=tickets, created_at=at, requester_id=STRANGERS + problem, channel=EMAIL, category=self.other,
                category_at_open=self.other, priority=0, team_id=team, status=NEW,
                ticket_type=INCIDENT, created_by_actor_type=REQUESTER if kind == SPAM else AGENT,
                is_test=int(kind == TEST), updated_at=at,
            )  # fmt: skip
            self.scene.tickets.add(
                events=0, problem=-1, priority=0, category=self.other, agent=-1, resolved=0 * at, waits=0
            )
            self.status(tickets, at, -1, np.full(len(at), NEW), REQUESTER if kind == SPAM else AGENT)
            self._dispatch(tickets, Items.of(problem, at, s.EMAIL, ASIDE_JUNK), site, at, kind)

    # ---- working

    def work(self, ticket, items, site, team, begun=None, agent=None, wrong=None, second=None):
        """Plan the work on tickets, let habits change it, and write it down up to the resolution and what follows.

        begun   instants from which it is worked on; the contacts' by default
        agent   who has it already; -1: to be found
        wrong   opened in the wrong category
        second  belongs to `team` of the second line from the start
        """
        if not len(ticket):
            return
        chance, scene, key = self.chance, self.scene, items.key
        count = len(ticket)
        begun = items.at if begun is None else begun
        begin = scene.by_site(site, lambda clock, t: clock.worked(t), begun)
        priority = scene.tickets["priority"][ticket]
        pick = begin + chance.lognormal("pick-up", key, 35 * MINUTE, 0.9) / (1 + priority)
        effort = chance.lognormal("effort", key, 1.0, 0.75) * scene.issue("hours", items.problem) * HOUR
        effort *= URGENCY[priority]
        machine = items.way == s.MONITOR
        first = chance.happens("second", key, scene.issue("second", items.problem)) & ~machine
        if second is not None:
            first &= ~second
        passed = np.where(first, self.trade_team(items, site), -1)
        passed[passed == team] = -1
        pause = np.where(chance.happens("waits", key, 0.28) & ~machine, 1.0, -1.0)
        vendor = (pause > 0) & (chance.happens("vendor", key, 0.25) | self.habits.strike("vendor_waits", begun, key))
        plan = Plan(
            ticket,
            items,
            site,
            team,
            agent=np.full(count, -1) if agent is None else agent.copy(),
            begin=begin,
            pick=pick.astype(np.int64),
            done=(pick + effort * np.where(first, 1.3, 1.0)).astype(np.int64),
            target=TARGETS[priority],
            pause=pause,
            wait=chance.lognormal("answer takes", key, 7 * HOUR, 1.1).astype(np.int64),
            vendor=vendor,
            asked=(pause > 0) & ~vendor,
            silent=(pause > 0) & ~vendor & chance.happens("no answer", key, 0.06),
            second=passed,
            loss=0.04 * np.minimum(items.number % s.ASIDE, 3),
            answered=~machine,
            notes=np.floor(chance.exponential("notes", key, 0.8)).astype(np.int64).clip(max=6),
            habit=np.full(count, -1),
        )
        self._people(plan)
        share = 0.35 + 0.5 * chance.uniform("when it waits", key)
        plan.pause = np.where(plan.pause > 0, plan.pick + share * (plan.done - plan.pick), -1).astype(np.int64)
        self._bend(plan)
        self._write(plan, wrong, begun, is_new=agent is None)

    def _people(self, plan):
        """Who takes it: mostly whoever is free; habits choose."""
        habits, items = self.habits, plan.items
        finder = np.where(plan.second >= 0, plan.second, plan.team)
        moment = self.scene.by_site(plan.site, lambda clock, t: clock.when(t), plan.pick)
        opened = self.scene.by_site(plan.site, lambda clock, t: clock.when(t), plan.begin)
        easy = self.scene.issue("talk", items.problem) < EASY_TALK
        open_to = plan.agent < 0
        plan.agent = np.where(
            open_to, self.place.working(finder, moment, self.chance.uniform("agent", items.key)), plan.agent
        )
        plan.picked = {name: np.zeros(len(items), bool) for name in ("cherry_picking", "skill_routing")}
        for name in ("cherry_picking", "skill_routing"):
            if name not in habits:
                continue
            member = habits.members[name]
            strikes = (
                open_to
                & habits.on(name, opened)
                & self.chance.happens(f"acts on {name}", items.key, habits[name].intensity)
            )
            for turn in range(8):
                # easy work finds who picks, hard work finds the others
                misfit = strikes & (member[plan.agent] != easy)
                if misfit.any():
                    draws = self.chance.uniform(f"{name} {turn}", items.key[misfit])
                    plan.agent[misfit] = self.place.working(finder[misfit], moment[misfit], draws)
            picked = strikes & easy & member[plan.agent]
            plan.picked[name] = picked
            if name == "cherry_picking":
                plan.pick[picked] -= ((plan.pick - plan.begin) * 3 // 4)[picked]

    def _bend(self, plan):
        """What habits do to the work. Each touches what no other has touched before it."""
        chance, habits, items = self.chance, self.habits, plan.items
        key, agent = items.key, plan.agent
        moment = self.scene.by_site(plan.site, lambda clock, t: clock.when(t), plan.pick)
        jitter = chance.uniform("bends", key)
        run = plan.done - plan.begin
        # waits before the end keep the resolution's own time; the clock of the target stands still in them
        free = (items.way != s.MONITOR) & ~plan.silent
        late = free & (plan.pause < 0) & (run > plan.target) & (run < 1.5 * plan.target)

        def strikes(name, where):
            if name not in habits:
                return np.zeros(len(key), bool)
            hit = where & (plan.habit < 0) & habits.act(name, agent, moment, key)
            plan.habit[hit] = habits.number(name)
            return hit

        hit = strikes("deadline_closing", late & (plan.pick - plan.begin < plan.target - 20 * MINUTE))
        plan.done[hit] = (plan.begin + plan.target - 30 - jitter * 20 * MINUTE)[hit]
        plan.loss[hit] += 0.4
        hit = strikes(
            "escalation_alarms", free & (plan.pause < 0) & (run > 0.8 * plan.target) & (run < 1.4 * plan.target)
        )
        plan.done[hit] = (plan.begin + plan.target * (0.8 + 0.199 * jitter))[hit]
        hit = strikes("status_parking", free & (plan.pause < 0) & (run > 0.9 * plan.target))
        plan.pause[hit] = (plan.begin + plan.target * (0.82 + 0.15 * jitter)).astype(np.int64)[hit]
        plan.pause = np.where(hit, np.maximum(plan.pause, plan.pick + 60), plan.pause)
        plan.parked = hit & (plan.pause < plan.done - 120)
        plan.pause[hit & ~plan.parked] = -1
        plan.habit[hit & ~plan.parked] = -1
        for name, loss in (("premature_closing", 0.5), ("quick_answers", -0.2)):
            hit = strikes(name, free & (plan.second < 0))
            plan.done[hit] = (plan.pick + 90 + 400 * jitter).astype(np.int64)[hit]
            plan.pause[hit] = -1
            plan.answered[hit] = False
            plan.loss[hit] += loss
        for name, loss in (("auto_close_harvesting", 0.4), ("genuine_silence", -0.2)):
            hit = strikes(name, free & (plan.pause < 0))
            plan.pause[hit] = plan.done[hit]
            plan.asked |= hit
            plan.silent |= hit
            plan.loss[hit] += loss
        plan.added = np.zeros(len(key), np.int64)
        hit = strikes("note_inflation", free)
        plan.added[hit] = 5 + (4 * jitter[hit]).astype(np.int64)
        hit = strikes("regulated_notes", free)
        plan.added[hit] = 4
        plan.notes = plan.notes + plan.added
        # some are asked by telephone
        hit = habits.act("replies_elsewhere", agent, moment, key) | chance.happens("asked otherwise", key, 0.1)
        plan.asked &= ~hit

    def _write(self, plan, wrong, begun, is_new):
        """The plan's events, messages and claim."""
        scene, items, ticket, place = self.scene, plan.items, plan.ticket, self.place
        key, agent, chance, habits = items.key, plan.agent, self.chance, self.habits
        count = len(ticket)

        def when(worked):
            return scene.by_site(plan.site, lambda clock, t: clock.when(t), worked)

        def some(mask):
            return np.flatnonzero(mask)

        picked_at = np.maximum(when(plan.pick), begun + 20)
        waits = plan.pause >= 0
        paused_at = np.where(waits, np.maximum(when(np.maximum(plan.pause, 0)), picked_at + 60), -1)
        answer_at = scene.by_site(
            plan.site, lambda clock, t, u: clock.awake(t, u), paused_at + plan.wait, chance.uniform("wakes", key)
        )
        resumed = scene.by_site(plan.site, lambda clock, t: clock.worked(t), answer_at)
        done_at = when(np.where(waits, resumed + plan.done - plan.pause, plan.done))
        done_at = np.where(plan.parked, when(plan.done), done_at)
        answer_at = np.where(
            plan.parked, done_at - 60 - (MINUTE * 8 * chance.uniform("unparks", key)).astype(np.int64), answer_at
        )
        answer_at = np.where(plan.parked, np.maximum(answer_at, paused_at + 30), answer_at)
        done_at = np.maximum(done_at, picked_at + 60)
        done_at = np.where(waits, np.maximum(done_at, answer_at + 30), done_at)
        done_at = np.where(plan.silent, paused_at + SILENCE * DAY, done_at)
        done_at, at_month_end = self._at_month_end(plan, picked_at, paused_at, done_at)
        waits &= (answer_at < done_at) | plan.silent
        done_at = self._at_closing_hour(plan, done_at)

        # hands
        old_agent = scene.tickets["agent"][ticket]
        names = np.where(old_agent >= 0, old_agent + AGENTS, -1)
        first = some(plan.second >= 0) if is_new else np.empty(0, np.int64)
        team_values = self.raw.value_starts["team"]
        if len(first):
            sent_at = np.maximum(
                picked_at[first] - 20 - (30 * chance.uniform("sent on", key[first])).astype(np.int64), begun[first] + 5
            )
            self.event(
                ticket[first],
                sent_at,
                TEAM,
                plan.team[first] + team_values,
                plan.second[first] + team_values,
                AUTOMATION,
            )
        taken_at = self._hoard(plan, picked_at, done_at, names) if "hoarding" in habits and is_new else picked_at
        changed = some(agent != old_agent)
        # half of the desk takes its own work, half is given it
        own = (chance.happens("takes it", key, 0.5) | plan.picked["cherry_picking"]) & ~plan.picked["skill_routing"]
        given = self.event(
            ticket[changed], taken_at[changed], ASSIGNEE, names[changed], agent[changed] + AGENTS,
            np.where(own, AGENT, AUTOMATION)[changed], np.where(own, agent, -1)[changed],
        )  # fmt: skip
        for name, picked in plan.picked.items():
            mine = picked[changed]
            rows = changed[mine]
            scene.acted(name, agent[rows], taken_at[rows], event_id=given[mine], ticket_id=ticket[rows])
        scene.tickets["agent"][ticket] = agent
        if is_new:
            opened = taken_at + 1 + (7 * chance.uniform("opens", key)).astype(np.int64)
            self.status(ticket, opened, NEW, OPEN, AGENT, agent)
        if wrong is not None and wrong.any():
            self._sort_category(some(wrong), ticket, items, agent, taken_at + 9)
        parts = self._split(plan, taken_at, done_at)
        settled_at = self._hand_over(plan, taken_at, done_at)

        # talk with the customer
        machine = items.way == s.MONITOR
        talks = some(~machine & plan.answered & (chance.uniform("first answer", key) < 0.7))
        self.message(
            ticket[talks],
            np.minimum(taken_at + 120 + (1500 * chance.uniform("answers", key)).astype(np.int64), done_at)[talks],
            AGENT,
        )
        worked_from, worked_until = (
            scene.by_site(plan.site, lambda clock, t: clock.worked(t), moment) for moment in (taken_at, done_at)
        )
        for note in range(int(plan.notes.max(initial=0))):
            noted = some(plan.notes > note)
            share = chance.uniform(f"note {note}", key)
            at = when((worked_from + (worked_until - worked_from) * share).astype(np.int64))
            notes = self.message(ticket[noted], at[noted], AGENT, public=0)
            for name in ("note_inflation", "regulated_notes"):
                if name in habits:
                    mine = (plan.habit == habits.number(name))[noted] & (note < plan.added[noted])
                    scene.acted(
                        name, agent[noted][mine], at[noted][mine], message_id=notes[mine], ticket_id=ticket[noted][mine]
                    )

        # waits
        settled_at = self._priorities(plan, settled_at, done_at)
        held = some(waits)
        to = np.where(plan.vendor, ON_HOLD, PENDING)
        numbers = self.status(ticket[held], paused_at[held], np.full(len(held), OPEN), to[held], AGENT, agent[held])
        for name in ("status_parking", "vendor_waits"):
            if name in habits:
                mine = (
                    plan.parked[held]
                    if name == "status_parking"
                    else plan.vendor[held] & habits.strike(name, begun[held], key[held])
                )
                scene.acted(
                    name, agent[held][mine], paused_at[held][mine], event_id=numbers[mine], ticket_id=ticket[held][mine]
                )
        asked = some(waits & plan.asked & ~plan.parked)
        self.message(ticket[asked], paused_at[asked] - 5, AGENT, QUESTION)
        reminded = some(waits & plan.silent)
        self.message(ticket[reminded], paused_at[reminded] + 2 * DAY, AUTOMATION, REMINDER, automatic=1)
        back = some(waits & ~plan.silent)
        replied = waits & ~plan.silent & plan.asked & ~plan.parked
        wrote = some(replied)
        self.message(ticket[wrote], answer_at[wrote], REQUESTER)
        # a bot carries the reply out; without one an agent or the tool's timer takes the ticket up again
        by = np.where(replied | plan.parked, AUTOMATION, AGENT)
        self.status(
            ticket[back], (answer_at + np.where(replied, 20, 0))[back], to[back], np.full(len(back), OPEN), by[back],
            np.where(by == AGENT, agent, -1)[back],
        )  # fmt: skip

        # the claim
        self._recode(plan, np.where(waits, np.maximum(answer_at + 25, settled_at), settled_at), done_at)
        # not everybody writes what was done
        solution = some(plan.answered & ~plan.silent & chance.happens("says what was done", key, 0.85))
        said = 3 + (40 * chance.uniform("says when", key[solution])).astype(np.int64)
        self.message(ticket[solution], done_at[solution] - said, AGENT, SOLUTION)
        by = np.where(
            plan.silent, AUTOMATION, np.where(machine & chance.happens("clears itself", key, 0.6), SYSTEM, AGENT)
        )
        before = np.where(plan.silent, to, OPEN)
        resolved = self.status(ticket, done_at, before, np.full(count, RESOLVED), by, np.where(by == AGENT, agent, -1))
        code = np.where(
            plan.silent,
            BY_SILENCE,
            np.where(by == SYSTEM, CLEARED, np.where(chance.happens("workaround", key, 0.15), WORKAROUND, BY_ANSWER)),
        )
        seen = done_at < scene.end
        self.raw.tickets["resolution_code"][ticket[seen]] = code[seen]
        for name in (
            "deadline_closing",
            "escalation_alarms",
            "premature_closing",
            "quick_answers",
            "auto_close_harvesting",
            "genuine_silence",
        ):
            if name in habits:
                mine = plan.habit == habits.number(name)
                scene.acted(name, agent[mine], done_at[mine], event_id=resolved[mine], ticket_id=ticket[mine])
        if "period_end_closing" in habits:
            scene.acted(
                "period_end_closing",
                agent[at_month_end],
                done_at[at_month_end],
                event_id=resolved[at_month_end],
                ticket_id=ticket[at_month_end],
            )
        chance_to_solve = np.where(machine, 0.9, scene.issue("solved", items.problem)) + place.skill[agent] - plan.loss
        solved = chance.uniform("solved", key) < chance_to_solve
        for claims, rows in zip(*parts, strict=True):
            scene.truth.claims["outcome"][claims] = np.where(solved[rows], s.SOLVED, s.UNSOLVED)
        self._chases(items, ticket, begun, done_at)
        self.after(
            items,
            ticket,
            site_of=plan.site,
            at=done_at,
            event=resolved,
            solved=solved,
            agent=agent,
            habit=plan.habit,
            silent=plan.silent,
        )

    def _at_month_end(self, plan, picked_at, paused_at, done_at):
        """What would be resolved in the first days of a month is, on the last working day of the one before."""
        hit = np.zeros(len(done_at), bool)
        if "period_end_closing" not in self.habits:
            return done_at, hit
        key = plan.items.key
        for site, clock in enumerate(self.place.clocks):
            for last in self.place.last_workdays[site]:
                closing = clock.at(last, 18 * HOUR)
                rows = np.flatnonzero(
                    (plan.site == site)
                    & (done_at > closing)
                    & (done_at < closing + 4 * DAY)
                    & (picked_at < closing - 4 * HOUR)
                    & ~plan.silent
                    & (plan.habit < 0)
                    & ~((plan.pause >= 0) & (paused_at > closing - 5 * HOUR))
                    & (plan.items.way != s.MONITOR)
                )
                now = np.full(len(rows), closing - 3 * HOUR)
                rows = rows[self.habits.act("period_end_closing", plan.agent[rows], now, key[rows])]
                done_at[rows] = closing - (3 * HOUR * self.chance.uniform("month end", key[rows])).astype(np.int64)
                hit[rows] = True
        plan.loss[hit] += 0.4
        plan.habit[hit] = self.habits.number("period_end_closing")
        return done_at, hit

    def _at_closing_hour(self, plan, done_at):
        if "closing_hour" not in self.habits:
            return done_at
        key = plan.items.key
        hit = self.habits.act("closing_hour", plan.agent, done_at, key) & ~plan.silent & ~plan.parked & (plan.habit < 0)
        for site, clock in enumerate(self.place.clocks):
            rows = np.flatnonzero(hit & (plan.site == site))
            local = clock.local(done_at[rows])
            rows = rows[(local > 15 * HOUR) & (local < 18 * HOUR)]
            late = clock.at(clock.day_of(done_at[rows]), 17 * HOUR + 40 * MINUTE)
            late = late + (19 * MINUTE * self.chance.uniform("closing hour", key[rows])).astype(np.int64)
            done_at[rows] = np.maximum(late, done_at[rows])
            plan.habit[rows] = self.habits.number("closing_hour")
        return done_at

    def _hoard(self, plan, picked_at, done_at, names):
        """Held by one agent through the shift and dropped before its end; another takes it later."""
        ticket, key = plan.ticket, plan.items.key
        team = np.where(plan.second >= 0, plan.second, plan.team)
        holder = self.place.working(team, picked_at, self.chance.uniform("holder", key))
        acts = self.habits.act("hoarding", holder, picked_at, key) & (holder != plan.agent)
        taken_at = picked_at.copy()
        for site, clock in enumerate(self.place.clocks):
            rows = np.flatnonzero(acts & (plan.site == site))
            over = clock.at(clock.day_of(picked_at[rows]), (self.place.shift_hour[holder[rows]] + 8) * HOUR)
            drop = over - (50 * MINUTE * self.chance.uniform("drops", key[rows])).astype(np.int64)
            fits = (drop - picked_at[rows] >= 4 * HOUR) & (drop < done_at[rows] - 10 * MINUTE) & (plan.pause[rows] < 0)
            rows, drop = rows[fits], drop[fits]
            held = holder[rows] + AGENTS
            self.event(ticket[rows], picked_at[rows], ASSIGNEE, names[rows], held, AGENT, holder[rows])
            dropped = self.event(ticket[rows], drop, ASSIGNEE, held, np.full(len(rows), -1), AGENT, holder[rows])
            self.scene.acted("hoarding", holder[rows], drop, event_id=dropped, ticket_id=ticket[rows])
            taken_at[rows] = drop + 60 + (500 * self.chance.uniform("is taken", key[rows])).astype(np.int64)
            names[rows] = -1
        return taken_at

    def _hand_over(self, plan, taken_at, done_at):
        """By rule, what is not done when a shift ends goes back to the team and is taken again next morning. Returns
        when each ticket came to rest."""
        settled_at = taken_at.copy()
        agent, key, ticket = plan.agent, plan.items.key, plan.ticket
        by_rule = self.habits.act("shift_handover", agent, taken_at, key)
        # elsewhere it happens now and then
        acts = (by_rule | self.chance.happens("hands back", key, 0.03)) & (plan.pause < 0)
        for site, clock in enumerate(self.place.clocks):
            rows = np.flatnonzero(acts & (plan.site == site))
            day = clock.day_of(taken_at[rows])
            over = clock.at(day, (self.place.shift_hour[agent[rows]] + 8) * HOUR) - (
                1500 * self.chance.uniform("hands back when", key[rows])
            ).astype(np.int64)
            later = 2 * HOUR * self.chance.uniform("next morning", key[rows])
            morning = clock.when((clock.worked(clock.at(day + 1, 8 * HOUR)) + later).astype(np.int64))
            fits = (over > taken_at[rows] + HOUR) & (morning < done_at[rows] - 10 * MINUTE)
            rows, over, morning = rows[fits], over[fits], morning[fits]
            holder = agent[rows] + AGENTS
            given = self.event(ticket[rows], over, ASSIGNEE, holder, -1, AGENT, agent[rows])
            if "shift_handover" in self.habits:
                ruled = by_rule[rows]
                self.scene.acted(
                    "shift_handover",
                    agent[rows][ruled],
                    over[ruled],
                    event_id=given[ruled],
                    ticket_id=ticket[rows][ruled],
                )
            self.event(ticket[rows], morning, ASSIGNEE, -1, holder, AUTOMATION)
            settled_at[rows] = morning
        return settled_at

    def _sort_category(self, wrong, ticket, items, agent, at):
        values = self.raw.value_starts["category"]
        right = self.named(self.scene.issue("category", items.problem[wrong]), items.at[wrong])
        mine = self.event(
            ticket[wrong],
            at[wrong],
            CATEGORY,
            np.full(len(wrong), self.other + values),
            right + values,
            AGENT,
            agent[wrong],
        )
        self.scene.tickets["category"][ticket[wrong]] = right
        if "better_triage" in self.habits:
            meant = self.habits.strike("better_triage", items.at[wrong], items.key[wrong])
            wrong = wrong[meant]
            self.scene.acted("better_triage", agent[wrong], at[wrong], event_id=mine[meant], ticket_id=ticket[wrong])

    def _recode(self, plan, earliest, done_at):
        """Hard tickets end in a category that nobody counts, and a few others as well, by mistake."""
        key = plan.items.key
        hard = self.scene.issue("talk", plan.items.problem) > 500
        counted = self.scene.tickets["category"][plan.ticket] != self.other
        counted &= self.scene.issue("subcategory", plan.items.problem) < 0
        acts = hard & self.habits.act("recoding", plan.agent, earliest, key)
        hit = np.flatnonzero(counted & (acts | self.chance.happens("is mistaken", key, 0.01)))
        if not len(hit):
            return
        ticket, values = plan.ticket[hit], self.raw.value_starts["category"]
        old = self.scene.tickets["category"][ticket]
        share = 0.3 + 0.7 * self.chance.uniform("moves when", key[hit])
        at = (earliest[hit] + share * (done_at[hit] - earliest[hit])).astype(np.int64)
        moved = self.event(ticket, at, CATEGORY, old + values, self.other + values, AGENT, plan.agent[hit])
        self.scene.tickets["category"][ticket] = self.other
        if "recoding" in self.habits:
            mine = acts[hit]
            self.scene.acted("recoding", plan.agent[hit][mine], at[mine], event_id=moved[mine], ticket_id=ticket[mine])

    def _priorities(self, plan, picked_at, done_at):
        """Priorities change as more is known; some are lowered when the deadline is near. Returns when each ticket came
        to rest."""
        key, ticket = plan.items.key, plan.ticket
        priority = self.scene.tickets["priority"][ticket]
        run = plan.done - plan.begin
        down = (
            self.habits.act("priority_downgrading", plan.agent, picked_at, key)
            & (priority > 0)
            & (run > 0.85 * plan.target)
        )
        late = self.habits.act("late_information", plan.agent, picked_at, key)
        early = self.chance.happens("new priority", key, 0.03)
        up = self.chance.happens("goes up", key, 0.5)
        share = self.chance.uniform("priority changes", key)
        near = self.scene.by_site(
            plan.site,
            lambda clock, t: clock.when(t),
            (plan.begin + plan.target * (0.8 + 0.19 * share)).astype(np.int64),
        )
        changed_at = np.where(down, near, picked_at + ((done_at - picked_at) * share).astype(np.int64))
        new = np.where(down | ~up, priority - 1, priority + 1)
        hit = np.flatnonzero(
            (down | late | early)
            & (new >= 0)
            & (new < len(POLICIES))
            & (changed_at > picked_at + 10)
            & (changed_at < done_at - 20)
            & (plan.pause < 0)
        )
        values = self.raw.value_starts["priority"]
        events = self.event(
            ticket[hit], changed_at[hit], PRIORITY, priority[hit] + values, new[hit] + values, AGENT, plan.agent[hit]
        )
        self.scene.tickets["priority"][ticket[hit]] = new[hit]
        for name, acts in (("priority_downgrading", down), ("late_information", late & ~down)):
            if name in self.habits:
                mine = acts[hit]
                self.scene.acted(
                    name,
                    plan.agent[hit][mine],
                    changed_at[hit][mine],
                    event_id=events[mine],
                    ticket_id=ticket[hit][mine],
                )
        settled_at = picked_at.copy()
        settled_at[hit] = changed_at[hit]
        return settled_at

    def _split(self, plan, taken_at, done_at):
        """Three tickets are made of one, and resolved with it. Returns the claims of the added ones, each with the
        row of the plan whose outcome it shares."""
        claims, sources = [], []
        hit = np.flatnonzero(
            self.habits.act("ticket_splitting", plan.agent, taken_at, plan.items.key) & (taken_at + 760 < done_at)
            & (done_at < self.scene.end)
        )  # fmt: skip
        for copy in range(2 if len(hit) else 0):
            chosen, agent = plan.items[hit], plan.agent[hit]
            at = taken_at[hit] + 90 + (480 * self.chance.uniform(f"splits {copy}", chosen.key)).astype(np.int64)
            more = self.open(chosen, self.raw.tickets["channel"][plan.ticket[hit]], plan.team[hit], AGENT, agent, at=at)
            given = at + 1 + (40 * self.chance.uniform(f"given {copy}", chosen.key)).astype(np.int64)
            self.event(more, given, ASSIGNEE, -1, agent + AGENTS, AGENT, agent)
            self.status(more, given + 3, NEW, OPEN, AGENT, agent)
            done = done_at[hit] + 4 + (300 * self.chance.uniform(f"with it {copy}", chosen.key)).astype(np.int64)
            resolved = self.status(more, done, OPEN, RESOLVED, AGENT, agent)
            self.raw.tickets["resolution_code"][more] = BY_ANSWER
            self._shut(more, done)
            self.scene.acted("ticket_splitting", agent, at, ticket_id=more)
            habit = self.habits.number("ticket_splitting")
            claims.append(
                self.scene.claim(
                    s.TICKET_RESOLVED, chosen.problem, done, s.SOLVED, habit, ticket_id=more, event_id=resolved
                )
            )
            sources.append(hit)
        return claims, sources

    def _chases(self, items, ticket, begun, done_at):
        """Customers who wait for long ring up and ask."""
        asks = np.flatnonzero(
            (done_at - begun > 1.5 * DAY) & self.chance.happens("asks", items.key, 0.2) & (items.way != s.MONITOR)
            & (items.number < s.ASIDE)
            & self.scene.has_calls
        )  # fmt: skip
        chosen = items[asks]
        at = (begun + (done_at - begun) * (0.3 + 0.6 * self.chance.uniform("asks when", items.key))).astype(np.int64)[
            asks
        ]
        at = self.phone_hours(chosen.problem, at, chosen.key, "rings to ask")
        fits = at < done_at[asks]
        self.scene.schedule(
            Items.of(chosen.problem[fits], at[fits], s.CHASE, chosen.number[fits] + s.ASIDE, ticket[asks][fits])
        )

    def phone_hours(self, problem, at, key, purpose="rings"):
        result = np.empty(len(at), np.int64)
        site = self.scene.site_of(problem)
        draw = self.chance.uniform(purpose, key)
        for number, clock in enumerate(self.place.phone_clocks):
            here = site == number
            result[here] = clock.open_at(at[here], draw[here])
        return result

    # ---- what follows a resolution

    def after(
        self, items, ticket, site_of, at, event, solved, agent, habit, silent=None, contact_claim=-1, surveyed=True
    ):
        """The claim, what the customer does, the closing."""
        scene, chance, key, world = self.scene, self.chance, items.key, self.scene.world
        count = len(ticket)
        silent = np.zeros(count, bool) if silent is None else silent
        scene.tickets["resolved"][ticket] = at
        outcome = np.where(solved, s.SOLVED, s.UNSOLVED)
        claim = scene.claim(s.TICKET_RESOLVED, items.problem, at, outcome, habit, ticket_id=ticket, event_id=event)
        customer = scene.problems["customer"][items.problem]
        machine = customer >= MONITORS
        self._toggles(ticket[~machine], at[~machine], key[~machine], agent[~machine])
        closing = self.closing(at, key)

        back = ~solved & ~chance.happens("gives up", key, 0.15) & (items.number % s.ASIDE < s.LAST_CONTACT)
        delay = chance.lognormal("comes back after", key, 1.7 * DAY, 1.1).astype(np.int64) + 600
        delay = np.where(machine, delay // 20 + 300, delay)
        back_at = scene.by_site(
            site_of, lambda clock, t, u: clock.awake(t, u), at + delay, chance.uniform("comes back", key)
        )
        back_at = np.where(machine, at + delay, back_at)
        draw = chance.uniform("comes back how", key)
        way = np.select(
            [draw < 0.38, draw < 0.70, draw < 0.78, draw < 0.91], [s.REPLY, s.PHONE, s.CHAT, s.EMAIL], s.PORTAL
        )
        if not scene.has_calls:
            way = np.where((way == s.PHONE) | (way == s.CHAT), s.EMAIL, way)
        way = np.where(machine, np.where(draw < 0.6, s.REPLY, s.MONITOR), way)
        spoken = (way == s.PHONE) | (way == s.CHAT)
        back_at = np.where(spoken, self.phone_hours(items.problem, at + delay, key), back_at)
        still_open = (back_at < closing - 60) | world.closed_can_reopen
        reopens = back & (way == s.REPLY) & still_open
        late_reply = back & (way == s.REPLY) & ~still_open
        # a reply to a closed ticket is a new one; most tools link it
        way = np.where(late_reply, np.where(machine, s.MONITOR, s.EMAIL), way)
        named = np.where(spoken & chance.happens("names the ticket", key, 0.4), ticket, -1)
        follows = np.where(late_reply & chance.happens("is linked", key, 0.6), ticket, -1)
        # the agent reopens what the caller names, where it is not closed by then
        waits = back & (named >= 0) & (back_at < closing - HOUR) & chance.happens("agent reopens", key, 0.5)
        scene.tickets["waits"][ticket] = waits
        with_ticket = np.where(reopens, ticket, np.where(spoken, named, follows))
        reaction = np.select(
            [reopens, way == s.PHONE, way == s.CHAT], [s.REOPENED, s.BY_PHONE, s.BY_CHAT], s.NEW_TICKET
        )
        reaction = np.where(back_at >= scene.end, s.NOT_SEEN, reaction)
        scene.truth.claims["reaction"][claim] = np.where(solved, s.NONE, np.where(back, reaction, s.GAVE_UP))
        rows = np.flatnonzero(back)
        scene.returned(claim[rows], back_at[rows])
        other = np.broadcast_to(contact_claim, count)
        scene.returned(other[rows], back_at[rows])
        known = other[rows] >= 0
        scene.truth.claims["reaction"][other[rows][known]] = reaction[rows][known]
        gave_up = ~solved & ~back & (other >= 0)
        scene.truth.claims["reaction"][other[gave_up]] = s.GAVE_UP
        scene.schedule(
            Items.of(
                items.problem[rows],
                back_at[rows],
                way[rows],
                items.number[rows] % s.ASIDE + 1,
                with_ticket[rows],
                claim[rows],
                other[rows],
            )
        )
        people = np.flatnonzero(~machine & surveyed)
        self.surveys.ask(
            key[people],
            at[people],
            agent[people],
            solved[people],
            items.number[people],
            customer[people],
            ticket=ticket[people],
        )
        # the polite say thanks as well, and live with it
        polite = (solved | (~back & self.chance.happens("is polite", key, 0.3))) & ~machine & ~silent
        thanked = self._thanks(items, ticket, at, polite, solved, closing, agent)
        closing = np.where(thanked >= 0, self.closing(thanked, key), closing)
        scene.tickets["closing"][ticket] = closing
        shut = np.flatnonzero(~reopens & ~waits)
        self.status(ticket[shut], closing[shut], np.full(len(shut), RESOLVED), np.full(len(shut), CLOSED), AUTOMATION)
        if reopens.any() and world.closed_can_reopen:
            closed_first = np.flatnonzero(reopens & (back_at > closing))
            self.status(
                ticket[closed_first],
                closing[closed_first],
                np.full(len(closed_first), RESOLVED),
                np.full(len(closed_first), CLOSED),
                AUTOMATION,
            )

    def _toggles(self, ticket, at, key, agent):
        """Integrations and slips that leave resolved for a moment."""
        done = np.zeros(len(ticket), bool)
        for name, share, by in (("integration", 0.008, SYSTEM), ("slip", 0.004, AGENT)):
            hit = np.flatnonzero(self.chance.happens(name, key, share) & ~done)
            done[hit] = True
            first = at[hit] + 20 + (60 * self.chance.uniform(f"{name} when", key[hit])).astype(np.int64)
            who = agent[hit] if by == AGENT else np.full(len(hit), -1)
            self.status(ticket[hit], first, RESOLVED, OPEN, by, who)
            second = first + 5 + (130 * self.chance.uniform(f"{name} takes", key[hit])).astype(np.int64)
            self.status(ticket[hit], second, OPEN, RESOLVED, by, who)

    def _thanks(self, items, ticket, at, candidates, solved, closing, agent):
        """Replies of thanks: some reopen the ticket, which is resolved again in silence. Returns the instants of the
        second resolution, -1 where there is none."""
        key = items.key
        again = np.full(len(ticket), -1)
        writes = candidates & (~solved | self.chance.happens("thanks", key, 0.05))
        thanks_at = at + 300 + (16 * HOUR * self.chance.uniform("thanks when", key) ** 2).astype(np.int64)
        writes &= thanks_at < closing - HOUR
        rows = np.flatnonzero(writes)
        self.message(ticket[rows], thanks_at[rows], REQUESTER)
        away = np.flatnonzero(candidates & ~writes & self.chance.happens("away", key, 0.02))
        self.message(ticket[away], at[away] + 30, REQUESTER, AWAY, automatic=1)
        rows = np.flatnonzero(writes & self.chance.happens("thanks reopen", key, 0.5))
        reopened_at, by = self._reopening(thanks_at[rows], key[rows])
        self.status(ticket[rows], reopened_at, RESOLVED, OPEN, by)
        done = thanks_at[rows] + 900 + (5 * HOUR * self.chance.uniform("thanks done", key[rows])).astype(np.int64)
        # whoever has left is stood in for
        team = self.raw.tickets["team_id"][ticket[rows]].astype(np.int64)
        stands_in = self.place.working(team, done, self.chance.uniform("stands in", key[rows]))
        agent = np.where(done < self.place.left_at[agent[rows]], agent[rows], stands_in)
        resolved = self.status(ticket[rows], done, OPEN, RESOLVED, AGENT, agent)
        self.scene.claim(
            s.TICKET_RESOLVED,
            items.problem[rows],
            done,
            np.where(solved[rows], s.SOLVED, s.UNSOLVED),
            ticket_id=ticket[rows],
            event_id=resolved,
        )
        again[rows] = done
        self._second_issues(items, ticket, thanks_at, writes)
        return again

    def _reopening(self, at, key):
        """When and by whom a ticket is reopened on a reply: half of the desks let the reply do it, half have a bot that
        carries it out."""
        bot = self.chance.happens("bot reopens", key, 0.5)
        takes = 20 + (200 * self.chance.uniform("bot takes", key)).astype(np.int64)
        return at + np.where(bot, takes, 1), np.where(bot, AUTOMATION, REQUESTER)

    def _second_issues(self, items, ticket, at, writes):
        """A reply of thanks that brings another problem: the agent opens a ticket for it, as they should."""
        rows = np.flatnonzero(writes & self.habits.strike("second_issue", at, items.key) & (at < self.scene.end - HOUR))
        if not len(rows):
            return
        old = items.problem[rows]
        problems = self.scene.problems
        state = {name: problems[name][old].copy() for name in problems.columns}
        problem = self.scene.begin(None, **(state | {"at": at[rows]}))
        fresh = Items.of(problem, at[rows] + 600, s.EMAIL)
        site = self.scene.site_of(problem)
        team = self.raw.tickets["team_id"][ticket[rows]].astype(np.int64)
        agent = self.place.working(team, fresh.at, self.chance.uniform("second issue", fresh.key))
        opened = self.open(fresh, EMAIL, team, AGENT, agent)
        self.scene.happened(1, fresh, ticket_id=opened)
        self.scene.acted("second_issue", agent, fresh.at, ticket_id=opened)
        self.work(opened, fresh, site, team)

    def replies(self, items):
        """Replies to resolved tickets: they reopen them, or an agent sees to it that they don't."""
        items = items[np.argsort(items.ticket, kind="stable")]
        if not len(items):
            return
        scene, key, ticket = self.scene, items.key, items.ticket
        site = scene.site_of(items.problem)
        agent = scene.tickets["agent"][ticket].astype(np.int64)
        machine = scene.problems["customer"][items.problem] >= MONITORS
        people = np.flatnonzero(~machine)
        self.message(ticket[people], items.at[people], REQUESTER)
        avoided = self.habits.act("reopen_avoidance", agent, items.at, key) & ~machine
        avoided &= items.at < self.place.left_at[agent]
        self._avoid(items[avoided], ticket[avoided], agent[avoided], site[avoided])
        stays = np.flatnonzero(~avoided)
        items, ticket, agent, machine, site = items[stays], ticket[stays], agent[stays], machine[stays], site[stays]
        if not len(items):
            return
        key = items.key
        at, by = self._reopening(items.at, key)
        at, by = np.where(machine, items.at + 1, at), np.where(machine, SYSTEM, by)
        closed = scene.tickets["closing"][ticket] < items.at
        events = self.status(ticket, at, np.where(closed, CLOSED, RESOLVED), np.full(len(ticket), OPEN), by)
        scene.happened(2, items, at=at, ticket_id=ticket, event_id=events)
        for claims in (items.claim, items.claim2):
            scene.returned(claims, items.at, s.REOPENED, return_event_id=events, return_ticket_id=ticket)
        team = self.raw.tickets["team_id"][ticket].astype(np.int64)
        gone = (agent < 0) | ~self.place.employed(int(items.at.min()))[agent]
        agent[gone] = self.place.working(team[gone], items.at[gone], self.chance.uniform("takes over", key[gone]))
        self.work(ticket, items, site, team, begun=at, agent=agent, second=np.ones(len(ticket), bool))

    def _avoid(self, items, ticket, agent, site):
        """The agent opens a new ticket, so that the old one is never reopened."""
        if not len(items):
            return
        at = items.at + 240 + (1800 * self.chance.uniform("avoids", items.key)).astype(np.int64)
        seen = np.flatnonzero(at < self.scene.end)
        items, ticket, agent, at, site = items[seen], ticket[seen], agent[seen], at[seen], site[seen]
        team = self.raw.tickets["team_id"][ticket].astype(np.int64)
        fresh = self.open(items, EMAIL, team, AGENT, agent, at=at)
        self.scene.happened(1, items, at=at, ticket_id=fresh)
        self.scene.acted("reopen_avoidance", agent, at, ticket_id=fresh)
        for claims in (items.claim, items.claim2):
            self.scene.returned(claims, items.at, s.NEW_TICKET, return_ticket_id=fresh)
        shut = self.scene.tickets["closing"][ticket]
        rows = np.flatnonzero(shut > items.at)
        full = np.ones(len(rows), np.int64)
        self.status(
            ticket[rows], np.maximum(shut, items.at + 60)[rows], RESOLVED * full, CLOSED * full, AUTOMATION
        )  # fmt: skip
        self.work(fresh, items, site, team, begun=at)

    def finish(self):
        """Set what the tool shows of each ticket now, from what happened to it before the world ended."""
        events, tickets = self.raw.ticket_events, self.raw.tickets
        starts = self.raw.value_starts
        order = np.lexsort((events["event_sequence"], events["ticket_id"]))
        ticket, at = events["ticket_id"][order], events["event_at"][order]
        field, new, old = (events[name][order] for name in ("field", "new_value", "old_value"))
        by = events["actor_type"][order]
        # the last value of a repeated index is the one that stays
        tickets["updated_at"][ticket] = at
        for number, column, start in (
            (STATUS, "status", starts["status"]), (TEAM, "team_id", starts["team"]),
            (PRIORITY, "priority", starts["priority"]), (CATEGORY, "category", starts["category"]),
        ):  # fmt: skip
            mine = field == number
            tickets[column][ticket[mine]] = new[mine] - start
        # the policy follows the priority
        known = tickets["sla_policy_id"] >= 0
        site = tickets["sla_policy_id"] // len(PRIORITIES)
        tickets["sla_policy_id"][known] = (site * len(PRIORITIES) + tickets["priority"])[known]
        mine = field == ASSIGNEE
        tickets["assignee_id"][ticket[mine]] = np.where(new[mine] >= AGENTS, new[mine] - AGENTS, -1)
        entered = (field == STATUS) & (new >= RESOLVED + starts["status"])
        entered &= ~((old >= RESOLVED + starts["status"]) & (old <= CLOSED + starts["status"]))
        tickets["resolved_at"][ticket[entered]] = at[entered]
        closed = (field == STATUS) & (new == CLOSED + starts["status"])
        tickets["closed_at"][ticket[closed]] = at[closed]
        tickets["closed_by_actor_type"][ticket[closed]] = by[closed]
        is_open = tickets["status"] < RESOLVED
        for column in ("resolved_at", "closed_at", "closed_by_actor_type", "resolution_code"):
            tickets[column][is_open] = tickets.columns[column].null
        reopened = tickets["status"] == RESOLVED
        tickets["closed_at"][reopened] = tickets.columns["closed_at"].null
        tickets["closed_by_actor_type"][reopened] = -1
        # calls that began before the end of the world may have made tickets after it
        never = np.append(tickets["created_at"] >= self.scene.end, False)
        for table in (self.raw.calls, self.scene.truth.contacts):
            table["ticket_id"][never[table["ticket_id"]]] = -1
        tickets.keep(~never[:-1])


ASIDE_JUNK = CONTACTS - 1
