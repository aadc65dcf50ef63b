"""Sales, marketing, HR, operations and finance: what they claim, what becomes of it, and the series they report.

Each of the pairs P28 to P43 is either a claim type with outcomes or a few measured series; CLAIM_TYPES and MEASURES
name them all. Claims and series start 24 months before the world does, in whole months, so that windows of 365 days are
mature within it; blindfolds are put on 12 months before it, in half of a function's units (drawn), so that each has an
honest year and honest units to stand against. The fiscal year is the calendar year.
"""

import dataclasses

import numpy as np

from counterweight.worlds.tables import CENTS, DATE, FLAG, NONE, THOUSANDTHS, TIME, Table, key, text

DAY = 86_400
HISTORY_MONTHS, HONEST_MONTHS = 24, 12
# A claim's number is (type, month since 1970, slot). Claims that only a blindfold made lie in the upper slots.
MONTHS, SLOTS, ADDED = 1_200, 200_000, 100_000
# People: who is claimed about once has the claim's number; customers and employees come again and lie above.
REPEATED = {"customer": 1_800_000_000, "employee": 1_900_000_000}
# Days to an outcome are lognormal with this sigma around their median.
SPREAD = 0.5
# How far a good or bad year of a unit moves its shares, and how they vary beside sampling.
SWING, NOISE = 0.15, 0.03

BUSINESS_CLAIM = key("business claim", "N")
SUBJECT = key("business subject", "X")

UNITS = {
    "sales": ("north", "south", "east", "west"),
    "marketing": ("search", "social", "video", "display"),
    "hr": ("engineering", "field service", "administration", "logistics", "support"),
    "operations": ("assembly line 1", "assembly line 2", "paint shop", "packing"),
    "finance": ("headquarters", "production", "distribution", "research", "sales offices"),
}
# pair -> business function, and what its blindfold does: the headline improves, reality does not
PAIRS = {
    "P28": ("sales", "deals are pulled into the quarter with refund clauses"),
    "P29": ("sales", "deals without a buyer fill the pipeline"),
    "P30": ("sales", "activities are logged that nobody answers"),
    "P31": ("marketing", "impressions are bought that bring no order, and credited with those that came anyway"),
    "P32": ("marketing", "likes come from giveaways and machines"),
    "P33": ("marketing", "invalid and repeated leads flood the funnel"),
    "P34": ("hr", "the hard questions are skipped: faster hires, fewer right ones"),
    "P35": ("hr", "candidates are pressed to accept, and withdraw"),
    "P36": ("hr", "sideways moves are counted, and undone"),
    "P37": ("hr", "posts are filled at once, the load drives people out"),
    "P38": ("operations", "units that ought to be reworked are shipped"),
    "P39": ("operations", "downtime is relabelled as planned idling and cut into micro stops"),
    "P40": ("operations", "inspections are cut: what is not looked for is found by customers"),
    "P41": ("finance", "savings are booked that the ledger reverses"),
    "P42": ("finance", "what is left of the budget is spent in the last whole week of the fiscal year, off plan"),
    "P43": ("finance", "invoices leave unchecked: sooner, and wrong"),
}  # fmt: skip
# weight of each month, January first
SEASONS = {
    "even": (1,) * 12,
    "quarter": (0.7, 0.9, 1.4) * 4,
    "hiring": (1.2, 1.1, 1.0, 1.1, 1.1, 0.9, 0.8, 0.7, 1.3, 1.2, 1.0, 0.6),
    "shopping": (0.8, 0.8, 0.9, 0.9, 1.0, 0.9, 0.8, 0.8, 1.0, 1.1, 1.6, 1.4),
    "factory": (1.0, 1.0, 1.1, 1.0, 1.1, 1.1, 0.9, 0.6, 1.1, 1.2, 1.1, 0.8),
    "year end": (0.9, 0.9, 1.0, 0.9, 0.9, 1.0, 0.9, 0.8, 1.0, 1.0, 1.1, 1.6),
}


@dataclasses.dataclass(frozen=True)
class Measure:
    """A row of business_measures per unit and calendar month (P42's spend_on_plan: week from Monday).

    share      numerator ÷ denominator in an honest world
    moves      how it goes with the good and bad times of the unit, which all measures of a pair share
    lift       what a blindfold of intensity 1 adds to the numerator, relative to it
    days       its window: the numerator is known so many days after the period, and then the row is there
    is_part    the numerator is a part of the denominator
    A denominator of the name of another measure's numerator is that series.
    """

    name: str
    pair: str
    side: str
    numerator: str
    denominator: str
    share: float
    moves: float = 0
    lift: float = 0
    days: int = 0
    is_part: bool = True
    meaning: str = ""


# fmt: off
MEASURES = (
    Measure("pipeline_coverage", "P29", "headline", "pipeline value", "sales quota", 3.0, 1, 0.6, is_part=False,
            meaning="value of the open deals against the quota"),
    Measure("deals_slipped", "P29", "reality", "deals pushed back", "deals open", 0.25, -1, 1.0,
            meaning="open deals whose closing date was pushed back at least once"),
    Measure("pipeline_won", "P29", "reality", "value won", "pipeline value", 0.22, days=92,
            meaning="value of the pipeline that was won within the quarter"),
    Measure("activities_logged", "P30", "headline", "activities", "deals open", 6.0, 1, 0.8, is_part=False,
            meaning="calls, mails and meetings logged per open deal"),
    Measure("activities_answered", "P30", "reality", "activities answered", "activities", 0.3,
            meaning="activities in which the buyer answered"),
    Measure("stages_advanced", "P30", "reality", "stages advanced", "activities", 0.06, days=28, is_part=False,
            meaning="stages that deals advanced within 28 days, per activity"),
    Measure("impressions", "P31", "headline", "impressions", "people targeted", 4.0, 1, 0.8, is_part=False,
            meaning="impressions delivered per person targeted"),
    Measure("orders_credited", "P31", "headline", "orders credited to the campaign", "people exposed", 0.0105, 1, 1.0,
            days=28, meaning="people exposed whose order the platform credits to the campaign"),
    Measure("impressions_seen", "P31", "reality", "impressions seen", "impressions", 0.62,
            meaning="impressions that were viewable and not delivered to machines"),
    # of 0.03, 0.02 order anyway; the third that the campaign brings is what moves
    Measure("orders_of_exposed", "P31", "reality", "people exposed who ordered", "people exposed", 0.03, 1 / 3, days=28,
            meaning="people exposed who ordered; the excess over the held out is the campaign's"),
    Measure("orders_of_held_out", "P31", "reality", "people held out who ordered", "people held out", 0.02, days=28,
            meaning="people held out from the campaign who ordered all the same"),
    Measure("likes", "P32", "headline", "people who liked", "people reached", 0.04, 1, 1.0,
            meaning="people reached who liked or followed"),
    Measure("likers_bought_again", "P32", "reality", "likers who bought again", "people who liked", 0.24, days=90,
            meaning="people who liked and bought again within 90 days"),
    Measure("others_bought_again", "P32", "reality", "others who bought again", "others like them", 0.2, days=90,
            meaning="the same of matched people who did not like"),
    Measure("leads", "P33", "headline", "leads", "visitors", 0.05, 1, 1.0,
            meaning="visitors who became a lead"),
    Measure("leads_accepted", "P33", "reality", "leads accepted", "leads", 0.35, days=90,
            meaning="leads that sales accepted within 90 days"),
    Measure("leads_invalid", "P33", "reality", "invalid or repeated leads", "leads", 0.08, 0, 6.0,
            meaning="leads that nobody can be reached by, or that were there before"),
    Measure("positions_filled", "P37", "headline", "positions filled", "positions planned", 0.88, 0.3, 0.08,
            meaning="planned positions that were filled at the month's end"),
    Measure("leavers", "P37", "reality", "leavers", "positions filled", 0.018, -2, 0.8,
            meaning="people who left in the month, of the positions filled"),
    Measure("absence", "P37", "reality", "days absent", "days planned", 0.045, -1, 0.5,
            meaning="planned working days on which people were absent"),
    # what is taken from the downtime, 0.5 of 0.06, is what is added to the idling, 0.75 of 0.04
    Measure("downtime", "P39", "headline", "minutes down", "minutes scheduled", 0.06, -1, -0.5,
            meaning="scheduled minutes in which the line was down"),
    Measure("idle_as_planned", "P39", "reality", "minutes idle as planned", "minutes scheduled", 0.04, 0, 0.75,
            meaning="scheduled minutes declared as planned idling"),
    Measure("stops", "P39", "reality", "stops", "minutes scheduled", 0.015, -1, 0.2, is_part=False,
            meaning="stops of any length, micro stops included, per scheduled minute"),
    # the defects stay the same, 0.04: half of those found inside go to the customers
    Measure("defects_found", "P40", "headline", "defects found inside", "units produced", 0.032, -1, -0.5,
            meaning="units found defective before shipping"),
    Measure("units_inspected", "P40", "reality", "units inspected", "units produced", 0.6, 0, -0.5,
            meaning="units inspected before shipping"),
    Measure("defects_escaped", "P40", "reality", "defects found by customers", "units produced", 0.008, -1, 2.0,
            days=90, meaning="units that customers found defective within 90 days"),
    Measure("budget_spent", "P42", "headline", "spend", "budget", 0.94, is_part=False,
            meaning="spend against the budget; over a fiscal year, the variance"),
    Measure("spend_on_plan", "P42", "reality", "spend on plan", "spend of the week", 0.9,
            meaning="spend tied to an objective of the plan; the denominators show the last week's rush"),
)
# Denominators that no other measure gives: mean per unit and month, season.
DENOMINATORS = {
    "sales quota": (400_000, "quarter"), "deals open": (250, "even"), "people targeted": (80_000, "shopping"),
    "people exposed": (60_000, "shopping"), "people held out": (20_000, "shopping"),
    "people reached": (60_000, "shopping"), "others like them": (2_400, "shopping"), "visitors": (30_000, "even"),
    "positions planned": (250, "even"), "days planned": (4_800, "even"), "minutes scheduled": (28_000, "factory"),
    "units produced": (25_000, "factory"),
}
# fmt: on


@dataclasses.dataclass(frozen=True)
class Outcome:
    """share: of the honest claims, at any time; days: median after the claim (before it if negative);
    amount: share of the claim's amount that it concerns, 0 where it has none; a claim has one falsifier at most."""

    name: str
    share: float
    days: float
    amount: float = 0
    falsifies: bool = True


@dataclasses.dataclass(frozen=True)
class ClaimType:
    """Claims `name`, falsified within `windows` (days) by `outcomes`; they hold in truth if not within the longest.

    volume    claims per month, relative to the world's scale
    rush      1: even over the month; more: towards its end
    amount    median in cents, 0 where there is none; sigma 0.9
    headline  the measure by which the claims are reported. Its numerator is the count of the claims, or their amount
              in whole money (`by` amount), or the days they took (`by` days: the denominator is the count, and the
              share a median)
    A blindfold of intensity 1 adds `adds` claims for each honest one; or spoils `spoils` of those that would have held
    and takes `faster` of the days away. What it plants fails by outcome `fails`, `fails_after` days (median).
    """

    name: str
    pair: str
    meaning: str
    windows: tuple
    outcomes: tuple
    headline: Measure
    fails: str
    fails_after: float
    adds: float = 0
    spoils: float = 0
    faster: float = 0
    by: str = "count"
    volume: float = 1
    season: str = "even"
    rush: float = 1
    amount: float = 0
    subject: str | None = None


# fmt: off
CLAIM_TYPES = (
    ClaimType("deal_closed", "P28", "a deal was won; its customer and its revenue will stay", (90, 365), (
        Outcome("churned", 0.12, 240, 1), Outcome("refunded", 0.03, 40, 1),
        # a smaller contract is still one: it lowers the revenue that stays, the deal stays
        Outcome("contracted", 0.1, 200, 0.3, falsifies=False)),
        Measure("deals_won", "P28", "headline", "deals won", "deals decided", 0.28,
                meaning="deals decided that were won"),
        "refunded", 45, adds=0.3, season="quarter", rush=3, amount=1_800_000, subject="customer"),
    ClaimType("position_filled", "P34", "a person was hired and is the right one", (90, 365), (
        Outcome("failed_probation", 0.06, 75), Outcome("resigned", 0.16, 200)),
        Measure("days_to_hire", "P34", "headline", "days from opening to hire", "hires", 42, is_part=False,
                meaning="mean days from the opening of a position to the hire"),
        "failed_probation", 60, spoils=0.25, faster=0.35, by="days", volume=0.6, season="hiring"),
    ClaimType("offer_accepted", "P35", "an offer was accepted; the person will come and stay", (90, 365), (
        Outcome("reneged", 0.05, 20), Outcome("left", 0.18, 230)),
        Measure("offers_accepted", "P35", "headline", "offers accepted", "offers made", 0.7,
                meaning="offers made that were accepted"),
        "reneged", 20, adds=0.2, volume=0.7, season="hiring"),
    ClaimType("moved_internally", "P36", "an employee moved to another position and grew by it", (90, 365), (
        Outcome("moved_back", 0.07, 150), Outcome("left", 0.08, 220),
        Outcome("level_gained", 0.5, 280, falsifies=False)),
        Measure("internal_moves", "P36", "headline", "internal moves", "positions staffed", 0.3,
                meaning="positions staffed from inside"),
        "moved_back", 120, adds=0.5, volume=0.4, season="hiring", subject="employee"),
    ClaimType("unit_shipped", "P38", "a unit passed and was shipped; it is usable", (90,), (
        Outcome("returned", 0.03, 25, 1), Outcome("reworked", 0.07, -2, falsifies=False)),
        Measure("units_shipped", "P38", "headline", "units shipped", "units started", 0.85,
                meaning="units started that were shipped, reworked ones included"),
        "returned", 20, adds=0.08, volume=4, season="factory", amount=24_000, subject="customer"),
    ClaimType("saving_booked", "P41", "a saving was booked; the ledger will show it", (365,), (
        Outcome("reversed", 0.1, 160, 1), Outcome("realised", 1, 200, 0.85, falsifies=False)),
        Measure("savings_booked", "P41", "headline", "savings booked", "savings target", 0.9, is_part=False,
                meaning="savings booked against the target"),
        "reversed", 150, adds=0.4, by="amount", volume=0.3, season="year end", rush=2, amount=900_000,
        subject="employee"),
    ClaimType("invoice_issued", "P43", "an invoice was issued and is right", (60,), (
        Outcome("disputed", 0.035, 22, 0.5), Outcome("credited", 0.025, 28, 0.4), Outcome("reissued", 0.02, 12, 1)),
        Measure("days_to_invoice", "P43", "headline", "days from delivery to invoice", "invoices", 6, is_part=False,
                meaning="mean days from the delivery to the invoice"),
        "disputed", 18, spoils=0.15, faster=0.5, by="days", volume=3, rush=1.5, amount=120_000, subject="customer"),
)
# fmt: on
ALL_MEASURES = (*(claim_type.headline for claim_type in CLAIM_TYPES), *MEASURES)
ALL_UNITS = [unit for units in UNITS.values() for unit in units]
OUTCOMES = list(dict.fromkeys(outcome.name for claim_type in CLAIM_TYPES for outcome in claim_type.outcomes))


def business_tables(chance, begin, end, scale=100, blindfolds=None):
    """(raw tables, truth tables) of the business functions of a world that lasts from begin to end.

    begin, end  seconds since 1970, UTC midnights
    scale       claims per claim type and month, before its volume and season
    blindfolds  pair -> intensity, 0 to 1; a pair that is not named is honest
    """
    blindfolds = dict(blindfolds or {})
    wrong = [pair for pair, intensity in blindfolds.items() if pair not in PAIRS or not 0 <= intensity <= 1]
    if wrong:
        raise ValueError(f"No pair with an intensity from 0 to 1: {', '.join(wrong)}")
    world = _Functions(chance, begin, end, scale, blindfolds)
    for number in range(len(CLAIM_TYPES)):
        world.claim(number)
    world.measure()
    world.spend()
    return [world.claims, world.outcomes, world.measures], [world.truth_claims, world.truth_blindfolds]


class _Functions:
    """The tables while they are made. A claim's key is the first column, for rows are written in the order of it."""

    def __init__(self, chance, begin, end, scale, blindfolds):
        self.chance, self.end, self.scale = chance, end, scale
        first, last = np.array([begin, end - 1]).astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
        self.months = np.arange(first - HISTORY_MONTHS, last + 1)
        self.month_starts = _first_day(np.append(self.months, last + 1))
        self.since = int(_first_day(first - HONEST_MONTHS)) * DAY
        function, unit = text(*UNITS), text(*ALL_UNITS)
        claim_key = {"claim_id": BUSINESS_CLAIM, "claim_type": text(*(kind.name for kind in CLAIM_TYPES))}
        self.claims = Table("business_claims", claim_key | {
            "business_function": function, "unit": unit, "subject_id": SUBJECT, "claimed_at": TIME, "amount": CENTS,
        })  # fmt: skip
        self.outcomes = Table("business_outcomes", claim_key | {
            "outcome_at": TIME, "outcome": text(*OUTCOMES), "amount": CENTS,
        })  # fmt: skip
        self.measures = Table("business_measures", {
            "business_function": function, "unit": unit, "period_start": DATE,
            "measure": text(*(measure.name for measure in ALL_MEASURES)), "numerator": CENTS, "denominator": CENTS,
        })  # fmt: skip
        # is_real: no falsifier within the longest window. planted: but for the blindfold, not made or not falsified.
        self.truth_claims = Table("truth_business_claims", claim_key | {
            "is_real": FLAG, "falsified_at": TIME, "planted": FLAG,
        })  # fmt: skip
        self.truth_blindfolds = Table("truth_blindfolds", {
            "pair_id": text(*PAIRS), "unit": unit, "intensity": THOUSANDTHS, "since": TIME,
        })  # fmt: skip
        self.intensity = {}
        for number, (pair, (function, _)) in enumerate(PAIRS.items()):
            drawn = np.argsort(chance.uniform(f"blindfold {pair}", np.arange(len(UNITS[function]))))
            intensity = self.intensity[pair] = np.zeros(len(drawn))
            intensity[drawn[: (len(drawn) + 1) // 2]] = blindfolds.get(pair, 0)
            since = np.where(intensity > 0, self.since, NONE)
            self.truth_blindfolds.add(
                pair_id=number, unit=_units(function), intensity=np.rint(intensity * 1000), since=since
            )

    def claim(self, number):
        """All claims of a type, their outcomes, their truth and their headline."""
        kind, chance = CLAIM_TYPES[number], self.chance
        function = PAIRS[kind.pair][0]
        noise = np.exp(0.08 * chance.normal("claims of month", number * MONTHS + self.months))
        counts = np.rint(self.scale * kind.volume * self._season(kind.season) * noise).astype(np.int64)
        if counts.max() >= ADDED:
            raise ValueError(f"{kind.name}: {counts.max():,} claims in a month; fewer than {ADDED:,} are possible")
        slots = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        ids = (number * MONTHS + np.repeat(self.months, counts)) * SLOTS + slots
        ids = np.concatenate((ids, ids + ADDED))
        unit = chance.pick("unit of claim", ids, self._sizes(function))
        claimed_at = self._claimed_at(ids, kind.rush)
        intensity = np.where(claimed_at >= self.since, self.intensity[kind.pair][unit], 0)
        is_made = (ids % SLOTS < ADDED) | chance.happens("added by blindfold", ids, kind.adds * intensity)
        is_made &= claimed_at < self.end
        ids, unit, claimed_at, intensity = (column[is_made] for column in (ids, unit, claimed_at, intensity))
        is_added = ids % SLOTS >= ADDED

        falsifiers = [outcome for outcome in kind.outcomes if outcome.falsifies]
        shares = [outcome.share for outcome in falsifiers]
        fate = chance.pick("fate of claim", ids, [*shares, 1 - sum(shares)])
        medians = np.array([*(outcome.days for outcome in falsifiers), np.inf])
        days = chance.lognormal("days to falsifier", ids, medians[fate], SPREAD)
        would_hold = days > kind.windows[-1]
        planted = is_added | (would_hold & chance.happens("spoilt by blindfold", ids, kind.spoils * intensity))
        # planted claims fail within the window: else they would be as good as honest ones
        soon = chance.lognormal("days to planted falsifier", ids, kind.fails_after, SPREAD)
        days = np.where(planted, np.minimum(soon, 0.95 * kind.windows[-1]), days)
        fate = np.where(planted, [outcome.name for outcome in falsifiers].index(kind.fails), fate)
        # nobody follows a claim for longer than three years
        is_falsified = days < 1095
        falsified_at = np.where(is_falsified, claimed_at + np.ceil(np.minimum(days, 1095) * DAY), NONE)

        amount = np.full(len(ids), CENTS.null)
        if kind.amount:
            amount = np.rint(chance.lognormal("amount of claim", ids, kind.amount, 0.9))
        subject = ids
        if kind.subject:
            subject = REPEATED[kind.subject] + 10 * self.scale * chance.uniform("subject of claim", ids) ** 2
        self.claims.add(
            claim_id=ids, claim_type=number, business_function=list(UNITS).index(function), claimed_at=claimed_at,
            unit=_units(function)[unit], subject_id=subject, amount=amount,
        )  # fmt: skip
        is_real = ~is_falsified | (falsified_at > claimed_at + kind.windows[-1] * DAY)
        self.truth_claims.add(
            claim_id=ids, claim_type=number, is_real=is_real, falsified_at=falsified_at, planted=planted
        )
        for outcome in kind.outcomes:
            if outcome.falsifies:
                happens, at = is_falsified & (fate == falsifiers.index(outcome)), falsified_at
            else:
                days = chance.lognormal(f"days to {outcome.name}", ids, abs(outcome.days), SPREAD)
                at = np.floor(claimed_at + np.sign(outcome.days) * days * DAY)
                happens = chance.happens(f"outcome {outcome.name}", ids, outcome.share) & ~planted
                happens &= ~is_falsified | (at < falsified_at)
            happens &= at < self.end
            # a power keeps a part of the amount a part, and all of it all
            part = outcome.amount ** np.exp(0.3 * chance.normal(f"amount of {outcome.name}", ids))
            concerned = np.rint(amount * part) if outcome.amount else np.full(len(ids), CENTS.null)
            self.outcomes.add(
                claim_id=ids[happens], claim_type=number, outcome_at=at[happens],
                outcome=OUTCOMES.index(outcome.name), amount=concerned[happens],
            )  # fmt: skip

        taken = chance.lognormal("days taken", ids, kind.headline.share, 0.35) * (1 - kind.faster * intensity)
        worth = {"count": np.ones(len(ids)), "amount": amount / 100, "days": np.maximum(1, taken)}[kind.by]
        shape = self.intensity[kind.pair].size, self.months.size
        cells = unit * shape[1] + ids // SLOTS % MONTHS - self.months[0]
        reported, honest, count = (
            np.bincount(cells, weights, shape[0] * shape[1]).reshape(shape)
            for weights in (np.rint(worth), worth * ~is_added, None)
        )
        share = kind.headline.share * np.exp(SWING / 2 * self._times(kind.pair))
        possible = np.maximum(np.rint(honest / share), reported if kind.headline.is_part else 0)
        self._report(kind.headline, self.month_starts, reported, count if kind.by == "days" else possible)

    def measure(self):
        """The measured series by unit and month. Each is drawn honestly first, then lifted by its blindfold."""
        honest, actual = {}, {}
        for measure in (measure for measure in MEASURES if measure.pair != "P42"):
            function = PAIRS[measure.pair][0]
            intensity = self.intensity[measure.pair][:, None] * (self.month_starts[:-1] * DAY >= self.since)
            cells = np.arange(len(intensity))[:, None] * MONTHS + self.months
            above, below = (function, measure.numerator), (function, measure.denominator)
            if below not in honest:
                size, season = DENOMINATORS[measure.denominator]
                noise = np.exp(0.05 * self.chance.normal(f"{below}", cells))
                honest[below] = np.rint(size * self._sizes(function)[:, None] * self._season(season) * noise)
                actual[below] = honest[below]
            share = measure.share * np.exp(SWING * measure.moves * self._times(measure.pair))
            sampling = (1 - np.minimum(share, 1) if measure.is_part else 1) / (share * honest[below])
            noise = 1 + np.sqrt(NOISE**2 + sampling) * self.chance.normal(f"measure {measure.name}", cells)
            honest[above] = np.maximum(0, np.rint(honest[below] * share * noise))
            actual[above] = np.rint(honest[above] * (1 + measure.lift * intensity))
            if measure.is_part:
                honest[above] = np.minimum(honest[above], honest[below])
                actual[above] = np.minimum(actual[above], actual[below])
            self._report(measure, self.month_starts, actual[above], actual[below])

    def spend(self):
        """P42: spend by day, reported against the budget by month and by its tie to the plan by week."""
        by_month, by_week = (measure for measure in MEASURES if measure.pair == "P42")
        days = np.arange(self.month_starts[0], self.end // DAY)
        month = np.searchsorted(self.month_starts, days, side="right") - 1
        monday = _monday(days)
        cells = np.arange(len(UNITS["finance"]))[:, None] * 100_000 + days
        budget = np.rint(40_000 * self._sizes("finance")[:, None] * self._season("year end")[month])
        noise = np.exp(SWING / 5 * self._times("P42")[:, month] + 0.1 * self.chance.normal("spend of day", cells))
        spend = np.rint(budget * by_month.share * noise)
        on_plan = np.rint(spend * np.minimum(1, by_week.share + 0.02 * self.chance.normal("plan of day", cells)))
        years = days.astype("datetime64[D]").astype("datetime64[Y]")
        for year in np.unique(years):
            # the last week from Monday to Sunday that ends in the year
            last_week = monday == _monday((year + 1).astype("datetime64[D]").astype(np.int64) - 7)
            if last_week.sum() == 7 and days[last_week][0] * DAY >= self.since:
                left = np.maximum(0, (budget - spend)[:, years == year].sum(axis=1))
                spend[:, last_week] += np.rint(left * self.intensity["P42"] / 7)[:, None]
        week_starts = np.arange(_monday(days[0] + 6), self.end // DAY + 7, 7)
        for measure, starts, parts in (
            (by_month, self.month_starts, (spend, budget)),
            (by_week, week_starts, (on_plan, spend)),
        ):
            in_period = days >= starts[0]
            period = np.searchsorted(starts, days[in_period], side="right") - 1
            sums = ([np.bincount(period, row[in_period], len(starts) - 1) for row in part] for part in parts)
            self._report(measure, starts, *map(np.array, sums))

    def _report(self, measure, starts, numerator, denominator):
        """Rows by unit and period, for periods that are over and known at the end; `starts` has the end of the last."""
        is_known = ((starts[1:] + measure.days) * DAY <= self.end) & (denominator > 0)
        unit, period = np.nonzero(is_known)
        function = PAIRS[measure.pair][0]
        self.measures.add(
            business_function=list(UNITS).index(function), unit=_units(function)[unit], period_start=starts[period],
            measure=ALL_MEASURES.index(measure), numerator=numerator[is_known] * 100,
            denominator=denominator[is_known] * 100,
        )  # fmt: skip

    def _claimed_at(self, ids, rush):
        """A time in office hours on a working day of the claim's month."""
        month = ids // SLOTS % MONTHS
        # what a blindfold adds is to make up a shortfall, and comes late in the month
        rush = np.where(ids % SLOTS >= ADDED, 3 * rush, rush)
        position = self.chance.uniform("day of claim", ids) ** (1 / rush)
        days = _first_day(month) + np.floor(position * (_first_day(month + 1) - _first_day(month))).astype(np.int64)
        days = np.busday_offset(days.astype("datetime64[D]"), 0, roll="modifiedpreceding").astype(np.int64)
        return days * DAY + np.floor((8 + 10 * self.chance.uniform("hour of claim", ids)) * 3600).astype(np.int64)

    def _season(self, name):
        return np.array(SEASONS[name])[self.months % 12]

    def _sizes(self, function):
        return self.chance.lognormal(f"size of {function} unit", np.arange(len(UNITS[function])), 1, 0.3)

    def _times(self, pair):
        """Good times (1) to bad times (-1) by unit and month, in waves of one to three years."""
        unit = np.arange(len(self.intensity[pair]))[:, None]
        length = 12 + 24 * self.chance.uniform(f"wave of {pair}", unit)
        return np.sin(2 * np.pi * (self.months / length + self.chance.uniform(f"phase of {pair}", unit)))


def _units(function):
    """Codes of the function's units."""
    return np.array([ALL_UNITS.index(unit) for unit in UNITS[function]])


def _first_day(months):
    """Days from 1970 to the first of each month (since 1970)."""
    return np.asarray(months).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _monday(days):
    """Monday of the week of each day (since 1970, which began on a Thursday)."""
    return (days + 3) // 7 * 7 - 3
