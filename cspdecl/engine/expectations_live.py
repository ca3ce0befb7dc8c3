"""What a Test calls live, as the live state that planning sees: everything as declared, but for what the test says.

No provider and no store: bindings, books and records are made up to fit, so that a line behind which something runs is
bound to it unless the test says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import DesiredState, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.digest import digest_of
from cspdecl.core.live import (
    Binding,
    ChangePolicy,
    CustomerAbsent,
    LiveCustomer,
    LiveState,
    LiveSubscription,
    ReadFailure,
    SeatLot,
    Status,
)
from cspdecl.core.plain import to_plain
from cspdecl.core.records import Recorded
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.manifest.gate import Checked
from cspdecl.manifest.v1_test import LiveCustomerText, LiveLine, Test
from cspdecl.planning.offline import Supposed, suppose


@dataclass(slots=True, kw_only=True)
class Stage:
    """What a test is played on, and what was wrong with its description."""

    supposed: Supposed
    problems: list[Diagnostic] = field(default_factory=list)


def moment(text: str) -> datetime:
    """A day or an instant of a test; a day is its beginning, UTC."""
    if "T" not in text:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    return datetime.fromisoformat(text)


def stage_of(document: Checked, desired: DesiredState) -> Stage:
    """The live state of a test, with bindings, books and records that fit it."""
    test: Test = document.value
    now = moment(test.spec.now)
    made = suppose(desired, now=now)
    stage = Stage(supposed=made)
    customers = dict(made.live.customers)
    absent: dict[str, CustomerAbsent] = {}
    unknown: dict[str, ReadFailure] = {}
    seen: set[str] = set()
    for index, said in enumerate(test.spec.live):
        at = document.origin.at("spec", "live", index)
        if said.customer not in desired.customers or said.customer in seen:
            what = "stands twice in this test" if said.customer in seen else "is not declared"
            stage.problems.append(
                error(
                    "CSP792",
                    f"customer `{said.customer}` {what}",
                    origin=at.at("customer"),
                    hint="say once what a declared customer has; what others have never enters a plan",
                )
            )
            continue
        seen.add(said.customer)
        if not said.unreadable:
            _forget(stage, said.customer)
        if said.unreadable or said.missing:
            del customers[said.customer]
            if said.unreadable:
                unknown[said.customer] = ReadFailure(key=said.customer, message="the test says it cannot be read")
            else:
                absent[said.customer] = CustomerAbsent(key=said.customer, read_at=now)
            continue
        lines = tuple(_lines(stage, said, desired, document, index, now))
        customers[said.customer] = replace(customers[said.customer], subscriptions=lines)
        _tenant(stage, customers[said.customer], desired)
        for service in said.services:
            address = Address(said.customer, tuple(service.line.split("/")))
            entry = made.book.get(address)
            if entry is not None:
                book = {**stage.supposed.book, address: replace(entry, quantity=service.quantity)}
                stage.supposed = replace(stage.supposed, book=book)
            else:
                place = at.at("services", said.services.index(service), "line")
                stage.problems.append(error("CSP791", f"`{address}` is no own service that is declared", origin=place))
    digest = digest_of([to_plain(customer) for _key, customer in sorted(customers.items())])
    live = LiveState(customers=customers, absent=absent, unknown=unknown, as_of=now, digest=digest)
    stage.supposed = replace(stage.supposed, live=live)
    return stage


def _forget(stage: Stage, customer: str) -> None:
    """Take away what was bound for a customer that the test describes itself; books and own prices stay."""
    bindings = {key: value for key, value in stage.supposed.bindings.items() if key.customer != customer}
    stage.supposed = replace(stage.supposed, bindings=bindings)


def _tenant(stage: Stage, customer: LiveCustomer, desired: DesiredState) -> None:
    spec, address = desired.customers[customer.key], Address(customer.key)
    bound = Binding(address=address, provider=spec.provider, tenant=customer.tenant, ids=(), offer=None)
    stage.supposed = replace(stage.supposed, bindings={**stage.supposed.bindings, address: bound})


def _lines(
    stage: Stage, said: LiveCustomerText, desired: DesiredState, document: Checked, index: int, now: datetime
) -> Iterator[LiveSubscription]:
    spec = desired.customers[said.customer]
    declared = {line.address: line for line in spec.subscriptions}
    tenant = stage.supposed.live.customers[said.customer].tenant
    live: dict[Address, list[LiveSubscription]] = {}
    for place, line in enumerate(said.subscriptions):
        address = Address(said.customer, tuple(line.line.split("/"))) if line.line else None
        known = declared.get(address) if address is not None else None
        if known is None and line.offer is None:
            stage.problems.append(
                error(
                    "CSP791",
                    f"`{address}` is not declared, so this has to say what it is",
                    origin=document.origin.at("spec", "live", index, "subscriptions", place, "line"),
                    hint='write `offer: "PRODUCT:SKU"` and `seats`, or the name of a line that is declared',
                )
            )
            continue
        item = _subscription(line, known, f"test:{said.customer}:{place + 1}", now)
        if address is not None and line.bound is not False:
            live.setdefault(address, []).append(item)
        yield item
    bindings = dict(stage.supposed.bindings)
    recorded = dict(stage.supposed.recorded)
    for address, items in live.items():
        bindings[address] = Binding(
            address=address, provider=spec.provider, tenant=tenant, ids=tuple(item.id for item in items),
            offer=items[0].offer,
        )  # fmt: skip
    for address in [key for key in recorded if key.customer == said.customer and key in declared]:
        if address in live:
            recorded[address] = _record(recorded[address], live[address])
        else:
            del recorded[address]
    stage.supposed = replace(stage.supposed, bindings=bindings, recorded=recorded)


def _record(known: Recorded, items: list[LiveSubscription]) -> Recorded:
    seats = Decimal(sum(item.seats for item in items))
    return replace(known, subscription=items[0].id, ids=tuple(item.id for item in items), seats=seats)


def _subscription(line: LiveLine, known: SubscriptionSpec | None, ident: str, now: datetime) -> LiveSubscription:
    started = moment(line.started) if line.started else now
    return LiveSubscription(
        id=line.id or (known.id if known and known.id else ident),
        offer=OfferKey.parse(line.offer) if line.offer else known.offer if known else None,
        title="",
        nickname=line.nickname or (known.nickname if known and known.nickname else ""),
        seats=line.seats if line.seats is not None else known.seats if known else 1,
        term=Term(line.term) if line.term else known.term if known else Term.P1Y,
        billing=BillingCycle(line.billing) if line.billing else known.billing if known else BillingCycle.MONTHLY,
        status=Status(line.status) if line.status else Status.ACTIVE,
        end_of_term=line.end_of_term or (known.end_of_term if known and known.end_of_term else "renew"),
        trial=line.trial if line.trial is not None else known.trial if known else False,
        created=started,
        term_started=started,
        term_ends=moment(line.ends) if line.ends else None,
        cycle_ends=None,
        policy=ChangePolicy(
            lots=tuple(SeatLot(seats=lot.seats, returnable_until=moment(lot.until)) for lot in line.returnable),
            cancel_until=moment(line.cancel_until) if line.cancel_until else None,
            min_seats=1, max_seats=None, can_schedule=True, busy=None, source="api", observed_at=now,
        ),
        scheduled=None,
        order_id=None,
    )  # fmt: skip
