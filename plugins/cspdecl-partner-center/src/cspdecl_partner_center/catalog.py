"""What is for sale: SKUs and their availabilities, one market and segment at a time.

Availability ids rotate, so nothing here outlives the process and a cart asks again (contract §9, §22.3). The list of
availabilities can show fewer terms than one of them asked for by id; both are read. Without a segment the answer mixes
all of them, so the segment is sent and checked.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cspdecl.core.catalog import Catalog, Offer, OfferKey, OfferTerm, ProductKind
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_partner_center import paths
from cspdecl_partner_center.clock import Business
from cspdecl_partner_center.faithful import Json, Malformed, get, listed
from cspdecl_partner_center.paging import Incomplete, items
from cspdecl_partner_center.subscriptions import billing_of, kind_of, term_of, whole
from cspdecl_partner_center.transport import Busy, NoAnswer, Refusal, Request, Transport

_NOT_SOLD = {"400013", "400018", "400019", "800070", "400030"}
_OFFER = re.compile(r"[0-9A-Za-z]{12}:[0-9A-Za-z]{4}")
_AZURE_PLAN = OfferKey("DZH318Z0BPS6", "0001")  # as Microsoft's sample of the list names it (contract §9, 2023-10)
_MANY = 10_000_000  # a maximum this large is Microsoft's way of saying none


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """One way an offer is sold right now; `item` is what a cart names."""

    id: str
    item: str
    terms: tuple[OfferTerm, ...]
    segment: str = ""
    product_type: str | None = None


class CatalogReader:
    """Reads the catalogue over one transport, each offer once a process."""

    def __init__(self, transport: Transport, business: Business, *, workers: int) -> None:
        self._transport = transport
        self._business = business
        self._workers = workers
        self._known: dict[tuple[str, str, OfferKey], Offer | None] = {}
        self._licences: dict[OfferKey, str | None] = {}
        self._lock = threading.Lock()

    def read(self, market: str, segment: str, offers: Iterable[OfferKey]) -> Catalog:
        """What of `offers` is sold; what is not; and what could not be asked."""
        wanted = tuple(dict.fromkeys(offers))
        with ThreadPoolExecutor(self._workers, "partner-center-catalog") as pool:
            found = dict(zip(wanted, pool.map(lambda key: self._one(market, segment, key), wanted), strict=True))
        return Catalog(
            market=market,
            segment=segment,
            offers={key: offer for key, offer in found.items() if isinstance(offer, Offer)},
            as_of=self._business.now(),
            missing=tuple(key for key, offer in found.items() if offer is None),
            unread=tuple(key for key, offer in found.items() if offer == "unread"),
        )

    def availabilities(
        self, key: OfferKey, *, market: str, segment: str, patient: bool, tenant: str | None = None
    ) -> tuple[Availability, ...]:
        """What can be bought of an offer now, fresh. Raises what the transport raises, Incomplete and Malformed.

        With a tenant it is asked as that customer may buy, which needs no market.
        """
        path = (
            paths.sku(key.product, key.sku, "availabilities")
            if tenant is None
            else paths.customer_sku(tenant, key.product, key.sku, "availabilities")
        )
        query = [("country", market)] if tenant is None else []
        if segment:
            query.append(("targetSegment", segment))
        listed = list(items(self._transport, Request(method="GET", path=path, query=query, patient=patient)))
        found = []
        for body in listed:
            if not _sold(body, segment):
                continue
            own = get(body, "id")
            if not isinstance(own, str) or not own:
                raise Malformed(f"an availability of {key} without an id")
            terms = set(_terms(body))
            try:
                one = Request(method="GET", path=f"{path}/{paths.quoted(own)}", query=query, patient=patient)
                terms |= set(_terms(self._transport.send(one).body))
            except Refusal:
                pass  # it rotated away between the two calls; what the list said stands
            item = get(body, "catalogItemId")
            found.append(
                Availability(
                    id=own,
                    item=item if isinstance(item, str) and item else f"{key}:{own}",
                    terms=tuple(sorted(terms)),
                    segment=str(get(body, "segment") or "").lower(),
                    product_type=_text(body, "product", "productType", "id"),
                )
            )
        return tuple(found)

    def item_for(
        self,
        key: OfferKey,
        term: Term,
        billing: BillingCycle,
        *,
        market: str,
        segment: str,
        any_term: bool = False,
        patient: bool = False,
    ) -> Availability | None:
        """What a cart has to name to buy an offer in one term and billing cycle, fresh; None: not sold so.

        `any_term`: whatever there is will do, as for an Azure plan, which has neither.
        """
        wanted = OfferTerm(term=term, billing=billing)
        found = self.availabilities(key, market=market, segment=segment, patient=patient)
        return next((entry for entry in found if any_term or wanted in entry.terms), None)

    def licence_of(self, key: OfferKey, market: str) -> str | None:
        """The licence an offer brings to a tenant: its provisioning id (contract §9); None: not said. The same in every
        market, so it is read once a process. Raises what the transport raises, save that the market does not sell it.
        """
        with self._lock:
            if key in self._licences:
                return self._licences[key]
        request = Request(method="GET", path=paths.sku(key.product, key.sku), query=[("country", market)], patient=True)
        try:
            body = self._transport.send(request).body
        except Refusal as refusal:
            if refusal.status != 404 and refusal.code not in _NOT_SOLD:
                raise
            return None
        return self._keep_licence(key, body)

    def _keep_licence(self, key: OfferKey, body: Json) -> str | None:
        own = _text(body, "dynamicAttributes", "provisioningId")
        with self._lock:
            self._licences[key] = own.lower() if own else None
        return self._licences[key]

    def azure_plan(self, tenant: str) -> OfferKey | None:
        """The Azure plan as a customer may buy it (contract §9, §15: targetView MicrosoftAzure); None: it may not.

        The heading of the documented call promises products, its sample lists SKUs; both are understood.
        """
        query = [("targetView", "MicrosoftAzure")]
        request = Request(method="GET", path=paths.customer(tenant, "products"), query=query)
        found = []
        for body in items(self._transport, request):
            if isinstance(get(body, "productId"), str):
                found += [body]
                continue
            own = get(body, "id")
            if isinstance(own, str) and own:
                path = paths.customer(tenant, "products", own, "skus")
                found += list(items(self._transport, Request(method="GET", path=path)))
        keys = [key for body in found if (key := _key_of(body)) is not None]
        return _AZURE_PLAN if _AZURE_PLAN in keys else keys[0] if len(keys) == 1 else None

    def items_for(self, key: OfferKey, term: Term, billing: BillingCycle, *, tenant: str) -> list[str]:
        """Ids of the availabilities a customer may go to, commercial ones first: its segment is not known here."""
        wanted = OfferTerm(term=term, billing=billing)
        found = self.availabilities(key, market="", segment="", patient=False, tenant=tenant)
        fitting = sorted(
            (entry for entry in found if wanted in entry.terms), key=lambda entry: entry.segment != "commercial"
        )
        return [entry.id for entry in fitting]

    def _one(self, market: str, segment: str, key: OfferKey) -> Offer | str | None:
        with self._lock:
            if (market, segment, key) in self._known:
                return self._known[market, segment, key]
        try:
            offer = self._ask(market, segment, key)
        except Refusal as refusal:
            if refusal.status != 404 and refusal.code not in _NOT_SOLD:
                return "unread"
            offer = None
        except (Busy, NoAnswer, Incomplete, Malformed):
            return "unread"
        with self._lock:
            self._known[market, segment, key] = offer
        return offer

    def _ask(self, market: str, segment: str, key: OfferKey) -> Offer:
        query = [("country", market), ("targetSegment", segment)]
        path = paths.sku(key.product, key.sku)
        body = self._transport.send(Request(method="GET", path=path, query=query, patient=True)).body
        if not isinstance(body, dict):
            raise Malformed(f"{key}: the answer is no SKU")
        self._keep_licence(key, body)
        least, most = whole(get(body, "minimumQuantity")), whole(get(body, "maximumQuantity"))
        found = self.availabilities(key, market=market, segment=segment, patient=True)
        kind = next((entry.product_type for entry in found if entry.product_type), None)
        kind = kind or self._product_type(key, market)
        terms = sorted({term for entry in found for term in entry.terms})
        needed, upgrades = (_keys(body, name) for name in ("prerequisiteSkus", "upgradeTargetOffers"))
        title = get(body, "title")
        return Offer(
            key=key,
            title=title if isinstance(title, str) else "",
            min_seats=max(1, least or 1),
            max_seats=most if most is not None and 0 < most < _MANY else None,
            terms=tuple(terms),
            segment=segment,
            trial=get(body, "isTrial") is True,
            addon=get(body, "dynamicAttributes", "isAddon") is True,
            prerequisites=needed,
            product=_product(kind, terms),
            upgrades=upgrades,
            attestation=get(body, "attestationProperties", "enforceAttestation") is True,
        )

    def _product_type(self, key: OfferKey, market: str) -> str | None:
        """What the product itself says it is, where its availabilities do not."""
        request = Request(method="GET", path=paths.product(key.product), query=[("country", market)], patient=True)
        try:
            return _text(self._transport.send(request).body, "productType", "id")
        except Refusal:
            return None  # it is sold all the same, as its SKU and availabilities said


def _product(kind: str | None, terms: Sequence[OfferTerm]) -> ProductKind:
    """What kind of thing an offer is: by its product's type, and by whether it has a term (contract §9, §11)."""
    once = bool(terms) and all(entry.term is Term.ONCE for entry in terms)
    if kind is not None and kind.lower() == "azure" and once:
        return "azure_plan"
    found = "license" if kind is None else kind_of(kind)
    return "perpetual" if found == "software" and once else found


def _keys(body: Json, name: str) -> tuple[OfferKey, ...]:
    found = [str(item) for item in listed(body, "dynamicAttributes", name)]
    return tuple(OfferKey.parse(item) for item in found if _OFFER.fullmatch(item))


def _key_of(body: Json) -> OfferKey | None:
    text = f"{get(body, 'productId')}:{get(body, 'id')}"
    return OfferKey.parse(text) if _OFFER.fullmatch(text) else None


def _text(body: Json, *names: str) -> str | None:
    value = get(body, *names)
    return value if isinstance(value, str) and value else None


def _sold(body: Json, segment: str) -> bool:
    own = get(body, "segment")
    if segment and isinstance(own, str) and own and own.lower() != segment.lower():
        return False
    return get(body, "isPurchasable") is not False


def _terms(body: Json) -> list[OfferTerm]:
    found = []
    for entry in listed(body, "terms"):
        billing, duration = billing_of(get(entry, "billingCycle")), get(entry, "duration")
        term = Term.ONCE if billing is BillingCycle.ONE_TIME and not duration else term_of(duration)
        if term is not None and billing is not None:
            found.append(OfferTerm(term=term, billing=billing))
    return found
