"""A plan to stdout in the format asked for, and into files in others at the same time."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cspdecl.cli.common import json_text, language, wants_color

if TYPE_CHECKING:
    from cspdecl.core.diagnostics import Diagnostic, Origin
    from cspdecl.core.operation import Plan
    from cspdecl.manifest.load import Loaded
    from cspdecl.planning.planfile import Place
    from cspdecl.report.links import Links

Function = TypeVar("Function", bound=Callable[..., Any])
STYLES = ["text", "json", "markdown", "html", "annotations", "azure", "gitlab", "outputs"]
# `summary` is Markdown for a step's summary, which may be longer than a comment. What goes into a file that other steps
# write to as well is added at its end.
WRITTEN = [*STYLES, "summary"]
_ADDED = ("outputs", "summary")
# GitHub drops a step's whole summary above 1 MiB (Workflow commands, 2026); what stands in the file counts.
_SUMMARY_LIMIT = 1_048_576


def places(loaded: Loaded) -> Callable[[Origin], tuple[int, int] | None]:
    """Where an origin stands in the files as read: line and column, or None where it is not found."""
    from cspdecl.manifest.locate import Locator

    known: dict[str, Locator | None] = {}

    def place(origin: Origin) -> tuple[int, int] | None:
        if origin.file not in known:
            data = loaded.source(origin.file)
            known[origin.file] = None if data is None else Locator(data.decode("utf-8-sig", "replace"))
        locator = known[origin.file]
        found = locator.find(origin.document, origin.path) if locator is not None else None
        return (found.line, found.column) if found is not None else None

    return place


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a plan is looked at. `show` is "sell" or "all"; `place` finds the lines that are named; `digest` is the saved
    document's where there is one already; `exitcode` is what `plan --detailed-exitcode` ends with; `diagnostics` are
    those found before the plan was made."""

    show: str = "all"
    place: Place | None = None
    link_base: str | None = None
    digest: str | None = None
    exitcode: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()


class Written(click.ParamType):  # type: ignore[type-arg]
    """FORMAT=FILE, the format one of some."""

    name = "format=file"

    def __init__(self, styles: Sequence[str]) -> None:
        self._styles = styles

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        """Take the two apart."""
        if isinstance(value, tuple):
            return value
        style, found, path = str(value).partition("=")
        if not found or not path or style not in self._styles:
            self.fail(f"write FORMAT=FILE, FORMAT one of {', '.join(self._styles)}", param, ctx)
        return style, Path(path)


class LinkBase(click.ParamType):  # type: ignore[type-arg]
    """An address below which files of the repository stand."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Only the web, and no slash at the end."""
        if not str(value).startswith(("https://", "http://")):
            self.fail("an address begins with https://", param, ctx)
        return str(value).rstrip("/")


def formats(function: Function) -> Function:
    """The options that say in which forms a plan is shown."""
    for option in (
        click.option(
            "--link-base",
            type=LinkBase(),
            metavar="URL",
            help="Where the repository's files are shown, for links to lines; known by itself on GitHub, GitLab and "
            "Azure DevOps.",
        ),
        click.option(
            "--write",
            "written",
            type=Written(WRITTEN),
            multiple=True,
            metavar="FORMAT=FILE",
            help="Write another format into a file as well; repeatable. `summary` is Markdown for a step's summary.",
        ),
        click.option(
            "--show", type=click.Choice(["sell", "all"]), default="all", help="`sell` leaves out cost and margin."
        ),
        click.option("--format", "style", type=click.Choice(STYLES), default="text"),
    ):
        function = option(function)
    return function


def check_formats(style: str, written: Sequence[tuple[str, Path]], show: str) -> None:
    """Refuse what would show cost to eyes that may not see it."""
    if show == "sell" and "json" in (style, *(name for name, _ in written)):
        raise click.UsageError("the JSON document holds cost and margin: use text, markdown or html with `--show sell`")


def emit_plan(
    ctx: click.Context,
    plan: Plan,
    *,
    style: str,
    show: str = "all",
    err: bool = False,
    place: Place | None = None,
    view: View | None = None,
) -> None:
    """Print a plan. `view` says how; without one, `show` and `place` are all there is to say."""
    look = view or View(show=show, place=place)
    stream = sys.stderr if err else sys.stdout
    click.echo(_rendered(ctx, plan, style, look, color=wants_color(ctx, stream)), err=err, nl=False)


def write_plan(ctx: click.Context, plan: Plan, written: Sequence[tuple[str, Path]], view: View) -> None:
    """Write a plan into files, each in its format."""
    for style, path in written:
        there = path.stat().st_size if style in _ADDED and path.exists() else 0
        text = _rendered(ctx, plan, style, view, budget=_SUMMARY_LIMIT - there)
        with path.open("a" if style in _ADDED else "w", encoding="utf-8", newline="\n") as file:
            file.write(text)


def _rendered(ctx: click.Context, plan: Plan, style: str, view: View, *, color: bool = False, budget: int = 0) -> str:
    """The plan in one format. `budget`: how long a summary may be."""
    lang = language(ctx)
    if style == "json":
        from cspdecl.planning.planfile import dump_plan

        return dump_plan(plan, place=view.place)
    if style in ("markdown", "summary"):
        from cspdecl.report.markdown import BUDGET, SUMMARY_BUDGET, render_markdown

        return render_markdown(
            plan,
            show=view.show,
            budget=BUDGET if style == "markdown" else min(SUMMARY_BUDGET, budget),
            lang=lang,
            links=_links(ctx, view),
            digest=_digest(plan, view),
        )
    if style == "html":
        from cspdecl.report.html import render_html

        return render_html(plan, show=view.show, lang=lang, links=_links(ctx, view))
    if style in ("annotations", "azure"):
        from cspdecl.report.annotations import render_azure, render_github
        from cspdecl.report.remarks import remarks_of

        found = remarks_of(
            plan,
            diagnostics=view.diagnostics,
            show="sell" if view.show == "sell" else "all",
            lang=lang,
            links=_links(ctx, view),
        )
        return render_azure(found) if style == "azure" else render_github(found)
    if style == "gitlab":
        from cspdecl.report.outputs import render_gitlab

        return render_gitlab(plan)
    if style == "outputs":
        import secrets

        from cspdecl.report.outputs import render_outputs

        return render_outputs(
            plan,
            digest=_digest(plan, view),
            exitcode=view.exitcode,
            delimiter=secrets.token_hex(16),
            show="sell" if view.show == "sell" else "all",
        )
    from cspdecl.report.text import render_plan

    return render_plan(plan, color=color, show="sell" if view.show == "sell" else "all", lang=lang)


def rendered_problems(ctx: click.Context, diagnostics: Sequence[Diagnostic], style: str, place: Place | None) -> str:
    """Problems that no plan holds, as one JSON document or as marks for a build agent."""
    if style == "json":
        from cspdecl.core.plain import to_plain

        return json_text({"diagnostics": [to_plain(item) for item in diagnostics]})
    from cspdecl.report.annotations import render_azure, render_github
    from cspdecl.report.remarks import remarks_on

    found = remarks_on(diagnostics, lang=language(ctx), links=_links(ctx, View(place=place)))
    return render_azure(found) if style == "azure" else render_github(found)


def _digest(plan: Plan, view: View) -> str:
    from cspdecl.planning.planfile import plan_document

    return view.digest or str(plan_document(plan, place=view.place)["cspdecl"]["digest"])


def _links(ctx: click.Context, view: View) -> Links:
    """Addresses of lines: below the base that was asked for, else below what the pipeline's own variables say."""
    from cspdecl.engine.provenance import folder_in_repository
    from cspdecl.report.links import Links, link_base_of

    return Links(
        base=view.link_base or link_base_of(os.environ),
        folder=folder_in_repository(Path(ctx.obj["project"]).absolute()),
        place=view.place or (lambda _origin: None),
    )
