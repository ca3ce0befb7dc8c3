"""Putting the partner's side together: catalogue items, prices, promotions, resellers, applications."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from .pricelist import read_rows
from .wire import Doc, iso, midnight
from .worldfile import WorldFile


class Stocking(WorldFile):
    """What is on sale and who may sell it. Nothing here checks a rule."""

    # catalogue

    def seed_sku(self, sku: str, *, prices: dict[str, str] | None = None, **fields: Any) -> None:
        """Adds or replaces a catalogue item `PID:SID`. `prices` maps "P1Y/monthly" to the retail price of the whole
        term in USD; without it made-up ones.
        """
        with self.store.transaction():
            base = ":".join(sku.split(":")[:2])
            item = {"id": base, "prices": prices, **fields}
            if sku.count(":") == 2:
                item.setdefault("availability", sku.split(":")[2])
            self.store.save_shared("sku", base.upper(), item)
            self._catalog_changed()

    def _catalog_changed(self) -> None:
        self.store.set_state("catalog", str(self.store.next_seq()))

    def seed_price(
        self,
        sku: str,
        term: str,
        plan: str,
        unit: str,
        *,
        currency: str = "USD",
        retail: str = "",
        segment: str = "commercial",
    ) -> None:
        """One exact price row (whole term), for this process and every other."""
        with self.store.transaction():
            row = {
                "sku": sku,
                "title": sku,
                "segment": segment,
                "term": term,
                "plan": plan,
                "market": "",
                "currency": currency,
                "unit": unit,
                "retail": retail or unit,
                "starts": "",
                "ends": "",
            }
            self.store.save_shared("price-row", f"single/{self.store.next_seq()}", {"rows": [row]})
            self._catalog_changed()

    def load_prices(self, path: str | Path) -> int:
        """Takes a price list (18 columns, contract §9.2) in place of the made-up prices; returns the number of rows."""
        rows = read_rows(Path(path))
        with self.store.transaction():
            self.store.save_shared("price-list", str(path), {"rows": rows})
            self._catalog_changed()
        return len(rows)

    def change_prices(
        self, *, at: datetime | None = None, path: str | Path | None = None, percent: str | None = None
    ) -> datetime:
        """Prices from a day on, by default the first of next month: those of a list, or all of them raised by so many
        percent. Until then they stand in the future list (contract §9.2). Returns the day.
        """
        rows = read_rows(Path(path)) if path is not None else []
        at = at or (midnight(self.now).replace(day=1) + timedelta(days=31)).replace(day=1)
        with self.store.transaction():
            name = f"{iso(at)}/{self.store.next_seq()}"
            change: Doc = {"id": name, "from": iso(at), "rows": rows, "raise": str(Decimal(percent)) if percent else ""}
            self.store.save_shared("price-change", name, change)
            self._catalog_changed()
        return at

    def price_changes(self) -> list[Doc]:
        with self.store.lock:
            return sorted(self.store.shared("price-change").values(), key=lambda item: str(item["from"]))

    def forget_price_changes(self) -> None:
        with self.store.transaction():
            self.store.drop_shared("price-change")
            self._catalog_changed()

    # what was billed before this world, and what is used in it

    def seed_invoice(self, doc: Doc, lines: dict[str, list[Doc]] | None = None) -> None:
        """An older invoice as it was. `lines` are its items by provider and kind, "office/billinglineitems"."""
        with self.store.transaction():
            self.store.save_shared("invoice", str(doc["id"]).upper(), {"doc": doc, "lines": lines or {}})

    def seed_usage(self, month: str, lines: list[Doc]) -> None:
        """Daily rated usage of a month `YYYY-MM`, as it is to be shown: usage is not rated here."""
        with self.store.transaction():
            self.store.save_shared("usage", month, {"lines": lines})

    # partner

    def seed_promotion(
        self,
        promotion_id: str,
        product: str,
        *,
        term: str = "P1Y",
        billing: str = "monthly",
        discount: str = "0.1",
        start: str = "2020-01-01T00:00:00Z",
        end: str = "2099-12-31T23:59:59Z",
        automatic: bool = True,
        min_seats: int | None = None,
        max_seats: int | None = None,
        first_purchase: bool = False,
        max_redemptions: int | None = None,
        owned: list[str] | None = None,
        name: str = "",
    ) -> None:
        """Adds a promotion (contract §9.1) for one `PID:SID`, term and billing plan. So many subscriptions may have it
        over time (`max_redemptions`); `owned` are `PID/SID` of which the customer must have one.
        """
        product_id, _, sku_id = product.partition(":")
        doc: Doc = {
            "id": promotion_id,
            "name": name or promotion_id,
            "description": name or promotion_id,
            "startDate": start,
            "endDate": end,
            "properties": {"isAutoApplicable": automatic},
            "requiredProducts": [
                {
                    "productId": product_id,
                    "skuId": sku_id,
                    "term": {"duration": term, "billingCycle": billing.title().replace("_", "")},
                    "pricingPolicies": [{"policyType": "PercentDiscount", "value": discount}],
                }
            ],
            "promotionConstraints": {},
        }
        if min_seats is not None or max_seats is not None:
            doc["promotionConstraints"]["seatConstraints"] = [
                {"minSeats": min_seats or 1, "maxSeats": max_seats, "type": "SeatCount"}
            ]
        if first_purchase:
            doc["promotionConstraints"]["eligibilityConstraints"] = [{"isApplicable": True, "type": "FirstPurchase"}]
        if max_redemptions is not None:
            doc["promotionConstraints"]["assetOwnershipLimits"] = [
                {"minAssets": 0, "maxAssets": max_redemptions, "type": "LifetimeRedemptionCount"}
            ]
        if owned:
            doc["promotionConstraints"]["productOwnershipConstraints"] = [[{"bigId": item} for item in owned]]
        with self.store.transaction():
            self.store.save_shared("promotion", promotion_id.upper(), doc)

    def seed_reseller(
        self,
        tenant_id: str,
        mpn_id: str,
        *,
        name: str = "Reseller",
        location: str = "US",
        signed: bool = True,
        enrolled: bool = True,
    ) -> None:
        """Adds an indirect reseller of the partner: has it `signed` the partner agreement, is it `enrolled` as one."""
        with self.store.transaction():
            self.store.save_shared(
                "reseller",
                tenant_id.lower(),
                {
                    "id": tenant_id,
                    "name": name,
                    "mpnId": mpn_id,
                    "location": location,
                    "signed": signed,
                    "enrolled": enrolled,
                },
            )

    def seed_validation_code(self, code: str, organization: str, *, creates: int = 5) -> None:
        with self.store.transaction():
            self.store.save_shared(
                "validation-code",
                code,
                {
                    "partnerId": self.system_call().settings.partner_tenant,
                    "organizationName": organization,
                    "validationId": code,
                    "maxCreates": creates,
                    "remainingCreates": creates,
                    "eTag": f"W/\"datetime'{iso(self.now)}'\"",
                },
            )

    def register_application(
        self, client_id: str, *, secret: str = "", certificate: str = "", federated: list[Doc] | None = None
    ) -> None:
        """Adds an application by secret, by certificate or public key in PEM, or by federated credentials.

        A federated credential is {issuer, subject, audience, key}; `key` is the issuer's public key in PEM.
        """
        doc = {"secret": secret, "certificate": certificate, "federated": federated or []}
        with self.store.transaction():
            self.store.save_shared("application", client_id.lower(), doc)

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
