"""The catalogue as it is asked for: products, SKUs, availabilities, inventory.

Source: contract §9. Asked without a segment, availabilities of every segment but nonprofit come mixed; ids rotate.
"""

from __future__ import annotations

import hashlib
from typing import Any

from ..catalog import (
    AZURE,
    CURRENCY_SYMBOLS,
    LEGACY,
    NCE,
    SEGMENTS,
    SOFTWARE,
    Sku,
    availability_id,
    resolve_availability,
)
from ..wire import Answer, Doc, Refusal, attributes, collection, link, pascal
from .call import Call

_VIEWS: dict[str, tuple[str, ...]] = {
    "onlineservices": (NCE, LEGACY, "SaaS"),
    "microsoftazure": (AZURE,),
    "azure": ("AzureReservation",),
    "azurereservations": ("AzureReservation",),
    "azurereservationsvm": ("AzureReservation",),
    "azureazurereservationsvm": ("AzureReservation",),  # as a sample request of the product list spells it
    "azurereservationssql": ("AzureReservation",),
    "azurereservationscosmosdb": ("AzureReservation",),
    "software": (SOFTWARE,),
    "softwaresuselinux": (),
    "softwareperpetual": (SOFTWARE,),
    "softwaresubscriptions": (SOFTWARE,),
    "saas": ("SaaS",),
    "marketplacesaas": ("SaaS",),
}
_TERM_TEXT = {"P1M": "One-Month", "P1Y": "One-Year", "P3Y": "Three-Year"}
_PLAN_TEXT = {"monthly": "monthly", "annual": "yearly", "triennial": "triennial", "one_time": "one time", "none": "no"}


def _country(call: Call) -> str:
    """The market asked about; by customer it is the customer's own.

    Raises Refusal(400, 800002) where it is required and missing.
    """
    if call.world is not None:
        return call.country
    country = call.query.get("country", "")
    if len(country) != 2:
        raise Refusal(400, 800002, "country is required: a two-letter ISO code.")
    return country.upper()


def _segment(call: Call) -> str | None:
    segment = call.query.get("targetsegment", "").lower()
    if segment and segment not in SEGMENTS:
        raise Refusal(403, 400030, f"targetSegment {segment} is not allowed.")
    return segment or None


def _sellable(call: Call, sku: Sku, country: str, segment: str | None) -> bool:
    wanted = [segment] if segment else [name for name in sku.segments if name != "nonprofit"]
    return not sku.hidden and any(
        name in sku.segments and call.catalog.offered(sku, name, call.settings.currency, country, call.now)
        for name in wanted
    )


def product_doc(sku: Sku, country: str) -> Doc:
    kind: Doc = {"id": sku.kind, "displayName": sku.kind}
    if sku.raw.get("subType"):
        kind["subType"] = sku.raw["subType"]
    return {
        "id": sku.product_id,
        "title": sku.product_title or sku.title,
        "description": sku.raw.get("description", sku.title),
        "productType": kind,
        "isMicrosoftProduct": True,
        "publisherName": sku.publisher,
        **({"localizedAttributes": sku.raw["localizedAttributes"]} if "localizedAttributes" in sku.raw else {}),
        "links": {
            "skus": link(f"/products/{sku.product_id}/skus?country={country}"),
            "self": link(f"/products/{sku.product_id}?country={country}"),
        },
    }


def list_products(call: Call) -> Answer:
    """GET /products and /customers/{id}/products"""
    country, segment = _country(call), _segment(call)
    view = call.query.get("targetview", "")
    if not view:
        raise Refusal(400, 800002, "targetView is required.")
    kinds = _VIEWS.get(view.lower())
    if kinds is None:
        raise Refusal(403, 400036, f"targetView {view} is not allowed.")
    chosen = [sku for sku in call.catalog.skus.values() if sku.kind in kinds and _sellable(call, sku, country, segment)]
    uri = f"/products?country={country}&targetView={view}"
    if call.world is not None and view.lower() == "microsoftazure":
        # The documented answer by customer lists SKUs, not products.
        return Answer(
            200,
            collection([sku_doc(sku, country) for sku in chosen], f"{call.base}/products/all/skus?targetView={view}"),
        )
    seen: dict[str, Doc] = {}
    for sku in chosen:
        seen.setdefault(sku.product_id, product_doc(sku, country))
    return Answer(200, collection(list(seen.values()), uri))


def _product(call: Call) -> list[Sku]:
    found = call.catalog.product(call.params["product"])
    if not found:
        raise Refusal(404, 400013, f"Product {call.params['product']} was not found.")
    return found


def _sku(call: Call) -> Sku:
    _product(call)
    found = call.catalog.find(call.params["product"], call.params["sku"])
    if found is None:
        raise Refusal(404, 400018, f"SKU {call.params['sku']} was not found.")
    return found


def get_product(call: Call) -> Answer:
    return Answer(200, product_doc(_product(call)[0], _country(call)))


def sku_doc(sku: Sku, country: str) -> Doc:
    cycles = sorted({plan for plans in sku.plans.values() for plan in plans})
    agreement = "MicrosoftCustomerAgreement" if sku.kind == AZURE else "MicrosoftCloudAgreement"
    dynamic: Doc = {
        "isMicrosoftProduct": True,
        "hasConstraints": sku.pooled,
        "isAddon": sku.addon,
        "prerequisiteSkus": list(sku.prerequisites),
        "isSoftwareAssuranceApplicable": False,
        "upgradeTargetOffers": list(sku.upgrades),
        "provisioningId": sku.provisioning_id,
        "provisioningString": sku.part_number,
        "internal": False,
    }
    if sku.is_trial:
        dynamic["conversionInstructions"] = [{"toId": sku.trial_of}]
    doc: Doc = {
        "id": sku.sku_id,
        "productId": sku.product_id,
        "title": sku.title,
        "description": sku.raw.get("description", sku.title),
        "minimumQuantity": sku.min_seats,
        "maximumQuantity": sku.max_seats,
        "isTrial": sku.is_trial,
        "supportedBillingCycles": cycles,
        "purchasePrerequisites": [agreement],
        "inventoryVariables": [],
        "provisioningVariables": [],
        "actions": ["Refund"],
    }
    if sku.attestation:
        doc["attestationProperties"] = {"attestationType": "windows365_hybrid_benefit", "enforceAttestation": True}
    doc["dynamicAttributes"] = dynamic
    doc["links"] = {
        "availabilities": link(f"/products/{sku.product_id}/skus/{sku.sku_id}/availabilities?country={country}"),
        "self": link(f"/products/{sku.product_id}/skus/{sku.sku_id}?country={country}"),
    }
    return _merge(doc, sku.raw.get("sku", {}))


def _merge(base: Doc, more: Doc) -> Doc:
    for name, value in more.items():
        base[name] = (
            _merge(dict(base[name]), value) if isinstance(value, dict) and isinstance(base.get(name), dict) else value
        )
    return base


def list_skus(call: Call) -> Answer:
    country, segment = _country(call), _segment(call)
    items = [
        sku_doc(sku, country)
        for sku in _product(call)
        if not sku.hidden and (segment is None or segment in sku.segments)
    ]
    return Answer(200, collection(items, f"/products/{call.params['product']}/skus?country={country}"))


def get_sku(call: Call) -> Answer:
    return Answer(200, sku_doc(_sku(call), _country(call)))


def term_id(sku: Sku, term: str, plan: str) -> str:
    return hashlib.sha256(f"{sku.key}/{term}/{plan}".encode()).hexdigest()[:12]


def _term_docs(call: Call, sku: Sku, segment: str, country: str) -> list[Doc]:
    docs = []
    for term, plan in call.catalog.offered(sku, segment, call.settings.currency, country, call.now):
        docs.append(
            {
                "id": term_id(sku, term, plan),
                "duration": term,
                "description": f"{_TERM_TEXT.get(term, 'No')} commitment for {_PLAN_TEXT.get(plan, plan)} billing",
                "billingCycle": pascal(plan),
                "renewalOptions": [{"renewToId": sku.trial_of or sku.key, "isAutoRenewable": sku.kind == NCE}],
                "cancellationPolicies": [{"refundOptions": [{"sequenceId": 0, "type": "Full", "expiresAfter": "P1D"}]}],
            }
        )
    return docs


def availability_doc(call: Call, sku: Sku, segment: str, country: str, *, back: int = 0) -> Doc | None:
    """One availability; None when nothing of it is on sale."""
    terms = _term_docs(call, sku, segment, country)
    if not terms:
        return None
    own_id = availability_id(sku, segment, call.now, call.settings.rotation_seconds, back)
    currency = call.settings.currency
    return {
        "id": own_id,
        "productId": sku.product_id,
        "skuId": sku.sku_id,
        "catalogItemId": f"{sku.key}:{own_id}",
        "defaultCurrency": {"code": currency, "symbol": CURRENCY_SYMBOLS.get(currency, currency)},
        "segment": segment,
        "country": country,
        "isPurchasable": True,
        "isRenewable": sku.kind == NCE,
        "renewalInstructions": [
            {
                "applicableTermIds": [term["id"] for term in terms],
                "renewalOptions": [{"renewToId": sku.trial_of or sku.key, "isAutoRenewable": sku.kind == NCE}],
            }
        ],
        "terms": terms,
        "includedQuantityOptions": [],
        "product": product_doc(sku, country),
        "sku": sku_doc(sku, country),
        "links": {
            "availabilities": link(f"/products/{sku.product_id}/skus/{sku.sku_id}/availabilities?country={country}"),
            "self": link(f"/products/{sku.product_id}/skus/{sku.sku_id}/availabilities/{own_id}?country={country}"),
        },
    }


def list_availabilities(call: Call) -> Answer:
    country, segment, sku = _country(call), _segment(call), _sku(call)
    wanted = [segment] if segment else [name for name in sku.segments if name != "nonprofit"]
    docs = [availability_doc(call, sku, name, country) for name in wanted if name in sku.segments and not sku.hidden]
    uri = f"/products/{sku.product_id}/skus/{sku.sku_id}/availabilities?country={country}" + (
        f"&targetSegment={segment}" if segment else ""
    )
    return Answer(200, collection([doc for doc in docs if doc is not None], uri))


def get_availability(call: Call) -> Answer:
    country, sku, wanted = _country(call), _sku(call), call.params["availability"]
    found = resolve_availability(sku, wanted, call.now, call.settings.rotation_seconds)
    doc = availability_doc(call, sku, found[0], country, back=found[1]) if found else None
    if doc is None:
        raise Refusal(404, 400019, f"Availability {wanted} was not found.")
    return Answer(200, doc)


def check_inventory(call: Call) -> Answer:
    """POST /extensions/product/checkinventory: a bare list; what is not known is silently missing (contract §9)."""
    items: list[Doc] = []
    for target in call.form.parts("targetitems"):
        product, wanted = str(target.get("productid", "")), target.text("skuid")
        for sku in call.catalog.product(product):
            if wanted is None or sku.sku_id.upper() == wanted.upper():
                restrictions: list[Any] = sku.raw.get("restrictions", [])
                items.append(
                    {
                        "productId": sku.product_id,
                        "skuId": sku.sku_id,
                        "isRestricted": bool(restrictions),
                        "restrictions": restrictions,
                    }
                )
    return Answer(200, items)


def offers(call: Call) -> Answer:
    """GET /offers: the legacy catalogue, empty unless something legacy was seeded."""
    country = _country(call)
    items = [offer_doc(sku, country) for sku in call.catalog.skus.values() if sku.kind == LEGACY]
    answer = collection(items, f"/v1/offers?country={country}")
    answer["links"]["previous"] = link(f"/v1/offers?country={country}")
    return Answer(200, answer)


def offer(call: Call) -> Answer:
    for sku in call.catalog.skus.values():
        if sku.kind == LEGACY and sku.product_id.upper() == call.params["offer"].upper():
            return Answer(200, offer_doc(sku, _country(call)))
    raise Refusal(404, 2085, "No such offer.")


def offer_doc(sku: Sku, country: str) -> Doc:
    category = {
        "id": "Trial_Key" if sku.is_trial else "Enterprise_Key",
        "name": "Enterprise",
        "rank": 20,
        "locale": "en-us",
        "country": country,
        "attributes": attributes("OfferCategory"),
    }
    doc: Doc = {
        "id": sku.product_id,
        "name": sku.title,
        "description": sku.title,
        "minimumQuantity": sku.min_seats,
        "maximumQuantity": sku.max_seats,
        "rank": 1,
        "uri": f"/Offers/{sku.product_id}",
        "locale": "en-us",
        "country": country,
        "category": category,
        "prerequisiteOffers": [key.split(":")[0] for key in sku.prerequisites],
        "isAddOn": sku.addon,
        "isAvailableForPurchase": True,
        "billing": "license",
        "isAutoRenewable": True,
        "isTrial": sku.is_trial,
        "product": {"id": sku.provisioning_id, "name": sku.title, "unit": "Licenses"},
        "unitType": "Licenses",
        "salesGroupId": "",
        "upgradeTargetOffers": list(sku.upgrades),
        "links": {"learnMore": link("https://example.invalid/learn"), "self": link(f"/offers/{sku.product_id}")},
        "attributes": attributes("Offer"),
    }
    return doc


def offer_addons(call: Call) -> Answer:
    """GET /offers/{id}/addons: traditional add-ons that name the offer as a prerequisite."""
    wanted = call.params["offer"].upper()
    found = [
        sku
        for sku in call.catalog.skus.values()
        if sku.kind == LEGACY and sku.addon and wanted in {key.split(":")[0].upper() for key in sku.prerequisites}
    ]
    return Answer(200, collection([offer_doc(sku, _country(call)) for sku in found]))


def offer_categories(call: Call) -> Answer:
    """GET /offercategories?country="""
    country = _country(call)
    names = ("Enterprise", "SmallBusiness", "Government", "Education", "Trial")
    items = [
        {
            "id": f"{name}_Key",
            "name": name,
            "rank": rank,
            "locale": "en-us",
            "country": country,
            "attributes": attributes("OfferCategory"),
        }
        for rank, name in enumerate(names, start=1)
    ]
    return Answer(200, collection(items, f"/offercategories?country={country}"))
