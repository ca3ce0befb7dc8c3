"""Operations and limits for tests of guardrails, each in one line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from cspdecl.core.action import Cancel, Purchase, SetEndOfTerm, SetSeats
from cspdecl.core.catalog import OfferKey
from cspdecl.core.guard import GuardRule, Level, NeededApproval, Waiver
from cspdecl.core.money import Money
from cspdecl.core.operation import Operation, PriceDelta
from cspdecl.core.project import Guardrails
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.safety import Estate, check_safety
from cspdecl.testing.builders import OFFER, guard_of, live_subscription, operation

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
ROLES = {"finance": ("lena", "jens"), "sales-lead": ("tom",)}


def ident(address: str) -> str:
    """The subscription that an address is bound to."""
    return f"sub-{address}"


def buy(address: str = "hafenkontor/visio", seats: int = 5, *, commitment: str | None = "1000") -> Operation:
    """A purchase; without a commitment what it obliges to is not known."""
    action = Purchase(
        offer=OfferKey.parse(OFFER), seats=seats, term=Term.P1Y, billing=BillingCycle.MONTHLY, nickname="", country="DE",
        segment="commercial", unit_price=None,
    )  # fmt: skip
    return priced(operation(action, address), commitment)


def more(address: str = "hafenkontor/visio", before: int = 5, after: int = 8, *, commitment: str = "100") -> Operation:
    """Seats set to another number; only more of them commits to anything."""
    running = live_subscription(id=ident(address), seats=before)
    step = operation(SetSeats(before=before, after=after), address, guard=guard_of(running))
    return priced(step, commitment if after > before else None)


def cancel(address: str = "hafenkontor/visio", seats: int = 5) -> Operation:
    """A cancellation at once."""
    return operation(Cancel(seats=seats), address, guard=guard_of(live_subscription(id=ident(address), seats=seats)))


def run_out(address: str = "hafenkontor/visio", seats: int = 5, **live: Any) -> Operation:
    """An end instead of a renewal."""
    running = replace(live_subscription(id=ident(address), seats=seats), **live)
    return operation(SetEndOfTerm(before="renew", after="cancel"), address, guard=guard_of(running))


def priced(step: Operation, commitment: str | None) -> Operation:
    """With what it commits to."""
    owed = Money(Decimal(commitment), "EUR") if commitment is not None else None
    return replace(step, preview=PriceDelta(cycle=BillingCycle.MONTHLY, cost_cycle=None, commitment=owed))


def rule(
    guard: Any, limit: Any = None, level: str = "deny", role: str = "finance", count: int = 1, **rest: Any
) -> GuardRule:
    """A threshold: an int counts, a Fraction is a share, text is EUR."""
    measure = {int: "count", Fraction: "share", str: "money"}.get(type(limit))
    value: Any = {"EUR": Decimal(limit)} if isinstance(limit, str) else limit
    limits: dict[str, Any] = {measure: value} if measure else {}
    return GuardRule(
        guard=guard,
        level=Level(level),
        approval=NeededApproval(role=role, count=count) if level == "needs-approval" else None,
        **limits,
        **rest,
    )


def limits(*rules: GuardRule, waivers: tuple[Waiver, ...] = (), **rest: Any) -> Guardrails:
    """A project's limits, without the default one."""
    return Guardrails(**{"max_stop_managing": None, "rules": rules, "roles": ROLES, "waivers": waivers, **rest})


def waiver(concerns: str, target: str | None = None, *, expires: str = "2027-01-01", name: str = "w") -> Waiver:
    """An exception until a day."""
    until = datetime.fromisoformat(expires)
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return Waiver(name=name, concerns=concerns, target=target, owner="lena", reason="a reason", expires=until)


def judged(guardrails: Guardrails, *operations: Operation, base: Any = (), now: datetime = NOW, **rest: Any) -> Any:
    """The report over these operations, in an estate of 100 lines and 1,000 seats."""
    estate = rest.pop("estate", Estate(lines=100, seats=1000))
    return check_safety(guardrails, operations, estate=estate, now=now, base=base, **rest)


def said(report: Any) -> list[tuple[str, str, bool]]:
    """Guard, level and whether it refuses, of every verdict."""
    return [(item.rule, str(item.level), item.refused) for item in report.verdicts]
