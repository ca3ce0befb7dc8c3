"""How these tests reach a provider: over the simulator in process, or over answers written down, never over a socket.

Providers come as Any, so that a test may look into whichever outcome it claims.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from cspdecl.core.action import Action, Purchase
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import Contact, CreateSpec, PostalAddress, Profile
from cspdecl.core.errors import NotAuthorised
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import Money
from cspdecl.core.operation import Guard, LineContext, Operation, Reason
from cspdecl.core.outcome import Outcome, Pending, ProbeOutcome
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.spi.provider import Call, Mode
from cspdecl_partner_center.clock import machine_now
from cspdecl_partner_center.provider import PartnerCenter
from cspdecl_partner_center.settings import parse_settings
from cspdecl_partner_center.wire import HttpxWire, Lost, Reply
from cspdecl_simulator import Simulator
from cspdecl_simulator.settings import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_REFRESH_TOKEN, DEMO_TENANT

BASIC = OfferKey.parse("CFQ7TTC0LH18:0001")
PREMIUM = OfferKey.parse("CFQ7TTC0LCHC:0002")
OURS = Address("hafenkontor", ("m365",))


class MemorySecrets:
    """Secrets in a dict; files are entries of it. A path in `unwritable` refuses."""

    def __init__(self, **values: str) -> None:
        self.values: dict[str, str] = {"secret": DEMO_CLIENT_SECRET, "refresh": DEMO_REFRESH_TOKEN, **values}
        self.unwritable: set[str] = set()

    def read(self, source: Mapping[str, object]) -> str:
        name = str(source.get("file") or source.get("env"))
        if name not in self.values:
            raise NotAuthorised(f"no secret at {name}")
        return self.values[name]

    def write(self, target: Mapping[str, object], value: str) -> None:
        name = str(target["file"])
        if name in self.unwritable:
            raise OSError(f"{name} is read-only")
        self.values[name] = value

    def resolve(self, path: str) -> str:
        return path


def settings_of(**changes: Any) -> dict[str, Any]:
    """A provider's settings for the simulator, as a project would write them."""
    config: dict[str, Any] = {
        "environment": "production",
        "tenant": DEMO_TENANT,
        "endpoint": "https://127.0.0.1",
        "authority": "https://127.0.0.1",
        "auth": {
            "app": {"clientId": DEMO_CLIENT_ID, "secretFrom": {"env": "secret"}},
            "user": {"clientId": DEMO_CLIENT_ID, "refreshTokenFrom": {"file": "refresh"}},
        },
        "requestsPerMinute": 100_000,
        **changes,
    }
    return {key: value for key, value in config.items() if value is not None}


APP_ONLY: dict[str, Any] = {"app": {"clientId": DEMO_CLIENT_ID, "secretFrom": {"env": "secret"}}}


class Sleeper:
    """Machine time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def over_simulator(
    sim: Simulator,
    *,
    mode: Mode = "write",
    secrets: MemorySecrets | None = None,
    sleeper: Sleeper | None = None,
    now: Callable[[], Any] | None = None,
    **changes: Any,
) -> Any:
    """A provider whose requests the simulator answers in process, tokens by real MSAL included."""

    def answer(request: httpx.Request) -> httpx.Response:
        reply = sim.handle(request.method, request.url.raw_path.decode(), dict(request.headers), request.content)
        if reply.drop:
            raise httpx.ReadError("the connection was cut", request=request)
        # as a stream, like an answer from a socket: what downloads in pieces reads it so
        return httpx.Response(reply.status, headers=reply.headers, stream=httpx.ByteStream(reply.body))

    waits = sleeper or Sleeper()
    return PartnerCenter(
        "partner-center",
        parse_settings(settings_of(**changes)),
        secrets or MemorySecrets(),
        mode,
        wire=HttpxWire(httpx.Client(transport=httpx.MockTransport(answer))),
        clock=waits.clock,
        sleep=waits.sleep,
        now=now or machine_now,
    )


@dataclass
class Sent:
    """One request as it left."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


class Pieces:
    """An answer written down, read in pieces of a few bytes; after `cut` of them the connection breaks."""

    def __init__(self, reply: Reply, *, size: int = 7, cut: int | None = None) -> None:
        self._reply, self._size, self._cut = reply, size, cut
        self.status, self.closed = reply.status, False

    def pieces(self) -> Iterator[bytes]:
        for number, at in enumerate(range(0, len(self._reply.content), self._size)):
            if number == self._cut:
                raise Lost("the connection was cut", sent=True)
            yield self._reply.content[at : at + self._size]

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class Script:
    """A wire that answers from a list of (method, path ending, status, body), the last one for ever, and records."""

    answers: list[tuple[str, str, int, Any]]
    sent: list[Sent] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, url: str, headers: Mapping[str, str], content: bytes, *, slow: bool = False) -> Reply:
        parts = httpx.URL(url)
        body = json.loads(content) if content else None
        lowered = {name.lower(): value for name, value in headers.items()}
        self.sent.append(Sent(method, parts.path, parts.query.decode(), lowered, body))
        for number, (wanted, ending, status, answer) in enumerate(self.answers):
            if method == wanted and parts.path.lower().endswith(ending.lower()):
                if any(later[:2] == (wanted, ending) for later in self.answers[number + 1 :]):
                    self.answers.pop(number)
                told = {"date": "Sun, 22 Nov 2026 14:02:00 GMT", **self.headers}
                if isinstance(answer, Exception):
                    raise answer
                raw = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
                return Reply(status=status, headers=told, content=raw)
        raise AssertionError(f"nothing is written down for {method} {parts.path}")

    def stream(self, url: str, headers: Mapping[str, str]) -> Any:
        return Pieces(self.send("GET", url, headers, b""))

    def close(self) -> None:
        pass

    @property
    def writes(self) -> list[Sent]:
        return [one for one in self.sent if one.method not in ("GET", "HEAD")]


class PlainTokens:
    """Tokens that are just words; counts what was refused."""

    def __init__(self, *, user: bool = True) -> None:
        self.user = user
        self.forgotten: list[str] = []
        self.asked: list[str] = []

    def credential_for(self, need):
        if need == "user" and not self.user:
            raise NotAuthorised("this needs `auth.user`")
        return need

    def bearer(self, credential):
        self.asked.append(credential)
        return f"token-{credential}-{len(self.forgotten)}"

    def forget(self, credential, token):
        self.forgotten.append(token)


def over_script(
    script: Script,
    *,
    mode: Mode = "write",
    tokens: PlainTokens | None = None,
    sleeper: Sleeper | None = None,
    secrets: MemorySecrets | None = None,
    now: Callable[[], Any] | None = None,
    **changes: Any,
) -> Any:
    """A provider whose answers are written down."""
    waits = sleeper or Sleeper()
    return PartnerCenter(
        "partner-center",
        parse_settings(settings_of(**changes)),
        secrets or MemorySecrets(),
        mode,
        wire=script,
        tokens=tokens or PlainTokens(),
        clock=waits.clock,
        sleep=waits.sleep,
        now=now or machine_now,
    )


def operation(action: Action, guard: Guard, address: Address = OURS) -> Operation:
    """An operation with nothing in it but what a provider looks at."""
    return Operation(
        id="op",
        address=address,
        action=action,
        reason=Reason(code="test", text="a test"),
        requires=(),
        guard=guard,
        context=LineContext(provider="partner-center", display_name="test"),
    )


def call(tenant: str | None, *subscriptions: str, checkpoint: str | None = None, request_id: str = "") -> Call:
    """One call."""
    return Call(
        request_id=request_id or str(uuid.uuid4()),
        correlation_id="ec8f62e5-1d92-47e9-8d5d-1924af105f2c",
        checkpoint=checkpoint,
        tenant=tenant,
        subscriptions=subscriptions,
    )


def guard_of(tenant: str, live: LiveSubscription) -> Guard:
    """Everything a planner can compare, as it is now."""
    return Guard(
        tenant=tenant,
        subscription=live.id,
        offer=live.offer,
        seats=live.seats,
        term=live.term,
        billing=live.billing,
        status=live.status,
        end_of_term=live.end_of_term,
        scheduled=live.scheduled,
        check_scheduled=True,
        term_ends=live.term_ends,
    )


def carry_out(provider: PartnerCenter, wanted: Operation, first: Call, *, steps: int = 30) -> Any:
    """Apply, and apply again with each checkpoint, as the engine does."""
    outcome: Outcome | ProbeOutcome = provider.apply(wanted, first)
    for _ in range(steps):
        if not isinstance(outcome, Pending):
            break
        outcome = provider.apply(wanted, call(first.tenant, *first.subscriptions, checkpoint=outcome.checkpoint))
    return outcome


def purchase(
    *,
    seats: int = 3,
    offer: OfferKey = BASIC,
    price: str | None = None,
    term: Term = Term.P1Y,
    billing: BillingCycle = BillingCycle.MONTHLY,
    nickname: str = "m365 #a1b2c3",
    country: str = "US",
) -> Purchase:
    """A purchase as a plan would hold it."""
    return Purchase(
        offer=offer,
        seats=seats,
        term=term,
        billing=billing,
        nickname=nickname,
        segment="commercial",
        country=country,
        unit_price=None if price is None else Money.of(price, "USD"),
    )


def create_spec(domain: str = "muehlbach", **changes: Any) -> CreateSpec:
    """A customer to be created, good in every respect."""
    fields: dict[str, Any] = {
        "domain": domain,
        "profile": Profile(
            company_name="Muehlbach Care",
            address=PostalAddress(
                line1="1 Microsoft Way", line2=None, postal_code="98052", city="Redmond", state="WA", country="US"
            ),
            contact=Contact(first_name="Tania", last_name="Carr", email="tania@example.com", phone="4255550100"),
        ),
        "agreement": None,
        "credentials_to": "first-password",
        **changes,
    }
    return CreateSpec(**fields)


def exchange(shared: Path, name: str) -> dict[str, Any]:
    """One documented exchange."""
    text = (shared / "reference/partner-center/examples" / name).read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
