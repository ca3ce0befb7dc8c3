"""Buying what is declared and not there: only what the catalogue sells, only to whom may buy, never on a guess."""

from __future__ import annotations

from datetime import date, timedelta

from cspdecl.commerce.after_purchase import schedule_after_purchase
from cspdecl.commerce.circumstances import not_in_segment, refused_by_circumstances, waits_for_circumstances
from cspdecl.commerce.combos import check_combination
from cspdecl.commerce.decide_addon import check_addon
from cspdecl.commerce.decide_coterm import buy_before, decide_custom_end
from cspdecl.commerce.decide_promotion import expect_promotion
from cspdecl.commerce.decide_trial import as_sold, check_trial, renews_to_term, trial_ends, trial_steps
from cspdecl.commerce.policy import RETURN_WINDOW
from cspdecl.commerce.products import cannot_own, owned_words
from cspdecl.commerce.quantity import check_limits, check_quantity, warn_family
from cspdecl.commerce.values import Decision, Draft, Setting, Step
from cspdecl.commerce.words import listed, seats
from cspdecl.core.action import Purchase, SetEndOfTerm
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, note
from cspdecl.core.inquiry import PromotionOffer
from cspdecl.core.operation import Reason, Waiting
from cspdecl.core.terms import Term, at_midnight, term_end


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
        elsewhere = not_in_segment(spec, setting.segment) if offer is None else None
        return Decision(symbol="?", diagnostics=(elsewhere or _not_sold(spec, offer),))
    spec = as_sold(spec, offer)
    refused = _unfit(spec, offer, setting)
    if refused is not None:
        return Decision(symbol="?", diagnostics=(refused,))
    waiting = must_wait(spec, setting)
    if waiting is not None:
        draft.waiting.append(waiting)
        return _stuck(draft)
    owned = cannot_own(spec, setting)
    if owned is not None:
        draft.waiting.append(owned)
        return _stuck(draft)
    if spec.trial and Capability.TRIALS not in setting.capabilities:
        text = f"start the trial of {spec.offer} in the provider's portal: this provider cannot"
        draft.waiting.append(Waiting(address=spec.address, kind="manual", code="CSP360", text=text, origin=spec.origin))
        return _stuck(draft)
    custom_end = decide_custom_end(spec, offer, setting, draft)
    promotion = None if spec.trial else expect_promotion(spec, setting, draft)
    last = custom_end or usual_end(spec, setting)
    check_addon(spec, offer, setting, draft, ends=last)
    if draft.waiting or draft.refused:
        return _stuck(draft)
    return _buy(spec, offer, setting, draft, custom_end=custom_end, promotion=promotion)


def usual_end(spec: SubscriptionSpec, setting: Setting) -> date:
    """The last day of the first term of something bought now, where it is given no other."""
    if spec.trial:
        return trial_ends(setting.now).date() - timedelta(days=1)
    return term_end(setting.now.date(), spec.term)


def _buy(
    spec: SubscriptionSpec, offer: Offer, setting: Setting, draft: Draft, *, custom_end: date | None,
    promotion: PromotionOffer | None,
) -> Decision:  # fmt: skip
    reason = Reason(code="purchase", text=f"{seats(spec.seats)} of {spec.offer} are declared and nothing runs for it")
    reseller = setting.reseller if setting.model == "indirect-provider" else None
    action = Purchase(
        offer=spec.offer,
        seats=spec.seats,
        term=spec.term,
        billing=spec.billing,
        nickname=spec.nickname or "",  # completed with the operation's mark when it is put in order
        segment=offer.segment,
        country="",
        unit_price=None,
        product=offer.product,
        custom_end=custom_end,
        promotion=promotion.id if promotion is not None else None,
        trial=spec.trial,
        renews_to=renews_to_term(spec) if spec.trial else None,
        attested=spec.attested,
        reseller=reseller.partner_id if reseller else None,
        additional_resellers=reseller.additional if reseller else (),
        reseller_attested=reseller.attested if reseller else False,
    )
    not_after = buy_before(spec, setting) if custom_end is None else None
    draft.steps.append(Step(action=action, reason=reason, not_after=not_after))
    if custom_end is not None:
        draft.notes.append(
            f"its first term ends on {custom_end}, the next one is full; the first charge is an estimate"
        )
    if spec.trial:
        trial_steps(spec, offer, setting, draft)
    owned = spec.term is Term.ONCE
    if owned:
        draft.notes.append(owned_words(setting.now))
    if reseller is not None:
        draft.notes.append(f"sold by reseller {listed([reseller.partner_id, *reseller.additional], final='and')}")
    if not owned and spec.end_of_term not in (None, "renew") and _can_end(spec, setting, draft):
        # a new subscription renews unless told otherwise (contract §13.8)
        after = Reason(code=f"end_of_term.{spec.end_of_term}", text=f"`endOfTerm: {spec.end_of_term}` is declared")
        draft.steps.append(Step(action=SetEndOfTerm(before="renew", after=spec.end_of_term), reason=after))
    last = custom_end or usual_end(spec, setting)
    schedule_after_purchase(spec, setting, draft, last=last)
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
    family = warn_family(spec, setting)
    draft.diagnostics += [family] if family is not None else []
    return Decision(
        symbol="+",
        steps=tuple(draft.steps),
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        before=0,
        after=spec.seats,
        added=0 if spec.trial or owned else spec.seats,
        added_until=None if spec.trial or owned else setting.now + RETURN_WINDOW,
        owed_until=None if owned else at_midnight(last + timedelta(days=1)),
        assumed=True,
        notes=tuple(draft.notes),
        promotion=promotion,
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
    return (
        check_trial(spec, offer)
        or check_combination(spec, offer)
        or check_quantity(spec, None, setting)
        or _unattested(spec, offer)
        or check_limits(spec, setting)
        or refused_by_circumstances(spec, setting)
    )


def _unattested(spec: SubscriptionSpec, offer: Offer) -> Diagnostic | None:
    # such as Windows 365 with Hybrid Benefit: the cart's line must carry the confirmation (contract §10, 2023-10)
    if not offer.attestation or spec.attested:
        return None
    return error(
        "CSP365",
        f"{spec.offer} is sold only to buyers who confirm something",
        origin=spec.origin.at("offer"),
        address=str(spec.address),
        label=f"read what {offer.title} asks for in the provider's portal",
        hint="say `attested: true` on the line once that is so",
    )


def must_wait(spec: SubscriptionSpec, setting: Setting) -> Waiting | None:
    """What every purchase waits for: the customer's agreement and circumstances, and the provider's readiness."""
    if setting.agreement == "none":
        # error 13605: no order succeeds before somebody accepted (contract §7, 2026-01)
        text = f"{seats(spec.seats)} of {spec.offer} wait until the customer has accepted Microsoft's agreement"
        return _blocked(spec, "CSP350", text)
    if setting.blocked is not None:
        return _blocked(spec, "CSP351", f"the provider refuses purchases for this customer: {setting.blocked}")
    return waits_for_circumstances(spec, setting)


def _blocked(spec: SubscriptionSpec, code: str, text: str) -> Waiting:
    return Waiting(address=spec.address, kind="blocked", code=code, text=text, origin=spec.origin)


def _stuck(draft: Draft) -> Decision:
    waiting = tuple(draft.waiting)
    return Decision(
        symbol="?", waiting=waiting, diagnostics=tuple(draft.diagnostics), notes=tuple(item.text for item in waiting)
    )
