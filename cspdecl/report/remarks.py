"""What a pipeline marks at the lines of a change: problems, and what cannot be taken back, the costliest first.

Platforms show ten remarks of a kind and drop the rest (GitHub: 10 errors, 10 warnings, 10 notices a step, 2026), so no
more are made: where there are more, the tenth says how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cspdecl.core.diagnostics import Diagnostic, Origin, Severity
from cspdecl.core.operation import Plan
from cspdecl.planning.money import total
from cspdecl.report.costliest import weight
from cspdecl.report.difference import Irrevocable, irrevocable
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.links import NO_LINKS, Links
from cspdecl.report.safe import safe_text
from cspdecl.report.show import Show

SHOWN = 10  # of a kind
_LONGEST = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One mark: how grave, at which place (path in the repository; None: nowhere), its code, what it says.

    `text` is one line, made safe for terminals; each platform's own escapes come on top."""

    severity: Severity
    text: str
    code: str = ""
    path: str | None = None
    line: int | None = None
    column: int | None = None


def remarks_of(
    plan: Plan, *, diagnostics: Sequence[Diagnostic] = (), show: Show = "all", lang: Language = ENGLISH,
    links: Links = NO_LINKS,
) -> tuple[Remark, ...]:  # fmt: skip
    """Errors, what cannot be taken back, warnings: at most ten of a kind. `diagnostics`: those from before."""
    found = tuple(dict.fromkeys((*diagnostics, *plan.diagnostics)))
    problems = [_problem(item, lang, links) for item in found if item.severity is Severity.ERROR]
    refused = [
        Remark(
            severity=Severity.ERROR,
            code=item.code,
            text=_line(lang.say("refused by the guardrail {rule}: see the comment or the plan", rule=item.rule)),
        )
        for item in plan.safety.verdicts
        if item.refused
    ]
    out = _cut([*problems, *refused], SHOWN, lang.say("and {count} more errors", count=_beyond(problems + refused)))
    bound = sorted(
        irrevocable(plan), key=lambda item: (*weight(total((item.operation,)), show), str(item.operation.address))
    )
    marked = _cut(
        [_bound(item, lang, links) for item in bound],
        SHOWN,
        lang.say("and {count} more lines that cannot be taken back", count=_beyond(bound)),
    )
    room = SHOWN - sum(item.severity is Severity.WARNING for item in marked)
    warned = [_problem(item, lang, links) for item in found if item.severity is Severity.WARNING]
    more = lang.say("and {count} more warnings", count=len(warned) - max(room - 1, 0))
    return (*out, *marked, *(_cut(warned, room, more) if room else ()))


def remarks_on(
    diagnostics: Iterable[Diagnostic], *, lang: Language = ENGLISH, links: Links = NO_LINKS
) -> tuple[Remark, ...]:
    """Problems alone, where no plan was made: errors, warnings and notes, at most ten of a kind."""
    found = [_problem(item, lang, links) for item in dict.fromkeys(diagnostics)]
    errors, warnings, notes = ([item for item in found if item.severity is kind] for kind in Severity)
    return (
        *_cut(errors, SHOWN, lang.say("and {count} more errors", count=_beyond(errors))),
        *_cut(warnings, SHOWN, lang.say("and {count} more warnings", count=_beyond(warnings))),
        *_cut(notes, SHOWN, lang.say("and {count} more notes", count=_beyond(notes))),
    )


def _beyond(items: Sequence[object]) -> int:
    return len(items) - SHOWN + 1


def _cut(items: Sequence[Remark], shown: int, more: str) -> list[Remark]:
    """At most so many; the last one says how many more there are, as gravely as they are."""
    if len(items) <= shown:
        return list(items)
    return [*items[: shown - 1], Remark(severity=items[shown - 1].severity, text=more)]


def _problem(item: Diagnostic, lang: Language, links: Links) -> Remark:
    where = f"{item.address}: " if item.address else ""
    hint = f" ({lang.sentence(item.hint)})" if item.hint else ""
    text = _line(f"{where}{lang.sentence(item.message)}{hint}")
    line, column = _place(item.origin, links)
    return Remark(
        severity=item.severity,
        code=item.code,
        text=text,
        path=_path(item.origin, links),
        line=item.line or line,
        column=item.column or column,
    )


def _bound(item: Irrevocable, lang: Language, links: Links) -> Remark:
    origin = item.operation.origin
    line, column = _place(origin, links)
    return Remark(
        severity=Severity.WARNING if item.undo.how == "never" else Severity.NOTE,
        text=_line(f"{item.operation.address}: {lang.sentence(item.undo.text)}"),
        path=_path(origin, links),
        line=line,
        column=column,
    )


def _line(text: str) -> str:
    return safe_text(text, longest=_LONGEST)


def _path(origin: Origin | None, links: Links) -> str | None:
    return links.path(origin) if origin is not None else None


def _place(origin: Origin | None, links: Links) -> tuple[int, int] | tuple[None, None]:
    found = links.place(origin) if origin is not None else None
    return found if found is not None else (None, None)


def lines(texts: Iterable[str]) -> str:
    """Lines of text, each ended; nothing where there are none."""
    return "".join(f"{text}\n" for text in texts)
