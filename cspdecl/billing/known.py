"""Which subscriptions the ledger has had, since when and until when, and under which orders: what a bill is joined by.

A bill may hold lines of a subscription from before it was taken over here, or from after it was let go: those are not
expected, and are nobody's mistake. Usage of an Azure plan is no charge that the ledger counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from cspdecl.billing.document import change_of
from cspdecl.core.records import LedgerRecord

_BEGINNINGS = ("new", "renew", "cycle_charge")


@dataclass(slots=True, kw_only=True)
class Span:
    """Days on which a subscription was managed here: from `since` to `until` (both included; None: still). `usage`: it
    has neither term nor seats. `taken_over`: it ran before, and the cycle that began on the first day is not ours."""

    since: date
    until: date | None = None
    usage: bool = False
    taken_over: bool = False

    def holds(self, day: date, charge: str) -> bool:
        """Whether a charge of this type that begins on a day was made while it was managed."""
        if self.taken_over and day == self.since and charge in _BEGINNINGS:
            return False
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Spans by subscription, and subscriptions by order and offer; all keys in lower case."""

    spans: dict[str, list[Span]] = field(default_factory=dict)
    orders: dict[tuple[str, str], str] = field(default_factory=dict)

    def managed(self, subscription: str, day: date | None, *, charge: str = "") -> bool:
        """Whether a charge from `day` on was one of this ledger's; without a day, whether it ever was."""
        return any(day is None or one.holds(day, charge) for one in self.spans.get(subscription, ()))

    def usage(self, subscription: str) -> bool:
        """Whether a subscription is billed by usage."""
        return any(one.usage for one in self.spans.get(subscription, ()))


def known_subscriptions(records: Iterable[LedgerRecord]) -> Known:
    """Every subscription the records speak of."""
    known = Known()
    for record in records:
        change = change_of(record.body)
        if change.component_kind not in ("microsoft", "third_party"):
            continue
        day = change.time.date()
        first = change.term_start.date() if change.action == "purchase" and change.term_start else day
        for ident in (*change.provider_subscription_ids, change.provider_subscription_id):
            if ident is None:
                continue
            spans = known.spans.setdefault(ident.lower(), [])
            if not spans or (spans[-1].until is not None and change.action in ("adopt", "rebind")):
                usage = change.term is None and change.offer is not None
                spans.append(Span(since=first, usage=usage, taken_over=change.action == "adopt"))
            if change.action == "forget" or change.moved_to is not None:
                spans[-1].until = day
        own = change.provider_subscription_id
        if change.offer is not None and own is not None and change.provider_order_id:
            known.orders[change.provider_order_id.lower(), str(change.offer)] = own.lower()
        for part in change.parts:
            if part.order_id and part.offer is not None:
                known.orders[part.order_id.lower(), str(part.offer)] = part.subscription.lower()
    return known
