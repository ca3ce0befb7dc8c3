"""What somebody else changed: live state against what was last recorded, as far as it is not what is declared.

What is declared and not applied yet is the plan's business, and a change made elsewhere that equals the declaration
needs nothing any more; neither is drift. A renewal that came true is not drift either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cspdecl.commerce.words import day, last_day, seats
from cspdecl.core.address import Address
from cspdecl.core.desired import CustomerSpec, DesiredState, SubscriptionSpec
from cspdecl.core.live import Bindings, LiveCustomer, LiveState, LiveSubscription, NextTerm, Status
from cspdecl.core.records import Recorded

Kind = Literal["changed", "missing", "unmanaged-new", "schedule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One finding. `was`: as last recorded; `declared`: what the manifests say (None: nothing); `live`: what is."""

    address: Address
    kind: Kind
    field: str
    was: str | int | None
    declared: str | int | None
    live: str | int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    """What should be live if nobody else had touched it."""

    seats: int
    scheduled: NextTerm | None


def find_drift(
    *, desired: DesiredState, live: LiveState, bindings: Bindings, recorded: Mapping[Address, Recorded], now: datetime
) -> tuple[Drift, ...]:
    """All findings, by address. Customers that could not be read have none: nothing is known about them."""
    bound: dict[str, set[str]] = {}
    for each in bindings.values():
        bound.setdefault(each.address.customer, set()).update(each.ids)
    latest: dict[str, datetime] = {}
    for item in recorded.values():
        key = item.address.customer
        latest[key] = max(item.at, latest.get(key, item.at))
    out: list[Drift] = []
    for key, customer in sorted(live.customers.items()):
        spec = desired.customers.get(key)
        if spec is None:
            continue
        by_id = {item.id: item for item in customer.subscriptions}
        for line in spec.subscriptions:
            binding, last = bindings.get(line.address), recorded.get(line.address)
            if binding is None or last is None or last.status == "ended" or len(binding.ids) != 1:
                continue
            out += _line(line, last, by_id.get(binding.ids[0]), now)
        if key in latest:
            out += _new(spec, customer, bound.get(key, set()), bindings, since=latest[key])
    return tuple(sorted(out, key=lambda item: (item.address, item.field)))


def _line(line: SubscriptionSpec, last: Recorded, live: LiveSubscription | None, now: datetime) -> Iterable[Drift]:
    if live is None or not live.status.running:
        ran_out = last.end_of_term == "cancel" and last.term_ends is not None and last.term_ends <= now
        if not ran_out and not line.absent:
            yield _gone(line, last, live)
        return
    expected = _expected(last, live, now)
    if live.seats not in (expected.seats, line.seats):
        yield Drift(
            address=line.address,
            kind="changed",
            field="seats",
            was=expected.seats,
            declared=line.seats,
            live=live.seats,
            text=f"{seats(live.seats)} are live, {expected.seats} were applied last"
            + (f" and {line.seats} are declared" if line.seats != expected.seats else " and are declared"),
        )
    ending = last.end_of_term
    if ending is not None and live.end_of_term not in (ending, line.end_of_term):
        yield Drift(
            address=line.address,
            kind="changed",
            field="end_of_term",
            was=ending,
            declared=line.end_of_term,
            live=live.end_of_term,
            text=f"at the end of its term it is set to `{live.end_of_term}`, `{ending}` was applied last",
        )
    suspended = live.status is Status.SUSPENDED
    if suspended and last.provider_status is not Status.SUSPENDED:
        yield Drift(
            address=line.address,
            kind="changed",
            field="status",
            was=str(last.provider_status or Status.ACTIVE),
            declared=str(Status.ACTIVE),
            live=str(live.status),
            text="it was suspended elsewhere; billing goes on, and it will not renew by itself",
        )
    yield from _identity(line, last, live)
    yield from _schedule(line, expected, live, suspended=suspended)


def _expected(last: Recorded, live: LiveSubscription, now: datetime) -> _Expected:
    """The last recorded state, moved on over a renewal that has passed since."""
    renewed = (
        last.term_ends is not None
        and live.term_ends is not None
        and live.term_ends > last.term_ends
        and last.term_ends <= now
    )
    if renewed and last.scheduled is not None:
        return _Expected(seats=last.scheduled.seats, scheduled=None)
    return _Expected(seats=int(last.seats), scheduled=None if renewed else last.scheduled)


def _identity(line: SubscriptionSpec, last: Recorded, live: LiveSubscription) -> Iterable[Drift]:
    for field, was, declared, there in (
        ("offer", last.offer, str(line.offer), str(live.offer)),
        ("term", last.term, str(line.term), str(live.term)),
        ("billing", last.billing, str(line.billing), str(live.billing)),
    ):
        if was is not None and there not in (str(was), declared):
            yield Drift(
                address=line.address,
                kind="changed",
                field=field,
                was=str(was),
                declared=declared,
                live=there,
                text=f"{field} {there} is live, {was} was applied last",
            )


def _schedule(
    line: SubscriptionSpec, expected: _Expected, live: LiveSubscription, *, suspended: bool
) -> Iterable[Drift]:
    have, was = live.scheduled, expected.scheduled
    if have == was or suspended:
        return
    # what the declaration wants scheduled, it may have been given elsewhere
    if have is not None and (have.offer, have.seats, have.term, have.billing) in (
        (line.offer, line.seats, line.term, line.billing),
        (live.offer, live.seats, live.term, live.billing),
    ):
        return
    if have is None and was is not None and was.seats == live.seats:
        return
    on = f" on {day(live.term_ends)}" if live.term_ends else ""
    text = (
        f"what was scheduled for the renewal{on} is gone ({seats(was.seats) if was else ''})"
        if have is None
        else f"a change to {seats(have.seats)} is scheduled for the renewal{on}, and nobody declared it"
    )
    yield Drift(
        address=line.address,
        kind="schedule",
        field="scheduled",
        was=_words(was),
        declared=None,
        live=_words(have),
        text=text,
    )


def _words(item: NextTerm | None) -> str | None:
    return f"{seats(item.seats)}, {item.offer}, {item.term} billed {item.billing}" if item else None


def _gone(line: SubscriptionSpec, last: Recorded, live: LiveSubscription | None) -> Drift:
    how = f"is {live.status}" if live else "is no longer listed"
    until = f"; it was to run until {last_day(last.term_ends)}" if last.term_ends else ""
    return Drift(
        address=line.address,
        kind="missing",
        field="status",
        was="running",
        declared=None if line.absent else "running",
        live=str(live.status) if live else None,
        text=f"subscription {last.subscription or ', '.join(last.ids)} {how}{until}",
    )


def _new(
    spec: CustomerSpec, customer: LiveCustomer, bound: set[str], bindings: Bindings, *, since: datetime
) -> Iterable[Drift]:
    """Subscriptions bought elsewhere since the last record. What an unbound line may adopt is the plan's business."""
    wanted = {line.offer for line in spec.subscriptions if line.address not in bindings}
    named = {line.id for line in spec.subscriptions if line.id}
    for item in customer.subscriptions:
        if item.id in bound or item.id in named or item.offer in wanted or not item.status.running:
            continue
        if item.created > since:
            what = "a trial" if item.trial else seats(item.seats)
            yield Drift(
                address=Address(spec.key, (item.id,)),
                kind="unmanaged-new",
                field="subscription",
                was=None,
                declared=None,
                live=f"{item.offer or item.title}, {seats(item.seats)}",
                text=f"{what} of {item.title} ({item.offer or 'no product:SKU'}), bought elsewhere on "
                f"{day(item.created)}",
            )
