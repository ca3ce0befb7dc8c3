"""Whom a change of files touches, and why: what is declared for each customer is compared before and after it, bundles,
defaults and price books resolved. A comment touches nobody, a default only those it holds for.

What cannot be compared without reading touches everybody: whether a guardrail that was changed is met depends on what
is planned. A price list touches those with a line whose price today is another, or whose own price is a share of one;
what it says of other months and offers concerns nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from cspdecl.commerce.prices import find_price, market_of, prices_in
from cspdecl.core.desired import CustomerSpec, DesiredState
from cspdecl.core.diagnostics import Origin
from cspdecl.core.operation import Why
from cspdecl.core.project import PriceBook, Project, UnitPrice

#: Documents of a file, as (kind, name): "Customer", "Bundle", "PriceBook", "Project".
Documents = Mapping[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What stands in the files on one side of a change. `prices` None: the price lists are the same on both sides."""

    project: Project
    desired: DesiredState
    prices: PriceBook | None = None


def find_touched(base: Side, head: Side, changed: Documents, *, now: datetime) -> tuple[Why, ...]:
    """Every customer the change touches, with each reason, by customer. `changed`: the files it touches."""
    out = list[Why]()
    cause = _Causes(base, head, changed)
    moved = (
        _by_customer((item.target.customer, item) for item in base.desired.moves),
        _by_customer((item.target.customer, item) for item in head.desired.moves),
    )
    retired = (
        _by_customer((item.address.customer, item) for item in base.desired.retired),
        _by_customer((item.address.customer, item) for item in head.desired.retired),
    )
    for key in sorted({*base.desired.customers, *head.desired.customers}):
        before, after = base.desired.customers.get(key), head.desired.customers.get(key)
        if before is None and after is not None:
            file = after.origin.file
            out.append(Why(customer=key, cause="customer", file=file, text=f"it is declared anew in {file}"))
        elif after is None and before is not None:
            file = before.origin.file
            out.append(Why(customer=key, cause="gone", file=file, text=f"it is no longer declared; it was in {file}"))
        elif before is not None and after is not None:
            same = (
                same_meaning(before, after)
                and same_meaning(moved[0].get(key, ()), moved[1].get(key, ()))
                and same_meaning(retired[0].get(key, ()), retired[1].get(key, ()))
            )
            if not same:
                out += cause.of_difference(before, after)
            out += cause.of_project(before, after)
            if _priced_otherwise(after, base, head, now):
                out.append(cause.of_lists(after))
    return tuple(out)


def guardrails_changed(base: Project, head: Project) -> bool:
    """Whether the change touches the guardrails themselves."""
    return not same_meaning(base.guardrails, head.guardrails)


def about_guardrails(project: Project, customers: Iterable[str]) -> tuple[Why, ...]:
    """That these customers are in because a guardrail was changed."""
    file = project.origin.file
    text = f"the guardrails in {file} changed, and what is planned for it is judged by them"
    return tuple(Why(customer=key, cause="guardrails", file=file, text=text) for key in customers)


def comparable(before: CustomerSpec, after: CustomerSpec) -> bool:
    """Whether one reading serves both: the same tenant through the same provider."""
    return (before.provider, before.tenant, before.create and before.create.full_domain) == (
        after.provider,
        after.tenant,
        after.create and after.create.full_domain,
    )


# ---- the same meaning ----


def same_meaning(one: Any, other: Any) -> bool:
    """Whether two values say the same, wherever they stand written, and in whatever order lines do."""
    return bool(one == other) or _meaning(one) == _meaning(other)


def _meaning(value: Any) -> Any:
    if isinstance(value, Origin):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        found = [(item.name, _meaning(getattr(value, item.name))) for item in fields(value)]
        return (type(value).__name__, *found)
    if isinstance(value, Mapping):
        return {key: _meaning(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        found_items = [_meaning(item) for item in value]
        if value and all(hasattr(item, "address") for item in value):
            return sorted(found_items, key=repr)  # lines are known by their address, not by their place
        return found_items
    return value


# ---- reasons ----


class _Causes:
    """Finds the file that explains a difference."""

    def __init__(self, base: Side, head: Side, changed: Documents) -> None:
        self.base, self.head = base, head
        self.customers: dict[str, list[str]] = {}
        self.bundles: dict[str, list[str]] = {}
        self.books: list[tuple[str, str]] = []
        self.project: str | None = None
        for file, documents in sorted(changed.items()):
            for kind, name in sorted(documents):
                if kind == "Customer":
                    self.customers.setdefault(name, []).append(file)
                elif kind == "Bundle":
                    self.bundles.setdefault(name, []).append(file)
                elif kind == "PriceBook":
                    self.books.append((file, name))
                elif kind == "Project":
                    self.project = file
        self.any = min(changed, default=head.project.origin.file)
        self.defaults = self.project is not None and _differ(base.project, head.project, _DEFAULTS)
        self.resale = _differ(base.project, head.project, _RESALE)

    def of_difference(self, before: CustomerSpec, after: CustomerSpec) -> Iterator[Why]:
        key, found = after.key, False
        for file in self.customers.get(key, ()):
            found = True
            yield Why(customer=key, cause="customer", file=file, text=f"{file} changed, where it is declared")
        names = {item.name for spec in (before, after) for item in spec.bundles}
        for name in sorted(names & set(self.bundles)):
            for file in self.bundles[name]:
                found = True
                yield Why(customer=key, cause="bundle", file=file, text=f"{file} changed, and it has the bundle {name}")
        if not same_meaning(_sells(before), _sells(after)):
            for file, name in self.books:
                found = True
                text = f"{file} changed, and what it pays stands in the price book {name}"
                yield Why(customer=key, cause="prices", file=file, text=text)
        if self.defaults and self.project is not None:
            found = True
            text = f"{self.project} changed, and it goes by the project's defaults"
            yield Why(customer=key, cause="defaults", file=self.project, text=text)
        if not found:
            yield Why(
                customer=key, cause="project", file=self.any, text=f"what is declared for it changed ({self.any})"
            )

    def of_project(self, before: CustomerSpec, after: CustomerSpec) -> Iterator[Why]:
        """What of the project is no part of what is declared for a customer, and concerns it all the same."""
        one, other = self.base.project.providers.get(before.provider), self.head.project.providers.get(after.provider)
        file = self.head.project.origin.file
        if before.provider == after.provider and not same_meaning(one, other):
            text = f"the provider {after.provider} in {file} changed"
            yield Why(customer=after.key, cause="project", file=file, text=text)
        elif self.resale:
            text = f"{file} changed: who resells, or in which market and currency"
            yield Why(customer=after.key, cause="project", file=file, text=text)

    def of_lists(self, spec: CustomerSpec) -> Why:
        path = self.head.project.prices_path or self.base.project.prices_path or "prices"
        text = f"the price lists in {path} changed, and with them what is bought or sold here"
        return Why(customer=spec.key, cause="price-list", file=path, text=text)


_DEFAULTS = ("default_provider", "default_term", "default_billing", "default_end_of_term", "default_reduce")
_RESALE = ("reseller", "market")


def _differ(one: Project, other: Project, names: Iterable[str]) -> bool:
    return any(not same_meaning(getattr(one, name), getattr(other, name)) for name in names)


def _sells(spec: CustomerSpec) -> list[object]:
    found: list[object] = [(item.address, item.sell, item.relative) for item in spec.subscriptions]
    found += [(item.address, item.sell, item.relative) for item in spec.bundles]
    return [*found, *((item.address, item.sell) for item in spec.services)]


# ---- price lists ----


def _priced_otherwise(spec: CustomerSpec, base: Side, head: Side, now: datetime) -> bool:
    if base.prices is None or head.prices is None:
        return False
    relative = [line.relative for line in spec.subscriptions] + [bundle.relative for bundle in spec.bundles]
    if any(item is not None for item in relative):
        return True
    market = market_of(spec, None)
    one, other = prices_in(base.prices, market), prices_in(head.prices, market)
    return any(
        _amount(one, spec, index, now) != _amount(other, spec, index, now) for index in range(len(spec.subscriptions))
    )


def _amount(book: PriceBook, spec: CustomerSpec, index: int, now: datetime) -> object:
    line = spec.subscriptions[index]
    found = find_price(
        book, offer=line.offer, term=line.term, billing=line.billing, segment=spec.segment, at=now, seats=(line.seats,)
    )
    return (found.term_price, found.cycle_exact) if isinstance(found, UnitPrice) else None


def _by_customer(items: Iterable[tuple[str, Any]]) -> dict[str, tuple[Any, ...]]:
    out: dict[str, tuple[Any, ...]] = {}
    for key, item in items:
        out[key] = (*out.get(key, ()), item)
    return out
