"""In which order the lines of a customer are planned: a base before its add-ons, and behind them when it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from cspdecl.commerce.values import Decision
from cspdecl.core.address import Address
from cspdecl.core.desired import CustomerSpec, ServiceSpec, SubscriptionSpec
from cspdecl.core.operation import Waiting
from cspdecl.core.terms import at_midnight
from cspdecl.planning.match import Pair


def base_of(spec: SubscriptionSpec, customer: CustomerSpec) -> Address | None:
    """The line an add-on names as its base; a bundle line stands for its anchor."""
    return _line_of(spec.addon_of, customer)


def ends_with(spec: SubscriptionSpec, customer: CustomerSpec) -> Address | None:
    """The line whose end a first term is to share; a bundle line stands for its anchor."""
    return _line_of(spec.custom_end.line if spec.custom_end is not None else None, customer)


def ordered(pairs: Sequence[Pair], customer: CustomerSpec) -> list[Pair]:
    """The pairs so that each comes after what it needs, else in their own order (contract §22.15, 2023-10)."""
    if not any(pair.spec.addon_of or pair.spec.custom_end for pair in pairs):
        return list(pairs)
    by_address: dict[Address, list[Pair]] = {}
    addons: dict[Address, list[Address]] = {}
    for pair in pairs:
        by_address.setdefault(pair.spec.address, []).append(pair)
        base = base_of(pair.spec, customer)
        if base is not None:
            addons.setdefault(base, []).append(pair.spec.address)
    out: list[Pair] = []
    seen: set[Address] = set()

    def visit(address: Address) -> None:
        if address in seen:
            return
        seen.add(address)
        for pair in by_address.get(address, ()):
            for needed in addons.get(address, ()) if pair.spec.absent else needs(pair.spec, customer):
                visit(needed)
        out.extend(by_address.get(address, ()))

    for pair in pairs:
        visit(pair.spec.address)
    return out


def needs(spec: SubscriptionSpec, customer: CustomerSpec) -> tuple[Address, ...]:
    """The lines that must be bought before one: its base, and what it is to end with."""
    return tuple(one for one in (base_of(spec, customer), ends_with(spec, customer)) if one is not None)


def needed_first(
    spec: SubscriptionSpec, customer: CustomerSpec, last: Mapping[Address, str], *, buys: bool
) -> tuple[str, ...]:
    """Operations of this plan that must be done before a line's: its base's purchase, or its add-ons' leaving;
    and where it `buys`, the purchase of what it is to end with."""
    if spec.absent:
        addons: Iterable[Address] = (
            one.address for one in customer.subscriptions if base_of(one, customer) == spec.address
        )
        return tuple(last[address] for address in addons if address in last)
    base = base_of(spec, customer)
    first = needs(spec, customer) if buys else (base,) if base is not None else ()
    return tuple(dict.fromkeys(last[one] for one in first if one in last))


def wait_for_base(spec: SubscriptionSpec, base: Address) -> Decision:
    """An add-on whose base is declared and not bought now: it waits with it."""
    text = f"it is bought when its base `{base.name}` is, which waits"
    item = Waiting(address=spec.address, kind="blocked", code="CSP363", text=text, origin=spec.origin)
    return Decision(symbol="?", waiting=(item,), notes=(text,))


def first_begun(
    spec: SubscriptionSpec, customer: CustomerSpec, later: Mapping[Address, SubscriptionSpec | ServiceSpec]
) -> tuple[Address, date] | None:
    """What a line needs that is nothing yet, and the day it begins; None where all it needs has begun."""
    for needed in needs(spec, customer):
        days = [
            item.starts
            for address, item in later.items()
            if needed in (address, address.parent) and item.starts is not None
        ]
        if days:
            return needed, max(days)
    return None


def wait_for_day(spec: SubscriptionSpec, needed: Address, begins: date) -> Decision:
    """A line that goes with another one, which begins later: it is bought when that one is."""
    code = "CSP363" if spec.addon_of is not None and needed in (spec.addon_of, spec.addon_of.parent) else "CSP367"
    text = f"it goes with `{needed.name}`, which begins on {begins}"
    item = Waiting(address=spec.address, kind="due", code=code, text=text, when=at_midnight(begins), origin=spec.origin)
    return Decision(symbol="?", waiting=(item,), notes=(text,))


def _line_of(address: Address | None, customer: CustomerSpec) -> Address | None:
    if address is None:
        return None
    return next((item.anchor for item in customer.bundles if item.address == address), address)
