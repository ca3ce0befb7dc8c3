"""The project's guardrails over a whole run: no minimum size below which they sleep, and no number they do not name.

A guardrail that cannot be evaluated, because an amount is unknown, refuses: a price list that is missing must not open
the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cspdecl.commerce.words import counted, seats
from cspdecl.core.action import (
    BookService,
    Cancel,
    ChangeTerm,
    Forget,
    Purchase,
    Reprice,
    ScheduleRenewal,
    SetSeats,
    Transition,
)
from cspdecl.core.address import Address
from cspdecl.core.catalog import OfferKey
from cspdecl.core.money import Money
from cspdecl.core.operation import MoneyTotals, Operation, SafetyReport, Verdict
from cspdecl.core.project import Forbidden, Guardrails
from cspdecl.core.terms import BillingCycle, Term
from cspdecl.planning.money import cost_month, margin, sell_month
from cspdecl.planning.sentences import percent, plain


def check_safety(
    guardrails: Guardrails, operations: Sequence[Operation], totals: MoneyTotals, *, managed: int
) -> SafetyReport:
    """Every guardrail that is touched. `managed`: lines bound or booked before this plan, the whole project over."""
    verdicts: list[Verdict] = []
    if guardrails.max_seats_per_change is not None:
        verdicts += _seats(guardrails.max_seats_per_change, operations)
    if guardrails.max_new_commitment is not None:
        verdicts += _commitment(guardrails.max_new_commitment, operations, totals)
    if guardrails.min_margin is not None:
        verdicts += _margins(guardrails.min_margin, operations)
    for rule in guardrails.forbid:
        verdicts += _forbidden(rule, operations)
    verdicts += _stop_managing(guardrails.max_stop_managing, operations, managed)
    return SafetyReport(verdicts=tuple(verdicts))


def _refuse(rule: str, code: str, text: str, address: Address | None = None) -> Verdict:
    return Verdict(rule=rule, code=code, text=text, refused=True, address=address)


def _seats(limit: int, operations: Iterable[Operation]) -> list[Verdict]:
    out = []
    for operation in operations:
        change = _seat_change(operation)
        if abs(change) > limit:
            verb = "add" if change > 0 else "remove"
            out.append(
                _refuse(
                    "maxSeatsPerChange",
                    "CSP501",
                    f"{operation.address} would {verb} {seats(abs(change))} at once, the project allows {limit}; "
                    "make the change in steps, or raise `guardrails.maxSeatsPerChange` in a change of its own",
                    operation.address,
                )
            )
    return out


def _seat_change(operation: Operation) -> int:
    match operation.action:
        case Purchase(seats=count):
            return count
        case SetSeats(before=before, after=after):
            return after - before
        case Cancel(seats=count):
            return -count
        case ScheduleRenewal(next=wanted):
            return wanted.seats - (operation.guard.seats or 0)
        case Transition(seats=count):
            return count  # seats that go over for good count like added ones: there is no way back
        case _:
            return 0


def _commits(operation: Operation) -> bool:
    """Whether an operation newly obliges to pay: purchases, and what only looks like a change (contract §22.27)."""
    action = operation.action
    more = isinstance(action, SetSeats) and action.after > action.before
    return more or isinstance(action, Purchase | ChangeTerm | Transition)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bought:
    """What an operation buys, now or with the renewal."""

    term: Term | None
    billing: BillingCycle | None
    offer: OfferKey | None


def _bought(operation: Operation) -> _Bought | None:
    """Offer, term and plan that are bought; None where nothing is."""
    context, guard = operation.context, operation.guard
    match operation.action:
        case Purchase(offer=offer, term=term, billing=billing):
            return _Bought(term=term, billing=billing, offer=offer)
        case ChangeTerm(term=term, billing=billing):
            return _Bought(term=term, billing=billing, offer=guard.offer or context.offer)
        case Transition(target=offer, term=longer, billing=plan):
            return _Bought(term=longer or guard.term, billing=plan or guard.billing, offer=offer)
        case SetSeats(before=before, after=after) if after > before:
            return _Bought(term=context.term, billing=context.billing, offer=context.offer)
        case ScheduleRenewal(next=following) if (following.offer, following.term, following.billing) != (
            guard.offer, guard.term, guard.billing
        ) or following.seats > (guard.seats or 0):  # fmt: skip
            return _Bought(term=following.term, billing=following.billing, offer=following.offer)
        case _:
            return None


def _comes_with(operation: Operation) -> _Bought | None:
    """What comes of an operation by itself with the next term: what a trial becomes."""
    following = operation.promised.next if operation.promised is not None else None
    if following is None:
        return None
    return _Bought(term=following.term, billing=following.billing, offer=following.offer)


def _commitment(limits: Mapping[str, Decimal], operations: Sequence[Operation], totals: MoneyTotals) -> list[Verdict]:
    out = []
    what_to_do = "split the change, or raise `guardrails.maxNewCommitment` in a change of its own"
    sums = {owed.currency: owed for owed in totals.commitment}
    for operation in operations:
        if operation.promised is not None and (later := operation.promised.commitment) is not None:
            sums[later.currency] = sums[later.currency] + later if later.currency in sums else later
    for owed in (sums[currency] for currency in sorted(sums)):
        limit = limits.get(owed.currency)
        if limit is None:
            text = f"this plan commits to {plain(owed)}, and no limit is set for {owed.currency}"
            out.append(_refuse("maxNewCommitment", "CSP502", f"{text}; set one under `guardrails.maxNewCommitment`"))
        elif owed.amount > limit:
            allowed = plain(Money(limit, owed.currency))
            text = f"this plan newly commits to {plain(owed)}, the project allows {allowed}"
            out.append(_refuse("maxNewCommitment", "CSP502", f"{text}; {what_to_do}"))
    for operation in operations:
        why = operation.promised.unknown if operation.promised is not None else None
        if _commits(operation) and (operation.preview is None or operation.preview.commitment is None):
            why = operation.preview.unknown[0] if operation.preview and operation.preview.unknown else "it is unknown"
        if why is not None:
            out.append(
                _refuse(
                    "maxNewCommitment",
                    "CSP502",
                    f"what {operation.address} commits to is unknown ({why}), so the limit cannot be checked; import "
                    "the price list it needs with `cspdecl prices import`",
                    operation.address,
                )
            )
    return out


def _margins(least: Fraction, operations: Sequence[Operation]) -> list[Verdict]:
    """By the bundle or line: what is newly sold must leave at least this share of its price."""
    return _sold_margins(least, operations) + _lowered_margins(least, operations)


def _lowered_margins(least: Fraction, operations: Iterable[Operation]) -> list[Verdict]:
    """A price of ours that is lowered must leave that share, too; one that is raised may still be under it."""
    out = []
    for operation in operations:
        action, preview = operation.action, operation.preview
        if not isinstance(action, Reprice) or preview is None or action.after is None:
            continue
        lowers = preview.sell is None or preview.sell.amount < 0
        address = action.bundle or operation.address
        if lowers and preview.margin_after is None and operation.context.provider is not None:
            text = f"what the lower price of {address} leaves is unknown, and at least {percent(least)} is asked for"
            out.append(_refuse("minMargin", "CSP503", f"{text}; import the price list it needs", address))
        elif lowers and preview.margin_after is not None and preview.margin_after < least:
            text = (
                f"the lower price of {address} leaves {percent(preview.margin_after)}, the project asks for "
                f"{percent(least)}; keep the price, or lower `guardrails.minMargin` in a change of its own"
            )
            out.append(_refuse("minMargin", "CSP503", text, address))
    return out


def _sold_margins(least: Fraction, operations: Iterable[Operation]) -> list[Verdict]:
    groups: dict[Address, list[Operation]] = {}
    for operation in operations:
        if _commits(operation) or (isinstance(operation.action, BookService) and operation.action.after > 0):
            groups.setdefault(operation.context.bundle_instance or operation.address, []).append(operation)
    out = []
    for address, group in groups.items():
        previews = [operation.preview for operation in group if operation.preview is not None]
        why = next((item.sell_unknown for item in previews if item.sell_unknown), None)
        if why is not None:
            text = f"the margin of {address} is unknown (our price: {why}), and at least {percent(least)} is asked for"
            out.append(_refuse("minMargin", "CSP503", f"{text}; import the price list it needs", address))
            continue
        sells = [item for item in map(sell_month, previews) if item is not None]
        if not sells or not any(_commits(operation) for operation in group):
            continue
        unknown = next((item.unknown[0] for item in previews if item.cost_cycle is None and item.unknown), None)
        if unknown is not None:
            text = f"the margin of {address} is unknown ({unknown}), and at least {percent(least)} is asked for"
            out.append(_refuse("minMargin", "CSP503", f"{text}; import the price list it needs", address))
            continue
        sell = sells[0]
        for item in sells[1:]:
            sell = sell + item
        costs = [item for item in map(cost_month, previews) if item is not None]
        cost = costs[0]
        for item in costs[1:]:
            cost = cost + item
        share = margin(sell, cost)
        if share is None and cost.value > 0 and (sell.currency != cost.currency or sell.value <= 0):
            why = f"our price is in {sell.currency} and the cost in {cost.currency}"
            why = why if sell.currency != cost.currency else "our price is nothing"
            text = f"the margin of {address} cannot be computed ({why}), and at least {percent(least)} is asked for"
            out.append(_refuse("minMargin", "CSP503", f"{text}; change `sell`", address))
        if share is not None and share < least:
            out.append(
                _refuse(
                    "minMargin",
                    "CSP503",
                    f"what {address} adds leaves {percent(share)} of its price, the project asks for {percent(least)}; "
                    "raise `sell`, or lower `guardrails.minMargin` in a change of its own",
                    address,
                )
            )
    return out


def _forbidden(rule: Forbidden, operations: Iterable[Operation]) -> list[Verdict]:
    words = ", ".join(
        f"{name}: {value}"
        for name, value in (("term", rule.term), ("billing", rule.billing), ("offer", rule.offer))
        if value is not None
    )
    out = []
    for operation in operations:
        bought = [item for item in (_bought(operation), _comes_with(operation)) if item is not None]
        if any(
            rule.term in (None, item.term) and rule.billing in (None, item.billing) and rule.offer in (None, item.offer)
            for item in bought
        ):
            text = f"{operation.address} buys what the project forbids ({words})"
            text += "; choose another, or change `guardrails.forbid` in a change of its own"
            out.append(_refuse("forbid", "CSP504", text, operation.address))
    return out


def _stop_managing(share: Fraction, operations: Iterable[Operation], managed: int) -> list[Verdict]:
    leaving = [
        operation
        for operation in operations
        if isinstance(operation.action, Forget | BookService)
        and operation.reason.code == "removed"
        and operation.address.path
    ]
    if not leaving or Fraction(len(leaving), max(managed, 1)) <= share:
        return []
    text = (
        f"this plan stops managing {counted(len(leaving), 'line')} of {managed}, that is "
        f"{percent(Fraction(len(leaving), max(managed, 1)))}, and the project allows {percent(share)}; put the lines "
        "back, remove fewer at a time, or raise `guardrails.maxStopManaging` in a change of its own"
    )
    return [_refuse("maxStopManaging", "CSP505", text)]
