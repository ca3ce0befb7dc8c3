"""A price list tried on the estate: who is reached when, what margins become, what the floor says; nothing is priced by it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from click.testing import CliRunner

from cspdecl.core.errors import ConfigurationError
from cspdecl.core.money import ExactMoney, Money
from cspdecl.engine.plan import PlanRequest
from cspdecl.engine.rehearsal import rehearse_prices
from cspdecl.report.rehearsal import rehearsal_document, rehearsal_markdown, rehearsal_text
from cspdecl.store.priceimport import import_price_list
from cspdecl.testing.builders import OTHER_OFFER
from cspdecl.testing.world import START
from tests.unit.engine.estates import declare, estate_of, world_of
from tests.unit.engine.harness import tenant_of
from tests.unit.engine.test_quote import SELL, SHEET, import_sheet, later

BUSINESS = "Made up,CFQ7TTC0LH18,0001,Made up,P1Y,Monthly,DE,EUR,{cost},2020-01-01,9999-12-31\n"


def eur(amount: str) -> ExactMoney:
    return Money.of(amount, "EUR").exact()


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def announce(estate, folder, cost: str, *, month="2027-01", business="60.00", preview=True):
    """A list of a month to come, in which the yearly price of the first offer is another."""
    sheet = folder / f"sheet-{month}.csv"
    sheet.write_text(SHEET.replace("EUR,120.00", f"EUR,{cost}") + BUSINESS.format(cost=business), encoding="utf-8")
    import_price_list(sheet, estate.root / "prices", now=START, preview=preview)


@pytest.fixture
def world():
    return world_of()


@pytest.fixture
def estate(tmp_path, world):
    """Alpha has five seats for a year from 22 November 2026, at 10.00 a month, sold at 15.00."""
    estate = estate_of(tmp_path / "project", world)
    import_sheet(estate.root, tmp_path)
    declare(estate, "alpha", 5, sell=SELL, endOfTerm="renew")
    declare(estate, "beta", None)
    estate.apply()
    return estate


def rehearse(estate, wish="next", **request):
    with estate.session() as session:
        return rehearse_prices(session, PlanRequest(cached=True, **request), wish=wish)


def test_a_rise_reaches_a_term_at_its_renewal(estate, tmp_path):
    """120.00 becomes 144.00 a year: 50.00 a month until 22 November 2027, 60.00 from then on; the margin shrinks."""
    announce(estate, tmp_path, "144.00")
    found = rehearse(estate)
    [group] = found.groups
    [line] = group.lines
    assert (line.before, line.after, line.reached) == (eur("50"), eur("60"), on("2027-11-22"))
    assert (group.margin_before, group.margin_after) == (Fraction(1, 3), Fraction(1, 5))
    assert [(step.month, step.change, step.so_far) for step in found.steps] == [("2027-11", eur("10"), eur("10"))]
    assert (found.before.cost, found.after.cost) == ((Money.of("50.00", "EUR"),), (Money.of("60.00", "EUR"),))
    assert found.verdicts == ()


def test_the_floor_is_held_against_the_margin_afterwards(estate, tmp_path):
    """A quarter is asked for and a fifth would be left: refused by name; at a fifth it passes."""
    announce(estate, tmp_path, "144.00")
    estate.project(guardrails={"minMargin": "25%"})
    [verdict] = rehearse(estate).verdicts
    assert (verdict.code, verdict.refused) == ("CSP647", True)
    assert "alpha/m365 would leave 20.0 % of its price, now 33.3 %; the project asks for 25.0 %" in verdict.text
    estate.project(guardrails={"minMargin": "20%"})
    assert rehearse(estate).verdicts == ()


def test_what_falls_under_its_floor_comes_first(estate, tmp_path):
    """Beta's dearer line stays above; alpha's stands first although it changes less."""
    sheet = tmp_path / "sheet-2026-11.csv"
    sheet.write_text(SHEET + BUSINESS.format(cost="60.00"), encoding="utf-8")
    import_price_list(sheet, estate.root / "prices", now=START)
    sell = {"perSeat": "30.00", "currency": "EUR", "every": "month"}
    estate.customer(
        "beta", {"name": "basic", "offer": OTHER_OFFER, "seats": 20, "sell": sell, "endOfTerm": "renew"},
        tenant=tenant_of(2),
    )  # fmt: skip
    estate.apply()
    announce(estate, tmp_path, "144.00", business="120.00")
    estate.project(guardrails={"minMargin": "25%"})
    found = rehearse(estate)
    assert [(str(group.address), group.below) for group in found.groups] == [
        ("alpha/m365", True),
        ("beta/basic", False),
    ]
    assert found.groups[1].rise == eur("100")
    shown = "\n".join(rehearsal_text(found))
    assert shown.index("Under the margin floor (25.0 %)") < shown.index("alpha/m365") < shown.index("beta/basic")


def test_a_price_that_is_a_share_of_the_list_moves_with_the_renewal(estate, tmp_path):
    """Cost + 50 %: 15.00 a seat becomes 18.00, and the margin stays a third."""
    declare(estate, "alpha", 5, sell={"cost": "+50%", "every": "month"}, endOfTerm="renew")
    announce(estate, tmp_path, "144.00")
    [group] = rehearse(estate).groups
    assert (group.before.sell, group.after.sell) == (eur("75"), eur("90"))
    assert (group.margin_before, group.margin_after) == (Fraction(1, 3), Fraction(1, 3))


def test_what_ends_is_not_reached(estate, tmp_path, world):
    """A line told to end keeps its price to the last day: nothing changes, and the reason is said."""
    declare(estate, "alpha", 5, sell=SELL, endOfTerm="cancel")
    estate.apply()
    announce(estate, tmp_path, "144.00")
    found = rehearse(estate)
    assert (found.groups[0].lines[0].reached, found.changes) == (None, False)
    assert "it ends with its term" in found.groups[0].lines[0].notes
    assert "nothing changes under this list" in rehearsal_text(found)


def test_a_row_that_is_missing_is_unknown_and_refuses(estate, tmp_path):
    """The announced list has no price for the offer: unknown, in no sum, and the floor cannot be held."""
    sheet = tmp_path / "sheet-2027-01.csv"
    sheet.write_text(SHEET.splitlines()[0] + "\n" + BUSINESS.format(cost="60.00"), encoding="utf-8")
    import_price_list(sheet, estate.root / "prices", now=START, preview=True)
    estate.project(guardrails={"minMargin": "25%"})
    found = rehearse(estate)
    assert (found.groups[0].after.cost, found.groups[0].doubtful, found.after.unknown) == (None, True, 1)
    assert "is unknown" in found.verdicts[0].text
    assert rehearsal_document(found)["groups"][0]["after"]["cost"] is None


def test_an_announced_list_prices_nothing_else(estate, tmp_path, world):
    """Twelve months later, its month long here, a purchase is still priced by the imported list."""
    announce(estate, tmp_path, "144.00")
    later(estate, world, days=60)
    declare(estate, "beta", 1)
    [line] = [item for item in estate.plan().operations if str(item.address) == "beta/m365"]
    assert line.preview.unit_price == Money.of("10.00", "EUR")


def test_a_month_a_day_and_next_find_their_list(estate, tmp_path):
    """The imported list of the month stands before the announced one; a day counts from that day on."""
    announce(estate, tmp_path, "144.00")
    announce(estate, tmp_path, "132.00", month="2027-02", preview=False)
    assert rehearse(estate).at == on("2027-01-01")
    assert rehearse(estate, "2027-02").groups[0].lines[0].after == eur("55")
    assert rehearse(estate, "2027-01-15").at == on("2027-01-15")
    announce(estate, tmp_path, "126.00", preview=False)
    assert rehearse(estate, "2027-01").groups[0].lines[0].after == eur("52.50")


@pytest.mark.parametrize(
    ("wish", "says"),
    [("next", "no list of a month to come"), ("2027-03", "no list for 2027-03"), ("soon", "names no price list"),
     ("2027-13", "names no price list")],
)  # fmt: skip
def test_a_list_that_is_not_there_is_said(estate, wish, says):
    """CSP646 with what there is, or how to write it."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        rehearse(estate, wish)
    assert [item.code for item in caught.value.diagnostics] == ["CSP646"]


def test_a_bundle_is_one_thing(estate, tmp_path):
    """Its margin is that of the whole: components cost, the bundle sells."""
    estate.bundle(
        "workplace", displayName="Workplace", version=1, term="P1Y", billing="monthly", endOfTerm="renew",
        sell={"perSeat": "15.00", "currency": "EUR", "every": "month"},
        components=[{"name": "m365", "offer": "CFQ7TTC0LCHC:0002"}],
    )  # fmt: skip
    estate.customer("beta", {"name": "desk", "bundle": "workplace", "seats": 4}, tenant=tenant_of(2))
    made = estate.plan()
    if made.operations:
        estate.apply()
    announce(estate, tmp_path, "144.00")
    bundles = [group for group in rehearse(estate, customers=("beta",)).groups if group.is_bundle]
    assert [(str(group.address), group.margin_after) for group in bundles] == [("beta/desk", Fraction(1, 5))]
    assert rehearsal_markdown(rehearse(estate)).count("| beta/desk") == 1


def test_sums_add_up_and_the_documents_are_plain_data(estate, tmp_path):
    """Customers sum to all; JSON survives a round trip with exact fractions."""
    announce(estate, tmp_path, "143.00")
    found = rehearse(estate)
    document = json.loads(json.dumps(rehearsal_document(found)))
    assert document["after"]["cost"] == [{"amount": "59.60", "currency": "EUR"}]
    assert document["customers"][0]["after"] == document["after"]
    assert document["groups"][0]["lines"][0]["cost_after"]["exact"] == "298/5"


def test_the_command_ends_with_three_where_the_floor_is_not_met(estate, tmp_path):
    """`plan --cached --prices next`: 3 and the verdict; without a floor 0, with --detailed-exitcode 2; no plan is saved."""
    from cspdecl.cli.main import cli

    announce(estate, tmp_path, "144.00")
    words = ["-C", str(estate.root), "plan", "--cached", "--prices", "next"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert CliRunner().invoke(cli, [*words, "--detailed-exitcode"]).exit_code == 2
    estate.project(guardrails={"minMargin": "25%"})
    shown = CliRunner().invoke(cli, words)
    assert (shown.exit_code, "(CSP647)" in shown.output) == (3, True)
    assert "a rehearsal is no plan" in CliRunner().invoke(cli, [*words, "--out", "plan.json"]).output
