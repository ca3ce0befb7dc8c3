"""`cspdecl drift`: what somebody else changed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from cspdecl.cli.common import LiveProgress, emit_json, filters, guarded, leave, open_session, say, wants_color

if TYPE_CHECKING:
    from cspdecl.core.address import Address
    from cspdecl.core.live import LiveSubscription
    from cspdecl.engine.drift import DriftResult
    from cspdecl.engine.session import Session
    from cspdecl.report.drift import Difference, Explained, Portrait


@click.command()
@filters
@click.option(
    "--explain",
    is_flag=True,
    help="Say all that differs: as our last operation left it, as it is, as declared; names in the portal too.",
)
@click.option("--propose", is_flag=True, help="Write into the manifests what is live, where a value can say it.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
@guarded
def command(
    ctx: click.Context,
    customers: tuple[str, ...],
    labels: tuple[str, ...],
    changed_since: str | None,
    *,
    explain: bool,
    propose: bool,
    style: str,
) -> None:
    """Compare live state with what our own operations left and with what is declared.

    What `record` took into the ledger stays drift until a plan puts it right or a manifest declares it.

    Ends with 2 when something drifted, 0 when nothing did, 75 when a customer could not be read.
    """
    from cspdecl.core.plain import to_plain
    from cspdecl.engine.drift import look_for_drift
    from cspdecl.engine.exits import Exit, strongest
    from cspdecl.engine.plan import PlanRequest
    from cspdecl.report.drift import render_drift, render_explained

    with open_session(ctx) as session:
        request = PlanRequest(customers=customers, labels=labels, changed_since=changed_since)
        result = look_for_drift(session, request, names=explain, progress=LiveProgress())
        unknown = result.planned.plan.unknown
        explained = _explain(session, result) if explain else []
        if style == "json":
            document = {
                "drift": [to_plain(item) for item in result.found],
                "unknown": dict(unknown),
                "complete": not unknown,
            }
            if explain:
                document["explained"] = [to_plain(item) for item in explained]
                document["renamed"] = [to_plain(item) for item in result.renamed]
            emit_json(document)
        else:
            click.echo(render_drift(result.found, color=wants_color(ctx, sys.stdout)), nl=False)
            if explain:
                click.echo(render_explained(explained, result.renamed), nl=False)
            for key, why in unknown.items():
                say(f"not read: {key}: {why}", err=True)
        if propose:
            from cspdecl.engine.propose import propose_changes

            for text in propose_changes(session, result):
                say(text, err=True)
        exits = [Exit.CHANGES if result.found else Exit.DONE, Exit.DONE if not unknown else Exit.TRY_LATER]
        leave(strongest(exits))


def _explain(session: Session, result: DriftResult) -> list[Explained]:
    """All that differs about every subscription with findings, field by field."""
    from cspdecl.planning.drift_lines import expected
    from cspdecl.report.drift import (
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
    from cspdecl.report.drift import Difference

    tree: Mapping[str, list[Any]] = DeepDiff(dict(was), dict(live), view="tree", threshold_to_diff_deeper=0)
    found = {level.path(output_format="list")[-1] for levels in tree.values() for level in levels}
    names = dict.fromkeys([*was, *live])
    return tuple(
        Difference(field=name, was=was.get(name), live=live.get(name), declared=declared.get(name))
        for name in names
        if name in found
    )
