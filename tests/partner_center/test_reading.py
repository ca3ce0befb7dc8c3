"""Reading over the simulator: customers found and read whole, the catalogue, and what is unread said to be unread."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cspdecl.core.capability import Capability
from cspdecl.core.catalog import OfferKey, OfferTerm
from cspdecl.core.live import CustomerAbsent, CustomerRef, LiveCustomer, ReadFailure, Status
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_simulator import Simulator
from tests.partner_center.support import APP_ONLY, BASIC, PREMIUM, Sleeper, over_simulator

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)


@pytest.fixture
def sim():
    found = Simulator(seed=7)
    found.freeze(NOW)
    return found


def ref(tenant=None, domain=None, key="hafenkontor"):
    return CustomerRef(key=key, tenant=tenant, domain=domain)


def one(provider, **how):
    (found,) = provider.read([ref(**how)])
    return found


def test_customer_is_read_with_its_subscriptions(sim):
    """By tenant: name, domain, profile and every subscription, with lots, dates and what happens at the end."""
    tenant = sim.seed_customer(company="Hafenkontor Logistik", domain="hafenkontor.onmicrosoft.com")
    sim.seed_subscription(
        tenant, str(BASIC), seats=25, start="2026-03-01T00:00:00Z", lots=[(20, None), (5, "2026-11-18T09:30:00Z")]
    )

    found = one(over_simulator(sim, mode="read"), tenant=tenant)

    assert isinstance(found, LiveCustomer)
    assert ("hafenkontor", "Hafenkontor Logistik", "hafenkontor.onmicrosoft.com") == (
        found.key,
        found.name,
        found.domain,
    )
    assert ("accepted", None, NOW) == (found.agreement, found.blocked, found.read_at)
    (live,) = found.subscriptions
    assert (BASIC, 25, Term.P1Y, BillingCycle.MONTHLY) == (live.offer, live.seats, live.term, live.billing)
    assert (Status.ACTIVE, "renew", None, False) == (live.status, live.end_of_term, live.scheduled, live.trial)
    assert (datetime(2027, 3, 1, tzinfo=UTC), "api", True) == (
        live.term_ends,
        live.policy.source,
        live.policy.can_schedule,
    )
    assert [5] == [lot.seats for lot in live.policy.lots]
    assert NOW < live.policy.lots[0].returnable_until <= datetime(2026, 11, 26, tzinfo=UTC)


def test_customer_is_found_by_its_exact_domain(sim):
    """By domain: the one whose domain is exactly this; a longer one that begins the same is somebody else."""
    sim.seed_customer(domain="nord.onmicrosoft.com.example")
    wanted = sim.seed_customer(domain="nord.onmicrosoft.com")
    provider = over_simulator(sim, mode="read")

    assert wanted == one(provider, domain="NORD.onmicrosoft.com").tenant
    assert wanted == one(provider, domain="nord").tenant
    assert CustomerAbsent(key="hafenkontor", read_at=NOW) == one(provider, domain="no.onmicrosoft.com")


def test_foreign_tenant_is_a_lasting_failure(sim):
    """A tenant that is not ours cannot be read, now or later, and the sentence says so."""
    found = one(over_simulator(sim, mode="read"), tenant="00000000-0000-4000-8000-00000000dead")

    assert isinstance(found, ReadFailure)
    assert found.permanent
    assert "not" in found.message


def test_ended_subscriptions_are_kept_with_their_status(sim):
    """What was cancelled or has expired stays in the list, since it counts towards limits (contract §22.12)."""
    tenant = sim.seed_customer()
    for status in ("active", "suspended", "deleted", "expired", "disabled"):
        sim.seed_subscription(tenant, str(BASIC), status=status)

    found = one(over_simulator(sim, mode="read"), tenant=tenant)

    assert {Status.ACTIVE, Status.SUSPENDED, Status.DELETED, Status.EXPIRED, Status.DISABLED} == {
        item.status for item in found.subscriptions
    }


def test_agreement_is_read_where_a_user_can_be_asked(sim):
    """Accepted by the partner's word or the customer's signature; none; and unknown without a user's sign-in."""
    stated, signed = sim.seed_customer(), sim.seed_customer(agreement=False, direct_signed=True)
    neither = sim.seed_customer(agreement=False)
    asked, unasked = over_simulator(sim, mode="read"), over_simulator(sim, mode="read", auth=APP_ONLY)

    found = {
        name: one(asked, tenant=tenant).agreement for name, tenant in (("a", stated), ("b", signed), ("c", neither))
    }

    assert {"a": "accepted", "b": "accepted", "c": "none"} == found
    assert "unknown" == one(unasked, tenant=neither).agreement
    assert Capability.ATTEST_AGREEMENT in asked.capabilities
    assert Capability.ATTEST_AGREEMENT not in unasked.capabilities


def test_account_check_blocks(sim):
    """An account under review is said to be blocked, in words."""
    tenant = sim.seed_customer(validation="UnderReview")

    assert "UnderReview" in (one(over_simulator(sim, mode="read"), tenant=tenant).blocked or "")


def test_many_customers_are_read_once_each(sim):
    """Forty customers on eight threads: each comes once, none twice, none is lost."""
    tenants = {f"c{number}": sim.seed_customer(name=f"c{number}") for number in range(40)}
    provider = over_simulator(sim, mode="read")

    found = list(provider.read(ref(tenant=tenant, key=key) for key, tenant in tenants.items()))

    assert tenants == {item.key: item.tenant for item in found}
    assert len(tenants) == len(found)
    assert len(tenants) == len(list(provider.customers()))
    assert provider.calls >= 2 * len(tenants)


def test_unmanaged_customers_are_listed_with_name_and_domain(sim):
    """Everything the credentials can see, beyond one page."""
    for number in range(3):
        sim.seed_customer(company=f"Company {number}", domain=f"c{number}.onmicrosoft.com")

    found = sorted((item.name, item.domain) for item in over_simulator(sim, mode="read").customers())

    assert [(f"Company {number}", f"c{number}.onmicrosoft.com") for number in range(3)] == found


@pytest.mark.parametrize(("ours", "told"), [(50, 0), (1000, 1)])
def test_the_services_limit_is_kept_or_waited_out(ours, told):
    """Paced by the same limit we are never told to wait; faster than it, we wait as told. Either way all are read."""
    sleeper = Sleeper()
    sim = Simulator(seed=7, machine=lambda: NOW + timedelta(seconds=sleeper.now))
    sim.configure(throttle="50")
    tenants = [sim.seed_customer(agreement=False) for _ in range(40)]
    provider = over_simulator(sim, mode="read", sleeper=sleeper, auth=APP_ONLY, requestsPerMinute=ours, concurrency=1)

    found = list(provider.read(ref(tenant=tenant, key=tenant) for tenant in tenants))

    assert set(tenants) == {item.key for item in found if isinstance(item, LiveCustomer)}
    assert told <= sum(entry["status"] == 429 for entry in sim.requests()) <= 3 * told
    assert sum(sleeper.slept) >= 29


def test_catalogue_tells_sold_missing_and_limits(sim):
    """Sold: terms by billing cycles and the seat maximum. Not sold: missing. A second asking sends nothing."""
    provider, unsold = over_simulator(sim, mode="read"), OfferKey.parse("CFQ7TTC0ZZZZ:0001")

    found = provider.catalog("US", "commercial", [BASIC, PREMIUM, unsold])
    asked = provider.calls
    provider.catalog("US", "commercial", [BASIC, PREMIUM])

    assert {BASIC, PREMIUM} == set(found.offers)
    assert ((unsold,), ()) == (found.missing, found.unread)
    offer = found.offers[BASIC]
    assert (1, 300, False) == (offer.min_seats, offer.max_seats, offer.trial)
    assert {"P1M/monthly", "P1Y/monthly", "P1Y/annual"} <= {str(term) for term in offer.terms}
    assert OfferTerm.parse("P1M/annual") not in offer.terms
    assert asked == provider.calls


def test_catalogue_that_cannot_be_asked_is_unread_not_missing(sim):
    """An offer whose reading fails is unread: nothing may be concluded about it, and it is asked again next time."""
    sim.fault("error-503", path="*/skus/0001*", times=4)
    provider = over_simulator(sim, mode="read")

    assert (BASIC,) == provider.catalog("US", "commercial", [BASIC]).unread
    assert {BASIC} == set(provider.catalog("US", "commercial", [BASIC]).offers)


def test_business_time_is_the_services_own(sim):
    """The Date header, which a simulator's clock moves."""
    provider = over_simulator(sim, mode="read")

    assert NOW == provider.now()
    sim.advance(timedelta(days=8))
    list(provider.customers())
    assert NOW + timedelta(days=8) == provider.now()


def test_subscription_is_read_by_id(sim):
    """Before a decision a subscription is read alone, since lists may lag; the whole customer comes with it."""
    tenant = sim.seed_customer()
    first, second = (sim.seed_subscription(tenant, str(BASIC), seats=seats) for seats in (3, 4))

    found = over_simulator(sim, mode="read").read_subscriptions(tenant, [first])

    assert isinstance(found, LiveCustomer)
    assert {first: 3, second: 4} == {item.id: item.seats for item in found.subscriptions}


def test_what_has_no_seats_is_read_as_what_it_is(sim):
    """An Azure plan has its offer and no end; a savings plan is read, but nothing declared is ever compared with it."""
    tenant = sim.seed_customer(company="Hafenkontor", domain="hafenkontor.onmicrosoft.com")
    savings = {"amount": 0.5, "currency": "eur", "grain": "hourly"}
    sim.seed_sku("DZH318Z0ELBE:0001", kind="Azure", plans={"P1Y": ["one_time"]})
    sim.seed_subscription(tenant, "DZH318Z0BPS6:0001", billing="one_time")
    sim.seed_subscription(
        tenant,
        "DZH318Z0ELBE:0001",
        billing="one_time",
        benefit={"commitment": savings, "scope": {"scope": "shared"}, "id": tenant},
    )

    found = one(over_simulator(sim, mode="read"), tenant=tenant)

    plan, savings_plan = sorted(found.subscriptions, key=lambda live: live.product)
    assert ("azure_plan", OfferKey.parse("DZH318Z0BPS6:0001"), None) == (plan.product, plan.offer, plan.term_ends)
    assert ("other", None) == (savings_plan.product, savings_plan.offer)
    assert not plan.policy.can_schedule
