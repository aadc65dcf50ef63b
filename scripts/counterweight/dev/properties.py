"""Check the words of properties files: a misspelled key is silent, and what stands behind it never happens.

    python -m counterweight.dev.properties

dbt has schemas of its properties files and of dbt_project.yml, but asks them for four warehouses only, and DuckDB and
PostgreSQL are not among them. What is below `meta` no schema knows: it is ours, and where `restricted` is misspelled,
keys of agents are published.
"""

import json
import sys

import yaml
from dbt.jsonschemas.jsonschemas import project_schema, resources_schema
from jsonschema import Draft7Validator

from counterweight.errors import near_matches
from counterweight.project import Project

FOLDERS = ("models", "seeds", "macros", "tests")
# What `meta` may say, by where it stands. A new key comes here, and to the page that explains it.
OF_A_PAIR = {"kpi_pair", "kpi_side", "kpi_reason", "kpi_cohort"}
META = {
    "models": {"grain", "answers", "restricted", "account_filter", "kpi_none"}
    | {"detector", "formula", "source", "traps", "cannot_say"},
    "models.columns": OF_A_PAIR | {"restricted", "account_reference"},
    "sources": {"kept_by_load"},
    "sources.tables.columns": {"required"}
    | {"person", "nobody", "where", "unless", "entity", "belongs_to", "unless_named"},
    "exposures": OF_A_PAIR | {"kpi_shows"},
    "metrics": OF_A_PAIR,
}


def files(root):
    """The properties files of a project."""
    return sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.yml"))


def problems(path):
    """Sentences, one for each key or value of a properties file, or of dbt_project.yml, that means nothing."""
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    if path.name == "dbt_project.yml":
        return _against(project_schema(), content)
    return _against(resources_schema(), content) + list(_unknown_meta(content))


def _against(schema, content):
    # dates as dbt has them: text
    content = json.loads(json.dumps(content, default=str), object_hook=_as_dbt_sees_it)
    leaves = [_leaf(error) for error in Draft7Validator(schema).iter_errors(content)]
    return [f"{_place(leaf)}: {leaf.message[:200]}" for leaf in leaves]


def _as_dbt_sees_it(mapping):
    """Without what it renders before it looks at the type (a name is text whatever is in it), and without the part of a
    metric that the schema has in the layout of dbt 1.12 alone; `mf validate-configs` looks at it."""
    return {
        key: value
        for key, value in mapping.items()
        if key == "name" or not ((isinstance(value, str) and value.startswith("{{")) or key == "type_params")
    }


def _leaf(error):
    """What is wrong in the end: of the forms that a thing may have, the one that fits furthest down."""
    causes = [_leaf(cause) for cause in error.context or []]
    return max(causes, key=lambda it: (it.validator == "additionalProperties", len(it.absolute_path)), default=error)


def _place(error):
    return ".".join(map(str, error.absolute_path)) or "top level"


def _unknown_meta(content, place="", where=""):
    """What stands below `config.meta` and is nowhere read."""
    for key, entries in content.items():
        kind = f"{place}.{key}" if place else key
        for entry in entries if isinstance(entries, list) else []:
            if not isinstance(entry, dict):
                continue
            name = f"{where}{entry.get('name')}"
            known = META.get(kind, set())
            for word in (entry.get("config") or {}).get("meta") or {}:
                if word not in known:
                    yield f"{kind} {name}: nothing reads meta.{word}.{near_matches(word, known)}"
            yield from _unknown_meta(entry, kind, f"{name}.")


def main():
    root = Project.find().root
    checked = [*files(root), root / "dbt_project.yml"]
    found = [f"{path.relative_to(root)}: {problem}" for path in checked for problem in problems(path)]
    print("\n".join(found) if found else f"properties: {len(checked)} files, every key means something")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
