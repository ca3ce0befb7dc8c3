"""Values with a day: what a line says today, and what it will say from a day to come.

Nothing is stored aside. A spec carries its `dated` values; `on_day` gives the spec as it stands on a day, `to_come`
what is still ahead. A day is a UTC day of the provider's clock.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TypeVar

from cspdecl.core.desired import BundleInstance, Dated, ServiceSpec, SubscriptionSpec

Spec = TypeVar("Spec", SubscriptionSpec, ServiceSpec, BundleInstance)


def on_day(spec: Spec, day: date) -> Spec:
    """The spec with everything in force that begins on or before `day`; what is ahead stays in `dated`."""
    if not spec.dated:
        return spec
    values: dict[str, object] = {}
    ahead = []
    for item in sorted(spec.dated, key=_starts):
        if item.starts <= day:
            values.update(_values(spec, item))
        else:
            ahead.append(item)
    return replace(spec, **values, dated=tuple(ahead))  # type: ignore[arg-type]


def _values(spec: SubscriptionSpec | ServiceSpec | BundleInstance, item: Dated) -> dict[str, object]:
    """The fields of the spec that one dated value sets."""
    match item.field:
        case "seats":
            return {"quantity" if isinstance(spec, ServiceSpec) else "seats": item.seats}
        case "sell":
            # an own service has no price of another to be a share of
            return {"sell": item.sell} | ({} if isinstance(spec, ServiceSpec) else {"relative": item.relative})
        case "term":
            return {"term": item.term, "billing": item.billing}
        case field:
            return {field: getattr(item, field)}


def to_come(spec: SubscriptionSpec | ServiceSpec | BundleInstance, day: date) -> tuple[Dated, ...]:
    """What begins to hold after `day`, the nearest first."""
    return tuple(sorted((item for item in spec.dated if item.starts > day), key=_starts))


def begun(spec: SubscriptionSpec | ServiceSpec | BundleInstance, day: date) -> bool:
    """Whether the line is anything yet on `day`."""
    return spec.starts is None or spec.starts <= day


def _starts(item: Dated) -> date:
    return item.starts
