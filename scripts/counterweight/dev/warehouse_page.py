"""Fill docs/warehouse.md: the grain of every table that readers see, from the models' own descriptions.

    python -m counterweight.dev.warehouse_page

The other words of the page, its diagrams among them, are written by hand; tests hold them against the models.
"""

import re

import yaml

from counterweight.dev import pages
from counterweight.project import Project

PAGE = "docs/warehouse.md"
LAYERS = ("dimensions", "facts", "marts")


def tables(root):
    """{section: text} of what comes from the models alone."""
    return {layer: _grains(root, layer) for layer in LAYERS}


def read_models(root, layer):
    """{name: properties} of the models of a layer that are read by people; parts of a mart are not."""
    found = {}
    for path in sorted((root / "models" / layer).glob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            sql = path.with_name(f"{model['name']}.sql").read_text(encoding="utf-8")
            found[model["name"]] = model | {"is_view": "materialized='view'" in sql}
    return dict(sorted(found.items()))


def _grains(root, layer):
    rows = []
    for name, model in read_models(root, layer).items():
        meta = model["config"]["meta"]
        key = ", ".join(f"`{column}`" for column in meta["grain"].split(", "))
        kind = "view" if model["is_view"] else "table"
        rows.append((f"`{name}`", _row(model["description"]), key, meta["answers"], kind, _restricted(model, meta)))
    return pages.table(("table", "one row per", "key", "answers, for example", "kept as", "restricted"), rows)


def _row(description):
    """Of `One row per call: what it took. Never its text.` the call."""
    return re.split(r"[:.](?:\s|$)", " ".join(description.split()).removeprefix("One row per "), maxsplit=1)[0]


def _restricted(model, meta):
    if meta.get("restricted"):
        return "whole"
    marked = [it["name"] for it in model["columns"] if it.get("config", {}).get("meta", {}).get("restricted")]
    return ", ".join(f"`{name}`" for name in marked) or "no"


def main():
    root = Project.find().root
    page = root / PAGE
    page.write_text(pages.filled(page.read_text(encoding="utf-8"), tables(root), PAGE), encoding="utf-8")
    print(f"warehouse {PAGE}")


if __name__ == "__main__":
    main()
