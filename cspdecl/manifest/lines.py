"""A customer's lines: an offer becomes a subscription, a service an entry of the book, a bundle both, by component."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from operator import attrgetter

from cspdecl.core.address import Address
from cspdecl.core.desired import AzurePlanSpec, ServiceSpec
from cspdecl.core.diagnostics import Origin
from cspdecl.manifest import v1_lines
from cspdecl.manifest.expand import compile_bundle_line
from cspdecl.manifest.layers import TERM_KEYS
from cspdecl.manifest.selling import by_shape, prices
from cspdecl.manifest.subscription import Making, Piece, in_order, make_subscription, own_id
from cspdecl.manifest.timelines import Timeline, check_days, over, timeline

#: Keys of a line that only one subscription at a provider can have.
PROVIDER_KEYS = {
    "id": "id",
    "nickname": "nickname",
    "upgrade": "upgrade",
    "addon_of": "addonOf",
    "promotion": "promotion",
    "attested": "attested",
}
TRIAL_KEYS = {"trial": "trial", "renews_to": "renewsTo"}
NEXT_TERM_KEYS = {"at_renewal": "atRenewal", "custom_term_end": "customTermEnd", "suspended": "suspended"}
BUNDLE_KEYS = {"overrides": "overrides", "without": "without"}
_WHAT = ("bundle", "offer", "service", "azurePlan")
_what = attrgetter("bundle", "offer", "service", "azure_plan")
OWN_SERVICE = "for a service of your own"


def compile_line(making: Making, line: v1_lines.SubscriptionLine, origin: Origin) -> None:
    """One line of a customer's, added to what is in the making; its problems go to the context."""
    context, address = making.context, Address(making.key, (line.name,))
    said = _what(line)
    if said.count(None) != len(said) - 1:
        given = [key for key, value in zip(_WHAT, said, strict=True) if value is not None]
        context.error(
            "CSP215",
            f"`{line.name}` needs exactly one of `bundle`, `offer`, `service` and `azurePlan`",
            origin,
            address=address,
            hint=f"it has {' and '.join(given)}" if given else None,
        )
        return
    begins = date.fromisoformat(line.starts) if line.starts else None
    dated = check_days(context, line, origin, address, begins)
    if line.azure_plan is not None:
        making.azure_plans.append(_azure_plan(making, line, line.azure_plan, address, origin, begins))
        return
    seats: Timeline = (line.seats, ())
    absent: Timeline = (line.absent, ())
    if dated:
        seats, absent = timeline(line.seats, origin.at("seats")), timeline(line.absent, origin.at("absent"))
    if not line.seats or dated:
        _check_seats(making, line, seats, origin, address)
    if begins is not None:
        _check_beginning(making, line, origin, address)
    if seats[0] is None and seats[1]:
        # nothing at first: the line begins with its seats
        begins, seats = begins or seats[1][0].day, (seats[1][0].value, seats[1][1:])
    if line.absent is True:
        seats = (0, ())
    if line.bundle is not None:
        compile_bundle_line(making, line, line.bundle, seats, absent, begins, origin, address, dated=dated)
        return
    context.unwanted(line, BUNDLE_KEYS, origin, "without a bundle")
    if line.service is not None:
        context.unwanted(line, {**TERM_KEYS, **PROVIDER_KEYS, **TRIAL_KEYS, **NEXT_TERM_KEYS}, origin, OWN_SERVICE)
        found = over(prices(context, line.sell, origin, of="service"), making.book.of_service(line.service))
        making.services.append(_service(line, line.service, seats, absent, found, begins, address, origin))
        return
    if line.offer is not None:
        make_subscription(
            making,
            Piece(
                address=address,
                offer=line.offer,
                seats=seats,
                absent=absent,
                sell=over(prices(context, line.sell, origin), making.book.of_offer(line.offer)),
                own=line,
                upper=(line,),
                lower=(),
                places=(origin,),
                display_name=line.display_name,
                origin=origin,
                starts=begins,
                dated=dated,
            ),
        )


def _check_seats(
    making: Making, line: v1_lines.SubscriptionLine, seats: Timeline, origin: Origin, address: Address
) -> None:
    context = making.context
    if line.absent is True:
        return
    if line.seats is None:
        context.error(
            "CSP223",
            "`seats` is missing",
            origin,
            address=address,
            hint="how many there shall be in all; `absent: true` ends a subscription instead",
        )
    first = (seats[0], origin.at("seats", 0) if type(line.seats) is tuple else origin.at("seats"))
    for value, place in (first, *((item.value, item.origin) for item in seats[1])):
        if value == 0:
            context.error(
                "CSP224",
                "0 seats is no subscription",
                place,
                address=address,
                hint="`absent: true` cancels as soon as allowed"
                if type(line.seats) is not tuple
                else "`absent: [{value: true, from: DAY}]` cancels from that day on",
            )


def _check_beginning(making: Making, line: v1_lines.SubscriptionLine, origin: Origin, address: Address) -> None:
    """`from` says when the line begins, and nothing else: what looks like another day is refused."""
    for key, value in (("absent", line.absent), ("suspended", line.suspended)):
        if value is True:
            making.context.error(
                "CSP133",
                f"`from` beside `{key}: true` would begin what is not to be there",
                origin.at("from"),
                address=address,
                key=True,
                hint=f"what changes on that day has the day with it: `{key}: [{{value: true, from: {line.starts}}}]`",
            )


def _service(
    line: v1_lines.SubscriptionLine,
    service: str,
    seats: Timeline,
    absent: Timeline,
    sell: Timeline,
    begins: date | None,
    address: Address,
    origin: Origin,
) -> ServiceSpec:
    return ServiceSpec(
        address=address,
        service=service,
        display_name=line.display_name,
        quantity=seats[0] or 0,
        sell=by_shape(sell[0])[0],
        absent=bool(absent[0]),
        bundle=None,
        origin=origin,
        dated=in_order(seats=seats[1], absent=absent[1], sell=sell[1]) if seats[1] or absent[1] or sell[1] else (),
        starts=begins,
    )


def _azure_plan(
    making: Making,
    line: v1_lines.SubscriptionLine,
    wire: v1_lines.AzurePlan,
    address: Address,
    origin: Origin,
    begins: date | None,
) -> AzurePlanSpec:
    """The customer's Azure plan: no seats, no term, no price of ours; usage is billed as it comes (contract §15)."""
    context = making.context
    keys = {
        "seats": "seats",
        "sell": "sell",
        **TERM_KEYS,
        **{key: text for key, text in PROVIDER_KEYS.items() if key != "id"},
        **TRIAL_KEYS,
        **BUNDLE_KEYS,
        **{key: text for key, text in NEXT_TERM_KEYS.items() if key != "suspended"},
    }
    context.unwanted(line, keys, origin, "for an Azure plan: usage is billed as it comes")
    for key, value in (("absent", line.absent), ("suspended", line.suspended)):
        if type(value) is tuple:
            context.error(
                "CSP216",
                f"`{key}` with days makes no sense for an Azure plan",
                origin.at(key),
                address=address,
                key=True,
                hint="write true when the day has come",
            )
    if making.azure_plans:
        context.error(
            "CSP259",
            f"`{line.name}` is a second Azure plan",
            origin.at("azurePlan"),
            address=address,
            key=True,
            related=(making.azure_plans[0].origin,),
            hint="a customer has one, below which all their Azure subscriptions stand",
        )
    if line.id is not None:
        own_id(making, line.id, origin.at("id"), address)
    return AzurePlanSpec(
        address=address,
        provider=making.provider,
        display_name=line.display_name,
        budget=Decimal(wire.budget) if wire.budget is not None else None,
        absent=line.absent is True,
        suspended=line.suspended is True,
        id=line.id,
        origin=origin,
        starts=begins,
    )
