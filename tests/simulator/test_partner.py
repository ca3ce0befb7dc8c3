"""The partner's own side: profiles, agreement status of resellers, sandbox resellers, who called, exchange rates."""

from __future__ import annotations

import json

import pytest

from cspdecl_simulator import Settings, Simulator
from tests.simulator.world import Client, frozen

RESELLER = "7d0b1f6a-0000-4000-8000-00000000000a"


@pytest.fixture
def world():
    simulator = frozen()
    return simulator, Client(simulator)


@pytest.mark.parametrize("name", ["organization", "billing", "legalbusiness", "support"])
def test_a_profile_put_back_changed_is_read_back_changed(world, name):
    """GET, one field changed, PUT of the whole, GET: the change stands and the rest is as it was."""
    _, client = world
    before = client.get(f"/profiles/{name}").body
    field = "website" if name == "support" else "companyName"
    answer = client("PUT", f"/profiles/{name}", before | {field: "Nordkap"})
    after = client.get(f"/profiles/{name}").body
    expected = dict(before) | {field: "Nordkap"}
    assert (200, "Nordkap") == (answer.status, answer.body[field])
    assert {k: v for k, v in expected.items() if k != "attributes"} == {
        k: v for k, v in after.items() if k != "attributes"
    }


def test_pascal_case_and_nulls_come_back_as_sent(world):
    """A PUT in PascalCase is understood; what was sent as null is answered as null and left out of the next GET."""
    _, client = world
    answer = client(
        "PUT",
        "/profiles/billing",
        {
            "CompanyName": "Nordkap",
            "Address": {"Country": "NO", "City": "Tromsø", "AddressLine1": "Storgata 1", "Region": None},
            "PrimaryContact": {"FirstName": "Ida", "Email": None},
            "BillingCurrency": "NOK",
        },
    )
    assert (None, "NOK", None) == (
        answer.body["address"]["region"],
        answer.body["billingCurrency"],
        answer.body["primaryContact"]["email"],
    )
    assert {"firstName": "Ida"} == client.get("/profiles/billing").body["primaryContact"]


def test_a_stale_etag_of_a_profile_is_refused(world):
    """If-Match with yesterday's etag is 2055, nothing changed."""
    _, client = world
    before = client.get("/profiles/organization").body
    client("PUT", "/profiles/organization", before)
    answer = client("PUT", "/profiles/organization", before, If_Match=before["attributes"]["etag"])
    assert (400, 2055) == answer.code


def test_support_profile_is_written_under_both_paths(world):
    """The page's own path for the PUT ends in supportprofile; the GET's does not."""
    _, client = world
    client("PUT", "/profiles/supportprofile", {"Email": "help@nordkap.example", "Telephone": "1", "Website": "w"})
    assert "help@nordkap.example" == client.get("/profiles/support").body["email"]


def test_an_unknown_partner_id_has_no_membership(world):
    """GET /profiles/mpn finds oneself and one's resellers; others are 404 with code 3000."""
    simulator, client = world
    simulator.seed_reseller(RESELLER, "6100001", name="Kiel Cloud")
    assert "Kiel Cloud" == client.get("/profiles/mpn?mpnId=6100001").body["partnerName"]
    assert simulator.settings.partner_mpn == client.get("/profiles/mpn").body["mpnId"]
    assert (404, 3000) == client.get("/profiles/mpn?mpnId=6100002").code


@pytest.mark.parametrize(
    ("query", "seeded", "code"),
    [
        ("", {}, 2001),
        (f"mpnId=6100001&tenantId={RESELLER}", {}, 2000),
        ("mpnId=six", {}, 2000),
        ("tenantId=here", {}, 2000),
        ("mpnId=6100009", {}, 2200),
        ("mpnId=6100001", {"location": "JP"}, 2201),
        ("mpnId=6100001", {"signed": False}, 2203),
        ("mpnId=6100001", {"enrolled": False}, 2204),
        ("tenantId=7d0b1f6a-0000-4000-8000-00000000000b", {}, 2205),
        (f"tenantId={RESELLER}", {"signed": False}, 2206),
    ],
)
def test_agreement_status_says_what_is_wrong_by_code(world, query, seeded, code):
    """Every reason why a reseller's agreement cannot be confirmed is a 400 with a code of its own."""
    simulator, client = world
    simulator.seed_reseller(RESELLER, "6100001", **seeded)
    assert (400, code) == client.get(f"/compliance/csp/agreementstatus?{query}").code


@pytest.mark.parametrize("query", ["mpnId=6100001", f"tenantId={RESELLER}"])
def test_a_signed_reseller_is_confirmed(world, query):
    """By PartnerID or by tenant."""
    simulator, client = world
    simulator.seed_reseller(RESELLER, "6100001")
    assert {"isAgreementSigned": True} == client.get(f"/compliance/csp/agreementstatus?{query}").body


def test_selling_regions_join_europe(world):
    """A German provider may have a French reseller, not a Brazilian one."""
    simulator, client = world
    simulator.configure(country="DE")
    simulator.seed_reseller(RESELLER, "6100001", location="FR")
    assert 200 == client.get("/compliance/csp/agreementstatus?mpnId=6100001").status
    simulator.seed_reseller(RESELLER, "6100001", location="BR")
    assert (400, 2201) == client.get("/compliance/csp/agreementstatus?mpnId=6100001").code


def test_sandbox_resellers_can_be_deleted_in_the_sandbox_only():
    """DELETE /sandboxIndirectReseller/{id} is 204 once, 404 afterwards, 403 in production."""
    simulator = Simulator(settings=Settings(environment="sandbox"), seed=3)
    simulator.seed_reseller(RESELLER, "6100001")
    client = Client(simulator)
    path = f"/sandboxIndirectReseller/{RESELLER}"
    assert [204, 404] == [client("DELETE", path).status, client("DELETE", path).status]
    simulator.configure(environment="production")
    assert 403 == client("DELETE", path).status


def test_calls_are_listed_with_their_factor(world):
    """The latest call comes first; every day is counted; nobody came without a second factor."""
    _, client = world
    client.get("/customers")
    names = [item["operationName"] for item in client.get("/partnerRequests").body["items"]]
    days = client.get("/applicationMfaAdoptionStatus").body
    assert ["Get /v{version}/partnerRequests", "Get /v{version}/customers"] == names[:2]
    assert days[0]["totalRequestCount"] == days[0]["mfaCompliantRequestCount"] >= 3
    assert 0 == client.get("/nonMfaCompliantPartnerPrincipals").body["totalCount"]


def test_exchange_rates_are_a_file_of_three_columns(world):
    """Of the pricing host, for a month."""
    simulator, _ = world
    settings = simulator.settings
    form = (
        f"grant_type=refresh_token&refresh_token={settings.refresh_token}&client_id={settings.client_id}"
        f"&client_secret={settings.client_secret}&resource=https://api.partner.microsoft.com"
    )
    token = json.loads(simulator.handle("POST", f"/{settings.partner_tenant}/oauth2/token", {}, form.encode()).body)
    reply = simulator.handle(
        "GET", "/v1.0/sales/fxrates(Month='202606')/$value", {"Authorization": f"Bearer {token['access_token']}"}
    )
    lines = reply.body.decode().splitlines()
    assert (200, '"CurrencyCode","USDPerUnit","Month"') == (reply.status, lines[0])
    assert '"USD","1","202606"' in lines
