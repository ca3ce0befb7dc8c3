"""Tokens: the real msal gets one over TLS, and refusals carry the codes of the real service (contract §2)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta

import msal
import pytest
import requests
import trustme
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import load_pem_x509_certificate

from cspdecl_simulator import Simulator
from cspdecl_simulator.settings import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_REFRESH_TOKEN,
    DEMO_TENANT,
    DEMO_TENANT_DOMAIN,
)
from tests.simulator.world import CUSTOMER, NOON, Client, frozen

API = "https://api.partnercenter.microsoft.com"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server of its own process over TLS: (base URL, authority file, world file)."""
    folder = tmp_path_factory.mktemp("tls")
    world, ready, ca = folder / "world.db", folder / "ready", folder / "ca.pem"
    authority = trustme.CA().issue_cert("client.example", key_type=trustme.KeyType.RSA)
    (folder / "client.pem").write_bytes(authority.cert_chain_pems[0].bytes())
    (folder / "client.key").write_bytes(authority.private_key_pem.bytes())
    simulator = Simulator(str(world))
    simulator.register_application(
        "33333333-de00-4000-8000-000000000003", certificate=(folder / "client.pem").read_text()
    )
    simulator.close()
    command = [sys.executable, "-m", "cspdecl_simulator", "serve", "--world", str(world), "--tls", "--ca-file", str(ca)]
    process = subprocess.Popen([*command, "--ready-file", str(ready)], stdout=subprocess.DEVNULL)
    while not ready.exists() and process.poll() is None:
        time.sleep(0.02)
    yield ready.read_text().strip(), ca, folder
    process.terminate()
    process.wait()


def application(served, credential=DEMO_CLIENT_SECRET, client_id=DEMO_CLIENT_ID, tenant=DEMO_TENANT):
    base, ca, _ = served
    session = requests.Session()
    session.trust_env, session.verify = False, str(ca)
    return msal.ConfidentialClientApplication(
        client_id,
        client_credential=credential,
        authority=f"{base}/{tenant}",
        instance_discovery=False,
        http_client=session,
    )


def test_msal_gets_an_application_token_by_secret(served):
    """The client-credentials grant of the v2 endpoint gives a bearer token of an hour."""
    got = application(served).acquire_token_for_client([f"{API}/.default"])
    assert ("Bearer", 3600) == (got["token_type"], got["expires_in"])


def test_msal_gets_an_application_token_by_certificate(served):
    """A client assertion signed with the registered certificate's key is taken."""
    folder = served[2]
    pem = (folder / "client.pem").read_bytes()
    thumbprint = load_pem_x509_certificate(pem).fingerprint(hashes.SHA1()).hex()  # noqa: S303 - as directories print it
    credential = {
        "private_key": (folder / "client.key").read_text(),
        "thumbprint": thumbprint,
        "public_certificate": pem.decode(),
    }
    got = application(served, credential, "33333333-de00-4000-8000-000000000003").acquire_token_for_client(
        [f"{API}/.default"]
    )
    assert "Bearer" == got.get("token_type"), got


def test_msal_refuses_nothing_it_should_not(served):
    """An assertion of a key that is not registered ends in invalid_client."""
    other = trustme.CA().issue_cert("other.example", key_type=trustme.KeyType.RSA)
    pem = other.cert_chain_pems[0].bytes()
    thumbprint = load_pem_x509_certificate(pem).fingerprint(hashes.SHA1()).hex()  # noqa: S303 - as directories print it
    credential = {"private_key": other.private_key_pem.bytes().decode(), "thumbprint": thumbprint}
    got = application(served, credential, "33333333-de00-4000-8000-000000000003").acquire_token_for_client(
        [f"{API}/.default"]
    )
    assert ("invalid_client", [700027]) == (got["error"], got["error_codes"])


def test_msal_redeems_a_refresh_token(served):
    """The secure application model: a refresh token gives a user's token, and another refresh token each time."""
    app = application(served, tenant=DEMO_TENANT_DOMAIN)
    first = app.acquire_token_by_refresh_token(DEMO_REFRESH_TOKEN, [f"{API}/user_impersonation"])
    second = app.acquire_token_by_refresh_token(first["refresh_token"], [f"{API}/user_impersonation"])
    assert (True, True) == ("access_token" in second, second["refresh_token"] != first["refresh_token"])


def test_wrong_secret_and_unknown_application(served):
    """AADSTS7000215 for a wrong secret, AADSTS700016 for an application nobody knows."""
    wrong = application(served, "no").acquire_token_for_client([f"{API}/.default"])
    unknown = application(served, client_id="44444444-0000-4000-8000-000000000004").acquire_token_for_client(
        [f"{API}/.default"]
    )
    assert [("invalid_client", [7000215]), ("unauthorized_client", [700016])] == [
        (wrong["error"], wrong["error_codes"]),
        (unknown["error"], unknown["error_codes"]),
    ]


def token(simulator, **form):
    body = "&".join(f"{name}={value}" for name, value in form.items())
    reply = simulator.handle("POST", f"/{DEMO_TENANT}/oauth2/token", {}, body.encode())
    return reply.status, json.loads(reply.body)


BASE = {"client_id": DEMO_CLIENT_ID, "client_secret": DEMO_CLIENT_SECRET, "resource": API}


def test_the_secret_decides_the_status():
    """A wrong secret answers 401."""
    status, body = token(frozen(), **BASE | {"client_secret": "no"}, grant_type="client_credentials")
    assert (401, "invalid_client") == (status, body["error"])


@pytest.mark.parametrize(("expired", "code"), [(True, 700082), (False, 50173)])
def test_dead_refresh_tokens(expired, code):
    """An expired refresh token and a revoked one end in invalid_grant, each with its code."""
    simulator = frozen()
    simulator.revoke_refresh_token(DEMO_REFRESH_TOKEN, expired=expired)
    status, body = token(simulator, **BASE, grant_type="refresh_token", refresh_token=DEMO_REFRESH_TOKEN)
    assert (400, "invalid_grant", [code]) == (status, body["error"], body["error_codes"])


def test_strict_tokens_are_used_once():
    """Where refresh tokens are for one use, the second use is a revoked grant."""
    simulator = frozen(strict_tokens=True)
    form = {**BASE, "grant_type": "refresh_token", "refresh_token": DEMO_REFRESH_TOKEN}
    assert [200, 400] == [token(simulator, **form)[0], token(simulator, **form)[0]]


def test_token_life_runs_on_machine_time():
    """A token outlives any jump of business time and dies after its hour of machine time, with 401 and 800001."""
    machine = [NOON]
    simulator = Simulator(machine=lambda: machine[0])
    simulator.seed_customer(CUSTOMER)
    client = Client(simulator)
    simulator.advance(timedelta(days=400))
    before = client.get("/customers").status
    machine[0] += timedelta(hours=1, seconds=1)
    assert (200, (401, 800001)) == (before, client.get("/customers").code)


def test_no_token_and_the_retired_audience():
    """Without a token 401/800001, with one for graph.windows.net 401/900420."""
    simulator = frozen()
    client = Client(simulator)
    _, body = token(simulator, **BASE | {"resource": "https://graph.windows.net"}, grant_type="client_credentials")
    client.token = body["access_token"]
    retired = client.get("/customers").code
    client.token = "nonsense"
    assert ((401, 900420), (401, 800001)) == (retired, client.get("/customers").code)


def test_application_tokens_stop_at_user_operations():
    """App-only on an app+user operation: 403 and 900329 (contract §2)."""
    client = Client(frozen(), user=False)
    assert ((403, 900329), 200) == (
        client.get(f"/customers/{CUSTOMER}/agreements").code,
        client.get(f"/customers/{CUSTOMER}").status,
    )


def test_multi_factor_is_said_on_request():
    """`ValidateMfa: true` is answered by isMfaCompliant."""
    assert "true" == Client(frozen()).get("/customers", ValidateMfa="true").headers["isMfaCompliant"]
