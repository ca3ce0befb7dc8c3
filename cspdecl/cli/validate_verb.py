"""`cspdecl validate`: everything that can be known offline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cspdecl.cli.common import Instant, guarded, language, leave, open_session, show_diagnostics
from cspdecl.cli.render import Written, places, rendered_problems

if TYPE_CHECKING:
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.diagnostics import Diagnostic
    from cspdecl.engine.session import Session

_STYLES = ["json", "annotations", "azure"]


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, path_type=Path))
@click.option("--now", type=Instant(), help="Judge dates as of this moment instead of the machine's clock.")
@click.option("--format", "style", type=click.Choice(["text", *_STYLES]), default="text")
@click.option(
    "--write",
    "written",
    type=Written(_STYLES),
    multiple=True,
    metavar="FORMAT=FILE",
    help="Write another format into a file as well; repeatable.",
)
@click.pass_context
@guarded
def command(
    ctx: click.Context, files: tuple[Path, ...], now: datetime | None, style: str, written: tuple[tuple[str, Path], ...]
) -> None:
    """Check schema, references and rules of all manifests. Ends with 65 when any is invalid.

    FILEs say which projects: each is checked whole, since a change in one file can make another one invalid.
    """
    from cspdecl.engine.exits import Exit

    roots = _projects_of(files)
    if len(roots) > 1 and (style != "text" or written):
        raise click.UsageError("the files belong to several projects: check them one by one for this format")
    for root in roots:
        ctx.obj["project"] = str(root)
        if not _check(ctx, now, style, written):
            leave(Exit.INVALID)
    if not roots and not _check(ctx, now, style, written):
        leave(Exit.INVALID)


def _projects_of(files: tuple[Path, ...]) -> list[Path]:
    """The folders of the projects that files belong to: where the nearest `cspdecl.yaml` at or above them is."""
    found: dict[Path, None] = {}
    for file in files:
        above = [place for place in file.absolute().parents if (place / "cspdecl.yaml").is_file()]
        found[above[0] if above else Path.cwd()] = None
    return list(found)


def _check(ctx: click.Context, now: datetime | None, style: str, written: tuple[tuple[str, Path], ...]) -> bool:
    """One project, printed; whether it is valid."""
    from cspdecl.core.diagnostics import has_errors, sort_diagnostics
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
        place = places(loaded)
        for kind, path in written:
            path.write_text(rendered_problems(ctx, found, kind, place), encoding="utf-8")
        if style == "text":
            show_diagnostics(found, session.root, ctx)
        else:
            click.echo(rendered_problems(ctx, found, style, place), nl=False)
        if has_errors(found):
            return False
        if style == "text" and loaded.desired is not None and loaded.project is not None:
            from cspdecl.commerce.words import counted

            customers = loaded.desired.customers.values()
            lines = sum(len(spec.subscriptions) for spec in customers)
            services = sum(len(spec.services) for spec in customers)
            lang = language(ctx)
            said = lang.say(
                "{project}: valid; {customers}, {subscriptions}, {services} in {files}",
                project=loaded.project.name,
                customers=lang.sentence(counted(len(customers), "customer")),
                subscriptions=lang.sentence(counted(lines, "subscription")),
                services=lang.sentence(counted(services, "own service")),
                files=lang.sentence(counted(len(loaded.files), "file")),
            )
            click.echo(said)
    return True


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
