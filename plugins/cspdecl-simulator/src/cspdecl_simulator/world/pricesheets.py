"""The price sheet and offer matrix downloads of the pricing host.

Source: contract §9.2. App+user only; with Accept-Encoding: deflate the file comes in a zip.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import datetime
from decimal import Decimal

from ..catalog import NCE, Catalog, Price
from ..settings import Settings
from ..wire import Answer, Refusal, pascal

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
        if timeline not in ("current", "history", "future") or (timeline == "history") != bool(query.get("month")):
            raise Refusal(400, 800002, "timeline is current, future, or history with a month.")
        if timeline == "future":
            raise Refusal(404, 404, "There is no future price sheet.")
        if view.group(1).lower() != "updatedlicensebased":
            return _file(_csv(_COLUMNS, []), "sheets.csv", headers)
        return _file(_csv(_COLUMNS, _price_rows(catalog, market.group(1).upper(), now)), "sheets.csv", headers)
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
                "",
                "",
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
        month = re.search(r"month='(\d{6})'", path, re.IGNORECASE)
        if month is None:
            raise Refusal(400, 800002, "Month is required.")
        rows = [[code, rate, month.group(1)] for code, rate in _RATES.items()]
        return _file(_csv(_FX_COLUMNS, rows), "fxrates", headers)
    raise Refusal(404, 404, "Not found.")


def _price_rows(catalog: Catalog, market: str, now: datetime) -> list[list[str]]:
    rows = []
    for (key, segment, term, plan, currency), prices in catalog.prices.items():
        sku = catalog.skus[key]
        for price in prices:
            if price.market in ("", market) and sku.kind == NCE:
                rows.append(
                    [
                        sku.title,
                        sku.product_id,
                        sku.sku_id,
                        sku.title,
                        sku.publisher,
                        "",
                        "",
                        term,
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
                )
    return rows


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
