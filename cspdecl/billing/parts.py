"""What the books already say of one subscription: its price, its discounts, where its charge cycles begin.

An address may stand for several subscriptions, as after an upgrade of some of its seats. Its records then hold every
one of them as a `Part`; for an address with a single one the record itself is that part. A price that was recorded
in a term holds for this term, whatever list is imported later (contract §9.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from cspdecl.billing.kinds import TermKind, price_of_kind
from cspdecl.commerce.prices import UnknownPrice
from cspdecl.commerce.promotions import discounted
from cspdecl.commerce.proration import cycle_of
from cspdecl.core.inquiry import PromotionOffer
from cspdecl.core.live import LiveSubscription
from cspdecl.core.money import ExactMoney, Money, Rounding
from cspdecl.core.project import PriceBook, UnitPrice
from cspdecl.core.records import BillingChange, Discount, Part, Recorded
from cspdecl.core.terms import Cycle, cycle_containing, cycles_in


def parts_in(change: BillingChange | None) -> tuple[Part, ...]:
    """Every subscription that runs after a change, in order."""
    if change is None or change.state == "ended":
        return ()
    if change.parts:
        return change.parts
    ids = change.provider_subscription_ids
    if len(ids) != 1:
        return ()
    return (
        Part(
            subscription=ids[0],
            offer=change.offer,
            quantity=change.quantity_after,
            order_id=change.provider_order_id,
            provider_status=change.provider_status,
            term=change.term,
            term_kind=change.term_kind,
            billing_plan=change.billing_plan,
            promotion_id=change.promotion_id,
            discounts=change.discounts,
            term_start=change.term_start,
            term_end=change.term_end,
            end_of_term=change.end_of_term,
            scheduled=change.scheduled,
            cycle_anchor=change.cycle_anchor,
            cost_unit_list=change.cost_unit_list,
            price_source=change.price_source,
            price_list=change.price_list,
            price_list_digest=change.price_list_digest,
            price_valid_from=change.price_valid_from,
            price_segment=change.price_segment,
        ),
    )


def part_in(change: BillingChange | None, ident: str) -> Part | None:
    """What the record says of one subscription."""
    return next((part for part in parts_in(change) if part.subscription == ident), None)


def part_of(seen: LiveSubscription, price: UnitPrice | UnknownPrice, *, kind: TermKind, anchor: date | None) -> Part:
    """One subscription as it was read, at its price."""
    return Part(
        subscription=seen.id,
        offer=seen.offer,
        quantity=Decimal(seen.seats),
        order_id=seen.order_id,
        provider_status=seen.status,
        term=seen.term,
        term_kind=kind,
        billing_plan=seen.billing,
        promotion_id=seen.promotion,
        discounts=discounts_of(price),
        term_start=seen.term_started,
        term_end=seen.term_ends,
        end_of_term="none" if seen.end_of_term == "unset" else seen.end_of_term,
        scheduled=seen.scheduled,
        cycle_anchor=anchor,
        cost_unit_list=list_unit(price) if isinstance(price, UnitPrice) else None,
        price_source=("forecast" if price.forecast else "list") if isinstance(price, UnitPrice) else None,
        price_list=price.list_date if isinstance(price, UnitPrice) else None,
        price_list_digest=price.list_digest if isinstance(price, UnitPrice) else None,
        price_valid_from=price.valid_from if isinstance(price, UnitPrice) else None,
        price_segment=price.segment if isinstance(price, UnitPrice) else None,
    )


def nothing(currency: str) -> Money:
    """Zero, with the currency's decimals: what a trial costs, which is known and no gap."""
    return ExactMoney(Fraction(0), currency).rounded(Rounding.DOWN)


def list_unit(price: UnitPrice) -> Money:
    """What a seat costs a charge cycle before anything is taken off: what bills call the unit price."""
    if not price.discount:
        return price.cycle_price
    exact = price.cycle_price.exact() * (1 / (1 - price.discount))
    return exact.rounded(Rounding.HALF_UP)


def discounts_of(price: UnitPrice | UnknownPrice) -> tuple[Discount, ...]:
    """What is taken off, as a record says it."""
    if isinstance(price, UnknownPrice) or not price.discount or price.promotion is None:
        return ()
    return (Discount(because="promotion", ratio=price.discount, id=price.promotion),)


def unit_charged(unit: Money | None, discounts: Iterable[Discount]) -> ExactMoney | None:
    """What a seat costs a charge cycle after discounts, exactly."""
    if unit is None:
        return None
    exact = unit.exact()
    for one in discounts:
        exact = exact * (1 - one.ratio)
    return exact


def unit_left(unit: Money | None, discounts: Iterable[Discount]) -> Money | None:
    """The same, as an amount with the decimals it needs."""
    if unit is None:
        return None
    exact = unit_charged(unit, discounts)
    return _plain(exact) if exact is not None else None


def cost_of(parts: Iterable[Part]) -> Money | None:
    """What subscriptions cost a charge cycle together; None where one's price is not known or currencies differ."""
    total: Money | None = None
    for part in parts:
        unit = unit_charged(part.cost_unit_list, part.discounts)
        if unit is None or (total is not None and total.currency != unit.currency):
            return None
        amount = _plain(unit * Fraction(part.quantity))
        total = amount if total is None else total + amount
    return total


def held_price(
    known: Part | None, kind: TermKind, prices: PriceBook, seen: LiveSubscription, *, segment: str
) -> UnitPrice | UnknownPrice:
    """What a seat of a running subscription costs: what the books say for this term, else what the lists say.

    A promotion's discount is known from the books, since no list has it; where they do not know it, nothing is.
    """
    plain = replace(seen, promotion=None)
    listed = price_of_kind(kind, prices, plain, segment=segment)
    locked = _locked(known, seen)
    if locked is not None and not (isinstance(listed, UnitPrice) and listed.tier):
        listed = locked
    if seen.promotion is None:
        return listed
    if known is None or known.promotion_id != seen.promotion or not known.discounts:
        return price_of_kind(kind, prices, seen, segment=segment)
    return with_discount(listed, seen.promotion, known.discounts[0].ratio)


def with_discount(price: UnitPrice | UnknownPrice, promotion: str, ratio: Fraction) -> UnitPrice | UnknownPrice:
    """A price with a promotion taken off."""
    if isinstance(price, UnknownPrice):
        return price
    return discounted(
        price, PromotionOffer(id=promotion, name="", eligible=True, automatic=True, discount=ratio)
    )  # fmt: skip


def anchor_of(known: Part | None, seen: LiveSubscription) -> date | None:
    """A day on which charge cycles begin, where that is not the term's first day: a term that was given its end has
    its short cycle first, and every later one begins on the day after that end (contract §13.6, commerce §2.6)."""
    now = (seen.term, seen.term_started, seen.term_ends)
    if known is not None and known.cycle_anchor and (known.term, known.term_start, known.term_end) == now:
        return known.cycle_anchor
    if seen.custom_end is None or seen.term_ends is None or not seen.billing or not seen.billing.months:
        return None
    if seen.custom_end != (seen.term_ends - timedelta(microseconds=1)).date():
        return None
    return seen.custom_end + timedelta(days=1)


def charged_cycle(seen: LiveSubscription, on: date, anchor: date | None) -> Cycle | None:
    """The full charge cycle that holds a day; a first one that is cut short began before its term."""
    if anchor is None or seen.term is None or seen.billing is None or seen.billing.months is None:
        return cycle_of(seen, on)
    if seen.term_ends is not None and on > (seen.term_ends - timedelta(microseconds=1)).date():
        return None
    return cycle_containing(anchor, on, term=seen.term, billing=seen.billing)


def anchor_of_cycle(seen: LiveSubscription, cycle: Cycle | None) -> date | None:
    """Where cycles begin, by one of them: None where that is the term's first day."""
    if cycle is None or seen.term is None or seen.billing is None or seen.billing.months is None:
        return None
    usual = cycle_containing(seen.term_started.date(), cycle.start, term=seen.term, billing=seen.billing)
    return None if usual == cycle else cycle.end + timedelta(days=1)


def recorded_of(recorded: Recorded | None, last: BillingChange | None, ident: str) -> Recorded | None:
    """The last record as one about a single subscription of an address that has several."""
    part = part_in(last, ident)
    if recorded is None or part is None or last is None or not last.parts:
        return recorded
    return replace(
        recorded,
        subscription=ident,
        ids=(ident,),
        offer=str(part.offer) if part.offer else None,
        seats=part.quantity,
        term=part.term,
        term_kind=part.term_kind,
        term_ends=part.term_end,
        billing=part.billing_plan,
        end_of_term="unset" if part.end_of_term == "none" else part.end_of_term,
        scheduled=part.scheduled,
        provider_status=part.provider_status,
    )


def with_parts(change: BillingChange, known: Mapping[str, Part], own: Iterable[Part]) -> BillingChange:
    """The record with every subscription it stands for, where that is not just its own: `own` changed, others stay."""
    ids = change.provider_subscription_ids
    if ids in ((), (change.provider_subscription_id,)) or change.state == "ended":
        return replace(change, parts=())
    all_of_them = {**known, **{part.subscription: part for part in own}}
    return replace(change, parts=tuple(all_of_them[one] for one in ids if one in all_of_them))


def _locked(known: Part | None, seen: LiveSubscription) -> UnitPrice | None:
    if known is None or known.cost_unit_list is None or known.price_list is None or seen.trial:
        return None
    if (known.offer, known.term, known.billing_plan) != (seen.offer, seen.term, seen.billing):
        return None
    if known.term_start != seen.term_started or seen.term is None or seen.billing is None:
        return None
    unit, month = known.cost_unit_list, f"{seen.term_started:%Y-%m}"
    return UnitPrice(
        term_price=unit * (cycles_in(seen.term, seen.billing) or 1),
        cycle_exact=unit.exact(),
        cycle_price=unit,
        term=seen.term,
        billing=seen.billing,
        list_date=known.price_list,
        list_digest=known.price_list_digest or "",
        valid_from=known.price_valid_from,
        segment=known.price_segment or "commercial",
        asked_for=month if known.price_list[:7] < month else None,
        forecast=known.price_source == "forecast",
    )


def _plain(exact: ExactMoney) -> Money:
    """An exact amount with the decimals it needs and the currency has, half a cent up where it would need endless."""
    rounded, value = exact.rounded(Rounding.HALF_UP), exact.value
    if Fraction(rounded.amount) == value:
        return rounded
    found = Decimal(value.numerator) / Decimal(value.denominator)
    return Money(found, exact.currency) if Fraction(found) == value else rounded
