"""One line beside its subscription: what differs from how our own last operation left it and from what is declared.

What was left is first moved on over the renewals, schedules and extensions that came true since. A line that stands for
two subscriptions, as after an upgrade of some of its seats, is compared part by part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from cspdecl.commerce.decide_extended import goes_by_month, runs_extended
from cspdecl.commerce.decide_renewal import as_it_runs, is_scheduled, next_term
from cspdecl.commerce.parts import source_part, target_part
from cspdecl.commerce.words import day, last_day, next_term_words, seats
from cspdecl.core.desired import AzurePlanSpec, SubscriptionSpec
from cspdecl.core.live import LiveEndOfTerm, LiveSubscription, NextTerm, Status
from cspdecl.core.records import Part, Recorded
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.compare import plain_name
from cspdecl.planning.drift_values import Drift, Expected, Kind, Remembered, Value

_ENDS = {
    "renew": "it renews at the end of its term",
    "cancel": "it ends with its term",
    "extend": "it goes on by the month when its term ends",
    "unset": "its auto-renew is off, and what follows its term is left open",
}

#: A subscription of a line: what is declared of it, how it was left, how it was last recorded, and its id.
Piece = tuple[SubscriptionSpec, Recorded, Recorded, str | None]


def line_drift(
    line: SubscriptionSpec,
    ids: Sequence[str],
    remembered: Remembered,
    by_id: Mapping[str, LiveSubscription],
    now: datetime,
    *,
    reseller: str | None = None,
) -> Iterator[Drift]:
    """All findings about a line bound to `ids`. `reseller`: the PartnerID that is declared to be on record."""
    for spec, own, last, ident in pieces(line, ids, remembered):
        item = by_id.get(ident) if ident is not None else None
        found: list[Drift] = []
        if item is None or not item.status.running:
            found += _stopped(spec, own, last, item, now)
        else:
            found += _line(spec, own, item, now)
            found += _name(spec, item, remembered.names.get(item.id))
            found += _reseller(spec, own, item, reseller)
        several = len(ids) > 1
        for one in found:
            text = f"{one.text} ({spec.offer})" if several else one.text
            yield replace(one, subscription=ident, origin=line.origin, text=text)


def pieces(line: SubscriptionSpec, ids: Sequence[str], remembered: Remembered) -> Iterator[Piece]:
    """The subscriptions of a line that are ours to watch: none before anything was recorded or after it ended."""
    own, last = remembered.own(line.address), remembered.recorded.get(line.address)
    if own is None or last is None or own.status == "ended":
        return
    if not own.parts:
        # of several ids the record names the one that goes on; what ended is no finding
        ident = ids[0] if len(ids) == 1 else own.subscription
        if ident in ids:
            yield line, own, last, ident
        return
    lasts = {part.subscription: part for part in last.parts}
    for part in own.parts:
        if part.subscription in ids:
            after = _as_record(last, lasts.get(part.subscription, part))
            yield _spec_of(line, part), _as_record(own, part), after, part.subscription


def _as_record(whole: Recorded, part: Part) -> Recorded:
    """What the books say of one part of an address, as of an address of its own."""
    end: LiveEndOfTerm | None = "unset" if part.end_of_term == "none" else part.end_of_term
    return replace(
        whole, subscription=part.subscription, offer=None if part.offer is None else str(part.offer),
        seats=Decimal(part.quantity), term=part.term, term_kind=part.term_kind, billing=part.billing_plan,
        term_ends=part.term_end, end_of_term=end, scheduled=part.scheduled,
        provider_status=part.provider_status, ids=(part.subscription,), parts=(),
    )  # fmt: skip


def _spec_of(line: SubscriptionSpec, part: Part) -> SubscriptionSpec:
    """What a line declares of one of its parts; of a part it does not name, nothing but that it is there."""
    if line.upgrade is not None and part.offer == line.upgrade.source:
        return source_part(line)
    if line.upgrade is not None and part.offer == line.offer:
        return target_part(line)
    return replace(line, offer=part.offer or line.offer, seats=int(part.quantity), at_renewal=None, nickname=None)


def expected(line: SubscriptionSpec, own: Recorded, live: LiveSubscription | None, now: datetime) -> Expected:
    """What our last operation left, moved on over the renewals, schedules and extensions that came true since."""
    until = live.term_ends if live is not None else None
    passed = own.term_ends is not None and until is not None and own.term_ends <= now and until > own.term_ends
    ends: tuple[LiveEndOfTerm, ...] = (own.end_of_term,) if own.end_of_term is not None else ()
    extend = passed and own.end_of_term == "extend" and own.term is not Term.P1M
    if live is not None and ((extend and goes_by_month(live)) or runs_extended(line, live)):
        # what it says of its own end from then on is not documented (contract §13.8, 2026)
        return Expected(
            seats=int(own.seats), offer=own.offer, term=Term.P1M, billing=BillingCycle.MONTHLY,
            ends=("extend", "unset"), scheduled=None,
        )  # fmt: skip
    if own.term_kind == "trial" and live is not None and not live.trial and own.scheduled is None:
        # a trial that became paid by itself, as it said it would (contract §13.2, 2023-10)
        return Expected(
            seats=live.seats, offer=str(live.offer), term=live.term, billing=live.billing, ends=ends, scheduled=None
        )
    following = own.scheduled if passed else None
    if following is not None:
        return Expected(
            seats=following.seats, offer=str(following.offer), term=following.term, billing=following.billing,
            ends=ends, scheduled=None,
        )  # fmt: skip
    return Expected(
        seats=int(own.seats), offer=own.offer, term=own.term, billing=own.billing, ends=ends,
        scheduled=None if passed else own.scheduled,
    )  # fmt: skip


def _line(line: SubscriptionSpec, own: Recorded, live: LiveSubscription, now: datetime) -> Iterable[Drift]:
    left = expected(line, own, live, now)
    if live.seats not in (left.seats, line.seats):
        yield _changed(
            line,
            "seats",
            left.seats,
            line.seats,
            live.seats,
            f"{seats(live.seats)} are live, {left.seats} were applied last"
            + (f" and {line.seats} are declared" if line.seats != left.seats else " and are declared"),
        )
    declared_end = "cancel" if line.absent else line.end_of_term
    suspended = live.status is Status.SUSPENDED
    lost = suspended and live.end_of_term == "unset"  # auto-renew goes with a suspension (contract §13.1)
    if left.ends and not lost and live.end_of_term not in (*left.ends, declared_end):
        also = " and is declared" if left.ends[0] == declared_end else ""
        yield _changed(
            line,
            "end_of_term",
            left.ends[0],
            declared_end,
            live.end_of_term,
            f"{_ENDS[live.end_of_term]}; `{left.ends[0]}` was applied last{also}",
        )
    stopped = own.provider_status is Status.SUSPENDED
    if suspended is not stopped and suspended is not line.suspended:
        yield _changed(
            line,
            "status",
            str(own.provider_status or Status.ACTIVE),
            str(Status.SUSPENDED if line.suspended else Status.ACTIVE),
            str(live.status),
            "it was suspended elsewhere; billing goes on, and it will not renew by itself"
            if suspended
            else "it was resumed elsewhere, and is declared `suspended: true`",
        )
    yield from _identity(line, left, live)
    yield from _schedule(line, left, live, suspended=suspended)


def _changed(line: SubscriptionSpec, name: str, was: Value, declared: Value, live: Value, text: str) -> Drift:
    return Drift(
        address=line.address, kind="changed", field=name, was=was, declared=declared, live=live, text=text
    )  # fmt: skip


def _name(line: SubscriptionSpec, live: LiveSubscription, known: str | None) -> Iterable[Drift]:
    """A name that is declared and was changed. Without one, names are the portal's business; see `find_renamed`."""
    if line.nickname is None or known is None:
        return
    was, name = plain_name(known), plain_name(live.nickname)
    if name not in (was, line.nickname):
        also = " and is declared" if was == line.nickname else f", “{line.nickname}” is declared"
        text = f"its name in the provider's portal is “{name}”, “{was}” was applied last{also}"
        yield _changed(line, "nickname", was, line.nickname, name, text)


def _reseller(line: SubscriptionSpec, own: Recorded, live: LiveSubscription, declared: str | None) -> Iterable[Drift]:
    """Another reseller on record than the one we left there, and than the one that is declared."""
    if own.reseller is not None and live.reseller not in (own.reseller, declared):
        there = live.reseller or "nobody"
        text = f"PartnerID {there} is the reseller on record, {own.reseller} was applied last"
        yield _changed(line, "reseller", own.reseller, declared, live.reseller, text)


def _identity(line: SubscriptionSpec, left: Expected, live: LiveSubscription) -> Iterable[Drift]:
    for name, was, declared, there in (
        ("offer", left.offer, str(line.offer), str(live.offer)),
        ("term", left.term, str(line.term), str(live.term)),
        ("billing", left.billing, str(line.billing), str(live.billing)),
    ):
        if was is not None and there not in (str(was), declared):
            yield _changed(line, name, str(was), declared, there, f"{name} {there} is live, {was} was applied last")


def _schedule(line: SubscriptionSpec, left: Expected, live: LiveSubscription, *, suspended: bool) -> Iterable[Drift]:
    have, was = live.scheduled, left.scheduled
    wanted = next_term(line, live)
    if is_scheduled(have, was) or suspended:
        return
    # what the declaration wants scheduled, it may have been given elsewhere
    if have is not None and (is_scheduled(have, wanted) or is_scheduled(have, as_it_runs(live))):
        return
    if have is None and was is not None and (was.seats == live.seats or is_scheduled(wanted, as_it_runs(live))):
        return  # what runs is what is declared to go on
    on = f" on {day(live.term_ends)}" if live.term_ends else ""
    text = (
        f"what was scheduled for the renewal{on} is gone ({seats(was.seats) if was else ''})"
        if have is None
        else f"a change is scheduled for the renewal{on}, and nobody declared it: {next_term_words(have, live)}"
    )
    yield Drift(
        address=line.address,
        kind="schedule",
        field="scheduled",
        was=schedule_words(was),
        declared=None if is_scheduled(wanted, as_it_runs(live)) else schedule_words(wanted),
        live=schedule_words(have),
        text=text,
    )


def schedule_words(item: NextTerm | None) -> str | None:
    """What the next term has, as one value."""
    if item is None:
        return None
    ends = f", until {item.ends}" if item.ends is not None else ""
    return f"{seats(item.seats)}, {item.offer}, {item.term} billed {item.billing}{ends}"


def _stopped(
    line: SubscriptionSpec, own: Recorded, last: Recorded, live: LiveSubscription | None, now: datetime
) -> Iterable[Drift]:
    """It runs no longer. One that was to end with its term, by our doing or by declaration, has only ended."""
    ends = live.term_ends if live is not None and live.term_ends is not None else last.term_ends
    over = (live is not None and live.status is Status.EXPIRED) or (ends is not None and ends <= now)
    if line.absent or (over and "cancel" in (own.end_of_term, line.end_of_term)):
        return
    how = f"is {live.status}" if live else "is no longer listed"
    until = f"; it was to run until {last_day(last.term_ends)}" if last.term_ends else ""
    yield Drift(
        address=line.address,
        kind="missing",
        field="status",
        was="running",
        declared="running",
        live=str(live.status) if live else None,
        text=f"subscription {own.subscription or ', '.join(own.ids)} {how}{until}",
    )


def azure_drift(
    plan: AzurePlanSpec,
    ids: Sequence[str],
    remembered: Remembered,
    by_id: Mapping[str, LiveSubscription],
    *,
    budget: Decimal | None = None,
    reseller: str | None = None,
) -> Iterator[Drift]:
    """An Azure plan that was stopped, started or ended elsewhere, and its budget. `budget`: as read, None unknown."""
    own = remembered.own(plan.address)
    if own is None or own.status == "ended" or not ids:
        return
    live = by_id.get(ids[0])
    status = live.status if live is not None else None

    def found(kind: Kind, field: str, was: Value, declared: Value, there: Value, text: str) -> Drift:
        return Drift(
            address=plan.address, kind=kind, field=field, was=was, declared=declared, live=there, text=text,
            subscription=ids[0], origin=plan.origin,
        )  # fmt: skip

    wanted = Status.SUSPENDED if plan.absent or plan.suspended else Status.ACTIVE
    was = own.provider_status or Status.ACTIVE
    gone = status is None or not status.running
    if status is not was and status is not wanted and not (plan.absent and gone):
        how = f"is {status}" if status is not None else "is no longer listed"
        text = f"the Azure plan {how}, {was} was applied last"
        if gone:
            yield found("missing", "status", "running", "running", None if status is None else str(status), text)
        else:
            yield found("changed", "status", str(was), str(wanted), str(status), text)
    left = remembered.budgets.get(plan.address.customer)
    if left is not None and budget is not None and budget not in (left, plan.budget):
        text = f"the usage budget is {budget}, {left} was applied last"
        declared = None if plan.budget is None else str(plan.budget)
        yield found("changed", "budget", str(left), declared, str(budget), text)
    if live is not None and own.reseller is not None and live.reseller not in (own.reseller, reseller):
        there = live.reseller or "nobody"
        text = f"PartnerID {there} is the reseller on record, {own.reseller} was applied last"
        yield found("changed", "reseller", own.reseller, reseller, live.reseller, text)
