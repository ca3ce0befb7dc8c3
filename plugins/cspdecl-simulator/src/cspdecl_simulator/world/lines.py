"""One line of a cart or an order: is it for sale to this customer, and what does it cost.

Sources: contract §10 (line errors, pricing), §9 (ids), §13.9 (limits), §20 (sandbox).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ..catalog import AZURE, LEGACY, NCE, Price, Sku, resolve_availability
from ..charging.calendar import Cycle, cycles
from ..charging.events import term_total
from ..terms import MONTHS, next_term_start
from ..wire import DAY, Body, Doc, Refusal, iso, midnight, moment, present, snake
from . import limits, promotions
from .call import Call, as_quantity
from .coterm import check_date
from .state import World

SANDBOX_SEATS = 25
MORE_RESELLERS = 5  # contract §10, participants
LIVE = ("active", "suspended", "pending")

# CartErrorCode of contract §10
NAMES = {
    10001: "CatalogItemIdIsNotValid",
    10002: "QuotaNotAvailable",
    10004: "ParticipantsIsNotSupportedForPartner",
    10006: "UnableToProcessCartLineItem",
    10009: "SandboxLimitExceeded",
    10010: "InvalidInput",
    10012: "AttestationNotAccepted",
    10013: "BillingPlanNotSupported",
    10014: "InvalidPromotionId",
    10015: "MaxAllowedSeatsPerSubscriptionExceeded",
    10016: "InvalidCustomTermEndDateProduct",
    10017: "InvalidCustomTermEndDate",
    10019: "MinimumAddOnSeatsNotMet",
}


@dataclass(slots=True)
class Line:
    """A line as it was asked for, and what the catalogue makes of it."""

    asked: Doc
    sku: Sku | None = None
    segment: str = "commercial"
    price: Price | None = None
    promotion: str | None = None
    discount: Decimal = Decimal(0)
    end: datetime | None = None
    error: Doc | None = None
    rotated: bool = False
    extra: Doc = field(default_factory=dict)

    def fail(self, code: int, text: str, **information: object) -> Line:
        self.error = {"errorCode": code, "errorName": NAMES.get(code, str(code)), "errorDescription": text}
        if information:
            self.error["additionalInformation"] = information
        return self


def customer_segments(world: World) -> set[str]:
    """Segments a customer may buy from: commercial always, others by approved qualification."""
    owned = {"commercial"}
    names = {
        "Education": "education",
        "GovernmentCommunityCloud": "government",
        "Nonprofit": "nonprofit",
        "StateOwnedEntity": "commercial",
    }
    for item in world.customer["qualifications"]:
        if item["status"] == "Approved":
            owned.add(names.get(item["qualification"], "commercial"))
    return owned


def seats_left(world: World, sku: Sku, besides: str = "") -> tuple[int, int]:
    """(left, held) in the pool of one SKU over the whole customer, other sellers' seats included (contract §13.9)."""
    held = sum(
        int(row["quantity"])
        for row in world.rows("subscription").values()
        if f"{row['product']}:{row['sku']}".upper() == sku.key.upper()
        and row["status"] in LIVE
        and row["id"] != besides
    )
    held += int(world.customer.get("other_seats", {}).get(sku.key, 0))
    return max(0, sku.max_seats - held), held


def read_line(source: Body, index: int) -> Doc:
    """The fields of a line as they were sent, names of the service, values of the sender.

    Raises Refusal(400, 900275) when the quantity is no positive whole number.
    """
    quantity = as_quantity(source.get("quantity"), "quantity")
    if quantity < 1:
        raise Refusal(400, 900275, "The line quantity is outside the allowed range.")
    cycle = source.text("billingcycle")
    context = source.get("provisioningcontext")
    renews = source.parts("renewsto")
    return present(
        id=index if source.get("id") is None else source["id"],
        catalogItemId=source.text("catalogitemid") or source.text("offerid") or source.text("catalogid") or "",
        friendlyName=source.text("friendlyname"),
        quantity=quantity,
        billingCycle=snake(cycle) if cycle else None,
        termDuration=(source.text("termduration") or "").upper() or None,
        promotionId=source.text("promotionid"),
        customTermEndDate=source.text("customtermenddate"),
        participants=[
            {"key": snake(str(item.get("key", ""))), "value": str(item.get("value", ""))}
            for item in source.parts("participants")
        ]
        or None,
        renewsTo={"termDuration": str(renews[0].get("termduration"))} if renews else None,
        attestationAccepted=source.get("attestationaccepted"),
        provisioningContext=context.raw if isinstance(context, Body) else None,
        purchaseCommitment=_commitment(source),
        partnerIdOnRecord=source.text("partneridonrecord"),
        additionalPartnerIdsOnRecord=_texts(source.get("additionalpartneridsonrecord")) or None,
        parentSubscriptionId=source.text("parentsubscriptionid"),
    )


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _commitment(source: Body) -> Doc | None:
    """What a savings plan is bought for: an amount an hour (contract §12, lineItems); kept as it was sent."""
    sent = source.part("purchasecommitment")
    return present(amount=sent.get("amount"), currency=sent.text("currency"), grain=sent.text("grain")) or None


def reseller_of(asked: Doc) -> str | None:
    for item in asked.get("participants", ()):
        if item["key"] == "transaction_reseller":
            return str(item["value"])
    found = asked.get("partnerIdOnRecord")
    return str(found) if found else None


def additional_resellers(asked: Doc) -> list[str]:
    """Resellers named beside the one of record, from a cart's participants or an order's own field."""
    named = [
        str(item["value"]) for item in asked.get("participants", ()) if item["key"] == "additional_transaction_reseller"
    ]
    return named + list(asked.get("additionalPartnerIdsOnRecord", ()))


def check_line(call: Call, asked: Doc, siblings: list[Line]) -> Line:
    """Everything the service checks before it puts a price on a line; the first objection is kept as the line's
    error.
    """
    line = Line(asked)
    parts = asked["catalogItemId"].split(":")
    sku = call.catalog.find(parts[0], parts[1]) if len(parts) == 3 else _legacy(call, asked["catalogItemId"])
    if sku is None:
        return line.fail(10001, f"Catalog item {asked['catalogItemId']} is not valid.")
    line.sku = sku
    if len(parts) == 3:
        found = resolve_availability(sku, parts[2], call.now, call.settings.rotation_seconds)
        if found is None:
            return line.fail(
                10001, f"Catalog item {asked['catalogItemId']} is not valid: the availability is not known any more."
            )
        line.segment = found[0]
    if line.segment not in customer_segments(call.customer):
        return line.fail(10006, f"The customer is not qualified for the {line.segment} segment.")
    return _check_terms(call, line, sku, siblings)


def _legacy(call: Call, offer: str) -> Sku | None:
    found = call.catalog.product(offer) if ":" not in offer else []
    return found[0] if found and found[0].kind == LEGACY else None


def _check_terms(call: Call, line: Line, sku: Sku, siblings: list[Line]) -> Line:
    asked = line.asked
    term, plan = asked.get("termDuration", ""), asked.get("billingCycle", "")
    if sku.kind == LEGACY:
        line.price = call.catalog.price(sku, line.segment, "", plan, call.settings.currency, call.country, call.now)
        return line
    if "" in sku.plans:
        term = ""
        plan = plan or "one_time"
        asked["billingCycle"] = plan
    if not plan or (not term and "" not in sku.plans):
        return line.fail(10010, "termDuration and billingCycle are required.")
    line.price = (
        call.catalog.price(sku, line.segment, term, plan, call.settings.currency, call.country, call.now)
        if plan in sku.plans.get(term, ())
        else None
    )
    if line.price is None:
        return line.fail(10013, f"Billing plan {plan} with term {term or 'none'} is not supported for this item.")
    problem = _check_quantity(call, line, sku, siblings) or _check_reseller(call, line)
    if problem:
        return line
    if sku.attestation and asked.get("attestationAccepted") is not True:
        return line.fail(10012, "The attestation must be accepted for this item.")
    if sku.addon and sku.prerequisites and not _base_owned(call, sku, siblings):
        return line.fail(400041, "No compatible base product was found for the add-on.")
    beside = [(other.sku, int(other.asked["quantity"])) for other in siblings if other.sku and other.error is None]
    fewest = limits.seats_of_share(call.customer, sku, beside)
    if asked["quantity"] < fewest:
        return line.fail(
            10019, f"At least {fewest} seats are needed: {sku.base_share} % of those of its base products."
        )
    if asked.get("customTermEndDate"):
        if sku.kind != NCE or sku.is_trial:
            return line.fail(10016, "customTermEndDate is not supported for this product.")
        wanted = _day(asked["customTermEndDate"])
        if wanted is None or not check_date(call.customer, call.now, term, wanted):
            return line.fail(
                10017, "customTermEndDate matches neither an active subscription's end nor a month end inside the term."
            )
        line.end = midnight(wanted) + DAY
    if asked.get("promotionId") and not promotions.known(call, asked["promotionId"]):
        return line.fail(10014, f"Promotion {asked['promotionId']} is not valid.")
    if not sku.is_trial:
        won = promotions.best(call, sku.key, term, plan, asked["quantity"], asked.get("promotionId"))
        if won is not None:
            line.promotion, line.discount = won
    return line


def _day(text: str) -> datetime | None:
    try:
        return moment(text)
    except ValueError:
        return None


def _check_quantity(call: Call, line: Line, sku: Sku, siblings: list[Line]) -> bool:
    quantity = int(line.asked["quantity"])
    if call.settings.environment == "sandbox" and quantity > SANDBOX_SEATS and sku.kind == NCE:
        line.fail(10009, f"The sandbox allows {SANDBOX_SEATS} licences per subscription.")
    elif quantity > sku.max_seats:
        line.fail(10015, f"The maximum is {sku.max_seats} seats.")
    elif quantity < sku.min_seats:
        line.fail(10010, f"The minimum is {sku.min_seats} seats.")
    elif sku.pooled:
        left, held = seats_left(call.customer, sku)
        held_here = sum(
            int(other.asked["quantity"])
            for other in siblings
            if other.sku is not None and other.sku.key == sku.key and other.error is None
        )
        if quantity > left - held_here:
            line.fail(
                10002,
                "The quota of seats for this item is used up.",
                availableQuantity=max(0, left - held_here),
                purchasedQuantity=held,
            )
    elif (
        sku.kind == AZURE
        and "" in sku.plans
        and any(
            row["kind"] == AZURE and not row["term"] and row["status"] in LIVE
            for row in call.customer.rows("subscription").values()
        )
    ):
        line.fail(10006, "The customer already has an Azure plan.")
    elif limits.beside_old_azure(call.customer, sku):
        line.fail(10006, f"The customer has a subscription of {limits.OLD_AZURE}.")
    return line.error is not None


def _check_reseller(call: Call, line: Line) -> bool:
    named, others = reseller_of(line.asked), additional_resellers(line.asked)
    if not named and not others:
        return False
    known = {row["mpnId"] for row in call.partner.shared("reseller").values()} - {call.settings.partner_mpn}
    unknown = [one for one in ([named] if named else []) + others if one not in known]
    if call.settings.model == "direct":
        line.fail(10004, "Participants are not supported for this partner.")
    elif unknown:
        line.fail(10004, f"PartnerID {unknown[0]} is not an indirect reseller of yours.")
    elif len(others) > MORE_RESELLERS:
        line.fail(10004, f"At most {MORE_RESELLERS} additional resellers can be named.")
    return line.error is not None


def _base_owned(call: Call, sku: Sku, siblings: list[Line]) -> bool:
    wanted = {key.upper() for key in sku.prerequisites}
    owned = {
        f"{row['product']}:{row['sku']}".upper()
        for row in call.customer.rows("subscription").values()
        if row["status"] == "active"
    }
    bought = {other.sku.key.upper() for other in siblings if other.sku is not None and other.error is None}
    return bool(wanted & (owned | bought))


def term_end(line: Line, start: datetime) -> datetime | None:
    """When the first term would end, exclusive; None for what has no term."""
    term = str(line.asked.get("termDuration", ""))
    if line.end is not None:
        return line.end
    return next_term_start(start, term) if term in MONTHS else None


def pricing(line: Line, start: datetime, currency: str) -> Doc | None:
    """ListPrice … extendedPrice: one charge of one seat, and the whole term of all seats (contract §10), cut as the
    lines that will charge it are.
    """
    if line.price is None or line.sku is None or line.sku.kind == LEGACY:
        return None
    term, plan = str(line.asked.get("termDuration", "")), str(line.asked.get("billingCycle", ""))
    end = term_end(line, start)
    found = list(cycles(start, end, term, plan)) if end is not None else [Cycle.once(start)]
    listed, discounted, first, whole = term_total(line.price.unit, line.discount, found, term, plan, currency)
    return {
        "listPrice": tidy(listed),
        "discountedPrice": tidy(discounted),
        "proratedPrice": tidy(first),
        "price": tidy(first),
        "extendedPrice": tidy(whole * int(line.asked["quantity"])),
    }


def tidy(value: Decimal) -> Decimal:
    """Without trailing zeros."""
    shown = value.normalize()
    return shown if shown.as_tuple().exponent <= 0 else shown.quantize(Decimal(1))  # type: ignore[operator]


def lock_price(line: Line, call: Call) -> Doc:
    """The price a subscription keeps for its term."""
    unit = line.price.unit if line.price is not None else Decimal(0)
    return {"unit": str(unit), "discount": str(line.discount), "currency": call.settings.currency, "at": iso(call.now)}
