"""What somebody else changed: live state against what our own last operation left, as far as it is not as declared.

A record of what was only seen changes nothing here: what drifted stays drift until it is put right or declared. What
is declared and not applied yet is the plan's business, and a change made elsewhere that equals the declaration needs
nothing any more; neither is drift. Nor is a renewal, a schedule of ours or a declared extension that came true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cspdecl.commerce.decide_extended import goes_by_month, runs_extended
from cspdecl.commerce.decide_renewal import as_it_runs, is_scheduled, next_term
from cspdecl.commerce.words import day, last_day, next_term_words, seats
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import AzurePlanSpec, CustomerSpec, DesiredState, SubscriptionSpec
from cspdecl.core.live import Bindings, LiveCustomer, LiveEndOfTerm, LiveState, LiveSubscription, NextTerm, Status
from cspdecl.core.records import Recorded
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.compare import plain_name
from cspdecl.planning.dated import declared_today

Kind = Literal["changed", "missing", "unmanaged-new", "schedule"]

_ENDS = {
    "renew": "it renews at the end of its term",
    "cancel": "it ends with its term",
    "extend": "it goes on by the month when its term ends",
    "unset": "its auto-renew is off, and what follows its term is left open",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One finding. `was`: as last applied; `declared`: what the manifests say (None: nothing); `live`: what is."""

    address: Address
    kind: Kind
    field: str
    was: str | int | None
    declared: str | int | None
    live: str | int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What our own books say about the past.

    `recorded`: the last record of every address, `applied`: the last that an operation of ours left, both by address;
    an address missing in `applied` has none but its last. `since`: when a customer was first managed, by key. `ids`:
    every subscription any record names. `names`: what a subscription was called when we last wrote or adopted it, by
    id.
    """

    recorded: Mapping[Address, Recorded]
    applied: Mapping[Address, Recorded] = field(default_factory=dict)
    since: Mapping[str, datetime] = field(default_factory=dict)
    ids: AbstractSet[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)

    def own(self, address: Address) -> Recorded | None:
        """How our last operation left an address."""
        return self.applied.get(address) or self.recorded.get(address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A name changed in the provider's portal where none is declared: no drift, names are labels."""

    address: Address
    was: str
    live: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What should be live if nobody else had touched it: as we left it, moved on over terms that ended since."""

    seats: int
    offer: str | None
    term: Term | None
    billing: BillingCycle | None
    ends: tuple[LiveEndOfTerm, ...]
    scheduled: NextTerm | None


def find_drift(
    *, desired: DesiredState, live: LiveState, bindings: Bindings, remembered: Remembered, now: datetime
) -> tuple[Drift, ...]:
    """All findings, by address. Customers that could not be read have none: nothing is known about them."""
    bound: dict[str, set[str]] = {}
    for each in bindings.values():
        bound.setdefault(each.address.customer, set()).update(each.ids)
    out: list[Drift] = []
    for key, customer in sorted(live.customers.items()):
        spec = desired.customers.get(key)
        if spec is None:
            continue
        spec = declared_today(spec, now).spec
        by_id = {item.id: item for item in customer.subscriptions}
        for line in spec.subscriptions:
            binding = bindings.get(line.address)
            own, last = remembered.own(line.address), remembered.recorded.get(line.address)
            if binding is None or own is None or last is None or own.status == "ended" or len(binding.ids) != 1:
                continue
            item = by_id.get(binding.ids[0])
            if item is None or not item.status.running:
                out += _stopped(line, own, last, item, now)
                continue
            out += _line(line, own, item, now)
            out += _name(line, item, remembered.names.get(item.id))
        for plan in spec.azure_plans:
            out += _azure(plan, bindings, remembered, by_id)
        if key in remembered.since:
            taken = bound.get(key, set()) | remembered.ids
            out += _new(spec, customer, taken, bindings, since=remembered.since[key])
    return tuple(sorted(out, key=lambda item: (item.address, item.field)))


def find_renamed(
    *, desired: DesiredState, live: LiveState, bindings: Bindings, names: Mapping[str, str]
) -> tuple[Renamed, ...]:
    """Names changed elsewhere where no `nickname` is declared, as far as the name before is known."""
    out: list[Renamed] = []
    for key, customer in sorted(live.customers.items()):
        spec = desired.customers.get(key)
        lines = {line.address: line for line in spec.subscriptions} if spec else {}
        running = {item.id: item for item in customer.subscriptions if item.status.running}
        for line in lines.values():
            binding = bindings.get(line.address)
            for ident in binding.ids if binding is not None and line.nickname is None else ():
                if ident not in running or ident not in names:
                    continue
                was, name = plain_name(names[ident]), plain_name(running[ident].nickname)
                if was != name:
                    out.append(Renamed(address=line.address, was=was, live=name))
    return tuple(sorted(out, key=lambda item: item.address))


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


def _changed(
    line: SubscriptionSpec, name: str, was: str | int, declared: str | int | None, live: str | int, text: str
) -> Drift:
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
    if is_scheduled(have, was) or suspended:
        return
    # what the declaration wants scheduled, it may have been given elsewhere
    if have is not None and (is_scheduled(have, next_term(line, live)) or is_scheduled(have, as_it_runs(live))):
        return
    if have is None and was is not None and was.seats == live.seats:
        return
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
        was=_words(was),
        declared=None,
        live=_words(have),
        text=text,
    )


def _words(item: NextTerm | None) -> str | None:
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


def _azure(
    plan: AzurePlanSpec, bindings: Bindings, remembered: Remembered, by_id: Mapping[str, LiveSubscription]
) -> Iterable[Drift]:
    """An Azure plan that was stopped, started or ended elsewhere. Its budget is compared by the plan alone."""
    binding, own = bindings.get(plan.address), remembered.own(plan.address)
    if binding is None or own is None or own.status == "ended" or not binding.ids:
        return
    live = by_id.get(binding.ids[0])
    wanted = Status.SUSPENDED if plan.absent or plan.suspended else Status.ACTIVE
    was = own.provider_status or Status.ACTIVE
    status = live.status if live is not None else None
    if status is was or status is wanted or (plan.absent and (status is None or not status.running)):
        return
    gone = status is None or not status.running
    how = f"is {status}" if status is not None else "is no longer listed"
    yield Drift(
        address=plan.address,
        kind="missing" if gone else "changed",
        field="status",
        was="running" if gone else str(was),
        declared="running" if gone else str(wanted),
        live=str(status) if status is not None else None,
        text=f"the Azure plan {how}, {was} was applied last",
    )


def _new(
    spec: CustomerSpec, customer: LiveCustomer, taken: AbstractSet[str], bindings: Bindings, *, since: datetime
) -> Iterable[Drift]:
    """Subscriptions bought elsewhere since the customer is managed, until they are adopted or declared.

    What an unbound line may adopt is the plan's business, and what we once managed and let go was our decision.
    """
    wanted = _open_offers(spec, bindings)
    named = {line.id for line in spec.subscriptions if line.id}
    for item in customer.subscriptions:
        if item.id in taken or item.id in named or item.offer in wanted or not item.status.running:
            continue
        if item.product == "azure_plan" and any(plan.address not in bindings for plan in spec.azure_plans):
            continue  # the plan takes it over
        if item.created > since:
            what = "a trial" if item.trial else "an order" if item.product == "azure_plan" else seats(item.seats)
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


def _open_offers(spec: CustomerSpec, bindings: Bindings) -> AbstractSet[OfferKey]:
    return {line.offer for line in spec.subscriptions if line.address not in bindings and not line.absent}
