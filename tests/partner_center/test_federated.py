"""Signing in without a secret: MSAL as it is, over TLS, with a token that another identity provider signed."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import sys

import pytest
from jsonschema import Draft202012Validator

from cspdecl.core.errors import ConfigurationError, NotAuthorised
from cspdecl_partner_center import CONFIG_SCHEMA
from cspdecl_partner_center.settings import parse_settings
from cspdecl_simulator.settings import DEMO_CLIENT_SECRET, DEMO_REFRESH_TOKEN
from tests.partner_center.support import settings_of
from tests.partner_center.test_signing_in import Service, listed
from tests.pipelines.identities import AUDIENCE, ISSUER, SUBJECT, public_pem, token

CLIENT = "33333333-0000-4000-8000-000000000003"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    found = Service(tmp_path_factory.mktemp("federated"))
    trusted = {"issuer": ISSUER, "subject": SUBJECT, "audience": AUDIENCE, "key": public_pem()}
    found.sim.register_application(CLIENT, federated=[trusted])
    found.sim.seed_customer(company="Alpha GmbH", domain="alpha.onmicrosoft.com")
    yield found
    found.process.terminate()
    found.process.communicate(timeout=20)


def app(source, **more):
    return {"app": {"clientId": CLIENT, "federatedTokenFrom": source, **more}}


@pytest.mark.parametrize("kind", ["env", "file", "command"])
def test_a_federated_token_signs_in(service, monkeypatch, kind):
    """From the environment, a file or a command, such as the one that asks the code host."""
    (service.folder / "id-token").write_text(token())
    monkeypatch.setenv("ID_TOKEN", token())
    source = {
        "env": {"env": "ID_TOKEN"},
        "file": {"file": "id-token"},
        "command": {"command": [sys.executable, "-c", f"print({token()!r})"]},
    }[kind]

    assert "alpha.onmicrosoft.com" in listed(service.connect(settings=service.settings(**app(source))))


def test_the_client_id_may_come_from_elsewhere(service, monkeypatch):
    """One manifest, two applications: the job's environment says as which one it signs in."""
    (service.folder / "id-token").write_text(token())
    monkeypatch.setenv("CSPDECL_CLIENT_ID", CLIENT)
    auth = {"clientIdFrom": {"env": "CSPDECL_CLIENT_ID"}, "federatedTokenFrom": {"file": "id-token"}}

    assert "alpha.onmicrosoft.com" in listed(service.connect(settings=service.settings(app=auth)))


def test_the_token_is_read_again_for_each_sign_in(service):
    """A pipeline's token lives for minutes: when the API's token is renewed, a fresh one is shown."""
    path = service.folder / "renewed"
    path.write_text(token())
    provider = service.connect(settings=service.settings(**app({"file": "renewed"})))
    tokens = provider._tokens
    tokens.bearer("app")
    path.write_text(token(subject="repo:somebody/else"))
    tokens._kept.clear()
    with pytest.raises(NotAuthorised, match="700213"):
        tokens.bearer("app")
    provider.close()


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({"subject": "repo:nordlicht/manifests:pull_request"}, "no token of this subject.*AADSTS700213"),
        ({"issuer": "https://elsewhere.example"}, "no token of this issuer.*AADSTS700211"),
        ({"audience": "https://github.com/nordlicht"}, "another audience.*AADSTS700212"),
        ({"expires": 1}, "not valid at this time.*AADSTS700024"),
    ],
)
def test_what_the_application_does_not_trust_is_refused_in_words(service, shown, said):
    """Which part does not fit is said; the token itself is not."""
    shown_token = token(**shown)
    (service.folder / "id-token").write_text(shown_token)
    with pytest.raises(NotAuthorised, match=said) as problem:
        listed(service.connect(settings=service.settings(**app({"file": "id-token"}))))

    assert shown_token not in str(problem.value)


def test_a_forged_token_is_refused(service):
    """The right claims with a wrong signature."""
    (service.folder / "id-token").write_text(token()[:-12] + "AAAAAAAAAAAA")
    with pytest.raises(NotAuthorised, match="700027"):
        listed(service.connect(settings=service.settings(**app({"file": "id-token"}))))


def test_a_users_consent_goes_with_a_federated_token(service):
    """The application of the consent proves itself by the same token."""
    (service.folder / "id-token").write_text(token())
    (service.folder / "refresh").write_text(DEMO_REFRESH_TOKEN)
    user = {"clientId": CLIENT, "refreshTokenFrom": {"file": "refresh"}}
    provider = service.connect(settings=service.settings(**app({"file": "id-token"}), user=user))

    assert provider._tokens.bearer("user")
    provider.close()


@pytest.mark.parametrize(
    "auth",
    [
        {"clientId": CLIENT, "federatedTokenFrom": {"env": "A"}, "secretFrom": {"env": "B"}},
        {"clientId": CLIENT, "clientIdFrom": {"env": "A"}, "secretFrom": {"env": "B"}},
        {"federatedTokenFrom": {"env": "A"}},
        {"clientIdFrom": {"env": "A"}},
    ],
)
def test_one_way_to_sign_in(auth):
    """Schema and settings refuse two ways at once, and none."""
    config = settings_of(auth={"app": auth})

    assert list(Draft202012Validator(CONFIG_SCHEMA).iter_errors(config))
    with pytest.raises(ConfigurationError):
        parse_settings(config)


def test_a_registered_secret_still_signs_in(service):
    """What applications had before goes on."""
    (service.folder / "secret").write_text(DEMO_CLIENT_SECRET)

    assert listed(service.connect())
