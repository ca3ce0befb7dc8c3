"""Reconciliation and usage exports as Microsoft Graph makes them: asked for, waited for, fetched from a store.

Source: contract §16 (Graph flow, attribute sets, manifest); examples billing.*, which are of the 2023 beta and are
answered under its own paths.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta

from ..charging import billing, columns
from ..wire import Answer, Doc, Refusal, dump, iso, moment
from .call import Call

BASE = "/v1.0/reports/partners/billing"
BLOBS = "/billing-exports"
BLOB_LINES = 1000
LINK_LIFE = timedelta(days=1)
TOKEN_LIFE = timedelta(hours=1)
RETRY_AFTER = "1"


def refuse(status: int, code: str, text: str) -> Refusal:
    """A no in the words of Graph."""
    return Refusal(status, code, text, body={"error": {"code": code, "message": text}})


def start(call: Call, what: str, state: str, base_url: str) -> Answer:
    """POST …/reconciliation|usage/billed|unbilled/export: 202 and where to look."""
    form = call.form
    attribute_set = (form.text("attributeset") or "full").lower()
    if attribute_set not in ("full", "basic"):
        raise refuse(400, "BadRequest", "attributeSet is full or basic.")
    if state == "billed":
        number = (form.text("invoiceid") or "").upper()
        known = next((one for one in billing.issued(call.partner, call.now) if one.id == number), None)
        if known is None:
            raise refuse(404, "NotFound", f"Invoice {number} was not found.")
        month, currency = known.period, known.currency
    else:
        period, currency = (form.text("billingperiod") or "").lower(), (form.text("currencycode") or "").upper()
        if period not in ("current", "last") or len(currency) != 3:
            raise refuse(400, "BadRequest", "currencyCode and billingPeriod (current or last) are required.")
        month = billing.month_of(call.now, back=period == "last")
    record = {
        "id": call.guid(),
        "manifest": call.guid(),
        "sas": call.guid().replace("-", ""),
        "what": what,
        "state": state,
        "month": month,
        "currency": currency,
        "attributes": attribute_set,
        "at": iso(call.now),
        "made": iso(call.machine),
        "last": call.partner.last_charge(),
        "polls": call.settings.export_polls,
    }
    call.partner.save_shared("export", str(record["id"]), record)
    return Answer(202, raw=b"", headers={"Location": f"{base_url}{BASE}/operations/{record['id']}"})


def _record(call: Call, wanted: str, *, by: str = "id") -> Doc:
    for record in call.partner.shared("export").values():
        if record[by] == wanted.lower():
            if call.machine - moment(record["made"]) > LINK_LIFE:
                raise refuse(410, "Gone", "The link has aged: ask for the export again.")
            return record
    raise refuse(404, "NotFound", "The operation was not found.")


def operation(call: Call, wanted: str, base_url: str, *, beta: bool = False) -> Answer:
    """GET …/operations/{id}: running as often as the settings say, then done."""
    record = _record(call, wanted)
    done = record["polls"] <= 0
    doc: Doc = {
        "id": record["id"],
        "createdDateTime": record["made"],
        "lastActionDateTime": iso(call.machine),
        "status": "succeeded" if done else "running",
    }
    if done and (beta or call.settings.export_manifest == "link"):
        path = "/v1/billingmanifests" if beta else f"{BASE}/manifests"
        doc["resourceLocation"] = f"{base_url}{path}/{record['manifest']}"
    elif done:
        doc["resourceLocation"] = _manifest(call, record, base_url)
    else:
        call.partner.save_shared("export", record["id"], record | {"polls": record["polls"] - 1})
    return Answer(200, doc, headers={} if done else {"Retry-After": RETRY_AFTER})


def _lines(call: Call, record: Doc) -> list[bytes]:
    """The export as it stood when it was asked for, one JSON object a line."""
    month, currency = record["month"], record["currency"]
    if record["what"] == "usage":
        usage = call.partner.shared("usage").get(month, {"lines": []})["lines"]
        return [dump(line) + b"\n" for line in usage if line.get("billingCurrency", currency) == currency]
    invoice = billing.Invoice(period=month, currency=currency)
    if record["state"] == "billed":
        found = billing.billed_lines(call.partner, invoice, record["last"])
    else:
        found = billing.unbilled_lines(call.partner, month, currency, moment(record["at"]), record["last"])
    return columns.json_lines(found, record["attributes"]).splitlines(keepends=True)


def _blobs(call: Call, record: Doc) -> dict[str, tuple[bytes, int]]:
    lines = _lines(call, record)
    parts = [lines[first : first + BLOB_LINES] for first in range(0, len(lines), BLOB_LINES)]
    return {
        f"part-{number:05d}.json.gz": (gzip.compress(b"".join(part), mtime=0), len(part))
        for number, part in enumerate(parts)
    }


def _manifest(call: Call, record: Doc, base_url: str) -> Doc:
    blobs = _blobs(call, record)
    return {
        "id": record["manifest"],
        "schemaVersion": "2",
        "dataFormat": "compressedJSON",
        "createdDateTime": record["made"],
        "eTag": record["manifest"][:8],
        "partnerTenantId": call.settings.partner_tenant,
        "rootDirectory": f"{base_url}{BLOBS}/{record['manifest']}",
        "sasToken": f"sv=2024&sig={record['sas']}",
        "partitionType": "default",
        "blobCount": len(blobs),
        "blobs": [
            {"name": name, "partitionValue": str(number), "sizeInBytes": len(data), "itemCount": count}
            for number, (name, (data, count)) in enumerate(blobs.items(), start=1)
        ],
    }


def manifest(call: Call, wanted: str, base_url: str, *, beta: bool = False) -> Answer:
    """GET …/manifests/{id}; the beta of 2023 spells some fields otherwise."""
    record = _record(call, wanted, by="manifest")
    doc = _manifest(call, record, base_url)
    if not beta:
        return Answer(200, doc)
    blobs = doc["blobs"]
    return Answer(
        200,
        {
            "version": "1",
            "dataFormat": "compressedJSONLines",
            "utcCretedDateTime": doc["createdDateTime"],
            "eTag": doc["eTag"],
            "partnerTenantId": doc["partnerTenantId"],
            "rootFolder": doc["rootDirectory"],
            "rootFolderSAS": doc["sasToken"],
            "partitionType": "ItemCount",
            "blobCount": doc["blobCount"],
            "sizeInBytes": sum(blob["sizeInBytes"] for blob in blobs),
            "blobs": [
                {"name": blob["name"], "sizeinBytes": blob["sizeInBytes"], "partitionValue": blob["partitionValue"]}
                for blob in blobs
            ],
        },
    )


def blob(call: Call, wanted: str, name: str) -> Answer:
    """GET rootDirectory/name?sasToken: no sign-in, the token opens it for an hour."""
    record = _record(call, wanted, by="manifest")
    fresh = call.machine - moment(record["made"]) <= TOKEN_LIFE
    if call.query.get("sig") != record["sas"] or not fresh:
        raise Refusal(403, "AuthenticationFailed", "The access token is not valid or has expired.")
    found = _blobs(call, record).get(name)
    if found is None:
        raise Refusal(404, "BlobNotFound", "The blob was not found.")
    return Answer(200, raw=found[0], headers={"Content-Type": "application/gzip"})


def answer(call: Call, method: str, path: str, base_url: str) -> Answer:
    """Everything below Graph's billing reports.

    Raises Refusal for a path or a method that is not there.
    """
    parts = path.removeprefix(BASE).strip("/").split("/")
    if len(parts) == 3 and parts[0] in ("reconciliation", "usage") and parts[1] in ("billed", "unbilled"):
        if method != "POST" or parts[2] != "export":
            raise refuse(405, "MethodNotAllowed", "Exports are asked for by POST.")
        return start(call, parts[0], parts[1], base_url)
    looks: dict[str, Callable[[Call, str, str], Answer]] = {"operations": operation, "manifests": manifest}
    if len(parts) == 2 and parts[0] in looks and method == "GET":
        return looks[parts[0]](call, parts[1], base_url)
    raise refuse(404, "NotFound", f"No resource was found for {path}.")
