"""Seats up, down and at the renewal: the split between what can go now and what stays until the term ends.

The steps of a decision come in the order in which they can be written: a name and the end of term first, the seats,
and what is scheduled last, because any immediate change deletes the schedule (contract §13.1, edition 2026).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from cspdecl.commerce.decide_addon import check_addon_seats, warn_smaller_base
from cspdecl.commerce.decide_end import keep_end_of_term
from cspdecl.commerce.decide_promotion import check_increase
from cspdecl.commerce.decide_renewal import decide_renewal, write_schedule
from cspdecl.commerce.policy import RETURN_WINDOW
from cspdecl.commerce.products import gives_seats_back, no_seats_back
from cspdecl.commerce.quantity import check_quantity
from cspdecl.commerce.values import Decision, Draft, Setting, Step, Symbol
from cspdecl.commerce.windows import Returnable, returnable
from cspdecl.commerce.words import day, instant, seats
from cspdecl.core.action import ChangeTerm, SetSeats
from cspdecl.core.capability import Capability
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, note
from cspdecl.core.live import LiveEndOfTerm, LiveSubscription
from cspdecl.core.operation import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """A reduction in two parts: `taken` now, before `take_by`; `held` until the renewal."""

    taken: int = 0
    take_by: datetime | None = None
    held: int = 0
    assumed: bool = False
    why: Literal["window", "declared", "provider"] = "window"


def decide_seats(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, *, ending: LiveEndOfTerm
) -> Decision:
    """The whole decision about a running subscription; `draft` holds what was decided about name and end of term."""
    refused = check_quantity(spec, live, setting)
    if refused is not None:
        draft.diagnostics.append(refused)
    check_increase(spec, live, setting, draft)
    if spec.seats != live.seats:
        check_addon_seats(spec, setting.offer, setting, draft)
        warn_smaller_base(spec, live, setting, draft)
    more = spec.seats - live.seats
    split = _split(spec, live, setting, draft) if more < 0 and not draft.refused else _Split()
    now = live.seats - split.taken + max(more, 0)
    then = replace(live, seats=now)  # what a renewal starts from
    wanted = None if draft.refused else decide_renewal(spec, then, setting, draft, ending=ending, held=split.held)
    if draft.refused:
        return Decision(
            symbol="?", diagnostics=tuple(draft.diagnostics), before=live.seats, after=live.seats,
        )  # fmt: skip
    if more > 0:
        reason = Reason(code="seats.up", text=f"{seats(spec.seats)} are declared, {live.seats} run")
        draft.steps.append(Step(action=SetSeats(before=live.seats, after=now), reason=reason))
    elif split.taken:
        text = f"{seats(spec.seats)} are declared, {live.seats} run, {split.taken} can still be returned"
        reason = Reason(code="seats.down.window", text=text)
        draft.steps.append(Step(action=SetSeats(before=live.seats, after=now), reason=reason, not_after=split.take_by))
    if now != live.seats or any(isinstance(step.action, ChangeTerm) for step in draft.steps):
        keep_end_of_term(spec, live, setting, draft, ending)
    write_schedule(spec, then, setting, draft, wanted)
    later = wanted is not None and wanted.seats != now
    return Decision(
        symbol=_symbol(draft),
        steps=tuple(draft.steps),
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        before=live.seats,
        after=now,
        later=wanted.seats if wanted is not None and later else None,
        later_on=live.term_ends if wanted is not None else None,
        added=max(more, 0),
        added_until=setting.now + RETURN_WINDOW if more > 0 else None,
        taken=split.taken,
        take_by=split.take_by,
        held=split.held,
        held_until=live.term_ends,
        held_why=split.why,
        owed_until=live.term_ends,
        assumed=split.assumed,
        notes=tuple(draft.notes),
    )


def _symbol(draft: Draft) -> Symbol:
    if draft.steps:
        return "~"
    return "?" if any(item.kind in ("blocked", "manual") for item in draft.waiting) else " "


# ---- how much can go now ----


def _split(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft) -> _Split:
    fewer = live.seats - spec.seats
    if spec.reduce == "renewal":
        return _Split(held=fewer, why="declared")
    window = returnable(live, setting.now)
    able = Capability.PARTIAL_REDUCTION in setting.capabilities and gives_seats_back(live)
    if not able:
        window = Returnable()
    taken, until = window.take(fewer)
    held = fewer - taken
    if held and spec.reduce == "now":
        unable = _unable(spec, live) if gives_seats_back(live) else no_seats_back(spec, live)
        refused = _outside(spec, live, taken=taken, until=until, held=held) if able else unable
        draft.diagnostics.append(refused)
    elif held and taken:
        draft.diagnostics.append(
            note(
                "CSP310",
                f"{held} of the {seats(fewer)} to remove are outside their 7-day window",
                origin=spec.origin.at("seats"),
                address=str(spec.address),
                label=_split_words(live, taken, until, held),
            )
        )
    if taken and window.assumed:
        draft.diagnostics.append(
            note(
                "CSP318",
                "the provider does not say which seats may be returned: seven days from the start of the term are "
                "assumed",
                origin=spec.origin.at("seats"),
                address=str(spec.address),
            )
        )
    return _Split(taken=taken, take_by=until if taken else None, held=held, assumed=window.assumed,
        why="window" if able else "provider",
    )  # fmt: skip


def _outside(
    spec: SubscriptionSpec, live: LiveSubscription, *, taken: int, until: datetime | None, held: int
) -> Diagnostic:
    # policy page 2026-08 (contract §13.3): after its window a seat is owed for the rest of the term
    fewer = taken + held
    all_of_them = "the seat to remove is" if fewer == 1 else f"all {fewer} seats to remove are"
    return error(
        "CSP310",
        f"{held} of the {seats(fewer)} to remove are outside their 7-day window"
        if taken
        else f"{all_of_them} outside the 7-day window",
        origin=spec.origin.at("seats"),
        address=str(spec.address),
        label=_split_words(live, taken, until, held),
        hint=f"`reduce: now` is set; `reduce: auto` schedules the rest, or say `seats: {live.seats - taken}`",
    )


def _unable(spec: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    return error(
        "CSP360",
        "this provider takes no seats back before the renewal",
        origin=spec.origin.at("seats"),
        address=str(spec.address),
        label=f"{live.seats} run, {spec.seats} are declared",
        hint="`reduce: now` is set; `reduce: auto` leaves them to the renewal",
    )


def _split_words(live: LiveSubscription, taken: int, until: datetime | None, held: int) -> str:
    renewal = f"at renewal on {day(live.term_ends)}" if live.term_ends else "when the term ends"
    if not taken or until is None:
        return f"they can go only {renewal}"
    return f"{taken} can go now (until {instant(until)}), {held} only {renewal}"
