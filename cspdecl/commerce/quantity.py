"""How many seats are allowed: the offer's minimum and maximum, the customer's pool, the sandbox."""

from __future__ import annotations

from cspdecl.commerce.policy import SANDBOX_SEATS
from cspdecl.commerce.values import Setting
from cspdecl.commerce.words import seats
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.live import LiveSubscription


def check_quantity(spec: SubscriptionSpec, live: LiveSubscription | None, setting: Setting) -> Diagnostic | None:
    """A refusal with the allowed range, or None. Seats that already run are never refused, only new ones."""
    offer, running = setting.offer, live.seats if live else 0
    least = max(live.policy.min_seats if live else 1, offer.min_seats if offer else 1)
    if spec.seats < least and spec.seats != running:
        return _refuse(
            spec,
            "CSP330",
            f"{seats(spec.seats)} of {spec.offer} are fewer than its minimum of {least}",
            f"at least {least}",
            f"say `seats: {least}` or more, or `absent: true` to cancel",
        )
    if spec.seats <= running:
        return None
    if live is not None and live.policy.max_seats is not None and spec.seats > live.policy.max_seats:
        most = live.policy.max_seats
        return _refuse(
            spec, "CSP330", f"{seats(spec.seats)} are more than this subscription's maximum of {most}",
            f"at most {most}", f"say `seats: {most}` or less",
        )  # fmt: skip
    return _sandbox(spec, setting) or _pool(spec, setting)


def _sandbox(spec: SubscriptionSpec, setting: Setting) -> Diagnostic | None:
    # contract §20 (test-and-debug page, 2023-10)
    if setting.environment != "sandbox" or spec.seats <= SANDBOX_SEATS:
        return None
    return _refuse(
        spec,
        "CSP332",
        f"the sandbox allows {SANDBOX_SEATS} seats a subscription, {spec.seats} are declared",
        f"at most {SANDBOX_SEATS} in the sandbox",
        f"say `seats: {SANDBOX_SEATS}` or less here; production has no such limit",
    )


def _pool(spec: SubscriptionSpec, setting: Setting) -> Diagnostic | None:
    # The maximum of a SKU is one pool for the customer: all subscriptions, all partners, all channels together
    # (pricing-and-offers page, 2023-10; contract §13.9). Other sellers' seats are invisible, so this is the least.
    offer = setting.offer
    if offer is None or offer.max_seats is None:
        return None
    left = offer.max_seats - setting.pooled_elsewhere
    if spec.seats <= left:
        return None
    if not setting.pooled_elsewhere:
        return _refuse(
            spec, "CSP331", f"{seats(spec.seats)} of {spec.offer} are more than its maximum of {offer.max_seats}",
            f"at most {offer.max_seats}",
            "the maximum holds for all subscriptions of this customer together, so splitting does not help",
        )  # fmt: skip
    return _refuse(
        spec,
        "CSP331",
        f"this customer may have {offer.max_seats} seats of {spec.offer} in all, and {setting.pooled_elsewhere} are "
        "on other subscriptions",
        f"{max(left, 0)} remain for this line",
        f"say `seats: {left}` or less; seats bought elsewhere count too, so it may be fewer"
        if left > 0
        else "nothing is left for this line: lower the others, or take a larger plan",
    )


def _refuse(spec: SubscriptionSpec, code: str, message: str, label: str, hint: str) -> Diagnostic:
    return error(code, message, origin=spec.origin.at("seats"), address=str(spec.address), label=label, hint=hint)
