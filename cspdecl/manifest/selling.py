"""Our own prices: what stands on a line, in a bundle, in a price book; as amounts or as a share of list or cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from cspdecl.core.desired import RelativeSell, SellRule
from cspdecl.core.diagnostics import Origin
from cspdecl.manifest import v1, v1_lines
from cspdecl.manifest.context import Context
from cspdecl.manifest.gate import Checked, suggestion
from cspdecl.manifest.timelines import NOTHING, Later, Timeline, check_list, timeline

Price = SellRule | RelativeSell
_LEAST, _MOST = Fraction(-1), Fraction(10)


def prices(
    context: Context,
    written: Any,
    owner: Origin,
    *,
    key: str = "sell",
    of: Literal["offer", "service", "bundle"] = "offer",
    every: Literal["month", "year"] | None = None,
) -> Timeline:
    """The prices written at the `key` of `owner`; None where nothing is. `every` is for a rule that says none."""
    if written is None:
        return NOTHING
    origin = owner.at(key)
    base, later = timeline(written, origin)
    place = origin.at(0) if type(written) is tuple else origin
    return (
        None if base is None else _price(context, base, place, of, every),
        tuple(Later(item.day, _price(context, item.value, item.origin, of, every), item.origin) for item in later),
    )


def plain(found: Timeline) -> tuple[SellRule | None, RelativeSell | None]:
    """What holds at first, as a spec keeps it: (sell, relative)."""
    return by_shape(found[0])


def by_shape(price: Price | None) -> tuple[SellRule | None, RelativeSell | None]:
    """A price as (sell, relative): one of the two, or neither."""
    if isinstance(price, RelativeSell):
        return None, price
    return price, None


def _price(
    context: Context,
    wire: v1_lines.Sell | v1.BookRule,
    origin: Origin,
    of: Literal["offer", "service", "bundle"],
    every: Literal["month", "year"] | None,
) -> Price | None:
    """One price as written at `origin`, None where it is none."""
    given = [
        (key, text)
        for key, text in (("perSeat", wire.per_seat), ("list", wire.of_list), ("cost", wire.of_cost))
        if text
    ]
    if len(given) != 1:
        context.error(
            "CSP134",
            "a price is exactly one of `perSeat`, `list` and `cost`",
            origin,
            hint='an amount (`perSeat: "18.50"`), or more or less than another price (`list: "-5%"`, `cost: "+12%"`)',
        )
        return None
    currency = context.project.reseller.currency if context.project else ""
    allocate = None
    if isinstance(wire, v1_lines.Sell):
        check_currency(context, "sell", wire.currency, origin.at("currency"))
        allocate = wire.allocate
        if allocate and of != "bundle":
            context.error(
                "CSP216",
                "`allocate` divides a bundle's price; there is nothing to divide here",
                origin.at("allocate"),
                key=True,
            )
    ((key, text),) = given
    period = wire.every or every or "month"
    if key == "perSeat":
        return SellRule(per_seat=Decimal(text), currency=currency, every=period, allocate=allocate)
    if of == "service":
        context.error(
            "CSP216",
            f"`{key}` makes no sense for a service of your own: Microsoft has no price of it",
            origin.at(key),
            key=True,
            hint="write `perSeat`",
        )
        return None
    change = Fraction(text.removesuffix("%")) / 100
    if not _LEAST <= change <= _MOST:
        context.error(
            "CSP135", f"`{key}: {text}` is out of range", origin.at(key), hint="from -100% (nothing) to +1000%"
        )
    return RelativeSell(
        base="list" if key == "list" else "cost", change=change, currency=currency, every=period, allocate=allocate
    )


def check_currency(context: Context, what: str, written: str | None, origin: Origin) -> None:
    """Prices are in the reseller's billing currency."""
    currency = context.project.reseller.currency if context.project else ""
    if written and currency and written != currency:
        context.error(
            "CSP235",
            f"`{what}` is in {written}, but the reseller bills in {currency}",
            origin,
            hint="prices in another currency than the reseller's are not supported",
        )


@dataclass(frozen=True, slots=True)
class Book:
    """One price book, compiled: a price by offer or by own service; what is not named has the default, or none."""

    offers: dict[str, Timeline]
    services: dict[str, Timeline]
    default: Timeline = NOTHING

    def of_offer(self, offer: str) -> Timeline:
        """The price of an offer."""
        return self.offers.get(offer.upper(), self.default)

    def of_service(self, service: str) -> Timeline:
        """The price of a service of one's own; the default is for offers only."""
        return self.services.get(service, NOTHING)


EMPTY = Book({}, {})


class Books:
    """All price books of the tree, by name."""

    def __init__(self, context: Context, documents: Iterable[Checked]) -> None:
        self._context = context
        self._known: dict[str, Book] = {}
        places: dict[str, Origin] = {}
        for document in documents:
            name, here = document.value.metadata.name, document.origin.at("metadata", "name")
            if name in places:
                context.error(
                    "CSP254",
                    f"price book `{name}` is declared twice",
                    here,
                    related=(places[name],),
                    hint="join the two documents, or rename one",
                )
                continue
            places[name] = here
            self._known[name] = _compile(context, document.value.spec, document.origin.at("spec"))

    def resolve(self, name: str | None, origin: Origin, address: object = None) -> Book:
        """The book of that name; an empty one where none is named or there is none, which is said."""
        if name is None:
            return EMPTY
        book = self._known.get(name)
        if book is None and not self._context.may_be_unread("PriceBook", name):
            self._context.error(
                "CSP253",
                f"there is no price book `{name}`",
                origin,
                address=address,
                hint=suggestion(name, self._known) or "a document of kind PriceBook makes one",
            )
        return book or EMPTY


def _compile(context: Context, spec: v1.PriceBookSpec, origin: Origin) -> Book:
    check_currency(context, "currency", spec.currency, origin.at("currency"))
    if spec.default is None and not spec.offers and not spec.services:
        context.error(
            "CSP136",
            "this price book has no price",
            origin,
            hint='give `default`, `offers` or `services`, such as `default: {list: "-3%"}`',
        )
    check_list(context, spec.default, origin.at("default"), None, "default")
    offers: dict[str, Timeline] = {}
    for written, rule in spec.offers.items():
        here = origin.at("offers", written)
        if written.upper() in offers:
            context.error(
                "CSP254", f"`{written}` stands twice in this book", here, key=True, hint="capitals make no other offer"
            )
        check_list(context, rule, here, None, written)
        offers[written.upper()] = prices(context, rule, origin.at("offers"), key=written, every=spec.every)
    services: dict[str, Timeline] = {}
    for name, rule in spec.services.items():
        here = origin.at("services", name)
        check_list(context, rule, here, None, name)
        services[name] = prices(context, rule, origin.at("services"), key=name, of="service", every=spec.every)
    return Book(offers, services, prices(context, spec.default, origin, key="default", every=spec.every))
