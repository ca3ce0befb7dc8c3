"""Tokens: by client secret, certificate or a federated token, and by a refresh token that is replaced at each use.

MSAL does the protocol, over our own wire, so that certificates and proxies behave as everywhere else; it is imported
when the first token is needed. Tokens live in memory, one a credential and audience, and are renewed five minutes
before they end. What Microsoft's identity service refuses becomes one sentence about what to do (contract §2, 2026-06).
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cspdecl.core.diagnostics import error
from cspdecl.core.errors import ConfigurationError, CspdeclError, NotAuthorised, TryLater
from cspdecl.spi.provider import Secrets
from cspdecl_partner_center.hush import hush
from cspdecl_partner_center.identity import IdentityHttp, Unusable
from cspdecl_partner_center.settings import Settings
from cspdecl_partner_center.wire import Lost, Wire

hush("msal", "requests", "urllib3")  # before MSAL is imported, which brings the other two

Credential = Literal["app", "user"]
EARLY = 300.0  # seconds before its end at which a token is replaced

# What the identity service's numbers mean for whoever runs this. Source: Microsoft, Entra authentication error codes.
_ADVICE: Mapping[int, str] = {
    7000215: "the client secret is wrong: give the secret's value, not its id, or make a new one",
    7000222: "the client secret has expired: make a new one in the app registration",
    700016: "the tenant knows no application with this client id: check `clientId` and `tenant`",
    90002: "there is no such tenant: check `tenant`",
    900023: "there is no such tenant: check `tenant`",
    700027: "the certificate is not the one registered for the application: upload its public part",
    700082: "the refresh token has expired for lack of use: have the user consent again",
    70008: "the refresh token or its grant has expired: have the user consent again",
    9002313: "the refresh token is damaged or unknown: check where it comes from, or have the user consent again",
    70000: "the refresh token is not valid any more: have the user consent again",
    50173: "the refresh token was revoked, such as by a new password: have the user consent again",
    50076: "the consent was given without multi-factor authentication: have the user consent again with it",
    50079: "the user has to register for multi-factor authentication, then consent again",
    53003: "a conditional access policy blocks this sign-in: ask the tenant's administrator",
    65001: "nobody consented to this application's permissions: grant admin consent",
    50034: "the user account does not exist in the tenant",
    50057: "the user account is disabled",
    500011: "the tenant does not know Partner Center as a resource: is it a partner's tenant?",
    70021: "the application trusts no such token: add a federated credential with this issuer, subject and audience",
    700211: "the application trusts no token of this issuer: compare the federated credential's issuer",
    700212: "the token is for another audience: Entra asks for api://AzureADTokenExchange",
    700213: "the application trusts no token of this subject: compare the federated credential's subject",
    700024: "the token is not valid at this time: was it fetched too early, or is the clock wrong?",
    7000218: "the application is confidential and needs a secret or a certificate",
}
_NOT_REPLACED = (
    "the refresh token cannot be replaced where it comes from, so it ends 90 days after it was made; "
    "name a file in `auth.user.refreshTokenTo`"
)
_STALE_REFRESH_TOKEN = frozenset({700082, 70008, 70000, 50173})


@dataclass(slots=True)
class _Kept:
    token: str
    good_until: float


class Tokens:
    """Bearer tokens for a connection, fetched once and shared by all threads."""

    def __init__(self, settings: Settings, secrets: Secrets, wire: Wire, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._secrets = secrets
        self._http = IdentityHttp(wire)
        self._clock = clock
        self._kept: dict[tuple[Credential, str], _Kept] = {}
        self._apps: dict[Credential, Any] = {}
        self._refresh_token: str | None = None
        self._lock = threading.Lock()
        self.warnings: tuple[str, ...] = ()
        if settings.user is not None and settings.user.refresh_token_to is None:
            self.warnings += (_NOT_REPLACED,)

    def credential_for(self, need: Credential) -> Credential:
        """Which credential serves an operation that needs `need`: a user's token serves everything."""
        if need == "user" and self._settings.user is None:
            raise NotAuthorised("this needs `auth.user` (a refresh token) in the provider's settings")
        return "user" if self._settings.app is None else need

    def bearer(self, credential: Credential, audience: str | None = None) -> str:
        """A token that is good for some minutes, for the API or for another `audience` (contract §2).

        Raises NotAuthorised, TryLater or ConfigurationError.
        """
        key = (credential, audience or self._settings.audience)
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or self._clock() >= kept.good_until:
                kept = self._kept[key] = self._fetch(*key)
            return kept.token

    def forget(self, credential: Credential, token: str, audience: str | None = None) -> None:
        """Drop a token that was refused, unless another thread has replaced it already."""
        key = (credential, audience or self._settings.audience)
        with self._lock:
            if (kept := self._kept.get(key)) is not None and kept.token == token:
                del self._kept[key]

    def _fetch(self, credential: Credential, audience: str) -> _Kept:
        asked_at, answers = self._clock(), self._http.answers
        broken, result = "", dict[str, Any]()
        try:
            result = self._ask(credential, audience)
        except Lost as problem:
            raise TryLater(f"{self._settings.authority} gives no token: {problem.cause}") from problem
        except Unusable as problem:
            raise self._unusable(problem.cause) from None
        except CspdeclError:
            raise
        except Exception as problem:  # noqa: BLE001 - see below
            broken = type(problem).__name__
        if broken:
            # MSAL and the libraries under it raise their own kinds, for a key that is none and for an answer that is
            # odd; their words may hold either, so they are neither shown nor kept as this exception's context.
            if self._http.answers > answers:
                raise self._unusable(f"an answer that makes no sense ({broken})")
            raise NotAuthorised(
                f"`auth.{credential}` cannot be used to sign in ({broken}): "
                "check the secret, or the certificate and its private key"
            )
        token, life = result.get("access_token"), _seconds(result.get("expires_in"))
        if not isinstance(token, str) or not token:
            raise self._refused(credential, result)
        return _Kept(token=token, good_until=asked_at + max(life - EARLY, life / 2))

    def _ask(self, credential: Credential, audience: str) -> dict[str, Any]:
        app = self._apps.get(credential)
        if app is None:
            app = self._apps[credential] = self._application(credential)
        scopes = [f"{audience}/.default"]
        if credential == "app":
            app.remove_tokens_for_client()
            return dict(app.acquire_token_for_client(scopes=scopes) or {})
        return self._by_refresh_token(app, scopes)

    def _by_refresh_token(self, app: Any, scopes: list[str]) -> dict[str, Any]:
        user = self._settings.user
        if user is None:
            raise ConfigurationError("`auth.user` is not set")
        result: dict[str, Any] = {}
        for token in self._candidates():
            result = dict(app.acquire_token_by_refresh_token(token, scopes=scopes) or {})
            if "access_token" in result:
                self._keep(result.get("refresh_token") or token, was=token)
                break
            if not _STALE_REFRESH_TOKEN & set(_numbers(result)) and result.get("error") != "invalid_grant":
                break
        return result

    def _candidates(self) -> list[str]:
        # The newest first: what we hold, what was kept by an earlier run, what the user gave.
        user = self._settings.user
        found: list[str] = [] if self._refresh_token is None else [self._refresh_token]
        if user is not None:
            if user.refresh_token_to is not None and user.refresh_token_to != user.refresh_token:
                with contextlib.suppress(NotAuthorised):  # nothing kept yet
                    found.append(self._secrets.read(user.refresh_token_to))
            try:
                found.append(self._secrets.read(user.refresh_token))
            except NotAuthorised:
                if not found:
                    raise
        return list(dict.fromkeys(found))

    def _keep(self, token: str, *, was: str) -> None:
        self._refresh_token = token
        target = None if self._settings.user is None else self._settings.user.refresh_token_to
        if token == was or target is None:
            return
        try:
            self._secrets.write(target, token)
        except (OSError, ConfigurationError, NotAuthorised) as problem:
            self.warnings += (f"the renewed refresh token could not be kept: {problem}",)

    def _application(self, credential: Credential) -> Any:
        import msal  # 120 ms; only when a token is needed

        settings, secret = self._settings, self._client_secret(credential)
        options: dict[str, Any] = {
            "authority": f"{settings.authority}/{settings.tenant}",
            "http_client": self._http,
            "instance_discovery": None if settings.discover else False,
        }
        if secret is not None:
            options["client_credential"] = secret
        make = msal.PublicClientApplication if secret is None else msal.ConfidentialClientApplication
        try:
            return make(self._client_id(credential), **options)
        except (Lost, Unusable):
            raise
        except KeyError as problem:  # the tenant's document lacks what every such document has
            raise self._unusable(f"a document without {_plain(problem)}") from None
        except (ValueError, TypeError) as problem:
            raise NotAuthorised(
                f"{settings.authority} knows no tenant `{settings.tenant}`, or the certificate cannot be used: "
                f"check `tenant`, `authority` and `certificateFrom` ({_plain(problem)})",
                diagnostics=(error("CSP401", f"no sign-in for tenant {settings.tenant}"),),
            ) from None
        except Exception as problem:  # noqa: BLE001 - MSAL raises its own kinds for a service that does not answer
            raise self._unusable(type(problem).__name__) from None

    def _unusable(self, cause: str) -> TryLater:
        """What came back is no answer of an identity service: that says nothing about the credentials."""
        return TryLater(f"{self._settings.authority} does not answer as expected: {cause}")

    def _client_id(self, credential: Credential) -> str:
        app, user = self._settings.app, self._settings.user
        if credential == "user":
            return user.client_id if user is not None else ""
        if app is not None and app.client_id_from is not None:
            return self._secrets.read(app.client_id_from)
        return app.client_id if app is not None else ""

    def _client_secret(self, credential: Credential) -> Any:
        if credential == "app":
            return self._app_secret()
        app, user = self._settings.app, self._settings.user
        if user is not None and user.secret is None and app is not None and app.federated is not None:
            return self._app_secret() if self._client_id("app") == user.client_id else None
        return None if user is None or user.secret is None else self._secrets.read(user.secret)

    def _app_secret(self) -> Any:
        app = self._settings.app
        if app is None:
            raise ConfigurationError("`auth.app` is not set")
        if app.secret is not None:
            return self._secrets.read(app.secret)
        if (federated := app.federated) is not None:
            # Asked again at each sign-in: a pipeline's token lives for minutes, a run may take hours.
            return {"client_assertion": lambda: self._secrets.read(federated)}
        pem = self._secrets.read(app.certificate or {})
        certificate = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.DOTALL)
        if certificate is None and app.thumbprint is None:
            raise ConfigurationError("`certificateFrom` holds no certificate: add it to the PEM, or give `thumbprint`")
        if "PRIVATE KEY-----" not in pem:
            raise ConfigurationError("`certificateFrom` holds no private key")
        credential = {"private_key": pem}
        if certificate is not None:
            credential["public_certificate"] = certificate.group()
        if app.thumbprint is not None:
            credential["thumbprint"] = app.thumbprint.replace(":", "")
        return credential

    def _refused(self, credential: Credential, result: Mapping[str, Any]) -> NotAuthorised | TryLater:
        numbers = _numbers(result)
        advice = next((_ADVICE[number] for number in numbers if number in _ADVICE), None)
        name = f"AADSTS{numbers[0]}" if numbers else str(result.get("error") or "no token in the answer")
        if result.get("error") in ("temporarily_unavailable", "server_error"):
            return TryLater(f"{self._settings.authority} gives no token for now ({name})")
        if advice is None and result.get("error") == "invalid_grant" and credential == "user":
            advice = "the refresh token is not accepted: have the user consent again"
        if advice is None:
            advice = _plain(result.get("error_description") or "the identity service gave no reason")
        trace = result.get("correlation_id")
        told = f"{name}, correlation id {trace}" if trace else name
        return NotAuthorised(
            f"`auth.{credential}` is refused: {advice} ({told})",
            diagnostics=(error("CSP401", f"`auth.{credential}` is refused: {advice}", hint=told),),
        )


class ForAudience:
    """Tokens for another service, by the same credentials."""

    def __init__(self, tokens: Tokens, audience: str) -> None:
        self._tokens = tokens
        self._audience = audience

    def credential_for(self, need: Credential) -> Credential:
        """Which credential serves."""
        return self._tokens.credential_for(need)

    def bearer(self, credential: Credential) -> str:
        """A token for that service."""
        return self._tokens.bearer(credential, self._audience)

    def forget(self, credential: Credential, token: str) -> None:
        """Drop a refused token."""
        self._tokens.forget(credential, token, self._audience)


def _seconds(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _numbers(result: Mapping[str, Any]) -> list[int]:
    told = result.get("error_codes")
    listed = [code for code in told if isinstance(code, int)] if isinstance(told, list) else []
    return listed or [int(code) for code in re.findall(r"AADSTS(\d+)", str(result.get("error_description") or ""))]


def _plain(problem: object) -> str:
    return str(problem).splitlines()[0][:200] if str(problem) else type(problem).__name__
