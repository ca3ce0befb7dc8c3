"""What a seat costs, and what we sell it for: rows of price lists become unit prices, or a reason why not.

List prices are for the whole term, whatever the billing plan (contract §9.2, 2023-10). What is charged is the cycle:
a monthly instalment is the term price divided by its cycles and rounded half-up first (3393.90 / 12 = 282.83), and
everything later (seats, days) is computed from that rounded instalment, as Microsoft's worked tables do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    """A price that is not known, and why, as a sentence. It is never zero and never guessed.

    `code`: what is wrong with the lists, where something is and a person can put it right.
    """

    reason: str
    code: str | None = None


def _no_price(reason: str, code: str) -> UnknownPrice:
    """Unknown because of the lists: the code stands in the sentence, so that it can be looked up where it is read."""
    return UnknownPrice(reason=f"{reason} ({code})", code=code)


def prices_in(book: PriceBook, market: str | None) -> PriceBook:
    """The lists of a customer's own market: what is bought for it is priced there (contract §9.2, 2023-10).

    None where the market is not known: then the lists of the project's own market stand.
    """
    market = market or book.home
    if market is None or all(item.market == market for item in (*book.lists, *book.previews)):
        return book
    lists = tuple(item for item in book.lists if item.market == market)
    previews = tuple(item for item in book.previews if item.market == market)
    return replace(book, lists=lists, previews=previews, lacking=None if lists else market)


def market_of(spec: CustomerSpec | None, live: LiveCustomer | None) -> str | None:
    """The country a customer buys in, as its profile or its declaration says; None where neither does."""
    profile = live.profile if live is not None else None
    if profile is None and spec is not None:
        profile = spec.create.profile if spec.create else spec.profile
    if profile is not None:
        return profile.address.country
    return spec.country if spec is not None else None


def find_price(
    book: PriceBook, *, offer: OfferKey, term: Term, billing: BillingCycle, segment: str, at: datetime,
    seats: Iterable[int] = (),
) -> UnitPrice | UnknownPrice:  # fmt: skip
    """The price of one seat bought at `at`: from the list of that month, the row whose effective range covers it.

    Of several rows the one that starts latest wins, as after a republished list; still two are no price, nor is
    nothing or less. A list made for a later month is asked only where no earlier one is imported, and only rows already
    in force at `at` count. One for an earlier month gives the price all the same, since prices rarely change, and the
    price says so. `seats`: the quantities it must hold for, where the list has ranges of seats: before and after.
    """
    what = f"{offer} {term}/{billing} ({segment})"
    if not book.lists:
        where = f" for market {book.lacking}" if book.lacking else ""
        return _no_price(f"no price list{where} is imported, so {what} has no price", "CSP614")
    lists = _lists_for(book, at)
    for price_list in lists:
        rows = _rows(price_list, offer, term, billing, segment)
        if rows:
            return _price_in(price_list, rows, what, at, tuple(seats))
    if not lists:
        return _no_price(f"no price list of seats is imported, so {what} has no price", "CSP614")
    return _no_price(f"price list {_name(lists[0])} has no row for {what}", "CSP613")


def price_of_running(
    book: PriceBook, subscription: LiveSubscription, *, segment: str = COMMERCIAL, after: int | None = None
) -> UnitPrice | UnknownPrice:
    """What a running subscription's seats cost: the price in force when its term began, which holds for the term.

    Never today's list: a list change reaches a subscription only when it renews (contract §9.2). That seats added
    later cost the same is inferred, so money built on this is an estimate. `after`: the seats it is to have, which must
    be in the same range of seats, where the list has such.
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
        seats={count for count in (subscription.seats, after) if count},
    )


def price_of_line(
    book: PriceBook, spec: SubscriptionSpec, subscription: LiveSubscription, *, segment: str = COMMERCIAL,
    after: int | None = None,
) -> UnitPrice | UnknownPrice:  # fmt: skip
    """As `price_of_running`, for the subscription of a declared line: that tells an extended service term.

    No provider shows one (contract §13.8, 2026): it is what a line declared for longer has become when it runs by the
    month, and the monthly row of the list is not its price.
    """
    if subscription.term is Term.P1M is not spec.term:
        return price_of_extended(book, subscription.offer, segment=segment, at=subscription.term_started)
    return price_of_running(book, subscription, segment=segment, after=after)


#: What an extended service term costs more than the month it is forecast from (commerce §2.9, 2026-05): the monthly
#: price, else a twelfth of the yearly one, which no document shows as an amount.
EXTENDED_OVER_MONTH = Fraction(3, 100)
EXTENDED_OVER_YEAR = Fraction(23, 100)


def price_of_extended(
    book: PriceBook, offer: OfferKey | None, *, segment: str = COMMERCIAL, at: datetime
) -> UnitPrice | UnknownPrice:
    """What a seat costs in the month of an extended service term that begins at `at` (contract §13.8, 2026).

    By a row of its own where the list of extended terms has one for this offer (such rows are said to bear SKU ids of
    their own, and nothing documents which belongs to which); else a forecast by the documented ratios, and marked so.
    """
    if offer is None:
        return UnknownPrice(reason="the subscription is not product:SKU, so no price list describes it")
    what = f"{offer} in an extended service term ({segment})"
    for price_list in _lists_for(book, at, views=("est",)):
        rows = _rows(price_list, offer, Term.P1M, BillingCycle.MONTHLY, segment)
        if rows:
            return _price_in(price_list, rows, what, at, ())
    ways = ((Term.P1M, BillingCycle.MONTHLY, EXTENDED_OVER_MONTH), (Term.P1Y, BillingCycle.ANNUAL, EXTENDED_OVER_YEAR))
    for term, billing, uplift in ways:
        found = find_price(book, offer=offer, term=term, billing=billing, segment=segment, at=at)
        if isinstance(found, UnitPrice):
            return _forecast(found, uplift)
        if found.code != "CSP613":
            return found
    return _no_price(f"no imported list has a row for {what}, nor one to forecast it by", "CSP613")


def _forecast(price: UnitPrice, uplift: Fraction) -> UnitPrice:
    """The month's price that follows from another row by a documented ratio."""
    month = price.term_price.exact() * ((1 + uplift) / price.term.months)
    rounded = month.rounded(Rounding.HALF_UP)
    erp = price.erp_term.exact() * ((1 + uplift) / price.term.months) if price.erp_term else None
    return replace(
        price, term_price=rounded, cycle_exact=month, cycle_price=rounded, term=Term.P1M, billing=BillingCycle.MONTHLY,
        erp_term=erp.rounded(Rounding.HALF_UP) if erp else None, forecast=True, uplift=uplift,
    )  # fmt: skip


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
        erp_term=row.erp,
        tier=row.tier,
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
    """The list a price is from, in words: which month it was wanted for where that list is older, whether it is a
    forecast only, and for which range of seats it holds."""
    words = f"list {price.list_date}"
    if price.asked_for is not None:
        words += f", for want of one for {price.asked_for}"
    if price.tier:
        words += f", for {tier_words(price.tier)}"
    if price.uplift is not None:
        base = "monthly price" if price.uplift == EXTENDED_OVER_MONTH else "twelfth of the yearly price"
        words += f", a forecast: the {base} and {price.uplift * 100} %"
    return words


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


def newest_list(book: PriceBook) -> PriceList | None:
    """The list of seat prices that is named for a whole plan: the newest one of the project's own market."""
    return next(
        (item for item in book.lists if item.view == "license" and item.market == (book.home or item.market)), None
    )


def tier_words(tier: str) -> str:
    """A range of seats in words: "1 to 300 seats", "301 seats and more"."""
    low, _, high = tier.partition("-")
    return f"{low or 1} to {high} seats" if high else f"{low} seats and more"


def _lists_for(book: PriceBook, at: datetime, *, views: Sequence[str] = ("license", "software")) -> list[PriceList]:
    """The list of the month of `at`, one a view: the newest that is not later, else the oldest there is."""
    month, found = _month(at), []
    for view in views:
        lists = [item for item in book.lists if item.view == view]
        past = [item for item in lists if item.date[:7] <= month]
        if lists:
            found.append(max(past, key=_date) if past else min(lists, key=_date))
    return found


def _rows(price_list: PriceList, offer: OfferKey, term: Term, billing: BillingCycle, segment: str) -> list[PriceRow]:
    return [
        row
        for row in price_list.rows.get(offer, ())
        if row.term is term and row.billing is billing and row.segment == segment
    ]


def _month(at: datetime) -> str:
    return f"{at.year:04d}-{at.month:02d}"


def _date(price_list: PriceList) -> str:
    return price_list.date


def _name(price_list: PriceList) -> str:
    view = {"license": "", "software": ", software", "est": ", extended terms"}[price_list.view]
    return f"{price_list.date} ({price_list.market}, {price_list.currency}{view})"


def _price_in(
    price_list: PriceList, rows: Iterable[PriceRow], what: str, at: datetime, seats: Sequence[int]
) -> UnitPrice | UnknownPrice:
    covering = [row for row in rows if row.effective_from <= at < row.effective_to]
    day, name = at.date().isoformat(), _name(price_list)
    if not covering:
        return _no_price(f"no row for {what} in price list {name} was in force on {day}", "CSP613")
    if any(row.tier for row in covering):
        found = _in_range(covering, seats, what, name)
        if isinstance(found, UnknownPrice):
            return found
        covering = found
    latest = max(row.effective_from for row in covering)
    costs = {(row.cost.amount, row.cost.currency): row for row in covering if row.effective_from == latest}
    if len(costs) > 1:
        amounts = " and ".join(str(row.cost) for _key, row in sorted(costs.items()))
        return _no_price(f"two rows for {what} in price list {name} on {day}: {amounts}", "CSP612")
    (row,) = costs.values()
    if row.cost.amount <= 0:
        return _no_price(f"price list {name} has {row.cost} for {what}, which is no price", "CSP611")
    priced = unit_price(row, list_date=price_list.date, list_digest=price_list.digest)
    month = _month(at)
    if isinstance(priced, UnitPrice) and price_list.date[:7] < month:
        return replace(priced, asked_for=month)
    return priced


def _in_range(rows: list[PriceRow], seats: Sequence[int], what: str, name: str) -> list[PriceRow] | UnknownPrice:
    """The rows for so many seats. What a change costs that crosses from one range into another, no document says."""
    if not seats:
        reason = f"{what} is priced by seat ranges in list {name}, and for how many seats is not said"
        return _no_price(reason, "CSP619")
    ranges = {tuple(sorted({row.tier for row in rows if _holds(row.tier, count)})) for count in seats}
    if len(ranges) > 1:
        reason = f"{what} changes its seat range in list {name}, and what that does to the price is documented nowhere"
        return _no_price(reason, "CSP619")
    (tiers,) = ranges
    found = [row for row in rows if row.tier in tiers]
    if not found:
        count = " and ".join(str(one) for one in sorted(set(seats)))
        return _no_price(f"price list {name} has no row for {what} with {count} seats", "CSP613")
    return found


def _holds(tier: str, seats: int) -> bool:
    if not tier:
        return True
    low, _, high = tier.partition("-")
    return int(low or 0) <= seats and (not high or seats <= int(high))


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
