"""Manifests for tests: a project, a bundle, customers, each as text."""

from __future__ import annotations

from datetime import UTC, datetime

from cspdecl.core.desired import CustomerSpec, ServiceSpec, SubscriptionSpec
from cspdecl.manifest.compile import Compiled
from cspdecl.manifest.text import parse_text

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TENANT = "9f2b6c1e-3d84-4e0a-9a57-2c8e41d7b903"

PROJECT = """\
apiVersion: cspdecl/v1
kind: Project
metadata: {name: nordlicht}
spec:
  reseller: {legalName: Nordlicht Systemhaus GmbH, model: direct, country: DE, currency: EUR, partnerId: 0048473}
  providers:
    partner-center: {plugin: partner-center, tenant: nordlicht.onmicrosoft.com, auth: {app: {clientId: a}}}
  defaults: {term: P1Y, billing: monthly, endOfTerm: renew}
"""

BUNDLE = """\
apiVersion: cspdecl/v1
kind: Bundle
metadata: {name: komfort}
spec:
  version: 2.1.0
  displayName: Arbeitsplatz Komfort
  components:
    - {name: m365, offer: "CFQ7TTC0LCHC:0002", displayName: Office & E-Mail}
    - {name: telefonie, offer: "CFQ7TTC0LH0T:0001", seats: {perSeat: 0.5, round: up}}
    - {name: betreuung, service: managed-workplace, sell: {perSeat: "19.00", every: month}}
  retired: [{name: backup-alt, then: keep}]
  sell: {perSeat: "54.90", every: month, allocate: byCost}
"""

BOOK = """\
apiVersion: cspdecl/v1
kind: PriceBook
metadata: {name: standard}
spec:
  every: month
  default: {list: "-3%"}
  offers: {"CFQ7TTC0HD32:0002": [{perSeat: "18.50"}, {perSeat: "222.00", every: year, from: 2027-01-01}]}
  services: {managed-workplace: {perSeat: "9.00"}}
"""


def customer(*lines: str, name: str = "hafenkontor", spec: str = f"tenant: {TENANT}", more: str = "") -> str:
    """A Customer document with these lines, each in flow style."""
    listed = "".join(f"    - {line}\n" for line in lines)
    return (
        f"apiVersion: cspdecl/v1\nkind: Customer\nmetadata: {{name: {name}}}\nspec:\n  {spec}\n"
        f"  subscriptions:{' []' if not lines else ''}\n{listed}{more}"
    )


def compiled(*documents: str, project: str = PROJECT) -> Compiled:
    """The project and these documents, compiled."""
    return parse_text("---\n".join((project, *documents)), NOW)


def codes(*documents: str, project: str = PROJECT) -> list[str]:
    """The codes of what is wrong with the project and these documents."""
    return [item.code for item in compiled(*documents, project=project).diagnostics]


def only(*documents: str, project: str = PROJECT) -> CustomerSpec:
    """The one customer that these documents declare."""
    result = compiled(*documents, project=project)
    assert result.diagnostics == ()
    assert result.desired is not None
    (spec,) = result.desired.customers.values()
    return spec


def line(text: str, *documents: str, project: str = PROJECT) -> SubscriptionSpec:
    """The one subscription that this line declares."""
    (found,) = only(*documents, customer(text), project=project).subscriptions
    return found


def parts(text: str, *documents: str, project: str = PROJECT) -> dict[str, SubscriptionSpec | ServiceSpec]:
    """What a line declares, by the last part of its address."""
    spec = only(*documents, customer(text), project=project)
    found: list[SubscriptionSpec | ServiceSpec] = [*spec.subscriptions, *spec.services]
    return {item.address.name: item for item in found}
