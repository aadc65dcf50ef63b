"""The service desk of a world, day by day: what arrives, who deals with it, what is known of it besides."""

import datetime

import numpy as np

from counterweight.worlds import scene as s
from counterweight.worlds.behaviours import ALWAYS, BEHAVIOURS
from counterweight.worlds.clock import DAY, HOUR, date_number
from counterweight.worlds.desk import Desk
from counterweight.worlds.phone import Phone
from counterweight.worlds.place import (
    DESK_HOURS,
    HOLIDAY_SHARE,
    ISSUES,
    OTHER,
    PHONE_CURVE,
    PRIORITIES,
    RENAMED,
    SITES,
    WEEKDAY_CURVE,
    WRITING_CURVE,
    Place,
)
from counterweight.worlds.raw import HOUSEHOLDS, MONITORS
from counterweight.worlds.scene import Items, Scene
from counterweight.worlds.surveys import Surveys

# What --calls and --tickets count are all of them: repeats, chases, tickets that calls make. Measured on honest worlds:
# calls that a first call and a first ticket bring, tickets that a first one brings, and a call that is passed on.
CALLS_A_CALL, CALLS_A_TICKET = 1.17, 0.15
TICKETS_A_TICKET, PASSED_ON_A_CALL = 0.93, 0.16
# share of the calls about which a ticket is written, where there are tickets enough
TICKETS_A_CALL = 0.4
SPOKEN, WRITTEN = 0, 1
MONITOR_SHARE = 0.05
CHAT_SHARE = 0.18


class Service:
    def __init__(self, world, chance, calls, tickets, months):
        a_call = min(TICKETS_A_CALL, 0.5 * tickets / calls) if calls else 0.0
        written = (tickets - a_call * calls) / TICKETS_A_TICKET
        spoken = max(calls - CALLS_A_TICKET * written, 0) / CALLS_A_CALL
        place = Place(chance, months, spoken, written, world.accounts)
        self.world, self.chance, self.place = world, chance, place
        self.scene = scene = Scene(world, chance, place)
        scene.has_calls, scene.has_tickets = calls > 0, tickets > 0
        # where there are few tickets, who passes a call on hands it over instead of writing one
        scene.passes_by_ticket = min(1.0, a_call / PASSED_ON_A_CALL)
        scene.tickets_a_call = max(0.0, (a_call - PASSED_ON_A_CALL) / (1 - PASSED_ON_A_CALL))
        scene.written_a_day = written / (place.last_day - place.first_day + 1)
        self.spoken, self.written = spoken, written
        self.surveys = Surveys(scene)
        self.desk = self.surveys.desk = Desk(scene, self.surveys)
        self.phone = Phone(scene, self.desk, self.surveys)
        self._demand()
        self._causes()
        self._number()

    # ---- what is to come

    def _demand(self):
        """Share of the world's contacts that begin on each day of each site, spoken and written."""
        place = self.place
        days = np.arange(place.first_day, place.last_day + 1)
        self.usual = np.zeros((2, len(place.clocks), len(days)))
        self.demand = np.zeros_like(self.usual)
        busier = self.scene.habits["month_end_demand"].intensity if "month_end_demand" in self.scene.habits else 0
        for column, number in enumerate(days.tolist()):
            day = datetime.date(1970, 1, 1) + datetime.timedelta(days=number)
            season = 1 + 0.1 * np.cos(2 * np.pi * (day.timetuple().tm_yday - 20) / 365)
            more = self.scene.habits.on("month_end_demand", number * DAY + HOUR)
            more &= (day + datetime.timedelta(days=4)).day <= 4
            for site, clock in enumerate(place.clocks):
                weight = WEEKDAY_CURVE[day.weekday()] * season * (HOLIDAY_SHARE if day in clock.holidays else 1)
                weight *= place.site_shares[site]
                weights = np.array((weight if place.phone_clocks[site].hours_of(day) else 0, weight))
                self.usual[:, site, column] = weights
                self.demand[:, site, column] = weights * (1 + 1.6 * busier * more)
        total = self.usual.sum(axis=(1, 2), keepdims=True)
        # shares of what usually comes in; a lookalike adds to them
        self.usual /= total
        self.demand /= total

    def _number(self):
        """Give each day its problems' numbers: outbreaks, and first contacts of each site and kind. What a lookalike
        brings besides is numbered after all of them."""
        days = self.demand.shape[2]
        self.counts = np.zeros((days, len(self.place.clocks), 2), np.int64)
        self.extra = np.zeros_like(self.counts)
        volume = np.array((self.spoken, self.written))
        for column in range(days):
            stream = self.chance.stream(f"arrivals {self.place.first_day + column}")
            usual = self.usual[:, :, column].T * volume
            self.counts[column] = stream.poisson(usual)
            self.extra[column] = stream.poisson(np.maximum(self.demand[:, :, column].T * volume - usual, 0))
        outbreak_day = (self.outbreaks["at"] - self.place.begin) // DAY
        self.outbreaks = {
            name: values[np.argsort(outbreak_day, kind="stable")] for name, values in self.outbreaks.items()
        }
        outbreaks = np.bincount(outbreak_day, minlength=days)
        a_day = self.counts.sum(axis=(1, 2)) + outbreaks
        self.first_number = np.concatenate([[0], np.cumsum(a_day)])
        self.first_outbreak = np.concatenate([[0], np.cumsum(outbreaks)])
        # rows for all of them; those that nobody has begun have no customer
        self.scene.problems.add(customer=np.full(self.first_number[-1], -1))

    def _causes(self):
        """Causes that bring the same incidents to the same people until they are removed."""
        place, chance, settings, scene = self.place, self.chance, self.world.recurring, self.scene
        accounts = np.arange(place.account_count)
        counts = (settings.causes + chance.uniform("causes", accounts)).astype(np.int64)
        account = np.repeat(accounts, counts)
        cause = np.arange(len(account))
        technical = np.flatnonzero(place.technical)
        issue = technical[(chance.uniform("cause issue", cause) * len(technical)).astype(np.int64)]
        first = place.begin + (settings.days * DAY * chance.uniform("cause first", cause)).astype(np.int64)
        recorded = chance.happens("cause recorded", cause, settings.recorded)
        known_at = first + settings.days * DAY * (1 + 2 * chance.uniform("cause known", cause))
        fixed_at = np.where(
            recorded, known_at + 60 * DAY * (0.3 + chance.uniform("cause fixed", cause)), place.end + 10**8
        )
        scene.records = np.where(recorded & (known_at < place.end), cause, -1)
        scene.recorded_at = known_at
        outbreaks = []
        span = place.end - place.begin
        for turn in range(int(span / (settings.days * DAY)) + 2):
            jitter = 0.35 * settings.days * DAY * (chance.uniform("outbreak", cause * 1000 + turn) - 0.5)
            at = first + turn * settings.days * DAY + jitter
            outbreaks.append(np.stack([np.where((at < fixed_at) & (at >= place.begin), at, -1), cause], axis=1))
        outbreaks = np.concatenate(outbreaks).astype(np.int64) if len(cause) else np.empty((0, 2), np.int64)
        outbreaks = outbreaks[outbreaks[:, 0] >= 0]
        people = np.maximum(2, np.round(settings.people * place.account_users[account[outbreaks[:, 1]]])).astype(
            np.int64
        )
        # a small world has no room for them all
        room = 0.4 * (self.spoken + self.written) / max(people.sum(), 1)
        fits = chance.happens("outbreak fits", np.arange(len(outbreaks)), room)
        outbreaks, people = outbreaks[fits], people[fits]
        at, cause_of = np.repeat(outbreaks, people, axis=0).T
        ids = np.arange(len(at))
        edges = np.searchsorted(place.account_of, np.arange(place.account_count + 1))
        mine = account[cause_of]
        turn = ids - np.repeat(np.cumsum(people) - people, people)
        # always the same people
        who = edges[mine] + (cause_of * 7 + turn) % np.maximum(place.account_users[mine], 1)
        at = at + (5 * HOUR * chance.uniform("outbreak spreads", ids)).astype(np.int64)
        keep = (who < place.customer_count) & (at < place.end) & (at < place.churned_at[mine])
        self.outbreaks = {
            "at": at[keep],
            "customer": who[keep],
            "issue": issue[cause_of[keep]],
            "cause": cause_of[keep],
        }
        happened = np.zeros(len(cause), bool)
        happened[cause_of[keep]] = True
        first_seen = np.full(len(cause), -1)
        first_seen[cause_of[keep][::-1]] = at[keep][::-1]
        seen = np.flatnonzero(happened)
        none = scene.truth.root_causes.columns["fixed_at"].null
        scene.truth.root_causes.add(
            root_cause=seen, account_id=account[seen], category=place.issue_category[issue[seen]],
            first_seen_at=first_seen[seen], fixed_at=np.where(fixed_at[seen] < place.end, fixed_at[seen], none),
            problem_id=scene.records[seen],
        )  # fmt: skip
        recorded = np.flatnonzero((scene.records >= 0) & happened)
        fixed = fixed_at[recorded] < place.end
        scene.raw.problems.add(
            problem_id=recorded,
            opened_at=known_at[recorded],
            fix_deployed_at=np.where(fixed, fixed_at[recorded], none),
            closed_at=np.where(fixed & (fixed_at[recorded] + 3 * DAY < place.end), fixed_at[recorded] + 3 * DAY, none),
            root_cause_status=np.where(fixed, 2, np.where(known_at[recorded] + 20 * DAY < place.end, 1, 0)),
        )

    def run(self, progress):
        """Live through the world; `progress` is called with each day that has passed."""
        for day in range(self.place.first_day, self.place.last_day + 1):
            arrivals = self._arrivals(day)
            items = Items.joined([*arrivals, *self.scene.due.pop(day, [])])
            spoken = (items.way == s.PHONE) | (items.way == s.CHAT) | (items.way == s.CHASE)
            self.scene.called = day
            self.phone.day(day, items[spoken])
            self.desk.written(items[~spoken])
            # what was resolved this morning may be back this afternoon
            while again := self.scene.due.pop(day, None):
                self.desk.written(Items.joined(again))
            self.desk.junk(day)
            progress(1)
        self.desk.finish()
        self.phone.finish()
        self.scene.tell_problems()
        self._finish_truth()
        self._references()

    # ---- a day

    def _arrivals(self, day):
        """First contacts of a day: what came in as usual, what a lookalike brings besides, outbreaks."""
        column = day - self.place.first_day
        arrivals, start = [], self.first_number[column]
        for site in range(len(self.place.clocks)):
            for kind in (SPOKEN, WRITTEN):
                count = self.counts[column, site, kind]
                arrivals.append(self._first_contacts(day, site, kind, np.arange(start, start + count)))
                start += count
                if more := self.extra[column, site, kind]:
                    ids = self.scene.problems.add(customer=np.full(more, -1))
                    arrivals.append(self._first_contacts(day, site, kind, ids))
        arrivals.append(self._outbreaks(day, column, start))
        items = Items.joined(arrivals)
        account = self.scene.problems["account"][items.problem]
        items = items[items.at < self.place.churned_at[account]]
        return [self._deflected(self._priced(items))]

    def _first_contacts(self, day, site, kind, ids):
        """Problems with these numbers, each with its first contact."""
        place, chance = self.place, self.chance
        local = self._time_of_day(PHONE_CURVE if kind == SPOKEN else WRITING_CURVE, ids)
        if kind == SPOKEN and (
            hours := place.phone_clocks[site].hours_of(datetime.date(1970, 1, 1) + datetime.timedelta(int(day)))
        ):
            opens, closes = hours[0] * HOUR, hours[1] * HOUR
            local = opens + (local - 7 * HOUR) * (closes - opens) // (12 * HOUR)
        at = place.clocks[site].at(day, local)
        customer = place.customer(site, chance.uniform("customer", ids))
        account = place.account_of[customer]
        issue = chance.pick("issue", ids, place.issue_share)
        if kind == SPOKEN:
            way = np.where(chance.happens("chats", ids, CHAT_SHARE), s.CHAT, s.PHONE)
        else:
            machine = chance.happens("monitor", ids, MONITOR_SHARE)
            technical = np.flatnonzero(place.technical)
            watched = technical[(chance.uniform("watched", ids) * len(technical)).astype(np.int64)]
            issue = np.where(machine, watched, issue)
            customer = np.where(machine, MONITORS + account * 8 + ids % 8, customer)
            way = np.where(chance.happens("writes mail", ids, 0.6), s.EMAIL, s.PORTAL)
            way = np.where(machine, s.MONITOR, way)
        problem = self.scene.begin(ids, customer=customer, issue=issue, site=site, at=at, cause=-1, account=account)
        return Items.of(problem, at, way)

    def _time_of_day(self, curve, ids):
        """Seconds since local midnight, by the curve of the hours."""
        hour = self.chance.pick("hour", ids, curve)
        return hour * HOUR + (HOUR * self.chance.uniform("minute", ids)).astype(np.int64)

    def _outbreaks(self, day, column, start):
        """Contacts of the causes that break out on a day, by people who have met them before."""
        scene, chance = self.scene, self.chance
        rows = np.arange(self.first_outbreak[column], self.first_outbreak[column + 1])
        due = {name: values[rows] for name, values in self.outbreaks.items()}
        site = self.place.site_of[due["customer"]]
        problem = scene.begin(
            np.arange(start, start + len(rows)), site=site, account=self.place.account_of[due["customer"]], **due
        )
        way = np.where(chance.happens("calls of it", problem, 0.4), s.PHONE, s.EMAIL)
        way = np.where(not scene.has_tickets, s.PHONE, np.where(not scene.has_calls, s.EMAIL, way))
        rested = scene.by_site(
            site, lambda clock, t, u: clock.awake(t, u), due["at"], chance.uniform("hears of it", problem)
        )
        called = self.desk.phone_hours(problem, due["at"], problem, "rings about it")
        items = Items.of(problem, np.where(way == s.PHONE, called, rested), way)
        later = scene.by_site(site, lambda clock, t: clock.day_of(t), items.at) > day
        scene.schedule(items[later])
        return items[~later]

    def _priced(self, items):
        """Where a reset costs the customer's firm, people stop asking for one."""
        price, scene = self.world.price, self.scene
        if price is None:
            return items
        reset = scene.problems["issue"][items.problem] == 0
        pays = scene.problems["account"][items.problem] < price.accounts
        pays &= items.at >= self.place.moment(price.since)
        return items[~(reset & pays & self.chance.happens("tapes it to the screen", items.problem, price.suppressed))]

    def _deflected(self, items):
        """Easy contacts find a bot first, more of them as time passes; what it cannot do comes back."""
        scene, chance, place = self.scene, self.chance, self.place
        passed = (items.at - place.begin) / (place.end - place.begin)
        easy = scene.issue("easy", items.problem)
        people = scene.problems["customer"][items.problem] < HOUSEHOLDS
        tries = people & chance.happens("tries the bot", items.problem, easy * (0.05 + 0.9 * passed) + 0.04)
        rows = np.flatnonzero(tries)
        if not len(rows):
            return items
        tried = items[rows]
        contained = chance.happens("is contained", tried.problem, np.where(easy[rows] > 0, 0.8, 0.3))
        solved = chance.happens("bot solves", tried.problem, np.where(easy[rows] > 0, 0.85, 0.3))
        ended = tried.at + 40 + chance.lognormal("bot takes", tried.problem, 90, 0.6).astype(np.int64)
        chat = tried.way == s.CHAT
        sessions = scene.number("session", len(rows))
        seen = np.flatnonzero(ended < scene.end)
        customer = scene.problems["customer"][tried.problem]
        customer = np.where(chance.happens("bot knows who", tried.problem, 0.8), customer, -1)
        scene.raw.bot_sessions.add(
            session_id=sessions[seen], customer_id=customer[seen], started_at=tried.at[seen], ended_at=ended[seen],
            intent=scene.issue("category", tried.problem)[seen], is_contained=contained[seen],
            handed_off_to=np.where(contained, -1, np.where(chat, 0, 1))[seen],
        )  # fmt: skip
        held = np.flatnonzero(contained)
        claim = scene.claim(
            s.CONTAINED_BY_BOT,
            tried.problem[held],
            ended[held],
            np.where(solved[held], s.SOLVED, s.UNSOLVED),
            session_id=sessions[held],
        )
        gives_up = chance.happens("leaves the bot for good", tried.problem[held], 0.15)
        scene.truth.claims["reaction"][claim[~solved[held] & gives_up]] = s.GAVE_UP
        back = np.flatnonzero(~solved[held] & ~gives_up)
        after = held[back]
        at = (
            ended[after]
            + chance.lognormal("leaves the bot after", tried.problem[after], 3 * HOUR, 1.2).astype(np.int64)
            + 120
        )
        site = scene.site_of(tried.problem[after])
        at = scene.by_site(
            site, lambda clock, t, u: clock.awake(t, u), at, chance.uniform("leaves the bot", tried.problem[after])
        )
        way = tried.way[after]
        spoken = (way == s.PHONE) | (way == s.CHAT)
        at = np.where(spoken, self.desk.phone_hours(tried.problem[after], at, tried.key[after]), at)
        reaction = np.select([way == s.PHONE, way == s.CHAT], [s.BY_PHONE, s.BY_CHAT], s.NEW_TICKET)
        scene.returned(claim[back], at, np.where(at >= scene.end, s.NOT_SEEN, reaction))
        scene.schedule(Items.of(tried.problem[after], at, way, 1, -1, claim[back]))
        stays = np.ones(len(items), bool)
        stays[rows[held]] = False
        # handed over: the conversation goes on with a person
        items = Items.of(items.problem, items.at, items.way)
        items.at = items.at.copy()
        items.at[rows] = ended
        return items[stays]

    # ---- what is known besides

    def _finish_truth(self):
        """Leave out of the truth what would have come after the end of the world."""
        truth, end = self.scene.truth, self.scene.end
        claims = truth.claims
        beyond = (claims["returned_at"] >= end) | (
            (claims["returned_at"] >= 0) & (claims["return_contact_id"] < 0) & (claims["return_ticket_id"] < 0)
        )
        claims["reaction"][beyond] = s.NOT_SEEN
        for name in ("returned_at", "return_contact_id", "return_ticket_id", "return_event_id"):
            claims[name][beyond] = claims.columns[name].null
        claims.keep(claims["claimed_at"] < end)
        truth.acts.keep(truth.acts["at"] < end)
        truth.contacts.keep(truth.contacts["at"] < end)
        habits = self.scene.habits
        for name, (number, habit) in habits.habits.items():
            agents = habits.agents(name)
            truth.behaviours.add(
                agent_id=agents, team_id=self.place.team_of[agents], behaviour=number,
                is_gaming=int(BEHAVIOURS[name].is_gaming), since=habits.since[name],
                intensity=1000 if name in ALWAYS else round(1000 * habit.intensity), limit_seconds=habit.limit,
            )  # fmt: skip

    def _references(self):
        """Accounts, agents, categories, targets, calendars, costs and what else is delivered beside the contacts."""
        place, chance, raw, scene = self.place, self.chance, self.scene.raw, self.scene
        none = raw.calls.columns["started_at"].null
        customers = np.arange(place.customer_count)
        has_phone = ~chance.happens("no number known", customers, 0.03)
        household = chance.happens("household", customers // 2, 0.015)
        raw.identities.add(customer_id=customers, kind=1, email=customers)
        raw.identities.add(customer_id=customers[has_phone], kind=0, phone=customers[has_phone])
        raw.identities.add(customer_id=customers[household], kind=0, phone=HOUSEHOLDS + customers[household] // 2)
        accounts = np.arange(place.account_count)
        churned = place.churned_at < place.end
        raw.accounts.add(
            account_id=accounts, segment=np.digitize(place.account_users, (40, 120)), users=place.account_users,
            contract_started_on=place.first_day - 100 - (1500 * chance.uniform("contract", accounts)).astype(np.int64),
            churned_on=np.where(churned, place.churned_at // DAY, none),
        )  # fmt: skip
        moves = place.moved_at < place.end
        agents = np.arange(place.agent_count)
        here = place.hired_at < place.end
        hired = np.floor_divide(place.hired_at, DAY)
        left = np.where(place.left_at < place.end, np.floor_divide(place.left_at, DAY), none)
        tier = np.isin(np.array(place.team_kinds)[place.team_of], ("network", "applications", "workplace")).astype(int)
        raw.agents.add(
            agent_id=agents[here], team_id=place.team_of[here], tier=tier[here], hired_on=hired[here],
            left_on=left[here], valid_from=np.maximum(hired, place.first_day - 365)[here] * DAY,
            valid_to=np.where(moves, place.moved_at, np.where(left > none, left * DAY, none))[here],
        )  # fmt: skip
        raw.agents.add(
            agent_id=agents[moves], team_id=place.moved_to[moves], tier=tier[moves], hired_on=hired[moves],
            left_on=left[moves], valid_from=place.moved_at[moves],
        )  # fmt: skip
        for issue in ISSUES:
            is_old = issue.category == "Wireless" and "new_category_tree" in scene.habits
            raw.categories.add(
                category=place.categories.index(issue.category),
                subcategory=place.subcategories.index(issue.subcategory) if issue.subcategory else -1,
                parent_category=issue.parent, is_request=int(issue.is_request),
                first_contact_eligible=int(issue.second < 0.5), valid_from=place.begin - 365 * DAY,
                valid_to=scene.habits.since["new_category_tree"] if is_old else none,
            )  # fmt: skip
        raw.categories.add(
            category=place.categories.index(OTHER), parent_category="Other", is_request=0, first_contact_eligible=0,
            valid_from=place.begin - 365 * DAY,
        )  # fmt: skip
        if "new_category_tree" in scene.habits:
            raw.categories.add(
                category=place.categories.index(RENAMED), parent_category="Network", is_request=0,
                first_contact_eligible=1, valid_from=scene.habits.since["new_category_tree"],
            )  # fmt: skip
        for habit in scene.habits.habits.values():
            habit = habit[1]
            if habit.behaviour in ("call_cutting", "cut_and_call_back", "passing_on", "compression") and habit.declared:
                raw.targets.add(
                    metric="handle_time", scope="all", operator="<=", target=habit.limit,
                    valid_from=scene.habits.since[habit.behaviour], used_for=2,
                )  # fmt: skip
                break
        else:
            raw.targets.add(
                metric="handle_time", scope="all", operator="<=", target=480, valid_from=place.begin, used_for=1
            )
        raw.targets.add(metric="reopen_rate", scope="all", operator="<=", target=5, valid_from=place.begin, used_for=0)
        raw.targets.add(metric="sla_met", scope="all", operator=">=", target=90, valid_from=place.begin, used_for=2)
        for site, name in enumerate(SITES):
            for priority, (_, minutes) in enumerate(PRIORITIES):
                raw.sla_policies.add(
                    policy_id=site * len(PRIORITIES) + priority, metric="resolution", target_minutes=minutes,
                    calendar_id=name, pausing_statuses="pending,on_hold",
                )  # fmt: skip
        for site, (zone, _, _, _) in SITES.items():
            for weekday, hours in enumerate(DESK_HOURS, start=1):
                if hours:
                    raw.calendars.add(
                        calendar_id=site,
                        time_zone=zone,
                        iso_weekday=weekday,
                        opens_at=f"{hours[0]:02d}:00",
                        closes_at=f"{hours[1]:02d}:00",
                    )
        for name, clock in zip(SITES, place.clocks, strict=True):
            days = sorted(day for day in clock.holidays if place.begin_day <= day < place.end_day)
            for day in days:
                raw.holidays.add(calendar_id=name, holiday_on=date_number(day))
        self._months()
        self._access()

    def _months(self):
        """Costs, absences and pulses of each team and month."""
        place, chance, raw = self.place, self.chance, self.scene.raw
        strain = self._strain()
        shifts = raw.shifts
        team_of_shift = place.team_of[shifts["agent_id"]]
        for month in range(place.months):
            first = _plus_months(place.begin_day, month)
            last = _plus_months(place.begin_day, month + 1)
            begin, end = date_number(first), date_number(last)
            in_month = (shifts["shift_started_at"] >= begin * DAY) & (shifts["shift_started_at"] < end * DAY)
            minutes = np.bincount(team_of_shift[in_month], shifts["paid_minutes"][in_month], minlength=len(place.teams))
            teams = place.teams
            key = teams * 1000 + month
            head = np.bincount(place.team_on(begin * DAY)[place.employed(end * DAY - 1)], minlength=len(teams))
            leaves = (place.left_at >= begin * DAY) & (place.left_at < end * DAY)
            leavers = np.bincount(place.team_of[leaves], minlength=len(teams))
            raw.costs.add(
                month=begin, team_id=teams, amount=(minutes * 75).astype(np.int64), currency="EUR", kind="labour"
            )
            raw.costs.add(month=begin, team_id=teams, amount=head * 9000, currency="EUR", kind="licence")
            raw.team_absences.add(
                month=begin, team_id=teams, leavers=leavers, headcount=head,
                absence_rate=(1000 * (0.04 + 0.03 * strain + 0.01 * chance.uniform("absence", key))).astype(np.int64),
            )  # fmt: skip
            answers = (head * (0.5 + 0.4 * chance.uniform("pulse", key))).astype(np.int64)
            raw.team_pulses.add(
                month=begin,
                team_id=teams,
                respondents=answers,
                mean_satisfaction=(1000 * np.clip(3.9 - 0.8 * strain + 0.25 * chance.normal("mood", key), 1, 5)).astype(
                    np.int64
                ),
            )
            price = self.world.price
            if price is not None and end * DAY > place.moment(price.since):
                raw.costs.add(
                    month=begin, amount=100 * price.amount, currency="USD", kind=f"price:{ISSUES[0].category}"
                )

    def _strain(self):
        """Share of each team's time on the queue that was handling, above a fifth of it."""
        raw, place = self.scene.raw, self.place
        agents = raw.calls["agent_id"]
        known = agents >= 0
        busy = np.bincount(
            place.team_of[agents[known]],
            (raw.calls["ended_at"] - raw.calls["answered_at"])[known], minlength=len(place.teams),
        )  # fmt: skip
        paid = np.bincount(
            place.team_of[raw.shifts["agent_id"]], raw.shifts["paid_minutes"] * 60, minlength=len(place.teams)
        )
        return np.clip(busy / np.maximum(paid, 1) - 0.2, 0, 0.5)

    def _access(self):
        """What the directory logs of each account and day: people still lock themselves out where a reset costs."""
        place, chance = self.place, self.chance
        days = np.arange(place.first_day, place.last_day + 1)
        account = np.repeat(np.arange(place.account_count), len(days))
        day = np.tile(days, place.account_count)
        users = place.account_users[account]
        weekday = np.array([1.2, 1.0, 1.0, 1.0, 1.0, 0.2, 0.1])[(day + 3) % 7]
        key = account * 100_000 + day
        stream = chance.stream("access")
        lockouts = stream.poisson(0.012 * users * weekday)
        since = 10**9 if self.world.price is None else self.place.moment(self.world.price.since) // DAY
        pays = (
            (self.world.price is not None)
            & (account < (self.world.price.accounts if self.world.price else 0))
            & (day >= since)
        )
        # self-service grows as the bot does; who pays has none
        resets = stream.poisson(0.004 * users * weekday * (0.3 + (day - place.first_day) / len(days)))
        del key
        self.scene.raw.access_events.add(
            account_id=account,
            day=day,
            users=users,
            lockouts=lockouts,
            failed_logins=lockouts * 4 + stream.poisson(0.05 * users * weekday),
            self_service_resets=np.where(pays, 0, resets),
        )


def _plus_months(day, months):
    year, month = divmod(day.month - 1 + months, 12)
    return datetime.date(day.year + year, month + 1, 1)
