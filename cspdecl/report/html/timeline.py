"""What comes when: until when something can be taken back or applied, what a renewal brings, what is owed until when.

The list is the timeline, in words and in order; the picture above it repeats it on an axis on which early days have
more room (its ticks say so).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log2
from typing import Literal

from cspdecl.core.address import Address
from cspdecl.core.operation import Plan
from cspdecl.planning.undo import undo_of
from cspdecl.report.difference import Part
from cspdecl.report.html.markup import Html, el
from cspdecl.report.html.view import View

Happening = Literal["back", "send", "renewal", "hand", "due", "owed"]
_ORDER: tuple[Happening, ...] = ("back", "send", "hand", "due", "renewal", "owed")
_OF_WAITING: Mapping[str, Happening] = {"manual": "hand", "scheduled": "renewal"}
_NAMED = 4
_FOLDED = 40
_TICKS = (
    (7, "7 days"), (30, "1 month"), (91, "3 months"), (182, "6 months"), (365, "1 year"), (730, "2 years"),
    (1095, "3 years"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happens at one instant to some lines. For what is owed the instant is that of its last day."""

    what: Happening
    at: datetime
    who: tuple[Address, ...]


def events_of(plan: Plan, part: Part) -> tuple[Event, ...]:
    """Everything with a date that the plan knows, from its own time on, in order; the same at one instant is one."""
    found: dict[tuple[datetime, Happening], dict[Address, None]] = {}

    def add(what: Happening, at: datetime | None, who: Address) -> None:
        if at is not None and at >= plan.now:
            found.setdefault((at, what), {})[who] = None

    for item in part.operations:
        undo = undo_of(item, now=plan.now)
        if undo.how == "window":
            add("back", undo.until, item.address)
        add("send", item.not_after, item.address)
        if item.preview is not None and item.preview.commitment is not None and item.preview.commitment.amount > 0:
            add("owed", _last(item.preview.commitment_until), item.address)
    for line in part.lines:
        add("renewal", line.later_on, line.address)
    for waiting in part.waiting:
        add(_OF_WAITING.get(waiting.kind, "due"), waiting.when, waiting.address)
    ordered = sorted(found, key=lambda key: (key[0], _ORDER.index(key[1])))
    return tuple(Event(what=what, at=at, who=tuple(found[at, what])) for at, what in ordered)


def _last(exclusive: datetime | None) -> datetime | None:
    return None if exclusive is None else exclusive - timedelta(microseconds=1)


def render_timeline(events: Sequence[Event], now: datetime, view: View) -> Html:
    """The picture and the list."""
    rows = [_event(event, now, view) for event in events]
    more = view.say("{count} later dates", count=len(rows) - _FOLDED)
    return el(
        "div",
        _picture(events, now, view),
        el("ol", *rows[:_FOLDED], class_="events"),
        el("details", el("summary", more), el("ol", *rows[_FOLDED:], class_="events"), class_="plain")
        if len(rows) > _FOLDED
        else None,
        class_="figure",
    )


def _words(view: View) -> dict[Happening, str]:
    return {
        "back": view.say("Last moment to take it back"),
        "send": view.say("Last moment to apply"),
        "hand": view.say("To be done by hand until then"),
        "due": view.say("Becomes possible"),
        "renewal": view.say("Comes with the renewal"),
        "owed": view.say("Owed until then"),
    }


def _event(event: Event, now: datetime, view: View) -> Html:
    days = event.what in ("owed", "renewal")  # neither has an hour that anybody would wait for
    when = view.lang.day(event.at.date()) if days else view.lang.clock(event.at)
    rest = len(event.who) - _NAMED
    who = [el("span", str(address)) for address in event.who[:_NAMED]]
    if rest > 0:
        who.append(el("span", view.say("and {count} more", count=rest)))
    return el(
        "li",
        el("time", when, datetime=event.at.isoformat(timespec="minutes"), class_="num"),
        el("span", _distance(event.at - now, view), class_="soft num"),
        el(
            "span", el("b", _words(view)[event.what]), " ", el("span", *who, class_="who"), class_=f"event {event.what}"
        ),
    )


def _distance(ahead: timedelta, view: View) -> str:
    if ahead.days < 1:
        return view.say("today")
    return view.counted(ahead.days, "in 1 day", "in {count} days")


def _picture(events: Sequence[Event], now: datetime, view: View) -> Html:
    """A lane a kind of event, points in proportion to how many lines they concern."""
    longest = max(8, *((event.at - now).days for event in events))
    lanes = []
    ticks = [(days, view.say(text)) for days, text in _TICKS if days <= longest]
    grid = [el("line", x1=_x(days, longest), x2=_x(days, longest), y1=0, y2="100%", class_="grid") for days, _ in ticks]
    for what in _ORDER:
        there = [event for event in events if event.what == what]
        if not there:
            continue
        points = [
            el(
                "circle",
                cx=_x((event.at - now) / timedelta(days=1), longest),
                cy=12,
                r=f"{min(4 + log2(len(event.who)) / 2, 9):.1f}",
                class_=what,
            )
            for event in _thinned(there)
        ]
        lanes.append(
            el(
                "div",
                el("span", _words(view)[what]),
                el("svg", *grid, *points, width="100%", height=24, focusable="false"),
                class_="lane",
            )
        )
    labels = [
        el("text", text, x=_x(days, longest), y=14, text_anchor="middle") for days, text in _roomy(ticks, longest)
    ]
    axis = el("svg", el("text", view.say("now"), x=0, y=14), *labels, width="100%", height=20, focusable="false")
    lanes.append(el("div", el("span"), axis, class_="lane ticks"))
    return el("div", *lanes, class_="lanes", aria_hidden="true")


def _x(days: float, longest: int) -> str:
    """The place on the axis in percent: the square root gives the first weeks room beside the years."""
    return f"{1 + 95 * (max(days, 0) / longest) ** 0.5:.2f}%"


def _thinned(events: Sequence[Event]) -> Iterable[Event]:
    """At most a few hundred points a lane: more of them are one smear."""
    step = max(1, len(events) // 300)
    return events[::step]


def _roomy(ticks: Sequence[tuple[int, str]], longest: int) -> Iterable[tuple[int, str]]:
    last = 0.0
    for days, text in ticks:
        x = (days / longest) ** 0.5
        if x - last >= 0.13:
            last = x
            yield days, text
