"""Exact commerce, as tests for every provider that claims it: suspensions, next terms, longer terms, common ends,
upgrades. What the other side does not sell is not asked of it; what was done is looked for as after a lost answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from cspdecl.core.action import ChangeTerm, ScheduleRenewal, SetSeats, Suspend
from cspdecl.core.capability import Capability
from cspdecl.core.catalog import OfferKey, OfferTerm
from cspdecl.core.inquiry import AskTermEnds, AskTransitions, TermEnds, Transitions, Unanswered
from cspdecl.core.live import NextTerm, Status
from cspdecl.core.outcome import Applied, NotDone, Rejected, Stale
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.spi.provider import Provider
from cspdecl.testing.convergence import ConvergenceSuite, applied, assert_converged, bought, declare
from cspdecl.testing.estate import Estate
from cspdecl.testing.other_side import SuiteWorld, able, buy, call, finish, on, running

USUAL = OfferTerm(Term.P1Y, BillingCycle.MONTHLY)


class CommerceSuite(ConvergenceSuite):
    """What `ProviderSuite` asks about the changes of exact commerce."""

    # ---- suspensions ----

    def test_suspended_and_resumed_converge(
        self, estate: Estate, other_side: SuiteWorld, connect: Callable[..., Provider], tmp_path: Path
    ) -> None:
        """Suspended as declared it stays so; resumed it renews again, which a suspension takes away."""
        if not able(connect(), Capability.SUSPEND):
            return
        bought(estate, other_side, seats=6)
        declare(estate, other_side, seats=6, suspended=True)

        assert applied(estate) == ["suspend"]
        assert [Status.SUSPENDED] == [item.status for item in running(other_side)]
        assert_converged(estate, other_side, tmp_path / "suspended")

        declare(estate, other_side, seats=6)
        assert applied(estate)[0] == "resume"
        assert [(Status.ACTIVE, "renew")] == [(item.status, item.end_of_term) for item in running(other_side)]
        assert_converged(estate, other_side, tmp_path / "resumed")

    def test_a_suspension_is_looked_for(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """Not done before, found afterwards, and seats are frozen meanwhile."""
        provider = connect()
        if not able(provider, Capability.SUSPEND):
            return
        item = buy(provider, other_side, seats=5)
        stop = on(item, Suspend(), other_side)
        assert isinstance(provider.probe(stop, call(stop, other_side)), NotDone)

        answer = finish(provider, stop, other_side)

        assert isinstance(answer, Applied)
        assert answer.subscription is not None
        assert answer.subscription.status is Status.SUSPENDED
        assert isinstance(provider.probe(stop, call(stop, other_side)), Applied)
        more = on(answer.subscription, SetSeats(before=5, after=6), other_side)
        assert isinstance(finish(provider, more, other_side), Rejected | Stale)
        assert [5] == [one.seats for one in running(other_side)]

    # ---- the next term ----

    def test_another_next_term_converges(
        self, estate: Estate, other_side: SuiteWorld, connect: Callable[..., Provider], tmp_path: Path
    ) -> None:
        """Another term and plan are scheduled for the renewal, and come true with it."""
        provider = connect()
        way = another_way(provider, other_side)
        if way is None or not able(provider, Capability.SCHEDULED_CHANGES):
            return
        bought(estate, other_side, seats=5)
        later: dict[str, Any] = {"term": str(way.term), "billing": str(way.billing)}
        declare(estate, other_side, seats=5, atRenewal={**later, "seats": 4})

        assert applied(estate) == ["schedule_renewal"]
        [item] = running(other_side)
        assert item.scheduled is not None
        assert (way, 4) == (OfferTerm(item.scheduled.term, item.scheduled.billing), item.scheduled.seats)
        assert_converged(estate, other_side, tmp_path / "scheduled")

        other_side.advance(timedelta(days=366))
        declare(estate, other_side, seats=4, **later)
        estate.record()
        [item] = running(other_side)
        assert (way.term, way.billing, 4) == (item.term, item.billing, item.seats)
        assert_converged(estate, other_side, tmp_path / "renewed")

    def test_a_next_term_is_looked_for(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """What is scheduled is read back as it was sent, and found by a look."""
        provider = connect()
        way = another_way(provider, other_side)
        if way is None or not able(provider, Capability.SCHEDULED_CHANGES):
            return
        item = buy(provider, other_side, seats=5)
        wanted = NextTerm(offer=OfferKey.parse(other_side.offers[0]), seats=4, term=way.term, billing=way.billing)
        later = on(item, ScheduleRenewal(next=wanted), other_side)

        answer = finish(provider, later, other_side)

        assert isinstance(answer, Applied)
        assert answer.subscription is not None
        assert wanted == answer.subscription.scheduled
        assert isinstance(provider.probe(later, call(later, other_side)), Applied)

    # ---- terms ----

    def test_a_longer_term_converges(
        self, estate: Estate, other_side: SuiteWorld, connect: Callable[..., Provider], tmp_path: Path
    ) -> None:
        """A longer term begins today; the subscription stays, and nothing is left to do."""
        provider = connect()
        way = longer_way(provider, other_side)
        if way is None or not able(provider, Capability.CHANGE_TERM):
            return
        bought(estate, other_side, seats=5)
        [before] = running(other_side)
        declare(estate, other_side, seats=5, term=str(way.term), billing=str(way.billing))

        assert "change_term" in applied(estate)
        [item] = running(other_side)
        assert (before.id, way.term, way.billing, 5) == (item.id, item.term, item.billing, item.seats)
        assert before.term_ends is not None
        assert item.term_ends is not None
        assert item.term_ends > before.term_ends
        assert_converged(estate, other_side, tmp_path)

    def test_a_shorter_term_is_refused(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """A term never becomes shorter while it runs, whatever is asked."""
        provider = connect()
        if not able(provider, Capability.CHANGE_TERM):
            return
        item = buy(provider, other_side, seats=5)
        shorter = ChangeTerm(
            seats=5, before_term=Term.P1Y, before_billing=BillingCycle.MONTHLY, term=Term.P1M,
            billing=BillingCycle.MONTHLY,
        )  # fmt: skip

        assert isinstance(finish(provider, on(item, shorter, other_side), other_side), Rejected | Stale)
        assert [Term.P1Y] == [one.term for one in running(other_side)]

    def test_a_common_end_converges(
        self, estate: Estate, other_side: SuiteWorld, connect: Callable[..., Provider], tmp_path: Path
    ) -> None:
        """A first term that ends with a month is bought as declared; it is no difference afterwards."""
        provider = connect()
        if not able(provider, Capability.COTERM):
            return
        ask = AskTermEnds(tenant=other_side.tenants[0], term=Term.P1Y, start=provider.now().date())
        [(_asked, said)] = list(provider.ask([ask]))
        assert isinstance(said, TermEnds | Unanswered)
        if isinstance(said, Unanswered):
            return
        wanted = max(end.day for end in said.ends if end.aligned == "month")
        declare(estate, other_side, seats=5, customTermEnd=wanted.isoformat())

        assert applied(estate) == ["purchase"]
        [item] = running(other_side)
        assert item.term_ends is not None
        assert wanted == (item.term_ends - timedelta(microseconds=1)).date()
        assert_converged(estate, other_side, tmp_path)

    # ---- upgrades ----

    def test_an_upgrade_converges(
        self, estate: Estate, other_side: SuiteWorld, connect: Callable[..., Provider], tmp_path: Path
    ) -> None:
        """All seats go over: the subscription keeps its id and its end, and has the other offer."""
        provider = connect()
        target = upgrade_of(provider, other_side)
        if target is None:
            return
        bought(estate, other_side, seats=6)
        [before] = running(other_side)
        declare(estate, other_side, seats=6, offer=str(target), upgrade={"from": other_side.offers[0]})

        assert "transition" in applied(estate)
        [item] = running(other_side)
        assert (before.id, target, 6, before.term_ends) == (item.id, item.offer, item.seats, item.term_ends)
        assert_converged(estate, other_side, tmp_path)

    def test_an_upgrade_of_some_seats_converges(
        self, estate: Estate, other_side: SuiteWorld, connect: Callable[..., Provider], tmp_path: Path
    ) -> None:
        """Some seats go over to a second subscription with the same end; one line stands for both."""
        provider = connect()
        target = upgrade_of(provider, other_side)
        if target is None:
            return
        bought(estate, other_side, seats=6)
        [before] = running(other_side)
        upgrade = {"from": other_side.offers[0], "seats": 2}
        declare(estate, other_side, seats=6, offer=str(target), upgrade=upgrade)

        assert "transition" in applied(estate)
        left = {item.offer: (item.seats, item.term_ends) for item in running(other_side)}
        assert {before.offer: (4, before.term_ends), target: (2, before.term_ends)} == left
        assert [] == [one.action.kind for one in estate.plan().operations]
        assert () == estate.drift()

    def test_upgrades_are_answered(self, other_side: SuiteWorld, connect: Callable[..., Provider]) -> None:
        """A question about a subscription gets one answer: paths, or why there is none."""
        provider = connect()
        if not able(provider, Capability.CONVERT):
            return
        item = buy(provider, other_side, seats=5)
        asked = AskTransitions(tenant=other_side.tenants[0], subscription=item.id, when="immediate")

        [(question, said)] = list(provider.ask([asked]))

        assert asked == question
        assert isinstance(said, Transitions | Unanswered)


def ways_of(provider: Provider, world: SuiteWorld) -> tuple[OfferTerm, ...]:
    """The ways the first offer is sold in."""
    key = OfferKey.parse(world.offers[0])
    offer = provider.catalog(world.market, "commercial", [key]).offers.get(key)
    return offer.terms if offer is not None else ()


def another_way(provider: Provider, world: SuiteWorld) -> OfferTerm | None:
    """Another plan of the usual term, which any renewal may go over to; None where there is none."""
    found = [way for way in ways_of(provider, world) if way.term is Term.P1Y and way != USUAL]
    return min(found, default=None)


def longer_way(provider: Provider, world: SuiteWorld) -> OfferTerm | None:
    """A longer term; None where there is none."""
    return min((way for way in ways_of(provider, world) if way.term.months > Term.P1Y.months), default=None)


def upgrade_of(provider: Provider, world: SuiteWorld) -> OfferKey | None:
    """What the first offer can be upgraded to and is sold in the usual way; None where upgrades are not claimed."""
    if not able(provider, Capability.CONVERT):
        return None
    key = OfferKey.parse(world.offers[0])
    offer = provider.catalog(world.market, "commercial", [key]).offers.get(key)
    targets = offer.upgrades if offer is not None else ()
    known = provider.catalog(world.market, "commercial", targets).offers if targets else {}
    return next((one for one in targets if one in known and USUAL in known[one].terms), None)
