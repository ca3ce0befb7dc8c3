"""Values with a day, before they become core's `Dated`: what holds at first, and what begins later.

A `Timeline` is (value at first or None, what begins later). One that is said in a more specific place covers the other
from its own first day on, so that `endOfTerm: [{value: cancel, from: …}]` leaves the default in force until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

from cspdecl.core.diagnostics import Origin
from cspdecl.manifest.context import Context

#: Attributes of a line that may be a list, and their keys.
DATED_KEYS = {
    "seats": "seats",
    "term": "term",
    "billing": "billing",
    "end_of_term": "endOfTerm",
    "sell": "sell",
    "absent": "absent",
    "suspended": "suspended",
    "at_renewal": "atRenewal",
}


@dataclass(frozen=True, slots=True)
class Later:
    """A value that begins to hold on a day, and where it was written."""

    day: date
    value: Any
    origin: Origin


Timeline = tuple[Any, tuple[Later, ...]]
NOTHING: Timeline = (None, ())
_PLAIN = frozenset({type(None), int, str, bool})
_datable = attrgetter(*DATED_KEYS)


def is_dated(written: object) -> bool:
    """Whether a wire value has days: a list, or a mapping with `from`."""
    return type(written) is tuple or getattr(written, "starts", None) is not None


def timeline(written: Any, origin: Origin) -> Timeline:
    """The wire value written at `origin` as a timeline. Of a mapping with `from` the mapping itself is the value."""
    if type(written) is not tuple:
        starts = getattr(written, "starts", None)
        if starts is None:
            return written, ()
        return None, (Later(date.fromisoformat(starts), written, origin),)
    base = None
    later = []
    for index, entry in enumerate(written):
        starts = getattr(entry, "starts", None)
        if starts is None:
            base = entry
        else:
            value = getattr(entry, "value", entry)
            later.append(Later(date.fromisoformat(starts), value, origin.at(index)))
    return base, tuple(later)


def over(upper: Timeline, lower: Timeline) -> Timeline:
    """The more specific timeline, with the other one before it begins."""
    base, later = upper
    if base is not None:
        return upper
    if not later:
        return lower
    return lower[0], (*(item for item in lower[1] if item.day < later[0].day), *later)


def holds(attribute: str, key: str, layers: Sequence[Any], places: Sequence[Origin]) -> Timeline:
    """What the layers say together, the most specific first; those beyond `places` have no days."""
    found = NOTHING
    for index, layer in enumerate(layers):
        written = None if layer is None else getattr(layer, attribute)
        if written is None:
            continue
        own = timeline(written, places[index].at(key)) if index < len(places) and is_dated(written) else (written, ())
        found = over(found, own)
        if found[0] is not None:
            break
    return found


def either(first: Timeline, second: Timeline) -> Timeline:
    """True while one of two is; None counts as false."""
    if not first[1] and not second[1]:
        return bool(first[0] or second[0]), ()
    return combined(first, second, lambda one, other: bool(one or other))


def combined(first: Timeline, second: Timeline, join: Any) -> Timeline:
    """Two timelines as one of their joint values; a day on which nothing changes is left out."""
    base = now = join(first[0], second[0])
    one, other = first[0], second[0]
    later = []
    for day in sorted({item.day for item in (*first[1], *second[1])}):
        origin = None
        for item in first[1]:
            if item.day == day:
                one, origin = item.value, item.origin
        for item in second[1]:
            if item.day == day:
                other, origin = item.value, item.origin
        value = join(one, other)
        if value != now and origin is not None:
            later.append(Later(day, value, origin))
            now = value
    return base, tuple(later)


def mapped(line: Timeline, change: Any) -> Timeline:
    """A timeline with every value put through `change(value, origin or None)`."""
    base, later = line
    return (
        None if base is None else change(base, None),
        tuple(Later(item.day, change(item.value, item.origin), item.origin) for item in later),
    )


def check_days(context: Context, wire: object, origin: Origin, address: object, begins: date | None = None) -> bool:
    """Complain about lists of a line or override whose days are out of order. Whether any value has a day at all."""
    written = _datable(wire)
    if _PLAIN.issuperset(map(type, written)) or not any(map(is_dated, written)):
        return False
    for attribute, key in DATED_KEYS.items():
        check_list(context, getattr(wire, attribute), origin.at(key), address, key, begins)
    return True


def check_list(
    context: Context, written: Any, origin: Origin, address: object, key: str, begins: date | None = None
) -> None:
    """Days ascend, only the first entry does without, and none is from before the line `begins`."""
    if written is None or not is_dated(written):
        return
    entries = written if type(written) is tuple else (written,)
    previous: date | None = None
    for index, entry in enumerate(entries):
        here = origin.at(index) if type(written) is tuple else origin
        starts = getattr(entry, "starts", None)
        if starts is None:
            if index:
                context.error(
                    "CSP131",
                    f"this entry of `{key}` has no `from`",
                    here,
                    address=address,
                    hint="only the first entry may do without: it is what holds until the next one's day",
                )
            continue
        day = date.fromisoformat(starts)
        if previous is not None and day <= previous:
            context.error(
                "CSP131",
                f"in `{key}` {day} stands after {previous}",
                here.at("from"),
                address=address,
                hint="the days ascend, and no day stands twice",
            )
        previous = day
        if begins is not None and day <= begins:
            context.error(
                "CSP133",
                f"`{key}` changes on {day}, but the line begins on {begins}",
                here.at("from"),
                address=address,
                hint="write what holds from the beginning as a plain value",
            )
