"""Webhook registration and test events; deliveries are recorded, not sent.

Source: contract §19; examples webhooks.registration.*, webhooks.events.list. These resources speak PascalCase.
"""

from __future__ import annotations

from ..wire import Answer, Doc, Refusal, iso, present
from .call import Call

EVENTS = [
    "subscription-updated",
    "test-created",
    "usagerecords-thresholdExceeded",
    "invoice-ready",
    "referral-created",
    "referral-updated",
    "related-referral-created",
    "related-referral-updated",
    "azure-fraud-event-detected",
    "dap-admin-relationship-approved",
    "dap-admin-relationship-terminated",
    "dap-admin-relationship-terminated-by-microsoft",
    "reseller-relationship-accepted-by-customer",
    "granular-admin-relationship-approved",
    "granular-admin-relationship-activated",
    "granular-admin-relationship-terminated",
    "granular-admin-relationship-expired",
    "granular-admin-access-assignment-created",
    "granular-admin-access-assignment-activated",
    "granular-admin-access-assignment-updated",
    "granular-admin-access-assignment-deleted",
    "new-commerce-migration-created",
    "new-commerce-migration-completed",
    "new-commerce-migration-failed",
    "new-commerce-migration-schedule-failed",
    "indirect-reseller-relationship-accepted-by-customer",
]


def events(call: Call) -> Answer:
    return Answer(200, EVENTS)


def _registration(call: Call) -> Doc:
    found = call.partner.shared_one("webhook", "registration")
    if found is None:
        raise Refusal(404, 800002, "There is no webhook registration.")
    return found


def get_registration(call: Call) -> Answer:
    return Answer(200, {name: value for name, value in _registration(call).items() if name != "SubscriberId"})


def register(call: Call) -> Answer:
    """POST and PUT /registration"""
    form = call.form
    names = form.get("webhookevents")
    if form.text("webhookurl") is None or not isinstance(names, list) or not names:
        raise Refusal(400, 3000, "WebhookUrl and WebhookEvents are required.")
    known = {name.lower() for name in EVENTS}
    if any(str(name).lower() not in known for name in names):
        raise Refusal(400, 3000, "WebhookEvents names an unknown event.")
    old = call.partner.shared_one("webhook", "registration")
    if call.method == "PUT" and old is None:
        raise Refusal(404, 800002, "There is no webhook registration.")
    doc = present(
        SubscriberId=old["SubscriberId"] if old else call.guid(),
        WebhookUrl=form["webhookurl"],
        WebhookEvents=[str(name) for name in names],
        SignatureTokenToMsSignatureHeader=form.get("signaturetokentomssignatureheader"),
    )
    call.partner.save_shared("webhook", "registration", doc)
    return Answer(200, doc)


def validate(call: Call) -> Answer:
    """POST /registration/validationEvents: needs test-created registered."""
    found = _registration(call)
    if "test-created" not in [name.lower() for name in found["WebhookEvents"]]:
        raise Refusal(400, 3000, "The event test-created must be registered.")
    correlation = call.guid()
    call.partner.save_shared(
        "webhook-event",
        correlation,
        {
            "correlationId": correlation,
            "partnerId": call.settings.partner_tenant,
            "status": "completed",
            "callbackUrl": found["WebhookUrl"],
            "results": [
                {"responseCode": "OK", "responseMessage": "", "systemError": False, "dateTimeUtc": iso(call.now)}
            ],
        },
    )
    return Answer(200, {"correlationId": correlation})


def validation(call: Call) -> Answer:
    found = call.partner.shared_one("webhook-event", call.params["correlation"].lower())
    if found is None:
        raise Refusal(404, 800002, "No such validation event.")
    return Answer(200, found)
