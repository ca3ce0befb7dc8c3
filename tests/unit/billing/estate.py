"""A small estate for billing tests: Hafenkontor's 25 seats since 15 March, price lists, and a way to seal records."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema

from cspdecl.billing.chain import seal
from cspdecl.billing.document import change_of, document_of
from cspdecl.core.action import Action
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import (
    BundleInstance,
    BundleRef,
    CustomerSpec,
    DesiredState,
    SellRule,
    ServiceSpec,
    SubscriptionSpec,
)
from cspdecl.core.diagnostics import Origin
from cspdecl.core.live import Binding, ChangePolicy, LiveCustomer, LiveState, LiveSubscription, Status
from cspdecl.core.money import Money
from cspdecl.core.operation import Guard, LineContext, Operation, Reason
from cspdecl.core.outcome import Applied, Receipt
from cspdecl.core.project import PriceBook, PriceList, PriceRow
from cspdecl.core.records import BillingChange, LedgerHead, LedgerRecord, RunContext
from cspdecl.core.terms import BillingCycle, Term

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "billing-change.v1.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

PREMIUM = OfferKey.parse("CFQ7TTC0LCHC:0002")
PHONE = OfferKey.parse("CFQ7TTC0LH0T:0001")
LINE = Address.parse("hafenkontor/m365")
BUNDLE = Address.parse("hafenkontor/arbeitsplatz")
ANCHOR, TELEFONIE, BETREUUNG = BUNDLE.child("m365"), BUNDLE.child("telefonie"), BUNDLE.child("betreuung")
TENANT = "9f2b6c1e-0000-4000-8000-000000000001"
HERE = Origin(file="customers/hafenkontor.yaml")
CONTEXT = RunContext(
    run="run-1",
    project="nordlicht",
    tool_version="0.1.0",
    market="DE",
    currency="EUR",
    plan_id="plan-1",
    commit="c0ffee",
    actor="frau.lindqvist",
    approvals=("herr.oduya",),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOW = at("2026-11-22T14:02:00")


def price_row(
    offer=PREMIUM, cost="247.20", *, start="2025-04-01", end="9999-12-31", term=Term.P1Y, billing=BillingCycle.MONTHLY
) -> PriceRow:
    return PriceRow(
        offer=offer,
        segment="commercial",
        term=term,
        billing=billing,
        cost=Money.of(cost, "EUR"),
        erp=None,
        effective_from=at(start),
        effective_to=at(end),
    )


def price_book(*rows: PriceRow) -> PriceBook:
    rows = rows or (price_row(), price_row(cost="24.72", term=Term.P1M), price_row(PHONE, "96.00"))
    offers = {row.offer: tuple(item for item in rows if item.offer == row.offer) for row in rows}
    return PriceBook(
        lists=(PriceList(date="2026-11", market="DE", currency="EUR", digest="d" * 64, source="s.csv", rows=offers),)
    )


def subscription(seats=25, **rest) -> LiveSubscription:
    values = dict(
        id="s-1",
        offer=PREMIUM,
        title="Premium",
        nickname="",
        seats=seats,
        term=Term.P1Y,
        billing=BillingCycle.MONTHLY,
        status=Status.ACTIVE,
        end_of_term="renew",
        trial=False,
        created=at("2026-03-15"),
        term_started=at("2026-03-15"),
        term_ends=at("2027-03-15"),
        cycle_ends=None,
        policy=policy(),
        scheduled=None,
        order_id=None,
    )
    return LiveSubscription(**{**values, **rest})


def policy(*lots) -> ChangePolicy:
    return ChangePolicy(
        lots=lots,
        cancel_until=None,
        min_seats=1,
        max_seats=300,
        can_schedule=True,
        busy=None,
        source="api",
        observed_at=NOW,
    )


def customer(*subscriptions: LiveSubscription, read_at=NOW) -> LiveCustomer:
    return LiveCustomer(
        key="hafenkontor",
        tenant=TENANT,
        name="Hafenkontor Logistik GmbH",
        domain="hafenkontor.onmicrosoft.com",
        subscriptions=subscriptions,
        agreement="accepted",
        blocked=None,
        profile=None,
        read_at=read_at,
    )


def live(*subscriptions: LiveSubscription, read_at=NOW) -> LiveState:
    who = customer(*subscriptions, read_at=read_at)
    return LiveState(customers={who.key: who}, absent={}, unknown={}, as_of=read_at, digest="l")


def monthly(amount: str, *, allocate=None) -> SellRule:
    return SellRule(per_seat=Decimal(amount), currency="EUR", every="month", allocate=allocate)


def line(**rest) -> LineContext:
    values = dict(
        provider="partner-center",
        display_name="Office & E-Mail",
        offer=PREMIUM,
        term=Term.P1Y,
        billing=BillingCycle.MONTHLY,
        end_of_term="renew",
    )
    return LineContext(**{**values, **rest})


def anchor_line(*, bundle_seats: int, seats: int | None = None, allocate=None) -> LineContext:
    return line(
        bundle="arbeitsplatz-komfort",
        bundle_version="2.1.0",
        bundle_instance=BUNDLE,
        component="m365",
        anchor=True,
        bundle_seats=bundle_seats,
        seats=seats,
        bundle_sell=monthly("54.90", allocate=allocate),
    )


def operation(action: Action, *, address=LINE, context: LineContext | None = None, ident="op-1", **guard) -> Operation:
    return Operation(
        id=ident,
        address=address,
        action=action,
        reason=Reason(code="declared", text="declared"),
        requires=(),
        guard=Guard(tenant=TENANT, **guard),
        context=context or line(),
    )


def applied(seen: LiveSubscription | None = None, *, when=NOW, **rest) -> Applied:
    receipt = Receipt(at=when, request_id="req-1", correlation_id="corr-1", order_id="order-1")
    return Applied(receipt=receipt, subscription=seen, **rest)


def desired(*, seats=25, allocate=None, phone_seats=13) -> DesiredState:
    def part(address: Address, offer: OfferKey, count: int) -> SubscriptionSpec:
        return SubscriptionSpec(
            address=address,
            provider="partner-center",
            offer=offer,
            seats=count,
            term=Term.P1Y,
            billing=BillingCycle.MONTHLY,
            end_of_term="renew",
            reduce="auto",
            display_name=None,
            sell=None,
            absent=False,
            id=None,
            nickname=None,
            labels={},
            bundle=BundleRef(name="arbeitsplatz-komfort", version="2.1.0", component=address.name, instance=BUNDLE),
            origin=HERE,
        )

    service = ServiceSpec(
        address=BETREUUNG,
        service="managed-workplace",
        display_name=None,
        quantity=seats,
        sell=monthly("19.00"),
        absent=False,
        bundle=BundleRef(name="arbeitsplatz-komfort", version="2.1.0", component="betreuung", instance=BUNDLE),
        origin=HERE,
    )
    bundle = BundleInstance(
        address=BUNDLE,
        name="arbeitsplatz-komfort",
        version="2.1.0",
        display_name="Arbeitsplatz Komfort",
        seats=seats,
        sell=monthly("54.90", allocate=allocate),
        anchor=ANCHOR,
        components=(ANCHOR, TELEFONIE, BETREUUNG),
        origin=HERE,
    )
    plain = replace(part(LINE, PREMIUM, seats), bundle=None, sell=monthly("29.90"))
    who = CustomerSpec(
        key="hafenkontor",
        provider="partner-center",
        tenant=TENANT,
        create=None,
        profile=None,
        display_name=None,
        labels={},
        subscriptions=(plain, part(ANCHOR, PREMIUM, seats), part(TELEFONIE, PHONE, phone_seats)),
        services=(service,),
        bundles=(bundle,),
        origin=HERE,
    )
    return DesiredState(customers={"hafenkontor": who}, moves=(), retired=(), digest="d")


def binding(address=LINE, *ids: str, offer=PREMIUM) -> Binding:
    return Binding(address=address, provider="partner-center", tenant=TENANT, ids=ids or ("s-1",), offer=offer)


def sealed(*changes: BillingChange, head: LedgerHead | None = None, when=NOW) -> tuple[LedgerRecord, ...]:
    """The changes as records; each is checked against the published schema and read back on the way."""
    head = head or LedgerHead()
    records = []
    for change in changes:
        record = seal(change, head, when)
        head = LedgerHead(seq=record.seq, hash=record.hash)
        VALIDATOR.validate(document_of(record))
        assert change_of(record.body) == change
        records.append(record)
    return tuple(records)
