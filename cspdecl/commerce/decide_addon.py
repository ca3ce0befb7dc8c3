"""Add-ons: the base comes first and leaves last, and the seats of the two belong together.

Sources: new-commerce-add-ons page, 2023-10 (contract §9): an add-on is an offer of its own with a term and an end of
its own; without its base the cart refuses it (400041), and some ask for a share of the base's seats (10018, 10019).
"""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction

from cspdecl.commerce.values import Base, Draft, Setting
from cspdecl.commerce.windows import cancellable_until
from cspdecl.commerce.words import last_day, listed, seats
from cspdecl.core.catalog import Offer
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, note, warning
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Waiting

# Multi-Geo needs at least 5 % of the seats of all offers it is an add-on to (new-commerce-add-ons page, 2023-10;
# contract §9, commerce rules §5). No catalogue says this share, so it is told by the product's title.
_MULTI_GEO = re.compile(r"multi-?geo", re.IGNORECASE)
_MULTI_GEO_SHARE = Fraction(1, 20)


def minimum_addon_seats(base_seats: int, share: Fraction) -> int:
    """The fewest seats an add-on may have that needs `share` of its base's seats, rounded up, and one at least."""
    return max(1, -(-base_seats * share.numerator // share.denominator))


def documented_share(offer: Offer) -> Fraction | None:
    """The share of base seats that an add-on needs, where a paper says one."""
    return _MULTI_GEO_SHARE if offer.addon and _MULTI_GEO.search(offer.title) else None


def check_addon(spec: SubscriptionSpec, offer: Offer, setting: Setting, draft: Draft, *, ends: date) -> None:
    """What stands against buying an add-on, or is worth saying about it. `ends` is the last day of its first term."""
    if spec.addon_of is None:
        if offer.addon and offer.prerequisites and not setting.held & set(offer.prerequisites):
            draft.diagnostics.append(_needs_base(spec, offer))
    else:
        refused = _unfit_base(spec, offer, setting.base)
        if refused is not None:
            draft.diagnostics.append(refused)
            return
        if setting.base is not None:
            _about_end(spec, setting.base, draft, ends=ends)
    check_addon_seats(spec, offer, setting, draft)


def check_addon_seats(spec: SubscriptionSpec, offer: Offer | None, setting: Setting, draft: Draft) -> None:
    """Seats of an add-on beside those of its base: too few are refused where a share is known, more are doubtful."""
    share = documented_share(offer) if offer is not None else None
    if offer is not None and share is not None and setting.base_seats:
        least = minimum_addon_seats(setting.base_seats, share)
        if spec.seats < least:
            draft.diagnostics.append(
                error(
                    "CSP364",
                    f"{seats(spec.seats)} of {spec.offer} are fewer than the {least} that {setting.base_seats} seats "
                    "of its base plans need",
                    origin=spec.origin.at("seats"),
                    address=str(spec.address),
                    label=f"at least {float(share * 100):g} % of the seats of {_bases(offer)}",
                    hint=f"say `seats: {least}` or more",
                )
            )
            return
    base = setting.base
    if base is not None and not base.spec.absent and spec.seats > base.spec.seats:
        draft.diagnostics.append(
            warning(
                "CSP364",
                f"{seats(spec.seats)} of an add-on to `{base.spec.address.name}`, which has {base.spec.seats}",
                origin=spec.origin.at("seats"),
                address=str(spec.address),
                label="nobody can use an add-on without a seat of its base",
                hint=f"say `seats: {base.spec.seats}` here, or more for `{base.spec.address.name}`",
            )
        )


def warn_smaller_base(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft) -> None:
    """That a base gets fewer seats than an add-on to it keeps."""
    if spec.seats >= live.seats:
        return
    for addon in setting.addons:
        if not addon.spec.absent and addon.spec.seats > spec.seats:
            name = addon.spec.address.name
            draft.diagnostics.append(
                warning(
                    "CSP364",
                    f"{seats(spec.seats)} are fewer than the {addon.spec.seats} of its add-on `{name}`",
                    origin=spec.origin.at("seats"),
                    address=str(spec.address),
                    label="nobody can use an add-on without a seat of its base",
                    related=(addon.spec.origin.at("seats"),),
                    hint=f"say `seats: {spec.seats}` for `{name}` too",
                )
            )


def check_leaving_base(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting
) -> tuple[Diagnostic | None, Waiting | None]:
    """Whether a base may leave: not while an add-on to it stays, nor before one that is on its way out."""
    staying = [addon for addon in setting.addons if not addon.spec.absent]
    if staying:
        names = listed([f"`{addon.spec.address.name}`" for addon in staying], final="and")
        return (
            error(
                "CSP363",
                f"{names} {'is an add-on' if len(staying) == 1 else 'are add-ons'} to this line and would lose it",
                origin=spec.origin.at("absent"),
                address=str(spec.address),
                related=tuple(addon.spec.origin for addon in staying),
                hint="say `absent: true` there too: the add-on leaves first, then its base",
            ),
            None,
        )
    if cancellable_until(live, setting.now)[0] is None:
        return None, None
    for addon in setting.addons:
        gone = addon.live is None or cancellable_until(addon.live, setting.now)[0] is not None
        if not gone and addon.live is not None:
            when = addon.live.term_ends
            until = f" on {last_day(when)}" if when else ""
            text = (
                f"it stays until its add-on `{addon.spec.address.name}`, which can no longer be cancelled, ends{until}"
            )
            return None, Waiting(
                address=spec.address, kind="due", code="CSP363", text=text, when=when, origin=spec.origin
            )
    return None, None


def _unfit_base(spec: SubscriptionSpec, offer: Offer, base: Base | None) -> Diagnostic | None:
    name = spec.addon_of.name if spec.addon_of else ""
    if base is None or base.spec.absent:
        why = "is on its way out" if base is not None else "stands for no subscription of this customer"
        return _refuse(spec, f"`addonOf: {name}` {why}", "an add-on is bought only where its base is and stays",
                       f"keep `{name}`, or say `absent: true` here too")  # fmt: skip
    if offer.prerequisites and base.spec.offer not in offer.prerequisites:
        return _refuse(spec, f"{spec.offer} is no add-on to `{name}` ({base.spec.offer})",
                       f"it is one to {_bases(offer)}", f"name a line of {_bases(offer)} under `addonOf`")  # fmt: skip
    return None


def _about_end(spec: SubscriptionSpec, base: Base, draft: Draft, *, ends: date) -> None:
    """Ends that drift apart leave an add-on without its base, or pay for it alone."""
    if base.live is None or base.live.term_ends is None or spec.custom_end is not None:
        return
    if base.live.term == spec.term and last_day(base.live.term_ends) != ends.isoformat():
        draft.diagnostics.append(
            note(
                "CSP367",
                f"it would end on {ends}, its base `{base.spec.address.name}` on {last_day(base.live.term_ends)}",
                origin=spec.origin,
                address=str(spec.address),
                hint=f"say `customTermEnd: {{line: {base.spec.address.name}}}` to let both end on one day",
            )
        )


def _needs_base(spec: SubscriptionSpec, offer: Offer) -> Diagnostic:
    # Without the base the cart answers 400041 and buys nothing (contract §9, 2023-10); another seller's base counts
    # and is invisible here, so this is a warning.
    return warning(
        "CSP335",
        f"{spec.offer} is an add-on to {_bases(offer)}, and this customer has none of it from here",
        origin=spec.origin.at("offer"),
        address=str(spec.address),
        hint="without the base the provider refuses the purchase: declare it as a line of this customer",
    )


def _bases(offer: Offer) -> str:
    return listed([str(key) for key in offer.prerequisites])


def _refuse(spec: SubscriptionSpec, message: str, label: str, hint: str) -> Diagnostic:
    return error("CSP363", message, origin=spec.origin.at("addonOf"), address=str(spec.address), label=label, hint=hint)
