"""What ends when: declared, written and undecided terms, their money, their last moment, and the windows still open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cspdecl.core.catalog import OfferKey
from cspdecl.core.money import Money
from cspdecl.engine.plan import PlanRequest
from cspdecl.engine.renewals import list_renewals
from cspdecl.report.renewals import renewals_document, renewals_text, undecided_warning
from cspdecl.testing.builders import OTHER_OFFER
from cspdecl.testing.world import World
from tests.unit.engine.estates import declare, estate_of, world_of
from tests.unit.engine.harness import tenant_of
from tests.unit.engine.test_quote import SELL, import_sheet, later


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return world_of()


@pytest.fixture
def estate(tmp_path, world):
    """Alpha bought five seats for a year on 22 November 2026, to be renewed; beta has nothing."""
    estate = estate_of(tmp_path / "project", world)
    import_sheet(estate.root, tmp_path)
    declare(estate, "alpha", 5, sell=SELL, endOfTerm="renew")
    declare(estate, "beta", None)
    estate.apply()
    return estate


def renewals(estate, *, days=90, **request):
    with estate.session() as session:
        return list_renewals(session, PlanRequest(cached=True, **request), within=timedelta(days=days))


def test_nothing_ends_soon_after_a_purchase(estate):
    """A year's term is not due within ninety days, and its window is open."""
    found = renewals(estate)
    assert found.items == ()
    assert [(item.seats, item.whole, item.until) for item in found.windows] == [(5, True, on("2026-11-29T14:02"))]
    assert "no term ends in that time" in renewals_text(found)


def test_a_renewal_says_what_it_commits_to(estate, world):
    """Eleven months on: the same again, 50.00 a month, 600.00 for the year, sold for 75.00, decided before midnight."""
    later(estate, world, days=330)
    [item] = renewals(estate).items
    assert (item.outcome, item.undecided, str(item.address)) == ("renews", False, "alpha/m365")
    assert (item.ends, item.decide_by) == (on("2027-11-22"), on("2027-11-22"))
    assert (item.cost_month, item.sell_month) == (Money.of("50.00", "EUR"), Money.of("75.00", "EUR"))
    assert (item.commitment, item.committed_until) == (Money.of("600.00", "EUR"), on("2028-11-22"))
    assert item.returnable_until == on("2027-11-29")
    assert item.price.asked_for == "2027-11"


def test_what_is_declared_and_not_written_has_to_be_seen_to(estate, world):
    """`endOfTerm: cancel` in the manifest, renew at the provider: it renews as it stands, and that comes first."""
    later(estate, world, days=330)
    declare(estate, "alpha", 5, sell=SELL, endOfTerm="cancel")
    found = renewals(estate)
    [item] = found.items
    assert (item.outcome, item.declared, item.undecided) == ("renews", "cancel", True)
    assert "declared is `cancel`, which is not written at the provider yet" in item.notes[0]
    assert "To be decided" in renewals_text(found)


def test_auto_renew_merely_off_is_undecided(estate, world):
    """Nothing set at the provider, nothing in the manifest: a warning with the first last moment."""
    with world.open() as state:
        item = state.buy(tenant_of(2), offer=OfferKey.parse(OTHER_OFFER), seats=3)
        state.put(tenant_of(2), replace(item, end_of_term="unset"))
    later(estate, world, days=330)
    found = renewals(estate)
    first = found.items[0]
    assert (first.customer, first.address, first.outcome) == ("beta", None, "undecided")
    warned = undecided_warning(found)
    assert warned is not None
    assert (warned.code, "before 2027-11-22 00:00 UTC" in (warned.hint or "")) == ("CSP645", True)
    assert [item.undecided for item in found.items] == [True, False]


def test_customers_can_be_picked_and_the_unread_are_named(estate, world):
    """Only beta: nothing of alpha; a customer never read is said, not left out."""
    later(estate, world, days=330)
    assert renewals(estate, customers=("beta",)).items == ()
    estate.customer("gamma", tenant=tenant_of(3))
    assert list(renewals(estate).unread) == ["gamma"]


def test_the_document_is_plain_data(estate, world):
    """Instants in UTC, amounts with their currency, what is unknown null."""
    later(estate, world, days=330)
    document = renewals_document(renewals(estate))
    [item] = document["renewals"]
    assert (item["last_day"], item["decide_by"]) == ("2027-11-21", "2027-11-22T00:00:00Z")
    assert item["commitment"] == {"amount": "600.00", "currency": "EUR"}
    assert (item["price_unknown"], item["next"]["seats"]) == (None, 5)


def test_without_a_price_list_the_cost_is_unknown(estate, world):
    """The renewal is listed all the same, with the reason instead of an amount."""
    for file in (estate.root / "prices").iterdir():
        file.unlink()
    later(estate, world, days=330)
    found = renewals(estate)
    assert found.items[0].cost_month is None
    assert any("cost unknown: no price list" in line for line in renewals_text(found))


def test_what_is_declared_for_the_next_term_and_not_scheduled_is_said(estate, world):
    """`atRenewal: {seats: 3}` that nobody has applied yet: five renew as it stands, and that wants a decision."""
    later(estate, world, days=330)
    declare(estate, "alpha", 5, sell=SELL, endOfTerm="renew", atRenewal={"seats": 3})
    [item] = renewals(estate).items
    assert (item.next.seats, item.undecided) == (5, True)
    assert any("declared for the next term is 3 seats" in note for note in item.notes)


def test_an_undecided_end_says_what_a_month_beyond_it_would_cost(estate, world):
    """12.00 by the month, and 3 % more in an extended term: 12.36, a forecast."""
    with world.open() as state:
        state.put(tenant_of(1), replace(state.customer(tenant_of(1)).subscriptions[0], end_of_term="unset"))
    later(estate, world, days=330)
    [item] = renewals(estate).items
    assert (item.outcome, item.cost_month) == ("undecided", None)
    assert "such a month costs 12.36 EUR a seat (a forecast)" in item.notes


def test_what_is_declared_from_a_later_day_is_said(estate, world):
    """`endOfTerm` as a list: cancel from a day before the end, and today it still renews."""
    later(estate, world, days=330)
    ending = ["renew", {"value": "cancel", "from": "2027-11-01"}]
    declare(estate, "alpha", 5, sell=SELL, endOfTerm=ending)
    [item] = renewals(estate).items
    assert (item.declared, item.undecided) == ("renew", False)
    assert "`endOfTerm` is declared anew from 2027-11-01, before the term ends" in item.notes
