"""A provider in memory: small, but whole. What plugin authors can compare theirs with, and what engine tests talk to.

It keeps every rule of `spi.provider`: outcomes are values, a purchase takes three steps with checkpoints between them,
each write reads again first and answers `Stale`, what was done is read back, a lost answer can be probed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cspdecl.core.action import (
    AttestAgreement,
    BuyAzurePlan,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    CreateCustomer,
    Purchase,
    Rename,
    RequestQualification,
    Resume,
    ScheduleRenewal,
    SetBudget,
    SetEndOfTerm,
    SetReseller,
    SetSeats,
    Suspend,
    Transition,
    UpdateProfile,
)
from cspdecl.core.capability import Capability, Quota
from cspdecl.core.catalog import Catalog, OfferKey
from cspdecl.core.errors import ConfigurationError, NotAuthorised, TryLater
from cspdecl.core.inquiry import Answer, Inquiry
from cspdecl.core.live import CustomerAbsent, CustomerRef, LiveCustomer, ReadFailure, Wanted
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import (
    Applied,
    Deferred,
    NotDone,
    Outcome,
    Pending,
    ProbeOutcome,
    Rejected,
    Stale,
    Throttled,
    Unknown,
)
from cspdecl.spi.provider import Call, Mode, Secrets, Unmanaged
from cspdecl.testing import deeds
from cspdecl.testing.asking import answer_of
from cspdecl.testing.buying import buy, buy_azure_plan
from cspdecl.testing.looking import OF_THE_CUSTOMER, by_domain, differs, is_so, read_customer, receipt_of, shown
from cspdecl.testing.world import VETTING, Cart, Refused, State, World

CAPABILITIES = (
    Capability.IDEMPOTENT_REQUESTS
    | Capability.SCHEDULED_CHANGES
    | Capability.PARTIAL_REDUCTION
    | Capability.SEAT_LOTS
    | Capability.CANCEL_AT_DATE
    | Capability.EXTEND_AT_END
    | Capability.CREATE_CUSTOMER
    | Capability.UPDATE_PROFILE
    | Capability.ATTEST_AGREEMENT
    | Capability.RENAME
    | Capability.SUSPEND
    | Capability.CHANGE_TERM
    | Capability.CONVERT
    | Capability.TRIALS
    | Capability.ADDONS
    | Capability.COTERM
    | Capability.PROMOTIONS
    | Capability.AZURE_PLAN
    | Capability.PERPETUAL
    | Capability.QUALIFICATIONS
    | Capability.RESELLER_OF_RECORD
    | Capability.ASSIGNED_LICENCES
)

CONFIG_SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A provider in memory",
    "type": "object",
    "properties": {
        "plugin": {"const": "memory"},
        "environment": {"enum": ["production", "sandbox"]},
        "world": {"type": "string", "description": "The file the world lives in.", "minLength": 1},
        "keyFrom": {"type": "object", "description": "Where its key is kept, for trying out secrets."},
    },
    "required": ["world"],
    "additionalProperties": False,
}


def connect(name: str, config: Mapping[str, object], secrets: Secrets, mode: Mode) -> MemoryProvider:
    """Connect to the world in the file that `world` names."""
    where = config.get("world")
    if not isinstance(where, str):
        raise ConfigurationError(f"provider `{name}`: `world` names no file")
    source = config.get("keyFrom")
    if isinstance(source, Mapping):
        secrets.read(source)
    return MemoryProvider(World(Path(secrets.resolve(where))), name=name, mode=mode)


class MemoryProvider:
    """One connection to a world. `capabilities` may be narrowed to see what the planner makes of a lesser provider."""

    def __init__(
        self, world: World, *, name: str = "memory", mode: Mode = "write", capabilities: Capability = CAPABILITIES
    ) -> None:
        self.world, self.name, self.mode, self.capabilities = world, name, mode, capabilities
        self.quotas: tuple[Quota, ...] = (Quota(key="partner", per_minute=60_000, burst=1000, concurrency=8),)
        self.calls = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """None: a world in memory has nothing to warn of."""
        return ()

    def now(self) -> datetime:
        """The world's clock."""
        with self.world.open() as state:
            return state.now

    def catalog(self, market: str, segment: str, offers: Iterable[OfferKey]) -> Catalog:
        """What of `offers` is for sale."""
        wanted = sorted(set(offers))
        with self._open("read", "catalog") as state:
            found = {one.key: one for one in state.offers if one.key in wanted and one.segment == segment}
            missing = tuple(key for key in wanted if key not in found)
            return Catalog(market=market, offers=found, as_of=state.now, missing=missing, segment=segment)

    def read(self, refs: Iterable[CustomerRef]) -> Iterator[LiveCustomer | CustomerAbsent | ReadFailure]:
        """Each customer once."""
        for ref in refs:
            with self._open("read", "customer", tenant=ref.tenant or "") as state:
                answer = read_customer(state, ref)
            yield answer

    def ask(self, inquiries: Iterable[Inquiry]) -> Iterator[tuple[Inquiry, Answer]]:
        """Each question with what was scripted for it, else with what the state says."""
        for inquiry in inquiries:
            with self._open("read", f"ask {inquiry.kind}", tenant=getattr(inquiry, "tenant", "")) as state:
                answer = answer_of(state, inquiry)
            yield inquiry, answer

    def read_subscriptions(self, tenant: str, ids: Iterable[str]) -> LiveCustomer | ReadFailure:
        """One customer again."""
        with self._open("read", "subscriptions", tenant=tenant) as state:
            answer = read_customer(
                state, CustomerRef(key=tenant, tenant=tenant, domain=None, wanted=frozenset({"licences"}))
            )
        missing = set(ids) - {item.id for item in getattr(answer, "subscriptions", ())}
        if isinstance(answer, LiveCustomer) and not missing:
            return answer
        return ReadFailure(key=tenant, message=getattr(answer, "message", "a subscription is not there any more"))

    def customers(self) -> Iterator[Unmanaged]:
        """All customers."""
        with self._open("read", "customers") as state:
            found = tuple(state.customers.values())
        for customer in found:
            yield Unmanaged(tenant=customer.tenant, name=customer.name, domain=customer.domain)

    def apply(self, operation: Operation, call: Call) -> Outcome:
        """One step of an operation."""
        if self.mode == "read":
            return Rejected(code="read_only", message="this connection is for reading")
        kind, tenant = operation.action.kind, call.tenant or ""
        with self._open("write", kind, tenant=tenant, request_id=call.request_id) as state:
            fault = state.fault(
                ("lost_before", "lost_after", "throttle", "reject", "defer", "pending", "elsewhere", "misread", "bug",
                 "not_authorised", "try_later"), action=kind, tenant=tenant,
            )  # fmt: skip
            what = fault.kind if fault else None
            text = (fault.text if fault else "") or f"scripted: {what}"
            match what:
                case "throttle":
                    return Throttled(retry_after=fault.seconds if fault else 1)
                case "reject":
                    return Rejected(code="scripted", message=text)
                case "defer":
                    return Deferred(code="scripted", message=text)
                case "lost_before":
                    return Unknown(cause=text)
                case "pending":
                    return Pending(checkpoint=call.checkpoint or "{}", note=text)
                case "bug":
                    raise RuntimeError(text)
                case "not_authorised":
                    raise NotAuthorised(text)
                case "try_later":
                    raise TryLater(text)
                case "elsewhere" if fault and call.subscriptions:
                    state.set_seats(tenant, call.subscriptions[0], fault.seats)
            answer = self._carry_out(state, operation, call)
        if what == "lost_after":
            return Unknown(cause=text)
        if what == "misread" and isinstance(answer, Applied) and answer.subscription:
            return replace(answer, subscription=replace(answer.subscription, seats=answer.subscription.seats + 1))
        return answer

    def probe(self, operation: Operation, call: Call) -> ProbeOutcome:
        """Did it happen?"""
        kind, tenant = operation.action.kind, call.tenant or ""
        with self._open("read", f"probe {kind}", tenant=tenant, request_id=call.request_id) as state:
            if state.fault(("probe_lost",), action=kind, tenant=tenant):
                return Unknown(cause="scripted: probe_lost")
            try:
                return self._look(state, operation, call)
            except Refused as no:
                return Stale(seen=no.message)

    def close(self) -> None:
        """Nothing to let go of."""

    # ---- writing ----

    def _carry_out(self, state: State, operation: Operation, call: Call) -> Outcome:
        try:
            if isinstance(operation.action, Purchase):
                return self._purchase(state, operation, operation.action, call)
            action = operation.action
            by_hand = isinstance(action, AttestAgreement) and action.agreement.attest == "enhanced"
            if by_hand and state.customer(call.tenant or "").agreement != "accepted":
                return Deferred(code="agreement", message="a person at the customer has to accept the agreement")
            stale = differs(state, operation, call)
            if stale:
                return Stale(seen=stale)
            self._write(state, operation, call)
            return self._done(state, operation, call)
        except Refused as no:
            return Rejected(code=no.code, message=no.message)

    def _write(self, state: State, operation: Operation, call: Call) -> None:
        tenant = call.tenant or ""
        ident = call.subscriptions[-1] if call.subscriptions else ""
        match operation.action:
            case SetSeats(after=seats):
                state.set_seats(tenant, ident, seats)
            case ScheduleRenewal(next=following):
                state.schedule(tenant, ident, following)
            case ClearSchedule():
                state.schedule(tenant, ident, None)
            case SetEndOfTerm(after=choice):
                state.set_end(tenant, ident, choice)
            case Rename(after=name):
                state.rename(tenant, ident, name)
            case Cancel(product=product):
                if product != state.subscription(tenant, ident).product:
                    raise Refused("product", f"it is no {product}")
                state.cancel(tenant, ident)
            case Suspend():
                deeds.suspend(state, tenant, ident)
            case Resume():
                deeds.resume(state, tenant, ident)
            case ChangeTerm() as action:
                deeds.change_term(state, tenant, ident, action)
            case SetReseller(after=partner):
                deeds.set_reseller(state, tenant, ident, partner)
            case Transition() as action:
                found = deeds.transition(state, tenant, ident, action)
                state.results = {**state.results, call.request_id: found}
            case BuyAzurePlan() as action:
                bought = buy_azure_plan(
                    state, tenant, nickname=action.nickname, reseller=action.reseller, attested=action.reseller_attested
                )
                state.results = {**state.results, call.request_id: (bought,)}
            case SetBudget(after=amount):
                state.put_customer(replace(state.customer(tenant), budget=amount))
            case RequestQualification() as action:
                deeds.request_qualification(state, tenant, action)
                state.vetted = {**state.vetted, tenant.lower(): state.now + VETTING}
            case CreateCustomer(create=create):
                state.create(None, name=create.profile.company_name, domain=create.full_domain, profile=create.profile)
            case AttestAgreement():
                state.put_customer(replace(state.customer(tenant), agreement="accepted"))
            case UpdateProfile(after=profile):
                state.put_customer(replace(state.customer(tenant), profile=profile, name=profile.company_name))
            case _:
                raise Refused("unsupported", f"nothing is known about `{operation.action.kind}` here")

    def _purchase(self, state: State, operation: Operation, action: Purchase, call: Call) -> Outcome:
        tenant, marks = call.tenant or "", json.loads(call.checkpoint or "{}")
        cart = state.carts.get(marks.get("cart", ""))
        if cart is None:
            others = {item.id for item in state.customer(tenant).subscriptions
                      if item.offer == action.offer and item.status.running}  # fmt: skip
            if len(others - set(operation.guard.siblings)) > operation.guard.earlier_purchases:
                return Stale(seen=f"the customer has {len(others)} subscriptions of {action.offer}, not as planned")
            cart = Cart(id=state.fresh_id(), tenant=tenant, request_id=call.request_id, action=action)
            state.carts = {**state.carts, cart.id: cart}
            return Pending(checkpoint=json.dumps({"cart": cart.id}))
        if cart.subscription is None:
            bought = buy(state, tenant, cart.action)
            state.carts = {**state.carts, cart.id: replace(cart, subscription=bought.id)}
            return Pending(checkpoint=json.dumps({"cart": cart.id, "order": bought.order_id}))
        return self._bought(state, cart, call)

    def _bought(self, state: State, cart: Cart, call: Call, *, inferred: bool = False) -> Applied:
        item = state.subscription(cart.tenant, cart.subscription or "")
        return Applied(receipt=receipt_of(state, call, order=item.order_id, inferred=inferred), subscription=item)

    def _done(self, state: State, operation: Operation, call: Call, *, inferred: bool = False) -> Applied:
        receipt = receipt_of(state, call, inferred=inferred)
        if isinstance(operation.action, CreateCustomer):
            made = by_domain(state, operation.action.create.full_domain)
            return Applied(receipt=receipt, customer=made and self._customer(state, operation, made.tenant))
        tenant = call.tenant or ""
        if isinstance(operation.action, BuyAzurePlan | Transition):
            first, *others = state.results[call.request_id]
            return Applied(
                receipt=receipt,
                subscription=state.subscription(tenant, first),
                also=tuple(state.subscription(tenant, one) for one in others),
            )
        if isinstance(operation.action, OF_THE_CUSTOMER):
            return Applied(receipt=receipt, customer=self._customer(state, operation, tenant))
        return Applied(receipt=receipt, subscription=state.subscription(tenant, call.subscriptions[-1]))

    def _customer(self, state: State, operation: Operation, tenant: str) -> LiveCustomer:
        """A customer after a change of itself, read with what was changed."""
        wanted: dict[str, frozenset[Wanted]] = {
            "set_budget": frozenset({"budget"}), "request_qualification": frozenset({"qualifications"})
        }  # fmt: skip
        ref = CustomerRef(
            key=operation.address.customer, tenant=tenant, domain=None,
            wanted=wanted.get(operation.action.kind, frozenset()),
        )  # fmt: skip
        return shown(state, state.customer(tenant), ref)

    # ---- looking ----

    def _look(self, state: State, operation: Operation, call: Call) -> ProbeOutcome:
        action = operation.action
        if isinstance(action, Purchase):
            cart = state.carts.get(json.loads(call.checkpoint or "{}").get("cart", ""))
            if cart is None:
                return NotDone()
            if cart.subscription is None:
                return NotDone(checkpoint=call.checkpoint)
            return self._bought(state, cart, call, inferred=True)
        if is_so(state, operation, call):
            return self._done(state, operation, call, inferred=True)
        seen = differs(state, operation, call)
        return Stale(seen=seen) if seen else NotDone()

    def _open(self, kind: Any, what: str, *, tenant: str = "", request_id: str = "") -> Any:
        self.calls += 1
        with self.world.open() as state:
            state.note(kind, what, tenant=tenant, request_id=request_id)
        return self.world.open()
