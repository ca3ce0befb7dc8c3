"""Lines that name other lines: an add-on its base, a first term the line it ends with. Judged when all are known."""

from __future__ import annotations

from cspdecl.core.address import Address
from cspdecl.manifest.bundles import CIRCLES
from cspdecl.manifest.gate import suggestion
from cspdecl.manifest.subscription import Making, Reference

_WANTS = {"addonOf": "an add-on belongs to a subscription of this customer's", "customTermEnd": "only a term ends"}


def check_references(making: Making) -> None:
    """Every reference leads to another subscription of the customer, and none in a circle back to itself.

    What is wrong with a bundle by itself was said where the bundle is, and not again for each customer.
    """
    if not making.references:
        return
    subscriptions = {item.address for item in making.subscriptions}
    links: dict[str, dict[Address, Address]] = {"addonOf": {}, "customTermEnd": {}}
    for reference in making.references:
        links[reference.key][reference.source] = reference.target
    for reference in making.references:
        if reference.target.path[0] in making.unresolved:
            continue
        if reference.shared and reference.target in subscriptions:
            continue
        if reference.target not in subscriptions:
            _missing(making, reference, subscriptions)
        elif reference.target == reference.source:
            making.context.error(
                "CSP255",
                f"`{_name(reference.source)}` names itself",
                reference.origin,
                address=reference.source,
                hint="name the line it goes with",
            )
        else:
            _check_circle(making, reference, links[reference.key])


def _missing(making: Making, reference: Reference, subscriptions: set[Address]) -> None:
    target, others = reference.target, sorted(item for item in subscriptions if item != reference.source)
    below = [item for item in others if item.path[: len(target.path)] == target.path]
    services = {item.address for item in making.services}
    if target in services:
        message = f"`{_name(target)}` is a service of your own: {_WANTS[reference.key]}"
    elif any(item.address == target for item in making.azure_plans):
        message = f"`{_name(target)}` is an Azure plan: {_WANTS[reference.key]}"
    elif below:
        message = f"`{_name(target)}` is a bundle: {_WANTS[reference.key]}"
    elif not reference.shared:
        message = f"this customer has no line `{_name(target)}`"
    else:
        message = f"`{_name(reference.source)}` goes with `{_name(target)}`, which this customer does not have"
    making.context.error(
        "CSP255",
        message,
        reference.origin,
        address=reference.source,
        hint=f"name one of its components: {', '.join(f'`{_name(item)}`' for item in below)}"
        if below
        else suggestion(_name(target), [_name(item) for item in others]),
    )


def _check_circle(making: Making, reference: Reference, links: dict[Address, Address]) -> None:
    seen = [reference.source]
    here: Address | None = reference.target
    while here is not None and here not in seen:
        seen.append(here)
        here = links.get(here)
    if here == reference.source:
        what, hint = CIRCLES[reference.key]
        making.context.error(
            "CSP256",
            f"`{_name(here)}` {what}, by way of {' and '.join(map(_name, seen[1:]))}",
            reference.origin,
            address=reference.source,
            hint=hint,
        )


def _name(address: Address) -> str:
    return "/".join(address.path)
