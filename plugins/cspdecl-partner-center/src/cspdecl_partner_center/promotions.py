"""Promotions: which a purchase would get, by Microsoft's own answer, and what each takes off (contract §9.1, 2026-06).

The eligibility call says whether, the list of promotions says how much. Promotions exist for the commercial segment
only. Nothing here decides: a purchase names what it expects, and the cart's line has to carry it.
"""

from __future__ import annotations

import threading
from fractions import Fraction

from cspdecl.core.catalog import OfferKey
from cspdecl.core.inquiry import AskPromotions, PromotionOffer, Promotions, Unanswered
from cspdecl_partner_center import paths
from cspdecl_partner_center.catalog import CatalogReader
from cspdecl_partner_center.faithful import Json, Malformed, get, listed
from cspdecl_partner_center.paging import items
from cspdecl_partner_center.subscriptions import billing_of, day_of, number, term_of, whole
from cspdecl_partner_center.transport import Refusal, Request, Transport

_SEGMENT = "commercial"


class PromotionReader:
    """Asks for promotions; the list of a market is read once a process."""

    def __init__(self, transport: Transport, catalog: CatalogReader) -> None:
        self._transport = transport
        self._catalog = catalog
        self._lists: dict[str, dict[str, Json]] = {}
        self._lock = threading.Lock()

    def answer(self, asked: AskPromotions) -> Promotions | Unanswered:
        """The promotions of one purchase, the deepest eligible one first. Raises what reading raises."""
        if asked.segment != _SEGMENT:
            return Promotions(offers=())
        found = self._catalog.item_for(
            asked.offer, asked.term, asked.billing, market=asked.market, segment=asked.segment, patient=True
        )
        if found is None:
            return Unanswered(reason=f"{asked.offer} is not sold as {asked.term} {asked.billing} in {asked.market}")
        offers = [
            self._offer(entry, asked)
            for item in self._eligibilities(asked, found.item)
            for entry in listed(item, "eligibilities")
            if isinstance(get(entry, "promotionId"), str) and get(entry, "promotionId")
        ]
        offers.sort(key=lambda offer: (not offer.eligible, -(offer.discount or 0), offer.id))
        return Promotions(offers=tuple(offers))

    def _eligibilities(self, asked: AskPromotions, item: str) -> list[Json]:
        line: dict[str, Json] = {
            "id": 0,
            "catalogItemId": item,
            "quantity": asked.seats,
            "termDuration": asked.term.value,
            "billingCycle": asked.billing.value.title(),
        }
        if asked.promotion is not None:
            line["promotionId"] = asked.promotion
        path = paths.customer(asked.tenant, "promotionEligibilities")
        body = self._transport.send(Request(method="POST", path=path, body={"items": [line]}, patient=True)).body
        found = get(body, "items")
        if not isinstance(found, list):
            raise Malformed("the answer about promotions is no collection")
        return found

    def _offer(self, entry: Json, asked: AskPromotions) -> PromotionOffer:
        own = str(get(entry, "promotionId"))
        promotion = self._promotion(own, asked.market)
        why, remaining = _reasons(entry)
        automatic = get(promotion, "properties", "isAutoApplicable")
        name = get(promotion, "name")
        return PromotionOffer(
            id=own,
            name=name if isinstance(name, str) and name else own,
            eligible=get(entry, "isEligible") is True,
            automatic=automatic is True,
            discount=_discount(promotion, asked),
            why=() if get(entry, "isEligible") is True else why or ("no reason given",),
            remaining=remaining,
            ends=day_of(get(promotion, "endDate")),
        )

    def _promotion(self, id: str, market: str) -> Json:
        """What the market's list says of a promotion, or it alone where it is not listed any more; None: nothing."""
        with self._lock:
            known = self._lists.get(market)
        if known is None:
            query = [("country", market), ("segment", _SEGMENT)]
            request = Request(method="GET", path=paths.PROMOTIONS, query=query, patient=True)
            known = {str(get(item, "id")).lower(): item for item in items(self._transport, request)}
            with self._lock:
                known = self._lists.setdefault(market, known)
        if id.lower() not in known:
            try:
                path, query = paths.promotion(id), [("country", market)]
                known[id.lower()] = self._transport.send(Request(method="GET", path=path, query=query)).body
            except Refusal:
                known[id.lower()] = None
        return known[id.lower()]


def _discount(promotion: Json, asked: AskPromotions) -> Fraction | None:
    """The share it takes off what is asked for; None where the promotion does not say."""
    for product in listed(promotion, "requiredProducts"):
        offer = OfferKey.of_item(f"{get(product, 'productId')}:{get(product, 'skuId')}")
        term, billing = term_of(get(product, "term", "duration")), billing_of(get(product, "term", "billingCycle"))
        if (offer, term, billing) != (asked.offer, asked.term, asked.billing):
            continue
        for policy in listed(product, "pricingPolicies"):
            value = number(get(policy, "value"))
            percent = str(get(policy, "policyType") or "").replace("_", "").lower() == "percentdiscount"
            if percent and value is not None and value.is_finite() and 0 <= value <= 1:
                return Fraction(value)
    return None


def _reasons(entry: Json) -> tuple[tuple[str, ...], int | None]:
    """Why not, in words, and how many are left where that is said."""
    why, remaining = [], None
    for error in listed(entry, "errors"):
        sentence, left = _reason(error)
        why.append(sentence)
        remaining = left if remaining is None else remaining
    return tuple(why), remaining


def _reason(error: Json) -> tuple[str, int | None]:
    told = str(get(error, "description") or "").strip().rstrip(".")
    match str(get(error, "type") or "").replace("_", "").lower():
        case "seatcount":
            # Samples of 2021 and of 2023 spell the two limits differently (contract §9.1).
            least = _first(error, "minimumRequiredSeats", "minRequiredSeats")
            most = _first(error, "maximumRequiredSeats", "maxRequiredSeats")
            left = whole(get(error, "availableSeats"))
            bounds = " to ".join(str(bound) for bound in (least, most) if bound is not None)
            rest = "" if left is None else f", {left} of them are left for this customer"
            return (f"it is for {bounds} seats{rest}" if bounds else f"the number of seats does not fit{rest}"), left
        case "redemptionlimit":
            left = whole(get(error, "remainingPromotionRedemptionCount"))
            most = whole(get(error, "maxPromotionRedemptionCount"))
            often = "" if most is None else f" {most} times"
            return f"it can be had{often} a customer, {left or 'none'} left", left
        case "offerpurchasedpreviously" | "firstpurchase":
            return "it is for the first purchase of the offer only; trials and other partners' sales count", None
        case "term":
            terms = [_term(entry) for entry in listed(error, "eligibleTerms")]
            return f"it is for another term{': ' + ', '.join(terms) if terms else ''}", None
        case "prerequisiteproductownership":
            return f"the customer has to have another product first{': ' + told if told else ''}", None
        case "invalidpromotion":
            return "there is no such promotion for this offer now", None
        case "invalidcatalogitemid":
            return "the offer's catalogue entry has changed meanwhile", None
        case kind:
            return told or kind or "no reason given", None


def _term(entry: Json) -> str:
    if isinstance(entry, str):
        return entry
    return f"{get(entry, 'duration') or get(entry, 'termDuration') or '?'} {get(entry, 'billingCycle') or ''}".strip()


def _first(body: Json, *names: str) -> int | None:
    return next((found for name in names if (found := whole(get(body, name))) is not None), None)
