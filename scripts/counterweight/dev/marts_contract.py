"""Keep docs/marts_contract.csv: what readers of the marts rely on, and when what is deprecated may go.

    python -m counterweight.dev.marts_contract

writes new marts and columns into it, and refuses where one that is there was removed, renamed or changed before its
time. The rule is in docs/bi.md.
"""

import csv
import dataclasses
import io
import sys

import yaml

from counterweight.dev.warehouse_page import read_models
from counterweight.project import Project

PAGE = "docs/marts_contract.csv"
# What is deprecated is there in so many more minor versions.
MINOR_VERSIONS = 2
HEAD = ("mart", "column", "data_type", "is_key", "gone_in")


@dataclasses.dataclass(frozen=True)
class Promise:
    data_type: str
    is_key: bool
    gone_in: str = ""


def promised(root):
    """{(mart, column): Promise} of the committed file."""
    with (root / PAGE).open(encoding="utf-8", newline="") as file:
        return {
            (row["mart"], row["column"]): Promise(row["data_type"], row["is_key"] == "true", row["gone_in"])
            for row in csv.DictReader(file)
        }


def declared(models):
    """{(mart, column): Promise} of the models' properties."""
    found = {}
    for mart, model in models.items():
        key = model["config"]["meta"]["grain"].split(", ")
        whole = _deprecated(model)
        for column in model["columns"]:
            gone_in = (_deprecated(column) or whole or {}).get("gone_in", "")
            kind = column["data_type"].replace(" ", "").lower()
            found[mart, column["name"]] = Promise(kind, column["name"] in key, str(gone_in))
    return found


def problems(root):
    """Sentences, one for each promise that the models break."""
    models = read_models(root, "marts")
    old, new = promised(root), declared(models)
    version = yaml.safe_load((root / "dbt_project.yml").read_text(encoding="utf-8"))["version"]
    earliest = _text((_parts(version)[0], _parts(version)[1] + MINOR_VERSIONS, 0))
    found = []
    marts = {mart for mart, _ in new}
    for (mart, column), promise in old.items():
        now = new.get((mart, column))
        if promise.gone_in and _parts(version) >= _parts(promise.gone_in):
            continue
        if mart not in marts:
            sentence = f"The mart {mart} is gone{_until(promise)}. {_beside(mart, earliest)}"
            found += [] if sentence in found else [sentence]
        elif now is None:
            found.append(f"{mart}.{column} is gone{_until(promise)}. {_beside(mart, earliest)}")
        elif now.data_type != promise.data_type:
            change = f"was {promise.data_type} and is {now.data_type}"
            found.append(f"{mart}.{column} {change}. {_beside(mart, earliest)}")
        elif now.is_key != promise.is_key:
            change = "is in the grain and was not" if now.is_key else "was in the grain and is not"
            found.append(f"{mart}.{column} {change}: rows mean something else. {_beside(mart, earliest)}")
        elif now.gone_in and promise.gone_in and _parts(now.gone_in) < _parts(promise.gone_in):
            found.append(f"{mart}.{column} was to be there until {promise.gone_in}, and is to go in {now.gone_in}.")
    for (mart, column), promise in new.items():
        if (mart, column) not in old and promise.is_key and mart in {name for name, _ in old}:
            found.append(f"{mart}.{column} is new in the grain: rows mean something else. {_beside(mart, earliest)}")
    return found + _wrongly_deprecated(root, models, old, new, earliest)


def _wrongly_deprecated(root, models, old, new, earliest):
    """What is deprecated says so to its readers, says what to use, and stays long enough."""
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    found = []
    for mart, model in models.items():
        for thing in (model, *model["columns"]):
            rule = _deprecated(thing)
            if not rule:
                continue
            name = mart if thing is model else f"{mart}.{thing['name']}"
            if set(rule) != {"gone_in", "use"}:
                found.append(f"{name} is deprecated: say both gone_in and use.")
                continue
            column = model["columns"][0]["name"] if thing is model else thing["name"]
            before = old.get((mart, column), Promise("", False)).gone_in
            if not before and _parts(rule["gone_in"]) < _parts(earliest):
                found.append(f"{name} is to go in {rule['gone_in']}. Readers need time: {earliest} at the earliest.")
            successor = rule["use"]
            known = {name for name, _ in new} | {f"{mart}.{column}" for mart, column in new}
            full = successor if successor in known else f"{mart}.{successor}"
            if full not in known or full == name:
                found.append(f"{name} is deprecated in favour of {successor}, which is neither a mart nor a column.")
            sentence = f"Deprecated, gone in {rule['gone_in']}: use `{successor}`."
            if sentence not in " ".join(thing["description"].split()):
                found.append(f"{name} does not tell its readers. Write into its description: {sentence}")
            if not any("deprecated" in line.lower() and f"`{name}`" in line for line in changes.splitlines()):
                found.append(f"CHANGELOG.md has no line that says Deprecated and `{name}`.")
    return found


def _deprecated(thing):
    return ((thing.get("config") or {}).get("meta") or {}).get("deprecated")


def _until(promise):
    return f", and was promised until {promise.gone_in}" if promise.gone_in else ""


def _beside(mart, earliest):
    return (
        f"Readers rely on it: put the new column beside the old, or a mart {mart}_v2 beside {mart}, and mark the old "
        f"with config: {{meta: {{deprecated: {{gone_in: '{earliest}', use: <the new>}}}}}} (docs/bi.md, Versions)."
    )


def _parts(version):
    return tuple(int(part) for part in str(version).split("."))


def _text(parts):
    return ".".join(map(str, parts))


def page(root):
    """The text of the file, as the models are now."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEAD)
    for (mart, column), promise in declared(read_models(root, "marts")).items():
        writer.writerow((mart, column, promise.data_type, str(promise.is_key).lower(), promise.gone_in))
    return text.getvalue()


def main():
    root = Project.find().root
    if (root / PAGE).exists() and (found := problems(root)):
        sys.exit("\n".join(found) + f"\n{PAGE} stays as it is.")
    (root / PAGE).write_text(page(root), encoding="utf-8")
    print(f"contract {PAGE}")


if __name__ == "__main__":
    main()
