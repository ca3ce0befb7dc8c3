"""The rules of commerce as a list: what each says, where it comes from, which code names it, which case shows it.

`python -m cspdecl.commerce.rules --write` makes docs/reference/rules.md of it; a test holds that page current, every
function real and every case there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cspdecl.commerce.rulebook import CHAPTERS
from cspdecl.commerce.rulebook.shape import Rule

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "reference" / "rules.md"


def all_rules() -> tuple[Rule, ...]:
    """Every rule, in order."""
    return tuple(rule for chapter in CHAPTERS for rule in chapter.rules)


def render_rules() -> str:
    """The page docs/reference/rules.md."""
    out = [
        "# Rules of commerce",
        "",
        "What a plan follows, in our own words, with the source and its date. Where papers disagree, the reading that",
        "buys less or asks first is taken. What a provider says about one subscription wins over all of it.",
        "",
        "Made from the code by `python -m cspdecl.commerce.rules --write`.",
    ]
    for chapter in CHAPTERS:
        head = ["| rule | source | code | decided in | shown by | simulator |", "|---|---|---|---|---|---|"]
        out += ["", f"## {chapter.title}", "", *head]
        out += [
            f"| {rule.says} | {rule.source} | [{rule.code}](codes/{rule.code}.md) | `{rule.function}` | "
            f"`tests/cases/plan/{rule.case}` | {_simulated(rule)} |"
            for rule in chapter.rules
        ]
    return "\n".join(out) + "\n"


def _simulated(rule: Rule) -> str:
    return f"`{rule.simulator}`" if rule.simulator else "our own rule" if rule.ours else "–"


def main(arguments: list[str]) -> int:
    """Print the page, or with `--write` put it in its place."""
    if "--write" in arguments:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(render_rules(), "utf-8")
    else:
        sys.stdout.write(render_rules())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
