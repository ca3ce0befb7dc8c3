"""Buying in memory: what an order is checked for, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from cspdecl.core.action import Purchase
from cspdecl.core.catalog import Offer, OfferKey, OfferTerm
from cspdecl.core.inquiry import PromotionOffer, Promotions
from cspdecl.core.live import ChangePolicy, LiveCustomer, LiveSubscription, Status
from cspdecl.core.terms import BillingCycle, Term, at_midnight
from cspdecl.testing.passage import OWNED_WINDOW, WINDOW, cycle_end, fresh_policy, months_on, trial_becomes
from cspdecl.testing.script import Refused

if TYPE_CHECKING:
    from cspdecl.testing.world import State

#: The one offer behind every Azure plan here.
AZURE_PLAN = OfferKey.parse("DZH318Z0BPS6:0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """A purchase between its steps. `subscription` is set by checkout; `request_id` is what the order remembers."""

    id: str
    tenant: str
    request_id: str
    action: Purchase
    subscription: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """A promotion on sale for one offer, where they are given only in one way and for so many seats."""

    offer: OfferKey
    promotion: PromotionOffer
    term: Term | None = None
    billing: BillingCycle | None = None
    min_seats: int = 1
    max_seats: int | None = None

    def fits(self, offer: OfferKey, term: Term, billing: BillingCycle, seats: int) -> bool:
        """Whether such a purchase gets it."""
        return self.promotion.eligible and (offer, True, True) == (
            self.offer,
            self.term in (None, term) and self.billing in (None, billing),
            self.min_seats <= seats <= (self.max_seats or seats),
        )


def buy(state: State, tenant: str, action: Purchase) -> LiveSubscription:
    """A new subscription, from today's midnight on. Raises Refused."""
    customer, sold = state.customer(tenant), _for_sale(state, action)
    _may_buy(state, customer, sold, action)
    start = at_midnight(state.now.date())
    ends = _term_ends(state, tenant, action, start)
    promotion = _promotion(state, action)
    owned = action.term is Term.ONCE
    ident, order = state.fresh_id(), state.fresh_id()
    item = LiveSubscription(
        id=f"{order}:1" if owned else ident,
        offer=action.offer,
        title=sold.title,
        nickname=action.nickname,
        seats=action.seats,
        term=action.term,
        billing=action.billing,
        status=Status.ACTIVE,
        end_of_term="unset" if owned else "renew",
        trial=sold.trial,
        created=state.now,
        term_started=start,
        term_ends=ends,
        cycle_ends=cycle_end(start, action.billing, ends),
        policy=fresh_policy(sold, action.seats, state.now, OWNED_WINDOW if owned else WINDOW),
        scheduled=trial_becomes(sold, action.renews_to) if sold.trial else None,
        order_id=order,
        promotion=promotion,
        product=sold.product,
        custom_end=action.custom_end,
        reseller=action.reseller,
    )
    state.put(tenant, item)
    return item


def buy_azure_plan(state: State, tenant: str, *, nickname: str, reseller: str | None, attested: bool) -> str:
    """The customer's one Azure plan: answers its id. Raises Refused."""
    customer = state.customer(tenant)
    _agreed(customer)
    _reseller(state, reseller, attested)
    if any(item.product == "azure_plan" and item.status.running for item in customer.subscriptions):
        raise Refused("azure_plan", "there is an Azure plan already, and a customer has one")
    policy = ChangePolicy(
        lots=(), cancel_until=None, min_seats=1, max_seats=1, can_schedule=False, busy=None, source="api",
        observed_at=state.now,
    )  # fmt: skip
    item = LiveSubscription(
        id=state.fresh_id(), offer=AZURE_PLAN, title="Azure plan", nickname=nickname, seats=1, term=None, billing=None,
        status=Status.ACTIVE, end_of_term="renew", trial=False, created=state.now,
        term_started=at_midnight(state.now.date()), term_ends=None, cycle_ends=None, policy=policy, scheduled=None,
        order_id=state.fresh_id(), product="azure_plan", reseller=reseller,
    )  # fmt: skip
    state.put(tenant, item)
    return item.id


def within(sold: Offer, seats: int) -> None:
    """Whether so many seats may be had of an offer. Raises Refused."""
    if seats < sold.min_seats or (sold.max_seats is not None and seats > sold.max_seats):
        raise Refused("seats", f"{sold.min_seats} to {sold.max_seats or 'any number of'} seats are sold")


def term_end_days(state: State, tenant: str, term: Term, start: date) -> dict[date, tuple[str, ...]]:
    """Last days that a first term may be given: month ends inside it, and ends of what runs (contract §13.6)."""
    last = months_on(at_midnight(start), term.months).date() - timedelta(days=1)
    found: dict[date, tuple[str, ...]] = {}
    day = start.replace(day=1)
    while day <= last:
        end = months_on(at_midnight(day), 1).date() - timedelta(days=1)
        if start <= end <= last:
            found[end] = ()
        day = end + timedelta(days=1)
    for item in state.customer(tenant).subscriptions:
        if not item.status.running or item.trial or item.product != "license" or item.term_ends is None:
            continue
        if term is not Term.P1M and item.term is Term.P1M:
            continue
        end = item.term_ends.date() - timedelta(days=1)
        if start <= end <= last and (term is not Term.P1M or end.day < 28 or end in found):
            found[end] = (*found.get(end, ()), item.id)
    return dict(sorted(found.items()))


def _for_sale(state: State, action: Purchase) -> Offer:
    sold = state.sold(action.offer, action.segment)
    way = OfferTerm(action.term, action.billing)
    if sold is None or way not in sold.terms:
        raise Refused("not_for_sale", f"{action.offer} is not sold as {way}")
    if sold.attestation and not action.attested:
        raise Refused("attestation", "what this offer asks for has not been confirmed")
    within(sold, action.seats)
    return sold


def _may_buy(state: State, customer: LiveCustomer, sold: Offer, action: Purchase) -> None:
    _agreed(customer)
    if sold.segment != "commercial" and sold.segment not in {
        one.name for one in customer.qualifications or () if one.status == "approved"
    }:
        raise Refused("segment", f"{sold.key} is sold to {sold.segment} customers only")
    _reseller(state, action.reseller, action.reseller_attested)


def _agreed(customer: LiveCustomer) -> None:
    if customer.agreement != "accepted":
        raise Refused("no_agreement", "nobody has accepted the customer agreement yet")


def _reseller(state: State, partner: str | None, attested: bool) -> None:
    if partner is None:
        return
    known = state.resellers.get(partner)
    if known is None or not known.agreement_signed:
        raise Refused("900123", f"reseller {partner} may not be put on record")
    if not attested:
        raise Refused("900206", "the order is not attested")


def _term_ends(state: State, tenant: str, action: Purchase, start: datetime) -> datetime | None:
    if action.custom_end is not None:
        if action.custom_end not in term_end_days(state, tenant, action.term, start.date()):
            raise Refused("900242", f"the first term cannot end on {action.custom_end}")
        return at_midnight(action.custom_end + timedelta(days=1))
    return None if action.term is Term.ONCE else months_on(start, action.term.months)


def _promotion(state: State, action: Purchase) -> str | None:
    """The promotion that the cart's line shows. One that was required and is not there: nothing is bought."""
    known = promotions_of(state, action.offer, action.term, action.billing, action.seats)
    given = [one.id for one in known if one.eligible]
    if action.promotion is not None and action.promotion not in given:
        raise Refused("promotion", "the promotion is not on the cart's line")
    automatic = [one.id for one in known if one.eligible and one.automatic]
    return action.promotion or next(iter(automatic), None)


def promotions_of(
    state: State, offer: OfferKey, term: Term, billing: BillingCycle, seats: int
) -> tuple[PromotionOffer, ...]:
    """Promotions of such a purchase, the deepest eligible one first; those that do not fit are there with a reason."""
    found = [
        one.promotion
        if one.fits(offer, term, billing, seats)
        else replace(one.promotion, eligible=False, why=one.promotion.why or ("its conditions are not met",))
        for one in state.promotions
        if one.offer == offer
    ]
    for asked, answer in state.said:
        if isinstance(answer, Promotions) and asked.kind == "promotions" and asked.offer == offer:
            found += [one for one in answer.offers if one.id not in {known.id for known in found}]
    return tuple(sorted(found, key=lambda one: (not one.eligible, -(one.discount or 0))))
