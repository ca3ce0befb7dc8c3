"""What `atRenewal` says about a line that is only being bought: written right after the purchase, in the same plan."""

from __future__ import annotations

from datetime import date, timedelta

from cspdecl.commerce.decide_renewal import decide_renewal
from cspdecl.commerce.policy import renewal_deadline
from cspdecl.commerce.values import Draft, Setting, Step
from cspdecl.commerce.words import day, next_term_words
from cspdecl.core.action import ScheduleRenewal
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.live import ChangePolicy, LiveSubscription, Status
from cspdecl.core.operation import Reason
from cspdecl.core.terms import Term, at_midnight


def schedule_after_purchase(spec: SubscriptionSpec, setting: Setting, draft: Draft, *, last: date) -> None:
    """Add the step that writes the next term of what is bought; `last` is the last day of its first term.

    Another offer is left to the next plan: to what something can be upgraded is asked about what runs (contract §13.7).
    """
    declared = spec.at_renewal
    if declared is None or spec.trial or spec.term is Term.ONCE:
        return
    if declared.offer is not None and declared.offer != spec.offer:
        draft.notes.append(f"that it becomes {declared.offer} at its renewal is written by the next plan, once it runs")
        return
    bought = _as_bought(spec, setting, last)
    wanted = decide_renewal(spec, bought, setting, draft, ending=spec.end_of_term or "renew", held=0)
    if wanted is None or bought.term_ends is None:
        return
    on, words = day(bought.term_ends), next_term_words(wanted, bought)
    reason = Reason(code="renewal.declared", text=f"from the renewal on {on}: {words}, as `atRenewal` declares")
    step = Step(action=ScheduleRenewal(next=wanted), reason=reason, not_after=renewal_deadline(bought.term_ends))
    draft.steps.append(step)
    draft.notes.append(f"from the renewal on {on}: {words}")


def _as_bought(spec: SubscriptionSpec, setting: Setting, last: date) -> LiveSubscription:
    """The subscription as it will stand when the purchase is done."""
    ends = at_midnight(last + timedelta(days=1))
    return LiveSubscription(
        id="",
        offer=spec.offer,
        title=str(spec.offer),
        nickname="",
        seats=spec.seats,
        term=spec.term,
        billing=spec.billing,
        status=Status.ACTIVE,
        end_of_term="renew",
        trial=False,
        created=setting.now,
        term_started=setting.now,
        term_ends=ends,
        cycle_ends=None,
        policy=ChangePolicy(
            lots=(), cancel_until=None, min_seats=1, max_seats=None, can_schedule=True, busy=None, source="assumed",
            observed_at=setting.now,
        ),
        scheduled=None,
        order_id=None,
    )  # fmt: skip
