"""Price lists by name, and downloading them through a provider that can."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cspdecl.core.capability import Capability
from cspdecl.core.diagnostics import Diagnostic, error
from cspdecl.core.errors import CspdeclError
from cspdecl.spi.provider import PriceSource
from cspdecl.store.pricebeside import import_offer_matrix, import_rates
from cspdecl.store.pricefiles import PriceFile, SideFile, load_list, read_index
from cspdecl.store.priceimport import Expected, import_price_list

if TYPE_CHECKING:
    from datetime import datetime

    from cspdecl.core.catalog import OfferKey
    from cspdecl.core.project import PriceList, PriceView
    from cspdecl.engine.session import Session


class Importer(Protocol):
    """Takes a downloaded file into the folder."""

    def __call__(
        self, source: Path, prices: Path, *, now: datetime, month: str | None = None
    ) -> tuple[SideFile, tuple[Diagnostic, ...]]:
        """What was kept, and what is to be said about it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to download. `month` None: the current list; `preview`: the announced one as well."""

    markets: tuple[str, ...]
    month: str | None = None
    views: tuple[PriceView, ...] = ("license",)
    preview: bool = False
    offers: bool = False
    rates: bool = False


def list_named(
    session: Session, name: str, *, market: str, view: PriceView, offers: frozenset[OfferKey] | None
) -> PriceList:
    """The imported list of a month ("2026-11"), or the announced one ("next"). Raises CspdeclError: there is none."""
    project = session.project
    folder = session.root / project.prices_path if project.prices_path else None
    entries = [
        item
        for item in (read_index(folder) if folder else ())
        if (item.market, item.currency, item.view) == (market, project.reseller.currency, view)
    ]
    fitting = [item for item in entries if (item.timeline == "preview" if name == "next" else item.date == name)]
    # of one month both: what was imported for it counts, not what had been announced
    fitting.sort(key=lambda item: item.timeline)
    if not fitting or folder is None:
        there = ", ".join(sorted({_named(item) for item in entries})) or "none"
        text = f"no price list {name} for {market} in {project.reseller.currency} is imported (there are: {there})"
        raise CspdeclError(text, diagnostics=(error("CSP625", text, hint="`cspdecl prices list` shows all"),))
    return load_list(folder, fitting[0], offers)


def _named(item: PriceFile) -> str:
    return f"{item.date} (announced)" if item.timeline == "preview" else item.date


def fetch_prices(session: Session, folder: Path, wanted: Wanted) -> Iterator[tuple[str, tuple[Diagnostic, ...]]]:
    """Download and import; a sentence and its remarks for everything that came. Raises CspdeclError: nobody can."""
    source, now = _source(session), session.clock.now()
    expected = Expected(market=session.project.market, currency=session.project.reseller.currency)
    month = wanted.month or f"{now:%Y-%m}"
    timelines = [("history" if wanted.month else "current", month, False)]
    if wanted.preview:
        timelines.append(("future", _after(month), True))
    with tempfile.TemporaryDirectory(prefix="cspdecl-prices-") as name:
        for market in wanted.markets:
            for view in wanted.views:
                for timeline, of, preview in timelines:
                    asked = month if timeline == "history" else None
                    path = Path(name) / f"{view}-{market}-{of}.csv"
                    try:
                        _download(path, source.price_sheet(market, view, timeline, asked))
                    except LookupError as none:
                        yield f"{market}, {of}: {none.args[0] if none.args else 'there is no such list'}", ()
                        continue
                    done = import_price_list(
                        path, folder, now=now, month=of, view=view, preview=preview, markets=[market], expected=expected
                    )
                    yield ", ".join(f"{item.file}: {item.rows} prices" for item in done.files), done.diagnostics
        if wanted.offers:
            yield _beside(
                source.offer_matrix, import_offer_matrix, Path(name) / f"offers-{month}.csv", folder, month, now
            )
        if wanted.rates:
            yield _beside(source.fx_rates, import_rates, Path(name) / f"rates-{month}.csv", folder, month, now)


def _beside(
    ask: Callable[[str], Iterable[bytes]], take: Importer, path: Path, folder: Path, month: str, now: datetime
) -> tuple[str, tuple[Diagnostic, ...]]:
    try:
        _download(path, ask(month))
    except LookupError as none:
        return f"{month}: {none.args[0] if none.args else 'there is no such file'}", ()
    kept, found = take(path, folder, now=now, month=month)
    return f"{kept.file}: {kept.rows} {kept.holds}", found


def _source(session: Session) -> PriceSource:
    name = session.project.default_provider
    provider = session.providers("read", [name])[name]
    if Capability.PRICE_PREVIEW in provider.capabilities and isinstance(provider, PriceSource):
        return provider
    text = f"provider `{name}` cannot download price lists with the credentials it has"
    hint = "download the sheet in the provider's portal and give it to `cspdecl prices import`"
    raise CspdeclError(text, diagnostics=(error("CSP626", text, hint=hint),))


def _download(path: Path, blocks: Iterable[bytes]) -> None:
    with path.open("wb") as out:
        out.writelines(blocks)


def _after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"
