"""What a seat costs, and what we sell it for: rows of price lists become unit prices, or a reason why not.

List prices are for the whole term, whatever the billing plan (contract §9.2, 2023-10). What is charged is the cycle:
a monthly instalment is the term price divided by its cycles and rounded half-up first (3393.90 / 12 = 282.83), and
everything later (seats, days) is computed from that rounded instalment, as Microsoft's worked tables do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from cspdecl.core.catalog import OfferKey
from cspdecl.core.desired import CustomerSpec, SellRule, SubscriptionSpec
from cspdecl.core.diagnostics import Diagnostic, warning
from cspdecl.core.live import LiveCustomer, LiveSubscription
from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.project import PriceBook, PriceList, PriceRow, UnitPrice
from cspdecl.core.terms import BillingCycle, Term, cycles_in

#: Segment of customers where nothing else is declared; the one price sheets without the column are for.
COMMERCIAL = "commercial"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownPrice:
    """A price that is not known, and why, as a sentence. It is never zero and never guessed."""

    reason: str


#: Rows of extended service terms are a view of their own (`licensebasedest`, contract §13.8, 2026), which is not read.
EXTENDED_TERM = UnknownPrice(reason="an extended service term has list rows of its own, which are not imported")


def prices_in(book: PriceBook, market: str | None) -> PriceBook:
    """The lists of a customer's own market: what is bought for it is priced there (contract §9.2, 2023-10).

    None where the market is not known: then the project's lists stand.
    """
    if market is None or all(item.market == market for item in book.lists):
        return book
    kept = tuple(item for item in book.lists if item.market == market)
    return PriceBook(lists=kept, lacking=None if kept else market)


def market_of(spec: CustomerSpec | None, live: LiveCustomer | None) -> str | None:
    """The country a customer buys in, as its profile or its declaration says; None where neither does."""
    profile = live.profile if live is not None else None
    if profile is None and spec is not None:
        profile = spec.create.profile if spec.create else spec.profile
    return profile.address.country if profile is not None else None


def find_price(
    book: PriceBook, *, offer: OfferKey, term: Term, billing: BillingCycle, segment: str, at: datetime
) -> UnitPrice | UnknownPrice:
    """The price of one seat bought at `at`: from the list of that month, the row whose effective range covers it.

    Of several rows the one that starts latest wins, as after a republished list; still two are no price. A list made
    for a later month is asked only where no earlier one is imported, and only rows already in force at `at` count.
    One for an earlier month gives the price all the same, since prices rarely change, and the price says so.
    """
    what = f"{offer} {term}/{billing} ({segment})"
    if not book.lists:
        where = f" for market {book.lacking}" if book.lacking else ""
        return UnknownPrice(reason=f"no price list{where} is imported, so {what} has no price")
    price_list = _list_for(book, at)
    rows = [
        row
        for row in price_list.rows.get(offer, ())
        if row.term is term and row.billing is billing and row.segment == segment
    ]
    if not rows:
        return UnknownPrice(reason=f"price list {_name(price_list)} has no row for {what}")
    return _price_in(price_list, rows, what, at)


def price_of_running(
    book: PriceBook, subscription: LiveSubscription, *, segment: str = COMMERCIAL
) -> UnitPrice | UnknownPrice:
    """What a running subscription's seats cost: the price in force when its term began, which holds for the term.

    Never today's list: a list change reaches a subscription only when it renews (contract §9.2). That seats added
    later cost the same is inferred, so money built on this is an estimate.
    """
    if subscription.trial:
        return UnknownPrice(reason="a trial has no price of its own")
    if subscription.offer is None or subscription.term is None or subscription.billing is None:
        return UnknownPrice(reason="the subscription is not product:SKU, so no price list describes it")
    if subscription.promotion is not None:
        return UnknownPrice(reason=f"promotion {subscription.promotion} applies, and price lists hold no promotions")
    return find_price(
        book,
        offer=subscription.offer,
        term=subscription.term,
        billing=subscription.billing,
        segment=segment,
        at=subscription.term_started,
    )


def price_of_line(
    book: PriceBook, spec: SubscriptionSpec, subscription: LiveSubscription, *, segment: str = COMMERCIAL
) -> UnitPrice | UnknownPrice:
    """As `price_of_running`, for the subscription of a declared line: that tells an extended service term.

    No provider shows one (contract §13.8, 2026): it is what a line declared for longer has become when it runs by the
    month, and the monthly row of the list is not its price.
    """
    if subscription.term is Term.P1M is not spec.term:
        return EXTENDED_TERM
    return price_of_running(book, subscription, segment=segment)


def unit_price(row: PriceRow, *, list_date: str, list_digest: str) -> UnitPrice | UnknownPrice:
    """A row as a unit price: per term as printed, per charge cycle exactly and as the rounded instalment."""
    cycles = cycles_in(row.term, row.billing)
    if cycles is None:
        return UnknownPrice(reason=f"{row.offer} {row.term}/{row.billing} has no charge cycles to divide the price by")
    exact = row.cost.exact() * Fraction(1, cycles)
    return UnitPrice(
        term_price=row.cost,
        cycle_exact=exact,
        cycle_price=exact.rounded(Rounding.HALF_UP),
        term=row.term,
        billing=row.billing,
        list_date=list_date,
        list_digest=list_digest,
        valid_from=row.effective_from,
        segment=row.segment,
    )


def cost_per_cycle(price: UnitPrice | UnknownPrice, seats: int) -> Money | None:
    """What `seats` cost a charge cycle; None where the price is unknown."""
    return price.cycle_price * seats if isinstance(price, UnitPrice) else None


def cost_per_month(price: UnitPrice | UnknownPrice, seats: int) -> Money | None:
    """What `seats` cost a month, for comparing: a yearly price divided by twelve. None where the price is unknown."""
    if not isinstance(price, UnitPrice):
        return None
    return per_month(price.cycle_price * seats, price.billing.months or price.term.months)


def sell_amount(rule: SellRule, seats: int) -> Money:
    """Our price for `seats`, every `rule.every`."""
    return sell_exact(rule, seats).rounded(Rounding.HALF_UP)


def sell_exact(rule: SellRule, seats: int | Fraction) -> ExactMoney:
    """Our price for `seats`, every `rule.every`, before rounding."""
    return ExactMoney(Fraction(rule.per_seat) * seats, rule.currency)


def sell_per_month(rule: SellRule, seats: int) -> Money:
    """Our price for `seats` a month, for comparing: a yearly price divided by twelve."""
    months = 12 if rule.every == "year" else 1
    return (sell_exact(rule, seats) * Fraction(1, months)).rounded(Rounding.HALF_UP)


def per_month(money: Money, months: int) -> Money:
    """An amount for `months` as an amount a month, half-up to the minor unit."""
    return (money.exact() * Fraction(1, months)).rounded(Rounding.HALF_UP)


def list_words(price: UnitPrice) -> str:
    """The list a price is from, in words, and which month it was wanted for where that list is older."""
    if price.asked_for is None:
        return f"list {price.list_date}"
    return f"list {price.list_date}, for want of one for {price.asked_for}"


def older_lists(priced: Iterable[tuple[str | None, str | None]]) -> Diagnostic | None:
    """One warning for all amounts whose list is older than their month; pairs of a list's date and that month."""
    found = sorted({(month, used) for used, month in priced if used is not None and month is not None})
    if not found:
        return None
    months, lists = sorted({month for month, _used in found}), sorted({used for _month, used in found})
    when = months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"
    used = f"list {lists[0]}" if len(lists) == 1 else f"lists {', '.join(lists)}"
    return warning(
        "CSP609",
        f"amounts of {when} are by price {used}: none for {'that month' if len(months) == 1 else 'then'} is imported",
        hint="import the list of the month (`cspdecl prices import FILE`); until then such amounts may be out of date",
    )


def _list_for(book: PriceBook, at: datetime) -> PriceList:
    past = [item for item in book.lists if item.date[:7] <= _month(at)]
    return max(past, key=_date) if past else min(book.lists, key=_date)


def _month(at: datetime) -> str:
    return f"{at.year:04d}-{at.month:02d}"


def _date(price_list: PriceList) -> str:
    return price_list.date


def _name(price_list: PriceList) -> str:
    return f"{price_list.date} ({price_list.market}, {price_list.currency})"


def _price_in(price_list: PriceList, rows: Iterable[PriceRow], what: str, at: datetime) -> UnitPrice | UnknownPrice:
    covering = [row for row in rows if row.effective_from <= at < row.effective_to]
    day = at.date().isoformat()
    if not covering:
        return UnknownPrice(reason=f"no row for {what} in price list {_name(price_list)} was in force on {day}")
    if any(row.tier for row in covering):
        return UnknownPrice(
            reason=f"{what} is priced by seat ranges in list {_name(price_list)}, which are not read yet"
        )
    latest = max(row.effective_from for row in covering)
    costs = {(row.cost.amount, row.cost.currency): row for row in covering if row.effective_from == latest}
    if len(costs) > 1:
        amounts = " and ".join(str(row.cost) for _key, row in sorted(costs.items()))
        return UnknownPrice(reason=f"two rows for {what} in price list {_name(price_list)} on {day}: {amounts}")
    (row,) = costs.values()
    found = unit_price(row, list_date=price_list.date, list_digest=price_list.digest)
    month = _month(at)
    if isinstance(found, UnitPrice) and price_list.date[:7] < month:
        return replace(found, asked_for=month)
    return found


def billed_seats(*, bundle_seats: int, line_seats: int | None, anchor_seats: int) -> int:
    """Bundle seats a customer pays for while the bundle's anchor has `anchor_seats`.

    Declared are `bundle_seats`, for which the anchor needs `line_seats` (None: one to one). They are paid from the
    moment the anchor has them; a reduction that is held back stays billed, in the declared ratio, rounded up.
    """
    if not anchor_seats:
        return 0
    if line_seats is None or line_seats == bundle_seats:
        return anchor_seats
    if not line_seats or anchor_seats == line_seats:
        return bundle_seats
    return -(-bundle_seats * anchor_seats // line_seats)
