"""Customers as values: found by tenant or by domain, read with their subscriptions, or said to be unread.

A declared customer that cannot be read whole is a `ReadFailure`: nothing is planned on half a list (contract §6, §12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeVar

from cspdecl.core.desired import Contact, PostalAddress, Profile
from cspdecl.core.errors import NotAuthorised, TryLater
from cspdecl.core.live import (
    CustomerAbsent,
    CustomerRef,
    LiveCustomer,
    LiveSubscription,
    Qualification,
    ReadFailure,
    Status,
    Wanted,
)
from cspdecl.spi.provider import Unmanaged
from cspdecl_partner_center import agreements, faults, paths
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.faithful import Json, Malformed, get, render
from cspdecl_partner_center.licences import LicenceReader, parts_of
from cspdecl_partner_center.paging import Incomplete, items
from cspdecl_partner_center.standing import read_budget, read_qualifications
from cspdecl_partner_center.subscriptions import parse_subscription
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

Found = LiveCustomer | CustomerAbsent | ReadFailure
T = TypeVar("T")
PAGE = 200  # customers a page; the largest allowed is not documented, fewer may come
_GIVE_UP = 5  # customers in a row that got no answer at all, after which the rest is not asked
# No commerce relationship with that tenant: removed, transferred away, or never there (contract §4, 2023-10).
_STRANGERS = ("20002", "900159", "60003")
# Account states that block transactions. "Not Ready" is in neither of Microsoft's lists: it blocks (contract §6).
_BLOCKING = {"underreview", "notallowed", "unknown", "notready"}


class CustomerReader:
    """Reads customers over one transport. `can_ask_users`: a user's credentials are there for what needs them."""

    def __init__(self, transport: Transport, business: Business, *, can_ask_users: bool, workers: int) -> None:
        self._transport = transport
        self._business = business
        self._users = can_ask_users
        self._workers = workers
        self._licences = LicenceReader(transport)

    def read(self, refs: Iterable[CustomerRef]) -> Iterator[Found]:
        """Each customer once, as soon as it is there."""
        waiting = iter(refs)
        lost = 0
        with ThreadPoolExecutor(self._workers, "partner-center-read") as pool:
            running: dict[Future[tuple[Found, bool]], CustomerRef] = {}
            try:
                while True:
                    while len(running) < 2 * self._workers and (ref := next(waiting, None)) is not None:
                        if lost >= _GIVE_UP:
                            yield ReadFailure(key=ref.key, message="not asked, since Partner Center does not answer")
                            continue
                        running[pool.submit(self._read_one, ref)] = ref
                    if not running:
                        return
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        del running[future]
                        found, answered = future.result()
                        lost = 0 if answered else lost + 1
                        yield found
            finally:
                for future in running:
                    future.cancel()

    def read_again(self, tenant: str, ids: Iterable[str], *, key: str | None = None) -> LiveCustomer | ReadFailure:
        """One customer, with some subscriptions read by id, since lists may lag (contract §12)."""
        found = self._guarded(CustomerRef(key=key or tenant, tenant=tenant, domain=None), tuple(ids))[0]
        return found if not isinstance(found, CustomerAbsent) else ReadFailure(key=tenant, message="no such customer")

    def find_domain(self, domain: str, *, patient: bool = True) -> tuple[str, ...]:
        """Tenants of ours whose domain is exactly this one. Raises Incomplete, besides what the transport raises."""
        query = [("size", str(PAGE)), ("filter", _starts_with("Domain", domain))]
        request = Request(method="GET", path=paths.CUSTOMERS, query=query, patient=patient)
        found = []
        for item in items(self._transport, request):
            own = get(item, "companyProfile", "domain")
            if isinstance(own, str) and own.lower() == domain.lower() and isinstance(get(item, "id"), str):
                found.append(str(get(item, "id")).lower())
        return tuple(found)

    def all(self) -> Iterator[Unmanaged]:
        """Every customer of ours. Raises TryLater where the list breaks off."""
        request = Request(method="GET", path=paths.CUSTOMERS, query=[("size", str(PAGE))], patient=True)
        try:
            for item in items(self._transport, request):
                tenant = get(item, "id") or get(item, "companyProfile", "tenantId")
                if isinstance(tenant, str):
                    name, domain = get(item, "companyProfile", "companyName"), get(item, "companyProfile", "domain")
                    yield Unmanaged(tenant=tenant.lower(), name=str(name or ""), domain=str(domain or ""))
        except (Refusal, Busy, NoAnswer, Incomplete) as problem:
            raise TryLater(f"the list of customers could not be read: {problem}") from problem

    def raw_subscriptions(self, tenant: str, *, patient: bool, order: str | None = None) -> list[Json]:
        """The bodies of a customer's subscriptions, of every state."""
        query = [("order_id", order)] if order else []
        path = paths.customer(tenant, "subscriptions")
        return list(items(self._transport, Request(method="GET", path=path, query=query, patient=patient)))

    def subscription(self, tenant: str, id: str, *, patient: bool) -> Json:
        """The body of one subscription."""
        return self._get(paths.subscription(tenant, id), patient=patient)

    def order(self, tenant: str, id: str, *, patient: bool) -> Json:
        """The body of one order."""
        return self._licences.order(tenant, id, patient=patient)

    def licences(self, tenant: str, ids: tuple[str, ...], *, patient: bool) -> tuple[LiveSubscription, ...]:
        """Perpetual licences by id. Those whose order or line is gone are left out."""
        market = self._market(self._get(paths.customer(tenant), patient=patient))
        return self._licences.some(tenant, ids, market=market, now=self._business.now(), patient=patient)

    def all_licences(self, tenant: str, *, patient: bool) -> tuple[LiveSubscription, ...]:
        """All perpetual licences of a customer."""
        market = self._market(self._get(paths.customer(tenant), patient=patient))
        return self._licences.all(tenant, market=market, now=self._business.now(), patient=patient)

    def customer(
        self,
        key: str,
        tenant: str,
        ids: tuple[str, ...] = (),
        *,
        wanted: frozenset[Wanted] = frozenset(),
        patient: bool = True,
    ) -> LiveCustomer:
        """One customer, whole. Raises Malformed and Incomplete, besides what the transport raises.

        What is `wanted` beside the subscriptions and cannot be read is not in the answer's `wanted`.
        """
        body = self._get(paths.customer(tenant), patient=patient)
        bodies = {str(get(item, "id")).lower(): item for item in self.raw_subscriptions(tenant, patient=patient)}
        for own in (name for name in ids if parts_of(name) is None):
            try:
                bodies[own.lower()] = self.subscription(tenant, own, patient=patient)
            except Refusal as refusal:
                if refusal.code != "20003" and refusal.status != 404:
                    raise
                bodies.pop(own.lower(), None)
        now = self._business.now()
        market = self._market(body)
        subscriptions = tuple(parse_subscription(item, now=now) for item in bodies.values())
        subscriptions += self._licences.some(
            tenant, [name for name in ids if parts_of(name) is not None], market=market, now=now, patient=patient
        )
        licences, qualifications, budget = self._wanted(tenant, wanted, market=market, now=now, patient=patient)
        seen = {item.id for item in subscriptions}
        subscriptions += tuple(item for item in licences or () if item.id not in seen)
        read: dict[Wanted, object] = {"licences": licences, "qualifications": qualifications, "budget": budget}
        own = get(body, "id") or get(body, "companyProfile", "tenantId")
        if not isinstance(own, str) or not own:
            raise Malformed("a customer without an id")
        return LiveCustomer(
            key=key,
            tenant=own.lower(),
            name=_text(body, "companyProfile", "companyName") or _text(body, "billingProfile", "companyName") or "",
            domain=_text(body, "companyProfile", "domain") or "",
            subscriptions=subscriptions,
            agreement=self._agreement(tenant, subscriptions, patient=patient),
            blocked=self._blocked(body, tenant, patient=patient),
            profile=parse_profile(get(body, "billingProfile")),
            read_at=now,
            qualifications=qualifications,
            budget=budget,
            wanted=frozenset(name for name in wanted if read[name] is not None),
            related=(_text(body, "relationshipToPartner") or "").lower() != "none",
        )

    def _wanted(
        self, tenant: str, wanted: frozenset[Wanted], *, market: str, now: datetime, patient: bool
    ) -> tuple[tuple[LiveSubscription, ...] | None, tuple[Qualification, ...] | None, Decimal | None]:
        """What is wanted beside the subscriptions; None for what was not wanted or cannot be read."""

        def told(name: Wanted, ask: Callable[[], T]) -> T | None:
            if name not in wanted:
                return None
            try:
                return ask()
            except (Refusal, Busy, NoAnswer, Malformed, Incomplete, NotAuthorised):
                return None

        return (
            told("licences", lambda: self._licences.all(tenant, market=market, now=now, patient=patient)),
            told("qualifications", lambda: read_qualifications(self._transport, tenant, patient=patient)),
            told("budget", lambda: read_budget(self._transport, tenant, patient=patient)),
        )

    @staticmethod
    def _market(body: Json) -> str:
        return (_text(body, "billingProfile", "defaultAddress", "country") or "US").upper()

    def _read_one(self, ref: CustomerRef) -> tuple[Found, bool]:
        return self._guarded(ref, ())

    def _guarded(self, ref: CustomerRef, ids: tuple[str, ...]) -> tuple[Found, bool]:
        """What was found, and whether there was an answer at all."""
        try:
            tenant = ref.tenant
            if tenant is not None and not paths.is_id(tenant):
                return ReadFailure(key=ref.key, message=f"`{tenant}` is no tenant id", permanent=True), True
            if tenant is None:
                domain = ref.domain or ""
                if not domain:
                    return ReadFailure(key=ref.key, message="neither tenant nor domain is known", permanent=True), True
                tenants = self.find_domain(domain if "." in domain else f"{domain}.onmicrosoft.com")
                if not tenants:
                    return CustomerAbsent(key=ref.key, read_at=self._business.now()), True
                if len(tenants) > 1:
                    several = ", ".join(tenants)
                    return ReadFailure(key=ref.key, message=f"{domain} is the domain of several: {several}"), True
                tenant = tenants[0]
            return self.customer(ref.key, tenant, ids, wanted=ref.wanted), True
        except Refusal as refusal:
            lasting = refusal.status in (403, 404) or refusal.code in ("900118", "900159", "20002")
            message = faults.sentence_of(refusal.code, refusal.description)
            if refusal.status == 404 and refusal.code not in faults.table():
                message = f"not your customer, or no such tenant: check `tenant` ({refusal.code})"
            # any other 403 is about our own rights, and a bare 404 may be a wrong endpoint
            stranger = refusal.code in _STRANGERS
            return ReadFailure(key=ref.key, message=message, permanent=lasting, stranger=stranger), True
        except (Malformed, Incomplete) as problem:
            return ReadFailure(key=ref.key, message=f"the answer cannot be used: {problem}"), True
        except Busy as busy:
            message = f"Partner Center asks for a pause of {busy.retry_after} s, again and again"
            return ReadFailure(key=ref.key, message=message), True
        except NoAnswer as problem:
            return ReadFailure(key=ref.key, message=problem.cause), False

    def _agreement(
        self, tenant: str, subscriptions: tuple[LiveSubscription, ...], *, patient: bool
    ) -> Literal["accepted", "none", "unknown"]:
        """No order succeeds without an accepted agreement, so whoever runs a subscription has one (contract §7)."""
        if any(item.offer is not None and item.status is Status.ACTIVE for item in subscriptions):
            return "accepted"
        if not self._users:
            return "unknown"
        return agreements.state(self._transport, tenant, patient=patient)

    def _blocked(self, body: Json, tenant: str, *, patient: bool) -> str | None:
        if (_text(body, "relationshipToPartner") or "").lower() == "none":
            return "there is no reseller relationship with this customer any more"
        if not self._users:
            return None
        path, query = paths.customer(tenant, "validationStatus"), [("type", "account")]
        try:
            status = self._transport.send(
                Request(method="GET", path=path, query=query, need="user", patient=patient)
            ).body
        except (Refusal, Busy, NoAnswer):
            return None  # 404 and 600074: no status, and then nothing is blocked; a purchase says so itself
        told = str(get(status, "status") or "")
        if told.replace(" ", "").lower() in _BLOCKING:
            return f"Microsoft's account check says `{told}`: purchases are blocked until it is settled"
        return None

    def _get(self, path: str, *, patient: bool) -> Json:
        return self._transport.send(Request(method="GET", path=path, patient=patient)).body


def parse_profile(body: Json) -> Profile | None:
    """A billing profile as name, address and contact; None where there is none."""
    address = get(body, "defaultAddress")
    if not isinstance(address, dict):
        return None
    first = _text(body, "firstName") or _text(address, "firstName") or ""
    last = _text(body, "lastName") or _text(address, "lastName") or ""
    email, phone = _text(body, "email") or "", _text(address, "phoneNumber") or None
    contact = Contact(first_name=first, last_name=last, email=email, phone=phone)
    return Profile(
        company_name=_text(body, "companyName") or "",
        address=PostalAddress(
            line1=_text(address, "addressLine1") or "",
            line2=_text(address, "addressLine2") or None,
            postal_code=_text(address, "postalCode") or None,
            city=_text(address, "city") or "",
            state=_text(address, "state") or None,
            country=_text(address, "country") or "",
        ),
        contact=contact if first or last or email else None,
        language=_text(body, "language") or None,
        culture=_text(body, "culture") or None,
    )


def running_of(bodies: Iterable[Json], *, now: datetime) -> tuple[LiveSubscription, ...]:
    """The running subscriptions among bodies. Raises Malformed."""
    return tuple(item for body in bodies if (item := parse_subscription(body, now=now)).status.running)


def _starts_with(name: str, value: str) -> str:
    return render({"Field": name, "Value": value, "Operator": "starts_with"}).decode("ascii")


def _text(body: Json, *names: str) -> str | None:
    value = get(body, *names)
    return value if isinstance(value, str) else None
