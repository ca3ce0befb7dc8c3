"""A preview that may ask nobody: no provider is connected, no store opened, no secret looked up. For changes by people
who must not see any of that, such as a pull request from a fork.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cspdecl.commerce.offermatrix import enriched
from cspdecl.core.errors import ManifestError
from cspdecl.engine import provenance
from cspdecl.engine.basis import basis_of
from cspdecl.engine.plan import Planned, PlanRequest
from cspdecl.engine.preview import other_side, with_difference
from cspdecl.engine.preview_base import base_prices
from cspdecl.engine.scope import declared_offers, find_scope
from cspdecl.engine.session import Session, everything
from cspdecl.planning.offline import suppose, supposed_catalogs
from cspdecl.planning.plan import plan

if TYPE_CHECKING:
    from cspdecl.core.operation import Plan
    from cspdecl.engine.preview import Other


def plan_offline(session: Session, request: PlanRequest) -> Planned:
    """The plan of a change, what its base declares taken for live. `request.changed_since` says what the base is.

    Raises ManifestError where the base is not valid: then there is nothing to compare with.
    """
    project, desired = session.require()
    found = find_scope(session, desired, {}, request)
    base = found.base
    other = other_side(found, project, desired)
    if base is not None and other is None and not base.nothing:
        text = f"the manifests at the base {base.commit[:8]} are not valid, so there is nothing to plan against"
        raise ManifestError(text, diagnostics=base.diagnostics)
    before = other.desired if other is not None else replace(desired, customers={}, moves=(), retired=())
    newcomers = [spec for key, spec in desired.customers.items() if key not in before.customers]
    supposed = suppose(before, newcomers=newcomers, now=session.clock.now())
    offers = declared_offers(desired) | declared_offers(before)
    prices = session.prices(offers)
    old_prices = base_prices(session, base, offers) if base is not None else None
    live, now = supposed.live, supposed.live.as_of
    sold = supposed_catalogs((before, desired), market=project.market, prices=prices, now=now)
    catalogs = enriched(sold, session.offer_matrix(offers, now))
    everybody = {name: everything() for name in (*project.providers, *(other.project.providers if other else ()))}

    def decide(side: Other | None) -> Plan:
        made = plan(
            project=side.project if side else project,
            desired=side.desired if side else desired,
            live=live,
            catalogs=catalogs,
            prices=(old_prices or prices) if side else prices,
            bindings=supposed.bindings,
            book=supposed.book,
            last_hashes={},
            capabilities=everybody,
            now=now,
            scope=side.scope if side else found.customers,
            commit=base.commit if side and base else provenance.commit_of(session.root),
            recorded=supposed.recorded,
            base_guardrails=() if side else found.guardrails,
        )
        return replace(made, offline=True)

    old = decide(other) if other is not None else None
    made = decide(None)
    touched = {operation.address.customer for operation in made.operations}
    made = replace(made, basis=basis_of(project, desired, live, prices, touched))
    made = with_difference(made, old, found, project)
    return Planned(plan=made, live=live, prices=prices, calls=0, recorded=supposed.recorded)
