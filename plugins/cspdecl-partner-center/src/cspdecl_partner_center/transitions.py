"""Upgrades and trial conversions: a request that is not documented to be idempotent and cannot be undone.

1. read the subscriptions, ask whether it may go there, note which transitions and subscriptions there are → Pending
2. compare once more, send it once                                                                       → Pending
3. follow its events, then read source and target until both are as planned                              → Applied

An answer that got lost is never followed by sending again: the list of transitions and the subscriptions themselves
tell what happened (contract §13.7, §22.5, 2023-10). What Partner Center charges is not shown before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from cspdecl.core.action import Transition
from cspdecl.core.inquiry import AskTransitions, TransitionPath
from cspdecl.core.live import LiveSubscription
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, NotDone, Outcome, Pending, ProbeOutcome, Rejected, Stale, Unknown
from cspdecl.spi.provider import Call
from cspdecl_partner_center import checkpoint, faults, paths
from cspdecl_partner_center.asking import read_paths
from cspdecl_partner_center.checkpoint import Checkpoint
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.customers import CustomerReader, running_of
from cspdecl_partner_center.effects import receipt
from cspdecl_partner_center.faithful import Json, Malformed, get, listed
from cspdecl_partner_center.guard import differs
from cspdecl_partner_center.paging import Incomplete
from cspdecl_partner_center.subscriptions import parse_subscription
from cspdecl_partner_center.targets import NotPossible, Target, target_of
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

VISIBLE_WITHIN = timedelta(minutes=15)  # as for orders (contract §11): a transition makes one
_LOOKS = 10_000  # the clock decides, not the count
_MOVES, _STAYS = "transition_with_license_transfer", "transition_only"
_ONLY_MOVING = "only with the users' licences moved along"
_NOT_COMPARED = "Partner Center shows no price before an upgrade: the {} a seat that was approved could not be compared"


class Seen(NamedTuple):
    """What is there now of both ends, and the transition of ours, where one is listed."""

    source: LiveSubscription
    result: LiveSubscription | None
    transition: Json


class Mover:
    """Carries out transitions."""

    def __init__(
        self,
        transport: Transport,
        business: Business,
        customers: CustomerReader,
        *,
        machine_now: Callable[[], datetime],
    ) -> None:
        self._transport = transport
        self._business = business
        self._customers = customers
        self._machine_now = machine_now

    def apply(self, operation: Operation, action: Transition, call: Call) -> Outcome:
        """The next step of a transition."""
        step = checkpoint.load(call.checkpoint)
        sent = step is not None and step.step in ("moving", "doubt")
        try:
            target = target_of(operation.guard, call)
            if step is None:
                return self._first(operation, action, target)
            if step.step == "ready":
                return self._second(operation, action, target, call, step)
            return self._third(action, target, call, step)
        except NotPossible as refused:
            return refused.outcome
        except Refusal as refusal:
            if sent:
                return Unknown(cause=f"sent, but cannot be read back: {refusal}")
            return faults.outcome_of(refusal)
        except (Busy, NoAnswer) as problem:
            if sent and step is not None and isinstance(problem, NoAnswer):
                faults.must_be_there(problem)
                return checkpoint.again(step, f"sent; reading it back failed: {problem}", looks=_LOOKS)
            return faults.outcome_of(problem)
        except (Malformed, Incomplete) as problem:
            if sent:
                return Unknown(cause=f"sent, but the answer cannot be used: {problem}")
            return faults.outcome_of(NoAnswer(str(problem), reading=True))

    def probe(self, operation: Operation, action: Transition, call: Call) -> ProbeOutcome:
        """Did it happen? Reads only. Raises what reading raises."""
        step = checkpoint.load(call.checkpoint)
        if step is None:
            return NotDone()  # nothing is sent before the first checkpoint is journaled
        try:
            target = target_of(operation.guard, call)
        except NotPossible:
            return NotDone()
        seen = self._look(action, target, step)
        if step.step == "moving" or seen.transition is not None or _arrived(action, seen):
            return self._told(action, call, dataclasses.replace(step, step="moving"), seen)
        difference = differs(operation.guard, seen.source)
        if difference is not None:
            return Stale(seen=difference)
        if not checkpoint.overdue(step, self._machine_now(), VISIBLE_WITHIN):
            doubt = dataclasses.replace(step, step="doubt")
            return checkpoint.again(doubt, "no transition is listed yet", looks=_LOOKS)
        return NotDone()  # a quarter of an hour later nothing is listed, and nothing has changed

    # ---- the steps ----

    def _first(self, operation: Operation, action: Transition, target: Target) -> Outcome:
        self._must_be_as_planned(operation, action, target)
        self._path(action, target)
        known = [_mark(item) for item in self._listed(target)]
        known += [item.id for item in self._running(action, target)]
        step = Checkpoint(step="ready", known=tuple(known), since=self._machine_now())
        return Pending(checkpoint=checkpoint.dump(step), note="checked, to be sent")

    def _second(
        self, operation: Operation, action: Transition, target: Target, call: Call, step: Checkpoint
    ) -> Outcome:
        seen = self._look(action, target, step)
        if seen.transition is not None or _arrived(action, seen):
            return self._told(action, call, dataclasses.replace(step, step="moving"), seen)  # its answer was lost
        item = self._must_be_as_planned(operation, action, target)
        path, kind = self._path(action, target)
        answer = self._transport.send(
            Request(
                method="POST",
                path=paths.subscription(target.tenant, target.id, "transitions"),
                body=_body(action, item, target, path, kind),
                request_id=call.request_id,
                correlation_id=call.correlation_id,
            )
        )
        made = get(answer.body, "toSubscriptionId")
        moving = dataclasses.replace(
            step,
            step="moving",
            since=self._machine_now(),
            looks=0,
            subscription=made.lower() if isinstance(made, str) and made else None,
        )
        return Pending(checkpoint=checkpoint.dump(moving), note="sent, being carried out")

    def _third(self, action: Transition, target: Target, call: Call, step: Checkpoint) -> Outcome:
        seen = self._look(action, target, step)
        if step.step == "doubt" and seen.transition is None and not _arrived(action, seen):
            if checkpoint.overdue(step, self._machine_now(), VISIBLE_WITHIN):
                return Unknown(cause="whether the upgrade was sent cannot be seen")
            return checkpoint.again(step, "no transition is listed yet", looks=_LOOKS)
        return self._told(action, call, dataclasses.replace(step, step="moving"), seen)

    def _told(
        self, action: Transition, call: Call, step: Checkpoint, seen: Seen
    ) -> Applied | Pending | Rejected | Unknown:
        events = _events(seen.transition)
        converted, moved = events.get("conversion"), events.get("licensereassignment", events.get("seatreassignment"))
        arrived = _arrived(action, seen)
        if converted is not None and converted[0] == "failed" and not arrived:
            return Rejected(code="CSP425", message=f"the upgrade failed: {converted[1] or 'no reason given'}")
        if arrived and seen.result is not None:
            told = [] if action.unit_price is None else [_NOT_COMPARED.format(action.unit_price)]
            if moved is not None and moved[0] == "failed":
                told.append(f"the users' licences were not moved: {moved[1] or 'no reason given'}")
            elif action.reassign and not action.full and not action.trial and (moved or ("",))[0] != "completed":
                told.append("users' licences are moved by hand after a partial upgrade")
            if action.promotion is not None and seen.result.promotion is None:
                told.append(f"promotion {action.promotion} is not on the subscription: it is at the list price")
            own = seen.result.id == seen.source.id
            done = receipt(call, self._business.now(), order=seen.result.order_id, remark="; ".join(told) or None)
            return Applied(receipt=done, subscription=seen.result, also=() if own else (seen.source,))
        if checkpoint.overdue(step, self._machine_now(), VISIBLE_WITHIN):
            return Unknown(cause="the upgrade was sent, and 15 minutes later it cannot be seen what came of it")
        return checkpoint.again(step, "the upgrade is being carried out", looks=_LOOKS)

    # ---- what they read ----

    def _must_be_as_planned(self, operation: Operation, action: Transition, target: Target) -> str:
        """The catalogue item of the source, once all is seen to be as planned. Raises NotPossible."""
        body = self._customers.subscription(target.tenant, target.id, patient=False)
        live = parse_subscription(body, now=self._business.now())
        if (difference := differs(operation.guard, live)) is not None:
            raise NotPossible(Stale(seen=difference))
        if (live.offer, live.seats, live.trial) != (action.source, action.before, action.trial):
            trial = " (a trial)" if live.trial else ""
            planned = f"{action.before} of {action.source} were planned on"
            raise NotPossible(Stale(seen=f"it has {live.seats} seats of {live.offer}{trial} now, {planned}"))
        if action.into is not None:
            into = self._subscription(target.tenant, action.into)
            if (into.offer, into.seats) != (action.target, action.target_before) or not into.status.running:
                seen = f"the target has {into.seats} seats of {into.offer} now, {action.target_before} were planned on"
                raise NotPossible(Stale(seen=seen))
        return str(get(body, "offerId") or action.source)

    def _path(self, action: Transition, target: Target) -> tuple[TransitionPath, str]:
        """Where it may go by Microsoft's own word, and in which way. Raises NotPossible."""
        asked = AskTransitions(tenant=target.tenant, subscription=target.id, when="immediate")
        path = next(
            (one for one in read_paths(self._transport, asked, patient=False) if one.offer == action.target), None
        )
        if path is None:
            raise NotPossible(Stale(seen=f"it cannot be upgraded to {action.target} now"))
        wanted = _MOVES if action.reassign else _STAYS
        kind = wanted if wanted in path.kinds else _STAYS if action.reassign and _STAYS in path.kinds else None
        if kind is None:
            why = path.why or (_ONLY_MOVING if path.kinds else "no reason given",)
            raise NotPossible(Stale(seen=f"it cannot be upgraded to {action.target} now: {'; '.join(why)}"))
        if action.into is not None:
            into = next((one for one in path.into if one.id == action.into.lower()), None)
            if into is not None and not into.eligible:
                raise NotPossible(Stale(seen=f"its seats cannot move to {action.into}: {'; '.join(into.why)}"))
        return path, kind

    def _subscription(self, tenant: str, id: str) -> LiveSubscription:
        body = self._customers.subscription(tenant, id, patient=False)
        return parse_subscription(body, now=self._business.now())

    def _running(self, action: Transition, target: Target) -> tuple[LiveSubscription, ...]:
        bodies = self._customers.raw_subscriptions(target.tenant, patient=False)
        found = running_of(bodies, now=self._business.now())
        return tuple(item for item in found if item.offer == action.target)

    def _listed(self, target: Target) -> list[Json]:
        """The transitions of the source; one sample wraps the list in `transition`, others in `items` (§13.7)."""
        path = paths.subscription(target.tenant, target.id, "transitions")
        body = self._transport.send(Request(method="GET", path=path)).body
        if isinstance(body, list):
            return body
        for name in ("items", "transition", "transitions"):
            found = get(body, name)
            if isinstance(found, list):
                return found
            if isinstance(found, dict):
                return [found]
        return []

    def _look(self, action: Transition, target: Target, step: Checkpoint) -> Seen:
        source = self._subscription(target.tenant, target.id)
        ours = next(
            (item for item in reversed(self._listed(target)) if _mark(item) not in step.known and _fits(item, action)),
            None,
        )
        return Seen(source, self._result(action, target, step, source, ours), ours)

    def _result(
        self, action: Transition, target: Target, step: Checkpoint, source: LiveSubscription, ours: Json
    ) -> LiveSubscription | None:
        """The subscription that has the seats afterwards, once there is one."""
        if action.into is not None:
            return self._subscription(target.tenant, action.into)
        if action.full:
            return source
        made = get(ours, "toSubscriptionId")
        named = made.lower() if isinstance(made, str) and made else step.subscription
        if named is not None and named != source.id:
            try:
                return self._subscription(target.tenant, named)
            except Refusal as refusal:
                if refusal.status != 404:
                    raise
                return None
        # Not named: the one that is new, of the target's offer, and ends with the source (contract §13.7).
        new = [
            item
            for item in self._running(action, target)
            if item.id not in step.known and item.seats == action.seats and item.term_ends == source.term_ends
        ]
        return new[0] if len(new) == 1 else None


def _body(action: Transition, source: str, target: Target, path: TransitionPath, kind: str) -> Json:
    body: dict[str, Json] = {
        "fromCatalogItemId": source,
        "fromSubscriptionId": target.id,
        "toCatalogItemId": path.item,
        "quantity": action.seats,
        "transitionType": kind,
    }
    if action.into is not None:
        body["toSubscriptionId"] = action.into
    if action.term is not None:
        body["termDuration"] = action.term.value
    if action.billing is not None:
        body["billingCycle"] = action.billing.value.title()
    if action.promotion is not None:
        body["promotionId"] = action.promotion
    return body


def _arrived(action: Transition, seen: Seen) -> bool:
    """Whether both ends are as the action leaves them."""
    result, source = seen.result, seen.source
    if result is None or result.offer != action.target or not result.status.running:
        return False
    if action.into is not None:
        left = action.before - action.seats
        gone = source.seats == left if left > 0 else not source.status.running or source.seats == 0
        return result.seats == action.target_before + action.seats and gone
    if action.full:
        return result.seats == action.seats and result.trial is False
    return result.seats == action.seats and source.seats == action.before - action.seats


def _fits(item: Json, action: Transition) -> bool:
    """Whether a listed transition goes where ours goes, with so many seats."""
    parts = str(get(item, "toCatalogItemId") or "").upper().split(":")
    return ":".join(parts[:2]) == str(action.target) and get(item, "quantity") in (action.seats, str(action.seats))


def _mark(item: Json) -> str:
    """What tells one listed transition from another."""
    own = get(item, "operationId") or get(item, "id")
    if isinstance(own, str) and own:
        return own.lower()
    first = next((str(get(event, "timestamp")) for event in listed(item, "events")), "")
    return f"{get(item, 'toCatalogItemId')}/{get(item, 'toSubscriptionId')}/{get(item, 'quantity')}/{first}".lower()


def _events(item: Json) -> dict[str, tuple[str, str]]:
    """The state of each step by name, the last one printed, with the reason of a failure."""
    found: dict[str, tuple[str, str]] = {}
    for event in listed(item, "events"):
        name, state = str(get(event, "name") or "").lower(), str(get(event, "status") or "").strip().lower()
        why = "; ".join(str(get(error, "description") or "") for error in listed(event, "errors"))
        found[name] = state, why
    return found
