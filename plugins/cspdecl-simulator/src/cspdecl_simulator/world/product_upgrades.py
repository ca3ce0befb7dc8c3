"""Older Azure subscriptions becoming an Azure plan: eligible or not, asked for, followed.

Sources: contract §15 (productUpgrades); the product upgrade pages' samples (2023-10). These paths name no customer: the
body does.
"""

from __future__ import annotations

from ..catalog import AZURE
from ..terms import NEVER
from ..wire import Answer, Refusal, iso
from .call import Call
from .customers import is_guid
from .limits import old_azure
from .orders import follow_up
from .state import World
from .subscriptions import new_subscription

_PLAN = "DZH318Z0BPS6:0001"


def _enter(call: Call) -> None:
    """The customer the body names; only the product family azure exists.

    Raises Refusal(400, 800002), Refusal(400, 900118), Refusal(403, 20002).
    """
    form = call.form
    wanted, family = form.text("customerid") or "", form.text("productfamily") or ""
    if not is_guid(wanted):
        raise Refusal(400, 900118, "The customer id is not valid.")
    if family.lower() != "azure":
        raise Refusal(400, 800002, "productFamily must be azure.")
    found = call.partner.customer(wanted.lower())
    if found is None or found[0]["relationship"] == "none":
        raise Refusal(403, 20002, "The partner does not have a commerce relationship with the customer.")
    call.world = World(found[0], call.partner)


def eligibility(call: Call) -> Answer:
    """POST /productUpgrades/eligibility: yes where an older Azure subscription runs."""
    _enter(call)
    return Answer(
        200,
        {
            "customerId": call.customer.id,
            "productFamily": str(call.form.text("productfamily")),
            "isEligible": bool(old_azure(call.customer)),
        },
    )


def create(call: Call) -> Answer:
    """POST /productUpgrades: 202 and where to look; the older subscriptions end, one plan takes their place."""
    _enter(call)
    old, sku = old_azure(call.customer), call.catalog.by_key(_PLAN)
    if not old or sku is None:
        raise Refusal(400, 800002, "The customer has nothing that could be upgraded.")
    plan = new_subscription(
        row_id=call.guid(),
        sku=sku,
        availability="",
        segment="commercial",
        quantity=1,
        term="",
        plan="one_time",
        start=call.now,
        end=NEVER,
        order="",
        price={"currency": call.settings.currency},
        partner=old[0]["partner"] or None,
        machine=call.machine,
    )
    plan["order"] = follow_up(call, plan, "New", 1)["id"]
    call.customer.put("subscription", plan)
    lines = []
    for row in old:
        row.update(status="deleted", status_since=iso(call.now), version=row["version"] + 1)
        call.customer.put("subscription", row)
        lines.append(
            {
                "sourceProduct": {"id": row["id"], "name": "AzureSubscription"},
                "targetProduct": {"id": plan["id"], "name": sku.title},
                "upgradedDate": iso(call.now),
                "status": "Completed",
            }
        )
    upgrade = {"id": call.guid(), "status": "Completed", "productFamily": AZURE, "lineItems": lines}
    call.customer.put("product-upgrade", upgrade)
    call.audit("subscription", "upgrade_subscription", new={"Id": plan["id"]})
    return Answer(202, raw=b"", headers={"Location": f"productUpgrades/{upgrade['id']}"})


def status(call: Call) -> Answer:
    """POST /productUpgrades/{id}/status, the customer again in the body."""
    _enter(call)
    found = call.customer.find("product-upgrade", call.params["upgrade"])
    if found is None:
        raise Refusal(404, 800002, "The upgrade was not found.")
    return Answer(200, {name: value for name, value in found.items() if name != "_seq"})
