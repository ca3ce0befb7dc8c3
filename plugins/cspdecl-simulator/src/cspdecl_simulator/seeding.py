"""Putting customers and their subscriptions together: ids, dates and lots free to choose."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from .catalog import AZURE, LEGACY, Sku, availability_id
from .charging import events
from .charging.calendar import cycle_of
from .stocking import Stocking
from .terms import MONTHS, NEVER, next_term_start
from .wire import DAY, Doc, iso, midnight, moment
from .world.agreements import MCA_TEMPLATE
from .world.customers import new_customer
from .world.subscriptions import WINDOW, cancel_until, new_subscription


def _when(value: datetime | str | None) -> datetime | None:
    return moment(value) if isinstance(value, str) else value


class Seeding(Stocking):
    """The customers' half of a seed. Nothing here checks a rule: a seed may show what no request could reach."""

    # customers

    def seed_customer(
        self,
        customer_id: str | None = None,
        *,
        company: str = "",
        domain: str = "",
        country: str = "",
        name: str = "",
        agreement: bool = True,
        direct_signed: bool = False,
        delegated: bool = True,
        reseller: str | None = None,
        qualifications: list[Doc] | None = None,
        validation: str | None = None,
        other_seats: dict[str, int] | None = None,
        billing: Doc | None = None,
        **more: Any,
    ) -> str:
        """Adds a customer and returns its tenant id.

        `agreement` records the partner's attestation; `other_seats` are seats by `PID:SID` that other sellers hold;
        `validation` an account status; `qualifications` items `{"qualification": "Education", "status": "Approved"}`;
        `more` any field of the record (budget, overage, entitlements …).
        """
        with self.store.transaction():
            call = self.system_call()
            customer_id = (customer_id or call.guid()).lower()
            company = company or name or f"Customer {customer_id[:8]}"
            domain = domain or f"{(name or 'c' + customer_id.replace('-', '')[:12]).lower()}.onmicrosoft.com"
            profile = {
                "id": call.guid(),
                "firstName": "Demo",
                "lastName": "Contact",
                "email": f"contact@{domain}",
                "culture": "en-US",
                "language": "en",
                "companyName": company,
                "defaultAddress": {
                    "country": country or call.settings.country,
                    "city": "Redmond",
                    "state": "WA",
                    "addressLine1": "1 Microsoft Way",
                    "postalCode": "98052",
                    "firstName": "Demo",
                    "lastName": "Contact",
                    "phoneNumber": "4255550100",
                },
            } | (billing or {})
            doc = new_customer(
                customer_id=customer_id,
                commerce_id=call.guid(),
                company=company,
                domain=domain,
                billing=profile,
                created=iso(call.now),
                name=name,
                direct_signed=direct_signed,
                delegated=delegated,
                reseller=reseller.lower() if reseller else None,
                qualifications=qualifications or [],
                other_seats=other_seats or {},
                **more,
            )
            if validation:
                doc["validation"] = {"status": validation, "at": iso(call.now)}
            self.store.save_customer(doc, 1e18)
            if agreement:
                self.store.save_resource(
                    customer_id,
                    "agreement",
                    "seed",
                    {
                        "id": "seed",
                        "contact": {
                            "firstName": "Demo",
                            "lastName": "Contact",
                            "email": f"contact@{domain}",
                            "phoneNumber": "4255550100",
                        },
                        "template": MCA_TEMPLATE,
                        "agreed": iso(midnight(call.now - DAY)),
                        "type": "MicrosoftCustomerAgreement",
                        "user": call.guid(),
                    },
                )
            return customer_id

    def remove_customer(self, customer_id: str) -> None:
        with self.store.transaction():
            self.store.forget_customer(customer_id.lower())

    def edit_customer(self, customer_id: str, **fields: Any) -> None:
        """Overwrites fields of a customer's record (`direct_signed=True`, `qualifications=[…]` …)."""
        with self.store.transaction():
            call = self.system_call(customer_id)
            call.customer.customer.update(fields)
            call.customer.touch()
            self.finish(call)

    # subscriptions

    def seed_subscription(
        self,
        customer_id: str,
        offer: str,
        *,
        seats: int = 1,
        term: str = "P1Y",
        billing: str = "monthly",
        subscription_id: str | None = None,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        created: datetime | str | None = None,
        status: str = "active",
        auto_renew: bool = True,
        name: str | None = None,
        lots: list[tuple[int, datetime | str | None]] | None = None,
        cancel_until_date: datetime | str | None = None,
        partner: str = "",
        promotion: str | None = None,
        order_id: str | None = None,
        schedule: Doc | None = None,
        price: Doc | None = None,
        segment: str = "",
        **more: Any,
    ) -> str:
        """Adds a subscription as if bought at `start` (default: now) and returns its id.

        `lots` are (seats, time they were bought) pairs: each gets its own seven days; None for a time means its
        window is long closed. `schedule` is an internal schedule `{"action", "source": "next"|"actions",
        "instructions"}`. `more` overrides any field of the record; `raw` fields appear as given.
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
            aid = (
                offer.split(":")[2]
                if offer.count(":") == 2
                else availability_id(sku, segment, begin, call.settings.rotation_seconds)
            )
            found = self.catalog.price(sku, segment, term_name, plan, call.settings.currency, call.country, begin)
            locked = price or {
                "unit": str(found.unit if found else 0),
                "discount": "0",
                "currency": call.settings.currency,
                "at": iso(begin),
            }
            row = new_subscription(
                row_id=row_id,
                sku=sku,
                availability=aid,
                segment=segment,
                quantity=seats,
                term=term_name,
                plan=plan,
                start=begin,
                end=finish,
                order=order,
                price=locked,
                name=name,
                promotion=promotion,
                partner=partner,
                auto=auto_renew,
                status=status,
            )
            if created is not None:
                row["created"] = iso(_when(created) or begin)
            if lots is not None:
                row["lots"] = [
                    {"quantity": count, "until": iso((_when(at) or moment("2000-01-01")) + WINDOW)}
                    for count, at in lots
                ]
            if schedule is not None:
                row["schedule"] = schedule
            until = cancel_until(sku.kind, term_name, begin)
            last = _when(cancel_until_date) or until
            row["cancel_until"] = iso(last) if last is not None and not row["trial"] else None
            if status != "active":
                row["status_since"] = iso(call.now)
            if status not in ("active", "suspended"):
                row.update(auto=False, lots=row["lots"] if lots is not None else [], cancel_until=None)
            row.update(more)
            if row["status"] in ("active", "suspended") and events.is_charged(row):
                # what is seeded was charged before the world began: the next cycle is the first to leave a line
                row.setdefault("charged_to", None)
                row["charged_to"] = row["charged_to"] or iso(cycle_of(row, call.now).end)
            call.customer.put("subscription", row)
            call.customer.put(
                "order",
                {
                    "id": order,
                    "cycle": plan,
                    "currency": locked.get("currency", "USD"),
                    "created": row["created"],
                    "placed": row["created"],
                    "status": "completed",
                    "source": "UserPurchase",
                    "version": 1,
                    "lines": [
                        {
                            "number": 0,
                            "offer": offer
                            if offer.count(":") == 2
                            else f"{sku.key}:{aid}"
                            if sku.kind != LEGACY
                            else sku.product_id,
                            "subscription": row_id,
                            "term": term_name,
                            "type": "New",
                            "name": row["name"],
                            "quantity": seats,
                            "kind": sku.kind,
                        }
                    ],
                },
            )
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

    def seed_many(self, customers: int, subscriptions: int, seed: int) -> None:
        """A made-up portfolio of a given size; the same seed gives the same world."""
        rng = random.Random(seed)  # noqa: S311 - the same seed gives the same world
        with self.store.transaction():
            offers = [
                sku
                for sku in self.catalog.skus.values()
                if sku.kind == "OnlineServicesNCE" and sku.segment == "commercial" and not sku.is_trial
            ]
            for index in range(customers):
                customer_id = f"{rng.getrandbits(32):08x}-0000-4000-8000-{index:012x}"
                self.seed_customer(
                    customer_id,
                    company=f"Customer {index:04d}",
                    name=f"customer-{index:04d}",
                    domain=f"customer{index:04d}.onmicrosoft.com",
                )
                for sku in rng.sample(offers, min(subscriptions, len(offers))):
                    term = rng.choice([name for name in ("P1M", "P1Y", "P1Y", "P1Y") if name in sku.plans])
                    age = timedelta(days=rng.randrange(0, 27 if term == "P1M" else 360), minutes=rng.randrange(1440))
                    self.seed_subscription(
                        customer_id,
                        sku.key,
                        seats=rng.randrange(1, 60),
                        term=term,
                        billing="monthly" if term == "P1M" else rng.choice(["monthly", "monthly", "annual"]),
                        start=self.now - age,
                        subscription_id=f"{rng.getrandbits(32):08x}-1111-4111-8111-{index:012x}",
                        auto_renew=rng.random() < 0.9,
                    )
