"""What came of an apply as a comment and as text: what was done, what was not and why, what to run next.

A comment has a budget. Where there is too much for it, tables get fewer whole rows and say how many they leave out.
"""

from __future__ import annotations

from collections.abc import Sequence

from cspdecl.core.result import ApplyReport, LeftAlone, OperationResult, Problem
from cspdecl.report.gfm import Column, folded, markup, md, size, table
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.markdown import BUDGET, key_of
from cspdecl.report.printable import printable
from cspdecl.report.show import Show
from cspdecl.report.verdicts import verdict_state, verdict_text

_STEPS = (1000, 200, 50, 10, 0)
_OPEN = 10  # rows up to which a table of what was done stands open
_NOT_DONE = ("rejected", "stale", "deferred", "unknown", "skipped", "later", "waiting", "flying")


def render_result(
    report: ApplyReport, *, show: Show = "all", lang: Language = ENGLISH, budget: int = BUDGET
) -> str:  # fmt: skip
    """Markdown that is safe to post, at most `budget` bytes; its first line is the mark the comment is found by."""
    for rows in _STEPS:
        text = _comment(report, rows, show, lang)
        if size(text) <= budget:
            return text
    return "".join([*_head(report, lang), lang.say("There is more to say than fits here: see the result file."), "\n"])


def apply_marker(project: str | None) -> str:
    """The comment's first line."""
    return f"<!-- cspdecl:apply key={key_of(project or '')} -->\n"


def _comment(report: ApplyReport, most: int, show: Show, lang: Language) -> str:
    done = [item for item in report.operations if item.state == "applied" and not item.message]
    odd = [item for item in report.operations if item.state == "applied" and item.message]
    left = [item for item in report.operations if item.state in _NOT_DONE]
    parts = [
        *_head(report, lang),
        _problems(report.problems, most, lang),
        _verdicts(report, show, lang),
        _operations(lang.say("Not done"), (*left, *odd), most, lang, why=True),
        _conflicts(report.conflicts, most, lang),
        _operations(lang.say("Done"), done, most, lang, why=False),
        _operations(lang.say("Settled from an earlier run"), report.recovered, most, lang, why=False),
        _next(report, lang),
        _foot(report, lang),
    ]
    return "\n".join(part for part in parts if part)


def _head(report: ApplyReport, lang: Language) -> list[str]:
    project = md(report.project) if report.project else lang.say("this project")
    title = {
        "done": lang.say("Carried out for {project}", project=project),
        "partly": lang.say("Partly carried out for {project}", project=project),
        "unknown": lang.say("An outcome is unknown for {project}", project=project),
        "interrupted": lang.say("Interrupted for {project}", project=project),
        "began": lang.say("Cut off for {project}", project=project),
        "try-later": lang.say("Not finished for {project}", project=project),
    }.get(report.verdict, lang.say("Not carried out for {project}", project=project))
    if report.verdict == "done" and not report.operations:
        title = lang.say("Nothing to carry out for {project}", project=project)
    lines = [f"{apply_marker(report.project)}### {title}\n", f"{_sentence(report.text, lang)}\n"]
    if report.records or report.observed:
        lines.append(
            lang.say(
                "Change records written: {records}; of what happened elsewhere: {observed}.",
                records=report.records,
                observed=report.observed,
            )
            + "\n"
        )
    return lines


def _sentence(text: str, lang: Language) -> str:
    said = lang.sentence(text)
    return f"{said[:1].upper()}{said[1:]}."


def _problems(found: Sequence[Problem], most: int, lang: Language) -> str:
    errors = [item for item in found if item.severity == "error"]
    lines = []
    for item in errors[: max(most, 3)]:
        code = f"`{item.code}` " if item.code else ""
        hint = f"<br>{md(lang.sentence(item.hint))}" if item.hint else ""
        lines.append(f"- {code}{md(lang.sentence(item.message))}{hint}\n")
    return "".join(lines) + _rest(len(errors) - len(lines), lang)


def _verdicts(report: ApplyReport, show: Show, lang: Language) -> str:
    if report.verdict != "refused":
        return ""
    columns = [Column(lang.say("Guardrail")), Column(lang.say("State")), Column(lang.say("Why"))]
    rows = [
        (md(item.rule), md(verdict_state(item, lang)), md(verdict_text(item, show, lang)))
        for item in report.verdicts
        if item.waiver is None and (item.refused or item.approval is not None)
    ]
    return table(columns, rows[:50]) + _rest(len(rows) - 50, lang)


def _operations(
    heading: str, items: Sequence[OperationResult], most: int, lang: Language, *, why: bool
) -> str:  # fmt: skip
    if not items:
        return ""
    columns = [Column(lang.say("Line")), Column(lang.say("Operation")), Column(lang.say("State"))]
    columns += [Column(lang.say("Why"))] if why else []
    rows = [
        (
            md(item.address),
            md(lang.sentence(item.did)),
            _state(item.state, lang),
            *([md(lang.sentence(item.message)) if item.message else ""] if why else []),
        )
        for item in items[:most]
    ]
    body = table(columns, rows) + _rest(len(items) - len(rows), lang)
    title = lang.say("{heading}: {count}", heading=heading, count=len(items))
    if not why and len(rows) > _OPEN:
        return folded(markup(title), body)
    return f"**{md(title)}**\n\n{body}"


def _conflicts(items: Sequence[LeftAlone], most: int, lang: Language) -> str:
    if not items:
        return ""
    columns = [Column(lang.say("Line")), Column(lang.say("Code")), Column(lang.say("Why"))]
    rows = [
        (md(item.address or lang.say("everything")), item.code, md(lang.sentence(item.reason))) for item in items[:most]
    ]
    title = lang.say("Left alone, since it is not what was approved: {count}", count=len(items))
    return f"**{md(title)}**\n\n{table(columns, rows)}{_rest(len(items) - len(rows), lang)}"


def _rest(count: int, lang: Language) -> str:
    return f"\n{lang.say('… and {count} more: see the result file.', count=count)}\n" if count > 0 else ""


def states_in_words(lang: Language) -> dict[str, str]:
    """How an operation ended, for people; in the order in which a summary counts them."""
    return {
        "applied": lang.say("done"),
        "rejected": lang.say("refused by the provider"),
        "stale": lang.say("not as planned any more"),
        "deferred": lang.say("waiting for a person"),
        "unknown": lang.say("unknown"),
        "skipped": lang.say("skipped"),
        "later": lang.say("left for later"),
    }


def _state(state: str, lang: Language) -> str:
    return states_in_words(lang).get(state, lang.say("not sent"))


def _next(report: ApplyReport, lang: Language) -> str:
    if not report.next:
        return ""
    commands = "\n".join(report.next)
    return f"{lang.say('Next:')}\n\n```console\n{commands}\n```\n"


def _foot(report: ApplyReport, lang: Language) -> str:
    facts = [lang.say("exit code {code}", code=report.exit)]
    facts += [lang.say("plan {name}", name=report.plan[:12])] if report.plan else []
    facts += [lang.say("commit {name}", name=md(report.commit[:12]))] if report.commit else []
    facts += [lang.say("run {name}", name=report.run)] if report.run else []
    facts += [lang.say("approvals: {names}", names=", ".join(map(md, report.approvals)))] if report.approvals else []
    return f"<sub>{' · '.join(facts)}</sub>\n"


# ---- for a terminal ----


def render_result_text(report: ApplyReport, *, show: Show = "all", lang: Language = ENGLISH) -> str:
    """The same for a terminal."""
    lines = [_sentence(report.text, lang)]
    for problem in report.problems:
        code = f"{problem.severity}[{problem.code}]" if problem.code else problem.severity
        lines.append(f"  ! {code}: {printable(lang.sentence(problem.message))}")
    if report.verdict == "refused":
        for verdict in report.verdicts:
            lines.append(f"  ! {verdict.rule}: {printable(verdict_text(verdict, show, lang))}")
    for title, items in (("", report.operations), (lang.say("earlier run"), report.recovered)):
        for item in items:
            about = f" ({title})" if title else ""
            why = f": {printable(lang.sentence(item.message))}" if item.message else ""
            sign = " " if item.state == "applied" and not item.message else "!"
            lines.append(f"  {sign} {item.address}: {lang.sentence(item.did)}, {_state(item.state, lang)}{about}{why}")
    lines += [f"  ! {printable(lang.sentence(item.reason))}" for item in report.conflicts]
    lines += [lang.say("next: {command}", command=command) for command in report.next]
    return "\n".join(lines) + "\n"
