"""Suspend and resume: the service stops, the money does not.

Sources: update-a-subscription and subscription lifecycle pages, 2023-10 (contract §§13.1, 13.2, 22.10). A suspended
subscription has frozen seats and is billed as before; auto-renew and what was scheduled go with the suspension, and
resuming brings neither back. One that Microsoft suspended cannot be resumed from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from cspdecl.commerce.policy import renewal_deadline
from cspdecl.commerce.values import Decision, Delta, Draft, Field, Setting, Step
from cspdecl.commerce.words import day, last_day, listed, seats, stay_billed
from cspdecl.core.action import Resume, Suspend
from cspdecl.core.capability import Capability
from cspdecl.core.live import LiveSubscription, Status
from cspdecl.core.operation import Reason, Waiting

GoOn = Callable[[Delta, LiveSubscription, Setting, Draft], Decision]

#: What has a service of its own to stop; a licence that is owned has none.
_CAN_STOP = ("license", "software", "azure_plan", "other")

_WORDS: dict[Field, str] = {
    "seats": "seats",
    "offer": "offer",
    "term": "term",
    "billing": "billing plan",
    "end_of_term": "its end of term",
    "at_renewal": "the changes for its renewal",
    "nickname": "name",
    "reseller": "reseller on record",
}


def never_started(delta: Delta) -> Decision:
    """A line that nothing runs for and that is to be suspended: it is not bought to stand still."""
    spec = delta.spec
    text = f"nothing runs for it, and {seats(spec.seats)} are not bought to be suspended: `suspended: true` is declared"
    origin = spec.origin.at("suspended")
    waiting = Waiting(address=spec.address, kind="blocked", code="CSP329", text=text, origin=origin)
    return Decision(symbol="?", waiting=(waiting,), notes=(text,))


def decide_status(delta: Delta, live: LiveSubscription, setting: Setting, go_on: GoOn) -> Decision | None:
    """The decision where a subscription is, or is to be, suspended; None where neither. `go_on` decides what a resumed
    one is to be."""
    suspended, wanted = live.status is Status.SUSPENDED, delta.spec.suspended
    if wanted:
        return _stands_still(delta, live) if suspended else _suspend(delta, live, setting)
    return _resume(delta, live, setting, go_on) if suspended else None


# ---- it is to stand still ----


def _stands_still(delta: Delta, live: LiveSubscription) -> Decision:
    """As declared. It goes on costing money and will not renew, which every plan says until it is resumed or ends."""
    draft = Draft()
    if live.term_ends is None:
        text = "it is suspended, as declared: it stays billed, and the provider shows no term for it"
        draft.waiting.append(_wait(delta, "blocked", "CSP327", text))
    else:
        text = f"it is suspended: {_follows(live.seats, live.term_ends)}"
        draft.waiting.append(_wait(delta, "scheduled", "CSP327", text, live.term_ends))
    _frozen(delta, draft)
    return _none(live, draft)


def _suspend(delta: Delta, live: LiveSubscription, setting: Setting) -> Decision:
    draft = Draft()
    stopped = _not_now(delta, live, setting, "suspended")
    if stopped is not None:
        draft.waiting.append(stopped)
        return _none(live, draft)
    reason = Reason(code="suspend", text="`suspended: true` is declared, and it runs")
    until = renewal_deadline(live.term_ends) if live.term_ends else None
    draft.steps.append(Step(action=Suspend(), reason=reason, not_after=until))
    if live.term_ends is not None:
        draft.notes.append(_follows(live.seats, live.term_ends))
    if live.scheduled is not None:
        draft.notes.append("what was scheduled for its renewal is dropped with the suspension")
    _frozen(delta, draft)
    return Decision(
        symbol="~",
        steps=tuple(draft.steps),
        waiting=tuple(draft.waiting),
        before=live.seats,
        after=live.seats,
        held=live.seats,
        held_until=live.term_ends,
        held_why="suspended",
        notes=tuple(draft.notes),
    )


def _follows(count: int, ends: datetime) -> str:
    # contract §13.2 (2023-10): suspended at the end of the term, then disabled and deleted; whether it can go over into
    # a paid extended service term is stated nowhere (contract §13.8, 2026)
    return (
        f"{stay_billed(count)} until {last_day(ends)}; auto-renew is off, so it ends then unless it is resumed before, "
        "and whether Microsoft could extend it for money is documented nowhere"
    )


def _frozen(delta: Delta, draft: Draft) -> None:
    """What else is declared and has to wait, in one sentence."""
    differing = [words for field, words in _WORDS.items() if field in delta.fields]
    if delta.spec.end_of_term in (None, "renew") and _WORDS["end_of_term"] in differing:
        differing.remove(_WORDS["end_of_term"])  # no renewal while suspended: said already
    if differing:
        text = f"while it is suspended nothing else can be changed; what waits: {listed(differing, final='and')}"
        draft.waiting.append(_wait(delta, "blocked", "CSP326", text))


# ---- it is to run again ----


def _resume(delta: Delta, live: LiveSubscription, setting: Setting, go_on: GoOn) -> Decision:
    draft = Draft()
    stopped = _by_microsoft(delta, live) or _not_now(delta, live, setting, "resumed")
    if stopped is not None:
        draft.waiting.append(stopped)
        return _none(live, draft)
    reason = Reason(code="resume", text="the line is declared without `suspended`, and it is suspended")
    until = renewal_deadline(live.term_ends) if live.term_ends else None
    draft.steps.append(Step(action=Resume(), reason=reason, not_after=until))
    draft.notes.append("resumed: the service runs again; auto-renew and what was scheduled went with the suspension")
    spec = delta.spec
    kinds: tuple[Field, ...] = ("offer", "term", "billing")
    later = [field for field in kinds if field in delta.fields]
    fewer = spec.seats < live.seats
    if fewer and spec.reduce == "now":
        later.append("seats")
    if later:
        names = listed([_WORDS[field] for field in later], final="and")
        text = f"its {names} can be changed once it runs again: the next plan does"
        draft.waiting.append(_wait(delta, "blocked", "CSP326", text))
    runs = replace(live, status=Status.ACTIVE, suspended_by=(), scheduled=None)
    kept = replace(
        spec,
        seats=live.seats if "seats" in later else spec.seats,
        reduce="renewal",
        offer=live.offer or spec.offer,
        term=live.term or spec.term,
        billing=live.billing or spec.billing,
        upgrade=None,
    )
    rest = Delta(spec=kept, live=runs, fields=delta.fields - {"offer", "term", "billing"})
    decision = go_on(rest, runs, setting, draft)
    if fewer and not later:
        # refundableQuantity is null while suspended (contract §22.9, 2026): null is not "none"
        said = "fewer seats are set for the renewal; which may still be returned is only said once it runs"
        decision = replace(decision, held=0, notes=(*decision.notes, said))
    return replace(decision, symbol="~" if decision.steps else "?")


def _by_microsoft(delta: Delta, live: LiveSubscription) -> Waiting | None:
    # impossible while suspensionReasons names Microsoft (contract §13.1, 2026)
    if not any("microsoft" in reason.lower() for reason in live.suspended_by):
        return None
    before = f" before {day(live.term_ends)}" if live.term_ends else ""
    text = f"Microsoft suspended it, so it cannot be resumed from here: settle with Microsoft's support why{before}"
    return _wait(delta, "manual", "CSP328", text, live.term_ends)


def _not_now(
    delta: Delta, live: LiveSubscription, setting: Setting, word: Literal["suspended", "resumed"]
) -> Waiting | None:
    """Why it can be neither stopped nor started today."""
    if word == "suspended" and (live.trial or live.product not in _CAN_STOP):
        # contract §13.2 (2023-10): quantity and status of a trial cannot be changed
        what = "a trial" if live.trial else "a licence for good"
        return _wait(delta, "blocked", "CSP326", f"{what} cannot be suspended: take `suspended` out")
    why = live.policy.busy or ("it is still being provisioned" if live.status is Status.PENDING else None)
    if why is not None:
        return _wait(delta, "blocked", "CSP334", f"it cannot be {word} now: {why}")
    if live.term_ends is not None and setting.now >= renewal_deadline(live.term_ends):
        text = f"the renewal of {day(live.term_ends)} has begun: it can be {word} once that is done"
        return _wait(delta, "blocked", "CSP315", text, live.term_ends)
    if Capability.SUSPEND not in setting.capabilities:
        before = f" before {day(live.term_ends)}" if live.term_ends else ""
        if word == "suspended":
            return _wait(delta, "manual", "CSP360", "suspend it in the provider's portal: this provider cannot")
        text = "it is suspended: seats are frozen, billing goes on and it will not renew; resume it in the provider's "
        return _wait(delta, "manual", "CSP333", f"{text}portal{before}", live.term_ends)
    return None


# ---- small things ----


def _none(live: LiveSubscription, draft: Draft) -> Decision:
    standing = all(item.kind == "scheduled" for item in draft.waiting)
    return Decision(
        symbol=" " if standing else "?",
        waiting=tuple(draft.waiting),
        before=live.seats,
        after=live.seats,
        notes=tuple(item.text for item in draft.waiting),
    )


def _wait(
    delta: Delta, kind: Literal["scheduled", "blocked", "manual"], code: str, text: str, when: datetime | None = None
) -> Waiting:
    spec = delta.spec
    return Waiting(address=spec.address, kind=kind, code=code, text=text, when=when, origin=spec.origin)
