"""Estates of any size for measuring: manifests on disk, and live state that differs from them in one line of a hundred.

Regular on purpose, so that sizes can be compared; names carry umlauts, since the real ones do.
"""

from __future__ import annotations

import argparse
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cspdecl.core.catalog import OfferKey
from cspdecl.core.live import ChangePolicy, LiveCustomer, LiveState, LiveSubscription, Status
from cspdecl.core.terms import BillingCycle, Term

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
LINES = 4
_OFFERS = ("CFQ7TTC0LCHC:0002", "CFQ7TTC0LH0T:0001", "CFQ7TTC0HD32:0002", "CFQ7TTC0LHSF:0001")
_SPACE = uuid.UUID("7d0c2f6e-3a55-4c0a-9d6b-0d1f5f6a1b11")

PROJECT = """\
apiVersion: cspdecl/v1
kind: Project
metadata: {name: messung}
spec:
  reseller: {legalName: Messung GmbH, model: direct, country: DE, currency: EUR, partnerId: "4847383"}
  providers:
    partner-center:
      plugin: partner-center
      environment: production
      tenant: messung.onmicrosoft.com
      auth:
        app: {clientId: 00000000-0000-0000-0000-000000000001, secretFrom: {env: PARTNER_CENTER_SECRET}}
  defaults: {provider: partner-center, term: P1Y, billing: monthly, endOfTerm: renew}
"""


def tenant_of(number: int) -> str:
    """The tenant id of customer `number`."""
    return str(uuid.uuid5(_SPACE, f"customer {number}"))


def write_manifests(root: Path, subscriptions: int) -> int:
    """A project of so many subscriptions, four a customer, one file a customer. Returns the number of customers."""
    (root / "customers").mkdir(parents=True, exist_ok=True)
    (root / "cspdecl.yaml").write_text(PROJECT, encoding="utf-8")
    customers = subscriptions // LINES
    for number in range(customers):
        lines = "".join(
            f'    - {{name: zeile-{index}, offer: "{offer}", seats: {10 + number % 40 + index}, reduce: auto}}\n'
            for index, offer in enumerate(_OFFERS)
        )
        text = (
            "apiVersion: cspdecl/v1\nkind: Customer\n"
            f"metadata: {{name: kunde-{number:06d}, labels: {{segment: kmu, region: nord}}}}\n"
            f"spec:\n  tenant: {tenant_of(number)}\n  displayName: Mühle {number} GmbH\n  subscriptions:\n{lines}"
        )
        (root / "customers" / f"kunde-{number:06d}.yaml").write_text(text, encoding="utf-8")
    return customers


def live_customer(number: int) -> LiveCustomer:
    """Customer `number` as a provider would show it: one line in a hundred has two seats less than declared."""
    policy = ChangePolicy(
        lots=(),
        cancel_until=None,
        min_seats=1,
        max_seats=300,
        can_schedule=True,
        busy=None,
        source="api",
        observed_at=NOW,
    )
    base = LiveSubscription(
        id="",
        offer=None,
        title="Angebot",
        nickname="Angebot",
        seats=0,
        term=Term.P1Y,
        billing=BillingCycle.MONTHLY,
        status=Status.ACTIVE,
        end_of_term="renew",
        trial=False,
        created=NOW - timedelta(days=100),
        term_started=NOW - timedelta(days=100),
        term_ends=NOW + timedelta(days=265),
        cycle_ends=NOW + timedelta(days=20),
        policy=policy,
        scheduled=None,
        order_id="0123456789ab",
    )
    lines = tuple(
        replace(
            base,
            id=str(uuid.uuid5(_SPACE, f"subscription {number} {index}")),
            offer=OfferKey.parse(offer),
            seats=10 + number % 40 + index - (2 if (number * LINES + index) % 100 == 0 else 0),
        )
        for index, offer in enumerate(_OFFERS)
    )
    return LiveCustomer(
        key=f"kunde-{number:06d}",
        tenant=tenant_of(number),
        name=f"Mühle {number} GmbH",
        domain=f"kunde{number}.onmicrosoft.com",
        subscriptions=lines,
        agreement="accepted",
        blocked=None,
        profile=None,
        read_at=NOW,
    )


def live_state(customers: int) -> LiveState:
    """The live state of a whole estate."""
    return LiveState(
        customers={item.key: item for item in map(live_customer, range(customers))},
        absent={},
        unknown={},
        as_of=NOW,
        digest="0" * 64,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("subscriptions", type=int)
    chosen = parser.parse_args()
    print(write_manifests(chosen.folder, chosen.subscriptions), "customers")
