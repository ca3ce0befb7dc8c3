"""Buying what is declared and not there: only what the catalogue sells, only to whom may buy, never on a guess."""

from __future__ import annotations

from cspdecl.commerce.combos import check_combination
from cspdecl.commerce.policy import RETURN_WINDOW, SANDBOX_SUBSCRIPTIONS
from cspdecl.commerce.quantity import check_quantity
from cspdecl.commerce.values import Decision, Draft, Setting, Step
from cspdecl.commerce.words import listed, seats
from cspdecl.core.action import Purchase, SetEndOfTerm
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, note, warning
from cspdecl.core.operation import Reason, Waiting
from cspdecl.core.terms import add_months, at_midnight


def decide_purchase(spec: SubscriptionSpec, setting: Setting) -> Decision:
    """A purchase, what it waits for, or why it is refused. What is `absent` and not there needs nothing."""
    if spec.absent:
        return Decision(symbol=" ")
    draft = Draft()
    if setting.offer is None and setting.offer_state == "unread":
        text = f"{spec.offer} is to be bought, but the catalogue could not be asked about it; plan again later"
        draft.waiting.append(_blocked(spec, "CSP325", text))
        return _stuck(draft)
    offer = setting.offer
    if offer is None or not offer.terms:
        return Decision(symbol="?", diagnostics=(_not_sold(spec, offer),))
    refused = _unfit(spec, offer, setting)
    if refused is not None:
        return Decision(symbol="?", diagnostics=(refused,))
    waiting = _must_wait(spec, setting)
    if waiting is not None:
        draft.waiting.append(waiting)
        return _stuck(draft)
    return _buy(spec, offer, setting, draft)


def _buy(spec: SubscriptionSpec, offer: Offer, setting: Setting, draft: Draft) -> Decision:
    reason = Reason(code="purchase", text=f"{seats(spec.seats)} of {spec.offer} are declared and nothing runs for it")
    action = Purchase(
        offer=spec.offer,
        seats=spec.seats,
        term=spec.term,
        billing=spec.billing,
        nickname=spec.nickname or "",  # completed with the operation's mark when it is put in order
        segment=offer.segment,
        country="",
        unit_price=None,
    )
    draft.steps.append(Step(action=action, reason=reason))
    if spec.end_of_term not in (None, "renew") and _can_end(spec, setting, draft):
        # a new subscription renews unless told otherwise (contract §13.8)
        after = Reason(code=f"end_of_term.{spec.end_of_term}", text=f"`endOfTerm: {spec.end_of_term}` is declared")
        draft.steps.append(Step(action=SetEndOfTerm(before="renew", after=spec.end_of_term), reason=after))
    if setting.agreement == "unknown":
        draft.diagnostics.append(
            note(
                "CSP353",
                "whether the customer has accepted the agreement could not be asked; without it the provider refuses "
                "the purchase",
                origin=spec.origin,
                address=str(spec.address),
                hint="give the provider user credentials (`auth.user`) to have it checked before",
            )
        )
    if offer.addon and offer.prerequisites and not setting.held & set(offer.prerequisites):
        draft.diagnostics.append(_needs_base(spec, offer))
    ends = at_midnight(add_months(setting.now.date(), spec.term.months))
    return Decision(
        symbol="+",
        steps=tuple(draft.steps),
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        before=0,
        after=spec.seats,
        added=spec.seats,
        added_until=setting.now + RETURN_WINDOW,
        owed_until=ends,
        assumed=True,
    )


def _needs_base(spec: SubscriptionSpec, offer: Offer) -> Diagnostic:
    # Without the base the cart answers 400041 and buys nothing (contract §9, 2023-10); another seller's base counts
    # and is invisible here, so this is a warning.
    bases = listed([str(key) for key in offer.prerequisites])
    return warning(
        "CSP335",
        f"{spec.offer} is an add-on to {bases}, and this customer has none of it from here",
        origin=spec.origin.at("offer"),
        address=str(spec.address),
        hint="without the base the provider refuses the purchase: declare it as a line of this customer",
    )


def _can_end(spec: SubscriptionSpec, setting: Setting, draft: Draft) -> bool:
    needed = Capability.EXTEND_AT_END if spec.end_of_term == "extend" else Capability.CANCEL_AT_DATE
    if needed in setting.capabilities:
        return True
    text = (
        f"once it is bought, set “{spec.end_of_term} at the end of the term” in the provider's portal: this provider "
    )
    draft.waiting.append(
        Waiting(address=spec.address, kind="manual", code="CSP360", text=text + "cannot", origin=spec.origin)
    )
    return False


def _not_sold(spec: SubscriptionSpec, offer: Offer | None) -> Diagnostic:
    why = "is no longer for sale" if offer is not None else "is not sold in this market"
    return error(
        "CSP324",
        f"{spec.offer} {why}",
        origin=spec.origin.at("offer"),
        address=str(spec.address),
        label="nothing of it runs at this customer, and it cannot be bought",
        hint="choose an offer that is sold, or `id:` where it already runs under another line",
    )


def _unfit(spec: SubscriptionSpec, offer: Offer, setting: Setting) -> Diagnostic | None:
    if offer.trial:
        # A trial becomes a paid year by itself (contract §13.2, 2023-10): starting one is a spending decision.
        return error(
            "CSP345",
            f"{spec.offer} is a trial, and starting trials is not supported yet",
            origin=spec.origin.at("offer"),
            address=str(spec.address),
            hint="declare the paid offer, or start the trial in the provider's portal",
        )
    refused = check_combination(spec, offer) or check_quantity(spec, None, setting)
    if refused is not None:
        return refused
    if setting.environment == "sandbox" and setting.running >= SANDBOX_SUBSCRIPTIONS:
        return error(
            "CSP332",
            f"the sandbox allows {SANDBOX_SUBSCRIPTIONS} subscriptions a customer, and {setting.running} are taken",
            origin=spec.origin,
            address=str(spec.address),
            hint="cancel one inside its window, or try this line at another sandbox customer",
        )
    return None


def _must_wait(spec: SubscriptionSpec, setting: Setting) -> Waiting | None:
    if setting.agreement == "none":
        # error 13605: no order succeeds before somebody accepted (contract §7, 2026-01)
        text = f"{seats(spec.seats)} of {spec.offer} wait until the customer has accepted Microsoft's agreement"
        return _blocked(spec, "CSP350", text)
    if setting.blocked is not None:
        return _blocked(spec, "CSP351", f"the provider refuses purchases for this customer: {setting.blocked}")
    return None


def _blocked(spec: SubscriptionSpec, code: str, text: str) -> Waiting:
    return Waiting(address=spec.address, kind="blocked", code=code, text=text, origin=spec.origin)


def _stuck(draft: Draft) -> Decision:
    waiting = tuple(draft.waiting)
    return Decision(symbol="?", waiting=waiting, notes=tuple(item.text for item in waiting))
