"""Write what the report shows as dbt exposures, models/marts/_report__exposures.yml, for the build to check.

    python -m counterweight.dev.exposures

From the report's own queries, on what is published (any build will do: only its columns are asked for).
"""

import contextlib

import yaml

from counterweight.project import Project
from counterweight.publish import open_published
from counterweight.report import EXPOSURES, exposures

HEAD = """\
# What `counterweight report` shows. Written by `python -m counterweight.dev.exposures` from the report's queries: the
# build fails where a section shows a headline without its reality, and the report where it shows something else.
"""


def text(connection):
    return HEAD + yaml.safe_dump(exposures(connection), sort_keys=False, width=140, allow_unicode=True)


def main():
    project = Project.find()
    with contextlib.closing(open_published(project)) as connection:
        path = project.root / EXPOSURES
        path.write_text(text(connection), encoding="utf-8")
    print(f"exposures {path.relative_to(project.root)}")


if __name__ == "__main__":
    main()
