"""How many seats are allowed, and how many subscriptions: the offer's limits, the customer's pool, the sandbox."""

from __future__ import annotations

from cspdecl.commerce.policy import BUSINESS_FAMILY_SEATS, SANDBOX_SEATS, SANDBOX_SUBSCRIPTIONS
from cspdecl.commerce.values import Setting
from cspdecl.commerce.words import counted, seats
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, warning
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
    pooled = _sandbox(spec, setting) or _pool(spec, setting)
    if pooled is not None:
        return pooled
    if live is not None and live.policy.max_seats is not None and spec.seats > live.policy.max_seats:
        most = live.policy.max_seats
        return _refuse(
            spec, "CSP330", f"{seats(spec.seats)} are more than this subscription's maximum of {most}",
            f"at most {most}", _split_hint(spec, most, setting),
        )  # fmt: skip
    return None


def check_limits(spec: SubscriptionSpec, setting: Setting) -> Diagnostic | None:
    """Whether one more subscription may be had: in the sandbox at all (contract §20), of this offer by the offer matrix
    (AssetOwnershipLimit; contract §9). A purchase, a trial and an upgrade of some seats each make one."""
    if setting.environment == "sandbox" and setting.running >= SANDBOX_SUBSCRIPTIONS:
        return error(
            "CSP332",
            f"the sandbox allows {SANDBOX_SUBSCRIPTIONS} subscriptions a customer, and {setting.running} are taken",
            origin=spec.origin,
            address=str(spec.address),
            hint="cancel one inside its window, or try this line at another sandbox customer",
        )
    offer = setting.offer
    if offer is None or offer.max_subscriptions is None or setting.of_offer < offer.max_subscriptions:
        return None
    most = counted(offer.max_subscriptions, "subscription")
    when = "in its whole life" if offer.max_subscriptions_ever else "at one time"
    return error(
        "CSP357",
        f"a customer may have {most} of {spec.offer} {when}, and has {setting.of_offer}",
        origin=spec.origin.at("offer"),
        address=str(spec.address),
        label="cancelled ones count until they are gone for good",
        hint="add the seats to a line that runs already; those of one offer are one pool anyway",
    )


def warn_family(spec: SubscriptionSpec, setting: Setting) -> Diagnostic | None:
    """That Basic, Standard and Premium together are more than the licence terms allow, though each may be."""
    if setting.family_seats is None or setting.family_seats + spec.seats <= BUSINESS_FAMILY_SEATS:
        return None
    total = setting.family_seats + spec.seats
    return warning(
        "CSP331",
        f"{total} seats of Microsoft 365 Business plans together are more than the licence terms' "
        f"{BUSINESS_FAMILY_SEATS}",
        origin=spec.origin.at("seats"),
        address=str(spec.address),
        label="Basic, Standard and Premium count together; the provider checks each of them by itself",
        hint="move the seats above to an Enterprise plan",
    )


def _split_hint(spec: SubscriptionSpec, most: int, setting: Setting) -> str:
    offer = setting.offer
    rest, name = spec.seats - most, spec.address.name
    if offer is not None and offer.max_subscriptions is not None and setting.of_offer >= offer.max_subscriptions:
        return f"say `seats: {most}` or less"
    return (
        f"say `seats: {most}` here and give the rest a line of its own: "
        f'`{{name: {name}-2, offer: "{spec.offer}", seats: {rest}}}`'
    )


def _sandbox(spec: SubscriptionSpec, setting: Setting) -> Diagnostic | None:
    # contract §20 (test-and-debug page, 2023-10)
    if setting.environment != "sandbox" or spec.seats <= SANDBOX_SEATS:
        return None
    if setting.offer is not None and setting.offer.min_seats > SANDBOX_SEATS:
        return _refuse(
            spec,
            "CSP332",
            f"{spec.offer} is sold from {setting.offer.min_seats} seats on, and the sandbox allows {SANDBOX_SEATS}",
            f"at most {SANDBOX_SEATS} in the sandbox",
            "it cannot be had in the sandbox: try another offer there",
        )
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
