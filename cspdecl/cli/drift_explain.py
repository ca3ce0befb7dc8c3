"""All that differs about the subscriptions with findings: what `drift --explain` shows, gathered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cspdecl.core.address import Address
    from cspdecl.core.live import LiveSubscription
    from cspdecl.engine.drift import DriftResult
    from cspdecl.engine.session import Session
    from cspdecl.report.drift_explained import Difference, Explained, Portrait


def explain_drift(session: Session, result: DriftResult) -> list[Explained]:
    """All that differs about every subscription with findings, field by field."""
    from cspdecl.planning.drift_lines import expected
    from cspdecl.report.drift_explained import (
        Explained,
        portrait_of_expected,
        portrait_of_line,
        portrait_of_live,
        portrait_of_new,
    )

    bindings = session.store().bindings()
    _project, desired = session.require()
    lines = {line.address: line for spec in desired.customers.values() for line in spec.subscriptions}
    remembered, out = result.remembered, []
    for address in dict.fromkeys(item.address for item in result.found):
        line, own, bound = lines.get(address), remembered.own(address), bindings.get(address)
        seen = _seen(result, address, bound.ids if bound else (address.name,))
        if line is None or own is None:
            new = portrait_of_new(seen) if seen is not None else {}
            out.append(Explained(address=address, differences=_differences({}, new, {})))
            continue
        name = remembered.names.get(own.subscription or "") if line.nickname is not None else None
        running = seen if seen is not None and seen.status.running else None
        left = expected(line, own, seen, result.planned.plan.now)
        was = portrait_of_expected(left, own, name=name)
        live = portrait_of_live(running, named=name is not None) if running else {}
        if seen is not None and running is None:
            was, live = {"status": was["status"]}, {"status": str(seen.status)}
        out.append(Explained(address=address, differences=_differences(was, live, portrait_of_line(line))))
    return out


def _seen(result: DriftResult, address: Address, ids: tuple[str, ...]) -> LiveSubscription | None:
    customer = result.planned.live.customers.get(address.customer)
    return next((item for item in customer.subscriptions if item.id in ids), None) if customer else None


def _differences(was: Portrait, live: Portrait, declared: Portrait) -> tuple[Difference, ...]:
    """What differs between two portraits, by deepdiff, in the order in which a person asks."""
    try:
        from deepdiff import DeepDiff
    except ImportError:
        raise click.UsageError("`--explain` needs the extra: pip install 'cspdecl[drift]'") from None
    from cspdecl.report.drift_explained import Difference

    tree: Mapping[str, list[Any]] = DeepDiff(dict(was), dict(live), view="tree", threshold_to_diff_deeper=0)
    found = {level.path(output_format="list")[-1] for levels in tree.values() for level in levels}
    names = dict.fromkeys([*was, *live])
    return tuple(
        Difference(field=name, was=was.get(name), live=live.get(name), declared=declared.get(name))
        for name in names
        if name in found
    )
