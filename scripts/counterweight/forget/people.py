"""Whose a raw row is, by what the sources files say of its columns (`config.meta`):

person      customer, agent, subject   the row is that customer's, that agent's, or that person's in either part
            identifier                 another identifier of the customer whose row it is
            staff, actor               names an agent, or anybody: the row is somebody else's
nobody      words of that column that stand for nobody
where       {column: [words]}: the column names a person in such rows only
unless      a column that says, where it is true, that the identifier is not one person's
entity      the column is (a part of) the key of a thing that may be a person's: a ticket, a contact, a claim
belongs_to  the row goes with that thing
unless_named  true: only where the row's own thing, or the row, names no customer

A thing is a person's where any of its rows names them, and goes whole: a ticket that was passed from one customer to
another is of both.
"""

import types
from pathlib import Path

import jinja2

from counterweight.published import literal, quoted

# Where the rows of a person stand for whom: of those who are forgotten as customers, as agents.
ROWS = {"customer": ("customer",), "identifier": ("customer",), "agent": ("agent",), "subject": ("customer", "agent")}
NAMES = {"staff": ("agent",), "actor": ("customer", "agent")}
# What stands in a row of somebody else where a name was: who acted is not nobody, which often means a machine.
ERASED = "(erased)"
NOBODY = ("", "?")
# Between the parts of a key of several columns.
PART = "chr(31)"
MACROS = ("privacy/person_key.sql", "engines/text.sql", "engines/keys.sql")


class Keys:
    """The SQL of staging's keys of people: the macros themselves, so that there is one rule."""

    def __init__(self, root):
        environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)
        text = "\n".join((Path(root) / "macros" / name).read_text(encoding="utf-8") for name in MACROS)

        def dispatch(name, _package):
            return getattr(template.module, f"duckdb__{name}")

        template = environment.from_string(
            text,
            globals={
                "return": lambda value: value,
                "adapter": types.SimpleNamespace(dispatch=dispatch),
                "dbt": types.SimpleNamespace(concat=" || ".join),
            },
        )
        self._module = template.module

    def key(self, text, system, salt):
        return str(self._module.person_key(text, system, salt)).strip()

    def spelled(self, text):
        """The one spelling that a key is made of."""
        return str(self._module.normalised_identifier(text)).strip()

    def trimmed(self, text):
        return str(self._module.trimmed(text)).strip()

    def hidden(self, parts, salt):
        """Of what is forgotten no more than this is kept, to know it again: a hash of another kind than a key's, so
        that no key stands in the file."""
        return f"sha256({salt} || ':forgotten:' || sha256({f' || {PART} || '.join(parts)} || {salt}))"


class Rows:
    """SQL about the rows of one raw table. `relation`: where they lie, the raw table or what is about to be landed.

    The conditions ask temporary tables: gone_people (part, source_system, word), where part is customer or agent, and
    gone_things (source_system, entity, id).
    """

    def __init__(self, keys, table, relation, present):
        self.keys, self.table, self.relation = keys, table, relation
        self.meta = {name: meta for name, meta in table.meta.items() if name in present}
        self.system = literal(table.system)

    def word(self, column):
        """The text of a column; null where it names nobody."""
        text = self.keys.trimmed(f"cast({quoted(column)} as varchar)")
        nobody = [*NOBODY, *map(str, self.meta[column].get("nobody", []))]
        return f"case when {text} not in ({', '.join(map(literal, nobody))}) then {text} end"

    def people(self, *kinds):
        """The columns that name persons in one of these ways."""
        return [name for name, meta in self.meta.items() if meta.get("person") in kinds]

    @property
    def is_of_people(self):
        return any(meta.get("person") or meta.get("belongs_to") for meta in self.meta.values())

    def counts(self, column):
        """When the column names one person."""
        meta = self.meta[column]
        conditions = [
            f"coalesce(lower(trim(cast({quoted(other)} as varchar))) in ({', '.join(map(literal, words))}), false)"
            for other, words in meta.get("where", {}).items()
        ]
        if meta.get("unless") in self.meta:
            flag = f"lower(trim(cast({quoted(meta['unless'])} as varchar)))"
            conditions.append(f"coalesce({flag} not in ('true', 't', '1', 'yes', 'y'), true)")
        return " and ".join(conditions) or "true"

    def words(self):
        """Query for (source_system, word): every word of the table that names a person."""
        selects = [
            f"select {self.system} as source_system, {self.word(column)} as word "
            f"from {self.relation} where {self.counts(column)}"
            for column in self.people(*ROWS, *NAMES)
        ]
        return " union ".join(selects)

    def owners(self):
        """Query for (source_system, owner, identifier), words both, of a table of identities; None elsewhere."""
        owners, identifiers = self.people("customer", "subject"), self.people("identifier")
        if not (owners and identifiers):
            return None
        return " union ".join(
            f"select {self.system} as source_system, {self.word(owners[0])} as owner, "
            f"{self.word(column)} as identifier from {self.relation} where {self.counts(column)}"
            for column in identifiers
        )

    def things(self, role):
        """{entity: SQL of its key} of the table's own things (`entity`), or of those it hangs on (`belongs_to`)."""
        columns = {}
        for name, meta in self.meta.items():
            if meta.get(role):
                columns.setdefault(meta[role], []).append(name)
        # a part of a key, where the rest is not there, is none
        declared = {}
        for name, meta in self.table.meta.items():
            if meta.get(role):
                declared.setdefault(meta[role], []).append(name)
        return {
            entity: f" || {PART} || ".join(self.word(name) for name in names)
            for entity, names in columns.items()
            if names == declared[entity]
        }

    def is_named(self):
        """The row names somebody who is forgotten, as theirs."""
        return self._any(self._is_gone(column, ROWS[self.meta[column]["person"]]) for column in self.people(*ROWS))

    def is_gone(self):
        """The row is a forgotten person's."""
        found = [self.is_named()]
        own = self.things("entity")
        found += [self._is_thing(key, entity) for entity, key in own.items()]
        for entity, key in self.things("belongs_to").items():
            hangs = self._is_thing(key, entity)
            if any(meta.get("unless_named") and meta.get("belongs_to") == entity for meta in self.meta.values()):
                hangs += f" and not ({self._is_anybodys(own)})"
            found.append(f"({hangs})")
        return self._any(found)

    def is_changed(self):
        """A forgotten person is named in the row, which is somebody else's."""
        return self._any(self._is_gone(column, NAMES[self.meta[column]["person"]]) for column in self.people(*NAMES))

    def value(self, column, kind):
        """The column as it stays."""
        person = self.meta.get(column, {}).get("person")
        if person not in NAMES:
            return quoted(column)
        # what a connector landed may be a number
        word = literal(ERASED) if kind.upper().startswith("VARCHAR") else "null"
        gone = self._is_gone(column, NAMES[person])
        return f"case when {gone} then {word} else {quoted(column)} end as {quoted(column)}"

    def _is_gone(self, column, parts):
        words = (
            f"select word from gone_people where source_system = {self.system} "
            f"and part in ({', '.join(map(literal, parts))})"
        )
        return f"(coalesce({self.word(column)} in ({words}), false) and {self.counts(column)})"

    def _is_thing(self, key, entity):
        ids = f"select id from gone_things where source_system = {self.system} and entity = {literal(entity)}"
        return f"coalesce({key} in ({ids}), false)"

    def _is_anybodys(self, own):
        """Some customer is named in the row, or in another of the same thing."""
        named = self._any(f"{self.word(column)} is not null" for column in self.people("customer", "subject"))
        if not own:
            return named
        key = next(iter(own.values()))
        return f"{named} or coalesce({key} in (select {key} from {self.relation} where {named}), false)"

    def _any(self, conditions):
        return " or ".join(conditions) or "false"


def spread(connection, tables):
    """Fill gone_things: what is a forgotten person's, and what hangs on that. `tables`: Rows of all of them. Returns
    how many things were found that were not there before."""
    found = 0
    while True:
        new = 0
        for rows in tables:
            for entity, key in rows.things("entity").items():
                new += connection.execute(
                    f"""
                    insert into gone_things
                    select distinct {rows.system}, {literal(entity)}, {key} as id
                    from {rows.relation}
                    where {key} is not null and ({rows.is_gone()})
                    except
                    select * from gone_things
                    """
                ).fetchone()[0]
        if not new:
            return found
        found += new
