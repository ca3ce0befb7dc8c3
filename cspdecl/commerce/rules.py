"""The rules of commerce as a list: what each says, where it comes from, which code names it, which case shows it.

`python -m cspdecl.commerce.rules --write` makes docs/reference/rules.md of it; a test holds that page current, every
function real, every case there and every rule of the simulator named.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cspdecl.commerce.rulebook import CHAPTERS, asides
from cspdecl.commerce.rulebook.shape import Rule

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "reference" / "rules.md"
_SIMULATOR = "../../plugins/cspdecl-simulator/README.md#rules"
_CODES = "Codes of plans that are no rule of commerce"
_KEPT = "Rules of the simulator that no plan decides"


def all_rules() -> tuple[Rule, ...]:
    """Every rule, in order."""
    return tuple(rule for chapter in CHAPTERS for rule in chapter.rules)


def render_rules() -> str:
    """The page docs/reference/rules.md."""
    rules = all_rules()
    ours = sum(rule.ours for rule in rules)
    out = [
        "# Rules of commerce",
        "",
        "What a plan follows, in our own words, with the source and its date. Where papers disagree, the reading that",
        "buys less or asks first is taken, and [Readings](readings.md) has both. What a provider says about one",
        "subscription wins over all of it.",
        "",
        f"{len(rules)} rules. Each is decided in one function, named by one code (`cspdecl explain CODE`) and shown by",
        f"one case, and the simulator enforces it under [a name of its own]({_SIMULATOR}), from its own reading.",
        f"{ours} are our own: no provider enforces them, since they are about what is not known, said or asked for.",
        "",
        *(f"- [{chapter.title}](#{_anchor(chapter.title)})" for chapter in CHAPTERS),
        f"- [{_CODES}](#{_anchor(_CODES)})",
        f"- [{_KEPT}](#{_anchor(_KEPT)})",
        "",
        "Made from the code by `python -m cspdecl.commerce.rules --write`.",
    ]
    for chapter in CHAPTERS:
        out += ["", f"## {chapter.title}", ""]
        out += [chapter.preface, ""] if chapter.preface else []
        out += ["| rule | source | code | decided in | shown by | simulator |", "|---|---|---|---|---|---|"]
        out += [
            f"| {rule.says} | {rule.source} | [{rule.code}](codes/{rule.code}.md) | `{rule.function}` | "
            f"[{rule.case}](../../tests/cases/{rule.case}) | {_simulated(rule)} |"
            for rule in chapter.rules
        ]
    out += ["", f"## {_CODES}", "", "| code | about |", "|---|---|"]
    out += [f"| [{aside.name}](codes/{aside.name}.md) | {aside.why} |" for aside in asides.CODES]
    out += ["", f"## {_KEPT}", "", "| simulator | why | shown by |", "|---|---|---|"]
    out += [
        f"| `{aside.name}` | {aside.why} | [{aside.shown.partition('::')[2]}](../../{aside.shown.partition('::')[0]}) |"
        for aside in asides.SIMULATOR
    ]
    return "\n".join(out) + "\n"


def _simulated(rule: Rule) -> str:
    return " ".join(f"`{name}`" for name in rule.simulator) if rule.simulator else "our own rule"


def _anchor(title: str) -> str:
    """How a heading is linked to: lower case, blanks as hyphens, nothing else than letters and digits."""
    return "".join(sign for sign in title.lower().replace(" ", "-") if sign.isalnum() or sign == "-")


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
