"""New customers over the simulator: checked first, created once, the password put away, the agreement settled."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from cspdecl.core.action import AttestAgreement, CreateCustomer, UpdateProfile
from cspdecl.core.address import Address
from cspdecl.core.desired import AgreementSpec, Contact
from cspdecl.core.live import CustomerRef
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied, Deferred, NotDone, Rejected, Stale, Unknown
from cspdecl_simulator import Simulator
from tests.partner_center.support import (
    APP_ONLY,
    MemorySecrets,
    call,
    carry_out,
    create_spec,
    operation,
    over_simulator,
)

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
HOUSE = Address("muehlbach")


@pytest.fixture
def sim():
    found = Simulator(seed=7)
    found.freeze(NOW)
    return found


def create(provider, spec, **how):
    wanted = operation(CreateCustomer(create=spec), Guard(tenant=None), HOUSE)
    return carry_out(provider, wanted, call(None, **how))


def posts(sim, ending="/customers"):
    return sum(entry["method"] == "POST" and entry["path"].endswith(ending) for entry in sim.requests(writes=True))


def test_customer_is_created_and_its_password_put_away(sim):
    """Created, read back, its first password in the named file and nowhere else."""
    secrets = MemorySecrets()
    provider = over_simulator(sim, secrets=secrets)

    outcome = create(provider, create_spec())

    assert isinstance(outcome, Applied)
    assert "muehlbach.onmicrosoft.com" == outcome.customer.domain
    assert ("muehlbach", "Muehlbach Care") == (outcome.customer.key, outcome.customer.name)
    kept = json.loads(secrets.values["first-password"])
    assert kept["userName"].endswith("@muehlbach.onmicrosoft.com")
    assert kept["password"]
    assert kept["password"] not in repr(outcome)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": None}, "state"),
        ({"state": "XX"}, "no state of US"),
        ({"postal_code": "D-99084"}, "no postal code"),
        ({"postal_code": None}, "postal code"),
        ({"city": ""}, "city"),
    ],
)
def test_rules_of_the_country_are_checked_before_anything_is_sent(sim, changes, told):
    """What the market asks of an address is asked beforehand; a breach is one sentence and creates nothing."""
    spec = create_spec()
    profile = replace(spec.profile, address=replace(spec.profile.address, **changes))

    outcome = create(over_simulator(sim), replace(spec, profile=profile))

    assert isinstance(outcome, Rejected)
    assert told in outcome.message
    assert 0 == posts(sim)


def test_taken_domain_is_refused_with_a_way_out(sim):
    """Somebody else's domain is refused; our own customer's says which tenant to declare."""
    ours = sim.seed_customer(domain="muehlbach.onmicrosoft.com")
    provider = over_simulator(sim)

    outcome = create(provider, create_spec())

    assert isinstance(outcome, Stale)
    assert ours in outcome.seen
    assert 0 == posts(sim)


def test_place_for_the_password_is_tried_first(sim):
    """A file that cannot be written, or that holds something, stops the creation: the password is shown once."""
    closed, used = MemorySecrets(), MemorySecrets(**{"first-password": "somebody else's"})
    closed.unwritable.add("first-password")

    for secrets in (closed, used):
        outcome = create(over_simulator(sim, secrets=secrets), create_spec())

        assert isinstance(outcome, Rejected)
        assert "CSP418" == outcome.code
    assert 0 == posts(sim)
    assert "somebody else's" == used.values["first-password"]


def test_lost_answer_is_asked_for_again_under_the_same_id(sim):
    """Created, answer lost: the probe sees it, and the same request id brings the password after all. Created once."""
    secrets = MemorySecrets()
    provider = over_simulator(sim, secrets=secrets)
    wanted, given = operation(CreateCustomer(create=create_spec()), Guard(tenant=None), HOUSE), call(None)
    sim.fault("lost-response", path="/v1/customers", method="POST")

    lost = provider.apply(wanted, given)
    found = provider.probe(wanted, given)
    done = provider.apply(wanted, call(None, checkpoint=found.checkpoint, request_id=given.request_id))

    assert isinstance(lost, Unknown)
    assert isinstance(found, NotDone)
    assert isinstance(done, Applied)
    assert json.loads(secrets.values["first-password"])["password"]
    assert 1 == len(list(provider.customers()))
    assert isinstance(provider.probe(wanted, given), Applied)


def test_creation_that_never_arrived_is_not_done(sim):
    """A 503 before any work: the probe finds no such domain, so sending again is safe."""
    provider = over_simulator(sim)
    wanted, given = operation(CreateCustomer(create=create_spec()), Guard(tenant=None), HOUSE), call(None)
    sim.fault("error-503", path="/v1/customers", method="POST")

    assert isinstance(provider.apply(wanted, given), Unknown)
    assert NotDone() == provider.probe(wanted, given)
    assert isinstance(provider.apply(wanted, given), Applied)


def test_profile_is_written_whole_and_read_back(sim):
    """A new street and contact: the rest of the profile stays, and another's change in between stops it."""
    tenant = sim.seed_customer()
    provider = over_simulator(sim)
    (live,) = provider.read([CustomerRef(key="muehlbach", tenant=tenant, domain=None)])
    after = replace(
        live.profile,
        company_name="Muehlbach Care Ltd",
        contact=Contact(first_name="Ada", last_name="Byron", email="ada@example.com", phone="4255550101"),
    )
    wanted = operation(UpdateProfile(before=live.profile, after=after), Guard(tenant=tenant), HOUSE)

    outcome = provider.apply(wanted, call(tenant))

    assert isinstance(outcome, Applied)
    assert after == outcome.customer.profile
    assert isinstance(provider.apply(wanted, call(tenant)), Stale)
    assert isinstance(provider.probe(wanted, call(tenant)), Applied)


AGREEMENT = AgreementSpec(
    type="MicrosoftCustomerAgreement",
    accepted_by=Contact(first_name="Tania", last_name="Carr", email="tania@example.com", phone="4255550100"),
    accepted_on=date(2026, 11, 20),
    attest="classic",
)


def attest(provider, tenant, spec=AGREEMENT):
    return provider.apply(operation(AttestAgreement(agreement=spec), Guard(tenant=tenant), HOUSE), call(tenant))


def test_agreement_is_confirmed_where_that_is_still_taken(sim):
    """Classic attestation where the service takes it: confirmed and read back; the second time it is found."""
    tenant = sim.seed_customer(agreement=False)
    provider = over_simulator(sim)

    first, second = attest(provider, tenant), attest(provider, tenant)

    assert isinstance(first, Applied)
    assert ("accepted", False) == (first.customer.agreement, first.receipt.inferred)
    assert isinstance(second, Applied)
    assert second.receipt.inferred
    assert 1 == posts(sim, "/agreements")


def test_agreement_signed_by_the_customer_is_enough(sim):
    """A direct signature needs no word of ours."""
    tenant = sim.seed_customer(agreement=False, direct_signed=True)

    outcome = attest(over_simulator(sim), tenant)

    assert isinstance(outcome, Applied)
    assert 0 == posts(sim, "/agreements")


@pytest.mark.parametrize("how", ["enhanced-service", "enhanced-wish", "no-user"])
def test_agreement_that_needs_a_person_waits(sim, how):
    """The classic call refused, not wished, or no user's sign-in: deferred, with what the customer has to do."""
    if how == "enhanced-service":
        sim.configure(attestation="enhanced")
    tenant = sim.seed_customer(agreement=False)
    spec = replace(AGREEMENT, attest="enhanced") if how == "enhanced-wish" else AGREEMENT

    outcome = attest(over_simulator(sim, auth=APP_ONLY) if how == "no-user" else over_simulator(sim), tenant, spec)

    assert isinstance(outcome, Deferred)
    assert "accept" in outcome.message


def test_agreement_probe(sim):
    """Not on record: not done. On record: applied."""
    tenant = sim.seed_customer(agreement=False)
    provider = over_simulator(sim)
    wanted = operation(AttestAgreement(agreement=AGREEMENT), Guard(tenant=tenant), HOUSE)

    assert NotDone() == provider.probe(wanted, call(tenant))
    provider.apply(wanted, call(tenant))
    assert isinstance(provider.probe(wanted, call(tenant)), Applied)
