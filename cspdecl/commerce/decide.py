"""The heart: a difference becomes steps now, steps at the renewal, what waits, or a refusal. Pure, and decided once.

Each rule lives in the module named for what it is about: decide_purchase, decide_converting, decide_status,
decide_term, decide_renewal, decide_seats, decide_end, decide_extended. This module only says in which order they speak.
`cspdecl.commerce.rules` lists them with source, code and case.
"""

from __future__ import annotations

from typing import Literal

from cspdecl.commerce.circumstances import decide_reseller
from cspdecl.commerce.decide_converting import decide_converting
from cspdecl.commerce.decide_end import decide_end_of_term, decide_leaving
from cspdecl.commerce.decide_extended import decide_extended, runs_extended
from cspdecl.commerce.decide_purchase import decide_purchase
from cspdecl.commerce.decide_seats import decide_seats
from cspdecl.commerce.decide_status import decide_status, never_started
from cspdecl.commerce.decide_term import decide_term
from cspdecl.commerce.decide_upgrade import upgrade_hint
from cspdecl.commerce.products import decide_owned
from cspdecl.commerce.values import Decision, Delta, Draft, Setting, Step
from cspdecl.core.action import Rename
from cspdecl.core.capability import Capability
from cspdecl.core.desired import SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.live import LiveSubscription, Status
from cspdecl.core.operation import Reason, Waiting


def decide(delta: Delta, setting: Setting) -> Decision:
    """What follows from one line's difference. Nothing of a refused line is sent."""
    spec, live = delta.spec, delta.live
    if live is None:
        return never_started(delta) if spec.suspended and not spec.absent else decide_purchase(spec, setting)
    if (owned := decide_owned(delta, live, setting)) is not None:
        return owned
    if not spec.absent and (stopped := decide_status(delta, live, setting, decide_change)) is not None:
        return stopped
    converted = decide_converting(delta, live, setting, decide_change)
    if converted is not None:
        return converted
    if spec.absent:
        return decide_leaving(spec, live, setting)
    return _decide_running(delta, live, setting, Draft())


def _decide_running(delta: Delta, live: LiveSubscription, setting: Setting, draft: Draft) -> Decision:
    extended = runs_extended(delta.spec, live)
    if "offer" in delta.fields:
        draft.diagnostics.append(_unasked(delta.spec, live))
    if not draft.refused and not _must_wait(delta, live, draft):
        if extended:
            return decide_extended(delta, live, draft)
        after = live
        if "term" in delta.fields or "billing" in delta.fields:
            after = decide_term(delta, live, setting, draft) or live
        if not draft.refused:
            return decide_change(delta, after, setting, draft)
    return Decision(
        symbol="?",
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        before=live.seats,
        after=live.seats,
        notes=tuple(item.text for item in draft.waiting),
    )


def decide_change(delta: Delta, live: LiveSubscription, setting: Setting, draft: Draft) -> Decision:
    """Name, end of term and seats of a running subscription, in the order in which they can be written."""
    if "reseller" in delta.fields:
        decide_reseller(delta.spec, live, setting, draft)
    if "nickname" in delta.fields:
        _decide_name(delta, live, setting, draft)
    ending = decide_end_of_term(delta.spec, live, setting, draft)
    return decide_seats(delta.spec, live, setting, draft, ending=ending)


def _unasked(spec: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    # A move to another offer is a purchase that cannot be undone (contract §22.27, 2026): none without being asked for.
    return error(
        "CSP320",
        f"another offer is declared than runs ({live.offer} runs, {spec.offer} is declared)",
        origin=spec.origin.at("offer"),
        address=str(spec.address),
        label=f"subscription {live.id} runs {live.offer}",
        hint=f'{upgrade_hint(spec, live)}; else say `offer: "{live.offer}"`, or give the new one a line of its own '
        "and mark this one `absent: true`",
    )


def _must_wait(delta: Delta, live: LiveSubscription, draft: Draft) -> bool:
    """Provisioning or busy subscriptions take no change; what is wanted is listed, not lost."""
    why = live.policy.busy
    if live.status is Status.PENDING:
        why = why or "it is still being provisioned"
    if why is None:
        return False
    draft.waiting.append(_waiting(delta, "blocked", "CSP334", f"it takes no changes now: {why}"))
    return True


def _waiting(delta: Delta, kind: Literal["manual", "blocked"], code: str, text: str) -> Waiting:
    return Waiting(address=delta.spec.address, kind=kind, code=code, text=text, origin=delta.spec.origin)


def _decide_name(delta: Delta, live: LiveSubscription, setting: Setting, draft: Draft) -> None:
    wanted = delta.spec.nickname or ""
    if Capability.RENAME in setting.capabilities:
        reason = Reason(code="nickname", text=f"the name shown in the portal is to be `{wanted}`")
        draft.steps.append(Step(action=Rename(before=live.nickname, after=wanted), reason=reason))
        draft.notes.append(f"gets the name “{wanted}” in the provider's portal (was “{live.nickname}”)")
        return
    text = f"rename it to `{wanted}` in the provider's portal: this provider cannot"
    draft.waiting.append(_waiting(delta, "manual", "CSP360", text))
