"""Users of a customer's tenant and their licences.

Source: contract §8; examples users.create, licenses.*. Seats come from the customer's subscriptions, joined by the
SKU's provisioning id.
"""

from __future__ import annotations

from ..catalog import Sku
from ..wire import DAY, Answer, Doc, Refusal, attributes, collection, iso, link, present, snake
from .call import Call
from .profiles import needs_delegation

_FIELDS = {
    "usagelocation": "usageLocation",
    "userprincipalname": "userPrincipalName",
    "firstname": "firstName",
    "lastname": "lastName",
    "displayname": "displayName",
    "immutableid": "immutableId",
}


def user_doc(call: Call, row: Doc) -> Doc:
    return {
        name: row.get(name)
        for name in ("usageLocation", "id", "userPrincipalName", "firstName", "lastName", "displayName", "immutableId")
        if row.get(name) is not None
    } | {
        "lastDirectorySyncTime": None,
        "userDomainType": "none",
        "state": row["state"],
        "softDeletionTime": row.get("softDeletionTime"),
        "links": {"self": link(f"{call.base}/users/{row['id']}")},
        "attributes": attributes("CustomerUser"),
    }


def find_user(call: Call) -> Doc:
    needs_delegation(call)
    row = call.customer.find("user", call.params["user"])
    if row is None:
        raise Refusal(404, 60002, "The user was not found.")
    return row


def list_users(call: Call) -> Answer:
    """GET …/users?size&filter: active ones; UserStatus Inactive finds the deleted."""
    needs_delegation(call)
    state = "inactive" if "inactive" in call.query.get("filter", "").lower() else "active"
    rows = [row for row in call.customer.rows("user").values() if row["state"] == state]
    try:
        size, start = int(call.query.get("size") or 500), int(call.headers.get("ms-continuationtoken", "0"))
    except ValueError as problem:
        raise Refusal(400, 800002, "size or continuation token is not valid.") from problem
    answer = collection([user_doc(call, row) for row in rows[start : start + size]], f"{call.base}/users?size={size}")
    if start + size < len(rows):
        token = str(start + size)
        answer["continuationToken"] = token
        answer["links"]["next"] = {
            "uri": f"{call.base}/users?size={size}&seekOperation=Next",
            "method": "GET",
            "headers": [{"key": "MS-ContinuationToken", "value": token}],
        }
    return Answer(200, answer)


def create_user(call: Call) -> Answer:
    """POST …/users answers 200; the password is shown this once."""
    needs_delegation(call)
    form = call.form
    name = form.text("userprincipalname")
    if name is None or form.text("displayname") is None or form.text("usagelocation") is None:
        raise Refusal(400, 3000, "userPrincipalName, displayName and usageLocation are required.")
    if any(row["userPrincipalName"].lower() == name.lower() for row in call.customer.rows("user").values()):
        raise Refusal(409, 60009, "A user with this name already exists.")
    row: Doc = {"id": call.guid(), "state": "active", "licenses": []} | {
        shown: form[key] for key, shown in _FIELDS.items() if form.get(key) is not None
    }
    call.customer.put("user", row)
    call.audit("customer_user", "create_customer_user", new={"Id": row["id"], "UserPrincipalName": name})
    password = form.part("passwordprofile")
    doc = user_doc(call, row)
    doc["passwordProfile"] = {
        "forceChangePassword": bool(password.get("forcechangepassword", True)),
        "password": password.text("password") or call.short_id(),
    }
    return Answer(200, doc)


def get_user(call: Call) -> Answer:
    return Answer(200, user_doc(call, find_user(call)))


def patch_user(call: Call) -> Answer:
    row, form = find_user(call), call.form
    for key, shown in _FIELDS.items():
        if form.get(key) is not None:
            row[shown] = form[key]
    if form.text("state"):
        state = snake(form["state"])
        if state not in ("active", "inactive"):
            raise Refusal(400, 3000, "state must be active or inactive.")
        row["state"] = state
        row["softDeletionTime"] = None if state == "active" else iso(call.now)
    call.customer.put("user", row)
    call.audit("customer_user", "update_customer_user", new={"Id": row["id"]})
    return Answer(200, user_doc(call, row))


def delete_user(call: Call) -> Answer:
    """DELETE …/users/{id}: inactive, recoverable for 30 days."""
    row = find_user(call)
    row.update(state="inactive", softDeletionTime=iso(call.now + 30 * DAY), licenses=[])
    call.customer.put("user", row)
    call.audit("customer_user", "delete_customer_user", old={"Id": row["id"]})
    return Answer(204)


def _seats(call: Call) -> dict[str, Doc]:
    """Seats of the tenant by provisioning id."""
    found: dict[str, Doc] = {}
    for row in call.customer.rows("subscription").values():
        sku = call.catalog.find(row["product"], row["sku"]) or next(iter(call.catalog.product(row["product"])), None)
        if sku is None or row["status"] == "deleted" or sku.kind not in ("OnlineServicesNCE", "legacy"):
            continue
        kind = {"active": "active", "expired": "warning", "suspended": "suspended"}.get(row["status"])
        if kind is None:
            continue
        entry = found.setdefault(sku.provisioning_id, {"sku": sku, "active": 0, "warning": 0, "suspended": 0})
        entry[kind] += row["quantity"]
    return found


def _consumed(call: Call) -> dict[str, int]:
    used: dict[str, int] = dict(call.customer.customer.get("consumed", {}))
    for row in call.customer.rows("user").values():
        for sku_id in row["licenses"]:
            used[sku_id] = used.get(sku_id, 0) + 1
    return used


def subscribed_skus(call: Call) -> Answer:
    """GET …/subscribedskus[?licenseGroupIds=]"""
    needs_delegation(call)
    groups = call.query.get("licensegroupids", "group1").lower()
    if "group1" not in groups:
        return Answer(200, collection([]))
    used, items = _consumed(call), []
    for sku_id, seats in _seats(call).items():
        total, consumed = seats["active"] + seats["warning"], used.get(sku_id, 0)
        items.append(
            {
                "availableUnits": total - consumed,
                "activeUnits": seats["active"],
                "consumedUnits": consumed,
                "suspendedUnits": seats["suspended"],
                "totalUnits": total,
                "warningUnits": seats["warning"],
                "productSku": {
                    "id": sku_id,
                    "name": seats["sku"].title,
                    "skuPartNumber": seats["sku"].part_number,
                    "targetType": "User",
                    "licenseGroupId": "group1",
                },
                "servicePlans": [_plan(seats["sku"], sku_id, "Success")],
                "capabilityStatus": "Enabled" if seats["active"] else "Warning" if seats["warning"] else "Suspended",
                "attributes": attributes("SubscribedSku"),
            }
        )
    return Answer(200, collection(items))


def _plan(sku: Sku, sku_id: str, status: str) -> Doc:
    return {
        "displayName": sku.title,
        "serviceName": sku.part_number,
        "id": sku_id,
        "capabilityStatus": status,
        "targetType": "User",
    }


def user_licenses(call: Call) -> Answer:
    row = find_user(call)
    seats, items = _seats(call), []
    for sku_id in row["licenses"]:
        sku = seats[sku_id]["sku"] if sku_id in seats else None
        product = {
            "id": sku_id,
            "name": sku.title if sku else "",
            "skuPartNumber": sku.part_number if sku else "",
            "licenseGroupId": "group1",
        }
        plans = [_plan(sku, sku_id, "Assigned")] if sku else []
        items.append({"servicePlans": plans, "productSku": product, "attributes": attributes("License")})
    return Answer(200, collection(items))


def assign(call: Call) -> Answer:
    """POST …/licenseupdates: 201, or 60012 when the tenant has run out."""
    row, form = find_user(call), call.form
    if call.customer.customer.get("conditional_access"):
        raise Refusal(403, 900309, "A conditional access policy of the customer blocks the call.", source="PartnerFD")
    seats, used = _seats(call), _consumed(call)
    wanted = form.parts("licensestoassign")
    removed = [str(item).lower() for item in form.get("licensestoremove") or []]
    for item in wanted:
        sku_id = str(item.get("skuid", "")).lower()
        total = seats[sku_id]["active"] + seats[sku_id]["warning"] if sku_id in seats else 0
        if sku_id not in row["licenses"] and used.get(sku_id, 0) >= total:
            raise Refusal(
                400,
                60012,
                "We are sorry, it looks like you have run out of licenses.",
                data=[f"LicenseQuotaExceededException : account {call.customer.id}, SKU {sku_id}: no licences left."],
            )
        if sku_id not in row["licenses"]:
            row["licenses"].append(sku_id)
    row["licenses"] = [sku_id for sku_id in row["licenses"] if sku_id not in removed]
    call.customer.put("user", row)
    call.audit(
        "license",
        "update_customer_user_licenses",
        new={"LicensesToAssign": [item.get("skuid") for item in wanted], "LicensesToRemove": removed},
    )
    return Answer(
        201,
        present(
            licensesToAssign=[
                present(skuId=item.get("skuid"), excludedPlans=item.get("excludedplans")) for item in wanted
            ]
            or None,
            licensesToRemove=removed or None,
            licenseWarnings=[],
            attributes=attributes("LicenseUpdate"),
        ),
    )
