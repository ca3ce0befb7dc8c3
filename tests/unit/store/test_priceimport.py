"""Importing whole sheets: with little memory, in parts, of any view, announced, cut, contradictory, twice."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cspdecl.core.catalog import OfferKey
from cspdecl.core.errors import ConfigurationError
from cspdecl.core.money import Money
from cspdecl.store import pricesort
from cspdecl.store.pricebeside import import_offer_matrix, import_rates, load_offer_matrix, load_rates
from cspdecl.store.pricefiles import load_price_book, read_index, read_whole_index
from cspdecl.store.priceimport import Expected, import_price_list
from tests.perf.measure_prices import write_sheet
from tests.unit.commerce.test_pricelist import HEADER, line

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
LATER = datetime(2026, 12, 22, 14, 2, tzinfo=UTC)
PREMIUM = OfferKey.parse("CFQ7TTC0LCHC:0002")


def sheet(path: Path, *rows: str, end="\n") -> Path:
    path.write_text(HEADER + "\n".join(rows) + end, encoding="utf-8")
    return path


def load(prices: Path, *offers: OfferKey, **rest):
    return load_price_book(prices, market="DE", currency="EUR", offers=offers, **rest)


def digests(prices: Path) -> dict[str, str]:
    return {item.file: item.sha256 for item in read_index(prices)}


def test_twice_the_sheet_needs_no_more_memory(tmp_path, monkeypatch):
    """Rows are sorted in runs on disk: what is held does not grow with the file."""
    monkeypatch.setattr(pricesort, "_RUN", 500)
    peaks = []
    for rows in (3_000, 9_000):
        path = tmp_path / f"sheet-{rows}-2026-11.csv"
        size = write_sheet(path, rows)
        tracemalloc.start()
        import_price_list(path, tmp_path / str(rows), now=NOW)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
    assert peaks[1] < size


def test_a_few_offers_are_found_among_many(tmp_path, monkeypatch):
    """First, last and middle rows of a sorted list; what is not there is not found."""
    monkeypatch.setattr(pricesort, "_RUN", 100)
    path = tmp_path / "sheet-2026-11.csv"
    write_sheet(path, 2400)
    import_price_list(path, tmp_path / "prices", now=NOW, markets=["DE"])
    text = (tmp_path / "prices" / "2026-11-DE-EUR.csv").read_text(encoding="utf-8").splitlines()[1:]
    keys = sorted({OfferKey(*row.split(",")[:2]) for row in text})
    book = load(tmp_path / "prices", keys[0], keys[len(keys) // 2], keys[-1], OfferKey("AAAAAAAAAAAA", "0001"), PREMIUM)
    assert sorted(book.lists[0].rows) == [keys[0], keys[len(keys) // 2], keys[-1]]
    assert {len(rows) for rows in book.lists[0].rows.values()} == {4}
    assert book.lists[0].held == len(text)


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(0, 8), order=st.permutations(range(8)))
def test_a_sheet_in_parts_is_the_sheet(tmp_path_factory, cut, order):
    """However it is divided and ordered: the same rows, the same digest."""
    folder = tmp_path_factory.mktemp("parts")
    rows = [line(product=f"CFQ7TTC0LCH{number}", price=f"{number + 1}") for number in range(8)]
    whole = sheet(folder / "whole-2026-11.csv", *rows)
    mixed = [rows[number] for number in order]
    parts = [
        sheet(folder / f"part-{index}-2026-11.csv", *part)
        for index, part in enumerate((mixed[:cut], mixed[cut:]))
        if part
    ]
    import_price_list(whole, folder / "a", now=NOW)
    import_price_list(parts, folder / "b", now=NOW)
    assert digests(folder / "a") == digests(folder / "b")


def test_the_same_sheet_again_changes_nothing(tmp_path):
    """Not a byte: the index keeps its first import, so that version control shows no change."""
    path, prices = sheet(tmp_path / "s-2026-11.csv", line()), tmp_path / "prices"
    import_price_list(path, prices, now=NOW)
    before = (prices / "index.json").read_bytes()
    again = import_price_list(path, prices, now=LATER)
    assert (prices / "index.json").read_bytes() == before
    assert again.unchanged == {"2026-11-DE-EUR.csv"}
    assert again.diagnostics == ()


def test_views_lie_beside_each_other(tmp_path):
    """Licences, software and extended terms of one month: three lists, each with its view."""
    prices = tmp_path / "prices"
    for name in ("de-2026-11.csv", "software-2026-11.csv", "licensebasedest-2026-11.csv"):
        import_price_list(sheet(tmp_path / name, line()), prices, now=NOW)
    assert sorted(item.view for item in load(prices, PREMIUM).lists) == ["est", "license", "software"]
    assert sorted(digests(prices)) == ["2026-11-DE-EUR-est.csv", "2026-11-DE-EUR-software.csv", "2026-11-DE-EUR.csv"]


def test_an_announced_list_is_no_price(tmp_path):
    """It lies beside the current one and is given out apart, to rehearse with."""
    prices = tmp_path / "prices"
    import_price_list(sheet(tmp_path / "s-2026-11.csv", line()), prices, now=NOW)
    import_price_list(sheet(tmp_path / "s-2026-12.csv", line(price="300")), prices, now=NOW, preview=True)
    book = load(prices, PREMIUM)
    assert [(item.date, item.timeline) for item in (*book.lists, *book.previews)] == [
        ("2026-11", "current"),
        ("2026-12", "preview"),
    ]


def test_a_sheet_that_was_cut_says_so_for_as_long_as_it_is_used(tmp_path):
    """The import names it, the list keeps it; the whole sheet takes its place and the fault goes."""
    prices, rows = tmp_path / "prices", (line(), line(product="CFQ7TTC0HD32"))
    done = import_price_list(sheet(tmp_path / "s-2026-11.csv", *rows, end=""), prices, now=NOW)
    assert [item.code for item in done.diagnostics] == ["CSP615"]
    assert len(load(prices, PREMIUM).lists[0].faults) == 1
    import_price_list(sheet(tmp_path / "s-2026-11.csv", *rows), prices, now=NOW)
    assert load(prices, PREMIUM).lists[0].faults == ()


def test_a_zip_vouches_for_its_own_end(tmp_path):
    """The last line of a packed sheet may have no end: its checksum says that nothing is missing."""
    packed = tmp_path / "s-2026-11.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("sheet.csv", HEADER + line())
    done = import_price_list(packed, tmp_path / "prices", now=NOW)
    assert (done.diagnostics, done.files[0].rows) == ((), 1)


def test_two_prices_of_one_day_are_named(tmp_path):
    """Same offer, term, plan and first day at two prices: neither counts, and the import says so."""
    done = import_price_list(
        sheet(tmp_path / "s-2026-11.csv", line(), line(price="250", end="1/1/2027"), line(start="1/1/2026")),
        tmp_path / "prices", now=NOW,
    )  # fmt: skip
    (found,) = done.diagnostics
    assert found.code == "CSP612"
    assert "CFQ7TTC0LCHC:0002 P1Y/monthly from 2025-04-01" in found.message


@pytest.mark.parametrize("row", [line(market="US"), line(currency="CHF")])
def test_a_sheet_for_others_is_taken_and_said(tmp_path, row):
    """Another market or currency than the project's own: it may be wanted, or a mistake."""
    done = import_price_list(
        sheet(tmp_path / "s-2026-11.csv", row), tmp_path / "prices", now=NOW,
        expected=Expected(market="DE", currency="EUR"),
    )  # fmt: skip
    assert [item.code for item in done.diagnostics] == ["CSP616"]
    book = load(tmp_path / "prices", PREMIUM)
    assert (book.lists, len(book.elsewhere)) == ((), 1)


def test_lists_of_the_customers_markets_are_loaded_with_the_project_s_own(tmp_path):
    """A customer in Austria is priced by Austria's list; nobody asked for France."""
    rows = [line(market=market) for market in ("DE", "AT", "FR")]
    import_price_list(sheet(tmp_path / "s-2026-11.csv", *rows), tmp_path / "prices", now=NOW)
    book = load(tmp_path / "prices", PREMIUM, markets=["AT"])
    assert sorted(item.market for item in book.lists) == ["AT", "DE"]
    assert book.elsewhere == ("FR (EUR)",)


def test_lists_imported_by_an_earlier_version_are_still_read(tmp_path):
    """Other columns, no view and no timeline in the index: read by name, as licences."""
    prices = tmp_path / "prices"
    prices.mkdir()
    text = (
        "product,sku,segment,term,billing,cost,erp,from,to,tier\n"
        "CFQ7TTC0LCHC,0002,commercial,P1Y,monthly,247.20,309.00,2025-04-01T00:00:00Z,9999-12-31T00:00:00Z,\n"
    )
    (prices / "2026-11-DE-EUR.csv").write_text(text, encoding="utf-8", newline="")

    entry = {
        "file": "2026-11-DE-EUR.csv", "date": "2026-11", "market": "DE", "currency": "EUR", "rows": 1, "source": "s.csv",
        "sha256": hashlib.sha256(text.encode()).hexdigest(), "sourceSha256": "0" * 64,
        "importedAt": "2026-11-22T14:02:00Z",
    }  # fmt: skip
    (prices / "index.json").write_text(json.dumps({"version": 1, "lists": [entry]}))
    assert load(prices, PREMIUM).lists[0].rows[PREMIUM][0].erp == Money.of("309.00", "EUR")


MATRIX = "ProductId,SkuId,SkuTitle,MinLicenses,MaxLicenses\nCFQ7TTC0LCHC,2,Premium,1,300\n"
RATES = "CurrencyCode,USDPerUnit,Month\nEUR,1.17,2026-11\n"


def test_matrix_and_rates_lie_beside_the_lists(tmp_path):
    """Each for its month, with digest: the newest matrix stands for later months, a rate only for its own."""
    prices = tmp_path / "prices"
    for name, text, take in (("m.csv", MATRIX, import_offer_matrix), ("r.csv", RATES, import_rates)):
        (tmp_path / name).write_text(text)
        take(tmp_path / name, prices, now=NOW, month="2026-11")
    matrix = load_offer_matrix(prices, at=LATER, offers=[PREMIUM])
    assert matrix is not None
    assert matrix.offers[PREMIUM].max_seats == 300
    assert load_rates(prices, at=LATER) is None
    rates = load_rates(prices, at=NOW)
    assert rates is not None
    assert rates.source == "r.csv"
    assert [item.holds for item in read_whole_index(prices).beside] == ["rates", "offers"]
    import_price_list(sheet(tmp_path / "s-2026-11.csv", line()), prices, now=NOW)
    assert len(read_whole_index(prices).beside) == 2


def test_an_altered_matrix_is_refused(tmp_path):
    """A limit that was raised by hand is no limit."""
    (tmp_path / "m.csv").write_text(MATRIX)
    import_offer_matrix(tmp_path / "m.csv", tmp_path / "prices", now=NOW, month="2026-11")
    path = tmp_path / "prices" / "2026-11-offers.jsonl"
    path.write_text(path.read_text().replace("300", "3000"))
    with pytest.raises(ConfigurationError) as refused:
        load_offer_matrix(tmp_path / "prices", at=NOW, offers=[PREMIUM])
    assert [item.code for item in refused.value.diagnostics] == ["CSP603"]


@pytest.mark.parametrize("take", [import_offer_matrix, import_rates])
def test_what_is_neither_is_refused_and_nothing_is_written(tmp_path, take):
    """A web page instead of a file."""
    (tmp_path / "m.csv").write_text("<html>\n")
    with pytest.raises(ConfigurationError):
        take(tmp_path / "m.csv", tmp_path / "prices", now=NOW, month="2026-11")
    assert not (tmp_path / "prices").exists()
