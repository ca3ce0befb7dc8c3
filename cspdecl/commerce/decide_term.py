"""A longer term now: a new commitment for the whole of it, made in the middle of one, with no way back.

Sources: update-a-subscription and billing frequency pages, 2023-10 and 2025-04 (contract §§13.1, 13.5, 22.27). Only
longer, only as the catalogue sells it, never a trial; a change of the billing plan alone is blocked since 2025-04-01.
Whether the new term opens a window of seven days is documented nowhere, so it is planned as irrevocable.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from cspdecl.commerce.decide_extended import goes_by_month, in_first_month
from cspdecl.commerce.decide_renewal import clear_first
from cspdecl.commerce.policy import renewal_deadline
from cspdecl.commerce.values import Delta, Draft, Setting, Step
from cspdecl.commerce.words import last_day, listed, seats
from cspdecl.core.action import ChangeTerm, SetEndOfTerm
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import Offer, OfferTerm
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error, warning
from cspdecl.core.live import LiveEndOfTerm, LiveSubscription
from cspdecl.core.operation import Reason, Waiting
from cspdecl.core.terms import BillingCycle, Term, add_months, at_midnight, cycles_in


def decide_term(delta: Delta, live: LiveSubscription, setting: Setting, draft: Draft) -> LiveSubscription | None:
    """The step to the declared term, and the subscription as it leaves it; None where it waits or is refused."""
    spec = delta.spec
    refused = _refused(spec, live, setting)
    if refused is not None:
        draft.diagnostics.append(refused)
        return None
    waiting = _must_wait(spec, live, setting)
    if waiting is not None:
        draft.waiting.append(waiting)
        return None
    offer = setting.offer
    if offer is None or OfferTerm(spec.term, spec.billing) not in offer.terms:
        draft.diagnostics.append(_not_sold(spec, live, offer))
        return None
    return _change(spec, live, setting, draft)


def _change(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft) -> LiveSubscription | None:
    if live.term is None or live.billing is None:
        return None
    # none may be pending (contract §13.1, 2023-10); what is declared is written again afterwards
    clear_first(live, draft, "a longer term is taken only where nothing is scheduled", code="schedule.clear")
    _renew_first(spec, live, draft)
    today = setting.now.astimezone(UTC).date()
    ends = at_midnight(add_months(today, spec.term.months))
    action = ChangeTerm(
        seats=live.seats, before_term=live.term, before_billing=live.billing, term=spec.term, billing=spec.billing
    )
    reason = Reason(code="term.longer", text=f"{spec.term} billed {spec.billing} is declared, {live.term} runs")
    draft.steps.append(Step(action=action, reason=reason))
    draft.notes.append(
        f"goes over from {live.term} billed {live.billing} to {spec.term} billed {spec.billing} now: "
        f"{seats(live.seats)} {'is' if live.seats == 1 else 'are'} owed until {last_day(ends)}, which cannot be undone"
    )
    if live.promotion is not None:
        draft.diagnostics.append(_promotion_lost(spec, live.promotion))
    return replace(
        live, term=spec.term, billing=spec.billing, term_started=at_midnight(today), term_ends=ends, scheduled=None,
        custom_end=None, cycle_ends=None, promotion=None, end_of_term=_ending(spec, live, draft),
        policy=replace(live.policy, lots=(), cancel_until=None),
    )  # fmt: skip


def _ending(spec: SubscriptionSpec, live: LiveSubscription, draft: Draft) -> LiveEndOfTerm:
    """What the end of the term is now; where nothing is declared of it, it is set as it was."""
    if live.end_of_term not in ("cancel", "extend"):
        return live.end_of_term
    if spec.end_of_term is not None:
        return "renew"
    again = Reason(code="end_of_term.again", text="what happens at the end of its term stays as it was")
    draft.steps.append(Step(action=SetEndOfTerm(before="renew", after=live.end_of_term), reason=again))
    return live.end_of_term


def _renew_first(spec: SubscriptionSpec, live: LiveSubscription, draft: Draft) -> None:
    """Take back that it ends or goes on month by month: both are scheduled actions (contract §13.4, 2026-06), of which
    none may be pending (§13.1, 2023-10)."""
    if live.end_of_term in ("cancel", "extend"):
        reason = Reason(code="end_of_term.first", text="a longer term is taken only where nothing is scheduled")
        action = SetEndOfTerm(before=live.end_of_term, after="renew")
        not_after = renewal_deadline(live.term_ends) if live.term_ends else None
        draft.steps.append(Step(action=action, reason=reason, not_after=not_after))
        if spec.end_of_term == "renew":
            was = "end with it" if live.end_of_term == "cancel" else "go on by the month"
            draft.notes.append(f"renews when its term ends; until now it was to {was}")


def _must_wait(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting) -> Waiting | None:
    if Capability.CHANGE_TERM not in setting.capabilities:
        text = f"go over to {spec.term} billed {spec.billing} in the provider's portal: this provider cannot"
        return _wait(spec, "CSP360", text, manual=True)
    if setting.agreement == "none":
        # as for a purchase, which it is (commerce rules §5, 2025)
        text = f"going over to {spec.term} waits until the customer has accepted Microsoft's agreement"
        return _wait(spec, "CSP350", text)
    if setting.blocked is not None:
        return _wait(spec, "CSP351", f"the provider refuses purchases for this customer: {setting.blocked}")
    if setting.offer is None and setting.offer_state == "unread":
        text = f"{spec.offer} is to run for {spec.term}, but the catalogue could not be asked about it"
        return _wait(spec, "CSP325", f"{text}; plan again later")
    return None


# ---- refusals ----


def _refused(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting) -> Diagnostic | None:
    if live.term is None or live.billing is None:
        return _no(spec, "CSP321", "term", f"{live.id} shows no term that could be made longer", None, "")
    if live.product != "license" or live.trial:
        what = "a trial" if live.trial else "software"
        hint = f"say `term: {live.term}, billing: {live.billing}`, or change it with the renewal: {_then(spec)}"
        return _no(spec, "CSP337", "term", f"the term of {what} is not changed in the middle of it",
                   f"subscription {live.id} runs {live.term} billed {live.billing}", hint)  # fmt: skip
    if spec.term is live.term:
        return _plan_only(spec, live, live.term)
    if spec.term.months < live.term.months:
        return _no(
            spec, "CSP321", "term",
            f"a running term is never made shorter ({live.term} runs until "
            f"{last_day(live.term_ends) if live.term_ends else 'its end'}, {spec.term} is declared)",
            f"subscription {live.id} runs {live.term}",
            f"say `term: {live.term}, billing: {live.billing}` in the line, and for the next term {_then(spec)}",
        )  # fmt: skip
    if _may_be_extended(spec, live, setting):
        return _perhaps_extended(spec, live)
    if spec.seats < live.seats:
        return _no(
            spec, "CSP336", "term",
            f"{seats(live.seats)} run and {spec.seats} are declared: those that cannot go now would be owed for "
            f"{spec.term} as well",
            f"{live.term} runs",
            "give the seats back first, or do both with the renewal: "
            f"`atRenewal: {{seats: {spec.seats}, term: {spec.term}, billing: {spec.billing}}}`",
        )  # fmt: skip
    return None


def _may_be_extended(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting) -> bool:
    # What a subscription in its extended service term says of auto-renew is not documented (contract §13.8, 2026), so
    # one that was longer before, or was told to extend, is not bought a term on the strength of it.
    if live.term is not Term.P1M:
        return False
    was_longer = setting.was_term is not None and setting.was_term.months > live.term.months
    return goes_by_month(live) or was_longer or (spec.end_of_term == "extend" and not in_first_month(live))


def _plan_only(spec: SubscriptionSpec, live: LiveSubscription, term: Term) -> Diagnostic:
    # licence-based subscriptions, either way (billing frequency page, 2025-04; contract §13.5)
    longer = "" if term is Term.P3Y else ", or together with a longer `term` now"
    return _no(
        spec, "CSP322", "billing",
        f"the billing plan alone cannot be changed in the middle of a term since 2025-04-01 ({live.billing} runs, "
        f"{spec.billing} is declared)",
        f"subscription {live.id} runs {term} billed {live.billing}",
        f"say `billing: {live.billing}`; it changes with the renewal (`atRenewal: {{billing: {spec.billing}}}`)"
        f"{longer}",
    )  # fmt: skip


def _perhaps_extended(spec: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    # An extended service term "can be renewed, upgraded or cancelled at any time" (contract §13.8, 2026), but no page
    # says by which call it gets a term again, and no call tells it from a month that merely does not renew.
    return _no(
        spec, "CSP321", "term",
        "it runs by the month: it may be in an extended service term, and how that becomes "
        f"{spec.term} again is documented nowhere",
        f"subscription {live.id} runs {live.term}",
        f"renew it for {spec.term} in the provider's portal, or cancel it on any day with `absent: true`; where it is "
        "a plain monthly subscription, say `term: P1M, billing: monthly, endOfTerm: renew` first",
    )  # fmt: skip


def _not_sold(spec: SubscriptionSpec, live: LiveSubscription, offer: Offer | None) -> Diagnostic:
    now = live.term.months if live.term else 0
    longer = sorted(one for one in offer.terms if one.term.months > now) if offer is not None else []
    ways = [f"`term: {one.term}, billing: {one.billing}`" for one in longer]
    stay = f"`term: {live.term}, billing: {live.billing}` as it runs"
    return _no(
        spec, "CSP323", "term", f"{spec.offer} is not sold as {spec.term}/{spec.billing}",
        f"subscription {live.id} runs {live.term} billed {live.billing}", f"say {listed([*ways, stay])}",
    )  # fmt: skip


def _promotion_lost(spec: SubscriptionSpec, promotion: str) -> Diagnostic:
    # contract §13.5 (2025-04): may lose a promotion; another one that fits is applied by itself
    return warning(
        "CSP319",
        f"promotion {promotion} may be lost with the longer term",
        origin=spec.origin.at("term"),
        address=str(spec.address),
        label="another that fits is applied by itself; which is only known afterwards",
    )


def _then(spec: SubscriptionSpec) -> str:
    plan = spec.billing
    if cycles_in(spec.term, plan) is None:
        plan = BillingCycle.MONTHLY
    return f"`atRenewal: {{term: {spec.term}, billing: {plan}}}`"


def _no(spec: SubscriptionSpec, code: str, field: str, message: str, label: str | None, hint: str) -> Diagnostic:
    return error(code, message, origin=spec.origin.at(field), address=str(spec.address), label=label, hint=hint or None)


def _wait(spec: SubscriptionSpec, code: str, text: str, *, manual: bool = False) -> Waiting:
    origin = spec.origin.at("term")
    return Waiting(address=spec.address, kind="manual" if manual else "blocked", code=code, text=text, origin=origin)
