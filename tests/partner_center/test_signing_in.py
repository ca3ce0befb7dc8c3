"""Signing in over real TLS, with MSAL as it is: secret, certificate, refresh token, and every way to be refused."""

# a test that claims an outcome may look into it
# mypy: disable-error-code="union-attr,operator,index,call-overload"
from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from jsonschema import Draft202012Validator

from cspdecl.core.errors import ConfigurationError, NotAuthorised, TryLater
from cspdecl.core.live import CustomerRef
from cspdecl.core.operation import Guard
from cspdecl.core.outcome import Applied
from cspdecl.engine.secrets import ProjectSecrets
from cspdecl_partner_center import CONFIG_SCHEMA, connect
from cspdecl_simulator import Simulator
from cspdecl_simulator.settings import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_REFRESH_TOKEN
from tests.partner_center.support import BASIC, call, carry_out, operation, purchase, settings_of


class Service:
    """A simulator serving on loopback with TLS, in a process of its own, and its world file in ours."""

    def __init__(self, folder):
        self.folder = folder
        ready, ca, world = folder / "ready", folder / "ca.pem", folder / "world.db"
        self.sim = Simulator(str(world), seed=7)
        words = ["serve", "--world", world, "--tls", "--ca-file", ca, "--ready-file", ready, "--port", "0"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cspdecl_simulator", *map(str, words)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        while not (ready.exists() and ready.read_text().strip()):
            if self.process.poll() is not None:
                raise AssertionError(self.process.stderr.read().decode())
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        self.url = ready.read_text().strip()
        (folder / "secret").write_text(DEMO_CLIENT_SECRET)

    def settings(self, **auth):
        found = settings_of(endpoint=self.url, authority=self.url, caFile="ca.pem")
        found["auth"] = auth or {"app": {"clientId": DEMO_CLIENT_ID, "secretFrom": {"file": "secret"}}}
        assert [] == list(Draft202012Validator(CONFIG_SCHEMA).iter_errors(found))
        return found

    def connect(self, mode="read", settings=None):
        return connect("partner-center", settings or self.settings(), ProjectSecrets(self.folder), mode)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    found = Service(tmp_path_factory.mktemp("service"))
    yield found
    found.process.terminate()
    found.process.communicate(timeout=20)


def listed(provider):
    try:
        return [item.domain for item in provider.customers()]
    finally:
        provider.close()


def user(service, token, **more):
    (service.folder / "refresh").write_text(token)
    return {
        "clientId": DEMO_CLIENT_ID,
        "secretFrom": {"file": "secret"},
        "refreshTokenFrom": {"file": "refresh"},
        **more,
    }


def test_client_secret(service):
    """The application's own sign-in, over TLS with a certificate of its own authority."""
    service.sim.seed_customer(domain="secret.onmicrosoft.com")

    assert "secret.onmicrosoft.com" in listed(service.connect())


def test_a_purchase_over_tls(service):
    """Everything at once: sign in, read, buy, read back."""
    tenant = service.sim.seed_customer()
    provider = service.connect("write")
    outcome = carry_out(provider, operation(purchase(), Guard(tenant=tenant)), call(tenant))
    provider.close()

    assert isinstance(outcome, Applied)
    assert BASIC == outcome.subscription.offer


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"secretFrom": {"file": "wrong"}}, "the client secret is wrong"),
        ({"clientId": "99999999-0000-4000-8000-000000000000"}, "no application with this client id"),
    ],
)
def test_refused_application_is_told_what_is_wrong(service, change, told):
    """A wrong secret and an unknown application: one sentence, the service's number, and never the secret itself."""
    (service.folder / "wrong").write_text("not-the-secret-at-all")
    app = {"clientId": DEMO_CLIENT_ID, "secretFrom": {"file": "secret"}, **change}

    with pytest.raises(NotAuthorised, match=told) as refused:
        listed(service.connect(settings=service.settings(app=app)))
    assert "AADSTS" in refused.value.message
    assert "not-the-secret-at-all" not in refused.value.message
    assert "CSP401" == refused.value.diagnostics[0].code


def test_refresh_token_is_replaced_atomically(service):
    """Used once, replaced in its file; the next connection signs in with the successor."""
    settings = service.settings(user=user(service, DEMO_REFRESH_TOKEN))

    listed(service.connect(settings=settings))
    second = (service.folder / "refresh").read_text().strip()
    listed(service.connect(settings=settings))
    third = (service.folder / "refresh").read_text().strip()

    assert 3 == len({DEMO_REFRESH_TOKEN, second, third})
    assert 0o600 == (service.folder / "refresh").stat().st_mode & 0o777
    assert ["refresh"] == [path.name for path in service.folder.glob("*refresh*")]


def test_kept_refresh_token_comes_before_the_given_one(service, monkeypatch):
    """With the given token in the environment, its successors live in a file, and the file is asked first."""
    monkeypatch.setenv("REFRESH", DEMO_REFRESH_TOKEN)
    auth = {
        **user(service, DEMO_REFRESH_TOKEN),
        "refreshTokenFrom": {"env": "REFRESH"},
        "refreshTokenTo": {"file": "kept"},
    }
    settings = service.settings(user=auth)

    listed(service.connect(settings=settings))
    first = (service.folder / "kept").read_text()
    monkeypatch.setenv("REFRESH", "worthless-by-now")
    listed(service.connect(settings=settings))

    assert first != (service.folder / "kept").read_text()


def test_a_fresh_consent_wins_over_a_dead_successor(service, monkeypatch):
    """The kept token has died; the user consented again and put a new one where the first came from."""
    monkeypatch.setenv("REFRESH", DEMO_REFRESH_TOKEN)
    (service.folder / "kept").write_text("dead")
    auth = {
        **user(service, DEMO_REFRESH_TOKEN),
        "refreshTokenFrom": {"env": "REFRESH"},
        "refreshTokenTo": {"file": "kept"},
    }

    listed(service.connect(settings=service.settings(user=auth)))

    assert "dead" != (service.folder / "kept").read_text().strip()


def test_refresh_token_in_the_environment_is_warned_about(service, monkeypatch):
    """It cannot be replaced there: said before it ends."""
    monkeypatch.setenv("REFRESH", DEMO_REFRESH_TOKEN)
    auth = {**user(service, "x"), "refreshTokenFrom": {"env": "REFRESH"}}
    provider = service.connect(settings=service.settings(user=auth))

    assert "refreshTokenTo" in "".join(provider.warnings)
    assert [] != [listed(provider)]


def test_dead_refresh_token_asks_for_consent(service):
    """A token that is worth nothing any more: who has to do what, in one sentence."""
    with pytest.raises(NotAuthorised, match="consent again"):
        listed(service.connect(settings=service.settings(user=user(service, "dead"))))


@pytest.mark.parametrize("expired", [True, False])
def test_ended_refresh_token_asks_for_consent(service, expired):
    """Expired for lack of use, or revoked: the same thing to do, without the token in the sentence."""
    listed(service.connect(settings=service.settings(user=user(service, DEMO_REFRESH_TOKEN))))
    ours = (service.folder / "refresh").read_text().strip()
    service.sim.revoke_refresh_token(ours, expired=expired)

    with pytest.raises(NotAuthorised, match="consent again") as refused:
        listed(service.connect(settings=service.settings(user=user(service, ours))))
    assert ours not in refused.value.message


def certificate_pem():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cspdecl test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), made.public_bytes(serialization.Encoding.PEM).decode()


def test_certificate(service):
    """A signed assertion instead of a secret; another certificate is refused in words."""
    ours, other = "33333333-de00-4000-8000-000000000003", certificate_pem()
    private, public = certificate_pem()
    service.sim.register_application(ours, certificate=public)
    (service.folder / "app.pem").write_text(private + public)
    (service.folder / "other.pem").write_text("".join(other))

    assert [] != listed(
        service.connect(settings=service.settings(app={"clientId": ours, "certificateFrom": {"file": "app.pem"}}))
    )
    with pytest.raises(NotAuthorised, match="certificate"):
        listed(
            service.connect(settings=service.settings(app={"clientId": ours, "certificateFrom": {"file": "other.pem"}}))
        )


@pytest.mark.parametrize(
    ("pem", "told"),
    [("nothing", "no certificate"), ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", "no private key")],
)
def test_certificate_file_without_its_parts(service, pem, told):
    """What the PEM lacks is said before anything is sent."""
    (service.folder / "half.pem").write_text(pem)
    app = {"clientId": DEMO_CLIENT_ID, "certificateFrom": {"file": "half.pem"}}

    with pytest.raises(ConfigurationError, match=told):
        listed(service.connect(settings=service.settings(app=app)))


def test_broken_private_key_is_a_sentence(service):
    """A key that is none."""
    (service.folder / "bad.pem").write_text(
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + certificate_pem()[1]
    )
    app = {"clientId": DEMO_CLIENT_ID, "certificateFrom": {"file": "bad.pem"}}

    with pytest.raises(NotAuthorised, match="certificate"):
        listed(service.connect(settings=service.settings(app=app)))


def test_unknown_authority_certificate_is_not_trusted(service):
    """Without `caFile` the service's certificate is a stranger's: no token is asked for, and the cause is named."""
    settings = service.settings()
    del settings["caFile"]

    with pytest.raises(TryLater, match=r"(?i)certificate"):
        listed(service.connect(settings=settings))


def test_nobody_there_is_try_later(service):
    """A port where nothing listens."""
    settings = {**service.settings(), "authority": "https://127.0.0.1:1", "endpoint": "https://127.0.0.1:1"}

    with pytest.raises(TryLater, match="no connection"):
        listed(service.connect(settings=settings))


def test_tokens_are_renewed_before_they_end(service):
    """A token's last five minutes are not used; until then it serves every request."""
    from cspdecl_partner_center.settings import parse_settings
    from cspdecl_partner_center.tokens import Tokens
    from cspdecl_partner_center.wire import open_wire

    wire, machine = open_wire(ca_file=str(service.folder / "ca.pem"), connections=1), [0.0]
    tokens = Tokens(parse_settings(service.settings()), ProjectSecrets(service.folder), wire, lambda: machine[0])

    first, again = tokens.bearer("app"), tokens.bearer("app")
    machine[0] = 3600 - 301
    kept = tokens.bearer("app")
    machine[0] = 3600 - 299
    tokens.bearer("app")
    wire.close()

    assert first == again == kept
    assert machine[0] < tokens._kept["app", tokens._settings.audience].good_until - 3000


def test_one_customer_read_over_tls(service):
    """The reading pool shares one connection's tokens and certificates."""
    tenants = [service.sim.seed_customer() for _ in range(5)]
    provider = service.connect()
    found = list(provider.read(CustomerRef(key=tenant, tenant=tenant, domain=None) for tenant in tenants))
    provider.close()

    assert set(tenants) == {item.tenant for item in found}
