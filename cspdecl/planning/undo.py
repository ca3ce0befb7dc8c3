"""Whether an operation can be taken back by reverting the change that asked for it, and until when.

A revert is a change like any other: it can cancel or lower what is inside its window, undo what is only scheduled, and
nothing else. What is bought outlives the text that asked for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cspdecl.commerce.policy import RETURN_WINDOW, renewal_deadline
from cspdecl.commerce.products import window_of
from cspdecl.commerce.words import instant, last_day
from cspdecl.core.action import (
    Adopt,
    AttestAgreement,
    BookService,
    BuyAzurePlan,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    CreateCustomer,
    Forget,
    Purchase,
    Rebind,
    Rename,
    Reprice,
    RequestQualification,
    Resume,
    ScheduleRenewal,
    SetBudget,
    SetEndOfTerm,
    SetReseller,
    SetSeats,
    Suspend,
    Transition,
    UpdateProfile,
)
from cspdecl.core.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """`free`: a revert takes it back at no cost, as long as it has not come true (`until`, where known) · `window`: a
    revert takes it back until `until`, after that it is owed until `owed_until` · `never`: a revert takes nothing back.

    `text` says so in a sentence.
    """

    how: Literal["free", "window", "never"]
    text: str
    until: datetime | None = None
    owed_until: datetime | None = None


def undo_of(operation: Operation, *, now: datetime) -> Undo:
    """What a revert can take back of an operation that is sent at `now` (the provider's time).

    Windows are commerce's; which of them a provider grants is seen only once the thing is bought.
    """
    match operation.action:
        case Purchase() as action:
            return _bought(operation, action, now)
        case SetSeats(before=before, after=after):
            return _more(operation, now) if after > before else _fewer(operation)
        case ScheduleRenewal() | ClearSchedule() | SetEndOfTerm():
            return _before_renewal(operation)
        case BuyAzurePlan():
            return Undo(
                how="never",
                text="an Azure plan cannot be cancelled, only suspended while nothing in it is used; it commits to "
                "nothing by itself",
            )
        case Suspend():
            until = operation.not_after or _deadline(operation)
            by = f" until {instant(until)}" if until else ""
            return Undo(how="free", text=f"it can be resumed{by}; it stays billed meanwhile", until=until)
        case UpdateProfile(before=None):
            return Undo(how="never", text="what stood there before is not known, so a revert cannot write it back")
        case Resume() | UpdateProfile() | SetBudget() | SetReseller() | Rename():
            return Undo(how="free", text="a revert sets it back")
        case Adopt() | Forget() | Rebind():
            return Undo(how="free", text="only our own books change: a revert sets them back")
        case BookService() | Reprice():
            return Undo(how="free", text="a revert sets it back from that day on; what was charged until then stays")
        case Cancel():
            return Undo(
                how="never",
                text="what is cancelled does not come back: a revert buys it anew, at the price and for the term of "
                "that day",
            )
        case ChangeTerm():
            return _owed(operation, "a longer term cannot be shortened again")
        case Transition():
            return _owed(operation, "an upgrade cannot be undone")
        case CreateCustomer():
            return Undo(how="never", text="a customer that was created stays: a revert only stops managing it")
        case AttestAgreement():
            return Undo(how="never", text="that the agreement was accepted has been said for good")
        case RequestQualification():
            return Undo(how="never", text="a request for a qualification cannot be withdrawn")


_STRICTNESS = ("free", "window", "never")


def strictest(found: Iterable[Undo]) -> Undo:
    """Of several operations on one thing: the one that is hardest to take back, the earliest to end of those."""
    last = datetime.max.replace(tzinfo=UTC)
    return min(found, key=lambda undo: (-_STRICTNESS.index(undo.how), undo.until or last))


def effective_from(operation: Operation, *, now: datetime) -> datetime:
    """When an operation that is sent at `now` comes true: what is written for the renewal, with the renewal."""
    if isinstance(operation.action, ScheduleRenewal | ClearSchedule | SetEndOfTerm):
        return operation.guard.term_ends or operation.not_after or now
    return now


def _bought(operation: Operation, action: Purchase, now: datetime) -> Undo:
    """Taking a line out only stops managing what it bought: to be rid of it takes `absent: true`, inside the window."""
    if action.trial:
        return Undo(
            how="free",
            text="a trial costs nothing: it can be cancelled with `absent: true` until it ends (taking the line out "
            "only stops managing it)",
        )
    until = now + window_of(action.product)
    owed = _commitment_end(operation)
    paid = "paid for good" if action.product == "perpetual" else f"owed until {last_day(owed)}" if owed else "owed"
    return Undo(
        how="window",
        text=f"it can be cancelled with `absent: true` until {instant(until)} (taking the line out only stops managing "
        f"it), then it is {paid}",
        until=until,
        owed_until=owed,
    )


def _more(operation: Operation, now: datetime) -> Undo:
    until, owed = now + RETURN_WINDOW, _commitment_end(operation)
    then = f"owed until {last_day(owed)}" if owed else "owed until the term ends"
    return Undo(
        how="window",
        text=f"a revert takes the new seats back until {instant(until)}, then they are {then}",
        until=until,
        owed_until=owed,
    )


def _fewer(operation: Operation) -> Undo:
    until = operation.guard.term_ends
    by = f" until the term ends on {last_day(until)}" if until else ""
    return Undo(how="free", text=f"a revert buys the seats again, at the price of the running term{by}", until=until)


def _before_renewal(operation: Operation) -> Undo:
    until = operation.not_after or _deadline(operation)
    if until is None:
        return Undo(how="free", text="a revert takes it back until the renewal begins")
    return Undo(how="free", text=f"a revert takes it back until the renewal begins on {instant(until)}", until=until)


def _owed(operation: Operation, text: str) -> Undo:
    owed = _commitment_end(operation)
    return Undo(how="never", text=f"{text}; it is owed until {last_day(owed)}" if owed else text, owed_until=owed)


def _commitment_end(operation: Operation) -> datetime | None:
    known = operation.preview.commitment_until if operation.preview is not None else None
    return known or (None if isinstance(operation.action, Purchase | ChangeTerm) else operation.guard.term_ends)


def _deadline(operation: Operation) -> datetime | None:
    ends = operation.guard.term_ends
    return renewal_deadline(ends) if ends is not None else None
