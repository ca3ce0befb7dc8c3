"""What the next term shall be: `atRenewal` and what a reduction leaves for then, as one value that is written last.

Sources: create-scheduled-changes page, 2026, and subscription lifecycle, 2023-10 (contract §13.4). A change with the
renewal needs an active subscription that renews. Any immediate change deletes it, so it is written again after each.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from cspdecl.commerce.policy import renewal_deadline
from cspdecl.commerce.quantity import check_quantity
from cspdecl.commerce.renewal_checks import check_combination_then, check_ends, check_path
from cspdecl.commerce.values import Draft, Setting, Step
from cspdecl.commerce.words import day, last_day, next_term_words, seats, stay_billed
from cspdecl.core.action import ClearSchedule, Resume, ScheduleRenewal, SetEndOfTerm, SetSeats, Suspend
from cspdecl.core.capability import Capability
from cspdecl.core.desired import AtRenewal, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, note, warning
from cspdecl.core.live import LiveEndOfTerm, LiveSubscription, NextTerm
from cspdecl.core.operation import Reason, Waiting

_NO_RENEWAL = {
    "cancel": "it ends with its term",
    "extend": "it goes on by the month when its term ends",
    "unset": "its auto-renew is off",
    "renew": "it renews",
}


def next_term(spec: SubscriptionSpec, live: LiveSubscription) -> NextTerm | None:
    """The next term as declared: what `atRenewal` says, else the line's own values. None where there is no term."""
    if live.term is None or live.billing is None or live.offer is None:
        return None
    wanted = spec.at_renewal
    if wanted is None:
        return NextTerm(offer=spec.offer, seats=spec.seats, term=live.term, billing=live.billing)
    return NextTerm(
        offer=wanted.offer or spec.offer,
        seats=spec.seats if wanted.seats is None else wanted.seats,
        term=wanted.term or spec.term,
        billing=wanted.billing or spec.billing,
        ends=wanted.ends,
        promotion=wanted.promotion,
    )


def as_it_runs(live: LiveSubscription) -> NextTerm | None:
    """The next term where nothing is scheduled: the same once more."""
    if live.offer is None or live.term is None or live.billing is None:
        return None
    return NextTerm(offer=live.offer, seats=live.seats, term=live.term, billing=live.billing)


def is_scheduled(have: NextTerm | None, wanted: NextTerm | None) -> bool:
    """Whether what is scheduled is what is wanted.

    The provider shows a promotion only where it will apply (contract §13.4): one that is missing is said, never
    written again and again; one that was not asked for is welcome. Another than the one wanted is a difference.
    """
    if have is None or wanted is None:
        return have is wanted
    if have.promotion is not None and wanted.promotion is not None and have.promotion != wanted.promotion:
        return False
    return replace(have, promotion=None) == replace(wanted, promotion=None)


def decide_renewal(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, *, ending: LiveEndOfTerm,
    held: int,
) -> NextTerm | None:  # fmt: skip
    """What is to be scheduled, or None with what stands against it as a waiting item or a refusal.

    `held` seats could not go now; with `atRenewal.seats` that number holds instead of the line's, and the plan says so.
    """
    wanted, declared = next_term(spec, live), spec.at_renewal
    if declared is None and not held:
        return None
    if wanted is None or live.term_ends is None:
        what = stay_billed(held) if held else "the change declared for its renewal waits"
        text = f"{what}: the provider shows no term to change it with"
        draft.waiting.append(_wait(spec, "due", "CSP314", text, live))
        return None
    if declared is not None and wanted == as_it_runs(live):
        return None
    if ending != "renew":
        _no_renewal(spec, live, draft, ending=ending, held=held)
        return None
    if declared is not None:
        if not _fits(spec, live, setting, draft, declared, wanted):
            return None
        if held and declared.seats is not None and declared.seats != spec.seats:
            draft.diagnostics.append(_wins(spec, declared, held))
    if not _can_be_written(spec, live, setting, draft, held=held, ends=live.term_ends):
        return None
    return wanted


def _no_renewal(
    spec: SubscriptionSpec, live: LiveSubscription, draft: Draft, *, ending: LiveEndOfTerm, held: int
) -> None:
    stay, until = stay_billed(held), f"until {last_day(live.term_ends)}" if live.term_ends else ""
    if spec.at_renewal is not None:
        draft.diagnostics.append(_needs_renewal(spec, spec.at_renewal, ending))
    elif ending == "cancel":
        text = f"{stay} {until}, when it ends; a smaller renewal would never come true"
        draft.waiting.append(_wait(spec, "scheduled", "CSP312", text, live))
    elif ending == "extend":
        text = f"{stay} {until}; then it goes on month by month and they can be returned at any time"
        draft.waiting.append(_wait(spec, "due", "CSP312", text, live))
    else:
        draft.diagnostics.append(
            error(
                "CSP313",
                f"{seats(held)} can go only at a renewal, and this subscription does not renew",
                origin=spec.origin.at("seats"),
                address=str(spec.address),
                label="auto-renew is off, and a change at the renewal needs it on",
                hint="say `endOfTerm: renew` to schedule the reduction, or `endOfTerm: cancel` to let it end",
            )
        )


def _needs_renewal(spec: SubscriptionSpec, declared: AtRenewal, ending: LiveEndOfTerm) -> Diagnostic:
    # contract §13.4 (2026): active, and auto-renew on in the same body
    return error(
        "CSP304",
        f"`atRenewal` changes the next term, and there is none: {_NO_RENEWAL[ending]}",
        origin=declared.origin,
        address=str(spec.address),
        label="a change with the renewal needs one",
        hint="say `endOfTerm: renew`, or take `atRenewal` out",
    )


def _fits(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, declared: AtRenewal,
    wanted: NextTerm,
) -> bool:  # fmt: skip
    """Whether the declared next term can be had: offer, seats, term and plan, end date. What does not fit is said."""
    becomes_other = wanted.offer != live.offer
    if is_scheduled(live.scheduled, wanted):
        return True  # the provider has taken it already
    if becomes_other and not check_path(spec, setting, draft, declared, wanted.offer):
        return False
    offer, state = setting.offer, setting.offer_state
    if becomes_other:
        offer, state = setting.renewal_offer, setting.renewal_offer_state
    found = check_combination_then(spec, live, declared, wanted, offer, state)
    if isinstance(found, Waiting):
        draft.waiting.append(found)
        return False
    many = replace(spec, seats=wanted.seats, offer=wanted.offer, origin=declared.origin)
    refused = found or check_ends(spec, live, setting, declared, wanted)
    if refused is None and wanted.seats != live.seats:
        refused = check_quantity(many, live, replace(setting, offer=offer, offer_state=state))
    if refused is not None:
        draft.diagnostics.append(refused)
    return refused is None


def _wins(spec: SubscriptionSpec, declared: AtRenewal, held: int) -> Diagnostic:
    return note(
        "CSP308",
        f"{seats(held)} can go only with the renewal, and `atRenewal` says how many there are then: {declared.seats}",
        origin=declared.origin.at("seats"),
        address=str(spec.address),
        label=f"not the {spec.seats} of the line",
    )


def _can_be_written(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, *, held: int, ends: datetime
) -> bool:
    stay = stay_billed(held) if held else "what `atRenewal` says waits"
    # set anew, by a step or by a suspension that ends: the provider's word about scheduling is from before
    switched_on = any(isinstance(step.action, SetEndOfTerm | Resume) for step in draft.steps)
    if setting.now >= renewal_deadline(ends):
        # contract §13.2 (2023-10): too late for this renewal; its own 7-day window opens when it completes
        after = "the new term's own 7-day window comes next" if held else "it can be declared for the next one"
        text = f"{stay}: the renewal of {day(ends)} has begun; {after}"
        draft.waiting.append(_wait(spec, "due", "CSP315", text, live))
        return False
    if Capability.SCHEDULED_CHANGES not in setting.capabilities or not (live.policy.can_schedule or switched_on):
        if spec.at_renewal is not None and Capability.SCHEDULED_CHANGES not in setting.capabilities:
            what = next_term_words(next_term(spec, live), live)
            text = f"set for the renewal on {day(ends)}, in the provider's portal: {what}; this provider cannot"
            draft.waiting.append(_wait(spec, "manual", "CSP360", text, live))
            return False
        text = f"{stay}: a change at the renewal cannot be scheduled here; to be done from {day(ends)}"
        draft.waiting.append(_wait(spec, "due", "CSP314", text, live))
        return False
    return True


# ---- writing it ----


def write_schedule(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, wanted: NextTerm | None
) -> None:
    """Bring what is scheduled in line: write, write again, take back, or leave it and wait for it."""
    have = live.scheduled
    if wanted is not None and live.term_ends is not None:
        _write(spec, live, draft, wanted, live.term_ends)
        return
    if have is None or _changes_nothing(have, live):
        return
    if spec.at_renewal is not None and next_term(spec, live) != as_it_runs(live):
        return  # what is declared instead cannot be written yet, and says so
    _take_back(spec, live, setting, draft, have)


def _write(spec: SubscriptionSpec, live: LiveSubscription, draft: Draft, wanted: NextTerm, ends: datetime) -> None:
    have, on = live.scheduled, day(ends)
    only_seats = wanted == NextTerm(
        offer=live.offer or wanted.offer, seats=wanted.seats, term=live.term or wanted.term,
        billing=live.billing or wanted.billing,
    )  # fmt: skip
    words = seats(wanted.seats) if only_seats else next_term_words(wanted, live)
    there = is_scheduled(have, wanted)
    if there and have is not None and wanted.promotion is not None and have.promotion is None:
        draft.diagnostics.append(_no_promotion(spec, wanted.promotion, on))
    if there and not draft.steps:
        words = words if only_seats else next_term_words(have, live)
        text = f"{live.seats} → {words} at renewal on {on}" if only_seats else f"from the renewal on {on}: {words}"
        draft.waiting.append(_wait(spec, "scheduled", "CSP311" if only_seats else "CSP309", text, live))
        return
    if there:
        # contract §13.1 (2026): "any immediate change deletes all scheduled changes"
        reason = Reason(code="schedule.again", text=f"the change before deletes what was scheduled for {on}")
    elif have is not None:
        instead = seats(have.seats) if only_seats else next_term_words(have, live)
        reason = Reason(code="schedule.replace", text=f"{words} from {on}, not {have.seats if only_seats else instead}")
        draft.notes.append(f"replaces what was scheduled so far: {instead} from {on}")
    elif spec.at_renewal is None:
        reason = Reason(code="seats.down.renewal", text=f"{words} from the renewal on {on}")
    else:
        reason = Reason(code="renewal.declared", text=f"from the renewal on {on}: {words}, as `atRenewal` declares")
    if not only_seats:
        draft.notes.append(f"renews on {on} as {words}, at the prices of that day")
    elif wanted.seats > live.seats:
        draft.notes.append(f"renews on {on} with {words}, at the prices of that day")
    draft.steps.append(Step(action=ScheduleRenewal(next=wanted), reason=reason, not_after=renewal_deadline(ends)))


def _no_promotion(spec: SubscriptionSpec, promotion: str, on: str) -> Diagnostic:
    # contract §13.4 (2026): the answer echoes the promotion that will apply; none means the list price
    return warning(
        "CSP307",
        f"promotion {promotion} is declared for the renewal on {on}, and the provider does not show that it will apply",
        origin=spec.at_renewal.origin.at("promotion") if spec.at_renewal else spec.origin,
        address=str(spec.address),
        label="it renews at the list price of that day",
        hint="see whether its term, seats and dates fit; to have it sent once more, take `atRenewal` out, apply, and "
        "put it back",
    )


def _take_back(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, have: NextTerm) -> None:
    words = next_term_words(have, live)
    on = f" on {day(live.term_ends)}" if live.term_ends else ""
    foreign = f"a change scheduled for the renewal that is not declared (any more) ({words}{on})"
    if _deletes_schedule(draft):
        draft.notes.append(f"takes back {foreign}")
    elif live.term_ends is not None and setting.now >= renewal_deadline(live.term_ends):
        text = f"{foreign} can no longer be taken back before it comes true"
        draft.waiting.append(_wait(spec, "due", "CSP315", text, live))
    elif Capability.SCHEDULED_CHANGES not in setting.capabilities:
        text = f"take back {foreign} in the provider's portal: this provider cannot"
        draft.waiting.append(_wait(spec, "manual", "CSP360", text, live))
    else:
        clear_first(live, draft, f"takes back {foreign}", code="schedule.undeclared")
        draft.notes.append(f"takes back {foreign}")
        draft.diagnostics.append(
            note("CSP316", foreign, origin=spec.origin, address=str(spec.address), hint="declare it to keep it")
        )


def clear_first(live: LiveSubscription, draft: Draft, text: str, *, code: str) -> None:
    """Take back what is scheduled, before everything else.

    First, since whether a new name deletes a schedule is not documented (contract §13.1): then both readings hold.
    """
    if live.scheduled is None:
        return
    step = Step(
        action=ClearSchedule(was=live.scheduled),
        reason=Reason(code=code, text=text),
        not_after=renewal_deadline(live.term_ends) if live.term_ends else None,
    )
    draft.steps.insert(0, step)


def _deletes_schedule(draft: Draft) -> bool:
    """Whether a step certainly deletes what is scheduled: seats, a suspension, or auto-renew going off (both editions
    agree)."""
    return any(
        isinstance(step.action, SetSeats | Suspend)
        or (isinstance(step.action, SetEndOfTerm) and step.action.after != "renew")
        for step in draft.steps
    )


def _changes_nothing(have: NextTerm, live: LiveSubscription) -> bool:
    return have.ends is None and replace(have, promotion=None) == as_it_runs(live)


def _wait(
    spec: SubscriptionSpec, kind: Literal["scheduled", "due", "manual"], code: str, text: str, live: LiveSubscription
) -> Waiting:
    return Waiting(address=spec.address, kind=kind, code=code, text=text, when=live.term_ends, origin=spec.origin)
