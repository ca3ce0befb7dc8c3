"""docs/reference/vectors.md: every worked number, ours and theirs. `python -m tests.vectors.page --write` makes it."""

from __future__ import annotations

import sys
from decimal import Decimal

from tests.architecture.source import ROOT
from tests.vectors.asking import ask, number
from tests.vectors.table import ELSEWHERE, TODAY, Worked

PAGE = ROOT / "docs/reference/vectors.md"
_HEAD = """# Worked numbers

Amounts printed on public pages, and what `cspdecl quote` says to the same question. Written by
`python -m tests.vectors.page --write`; a test holds the page and, where it says so, the numbers equal.

Amounts are before tax and estimates until invoiced: published numbers follow several roundings, so a line of an invoice
may differ by a cent a seat, and one cent more.
"""
_ELSEWHERE = """## Other times, other engines

Under a profile of their own, or listed with the reason why they differ. Nothing is charged by these.
"""


def render_page() -> str:
    """The whole page, every number asked for anew."""
    parts = [_HEAD, "## Under today's rules\n\nEqual to the cent.\n", _table(TODAY), _ELSEWHERE, _table(ELSEWHERE)]
    return "\n".join(parts)


def _table(rows: tuple[Worked, ...]) -> str:
    lines = ["| case | `cspdecl quote …` | what | ours | printed | |", "|---|---|---|---:|---:|---|"]
    for row in rows:
        ours = number(ask(row.arguments), row.part)
        same = "equal" if ours == Decimal(row.printed) else "differs"
        words = f"{same}; {row.why}" if row.why else same
        lines.append(f"| {row.case} | `{row.words}` | {row.part} | {ours} | {row.printed} | {words} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(render_page(), encoding="utf-8")
    else:
        sys.stdout.write(render_page())
