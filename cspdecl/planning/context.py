"""What a record must say about the line an operation belongs to: offer, term, bundle, anchor, prices."""

from __future__ import annotations

from cspdecl.core.address import Address
from cspdecl.core.desired import BundleInstance, CustomerSpec, ServiceSpec, SubscriptionSpec
from cspdecl.core.live import Binding
from cspdecl.core.operation import LineContext


def bundle_of(spec: SubscriptionSpec | ServiceSpec, customer: CustomerSpec) -> BundleInstance | None:
    """The bundle line a component belongs to."""
    if spec.bundle is None:
        return None
    instance = spec.bundle.instance
    return next((item for item in customer.bundles if item.address == instance), None)


def context_of_line(spec: SubscriptionSpec, customer: CustomerSpec, *, offer_title: str | None) -> LineContext:
    """The context of a subscription line."""
    bundle = bundle_of(spec, customer)
    anchor = bundle is not None and bundle.anchor == spec.address
    return LineContext(
        provider=spec.provider,
        display_name=spec.display_name or offer_title or str(spec.offer),
        offer=spec.offer,
        offer_title=offer_title,
        term=spec.term,
        billing=spec.billing,
        end_of_term=spec.end_of_term,
        seats=spec.seats,
        segment=customer.segment,
        bundle=spec.bundle.name if spec.bundle else None,
        bundle_version=spec.bundle.version if spec.bundle else None,
        bundle_instance=spec.bundle.instance if spec.bundle else None,
        component=spec.bundle.component if spec.bundle else None,
        anchor=anchor,
        bundle_seats=bundle.seats if bundle is not None and anchor else None,
        sell=spec.sell,
        bundle_sell=bundle.sell if bundle is not None and anchor else None,
    )


def context_of_service(spec: ServiceSpec, bundle: BundleInstance | None) -> LineContext:
    """The context of an own service, within its bundle line where it has one."""
    anchor = bundle is not None and bundle.anchor == spec.address
    return LineContext(
        provider=None,
        display_name=spec.display_name or spec.service,
        service=spec.service,
        seats=spec.quantity,
        bundle=spec.bundle.name if spec.bundle else None,
        bundle_version=spec.bundle.version if spec.bundle else None,
        bundle_instance=spec.bundle.instance if spec.bundle else None,
        component=spec.bundle.component if spec.bundle else None,
        anchor=anchor,
        bundle_seats=bundle.seats if bundle is not None and anchor else None,
        sell=spec.sell,
        bundle_sell=bundle.sell if bundle is not None and anchor else None,
    )


def context_of_customer(spec: CustomerSpec, name: str) -> LineContext:
    """The context of an operation on the customer itself."""
    return LineContext(provider=spec.provider, display_name=name)


def context_of_binding(address: Address, binding: Binding) -> LineContext:
    """The context of a binding that no line claims."""
    return LineContext(provider=binding.provider or None, display_name=address.name, offer=binding.offer)
