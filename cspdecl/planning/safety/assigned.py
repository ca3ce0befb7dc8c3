"""Fewer seats than people have licences: after the plan somebody would be without (contract §8, 2023-10).

What is asked of the provider follows from the plan: only tenants that lose seats, only the offers they lose. An answer
that is missing is said as not known, with the guard's own level; it never counts as nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cspdecl.commerce.words import counted, seats
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import OfferKey
from cspdecl.core.guard import GuardRule
from cspdecl.core.inquiry import Answers, AskAssigned, Assigned, AssignedLicences, Inquiry, Unanswered
from cspdecl.core.operation import Operation
from cspdecl.core.project import Guardrails
from cspdecl.planning.safety.case import Case, seat_change, seats_removed
from cspdecl.planning.safety.rules import Finding, of


def find_assigned_inquiries(
    sides: Iterable[Guardrails], operations: Sequence[Operation], capabilities: Mapping[str, Capability], market: str
) -> tuple[tuple[str, Inquiry], ...]:
    """What has to be asked before a plan is judged: nothing where no side of a change has the guard."""
    if not any(rule.guard == "belowAssigned" for side in sides for rule in side.rules):
        return ()
    wanted: dict[tuple[str, str, str], set[OfferKey]] = {}
    for operation in operations:
        provider, tenant, offer = operation.context.provider, operation.guard.tenant, _offer(operation)
        if not (provider and tenant and offer and seats_removed(operation)):
            continue
        if Capability.ASSIGNED_LICENCES in capabilities.get(provider, Capability.NONE):
            wanted.setdefault((provider, tenant, market), set()).add(offer)
    return tuple(
        (provider, AskAssigned(tenant=tenant, market=where, offers=tuple(sorted(offers))))
        for (provider, tenant, where), offers in sorted(wanted.items(), key=lambda item: item[0])
    )


def assigned_of(answers: Answers) -> dict[str, AssignedLicences | Unanswered]:
    """By tenant, what was said of the licences people have."""
    return {
        asked.tenant: said
        for (_provider, asked), said in answers.items()
        if isinstance(asked, AskAssigned) and isinstance(said, AssignedLicences | Unanswered)
    }


def check_assigned(rules: Iterable[GuardRule], case: Case) -> Iterator[Finding]:
    """Every operation that takes seats away, now or at the renewal."""
    found = tuple(of(rules, "belowAssigned"))
    if not found:
        return
    left = _left(case)
    for rule in found:
        for operation in case.operations:
            if seats_removed(operation) and operation.context.provider is not None:
                yield from _one(rule, operation, case, left)


def _offer(operation: Operation) -> OfferKey | None:
    return operation.guard.offer or operation.context.offer


def _known(operation: Operation, case: Case) -> Assigned | None:
    said, offer = case.assigned.get(operation.guard.tenant or ""), _offer(operation)
    return said.of(offer) if isinstance(said, AssignedLicences) and offer is not None else None


def _left(case: Case) -> dict[tuple[str, str], int]:
    """Seats of each licence of each tenant that are left after the plan: what it adds counts as well."""
    left: dict[tuple[str, str], int] = {}
    for tenant, said in case.assigned.items():
        for item in said.licences if isinstance(said, AssignedLicences) else ():
            left[tenant, item.licence] = item.seats
    for operation in case.operations:
        known = _known(operation, case)
        if known is not None:
            left[operation.guard.tenant or "", known.licence] += max(0, seat_change(operation)) - seats_removed(
                operation
            )
    return left


def _one(rule: GuardRule, operation: Operation, case: Case, left: Mapping[tuple[str, str], int]) -> Iterator[Finding]:
    tenant, where = operation.guard.tenant or "", operation.address
    said, known = case.assigned.get(tenant), _known(operation, case)
    if known is None:
        why = said.reason if isinstance(said, Unanswered) else "Microsoft names none of this offer"
        why = why if said is not None else "it was not asked; it needs a provider with a user's sign-in"
        text = f"how many licences of {where} people have is not known ({why}), and {_fewer(operation)}"
        remedy = "look in the customer's admin centre, and write a waiver of `belowAssigned`"
        yield Finding(
            rule=rule, code="CSP515", text=text, remedy=remedy, address=where, subject=f"{where} {operation.id}"
        )
    elif known.assigned > (after := max(0, left[tenant, known.licence])):
        people = counted(known.assigned - after, "person", "people")
        text = (
            f"{where} {_fewer(operation)}: {seats(after)} are left in the tenant and {known.assigned} are assigned, "
            f"so {people} would be without"
        )
        remedy = "take those licences back first"
        yield Finding(
            rule=rule, code="CSP514", text=text, remedy=remedy, address=where, subject=f"{where} {operation.id}"
        )


def _fewer(operation: Operation) -> str:
    return f"loses {seats(seats_removed(operation))}"
