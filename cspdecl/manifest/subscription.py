"""One subscription in the making: what layers decide, what only the line or its override may say, what comes later."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import (
    AtRenewal,
    AzurePlanSpec,
    BundleInstance,
    BundleRef,
    CustomEnd,
    Dated,
    RenewsTo,
    Retired,
    ServiceSpec,
    SubscriptionSpec,
    Upgrade,
)
from cspdecl.core.diagnostics import Origin
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.manifest import v1, v1_lines
from cspdecl.manifest.bundles import Bundles
from cspdecl.manifest.context import Context
from cspdecl.manifest.layers import CYCLES, TERMS, check_combination, check_pair, decided, term_and_billing
from cspdecl.manifest.selling import EMPTY, Book, by_shape
from cspdecl.manifest.timelines import NOTHING, Later, Timeline, holds

Own = v1_lines.SubscriptionLine | v1_lines.Override
offer_key = functools.cache(OfferKey.parse)
_RARE = attrgetter(
    "at_renewal", "upgrade", "trial", "renews_to", "addon_of", "custom_term_end", "promotion", "attested"
)
_NOT_SAID = (None,) * 8
_NEXT_TERM = {"at_renewal": "atRenewal", "custom_term_end": "customTermEnd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """That one line names another: `key` says by what, `origin` where; `shared`: the bundle says so, for all of its."""

    source: Address
    target: Address
    key: str
    origin: Origin
    shared: bool = False


@dataclass(slots=True, kw_only=True)
class Making:
    """One customer in the making."""

    context: Context
    bundles: Bundles
    key: str
    provider: str
    labels: Any
    book: Book = EMPTY
    subscriptions: list[SubscriptionSpec] = field(default_factory=list)
    services: list[ServiceSpec] = field(default_factory=list)
    instances: list[BundleInstance] = field(default_factory=list)
    azure_plans: list[AzurePlanSpec] = field(default_factory=list)
    retired: list[Retired] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    unresolved: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Piece:
    """What a subscription is made from. `upper` layers stand with the customer at `places`, `lower` ones in the bundle;
    `own` is the one of them that speaks of this subscription alone, written at the first place."""

    address: Address
    offer: str
    seats: Timeline
    absent: Timeline
    sell: Timeline
    own: Own | None
    upper: tuple[Own | None, ...]
    lower: tuple[v1_lines.Component | v1.BundleSpec, ...]
    places: tuple[Origin, ...]
    origin: Origin
    display_name: str | None
    starts: date | None = None
    bundle: BundleRef | None = None
    bundle_origin: Origin | None = None
    dated: bool = False


def make_subscription(making: Making, piece: Piece) -> None:
    """One subscription with everything decided that may be decided elsewhere, added to what is in the making."""
    context, address, own = making.context, piece.address, piece.own
    layers = (*piece.upper, *piece.lower, context.defaults)
    if piece.dated:
        end, ends_later = holds("end_of_term", "endOfTerm", layers, piece.places)
        suspended = holds("suspended", "suspended", piece.upper, piece.places)
    else:
        end, ends_later, suspended = decided("end_of_term", layers), (), (decided("suspended", piece.upper), ())
    pairs = term_and_billing(layers, piece.places) if piece.dated else None
    term = pairs[0][1] if pairs else TERMS.get(decided("term", layers), Term.P1Y)
    billing = pairs[0][2] if pairs else CYCLES.get(decided("billing", layers), BillingCycle.MONTHLY)
    once, trial = billing is BillingCycle.ONE_TIME, isinstance(own, v1_lines.SubscriptionLine) and own.trial
    if once:
        term, end, ends_later = Term.ONCE, None, ()
    gone = piece.absent[0] and not piece.absent[1]
    if context.defaults and not gone:
        check_combination(context, piece.upper, (*piece.lower, context.defaults), piece.places, address)
        if end is None and not once:
            context.error(
                "CSP220",
                "what happens at the end of the term is decided nowhere",
                piece.origin,
                address=address,
                hint="say `endOfTerm: renew`, `cancel` or `extend` on the line, in the "
                "bundle or in the project's defaults: left open, it costs money",
            )
    if own is not None:
        place = piece.places[0]
        if own.id is not None:
            own_id(making, own.id, place.at("id"), address)
        if once:
            context.unwanted(
                own, {"end_of_term": "endOfTerm", **_NEXT_TERM}, place, "for a perpetual licence: no term ends"
            )
        if trial:
            # a trial has the provider's own short term; neither co-termination nor a promotion (contract §§9.1, 13.6)
            keys = {"term": "term", "billing": "billing", "promotion": "promotion", "upgrade": "upgrade", **_NEXT_TERM}
            context.unwanted(own, keys, place, "for a trial: `renewsTo` says what it becomes")
    usual = not piece.lower and _RARE(own) == _NOT_SAID
    renewal = NOTHING if usual else _renewal(context, piece, term, billing)
    rare = {} if usual else _rare(making, piece, renewal)
    sell, relative = by_shape(piece.sell[0])
    making.subscriptions.append(
        SubscriptionSpec(
            address=address,
            provider=making.provider,
            offer=offer_key(piece.offer),
            seats=piece.seats[0] or 0,
            term=term,
            billing=billing,
            end_of_term=end,
            reduce=decided("reduce", layers) or "auto",
            display_name=piece.display_name,
            sell=sell,
            absent=bool(piece.absent[0]),
            id=own.id if own else None,
            nickname=own.nickname if own else None,
            labels=making.labels,
            bundle=piece.bundle,
            origin=piece.origin,
            bundle_origin=piece.bundle_origin,
            suspended=bool(suspended[0]),
            relative=relative,
            dated=in_order(
                seats=piece.seats[1],
                end_of_term=ends_later,
                absent=piece.absent[1],
                suspended=suspended[1],
                sell=piece.sell[1],
                at_renewal=renewal[1],
                pairs=pairs[1:] if pairs else (),
            )
            if piece.dated or piece.sell[1]
            else (),
            starts=piece.starts,
            **rare,
        )
    )


def _rare(making: Making, piece: Piece, renewal: Timeline) -> dict[str, Any]:
    """What few subscriptions have."""
    context, own = making.context, piece.own
    return {
        "trial": isinstance(own, v1_lines.SubscriptionLine) and bool(own.trial),
        "renews_to": _renews_to(context, own, piece),
        "at_renewal": renewal[0],
        "upgrade": _upgrade(context, own, piece),
        "addon_of": _addon(making, piece),
        "custom_end": _custom_end(making, piece),
        "promotion": _upper_case(decided("promotion", (own, *piece.lower[:1]))),
        "attested": bool(own and own.attested),
    }


def in_order(*, sell: tuple[Later, ...] = (), pairs: Any = (), **fields: tuple[Later, ...]) -> tuple[Dated, ...]:
    """What begins later, as core keeps it: by day, the fields of one day in the order they are named here."""
    found = [
        Dated(starts=item.day, field=name, origin=item.origin, **{name: item.value})  # type: ignore[arg-type]
        for name, later in fields.items()
        for item in later
    ]
    for item in sell:
        amount, relative = by_shape(item.value)
        found.append(Dated(starts=item.day, field="sell", origin=item.origin, sell=amount, relative=relative))
    found += [
        Dated(starts=day, field="term", origin=origin, term=term, billing=billing)
        for day, term, billing, origin in pairs
    ]
    return tuple(sorted(found, key=lambda item: item.starts))


def _renewal(context: Context, piece: Piece, term: Term, billing: BillingCycle) -> Timeline:
    """`atRenewal`, from the most specific place that says one."""
    layers = (*piece.upper, *piece.lower[:1])
    if decided("at_renewal", layers) is None:
        return NOTHING
    places = (*piece.places, piece.bundle_origin or piece.origin)
    for layer, place in zip(layers, places, strict=True):
        written = layer.at_renewal if layer is not None else None  # type: ignore[union-attr]
        if written is None:
            continue
        found = holds("at_renewal", "atRenewal", (layer,), (place,))
        base = place.at("atRenewal", 0) if type(written) is tuple else place.at("atRenewal")

        def made(wire: v1_lines.AtRenewal, origin: Origin) -> AtRenewal:
            return _at_renewal(context, wire, origin, piece.address, term, billing)

        return (
            None if found[0] is None else made(found[0], base),
            tuple(Later(item.day, made(item.value, item.origin), item.origin) for item in found[1]),
        )
    return NOTHING


def _at_renewal(
    context: Context, wire: v1_lines.AtRenewal, origin: Origin, address: Address, term: Term, billing: BillingCycle
) -> AtRenewal:
    if not (wire.offer or wire.seats is not None or wire.term or wire.billing or wire.ends_on or wire.promotion):
        context.error(
            "CSP136",
            "`atRenewal` says nothing",
            origin,
            address=address,
            hint="give what the next term shall have: `seats`, `offer`, `term`, `billing`, `endsOn` or `promotion`",
        )
    _no_seats(context, wire.seats, origin, address, "say `endOfTerm: cancel` to end it there")
    if wire.term or wire.billing:
        check_pair(
            context,
            Term(wire.term) if wire.term else term,
            BillingCycle(wire.billing) if wire.billing else billing,
            origin.at("billing" if wire.billing else "term"),
            address,
        )
    return AtRenewal(
        seats=wire.seats,
        offer=offer_key(wire.offer) if wire.offer else None,
        term=Term(wire.term) if wire.term else None,
        billing=BillingCycle(wire.billing) if wire.billing else None,
        ends=date.fromisoformat(wire.ends_on) if wire.ends_on else None,
        promotion=_upper_case(wire.promotion),
        origin=origin,
    )


def _no_seats(context: Context, seats: int | None, origin: Origin, address: Address, hint: str) -> None:
    if seats == 0:
        context.error("CSP224", "0 seats is no subscription", origin.at("seats"), address=address, hint=hint)


def _renews_to(context: Context, own: Own | None, piece: Piece) -> RenewsTo | None:
    if not isinstance(own, v1_lines.SubscriptionLine) or own.renews_to is None:
        return None
    wire, origin = own.renews_to, piece.places[0].at("renewsTo")
    if not own.trial:
        context.error(
            "CSP216", "`renewsTo` makes no sense without `trial: true`", origin, address=piece.address, key=True
        )
    if wire == v1_lines.RenewsTo():
        context.error(
            "CSP136",
            "`renewsTo` says nothing",
            origin,
            address=piece.address,
            hint="give `offer`, `seats`, `term` or `billing`; without it the provider decides",
        )
    _no_seats(context, wire.seats, origin, piece.address, "`endOfTerm: cancel` lets the trial end")
    if wire.term and wire.billing:
        check_pair(context, Term(wire.term), BillingCycle(wire.billing), origin.at("billing"), piece.address)
    return RenewsTo(
        offer=offer_key(wire.offer) if wire.offer else None,
        seats=wire.seats,
        term=Term(wire.term) if wire.term else None,
        billing=BillingCycle(wire.billing) if wire.billing else None,
        origin=origin,
    )


def _upgrade(context: Context, own: Own | None, piece: Piece) -> Upgrade | None:
    if own is None or own.upgrade is None:
        return None
    wire, origin = own.upgrade, piece.places[0].at("upgrade")
    source = offer_key(wire.source)
    if source == offer_key(piece.offer):
        context.error(
            "CSP257",
            f"`upgrade` leaves {source} for itself",
            origin.at("from"),
            address=piece.address,
            hint="`offer` is the new one, `upgrade.from` the one that runs today",
        )
    _no_seats(context, wire.seats, origin, piece.address, "leave `seats` out to move all of them")
    for seats in (piece.seats[0], *(item.value for item in piece.seats[1])):
        if wire.seats and seats and wire.seats >= seats:
            context.error(
                "CSP257",
                f"`upgrade` moves {wire.seats} of {seats} seats",
                origin.at("seats"),
                address=piece.address,
                hint="leave `seats` out to move all of them; the line's own `seats` counts both offers together",
            )
            break
    return Upgrade(source=source, seats=wire.seats, reassign=wire.licences != "keep", origin=origin)


def _addon(making: Making, piece: Piece) -> Address | None:
    """The line or component this is an add-on of."""
    own = piece.own.addon_of if piece.own is not None else None
    if own is not None:
        target, origin = Address(making.key, tuple(own.split("/"))), piece.places[0].at("addonOf")
    elif piece.bundle and (name := piece.lower[0].addon_of) and _has(piece, name):  # type: ignore[union-attr]
        target, origin = piece.bundle.instance.child(name), piece.origin
    else:
        return None
    making.references.append(
        Reference(source=piece.address, target=target, key="addonOf", origin=origin, shared=own is None)
    )
    return target


def _has(piece: Piece, name: str) -> bool:
    """Whether the bundle has such a component to go with. Where it has not, that was said at the bundle."""
    spec = piece.lower[1]
    return isinstance(spec, v1.BundleSpec) and any(item.name == name and item.offer for item in spec.components)


def _custom_end(making: Making, piece: Piece) -> CustomEnd | None:
    """Where the first term ends: as the override, the line or the component says."""
    shared, of_bundle = True, False
    for layer, place in zip(piece.upper, piece.places, strict=True):
        if layer is not None and layer.custom_term_end is not None:
            written, origin, home = layer.custom_term_end, place.at("customTermEnd"), Address(making.key)
            shared = layer is not piece.own
            break
    else:
        component = piece.lower[0] if piece.lower else None
        if not isinstance(component, v1_lines.Component) or component.custom_term_end is None or not piece.bundle:
            return None
        if isinstance(end := component.custom_term_end, v1_lines.EndsWithLine) and not _has(piece, end.line):
            return None
        written, origin, home, of_bundle = component.custom_term_end, piece.origin, piece.bundle.instance, True
    if isinstance(written, v1_lines.EndsWithLine):
        target = Address(making.key, (*home.path, *written.line.split("/")))
        if target == piece.address and shared:
            return None  # the bundle's components end with this one, which ends when it ends
        making.references.append(
            Reference(source=piece.address, target=target, key="customTermEnd", origin=origin, shared=of_bundle)
        )
        return CustomEnd(line=target, origin=origin)
    if written == "month-end":
        return CustomEnd(month_end=True, origin=origin)
    return CustomEnd(day=date.fromisoformat(written), origin=origin)


def _upper_case(text: str | None) -> str | None:
    return text.upper() if text else None


def own_id(making: Making, id: str, place: Origin, address: Address) -> None:
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
