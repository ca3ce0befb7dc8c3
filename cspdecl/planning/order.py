"""In which order the lines of a customer are planned: a base before its add-ons, and behind them when it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cspdecl.commerce.values import Decision
from cspdecl.core.address import Address
from cspdecl.core.desired import CustomerSpec, SubscriptionSpec
from cspdecl.core.operation import Waiting
from cspdecl.planning.match import Pair


def base_of(spec: SubscriptionSpec, customer: CustomerSpec) -> Address | None:
    """The line an add-on names as its base; a bundle line stands for its anchor."""
    if spec.addon_of is None:
        return None
    return next((item.anchor for item in customer.bundles if item.address == spec.addon_of), spec.addon_of)


def ordered(pairs: Sequence[Pair], customer: CustomerSpec) -> list[Pair]:
    """The pairs so that each comes after what it needs, else in their own order (contract §22.15, 2023-10)."""
    if not any(pair.spec.addon_of for pair in pairs):
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
            base = base_of(pair.spec, customer)
            for needed in addons.get(address, ()) if pair.spec.absent else (base,) if base is not None else ():
                visit(needed)
        out.extend(by_address.get(address, ()))

    for pair in pairs:
        visit(pair.spec.address)
    return out


def needed_first(spec: SubscriptionSpec, customer: CustomerSpec, last: Mapping[Address, str]) -> tuple[str, ...]:
    """Operations of this plan that must be done before a line's: its base's purchase, or its add-ons' leaving."""
    if spec.absent:
        addons: Iterable[Address] = (
            one.address for one in customer.subscriptions if base_of(one, customer) == spec.address
        )
        return tuple(last[address] for address in addons if address in last)
    base = base_of(spec, customer)
    return (last[base],) if base is not None and base in last else ()


def wait_for_base(spec: SubscriptionSpec, base: Address) -> Decision:
    """An add-on whose base is declared and not bought now: it waits with it."""
    text = f"it is bought when its base `{base.name}` is, which waits"
    item = Waiting(address=spec.address, kind="blocked", code="CSP363", text=text, origin=spec.origin)
    return Decision(symbol="?", waiting=(item,), notes=(text,))
