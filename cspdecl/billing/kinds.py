"""Which kind of term a subscription is in: standard, trial or extended; no provider says so, the records tell.

An extended service term is what a subscription slides into when its term ends with auto-renew off and no explicit
end (contract §13.8, 2026). It runs by the month under the same id and is priced by list rows of its own. It stays one
for every month that follows, until the subscription runs for a longer term again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from cspdecl.commerce.prices import UnknownPrice, price_of_extended, price_of_running
from cspdecl.core.live import LiveEndOfTerm, LiveSubscription
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import BillingChange, Recorded
from cspdecl.core.terms import Term

#: None: it cannot be told which of two it is.
TermKind = Literal["standard", "trial", "est"] | None

_OFF: tuple[LiveEndOfTerm, ...] = ("extend", "unset")
_UNSURE = UnknownPrice(
    reason="auto-renew is off, since when is not known: this month may be a renewal or an extended service term, "
    "which has list rows of its own"
)


def following_kind(last: Recorded, seen: LiveSubscription) -> TermKind:
    """The kind of the terms that began since `last` was recorded.

    A longer term goes over into months by an extended service term or by a change that was scheduled; auto-renew that
    is or was off means the former, even where its switching off was never recorded.
    """
    if seen.trial:
        return "trial"
    if seen.term is not Term.P1M:
        return "standard"
    was_off, is_off = last.end_of_term in _OFF, seen.end_of_term in _OFF
    if last.term is not Term.P1M:
        planned = last.scheduled is not None and last.scheduled.term is Term.P1M and not was_off
        return "est" if (was_off or is_off) and not planned else "standard"
    if last.term_kind == "est" or was_off:
        return "est"
    return None if is_off else "standard"


def running_kind(last: Recorded | None, seen: LiveSubscription) -> TermKind:
    """The kind of the term that runs, after what was last recorded of it."""
    if seen.trial:
        return "trial"
    if last is None or seen.term is not Term.P1M or last.term_ends is None:
        return "standard"
    if last.term_ends == seen.term_ends:
        return last.term_kind
    return following_kind(last, seen)


def price_of_kind(
    kind: TermKind, prices: PriceBook, subscription: LiveSubscription, *, segment: str
) -> UnitPrice | UnknownPrice:
    """What a seat costs in such a term; an extended one has rows of its own, else a forecast that says so."""
    if kind == "est":
        return price_of_extended(prices, subscription.offer, segment=segment, at=subscription.term_started)
    return _UNSURE if kind is None else price_of_running(prices, subscription, segment=segment)


def with_kind(change: BillingChange, kind: TermKind) -> BillingChange:
    """The record with the kind of its term, where it is about one."""
    return replace(change, term_kind=kind) if change.term_kind is not None else change
