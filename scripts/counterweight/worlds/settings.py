"""The worlds there are, by name, and how one's own is read."""

import dataclasses
from pathlib import Path

import yaml

from counterweight.errors import InputError, near_matches
from counterweight.worlds.behaviours import BEHAVIOURS, Habit
from counterweight.worlds.defects import DEFAULT_SHARES

CATALOGUE = Path(__file__).parent / "worlds.yml"


@dataclasses.dataclass(frozen=True)
class Price:
    """A contract price a password reset, which keeps people from asking for one.

    amount      whole units of currency
    accounts    number of the accounts that pay it, the largest first
    since       share of the world that has passed before it begins
    suppressed  share of the resets that are no longer asked for
    """

    amount: int = 50
    accounts: int = 1
    since: float = 0.4
    suppressed: float = 0.65


@dataclasses.dataclass(frozen=True)
class Recurring:
    """Causes that nobody removes, so that their incidents come back.

    causes    how many an account has
    days      days between two outbreaks
    people    customers that an outbreak meets
    recorded  share of the causes that get a problem record and, later, a fix
    """

    causes: float = 0.6
    days: int = 30
    people: int = 3
    recorded: float = 0.3


@dataclasses.dataclass(frozen=True)
class World:
    """What may differ between worlds; docs/worlds.md explains each.

    summary           what it shows, in a sentence
    auto_close_days   days after which the tool closes a resolved ticket
    closed_can_reopen whether a reply reopens a closed ticket; else it becomes a new one
    accounts          how many accounts there are; null: one for 60 customers
    habits            behaviours, by name
    price, recurring  see there
    stops             feed -> share of the world after which it delivers nothing
    lags              feed -> days by which it comes late, where a world is split into batches
    defects           defect -> share of the rows that have it
    clocks            table -> zone in whose local time its times are written
    blindfolds        pair of another business function -> intensity
    """

    name: str
    summary: str = ""
    auto_close_days: int = 5
    closed_can_reopen: bool = False
    accounts: int | None = None
    habits: tuple = ()
    price: Price | None = None
    recurring: Recurring = Recurring()
    stops: dict = dataclasses.field(default_factory=dict)
    lags: dict = dataclasses.field(default_factory=dict)
    defects: dict = dataclasses.field(default_factory=dict)
    clocks: dict = dataclasses.field(default_factory=dict)
    blindfolds: dict = dataclasses.field(default_factory=dict)


def every():
    """All worlds of the catalogue, in its order."""
    return [find(name) for name in _catalogue()]


def find(name):
    """The world of a name, or of a YAML file. InputError says what is wrong with it."""
    if name.endswith((".yml", ".yaml")):
        path = Path(name)
        if not path.exists():
            raise InputError(f"{name}: there is no such file. --world takes a name or a YAML file; see docs/worlds.md.")
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"{name} is no YAML: {error}") from None
        if not isinstance(found, dict):
            raise InputError(f"{name}: a world is a mapping of settings, for example {{auto_close_days: 1}}.")
        return _world(path.stem, found, name)
    catalogue = _catalogue()
    if name not in catalogue:
        raise InputError(
            f"There is no world {name!r}.{near_matches(name, catalogue)} `counterweight worlds` lists them."
        )
    return _world(name, catalogue[name], f"world {name}")


def _catalogue():
    return yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))


def _world(name, values, where):
    values = dict(values)
    base = values.pop("like", None)
    fields = {}
    if base is not None:
        catalogue = _catalogue()
        if base not in catalogue:
            raise InputError(f"{where}: like: there is no world {base!r}.{near_matches(str(base), catalogue)}")
        fields = {
            field.name: getattr(_world(base, catalogue[base], f"world {base}"), field.name)
            for field in dataclasses.fields(World)
        }
    habits = {habit.behaviour: habit for habit in fields.get("habits", ())}
    for behaviour, settings in (values.pop("habits", None) or {}).items():
        if behaviour not in BEHAVIOURS:
            raise InputError(f"{where}: habits: there is no {behaviour!r}.{near_matches(str(behaviour), BEHAVIOURS)}")
        # what only looks like gaming belongs to the place: to everybody, and from the first day
        honest = {} if BEHAVIOURS[behaviour].is_gaming else {"teams": 1.0, "agents": 1.0, "since": 0.0}
        habits[behaviour] = _filled(
            Habit, {"behaviour": behaviour} | honest | (settings or {}), f"{where}: habits: {behaviour}"
        )
    for key, kind in (("price", Price), ("recurring", Recurring)):
        if isinstance(values.get(key), dict):
            values[key] = _filled(kind, values[key], f"{where}: {key}")
    fields |= values | {"name": name, "habits": tuple(habits.values())}
    # every defect there is, as often as each has by default
    if fields.get("defects") == "all":
        fields["defects"] = DEFAULT_SHARES
    world = _filled(World, fields, where)
    if world.auto_close_days < 0 or world.recurring.days < 2:
        raise InputError(f"{where}: days are counted from 0; recurring.days from 2.")
    return world


SHARES = {"teams", "agents", "intensity", "since", "suppressed", "recorded"}


def _filled(kind, values, where):
    known = {field.name: field for field in dataclasses.fields(kind)}
    for key, value in values.items():
        if key not in known:
            raise InputError(f"{where}: there is no setting {key!r}.{near_matches(str(key), known)}")
        if key in SHARES and not (isinstance(value, int | float) and 0 <= value <= 1):
            raise InputError(f"{where}: {key} is a share between 0 and 1, not {value!r}.")
        default = known[key].default
        if isinstance(default, int | bool) and key not in SHARES and not isinstance(value, type(default) | int):
            raise InputError(f"{where}: {key} wants something like {default!r}, not {value!r}.")
    return kind(**values)
