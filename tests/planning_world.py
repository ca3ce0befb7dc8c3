"""A small world that carries out operations on live values, checking every guard first, as a provider would.

It knows what Microsoft does to a subscription (any immediate change deletes the schedule, cancelled ones go), nothing
of how plans are made.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cspdecl.core.address import Address
from cspdecl.core.live import Binding, ChangePolicy, LiveCustomer, LiveSubscription, Qualification, SeatLot, Status
from cspdecl.core.operation import Plan
from cspdecl.core.records import BookEntry
from cspdecl.core.terms import Term, add_months, at_midnight
from tests.planning_builders import NOW, TITLES, WEEK


class World:
    """Live customers, bindings and the book, changed by `carry_out`."""

    def __init__(self, lives=(), bindings=(), book=(), absent=()):
        self.customers: dict[str, LiveCustomer] = {live.key: live for live in lives}
        self.bindings = {item.address: item for item in bindings}
        self.book = {item.address: item for item in book}
        self.absent = {item.key: item for item in absent}
        self.hashes: dict[Address, str] = {}
        self.bought = 0

    def carry_out(self, plan: Plan) -> None:
        done: set[str] = set()
        for operation in plan.operations:
            assert set(operation.requires) <= done, f"{operation.address} comes before what it needs"
            assert operation.not_after is None or operation.not_after > NOW
            getattr(self, f"_{operation.action.kind}")(operation)
            self.hashes[operation.address] = operation.id
            done.add(operation.id)

    # ---- the customer ----

    def _create_customer(self, operation) -> None:
        key = operation.address.customer
        assert key in self.absent
        del self.absent[key]
        self.customers[key] = LiveCustomer(
            key=key, tenant=f"tenant-of-{key}", name=operation.action.create.profile.company_name,
            domain=operation.action.create.full_domain, subscriptions=(), agreement="none", blocked=None,
            profile=operation.action.create.profile, read_at=NOW,
        )  # fmt: skip
        self._bind(operation.address, f"tenant-of-{key}", (), None)

    def _attest_agreement(self, operation) -> None:
        self._customer(operation, agreement="accepted")

    def _update_profile(self, operation) -> None:
        self._customer(operation, profile=operation.action.after)

    def _customer(self, operation, **changes) -> None:
        key = operation.address.customer
        self.customers[key] = replace(self.customers[key], **changes)

    # ---- subscriptions ----

    def _purchase(self, operation) -> None:
        action, guard, customer = operation.action, operation.guard, self.customers[operation.address.customer]
        assert customer.agreement != "none"
        siblings = {item.id for item in customer.subscriptions if item.offer == action.offer and item.status.running}
        assert len(siblings - set(guard.siblings)) == guard.earlier_purchases
        self.bought += 1
        ident = f"new-{self.bought}"
        ends = at_midnight(add_months(NOW.date(), action.term.months))
        if action.custom_end is not None:
            ends = at_midnight(action.custom_end + timedelta(days=1))
        policy = ChangePolicy(
            lots=(SeatLot(seats=action.seats, returnable_until=NOW + WEEK),), cancel_until=NOW + WEEK, min_seats=1,
            max_seats=None, can_schedule=True, busy=None, source="api", observed_at=NOW,
        )  # fmt: skip
        self._put(
            operation,
            LiveSubscription(
                id=ident,
                offer=action.offer,
                title=TITLES.get(str(action.offer), str(action.offer)),
                nickname=action.nickname,
                seats=action.seats,
                term=action.term,
                billing=action.billing,
                status=Status.ACTIVE,
                end_of_term="renew",
                trial=action.trial,
                created=NOW,
                term_started=NOW,
                term_ends=None if action.term is Term.ONCE else ends,
                cycle_ends=None,
                policy=policy,
                scheduled=None,
                order_id="order",
                promotion=action.promotion,
                product=action.product,
                custom_end=action.custom_end,
                reseller=action.reseller,
            ),
        )
        self._bind(operation.address, customer.tenant, (ident,), action.offer)

    def _set_seats(self, operation) -> None:
        live, action = self._target(operation), operation.action
        assert live.seats == action.before
        lots = live.policy.lots
        if action.after > action.before:
            lots = (*lots, SeatLot(seats=action.after - action.before, returnable_until=NOW + WEEK))
        else:
            lots = _taken(lots, action.before - action.after)
        self._put(operation, replace(live, seats=action.after, scheduled=None, policy=replace(live.policy, lots=lots)))

    def _schedule_renewal(self, operation) -> None:
        live = self._target(operation)
        assert live.end_of_term == "renew"
        self._put(operation, replace(live, scheduled=operation.action.next))

    def _clear_schedule(self, operation) -> None:
        live = self._target(operation)
        assert live.scheduled == operation.action.was
        self._put(operation, replace(live, scheduled=None))

    def _set_end_of_term(self, operation) -> None:
        live = self._target(operation)
        assert live.end_of_term == operation.action.before
        self._put(operation, replace(live, end_of_term=operation.action.after, scheduled=None))

    def _suspend(self, operation) -> None:
        live = self._target(operation)
        assert live.status is Status.ACTIVE
        ending = "unset" if live.term_ends else live.end_of_term
        self._put(operation, replace(live, status=Status.SUSPENDED, end_of_term=ending, scheduled=None))

    def _resume(self, operation) -> None:
        live = self._target(operation)
        assert live.status is Status.SUSPENDED
        self._put(operation, replace(live, status=Status.ACTIVE))

    def _change_term(self, operation) -> None:
        live, action = self._target(operation), operation.action
        assert live.scheduled is None
        assert action.term.months > action.before_term.months
        ends = at_midnight(add_months(NOW.date(), action.term.months))
        policy = replace(live.policy, lots=(), cancel_until=None)
        changed = replace(
            live, term=action.term, billing=action.billing, term_started=NOW, term_ends=ends, policy=policy
        )
        self._put(operation, changed)

    def _transition(self, operation) -> None:
        live, action = self._target(operation), operation.action
        assert (live.offer, live.seats) == (action.source, action.before)
        bound = self.bindings[operation.address]
        if action.full:
            self._put(operation, replace(live, offer=action.target, seats=action.seats, scheduled=None, trial=False))
            self.bindings[operation.address] = replace(bound, offer=action.target)
            return
        left = replace(live, seats=live.seats - action.seats, scheduled=None)
        if action.into is not None:
            target = self._subscription(operation, action.into)
            assert target.seats == action.target_before
            self._put(operation, replace(target, seats=target.seats + action.seats, scheduled=None))
            self._put(operation, left if left.seats else replace(live, status=Status.DELETED))
            return
        self.bought += 1
        new = replace(
            live, id=f"new-{self.bought}", offer=action.target, seats=action.seats, scheduled=None, created=NOW
        )
        self._put(operation, left)
        self._put(operation, new)
        self.bindings[operation.address] = replace(bound, ids=(*bound.ids, new.id))

    def _set_reseller(self, operation) -> None:
        live = self._target(operation)
        assert live.reseller == operation.action.before
        self._put(operation, replace(live, reseller=operation.action.after))

    def _buy_azure_plan(self, operation) -> None:
        customer = self.customers[operation.address.customer]
        assert not any(item.product == "azure_plan" and item.status.running for item in customer.subscriptions)
        self.bought += 1
        policy = ChangePolicy(
            lots=(), cancel_until=None, min_seats=1, max_seats=1, can_schedule=False, busy=None, source="api",
            observed_at=NOW,
        )  # fmt: skip
        plan = LiveSubscription(
            id=f"new-{self.bought}", offer=None, title="Azure plan", nickname="", seats=1, term=None, billing=None,
            status=Status.ACTIVE, end_of_term="renew", trial=False, created=NOW, term_started=NOW, term_ends=None,
            cycle_ends=None, policy=policy, scheduled=None, order_id="order", product="azure_plan",
            reseller=operation.action.reseller,
        )  # fmt: skip
        self._put(operation, plan)
        self._bind(operation.address, customer.tenant, (plan.id,), None)

    def _set_budget(self, operation) -> None:
        assert self.customers[operation.address.customer].budget == operation.action.before
        self._customer(operation, budget=operation.action.after)

    def _request_qualification(self, operation) -> None:
        known = self.customers[operation.address.customer].qualifications or ()
        asked = Qualification(name=operation.action.name, status="in-review")
        self._customer(operation, qualifications=(*(one for one in known if one.name != asked.name), asked))

    def _rename(self, operation) -> None:
        self._put(operation, replace(self._target(operation), nickname=operation.action.after, scheduled=None))

    def _cancel(self, operation) -> None:
        live = self._target(operation)
        assert live.policy.cancel_until is not None
        assert live.policy.cancel_until > NOW
        self._put(operation, replace(live, status=Status.DELETED))
        self.bindings.pop(operation.address, None)

    # ---- our own books ----

    def _adopt(self, operation) -> None:
        action = operation.action
        self._bind(operation.address, action.tenant, action.ids, action.offer)

    def _forget(self, operation) -> None:
        self.bindings.pop(operation.address, None)

    def _rebind(self, operation) -> None:
        binding = self.bindings.pop(operation.action.source)
        self.bindings[operation.address] = replace(binding, address=operation.address)

    def _reprice(self, operation) -> None:
        """Nothing is sent anywhere; the record says it."""

    def _book_service(self, operation) -> None:
        action, context = operation.action, operation.context
        self.book[operation.address] = BookEntry(
            address=operation.address, service=action.service, quantity=action.after, sell=context.sell
        )

    # ---- small things ----

    def _bind(self, address, tenant, ids, offer) -> None:
        self.bindings[address] = Binding(
            address=address, provider="partner-center", tenant=tenant, ids=ids, offer=offer
        )

    def _subscription(self, operation, ident) -> LiveSubscription:
        return next(item for item in self.customers[operation.address.customer].subscriptions if item.id == ident)

    def _target(self, operation) -> LiveSubscription:
        guard = operation.guard
        live = self._subscription(operation, guard.subscription or self.bindings[operation.address].ids[0])
        for name in ("offer", "seats", "term", "billing", "status", "end_of_term", "term_ends"):
            wanted = getattr(guard, name)
            assert wanted is None or wanted == getattr(live, name), f"guard of {operation.address}: {name}"
        if guard.check_scheduled:
            assert live.scheduled == guard.scheduled
        return live

    def _put(self, operation, live: LiveSubscription) -> None:
        key = operation.address.customer
        others = tuple(item for item in self.customers[key].subscriptions if item.id != live.id)
        self._customer(operation, subscriptions=tuple(sorted((*others, live), key=lambda item: item.id)))


def _taken(lots, count):
    """Seats given back, from the open lot whose window closes first."""
    out = []
    for lot in sorted((lot for lot in lots if lot.returnable_until > NOW), key=lambda item: item.returnable_until):
        part = min(lot.seats, count)
        count -= part
        if lot.seats > part:
            out.append(replace(lot, seats=lot.seats - part))
    assert not count, "more seats than may be returned"
    return tuple(out)
