"""The customer's directory: roles, passwords, domains, organization, services, support contact, licence groups."""

from __future__ import annotations

import pytest

from tests.simulator.world import BASIC, CUSTOMER, Client, frozen

HOME = f"/customers/{CUSTOMER}"
HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"


@pytest.fixture
def world():
    simulator = frozen()
    return simulator, Client(simulator)


def make_user(client, name="mia"):
    body = {"userPrincipalName": f"{name}@hafenkontor.example", "displayName": name.title(), "usageLocation": "DE"}
    return client.post(f"{HOME}/users", body).body["id"]


def test_a_role_is_given_shown_and_taken(world):
    """POST usermembers 201, seen from the user and from the role, DELETE 204, gone."""
    _, client = world
    user = make_user(client)
    role = f"{HOME}/directoryroles/{HELPDESK}/usermembers"
    given = client.post(role, {"Id": user, "DisplayName": "Mia"})
    assert (201, HELPDESK) == (given.status, given.body["roleId"])
    assert [HELPDESK] == [item["id"] for item in client.get(f"{HOME}/users/{user}/directoryroles").body["items"]]
    assert [user] == [item["id"] for item in client.get(role).body["items"]]
    assert 204 == client("DELETE", f"{role}/{user}").status
    assert 0 == client.get(role).body["totalCount"]
    assert 404 == client("DELETE", f"{role}/{user}").status


def test_roles_are_listed_and_unknown_ones_are_not_found(world):
    """The built-in roles of the directory; any other id is 404."""
    _, client = world
    assert HELPDESK in [item["id"] for item in client.get(f"{HOME}/directoryroles").body["items"]]
    assert 404 == client.get(f"{HOME}/directoryroles/{CUSTOMER}/usermembers").status


def test_a_password_is_reset(world):
    """PATCH …/resetpassword answers the user with the new password profile; without one it is refused."""
    _, client = world
    path = f"{HOME}/users/{make_user(client)}/resetpassword"
    answer = client("PATCH", path, {"passwordProfile": {"password": "Elbe-2026!", "forceChangePassword": True}})
    assert {"forceChangePassword": True, "password": "Elbe-2026!"} == answer.body["passwordProfile"]
    assert (400, 3000) == client("PATCH", path, {}).code


def test_organization_and_domains_are_bare_lists(world):
    """Both answers are JSON arrays without an envelope, in the directory's field names."""
    _, client = world
    organization = client.get(f"{HOME}/organization").body
    assert ["hafenkontor.onmicrosoft.com"] == client.get(f"{HOME}/customDomains").body
    assert ("hafenkontor", "US") == (organization[0]["displayName"], organization[0]["countryLetterCode"])


def test_a_verified_domain_becomes_a_custom_domain(world):
    """201, then listed and taken for everybody else."""
    _, client = world
    body = {
        "VerifiedDomainName": "hafenkontor.example",
        "Domain": {"AuthenticationType": "Federated", "Capability": "Email"},
    }
    answer = client.post(f"{HOME}/verifieddomain", body)
    assert (201, "federated", "verified") == (answer.status, answer.body["authenticationType"], answer.body["status"])
    assert "hafenkontor.example" in client.get(f"{HOME}/customDomains").body


@pytest.mark.parametrize("path", ["organization", "customDomains", "managedservices", "directoryroles"])
def test_the_directory_needs_delegated_access(path):
    """Without it every look into the directory is 403 with 900308."""
    simulator = frozen()
    simulator.edit_customer(CUSTOMER, delegated=False)
    assert (403, 900308) == Client(simulator).get(f"{HOME}/{path}").code


def test_managed_services_name_their_portals(world):
    """Every service has the three links a partner manages it by."""
    _, client = world
    items = client.get(f"{HOME}/managedservices").body["items"]
    assert {("adminService", "serviceHealth", "serviceTicket")} == {tuple(item["links"]) for item in items}


def test_support_contact_is_the_partner_until_changed(world):
    """GET names the partner; PUT names a reseller; GET then names that one."""
    simulator, client = world
    path = f"{HOME}/subscriptions/{simulator.seed_subscription(CUSTOMER, BASIC)}/supportcontact"
    assert simulator.settings.partner_mpn == client.get(path).body["supportMpnId"]
    client("PUT", path, {"SupportTenantId": CUSTOMER, "SupportMpnId": "6100001", "Name": "Kiel Cloud"})
    assert ("6100001", "Kiel Cloud") == tuple(client.get(path).body[name] for name in ("supportMpnId", "name"))
    assert (400, 3000) == client("PUT", path, {"Name": "nobody"}).code


def test_a_parameter_given_twice_counts_twice(world):
    """The parameter licenseGroupIds is repeated for every group: the first is not lost."""
    simulator, client = world
    simulator.seed_subscription(CUSTOMER, BASIC, seats=4)
    query = "licenseGroupIds=Group1&licenseGroupIds=Group2"
    assert 1 == client.get(f"{HOME}/subscribedskus?{query}").body["totalCount"]
    assert 0 == client.get(f"{HOME}/subscribedskus?licenseGroupIds=Group2").body["totalCount"]


def test_conditional_access_blocks_licences(world):
    """A customer whose policy blocks the partner answers licence calls with 900309."""
    simulator, client = world
    user = make_user(client)
    simulator.edit_customer(CUSTOMER, conditional_access=True)
    assert (403, 900309) == client.post(f"{HOME}/users/{user}/licenseupdates", {"licensesToAssign": []}).code


def test_sandbox_marketplace_subscriptions_are_activated(world):
    """POST …/activate in the sandbox; refused in production and for licences."""
    simulator, client = world
    simulator.seed_sku("DZH318Z0NORD:0001", kind="SaaS", plans={"P1M": ["monthly"]})
    path = f"{HOME}/subscriptions/{simulator.seed_subscription(CUSTOMER, 'DZH318Z0NORD:0001', term='P1M')}/activate"
    licence = f"{HOME}/subscriptions/{simulator.seed_subscription(CUSTOMER, BASIC)}/activate"
    assert 403 == client.post(path).status
    simulator.configure(environment="sandbox")
    assert "Success" == client.post(path).body["status"]
    assert (400, 900322) == client.post(licence).code
