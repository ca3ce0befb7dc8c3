"""The token service beside the API: v1 and v2 endpoints, secrets, assertions, refresh tokens.

Source: contract §2. Access tokens are signed with a key of the world file; lifetimes run on machine time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime
from urllib.parse import parse_qs

from .assertions import OAuthError, check_assertion, check_federated, unb64
from .settings import Settings
from .storage import Store
from .wire import Answer, Doc
from .world.call import Caller

API = "https://api.partnercenter.microsoft.com"
PRICING = "https://api.partner.microsoft.com"
GRAPH = "https://graph.microsoft.com"
RETIRED = "https://graph.windows.net"
REFRESH_SECONDS = 90 * 86400
_AUDIENCES = {API: API, PRICING: PRICING, RETIRED: RETIRED, "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd": API, GRAPH: GRAPH}
_SKIP = ("openid", "profile", "offline_access", "email")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _key(store: Store) -> bytes:
    found = store.state("token-key")
    if found is None:
        found = secrets.token_hex(32)
        store.set_state("token-key", found)
    return bytes.fromhex(found)


def _sign(claims: Doc, key: bytes) -> str:
    head = f"{_b64(json.dumps({'typ': 'JWT', 'alg': 'HS256'}).encode())}.{_b64(json.dumps(claims).encode())}"
    return f"{head}.{_b64(hmac.new(key, head.encode(), hashlib.sha256).digest())}"


def read_access_token(token: str, store: Store) -> Doc | None:
    """The claims of a token this service has signed; None for any other."""
    try:
        head, _, signature = token.rpartition(".")
        expected = hmac.new(_key(store), head.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(expected, unb64(signature)):
            return None
        claims: Doc = json.loads(unb64(head.split(".")[1]))
        return claims
    except (ValueError, IndexError):
        return None


def caller_of(claims: Doc) -> Caller:
    return Caller(application=claims.get("appid", ""), upn=claims.get("upn", ""), object_id=claims.get("oid", ""))


def apps(store: Store, settings: Settings) -> dict[str, Doc]:
    """Registered applications: the demonstration one and those that were added."""
    found = {settings.client_id.lower(): {"secret": settings.client_secret, "certificate": ""}}
    return found | {name.lower(): doc for name, doc in store.shared("application").items()}


def configuration(tenant: str, base: str, *, v2: bool) -> Answer:
    """…/.well-known/openid-configuration"""
    root = f"{base}/{tenant}"
    path = "/oauth2/v2.0" if v2 else "/oauth2"
    return Answer(
        200,
        {
            "token_endpoint": f"{root}{path}/token",
            "authorization_endpoint": f"{root}{path}/authorize",
            "issuer": f"{root}/v2.0" if v2 else f"{root}/",
            "device_authorization_endpoint": f"{root}{path}/devicecode",
            "jwks_uri": f"{root}/discovery{'/v2.0' if v2 else ''}/keys",
            "tenant_region_scope": "EU",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "offline_access"],
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "upn", "oid", "tid"],
            "response_modes_supported": ["query", "fragment", "form_post"],
        },
    )


def discovery(base: str) -> Answer:
    """/common/discovery/instance: this host stands for every cloud."""
    host = base.split("//", 1)[1]
    return Answer(
        200,
        {
            "tenant_discovery_endpoint": f"{base}/common/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        },
    )


def issue(
    tenant: str,
    raw: bytes,
    headers: dict[str, str],
    store: Store,
    settings: Settings,
    machine: datetime,
    *,
    v2: bool,
    endpoint: str,
) -> Answer:
    """POST …/token

    Raises OAuthError with the code the real service gives.
    """
    form = {
        name.lower(): values[-1].strip()
        for name, values in parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True).items()
    }
    if tenant.lower() not in (
        settings.partner_tenant.lower(),
        settings.partner_domain.lower(),
        "common",
        "organizations",
    ):
        raise OAuthError(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
    client = _authenticate(form, headers, store, settings, machine, endpoint)
    audience = _audience(form, v2=v2)
    grant = form.get("grant_type", "")
    if grant == "client_credentials":
        if v2 and not form.get("scope", "").endswith("/.default"):
            raise OAuthError(
                400, "invalid_scope", 1002012, "The scope of a client credentials request must end in /.default."
            )
        return _grant(audience, client, None, "", store, settings, machine, v2=v2, scope=form.get("scope", ""))
    if grant == "refresh_token":
        user = _use_refresh_token(form.get("refresh_token", ""), client, store, settings, machine)
        return _grant(
            audience,
            client,
            user,
            form.get("refresh_token", ""),
            store,
            settings,
            machine,
            v2=v2,
            scope=form.get("scope", ""),
        )
    if grant == "authorization_code":
        found = store.shared_one("code", form.get("code", ""))
        if found is None:
            raise OAuthError(400, "invalid_grant", 70008, "The provided authorization code has expired.")
        store.drop_shared("code", form["code"])
        return _grant(audience, client, found["upn"], "", store, settings, machine, v2=v2, scope=form.get("scope", ""))
    if grant == "password":
        raise OAuthError(
            400, "invalid_grant", 50076, "You must use multi-factor authentication to access this resource."
        )
    raise OAuthError(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")


def _authenticate(
    form: dict[str, str], headers: dict[str, str], store: Store, settings: Settings, machine: datetime, endpoint: str
) -> str:
    client, secret = form.get("client_id", ""), form.get("client_secret")
    basic = headers.get("authorization", "")
    if basic.lower().startswith("basic "):
        try:
            client, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
        except ValueError as problem:
            raise OAuthError(401, "invalid_client", 7000215, "Invalid client secret provided.") from problem
    known = apps(store, settings).get(client.lower())
    if known is None:
        raise OAuthError(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{client}' was not found in the directory.",
        )
    assertion = form.get("client_assertion")
    if assertion:
        if known.get("federated"):
            check_federated(assertion, known["federated"], machine)
        else:
            check_assertion(assertion, client, known.get("certificate", ""), machine, endpoint)
        return client
    if not secret:
        raise OAuthError(
            401, "invalid_client", 7000218, "The request body must contain 'client_assertion' or 'client_secret'."
        )
    if not known.get("secret") or not hmac.compare_digest(secret, known["secret"]):
        raise OAuthError(401, "invalid_client", 7000215, "Invalid client secret provided.")
    return client


def _audience(form: dict[str, str], *, v2: bool) -> str:
    wanted = (
        form.get("resource", "")
        if not v2
        else next((part for part in form.get("scope", "").split() if part not in _SKIP), API + "/.default")
    )
    if v2:
        wanted = wanted.rsplit("/", 1)[0] if "/" in wanted else wanted
    found = _AUDIENCES.get(wanted.rstrip("/").lower() or API)
    if found is None:
        raise OAuthError(
            400, "invalid_resource", 500011, f"The resource principal named {wanted} was not found in the tenant."
        )
    return found


def _use_refresh_token(token: str, client: str, store: Store, settings: Settings, machine: datetime) -> str:
    found = store.shared_one("refresh", hashlib.sha256(token.encode()).hexdigest())
    if found is None and token == settings.refresh_token:
        found = {"upn": settings.user, "client": "", "expires": machine.timestamp() + REFRESH_SECONDS, "revoked": False}
    if found is None:
        raise OAuthError(400, "invalid_grant", 9002313, "Invalid request. The refresh token is malformed or not known.")
    if found["revoked"]:
        raise OAuthError(
            400,
            "invalid_grant",
            50173,
            "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
        )
    if found["expires"] < machine.timestamp():
        raise OAuthError(400, "invalid_grant", 700082, "The refresh token has expired due to inactivity.")
    if found["client"] and found["client"].lower() != client.lower():
        raise OAuthError(400, "invalid_grant", 700005, "The refresh token was issued to another application.")
    return str(found["upn"])


def revoke(token: str, store: Store, settings: Settings, machine: datetime, *, expired: bool = False) -> None:
    """Makes a refresh token useless: revoked by an administrator, or expired by inactivity."""
    name = hashlib.sha256(token.encode()).hexdigest()
    found = store.shared_one("refresh", name) or {
        "upn": settings.user,
        "client": "",
        "expires": machine.timestamp() + REFRESH_SECONDS,
        "revoked": False,
    }
    found = {**found, "expires": 0} if expired else {**found, "revoked": True}
    store.save_shared("refresh", name, found)


def _grant(
    audience: str,
    client: str,
    user: str | None,
    used: str,
    store: Store,
    settings: Settings,
    machine: datetime,
    *,
    v2: bool,
    scope: str,
) -> Answer:
    now, life = int(machine.timestamp()), settings.token_seconds
    oid = hashlib.md5((user or client).encode()).hexdigest()  # noqa: S324 - an identifier, not a secret
    oid = f"{oid[:8]}-{oid[8:12]}-{oid[12:16]}-{oid[16:20]}-{oid[20:]}"
    claims: Doc = {
        "aud": audience,
        "appid": client,
        "tid": settings.partner_tenant,
        "oid": oid,
        "iat": now,
        "nbf": now,
        "exp": now + life,
        "jti": secrets.token_hex(8),
    }
    if user:
        claims |= {"upn": user, "scp": "user_impersonation", "amr": ["pwd", "mfa"]}
    token = _sign(claims, _key(store))
    if v2:
        doc: Doc = {"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token}
    else:
        doc = {
            "token_type": "Bearer",
            "expires_in": str(life),
            "ext_expires_in": str(life),
            "expires_on": str(now + life),
            "not_before": str(now),
            "resource": audience,
            "access_token": token,
        }
    if user:
        doc["scope"] = f"{audience}/user_impersonation" if v2 else "user_impersonation"
        fresh = "sim-rt-" + secrets.token_urlsafe(32)
        store.save_shared(
            "refresh",
            hashlib.sha256(fresh.encode()).hexdigest(),
            {"upn": user, "client": client, "expires": machine.timestamp() + REFRESH_SECONDS, "revoked": False},
        )
        if used and settings.strict_tokens:
            revoke(used, store, settings, machine)
        doc["refresh_token"] = fresh
        doc["id_token"] = _sign(
            {
                "aud": client,
                "iss": f"https://login.example.invalid/{settings.partner_tenant}/v2.0",
                "sub": oid,
                "oid": oid,
                "tid": settings.partner_tenant,
                "preferred_username": user,
                "upn": user,
                "name": user,
                "iat": now,
                "nbf": now,
                "exp": now + life,
            },
            _key(store),
        )
        doc["client_info"] = _b64(json.dumps({"uid": oid, "utid": settings.partner_tenant}).encode())
    return Answer(200, doc, {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"})
