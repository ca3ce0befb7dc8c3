"""Looking at a world in memory: a customer as read, whether an operation is done already, what is not as planned."""

from __future__ import annotations

from dataclasses import replace

from cspdecl.core.action import (
    AttestAgreement,
    BuyAzurePlan,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    CreateCustomer,
    Rename,
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
from cspdecl.core.live import CustomerAbsent, CustomerRef, LiveCustomer, LiveSubscription, ReadFailure, Status
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Receipt
from cspdecl.spi.provider import Call
from cspdecl.testing.world import State

#: Actions about the customer as a whole: there is no subscription to compare.
OF_THE_CUSTOMER = (CreateCustomer, AttestAgreement, UpdateProfile, SetBudget, RequestQualification, BuyAzurePlan)


def receipt_of(state: State, call: Call, *, order: str | None = None, inferred: bool = False) -> Receipt:
    """What an answer can be looked up by."""
    return Receipt(
        at=state.now, request_id=call.request_id, correlation_id=call.correlation_id, order_id=order, inferred=inferred
    )


def read_customer(state: State, ref: CustomerRef) -> LiveCustomer | CustomerAbsent | ReadFailure:
    """One customer, or why not."""
    fault = state.fault(("unreadable",), action="read", tenant=ref.tenant or "")
    if fault:
        return ReadFailure(key=ref.key, message=fault.text or "scripted: unreadable")
    if ref.tenant:
        found = state.customers.get(ref.tenant.lower())
        if found is None:
            return ReadFailure(key=ref.key, message="it is not one of our customers", permanent=True, stranger=True)
    else:
        found = by_domain(state, ref.domain or "")
        if found is None:
            return CustomerAbsent(key=ref.key, read_at=state.now)
    return shown(state, found, ref)


def shown(state: State, found: LiveCustomer, ref: CustomerRef) -> LiveCustomer:
    """A customer as a reading shows it: what costs a request of its own only where it is wanted."""
    owned = "licences" in ref.wanted
    return replace(
        found,
        key=ref.key,
        read_at=state.now,
        subscriptions=tuple(state.seen(item) for item in found.subscriptions if owned or item.product != "perpetual"),
        qualifications=found.qualifications if "qualifications" in ref.wanted else None,
        budget=found.budget if "budget" in ref.wanted else None,
        wanted=ref.wanted,
    )


def by_domain(state: State, domain: str) -> LiveCustomer | None:
    """A customer by its first domain."""
    return next((one for one in state.customers.values() if one.domain.lower() == domain.lower()), None)


def target_of(state: State, call: Call) -> LiveSubscription | None:
    """The subscription a call is about."""
    return state.subscription(call.tenant or "", call.subscriptions[-1]) if call.subscriptions else None


def is_so(state: State, operation: Operation, call: Call) -> bool:
    """Whether what an operation wants is so already."""
    action, item = operation.action, target_of(state, call)
    match action:
        case CreateCustomer(create=create):
            return by_domain(state, create.full_domain) is not None
        case AttestAgreement():
            return state.customer(call.tenant or "").agreement == "accepted"
        case UpdateProfile(after=profile):
            return state.customer(call.tenant or "").profile == profile
        case SetBudget(after=amount):
            return state.customer(call.tenant or "").budget == amount
        case RequestQualification(name=wanted):
            return any(one.name == wanted for one in state.customer(call.tenant or "").qualifications or ())
        case BuyAzurePlan() | Transition():
            return call.request_id in state.results
        case Cancel():
            return item is not None and not item.status.running
        case _ if item is None:
            return False
        case SetSeats(after=seats):
            return item.seats == seats
        case ScheduleRenewal(next=following):
            return item.scheduled == following
        case ClearSchedule():
            return item.scheduled is None
        case SetEndOfTerm(after=choice):
            return item.end_of_term == choice
        case Suspend():
            return item.status is Status.SUSPENDED
        case Resume():
            return item.status is Status.ACTIVE
        case ChangeTerm(term=term, billing=billing):
            return (item.term, item.billing) == (term, billing)
        case SetReseller(after=partner):
            return item.reseller == partner
        case Rename(after=name):
            return item.nickname == name
        case _:
            return False


def differs(state: State, operation: Operation, call: Call) -> str | None:
    """In what live state is not what the guard says; None where it is."""
    guard, item = operation.guard, target_of(state, call)
    if isinstance(operation.action, SetBudget):
        have = state.customer(call.tenant or "").budget
        return None if have == operation.action.before else f"the usage budget is {have}, not as planned"
    if isinstance(operation.action, OF_THE_CUSTOMER):
        return None
    if item is None:
        return "there is no such subscription"
    for name in ("offer", "seats", "term", "billing", "status", "end_of_term", "term_ends"):
        wanted = getattr(guard, name)
        if wanted is not None and getattr(item, name) != wanted:
            return f"{name} is {getattr(item, name)}, planned on {wanted}"
    if guard.check_scheduled and item.scheduled != guard.scheduled:
        return "what is scheduled for the renewal is not as planned"
    return None
