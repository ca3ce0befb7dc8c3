"""Price sheets over time: this month's, the next one's, older ones, extended service, and where charges take them from
(contract §9.2).
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from click.testing import CliRunner

from cspdecl_simulator import Simulator
from cspdecl_simulator.cli import simulate
from tests.simulator.money import COMMERCE, E1, STANDARD, go, shop
from tests.simulator.world import CUSTOMER

HEADER = (
    "ProductTitle,ProductId,SkuId,SkuTitle,Publisher,SkuDescription,UnitOfMeasure,TermDuration,BillingPlan,Market,"
    "Currency,UnitPrice,PricingTierRangeMin,PricingTierRangeMax,EffectiveStartDate,EffectiveEndDate,Tags,ERP Price"
)


def _sheet(simulator: Simulator, question: str, view: str = "updatedlicensebased") -> tuple[int, list[dict[str, str]]]:
    """Status and rows of a price sheet."""
    settings = simulator.settings
    form = (
        f"grant_type=refresh_token&refresh_token={settings.refresh_token}&client_id={settings.client_id}"
        f"&client_secret={settings.client_secret}&resource=https://api.partner.microsoft.com"
    )
    reply = simulator.handle("POST", f"/{settings.partner_tenant}/oauth2/token", {}, form.encode())
    headers = {"Authorization": f"Bearer {json.loads(reply.body)['access_token']}"}
    path = f"/v1.0/sales/pricesheets(Market='US',PricesheetView='{view}')/$value?{question}"
    reply = simulator.handle("GET", path, headers)
    return reply.status, list(csv.DictReader(io.StringIO(reply.body.decode()))) if reply.status == 200 else []


def _units(rows: list[dict[str, str]], sku: str = STANDARD, term: str = "P1M") -> list[str]:
    return [
        row["UnitPrice"]
        for row in rows
        if (f"{row['ProductId']}:{row['SkuId']}", row["TermDuration"], row["Segment"]) == (sku, term, "Commercial")
        and row["Currency"] == "EUR"
    ]


def test_without_changes_there_is_no_future_list():
    """Nothing new next month: 404 (contract §9.2)."""
    simulator, _ = shop("2026-06-10")
    assert (404, 200) == (_sheet(simulator, "timeline=future")[0], _sheet(simulator, "timeline=current")[0])


def test_a_raise_is_seen_a_month_ahead_and_then_holds():
    """5 % more from the first: in the future list before, in the current one after, the old one under its month."""
    simulator, client = shop("2026-06-10")
    simulator.change_prices(percent="5")
    before = [_units(_sheet(simulator, f"timeline={name}")[1]) for name in ("current", "future")]
    bought = client.buy(CUSTOMER, STANDARD, 1, "P1M")
    go(simulator, "2026-07-02")
    after = [_units(_sheet(simulator, name)[1]) for name in ("timeline=current", "timeline=history&month=202606")]
    assert ([["10.08"], ["10.58"]], [["10.58"], ["10.08"]], 404, "10.08") == (
        before,
        after,
        _sheet(simulator, "timeline=future")[0],
        simulator.subscription(CUSTOMER, bought)["price"]["unit"],
    )


def test_a_raise_rounds_the_amount_of_one_charge():
    """720 over 36 months is 20.00 a month, 20.67 after 3.33 %, and the row says 36 times that."""
    simulator, _ = shop("2026-06-10")
    simulator.change_prices(percent="3.33")
    rows = _sheet(simulator, "timeline=future")[1]
    assert ["774.99", "744.12"] == sorted(_units(rows, COMMERCE, "P3Y"), reverse=True)


def test_a_list_that_takes_over(tmp_path):
    """What the next list names is priced by it from its day on, everything else stays."""
    path = tmp_path / "next.csv"
    product, _, sku = STANDARD.partition(":")
    row = f"Business Standard,{product},{sku},Business Standard,,,,P1M,Monthly,,EUR,11.11,,,,,License,13.90"
    path.write_text(f"{HEADER}\n{row}\n", "utf-8")
    simulator, client = shop("2026-06-10")
    simulator.change_prices(path=path)
    rows = _sheet(simulator, "timeline=future")[1]
    go(simulator, "2026-07-01")
    bought = client.buy(CUSTOMER, STANDARD, 1, "P1M")
    assert (["11.11"], ["6.43"], "11.11") == (
        _units(rows),
        _units(rows, E1),
        simulator.subscription(CUSTOMER, bought)["price"]["unit"],
    )


def test_a_change_in_the_middle_of_a_month_shows_two_rows():
    """Both rows of the month stand in its list, one ending where the other begins."""
    simulator, _ = shop("2026-06-10")
    simulator.change_prices(percent="10", at=go(simulator, "2026-06-15", 0))
    rows = _sheet(simulator, "timeline=current")[1]
    found = [row for row in rows if row["ProductId"] == "WORKED000001" and row["TermDuration"] == "P1M"]
    assert [("10.08", "06/14/2026 11:59:59 PM"), ("11.09", "12/31/9999 11:59:59 PM")] == [
        (row["UnitPrice"], row["EffectiveEndDate"]) for row in found if row["Segment"] == "Commercial"
    ]


def test_extended_service_has_a_view_of_its_own():
    """One monthly row an item: the monthly price and 3 %, or a twelfth of the year and 23 %."""
    simulator, _ = shop("2026-06-10")
    simulator.seed_sku("YEARONLY0001:0001", title="Yearly", plans={"P1Y": ["annual"]}, prices={})
    simulator.seed_price("YEARONLY0001:0001", "P1Y", "annual", "120.96", currency="EUR")
    _, rows = _sheet(simulator, "timeline=current", "licensebasedest")
    assert (["10.38"], ["12.4"], {"Monthly"}) == (
        _units(rows),
        _units(rows, "YEARONLY0001:0001"),
        {row["BillingPlan"] for row in rows},
    )


def test_software_has_a_view_of_its_own():
    """Software is not in the licence view; what has no term is OneTime there."""
    simulator, _ = shop("2026-06-10")
    _, rows = _sheet(simulator, "timeline=current", "software")
    _, licences = _sheet(simulator, "timeline=current")
    assert ({"P3Y", "OneTime"}, set()) == (
        {row["TermDuration"] for row in rows},
        {row["ProductId"] for row in rows} & {row["ProductId"] for row in licences},
    )


@pytest.mark.parametrize(
    "question", ["timeline=history", "timeline=history&month=2026", "timeline=history&month=202607"]
)
def test_months_that_make_no_sense(question):
    """History needs a month that is over or runs."""
    simulator, _ = shop("2026-06-10")
    assert 400 == _sheet(simulator, question)[0]


def _run(tmp_path: Any, *arguments: str) -> Any:
    return CliRunner().invoke(simulate, [arguments[0], "--world", str(tmp_path / "world.db"), *arguments[1:]])


def test_prices_on_the_command_line(tmp_path):
    """A raise is planned, listed, written to a sheet and forgotten."""
    out = tmp_path / "next.csv"
    _run(tmp_path, "clock", "--set", "2026-06-10T10:00:00Z", "--freeze")
    planned = _run(tmp_path, "prices", "--raise", "5%", "--timeline", "future", "--out", str(out))
    cleared = _run(tmp_path, "prices", "--clear", "--timeline", "future", "--out", str(out))
    wrong = _run(tmp_path, "prices", "--raise", "viel")
    assert (0, True, 1, 2) == (
        planned.exit_code,
        "from 2026-07-01" in planned.output,
        cleared.exit_code,
        wrong.exit_code,
    )
    assert "ProductTitle" in out.read_text("utf-8").splitlines()[0]
