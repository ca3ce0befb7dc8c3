"""The subscription resource as a value: what a body of the wire says about one running commitment.

Sources: contract §12, §13 (2023-10, 2026-06). What is missing stays unknown; what cannot be read at all is `Malformed`,
and then the customer is unread rather than half read.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from cspdecl.core.catalog import OfferKey, ProductKind
from cspdecl.core.live import ChangePolicy, LiveSubscription, NextTerm, SeatLot, Status
from cspdecl.core.plain import parse_instant
from cspdecl.core.terms import BillingCycle, Term
from cspdecl_partner_center import end_of_term
from cspdecl_partner_center.faithful import Json, Malformed, get, listed

DAY = timedelta(days=1)
_LONGEST = 15  # digits; a count that is longer counts nothing here
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOR_EVER = 9999  # the year in which what has no end is printed to end (contract §12, commitmentEndDate)
_PERIOD = re.compile(r"P(\d{1,4})D", re.IGNORECASE)


def parse_subscription(body: Json, *, now: datetime) -> LiveSubscription:
    """One subscription. Raises Malformed."""
    own = _text(body, "id")
    if not own:
        raise Malformed("a subscription without an id")
    product = product_of(body)
    offer, billing = _offer(body), billing_of(get(body, "billingCycle"))
    term, status = term_of(get(body, "termDuration")), _status(get(body, "status"))
    created = instant(get(body, "creationDate")) or instant(get(body, "effectiveStartDate"))
    started = instant(get(body, "effectiveStartDate")) or created
    if offer is not None and (created is None or started is None):
        raise Malformed(f"subscription {own} has no dates")
    trial = get(body, "isTrial") is True
    ends = _end(body, "commitmentEndDateTime", "commitmentEndDate", inclusive=offer is not None)
    if product == "azure_plan" and ends is not None and ends.year >= _FOR_EVER - 1:
        ends = None
    scheduled = None if offer is None else _scheduled(body, offer, term, billing)
    return LiveSubscription(
        id=own.lower(),
        offer=offer,
        title=_text(body, "offerName") or "",
        nickname=_text(body, "friendlyName") or "",
        seats=_seats(body, own),
        term=term,
        billing=billing,
        status=status,
        end_of_term=end_of_term.read(body),
        trial=trial,
        created=created or _EPOCH,
        term_started=started or _EPOCH,
        term_ends=ends,
        cycle_ends=_end(body, "billingCycleEndDateTime", "billingCycleEndDate", inclusive=offer is not None),
        policy=_policy(body, status=status, product=product, offer=offer, ends=ends, now=now),
        scheduled=scheduled,
        order_id=_text(body, "orderId"),
        promotion=_text(body, "promotionId") or None,
        product=product,
        custom_end=day_of(get(body, "customTermEndDate")),
        reseller=(_text(body, "partnerId") or "").strip() or None,
        full_refund_until=_full_refund(body, started or created),
        suspended_by=tuple(reason for reason in listed(body, "suspensionReasons") if isinstance(reason, str)),
    )


def product_of(body: Json) -> ProductKind:
    """What kind of thing a subscription is (contract §12: productType, billingType; §15 for Azure plans)."""
    billed, kind = (_text(body, "billingType") or "").lower(), product_type(body).lower()
    if billed == "usage":
        return "azure_plan" if _key(body) is not None else "other"  # MS-AZR-0145P is no plan and cannot be bought
    if billed == "benefit":
        return "other"
    return kind_of(kind) if kind else "license" if _key(body) is not None else "other"


def kind_of(product_type: str) -> ProductKind:
    """What a product type is for us. Azure without usage is a reservation or a savings plan."""
    folded = product_type.replace("_", "").lower()
    if folded == "onlineservicesnce":
        return "license"
    if folded.startswith("software"):
        return "software"
    return "marketplace" if "saas" in folded or "marketplace" in folded else "other"


def day_of(value: Json) -> date | None:
    """The day of an instant: end dates are printed with midnight, or with whatever time of day (contract §13.4)."""
    found = instant(value)
    return None if found is None else found.astimezone(UTC).date()


def instant(value: Json) -> datetime | None:
    """An instant as Partner Center prints it: up to seven digits, `Z`, an offset or nothing, all of it UTC.

    Some printed bodies hold blanks around the colons; they are read over. None for what is absent or far out of range.
    """
    if not isinstance(value, str) or not value.strip():
        return None
    text = re.sub(r"\s*:\s*", ":", value.strip())
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        text += "T00:00:00"
    if not re.search(r"(?:Z|[+-]\d\d:?\d\d)$", text, re.IGNORECASE):
        text += "Z"
    try:
        return parse_instant(text.upper())
    except (ValueError, OverflowError):
        return None


def term_of(value: Json) -> Term | None:
    """A term, or None for one we do not know (an Azure plan has none)."""
    text = value.strip().upper() if isinstance(value, str) else ""
    return next((term for term in (Term.P1M, Term.P1Y, Term.P3Y) if term.value == text), None)


def billing_of(value: Json) -> BillingCycle | None:
    """A billing cycle, however it is capitalised: `OneTime`, `one_time` and `onetime` are one (contract §3)."""
    folded = str(value).replace("_", "").replace(" ", "").lower() if isinstance(value, str) else ""
    return next((cycle for cycle in BillingCycle if cycle.value.replace("_", "") == folded), None)


def number(value: Json) -> Decimal | None:
    """A number, or text that is one (line items hold text, contract §22.18)."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


def whole(value: Json) -> int | None:
    """A whole number, however it is written, or None."""
    found = number(value)
    if found is None or not found.is_finite() or found.adjusted() > _LONGEST or found != found.to_integral_value():
        return None
    return int(found)


def product_type(body: Json) -> str:
    """`OnlineServicesNCE`, `Software`, …; empty for older subscriptions, which have none."""
    return _text(body, "productType", "id") or ""


def _offer(body: Json) -> OfferKey | None:
    # Savings plans (contract §12, billingType) have a catalogue item too, but nothing of them is managed.
    return None if (_text(body, "billingType") or "").lower() == "benefit" else _key(body)


def _key(body: Json) -> OfferKey | None:
    item = _text(body, "offerId") or ""
    try:
        return OfferKey.parse(":".join(item.split(":")[:2])) if item.count(":") >= 1 else None
    except ValueError:
        return None


def _seats(body: Json, id: str) -> int:
    seats = whole(get(body, "quantity"))
    if seats is None or seats < 0:
        raise Malformed(f"subscription {id} has no number of seats")
    return seats


def _status(value: Json) -> Status:
    folded = value.lower() if isinstance(value, str) else ""
    return Status(folded) if folded in set(Status) else Status.NONE


def _end(body: Json, exact: str, day: str, *, inclusive: bool) -> datetime | None:
    """The first instant after: 23:59:59 is the last second of a term, and a bare date its last day (contract §12).

    Bodies of older subscriptions print the first instant after instead, as a date.
    """
    try:
        if (found := instant(get(body, exact))) is not None:
            last_second = (found.hour, found.minute, found.second) == (23, 59, 59)
            return found.replace(microsecond=0) + timedelta(seconds=1) if last_second else found
        if (found := instant(get(body, day))) is not None:
            midnight = found.replace(hour=0, minute=0, second=0, microsecond=0)
            return midnight + DAY if inclusive else found
    except OverflowError:
        pass  # year 9999: it never ends
    return None


def _scheduled(body: Json, offer: OfferKey, term: Term | None, billing: BillingCycle | None) -> NextTerm | None:
    """What is written for the next term, in either spelling; what the instructions leave out stays as it is."""
    instructions = end_of_term.instructions(body)
    if not instructions:
        return None
    product, sku = _text(instructions, "product", "productId"), _text(instructions, "product", "skuId")
    seats = whole(get(instructions, "quantity"))
    next_term = term_of(get(instructions, "product", "termDuration")) or term
    next_billing = billing_of(get(instructions, "product", "billingCycle")) or billing
    if next_term is None or next_billing is None:
        raise Malformed(f"subscription {_text(body, 'id')} has next-term instructions that cannot be read")
    return NextTerm(
        offer=_next_offer(product, sku) if product and sku else offer,
        seats=_seats(body, _text(body, "id") or "") if seats is None else seats,
        term=next_term,
        billing=next_billing,
        ends=day_of(get(instructions, "customTermEndDate")),
        promotion=_text(instructions, "product", "promotionId") or None,
    )


def _next_offer(product: str, sku: str) -> OfferKey:
    try:
        return OfferKey.parse(f"{product}:{sku}")
    except ValueError as problem:
        raise Malformed(f"next-term instructions: {problem}") from problem


def _full_refund(body: Json, started: datetime | None) -> datetime | None:
    """Until when everything comes back; the resource page and the samples name the field differently (contract §12)."""
    for option in listed(body, "refundOptions"):
        if (_text(option, "type") or "").lower() != "full":
            continue
        if (at := instant(get(option, "expiresAt")) or instant(get(option, "expiresAfter"))) is not None:
            return at
        after = _PERIOD.fullmatch((_text(option, "expiresAfter") or "").strip())
        if after is not None and started is not None:
            return started + int(after.group(1)) * DAY
    return None


def _policy(
    body: Json, *, status: Status, product: ProductKind, offer: OfferKey | None, ends: datetime | None, now: datetime
) -> ChangePolicy:
    refundable, cancel = get(body, "refundableQuantity"), instant(get(body, "cancellationAllowedUntilDate"))
    lots = _lots(refundable)
    if cancel is not None:
        # Two instants are printed for the same window, the exact one and the end of its day: plan with the earlier.
        same = [lot.returnable_until for lot in lots if timedelta(0) <= cancel - lot.returnable_until < DAY]
        cancel = min([*same, cancel])
    told = isinstance(refundable, dict) or "cancellationalloweduntildate" in {key.lower() for key in body}
    return ChangePolicy(
        lots=lots,
        cancel_until=cancel,
        min_seats=1,
        max_seats=None,
        # A trial's conversion is scheduled like a renewal (contract §13.2); nothing else has a next term (§13.4).
        can_schedule=status is Status.ACTIVE and product in ("license", "software") and offer is not None,
        busy=_busy(body, status=status, ends=ends, now=now),
        source="api" if told else "assumed",
        observed_at=now,
    )


def _lots(refundable: Json) -> tuple[SeatLot, ...]:
    """Returnable seats by window. A total smaller than the windows' sum takes from the oldest window."""
    lots = []
    for entry in listed(refundable, "details"):
        seats, until = whole(get(entry, "quantity")), instant(get(entry, "allowedUntilDateTime"))
        if seats is not None and seats > 0 and until is not None:
            lots.append(SeatLot(seats=seats, returnable_until=until))
    lots.sort(key=lambda lot: lot.returnable_until)
    total = whole(get(refundable, "totalQuantity"))
    missing = 0 if total is None else max(0, sum(lot.seats for lot in lots) - total)
    kept = []
    for lot in lots:
        taken = min(missing, lot.seats)
        missing -= taken
        if lot.seats > taken:
            kept.append(SeatLot(seats=lot.seats - taken, returnable_until=lot.returnable_until))
    return tuple(kept)


def _busy(body: Json, *, status: Status, ends: datetime | None, now: datetime) -> str | None:
    if status is Status.PENDING:
        return "it is still being provisioned"
    if status is Status.ACTIVE and ends is not None and now >= ends:
        return "its renewal is being processed, which takes up to a day (contract §13.2)"
    if get(body, "nextChargeInstructions"):
        return "a change for its next charge is pending"
    return None


def _text(body: Json, *names: str) -> str | None:
    value = get(body, *names)
    return value if isinstance(value, str) else None
