"""A quote says what the plan would do: what can be done now, what waits for the renewal, what is refused; and its money."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cspdecl.cli.quote_declared import quote_document
from cspdecl.core.address import Address
from cspdecl.core.errors import CspdeclError
from cspdecl.core.money import Money
from cspdecl.engine.quote import Wish, quote_line
from cspdecl.store.priceimport import import_price_list
from cspdecl.testing.world import START, World
from tests.unit.engine.estates import declare, estate_of, only_subscription, world_of
from tests.unit.engine.harness import tenant_of

LINE = Address.parse("alpha/m365")
SHEET = """ProductTitle,ProductId,SkuId,SkuTitle,TermDuration,BillingPlan,Market,Currency,UnitPrice,EffectiveStartDate,EffectiveEndDate
Made up,CFQ7TTC0LCHC,0002,Made up,P1Y,Monthly,DE,EUR,120.00,2020-01-01,9999-12-31
Made up,CFQ7TTC0LCHC,0002,Made up,P1M,Monthly,DE,EUR,12.00,2020-01-01,9999-12-31
"""
SELL = {"perSeat": "15.00", "currency": "EUR", "every": "month"}


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return world_of()


def import_sheet(root, folder):
    """Make November's price list the project's only one."""
    sheet = folder / "sheet-2026-11.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    import_price_list(sheet, root / "prices", now=START)


@pytest.fixture
def estate(tmp_path, world):
    """Alpha has five seats, bought and applied on 22 November."""
    estate = estate_of(tmp_path / "project", world)
    import_sheet(estate.root, tmp_path)
    declare(estate, "alpha", 5, sell=SELL)
    declare(estate, "beta", None)
    estate.apply()
    return estate


def later(estate, world, **span):
    """Time passes, and the estate is read again."""
    world.advance(**span)
    with world.open() as state:
        estate.clock.instant = state.now
    estate.plan()


def quote(estate, seats=None, day=None, address=LINE, **wish):
    with estate.session() as session:
        return quote_line(session, address, Wish(seats=seats, **wish), on=day)


def parts(found):
    now = found.now and (found.now.before, found.now.after)
    at_renewal = found.at_renewal and (found.at_renewal.after, found.at_renewal.held)
    return now, at_renewal, [item.code for item in found.refused]


def test_more_seats_are_for_now(estate):
    """Two more: from today, prorated, committed for the term, returnable for seven days."""
    found = quote(estate, 7)
    assert parts(found) == ((5, 7), None, [])
    assert (found.now.cost_month, found.now.sell_month) == (eur("20.00"), eur("30.00"))
    assert found.now.money.cost_now == eur("20.00")
    assert found.now.money.commitment == eur("240.00")
    assert [(line.role, line.quantity) for line in found.now.lines] == [("wipe", 5), ("charge", 7)]


def test_fewer_seats_inside_their_window_come_back_now(estate):
    """On the day after the purchase two seats still go, and the money comes back by days."""
    found = quote(estate, 3, on("2026-11-23"))
    assert parts(found) == ((5, 3), None, [])
    assert found.now.by == on("2026-11-29T14:02")
    assert found.now.money.cost_now == eur("-19.33")


def test_fewer_seats_outside_their_window_return_nothing(estate, world):
    """Two months on nothing comes back: no amount is promised, the seats stay billed until the renewal."""
    later(estate, world, days=60)
    found = quote(estate, 3)
    assert parts(found) == (None, (3, 2), [])
    assert found.at_renewal.on == on("2027-11-22")
    assert (found.at_renewal.held_cost_month, found.at_renewal.held_sell_month) == (eur("20.00"), eur("30.00"))
    document = quote_document(found)
    assert ("now" in document, document["refused"]) == (False, [])
    assert document["at_renewal"]["after"] == 3


def test_a_reduction_is_split_where_only_some_seats_are_in_their_window(estate, world):
    """Five old seats and two new ones: two can go now, one more only at the renewal."""
    later(estate, world, days=60)
    with world.open() as state:
        state.set_seats(tenant_of(1), only_subscription(world, "alpha"), 7)
    estate.plan()
    found = quote(estate, 4)
    assert parts(found) == ((7, 5), (4, 1), [])
    assert found.now.cost_month == eur("-20.00")


def test_seats_by_the_plans_decision(estate, world):
    """What the plan would do with the same seats on the same reading is what was quoted."""
    later(estate, world, days=60)
    found = quote(estate, 3)
    declare(estate, "alpha", 3, sell=SELL)
    [line] = [line for line in estate.plan(cached=True).lines if line.address == LINE]
    assert (line.before, line.after, line.later, line.later_on) == (5, 5, found.at_renewal.after, found.at_renewal.on)


def test_reduce_now_is_refused_where_the_plan_refuses_it(estate, world):
    """`reduce: now` outside the window: CSP310 with its sentence, and no money at all."""
    declare(estate, "alpha", 5, sell=SELL, reduce="now")
    later(estate, world, days=60)
    found = quote(estate, 3)
    assert parts(found) == (None, None, ["CSP310"])
    [problem] = quote_document(found)["refused"]
    assert problem["code"] == "CSP310"
    assert "outside the 7-day window" in problem["message"]


def test_none_is_a_cancellation(estate, world):
    """0 seats: inside seven days everything ends now; later it ends with its term and stays billed until then."""
    found = quote(estate, 0)
    assert parts(found) == ((5, 0), None, [])
    assert (found.now.cost_month, found.now.money.cost_now) == (eur("-50.00"), eur("-50.00"))
    later(estate, world, days=60)
    assert parts(quote(estate, 0)) == (None, (0, 5), [])


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2020-01-01", "2020-01-01 is before the running term"),
        ("2026-11-21", "it began on 2026-11-22"),
        ("2027-11-22", "it ends on 2027-11-21"),
        ("2031-01-01", "2031-01-01 is after the running term"),
    ],
)
def test_a_day_outside_the_term_has_no_price(estate, day, words):
    """Before the first day of the term and from its end on, nothing is computed."""
    found = quote(estate, 3, on(day))
    assert parts(found) == (None, None, ["CSP610"])
    assert words in found.refused[0].message


def test_the_last_day_of_the_term_is_one_of_it(estate):
    """More seats on the last day: one day of the last cycle."""
    found = quote(estate, 7, on("2027-11-21"))
    assert parts(found) == ((5, 7), None, [])
    assert (found.now.money.days, found.now.money.cost_now) == (1, eur("0.64"))


def test_as_it_is_costs_nothing(estate):
    """The seats that run: nothing now, nothing later, nothing refused."""
    assert parts(quote(estate)) == (None, None, [])


def test_what_does_not_run_yet_is_a_purchase(estate):
    """Beta has nothing: a purchase, which nobody was asked about."""
    declare(estate, "beta", 4, sell=SELL)
    found = quote(estate, address=Address.parse("beta/m365"))
    assert parts(found) == ((0, 4), None, [])
    assert (found.now.cost_month, found.now.money.commitment) == (eur("40.00"), eur("480.00"))
    assert any("asked by `plan`" in note for note in found.notes)


def test_a_purchase_the_provider_blocks_waits(estate, world):
    """Without the agreement nothing can be bought: no amount, and what it waits for."""
    from dataclasses import replace

    with world.open() as state:
        state.put_customer(replace(state.customer(tenant_of(2)), agreement="none"))
    declare(estate, "beta", 4)
    estate.plan()
    found = quote(estate, address=Address.parse("beta/m365"))
    assert (parts(found), [item.code for item in found.waiting]) == ((None, None, []), ["CSP350"])


def test_an_old_price_list_is_said(estate, world):
    """A purchase in February by November's list: the amount, and one warning."""
    declare(estate, "beta", 4)
    found = quote(estate, 4, on("2027-02-03"), address=Address.parse("beta/m365"))
    assert found.warning.code == "CSP609"
    assert "2027-02" in found.now.money.basis


def test_an_extended_term_is_quoted_by_a_forecast(estate, world):
    """It went on by the month: what ending it returns is the month's price and three per cent, and said to be guessed."""
    declare(estate, "alpha", 5, sell=SELL, endOfTerm="extend")
    estate.apply()
    later(estate, world, days=400)
    found = quote(estate, 0)
    assert parts(found) == ((5, 0), None, [])
    assert found.now.cost_month == Money.of("-61.80", "EUR")
    assert "a forecast: the monthly price and 3 %" in found.now.money.basis


def test_a_line_nobody_declares_has_no_quote(estate):
    """The name is wrong: the lines there are, are named."""
    with pytest.raises(CspdeclError, match="alpha has alpha/m365"):
        quote(estate, 3, address=Address.parse("alpha/nothing"))


def test_a_subscription_that_runs_no_longer_is_not_quoted_as_a_purchase(estate, world):
    """Bound and gone: buying again is a decision, not a quote."""
    with world.open() as state:
        state.cancel(tenant_of(1), only_subscription(world, "alpha"))
    estate.plan()
    with pytest.raises(CspdeclError, match="runs no longer"):
        quote(estate, 7)
