"""`cspdecl drift`: what somebody else changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from cspdecl.cli.common import LiveProgress, emit_json, filters, guarded, leave, open_session, say, wants_color

if TYPE_CHECKING:
    from cspdecl.engine.drift import DriftResult
    from cspdecl.engine.session import Session


@click.command()
@filters
@click.option("--explain", is_flag=True, help="Show every field of what differs, as last recorded and as live.")
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
    """Compare live state with what was last recorded and declared.

    Ends with 2 when something drifted, 0 when nothing did, 75 when a customer could not be read.
    """
    from cspdecl.core.plain import to_plain
    from cspdecl.engine.drift import look_for_drift
    from cspdecl.engine.exits import Exit, strongest
    from cspdecl.engine.plan import PlanRequest
    from cspdecl.report.drift import render_drift

    with open_session(ctx) as session:
        request = PlanRequest(customers=customers, labels=labels, changed_since=changed_since)
        result = look_for_drift(session, request, progress=LiveProgress())
        unknown = result.planned.plan.unknown
        if style == "json":
            document = {
                "drift": [to_plain(item) for item in result.found],
                "unknown": dict(unknown),
                "complete": not unknown,
            }
            emit_json(document)
        else:
            click.echo(render_drift(result.found, color=wants_color(ctx, sys.stdout)), nl=False)
            for key, why in unknown.items():
                say(f"not read: {key}: {why}", err=True)
        if explain:
            _explain(session, result)
        if propose:
            from cspdecl.engine.propose import propose_changes

            for text in propose_changes(session, result.found):
                say(text, err=True)
        exits = [Exit.CHANGES if result.found else Exit.DONE, Exit.DONE if not unknown else Exit.TRY_LATER]
        leave(strongest(exits))


def _explain(session: Session, result: DriftResult) -> None:
    """Field by field, by deepdiff: the live subscription against what the declaration stands for."""
    try:
        from deepdiff import DeepDiff
    except ImportError:
        raise click.UsageError("`--explain` needs the extra: pip install 'cspdecl[drift]'") from None
    from cspdecl.core.plain import to_plain

    bindings = session.store().bindings()
    _project, desired = session.require()
    declared = {line.address: line for spec in desired.customers.values() for line in spec.subscriptions}
    for item in result.found:
        customer = result.planned.live.customers.get(item.address.customer)
        bound, spec = bindings.get(item.address), declared.get(item.address)
        live = (
            next((one for one in customer.subscriptions if bound and one.id in bound.ids), None) if customer else None
        )
        if live is None or spec is None:
            continue
        names = ("offer", "seats", "term", "billing", "end_of_term")
        left: dict[str, Any] = {name: _plain(getattr(spec, name)) for name in names}
        right: dict[str, Any] = {name: _plain(getattr(live, name)) for name in names}
        right["scheduled"], left["scheduled"] = to_plain(live.scheduled) if live.scheduled else None, None
        click.echo(f"\n{item.address} (declared → live)")
        text = DeepDiff(left, right, verbose_level=2).pretty() or "no difference in declared fields"
        for line in text.splitlines():
            say(f"  {line}")


def _plain(value: object) -> object:
    return value if isinstance(value, int) or value is None else str(value)
