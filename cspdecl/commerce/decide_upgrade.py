"""Upgrades: a line's other offer, asked for by name, full or in part, or out of a trial. There is no way back.

Source: transition-a-new-commerce-subscription page, 2023-10 and 2026 (contract §13.7). All seats: the subscription
keeps its id, term and end, and its offer changes. Fewer: a second subscription with the same end and the source's
window. Later more: seats move into that second one. More seats than run are bought with it. The provider's answer about
this one subscription decides what can be had; it is asked for every plan and never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cspdecl.commerce.combos import check_combination
from cspdecl.commerce.decide_end import keep_end_of_term
from cspdecl.commerce.decide_purchase import must_wait
from cspdecl.commerce.parts import source_part
from cspdecl.commerce.policy import TRIAL_BECOMES_SEATS
from cspdecl.commerce.quantity import check_limits, check_quantity
from cspdecl.commerce.values import Decision, Draft, Setting, Step
from cspdecl.commerce.words import instant, last_day, listed, seats
from cspdecl.core.action import Transition
from cspdecl.core.capability import Capability
from cspdecl.core.desired import SubscriptionSpec, Upgrade
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.inquiry import TransitionPath, Transitions, Unanswered
from cspdecl.core.live import LiveSubscription, Status
from cspdecl.core.operation import Reason, Waiting
from cspdecl.core.terms import add_months, at_midnight

_MOVES, _KEEPS = "transition_with_license_transfer", "transition_only"
_NO_RETURN = "an upgrade cannot be undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What an upgrade leaves, for the steps that follow it: the subscription as it will be, and what is declared of it.

    `gone` seats are on another subscription then; `bought` came with the upgrade.
    """

    spec: SubscriptionSpec
    live: LiveSubscription
    gone: int = 0
    bought: int = 0


def upgrade_hint(spec: SubscriptionSpec, live: LiveSubscription) -> str:
    """How to ask for an upgrade by name, for those who only changed `offer`."""
    return (
        f'say `upgrade: {{from: "{live.offer}"}}` beside `offer` if it is meant as an upgrade, which cannot be undone'
    )


def decide_full_upgrade(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft
) -> Moved | Decision:
    """The upgrade of all seats as the first step, with what it leaves; or the decision where it waits or is refused.

    `draft` then goes on with the subscription as it will be: name, end of term and what is scheduled, which an
    immediate upgrade deletes.
    """
    wanted = _wanted(spec)
    path = _path(spec, live, setting, draft, count=live.seats)
    more = max(spec.seats - live.seats, 0)
    if path is not None:
        refused = _unfit(spec, live, setting, count=max(spec.seats, live.seats))
        if refused is not None:
            draft.diagnostics.append(refused)
    if path is None or draft.refused:
        return _stuck(live, draft)
    moved = _after(spec, live, setting.now)
    count = moved.live.seats
    until = f" until {last_day(moved.live.term_ends)}" if moved.live.term_ends else ""
    action = Transition(
        source=wanted.source, target=spec.offer, before=live.seats, seats=count,
        reassign=_reassign(wanted, path, draft),
        term=moved.live.term if live.trial else None, billing=moved.live.billing if live.trial else None,
        trial=live.trial, segment=setting.segment,
    )  # fmt: skip
    verb = "converted from a trial" if live.trial else "upgraded"
    text = f"{seats(live.seats)} of {wanted.source} are to be {verb} to {spec.offer}"
    draft.steps.append(Step(action=action, reason=Reason(code="trial.convert" if live.trial else "upgrade", text=text)))
    if live.trial:
        draft.notes.append(f"the trial becomes paid now, for {spec.term}{until}; {_NO_RETURN}")
    else:
        was = live.title or wanted.source
        draft.notes.append(f"upgraded from {was}, which cannot be undone; owed{until} as before")
        _keep_end(spec, moved.live, setting, draft)
    if more and not live.trial:
        draft.notes.append(f"{seats(more)} more than ran are bought with it")
    if live.promotion is not None:
        draft.notes.append(f"promotion {live.promotion} may be lost; another one may apply by itself")  # contract §9.1
    return moved


def decide_partial_upgrade(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft
) -> Moved | Decision:
    """Part of the seats go over to a new subscription with the same end, bound to the same line."""
    wanted = _wanted(spec)
    count = wanted.seats or 0
    if count >= live.seats:
        draft.diagnostics.append(_too_many(spec, live, count))
        return _stuck(live, draft)
    path = _path(spec, live, setting, draft, count=count)
    if path is not None:
        refused = _unfit(replace(spec, seats=count), live, setting, count=count) or check_limits(spec, setting)
        if refused is not None:
            draft.diagnostics.append(refused)
    if path is None or draft.refused:
        return _stuck(live, draft)
    action = Transition(
        source=wanted.source, target=spec.offer, before=live.seats, seats=count,
        reassign=_reassign(wanted, path, draft), segment=setting.segment,
    )  # fmt: skip
    text = f"{seats(count)} of {wanted.source} are to be upgraded to {spec.offer}, {live.seats - count} stay"
    draft.steps.append(Step(action=action, reason=Reason(code="upgrade.part", text=text)))
    left = live.seats - count
    until = f" on {last_day(live.term_ends)}" if live.term_ends else ""
    draft.notes.append(
        f"{seats(count)} go over to a new subscription that ends{until} like this one, {left} stay; {_NO_RETURN}"
    )
    return _left_behind(source_part(spec), live, setting, draft, gone=count)


def _left_behind(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, *, gone: int) -> Moved:
    """What stays where it was, `spec` its part of the line. More of it is bought by the next plan, which checks it."""
    left = live.seats - gone
    after = replace(live, seats=left, scheduled=None)
    if spec.absent or spec.seats > left:
        what = "leave" if spec.absent else f"become {spec.seats}"
        draft.waiting.append(_wait(spec, f"the {seats(left)} that stay {what} once the upgrade is done; plan again"))
        spec = replace(spec, seats=left, absent=False)
    _keep_end(spec, after, setting, draft)
    return Moved(spec=spec, live=after, gone=gone)


def _keep_end(spec: SubscriptionSpec, after: LiveSubscription, setting: Setting, draft: Draft) -> None:
    """An explicit end that stays as it is was deleted by the upgrade all the same, so it is written again (§13.1)."""
    if spec.end_of_term in (None, after.end_of_term):
        keep_end_of_term(spec, after, setting, draft, after.end_of_term)


def decide_moving(
    spec: SubscriptionSpec, live: LiveSubscription, target: LiveSubscription, setting: Setting, draft: Draft, *,
    count: int,
) -> Moved | Decision:  # fmt: skip
    """More of a split line's seats go over, into the second subscription that is there already (`moveQuantity`).

    `spec` is the line as the part that stays sees it. Portal and API differ; the stricter reading is taken: terms of
    one length, an end that is not earlier, and a target outside its cancellation window (contract §13.7).
    """
    wanted = _wanted(spec)
    why, when = _cannot_take(live, target, setting.now)
    if why is not None:
        draft.waiting.append(replace(_wait(spec, f"{seats(count)} cannot move to {target.id} now: {why}"), when=when))
        return _stuck(live, draft)
    answer = setting.transitions
    path = _path(spec, live, setting, draft, count=count, into=target.id)
    if path is None or draft.refused or not isinstance(answer, Transitions):
        return _stuck(live, draft)
    action = Transition(
        source=wanted.source, target=target.offer or spec.offer, before=live.seats, seats=count, into=target.id,
        target_before=target.seats, reassign=_reassign(wanted, path, draft), segment=setting.segment,
    )  # fmt: skip
    text = f"{seats(count)} more of {wanted.source} are to be upgraded, into the subscription that is there"
    draft.steps.append(Step(action=action, reason=Reason(code="upgrade.more", text=text)))
    draft.notes.append(f"{seats(count)} move to {target.id}, which keeps its term and end; {_NO_RETURN}")
    if count == live.seats:
        return replace(_stuck(live, draft), symbol="~", after=0, notes=tuple(draft.notes))
    return _left_behind(spec, live, setting, draft, gone=count)


def refuse_way_back(spec: SubscriptionSpec, *, upgraded: int, declared: int) -> Diagnostic:
    """That upgraded seats do not go back to what they were: that would be bought anew beside them."""
    return error(
        "CSP348",
        f"{seats(upgraded)} {'is' if upgraded == 1 else 'are'} upgraded and "
        f"{declared} {'is' if declared == 1 else 'are'} declared: {_NO_RETURN}",
        origin=_wanted(spec).origin.at("seats"),
        address=str(spec.address),
        hint=f"say `upgrade: {{seats: {upgraded}}}`, or lower `seats` by as many so that they are given back",
    )


# ---- what stands against it ----


def _path(
    spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, draft: Draft, *, count: int,
    into: str | None = None,
) -> TransitionPath | None:  # fmt: skip
    wanted, answer = _wanted(spec), setting.transitions
    target = spec.offer if into is None else None
    if Capability.CONVERT not in setting.capabilities:
        text = (
            f"upgrade {seats(count)} of {wanted.source} to {spec.offer} in the provider's portal: this provider cannot"
        )
        draft.waiting.append(replace(_wait(spec, text), kind="manual", code="CSP360", when=live.term_ends))
        return None
    if live.status is not Status.ACTIVE:
        draft.waiting.append(_wait(spec, f"{live.id} is {live.status}: only what is active can be upgraded"))
        return None
    if (first := must_wait(spec, setting)) is not None:
        draft.waiting.append(first)  # an upgrade is a purchase (contract §22.27), and waits for what purchases wait for
        return None
    if live.policy.busy is not None:
        draft.waiting.append(_wait(spec, f"it cannot be upgraded now: {live.policy.busy}"))
        return None
    if not isinstance(answer, Transitions):
        why = f" ({answer.reason})" if isinstance(answer, Unanswered) else ""
        draft.waiting.append(_wait(spec, f"whether it can be upgraded could not be asked{why}; plan again later"))
        return None
    if into is not None:
        return _path_into(spec, draft, answer, into)
    path = next((item for item in answer.paths if item.offer == target), None)
    if path is None:
        draft.diagnostics.append(_no_path(spec, live, answer.paths))
        return None
    if not path.kinds:
        why = listed(path.why, final="and") or "the provider does not say why"
        draft.waiting.append(_wait(spec, f"it cannot be upgraded to {spec.offer} now: {why}"))
        return None
    if path.seats is not None and count > path.seats and not live.trial:
        draft.diagnostics.append(_more_than_allowed(spec, path.seats, count))
        return None
    return path


def _path_into(spec: SubscriptionSpec, draft: Draft, answer: Transitions, into: str) -> TransitionPath | None:
    for path in answer.paths:
        for one in path.into:
            if one.id == into:
                if one.eligible:
                    return path
                why = listed(one.why, final="and") or "the provider does not say why"
                draft.waiting.append(_wait(spec, f"seats cannot move to {into} now: {why}"))
                return None
    draft.waiting.append(_wait(spec, f"the provider offers no way to move seats to {into}"))
    return None


def _unfit(spec: SubscriptionSpec, live: LiveSubscription, setting: Setting, *, count: int) -> Diagnostic | None:
    """Seats, term and plan of what it is to become."""
    if live.trial:
        # a conversion before the trial is over takes 25 seats at least (contract §13.2, 2023-10)
        if spec.seats < TRIAL_BECOMES_SEATS:
            return error(
                "CSP348",
                f"a trial is converted early with {TRIAL_BECOMES_SEATS} seats or more, {spec.seats} are declared",
                origin=spec.origin.at("seats"),
                address=str(spec.address),
                hint=f"say `seats: {TRIAL_BECOMES_SEATS}`; or keep `trial: true` and say "
                f"`renewsTo: {{seats: {spec.seats}}}`: when it ends it takes fewer",
            )
    elif (spec.term, spec.billing) != (live.term, live.billing):
        # the subscription stays what it is: a longer term is a change of its own (contract §13.7)
        return error(
            "CSP348",
            f"an upgrade keeps the term: {live.term} billed {live.billing} runs, {spec.term} billed {spec.billing} is "
            "declared",
            origin=spec.origin.at("term"),
            address=str(spec.address),
            hint=f"say `term: {live.term}, billing: {live.billing}`; a longer term can follow once it is upgraded",
        )
    if setting.offer is not None:
        refused = check_combination(spec, setting.offer)
        if refused is not None:
            return refused
    return check_quantity(replace(spec, seats=count), None, setting)


def _cannot_take(live: LiveSubscription, target: LiveSubscription, now: datetime) -> tuple[str | None, datetime | None]:
    until = target.policy.cancel_until
    if target.status is not Status.ACTIVE:
        return f"it is {target.status}", None
    if until is not None and until > now:
        return f"it can be cancelled until {instant(until)}, and takes seats only after that", until
    if target.term is not live.term:
        return f"its term is {target.term}, and seats move only between terms of one length", None
    if live.term_ends is None or target.term_ends is None:
        return "the provider does not show where both terms end", None
    if target.term_ends < live.term_ends:
        return f"it ends on {last_day(target.term_ends)}, earlier than what the seats come from", None
    return None, None


def _no_path(spec: SubscriptionSpec, live: LiveSubscription, paths: Iterable[TransitionPath]) -> Diagnostic:
    legal = [f'`offer: "{item.offer}"`' for item in paths if item.kinds]
    return error(
        "CSP347",
        f"{live.offer} cannot be upgraded to {spec.offer}",
        origin=spec.origin.at("offer"),
        address=str(spec.address),
        label="there is no such path; smaller plans can be had only at the renewal or as a line of their own",
        hint=f"it can become {listed(legal)}"
        if legal
        else f'say `offer: "{live.offer}"`: it can become nothing else now',
    )


def _too_many(spec: SubscriptionSpec, live: LiveSubscription, count: int) -> Diagnostic:
    return error(
        "CSP348",
        f"{seats(count)} are to be upgraded, and {live.seats} run: a part is fewer than all",
        origin=_wanted(spec).origin.at("seats"),
        address=str(spec.address),
        hint=f"say `seats: {live.seats - 1}` or fewer under `upgrade`, or leave `seats` out there to upgrade all"
        if live.seats > 1
        else "leave `seats` out under `upgrade` to upgrade all",
    )


def _more_than_allowed(spec: SubscriptionSpec, most: int, count: int) -> Diagnostic:
    return error(
        "CSP348",
        f"{seats(count)} are to be upgraded, the provider allows {most}",
        origin=_wanted(spec).origin,
        address=str(spec.address),
        hint=f"say `seats: {most}` under `upgrade`",
    )


def wrong_source(spec: SubscriptionSpec, live: LiveSubscription) -> Diagnostic:
    """`upgrade.from` names something else than what runs, so what is meant is not known."""
    return error(
        "CSP348",
        f"`upgrade.from` names {_wanted(spec).source}, and {live.offer} runs",
        origin=_wanted(spec).origin.at("from"),
        address=str(spec.address),
        label=f"subscription {live.id}",
        hint=f'say `upgrade: {{from: "{live.offer}"}}` if that is what is to be upgraded',
    )


# ---- what it leaves ----


def _after(spec: SubscriptionSpec, live: LiveSubscription, now: datetime) -> Moved:
    """The subscription as the upgrade leaves it: what was scheduled is gone, a trial's term begins anew."""
    count = spec.seats if live.trial else max(spec.seats, live.seats)
    if not live.trial:
        after = replace(live, offer=spec.offer, seats=count, scheduled=None)
        return Moved(spec=spec, live=after, bought=count - live.seats)
    start = at_midnight(now.astimezone(UTC).date())
    # no paper says that a conversion can be taken back inside a window, so none is counted on (contract §13.7)
    policy = replace(live.policy, lots=(), cancel_until=None, source="api", can_schedule=True)
    return Moved(
        spec=spec,
        live=replace(
            live, offer=spec.offer, seats=count, term=spec.term, billing=spec.billing, trial=False, scheduled=None,
            end_of_term="renew", term_started=start, cycle_ends=None, policy=policy,
            term_ends=at_midnight(add_months(start.date(), spec.term.months)),
        ),
        bought=count,
    )  # fmt: skip


def _reassign(wanted: Upgrade, path: TransitionPath, draft: Draft) -> bool:
    if wanted.reassign and _MOVES not in path.kinds:
        draft.notes.append("the users' licences have to be assigned by hand: they do not move along")
        return False
    if not wanted.reassign and _KEEPS not in path.kinds:
        draft.notes.append("the users' licences move along: the provider offers no other way")
        return True
    return wanted.reassign


def _wanted(spec: SubscriptionSpec) -> Upgrade:
    if spec.upgrade is None:
        raise ValueError(f"{spec.address} asks for no upgrade")
    return spec.upgrade


def _stuck(live: LiveSubscription, draft: Draft) -> Decision:
    return Decision(
        symbol="?",
        steps=tuple(draft.steps),
        waiting=tuple(draft.waiting),
        diagnostics=tuple(draft.diagnostics),
        before=live.seats,
        after=live.seats,
        notes=tuple(item.text for item in draft.waiting),
    )


def _wait(spec: SubscriptionSpec, text: str) -> Waiting:
    return Waiting(address=spec.address, kind="blocked", code="CSP349", text=text, origin=spec.origin)
