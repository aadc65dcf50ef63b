"""dbt variables from the command line, looked at before anything is built with them."""

import datetime
import re
import zoneinfo

import yaml

from counterweight.errors import InputError, near_matches
from counterweight.load.declared import declared_systems

# Variables that say something of each source system.
BY_SYSTEM = ("source_time_zones", "source_timestamp_formats", "source_decimal_separators", "ticket_link_templates")
FEEDS = ("tickets_opened", "ticket_events", "messages", "calls", "surveys", "bot_sessions", "business_outcomes")

# An address of a tool; the ticket's number comes behind it, or it would decide where the link leads.
LINK = re.compile(r"https?://[^/{}?#\s]+[/?#]", re.IGNORECASE)

# How finely an issue is told from another, the default first.
ISSUE_KEYS = ("subcategory", "category", "anything")


def parse(project, text, as_of=None):
    """The mapping in `text` (YAML or JSON), with --as-of put in.

    Raises InputError for a name that dbt_project.yml does not declare, a moment or a time zone that is none.
    """
    try:
        values = yaml.safe_load(text) if text else {}
    except yaml.YAMLError as error:
        raise InputError(f"--vars is not YAML: {str(error).splitlines()[0]}.") from None
    if not isinstance(values, dict):
        raise InputError("--vars must be a mapping, for example --vars '{reporting_time_zone: Europe/Vienna}'.")
    if as_of and values.get("as_of") not in (None, as_of):
        raise InputError("--as-of and as_of in --vars differ. Give one of them.")
    if as_of:
        values["as_of"] = as_of
    declared = project.variables
    for name in values:
        if name not in declared:
            raise InputError(
                f"There is no variable '{name}'.{near_matches(name, declared)} Known: {', '.join(sorted(declared))}."
            )
    systems = values.get("source_systems", declared["source_systems"])
    for system in systems:
        if system not in declared["source_systems"]:
            raise InputError(
                f"source_systems: no source system '{system}'.{near_matches(system, declared['source_systems'])} "
                f"Known: {', '.join(sorted(declared['source_systems']))}."
            )
    if values.get("as_of") is not None:
        values["as_of"] = _moment("as_of", values["as_of"])
    for system, feeds in _mapping(values, "observed_until", systems).items():
        unknown = [feed for feed in feeds if feed not in FEEDS]
        if unknown:
            raise InputError(
                f"observed_until of {system}: there is no feed '{unknown[0]}'.{near_matches(unknown[0], FEEDS)} "
                f"Known: {', '.join(FEEDS)}."
            )
        values["observed_until"][system] = {
            feed: _moment(f"observed_until of {feed}", at) for feed, at in feeds.items()
        }
    for system, zone in _mapping(values, "source_time_zones", systems).items():
        _check_zone(f"source_time_zones of {system}", zone)
    for name in BY_SYSTEM:
        if name in values:
            # what is said of one system leaves the others as they are
            values[name] = declared[name] | _said_of_systems(project, name, _mapping(values, name, systems), declared)
    for system, base in _mapping(values, "expected_handle_time_base", systems).items():
        values["expected_handle_time_base"][system] = _base_period(f"expected_handle_time_base of {system}", base)
    for system, accounts in _mapping(values, "priced_accounts", systems).items():
        if not isinstance(accounts, list):
            raise InputError(f"priced_accounts of {system}: '{accounts}' is no list. Write [ACC-1, ACC-2].")
    for currency, price in (values.get("user_hour_prices") or {}).items():
        if not isinstance(price, int | float) or isinstance(price, bool) or price < 0:
            raise InputError(f"user_hour_prices: '{price}' is no price of an hour in {currency}. Write a number.")
    issue_key = values.get("issue_key", ISSUE_KEYS[0])
    if issue_key not in ISSUE_KEYS:
        raise InputError(f"issue_key: there is no '{issue_key}'. Write one of {', '.join(ISSUE_KEYS)}.")
    month = values.get("fiscal_year_starts_in_month", 1)
    if not isinstance(month, int) or isinstance(month, bool) or not 1 <= month <= 12:
        raise InputError(f"fiscal_year_starts_in_month: '{month}' is no month. Write its number, 1 to 12.")
    if "reporting_time_zone" in values:
        _check_zone("reporting_time_zone", values["reporting_time_zone"])
    return values


def parse_ends(texts):
    """(system or None, feed, UTC time as text) of `[system.]feed=TIME` texts, as `load --observed-until` takes them."""
    ends = []
    for text in texts:
        name, _, at = text.partition("=")
        system, _, feed = name.rpartition(".")
        if feed not in FEEDS:
            raise InputError(
                f"--observed-until {text}: there is no feed '{feed}'.{near_matches(feed, FEEDS)} "
                f"Known: {', '.join(FEEDS)}. Write [SYSTEM.]FEED=TIME, for example tickets_opened=2016-06-01."
            )
        ends.append((system or None, feed, _moment(f"--observed-until {name}", at)))
    return ends


def _said_of_systems(project, name, mapping, declared):
    """The mapping of a variable by system, looked at; formats by column get the system's own for the rest."""
    for system, value in mapping.items():
        if system not in declared[name]:
            raise InputError(
                f"{name}: the times of '{system}' are UTC by contract; write them with an offset (2024-03-01T10:00+01)."
                if name == "source_time_zones"
                else f"{name} is not read for '{system}'. It is for: {', '.join(sorted(declared[name]))}."
            )
        if name == "source_decimal_separators" and value not in (".", ","):
            raise InputError(f"{name} of {system}: '{value}' is neither '.' nor ','.")
        if name == "ticket_link_templates" and value and "{ticket_id}" not in str(value):
            raise InputError(
                f"{name} of {system}: '{value}' has no {{ticket_id}}, so that all links would be one. "
                "Write https://<your tool>/.../{ticket_id}."
            )
        if name == "ticket_link_templates" and value and not LINK.match(str(value)):
            raise InputError(
                f"{name} of {system}: '{value}' leads nowhere, or wherever the ticket's number says. It must begin "
                "with http:// or https:// and the tool's name, and name the ticket behind it: "
                "https://<your tool>/.../{ticket_id}."
            )
    if name == "source_timestamp_formats":
        return {system: _formats(project, system, value, declared) for system, value in mapping.items()}
    return mapping


def _formats(project, system, value, declared):
    """A list of formats, or lists by column, with the declared one for the columns that are not named."""
    if isinstance(value, dict):
        columns = {"*"}
        for table in declared_systems(project)[system].values():
            columns.update(table.columns)
            columns.update(f"{table.name}.{column}" for column in table.columns)
        for column, formats in value.items():
            if column not in columns:
                raise InputError(
                    f"source_timestamp_formats of {system}: there is no column '{column}'."
                    f"{near_matches(column, columns)} Write column, table.column, or '*' for the rest."
                )
            _check_formats(f"{system}.{column}", formats)
        rest = declared["source_timestamp_formats"][system]
        return ({"*": rest} if isinstance(rest, list) else rest) | value
    _check_formats(system, value)
    return value


def _check_formats(name, formats):
    if not isinstance(formats, list) or not formats or not all(isinstance(text, str) for text in formats):
        raise InputError(
            f"source_timestamp_formats of {name} must be a list, for example ['%d.%m.%Y %H:%M:%S'], or [iso]."
        )


def _mapping(values, name, systems):
    mapping = values.get(name) or {}
    if not isinstance(mapping, dict):
        raise InputError(f"{name} must be a mapping by source system.")
    for system in mapping:
        if system not in systems:
            raise InputError(f"{name}: no source system '{system}'.{near_matches(system, systems)}")
    return mapping


def _base_period(name, base):
    if not isinstance(base, dict) or set(base) != {"from", "until"}:
        raise InputError(f"{name} must have 'from' and 'until', the first instant after it.")
    begin, end = (_moment(f"{name}, {edge}", base[edge]) for edge in ("from", "until"))
    if begin >= end:
        raise InputError(f"{name}: 'from' ({begin}) must lie before 'until' ({end}).")
    return {"from": begin, "until": end}


def _moment(name, value):
    """The text dbt gets: a UTC time without a zone."""
    try:
        moment = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(str(value))
    except ValueError:
        raise InputError(f"{name}: '{value}' is not a time. Write it as '2016-06-01 00:00:00', in UTC.") from None
    if moment.tzinfo:
        moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    return moment.isoformat(sep=" ")


def _check_zone(name, zone):
    if zone not in zoneinfo.available_timezones():
        raise InputError(
            f"{name}: '{zone}' is not a time zone.{near_matches(str(zone), zoneinfo.available_timezones())} "
            "Write an IANA name such as Europe/Vienna or UTC."
        )
