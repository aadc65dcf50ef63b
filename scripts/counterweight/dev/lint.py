"""`sqlfluff lint` on what models and tests say themselves, at a third of its price.

It reports nothing of what macros write, yet reads all of it, and its time goes with the length: a bound of an interval
is a thousand characters, and a mart has twenty. So something short stands where a macro wrote something long: a call
with its arguments for an expression, everything of the same tables for a query.
"""

import functools
import gc
import re

from dbt.clients.jinja import MacroGenerator
from sqlfluff.cli.commands import cli
from sqlfluff.core.linter.linted_file import LintedFile
from sqlfluff.core.linter.runner import ParallelRunner

LONG = 150


def stand_in(name, arguments, text):
    """Something short that can stand where the macro wrote this text; the text where there is nothing such."""
    code = re.sub(r"--.*", "", text)
    begin = re.match(r"\s*(\w*)", code)[1]
    ctes = re.findall(r"^ *(\w+) as (?:(?:not )?materialized )?\($", code, re.MULTILINE)
    read = sorted(set(re.findall(r"\b(?:from|join)\s+([\w.\"]+)", code)) - set(ctes))
    everything = f"select * from {' cross join '.join(read)}"
    if ctes and begin == ctes[0]:
        return ",\n\n".join(f"{cte} as (\n\n    {everything}\n\n)" for cte in ctes)
    if begin == "select" and read:
        return everything
    if re.search(r",|\b(as|select|with|from|join|where|then|order by|group by)\b", _outside_brackets(code)):
        return text
    # what decides how something is written is no column
    return f"{name}({', '.join(argument for argument in arguments if isinstance(argument, str) and argument in code)})"


def _outside_brackets(code):
    """What is in no brackets and no `case`."""
    code = re.sub(r"'[^']*'", "''", code)
    before = None
    while code != before:
        before = code
        code = re.sub(r"\([^()]*\)|\bcase\b(?:(?!\bcase\b|\bend\b)[\s\S])*\bend\b", " x ", code)
    return code


def _shortened(call_macro):
    def call(self, *arguments, **named):
        text = call_macro(self, *arguments, **named)
        if self.macro.package_name != "counterweight" or not isinstance(text, str) or len(text) < LONG:
            return text
        return stand_in(self.macro.name, [*arguments, *named.values()], text)

    return call


def _without_tree(apply):
    """What a worker found, without the tree of the file, which only `fix` reads: it is dear to hand over."""

    @functools.wraps(apply)
    def call(task):
        found = apply(task)
        return found._replace(tree=None) if isinstance(found, LintedFile) else found

    return call


# In sqlfluff's workers as well, which import this. Python's collector looks less often through the millions of objects
# of its trees.
ParallelRunner._apply = staticmethod(_without_tree(ParallelRunner._apply))
gc.set_threshold(50_000, 20, 20)

if __name__ == "__main__":
    # templates are rendered here
    MacroGenerator.call_macro = _shortened(MacroGenerator.call_macro)
    cli()
