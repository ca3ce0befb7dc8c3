"""A customer's lines: an offer becomes a subscription, a service an entry of the book, a bundle both, by component."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import BundleInstance, BundleRef, Retired, SellRule, ServiceSpec, SubscriptionSpec
from cspdecl.core.diagnostics import Origin
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.manifest import v1
from cspdecl.manifest.bundles import Bundles, BundleVersion, seats_of
from cspdecl.manifest.context import Context
from cspdecl.manifest.gate import suggestion
from cspdecl.manifest.layers import CYCLES, TERM_KEYS, TERMS, check_combination, decided

_OWN_SERVICE = "for a service of your own"
_PROVIDER_KEYS = {"id": "id", "nickname": "nickname"}
_offer = functools.cache(OfferKey.parse)


@dataclass(slots=True, kw_only=True)
class Making:
    """One customer in the making."""

    context: Context
    bundles: Bundles
    key: str
    provider: str
    labels: Mapping[str, str]
    subscriptions: list[SubscriptionSpec] = field(default_factory=list)
    services: list[ServiceSpec] = field(default_factory=list)
    instances: list[BundleInstance] = field(default_factory=list)
    retired: list[Retired] = field(default_factory=list)


def compile_line(making: Making, line: v1.SubscriptionLine, origin: Origin) -> None:
    """One line of a customer's, added to what is in the making; its problems go to the context."""
    context, address = making.context, Address(making.key, (line.name,))
    given = [key for key in ("bundle", "offer", "service") if getattr(line, key) is not None]
    if len(given) != 1:
        context.error(
            "CSP215",
            f"`{line.name}` needs exactly one of `bundle`, `offer` and `service`",
            origin,
            address=address,
            hint=f"it has {' and '.join(given)}" if given else None,
        )
        return
    if line.seats is None and not line.absent:
        context.error(
            "CSP223",
            "`seats` is missing",
            origin,
            address=address,
            hint="how many there shall be in all; `absent: true` ends a subscription instead",
        )
    elif line.seats == 0 and not line.absent:
        context.error(
            "CSP224",
            "0 seats is no subscription",
            origin.at("seats"),
            address=address,
            hint="`absent: true` cancels as soon as allowed",
        )
    if line.bundle is not None:
        context.unwanted(line, _PROVIDER_KEYS, origin, "for a bundle: say it for a component, under `overrides`")
        bundle = making.bundles.resolve(line.bundle, origin.at("bundle"), address)
        if bundle:
            _bundle(making, line, bundle, origin, address)
        return
    context.unwanted(line, {"overrides": "overrides", "without": "without"}, origin, "without a bundle")
    if line.service is not None:
        context.unwanted(line, {**TERM_KEYS, **_PROVIDER_KEYS}, origin, _OWN_SERVICE)
        making.services.append(_service(making, line.service, line, address, origin))
        return
    if line.offer is not None:
        making.subscriptions.append(
            _subscription(
                making,
                address=address,
                offer=line.offer,
                seats=0 if line.absent else line.seats or 0,
                absent=bool(line.absent),
                upper=(line,),
                lower=(),
                places=(origin,),
                display_name=line.display_name,
                id=line.id,
                nickname=line.nickname,
                sell=context.sell(line.sell, origin),
                origin=origin,
            )
        )


def _bundle(making: Making, line: v1.SubscriptionLine, bundle: BundleVersion, origin: Origin, address: Address) -> None:
    """Every component of the bundle that this customer has."""
    context, absent = making.context, bool(line.absent)
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
        gone = absent or bool(override and override.absent)
        seats = _component_seats(context, component, override, line.seats or 0, gone, origin, here)
        if not gone:
            components.append(here)
        if component.service is not None:
            if override:
                context.unwanted(override, {**TERM_KEYS, **_PROVIDER_KEYS}, place, _OWN_SERVICE)
            making.services.append(
                ServiceSpec(
                    address=here,
                    service=component.service,
                    display_name=component.display_name,
                    quantity=seats,
                    sell=context.sell(override.sell, place) if override and override.sell else part.sell,
                    absent=gone,
                    bundle=ref,
                    origin=origin,
                    bundle_origin=part.origin,
                )
            )
        elif component.offer is not None:
            making.subscriptions.append(
                _subscription(
                    making,
                    address=here,
                    offer=component.offer,
                    seats=seats,
                    absent=gone,
                    upper=(override, line),
                    lower=(component, bundle.spec),
                    places=(place, origin),
                    display_name=component.display_name,
                    id=override.id if override else None,
                    nickname=override.nickname if override else None,
                    sell=context.sell(override.sell, place) if override and override.sell else part.sell,
                    origin=origin,
                    bundle=ref,
                    bundle_origin=part.origin,
                )
            )
    making.instances.append(
        BundleInstance(
            address=address,
            name=bundle.name,
            version=bundle.written,
            display_name=line.display_name or bundle.display_name,
            seats=0 if absent else line.seats or 0,
            sell=context.sell(line.sell, origin, shared=True) if line.sell else bundle.sell,
            anchor=address.child(bundle.anchor),
            components=tuple(components),
            origin=origin,
        )
    )
    for index, item in enumerate(bundle.spec.retired):
        making.retired.append(
            Retired(address=address.child(item.name), then=item.then, origin=bundle.origin.at("spec", "retired", index))
        )


def _component_seats(
    context: Context,
    component: v1.Component,
    override: v1.Override | None,
    seats: int,
    gone: bool,
    origin: Origin,
    address: Address,
) -> int:
    if gone:
        return 0
    if override and override.seats is not None:
        if override.seats == 0:
            context.error(
                "CSP224",
                f"0 seats of `{component.name}`",
                origin.at("overrides", component.name, "seats"),
                address=address,
                hint=f"`absent: true` cancels it; `without: [{component.name}]` never has it",
            )
        return override.seats
    return seats_of(context, component, seats, origin, address)


def _check_adjustments(
    context: Context, line: v1.SubscriptionLine, bundle: BundleVersion, origin: Origin, address: Address
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
    if bundle.anchor in line.without or (override and override.absent and not line.absent):
        context.error(
            "CSP219",
            f"`{bundle.anchor}` is the anchor of bundle `{bundle.name}` and cannot be missing",
            origin.at("without") if bundle.anchor in line.without else origin.at("overrides", bundle.anchor),
            address=address,
            hint="the billing of the bundle counts the anchor's seats; sell the rest singly, "
            "or give the bundle another `anchor:`",
        )


def _service(making: Making, service: str, line: v1.SubscriptionLine, address: Address, origin: Origin) -> ServiceSpec:
    absent = bool(line.absent)
    return ServiceSpec(
        address=address,
        service=service,
        display_name=line.display_name,
        quantity=0 if absent else line.seats or 0,
        sell=making.context.sell(line.sell, origin),
        absent=absent,
        bundle=None,
        origin=origin,
    )


def _subscription(
    making: Making,
    *,
    address: Address,
    offer: str,
    seats: int,
    absent: bool,
    upper: tuple[v1.Override | v1.SubscriptionLine | None, ...],
    lower: tuple[v1.Component | v1.BundleSpec, ...],
    places: tuple[Origin, ...],
    display_name: str | None,
    id: str | None,
    nickname: str | None,
    sell: SellRule | None,
    origin: Origin,
    bundle: BundleRef | None = None,
    bundle_origin: Origin | None = None,
) -> SubscriptionSpec:
    """One subscription with everything decided that may be decided elsewhere: `upper` layers stand with the customer
    at `places`, `lower` ones in the bundle."""
    context = making.context
    layers = (*upper, *lower, context.defaults)
    end = decided("end_of_term", layers)
    if context.defaults and not absent:
        check_combination(context, upper, (*lower, context.defaults), places, address)
        if end is None:
            context.error(
                "CSP220",
                "what happens at the end of the term is decided nowhere",
                origin,
                address=address,
                hint="say `endOfTerm: renew`, `cancel` or `extend` on the line, in the "
                "bundle or in the project's defaults: left open, it costs money",
            )
    if id is not None:
        _own_id(making, id, places[0].at("id"), address)
    return SubscriptionSpec(
        address=address,
        provider=making.provider,
        offer=_offer(offer),
        seats=seats,
        term=TERMS.get(decided("term", layers), Term.P1Y),
        billing=CYCLES.get(decided("billing", layers), BillingCycle.MONTHLY),
        end_of_term=end,
        reduce=decided("reduce", layers) or "auto",
        display_name=display_name,
        sell=sell,
        absent=absent,
        id=id,
        nickname=nickname,
        labels=making.labels,
        bundle=bundle,
        origin=origin,
        bundle_origin=bundle_origin,
    )


def _own_id(making: Making, id: str, place: Origin, address: Address) -> None:
    """One subscription belongs to one line."""
    first = making.context.ids.setdefault((making.provider, id.lower()), place)
    if first is not place:
        making.context.error(
            "CSP208",
            f"two lines have the id {id}",
            place,
            address=address,
            related=(first,),
            hint="one subscription belongs to one line",
        )
