"""`cspdecl validate`: everything that can be known offline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import Instant, emit_json, guarded, leave, open_session, show_diagnostics

if TYPE_CHECKING:
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.diagnostics import Diagnostic
    from cspdecl.engine.session import Session


@click.command()
@click.option("--now", type=Instant(), help="Judge dates as of this moment instead of the machine's clock.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
@guarded
def command(ctx: click.Context, now: datetime | None, style: str) -> None:
    """Check schema, references and rules of all manifests. Ends with 65 when any is invalid."""
    from cspdecl.core.diagnostics import has_errors, sort_diagnostics
    from cspdecl.engine.exits import Exit
    from cspdecl.engine.session import check_settings

    with open_session(ctx) as session:
        if now is not None:
            session.clock = _Fixed(now)
        loaded = session.load()
        diagnostics = list(loaded.diagnostics)
        if loaded.project is not None:
            for config in loaded.project.providers.values():
                diagnostics.extend(check_settings(config))
            if loaded.desired is not None:
                diagnostics.extend(_by_matrix(session, loaded.desired, loaded.project.market))
        found = sort_diagnostics(diagnostics)
        if style == "json":
            from cspdecl.core.plain import to_plain

            emit_json({"diagnostics": [to_plain(item) for item in found]})
        else:
            show_diagnostics(found, session.root, ctx)
        if has_errors(found):
            leave(Exit.INVALID)
        if style == "text" and loaded.desired is not None and loaded.project is not None:
            from cspdecl.commerce.words import counted

            customers = loaded.desired.customers.values()
            lines = sum(len(spec.subscriptions) for spec in customers)
            services = sum(len(spec.services) for spec in customers)
            click.echo(
                f"{loaded.project.name}: valid; {counted(len(customers), 'customer')}, "
                f"{counted(lines, 'subscription')}, {counted(services, 'own service')} "
                f"in {counted(len(loaded.files), 'file')}"
            )


def _by_matrix(session: Session, desired: DesiredState, market: str) -> Iterator[Diagnostic]:
    """What an imported offer matrix says against what is declared."""
    from cspdecl.commerce.offermatrix import matrix_warnings

    customers = desired.customers.values()
    offers = {line.offer for spec in customers for line in spec.subscriptions}
    matrix = session.offer_matrix(offers, session.clock.now())
    yield from matrix_warnings(customers, matrix, market=market)


class _Fixed:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return 0.0
