"""What every provider has to keep, as tests: `class TestMine(ProviderSuite)` with a `world` is a conformance test.

The suite talks to the provider directly (guards, looks, readings, the reading mode) and through the whole engine
(convergence). It needs pytest. What a provider cannot do by its own `capabilities` is not asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from cspdecl.core.action import Action, Cancel, Rename, ScheduleRenewal, SetEndOfTerm, SetSeats
from cspdecl.core.catalog import OfferKey
from cspdecl.core.errors import CspdeclError
from cspdecl.core.live import CustomerAbsent, CustomerRef, LiveCustomer, NextTerm, ReadFailure
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, NotDone, Rejected, Stale
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.spi.provider import Provider
from cspdecl.testing.commerce_suite import CommerceSuite
from cspdecl.testing.convergence import declare
from cspdecl.testing.estate import Estate
from cspdecl.testing.other_side import SuiteWorld, bare, buy, call, finish, on, purchase, running

NOBODY = "deadbeef-0000-4000-8000-00000000dead"


class ProviderSuite(CommerceSuite):
    """Subclass it, give `world`, and pytest does the rest."""

    # ---- looks ----

    def test_a_look_writes_nothing(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """`probe` only reads; it finds what is so, and says `NotDone` where nothing happened."""
        provider = connect()
        item = buy(provider, other_side, seats=9)
        change = on(item, SetSeats(before=9, after=11), other_side)
        never = bare(purchase(other_side, 1), other_side)
        before = other_side.writes()

        assert isinstance(provider.probe(change, call(change, other_side)), NotDone)
        assert isinstance(provider.probe(never, call(never, other_side)), NotDone)
        assert before == other_side.writes()

        finish(provider, change, other_side)
        before = other_side.writes()
        found = provider.probe(change, call(change, other_side))
        assert isinstance(found, Applied)
        assert found.receipt.inferred
        assert before == other_side.writes()

    # ---- guards and outcomes ----

    def test_a_guard_that_no_longer_holds_is_stale(
        self, other_side: SuiteWorld, connect: Callable[..., Provider]
    ) -> None:
        """Somebody was faster: the answer is `Stale`, says what differs, and nothing is changed."""
        provider = connect()
        item = buy(provider, other_side, seats=9)
        change = on(item, SetSeats(before=9, after=11), other_side)
        other_side.edit_seats(other_side.tenants[0], item.id, 10)

        answer = finish(provider, change, other_side)

        assert isinstance(answer, Stale)
        assert answer.seen
        assert [10] == [one.seats for one in running(other_side)]

    def test_a_purchase_beside_an_unknown_sibling_is_stale(
        self, other_side: SuiteWorld, connect: Callable[..., Provider]
    ) -> None:
        """Planned on nothing of this offer, and there is one now: nothing is bought."""
        buy(connect(), other_side, seats=9)
        provider = connect()  # what a connection bought itself it may know about

        second = replace(purchase(other_side, 9), nickname="another one")
        answer = finish(provider, bare(second, other_side), other_side)

        assert isinstance(answer, Stale)
        assert 1 == len(running(other_side))

    def test_a_refusal_is_a_value(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """What the other side refuses is `Rejected` with code and sentence, never an exception, and changes nothing."""
        provider = connect()
        absurd = replace(purchase(other_side, 1), seats=10_000_000)

        answer = finish(provider, bare(absurd, other_side), other_side)

        assert isinstance(answer, Rejected)
        assert answer.code
        assert answer.message
        assert [] == running(other_side)

    def test_a_subscription_nobody_knows_is_a_value(
        self, other_side: SuiteWorld, connect: Callable[..., Provider]
    ) -> None:
        """A change of what is not there is answered, not raised, and is never `Applied`."""
        provider = connect()
        ghost = bare(SetSeats(before=1, after=2), other_side, Guard(tenant=other_side.tenants[0], subscription=NOBODY))

        answer = finish(provider, ghost, other_side)

        assert isinstance(answer, Stale | Rejected)

    def test_done_means_read_back(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """`Applied` carries the subscription as it is now, as a reading shows it, and a receipt with our ids."""
        provider = connect()
        wanted = bare(purchase(other_side, 9), other_side)

        answer = finish(provider, wanted, other_side)

        assert isinstance(answer, Applied)
        assert answer.subscription is not None
        assert (9, OfferKey.parse(other_side.offers[0])) == (answer.subscription.seats, answer.subscription.offer)
        assert "request-1" == answer.receipt.request_id
        assert answer.receipt.at.tzinfo is not None
        [seen] = running(other_side)
        assert (answer.subscription.id, answer.subscription.seats, answer.subscription.term_ends) == (
            seen.id, seen.seats, seen.term_ends
        )  # fmt: skip

    def test_asking_twice_does_it_once(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """Quantities are absolute and guards are checked: the same change sent again changes nothing more."""
        provider = connect()
        item = buy(provider, other_side, seats=9)
        change = on(item, SetSeats(before=9, after=11), other_side)
        finish(provider, change, other_side)

        assert isinstance(finish(provider, change, other_side), Stale | Applied)
        assert [11] == [one.seats for one in running(other_side)]

    def test_connected_for_reading_nothing_is_written(
        self, other_side: SuiteWorld, connect: Callable[..., Provider]
    ) -> None:
        """In mode "read" no operation whatever reaches the other side as a write, and none is `Applied`."""
        item = buy(connect(), other_side, seats=9)
        reading = connect("read")
        before = other_side.writes()
        later = NextTerm(offer=OfferKey.parse(other_side.offers[0]), seats=1, term=Term.P1Y,
                         billing=BillingCycle.MONTHLY)  # fmt: skip
        actions: Sequence[Action] = (
            SetSeats(before=9, after=11), Cancel(seats=9), SetEndOfTerm(before="renew", after="cancel"),
            Rename(before="", after="x"), ScheduleRenewal(next=later),
        )  # fmt: skip
        operations = [on(item, action, other_side) for action in actions]
        operations.append(bare(purchase(other_side, 1, offer=1), other_side))

        for one in operations:
            try:
                answer = reading.apply(one, call(one, other_side))
            except CspdeclError:
                continue
            assert not isinstance(answer, Applied)

        assert before == other_side.writes()

    # ---- reading ----

    def test_every_customer_is_answered_once(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """One answer a reference, under the key it was asked by, whatever its kind."""
        refs = [CustomerRef(key=f"c{n}", tenant=tenant, domain=None) for n, tenant in enumerate(other_side.tenants)]
        refs.append(CustomerRef(key="nobody", tenant=NOBODY, domain=None))
        refs.append(CustomerRef(key="new", tenant=None, domain="not-there-yet.onmicrosoft.com"))

        answers = list(connect("read").read(refs))

        assert sorted(ref.key for ref in refs) == sorted(answer.key for answer in answers)

    def test_not_ours_is_unknown_not_empty(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """A tenant that is no customer of ours is a `ReadFailure` for good, neither absent nor empty."""
        [answer] = connect("read").read([CustomerRef(key="nobody", tenant=NOBODY, domain=None)])

        assert isinstance(answer, ReadFailure)
        assert answer.permanent

    def test_a_domain_nobody_has_is_absent(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """Looked for by domain and not found is an answer: there is no such customer (so far)."""
        [answer] = connect("read").read([CustomerRef(key="new", tenant=None, domain="not-there-yet.onmicrosoft.com")])

        assert isinstance(answer, CustomerAbsent)

    def test_a_failed_reading_plans_nothing(self, estate: Estate, other_side: SuiteWorld) -> None:
        """A customer that cannot be read is listed as unknown; nothing is planned for it, and the other one is."""
        declare(estate, other_side, seats=10)
        declare(estate, other_side, seats=4, tenant=1)
        other_side.break_reading(other_side.tenants[0])

        plan = estate.plan()

        assert ["customer-1"] == list(plan.unknown)
        assert {"customer-2"} == {one.address.customer for one in plan.operations}
        assert not plan.complete

    def test_one_by_one_is_as_in_the_list(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """Subscriptions read by id are those that the list shows, and one that is not there is not made up."""
        item = buy(connect(), other_side, seats=9)
        tenant, reading = other_side.tenants[0], connect("read")
        [listed] = reading.read([CustomerRef(key="c", tenant=tenant, domain=None)])

        again = reading.read_subscriptions(tenant, [item.id])

        assert isinstance(listed, LiveCustomer)
        assert isinstance(again, LiveCustomer)
        assert {(one.id, one.seats, one.status) for one in listed.subscriptions} == {
            (one.id, one.seats, one.status) for one in again.subscriptions
        }
        ghost = reading.read_subscriptions(tenant, [NOBODY])
        assert isinstance(ghost, ReadFailure) or NOBODY not in {one.id for one in ghost.subscriptions}

    def test_the_catalogue_answers_for_each_offer(
        self, other_side: SuiteWorld, connect: Callable[..., Provider]
    ) -> None:
        """Every offer asked for is for sale, missing, or unread; what is for sale says its terms and its limits."""
        known, unheard = OfferKey.parse(other_side.offers[0]), OfferKey.parse("ZZZZZZZZZZZZ:9999")

        catalog = connect("read").catalog(other_side.market, "commercial", [known, unheard])

        assert {known} == set(catalog.offers)
        assert (unheard,) == catalog.missing
        assert "P1Y/monthly" in {str(way) for way in catalog.offers[known].terms}
        assert catalog.offers[known].min_seats >= 1

    def test_all_customers_can_be_listed(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """Every customer the credentials can see is listed, once."""
        tenants = [found.tenant.lower() for found in connect("read").customers()]

        assert len(tenants) == len(set(tenants))
        assert {tenant.lower() for tenant in other_side.tenants} <= set(tenants)

    def test_business_time_is_the_other_sides(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """`now` follows the other side's clock, in UTC."""
        early = connect("read").now()
        other_side.advance(timedelta(days=40))
        late = connect("read").now()

        assert timedelta(0) == late.utcoffset()
        assert timedelta(days=39) < late - early < timedelta(days=41)

    def test_closing_twice_is_nothing(self, connect: Callable[..., Provider]) -> None:
        """A connection may be closed again."""
        provider = connect("read")

        provider.close()
        provider.close()
