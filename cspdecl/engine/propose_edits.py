"""Which words in a manifest would accept a finding: an edit, or none where only a person can say what is meant.

An edit names what the manifests must say afterwards, and nothing else; whether they do is looked at when it is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from cspdecl.commerce.words import day
from cspdecl.core.address import Address
from cspdecl.core.desired import AzurePlanSpec, DesiredState, SubscriptionSpec
from cspdecl.core.diagnostics import Origin
from cspdecl.engine.export_lines import cannot_declare, line_of, renewal_of
from cspdecl.engine.export_names import slug, unused
from cspdecl.manifest.edit import add_item, put_key, replace_node, replace_value
from cspdecl.manifest.locate import find_value
from cspdecl.report.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cspdecl.core.live import LiveState, LiveSubscription
    from cspdecl.planning.drift_values import Drift

#: What a line says itself, by its name in a finding, as a manifest calls it.
KEYS = {
    "seats": "seats", "end_of_term": "endOfTerm", "nickname": "nickname", "term": "term", "billing": "billing",
    "offer": "offer",
}  # fmt: skip
Spec = SubscriptionSpec | AzurePlanSpec
Specs = Mapping[Address, Spec]
#: (address, field of the spec) → what it must be afterwards, as text; None: whatever the edit made of it.
Expected = Mapping[tuple[Address, str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change of one file, the findings it accepts, and what the manifests must say then.

    `how`: another "value" where one stands, a "key" of a line (or of a component's overrides, where `component` is
    given), an "item" more in a list. `place` is the value's, the line's or the list's.
    """

    how: Literal["value", "key", "item"]
    place: Origin
    value: str
    accepts: tuple[Drift, ...]
    key: str = ""
    component: str | None = None
    comment: str | None = None
    expects: Expected = field(default_factory=dict)
    adds: frozenset[Address] = frozenset()

    @property
    def text(self) -> str:
        """What is written, for a person."""
        names = ", ".join(str(item.address) for item in self.accepts)
        path = (*self.place.path, *(("overrides", self.component) if self.component else ()))
        path = (*path, self.key) if self.key else path
        index = max((number for number, part in enumerate(path) if isinstance(part, int)), default=-1)
        words = path[index + 1 :] if index >= 0 else path[-1:]
        return f"{self.place.file}: {'.'.join(map(str, words))}: {self.value} ({names})"

    def apply(self, text: str) -> str | None:
        """The file's text with the change, or None where it has no place for it."""
        if self.how == "value":
            return replace_value(text, self.place, self.value)
        if self.how == "item":
            return add_item(text, self.place, self.value, comment=self.comment)
        if self.component is None:
            return _put(text, self.place, self.key, self.value, self.comment)
        over = self.place.at("overrides")
        whole = _put(text, over.at(self.component), self.key, self.value, self.comment)
        if whole is None:
            inner = f"{{{self.key}: {self.value}}}"
            whole = put_key(text, over, self.component, inner, comment=self.comment)
            if whole is None:
                outer = f"{{{self.component}: {inner}}}"
                whole = put_key(text, self.place, "overrides", outer, comment=self.comment)
        return whole


def _put(text: str, place: Origin, key: str, value: str, comment: str | None) -> str | None:
    return replace_node(text, place.at(key), value) or put_key(text, place, key, value, comment=comment)


def value_edits(specs: Specs, found: Iterable[Drift], live: LiveState, read: Callable[[str], str]) -> Iterator[Edit]:
    """One edit for every written value that could accept findings; several findings may hang on a bundle's seats."""
    places: dict[tuple[str, int, tuple[object, ...]], list[tuple[Origin, str, Drift, str]]] = {}
    for item in found:
        line, wanted = specs.get(item.address), _wanted(item, specs.get(item.address), live)
        if not isinstance(line, SubscriptionSpec) or line.absent or wanted is None:
            continue
        name, value = wanted
        for origin in _origins(line, KEYS[name]):
            if find_value(read(origin.file), origin.document, origin.path) is not None:
                key = (origin.file, origin.document, origin.path)
                places.setdefault(key, []).append((origin, value, item, name))
                break
    for group in places.values():
        yield Edit(
            how="value",
            place=group[0][0],
            # of a bundle's seats, those of its fullest component
            value=max((value for _, value, _, _ in group), key=lambda text: (len(text), text)),
            accepts=tuple(item for _, _, item, _ in group),
            expects={(item.address, name): _plain(value) for _, value, item, name in group},
        )


def other_edits(specs: Specs, desired: DesiredState, found: Iterable[Drift], live: LiveState) -> Iterator[Edit]:
    """For every finding that no written value accepts: the key or the line that would."""
    taken: dict[str, set[str]] = {}
    for item in found:
        line = specs.get(item.address)
        edit: Edit | None = None
        if item.kind == "unmanaged-new":
            names = taken.setdefault(item.address.customer, _names(desired, item.address.customer))
            edit = _line_for(item, _live_of(item, live), desired, names)
        elif line is None or line.absent:
            continue
        elif item.kind == "missing":
            comment = f"ended elsewhere, found {day(live.as_of)}"
            edit = _key(item, line, "absent", "absent", "true", "True", comment=comment)
            if isinstance(line, SubscriptionSpec) and line.seats:
                edit = replace(edit, expects={**edit.expects, (line.address, "seats"): "0"})
        elif item.field == "status" and item.live in ("suspended", "active"):
            stopped = item.live == "suspended"
            edit = _key(item, line, "suspended", "suspended", "true" if stopped else "false", str(stopped))
        elif item.field == "budget" and isinstance(line, AzurePlanSpec) and item.live is not None:
            place = line.origin.at("azurePlan", "budget")
            expects = {(line.address, "budget"): str(item.live)}
            edit = Edit(how="value", place=place, value=f'"{item.live}"', accepts=(item,), expects=expects)
        elif item.field == "reseller":
            edit = _reseller(item, desired, live)
        elif isinstance(line, SubscriptionSpec):
            edit = _of_line(item, line, live)
        if edit is not None:
            yield edit


def _of_line(item: Drift, line: SubscriptionSpec, live: LiveState) -> Edit | None:
    if item.kind == "schedule" and item.live is not None:
        seen = _live_of(item, live)
        differing = renewal_of(seen) if seen is not None else {}
        if not differing:
            return None
        return _key(item, line, "atRenewal", "at_renewal", flow(differing), None)
    wanted = _wanted(item, line, live)
    if wanted is None:
        return None
    name, value = wanted
    return _key(item, line, KEYS[name], name, value, _plain(value))


def _key(
    item: Drift, line: Spec, key: str, name: str, value: str, expected: str | None, *, comment: str | None = None
) -> Edit:
    bundle = line.bundle if isinstance(line, SubscriptionSpec) else None
    return Edit(
        how="key", place=line.origin, key=key, value=value, accepts=(item,), comment=comment,
        component=bundle.component if bundle is not None else None, expects={(line.address, name): expected},
    )  # fmt: skip


def _line_for(item: Drift, seen: LiveSubscription | None, desired: DesiredState, names: set[str]) -> Edit | None:
    """A line that takes a subscription over, as it runs."""
    spec = desired.customers.get(item.address.customer)
    if seen is None or spec is None or cannot_declare(seen) is not None:
        return None
    if seen.product != "azure_plan" and seen.end_of_term == "unset" and str(seen.status) != "suspended":
        return None  # what follows its term is left open, which no line can say
    name = unused(slug(seen.nickname or seen.title, fallback="subscription"), names)
    names.add(name)
    comment = f"bought elsewhere on {day(seen.created)}"
    return Edit(
        how="item", place=Origin(file=spec.origin.file, document=spec.origin.document, path=("spec", "subscriptions")),
        value=flow(line_of(seen, name)), accepts=(item,), comment=comment, adds=frozenset({Address(spec.key, (name,))}),
    )  # fmt: skip


def _reseller(item: Drift, desired: DesiredState, live: LiveState) -> Edit | None:
    """The customer's reseller, where all that runs names the same one now."""
    spec, there = desired.customers.get(item.address.customer), live.customers.get(item.address.customer)
    if spec is None or spec.reseller is None or there is None or item.live is None:
        return None
    if {one.reseller for one in there.subscriptions if one.status.running} != {str(item.live)}:
        return None
    return Edit(
        how="value", place=spec.reseller.origin.at("partnerId"), value=f'"{item.live}"', accepts=(item,),
        expects={(Address(spec.key), "reseller"): str(item.live)},
    )  # fmt: skip


def _wanted(item: Drift, line: Spec | None, live: LiveState) -> tuple[str, str] | None:
    """The field and the YAML of its live value; None for what no value of a line can say."""
    if item.kind == "schedule" and item.live is None:
        # fewer seats were to come with the renewal and do not any more: what runs now is what stays
        seen = _live_of(item, live)
        plain = isinstance(line, SubscriptionSpec) and line.at_renewal is None
        return ("seats", str(seen.seats)) if seen is not None and plain and seen.scheduled is None else None
    if item.kind != "changed" or item.field not in KEYS or item.live is None or item.live == "unset":
        return None
    if item.field in ("nickname", "offer"):
        text = str(item.live)
        return (item.field, json.dumps(text, ensure_ascii=False)) if printable(text) == text else None
    return item.field, str(item.live)


def _plain(value: str) -> str:
    return str(json.loads(value)) if value.startswith('"') else value


def _origins(line: SubscriptionSpec, key: str) -> tuple[Origin, ...]:
    """Where a value of a line may stand at its customer, the nearest first."""
    if line.bundle is None:
        return (line.origin.at(key),)
    return (line.origin.at("overrides", line.bundle.component, key), line.origin.at(key))


def _names(desired: DesiredState, customer: str) -> set[str]:
    spec = desired.customers[customer]
    groups = (spec.subscriptions, spec.services, spec.bundles, spec.azure_plans)
    return {item.address.path[0] for group in groups for item in group if item.address.path}


def _live_of(item: Drift, live: LiveState) -> LiveSubscription | None:
    customer = live.customers.get(item.address.customer)
    there = customer.subscriptions if customer else ()
    return next((one for one in there if one.id == item.subscription), None)


def flow(value: object) -> str:
    """A value as YAML in one line. Words stay bare where they read back as the same word."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return text if text.replace("-", "").isalnum() and not text[0].isdigit() else json.dumps(text, ensure_ascii=False)
