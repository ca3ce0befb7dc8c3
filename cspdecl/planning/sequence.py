"""Steps become operations: identified, guarded, timed and chained in an order that works.

Every guard says what the operation before it will have left, so that a chain is as safe as its first link. An id is a
digest of address, action, guard and the address's last record: the same situation gives the same operation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cspdecl.core.action import (
    Action,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    Purchase,
    Resume,
    ScheduleRenewal,
    SetEndOfTerm,
    SetSeats,
    Suspend,
    Transition,
)
from cspdecl.core.address import Address
from cspdecl.core.diagnostics import Origin
from cspdecl.core.digest import digest_of
from cspdecl.core.live import LiveSubscription, Status
from cspdecl.core.operation import Guard, LineContext, Operation, PriceDelta, Promised, Reason
from cspdecl.core.plain import to_plain


@dataclass(slots=True)
class Sequence:
    """The operations of one customer so far, in order. `first` are needed by everything that is bought."""

    last_hashes: Mapping[Address, str]
    operations: list[Operation] = field(default_factory=list)
    first: list[str] = field(default_factory=list)

    def add(
        self,
        address: Address,
        action: Action,
        *,
        reason: Reason,
        guard: Guard,
        context: LineContext,
        requires: tuple[str, ...] = (),
        not_after: datetime | None = None,
        preview: PriceDelta | None = None,
        origin: Origin | None = None,
        promised: Promised | None = None,
    ) -> str:
        """Append one operation and answer its id."""
        ident = operation_id(address, action, guard, self.last_hashes.get(address, ""))
        self.operations.append(
            Operation(
                id=ident,
                address=address,
                action=action,
                reason=reason,
                requires=requires,
                guard=guard,
                context=context,
                not_after=not_after,
                preview=preview,
                origin=origin,
                promised=promised,
            )
        )
        return ident


def operation_id(address: Address, action: Action, guard: Guard, last_hash: str) -> str:
    """What identifies an operation: planning an unchanged state again gives the same id, doing it again another."""
    return digest_of([str(address), to_plain(action), to_plain(guard), last_hash])


def purchase_mark(address: Address, action: Purchase, guard: Guard, last_hash: str) -> str:
    """Eight digits that tell this purchase from every other, for the name that travels into order and subscription."""
    unnamed = replace(action, nickname="", unit_price=None)
    return operation_id(address, unnamed, guard, last_hash)[:8]


def guard_of(live: LiveSubscription, tenant: str) -> Guard:
    """What a running subscription looks like before the first operation."""
    return Guard(
        tenant=tenant,
        subscription=live.id,
        offer=live.offer,
        seats=live.seats,
        term=live.term,
        billing=live.billing,
        status=live.status,
        end_of_term=live.end_of_term,
        scheduled=live.scheduled,
        check_scheduled=True,
        term_ends=live.term_ends,
    )


def guard_after(guard: Guard, action: Action) -> Guard:
    """What an action leaves. Whether a schedule survives it is not promised (contract §13.1), so it is not compared."""
    match action:
        case SetSeats():
            # an explicit end of term is a scheduled action too, and may be gone afterwards
            ending = guard.end_of_term if guard.end_of_term == "renew" else None
            return replace(guard, seats=action.after, end_of_term=ending, scheduled=None, check_scheduled=False)
        case SetEndOfTerm():
            return replace(guard, end_of_term=action.after, scheduled=None, check_scheduled=False)
        case ScheduleRenewal():
            return replace(guard, scheduled=action.next, check_scheduled=True)
        case ClearSchedule():
            return replace(guard, scheduled=None, check_scheduled=True)
        case Transition() if action.full:
            # the subscription itself is the other offer now; a trial begins a term with it (contract §13.7)
            return replace(
                guard, offer=action.target, seats=action.seats, scheduled=None, check_scheduled=False,
                term=action.term or guard.term, billing=action.billing or guard.billing,
                term_ends=None if action.trial else guard.term_ends,
                end_of_term=guard.end_of_term if guard.end_of_term == "renew" and not action.trial else None,
            )  # fmt: skip
        case Transition():
            ending = guard.end_of_term if guard.end_of_term == "renew" else None
            left = None if guard.seats is None else guard.seats - action.seats
            return replace(guard, seats=left, end_of_term=ending, scheduled=None, check_scheduled=False)
        case Purchase():
            return Guard(
                tenant=guard.tenant,
                offer=action.offer,
                seats=action.seats,
                term=action.term,
                billing=action.billing,
                end_of_term="renew",
            )
        case Suspend() | Resume():
            # auto-renew goes off with a suspension and stays off (contract §13.1)
            status = Status.SUSPENDED if isinstance(action, Suspend) else Status.ACTIVE
            return replace(guard, status=status, end_of_term=None, scheduled=None, check_scheduled=False)
        case ChangeTerm():
            ending = guard.end_of_term if guard.end_of_term == "renew" else None
            return replace(
                guard, term=action.term, billing=action.billing, term_ends=None, end_of_term=ending, scheduled=None,
                check_scheduled=False,
            )  # fmt: skip
        case Cancel():
            return guard
        case _:
            return replace(guard, scheduled=None, check_scheduled=False)
