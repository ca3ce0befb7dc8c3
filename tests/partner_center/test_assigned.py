"""Licences that people have: read from the tenant, joined with offers, never guessed."""

from __future__ import annotations

import pytest

from cspdecl.core.capability import Capability
from cspdecl.core.inquiry import AskAssigned, Assigned, AssignedLicences, Unanswered
from tests.partner_center.shop import Shop
from tests.partner_center.support import APP_ONLY, BASIC, PREMIUM, Script, over_script

TENANT = "9f2b6c1e-0000-4000-8000-000000000001"
LICENCE = "3b555118-da6a-4418-894f-7df1e2096870"
SKU = {"id": "0001", "title": "t", "dynamicAttributes": {"provisioningId": LICENCE.upper()}}


def ask(provider, tenant=TENANT, *offers):
    question = AskAssigned(tenant=tenant, market="US", offers=offers or (BASIC,))
    ((asked, answer),) = provider.ask([question])
    assert question == asked
    return answer


def test_seats_and_assigned_of_a_tenant():
    """Two subscriptions of an offer are one licence of the tenant; what nobody has is not in the answer."""
    shop = Shop()
    shop.seed(BASIC, seats=5)
    shop.seed(BASIC, seats=3)
    shop.sim.edit_customer(shop.tenant, consumed={LICENCE: 7})

    answer = ask(shop.provider, shop.tenant, BASIC, PREMIUM)

    assert AssignedLicences(licences=(Assigned(offer=BASIC, licence=LICENCE, seats=8, assigned=7),)) == answer
    assert (7, None) == (answer.of(BASIC).assigned, answer.of(PREMIUM))


def test_without_consent_it_is_not_known():
    """A tenant that has not delegated its directory gives no answer, and that is said."""
    shop = Shop()
    shop.seed(BASIC, seats=5)
    shop.sim.edit_customer(shop.tenant, delegated=False)

    assert isinstance(ask(shop.provider, shop.tenant), Unanswered)


def test_it_needs_a_users_sign_in():
    """With an application's credentials alone the capability is not there."""
    with_user, without = Shop(), Shop(provider={"auth": APP_ONLY})

    assert (True, False) == (
        Capability.ASSIGNED_LICENCES in with_user.provider.capabilities,
        Capability.ASSIGNED_LICENCES in without.provider.capabilities,
    )


def licence(own=LICENCE, **numbers):
    return {"productSku": {"id": own}, "totalUnits": 8, "consumedUnits": 7, **numbers}


@pytest.mark.parametrize(
    ("groups", "known"),
    [
        (([licence()], []), (8, 7)),
        (([licence(own=LICENCE.upper())], []), (8, 7)),
        (([], [licence()]), (8, 7)),
        (([licence(consumedUnits=None)], []), None),
        (([licence(own="")], []), None),
        (([], []), None),
    ],
)
def test_both_groups_of_licences_are_read(groups, known):
    """Ids are compared without case; a number that is missing is not zero."""
    script = Script([
        ("GET", "/subscribedskus", 200, {"items": groups[0]}), ("GET", "/subscribedskus", 200, {"items": groups[1]}),
        ("GET", "/skus/0001", 200, SKU),
    ])  # fmt: skip

    found = ask(over_script(script)).of(BASIC)

    assert known == (found and (found.seats, found.assigned))
    assert ["licenseGroupIds=group1", "licenseGroupIds=group2"] == [
        one.query for one in script.sent if one.path.endswith("/subscribedskus")
    ]


def test_a_tenant_without_the_second_group():
    """A refusal of the smaller group costs nothing of the other."""
    script = Script([
        ("GET", "/subscribedskus", 200, {"items": [licence()]}), ("GET", "/subscribedskus", 400, None),
        ("GET", "/skus/0001", 200, SKU),
    ])  # fmt: skip

    assert 7 == ask(over_script(script)).of(BASIC).assigned


def test_an_offer_without_a_licence_is_left_out():
    """A SKU that says no provisioning id, or is not sold in the market, is not known; it fails nothing."""
    for status, body in ((200, {"id": "0001"}), (404, None)):
        script = Script([
            ("GET", "/subscribedskus", 200, {"items": [licence()]}), ("GET", "/subscribedskus", 200, {"items": []}),
            ("GET", "/skus/0001", status, body),
        ])  # fmt: skip

        assert AssignedLicences(licences=()) == ask(over_script(script))
