"""A plan as one self-contained page: opened from an attachment it asks nobody for anything, and nothing in it can act
but its own script.

The browser is told so too: the policy names the digests of the one sheet and the one script and forbids all else.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode

from cspdecl.core.operation import Plan
from cspdecl.report.difference import Split, reasons, split, waiting_sentence
from cspdecl.report.html.chart import render_by_customer, render_owed
from cspdecl.report.html.controls import render_controls
from cspdecl.report.html.entries import Group, groups_of
from cspdecl.report.html.markup import Html, el, join
from cspdecl.report.html.rows import render_groups
from cspdecl.report.html.script import SCRIPT
from cspdecl.report.html.style import STYLE
from cspdecl.report.html.summary import render_dropped, render_head, render_notices, render_totals
from cspdecl.report.html.timeline import events_of, render_timeline
from cspdecl.report.html.view import View
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.links import NO_LINKS, Links


def render_html(plan: Plan, *, show: str = "all", lang: Language = ENGLISH, links: Links = NO_LINKS) -> str:
    """The whole page, ending with a line break. `show` "sell" leaves out what it costs and commits to."""
    view = View(lang=lang, show="sell" if show == "sell" else "all", links=links)
    parts = split(plan)
    mine, theirs = groups_of(plan, parts.this), groups_of(plan, parts.waiting)
    page = el("html", _head(plan, view), Html("\n"), _body(plan, parts, mine, theirs, view), lang=lang.code)
    return f"<!doctype html>\n{page}\n"


def _head(plan: Plan, view: View) -> Html:
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(STYLE)}'",
            f"script-src '{_digest(SCRIPT)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return el(
        "head",
        el("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", view.say("Plan for {project}", project=plan.project)),
        el("style", Html(STYLE)),
    )


def _digest(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _body(plan: Plan, parts: Split, mine: tuple[Group, ...], theirs: tuple[Group, ...], view: View) -> Html:
    return el(
        "body",
        el("a", view.say("To the list of changes"), href="#list", class_="skip"),
        render_head(plan, parts, mine, view),
        el(
            "main",
            *render_notices(plan, view),
            *render_totals(plan, parts, view),
            _money(plan, parts, mine, view),
            _dates(plan, parts, view),
            render_dropped(parts, view),
            _list(plan, parts, mine, theirs, view),
            el(
                "footer",
                view.say("Made by cspdecl from live state of {moment}. It changes nothing.", moment=plan.as_of)
                if not plan.offline
                else view.say("Made by cspdecl from files alone. It changes nothing."),
            ),
        ),
        el("script", Html(SCRIPT)),
    )


def _money(plan: Plan, parts: Split, mine: tuple[Group, ...], view: View) -> Html | None:
    """Pictures of money: of the change, not of what was waiting anyway."""
    pictures = list(render_by_customer(mine, view, prefix="c"))
    if view.cost:
        pictures += render_owed(parts.this.operations, plan.now, view)
    return _section("money", view.say("Money"), *pictures) if pictures else None


def _dates(plan: Plan, parts: Split, view: View) -> Html | None:
    events = events_of(plan, parts.this)
    return _section("dates", view.say("What comes when"), render_timeline(events, plan.now, view)) if events else None


def _list(plan: Plan, parts: Split, mine: tuple[Group, ...], theirs: tuple[Group, ...], view: View) -> Html | None:
    if not mine and not theirs:
        return _section("list", view.say("Changes"), el("p", view.say("Nothing changes and nothing waits.")))
    difference = plan.difference
    why = reasons(difference) if difference is not None else {}
    title = view.say("Changes") if difference is None else view.say("This pull request")
    listed = render_groups(mine, view, prefix="c", why=why) if mine else el("p", view.say("Nothing of its own."))
    folded = None
    if theirs:
        heading = waiting_sentence(parts, view.lang) or view.say("Already waiting without this change")
        folded = el(
            "details", el("summary", el("h2", heading)), render_groups(theirs, view, prefix="w", why={}), class_="fold"
        )
    return _section("list", title, render_controls((*mine, *theirs), view), join((listed, folded)))


def _section(anchor: str, title: str, *children: Html) -> Html:
    return el("section", el("h2", title, id=f"{anchor}-title"), *children, id=anchor, aria_labelledby=f"{anchor}-title")
