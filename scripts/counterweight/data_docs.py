"""The audit's pages, made fit to publish: they ask no server for anything, run nothing, and begin with all answers."""

import contextlib
import html
import re
import shutil
from collections import Counter

import jinja2

# Great Expectations' pages fetch styles, scripts and a logo from others' servers, and run what they fetch.
FROM_ELSEWHERE = re.compile(
    r"<script\b.*?</script\s*>|<style\b.*?</style\s*>|<link\b[^>]*>|<footer\b.*?</footer\s*>|<img\b[^>]*>"
    r"|\son\w+\s*=\s*(?:\"[^\"]*\"|'[^']*')",
    re.DOTALL | re.IGNORECASE,
)
HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; --found: #b45309; --wrong: #b91c1c; --held: #15803d; }
@media (prefers-color-scheme: dark) { :root { --found: #f59e0b; --wrong: #f87171; --held: #4ade80; } }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 76rem; margin: 0 auto; padding: 1.5rem; padding-top: 1.5rem; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.6rem; border-bottom: 1px solid var(--line); }
th { background: var(--soft); font-weight: 600; }
td { overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.85em; white-space: pre-wrap; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.found { color: var(--found); font-weight: 600; } .wrong { color: var(--wrong); font-weight: 600; }
.held { color: var(--held); } .quiet { opacity: 0.75; } .todo { display: block; margin-top: 0.3rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
/* Great Expectations' own pages */
nav, .navbar, .ge-breadcrumbs, .breadcrumb { list-style: none; padding-left: 0; }
ul.list-inline, .list-group { list-style: none; padding-left: 0; }
.text-success, .fa-check-circle { color: var(--held); } .text-danger, .fa-times { color: var(--wrong); }
.fa-check-circle::before { content: "held"; } .fa-times::before { content: "failed"; }
.fa-exclamation-triangle::before { content: "failed"; color: var(--found); }
button, .btn, .modal { display: none; }
"""
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)
NAMES = {
    "defect": "found a defect",
    "finding": "found something in the source or the service",
    "held": "held",
    "nothing to look at": "had nothing to look at",
}
WORDS = {
    "raw": ("As delivered", "What the source systems sent, and how we read it."),
    "facts": ("Facts", "What we made of it."),
    "marts": ("Marts", "What is read by people and dashboards."),
}


class _Kept(jinja2.BytecodeCache):
    """Compiled templates, for as long as the pages are written."""

    def __init__(self):
        self.codes = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.codes:
            bucket.bytecode_from_string(self.codes[bucket.key])

    def dump_bytecode(self, bucket):
        self.codes[bucket.key] = bucket.bytecode_to_string()


@contextlib.contextmanager
def templates_kept():
    """Great Expectations compiles its templates anew for each part of a page: three quarters of its time."""
    from great_expectations.render.view.view import DefaultJinjaView

    kept, begin = _Kept(), DefaultJinjaView.__init__

    def begin_with_templates(view, *arguments, **options):
        begin(view, *arguments, **options)
        view.env.bytecode_cache = kept

    DefaultJinjaView.__init__ = begin_with_templates
    try:
        yield
    finally:
        DefaultJinjaView.__init__ = begin


def settle(pages, checks, build_id):
    """Take what comes from elsewhere out of the pages, and write an index that says what each check found."""
    if not pages.exists():
        return
    shutil.rmtree(pages / "static", ignore_errors=True)  # fonts and pictures of styles that are not used
    for page in sorted(pages.rglob("*.html")):
        text = FROM_ELSEWHERE.sub("", page.read_text(encoding="utf-8"))
        page.write_text(HEAD.sub(lambda head: f"{head[0]}{POLICY}<style>{STYLE}</style>", text, count=1), "utf-8")
    (pages / "index.html").write_text(_index(pages, checks, build_id), encoding="utf-8")


def _index(pages, checks, build_id):
    answers = Counter(_answer(check)[0] for check in checks)
    said = ", ".join(f"{count} {NAMES[answer]}" for answer, count in sorted(answers.items()))
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8">{POLICY}<title>Audit of {_text(build_id)}</title>',
        f"<style>{STYLE}</style></head><body>",
        f"<h1>What the audit of {_text(build_id)} found</h1>",
        f"<p>{len(checks)} expectations: {_text(said)}. A <b>defect</b> is an error of our own tables and stops the "
        "build; a <b>finding</b> is about the source or the service, is published, and says what to do. Numbers only: "
        "no page shows a value of the data.</p>",
    ]
    for border, (title, meaning) in WORDS.items():
        here = sorted(
            (check for check in checks if check.border == border),
            key=lambda it: (it.success, it.expectation_id, it.suite),
        )
        if here:
            parts += [f"<h2>{title}</h2><p>{meaning}</p>", _table(pages, here)]
    return "\n".join([*parts, "</body></html>"])


def _table(pages, checks):
    rows = []
    for check in checks:
        answer, style = _answer(check)
        todo = "" if check.success else f'<span class="todo"><b>What to do:</b> {_text(check.what_to_do)}</span>'
        of = "" if check.looked_at_count is None else f"{check.looked_at_count:,}"
        rows.append(
            f"<tr><td>{_text(check.expectation_id)}</td><td class={style}>{answer}</td>"
            f"<td>{_text(check.question)}{todo}</td>"
            f"<td class=number>{check.failed_count:,}</td><td class=number>{of}</td>"
            f"<td>{_text(check.observed)}</td><td>{_text(check.limits)}</td>"
            f"<td>{_link(pages, check)}</td></tr>"
        )
    head = "".join(
        f"<th>{name}</th>" for name in ("check", "answer", "question", "cases", "of", "observed", "limits", "table")
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _answer(check):
    """(what it says, its style)."""
    if not check.success:
        return ("defect", "wrong") if check.kind == "defect" else ("finding", "found")
    if check.looked_at_count == 0:
        return "nothing to look at", "quiet"
    return "held", "held"


def _link(pages, check):
    found = sorted((pages / "validations" / check.suite).rglob("*.html"))
    name = _text(check.table_name)
    return f'<a href="{_text(found[0].relative_to(pages).as_posix())}">{name}</a>' if found else name


def _text(value):
    return html.escape(str(value))
