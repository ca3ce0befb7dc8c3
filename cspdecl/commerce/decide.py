"""The heart: a difference becomes steps now, steps at the renewal, what waits, or a refusal. Pure, and decided once.

Each rule lives in the module named for what it is about: decide_purchase, decide_seats, decide_end, decide_extended.
This module only says in which order they speak. `cspdecl.commerce.rules` lists them with source, code and case.
"""

from __future__ import annotations

from cspdecl.commerce.decide_converting import decide_converting
from cspdecl.commerce.decide_end import decide_end_of_term, decide_leaving
from cspdecl.commerce.decide_extended import decide_extended, runs_extended
from cspdecl.commerce.decide_purchase import decide_purchase
from cspdecl.commerce.decide_seats import decide_seats
from cspdecl.commerce.values import Decision, Delta, Draft, Setting, Step
from cspdecl.commerce.words import day
from cspdecl.core.action import Rename
from cspdecl.core.capability import Capability
from cspdecl.core.diagnostics import error
from cspdecl.core.live import LiveSubscription, Status
from cspdecl.core.operation import Reason, Waiting


def decide(delta: Delta, setting: Setting) -> Decision:
    """What follows from one line's difference. Nothing of a refused line is sent."""
    if delta.live is None:
        return decide_purchase(delta.spec, setting)
    converted = decide_converting(delta, delta.live, setting, decide_change)
    if converted is not None:
        return converted
    if delta.spec.absent:
        return decide_leaving(delta.spec, delta.live, setting)
    draft = Draft()
    extended = runs_extended(delta.spec, delta.live)
    if not extended:
        _refuse_conversion(delta, delta.live, draft)
    if not draft.refused and not _must_wait(delta, delta.live, draft):
        if extended:
            return decide_extended(delta, delta.live, draft)
        return decide_change(delta, delta.live, setting, draft)
    return Decision(
        symbol="?",
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        before=delta.live.seats,
        after=delta.live.seats,
        notes=tuple(item.text for item in draft.waiting),
    )


def decide_change(delta: Delta, live: LiveSubscription, setting: Setting, draft: Draft) -> Decision:
    """Name, end of term and seats of a running subscription, in the order in which they can be written."""
    if "nickname" in delta.fields:
        _decide_name(delta, live, setting, draft)
    ending = decide_end_of_term(delta.spec, live, setting, draft)
    return decide_seats(delta.spec, live, setting, draft, ending=ending)


def _refuse_conversion(delta: Delta, live: LiveSubscription, draft: Draft) -> None:
    # Mid-term moves to a longer term or another SKU are purchases that cannot be undone (contract §22.27, 2026), and
    # plan-only changes are blocked since 2025-04-01 (contract §13.5). None is made without being asked for by name.
    spec = delta.spec
    names = {"offer": live.offer, "term": live.term, "billing": live.billing}
    wanted = {"offer": spec.offer, "term": spec.term, "billing": spec.billing}
    for field, code, what in (
        ("offer", "CSP320", "another offer"),
        ("term", "CSP321", "another term"),
        ("billing", "CSP322", "another billing plan"),
    ):
        if field in delta.fields:
            draft.diagnostics.append(
                error(
                    code,
                    f"changing a running subscription to {what} is not supported yet "
                    f"({names[field]} runs, {wanted[field]} is declared)",
                    origin=spec.origin.at(field),
                    address=str(spec.address),
                    label=f"subscription {live.id} runs {names[field]}",
                    hint=f"say `{field}: {names[field]}`, or give the new one a line of its own and mark this one "
                    "`absent: true`",
                )
            )


def _must_wait(delta: Delta, live: LiveSubscription, draft: Draft) -> bool:
    """Suspended, provisioning or busy subscriptions take no change; what is wanted is listed, not lost."""
    if live.status is Status.SUSPENDED:
        # Seats are frozen (error 2001), billing goes on, and auto-renew went off with the suspension, which resuming
        # does not undo (contract §13.1, 2023-10).
        text = (
            "it is suspended: seats are frozen, billing goes on and it will not renew; resume it in the provider's "
            "portal" + (f" before {day(live.term_ends)}" if live.term_ends else "")
        )
        draft.waiting.append(_waiting(delta, "manual", "CSP333", text, live))
        return True
    why = live.policy.busy
    if live.status is Status.PENDING:
        why = why or "it is still being provisioned"
    if why is None:
        return False
    draft.waiting.append(_waiting(delta, "blocked", "CSP334", f"it takes no changes now: {why}", None))
    return True


def _waiting(delta: Delta, kind: str, code: str, text: str, live: LiveSubscription | None) -> Waiting:
    return Waiting(
        address=delta.spec.address,
        kind="manual" if kind == "manual" else "blocked",
        code=code,
        text=text,
        when=live.term_ends if live else None,
        origin=delta.spec.origin,
    )


def _decide_name(delta: Delta, live: LiveSubscription, setting: Setting, draft: Draft) -> None:
    wanted = delta.spec.nickname or ""
    if Capability.RENAME in setting.capabilities:
        reason = Reason(code="nickname", text=f"the name shown in the portal is to be `{wanted}`")
        draft.steps.append(Step(action=Rename(before=live.nickname, after=wanted), reason=reason))
        draft.notes.append(f"gets the name “{wanted}” in the provider's portal (was “{live.nickname}”)")
        return
    text = f"rename it to `{wanted}` in the provider's portal: this provider cannot"
    draft.waiting.append(_waiting(delta, "manual", "CSP360", text, None))
