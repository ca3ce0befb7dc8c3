"""The price sheet and offer matrix downloads of the pricing host.

Source: contract §9.2. App+user only; with Accept-Encoding: deflate the file comes in a zip.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ..catalog import NCE, SOFTWARE, Catalog, Price, Sku, extended
from ..settings import Settings
from ..terms import add_months
from ..wire import Answer, Refusal, midnight, pascal

_COLUMNS = (
    "ProductTitle",
    "ProductId",
    "SkuId",
    "SkuTitle",
    "Publisher",
    "SkuDescription",
    "UnitOfMeasure",
    "TermDuration",
    "BillingPlan",
    "Market",
    "Currency",
    "UnitPrice",
    "PricingTierRangeMin",
    "PricingTierRangeMax",
    "EffectiveStartDate",
    "EffectiveEndDate",
    "Tags",
    "ERP Price",
    "Segment",
)
_MATRIX = (
    "ProductTitle",
    "ProductId",
    "SkuId",
    "SkuTitle",
    "ProvisioningId",
    "ProvisioningString",
    "MinLicenses",
    "MaxLicenses",
    "AssetOwnershipLimit",
    "AssetOwnershipLimitType",
    "ProductSkuPreRequisites",
    "ProductSkuConversion",
    "Description",
    "AllowedCountries",
)
_VIEWS = {"updatedlicensebased": NCE, "licensebasedest": NCE, "software": SOFTWARE}
_INSTANT = timedelta(microseconds=1)
_FX_COLUMNS = ("CurrencyCode", "USDPerUnit", "Month")
_RATES = {"EUR": "1.0638297872340426", "GBP": "1.25", "USD": "1"}  # made up; EUR as in the made-up prices
_SEGMENTS = {"commercial": "Commercial", "education": "Education", "government": "Government", "nonprofit": "Charity"}


def sheet(
    path: str, query: dict[str, str], headers: dict[str, str], catalog: Catalog, settings: Settings, now: datetime
) -> Answer:
    """GET /v1.0/sales/pricesheets(…)/$value and of /v1.0/sales/offermatrix(…), fxrates(…)"""
    lower = path.lower()
    if "/pricesheets(" in lower:
        market = re.search(r"market='([A-Za-z]{2})'", path, re.IGNORECASE)
        view = re.search(r"pricesheetview='([a-z_]+)'", path, re.IGNORECASE)
        if market is None or view is None:
            raise Refusal(400, 800002, "Market and PricesheetView are required.")
        timeline = query.get("timeline", "current").lower()
        month = query.get("month", "")
        if timeline not in ("current", "history", "future") or (timeline == "history") != bool(month):
            raise Refusal(400, 800002, "timeline is current, future, or history with a month.")
        data = price_file(catalog, view.group(1).lower(), market.group(1).upper(), timeline, month, now)
        return _file(data, "sheets.csv", headers)
    if "/offermatrix(" in lower:
        rows = [
            [
                sku.title,
                sku.product_id,
                sku.sku_id,
                sku.title,
                sku.provisioning_id,
                sku.part_number,
                str(sku.min_seats),
                str(sku.max_seats),
                str(sku.owned_limit) if sku.owned_limit else "",
                ("Lifetime" if sku.owned_for_life else "ConcurrentCount") if sku.owned_limit else "",
                ",".join(key.replace(":", "/") for key in sku.prerequisites),
                ",".join(key.replace(":", "/") for key in sku.upgrades),
                sku.title,
                settings.country,
            ]
            for sku in catalog.skus.values()
            if sku.kind == NCE
        ]
        return _file(_csv(_MATRIX, rows), "updatedoffice.csv", headers)
    if "/fxrates(" in lower:
        fx_month = re.search(r"month='(\d{6})'", path, re.IGNORECASE)
        if fx_month is None:
            raise Refusal(400, 800002, "Month is required.")
        rows = [[code, rate, fx_month.group(1)] for code, rate in _RATES.items()]
        return _file(_csv(_FX_COLUMNS, rows), "fxrates", headers)
    raise Refusal(404, 404, "Not found.")


def price_file(catalog: Catalog, view: str, market: str, timeline: str, month: str, now: datetime) -> bytes:
    """The rows of a month: this one's, the next one's, or that of `month` (YYYYMM).

    Raises Refusal: 404 for a next month that brings nothing new, 400 for a month that is none or not over.
    """
    first = midnight(now).replace(day=1)
    if timeline == "history":
        try:
            first, current = datetime.strptime(month, "%Y%m").replace(tzinfo=UTC), first
        except ValueError as problem:
            raise Refusal(400, 800002, "month is YYYYMM.") from problem
        if first > current:
            raise Refusal(400, 800002, "month must not lie in the future.")
    following = add_months(first, 1)
    if timeline == "future":
        upcoming = _rows(catalog, view, market, following, add_months(first, 2))
        if upcoming == _rows(catalog, view, market, following - _INSTANT, following):
            raise Refusal(404, 404, "There is no future price sheet.")
        return _csv(_COLUMNS, upcoming)
    return _csv(_COLUMNS, _rows(catalog, view, market, first, following))


def _rows(catalog: Catalog, view: str, market: str, first: datetime, following: datetime) -> list[list[str]]:
    """The rows of a view that are in force at any instant of `[first, following)`."""
    rows = []
    for (key, segment, term, plan, currency), prices in catalog.prices.items():
        sku = catalog.skus[key]
        if sku.kind != _VIEWS.get(view):
            continue
        for price in prices:
            in_force = (price.starts is None or price.starts < following) and (
                price.ends is None or price.ends >= first
            )
            if price.market not in ("", market) or not in_force:
                continue
            if view != "licensebasedest":
                rows.append(_row(sku, segment, (term, plan), market, currency, price))
                continue
            monthly = (sku.key.upper(), segment, "P1M", "monthly", currency) in catalog.prices
            if (term, plan) == (("P1M", "monthly") if monthly else ("P1Y", "annual")) and not sku.is_trial:
                found = extended(price, 1 if monthly else 12, 3 if monthly else 23)
                month = replace(price, unit=found.unit, retail=found.retail)
                rows.append(_row(sku, segment, ("P1M", "monthly"), market, currency, month, " (extended service term)"))
    return rows


def _row(
    sku: Sku, segment: str, sold: tuple[str, str], market: str, currency: str, price: Price, more: str = ""
) -> list[str]:
    term, plan = sold
    return [
        sku.title + more,
        sku.product_id,
        sku.sku_id,
        sku.title + more,
        sku.publisher,
        "",
        "",
        term or "OneTime",
        pascal(plan),
        market,
        currency,
        _plain(price.unit),
        "",
        "",
        *_range(price),
        "License",
        _plain(price.retail),
        _SEGMENTS[segment],
    ]


def _range(price: Price) -> tuple[str, str]:
    shape = "%m/%d/%Y %I:%M:%S %p"
    return (
        price.starts.strftime(shape) if price.starts else "1/1/1753 12:00:00 AM",
        price.ends.strftime(shape) if price.ends else "12/31/9999 11:59:59 PM",
    )


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _csv(columns: tuple[str, ...], rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()


def _file(data: bytes, name: str, headers: dict[str, str]) -> Answer:
    kind = "text/csv"
    if (
        "deflate" in headers.get("accept-encoding", "").lower()
        and "gzip" not in headers.get("accept-encoding", "").lower()
    ):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, data)
        data, kind = packed.getvalue(), "application/zip"
    return Answer(
        200,
        raw=data,
        headers={
            "Content-Type": kind,
            "Cache-Control": "private",
            "Content-Disposition": f"attachment; filename={name}",
        },
    )
