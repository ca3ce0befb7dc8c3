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
LICENCE_TERMS = "Microsoft, licence terms of the Business plans as quoted by third parties, 2026"
UPDATE = "Microsoft, update a subscription, 2023-10"
OURS = "our own safe reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `function` is where it is decided, `case` a folder below tests/cases/plan. `simulator` is the id of the
    rule in the simulator that enforces the same from its own reading; "" where the rule is our own and no provider's,
    and `ours` says so."""

    code: str
    says: str
    source: str
    function: str
    case: str
    simulator: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """Rules about one thing."""

    title: str
    rules: tuple[Rule, ...]


def rule(
    code: str, case: str, function: str, source: str, says: str, *, simulator: str = "", ours: bool = False
) -> Rule:
    """A rule in one breath, as the tables write it."""
    return Rule(
        code=code,
        says=says,
        source=source,
        function=function,
        case=case,
        simulator=simulator,
        ours=ours or source == OURS,
    )
