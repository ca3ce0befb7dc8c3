"""Bundles found again in what a customer has: where every component is there once, in its ratio, and nothing else fits.

A bundle line is only written where it says exactly what the plain lines say; that is proven by compiling both. What is
nearly a bundle, or two bundles at once, stays plain, with a word about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from cspdecl.core.address import Address
from cspdecl.core.desired import CustomerSpec, SubscriptionSpec
from cspdecl.core.diagnostics import Origin
from cspdecl.core.live import LiveSubscription
from cspdecl.manifest import v1, v1_lines

Line = dict[str, Any]
Compile = Callable[[Sequence[Line]], "CustomerSpec | None"]
_FEWEST = 2  # one offer alone may as well be sold on its own
_NOWHERE, _NO_ORIGIN = Address("x", ("x",)), Origin(file="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """One subscription as a plain line."""

    item: LiveSubscription
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A bundle's version, reduced to what can be found live: offers, in order, with their ratio; own services apart."""

    name: str
    reference: str
    parts: tuple[tuple[str, str, v1_lines.ComponentSeats | None], ...]
    services: tuple[str, ...]
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """The lines of a customer, bundles first, and what is to be said about them."""

    lines: tuple[Line, ...]
    remarks: tuple[str, ...] = ()
    bundles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    shape: Shape
    line: Line
    taken: tuple[Plain, ...]


def shapes_of(bundles: Iterable[v1.Bundle]) -> tuple[Shape, ...]:
    """The newest version of every major version of every bundle."""
    newest: dict[tuple[str, int], tuple[tuple[int, ...], v1.Bundle]] = {}
    for bundle in bundles:
        version = tuple(int(part) for part in bundle.spec.version.split("."))
        place = (bundle.metadata.name, version[0])
        if place not in newest or newest[place][0] < version:
            newest[place] = (version, bundle)
    out = []
    for (name, major), (_version, bundle) in sorted(newest.items(), key=lambda item: item[0]):
        offers = [(part.name, part.offer, part.seats) for part in bundle.spec.components if part.offer is not None]
        anchor = bundle.spec.anchor or bundle.spec.components[0].name
        services = tuple(part.name for part in bundle.spec.components if part.service is not None)
        if len({offer for _, offer, _ in offers}) == len(offers):  # the same offer twice cannot be told apart
            out.append(
                Shape(name=name, reference=f"{name}@{major}", parts=tuple(offers), services=services, anchor=anchor)
            )
    return tuple(out)


def recognise(
    plain: Sequence[Plain], shapes: Sequence[Shape], compiled: Compile, *, beside: AbstractSet[str] = frozenset()
) -> Recognised:
    """The customer's lines with bundles in the place of what is one. `compiled`: what lines mean, None for nothing.
    `beside`: offers that run, too, and have no line: a bundle's parts have no ids, so nothing else may be like them."""
    remarks: list[str] = []
    found = [match for shape in shapes if (match := _match(shape, plain, beside, remarks)) is not None]
    sound = []
    for match in found:
        rivals = [other.shape.reference for other in found if other is not match and _share(other, match)]
        if rivals:
            remarks.append(f"this may be bundle {match.shape.reference}, or {' or '.join(rivals)}: decide it")
            continue
        proven = _proven(match, compiled)
        if proven is None:
            remarks.append(f"nearly bundle {match.shape.reference}, but the bundle says something else of its lines")
        else:
            sound.append(replace(match, line=proven))
    taken = {one.item.id for match in sound for one in match.taken}
    names: set[str] = {one.line["name"] for one in plain if one.item.id not in taken}
    lines: list[Line] = []
    for match in sound:
        name = match.shape.name
        while name in names:
            name = f"{name}-bundle"
        names.add(name)
        lines.append({**match.line, "name": name})
        if match.shape.services:
            left = ", ".join(match.shape.services)
            remarks.append(f"{name}: left out with `without`, since nothing live tells of it: {left}")
    lines += [one.line for one in plain if one.item.id not in taken]
    return Recognised(lines=tuple(lines), remarks=tuple(dict.fromkeys(remarks)), bundles=len(sound))


def _match(shape: Shape, plain: Sequence[Plain], beside: AbstractSet[str], remarks: list[str]) -> _Match | None:
    """The bundle, where each of its offers is there exactly once and in its ratio."""
    by_offer: dict[str, list[Plain]] = {}
    for one in plain:
        if one.item.offer is not None:
            by_offer.setdefault(str(one.item.offer), []).append(one)
    groups = [by_offer.get(offer, []) for _, offer, _ in shape.parts]
    if not shape.parts or not all(groups):
        return None
    if len(shape.parts) < _FEWEST:
        remarks.append(f"{groups[0][0].line['name']} may be bundle {shape.reference}, or stand alone: decide it")
        return None
    if any(len(group) > 1 for group in groups) or any(offer in beside for _, offer, _ in shape.parts):
        remarks.append(f"this may be bundle {shape.reference}, but it has an offer of it twice: decide which belongs")
        return None
    taken = tuple(group[0] for group in groups)
    seats = _bundle_seats(shape, taken)
    if seats is None:
        return None
    for (name, _offer, ratio), one in zip(shape.parts, taken, strict=True):
        wanted = _seats(ratio, seats)
        if wanted != one.item.seats:
            remarks.append(
                f"nearly bundle {shape.reference} with {seats} seats, but {name} has {one.item.seats} where {wanted} "
                f"belong; `overrides: {{{name}: {{seats: {one.item.seats}}}}}` would say so"
            )
            return None
    line: Line = {"name": shape.name, "bundle": shape.reference, "seats": seats}
    if shape.services:
        line["without"] = list(shape.services)
    return _Match(shape=shape, line=line, taken=taken)


def _bundle_seats(shape: Shape, taken: Sequence[Plain]) -> int | None:
    """Bundle seats, read from a component that has as many: the anchor before the others."""
    even = [
        (name == shape.anchor, one.item.seats)
        for (name, _, ratio), one in zip(shape.parts, taken, strict=True)
        if ratio is None or Fraction(ratio.per_seat) == 1
    ]
    return max(even)[1] if even else None


def _seats(ratio: v1_lines.ComponentSeats | None, seats: int) -> int:
    if ratio is None:
        return seats
    exact = Fraction(ratio.per_seat) * seats
    if ratio.round == "up":
        return -(-exact.numerator // exact.denominator)
    return exact.__floor__() if ratio.round == "down" else (exact + Fraction(1, 2)).__floor__()


def _share(one: _Match, other: _Match) -> bool:
    return bool({item.item.id for item in one.taken} & {item.item.id for item in other.taken})


def _proven(match: _Match, compiled: Compile) -> Line | None:
    """The bundle line, with overrides where the customer's terms differ, once it says what the plain lines say."""
    plain = compiled([one.line for one in match.taken])
    bundled = compiled([match.line])
    if plain is None or bundled is None:
        return None
    wanted = {str(line.offer): line for line in plain.subscriptions}
    overrides: dict[str, dict[str, Any]] = {}
    for line in bundled.subscriptions:
        own = wanted.get(str(line.offer))
        if own is None:
            return None
        given: Mapping[str, Any] = next(one.line for one in match.taken if str(one.item.offer) == str(line.offer))
        pairs = (
            ("term", line.term, own.term),
            ("billing", line.billing, own.billing),
            ("endOfTerm", line.end_of_term, own.end_of_term),
        )
        changed = {key: given[key] for key, here, there in pairs if here != there and key in given}
        if changed:
            overrides[line.address.name] = changed
    if overrides:
        line_with = {**match.line, "overrides": overrides}
        bundled = compiled([line_with])
        if bundled is None:
            return None
    else:
        line_with = match.line
    said = {str(line.offer): _meaning(line) for line in bundled.subscriptions}
    return line_with if said == {offer: _meaning(line) for offer, line in wanted.items()} else None


def _meaning(line: SubscriptionSpec) -> SubscriptionSpec:
    """A line without what only names it or prices it."""
    like = replace(line, id=None, display_name=None, bundle=None, bundle_origin=None, sell=None)
    return replace(like, address=_NOWHERE, origin=_NO_ORIGIN, relative=None)
