"""Traditional subscriptions becoming new-commerce ones.

Source: contract §14; examples migrations.*. Bodies spell billing cycles and status in PascalCase here.
"""

from __future__ import annotations

from datetime import timedelta

from ..catalog import LEGACY, Sku, availability_id
from ..charging.events import purchased
from ..terms import MONTHS, next_term_start
from ..wire import DAY, Answer, Body, Doc, Refusal, iso, moment, pascal, present, snake
from .call import Call, as_quantity
from .orders import follow_up
from .subscriptions import find, new_subscription


def _target(call: Call, row: Doc) -> Sku | None:
    sku = next(iter(call.catalog.product(row["product"])), None)
    key = sku.raw.get("migrates_to") if sku else None
    return call.catalog.by_key(str(key)) if key else None


def _problems(call: Call, row: Doc, form: Body) -> list[Doc]:
    found: list[Doc] = []
    if row["kind"] != LEGACY or _target(call, row) is None:
        found.append({"code": 900220, "description": "There is no migration path for the subscription."})
    if row["status"] != "active":
        found.append({"code": 900215, "description": "The subscription is not active."})
    if call.settings.environment == "production" and moment(row["created"]) > call.now - 30 * DAY:
        found.append({"code": 900226, "description": "The subscription has been active for one month or less."})
    if not form.get("purchasefullterm") and moment(row["end"]) - call.now < timedelta(hours=24):
        found.append({"code": 900217, "description": "The term ends in less than 24 hours."})
    return found


def _item(call: Call, sku: Sku) -> str:
    return f"{sku.key}:{availability_id(sku, 'commercial', call.now, call.settings.rotation_seconds)}"


def validate(call: Call) -> Answer:
    row = find(call, call.form.text("currentsubscriptionid") or "")
    problems, target = _problems(call, row, call.form), _target(call, row)
    return Answer(
        200,
        present(
            currentSubscriptionId=row["id"],
            isEligible=not problems,
            catalogItemId=_item(call, target) if target else None,
            errors=problems or None,
        ),
    )


def _price(call: Call, target: Sku, term: str, plan: str) -> Doc:
    """Today's price of the new item, without promotions (contract §14)."""
    currency = call.settings.currency
    found = call.catalog.price(target, "commercial", term, plan, currency, call.country, call.now)
    return {"unit": str(found.unit if found else 0), "discount": "0", "currency": currency, "at": iso(call.now)}


def _migrate(call: Call, form: Body) -> Doc:
    row = find(call, form.text("currentsubscriptionid") or "")
    problems, target = _problems(call, row, form), _target(call, row)
    if problems or target is None:
        raise Refusal(400, problems[0]["code"], problems[0]["description"])
    term, plan = (form.text("termduration") or "P1Y").upper(), snake(form.text("billingcycle") or "monthly")
    if term not in MONTHS or plan not in target.plans.get(term, ()):
        raise Refusal(400, 900221, "The term and billing cycle are not valid for the migration.")
    full = bool(form.get("purchasefullterm"))
    end = next_term_start(call.now, term) if full or moment(row["end"]) > call.now + 400 * DAY else moment(row["end"])
    quantity = as_quantity(form["quantity"]) if form.get("quantity") is not None else row["quantity"]
    item = _item(call, target)
    new = new_subscription(
        row_id=call.guid(),
        sku=target,
        availability=item.split(":")[2],
        segment="commercial",
        quantity=quantity,
        term=term,
        plan=plan,
        start=call.now,
        end=end,
        order="",
        price=_price(call, target, term, plan),
        name=row["name"],
        partner=row["partner"] or None,
        machine=call.machine,
        raw={"migratedFromSubscriptionId": row["id"]},
    )
    new["order"] = follow_up(call, new, "New", quantity)["id"]
    purchased(call, new)
    call.customer.put("subscription", new)
    row.update(status="deleted", status_since=iso(call.now), version=row["version"] + 1)
    call.customer.put("subscription", row)
    return {
        "currentSubscriptionId": row["id"],
        "customerTenantId": call.customer.id,
        "catalogItemId": item,
        "subscriptionEndDate": iso(end - DAY),
        "quantity": quantity,
        "termDuration": term,
        "billingCycle": pascal(plan),
        "purchaseFullTerm": full,
        "newCommerceSubscriptionId": new["id"],
        "newCommerceOrderId": new["order"],
    }


def create(call: Call) -> Answer:
    """POST …/migrations/newcommerce: the answer is still Processing; a look later finds it Completed."""
    form = call.form
    addons = [_migrate(call, item) for item in form.parts("addonmigrations")]
    record = {
        **_migrate(call, form),
        "id": call.guid(),
        "startedTime": iso(call.now),
        "addOnMigrations": addons,
        "externalReferenceId": form.text("externalreferenceid"),
    }
    call.customer.put("migration", record)
    call.audit("new_commerce_migration", "create_new_commerce_migration", new={"Id": record["id"]})
    hidden = ("newCommerceSubscriptionId", "newCommerceOrderId", "_seq")
    shown = {name: value for name, value in record.items() if value is not None and name not in hidden}
    shown["addOnMigrations"] = [
        {name: value for name, value in addon.items() if name not in hidden} for addon in addons
    ]
    return Answer(201, shown | {"status": "Processing"})


def _shown(record: Doc) -> Doc:
    return {name: value for name, value in record.items() if value is not None and name != "_seq"} | {
        "status": "Completed",
        "completedTime": record["startedTime"],
    }


def get(call: Call) -> Answer:
    record = call.customer.find("migration", call.params["migration"])
    if record is None:
        raise Refusal(404, 900223, "The migration was not found.")
    return Answer(200, _shown(record))


def query(call: Call) -> Answer:
    """GET /migrations/newcommerce?CustomerTenantId|CurrentSubscriptionId|ExternalReferenceId: a bare list."""
    return Answer(200, [_shown(row) for row in _matching(call, "migration")])


def query_schedules(call: Call) -> Answer:
    """GET /migrations/newcommerce/schedules with the same three questions: a bare list."""
    rows = _matching(call, "migration-schedule")
    return Answer(200, [{name: value for name, value in row.items() if name != "_seq"} for row in rows])


def _matching(call: Call, kind: str) -> list[Doc]:
    """Rows of one or every customer that answer the question."""
    tenant, current, reference = (
        call.query.get(name, "").lower()
        for name in ("customertenantid", "currentsubscriptionid", "externalreferenceid")
    )
    if not (tenant or current or reference):
        raise Refusal(400, 800002, "Name a customer, a subscription or a reference.")
    found: list[Doc] = []
    for _, customer in call.partner.customer_rows():
        if tenant and customer["id"] != tenant:
            continue
        found += [
            row
            for row in call.partner.resources(customer["id"], kind).values()
            if (not current or str(row["currentSubscriptionId"]).lower() == current)
            and (not reference or str(row.get("externalReferenceId") or "").lower() == reference)
        ]
    return found


def events(call: Call) -> Answer:
    """GET …/migrations/newcommerce/events?migration_id|current_subscription_id: a bare list."""
    wanted, current = call.query.get("migration_id", "").lower(), call.query.get("current_subscription_id", "").lower()
    names = (
        "MigrationStarted",
        "NewCommerceSubscriptionCreated",
        "NewCommerceSubscriptionProvisioned",
        "MigrationCompleted",
    )
    return Answer(
        200,
        [
            {
                "id": f"{row['id'][:-1]}{index}",
                "newCommerceMigrationId": row["id"],
                "currentSubscriptionId": row["currentSubscriptionId"],
                "customerTenantId": call.customer.id,
                "createdTime": row["startedTime"],
                "eventName": name,
            }
            for row in call.customer.rows("migration").values()
            for index, name in enumerate(names)
            if (not wanted or row["id"] == wanted) and (not current or row["currentSubscriptionId"].lower() == current)
        ],
    )


def _read_schedule(call: Call, form: Body) -> Doc:
    row = find(call, form.text("currentsubscriptionid") or "")
    if bool(form.text("targetdate")) == bool(form.get("migrateonrenewal")):
        raise Refusal(400, 800002, "Give either targetDate or migrateOnRenewal.")
    own = ("id", "status", "customertenantid", "createdtime", "lastmodifiedtime", "subscriptionenddate")
    doc: Doc = {name[:1].lower() + name[1:]: value for name, value in form.raw.items() if name.lower() not in own}
    return doc | {
        "subscriptionEndDate": row["end"],
        "customerTenantId": call.customer.id,
        "lastModifiedTime": iso(call.now),
    }


def create_schedule(call: Call) -> Answer:
    doc = _read_schedule(call, call.form) | {"id": call.guid(), "status": "Created", "createdTime": iso(call.now)}
    call.customer.put("migration-schedule", {**doc})
    return Answer(201, doc)


def _schedule(call: Call) -> Doc:
    found = call.customer.find("migration-schedule", call.params["schedule"])
    if found is None:
        raise Refusal(404, 900223, "The schedule was not found.")
    return found


def list_schedules(call: Call) -> Answer:
    return Answer(
        200,
        [
            {name: value for name, value in row.items() if name != "_seq"}
            for row in call.customer.rows("migration-schedule").values()
        ],
    )


def get_schedule(call: Call) -> Answer:
    return Answer(200, {name: value for name, value in _schedule(call).items() if name != "_seq"})


def put_schedule(call: Call) -> Answer:
    old = _schedule(call)
    kept = {name: old[name] for name in ("id", "status", "createdTime")}
    doc = _read_schedule(call, call.form) | kept
    call.customer.put("migration-schedule", {**doc, "_seq": old["_seq"]})
    return Answer(200, doc)


def cancel_schedule(call: Call) -> Answer:
    row = _schedule(call)
    row.update(status="Cancelled", lastModifiedTime=iso(call.now))
    call.customer.put("migration-schedule", row)
    return Answer(200, {name: value for name, value in row.items() if name != "_seq"})
