"""Small random desks, whose suppressed cells somebody tries to work out from everything that the marts and pairs show:
by linear algebra, over all units, periods and unit types at once. Nobody who works here is named in a mart. And a desk
whose teams are equally quick and have unequal work: all are as quick as expected."""

import collections
import contextlib
import csv
import datetime
import random
import shutil
import tempfile

import numpy
import pytest

from conftest import ROOT, rows
from counterweight.build import run_dbt
from counterweight.project import Project

DESKS = 40
MINIMUM = 5
FIRST_DAY = datetime.date(2024, 1, 1)
LAST_DAY = datetime.date(2024, 2, 29)
OBSERVED_UNTIL = datetime.datetime(2024, 6, 1)
PEOPLE_TYPES = ("team", "queue", "channel")
PAIRS = [
    "pair_p01_repeat_contacts",
    "pair_p02_minutes_per_issue",
    "pair_p18_passed_on",
    "pair_p15_strained_days",
    "pair_p23_lasting_work",
    "pair_p25_slow_by_work",
]
MODELS = [
    "dim_expected_handle_time",
    "fct_contact_expectations",
    "fct_people_cells",
    "handle_time_in_context",
    "team_experience",
    *PAIRS,
]
# Mean seconds of a contact of each category, and how often each team gets it.
WORK = {"Password": 200, "Mail": 550, "Billing": 1300, "Migration": 2600}
MIXES = {"easy": (70, 25, 4, 1), "usual": (30, 40, 25, 5), "hard": (10, 20, 40, 30), "mixed": (40, 10, 10, 40)}
Contact = collections.namedtuple("Contact", "key day agent team queue channel category account seconds")


def desk(seed):
    """Contacts of two months: teams of one to eight agents, with queues and channels of their own or shared."""
    chance = random.Random(seed)
    sizes = [chance.choice((1, 2, 3, 4, 4, 5, 6, 8)) for _ in range(chance.randint(1, 5))]
    shape = chance.choice(("own queues", "shared queues", "mixed"))
    chat_team = chance.randrange(len(sizes))
    contacts = []
    for month in (1, 2):
        for team, size in enumerate(sizes):
            if chance.random() < 0.15:
                continue
            for agent in range(size):
                if chance.random() < 0.15:
                    continue
                for _ in range(chance.randint(1, 4)):
                    own = shape == "own queues" or (shape == "mixed" and team % 2 == 0)
                    queue = f"queue {team if own else chance.randrange(2)}"
                    channel = "chat" if team == chat_team and shape != "shared queues" else "voice"
                    contacts.append(
                        Contact(
                            key=f"s{seed}:{len(contacts)}",
                            day=datetime.date(2024, month, chance.randint(1, 29)),
                            agent=None if chance.random() < 0.02 else f"agent {seed} {team} {agent}",
                            team=f"team {team}",
                            queue=queue,
                            channel=channel,
                            category=chance.choice(("Mail", "Printer")),
                            account=chance.choice(("A", "B")),
                            seconds=chance.randint(30, 3000),
                        )
                    )
    # every system's calendar has both months
    whole = [c._replace(day=day) for c, day in zip(contacts[:2], (FIRST_DAY, LAST_DAY), strict=False)]
    return whole + contacts[2:]


def system_of(contacts):
    return contacts[0].key.split(":")[0]


def equal_desk(contacts_a_month=1500):
    """Four teams of six agents who need equally long for the same work, and get very different work."""
    chance = random.Random(1)
    contacts = []
    for month in (1, 2):
        for team, mix in MIXES.items():
            for number in range(contacts_a_month):
                (category,) = chance.choices(list(WORK), mix)
                contacts.append(
                    Contact(
                        key=f"equal:{len(contacts)}",
                        day=datetime.date(2024, month, chance.randint(1, 29)),
                        agent=f"agent {team} {number % 6}",
                        team=team,
                        queue="all",
                        channel="voice",
                        category=category,
                        account="A",
                        # skewed, with the mean of the category
                        seconds=round(WORK[category] * chance.lognormvariate(-(0.4**2) / 2, 0.4)),
                    )
                )
    return contacts


def insert(connection, table, dictionaries):
    columns = list(dictionaries[0])
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(dictionaries)
        file.flush()
        connection.execute(
            f"insert into {table} by name select * from read_csv(?, all_varchar = true, header = true, nullstr = '')",
            [file.name],
        )


def lay(connection, desks):
    """The facts of these desks and of nothing else."""
    facts = ("fct_interactions", "fct_contact_legs", "fct_agent_days", "fct_issue_chains", "fct_team_months")
    for table in (
        *(f"facts.{fact}" for fact in facts),
        *(f"dimensions.dim_{n}" for n in ("agents", "dates", "targets")),
    ):
        connection.execute(f"delete from {table}")
    connection.execute(
        "create table facts.kept as select * from facts.fct_claim_verdicts limit 0; "
        "drop view facts.fct_claim_verdicts cascade; alter table facts.kept rename to fct_claim_verdicts"
    )
    days = [FIRST_DAY + datetime.timedelta(days=number) for number in range((LAST_DAY - FIRST_DAY).days + 1)]
    insert(
        connection,
        "dimensions.dim_dates",
        [
            {
                "date_day": day,
                "week_start": day - datetime.timedelta(days=day.weekday()),
                "month_start": day.replace(day=1),
                "fiscal_year_start": FIRST_DAY,
            }
            for day in days
        ],
    )
    interactions, legs, verdicts, chains, agents, agent_days = [], [], [], [], {}, {}
    for contacts in desks:
        system = system_of(contacts)
        for contact in contacts:
            at = datetime.datetime.combine(contact.day, datetime.time(10))
            interactions.append(
                {
                    "interaction_id": f"contact/{contact.key}", "kind": "contact", "source_system": system,
                    "contact_key": contact.key, "channel": contact.channel, "account_id": contact.account,
                    "category": contact.category, "queue": contact.queue, "team_id": contact.team, "started_at": at,
                    "is_counted": True, "talk_seconds": contact.seconds, "contact_handle_seconds": contact.seconds,
                    "chain_id": f"7d/{contact.key}", "chain_position": 1, "transfer_count": 1,
                }
            )  # fmt: skip
            legs.append(
                {
                    "source_system": system, "leg_id": contact.key, "contact_key": contact.key, "leg_position": 1,
                    "channel": contact.channel, "agent_key": contact.agent, "started_at": at, "ended_at": at,
                    "is_answered": True, "leg_handle_seconds": contact.seconds,
                }
            )  # fmt: skip
            for claim_type in ("contact_handled", "ticket_resolved"):
                verdicts.append(
                    {
                        "claim_id": f"{claim_type}/{contact.key}", "claim_type": claim_type, "source_system": system,
                        "contact_key": contact.key, "window_days": 7, "is_default_window": True, "tier_set": "return",
                        "is_mature": True, "is_observable": True, "verdict": "held", "observed_until": OBSERVED_UNTIL,
                        "claimed_at": at, "team_id": contact.team, "category": contact.category,
                        "is_headline_cohort": True,
                    }
                )  # fmt: skip
            chains.append(
                {
                    "chain_id": f"7d/{contact.key}", "window_days": 7, "customer_key": contact.key, "issue_key": "Mail",
                    "first_interaction_id": f"contact/{contact.key}", "first_kind": "contact",
                    "first_source_system": system, "category": contact.category, "started_at": at, "ended_at": at,
                    "last_interaction_id": "x", "last_started_at": at, "interaction_count": 1, "contact_count": 1,
                    "ticket_count": 0, "channel_count": 1, "agent_count": 1, "repeat_count": 0,
                    "chain_handle_seconds": contact.seconds,
                }
            )  # fmt: skip
            if contact.agent:
                agents[system, contact.agent] = contact.team
                key = (system, contact.agent, contact.day)
                agent_days[key] = agent_days.get(key, 0) + contact.seconds
    insert(connection, "facts.fct_interactions", interactions)
    insert(connection, "facts.fct_contact_legs", legs)
    insert(connection, "facts.fct_claim_verdicts", verdicts)
    insert(connection, "facts.fct_issue_chains", chains)
    insert(
        connection,
        "dimensions.dim_agents",
        [{"source_system": system, "agent_key": agent, "team_id": team} for (system, agent), team in agents.items()],
    )
    insert(
        connection,
        "facts.fct_agent_days",
        [
            {
                "source_system": system, "agent_key": agent, "day_on": day, "paid_seconds": 28800,
                "logged_in_seconds": 28800, "answered_leg_count": 1, "handle_seconds": seconds,
            }
            for (system, agent, day), seconds in agent_days.items()
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def desks(demo, tmp_path_factory):
    """The random desks, and the warehouse whose marts were built from them."""
    folder = tmp_path_factory.mktemp("people")
    shutil.copy(demo.warehouse, folder / "counterweight.duckdb")
    project = Project(root=ROOT, warehouse=folder / "counterweight.duckdb", published=folder / "published")
    made = [contacts for contacts in map(desk, range(DESKS)) if contacts]
    with contextlib.closing(project.connect()) as connection:
        lay(connection, [*made, equal_desk()])
    results = run_dbt(project, ["run", "--select", *MODELS], {})
    assert all(str(result.status) == "success" for result in results)
    return made, project


def period_of(period_type, start):
    lengths = {"week": 7, "28_days": 28}
    if period_type in lengths:
        return start, start + datetime.timedelta(days=lengths[period_type])
    if period_type == "month":
        return start, (start + datetime.timedelta(days=32)).replace(day=1)
    return datetime.date.min, datetime.date.max


class Attack:
    """What can be worked out of the handle times of a desk by someone who knows who works for which queue and channel,
    and every published figure, but not which of these contacts were about what, for whom and when."""

    def __init__(self, contacts, project, system):
        self.units = {}
        places = sorted({(c.day.month, c.team, c.queue, c.channel) for c in contacts})
        slices = sorted({(c.day.month, c.day - datetime.timedelta(days=c.day.weekday())) for c in contacts})
        self.atoms = [
            (*place, week, category, account)
            for place in places
            for month, week in slices
            if month == place[0]
            for category in ("Mail", "Printer")
            for account in ("A", "B")
        ]
        self.true = dict.fromkeys(self.atoms, 0)
        for c in contacts:
            week = c.day - datetime.timedelta(days=c.day.weekday())
            self.true[c.day.month, c.team, c.queue, c.channel, week, c.category, c.account] += c.seconds
        self.withheld = {
            month.month
            for (month,) in rows(
                project,
                "select month_start from facts.fct_people_cells "
                "where unit_type = 'total' and contact_agent_count < ? and source_system = ?",
                [MINIMUM, system],
            )
        }
        self.cells = rows(
            project,
            "select month_start, unit_type, unit, is_small, is_suppressed from facts.fct_people_cells "
            "where source_system = ?",
            [system],
        )
        self.known = self.published(project, system)

    def sum_of(self, unit_type, unit, first, end, with_withheld=False):
        """Which atoms add up to a cell."""
        place = {"team": 1, "queue": 2, "channel": 3, "category": 5, "account": 6}.get(unit_type)
        chosen = []
        for atom in self.atoms:
            # a week that two months share lies in both of them, in the month's own atoms
            day = max(atom[4], datetime.date(2024, atom[0], 1))
            chosen.append(
                first <= day < end
                and (place is None or atom[place] == unit)
                and (with_withheld or atom[0] not in self.withheld)
            )
        return numpy.array(chosen, dtype=float)

    def published(self, project, system):
        """Every published sum of handle times: which atoms it adds up, checked against the truth."""
        found = rows(
            project,
            """
            select period_type, period_start, unit_type, unit, handle_seconds
            from marts.handle_time_in_context where source_system = $1 and handle_seconds is not null
            union select period_type, period_start, unit_type, unit, chain_handle_seconds
            from marts.handle_time_in_context
            where source_system = $1 and chain_handle_seconds is not null and window_days = 7
            union select period_type, period_start, unit_type, unit, passed_on_handle_seconds
            from marts.handle_time_in_context where source_system = $1 and passed_on_handle_seconds is not null
            union select period_type, period_start, unit_type, unit, handle_on_paid_seconds
            from marts.team_experience where source_system = $1 and handle_on_paid_seconds is not null
                and not exists (
                    from facts.fct_contact_legs where source_system = $1 and agent_key is null
                )
            union select period_type, period_start, unit_type, unit, reported_numerator
            from intermediate.pair_p01_repeat_contacts where source_system = $1
            union select period_type, period_start, unit_type, unit, reality_numerator
            from intermediate.pair_p02_minutes_per_issue where source_system = $1 and window_days = 7
            union select period_type, period_start, unit_type, unit, reality_numerator
            from intermediate.pair_p18_passed_on where source_system = $1
            """,
            [system],
        )
        known = []
        for period_type, start, unit_type, unit, seconds in found:
            if period_type == "28_days" or period_type == "week":
                # an atom is a part of a week in one month; both kinds of period are made of whole weeks
                first, end = period_of(period_type, start)
                chosen = self.sum_of(unit_type, unit, datetime.date.min, datetime.date.max)
                chosen = chosen * numpy.array([first <= atom[4] < end for atom in self.atoms])
            else:
                chosen = self.sum_of(unit_type, unit, *period_of(period_type, start))
            value = sum(self.true[atom] for atom, part in zip(self.atoms, chosen, strict=True) if part)
            assert value == seconds, (system, period_type, start, unit_type, unit)
            known.append(chosen)
        return known

    def recovered(self, shown_by_mistake=()):
        """Cells of too few agents that are a combination of what is known."""
        known = numpy.array(self.known + list(shown_by_mistake))
        small = [cell[:3] for cell in self.cells if cell[3]]
        cells = numpy.array([self.sum_of(*cell[1:], *period_of("month", cell[0]), True) for cell in small])
        if not known.size or not small:
            return []
        # atoms that lie in the same cells are one
        together = numpy.unique(numpy.vstack([known, cells]), axis=1)
        known, cells = together[: len(known)], together[len(known) :]
        _, sizes, directions = numpy.linalg.svd(known, full_matrices=False)
        basis = directions[sizes > 1e-9]
        rest = numpy.abs(cells - cells @ basis.T @ basis).max(axis=1)
        return [
            cell for cell, distance, atoms in zip(small, rest, cells, strict=True) if atoms.any() and distance < 1e-6
        ]

    def protectors(self):
        """Cells that have enough agents and are not shown, because of others."""
        return [
            self.sum_of(unit_type, unit, *period_of("month", month))
            for month, unit_type, unit, is_small, is_suppressed in self.cells
            if is_suppressed and not is_small
        ]


@pytest.fixture(scope="module")
def attacks(desks):
    made, project = desks
    return [Attack(contacts, project, system_of(contacts)) for contacts in made]


def test_the_number_of_agents_decides(desks):
    made, project = desks
    agents = collections.defaultdict(set)
    for contacts in made:
        for contact in contacts:
            for unit_type in PEOPLE_TYPES:
                key = (system_of(contacts), contact.day.replace(day=1), unit_type, getattr(contact, unit_type))
                agents[key] |= {contact.agent} - {None}
    cells = rows(
        project,
        "select source_system, month_start, unit_type, unit, contact_agent_count, is_small, is_suppressed "
        "from facts.fct_people_cells "
        "where unit_type <> 'total' and contact_agent_count is not null and source_system <> 'equal'",
    )
    assert {cell[:4]: cell[4] for cell in cells} == {key: len(found) for key, found in agents.items()}
    assert all(is_small == (count < MINIMUM) for *_, count, is_small, _ in cells)
    assert all(is_suppressed or not is_small for *_, is_small, is_suppressed in cells)
    # the desks are small, and yet much is shown
    shown = collections.Counter(unit_type for _, _, unit_type, *_, is_suppressed in cells if not is_suppressed)
    assert all(shown[unit_type] > 10 for unit_type in PEOPLE_TYPES), shown


def test_no_suppressed_cell_can_be_worked_out(attacks):
    assert sum(len(attack.protectors()) for attack in attacks) > 10
    assert [found for attack in attacks for found in attack.recovered()] == []


def test_without_the_cells_that_protect_others_some_can(attacks):
    """The attack is one: were only the small cells left out, it would find them."""
    assert any(attack.recovered(attack.protectors()) for attack in attacks)


def test_a_suppressed_row_says_nothing(desks):
    _, project = desks
    grain = {"source_system", "period_type", "period_start", "unit_type", "unit", "window_days", "period_end",
             "is_period_mature", "is_suppressed", "withheld_count", "target_seconds", "target_used_for"}  # fmt: skip
    for mart in ("handle_time_in_context", "team_experience"):
        columns = rows(
            project,
            f"select column_name from duckdb_columns() where schema_name = 'marts' and table_name = '{mart}'",
        )
        counts = ", ".join(f"count({name})" for (name,) in columns if name not in grain)
        ((suppressed, *filled),) = rows(project, f"select count(*), {counts} from marts.{mart} where is_suppressed")
        assert suppressed > 20
        assert set(filled) == {0}, mart
    for pair in PAIRS:
        ((leaks,),) = rows(
            project,
            f"select count(*) from intermediate.{pair} as part join facts.fct_people_cells as people "
            "on part.source_system = people.source_system and part.period_start = people.month_start "
            "and part.unit_type = people.unit_type and part.unit = people.unit "
            "where people.is_suppressed and people.unit_type <> 'total' and part.period_type = 'month'",
        )
        assert leaks == 0, pair


def test_people_have_months_only(desks):
    _, project = desks
    for mart in ("handle_time_in_context", "team_experience"):
        assert rows(
            project,
            f"select distinct period_type from marts.{mart} where unit_type in ('team', 'queue', 'channel')",
        ) == [("month",)]


def test_no_mart_names_who_works_here(desks):
    _, project = desks
    texts = rows(
        project,
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and data_type = 'VARCHAR'",
    )
    assert texts
    for table, column in texts:
        assert rows(
            project,
            f'select count(*) from marts."{table}" where "{column}" in '
            "(select agent_key from dimensions.dim_agents union select agent_key from facts.fct_contact_legs)",
        ) == [(0,)], f"{table}.{column}"


def test_equal_skill_and_unequal_work_is_as_quick_as_expected(desks):
    """Each team, each month: observed over expected handle time 1 +- .03, while averages tell a tale of sluggards."""
    _, project = desks
    teams = rows(
        project,
        "select unit, aht_seconds, handle_ratio from marts.handle_time_in_context "
        "where source_system = 'equal' and unit_type = 'team' and window_days = 7",
    )
    assert len(teams) == 2 * len(MIXES)
    assert {unit for unit, *_ in teams} == set(MIXES)
    assert max(aht for _, aht, _ in teams) > 3 * min(aht for _, aht, _ in teams)
    assert all(0.97 <= ratio <= 1.03 for *_, ratio in teams), teams
