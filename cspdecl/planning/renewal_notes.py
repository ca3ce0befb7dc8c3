"""What has to be said beside a renewal: what is not written yet, what ends with the term, what may follow by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cspdecl.commerce.decide_renewal import as_it_runs, is_scheduled, next_term
from cspdecl.commerce.prices import price_of_extended
from cspdecl.commerce.words import seats
from cspdecl.core.desired import CustomerSpec, EndOfTerm, SubscriptionSpec
from cspdecl.core.live import LiveCustomer, LiveSubscription, NextTerm, Status
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.terms import Term
from cspdecl.planning.context import bundle_of

Outcome = Literal["renews", "converts", "extends", "ends", "undecided"]


_KEYS = {"end_of_term": "endOfTerm", "at_renewal": "atRenewal"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What surrounds one subscription."""

    key: str
    there: LiveCustomer
    spec: CustomerSpec | None
    line: SubscriptionSpec | None
    book: PriceBook

    @property
    def segment(self) -> str:
        """The segment this customer buys in."""
        return self.spec.segment if self.spec else "commercial"


def otherwise(line: SubscriptionSpec, item: LiveSubscription, outcome: Outcome) -> NextTerm | None:
    """What is declared for the next term, where it is not what will come about."""
    if outcome != "renews" or line.absent:
        return None
    wanted = next_term(line, item)
    return None if wanted is None or is_scheduled(item.scheduled or as_it_runs(item), wanted) else wanted


def unwritten(line: SubscriptionSpec | None, item: LiveSubscription, declared: EndOfTerm | None) -> bool:
    """Whether what is declared for the end of the term is not what the provider has."""
    if line is None or declared is None:
        return False
    if item.trial:
        return (declared == "renew") != (item.end_of_term == "renew")
    if is_extended(item, line) and (declared, item.end_of_term) == ("extend", "unset"):
        return False
    return declared != item.end_of_term and item.status is not Status.SUSPENDED


def is_extended(item: LiveSubscription, line: SubscriptionSpec | None) -> bool:
    """Whether it is a month of an extended service term: declared for longer, running by the month."""
    return line is not None and item.term is Term.P1M is not line.term and not item.trial and item.scheduled is None


def notes_of(
    around: Around, item: LiveSubscription, outcome: Outcome, upcoming: NextTerm | None, declared: EndOfTerm | None
) -> Iterator[str]:
    """The sentences, in reading order."""
    line, spec = around.line, around.spec
    if line is None:
        yield "in no manifest: nothing of it is decided here"
    elif unwritten(line, item, declared):
        yield f"declared is `{declared}`, which is not written at the provider yet: `cspdecl plan` says what follows"
    elif declared is None:
        yield "`endOfTerm` is not declared"
    if outcome == "undecided":
        yield "auto-renew is off and nothing else is set: it may go on by the month at a higher price"
        month = price_of_extended(
            around.book, item.offer, segment=around.segment, at=item.term_ends or item.term_started
        )
        if isinstance(month, UnitPrice):
            kind = "a forecast" if month.forecast else f"list {month.list_date}"
            yield f"such a month costs {month.cycle_price} a seat ({kind})"
    for ahead in line.dated if line is not None else ():
        if item.term_ends is not None and ahead.starts < item.term_ends.date():
            yield f"`{_KEYS.get(ahead.field, ahead.field)}` is declared anew from {ahead.starts}, before the term ends"
    if item.status is Status.SUSPENDED:
        yield "suspended: it is disabled at the end of its term unless it is resumed and renewed"
    if line is not None and (wanted := otherwise(line, item, outcome)) is not None:
        what = f"{seats(wanted.seats)} of {wanted.offer}, {wanted.term} {wanted.billing}"
        yield f"declared for the next term is {what}, which is not written yet: `cspdecl plan` says what follows"
    if outcome == "converts":
        yield "a trial: left alone it becomes a paid commitment, without any promotion"
    if outcome == "extends":
        yield "from then on by the month, to be ended or renewed on any day"
    if spec is not None and spec.hold is not None and outcome in ("renews", "converts", "extends"):
        yield f"this customer is on hold since {spec.hold.since}, and this commits anew"
    if item.promotion is not None and outcome == "renews":
        kept = upcoming.promotion if upcoming else None
        if kept is None:
            yield f"promotion {item.promotion} ends with the term: then the list price, unless it still runs"
    if upcoming is not None and upcoming.promotion is not None:
        yield f"promotion {upcoming.promotion} will apply; lists hold no promotions, so it will cost less than shown"
    if line is not None and line.bundle is not None and spec is not None and (bundle := bundle_of(line, spec)):
        yield f"sold as part of {bundle.display_name} ({bundle.address})"
    if item.custom_end is not None and upcoming is not None and upcoming.ends is None:
        yield f"its term was cut short to end on {item.custom_end}; the next one is a full one"
