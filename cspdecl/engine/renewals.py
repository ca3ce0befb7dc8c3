"""What ends when, for a project: from what was read last, or read anew; nothing is written but the cache."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from cspdecl.commerce.prices import market_of
from cspdecl.engine import refresh
from cspdecl.engine.plan import PlanRequest, providers_needed
from cspdecl.engine.progress import Progress, Silent
from cspdecl.engine.scope import scope_of
from cspdecl.planning.renewals import Renewals, find_renewals

if TYPE_CHECKING:
    from cspdecl.core.catalog import OfferKey
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.live import LiveState
    from cspdecl.engine.session import Session
    from cspdecl.spi.provider import Provider


def list_renewals(
    session: Session, request: PlanRequest, *, within: timedelta, progress: Progress | None = None
) -> Renewals:
    """The renewals of the customers in question. `request.cached`: as read last, else every customer is read anew."""
    project, desired = session.require()
    store = session.store()
    bindings = store.bindings()
    scope = scope_of(session, desired, bindings, request)
    if request.cached:
        now = session.clock.now()
        live = refresh.from_cache(desired=desired, store=store, scope=scope, now=now)
        now = max(now, live.as_of)  # a simulator's clock may be ahead of ours
    else:
        needed = providers_needed(desired, scope) or {project.default_provider}
        providers: Mapping[str, Provider] = session.providers("read", needed)
        read = refresh.refresh(
            desired=desired, bindings=bindings, providers=providers, scope=scope, store=store,
            progress=progress or Silent(),
        )  # fmt: skip
        live, now = read.live, read.now
    markets = {market_of(desired.customers.get(key), there) for key, there in live.customers.items()}
    return find_renewals(
        project=project.name,
        market=project.market,
        desired=desired,
        live=live,
        bindings=bindings,
        prices=session.prices(offers_of(desired, live), markets={market for market in markets if market}),
        now=now,
        within=within,
    )


def offers_of(desired: DesiredState, live: LiveState) -> set[OfferKey]:
    """Every offer that runs, is declared, or follows at a renewal."""
    found: set[OfferKey | None] = set()
    for spec in desired.customers.values():
        for line in spec.subscriptions:
            found.add(line.offer)
            found.add(line.at_renewal.offer if line.at_renewal else None)
            found.add(line.renews_to.offer if line.renews_to else None)
    for customer in live.customers.values():
        for item in customer.subscriptions:
            found.add(item.offer)
            found.add(item.scheduled.offer if item.scheduled else None)
    return {offer for offer in found if offer is not None}
