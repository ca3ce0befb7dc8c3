"""What a rule of commerce is made of, and the papers they come from."""

from __future__ import annotations

from dataclasses import dataclass

POLICY = "Microsoft, cancellation policy for new commerce, 2026-08"
CREATE = "Microsoft, create a new subscription, 2023-10"
LIFECYCLE = "Microsoft, subscription lifecycle, 2023-10"
SCHEDULE = "Microsoft, create scheduled changes, 2026"
EST = "Microsoft, extended service terms, 2026-02; distributors' papers for the values on the wire, 2026"
PRICING = "Microsoft, pricing and offers, 2023-10"
AGREEMENT = "Microsoft, confirm customer acceptance, 2026-01"
SANDBOX = "Microsoft, test and debug, 2023-10"
FREQUENCY = "Microsoft, billing frequency changes, 2025-04"
TRANSITION = "Microsoft, transition a new commerce subscription, 2023-10 and 2026"
ALIGN = "Microsoft, align subscription end dates, 2023-10"
PROMOTIONS = "Microsoft, new commerce promotions, 2023-10"
ADDONS = "Microsoft, new commerce add-ons, 2023-10"
MATRIX = "Microsoft, offer matrix, 2021-01"
LICENCE_TERMS = "licence terms of the Business plans as third parties quote them, 2026: no provider checks the sum"
UPDATE = "Microsoft, update a subscription, 2023-10"
OURS = "our own safe reading, 2026-11"
OURS_OF_EST = "our own safe reading of extended service terms, 2026-02: no page says how one becomes a term again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `function` is where it is decided, `case` a folder below tests/cases, such as `plan/hold`. A case that
    shows the rule kept names no code: `shown` is then what it says instead, in words or as the code of a reason.
    `simulator` are ids of rules in the simulator that enforce the same from its own reading; none where the rule is our
    own and no provider's, and `ours` says so."""

    code: str
    says: str
    source: str
    function: str
    case: str
    shown: str = ""
    simulator: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Rules about one thing; `preface` is what a reader has to know before them."""

    title: str
    rules: tuple[Rule, ...]
    preface: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What stands in no rule, and why: a code that is about something else, a rule of the simulator held elsewhere."""

    name: str
    why: str
    shown: str = ""


def rule(
    code: str, case: str, function: str, source: str, says: str, *, simulator: str = "", shown: str = "",
    ours: bool = False,
) -> Rule:  # fmt: skip
    """A rule in one breath, as the tables write it: a `case` without a folder is one of `plan/`, several rules of the
    simulator stand apart by blanks."""
    return Rule(
        code=code,
        says=says,
        source=source,
        function=function,
        case=case if "/" in case else f"plan/{case}",
        shown=shown,
        simulator=tuple(simulator.split()),
        ours=ours or source in (OURS, OURS_OF_EST, LICENCE_TERMS),
    )
