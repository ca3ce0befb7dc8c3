"""What is to be said about price lists before any amount of a plan is read: cut short, of no market, out of date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cspdecl.commerce.prices import older_lists
from cspdecl.core.action import Reprice
from cspdecl.core.diagnostics import Diagnostic, warning
from cspdecl.core.operation import Operation
from cspdecl.core.project import PriceBook

#: Codes of such warnings: a plan says them above everything else.
ABOUT_LISTS = frozenset({"CSP609", "CSP615", "CSP616"})


def list_warnings(book: PriceBook, priced: Sequence[tuple[str, Operation]], *, currency: str) -> list[Diagnostic]:
    """One warning a fault. `priced`: operations with the market they are priced in."""
    found = [(market, item) for market, item in priced if item.preview and not isinstance(item.action, Reprice)]
    places = sorted({market for market, _item in found})
    out = [*_of_no_market(book, places, currency), *_faulty(book, found)]
    older = older_lists((item.preview.price_list, item.preview.price_list_for) for _, item in found if item.preview)
    return [*out, older] if older else out


def _of_no_market(book: PriceBook, places: Iterable[str], currency: str) -> list[Diagnostic]:
    there = {item.market for item in book.lists}
    imported = sorted({*(f"{item.market} ({item.currency})" for item in book.lists), *book.elsewhere})
    if not imported:
        return []  # nothing is imported at all: every amount says so itself
    return [
        warning(
            "CSP616",
            f"no price list for {market} in {currency} is imported, only {', '.join(imported)}: amounts are unknown",
            hint=f"import the sheet of {market}; a sheet has a column of amounts for every regional currency",
        )
        for market in places
        if market not in there
    ]


def _faulty(book: PriceBook, priced: Iterable[tuple[str, Operation]]) -> list[Diagnostic]:
    """Lists with a fault by which something was priced, or in which it was looked for in vain."""
    used = {(market, item.preview.price_list) for market, item in priced if item.preview}
    out = []
    for one in book.lists:
        asked = (one.market, one.date) in used or (one.market, None) in used
        for fault in one.faults if asked else ():
            text = f"price list {one.date} ({one.market}, {one.currency}) is not whole: {fault}"
            out.append(warning("CSP615", text, hint=f"download {one.source} again and import it"))
    return out
