"""Downloading price lists through a provider that can: what is asked for, what is not there, what is imported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cspdecl.core.capability import Capability
from cspdecl.core.errors import CspdeclError
from cspdecl.engine.price_lists import Wanted, fetch_prices
from cspdecl.store.pricefiles import read_whole_index
from cspdecl.testing.memory import CAPABILITIES, MemoryProvider
from tests.unit.commerce.test_pricelist import HEADER, line
from tests.unit.engine.estates import declare, estate_of, world_of


class Selling(MemoryProvider):
    """The provider in memory with a pricing service that announces nothing for Austria."""

    def price_sheet(self, market: str, view: str, timeline: str, month: str | None = None) -> Iterator[bytes]:
        assert (timeline == "history") is (month is not None)
        if timeline == "future" and market == "AT":
            raise LookupError(f"no price sheet `{view}` ({timeline}) for {market}")
        return iter([HEADER.encode(), line(market=market).encode(), b"\n"])

    def offer_matrix(self, month: str) -> Iterator[bytes]:
        return iter([b"ProductId,SkuId,MinLicenses,MaxLicenses\nCFQ7TTC0LCHC,2,1,300\n"])

    def fx_rates(self, month: str) -> Iterator[bytes]:
        raise LookupError(f"no exchange rates for {month}")


def estate_with(tmp_path, kind: type[MemoryProvider]):
    world = world_of()
    estate = estate_of(tmp_path / "project", world)
    may = CAPABILITIES | Capability.PRICE_PREVIEW
    estate.connect = lambda mode: kind(world, mode=mode, capabilities=may)
    declare(estate, "alpha", 5)
    return estate


def test_what_is_asked_for_is_imported_and_what_is_not_there_is_said(tmp_path):
    """Two markets with what is announced, the matrix, the rates: Austria announces nothing, there are no rates."""
    estate = estate_with(tmp_path, Selling)
    wanted = Wanted(markets=("DE", "AT"), preview=True, offers=True, rates=True)
    with estate.session() as session:
        said = [text for text, _found in fetch_prices(session, tmp_path / "prices", wanted)]
        now = session.clock.now()
    index = read_whole_index(tmp_path / "prices")
    month = f"{now:%Y-%m}"
    assert sorted((item.market, item.timeline, item.date == month) for item in index.lists) == [
        ("AT", "current", True),
        ("DE", "current", True),
        ("DE", "preview", False),
    ]
    assert [item.holds for item in index.beside] == ["offers"]
    assert any("no price sheet `license` (future) for AT" in text for text in said)
    assert any("no exchange rates" in text for text in said)


def test_an_earlier_month_is_asked_for_as_history(tmp_path):
    """Its list is kept under that month."""
    estate = estate_with(tmp_path, Selling)
    with estate.session() as session:
        list(fetch_prices(session, tmp_path / "prices", Wanted(markets=("DE",), month="2026-03")))
    assert [item.date for item in read_whole_index(tmp_path / "prices").lists] == ["2026-03"]


def test_a_provider_without_a_pricing_service_says_so(tmp_path):
    """And what to do instead."""
    estate = estate_with(tmp_path, MemoryProvider)
    with estate.session() as session, pytest.raises(CspdeclError, match="cannot download") as refused:
        list(fetch_prices(session, tmp_path / "prices", Wanted(markets=("DE",))))
    assert [item.code for item in refused.value.diagnostics] == ["CSP626"]
