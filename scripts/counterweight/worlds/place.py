"""The place of a world: sites and their hours, categories, accounts and customers, teams and agents."""

import dataclasses
import datetime

import numpy as np

from counterweight.worlds.clock import DAY, HOUR, Clock, date_number, seconds

BEGIN = datetime.date(2024, 1, 1)

# zone, share of the accounts, holidays of every year, and those that move
SITES = {
    "Vienna": (
        "Europe/Vienna",
        0.6,
        "01-01 01-06 05-01 08-15 10-26 11-01 12-08 12-25 12-26",
        "2024-04-01 2024-05-09 2024-05-20 2024-05-30 2025-04-21 2025-05-29 2025-06-09 2025-06-19 "
        "2026-04-06 2026-05-14 2026-05-25 2026-06-04",
    ),
    "Chicago": (
        "America/Chicago",
        0.4,
        "01-01 06-19 07-04 11-11 12-25",
        "2024-01-15 2024-05-27 2024-09-02 2024-11-28 2025-01-20 2025-05-26 2025-09-01 2025-11-27 2026-01-19 2026-05-25",
    ),
}
PHONE_HOURS = [(7, 19)] * 5 + [(9, 14), None]
DESK_HOURS = [(8, 18)] * 5 + [None, None]


@dataclasses.dataclass(frozen=True)
class Issue:
    """What customers come about.

    share     of the problems that people bring
    solved    share solved at the first attempt
    talk      median seconds of talk; hours: median working hours of a ticket
    easy      share that a bot or self-service can take over in the end
    second    share that the first line passes on
    """

    category: str
    subcategory: str | None
    parent: str
    share: float
    solved: float
    talk: int
    hours: float
    easy: float = 0.0
    second: float = 0.15
    team: str = "workplace"
    is_request: bool = False
    spread: float = 0.55


ISSUES = (
    Issue("Password reset", None, "Access", 0.15, 0.94, 130, 0.5, easy=0.7, second=0.01),
    Issue("Address change", None, "Account", 0.07, 0.97, 150, 1, easy=0.8, second=0.01),
    Issue("Order status", None, "Account", 0.07, 0.92, 170, 1, easy=0.7, second=0.03),
    Issue("Mailbox full", None, "Mail", 0.05, 0.93, 210, 1, easy=0.5, second=0.03),
    Issue("Permissions", None, "Access", 0.08, 0.90, 290, 4, easy=0.2, second=0.1),
    Issue("Mail delivery", None, "Mail", 0.07, 0.86, 380, 5, second=0.2, team="network"),
    Issue("Wireless", None, "Network", 0.06, 0.82, 420, 6, second=0.25, team="network"),
    Issue("Printer", "Paper jam", "Hardware", 0.04, 0.90, 330, 5, second=0.2),
    Issue("Printer", "Driver", "Hardware", 0.04, 0.82, 520, 8, second=0.25),
    Issue("Remote access", "Client", "Network", 0.06, 0.82, 540, 7, second=0.25, team="network"),
    Issue("Remote access", "Gateway", "Network", 0.03, 0.74, 700, 12, second=0.45, team="network"),
    Issue("Laptop", None, "Hardware", 0.05, 0.82, 800, 16, second=0.4),
    Issue("Client records", None, "Application", 0.06, 0.78, 640, 12, second=0.4, team="applications"),
    Issue("Billing run", None, "Application", 0.04, 0.72, 900, 20, second=0.5, team="applications"),
    Issue("Invoice dispute", None, "Account", 0.03, 0.66, 1250, 26, second=0.3, team="applications"),
    Issue("Application crash", None, "Application", 0.03, 0.68, 1100, 24, second=0.6, team="applications"),
    Issue("Data migration", None, "Application", 0.01, 0.70, 1900, 40, second=0.7, team="applications"),
    Issue("New starter", None, "Request", 0.03, 0.97, 600, 16, second=0.3, is_request=True),
    Issue("Equipment", None, "Request", 0.03, 0.96, 330, 30, second=0.4, is_request=True),
)
# Where dull tickets are moved to, and where a category goes when the tree is redrawn.
OTHER, RENAMED = "Other", "Connectivity"
# local hour: how much comes in, by telephone and in writing
PHONE_CURVE = [0] * 7 + [3, 8, 12, 12, 10, 7, 7, 9, 9, 8, 6, 3, 0, 0, 0, 0, 0]
WRITING_CURVE = [1, 1, 1, 1, 1, 2, 4, 9, 20, 26, 25, 20, 14, 15, 20, 19, 16, 10, 6, 5, 4, 3, 2, 1]
WEEKDAY_CURVE = [1.22, 1.08, 1.0, 0.98, 0.92, 0.25, 0.05]
HOLIDAY_SHARE = 0.08
# priorities from low to critical: share, target in working minutes
PRIORITIES = ((0.25, 3000), (0.55, 1500), (0.16, 600), (0.04, 300))
POLICIES = ("low", "normal", "high", "critical")
TEMPLATES = ("received", "solution", "question", "reminder", "out of office")
# local hours at which shifts begin, in the order in which a team's agents get them: first who opens and who closes
# who works when follows what comes in by telephone
SHIFT_STARTS = (7, 11, 8, 9, 10, 8, 9, 7, 11, 8, 10, 9, 8, 7, 9, 11, 8, 10)
SHIFT_HOURS = 8
# seconds of talk from which an issue is hard
HARD_TALK = 600
# share of the agents at work, Monday to Sunday
PRESENCE = (0.97, 0.95, 0.93, 0.93, 0.9, 0.2, 0.0)


class Place:
    """Everything of a world that stands before its first contact.

    chance          draws
    months          length, in calendar months from BEGIN
    calls, tickets  first contacts expected by telephone or chat, and in writing; staff and customers follow from them
    accounts        how many accounts there are; None: one for about 60 customers
    """

    def __init__(self, chance, months, calls, tickets, accounts=None):
        self.chance = chance
        self.begin_day, self.end_day = BEGIN, _month_after(BEGIN, months)
        self.begin, self.end = seconds(self.begin_day), seconds(self.end_day)
        self.first_day, self.last_day = date_number(self.begin_day), date_number(self.end_day) - 1
        self.months = months
        self.site_names = tuple(SITES)
        self.phone_clocks = [self._clock(site, PHONE_HOURS) for site in SITES]
        self.clocks = [self._clock(site, DESK_HOURS) for site in SITES]
        self.last_workdays = [self._last_workdays(clock) for clock in self.clocks]
        self._categories()
        self._customers(calls + tickets, accounts)
        self._staff(calls, tickets)

    def _clock(self, site, hours):
        zone, _, fixed, moving = SITES[site]
        days = {
            datetime.date(year, *map(int, day.split("-")))
            for year in (2023, 2024, 2025, 2026, 2027)
            for day in fixed.split()
        } | {datetime.date.fromisoformat(day) for day in moving.split()}
        return Clock(zone, days, hours, self.begin_day, self.end_day)

    def _last_workdays(self, clock):
        """The last working day of each month, as day numbers."""
        found = []
        for month in range(1, self.months + 1):
            day = _month_after(self.begin_day, month) - datetime.timedelta(days=1)
            while not clock.hours_of(day):
                day -= datetime.timedelta(days=1)
            found.append(date_number(day))
        return found

    def moment(self, share):
        """Local midnight in Vienna's first site at which this share of the world has passed."""
        return int(self.begin + DAY * round(share * (self.end - self.begin) / DAY))

    def _categories(self):
        self.categories = tuple(dict.fromkeys([issue.category for issue in ISSUES] + [OTHER, RENAMED]))
        self.subcategories = tuple(dict.fromkeys(issue.subcategory for issue in ISSUES if issue.subcategory))
        self.issue_category = np.array([self.categories.index(issue.category) for issue in ISSUES])
        self.issue_subcategory = np.array(
            [self.subcategories.index(issue.subcategory) if issue.subcategory else -1 for issue in ISSUES]
        )
        self.technical = np.array([issue.parent in ("Network", "Application", "Hardware", "Mail") for issue in ISSUES])
        for name in ("share", "solved", "talk", "hours", "easy", "second", "spread", "is_request", "team"):
            setattr(self, "issue_" + name, np.array([getattr(issue, name) for issue in ISSUES]))

    def _customers(self, contacts, accounts):
        # one contact in two months each; the weights below make a few of them come often
        self.customer_count = max(40, int(contacts / (0.45 * self.months)))
        customers = np.arange(self.customer_count)
        self.account_count = min(accounts or max(3, self.customer_count // 60), self.customer_count)
        sizes = np.sort(self.chance.lognormal("account size", np.arange(self.account_count), 1, 0.9))[::-1]
        edges = np.cumsum(sizes) / sizes.sum() * self.customer_count
        self.account_of = np.searchsorted(edges, customers, side="right").clip(max=self.account_count - 1)
        self.account_users = np.bincount(self.account_of, minlength=self.account_count)
        # the first accounts of each site are its largest
        share = [site[1] for site in SITES.values()]
        self.site_of_account = self.chance.pick("site", np.arange(self.account_count), share)
        self.site_of_account[: len(SITES)] = np.arange(self.account_count)[: len(SITES)]
        self.site_of = self.site_of_account[self.account_of]
        accounts = np.arange(self.account_count)
        churns = self.chance.happens("churns", accounts, min(0.3, 0.004 * self.months))
        at = self.begin + (self.end - self.begin) * self.chance.uniform("churned", accounts)
        self.churned_at = np.where(churns & (accounts >= 3), at // DAY * DAY, self.end + 10**8)
        weights = self.chance.uniform("activity", customers) ** (-1 / 2.5)
        self.by_site = []
        for site in range(len(SITES)):
            here = np.flatnonzero(self.site_of == site)
            self.by_site.append((here, np.cumsum(weights[here]) / weights[here].sum()))
        self.site_shares = np.array([weights[self.site_of == site].sum() for site in range(len(SITES))]) / weights.sum()

    def customer(self, site, uniform):
        """Customers of a site, those who come often more often."""
        here, edges = self.by_site[site]
        return here[np.searchsorted(edges, uniform).clip(max=len(here) - 1)]

    def _staff(self, calls, tickets):
        """Teams: voice and chat by site, second line by trade. Their size follows the work."""
        workdays = 21.4 * self.months
        talk = float((self.issue_share * self.issue_talk * np.exp(self.issue_spread**2 / 2)).sum())
        # on a Monday, with repeats, in the hour in which most come in for those who are there, at four fifths
        peak = 1.2 * 1.3 * 18 / sum(PHONE_CURVE)
        seats = calls * (talk * 1.25 + 60) * peak / (workdays * HOUR * 0.85 * 0.8)
        self.team_names, self.team_kinds, self.team_sites, sizes = [], [], [], []

        def team(name, kind, site, size):
            self.team_names.append(name)
            self.team_kinds.append(kind)
            self.team_sites.append(site)
            sizes.append(int(np.ceil(size)))

        for site, name in enumerate(SITES):
            voice = 0.82 * seats * self.site_shares[site] + 2
            count = max(2, round(voice / 16))
            weights = line_weights(count)
            # the last team gets more of the hard calls, and is larger for it
            loads = (
                self.issue_share
                * self.issue_talk
                @ np.where(self.issue_talk[:, None] >= HARD_TALK, weights[1], weights[0])
            )
            for number, load in enumerate(loads / loads.sum()):
                team(f"{name} desk {number + 1}", "voice", site, max(4, voice * load))
            # a chat agent has two windows open
            team(f"{name} chat", "chat", site, max(3, 0.18 * seats * self.site_shares[site] / 1.5 + 2))
        for trade in ("network", "applications", "workplace"):
            for site, name in enumerate(SITES):
                work = (tickets + 0.2 * calls) * self.site_shares[site] / 3 / workdays / 12
                for number in range(max(1, round(work / 20))):
                    suffix = f" {number + 1}" if work > 30 else ""
                    team(f"{name} {trade}{suffix}", trade, site, max(4, work / max(1, round(work / 20))))
        self.teams = np.arange(len(self.team_names))
        self.team_sites = np.array(self.team_sites)
        self.queues = tuple(f"{site} {kind}" for site in SITES for kind in ("voice", "chat"))
        self.team_of = np.repeat(self.teams, sizes)
        self.agent_count = len(self.team_of)
        agents = np.arange(self.agent_count)
        self.site_of_agent = self.team_sites[self.team_of]
        self.care = self.chance.happens("careful", agents, 0.15)
        # careful agents take longer and solve more
        self.pace = self.chance.lognormal("pace", agents, 1.0, 0.10) * np.where(self.care, 1.22, 1.0)
        self.skill = 0.025 * self.chance.normal("skill", agents) + np.where(self.care, 0.06, 0.0)
        span = self.end - self.begin
        leaves = self.chance.happens("leaves", agents, min(0.5, 0.022 * self.months))
        self.left_at = np.where(leaves, self.begin + span * self.chance.uniform("left", agents), self.end + 10**8)
        self.left_at = self.left_at // DAY * DAY
        comes = self.chance.happens("comes", agents, min(0.5, 0.02 * self.months)) & ~leaves
        self.hired_at = np.where(
            comes,
            self.begin + span * 0.8 * self.chance.uniform("hired", agents),
            self.begin - 30 * DAY - 2500 * DAY * self.chance.uniform("seniority", agents),
        )
        self.hired_at = self.hired_at // DAY * DAY
        # no team ever stands empty
        first = agents - np.searchsorted(self.team_of, self.team_of) < 2
        self.left_at[first], self.hired_at[first] = self.end + 10**8, self.begin - 400 * DAY
        # some move to the next team of the same kind and site
        self.moved_at = np.full(self.agent_count, self.end + 10**8)
        moves = self.chance.happens("moves", agents, 0.06) & ~leaves & ~comes & ~first
        self.moved_at[moves] = (self.begin + span * self.chance.uniform("moved", agents[moves])) // DAY * DAY
        self.moved_to = self.team_of.copy()
        for number, kind in enumerate(self.team_kinds):
            kin = [
                other
                for other in range(len(self.team_kinds))
                if other != number
                and self.team_kinds[other] == kind
                and self.team_sites[other] == self.team_sites[number]
            ]
            here = moves & (self.team_of == number)
            if kin:
                self.moved_to[here] = kin[0]
            else:
                self.moved_at[here] = self.end + 10**8
        rank = agents - np.searchsorted(self.team_of, self.team_of)
        self.shift_hour = np.array(SHIFT_STARTS)[rank % len(SHIFT_STARTS)]
        # who opens and who closes are never both away
        self.rank, self.always = rank, rank < 2

    def team_on(self, instant):
        """Team of each agent at an instant."""
        return np.where(instant >= self.moved_at, self.moved_to, self.team_of)

    def employed(self, instant):
        return (self.hired_at <= instant) & (instant < self.left_at)

    def shifts_on(self, day):
        """(agents at work, their shift's begin and end in UTC) on a local day."""
        agents = np.arange(self.agent_count)
        ids = agents * 100_000 + (day - self.first_day)
        noon = day * DAY + 12 * HOUR
        weekday = (day + 3) % 7
        date = datetime.date(1970, 1, 1) + datetime.timedelta(days=int(day))
        present = np.zeros(self.agent_count, bool)
        begins = np.zeros(self.agent_count, np.int64)
        ends = np.zeros(self.agent_count, np.int64)
        at_work = self.chance.uniform("at work", ids) < PRESENCE[weekday]
        # some five weeks a year; who opens and who closes are away in different ones
        week = day // 7
        away = self.chance.happens("on holiday", agents * 1000 + week % 1000, 0.1)
        away &= ~self.always | (self.rank == week % 2)
        for site, clock in enumerate(self.phone_clocks):
            hours = clock.hours_of(date)
            if not hours:
                continue
            here = self.site_of_agent == site
            start = np.clip(self.shift_hour, hours[0], max(hours[0], hours[1] - SHIFT_HOURS))
            # somebody opens and somebody closes
            begins[here] = clock.at(day, start[here] * HOUR)
            ends[here] = np.minimum(begins[here] + SHIFT_HOURS * HOUR, clock.at(day, hours[1] * HOUR))
            present[here] = ((at_work | self.always) & ~away)[here]
        here = np.flatnonzero(present & self.employed(noon))
        return here, begins[here], ends[here]

    def working(self, teams, instants, draws):
        """An agent of each team, employed at the instant."""
        day = np.asarray(instants) // DAY
        chosen = np.empty(len(teams), np.int64)
        for now in np.unique(day):
            today = day == now
            employed = np.flatnonzero(self.employed(now * DAY))
            team = self.team_on(now * DAY)[employed]
            by_team = np.argsort(team, kind="stable")
            starts = np.searchsorted(team[by_team], np.arange(len(self.team_names) + 1))
            wanted = teams[today]
            size = starts[wanted + 1] - starts[wanted]
            chosen[today] = employed[by_team[starts[wanted] + (draws[today] * size).astype(np.int64)]]
        return chosen


def line_weights(count):
    """Shares of a site's voice teams: of the easy calls, and of the hard ones, of which the last gets more."""
    even, hard = np.ones(count), np.ones(count)
    hard[-1] = 2.5
    return even / even.sum(), hard / hard.sum()


def _month_after(day, months):
    year, month = divmod(day.month - 1 + months, 12)
    return datetime.date(day.year + year, month + 1, 1)
