"""Plans of any size for what shows plans: a real planning run over a made-up estate, the same every time.

`plan_of(50)` has exactly fifty operations of every common kind: bought, raised, lowered inside and outside the window,
cancelled, ended, taken over, booked, and one in ten of unknown cost; half of what is raised is part of a bundle. Beside
them stand subscriptions that do not change and, from ten changes on, a reduction that waits for its renewal and a
customer that could not be read.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cspdecl.core.address import Address
from cspdecl.core.catalog import Catalog, Offer, OfferKey, OfferTerm
from cspdecl.core.live import Binding, LiveSubscription, ReadFailure
from cspdecl.core.operation import Plan
from tests.planning_builders import (
    NOW,
    bundle,
    customer,
    line,
    live_customer,
    make_plan,
    monthly,
    next_term,
    origin,
    prices,
    service,
    sub,
)  # fmt: skip

if TYPE_CHECKING:
    from cspdecl.core.desired import BundleInstance, CustomerSpec, ServiceSpec, SubscriptionSpec
    from cspdecl.core.diagnostics import Origin
    from cspdecl.core.live import LiveCustomer

# offer → title and what a seat costs us a month; None: in no price list
OFFERS = {
    "CFQ7TTC0LCHC:0002": ("Microsoft 365 Business Premium", "20.60"),
    "CFQ7TTC0LH0T:0001": ("Microsoft Teams Phone Standard", "8.00"),
    "CFQ7TTC0HD32:0002": ("Visio Plan 2", "15.50"),
    "CFQ7TTC0LDPB:0001": ("Microsoft 365 Business Standard", "11.70"),
    "CFQ7TTC0HDB0:0002": ("Project Plan 3", "28.10"),
    "CFQ7TTC0LH18:0001": ("Microsoft 365 Business Basic", "5.60"),
    "CFQ7TTC0LH04:0001": ("Exchange Online (Plan 1)", "3.70"),
    "CFQ7TTC0LHXM:0001": ("Microsoft Defender for Business", "2.80"),
    "CFQ7TTC0LHQ2:0001": ("Power Automate Premium", None),
}
PREMIUM, PHONE, VISIO, STANDARD, PROJECT, BASIC, MAIL, DEFENDER, POWER = OFFERS
PLACES = ("Hafenkontor", "Alster", "Mühlbach", "Nordlicht", "Speicher", "Deich", "Leuchtturm", "Werft", "Elbtal")
TRADES = ("Logistik GmbH", "Pflege gGmbH", "Bau AG", "& Söhne OHG", "Steuerberatung mbB", "Druck e. K.", "Optik GmbH")
CHANGES_EACH = 4  # so many changes a customer
UNCHANGED = 12  # so many customers of whom nothing changes


@functools.cache
def plan_of(changes: int) -> Plan:
    """A plan with so many operations."""
    specs: list[CustomerSpec] = []
    lives: list[LiveCustomer] = []
    bound: list[Binding] = []
    for number in range(-(-changes // CHANGES_EACH) + UNCHANGED):
        first = number * CHANGES_EACH
        kinds = [index % len(_KINDS) for index in range(first, min(first + CHANGES_EACH, changes))]
        estate = _Estate(key=f"kunde-{number + 1:04d}", number=number)
        estate.stays()
        if changes >= 10 and not number:
            estate.waits()
        for kind in kinds:
            _KINDS[kind](estate)
        specs.append(
            customer(
                estate.key,
                *estate.lines,
                services=tuple(estate.services),
                bundles=tuple(estate.bundles),
                tenant=f"tenant-of-{estate.key}",
            )
        )
        name = f"{PLACES[number % len(PLACES)]} {TRADES[number % len(TRADES)]}"
        lives.append(live_customer(estate.key, *estate.subs, name=name, tenant=f"tenant-of-{estate.key}"))
        bound += estate.bound
    unknown = []
    if changes >= 10:
        specs.append(customer("kunde-ohne-antwort", line("m365", PREMIUM, customer="kunde-ohne-antwort")))
        unknown.append(ReadFailure(key="kunde-ohne-antwort", message="the provider answered 503"))
    made = make_plan(
        specs,
        lives,
        bindings=bound,
        unknown=unknown,
        catalogs={("partner-center", "DE", "commercial"): _catalog()},
        price_book=prices({key: cost for key, (_, cost) in OFFERS.items() if cost is not None}),
    )
    assert len(made.operations) == changes, f"{len(made.operations)} operations instead of {changes}"
    return made


def place_of(where: Origin) -> tuple[int, int] | None:
    """Line and column of a declaration, as if every one took four lines."""
    index = next((part for part in where.path if isinstance(part, int)), 0)
    return 9 + 4 * index, 14


def _catalog() -> Catalog:
    ways = tuple(OfferTerm.parse(way) for way in ("P1M/monthly", "P1Y/monthly", "P1Y/annual", "P3Y/triennial"))
    offers = [
        Offer(key=OfferKey.parse(key), title=title, min_seats=1, max_seats=10_000, terms=ways)
        for key, (title, _) in OFFERS.items()
    ]
    return Catalog(market="DE", offers={offer.key: offer for offer in offers}, as_of=NOW, missing=(), unread=())


class _Estate:
    """One customer in the making. Seats differ from customer to customer, so that the costliest lines are few."""

    def __init__(self, *, key: str, number: int) -> None:
        self.key, self.number, self.size = key, number, 5 + number * 7 % 61
        self.lines: list[SubscriptionSpec] = []
        self.services: list[ServiceSpec] = []
        self.bundles: list[BundleInstance] = []
        self.subs: list[LiveSubscription] = []
        self.bound: list[Binding] = []

    def stays(self) -> None:
        """Nothing to do."""
        self._running("mail", MAIL, seats=self.size, wanted=self.size)

    def grows(self) -> None:
        """More seats of something sold at a price of ours: alone, or in a bundle whose other component stays."""
        if self.number % 2:
            lines, sold = bundle(
                self.key,
                "arbeitsplatz",
                self.size + 3,
                {"m365": (PREMIUM, self.size + 3), "schutz": (DEFENDER, self.size)},
                sell="49.90",
                index=self._next(),
            )
            self.lines += lines
            self.bundles.append(sold)
            for one in lines:
                self._runs("/".join(one.address.path), str(one.offer), self.size)
            return
        self._running("m365", PREMIUM, seats=self.size, wanted=self.size + 3, sell=monthly("25.40"))

    def buys(self) -> None:
        """A subscription that is not there yet."""
        self._line("telefonie", PHONE, self.size)

    def shrinks_now(self) -> None:
        """Fewer seats, added so lately that they can go."""
        lots = ((4, NOW + timedelta(days=3)),)
        self._running("visio", VISIO, seats=self.size + 4, wanted=self.size, lots=lots)

    def shrinks_later(self) -> None:
        """Fewer seats, outside the window: at renewal."""
        self._running("standard", STANDARD, seats=self.size + 6, wanted=self.size)

    def ends(self) -> None:
        """Not to be renewed."""
        self._running("projekt", PROJECT, seats=self.size, wanted=self.size, end_of_term="cancel")

    def cancels(self) -> None:
        """Gone at once, inside the window."""
        self._running("basic", BASIC, seats=self.size, wanted=self.size, absent=True, until=NOW + timedelta(days=2))

    def adopts(self) -> None:
        """Runs already and is as declared."""
        self._line("schutz", DEFENDER, self.size)
        self.subs.append(self._sub("schutz", DEFENDER, self.size))

    def waits(self) -> None:
        """Fewer seats from the renewal on, as is scheduled already."""
        self._line("schulung", PROJECT, self.size)
        running = self._sub("schulung", PROJECT, self.size + 2)
        self.subs.append(replace(running, scheduled=next_term(running, self.size)))
        self._bind("schulung", PROJECT)

    def books(self) -> None:
        """A service of our own."""
        where = origin(self.key, self._next())
        self.services.append(service("betreuung", self.size, customer=self.key, sell=monthly("19.00"), origin=where))

    def grows_a_lot(self) -> None:
        """Many more seats of the same."""
        self._running("phone-plus", PHONE, seats=self.size, wanted=self.size * 2)

    def at_unknown_cost(self) -> None:
        """More seats of what no price list has."""
        self._running("power", POWER, seats=self.size, wanted=self.size + 1)

    def _running(self, name: str, offer: str, *, seats: int, wanted: int, lots=(), until=None, **rest) -> None:
        self._line(name, offer, wanted, **rest)
        self._runs(name, offer, seats, lots=lots, cancel_until=until)

    def _runs(self, name: str, offer: str, seats: int, **rest) -> None:
        self.subs.append(self._sub(name, offer, seats, **rest))
        self._bind(name, offer)

    def _bind(self, name: str, offer: str) -> None:
        self.bound.append(
            Binding(
                address=Address.parse(f"{self.key}/{name}"),
                provider="partner-center",
                tenant=f"tenant-of-{self.key}",
                ids=(f"{self.key}-{name}",),
                offer=OfferKey.parse(offer),
            )
        )

    def _next(self) -> int:
        return len(self.lines) + len(self.services)

    def _line(self, name: str, offer: str, seats: int, **rest) -> None:
        where = origin(self.key, self._next())
        self.lines.append(line(name, offer, seats, customer=self.key, origin=where, **rest))

    def _sub(self, name: str, offer: str, seats: int, **rest) -> LiveSubscription:
        return sub(f"{self.key}-{name}", offer, seats, title=OFFERS[offer][0], **rest)


_KINDS = (
    _Estate.grows,
    _Estate.buys,
    _Estate.shrinks_now,
    _Estate.shrinks_later,
    _Estate.ends,
    _Estate.cancels,
    _Estate.adopts,
    _Estate.books,
    _Estate.grows_a_lot,
    _Estate.at_unknown_cost,
)
