"""What the commands that write pages of docs/ share: sections between marks, and tables."""


def filled(text, sections, page):
    """The text of `page` with these sections written anew; its other words are written by hand.

    A section stands between `<!-- begin NAME -->` and `<!-- end NAME -->`.
    """
    for name, content in sections.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{page} has no section {name}: {begin} … {end}")
        text = f"{head}{begin}\n{content.strip()}\n{end}{tail}"
    return text


def table(head, rows):
    lines = ["| " + " | ".join(str(cell) for cell in line) + " |" for line in (head, *rows)]
    return "\n".join((lines[0], "|---" * len(head) + "|", *lines[1:]))
