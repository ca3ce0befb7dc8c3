"""What an approved plan still covers: the fresh plan's operations are held against the approved ones, one by one.

Approved is what an operation does (address, action, before → after), until when and for how much it obliges, and what
the plan was made from. Its id is not: a record taken in meanwhile gives the same operation another id. Fewer operations
than approved are fine, others are not, and a customer with one other operation is left alone as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cspdecl.core.action import BuyAzurePlan, ChangeTerm, CreateCustomer, Purchase, Transition
from cspdecl.core.address import Address
from cspdecl.core.diagnostics import Severity
from cspdecl.core.money import Money
from cspdecl.core.operation import Basis, Guard, Operation, Plan
from cspdecl.core.plain import to_plain
from cspdecl.planning.sequence import operation_id

#: Parts of an action that are no part of what is approved: a mark made of the id, words, and prices, judged as money.
_ASIDE = frozenset({"nickname", "unit_price", "basis"})

#: What makes something new: done once on an approval, never again because it is gone meanwhile.
_NEW = (Purchase, CreateCustomer, BuyAzurePlan)

#: What begins a term of its own: its length is part of the action, and its end moves with the day it is carried out.
_OWN_TERM = (Purchase, ChangeTerm, Transition)

_WORDS = {
    "kind": "the action",
    "before": "the value it starts from",
    "after": "the value it leads to",
    "seats": "the number of seats",
    "next": "what the next term shall be",
    "was": "what is scheduled",
    "target": "the offer it leads to",
    "source": "the offer it starts from",
    "ids": "the subscription",
    "subscription": "the subscription",
    "offer": "the offer",
    "term": "the term",
    "billing": "the billing plan",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """One thing that was not approved: what it concerns (None: the whole plan), under which code, in a sentence."""

    code: str
    address: Address | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What may be sent on an approval, as fresh operations, and why the rest may not."""

    operations: tuple[Operation, ...]
    outside: tuple[Outside, ...] = ()

    @property
    def within(self) -> bool:
        """Whether all that is to be done was approved."""
        return not self.outside


Hashes = Mapping[Address, str]


def within(
    approved: Plan, fresh: Plan, *, carried_out: Sequence[Operation] = (), last_hashes: Hashes | None = None
) -> Judgement:
    """Which operations of `fresh` the approval of `approved` covers.

    `carried_out`: what earlier runs did on this approval, which is used up by it. `last_hashes`: the ledger's last hash
    of each address; without it something new is bought only where its id is the approved one.
    """
    still_open = _without(approved.operations, carried_out)
    whole = _other_basis(approved.basis, fresh.basis) if still_open else None
    if whole is not None:
        return Judgement(operations=(), outside=(whole,))
    outside: list[Outside] = []
    for customer in dict.fromkeys(operation.address.customer for operation in still_open):
        outside += _judge_customer(customer, approved, fresh, still_open, last_hashes)
    held = {item.address.customer for item in outside if item.address is not None}
    wanted = {operation.address.customer for operation in still_open} - held
    chosen = tuple(operation for operation in fresh.operations if operation.address.customer in wanted)
    return Judgement(operations=chosen, outside=tuple(outside))


def _other_basis(approved: Basis | None, fresh: Basis | None) -> Outside | None:
    """What differs for every customer: prices, this program, the plugins. The exact version is the safe reading."""
    if approved is None or fresh is None:
        text = "the plan does not say what it was made from, so nothing can be held against it; plan again"
    elif approved.prices != fresh.prices:
        text = "the price lists are others than those the plan was made with"
    elif approved.tool != fresh.tool:
        text = f"the plan was made with cspdecl {approved.tool}, and this is {fresh.tool}"
    elif approved.plugins != fresh.plugins:
        names = sorted({*approved.plugins, *fresh.plugins})
        name = next(name for name in names if approved.plugins.get(name) != fresh.plugins.get(name))
        was, now = approved.plugins.get(name, "no version"), fresh.plugins.get(name, "no version")
        text = f"the plan was made with {was} of the plugin `{name}`, and this is {now}"
    else:
        return None
    return Outside(code="CSP811", address=None, text=text)


def _without(approved: Sequence[Operation], carried_out: Iterable[Operation]) -> tuple[Operation, ...]:
    """Approved operations that no earlier run has used up."""
    left = list(approved)
    for done in carried_out:
        used = next((item for item in left if item.id == done.id), None)
        used = used or next((item for item in left if not _other_words(item, done)), None)
        if used is not None:
            left.remove(used)
    return tuple(left)


def _judge_customer(
    customer: str, approved: Plan, fresh: Plan, still_open: Sequence[Operation], last_hashes: Hashes | None
) -> list[Outside]:
    where = Address(customer)
    if customer in fresh.unknown:
        text = f"{customer} could not be read: {fresh.unknown[customer]}"
        return [Outside(code="CSP813", address=where, text=text)]
    if approved.basis is None or fresh.basis is None:
        raise ValueError("a basis is compared before customers are")
    if approved.basis.customers.get(customer) != fresh.basis.customers.get(customer):
        text = f"what is declared for {customer}, or the bundle it uses, says something else than when this was planned"
        return [Outside(code="CSP812", address=where, text=text)]
    errors = [item for item in fresh.diagnostics if item.severity is Severity.ERROR and _about(item.address, customer)]
    if errors:
        text = f"{customer} is held back by an error: {errors[0].message}"
        return [Outside(code="CSP813", address=where, text=text)]
    left = [operation for operation in still_open if operation.address.customer == customer]
    outside: list[Outside] = []
    for operation in (item for item in fresh.operations if item.address.customer == customer):
        reasons = {id(item): _differs(item, operation, last_hashes) for item in left}
        covering = next((item for item in left if reasons[id(item)] is None), None)
        if covering is not None:
            left.remove(covering)
            continue
        nearest = [
            item for item in left if item.address == operation.address and item.action.kind == operation.action.kind
        ]
        told = reasons[id(nearest[0])] if nearest else None
        text = f"{operation.address}: `{operation.action.kind}` was not approved"
        outside.append(
            Outside(code="CSP813", address=operation.address, text=f"{text}: {told}" if told else text)
        )  # fmt: skip
    return outside + [item for operation in left if (item := _waits(operation, approved, fresh)) is not None]


def _about(address: str | None, customer: str) -> bool:
    return address is not None and address.partition("/")[0] == customer


def _waits(operation: Operation, approved: Plan, fresh: Plan) -> Outside | None:
    """An operation that is not planned any more is done or not needed, unless something now stands in its way."""
    before = {(item.address, item.code) for item in approved.waiting}
    for item in fresh.waiting:
        hinders = item.kind in ("blocked", "manual", "due") and item.address in (
            operation.address,
            Address(operation.address.customer),
        )
        if hinders and (item.address, item.code) not in before:
            text = f"{operation.address}: `{operation.action.kind}` cannot be done now: {item.text}"
            return Outside(code="CSP813", address=operation.address, text=text)
    return None


# ---- one operation against one ----


def _differs(approved: Operation, fresh: Operation, last_hashes: Hashes | None) -> str | None:
    """Why `fresh` is not what was approved, in words; None where it is. The same id says the same but for the money."""
    if approved.id != fresh.id:
        why = (
            _other_words(approved, fresh)
            or _other_standing(approved, fresh, last_hashes)
            or _later_end(approved, fresh)
        )
        if why is not None:
            return why
    return _greater(approved, fresh)


def _other_words(approved: Operation, fresh: Operation) -> str | None:
    """Another address, action, subscription, or another before → after."""
    if approved.address != fresh.address:
        return f"approved was {approved.address}"
    if approved.context.provider != fresh.context.provider:
        return f"it would go to {fresh.context.provider}, approved was {approved.context.provider}"
    if approved.guard.tenant not in (None, fresh.guard.tenant):
        return "it is about another tenant"
    if approved.guard.subscription not in (None, fresh.guard.subscription):
        return "it is about another subscription"
    was, now = _spoken(approved), _spoken(fresh)
    for name in (*was, *now):
        if was.get(name) != now.get(name):
            return f"{_WORDS.get(name, f'`{name}`')} is {_shown(now.get(name))}, approved was {_shown(was.get(name))}"
    return None


def _spoken(operation: Operation) -> dict[str, object]:
    return {name: value for name, value in to_plain(operation.action).items() if name not in _ASIDE}


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(item)}" for name, item in value.items())
    if isinstance(value, list):
        return " and ".join(_shown(item) for item in value)
    return "nothing" if value is None else f"`{value}`"


def _other_standing(approved: Operation, fresh: Operation, last_hashes: Hashes | None) -> str | None:
    """What was seen when it was approved and is not there any more. What either side does not know is not compared."""
    was, now = approved.guard, fresh.guard
    for name in ("offer", "seats", "term", "billing", "status", "end_of_term"):
        before, here = getattr(was, name), getattr(now, name)
        if before is not None and here is not None and before != here:
            what = _WORDS.get(name, name.replace("_", " "))
            return f"{what} there is {_shown(here)}, when approved it was {_shown(before)}"
    if was.check_scheduled and now.check_scheduled and was.scheduled != now.scheduled:
        return "what is scheduled for the renewal is something else than when it was approved"
    if isinstance(fresh.action, _NEW):
        return _not_the_same_gap(approved, now, last_hashes)
    return None


def _not_the_same_gap(approved: Operation, now: Guard, last_hashes: Hashes | None) -> str | None:
    """Something new is bought on an approval only where nothing happened since: no record, no other subscription."""
    if last_hashes is None:
        return "it buys something new, and is not the very operation that was approved"
    address, was = approved.address, approved.guard
    if operation_id(address, approved.action, was, last_hashes.get(address, "")) != approved.id:
        return "something was recorded for it since, so the approval may be used up"
    expected = len(was.siblings) + was.earlier_purchases
    if not set(was.siblings) <= set(now.siblings) or len(now.siblings) + now.earlier_purchases != expected:
        return "there are other subscriptions of the same offer than when it was approved"
    return None


def _later_end(approved: Operation, fresh: Operation) -> str | None:
    if isinstance(fresh.action, _OWN_TERM):
        return None
    for was, now in ((approved.guard.term_ends, fresh.guard.term_ends), (_owed_until(approved), _owed_until(fresh))):
        if now is not None and was is not None and now > was:
            return f"it would oblige until {now:%Y-%m-%d}, approved was until {was:%Y-%m-%d}"
    return None


def _owed_until(operation: Operation) -> datetime | None:
    return operation.preview.commitment_until if operation.preview is not None else None


def _greater(approved: Operation, fresh: Operation) -> str | None:
    """More to pay than approved, now or with the next term. Each operation by itself, so no sum is greater either."""
    for was, now in zip(_amounts(approved), _amounts(fresh), strict=True):
        if (why := _more(was, now)) is not None:
            return why
    if _unknown(fresh) and not _unknown(approved):
        return "what it commits to is not known any more"
    following = fresh.promised.next if fresh.promised else None
    if following is not None and following != (approved.promised.next if approved.promised else None):
        return "what comes of it with the next term is something else than approved"
    return None


def _amounts(operation: Operation) -> tuple[Money | None, ...]:
    """What it commits to, what it promises for the next term, and what one seat may cost at most."""
    preview, promised, action = operation.preview, operation.promised, operation.action
    price = action.unit_price if isinstance(action, Purchase | ChangeTerm | Transition) else None
    return (preview.commitment if preview else None, promised.commitment if promised else None, price)


def _unknown(operation: Operation) -> bool:
    """Whether something about what it commits to was to be known and is not: that counts as more than any amount."""
    preview, promised = operation.preview, operation.promised
    if isinstance(operation.action, Purchase | ChangeTerm | Transition) and operation.action.unit_price is None:
        return True
    unknown = preview is not None and preview.commitment is None and bool(preview.unknown)
    return unknown or (promised is not None and promised.unknown is not None)


def _more(was: Money | None, now: Money | None) -> str | None:
    if now is None or (was is not None and was.currency == now.currency and now.amount <= was.amount):
        return None
    # without the amounts: this sentence is posted where cost may be left out, and the fresh plan has them
    return "it would commit to more than was approved"
