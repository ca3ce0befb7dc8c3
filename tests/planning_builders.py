"""Small builders for planning tests: a subscription, a customer, a catalogue, a price list in one line each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from cspdecl.core.address import Address
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Catalog, Offer, OfferKey, OfferTerm
from cspdecl.core.desired import (
    AgreementSpec,
    BundleInstance,
    BundleRef,
    Contact,
    CreateSpec,
    CustomerSpec,
    DesiredState,
    PostalAddress,
    Profile,
    SellRule,
    ServiceSpec,
    SubscriptionSpec,
)  # fmt: skip
from cspdecl.core.diagnostics import Origin
from cspdecl.core.live import (
    Binding,
    ChangePolicy,
    LiveCustomer,
    LiveState,
    LiveSubscription,
    NextTerm,
    SeatLot,
    Status,
)  # fmt: skip
from cspdecl.core.money import Money
from cspdecl.core.project import Guardrails, PriceBook, PriceList, PriceRow, Project, ProviderConfig, Reseller
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.plan import plan

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
PREMIUM, PHONE, VISIO = "CFQ7TTC0LCHC:0002", "CFQ7TTC0LH0T:0001", "CFQ7TTC0HD32:0002"
TITLES = {PREMIUM: "Microsoft 365 Business Premium", PHONE: "Microsoft Teams Phone Standard", VISIO: "Visio Plan 2"}
MONTHLY = {PREMIUM: "20.60", PHONE: "8.00", VISIO: "15.50"}
ALL = Capability(0)
for _flag in Capability:
    ALL |= _flag
TENANT = "9f2b6c1e-0000-4000-8000-000000000001"


def at(text: str) -> datetime:
    """An instant from "2026-11-25T09:30" or "2026-11-25"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def origin(customer: str = "hafenkontor", index: int = 0) -> Origin:
    return Origin(file=f"customers/{customer}.yaml", document=0, path=("spec", "subscriptions", index))


def line(name: str, offer: str = VISIO, seats: int = 5, *, customer: str = "hafenkontor", **rest) -> SubscriptionSpec:
    """A declared subscription."""
    base = SubscriptionSpec(
        address=Address.parse(f"{customer}/{name}"), provider="partner-center", offer=OfferKey.parse(offer), seats=seats,
        term=Term.P1Y, billing=BillingCycle.MONTHLY, end_of_term="renew", reduce="auto", display_name=None, sell=None,
        absent=False, id=None, nickname=None, labels={}, bundle=None, origin=origin(customer),
    )  # fmt: skip
    return replace(base, **rest)


def sub(ident: str = "s1", offer: str = VISIO, seats: int = 5, **rest) -> LiveSubscription:
    """A running subscription outside every window, its term ending on 2027-03-14."""
    policy = rest.pop("policy", None)
    lots = rest.pop("lots", ())
    cancel_until = rest.pop("cancel_until", None)
    busy = rest.pop("busy", None)
    base = LiveSubscription(
        id=ident, offer=OfferKey.parse(offer), title=TITLES.get(offer, offer), nickname="", seats=seats, term=Term.P1Y,
        billing=BillingCycle.MONTHLY, status=Status.ACTIVE, end_of_term="renew", trial=False, created=at("2025-03-15"),
        term_started=at("2026-03-15"), term_ends=at("2027-03-15"), cycle_ends=at("2026-12-15"),
        policy=policy
        or ChangePolicy(
            lots=tuple(SeatLot(seats=count, returnable_until=until) for count, until in lots), cancel_until=cancel_until,
            min_seats=1, max_seats=None, can_schedule=True, busy=busy, source="api", observed_at=NOW,
        ),
        scheduled=None, order_id=None,
    )  # fmt: skip
    return replace(base, **rest)


def next_term(live: LiveSubscription, seats: int) -> NextTerm:
    assert live.offer is not None
    assert live.term is not None
    assert live.billing is not None
    return NextTerm(offer=live.offer, seats=seats, term=live.term, billing=live.billing)


def customer(key: str = "hafenkontor", *lines: SubscriptionSpec, **rest) -> CustomerSpec:
    """A declared customer."""
    base = CustomerSpec(
        key=key, provider="partner-center", tenant=TENANT, create=None, profile=None, display_name=None, labels={},
        subscriptions=lines, services=(), bundles=(),
        origin=Origin(file=f"customers/{key}.yaml", document=0, path=("spec",)),
    )  # fmt: skip
    return replace(base, **rest)


def live_customer(key: str = "hafenkontor", *subscriptions: LiveSubscription, **rest) -> LiveCustomer:
    """A customer as read."""
    base = LiveCustomer(
        key=key, tenant=TENANT, name="Hafenkontor Logistik GmbH", domain="hafenkontor.onmicrosoft.com",
        subscriptions=subscriptions, agreement="accepted", blocked=None, profile=None, read_at=NOW,
    )  # fmt: skip
    return replace(base, **rest)


def bundle(
    customer_key: str,
    name: str,
    seats: int,
    parts: dict[str, tuple[str, int]],
    *,
    sell: str | None = None,
    index: int = 0,
) -> tuple[tuple[SubscriptionSpec, ...], BundleInstance]:
    """A bundle line with components {name: (offer, seats)}; the first is the anchor."""
    instance = Address.parse(f"{customer_key}/{name}")
    lines = tuple(
        line(
            f"{name}/{part}",
            offer,
            count,
            customer=customer_key,
            origin=origin(customer_key, index),
            bundle=BundleRef(name="komfort", version="2.1.0", component=part, instance=instance),
        )
        for part, (offer, count) in parts.items()
    )
    return lines, BundleInstance(
        address=instance, name="komfort", version="2.1.0", display_name="Komfort", seats=seats,
        sell=monthly(sell) if sell else None, anchor=lines[0].address, components=tuple(one.address for one in lines),
        origin=origin(customer_key, index),
    )  # fmt: skip


def service(name: str, quantity: int, *, customer: str = "hafenkontor", **rest) -> ServiceSpec:
    base = ServiceSpec(
        address=Address.parse(f"{customer}/{name}"), service="managed-workplace", display_name=None, quantity=quantity,
        sell=None, absent=False, bundle=None, origin=origin(customer),
    )  # fmt: skip
    return replace(base, **rest)


def monthly(per_seat: str) -> SellRule:
    return SellRule(per_seat=Decimal(per_seat), currency="EUR", every="month")


def binding(address: str, *ids: str, offer: str | None = VISIO) -> Binding:
    parsed = Address.parse(address)
    return Binding(
        address=parsed,
        provider="partner-center",
        tenant=TENANT,
        ids=ids,
        offer=OfferKey.parse(offer) if offer else None,
    )


def project(
    environment: Literal["production", "sandbox"] = "production",
    model: Literal["direct", "indirect-provider", "indirect-reseller"] = "direct",
    **guardrails,
) -> Project:
    where = Origin(file="cspdecl.yaml", document=0)
    return Project(
        name="nordlicht",
        reseller=Reseller(legal_name="Nordlicht Systemhaus GmbH", model=model, country="DE", currency="EUR", partner_id=None),
        providers={
            "partner-center": ProviderConfig(
                name="partner-center", plugin="partner-center", environment=environment, settings={}, origin=where
            )
        },
        default_provider="partner-center", default_term=Term.P1Y, default_billing=BillingCycle.MONTHLY,
        default_end_of_term="renew", default_reduce="auto", prices_path="prices", market="DE", store="sqlite:x",
        persistent=False, guardrails=Guardrails(**{"max_stop_managing": Fraction(1), **guardrails}), origin=where,
    )  # fmt: skip


def catalog(*, max_seats: int | None = 300, missing: tuple[str, ...] = (), unread: tuple[str, ...] = ()) -> Catalog:
    """Every offer of these tests, sold in every usual way."""
    ways = ("P1M/monthly", "P1Y/monthly", "P1Y/annual", "P3Y/monthly", "P3Y/annual", "P3Y/triennial")
    hidden = {*missing, *unread}
    return Catalog(
        market="DE",
        offers={
            OfferKey.parse(key): Offer(
                key=OfferKey.parse(key), title=title, min_seats=1, max_seats=max_seats,
                terms=tuple(OfferTerm.parse(way) for way in ways),
            )
            for key, title in TITLES.items()
            if key not in hidden
        },
        as_of=NOW,
        missing=tuple(OfferKey.parse(key) for key in missing),
        unread=tuple(OfferKey.parse(key) for key in unread),
    )  # fmt: skip


def prices(monthly_costs: dict[str, str] | None = None) -> PriceBook:
    """One list, valid always: a P1Y row a offer at these monthly costs, and its annual and monthly siblings."""
    rows = {}
    for key, cost in (MONTHLY if monthly_costs is None else monthly_costs).items():
        offer, each = OfferKey.parse(key), Decimal(cost)
        found = []
        for way, factor in (("P1Y/monthly", 12), ("P1Y/annual", 11), ("P1M/monthly", 1), ("P3Y/triennial", 33)):
            term = OfferTerm.parse(way)
            found.append(
                PriceRow(
                    offer=offer,
                    segment="commercial",
                    term=term.term,
                    billing=term.billing,
                    cost=Money(each * factor, "EUR"),
                    erp=None,
                    effective_from=at("2020-01-01"),
                    effective_to=at("2099-01-01"),
                )
            )
        rows[offer] = tuple(found)
    return PriceBook(
        lists=(PriceList(date="2026-11", market="DE", currency="EUR", digest="d" * 64, source="list.csv", rows=rows),)
    )


def make_plan(
    specs, lives, *, bindings=(), moves=(), retired=(), absent=(), unknown=(), book=(), now=NOW, scope=None,
    guardrails=None, environment="production", catalogs=None, price_book=None, capabilities=ALL, last_hashes=None,
    unmanaged_customers=0, answers=None, recorded=(), model="direct",
):  # fmt: skip
    """plan() with everything that a test does not speak about filled in."""
    return plan(
        project=project(environment, model, **(guardrails or {})),
        desired=DesiredState(
            customers={spec.key: spec for spec in specs}, moves=tuple(moves), retired=tuple(retired), digest="0" * 64
        ),
        live=LiveState(
            customers={live.key: live for live in lives}, absent={item.key: item for item in absent},
            unknown={item.key: item for item in unknown}, as_of=NOW, digest="1" * 64,
        ),
        catalogs={("partner-center", "DE", "commercial"): catalog()} if catalogs is None else catalogs,
        prices=prices() if price_book is None else price_book,
        bindings={item.address: item for item in bindings},
        book={item.address: item for item in book},
        last_hashes=last_hashes or MappingProxyType({}),
        capabilities={"partner-center": capabilities},
        now=now, scope=scope, commit=None, unmanaged_customers=unmanaged_customers,
        answers={("partner-center", asked): said for asked, said in (answers or {}).items()},
        recorded={item.address: item for item in recorded},
    )  # fmt: skip


def actions(made) -> list[str]:
    """The kinds of a plan's operations with their addresses, in order."""
    return [f"{item.address} {item.action.kind}" for item in made.operations]


def codes(made) -> list[str]:
    return [item.code for item in made.diagnostics]


WEEK = timedelta(days=7)


def create_spec(
    domain: str, attest: Literal["classic", "enhanced"] = "classic", *, agreement: bool = True
) -> CreateSpec:
    """A customer to be created, its agreement accepted by Katrin Mühlbach."""
    person = Contact(first_name="Katrin", last_name="Mühlbach", email="k@muehlbach.example", phone=None)
    where = PostalAddress(line1="Am Anger 3", line2=None, postal_code="99084", city="Erfurt", state=None, country="DE")
    return CreateSpec(
        domain=domain,
        profile=Profile(company_name="Mühlbach Pflege gGmbH", address=where, contact=person),
        agreement=AgreementSpec(
            type="MicrosoftCustomerAgreement", accepted_by=person, accepted_on=date(2026, 11, 20), attest=attest
        )
        if agreement
        else None,
        credentials_to=f".cspdecl/credentials/{domain}.json",
    )
