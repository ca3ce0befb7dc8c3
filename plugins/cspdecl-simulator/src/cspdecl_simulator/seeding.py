"""Putting a world together: customers, subscriptions, catalogue items, promotions, resellers — ids, dates and lots free to choose."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .catalog import AZURE, LEGACY, Catalog, Price, Sku, availability_id, derived_price, sku_from_dict
from .terms import MONTHS, NEVER, next_term_start
from .wire import DAY, Doc, iso, midnight, moment
from .world.agreements import MCA_TEMPLATE
from .world.customers import new_customer
from .world.subscriptions import WINDOW, cancel_until, new_subscription

if TYPE_CHECKING:
    from .storage import Store
    from .world.call import Call, Caller


def _when(value: datetime | str | None) -> datetime | None:
    return moment(value) if isinstance(value, str) else value


class Seeding:
    """The seeding half of a simulator. Nothing here checks a rule: a seed may show what no request could reach."""

    store: Store
    _rng: random.Random

    if TYPE_CHECKING:
        now: datetime
        catalog: Catalog

        def system_call(self, customer_id: str = "", caller: Caller | None = None) -> Call: ...

        def finish(self, call: Call) -> None: ...

        def configure(self, **changes: Any) -> Any: ...

    # customers --------------------------------------------------------------------------------------------------------------------------

    def seed_customer(self, customer_id: str | None = None, *, company: str = "", domain: str = "", country: str = "", name: str = "", agreement: bool = True,
                      direct_signed: bool = False, delegated: bool = True, reseller: str | None = None, qualifications: list[Doc] | None = None,
                      validation: str | None = None, other_seats: dict[str, int] | None = None, billing: Doc | None = None, **more: Any) -> str:
        """Adds a customer and returns its tenant id.

        `agreement` records the partner's attestation; `other_seats` are seats by `PID:SID` that other sellers hold; `validation` an account status;
        `qualifications` items `{"qualification": "Education", "status": "Approved"}`; `more` any field of the record (budget, overage, entitlements …).
        """
        with self.store.transaction():
            call = self.system_call()
            customer_id = (customer_id or call.guid()).lower()
            company = company or name or f"Customer {customer_id[:8]}"
            domain = domain or f"{(name or 'c' + customer_id.replace('-', '')[:12]).lower()}.onmicrosoft.com"
            profile = {"id": call.guid(), "firstName": "Demo", "lastName": "Contact", "email": f"contact@{domain}", "culture": "en-US", "language": "en",
                       "companyName": company, "defaultAddress": {"country": country or call.settings.country, "city": "Redmond", "state": "WA", "addressLine1":
                                                                  "1 Microsoft Way", "postalCode": "98052", "firstName": "Demo", "lastName": "Contact",
                                                                  "phoneNumber": "4255550100"}} | (billing or {})
            doc = new_customer(customer_id=customer_id, commerce_id=call.guid(), company=company, domain=domain, billing=profile, created=iso(call.now),
                               name=name, direct_signed=direct_signed, delegated=delegated, reseller=reseller.lower() if reseller else None,
                               qualifications=qualifications or [], other_seats=other_seats or {}, **more)
            if validation:
                doc["validation"] = {"status": validation, "at": iso(call.now)}
            self.store.save_customer(doc, 1e18)
            if agreement:
                self.store.save_resource(customer_id, "agreement", "seed", {
                    "id": "seed", "contact": {"firstName": "Demo", "lastName": "Contact", "email": f"contact@{domain}", "phoneNumber": "4255550100"},
                    "template": MCA_TEMPLATE, "agreed": iso(midnight(call.now - DAY)), "type": "MicrosoftCustomerAgreement", "user": call.guid()})
            return customer_id

    def remove_customer(self, customer_id: str) -> None:
        with self.store.transaction():
            self.store.forget_customer(customer_id.lower())

    def edit_customer(self, customer_id: str, **fields: Any) -> None:
        """Overwrites fields of a customer's record (`direct_signed=True`, `delegated=False`, `qualifications=[…]` …)."""
        with self.store.transaction():
            call = self.system_call(customer_id)
            call.customer.customer.update(fields)
            call.customer.touch()
            self.finish(call)

    # subscriptions ----------------------------------------------------------------------------------------------------------------------

    def seed_subscription(self, customer_id: str, offer: str, *, seats: int = 1, term: str = "P1Y", billing: str = "monthly", subscription_id: str | None = None,
                          start: datetime | str | None = None, end: datetime | str | None = None, created: datetime | str | None = None,
                          status: str = "active", auto_renew: bool = True, name: str | None = None, lots: list[tuple[int, datetime | str | None]] | None = None,
                          cancel_until_date: datetime | str | None = None, partner: str = "", promotion: str | None = None, order_id: str | None = None,
                          schedule: Doc | None = None, price: Doc | None = None, segment: str = "", **more: Any) -> str:
        """Adds a subscription as if bought at `start` (default: now) and returns its id.

        `lots` are (seats, time they were bought) pairs: each gets its own seven days; None for a time means its window is long closed. `schedule` is an
        internal schedule `{"action", "source": "next"|"actions", "instructions"}`. `more` overrides any field of the record; `raw` fields appear as given.
        """
        with self.store.transaction():
            call = self.system_call(customer_id)
            sku = self._sku(offer)
            begin = _when(start) or call.now
            segment = segment or (sku.segment if sku.segment != "commercial" else "commercial")
            term_name = "" if sku.kind in (AZURE, LEGACY) else term
            finish = _when(end) or (next_term_start(begin, term_name) if term_name in MONTHS else NEVER)
            plan = "none" if sku.is_trial else billing
            row_id, order = (subscription_id or call.guid()), (order_id or call.short_id())
            aid = offer.split(":")[2] if offer.count(":") == 2 else availability_id(sku, segment, begin, call.settings.rotation_seconds)
            found = self.catalog.price(sku, segment, term_name, plan, call.settings.currency, call.country, begin)
            locked = price or {"unit": str(found.unit if found else 0), "discount": "0", "currency": call.settings.currency, "at": iso(begin)}
            row = new_subscription(row_id=row_id, sku=sku, availability=aid, segment=segment, quantity=seats, term=term_name, plan=plan, start=begin, end=finish,
                                   order=order, price=locked, name=name, promotion=promotion, partner=partner, auto=auto_renew, status=status)
            if created is not None:
                row["created"] = iso(_when(created) or begin)
            if lots is not None:
                row["lots"] = [{"quantity": count, "until": iso((_when(at) or moment("2000-01-01")) + WINDOW)} for count, at in lots]
            if schedule is not None:
                row["schedule"] = schedule
            until = cancel_until(sku.kind, term_name, begin)
            row["cancel_until"] = iso(_when(cancel_until_date) or until) if (cancel_until_date or until) and not row["trial"] else None
            if status not in ("active", "suspended"):
                row.update(auto=False, lots=[], cancel_until=None)
            row.update(more)
            call.customer.put("subscription", row)
            call.customer.put("order", {
                "id": order, "cycle": plan, "currency": locked.get("currency", "USD"), "created": row["created"], "placed": row["created"], "status": "completed",
                "source": "UserPurchase", "version": 1, "lines": [{
                    "number": 0, "offer": offer if offer.count(":") == 2 else f"{sku.key}:{aid}" if sku.kind != LEGACY else sku.product_id, "subscription": row_id,
                    "term": term_name, "type": "New", "name": row["name"], "quantity": seats, "kind": sku.kind}]})
            self.finish(call)
            return row_id

    def _sku(self, offer: str) -> Sku:
        found = self.catalog.by_key(offer) if ":" in offer else next(iter(self.catalog.product(offer)), None)
        if found is not None:
            return found
        kind = "OnlineServicesNCE" if ":" in offer else LEGACY
        self.seed_sku(offer if ":" in offer else f"{offer}:", kind=kind, title=offer)
        return self._sku(offer)

    def edit_subscription(self, customer_id: str, subscription_id: str, **fields: Any) -> None:
        """Overwrites fields of a subscription's record, past every rule."""
        with self.store.transaction():
            call = self.system_call(customer_id)
            row = call.customer.find("subscription", subscription_id)
            if row is None:
                raise KeyError(subscription_id)
            row.update(fields)
            row["version"] += 1
            call.customer.put("subscription", row)
            self.finish(call)

    def subscription(self, customer_id: str, subscription_id: str) -> Doc:
        """A subscription's own record, for assertions."""
        row = self.store.resources(customer_id.lower(), "subscription").get(subscription_id.lower())
        if row is None:
            raise KeyError(subscription_id)
        return row

    # catalogue --------------------------------------------------------------------------------------------------------------------------

    def seed_sku(self, sku: str, *, prices: dict[str, str] | None = None, **fields: Any) -> None:
        """Adds or replaces a catalogue item `PID:SID`. `prices` maps "P1Y/monthly" to the retail price of the whole term in USD; without it made-up ones."""
        with self.store.transaction():
            base = ":".join(sku.split(":")[:2])
            item = {"id": base, "prices": prices, **fields}
            if sku.count(":") == 2:
                item.setdefault("availability", sku.split(":")[2])
            self.store.save_shared("sku", base.upper(), item)
            self._catalog_changed()

    def _catalog_changed(self) -> None:
        self.store.set_state("catalog", str(self.store.next_seq()))

    def _price_seeded(self, catalog: Catalog, item: Doc) -> None:
        sku = sku_from_dict(item)
        if not sku.plans and sku.kind == LEGACY:
            return
        for term, plans in sku.plans.items():
            for plan in plans:
                text = (item.get("prices") or {}).get(f"{term}/{plan}")
                if item.get("prices") is not None and text is None:
                    continue
                retail = Decimal(text) if text is not None else Decimal("0") if sku.is_trial else Decimal(10) * max(1, MONTHS.get(term, 1))
                for segment in sku.segments:
                    for currency in ("USD", "EUR"):
                        catalog.add_price(sku.key, segment, term, plan, currency, derived_price(retail, term, plan, currency))

    def seed_price(self, sku: str, term: str, plan: str, unit: str, *, currency: str = "USD", retail: str = "", segment: str = "commercial") -> None:
        """One exact price row (whole term), for this process and every other."""
        with self.store.transaction():
            row = {"sku": sku, "title": sku, "segment": segment, "term": term, "plan": plan, "market": "", "currency": currency, "unit": unit,
                   "retail": retail or unit, "starts": "", "ends": ""}
            self.store.save_shared("price-list", f"single/{self.store.next_seq()}", {"rows": [row]})
            self._catalog_changed()

    def load_prices(self, path: str | Path) -> int:
        """Takes a price list (18 columns, contract §9.2) in place of the made-up prices; returns the number of rows."""
        from .pricelist import read_rows

        rows = read_rows(Path(path))
        with self.store.transaction():
            self.store.save_shared("price-list", str(path), {"rows": rows})
            self._catalog_changed()
        return len(rows)

    # partner ----------------------------------------------------------------------------------------------------------------------------

    def seed_promotion(self, promotion_id: str, product: str, *, term: str = "P1Y", billing: str = "monthly", discount: str = "0.1", start: str = "2020-01-01T00:00:00Z",
                       end: str = "2099-12-31T23:59:59Z", automatic: bool = True, min_seats: int | None = None, max_seats: int | None = None,
                       first_purchase: bool = False, name: str = "") -> None:
        """Adds a promotion (contract §9.1) for one `PID:SID`, term and billing plan."""
        product_id, _, sku_id = product.partition(":")
        doc: Doc = {"id": promotion_id, "name": name or promotion_id, "description": name or promotion_id, "startDate": start, "endDate": end,
                    "properties": {"isAutoApplicable": automatic}, "requiredProducts": [{
                        "productId": product_id, "skuId": sku_id, "term": {"duration": term, "billingCycle": billing.title().replace("_", "")},
                        "pricingPolicies": [{"policyType": "PercentDiscount", "value": discount}]}], "promotionConstraints": {}}
        if min_seats is not None or max_seats is not None:
            doc["promotionConstraints"]["seatConstraints"] = [{"minSeats": min_seats or 1, "maxSeats": max_seats, "type": "SeatCount"}]
        if first_purchase:
            doc["promotionConstraints"]["eligibilityConstraints"] = [{"isApplicable": True, "type": "FirstPurchase"}]
        with self.store.transaction():
            self.store.save_shared("promotion", promotion_id.upper(), doc)

    def seed_reseller(self, tenant_id: str, mpn_id: str, *, name: str = "Reseller", location: str = "US", signed: bool = True) -> None:
        """Adds an indirect reseller the partner provides for."""
        with self.store.transaction():
            self.store.save_shared("reseller", tenant_id.lower(), {"id": tenant_id, "name": name, "mpnId": mpn_id, "location": location, "signed": signed})

    def seed_validation_code(self, code: str, organization: str, *, creates: int = 5) -> None:
        with self.store.transaction():
            self.store.save_shared("validation-code", code, {
                "partnerId": self.system_call().settings.partner_tenant, "organizationName": organization, "validationId": code, "maxCreates": creates,
                "remainingCreates": creates, "eTag": f"W/\"datetime'{iso(self.now)}'\""})

    def register_application(self, client_id: str, *, secret: str = "", certificate: str = "") -> None:
        """Adds an application by secret, or by certificate or public key in PEM."""
        with self.store.transaction():
            self.store.save_shared("application", client_id.lower(), {"secret": secret, "certificate": certificate})

    def seed_code(self, code: str, upn: str = "admin.agent@demo-partner.onmicrosoft.com") -> None:
        """An authorization code that can be redeemed once."""
        with self.store.transaction():
            self.store.save_shared("code", code, {"upn": upn})

    def accept_attestation(self, attestation_id: str) -> None:
        """What a person at the customer does in the enhanced attestation."""
        with self.store.transaction():
            found = self.store.shared_one("attestation", attestation_id.lower())
            if found is None:
                raise KeyError(attestation_id)
            self.store.save_shared("attestation", attestation_id.lower(), {**found, "accepted": True})

    def seed_many(self, customers: int, subscriptions: int, seed: int) -> None:
        """A made-up portfolio of a given size; the same seed gives the same world."""
        rng = random.Random(seed)
        with self.store.transaction():
            offers = [sku for sku in self.catalog.skus.values() if sku.kind == "OnlineServicesNCE" and sku.segment == "commercial" and not sku.is_trial]
            for index in range(customers):
                customer_id = f"{rng.getrandbits(32):08x}-0000-4000-8000-{index:012x}"
                self.seed_customer(customer_id, company=f"Customer {index:04d}", name=f"customer-{index:04d}", domain=f"customer{index:04d}.onmicrosoft.com")
                for sku in rng.sample(offers, min(subscriptions, len(offers))):
                    term = rng.choice([name for name in ("P1M", "P1Y", "P1Y", "P1Y") if name in sku.plans])
                    age = timedelta(days=rng.randrange(0, 27 if term == "P1M" else 360), minutes=rng.randrange(1440))
                    self.seed_subscription(customer_id, sku.key, seats=rng.randrange(1, 60), term=term,
                                           billing="monthly" if term == "P1M" else rng.choice(["monthly", "monthly", "annual"]), start=self.now - age,
                                           subscription_id=f"{rng.getrandbits(32):08x}-1111-4111-8111-{index:012x}", auto_renew=rng.random() < 0.9)


__all__ = ["Price", "Seeding"]
