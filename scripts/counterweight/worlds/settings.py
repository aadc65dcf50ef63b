"""The worlds there are, by name, and how one's own is read."""

import dataclasses
import functools
import zoneinfo
from pathlib import Path

import yaml

from counterweight.errors import InputError, near_matches
from counterweight.worlds.behaviours import BEHAVIOURS, Habit
from counterweight.worlds.defects import DEFAULT_SHARES, DEFECTS
from counterweight.worlds.deliveries import FEEDS
from counterweight.worlds.functions import PAIRS
from counterweight.worlds.parquet import KEYS

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

    causes    how many an account has, on average
    days      days between two outbreaks
    people    share of the account's customers that an outbreak meets; at least two people
    recorded  share of the causes that get a problem record and, later, a fix
    """

    causes: float = 0.35
    days: int = 45
    people: float = 0.05
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
    defects           defect -> share of the rows that have it, or `all`
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
        if not path.is_file():
            raise InputError(f"{name}: there is no such file. --world takes a name or a YAML file; see docs/worlds.md.")
        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"{name} is no YAML: {error}") from None
        return _world(path.stem, found, name)
    catalogue = _catalogue()
    if name not in catalogue:
        raise InputError(
            f"There is no world '{name}'.{near_matches(name, catalogue)} `counterweight worlds` lists them."
        )
    return _world(name, catalogue[name], f"world {name}")


@functools.cache
def _catalogue():
    return yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))


# ---- what a setting may be: a check raises ValueError that says what is wanted, LookupError for an unknown name


def _share(value):
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("a share between 0 and 1")


def _amount(value):
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise ValueError("a number between 0 and 100")


def _whole(least, most):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"a whole number between {least:,} and {most:,}")

    return check


def _flag(value):
    if not isinstance(value, bool):
        raise ValueError("true or false")


def _sentence(value):
    if not isinstance(value, str):
        raise ValueError("a sentence")


def _zone(value):
    if value not in zoneinfo.available_timezones():
        raise ValueError("a time zone such as Europe/Vienna")


def _by_name(known, what, check):
    def check_all(value):
        if not isinstance(value, dict):
            raise ValueError(f"a mapping from {what} to a value")
        for name, one in value.items():
            if name not in known:
                raise LookupError(f"there is no {what} '{name}'.{near_matches(str(name), known)}")
            check(one)

    return check_all


CHECKS = {
    World: {
        "summary": _sentence,
        "auto_close_days": _whole(0, 365),
        "closed_can_reopen": _flag,
        "accounts": _whole(1, 100_000),
        "stops": _by_name(FEEDS, "feed", _share),
        "lags": _by_name(FEEDS, "feed", _whole(0, 365)),
        "defects": _by_name(DEFECTS, "defect", _share),
        "clocks": _by_name(KEYS, "table", _zone),
        "blindfolds": _by_name(PAIRS, "pair", _share),
    },
    Habit: {
        "teams": _share,
        "agents": _share,
        "intensity": _share,
        "since": _share,
        "limit": _whole(60, 7200),
        "reach": _whole(1, 7200),
        "declared": _flag,
    },
    Price: {
        "amount": _whole(0, 100_000),
        "accounts": _whole(1, 100_000),
        "since": _share,
        "suppressed": _share,
    },
    Recurring: {
        "causes": _amount,
        "days": _whole(2, 365),
        "people": _share,
        "recorded": _share,
    },
}


def _world(name, values, where):
    values = _mapping(values, where)
    fields = {}
    if (base := values.pop("like", None)) is not None:
        if not isinstance(base, str) or base not in (catalogue := _catalogue()):
            raise InputError(f"{where}: like: there is no world '{base}'.{near_matches(str(base), catalogue)}")
        liked = _world(base, catalogue[base], f"world {base}")
        fields = {field.name: getattr(liked, field.name) for field in dataclasses.fields(World)}
    habits = {habit.behaviour: habit for habit in fields.get("habits", ())}
    for behaviour, settings in _mapping(values.pop("habits", None), f"{where}: habits").items():
        if behaviour not in BEHAVIOURS:
            close = near_matches(str(behaviour), BEHAVIOURS)
            raise InputError(f"{where}: habits: there is no behaviour '{behaviour}'.{close}")
        # what only looks like gaming belongs to the place: to everybody, and from the first day
        honest = {} if BEHAVIOURS[behaviour].is_gaming else {"teams": 1.0, "agents": 1.0, "since": 0.0}
        there = f"{where}: habits: {behaviour}"
        habits[behaviour] = _filled(Habit, honest | _mapping(settings, there), there, behaviour=behaviour)
    for key, kind in (("price", Price), ("recurring", Recurring)):
        if key in values and (values[key] is not None or key == "recurring"):
            values[key] = _filled(kind, _mapping(values[key], f"{where}: {key}"), f"{where}: {key}")
    # every defect there is, as often as each has by default
    if values.get("defects") == "all":
        values["defects"] = DEFAULT_SHARES
    fields |= {"name": name, "summary": "", "habits": tuple(habits.values())}
    return _filled(World, values, where, **fields)


def _mapping(values, where):
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise InputError(f"{where}: settings are wanted, such as {{auto_close_days: 1}}, not {values!r}.")
    return dict(values)


def _filled(kind, values, where, **given):
    """An instance of the kind: `values` are checked, `given` are known to be right."""
    known = [field.name for field in dataclasses.fields(kind) if field.name not in ("name", "behaviour")]
    for key, value in values.items():
        if key not in known:
            raise InputError(f"{where}: there is no setting '{key}'.{near_matches(str(key), known)}")
        check = CHECKS[kind].get(key)
        # accounts and price may be left to the world
        if check is None or (value is None and key == "accounts"):
            continue
        try:
            check(value)
        except LookupError as error:
            raise InputError(f"{where}: {key}: {error.args[0]}") from None
        except ValueError as wanted:
            raise InputError(f"{where}: {key} wants {wanted}, not {value!r}.") from None
    return kind(**(given | values))
