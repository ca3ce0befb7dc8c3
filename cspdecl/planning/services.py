"""Own services: what is declared against the book, which is what the ledger adds up to. No provider, no window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cspdecl.commerce.circumstances import hold_words
from cspdecl.commerce.values import Decision
from cspdecl.commerce.words import counted
from cspdecl.core.action import BookService
from cspdecl.core.address import Address
from cspdecl.core.desired import CustomerSpec, Retired, ServiceSpec
from cspdecl.core.diagnostics import Diagnostic, warning
from cspdecl.core.operation import Guard, LineContext, PriceDelta, Reason, Waiting
from cspdecl.core.records import BookEntry
from cspdecl.core.terms import BillingCycle
from cspdecl.planning.bundles import bundle_sell_change
from cspdecl.planning.context import bundle_of, context_of_service
from cspdecl.planning.money import SellChange, add_sell, sell_change
from cspdecl.planning.reprice import Repriced
from cspdecl.planning.rows import CustomerPlan, Row
from cspdecl.planning.sequence import Sequence

_NO_GUARD = Guard(tenant=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """How the services of one customer stand: entries of the book, and which operations give anchors their seats.

    `held`: bundles whose anchor cannot get its seats now. `repriced`: changes of our price that are planned already.
    """

    entries: Iterable[BookEntry]
    anchors: Mapping[Address, str]
    held: frozenset[Address] = frozenset()
    repriced: Mapping[Address, Repriced] = field(default_factory=dict)


def plan_services(
    spec: CustomerSpec | None, booked: Booked, retired: Mapping[Address, Retired], sequence: Sequence, out: CustomerPlan
) -> None:
    """Bring the book in line with what is declared. More of a bundled service waits for the bundle's anchor."""
    entries = {entry.address: entry for entry in booked.entries}
    declared = {line.address for line in spec.services} if spec else set[Address]()
    for line in spec.services if spec else ():
        address = line.address
        entry = entries.get(address)
        before, after = entry.quantity if entry else 0, 0 if line.absent else line.quantity
        price = booked.repriced.get(address)
        if before == after:
            out.unchanged += bool(after) and price is None
            if price is not None:
                out.rows.append(_repriced(line, after, price))
            continue
        bundle = bundle_of(line, spec) if spec else None
        context = context_of_service(line, bundle)
        if spec is not None and spec.hold is not None and after > before:
            text = f"{after} of {context.service} are declared, {before} booked: nothing is sold while "
            text += hold_words(spec.hold)
            out.waiting.append(Waiting(address=address, kind="blocked", code="CSP380", text=text, origin=line.origin))
            continue
        if context.bundle_instance in booked.held and after > before:
            text = f"{after} of {context.service} are declared; they are booked when the bundle's anchor has its seats"
            out.waiting.append(Waiting(address=address, kind="blocked", code="CSP379", text=text, origin=line.origin))
            continue
        needs = booked.anchors.get(context.bundle_instance) if context.bundle_instance and after > before else None
        change = add_sell(
            sell_change(line.sell, before, after), bundle_sell_change(line, bundle, before, after) if bundle else None
        )
        reason = Reason(code="service", text=f"{after} are declared, the book has {before}")
        _book(
            out, sequence, address, line, before, after, reason=reason, context=context, change=change,
            requires=((needs,) if needs else ()) + (price.operations if price else ()), price=price,
        )  # fmt: skip
    left_bundles = {bundle.address for bundle in spec.bundles if not bundle.seats} if spec else set[Address]()
    for address, entry in sorted(entries.items()):
        rule = retired.get(address)
        if address in declared or not entry.quantity or (rule is not None and rule.then == "keep"):
            continue
        if rule is None and address.parent not in left_bundles:
            out.diagnostics.append(_still_booked(address, entry, spec))
            continue
        context = LineContext(provider=None, display_name=entry.service, service=entry.service, sell=entry.sell)
        reason = Reason(
            code="retired" if rule else "absent", text="what it belongs to has gone, so it is not sold any more"
        )
        change = sell_change(entry.sell, entry.quantity, 0)
        _book(out, sequence, address, None, entry.quantity, 0, reason=reason, context=context, change=change)


def _still_booked(address: Address, entry: BookEntry, spec: CustomerSpec | None) -> Diagnostic:
    """A service that no line declares any more stays in the book: taking a line out ends nothing."""
    return warning(
        "CSP378",
        f"{counted(entry.quantity, 'unit')} of {entry.service} stay in the book, though no line declares them any more",
        origin=spec.origin if spec else None,
        address=str(address),
        hint="declare the line again, with `absent: true` if it is to end",
    )


def _book(
    out: CustomerPlan, sequence: Sequence, address: Address, line: ServiceSpec | None, before: int, after: int, *,
    reason: Reason, context: LineContext, change: SellChange | None, requires: tuple[str, ...] = (),
    price: Repriced | None = None,
) -> None:  # fmt: skip
    preview = _preview(change)
    ident = sequence.add(
        address,
        BookService(service=context.service or "", before=before, after=after),
        reason=reason,
        guard=_NO_GUARD,
        context=context,
        requires=requires,
        preview=preview,
        origin=line.origin if line else None,
    )
    kind = "cancel" if not after else "change" if before else "buy"
    symbol = {"cancel": "-", "change": "~", "buy": "+"}[kind]
    out.rows.append(
        Row(
            address=address,
            kind=kind,  # type: ignore[arg-type]
            spec=line,
            decision=Decision(symbol=symbol, before=before, after=after),  # type: ignore[arg-type]
            operations=(*(price.operations if price else ()), ident),
            preview=preview,
            offer_title=context.service,
            repriced=price.notes if price else (),
            note="what it belongs to has gone, so it is not sold any more" if line is None else None,
        )
    )


def _repriced(line: ServiceSpec, quantity: int, price: Repriced) -> Row:
    """The row of a service of which only our price changes."""
    decision = Decision(symbol="~", before=quantity, after=quantity)
    return Row(
        address=line.address, kind="change", spec=line, decision=decision, operations=price.operations,
        offer_title=line.service, repriced=price.notes,
    )  # fmt: skip


def _preview(change: SellChange | None) -> PriceDelta | None:
    """A service costs us nothing that a price list knows; what it earns is known."""
    if change is None:
        return None
    from cspdecl.core.money import Money, Rounding

    months = 12 if change.every == "year" else 1
    return PriceDelta(
        cycle=BillingCycle.MONTHLY,
        cost_cycle=Money.zero(change.month.currency),
        sell=(change.month * months).rounded(Rounding.HALF_UP),
        sell_every=change.every,
        basis="own service: no provider charges for it",
    )
