"""A rehearsal for a project: which imported or announced list is meant, the estate as read, and what it would do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cspdecl.commerce.prices import market_of
from cspdecl.core.diagnostics import error
from cspdecl.core.errors import ConfigurationError
from cspdecl.core.project import PriceBook, PriceList
from cspdecl.engine import refresh
from cspdecl.engine.plan import PlanRequest, providers_needed
from cspdecl.engine.progress import Progress, Silent
from cspdecl.engine.renewals import offers_of
from cspdecl.engine.scope import scope_of
from cspdecl.planning.rehearsal import rehearse

if TYPE_CHECKING:
    from cspdecl.engine.session import Session
    from cspdecl.planning.rehearsal_values import Rehearsal
    from cspdecl.spi.provider import Provider

_WISH = re.compile(r"(\d{4}-\d{2})(?:-(\d{2}))?")


def rehearse_prices(
    session: Session, request: PlanRequest, *, wish: str, progress: Progress | None = None
) -> Rehearsal:
    """Try the list that `wish` names: "next", a month, or a day. Raises ConfigurationError where it is not imported."""
    project, desired = session.require()
    store = session.store()
    bindings = store.bindings()
    scope = scope_of(session, desired, bindings, request)
    if request.cached:
        now = session.clock.now()
        live = refresh.from_cache(desired=desired, store=store, scope=scope, now=now)
        now = max(now, live.as_of)
    else:
        needed = providers_needed(desired, scope) or {project.default_provider}
        providers: Mapping[str, Provider] = session.providers("read", needed)
        read = refresh.refresh(
            desired=desired, bindings=bindings, providers=providers, scope=scope, store=store,
            progress=progress or Silent(),
        )  # fmt: skip
        live, now = read.live, read.now
    markets = {market_of(desired.customers.get(key), there) for key, there in live.customers.items()}
    book = session.prices(offers_of(desired, live), markets={market for market in markets if market})
    tried, at = choose(book, wish, now)
    return rehearse(
        project=project, desired=desired, live=live, bindings=bindings, current=book, tried=tried, at=at, now=now
    )


def choose(book: PriceBook, wish: str, now: datetime) -> tuple[PriceBook, datetime]:
    """A book that holds nothing but the lists that are meant, and from when they would hold.

    "next" is the nearest month to come of which a list is there, announced or imported early; a list that was imported
    for its month stands before one that only announced it.
    """
    if wish == "next":
        month = min((name for name in _months(book) if name > f"{now:%Y-%m}"), default=None)
        first = None
    else:
        month, first = _wished(wish)
    chosen = _of_month(book, month) if month else ()
    if month is None or not chosen:
        raise _missing(book, wish)
    begins = first or datetime(int(month[:4]), int(month[5:7]), 1, tzinfo=UTC)
    at = max(begins, now) if month == f"{now:%Y-%m}" and first is None else begins
    return replace(book, lists=chosen, previews=()), at


def _wished(wish: str) -> tuple[str, datetime | None]:
    found = _WISH.fullmatch(wish)
    try:
        if found is None:
            raise ValueError(wish)
        day = datetime(int(wish[:4]), int(wish[5:7]), int(found[2] or 1), tzinfo=UTC)
    except ValueError:
        message = f"`{wish}` names no price list"
        found_error = error("CSP646", message, hint="write `next`, a month (2027-01) or a day (2027-01-15)")
        raise ConfigurationError(message, diagnostics=(found_error,)) from None
    return found[1], day if found[2] else None


def _of_month(book: PriceBook, month: str) -> tuple[PriceList, ...]:
    """The lists of a month, one a market and view."""
    found: dict[tuple[str, str], PriceList] = {}
    for item in (*book.previews, *book.lists):  # what was imported for the month comes last, and stays
        if item.date[:7] == month:
            found[item.market, item.view] = item
    return tuple(found[key] for key in sorted(found))


def _months(book: PriceBook) -> list[str]:
    return sorted({item.date[:7] for item in (*book.lists, *book.previews)})


def _missing(book: PriceBook, wish: str) -> ConfigurationError:
    there = ", ".join(_months(book)) or "none"
    what = "no list of a month to come is imported" if wish == "next" else f"no list for {wish} is imported"
    hint = f"import it: `cspdecl prices import FILE --preview` for one that is only announced; there are: {there}"
    return ConfigurationError(what, diagnostics=(error("CSP646", what, hint=hint),))
