"""Imported price lists on disk: normalised, digested, read back only where asked, refused when altered."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cspdecl.core.catalog import OfferKey
from cspdecl.core.errors import ConfigurationError
from cspdecl.core.money import Money
from cspdecl.core.project import PriceBook
from cspdecl.store.pricefiles import load_price_book, read_index
from cspdecl.store.priceimport import import_price_list
from tests.unit.commerce.test_pricelist import HEADER, line

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
PREMIUM = OfferKey.parse("CFQ7TTC0LCHC:0002")
VISIO = OfferKey.parse("CFQ7TTC0HD32:0002")


def source(folder: Path, *rows: str, name="list-2026-11.csv") -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(row + "\n" for row in rows), encoding="utf-8")
    return path


def load(prices: Path, *offers: OfferKey) -> PriceBook:
    return load_price_book(prices, market="DE", currency="EUR", offers=offers)


def test_what_was_imported_is_read_back(tmp_path):
    """Rows of the asked offers, with list date, digest and the imported file's own name."""
    path = source(tmp_path, line(), line(product="CFQ7TTC0HD32", price="177.60"))
    imported = import_price_list(path, tmp_path / "prices", now=NOW)
    (book_list,) = load(tmp_path / "prices", VISIO).lists
    assert imported.diagnostics == ()
    assert (book_list.date, book_list.source, book_list.digest) == (
        "2026-11",
        "list-2026-11.csv",
        imported.files[0].sha256,
    )
    assert list(book_list.rows) == [VISIO]
    assert book_list.rows[VISIO][0].cost == Money.of("177.60", "EUR")


def test_the_same_sheet_in_another_order_is_the_same_file(tmp_path):
    """Rows are sorted and repeated ones dropped, so the digest says whether prices changed."""
    one = import_price_list(source(tmp_path, line(), line(price="1")), tmp_path / "a", now=NOW)
    two = import_price_list(source(tmp_path, line(price="1"), line(), line()), tmp_path / "b", now=NOW)
    assert one.files[0].sha256 == two.files[0].sha256


def test_markets_and_currencies_become_files_of_their_own(tmp_path):
    """A European sheet has every regional currency: each (market, currency) is one list."""
    path = source(tmp_path, line(), line(currency="CHF"), line(market="AT"))
    imported = import_price_list(path, tmp_path / "prices", now=NOW)
    assert [entry.file for entry in imported.files] == [
        "2026-11-AT-EUR.csv",
        "2026-11-DE-CHF.csv",
        "2026-11-DE-EUR.csv",
    ]
    only = import_price_list(path, tmp_path / "only", now=NOW, markets=["de"])
    assert [entry.market for entry in only.files] == ["DE", "DE"]


def test_lists_are_read_newest_first(tmp_path):
    """The book is ordered by month whatever the order of imports."""
    for month in ("2026-09", "2026-11", "2026-10"):
        import_price_list(source(tmp_path, line()), tmp_path / "prices", now=NOW, month=month)
    assert [item.date for item in load(tmp_path / "prices", PREMIUM).lists] == ["2026-11", "2026-10", "2026-09"]


def test_an_altered_list_is_refused(tmp_path):
    """One digit changed by hand: no price is read from it, and the file is named."""
    import_price_list(source(tmp_path, line()), tmp_path / "prices", now=NOW)
    path = tmp_path / "prices" / "2026-11-DE-EUR.csv"
    path.write_bytes(path.read_bytes().replace(b"247.20", b"147.20"))
    with pytest.raises(ConfigurationError, match=r"2026-11-DE-EUR\.csv is not the one that was imported") as refused:
        load(tmp_path / "prices", PREMIUM)
    assert [item.code for item in refused.value.diagnostics] == ["CSP603"]


def test_a_missing_list_is_refused(tmp_path):
    """The index names it and it is gone: unknown prices must not come from a lost file unnoticed."""
    import_price_list(source(tmp_path, line()), tmp_path / "prices", now=NOW)
    (tmp_path / "prices" / "2026-11-DE-EUR.csv").unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path / "prices", PREMIUM)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 2, "lists": []}', '{"version": 1, "lists": [{"file": "x"}]}']
)
def test_a_damaged_index_is_refused(tmp_path, text):
    """Empty, cut off, another shape, a newer version: refused, never read as `no prices`."""
    (tmp_path / "index.json").write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        read_index(tmp_path)
    assert [item.code for item in refused.value.diagnostics] == ["CSP604"]


def test_an_index_never_leads_out_of_its_folder(tmp_path):
    """A crafted index naming ../secrets is refused."""
    import_price_list(source(tmp_path, line()), tmp_path / "prices", now=NOW)
    index = tmp_path / "prices" / "index.json"
    document = json.loads(index.read_text())
    document["lists"][0]["file"] = "../list-2026-11.csv"
    index.write_text(json.dumps(document))
    with pytest.raises(ConfigurationError, match="not beside it"):
        load(tmp_path / "prices", PREMIUM)


def test_no_folder_is_an_empty_book(tmp_path):
    """Nothing imported yet: every price is unknown, and nothing fails."""
    assert load(tmp_path / "prices", PREMIUM) == PriceBook(home="DE")
    assert load_price_book(None, market="DE", currency="EUR", offers=[PREMIUM]) == PriceBook(home="DE")


def test_packed_sheets_are_read(tmp_path):
    """As the API sends them: zip with one CSV, gzip, UTF-16 from a spreadsheet; all give the same list."""
    plain = source(tmp_path, line())
    packed = tmp_path / "list-2026-11.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(plain, "sheet.csv")
    gz = tmp_path / "list-2026-11.csv.gz"
    gz.write_bytes(gzip.compress(plain.read_bytes()))
    wide = tmp_path / "wide-2026-11.csv"
    wide.write_text(plain.read_text(), encoding="utf-16")
    digests = {
        import_price_list(path, tmp_path / f"of-{path.name}", now=NOW).files[0].sha256
        for path in (plain, packed, gz, wide)
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04broken", b"\x1f\x8b\x08broken", b"\xff\xfe\x00", b"caf\xe9,\xff\n", b"\x00" * 64]
)
def test_a_file_that_is_no_sheet_is_refused_and_nothing_is_written(tmp_path, data):
    """Empty, broken archives, wrong encodings, zeros: one sentence, and the folder stays as it was."""
    path = tmp_path / "list-2026-11.csv"
    path.write_bytes(data)
    with pytest.raises(ConfigurationError) as refused:
        import_price_list(path, tmp_path / "prices", now=NOW)
    assert refused.value.diagnostics[0].code in {"CSP602", "CSP605"}
    assert not (tmp_path / "prices").exists()


def test_an_import_says_what_it_replaces(tmp_path):
    """A second list of the same month takes the place of the first, and says so."""
    import_price_list(source(tmp_path, line()), tmp_path / "prices", now=NOW)
    again = import_price_list(source(tmp_path, line(price="250")), tmp_path / "prices", now=NOW)
    assert [item.code for item in again.diagnostics] == ["CSP607"]
    assert load(tmp_path / "prices", PREMIUM).lists[0].rows[PREMIUM][0].cost == Money.of("250.00", "EUR")


@pytest.mark.parametrize("month", [None, "2026-13", "November"])
def test_a_list_without_month_is_not_imported(tmp_path, month):
    """The month decides which purchases it prices, so it is asked for, never guessed."""
    with pytest.raises(ConfigurationError, match="which month"):
        import_price_list(source(tmp_path, line(), name="sheet.csv"), tmp_path / "prices", now=NOW, month=month)


def test_a_sheet_of_another_market_is_refused_by_name(tmp_path):
    """Asked for DE, given US: nothing is written and both are named."""
    with pytest.raises(ConfigurationError, match="prices of US, none of DE"):
        import_price_list(source(tmp_path, line(market="US")), tmp_path / "prices", now=NOW, markets=["DE"])
