"""Which promotion a purchase is expected to get, and when it is better not made.

The provider silently sells at the list price when a condition is missed (contract §9.1, promotions page, 2023-10). A
promotion that is insisted on is therefore required or nothing is bought; one that just does not fit is said.
"""

from __future__ import annotations

from cspdecl.commerce.promotions import best, cut_off, discount_words, left_after, named, why_not
from cspdecl.commerce.values import Draft, Setting
from cspdecl.commerce.words import listed, seats
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, note, warning
from cspdecl.core.inquiry import PromotionOffer, Promotions, Unanswered
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Waiting


def expect_promotion(spec: SubscriptionSpec, setting: Setting, draft: Draft) -> PromotionOffer | None:
    """The promotion a purchase must be given, or None for the list price; what stands against it goes to the draft."""
    found = setting.promotions
    if isinstance(found, Promotions):
        found = left_after(found, setting.promised, spec.seats)
    if spec.promotion is not None:
        return _insisted(spec, spec.promotion, found, draft)
    if isinstance(found, Unanswered):
        draft.diagnostics.append(
            note(
                "CSP369",
                f"whether a promotion applies could not be asked ({found.reason}): it may be cheaper than the list",
                origin=spec.origin,
                address=str(spec.address),
            )
        )
    if not isinstance(found, Promotions):
        return None
    expected = best(found)
    missed = cut_off(found, spec.seats)
    if expected is None and missed is not None:
        draft.diagnostics.append(_over_cap(spec, missed))
    if expected is not None:
        draft.notes.append(f"{discount_words(expected)}; the provider must confirm it, or nothing is bought")
    return expected


def check_increase(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft) -> None:
    """More seats on a subscription that has a promotion: beyond its cap the provider answers with an error.

    contract §9.1 (2023-10): what is over the cap belongs in a second subscription, at the list price.
    """
    more = spec.seats - live.seats
    if more <= 0 or live.promotion is None or not isinstance(setting.promotions, Promotions):
        return
    promotion = named(setting.promotions, live.promotion)
    left = promotion.remaining if promotion is not None else None
    if promotion is None or left is None or left >= more:
        return
    keep = live.seats + max(left, 0)
    draft.diagnostics.append(
        error(
            "CSP368",
            f"{seats(more)} more are over the cap of promotion {live.promotion}, which leaves {left}",
            origin=spec.origin.at("seats"),
            address=str(spec.address),
            label="the provider refuses more seats on this subscription; the cap counts seats of all partners",
            hint=f"say `seats: {keep}` here and buy the rest in a line of its own, at the list price: "
            f'`{{name: {spec.address.name}-2, offer: "{spec.offer}", seats: {spec.seats - keep}}}`',
        )
    )


def _insisted(
    spec: SubscriptionSpec, wanted: str, found: Promotions | Unanswered | None, draft: Draft
) -> PromotionOffer | None:
    if not isinstance(found, Promotions):
        why = f" ({found.reason})" if isinstance(found, Unanswered) else ""
        text = f"whether promotion {wanted} applies could not be asked{why}: nothing is bought without it; plan again"
        draft.waiting.append(
            Waiting(address=spec.address, kind="blocked", code="CSP369", text=text, origin=spec.origin)
        )
        return None
    promotion = named(found, wanted)
    if promotion is not None and promotion.eligible:
        draft.notes.append(f"{discount_words(promotion)}; without it nothing is bought")
        return promotion
    draft.diagnostics.append(_not_eligible(spec, wanted, promotion, found))
    return None


def _not_eligible(
    spec: SubscriptionSpec, wanted: str, promotion: PromotionOffer | None, found: Promotions
) -> Diagnostic:
    others = [item.id for item in found.offers if item.eligible]
    instead = f"say `promotion: {listed(others)}`, or " if others else ""
    return error(
        "CSP368",
        f"promotion {wanted} does not apply to {seats(spec.seats)} of {spec.offer} {spec.term}/{spec.billing}",
        origin=spec.origin.at("promotion"),
        address=str(spec.address),
        label=why_not(promotion) if promotion is not None else "the provider has no such promotion for it",
        hint=f"{instead}take `promotion` out to buy at the list price",
    )


def _over_cap(spec: SubscriptionSpec, missed: PromotionOffer) -> Diagnostic:
    left, rest = missed.remaining or 0, spec.seats - (missed.remaining or 0)
    name = spec.address.name
    return warning(
        "CSP369",
        f"{seats(spec.seats)} are more than the {left} that promotion {missed.id} leaves, so all are at the list price",
        origin=spec.origin.at("seats"),
        address=str(spec.address),
        label="its cap counts the seats of all partners",
        hint=f'split it: `{{name: {name}, offer: "{spec.offer}", seats: {left}}}` gets '
        f'{discount_words(missed)}, `{{name: {name}-2, offer: "{spec.offer}", seats: {rest}}}` the list price',
    )
