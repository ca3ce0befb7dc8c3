"""The service as a function: one request in, one reply out, the world file in between.

`Simulator.handle` is what a server calls for every request and what tests put behind a mock transport; both may
happen on one file at a time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from math import ceil
from typing import Any
from urllib.parse import parse_qsl, unquote

from . import faults, tokens
from .clock import machine_time
from .routes import Route, Router
from .seeding import Seeding
from .settings import Settings
from .throttle import Throttle, throttled
from .wire import Answer, Doc, Refusal, Reply, dump, iso, parse_body
from .world import exports, pricesheets, renewals
from .world.call import Call
from .world.customers import is_guid
from .world.state import World

_JSON = "application/json; charset=utf-8"


def _read_query(text: str) -> dict[str, str]:
    """Parameters by name without case; what comes several times is joined by commas, a second `?` counts as `&`."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(text.replace("?", "&"), keep_blank_values=True):
        known = query.get(name.lower())
        query[name.lower()] = value if known is None else f"{known},{value}"
    return query


def _read_body(route: Route, body: bytes) -> Any:
    """JSON, except where files are sent."""
    return body if route.template.endswith("/attachment") else parse_body(body)


class Simulator(Seeding):
    """A simulated Partner Center on one world file (`":memory:"` for none). Thread-safe; several processes may share
    the file.

    `settings` are written to the file when given; otherwise the file's own apply. `machine` is the runner's clock,
    for throttling, token life and provisioning delays; business time is the file's virtual clock. `seed` makes ids
    repeatable.
    """

    def __init__(
        self,
        path: str = ":memory:",
        settings: Settings | None = None,
        *,
        machine: Callable[[], datetime] = machine_time,
        seed: int | None = None,
        base_url: str = "https://127.0.0.1",
    ) -> None:
        super().__init__(path, settings, machine, seed)
        self._router = Router()
        self._throttle = Throttle()
        self._claims: dict[str, Doc] = {}
        self.base_url = base_url

    # requests

    def handle(
        self,
        method: str,
        url_path_with_query: str,
        headers: Any = None,
        body: bytes = b"",
        *,
        base_url: str | None = None,
    ) -> Reply:
        """Answers one HTTP request. Never raises for anything a client sends."""
        sent = {
            str(name).lower(): str(value)
            for name, value in (headers.items() if hasattr(headers, "items") else headers or ())
        }
        path, _, query_text = url_path_with_query.partition("?")
        path = "/" + "/".join(part for part in unquote(path).split("/") if part)
        query = _read_query(query_text)
        machine = self._machine()
        with self.store.transaction():
            struck = faults.strike(self.store, method, path) if self._has_faults() else []
            now, delay, drop = self.clock.now(machine), 0.0, False
            customer, endpoint = "", path
            try:
                for fault in struck:
                    delay = max(delay, self._before(fault, sent))
                answer, endpoint, customer = self._dispatch(
                    method.upper(), path, query, sent, body, now, machine, base_url or self.base_url
                )
            except Refusal as refusal:
                answer = Answer(refusal.status, refusal.body, dict(refusal.headers))
                endpoint, customer = self._endpoint(method, path)
            raw = answer.raw if answer.raw is not None else dump(answer.doc) if answer.doc is not None else b""
            for fault in struck:
                if fault.kind == "lost-response":
                    drop = True
                elif fault.kind == "malformed":
                    raw = raw[: max(1, len(raw) // 2)]
                elif fault.kind == "error-500-after":
                    answer = Answer(500)
                    raw = dump(
                        {
                            "code": 800003,
                            "description": "An internal error occurred.",
                            "data": [],
                            "source": "PartnerApiServiceControllers",
                        }
                    )
            self.store.log_request(
                machine.timestamp(),
                method.upper(),
                endpoint,
                path,
                customer,
                answer.status,
                ",".join(fault.kind for fault in struck),
            )
        return Reply(
            answer.status, self._headers(sent, now, answer, raw), b"" if method.upper() == "HEAD" else raw, delay, drop
        )

    def _has_faults(self) -> bool:
        return bool(self.store.shared("fault"))

    def _before(self, fault: faults.Fault, headers: dict[str, str]) -> float:
        """What a fault does before any work; returns a delay in seconds.

        Raises Refusal where the request is to fail at once.
        """
        kind = fault.kind
        if kind == "error-500":
            raise Refusal(500, 800003, "An internal error occurred.")
        if kind == "error-503":
            raise Refusal(503, 900192, "The service is busy: try again later.")
        if kind == "throttle":
            raise throttled(ceil(float(fault.argument or 57)))
        if kind == "stale-etag":
            raise Refusal(400, 2055, "The entity tag does not match: the resource was changed in the meantime.")
        if kind == "unreadable":
            raise Refusal(403, 20002, "The partner has no access to this customer.")
        if kind == "order-error":
            headers["x-simulate-failed-groups"] = fault.argument or "0"
        return float(fault.argument or 1) if kind == "slow" else 0.0

    def _headers(self, sent: dict[str, str], now: datetime, answer: Answer, raw: bytes) -> dict[str, str]:
        headers = {
            "Date": format_datetime(now, usegmt=True),
            "MS-RequestId": sent.get("ms-requestid") or str(uuid.uuid4()),
            "MS-CorrelationId": sent.get("ms-correlationid") or str(uuid.uuid4()),
            "MS-CV": f"{self._rng.getrandbits(64):016x}.0",
            "MS-ServerId": "000001",
            "X-Locale": "en-US,en-US",
        }
        if raw:
            headers["Content-Type"] = _JSON
        if sent.get("validatemfa", "").lower() == "true":
            headers["isMfaCompliant"] = "true"
        headers.update(answer.headers)
        return headers

    def _endpoint(self, method: str, path: str) -> tuple[str, str]:
        routes, params = self._route(path)
        route = routes.get(method.upper())
        return (route.template if route else path), params.get("customer", "").lower()

    def _route(self, path: str) -> tuple[dict[str, Route], dict[str, str]]:
        lower = path.lower()
        if lower.startswith("/webhooks/v1/registration"):
            return self._router.find("/webhooks" + path[len("/webhooks/v1/registration") :])
        for prefix in ("/v1/", "/auditactivity/v1/"):
            if lower.startswith(prefix):
                return self._router.find(path[len(prefix) - 1 :])
        return {}, {}

    def _dispatch(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        headers: dict[str, str],
        body: bytes,
        now: datetime,
        machine: datetime,
        base_url: str,
    ) -> tuple[Answer, str, str]:
        if "oauth2" in path.lower() or ".well-known" in path.lower() or path.lower().startswith("/common/discovery"):
            return self._token(method, path, headers, body, machine, base_url), "/{tenant}/oauth2/token", ""
        if path.lower().startswith("/v1.0/sales/"):
            return self._price_sheet(path, query, headers, now, machine), "/v1.0/sales", ""
        if path.startswith((exports.BASE, exports.BLOBS)):
            return self._export(method, path, query, headers, body, now, machine, base_url), exports.BASE, ""
        routes, params = self._route(path)
        if not routes:
            raise Refusal(404, 404, f"No HTTP resource was found that matches the request URI {path}.")
        claims = self._authenticate(headers, tokens.API, machine)
        route = routes.get(method)
        if route is None:
            raise Refusal(
                405,
                405,
                f"The requested resource does not support http method '{method}'.",
                headers={"Allow": ", ".join(routes)},
            )
        settings, customer = self.settings, params.get("customer", "").lower()
        self._throttle.check(settings.throttle, path.split("/v1", 1)[-1], customer, machine)
        caller = tokens.caller_of(claims)
        if route.user_only and not caller.is_user:
            raise Refusal(
                403, 900329, "App-only authentication is not supported for this operation: use app+user authentication."
            )
        call = Call(
            method=method,
            path=path,
            params=params,
            query=query,
            headers=headers,
            caller=caller,
            now=now,
            machine=machine,
            settings=settings,
            catalog=self.catalog,
            partner=self.store,
            rng=self._rng,
            correlation=headers.get("ms-correlationid", ""),
            base_url=base_url,
        )
        if customer:
            self._enter(call, customer, now)
        elif route.template.startswith("/invoices"):
            self.settle_all()  # what is charged by now stands on every customer's account
        if method not in ("GET", "HEAD", "DELETE"):
            call.body = None if route.template.endswith("/checkout") else _read_body(route, body)
        try:
            answer = route.handler(call)
        except Refusal:
            call.world = None
            raise
        self._finish(call)
        return answer, route.template, customer

    def _enter(self, call: Call, customer: str, now: datetime) -> None:
        """Loads the customer's world, with everything due come true.

        Raises Refusal(400, 900118) for what is no id, Refusal(403, 20002) for a stranger.
        """
        if not is_guid(customer):
            raise Refusal(400, 900118, "The customer id is not valid.")
        found = self.store.customer(customer)
        if found is None or found[0]["relationship"] == "none":
            raise Refusal(403, 20002, "The partner does not have a commerce relationship with the customer.")
        if found[1] <= now.timestamp():
            earlier = self.system_call(customer)
            renewals.settle(earlier, now)
            self._finish(earlier)
            found = self.store.customer(customer) or found
        call.world = World(found[0], self.store)

    def _authenticate(self, headers: dict[str, str], audience: str, machine: datetime) -> Doc:
        """The claims of the bearer token.

        Raises Refusal(401): 800001 for none or an expired one, 900420 for a token of the retired audience.
        """
        kind, _, token = headers.get("authorization", "").partition(" ")
        challenge = {"WWW-Authenticate": f'Bearer realm="{audience}"'}
        claims = self._claims.get(token) if kind.lower() == "bearer" else None
        if claims is None and kind.lower() == "bearer":
            claims = tokens.read_access_token(token.strip(), self.store)
            if claims is not None:
                if len(self._claims) > 1000:
                    self._claims.clear()
                self._claims[token] = claims
        if claims is None or claims["exp"] <= machine.timestamp():
            raise Refusal(401, 800001, "Access token is missing, expired or not valid.", headers=challenge)
        if claims["aud"] == tokens.RETIRED:
            raise Refusal(
                401, 900420, "Tokens for https://graph.windows.net are no longer accepted.", headers=challenge
            )
        if claims["aud"] != audience:
            raise Refusal(
                401 if audience == tokens.API else 400,
                800001,
                "The access token is for another audience.",
                headers=challenge,
            )
        return claims

    def _token(
        self, method: str, path: str, headers: dict[str, str], body: bytes, machine: datetime, base_url: str
    ) -> Answer:
        lower, parts = path.lower(), path.strip("/").split("/")
        if "discovery/instance" in lower:
            return tokens.discovery(base_url)
        if lower.endswith("/.well-known/openid-configuration"):
            return tokens.configuration(parts[0], base_url, v2="/v2.0/" in lower)
        if method == "POST" and lower.endswith("/token"):
            return tokens.issue(
                parts[0],
                body,
                headers,
                self.store,
                self.settings,
                machine,
                v2="/v2.0/" in lower,
                endpoint=base_url + path,
            )
        raise Refusal(404, 404, "Not found.")

    def _price_sheet(
        self, path: str, query: dict[str, str], headers: dict[str, str], now: datetime, machine: datetime
    ) -> Answer:
        caller = tokens.caller_of(self._authenticate(headers, tokens.PRICING, machine))
        if not caller.is_user:
            raise Refusal(400, 900329, "Price sheets need app+user authentication.")
        return pricesheets.sheet(path, query, headers, self.catalog, self.settings, now)

    def _export(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        headers: dict[str, str],
        body: bytes,
        now: datetime,
        machine: datetime,
        base_url: str,
    ) -> Answer:
        call = self.system_call()
        call.query, call.now, call.machine = query, now, machine
        if path.startswith(exports.BLOBS):
            return exports.blob(call, *([*path.removeprefix(exports.BLOBS).strip("/").split("/"), ""])[:2])
        self._authenticate(headers, tokens.GRAPH, machine)
        self.settle_all()
        call.body = parse_body(body)
        return exports.answer(call, method, path, base_url)

    def throttle_use(self) -> dict[str, int]:
        return self._throttle.used()

    def access_token(self, *, user: bool = True) -> str:
        """A token as the token service would give it, for tests that do not want to ask."""
        with self.store.transaction():
            settings = self.settings
            grant = (
                f"grant_type=refresh_token&refresh_token={settings.refresh_token}"
                if user
                else "grant_type=client_credentials"
            )
            body = (
                f"{grant}&client_id={settings.client_id}&client_secret={settings.client_secret}&resource={tokens.API}"
            )
            answer = tokens.issue(
                settings.partner_tenant,
                body.encode(),
                {},
                self.store,
                settings,
                self._machine(),
                v2=False,
                endpoint=self.base_url,
            )
            return str(answer.doc["access_token"])

    def revoke_refresh_token(self, token: str, *, expired: bool = False) -> None:
        with self.store.transaction():
            tokens.revoke(token, self.store, self.settings, self._machine(), expired=expired)

    def describe_time(self) -> str:
        return iso(self.now)
