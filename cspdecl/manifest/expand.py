"""A bundle line to its components: seats by ratio, prices, days, and what one customer has different."""

from __future__ import annotations

from datetime import date
from typing import Any

from cspdecl.core.address import Address
from cspdecl.core.desired import BundleInstance, BundleRef, Retired, ServiceSpec
from cspdecl.core.diagnostics import Origin
from cspdecl.manifest import v1_lines
from cspdecl.manifest.bundles import BundleVersion, seats_of
from cspdecl.manifest.context import Context
from cspdecl.manifest.gate import suggestion
from cspdecl.manifest.layers import TERM_KEYS
from cspdecl.manifest.selling import by_shape, prices
from cspdecl.manifest.subscription import Making, Piece, in_order, make_subscription
from cspdecl.manifest.timelines import Timeline, check_days, combined, either, mapped, over, timeline

_BY_COMPONENT = "for a bundle: say it for a component, under `overrides`"
_ALONE = {
    "id": "id",
    "nickname": "nickname",
    "upgrade": "upgrade",
    "addon_of": "addonOf",
    "promotion": "promotion",
    "attested": "attested",
}
_TRIAL = {"trial": "trial", "renews_to": "renewsTo"}
_SERVICE = {
    **TERM_KEYS,
    **_ALONE,
    "suspended": "suspended",
    "at_renewal": "atRenewal",
    "custom_term_end": "customTermEnd",
}


def compile_bundle_line(
    making: Making,
    line: v1_lines.SubscriptionLine,
    reference: str,
    seats: Timeline,
    absent: Timeline,
    begins: date | None,
    origin: Origin,
    address: Address,
    *,
    dated: bool,
) -> None:
    """Every component of the bundle that this customer has, and the bundle as it is sold to them."""
    context = making.context
    context.unwanted(line, _ALONE, origin, _BY_COMPONENT)
    context.unwanted(line, _TRIAL, origin, "for a bundle: a trial is a line of its own")
    if line.at_renewal is not None:
        several = type(line.at_renewal) is tuple
        for index, wire in enumerate(line.at_renewal if type(line.at_renewal) is tuple else (line.at_renewal,)):
            said = origin.at("atRenewal", index) if several else origin.at("atRenewal")
            keys = {"seats": "seats", "offer": "offer", "promotion": "promotion"}
            context.unwanted(wire, keys, said, _BY_COMPONENT)
    bundle = making.bundles.resolve(reference, origin.at("bundle"), address)
    if bundle is None:
        making.unresolved.add(line.name)
        return
    _check_adjustments(context, line, bundle, origin, address)
    components: list[Address] = []
    for part in bundle.parts:
        component = part.component
        if component.name in line.without:
            continue
        override = line.overrides.get(component.name)
        here = address.child(component.name)
        ref = BundleRef(name=bundle.name, version=bundle.written, component=component.name, instance=address)
        place = origin.at("overrides", component.name) if override else origin
        days = (check_days(context, override, place, here, begins) if override else False) or dated
        gone = either(absent, timeline(override.absent, place.at("absent")) if override else (None, ()))
        count = (0, ()) if gone == (True, ()) else _component_seats(context, component, override, seats, origin, here)
        of: Any = "service" if component.service is not None else "offer"
        sell = over(prices(context, override.sell, place, of=of), part.sell) if override else part.sell
        if gone != (True, ()):
            components.append(here)
        if component.service is not None:
            if override:
                context.unwanted(override, _SERVICE, place, "for a service of your own")
            making.services.append(
                ServiceSpec(
                    address=here,
                    service=component.service,
                    display_name=component.display_name,
                    quantity=count[0] or 0,
                    sell=by_shape(sell[0])[0],
                    absent=bool(gone[0]),
                    bundle=ref,
                    origin=origin,
                    bundle_origin=part.origin,
                    dated=in_order(seats=count[1], absent=gone[1], sell=sell[1]),
                    starts=begins,
                )
            )
        elif component.offer is not None:
            make_subscription(
                making,
                Piece(
                    address=here,
                    offer=component.offer,
                    seats=count,
                    absent=gone,
                    sell=sell,
                    own=override,
                    upper=(override, line),
                    lower=(component, bundle.spec),
                    places=(place, origin),
                    display_name=component.display_name,
                    origin=origin,
                    starts=begins,
                    bundle=ref,
                    bundle_origin=part.origin,
                    dated=days,
                ),
            )
    sell = over(prices(context, line.sell, origin, of="bundle"), bundle.sell)
    amount, relative = by_shape(sell[0])
    # a bundle that is absent has no seats; it has no `absent` of its own
    sold = combined(seats, absent, lambda count, gone: 0 if gone else count or 0)
    making.instances.append(
        BundleInstance(
            address=address,
            name=bundle.name,
            version=bundle.written,
            display_name=line.display_name or bundle.display_name,
            seats=sold[0],
            sell=amount,
            relative=relative,
            anchor=address.child(bundle.anchor),
            components=tuple(components),
            origin=origin,
            dated=in_order(seats=sold[1], sell=sell[1]) if sold[1] or sell[1] else (),
            starts=begins,
        )
    )
    for index, item in enumerate(bundle.spec.retired):
        making.retired.append(
            Retired(address=address.child(item.name), then=item.then, origin=bundle.origin.at("spec", "retired", index))
        )


def _component_seats(
    context: Context,
    component: v1_lines.Component,
    override: v1_lines.Override | None,
    seats: Timeline,
    origin: Origin,
    address: Address,
) -> Timeline:
    """What the override says; before that, and without it, the bundle's seats by the component's ratio."""
    own: Timeline = (None, ())
    if override and override.seats is not None:
        place = origin.at("overrides", component.name, "seats")
        own = timeline(override.seats, place)
        for value, here in ((own[0], place), *((item.value, item.origin) for item in own[1])):
            if value == 0:
                context.error(
                    "CSP224",
                    f"0 seats of `{component.name}`",
                    here,
                    address=address,
                    hint=f"`absent: true` cancels it; `without: [{component.name}]` never has it",
                )
        if own[0] is not None:
            return own
    ratio = mapped(
        seats, lambda count, place: seats_of(context, component, count, place or origin.at("seats"), address)
    )
    return over(own, ratio)


def _check_adjustments(
    context: Context, line: v1_lines.SubscriptionLine, bundle: BundleVersion, origin: Origin, address: Address
) -> None:
    """`overrides` and `without` name components that are there, once, and never take the anchor away."""
    names = [component.name for component in bundle.spec.components]
    for name in line.overrides:
        if name not in names:
            context.error(
                "CSP213",
                f"bundle `{bundle.name}` {bundle.written} has no component `{name}`",
                origin.at("overrides", name),
                key=True,
                address=address,
                hint=suggestion(name, names),
            )
    for index, name in enumerate(line.without):
        here = origin.at("without", index)
        if name not in names:
            context.error(
                "CSP213",
                f"bundle `{bundle.name}` {bundle.written} has no component `{name}`",
                here,
                address=address,
                hint=suggestion(name, names),
            )
        elif name in line.overrides:
            context.error(
                "CSP218",
                f"component `{name}` is both left out and changed",
                here,
                address=address,
                related=(origin.at("overrides", name),),
                hint="keep one of the two",
            )
    override = line.overrides.get(bundle.anchor)
    if bundle.anchor in line.without or (override and _ever(override.absent) and line.absent is not True):
        context.error(
            "CSP219",
            f"`{bundle.anchor}` is the anchor of bundle `{bundle.name}` and cannot be missing",
            origin.at("without") if bundle.anchor in line.without else origin.at("overrides", bundle.anchor),
            address=address,
            hint="the billing of the bundle counts the anchor's seats; sell the rest singly, "
            "or give the bundle another `anchor:`",
        )


def _ever(written: Any) -> bool:
    """Whether a flag is true now or on some day."""
    return any(getattr(item, "value", item) for item in written) if type(written) is tuple else bool(written)
