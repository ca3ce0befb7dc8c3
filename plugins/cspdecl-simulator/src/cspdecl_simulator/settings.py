"""How this simulated service is set up: partner, environment, behaviour where the documents leave room.

Kept in the world file and read at every request, so that one process can change what another serves.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

# Well-known demonstration values: they open nothing but a simulator.
DEMO_TENANT = "11111111-de00-4000-8000-000000000001"
DEMO_TENANT_DOMAIN = "demo-partner.onmicrosoft.com"
DEMO_CLIENT_ID = "22222222-de00-4000-8000-000000000002"
DEMO_CLIENT_SECRET = "demo-secret-for-the-simulator-only"
DEMO_REFRESH_TOKEN = "demo-refresh-token-for-the-simulator-only"
DEMO_USER = "admin.agent@demo-partner.onmicrosoft.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every switch of the simulated service; the defaults are the documented behaviour.

    `attestation` classic | enhanced (contract §7); `environment` production | sandbox (§20); `model` direct | indirect;
    `cycle_days` actual | start_month and `first_day_refund` prorated | full are readings of the money pages (commerce
    §2.3–§2.4); `recon_subscription_ids` same | own (contract §16); `tax_percent` on every line; `export_polls` how
    often an export is still running when it is looked at; `export_manifest` embedded | link.
    `throttle` off | documented | requests a minute (§5); delays in seconds: `provisioning_seconds` until an order is
    completed, `visibility_seconds` until it can be read at all (§11, up to 15 min), `slow_seconds` > 0 answers PATCH
    with 202 (§13.1), `renewal_lag_seconds` how long a renewal stays queued after midnight (§13.2); `rotation_seconds`
    life of an availability id, 0 = for ever; `repeat_checkout` repeat | refuse (§10); `schedule_echo` sent | both
    (§13.4); `single_change` refuses PATCHes that change more than one thing (§13.1); `etags` puts attributes.etag on
    subscriptions; `strict_tokens` lets a refresh token be used once only.
    """

    partner_tenant: str = DEMO_TENANT
    partner_domain: str = DEMO_TENANT_DOMAIN
    partner_name: str = "Demo Partner (simulated)"
    partner_mpn: str = "1234567"
    country: str = "US"
    currency: str = "USD"
    client_id: str = DEMO_CLIENT_ID
    client_secret: str = DEMO_CLIENT_SECRET
    refresh_token: str = DEMO_REFRESH_TOKEN
    user: str = DEMO_USER
    environment: str = "production"
    model: str = "direct"
    attestation: str = "classic"
    throttle: str = "off"
    provisioning_seconds: float = 0.0
    visibility_seconds: float = 0.0
    slow_seconds: float = 0.0
    renewal_lag_seconds: float = 0.0
    rotation_seconds: int = 86400
    repeat_checkout: str = "repeat"
    schedule_echo: str = "sent"
    single_change: bool = False
    etags: bool = True
    strict_tokens: bool = False
    token_seconds: int = 3600
    update_limit: int = 1200
    max_subscriptions: int = 0
    cycle_days: str = "actual"
    first_day_refund: str = "prorated"
    recon_subscription_ids: str = "same"
    tax_percent: str = "0"
    export_polls: int = 1
    export_manifest: str = "embedded"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Settings:
        """Unknown names are ignored, so an older file opens in a newer version."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})

    def with_changes(self, **changes: Any) -> Settings:
        return replace(self, **changes)
