"""What can be done to a running subscription in memory: suspend, resume, another term, an upgrade, a reseller."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cspdecl.core.action import ChangeTerm, RequestQualification, Transition
from cspdecl.core.catalog import OfferKey, OfferTerm
from cspdecl.core.inquiry import TransitionPath, Transitions
from cspdecl.core.live import LiveSubscription, Qualification, SeatLot, Status
from cspdecl.core.terms import at_midnight
from cspdecl.testing.buying import within
from cspdecl.testing.passage import TRIAL_BECOMES, WINDOW, cycle_end, months_on
from cspdecl.testing.script import Refused

if TYPE_CHECKING:
    from cspdecl.testing.world import State


def suspend(state: State, tenant: str, ident: str) -> None:
    """Stop the service: auto-renew goes off, what was scheduled is dropped (contract §13.1). Raises Refused."""
    item = _active(state, tenant, ident)
    ending = item.end_of_term if item.term_ends is None else "unset"
    state.put(tenant, replace(item, status=Status.SUSPENDED, end_of_term=ending, scheduled=None))


def resume(state: State, tenant: str, ident: str) -> None:
    """Start it again; auto-renew stays off. Raises Refused."""
    item = state.kept(tenant, ident)
    if item.status is not Status.SUSPENDED:
        raise Refused("not_suspended", f"it is {item.status}")
    if any("microsoft" in one.lower() for one in item.suspended_by):
        raise Refused("suspended_by_microsoft", "Microsoft suspended it")
    state.put(tenant, replace(item, status=Status.ACTIVE))


def change_term(state: State, tenant: str, ident: str, action: ChangeTerm) -> None:
    """A longer term from today on, which cannot be returned. Raises Refused."""
    item = _active(state, tenant, ident)
    sold = state.sold(item.offer)
    if item.trial or item.term is None or action.term.months <= item.term.months:
        raise Refused("800121", f"a running {item.term} cannot become {action.term}")
    if sold is None or OfferTerm(action.term, action.billing) not in sold.terms:
        raise Refused("800122", f"it is not sold as {action.term}/{action.billing}")
    if item.scheduled is not None:
        raise Refused("800120", "a change is scheduled for the renewal")
    start = at_midnight(state.now.date())
    ends = months_on(start, action.term.months)
    state.put(
        tenant,
        replace(
            item, term=action.term, billing=action.billing, term_started=start, term_ends=ends, custom_end=None,
            cycle_ends=cycle_end(start, action.billing, ends), policy=replace(item.policy, lots=(), cancel_until=None),
        ),
    )  # fmt: skip


def set_reseller(state: State, tenant: str, ident: str, partner: str) -> None:
    """Another reseller on record. Raises Refused."""
    known = state.resellers.get(partner)
    if known is None or not known.agreement_signed:
        raise Refused("800098", f"reseller {partner} may not be put on record")
    state.put(tenant, replace(_active(state, tenant, ident), reseller=partner))


def request_qualification(state: State, tenant: str, action: RequestQualification) -> None:
    """Ask for a qualification; it is in review until `State.advance` has let some days pass. Raises Refused."""
    if action.name == "nonprofit":
        raise Refused("qualification", "it cannot be asked for here")
    customer = state.customer(tenant)
    others = tuple(one for one in customer.qualifications or () if one.name != action.name)
    asked = Qualification(name=action.name, status="in-review")
    state.put_customer(replace(customer, qualifications=(*others, asked)))


# ---- upgrades ----


def paths_of(state: State, item: LiveSubscription) -> tuple[TransitionPath, ...]:
    """Where a subscription may be upgraded to: what was scripted, else what its offer names."""
    for asked, answer in state.said:
        if isinstance(answer, Transitions) and asked.kind == "transitions" and asked.subscription == item.id:
            return answer.paths
    sold = state.sold(item.offer)
    targets = sold.upgrades if sold else ()
    if item.trial and item.scheduled is not None:
        targets = tuple(dict.fromkeys((*targets, item.scheduled.offer)))
    return tuple(
        TransitionPath(offer=key, kinds=("transition_with_license_transfer",), item=f"{key}:PATH")
        for key in targets
        if state.sold(key) is not None
    )


def transition(state: State, tenant: str, ident: str, action: Transition) -> tuple[str, ...]:
    """Upgrade: the ids concerned, the one that has the new offer first. Raises Refused."""
    item = _active(state, tenant, ident)
    if not any(path.offer == action.target and path.kinds for path in paths_of(state, item)):
        raise Refused("no_path", f"{item.offer} cannot become {action.target}")
    if item.seats != action.before:
        raise Refused("seats", f"{item.seats} seats run, not {action.before}")
    if item.trial and action.seats < TRIAL_BECOMES:
        raise Refused("seats", f"a trial is converted with {TRIAL_BECOMES} seats or more")
    if action.into is not None:
        return _into(state, tenant, item, action)
    if action.full:
        return _whole(state, tenant, item, action)
    return _part(state, tenant, item, action)


def _whole(state: State, tenant: str, item: LiveSubscription, action: Transition) -> tuple[str, ...]:
    sold = _target(state, action.target, action.seats)
    lots = item.policy.lots
    if action.seats > item.seats:
        lots = (*lots, SeatLot(seats=action.seats - item.seats, returnable_until=state.now + WINDOW))
    changed = replace(
        item, offer=action.target, title=sold, seats=action.seats, scheduled=None, promotion=action.promotion,
        policy=replace(item.policy, lots=lots),
    )  # fmt: skip
    if item.trial:
        start = at_midnight(state.now.date())
        term, billing = action.term or item.term, action.billing or item.billing
        assert term is not None
        ends = months_on(start, term.months)
        changed = replace(
            changed, trial=False, term=term, billing=billing, term_started=start, term_ends=ends,
            cycle_ends=cycle_end(start, billing, ends), end_of_term="renew",
            policy=replace(item.policy, lots=(), cancel_until=None),
        )  # fmt: skip
    state.put(tenant, changed)
    return (item.id,)


def _part(state: State, tenant: str, item: LiveSubscription, action: Transition) -> tuple[str, ...]:
    """A new subscription with the same end and the source's window (contract §13.3, §13.7)."""
    sold = _target(state, action.target, action.seats)
    windows = [lot.returnable_until for lot in item.policy.lots]
    new = replace(
        item,
        id=state.fresh_id(),
        offer=action.target,
        title=sold,
        nickname="",
        seats=action.seats,
        created=state.now,
        term_started=at_midnight(state.now.date()),
        scheduled=None,
        promotion=action.promotion,
        order_id=state.fresh_id(),
        policy=replace(
            item.policy, lots=(SeatLot(seats=action.seats, returnable_until=max(windows)),) if windows else ()
        ),
    )
    left = item.seats - action.seats
    lots = tuple(replace(lot, seats=min(lot.seats, left)) for lot in item.policy.lots)
    state.put(tenant, replace(item, seats=left, scheduled=None, policy=replace(item.policy, lots=lots)))
    state.put(tenant, new)
    return (new.id, item.id)


def _into(state: State, tenant: str, item: LiveSubscription, action: Transition) -> tuple[str, ...]:
    target = _active(state, tenant, action.into or "")
    if target.offer != action.target or target.term is not item.term:
        raise Refused("target", "the target has another offer or another term")
    if target.policy.cancel_until is not None:
        raise Refused("target", "the target is inside its cancellation window")
    if target.term_ends is None or item.term_ends is None or target.term_ends < item.term_ends:
        raise Refused("target", "the target ends earlier")
    if target.seats != action.target_before:
        raise Refused("seats", f"the target has {target.seats} seats, not {action.target_before}")
    _target(state, action.target, target.seats + action.seats)
    left = item.seats - action.seats
    state.put(tenant, replace(target, seats=target.seats + action.seats, scheduled=None))
    gone = replace(item, seats=left or item.seats, scheduled=None, status=item.status if left else Status.DELETED)
    state.put(tenant, gone)
    return (target.id, item.id)


def _target(state: State, offer: OfferKey, seats: int) -> str:
    sold = state.sold(offer)
    if sold is None:
        raise Refused("not_for_sale", f"{offer} is not sold")
    within(sold, seats)
    return sold.title


def _active(state: State, tenant: str, ident: str) -> LiveSubscription:
    item = state.subscription(tenant, ident)
    if item.status is not Status.ACTIVE:
        raise Refused("not_active", f"it is {item.status}")
    return item
