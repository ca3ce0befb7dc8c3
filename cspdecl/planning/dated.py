"""Values with a day: a customer as declared for today, and what begins to hold later, listed in every plan until then.

Nothing is stored aside. A line with `from:` ahead is nothing yet: it is neither bought nor matched, and where a
subscription is bound to it already, that one is left alone and said. Days are UTC days of the provider's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from cspdecl.commerce.words import counted, seats
from cspdecl.core.address import Address
from cspdecl.core.dated import Spec, begun, on_day, to_come
from cspdecl.core.desired import (
    AtRenewal,
    BundleInstance,
    CustomerSpec,
    Dated,
    EndOfTerm,
    RelativeSell,
    SellRule,
    ServiceSpec,
    SubscriptionSpec,
)
from cspdecl.core.live import Binding, LiveCustomer
from cspdecl.core.operation import Waiting
from cspdecl.core.terms import at_midnight
from cspdecl.planning.moves import Moved

Anything = SubscriptionSpec | ServiceSpec | BundleInstance
Line = SubscriptionSpec | ServiceSpec

_ENDS: dict[EndOfTerm | None, str] = {
    "renew": "renews at the end of its term",
    "cancel": "ends with its term",
    "extend": "goes on month by month when its term ends",
    None: "its end of term is left open",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """A customer as declared for today. `waiting`: what is to come, the nearest first of each line. `later`: lines and
    services that are nothing yet, by address."""

    spec: CustomerSpec
    waiting: tuple[Waiting, ...] = ()
    later: Mapping[Address, Line] = field(default_factory=dict)


def declared_today(spec: CustomerSpec, now: datetime) -> Today:
    """The customer with everything in force that has begun by now; the very value where nothing has a day."""
    if not any(item.dated or item.starts for group in _groups(spec) for item in group):
        return Today(spec=spec)
    day = now.astimezone(UTC).date()
    bundles = {bundle.address: bundle for bundle in spec.bundles}
    waiting: list[Waiting] = []
    for bundle in spec.bundles:
        waiting += _coming(bundle, day, None)
    for line in spec.subscriptions:
        waiting += _coming(line, day, bundles.get(line.address.parent))
    for service in spec.services:
        waiting += _coming(service, day, bundles.get(service.address.parent))
    later: dict[Address, Line] = {line.address: line for line in spec.subscriptions if not begun(line, day)}
    later.update({service.address: service for service in spec.services if not begun(service, day)})
    return Today(
        spec=replace(
            spec,
            subscriptions=tuple(on_day(line, day) for line in spec.subscriptions if begun(line, day)),
            services=tuple(on_day(line, day) for line in spec.services if begun(line, day)),
            bundles=tuple(on_day(bundle, day) for bundle in spec.bundles if begun(bundle, day)),
            azure_plans=tuple(plan for plan in spec.azure_plans if plan.starts is None or plan.starts <= day),
        ),
        waiting=tuple(waiting),
        later=later,
    )


def left_alone(today: Today, moved: Moved, live: LiveCustomer) -> tuple[Moved, list[Waiting], frozenset[str]]:
    """Bindings without those of lines that begin later, all that waits for a day, and subscriptions that run for such
    a line already: nobody's to call unmanaged."""
    held = {address: binding for address, binding in moved.bound.items() if address in today.later}
    if not held:
        return moved, list(today.waiting), frozenset()
    bound = {address: binding for address, binding in moved.bound.items() if address not in held}
    running = {item.id for item in live.subscriptions if item.status.running}
    said = [
        _runs_already(today.later[address], binding, running) for address, binding in sorted(held.items(), key=_address)
    ]
    ids = frozenset(one for binding in held.values() for one in binding.ids)
    there = {item.address: item for item in said if item is not None}
    waiting = [item for item in today.waiting if item.address not in there or item.when != there[item.address].when]
    return replace(moved, bound=bound), [*there.values(), *waiting], ids


def _address(item: tuple[Address, Binding]) -> Address:
    return item[0]


def _groups(spec: CustomerSpec) -> tuple[Iterable[Anything], ...]:
    return spec.bundles, spec.subscriptions, spec.services


def _runs_already(line: Line, binding: Binding, running: set[str]) -> Waiting | None:
    there = [one for one in binding.ids if one in running]
    if not there or line.starts is None:
        return None
    text = (
        f"{', '.join(there)} runs already, though the line is nothing before {line.starts}: it is left as it is until "
        "then, and stays billed"
    )
    return _due(line, "CSP338", text, line.starts)


# ---- what is to come ----


def _coming(item: Spec, day: date, bundle: BundleInstance | None) -> Iterator[Waiting]:
    """What a line, a service or a bundle becomes later. What a bundle says of all its parts, it says once."""
    if item.starts is not None and item.starts > day:
        if bundle is None or bundle.starts != item.starts:
            yield _due(item, "CSP302", _begins(item), item.starts)
        item = on_day(item, item.starts)
    before = on_day(item, day)
    shared = {(one.starts, one.field) for one in bundle.dated} if bundle is not None else set()
    for one in to_come(before, day):
        after = on_day(replace(before, dated=(one,)), one.starts)
        if (one.starts, one.field) not in shared and not (bundle is not None and one.field == "absent"):
            yield _due(item, "CSP302", _change(before, after, one), one.starts, one)
        before = after


def _begins(item: Anything) -> str:
    if isinstance(item, SubscriptionSpec):
        if item.absent:
            return "the line begins then, and is to be absent"
        return f"{seats(item.seats)} of {item.offer} are bought then, for {item.term} billed {item.billing}"
    if isinstance(item, ServiceSpec):
        return f"{counted(item.quantity, 'unit')} of {item.service} are booked then"
    return f"{seats(item.seats)} of {item.display_name} begin then"


def _change(before: Anything, after: Anything, item: Dated) -> str:
    if item.field == "sell":
        return f"our price: {_price(before)} → {_price(after)}"
    if isinstance(before, ServiceSpec) and isinstance(after, ServiceSpec):
        return "it ends then" if item.field == "absent" else f"{before.quantity} → {counted(after.quantity, 'unit')}"
    if isinstance(before, SubscriptionSpec) and isinstance(after, SubscriptionSpec):
        return _of_line(before, after, item)
    return f"{getattr(before, 'seats', 0)} → {seats(getattr(after, 'seats', 0))}"


def _of_line(before: SubscriptionSpec, after: SubscriptionSpec, item: Dated) -> str:
    match item.field:
        case "seats":
            return f"{before.seats} → {seats(after.seats)}"
        case "end_of_term":
            return f"`endOfTerm: {after.end_of_term}`: it {_ENDS[after.end_of_term]} (now: {_ENDS[before.end_of_term]})"
        case "absent":
            return (
                "it is to go then: cancelled where its window is open, else with its term"
                if after.absent
                else ("it is to stay then, no longer `absent`")
            )
        case "suspended":
            return "it is suspended then; billing goes on" if after.suspended else "it is resumed then"
        case "term":
            return (
                f"{before.term} billed {before.billing} → {after.term} billed {after.billing}: where it runs then, a "
                "new commitment for the whole term"
            )
        case _:
            return f"for the renewal: {_renewal(before.at_renewal)} → {_renewal(after.at_renewal)}"


def _renewal(wanted: AtRenewal | None) -> str:
    if wanted is None:
        return "as it runs"
    parts = [
        seats(wanted.seats) if wanted.seats is not None else "",
        str(wanted.offer or ""),
        str(wanted.term or ""),
        f"billed {wanted.billing}" if wanted.billing else "",
        f"until {wanted.ends}" if wanted.ends else "",
    ]
    return ", ".join(filter(None, parts))


def _price(spec: Anything) -> str:
    rule: SellRule | RelativeSell | None = spec.sell
    if rule is None and not isinstance(spec, ServiceSpec):
        rule = spec.relative
    if rule is None:
        return "none"
    if isinstance(rule, SellRule):
        return f"{rule.per_seat} {rule.currency} a seat and {rule.every}"
    percent = rule.change * 100
    share = f"{float(percent):+.6g} %" if percent else "as it is"
    return f"{rule.base} {share}"


def _due(item: Anything, code: str, text: str, day: date, of: Dated | None = None) -> Waiting:
    return Waiting(
        address=item.address, kind="due", code=code, text=f"from {day}: {text}", when=at_midnight(day),
        origin=of.origin if of is not None else item.origin,
    )  # fmt: skip
