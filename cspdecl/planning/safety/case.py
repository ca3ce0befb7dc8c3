"""What guardrails are held against, and what an operation means to them: seats, purchases, ends, decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cspdecl.core.action import (
    Adopt,
    BookService,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    Forget,
    Purchase,
    Rebind,
    Reprice,
    ScheduleRenewal,
    SetEndOfTerm,
    SetSeats,
    Transition,
)
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.inquiry import Answer
from cspdecl.core.operation import Operation
from cspdecl.core.terms import BillingCycle, Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What is managed before a plan, the whole project over: what shares are shares of.

    `lines`: addresses that are bound or booked. `seats`: of all bound subscriptions, as they were read or last
    recorded; what is known of neither is not in the sum, so that a share is rather too large than too small.
    """

    lines: int = 0
    seats: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A plan before its judges. `assigned`: by tenant, what the provider said of the licences people have."""

    operations: Sequence[Operation]
    estate: Estate
    now: datetime
    assigned: Mapping[str, Answer] = field(default_factory=dict)

    @property
    def adopted(self) -> int:
        """Lines that this plan begins to manage, and that were there before it."""
        return sum(1 for item in self.operations if isinstance(item.action, Adopt) and item.address.path)


def seat_change(operation: Operation) -> int:
    """Seats that an operation adds or takes away, now or with the renewal it writes."""
    match operation.action:
        case Purchase(seats=count):
            return count
        case SetSeats(before=before, after=after):
            return after - before
        case Cancel(seats=count):
            return -count
        case ScheduleRenewal(next=wanted):
            return wanted.seats - (operation.guard.seats or 0)
        case Transition(seats=count):
            return count  # seats that go over for good count like added ones: there is no way back
        case _:
            return 0


def ends(operation: Operation) -> bool:
    """Whether an operation ends a subscription, at once or when its term does."""
    match operation.action:
        case Cancel():
            return True
        case SetEndOfTerm(after=after):
            return after == "cancel"
        case _:
            return False


def seats_removed(operation: Operation) -> int:
    """Seats that a customer will have less of: taken away, cancelled, or let run out."""
    if isinstance(operation.action, SetEndOfTerm):
        return (operation.guard.seats or 0) if ends(operation) else 0
    if isinstance(operation.action, Transition):
        return 0
    return max(0, -seat_change(operation))


def commits(operation: Operation) -> bool:
    """Whether an operation newly obliges to pay: purchases, and what only looks like a change (contract §22.27)."""
    action = operation.action
    more = isinstance(action, SetSeats) and action.after > action.before
    return more or isinstance(action, Purchase | ChangeTerm | Transition)


def changes_what_is(operation: Operation) -> bool:
    """Whether an operation changes a line that is there: not what is bought or created, taken in or let go."""
    match operation.action:
        case Purchase() | Adopt() | Forget() | Rebind():
            return False
        case BookService(before=before):
            return before > 0
        case _:
            return (bool(operation.address.path) and operation.guard.subscription is not None) or reprices(operation)


def reprices(operation: Operation) -> bool:
    """Whether it changes our own price of something that is sold already."""
    return isinstance(operation.action, Reprice)


def only_saves(operation: Operation) -> bool:
    """Whether an operation does nothing but keep the next term from costing as much: an end instead of a renewal, or
    fewer seats of the same."""
    guard = operation.guard
    match operation.action:
        case SetEndOfTerm(after=after):
            return after == "cancel"
        case ScheduleRenewal(next=wanted):
            same = (wanted.offer, wanted.term, wanted.billing) == (guard.offer, guard.term, guard.billing)
            return same and guard.seats is not None and wanted.seats < guard.seats
        case ClearSchedule(was=was):
            return guard.seats is not None and was.seats > guard.seats
        case _:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """What an operation buys, now or with the renewal."""

    term: Term | None
    billing: BillingCycle | None
    offer: OfferKey | None


def bought(operation: Operation) -> tuple[Bought, ...]:
    """What is bought by an operation, and what comes of it by itself with the next term: what a trial becomes."""
    following = operation.promised.next if operation.promised is not None else None
    found = [_bought_now(operation)]
    if following is not None:
        found.append(Bought(term=following.term, billing=following.billing, offer=following.offer))
    return tuple(item for item in found if item is not None)


def _bought_now(operation: Operation) -> Bought | None:
    """Offer, term and plan that are bought; None where nothing is."""
    context, guard = operation.context, operation.guard
    match operation.action:
        case Purchase(offer=offer, term=term, billing=billing):
            return Bought(term=term, billing=billing, offer=offer)
        case ChangeTerm(term=term, billing=billing):
            return Bought(term=term, billing=billing, offer=guard.offer or context.offer)
        case Transition(target=offer, term=longer, billing=plan):
            return Bought(term=longer or guard.term, billing=plan or guard.billing, offer=offer)
        case SetSeats(before=before, after=after) if after > before:
            return Bought(term=context.term, billing=context.billing, offer=context.offer)
        case ScheduleRenewal(next=following) if (following.offer, following.term, following.billing) != (
            guard.offer, guard.term, guard.billing
        ) or following.seats > (guard.seats or 0):  # fmt: skip
            return Bought(term=following.term, billing=following.billing, offer=following.offer)
        case _:
            return None


def bundle_or_line(operation: Operation) -> Address:
    """What is sold as one: the bundle's line, else the line itself."""
    return operation.context.bundle_instance or operation.address
