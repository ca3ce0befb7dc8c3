"""Audit records: who did what when.

Source: contract §18. Old and new values are JSON in a string, names in PascalCase; 90 days back at the most.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from ..wire import DAY, Answer, Body, Doc, Refusal, attributes, collection, midnight, moment, present
from .call import Call


def finish(record: Doc) -> Doc:
    """A record of `Call.audit` in the shape it is kept and shown in."""
    return present(
        id=record["id"],
        partnerId=record["partnerId"],
        customerId=record["customerId"],
        customerName=record["customerName"],
        userPrincipalName=record["userPrincipalName"],
        applicationId=record["applicationId"],
        resourceType=record["resourceType"],
        resourceOldValue=json.dumps(record["old"]) if record["old"] is not None else None,
        resourceNewValue=json.dumps(record["new"]) if record["new"] is not None else None,
        operationType=record["operationType"],
        originalCorrelationId=record["originalCorrelationId"] or None,
        operationDate=record["operationDate"],
        operationStatus=record["operationStatus"],
        customizedData=record["customizedData"],
        attributes=attributes("AuditRecord"),
    )


def _date(text: str, name: str) -> datetime:
    """yyyy-mm-dd, ISO, or the American form of the documented sample."""
    for shape in ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        return moment(text)
    except ValueError as problem:
        raise Refusal(400, 800002, f"{name} is not a date.") from problem


def _matches(record: Doc, field: str, value: str) -> bool:
    if field == "companyname":
        return value.lower() in record.get("customerName", "").lower()
    if field == "customerid":
        return bool(record.get("customerId", "").lower() == value.lower())
    return bool(record["resourceType"].replace("_", "").lower() == value.replace("_", "").lower())


def audit_records(call: Call) -> Answer:
    """GET /auditrecords?startDate[&endDate][&filter][&size]: days, both inclusive, newest first."""
    text = call.query.get("startdate")
    since = midnight(_date(text, "startDate")) if text else midnight(call.now - 30 * DAY)
    if since < midnight(call.now - 90 * DAY):
        raise Refusal(400, 800002, "startDate must not be older than 90 days.")
    until = (
        midnight(_date(call.query["enddate"], "endDate")) + DAY
        if call.query.get("enddate")
        else midnight(call.now) + DAY
    )
    rows = call.partner.audit(since.timestamp(), until.timestamp())
    if call.query.get("filter"):
        try:
            wanted = Body(json.loads(call.query["filter"]))
        except (ValueError, TypeError, AttributeError) as problem:
            raise Refusal(400, 800002, "The filter is not valid JSON.") from problem
        field = str(wanted.get("field", "")).lower()
        if field not in ("companyname", "customerid", "resourcetype"):
            raise Refusal(400, 800002, f"Filtering by {wanted.get('field')} is not supported.")
        rows = [row for row in rows if _matches(row, field, str(wanted.get("value", "")))]
    try:
        size = int(call.query.get("size") or 500)
        start = int(call.headers.get("ms-continuationtoken", "0"))
    except ValueError as problem:
        raise Refusal(400, 800002, "size or continuation token is not valid.") from problem
    chosen = rows[start : start + size]
    uri = f"/auditrecords?startDate={since:%Y-%m-%d}&size={size}"
    answer = collection(chosen, uri)
    if start + size < len(rows):
        token = str(start + size)
        answer["continuationToken"] = token
        answer["links"]["next"] = {
            "uri": f"{uri}&seekOperation=Next",
            "method": "GET",
            "headers": [{"key": "MS-ContinuationToken", "value": token}],
        }
    return Answer(200, answer)


def audit_record(call: Call) -> Answer:
    for row in call.partner.audit(0, 1e18):
        if row["id"].lower() == call.params["audit"].lower():
            return Answer(200, row)
    raise Refusal(404, 800002, "No such audit record.")
