"""What every record says apart from money: who and what it is about, and how things stand after the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from cspdecl.core.address import Address
from cspdecl.core.desired import CustomerSpec, ServiceSpec, SubscriptionSpec
from cspdecl.core.digest import sha256
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import LineContext
from cspdecl.core.outcome import Receipt
from cspdecl.core.records import BillingChange, ChangeOrigin, ChargeKind, Recorded, RunContext


def opaque(project: str, name: str) -> str:
    """An id that stands for a person in a record that can never be erased; the name stays with the run."""
    return "person-" + sha256(f"{project}\n{name}")[:20]


def people(project: str, names: Sequence[str]) -> Mapping[str, str]:
    """The ids that `names` have in this project's records: for printing a ledger with names while they are kept."""
    return {opaque(project, name): name for name in names}


def blank_change(
    *,
    ident: str,
    address: Address,
    line: LineContext,
    context: RunContext,
    origin: ChangeOrigin,
    action: str,
    kind: ChargeKind,
    time: datetime,
    basis: str,
) -> BillingChange:
    """A record with everything but quantities, state and money. By whom and by which plan only where we acted."""
    ours = origin == "applied"
    return BillingChange(
        id=ident,
        source=context.source,
        address=address,
        time=time,
        correlation_id=context.run,
        actor=opaque(context.project, context.actor) if ours and context.actor else None,
        approvals=tuple(opaque(context.project, name) for name in context.approvals) if ours else (),
        git_commit=context.commit if ours else None,
        plan_digest=context.plan_id if ours else None,
        tool_version=context.tool_version,
        origin=origin,
        action=action,
        charge_kind=kind,
        basis=basis,
        provider=line.provider,
        customer_key=address.customer,
        component_id=line.component or address.name,
        component_kind="customer" if not address.path else "own_service" if line.service else "microsoft",
        display_name=line.display_name,
        service=line.service,
        offer=line.offer,
        term=line.term,
        billing_plan=line.billing,
        quantity_before=Decimal(0),
        quantity_after=Decimal(0),
        quantity_delta=Decimal(0),
        state="running",
        bundle_id=line.bundle,
        bundle_version=line.bundle_version,
        bundle_instance=line.bundle_instance,
        bundle_anchor=line.anchor,
    )


def with_quantity(change: BillingChange, before: int, after: int) -> BillingChange:
    """Quantities before and after, and their difference."""
    return replace(
        change, quantity_before=Decimal(before), quantity_after=Decimal(after), quantity_delta=Decimal(after - before)
    )


def with_receipt(change: BillingChange, receipt: Receipt) -> BillingChange:
    """How the provider can be asked about this again."""
    return replace(
        change,
        provider_order_id=receipt.order_id,
        provider_request_id=receipt.request_id or None,
        provider_correlation_id=receipt.correlation_id or None,
        provider_reference_id=receipt.reference,
        inferred=receipt.inferred,
    )


def with_subscription(
    change: BillingChange, subscription: LiveSubscription | None, ids: tuple[str, ...]
) -> BillingChange:
    """How a subscription stands after the change, as it was read."""
    own = subscription.id if subscription is not None else ids[-1] if ids else None
    change = replace(change, provider_subscription_ids=ids, provider_subscription_id=own)
    if subscription is None:
        return change
    end_of_term = subscription.end_of_term
    return replace(
        change,
        offer=subscription.offer or change.offer,
        term=subscription.term or change.term,
        term_kind="trial" if subscription.trial else "standard",
        billing_plan=subscription.billing or change.billing_plan,
        promotion_id=subscription.promotion,
        reseller_id=subscription.reseller,
        provider_order_id=change.provider_order_id or subscription.order_id,
        provider_status=subscription.status,
        term_start=subscription.term_started,
        term_end=subscription.term_ends,
        end_of_term="none" if end_of_term == "unset" else end_of_term,
        scheduled=subscription.scheduled,
        cancellable_until=subscription.policy.cancel_until,
    )


def line_of(spec: SubscriptionSpec | ServiceSpec, customer: CustomerSpec) -> LineContext:
    """What a record must say about a declared line: the same that an operation of the plan carries along."""
    bundle = next((item for item in customer.bundles if spec.bundle and item.address == spec.bundle.instance), None)
    anchor = bundle is not None and bundle.anchor == spec.address
    known = LineContext(
        provider=None,
        display_name=spec.display_name or spec.address.name,
        bundle=spec.bundle.name if spec.bundle else None,
        bundle_version=spec.bundle.version if spec.bundle else None,
        bundle_instance=spec.bundle.instance if spec.bundle else None,
        component=spec.bundle.component if spec.bundle else None,
        anchor=anchor,
        bundle_seats=bundle.seats if bundle and anchor else None,
        sell=spec.sell,
        bundle_sell=bundle.sell if bundle and anchor else None,
    )
    if isinstance(spec, ServiceSpec):
        return replace(known, service=spec.service, seats=spec.quantity)
    return replace(
        known,
        provider=spec.provider,
        display_name=spec.display_name or str(spec.offer),
        offer=spec.offer,
        term=spec.term,
        billing=spec.billing,
        end_of_term=spec.end_of_term,
        seats=spec.seats,
        segment=customer.segment,
    )


def line_of_record(change: BillingChange, last: Recorded) -> LineContext:
    """What the last record said about a line that is declared no longer."""
    return LineContext(
        provider=change.provider,
        display_name=change.display_name or change.address.name,
        offer=change.offer,
        service=change.service,
        term=change.term,
        billing=change.billing_plan,
        bundle=change.bundle_id,
        bundle_version=change.bundle_version,
        bundle_instance=change.bundle_instance,
        component=change.component_id if change.bundle_id else None,
        sell=last.sell,
        segment=change.price_segment or "commercial",
    )
