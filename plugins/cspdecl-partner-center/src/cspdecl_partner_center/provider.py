"""The provider: one connection to Partner Center, put together from its readers and writers.

Each operation goes to the module that knows its kind of write; everything else here is wiring.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from cspdecl.core.action import (
    AttestAgreement,
    BuyAzurePlan,
    Cancel,
    CreateCustomer,
    Purchase,
    RequestQualification,
    SetBudget,
    Transition,
    UpdateProfile,
)
from cspdecl.core.capability import Capability, Quota
from cspdecl.core.catalog import Catalog, OfferKey
from cspdecl.core.errors import ConfigurationError, NotAuthorised, TryLater
from cspdecl.core.inquiry import Answer, Inquiry
from cspdecl.core.live import CustomerAbsent, CustomerRef, LiveCustomer, ReadFailure
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Outcome, ProbeOutcome, Rejected, Unknown
from cspdecl.spi.provider import Call, Mode, Secrets, Unmanaged
from cspdecl_partner_center import paths
from cspdecl_partner_center.agreeing import Attester
from cspdecl_partner_center.asking import Asker
from cspdecl_partner_center.assigned import AssignedReader
from cspdecl_partner_center.azure import PlanBuyer
from cspdecl_partner_center.cancelling import Canceller
from cspdecl_partner_center.catalog import CatalogReader
from cspdecl_partner_center.changes import Changer
from cspdecl_partner_center.checkpoint import Unreadable
from cspdecl_partner_center.circumstances import Circumstances
from cspdecl_partner_center.clock import Business, machine_now
from cspdecl_partner_center.customers import CustomerReader
from cspdecl_partner_center.effects import Change
from cspdecl_partner_center.onboarding import Onboarder
from cspdecl_partner_center.pacing import Pacer
from cspdecl_partner_center.pricing import PriceFiles
from cspdecl_partner_center.probing import Prober
from cspdecl_partner_center.profiles import ProfileWriter
from cspdecl_partner_center.promotions import PromotionReader
from cspdecl_partner_center.purchases import Buyer
from cspdecl_partner_center.resellers import ResellerReader
from cspdecl_partner_center.settings import PRICING, Settings, parse_settings
from cspdecl_partner_center.tokens import ForAudience, Tokens
from cspdecl_partner_center.transitions import Mover
from cspdecl_partner_center.transport import Bearer, Transport
from cspdecl_partner_center.wire import Streaming, open_wire

_ALWAYS = (
    Capability.SCHEDULED_CHANGES
    | Capability.PARTIAL_REDUCTION
    | Capability.SEAT_LOTS
    | Capability.CANCEL_AT_DATE
    | Capability.EXTEND_AT_END
    | Capability.CREATE_CUSTOMER
    | Capability.UPDATE_PROFILE
    | Capability.RENAME
    | Capability.ADDONS
    | Capability.SUSPEND
    | Capability.COTERM
    | Capability.CONVERT
    | Capability.CHANGE_TERM
    | Capability.TRIALS
    | Capability.PROMOTIONS
    | Capability.AZURE_PLAN
    | Capability.PERPETUAL
    | Capability.RESELLER_OF_RECORD
)
# contract §2, §6, §7, §8
_USERS = Capability.ATTEST_AGREEMENT | Capability.QUALIFICATIONS | Capability.ASSIGNED_LICENCES


class PartnerCenter:
    """One connection. Threads may share it; the engine sends at most one write a customer at a time."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        secrets: Secrets,
        mode: Mode,
        *,
        wire: Streaming,
        tokens: Bearer | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = machine_now,
    ) -> None:
        self._name = name
        self._settings = settings
        self._mode = mode
        self._wire = wire
        self._tokens = tokens or Tokens(settings, secrets, wire, clock)
        pacer = Pacer(settings.per_minute, clock=clock, sleep=sleep)
        transport = Transport(
            wire=wire,
            tokens=self._tokens,
            pacer=pacer,
            endpoint=settings.endpoint,
            mode=mode,
            new_id=_new_id,
            sleep=sleep,
            clock=clock,
        )
        users, reading, bought = settings.user is not None, transport.reading(), set[str]()
        self._shared = transport.shared
        self._business = Business(reading)
        self._customers = CustomerReader(reading, self._business, can_ask_users=users, workers=settings.concurrency)
        self._catalog = CatalogReader(reading, self._business, workers=settings.concurrency)

        def buyer(over: Transport) -> Buyer:
            return Buyer(
                over,
                self._business,
                self._customers,
                self._catalog,
                can_ask_users=users,
                machine_now=now,
                bought=bought,
            )

        def mover(over: Transport) -> Mover:
            return Mover(over, self._business, self._customers, machine_now=now)

        self._changer = Changer(transport, self._business, self._customers, self._catalog)
        self._canceller = Canceller(transport, self._business, self._customers)
        self._mover = mover(transport)
        self._circumstances = Circumstances(transport, self._business, self._customers)
        self._buyer = buyer(transport)
        self._plans = PlanBuyer(self._buyer, self._catalog)
        self._asker = Asker(
            reading,
            self._business,
            PromotionReader(reading, self._catalog),
            ResellerReader(reading),
            AssignedReader(reading, self._catalog),
            workers=settings.concurrency,
        )
        self._prices = None
        if users and settings.pricing is not None:
            own = self._tokens
            self._prices = PriceFiles(
                wire=wire,
                tokens=ForAudience(own, PRICING) if isinstance(own, Tokens) else own,
                pacer=pacer,
                endpoint=settings.pricing,
                shared=transport.shared,
                new_id=_new_id,
            )
        self._onboarder = Onboarder(transport, self._business, self._customers, secrets)
        self._profiles = ProfileWriter(transport, self._business, self._customers)
        self._attester = Attester(transport, self._business, self._customers, can_ask_users=users)
        asking = buyer(reading)
        self._prober = Prober(
            self._business,
            self._customers,
            buyer=asking,
            plans=PlanBuyer(asking, self._catalog),
            mover=mover(reading),
            canceller=Canceller(reading, self._business, self._customers),
            circumstances=Circumstances(reading, self._business, self._customers),
            onboarder=Onboarder(reading, self._business, self._customers, secrets),
            attester=Attester(reading, self._business, self._customers, can_ask_users=users),
        )

    @property
    def name(self) -> str:
        """The provider's name in the project."""
        return self._name

    @property
    def capabilities(self) -> Capability:
        """What it supports with the credentials it has: agreements, requests of qualifications, people's licences and
        price sheets need a user's (contract §2, §6, §7, §8, §9.2)."""
        found = _ALWAYS if self._settings.user is None else _ALWAYS | _USERS
        return found if self._prices is None else found | Capability.PRICE_PREVIEW

    @property
    def quotas(self) -> tuple[Quota, ...]:
        """500 requests a minute for the partner (contract §5); one write at a time for a customer (§22.7)."""
        rate = self._settings.per_minute
        partner = Quota(key="partner", per_minute=rate, burst=rate, concurrency=self._settings.concurrency)
        return partner, Quota(key="customer", per_minute=rate, burst=rate, concurrency=1)

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._shared.calls

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be put right about the credentials, in sentences."""
        return self._tokens.warnings if isinstance(self._tokens, Tokens) else ()

    def now(self) -> datetime:
        """Business time, by the service's last answer."""
        return self._business.now()

    def catalog(self, market: str, segment: str, offers: Iterable[OfferKey]) -> Catalog:
        """What of `offers` is for sale."""
        return self._catalog.read(market, segment, offers)

    def read(self, refs: Iterable[CustomerRef]) -> Iterator[LiveCustomer | CustomerAbsent | ReadFailure]:
        """Each customer once, as soon as it is there."""
        return self._customers.read(refs)

    def read_subscriptions(self, tenant: str, ids: Iterable[str]) -> LiveCustomer | ReadFailure:
        """One customer again, with these subscriptions read by id. Its key is the tenant."""
        return self._customers.read_again(tenant, ids)

    def ask(self, inquiries: Iterable[Inquiry]) -> Iterator[tuple[Inquiry, Answer]]:
        """Each question once, with its answer."""
        return self._asker.ask(inquiries)

    def price_sheet(self, market: str, view: str, timeline: str, month: str | None = None) -> Iterator[bytes]:
        """A price sheet as the service gives it (CSV, or a zip of it), in pieces.

        `view`: license, software or est; `timeline`: current, history (with `month`, YYYY-MM) or future. Raises
        LookupError where there is none, besides ConfigurationError, NotAuthorised and TryLater.
        """
        return self._files().price_sheet(market, view, timeline, month)

    def offer_matrix(self, month: str) -> Iterator[bytes]:
        """The offer matrix of a month (YYYY-MM), as `price_sheet` gives it."""
        return self._files().offer_matrix(month)

    def fx_rates(self, month: str) -> Iterator[bytes]:
        """The exchange rates of a month (YYYY-MM), as `price_sheet` gives them."""
        return self._files().fx_rates(month)

    def _files(self) -> PriceFiles:
        if self._prices is None:
            raise NotAuthorised("price sheets need `auth.user` (a refresh token) and the global cloud")
        return self._prices

    def customers(self) -> Iterator[Unmanaged]:
        """All customers the credentials can see."""
        return self._customers.all()

    def apply(self, operation: Operation, call: Call) -> Outcome:
        """Carry out one operation, or its next step."""
        if self._mode != "write":
            raise ConfigurationError("connected for reading only: nothing is applied")
        known = (call.tenant, operation.guard.tenant, operation.guard.subscription, *call.subscriptions)
        if not all(paths.is_id(name) for name in known if name is not None):
            return Rejected(code="CSP410", message="the operation's tenant or subscription is no id")
        before = self._shared.writes
        try:
            return self._apply(operation, call)
        except Unreadable as problem:
            return Unknown(cause=str(problem))
        except (NotAuthorised, TryLater) as problem:
            if self._shared.writes == before:
                raise
            return Unknown(cause=f"sent, and then: {problem.message}")  # raised, it would say that nothing was sent

    def _apply(self, operation: Operation, call: Call) -> Outcome:
        match operation.action:
            case Purchase() as action:
                return self._buyer.apply(operation, action, call)
            case CreateCustomer() as action:
                return self._onboarder.apply(operation, action, call)
            case AttestAgreement() as action:
                return self._attester.apply(operation, action, call)
            case UpdateProfile() as action:
                return self._profiles.apply(operation, action, call)
            case BuyAzurePlan() as action:
                return self._plans.apply(operation, action, call)
            case Transition() as action:
                return self._mover.apply(operation, action, call)
            case SetBudget() | RequestQualification() as action:
                return self._circumstances.apply(operation, action, call)
            case Cancel(product="software" | "perpetual") as action:
                return self._canceller.apply(operation, action, call)
            case action if isinstance(action, Change):
                return self._changer.apply(operation, action, call)
            case _:
                return Rejected(code="CSP419", message=f"`{operation.action.kind}` is not sent to Partner Center")

    def probe(self, operation: Operation, call: Call) -> ProbeOutcome:
        """Did it happen? Over a connection that cannot write. Raises TryLater where nobody answers."""
        try:
            return self._prober.probe(operation, call)
        except Unreadable as problem:
            return Unknown(cause=str(problem))

    def close(self) -> None:
        """Let go of connections."""
        self._wire.close()


def _new_id() -> str:
    return str(uuid.uuid4())


def connect_to(name: str, config: Mapping[str, object], secrets: Secrets, mode: Mode) -> PartnerCenter:
    """A connection as the project sets it up. Raises ConfigurationError; nothing is sent yet."""
    settings = parse_settings(config)
    ca_file = None if settings.ca_file is None else secrets.resolve(settings.ca_file)
    wire = open_wire(ca_file=ca_file, connections=settings.concurrency + 2)
    return PartnerCenter(name, settings, secrets, mode, wire=wire)
