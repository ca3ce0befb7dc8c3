"""The top of the page: what this is in words, what stands in its way, and what it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from cspdecl.core.diagnostics import Severity
from cspdecl.core.operation import MoneyTotals, Operation, Plan, Verdict
from cspdecl.planning.lists import ABOUT_LISTS
from cspdecl.planning.money import plan_margin
from cspdecl.planning.sentences import percent
from cspdecl.report.difference import Split, compared_with, irrevocable, offline_notice, short, waiting_sentence
from cspdecl.report.html.controls import kind_words
from cspdecl.report.html.entries import KINDS, Group
from cspdecl.report.html.markup import Html, dated, el
from cspdecl.report.html.view import View
from cspdecl.report.verdicts import verdict_state, verdict_text


def render_head(plan: Plan, parts: Split, groups: Sequence[Group], view: View) -> Html:
    """Title, what it does in words and counted, what stays, and where and when it was looked at."""
    difference = plan.difference
    said = [_does(plan, parts, view), waiting_sentence(parts, view.lang)]
    counts = list(_tally(groups, view))
    facts = [
        compared_with(difference, view.lang) if difference is not None else "",
        view.say("live {moment}", moment=plan.as_of) if not plan.offline else "",
        view.say(
            "price list {date} ({market}, {currency})", date=plan.price_list, market=plan.market, currency=plan.currency
        )
        if plan.price_list
        else view.say("no price list"),
        view.say("commit {commit}", commit=short(plan.commit)) if plan.commit else "",
        view.say("plan {id}", id=plan.id[:12]),
    ]
    return el(
        "header",
        el("h1", view.say("Plan for {project}", project=plan.project)),
        el("p", " ".join(text for text in said if text), class_="lead"),
        el("p", " · ".join(counts), class_="num") if counts else None,
        *(el("p", dated(text), class_="stays") for text in _stays(plan, view)),
        el("p", dated(" · ".join(text for text in facts if text)), class_="facts num"),
        class_="top",
    )


def _does(plan: Plan, parts: Split, view: View) -> str:
    """What the change does, in one sentence."""
    count, customers = len(parts.this.operations), len(parts.this.customers)
    if not count:
        return (
            view.say("Nothing to do.") if plan.difference is None else view.say("This change does nothing by itself.")
        )
    if count == 1:
        return view.say("1 operation for 1 customer.")
    if customers == 1:
        return view.say("{count} operations for 1 customer.", count=count)
    return view.say("{count} operations for {customers} customers.", count=count, customers=customers)


def _tally(groups: Sequence[Group], view: View) -> Iterable[str]:
    """How many lines of each kind, a bundle with its components being one."""
    words = kind_words(view)
    found = Counter(kind for group in groups for unit in group.units for kind in unit.kinds)
    for kind in KINDS:
        if found[kind]:
            yield view.say("{kind}: {count}", kind=words[kind], count=found[kind])


def _stays(plan: Plan, view: View) -> Iterable[str]:
    """What a revert does not simply take back, in two sentences at most."""
    found = [item.undo for item in irrevocable(plan)]
    never = sum(item.how == "never" for item in found)
    if never:
        yield view.counted(
            never,
            "1 operation cannot be taken back by a revert.",
            "{count} operations cannot be taken back by a revert.",
        )
    ends = [item.until for item in found if item.how == "window" and item.until is not None]
    if len(ends) == 1:
        yield view.say("1 operation can be taken back until {moment} only.", moment=ends[0])
    elif ends:
        yield view.say(
            "{count} operations can be taken back for a time only, the first of them until {moment}.",
            count=len(ends),
            moment=min(ends),
        )


# ---- what stands in its way ----


def render_notices(plan: Plan, view: View) -> Iterable[Html]:
    """Offline, refused, waiting for somebody, errors, unread customers, faulty lists: the gravest first."""
    if text := offline_notice(plan, view.lang):
        yield _notice(view.say("Offline plan"), [text], kind="stop")
    verdicts = plan.safety.verdicts
    refused = [item for item in verdicts if item.refused]
    awaited = [item for item in verdicts if not item.refused and item.approval is not None and item.waiver is None]
    others = [item for item in verdicts if item not in refused and item not in awaited]
    if refused:
        yield _notice(view.say("Refused by guardrails"), [_verdict(item, view) for item in refused], kind="stop")
    if awaited:
        yield _notice(view.say("Waits for approval"), [_verdict(item, view) for item in awaited])
    if others:
        yield _notice(view.say("Guardrails touched"), [_verdict(item, view) for item in others], kind="fine")
    errors = [item for item in plan.diagnostics if item.severity is Severity.ERROR]
    if errors:
        title = (
            view.say("Not to be applied: errors to put right first")
            if plan.hindered
            else view.say("Held back: nothing is sent for these customers")
        )
        said = [view.say("{text} ({code})", text=view.lang.sentence(item.message), code=item.code) for item in errors]
        where = [f"{item.address}: " if item.address else "" for item in errors]
        yield _notice(title, [head + text for head, text in zip(where, said, strict=True)], kind="stop")
    if plan.unknown:
        title = view.say("Could not be read, so nothing is planned here; plan again later")
        yield _notice(title, [f"{key}: {view.lang.sentence(why)}" for key, why in plan.unknown.items()])
    lists = [item for item in plan.diagnostics if item.code in ABOUT_LISTS]
    if lists:
        said = [view.say("{text} ({code})", text=view.lang.sentence(item.message), code=item.code) for item in lists]
        yield _notice(view.say("About the price list"), said)


def _notice(title: str, said: Iterable[str], *, kind: str = "") -> Html:
    return el(
        "section", el("h2", title), el("ul", *(el("li", dated(text)) for text in said)), class_=f"notice {kind}".strip()
    )


def _verdict(item: Verdict, view: View) -> str:
    text = view.say(
        "{rule} ({code}), {state}: {text}",
        rule=item.rule,
        code=item.code,
        state=verdict_state(item, view.lang),
        text=verdict_text(item, view.show, view.lang),
    )
    if item.side == "base":
        return view.say("{text} (this guard stands before the change only)", text=text)
    return text


# ---- what it comes to ----


def render_totals(plan: Plan, parts: Split, view: View) -> Iterable[Html]:
    """Sums of this change, a card an amount; beneath, what everything in the plan comes to where that is more."""
    difference = plan.difference
    totals = plan.totals if difference is None else difference.totals
    margin = None if parts.dropped else _margin(parts.this.operations)
    cards = list(_cards(totals, margin, view))
    if cards:
        yield el(
            "dl",
            *(el("div", el("dt", term), el("dd", text, el("small", more))) for term, text, more in cards),
            class_="cards",
        )
    if difference is not None and plan.totals != totals:
        whole = [f"{term} {text}" for term, text, _ in _cards(plan.totals, None, view)]
        if whole:
            text = view.say("With everything that was waiting already: {amounts}.", amounts=", ".join(whole))
            yield el("p", text, class_="facts num")
    if totals.unknown and view.cost:
        text = view.counted(
            totals.unknown, "1 amount is unknown and in no sum.", "{count} amounts are unknown and in no sum."
        )
        yield el("p", text, class_="facts")


def _margin(operations: tuple[Operation, ...]) -> str | None:
    share = plan_margin(operations)
    return None if share is None else percent(share)


def _cards(totals: MoneyTotals, margin: str | None, view: View) -> Iterable[tuple[str, str, str | None]]:
    if view.cost:
        for money in totals.cost_month:
            if money.amount:
                now = next((item for item in totals.cost_now if item.currency == money.currency and item.amount), None)
                more = (
                    view.say("{amount} for what is left of the running cycles", amount=view.signed(now))
                    if now
                    else None
                )
                yield view.say("Cost a month"), view.signed(money), more
    for money in totals.sell_month:
        if money.amount:
            share = view.say("margin {share}", share=view.lang.figures(margin)) if margin and view.cost else None
            yield view.say("Sell a month"), view.signed(money), share
    if view.cost:
        for money in totals.commitment:
            if money.amount:
                until = totals.commitment_until
                more = view.say("the last of it until {day}", day=view.last_day(until)) if until else None
                yield view.say("New commitment"), view.lang.money(money), more


def render_dropped(parts: Split, view: View) -> Html | None:
    """What would have been done without the change, and is not any more."""
    if not parts.dropped:
        return None
    return el(
        "section",
        el("h2", view.say("No longer done because of this change")),
        el(
            "ul",
            *(
                el("li", el("b", str(item.address)), " ", view.lang.sentence(item.reason.text))
                for item in parts.dropped
            ),
        ),
    )
