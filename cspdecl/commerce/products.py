"""What is no licence subscription: software subscriptions and perpetual licences, with windows of their own.

Source: cancellation policy page, 2026-08, and orders pages, 2023-10 (contract §§11, 13.3; commerce facts §2.3). A
software subscription can be cancelled for seven days and gives back no seats before its renewal. A perpetual licence
can be given back whole for thirty days, against its full price; it has neither term nor renewal, and more of it is
another order. Plans of Red Hat and SUSE are never given back: the provider shows no window for them, which is
believed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from cspdecl.commerce.policy import RETURN_WINDOW
from cspdecl.commerce.values import Decision, Delta, Field, Setting, Step
from cspdecl.commerce.words import day, instant, seats
from cspdecl.core.action import Cancel
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import ProductKind
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Reason, Waiting
from cspdecl.core.terms import Term

# perpetual software: 30 calendar days from the purchase, full refund (policy page 2026-08; contract §13.3)
OWNED_WINDOW = timedelta(days=30)

#: What of a perpetual licence is compared at all: it has no term that ends, no renewal and no service to stop.
OWNED_FIELDS: frozenset[Field] = frozenset({"absent", "offer", "seats", "term", "billing"})


def window_of(product: ProductKind) -> timedelta:
    """How long a purchase can be given back whole."""
    return OWNED_WINDOW if product == "perpetual" else RETURN_WINDOW


def gives_seats_back(live: LiveSubscription) -> bool:
    """Whether single seats can be returned inside a window at all."""
    return live.product not in ("software", "perpetual")


def no_seats_back(spec: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    """`reduce: now` on what gives back no seats."""
    until = f"at its renewal on {day(live.term_ends)}" if live.term_ends else "at its renewal"
    return error(
        "CSP393",
        f"a software subscription gives back no seats before its renewal ({live.seats} run, {spec.seats} are declared)",
        origin=spec.origin.at("seats"),
        address=str(spec.address),
        label=f"they can go only {until}",
        hint="`reduce: now` is set; `reduce: auto` schedules them, or cancel it whole inside its 7 days and buy anew",
    )


def cancellation(live: LiveSubscription) -> Cancel:
    """How it is cancelled: a licence by its subscription, everything else by the order it came with."""
    if live.product == "license":
        return Cancel(seats=live.seats)
    return Cancel(seats=live.seats, product=live.product, order_id=live.order_id)


# ---- perpetual licences ----


def decide_owned(delta: Delta, live: LiveSubscription, setting: Setting) -> Decision | None:
    """The decision about a perpetual licence, None for anything else."""
    if live.product != "perpetual":
        return None
    spec = delta.spec
    if spec.absent:
        return _give_back(spec, live, setting)
    if spec.offer != live.offer or spec.term is not Term.ONCE:
        return _refused(live, _cannot_become(spec, live))
    if spec.seats > live.seats:
        return _refused(live, _more(spec, live))
    if spec.seats < live.seats:
        return _refused(live, _fewer(spec, live, _until(live, setting.now)))
    return Decision(symbol=" ", before=live.seats, after=live.seats)


def owned_words(now: datetime) -> str:
    """What buying for good means."""
    return f"all of it can be given back until {instant(now + OWNED_WINDOW)}, single seats cannot; nothing renews"


def wait_until_read(spec: SubscriptionSpec) -> Decision:
    """What is owned could not be read: nothing is bought or given back, since it may be there or be gone already."""
    text = "what the customer owns for good could not be read: none of it is bought or given back; plan again later"
    waiting = _waits(spec, "blocked", "CSP396", text)
    return Decision(symbol="?", waiting=(waiting,), notes=(text,))


def cannot_own(spec: SubscriptionSpec, setting: Setting) -> Waiting | None:
    """That a provider sells nothing for good: a person has to."""
    if spec.term is not Term.ONCE or Capability.PERPETUAL in setting.capabilities:
        return None
    text = f"buy {seats(spec.seats)} of {spec.offer} in the provider's portal: this provider cannot buy for good"
    return _waits(spec, "manual", "CSP360", text)


def _until(live: LiveSubscription, now: datetime) -> datetime | None:
    until = live.policy.cancel_until
    if until is None and live.policy.source != "api":
        until = live.created + OWNED_WINDOW
    return until if until is not None and until > now else None


def _give_back(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting) -> Decision:
    until = _until(live, setting.now)
    if until is None:
        text = f"{seats(live.seats)} were bought for good on {day(live.created)} and can no longer be given back"
        return _refused(
            live,
            error(
                "CSP395",
                text,
                origin=spec.origin.at("absent"),
                address=str(spec.address),
                hint="take the line out to stop managing them; they stay the customer's",
            ),
        )
    if Capability.PERPETUAL not in setting.capabilities:
        text = f"cancel the order in the provider's portal before {instant(until)}: this provider cannot"
        waiting = _waits(spec, "manual", "CSP360", text, until)
        return Decision(symbol="?", waiting=(waiting,), before=live.seats, after=live.seats, notes=(text,))
    reason = Reason(code="absent.window", text=f"`absent: true`, and it can be given back until {instant(until)}")
    return Decision(
        symbol="-",
        steps=(Step(action=cancellation(live), reason=reason, not_after=until),),
        before=live.seats,
        after=0,
        notes=(f"given back against the full price, which is possible until {instant(until)}",),
    )


def _more(spec: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    more = spec.seats - live.seats
    another = f'{{name: {spec.address.name}-2, offer: "{spec.offer}", seats: {more}, billing: one_time}}'
    return error(
        "CSP394",
        f"{seats(live.seats)} are owned and {spec.seats} are declared: more of what is bought for good is "
        "another order",
        origin=spec.origin.at("seats"),
        address=str(spec.address),
        hint=f"keep `seats: {live.seats}` here and add a line: `{another}`",
    )


def _fewer(spec: SubscriptionSpec, live: LiveSubscription, until: datetime | None) -> Diagnostic:
    how = f"all of them until {instant(until)} with `absent: true`" if until else "and no longer all of them either"
    return error(
        "CSP394",
        f"{seats(live.seats)} are owned and {spec.seats} are declared: single ones cannot be given back, {how}",
        origin=spec.origin.at("seats"),
        address=str(spec.address),
        hint=f"say `seats: {live.seats}`",
    )


def _cannot_become(spec: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    return error(
        "CSP394",
        f"what is owned stays what it is: {live.offer}, bought for good; {spec.offer} ({spec.term}) is declared",
        origin=spec.origin.at("offer"),
        address=str(spec.address),
        hint=f'say `offer: "{live.offer}"` with `billing: one_time`, and give the new one a line of its own',
    )


def _refused(live: LiveSubscription, why: Diagnostic) -> Decision:
    return Decision(symbol="?", diagnostics=(why,), before=live.seats, after=live.seats)


def _waits(
    spec: SubscriptionSpec, kind: Literal["blocked", "manual"], code: str, text: str, when: datetime | None = None
) -> Waiting:
    return Waiting(address=spec.address, kind=kind, code=code, text=text, when=when, origin=spec.origin)
