"""From an outcome to what becomes true at once: journal entry, ledger records, bindings and cached live state.

Holds the ledger's head and the bindings of a run in memory; the store checks both when it commits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from cspdecl.billing.chain import seal
from cspdecl.billing.changes import Estate, RunContext, record_operation
from cspdecl.billing.fold import fold_recorded
from cspdecl.commerce.decide_renewal import is_scheduled
from cspdecl.commerce.prices import market_of, prices_in
from cspdecl.commerce.words import counted
from cspdecl.core.action import (
    Adopt,
    AttestAgreement,
    BookService,
    BuyAzurePlan,
    Cancel,
    ChangeTerm,
    ClearSchedule,
    CreateCustomer,
    Forget,
    Purchase,
    Rebind,
    Rename,
    Reprice,
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
from cspdecl.core.address import Address
from cspdecl.core.digest import canonical_json
from cspdecl.core.live import Binding, LiveCustomer, LiveSubscription, Status
from cspdecl.core.operation import Operation
from cspdecl.core.outcome import Applied, Deferred, JournalEntry, ProbeOutcome, Receipt, Rejected, Stale
from cspdecl.core.plain import to_plain
from cspdecl.core.records import LedgerHead, LedgerRecord, Recorded
from cspdecl.spi.provider import Call
from cspdecl.spi.store import Batch

if TYPE_CHECKING:
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.project import PriceBook
    from cspdecl.engine.clock import Clock


@dataclass(slots=True)
class Settler:
    """What a run knows while it settles: context of its records, prices, bindings, the last reading, what is declared
    and what was last recorded."""

    context: RunContext
    prices: PriceBook
    head: LedgerHead
    bindings: dict[Address, Binding]
    live: dict[str, LiveCustomer]
    clock: Clock
    desired: DesiredState | None = None
    recorded: dict[Address, Recorded] = field(default_factory=dict)
    business: datetime | None = None

    def begin(self) -> BatchBuilder:
        """Start collecting one transaction."""
        return BatchBuilder(settler=self)

    def call_of(self, operation: Operation, *, request_id: str, correlation_id: str, checkpoint: str | None) -> Call:
        """How to call for an operation: with the tenant and the ids its address is bound to by now."""
        bound = self.bindings.get(operation.address)
        customer = self.bindings.get(Address(operation.address.customer))
        known = self.live.get(operation.address.customer)
        tenant = operation.guard.tenant or (customer.tenant if customer else None) or (known.tenant if known else None)
        ids = (operation.guard.subscription,) if operation.guard.subscription else (bound.ids if bound else ())
        return Call(
            request_id=request_id,
            correlation_id=correlation_id,
            checkpoint=checkpoint,
            tenant=tenant,
            subscriptions=tuple(ident for ident in ids if ident),
        )

    def own_outcome(self, call: Call) -> Applied:
        """The outcome of an operation in our own books: done, dated by the plan's business time."""
        at = self.business or self.clock.now()
        return Applied(receipt=Receipt(at=at, request_id=call.request_id, correlation_id=call.correlation_id))

    @staticmethod
    def settles(answer: ProbeOutcome) -> bool:
        """Whether an answer ends an operation in the journal."""
        return isinstance(answer, Applied | Rejected | Stale | Deferred)

    @staticmethod
    def body(answer: ProbeOutcome) -> str:
        """An answer as the journal keeps it."""
        return canonical_json(to_plain(answer))

    @staticmethod
    def mismatch(operation: Operation, applied: Applied) -> str | None:
        """Where a provider's own read-back contradicts what it says it did, in words for plugin authors."""
        seen = applied.subscription
        match operation.action:
            case Purchase(seats=wanted) | SetSeats(after=wanted):
                if seen is None:
                    return f"{operation.address}: the provider says done but read no subscription back"
                reseller = operation.action.reseller if isinstance(operation.action, Purchase) else None
                if reseller not in (None, seen.reseller):
                    return f"{operation.address}: reseller {reseller} is to be on record, {seen.reseller} was read back"
                if seen.seats != wanted:
                    return f"{operation.address}: the provider says done with {wanted} seats but read back {seen.seats}"
            case BuyAzurePlan(reseller=wanted_partner):
                if seen is None:
                    return f"{operation.address}: the provider says done but read no Azure plan back"
                if wanted_partner not in (None, seen.reseller):
                    return f"{operation.address}: reseller {wanted_partner} is to be on record, not {seen.reseller}"
            case SetReseller(after=partner):
                if seen is not None and seen.reseller != partner:
                    return f"{operation.address}: reseller {partner} is to be on record, {seen.reseller} was read back"
            case Suspend():
                if seen is not None and seen.status is not Status.SUSPENDED:
                    return f"{operation.address}: the provider says suspended but read back `{seen.status}`"
            case Resume():
                if seen is not None and seen.status is Status.SUSPENDED:
                    return f"{operation.address}: the provider says resumed but read back `{seen.status}`"
            case Cancel():
                if seen is not None and seen.status.running:
                    return f"{operation.address}: the provider says cancelled but read back `{seen.status}`"
            case ScheduleRenewal(next=wanted_next):
                if seen is not None and not is_scheduled(seen.scheduled, wanted_next):
                    return f"{operation.address}: the provider says scheduled but read back something else"
            case SetEndOfTerm(after=choice):
                if seen is not None and seen.end_of_term != choice:
                    return f"{operation.address}: the provider says `{choice}` but read back `{seen.end_of_term}`"
            case Transition() as action:
                if seen is None or seen.offer != action.target:
                    what = f"`{seen.offer}`" if seen is not None else "nothing"
                    return f"{operation.address}: the provider says upgraded to {action.target} but read back {what}"
                moved = action.seats + (action.target_before if action.into else 0)
                if seen.seats != moved:
                    return f"{operation.address}: {moved} seats are to be upgraded, {seen.seats} were read back"
            case ChangeTerm(term=term, billing=billing):
                if seen is not None and (seen.term, seen.billing) != (term, billing):
                    found = f"{seen.term}/{seen.billing}"
                    return f"{operation.address}: the provider says {term}/{billing} but read back {found}"
            case CreateCustomer():
                if applied.customer is None:
                    return f"{operation.address}: the provider says created but read no customer back"
            case _:
                return None
        return None

    @staticmethod
    def describe(operation: Operation) -> str:
        """What an applied operation did, in a few words for progress."""
        match operation.action:
            case CreateCustomer():
                return "customer created"
            case AttestAgreement():
                return "agreement recorded"
            case UpdateProfile():
                return "profile updated"
            case Purchase(seats=seats):
                return f"{counted(seats, 'seat')} bought"
            case SetSeats(before=before, after=after):
                return f"{before} → {after} seats"
            case ScheduleRenewal(next=following):
                return f"{counted(following.seats, 'seat')} scheduled for the renewal"
            case ClearSchedule():
                return "scheduled change taken back"
            case SetEndOfTerm(after=choice):
                return f"end of term: {choice}"
            case BuyAzurePlan():
                return "Azure plan bought"
            case SetBudget(after=amount):
                return f"usage budget {amount}"
            case RequestQualification(name=name):
                return f"qualification asked for: {name}"
            case Suspend():
                return "suspended"
            case Resume():
                return "resumed"
            case ChangeTerm(term=term, billing=billing):
                return f"term {term}, billed {billing}"
            case Transition(seats=seats, target=target):
                return f"{counted(seats, 'seat')} upgraded to {target}"
            case SetReseller(after=reseller):
                return f"reseller on record: {reseller}"
            case Reprice(after=rule):
                return "own price changed" if rule else "own price taken back"
            case Rename(after=name):
                return f"renamed to {name!r}"
            case Cancel():
                return "cancelled"
            case Adopt():
                return "adopted"
            case Forget():
                return "no longer managed"
            case Rebind(source=source):
                return f"was {source}"
            case BookService(before=before, after=after):
                return f"{before} → {after} booked"
        raise AssertionError(operation.action)


@dataclass(slots=True)
class BatchBuilder:
    """Collects one transaction; `finish` makes it and moves the run's memory on."""

    settler: Settler
    journal: list[JournalEntry] = field(default_factory=list)
    ledger: list[LedgerRecord] = field(default_factory=list)
    bindings: list[tuple[Address, Binding | None]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)

    def add(self, operation: Operation, answer: ProbeOutcome, entry: JournalEntry) -> None:
        """Take in one answer."""
        before = self._before(operation) if isinstance(answer, Applied) else None
        if isinstance(operation.action, Adopt) and isinstance(answer, Applied) and before is not None:
            # the journal keeps what was taken over as it was seen, its name included, which the ledger does not keep
            entry = replace(entry, body=self.settler.body(replace(answer, subscription=before)))
        self.journal.append(entry)
        if isinstance(answer, Applied):
            recorded_at = self.settler.clock.now()
            estate = Estate(
                desired=self.settler.desired,
                live=self.settler.live,
                bindings=self.settler.bindings,
                recorded=self.settler.recorded,
            )
            for change in record_operation(
                operation,
                answer,
                context=self._context(operation.address.customer),
                prices=self._prices(operation.address.customer),
                recorded_at=answer.receipt.at,  # when an operation of our own books took effect
                before=before,
                estate=estate,
            ):
                record = seal(change, self.settler.head, recorded_at)
                self.settler.head = LedgerHead(seq=record.seq, hash=record.hash)
                self.settler.recorded.update(fold_recorded([record]))
                self.ledger.append(record)
            self._bind(operation, answer)
            self._remember(operation, answer)

    def _context(self, key: str) -> RunContext:
        """The run as the customer's records say it: priced in the customer's own market."""
        context = self.settler.context
        return replace(context, market=self._market(key) or context.market)

    def _market(self, key: str) -> str | None:
        spec = self.settler.desired.customers.get(key) if self.settler.desired is not None else None
        return market_of(spec, self.settler.live.get(key))

    def _prices(self, key: str) -> PriceBook:
        """The price lists of the customer's own market."""
        return prices_in(self.settler.prices, self._market(key))

    def finish(self) -> Batch:
        """The transaction."""
        live = tuple(self.settler.live[key] for key in sorted(self.touched) if key in self.settler.live)
        return Batch(journal=tuple(self.journal), ledger=tuple(self.ledger), bindings=tuple(self.bindings), live=live)

    def _before(self, operation: Operation) -> LiveSubscription | None:
        customer = self.settler.live.get(operation.address.customer)
        bound = self.settler.bindings.get(operation.address)
        ident = operation.guard.subscription or (bound.ids[-1] if bound and bound.ids else None)
        if customer is None or ident is None:
            return None
        return next((item for item in customer.subscriptions if item.id == ident), None)

    def _bind(self, operation: Operation, answer: Applied) -> None:
        address, action = operation.address, operation.action
        provider = operation.context.provider or ""
        match action:
            case CreateCustomer() if answer.customer is not None:
                self._set(
                    address,
                    Binding(address=address, provider=provider, tenant=answer.customer.tenant, ids=(), offer=None),
                )
            case Purchase() | BuyAzurePlan() if answer.subscription is not None:
                tenant = self.settler.call_of(operation, request_id="", correlation_id="", checkpoint=None).tenant or ""
                offer = answer.subscription.offer
                ids = (answer.subscription.id,)
                self._set(address, Binding(address=address, provider=provider, tenant=tenant, ids=ids, offer=offer))
            case Transition(target=target) if (bound := self.settler.bindings.get(address)) is not None:
                # a full upgrade keeps the subscription's id, a partial one adds the new one behind it (contract §13.7)
                seen = answer.subscription
                others = {one for key, item in self.settler.bindings.items() if key != address for one in item.ids}
                added = (seen.id,) if seen is not None and seen.id not in {*bound.ids, *others} else ()
                ended = {item.id for item in answer.also if not item.status.running}
                left = tuple(one for one in (*bound.ids, *added) if one not in ended)
                self._set(address, replace(bound, ids=left, offer=target if len(left) == 1 else bound.offer))
            case Adopt(provider=name, tenant=tenant, ids=ids, offer=offer_key):
                self._set(address, Binding(address=address, provider=name, tenant=tenant, ids=ids, offer=offer_key))
            case Cancel():
                known = self.settler.bindings.get(address)
                left = tuple(one for one in known.ids if one != operation.guard.subscription) if known else ()
                self._set(address, replace(known, ids=left) if known and left else None)
            case Forget():
                self._set(address, None)
            case Rebind(source=source):
                old = self.settler.bindings.get(source)
                self._set(source, None)
                if old is not None:
                    self._set(address, replace(old, address=address))
            case _:
                return

    def _set(self, address: Address, binding: Binding | None) -> None:
        self.bindings.append((address, binding))
        if binding is None:
            self.settler.bindings.pop(address, None)
        else:
            self.settler.bindings[address] = binding

    def _remember(self, operation: Operation, answer: Applied) -> None:
        """Keep the cache as true as what was read back, so that the next plan from it is empty."""
        key = operation.address.customer
        if answer.customer is not None:
            known = self.settler.live.get(key)
            read = replace(answer.customer, key=key)
            self.settler.live[key] = read if known is None else read.completed_by(known)
            self.touched.add(key)
        customer, seen = self.settler.live.get(key), answer.subscription
        if customer is not None and seen is not None:
            fresh = (*answer.also, seen)
            others = tuple(item for item in customer.subscriptions if item.id not in {one.id for one in fresh})
            self.settler.live[key] = replace(customer, subscriptions=(*others, *fresh))
            self.touched.add(key)
        elif customer is not None and isinstance(operation.action, SetBudget):
            self.settler.live[key] = replace(customer, budget=operation.action.after)
            self.touched.add(key)
        elif customer is not None and isinstance(operation.action, Cancel):
            ids = (operation.guard.subscription,)
            gone = tuple(
                replace(item, status=Status.DELETED) if item.id in ids else item for item in customer.subscriptions
            )
            self.settler.live[key] = replace(customer, subscriptions=gone)
            self.touched.add(key)
        elif customer is not None and isinstance(operation.action, AttestAgreement):
            self.settler.live[key] = replace(customer, agreement="accepted")
            self.touched.add(key)
