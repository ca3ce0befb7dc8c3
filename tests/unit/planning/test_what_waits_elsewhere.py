"""Customers of another market, and services that wait for the bundle they are sold in."""

from __future__ import annotations

from dataclasses import replace

from cspdecl.core.desired import BundleRef, PostalAddress, Profile
from tests.planning_builders import (
    PREMIUM,
    actions,
    bundle,
    catalog,
    codes,
    customer,
    line,
    live_customer,
    make_plan,
    prices,
    service,
)  # fmt: skip

NORWAY = Profile(
    company_name="Nordlys AS",
    address=PostalAddress(line1="Storgata 1", line2=None, postal_code="0155", city="Oslo", state=None, country="NO"),
    contact=None,
)


def test_another_market_is_not_priced_from_ours():
    """What is bought for a Norwegian customer has no price in a German list: unknown, and never the German one."""
    made = make_plan(
        [customer("hafenkontor", line("visio"))], [live_customer("hafenkontor", profile=NORWAY)], price_book=prices(),
        catalogs={("partner-center", "NO", "commercial"): replace(catalog(), market="NO")},
    )  # fmt: skip
    (operation,) = made.operations

    assert operation.preview is not None
    assert operation.preview.cost_cycle is None
    assert any("market NO" in reason for reason in operation.preview.unknown)
    assert 1 == made.totals.unknown


def test_a_service_waits_for_the_anchor_of_its_bundle():
    """Nobody has accepted the agreement, so the anchor is not bought; the bundle's own service is not booked either."""
    lines, instance = bundle("hafenkontor", "arbeitsplatz", 12, {"m365": (PREMIUM, 12)})
    own = service("arbeitsplatz/betreuung", 12)
    own = replace(
        own,
        bundle=BundleRef(
            name=instance.name, version=instance.version, component="betreuung", instance=instance.address
        ),
    )
    made = make_plan(
        [customer("hafenkontor", *lines, services=(own,), bundles=(instance,))],
        [live_customer("hafenkontor", agreement="none")],
    )

    assert [] == actions(made)
    assert "CSP379" in [item.code for item in made.waiting]
    assert [] == codes(made)
