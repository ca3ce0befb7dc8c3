"""Seats up, down and at the renewal: the split between what can go now and what stays until the term ends.

The steps of a decision come in the order in which they can be written: a name and the end of term first, the seats,
and what is scheduled last, because any immediate change deletes the schedule (contract §13.1, edition 2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cspdecl.commerce.decide_end import keep_end_of_term
from cspdecl.commerce.policy import RETURN_WINDOW, renewal_deadline
from cspdecl.commerce.quantity import check_quantity
from cspdecl.commerce.values import Decision, Draft, Setting, Step, Symbol
from cspdecl.commerce.windows import Returnable, returnable
from cspdecl.commerce.words import day, instant, last_day, seats, stay_billed
from cspdecl.core.action import ClearSchedule, ScheduleRenewal, SetEndOfTerm, SetSeats
from cspdecl.core.capability import Capability
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, note
from cspdecl.core.live import LiveEndOfTerm, LiveSubscription, NextTerm
from cspdecl.core.operation import Reason, Waiting


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
    more = spec.seats - live.seats
    split = _split(spec, live, setting, draft) if more < 0 and not draft.refused else _Split()
    wanted = _renewal(spec, live, setting, draft, ending=ending, split=split) if split.held else None
    if draft.refused:
        return Decision(
            symbol="?", diagnostics=tuple(draft.diagnostics), before=live.seats, after=live.seats,
        )  # fmt: skip
    now = live.seats - split.taken + max(more, 0)
    if more > 0:
        reason = Reason(code="seats.up", text=f"{seats(spec.seats)} are declared, {live.seats} run")
        draft.steps.append(Step(action=SetSeats(before=live.seats, after=now), reason=reason))
    elif split.taken:
        text = f"{seats(spec.seats)} are declared, {live.seats} run, {split.taken} can still be returned"
        reason = Reason(code="seats.down.window", text=text)
        draft.steps.append(Step(action=SetSeats(before=live.seats, after=now), reason=reason, not_after=split.take_by))
    if now != live.seats:
        keep_end_of_term(spec, live, setting, draft, ending)
    _schedule(spec, live, setting, draft, wanted)
    later = wanted is not None
    return Decision(
        symbol=_symbol(draft),
        steps=tuple(draft.steps),
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        before=live.seats,
        after=now,
        later=spec.seats if later else None,
        later_on=live.term_ends if later else None,
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
    able = Capability.PARTIAL_REDUCTION in setting.capabilities
    if not able:
        window = Returnable()
    taken, until = window.take(fewer)
    held = fewer - taken
    if held and spec.reduce == "now":
        refused = _outside(spec, live, taken=taken, until=until, held=held) if able else _unable(spec, live)
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


# ---- the rest at the renewal ----


def _renewal(
    spec: SubscriptionSpec,
    live: LiveSubscription,
    setting: Setting,
    draft: Draft,
    *,
    ending: LiveEndOfTerm,
    split: _Split,
) -> NextTerm | None:
    """What the next term shall be, or None with what stands against it as a waiting item or a refusal."""
    stay = stay_billed(split.held)
    if live.term_ends is None or live.term is None or live.billing is None:
        draft.waiting.append(_due(spec, "CSP314", f"{stay}: the provider shows no term to change them with", live))
        return None
    until = f"until {last_day(live.term_ends)}"
    if ending == "cancel":
        text = f"{stay} {until}, when it ends; a smaller renewal would never come true"
        draft.waiting.append(_wait_for_end(spec, "CSP312", text, live))
        return None
    if ending == "extend":
        text = f"{stay} {until}; then it goes on month by month and they can be returned at any time"
        draft.waiting.append(_due(spec, "CSP312", text, live))
        return None
    if ending == "unset":
        draft.diagnostics.append(
            error(
                "CSP313",
                f"{seats(split.held)} can go only at a renewal, and this subscription does not renew",
                origin=spec.origin.at("seats"),
                address=str(spec.address),
                label="auto-renew is off, and a change at the renewal needs it on",
                hint="say `endOfTerm: renew` to schedule the reduction, or `endOfTerm: cancel` to let it end",
            )
        )
        return None
    switched_on = any(isinstance(step.action, SetEndOfTerm) for step in draft.steps)
    if Capability.SCHEDULED_CHANGES not in setting.capabilities or not (live.policy.can_schedule or switched_on):
        text = f"{stay}: a change at the renewal cannot be scheduled here; to be done from {day(live.term_ends)}"
        draft.waiting.append(_due(spec, "CSP314", text, live))
        return None
    if setting.now >= renewal_deadline(live.term_ends):
        # contract §13.2 (2023-10): too late for this renewal; its own 7-day window opens when it completes
        text = f"{stay}: the renewal of {day(live.term_ends)} has begun; the new term's own 7-day window comes next"
        draft.waiting.append(_due(spec, "CSP315", text, live))
        return None
    return NextTerm(offer=spec.offer, seats=spec.seats, term=live.term, billing=live.billing)


def _schedule(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, wanted: NextTerm | None
) -> None:
    """Bring what is scheduled in line: write, write again, take back, or leave it and wait for it."""
    have = live.scheduled
    if wanted is not None and live.term_ends is not None:
        on = day(live.term_ends)
        if have == wanted and not draft.steps:
            text = f"{live.seats} → {seats(wanted.seats)} at renewal on {on}"
            draft.waiting.append(_wait_for_end(spec, "CSP311", text, live))
            return
        if have == wanted:
            # contract §13.1 (2026): "any immediate change deletes all scheduled changes"
            reason = Reason(code="schedule.again", text=f"the change before deletes what was scheduled for {on}")
        elif have is not None:
            reason = Reason(code="schedule.replace", text=f"{seats(wanted.seats)} from {on}, not {have.seats}")
            draft.notes.append(f"replaces what was scheduled so far: {seats(have.seats)} from {on}")
        else:
            reason = Reason(code="seats.down.renewal", text=f"{seats(wanted.seats)} from the renewal on {on}")
        draft.steps.append(
            Step(action=ScheduleRenewal(next=wanted), reason=reason, not_after=renewal_deadline(live.term_ends))
        )
        return
    if have is None or _changes_nothing(have, live):
        return
    foreign = f"a change scheduled for the renewal that is not declared (any more) ({_next_words(have, live)})"
    if _deletes_schedule(draft):
        draft.notes.append(f"takes back {foreign}")
    elif live.term_ends is not None and setting.now >= renewal_deadline(live.term_ends):
        draft.waiting.append(_due(spec, "CSP315", f"{foreign} can no longer be taken back before it comes true", live))
    elif Capability.SCHEDULED_CHANGES not in setting.capabilities:
        text = f"take back {foreign} in the provider's portal: this provider cannot"
        draft.waiting.append(
            Waiting(
                address=spec.address, kind="manual", code="CSP360", text=text, when=live.term_ends, origin=spec.origin
            )
        )
    else:
        # first, since whether a new name deletes a schedule is not documented (contract §13.1): then both readings hold
        draft.steps.insert(
            0,
            Step(
                action=ClearSchedule(was=have),
                reason=Reason(code="schedule.undeclared", text=f"takes back {foreign}"),
                not_after=renewal_deadline(live.term_ends) if live.term_ends else None,
            ),
        )
        draft.notes.append(f"takes back {foreign}")
        draft.diagnostics.append(
            note("CSP316", foreign, origin=spec.origin, address=str(spec.address), hint="declare it to keep it")
        )


def _deletes_schedule(draft: Draft) -> bool:
    """Whether a step certainly deletes what is scheduled: seats, or auto-renew going off (both editions agree)."""
    return any(
        isinstance(step.action, SetSeats) or (isinstance(step.action, SetEndOfTerm) and step.action.after != "renew")
        for step in draft.steps
    )


def _changes_nothing(have: NextTerm, live: LiveSubscription) -> bool:
    return (have.offer, have.seats, have.term, have.billing) == (live.offer, live.seats, live.term, live.billing)


def _next_words(have: NextTerm, live: LiveSubscription) -> str:
    parts = [seats(have.seats)]
    if have.offer != live.offer:
        parts.append(f"as {have.offer}")
    if (have.term, have.billing) != (live.term, live.billing):
        parts.append(f"{have.term} billed {have.billing}")
    on = f" on {day(live.term_ends)}" if live.term_ends else ""
    return ", ".join(parts) + on


def _due(spec: SubscriptionSpec, code: str, text: str, live: LiveSubscription) -> Waiting:
    return Waiting(address=spec.address, kind="due", code=code, text=text, when=live.term_ends, origin=spec.origin)


def _wait_for_end(spec: SubscriptionSpec, code: str, text: str, live: LiveSubscription) -> Waiting:
    return Waiting(
        address=spec.address, kind="scheduled", code=code, text=text, when=live.term_ends, origin=spec.origin
    )
