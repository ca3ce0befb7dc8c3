"""Trials: starting one is a spending decision with a date, since left alone it becomes a paid year.

Source: create-a-new-subscription page, 2023-10 (contract §13.2): 25 seats for 30 days, then 25 seats for a year, billed
monthly, without promotion. While it runs, seats and status cannot be changed: only its renewal can be switched off,
or its conversion planned with other seats.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from cspdecl.commerce.policy import TRIAL_BECOMES_SEATS, TRIAL_DAYS, renewal_deadline
from cspdecl.commerce.values import Decision, Draft, Field, Setting, Step
from cspdecl.commerce.words import day, instant, last_day, listed, seats
from cspdecl.core.action import Cancel, ScheduleRenewal, SetEndOfTerm
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer, OfferKey
from cspdecl.core.desired import EndOfTerm, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, note, warning
from cspdecl.core.live import LiveSubscription, NextTerm, Status
from cspdecl.core.operation import Reason, Waiting
from cspdecl.core.terms import BillingCycle, Term, add_months, at_midnight

#: What a trial becomes where nobody says otherwise (contract §13.2, 2023-10).
DEFAULT_TERM, DEFAULT_BILLING = Term.P1Y, BillingCycle.MONTHLY


def as_sold(spec: SubscriptionSpec, offer: Offer | None) -> SubscriptionSpec:
    """A trial's line with the one term and billing plan its offer has: neither is declared, both are the trial's."""
    if not spec.trial or offer is None or not offer.trial or not offer.terms:
        return spec
    return replace(spec, term=offer.terms[0].term, billing=offer.terms[0].billing)


def trial_fields(spec: SubscriptionSpec, live: LiveSubscription) -> frozenset[Field]:
    """What differs of a running trial: term and billing plan are its own, and "ends" needs no explicit action."""
    if spec.absent:
        return frozenset({"absent"})
    if not live.trial:
        return frozenset({"trial"})
    found: set[Field] = set()
    if spec.offer != live.offer:
        found.add("offer")
    if spec.seats != live.seats:
        found.add("seats")
    if _ending(spec) != _ending_of(live):
        found.add("end_of_term")
    wanted = becomes(spec, live)
    if _ending(spec) == "renew" and spec.renews_to is not None and (wanted is None or wanted != live.scheduled):
        found.add("scheduled")
    return frozenset(found)


def becomes(spec: SubscriptionSpec, live: LiveSubscription | None) -> NextTerm | None:
    """The paid term a trial is declared to become; None where the offer it becomes is not known yet.

    What is not declared is what the trial shows that it will become, else the documented default.
    """
    wanted, have = spec.renews_to, live.scheduled if live is not None else None
    offer = (wanted.offer if wanted else None) or (have.offer if have else None)
    if offer is None:
        return None
    return NextTerm(
        offer=offer,
        seats=(wanted.seats if wanted else None) or (have.seats if have else TRIAL_BECOMES_SEATS),
        term=(wanted.term if wanted else None) or (have.term if have else DEFAULT_TERM),
        billing=(wanted.billing if wanted else None) or (have.billing if have else DEFAULT_BILLING),
    )


def trial_ends(now: datetime) -> datetime:
    """The first instant after a trial started at `now`, as documented; the provider's own date counts once it runs."""
    return at_midnight(now.date()) + timedelta(days=TRIAL_DAYS)


def check_trial(spec: SubscriptionSpec, offer: Offer) -> Diagnostic | None:
    """A refusal where a line and its offer do not agree on being a trial, or the trial could not become that."""
    if offer.trial and not spec.trial:
        # A trial becomes a paid year by itself (contract §13.2, 2023-10): starting one is a spending decision.
        return error(
            "CSP345",
            f"{spec.offer} is a trial, and the line does not say so",
            origin=spec.origin.at("offer"),
            address=str(spec.address),
            hint="say `trial: true` to start it: left alone it becomes a paid year; or declare the paid offer",
        )
    if spec.trial and not offer.trial:
        return _refuse(spec, "trial", f"{spec.offer} is no trial", "take `trial: true` out, or choose a trial's offer")
    if not spec.trial:
        return None
    if spec.end_of_term == "extend":
        return _refuse(spec, "endOfTerm", "a trial is not extended: it becomes paid or it ends",
                       "say `endOfTerm: renew` or `endOfTerm: cancel`")  # fmt: skip
    if spec.end_of_term == "cancel" and spec.renews_to is not None:
        return _refuse(spec, "renewsTo", "a trial that ends becomes nothing",
                       "say `endOfTerm: renew`, or take `renewsTo` out")  # fmt: skip
    wanted = spec.renews_to.offer if spec.renews_to is not None else None
    if wanted is not None and offer.upgrades and wanted not in offer.upgrades:
        paths = listed([f"`{key}`" for key in offer.upgrades])
        return _refuse(spec, "renewsTo", f"{spec.offer} does not become {wanted}", f"it can become {paths}")
    return None


def trial_steps(spec: SubscriptionSpec, offer: Offer, setting: Setting, draft: Draft) -> None:
    """What follows the purchase of a trial, and what it means: on which day it becomes what, owed until when."""
    ends = trial_ends(setting.now)
    if spec.end_of_term == "cancel":
        draft.notes.append(f"a trial until about {last_day(ends)}; it ends then and costs nothing")
        draft.diagnostics.append(
            note("CSP358", "a trial counts as the first purchase: promotions for one are spent by it",
                 origin=spec.origin, address=str(spec.address))
        )  # fmt: skip
        return
    paid = becomes(spec, None)
    if paid is None and offer.upgrades[1:] == () and offer.upgrades:
        paid = NextTerm(offer=offer.upgrades[0], seats=_count(spec), term=renews_to_term(spec), billing=_billing(spec))
    text = _then_paid(spec, paid, ends, about=True)
    draft.notes.append(f"a trial until about {last_day(ends)}; {text}")
    draft.diagnostics.append(_commits(spec, "trial", text))
    differs = spec.renews_to is not None and (
        spec.renews_to.seats is not None or spec.renews_to.offer is not None or spec.renews_to.billing is not None
    )
    if not differs:
        return
    if paid is None:
        draft.waiting.append(_wait(spec, "CSP359", "what it becomes is planned once it runs and shows its offer"))
    elif Capability.SCHEDULED_CHANGES in setting.capabilities:
        reason = Reason(code="trial.becomes", text=f"{seats(paid.seats)} of {paid.offer} when the trial is over")
        draft.steps.append(Step(action=ScheduleRenewal(next=paid), reason=reason))
    else:
        text = f"plan its conversion to {seats(paid.seats)} in the provider's portal: this provider cannot"
        draft.waiting.append(_by_hand(spec, text, ends))


def _then_paid(spec: SubscriptionSpec, paid: NextTerm | None, ends: datetime, *, about: bool) -> str:
    """What a trial becomes on which day, and until when that is owed."""
    term = paid.term if paid else renews_to_term(spec)
    owed = at_midnight(add_months(ends.date(), term.months))
    what = f"{seats(paid.seats if paid else _count(spec))} of {paid.offer if paid else 'its paid offer'}"
    return f"{'about' if about else 'on'} {day(ends)} it becomes {what} for {term}, owed until {last_day(owed)}"


def _commits(spec: SubscriptionSpec, key: str, text: str) -> Diagnostic:
    return warning(
        "CSP358",
        text,
        origin=spec.origin.at(key),
        address=str(spec.address),
        label="a trial becomes paid by itself, without promotion; one for a first purchase is spent by it",
        hint="say `endOfTerm: cancel` to let it end, or `renewsTo: {seats: …}` for another number",
    )


def decide_trial(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting) -> Decision:
    """A running trial's line: whether it becomes paid, and as what. Everything else is frozen and waits."""
    draft = Draft()
    if not live.trial:
        draft.diagnostics.append(_has_become_paid(spec, live))
        draft.waiting.append(_wait(spec, "CSP362", "the trial has become paid, and the line still says `trial: true`"))
        return _decision(live, draft)
    busy = live.policy.busy or (None if live.status is Status.ACTIVE else f"it is {live.status}")
    if busy:
        draft.waiting.append(_wait(spec, "CSP334", f"it takes no changes now: {busy}"))
        return _decision(live, draft)
    if spec.absent and live.policy.cancel_until is not None and live.policy.cancel_until > setting.now:
        # what the provider says of this trial wins over the documented "no cancel" (contract §13.2)
        until = live.policy.cancel_until
        reason = Reason(code="absent.window", text=f"`absent: true`, and it can be cancelled until {instant(until)}")
        draft.steps.append(Step(action=Cancel(seats=live.seats), reason=reason, not_after=until))
        return replace(_decision(live, draft), symbol="-", after=0, taken=live.seats, take_by=until)
    if not spec.absent:
        _frozen(spec, live, draft)
    wanted = _ending(spec)
    if wanted != _ending_of(live):
        _set_end(spec, live, setting, draft, wanted)
    elif spec.absent:
        text = f"it ends on {last_day(live.term_ends)}, unpaid" if live.term_ends else "it ends with its term, unpaid"
        draft.waiting.append(replace(_wait(spec, "CSP341", text), kind="scheduled", when=live.term_ends))
    if wanted == "renew" and spec.renews_to is not None:
        _schedule(spec, live, setting, draft)
    leaving = spec.absent and bool(draft.steps)
    decision = _decision(live, draft)
    return replace(decision, symbol="-", later=0, later_on=live.term_ends) if leaving else decision


def _decision(live: LiveSubscription, draft: Draft) -> Decision:
    waits = any(item.kind in ("blocked", "manual") for item in draft.waiting)
    return Decision(
        symbol="~" if draft.steps else "?" if waits else " ",
        steps=tuple(draft.steps),
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        before=live.seats,
        after=live.seats,
        notes=tuple(draft.notes) or tuple(item.text for item in draft.waiting),
    )


def _frozen(spec: SubscriptionSpec, live: LiveSubscription, draft: Draft) -> None:
    until = f"until {last_day(live.term_ends)}" if live.term_ends else "while it runs"
    if spec.seats != live.seats:
        text = (
            f"a trial's seats cannot be changed {until}: it keeps {live.seats}; `renewsTo.seats` says what comes then"
        )
        draft.waiting.append(_wait(spec, "CSP359", text))
    if spec.offer != live.offer:
        text = f"the trial of {live.offer} cannot be changed to {spec.offer} {until}; start that one on another line"
        draft.waiting.append(_wait(spec, "CSP359", text))


def _set_end(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, wanted: EndOfTerm) -> None:
    ends = live.term_ends
    what = "let it end" if wanted == "cancel" else "let it become paid"
    if ends is None or setting.now >= renewal_deadline(ends):
        # contract §13.2 (2023-10): read-only from 00:00 UTC of the day it becomes paid
        draft.waiting.append(_wait(spec, "CSP315", f"too late to {what} now: its conversion has begun"))
        return
    if wanted == "cancel" and Capability.CANCEL_AT_DATE not in setting.capabilities:
        text = f"switch the trial's renewal off in the provider's portal before {day(ends)}: this provider cannot"
        draft.waiting.append(_by_hand(spec, text, ends))
        return
    text = said = f"ends on {last_day(ends)} and costs nothing"
    if wanted == "renew":
        text = f"becomes paid on {day(ends)}"
        said = _then_paid(spec, becomes(spec, live), ends, about=False)
        draft.diagnostics.append(_commits(spec, "endOfTerm", said))
    reason = Reason(code=f"end_of_term.{wanted}", text=f"the trial {text}, as declared")
    action = SetEndOfTerm(before=live.end_of_term, after=wanted)
    draft.steps.append(Step(action=action, reason=reason, not_after=renewal_deadline(ends)))
    draft.notes.append(said)


def _schedule(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft) -> None:
    """Its conversion as declared: written where the trial shows another one. It needs auto-renew (contract §13.2)."""
    wanted, ends = becomes(spec, live), live.term_ends
    if wanted is None:
        draft.waiting.append(_wait(spec, "CSP359", "which offer it becomes is not shown; say `renewsTo.offer`"))
        return
    if wanted == live.scheduled and not draft.steps:
        return
    text = f"{seats(wanted.seats)} of {wanted.offer} for {wanted.term}, billed {wanted.billing}"
    if ends is None or setting.now >= renewal_deadline(ends):
        draft.waiting.append(_wait(spec, "CSP315", f"too late to have it become {text}: its conversion has begun"))
    elif Capability.SCHEDULED_CHANGES not in setting.capabilities:
        draft.waiting.append(_by_hand(spec, f"have it become {text} in the provider's portal before {day(ends)}: this "
                                      "provider cannot", ends))  # fmt: skip
    else:
        reason = Reason(code="trial.becomes", text=f"from {day(ends)}: {text}")
        draft.steps.append(Step(action=ScheduleRenewal(next=wanted), reason=reason, not_after=renewal_deadline(ends)))
        draft.notes.append(f"becomes {text} on {day(ends)}")


def _has_become_paid(spec: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    until = f", owed until {last_day(live.term_ends)}" if live.term_ends else ""
    return warning(
        "CSP362",
        f"the trial of this line has become paid: {seats(live.seats)} of {live.offer}{until}",
        origin=spec.origin.at("trial"),
        address=str(spec.address),
        hint=f"write what runs now, and take `trial` and `renewsTo` out: `{_line_of(live)}`",
    )


def _line_of(live: LiveSubscription) -> str:
    offer: OfferKey | str = live.offer or "…"
    return f'offer: "{offer}", seats: {live.seats}, term: {live.term}, billing: {live.billing}'


def _ending(spec: SubscriptionSpec) -> EndOfTerm:
    return "cancel" if spec.absent or spec.end_of_term == "cancel" else "renew"


def _ending_of(live: LiveSubscription) -> EndOfTerm:
    """A trial whose renewal is off ends; nothing more has to be said, as extended terms are not for trials (§13.8)."""
    return "renew" if live.end_of_term == "renew" else "cancel"


def paid_as(spec: SubscriptionSpec) -> tuple[int, Term, BillingCycle]:
    """Seats, term and billing plan of what a trial is declared to become, whatever the offer."""
    return _count(spec), renews_to_term(spec), _billing(spec)


def _count(spec: SubscriptionSpec) -> int:
    return (spec.renews_to.seats if spec.renews_to else None) or TRIAL_BECOMES_SEATS


def renews_to_term(spec: SubscriptionSpec) -> Term:
    """How long the paid term after a trial is."""
    return (spec.renews_to.term if spec.renews_to else None) or DEFAULT_TERM


def _billing(spec: SubscriptionSpec) -> BillingCycle:
    return (spec.renews_to.billing if spec.renews_to else None) or DEFAULT_BILLING


def _wait(spec: SubscriptionSpec, code: str, text: str) -> Waiting:
    return Waiting(address=spec.address, kind="blocked", code=code, text=text, origin=spec.origin)


def _by_hand(spec: SubscriptionSpec, text: str, when: datetime) -> Waiting:
    return Waiting(address=spec.address, kind="manual", code="CSP360", text=text, when=when, origin=spec.origin)


def _refuse(spec: SubscriptionSpec, key: str, message: str, hint: str) -> Diagnostic:
    return error("CSP361", message, origin=spec.origin.at(key), address=str(spec.address), hint=hint)
