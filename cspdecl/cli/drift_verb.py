"""`cspdecl drift`: what somebody else changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cspdecl.cli.common import (
    LiveProgress,
    filters,
    guarded,
    language,
    leave,
    open_session,
    say,
    show_diagnostics,
    wants_color,
)
from cspdecl.cli.writing import Writes, write_forms, write_option
from cspdecl.report.printable import json_safe

if TYPE_CHECKING:
    from cspdecl.engine.drift import DriftResult
    from cspdecl.engine.session import Session

FORMS = ("text", "json", "markdown", "sarif", "junit")


@click.command()
@filters
@click.option(
    "--explain",
    is_flag=True,
    help="Say all that differs: as our last operation left it, as it is, as declared; names in the portal too.",
)
@click.option("--propose", is_flag=True, help="Write into the manifests what is live, where they can say it.")
@click.option(
    "--alarm",
    type=click.Choice(["any", "changed"]),
    default="any",
    help="`changed`: end with 2 only when the drift is not what was last reported; remembers and announces it.",
)
@click.option("--format", "style", type=click.Choice(FORMS), default="text")
@write_option(FORMS)
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
    alarm: str,
    style: str,
    writes: Writes,
) -> None:
    """Compare live state with what our own operations left and with what is declared.

    What `record` took into the ledger stays drift until a plan puts it right or a manifest declares it. What a waiver
    covers is shown apart and counts for nothing until the waiver's day.

    With `--alarm changed`, for scheduled runs, the drift that is found is remembered and, where the project says
    `notify:`, announced; the next such run ends with 2 only when it finds another set.

    Ends with 2 when something drifted, 0 when nothing did, 75 when a customer could not be read. An alarm that goes
    off ends with 2 in any case: it goes off once.
    """
    from cspdecl.engine.drift import look_for_drift, remember_report, waiver_warnings
    from cspdecl.engine.exits import Exit, strongest
    from cspdecl.engine.plan import PlanRequest

    with open_session(ctx) as session:
        request = PlanRequest(customers=customers, labels=labels, changed_since=changed_since)
        result = look_for_drift(session, request, names=explain, progress=LiveProgress())
        report = result.report
        forms = _forms(ctx, session, result, explain=explain)
        click.echo(forms[style](), nl=False)
        if style != "json":
            for item in report.unreadable:
                say(f"not read: {item.address.customer}: {item.text}", err=True)
        write_forms(writes, forms)
        show_diagnostics(waiver_warnings(session.project, report), session.root, ctx)
        if alarm == "changed":
            from cspdecl.engine.announce import announce_drift

            show_diagnostics(announce_drift(session, result, remember_report(session, result)), session.root, ctx)
        if propose:
            from cspdecl.engine.propose import propose_changes

            for text in propose_changes(session, result):
                say(text, err=True)
        rings = bool(report.counted) and (alarm == "any" or report.changed)
        if rings and alarm == "changed":
            leave(Exit.CHANGES)  # it rings once: whoever tried again after 75 would hear nothing any more
        exits = [Exit.CHANGES if rings else Exit.DONE, Exit.TRY_LATER if report.unreadable else Exit.DONE]
        leave(strongest(exits))


def _forms(ctx: click.Context, session: Session, result: DriftResult, *, explain: bool) -> dict[str, Callable[[], str]]:
    """Every form of the result, each made only when it is asked for."""
    from cspdecl import __version__
    from cspdecl.cli.render import places
    from cspdecl.engine.provenance import folder_in_repository

    report, lang, place = result.report, language(ctx), places(session.load())

    def text() -> str:
        from cspdecl.report.drift import render_drift

        told = render_drift(report, color=wants_color(ctx, sys.stdout), lang=lang)
        if explain:
            from cspdecl.cli.drift_explain import explain_drift
            from cspdecl.report.drift_explained import render_explained

            told += render_explained(explain_drift(session, result), result.renamed, lang=lang)
        return told

    def document() -> str:
        from cspdecl.core.plain import to_plain
        from cspdecl.report.drift_document import drift_document

        made: dict[str, Any] = drift_document(report, place=place)
        if explain:
            from cspdecl.cli.drift_explain import explain_drift

            made["explained"] = [to_plain(item) for item in explain_drift(session, result)]
            made["renamed"] = [to_plain(item) for item in result.renamed]
        return json_safe(json.dumps(made, indent=2, ensure_ascii=False)) + "\n"

    def markdown() -> str:
        import os

        from cspdecl.report.drift_markdown import render_drift_markdown
        from cspdecl.report.links import Links, link_base_of

        links = Links(base=link_base_of(os.environ), folder=folder_in_repository(session.root), place=place)
        return render_drift_markdown(report, lang=lang, links=links)

    def sarif() -> str:
        from cspdecl.report.sarif import render_sarif

        return render_sarif(
            report,
            version=__version__,
            project_file=session.project.origin.file,
            folder=folder_in_repository(session.root),
            place=place,
            lang=lang,
        )

    def junit() -> str:
        from cspdecl.report.junit import render_junit

        return render_junit(report, lang=lang)

    return {"text": text, "json": document, "markdown": markdown, "sarif": sarif, "junit": junit}
