"""What happens when a term ends, and how a line leaves: renew, cancel, extend; cancel now or at the end."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from cspdecl.commerce.policy import EXTENDED_SERVICE_SINCE, renewal_deadline
from cspdecl.commerce.products import cancellation
from cspdecl.commerce.values import Decision, Draft, Setting, Step
from cspdecl.commerce.windows import cancellable_until
from cspdecl.commerce.words import day, instant, last_day, stay_billed
from cspdecl.core.action import SetEndOfTerm
from cspdecl.core.capability import Capability
from cspdecl.core.desired import EndOfTerm, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, warning
from cspdecl.core.live import LiveEndOfTerm, LiveSubscription, Status
from cspdecl.core.operation import Reason, Waiting

_NEEDS = {"cancel": Capability.CANCEL_AT_DATE, "extend": Capability.EXTEND_AT_END}
_WORDS = {
    "renew": "renews",
    "cancel": "ends",
    "extend": "goes on month by month",
    "unset": "was left open (auto-renew off, nothing else said)",
}


def decide_end_of_term(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft) -> LiveEndOfTerm:
    """Write the declared end of term where it differs. Answers what the end will be once the steps are done."""
    wanted, have = spec.end_of_term, live.end_of_term
    if wanted is None:
        if have == "unset":
            draft.diagnostics.append(_ambiguous(spec, live))
        return have
    if wanted == have:
        return have
    refused = _no_extension(spec, live) if wanted == "extend" else None
    if refused is not None:
        draft.diagnostics.append(refused)
        return have
    ends = _writable(spec, live, setting, draft, wanted)
    if ends is None:
        return have
    draft.steps.append(_step(live, wanted, ends))
    draft.notes.append(_sentence(live, wanted, ends))
    return wanted


def _no_extension(spec: SubscriptionSpec, live: LiveSubscription) -> Diagnostic | None:
    # licences only, and terms that end from that day on (extended service terms page, 2026-02; contract §13.8)
    if live.product != "license":
        why = "only licences can go on in an extended service term"
    elif live.term_ends is not None and live.term_ends < EXTENDED_SERVICE_SINCE:
        why = f"extended service terms follow terms that end from {day(EXTENDED_SERVICE_SINCE)} on"
    else:
        return None
    return error(
        "CSP339",
        f"{why}, so `endOfTerm: extend` cannot be had here",
        origin=spec.origin.at("endOfTerm"),
        address=str(spec.address),
        label=f"its term ends on {last_day(live.term_ends)}" if live.term_ends else None,
        hint="say `endOfTerm: renew` or `endOfTerm: cancel`",
    )


def keep_end_of_term(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, ending: LiveEndOfTerm
) -> None:
    """After a change of seats: an explicit end is a scheduled action, and any immediate change deletes those.

    contract §13.1 (2026). Left unwritten, what should end could become a paid extension (§13.8), so it is written last:
    moved behind the seats where it is new, written again where it stood already. Auto-renew itself is no such action.
    """
    if ending not in ("cancel", "extend"):
        return
    new = [step for step in draft.steps if isinstance(step.action, SetEndOfTerm) and step.action.after == ending]
    if new:
        draft.steps[:] = [*(step for step in draft.steps if step not in new), *new]
        return
    ends = _writable(spec, live, setting, draft, ending)
    if ends is not None:
        text = f"the change before may delete that it {_WORDS[ending]} at the end of its term"
        reason = Reason(code="end_of_term.again", text=text)
        action = SetEndOfTerm(before=ending, after=ending)
        draft.steps.append(Step(action=action, reason=reason, not_after=renewal_deadline(ends)))


def decide_leaving(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting) -> Decision:
    """`absent: true`: cancel inside the window, else end at the end of the term; already ending only waits."""
    draft = Draft()
    until, assumed = cancellable_until(live, setting.now)
    busy = live.policy.busy or ("it is still being provisioned" if live.status is Status.PENDING else None)
    if busy:
        draft.waiting.append(_wait(spec, "blocked", "CSP334", f"it cannot be cancelled yet: {busy}", None))
        return _stuck(live, draft)
    if until is not None:
        return _cancel(live, setting, draft, until=until, assumed=assumed)
    if live.end_of_term == "cancel":
        when = f"on {last_day(live.term_ends)}" if live.term_ends else "with its term"
        text = f"it ends {when}; until then {stay_billed(live.seats)}"
        draft.waiting.append(_wait(spec, "scheduled", "CSP341", text, live))
        return Decision(
            symbol=" ", waiting=tuple(draft.waiting), before=live.seats, after=live.seats, held=live.seats,
            held_until=live.term_ends, notes=(text,),
        )  # fmt: skip
    if live.status is Status.SUSPENDED:
        text = "it is suspended and outside its cancellation window: end it in the provider's portal"
        draft.waiting.append(_wait(spec, "manual", "CSP333", text, live))
        return _stuck(live, draft)
    ends = _writable(spec, live, setting, draft, "cancel")
    if ends is None:
        return _stuck(live, draft)
    draft.steps.append(_step(live, "cancel", ends))
    return Decision(
        symbol="-",
        steps=tuple(draft.steps),
        diagnostics=tuple(draft.diagnostics),
        before=live.seats,
        after=live.seats,
        later=0,
        later_on=live.term_ends,
        held=live.seats,
        held_until=live.term_ends,
        owed_until=live.term_ends,
        assumed=assumed,
    )


def _cancel(live: LiveSubscription, setting: Setting, draft: Draft, *, until: datetime, assumed: bool) -> Decision:
    # contract §13.3 (policy page 2026-08): works from active and from suspended
    reason = Reason(code="absent.window", text=f"`absent: true`, and it can be cancelled until {instant(until)}")
    draft.steps.append(Step(action=cancellation(live), reason=reason, not_after=until))
    return Decision(
        symbol="-",
        steps=tuple(draft.steps),
        before=live.seats,
        after=0,
        taken=live.seats,
        take_by=until,
        owed_until=live.term_ends,
        assumed=assumed,
        notes=_all_back(live, setting.now),
    )


def _all_back(live: LiveSubscription, now: datetime) -> tuple[str, ...]:
    # Billing pages say that everything comes back within 24 hours, policy pages never (commerce rules §8): money is
    # planned by days, and what the provider shows for this subscription is said beside it.
    full = live.full_refund_until
    if full is None or full <= now:
        return ()
    return (f"the provider shows a full refund until {instant(full)}; what is shown below is by days",)


def _stuck(live: LiveSubscription, draft: Draft) -> Decision:
    return Decision(
        symbol="?",
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        before=live.seats,
        after=live.seats,
        notes=tuple(item.text for item in draft.waiting),
    )


def _writable(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, wanted: EndOfTerm
) -> datetime | None:
    """The end of the term where it can still be written about; what stands against it is listed as waiting."""
    if live.term_ends is None:
        text = f"its end of term is to be `{wanted}`, but the provider shows no term for it"
        draft.waiting.append(_wait(spec, "blocked", "CSP314", text, None))
        return None
    needed = _NEEDS.get(wanted)
    if needed is not None and needed not in setting.capabilities:
        text = f"set “{wanted} at the end of the term” in the provider's portal before {day(live.term_ends)}: this "
        draft.waiting.append(_wait(spec, "manual", "CSP360", text + "provider cannot", live))
        return None
    if setting.now >= renewal_deadline(live.term_ends):
        # contract §13.2 (2023-10): from 00:00 UTC of that day, for up to 24 hours, this is read-only
        text = f"the renewal of {day(live.term_ends)} has begun: `endOfTerm: {wanted}` can be written once it is done"
        draft.waiting.append(_wait(spec, "blocked", "CSP315", text, live))
        return None
    return live.term_ends


def _step(live: LiveSubscription, wanted: EndOfTerm, ends: datetime) -> Step:
    text = f"at the end of its term it {_WORDS[wanted]}, as declared; before, it {_WORDS[live.end_of_term]}"
    return Step(
        action=SetEndOfTerm(before=live.end_of_term, after=wanted),
        reason=Reason(code=f"end_of_term.{wanted}", text=text),
        not_after=renewal_deadline(ends),
    )


def _sentence(live: LiveSubscription, wanted: EndOfTerm, ends: datetime) -> str:
    was = {"renew": " instead of renewing", "cancel": " instead of ending", "extend": " instead of going on monthly"}
    instead = was.get(live.end_of_term, "; so far that was left open and could have become a paid extension")
    if wanted == "renew":
        return f"renews on {day(ends)} for another {live.term}, at the prices of that day{instead}"
    if wanted == "cancel":
        return f"ends on {last_day(ends)}{instead}"
    # contract §13.8 (2026): monthly rate + 3 %, or + 23 % without a monthly plan; its price is read, never computed
    return f"goes on month by month from {day(ends)}, at the dearer extension price{instead}"


def _ambiguous(spec: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    when = f" after {last_day(live.term_ends)}" if live.term_ends else ""
    since = day(EXTENDED_SERVICE_SINCE)
    return warning(
        "CSP317",
        f"auto-renew is off and nothing else is said: since {since} it may go on, and cost more,{when or ' by itself'}",
        origin=spec.origin,
        address=str(spec.address),
        hint="decide it: `endOfTerm: renew`, `cancel` or `extend`",
    )


def _wait(
    spec: SubscriptionSpec,
    kind: Literal["scheduled", "due", "blocked", "manual"],
    code: str,
    text: str,
    live: LiveSubscription | None,
) -> Waiting:
    return Waiting(
        address=spec.address, kind=kind, code=code, text=text, when=live.term_ends if live else None, origin=spec.origin
    )
