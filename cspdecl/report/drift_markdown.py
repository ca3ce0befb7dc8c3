"""A drift run as Markdown for an issue, a comment or a step summary: totals, then what is new, then what is known.

At most `budget` bytes: rows that do not fit are counted, and no table is cut in two. The first line is a mark by which
a pipeline finds its own comment again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cspdecl.planning.drift_report import Counted, DriftReport, Known, Waived
from cspdecl.planning.drift_values import COUNTED, Drift, Value
from cspdecl.report.drift import class_words, field_name, line_name, shown_value, since_words
from cspdecl.report.gfm import Column, folded, link, markup, md, size, table
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.links import NO_LINKS, Links

BUDGET = 60_000
_ROOM_FOR_REST = 400
Row = Sequence[str]


def marker(project: str) -> str:
    """The first line, by which the comment is found again."""
    return f"<!-- cspdecl:drift key={markup(project).replace('--', '-')} -->\n"


def render_drift_markdown(
    report: DriftReport, *, lang: Language = ENGLISH, links: Links = NO_LINKS, budget: int = BUDGET
) -> str:
    """The whole run, safe to post."""
    out = [marker(report.project), f"### {_title(report, lang)}\n\n", _totals(report, lang)]
    room = budget - sum(map(size, out)) - _ROOM_FOR_REST
    for heading, columns, rows, opens in _sections(report, lang, links):
        block, room = _fitted(heading, columns, rows, room, lang, opens=opens)
        out.append(block)
    return "".join(out)


def _title(report: DriftReport, lang: Language) -> str:
    project = md(report.project)
    if not report.counted:
        return lang.say("No drift in {project}", project=project)
    if len(report.counted) == 1:
        return lang.say("Drift in {project}: 1 finding", project=project)
    return lang.say("Drift in {project}: {count} findings", project=project, count=len(report.counted))


def _totals(report: DriftReport, lang: Language) -> str:
    rows = []
    for group in COUNTED:
        found = [item for item in report.counted if item.drift.group == group]
        if found:
            new = sum(item.state == "new" for item in found)
            rows.append((class_words(group, lang), lang.number(len(found)), lang.number(new)))
    beside = (
        (lang.say("gone since the last report"), len(report.gone)),
        (lang.say("waived"), len(report.waived)),
        (lang.say("not readable"), len(report.unreadable)),
        (lang.say("declared and not applied yet"), len(report.pending)),
        (lang.say("unmanaged, left alone"), len(report.unmanaged)),
    )
    rows += [(name, lang.number(count), "") for name, count in beside if count]
    columns = (Column(""), Column(lang.say("count"), right=True), Column(lang.say("new"), right=True))
    told = table(columns, rows)
    last = ""
    if report.last is not None:
        last = lang.say("Compared with the report of {day}.", day=report.last) + "\n\n"
    return f"{told}\n{last}" if told else last


def _sections(
    report: DriftReport, lang: Language, links: Links
) -> Iterator[tuple[str, Sequence[Column], list[Row], bool]]:
    """Heading, columns, rows, and whether the block is folded."""
    wide = (
        Column(lang.say("where")),
        Column(lang.say("what")),
        Column(lang.say("declared"), right=True),
        Column(lang.say("last applied"), right=True),
        Column(lang.say("live"), right=True),
        Column(lang.say("since")),
    )

    def counted(items: Sequence[Counted]) -> list[Row]:
        return [(*_columns(one.drift, lang, links), lang.day(one.since.date())) for one in items]

    new = [item for item in report.counted if item.state == "new"]
    still = [item for item in report.counted if item.state == "still"]
    yield lang.say("New") if report.last is not None else "", wide, counted(new), False
    yield lang.say("Known and still there"), wide, counted(still), bool(new)
    narrow = (Column(lang.say("customer")), Column(lang.say("why")))
    unread: list[Row] = [(md(item.address.customer), md(lang.sentence(item.text))) for item in report.unreadable]
    yield lang.say("Not readable"), narrow, unread, False
    three = (Column(lang.say("where")), Column(lang.say("what")), Column(lang.say("why")))
    yield lang.say("Waived"), three, [_waived(item, lang) for item in report.waived], True
    yield lang.say("Gone"), three, [_gone(item, lang) for item in report.gone], True
    yield (
        lang.say("Declared and not applied yet"),
        wide[:5],
        [_columns(one, lang, links) for one in report.pending],
        True,
    )


def _columns(item: Drift, lang: Language, links: Links) -> tuple[str, ...]:
    name = f"{item.address.customer} / {line_name(item)}" if line_name(item) else item.address.customer
    what = field_name(item.field) if item.group in ("changed-outside", "pending") else class_words(item.group, lang)

    def cell(value: Value) -> str:
        return md(shown_value(value, lang, field=item.field))

    return (
        link(md(name), links.address(item.origin)), md(what), cell(item.declared), cell(item.was), cell(item.live),
    )  # fmt: skip


def _waived(item: Waived, lang: Language) -> Row:
    why = lang.say(
        "until {day}, {owner}: {reason}",
        day=item.waiver.expires.date(),
        owner=md(item.waiver.owner),
        reason=md(item.waiver.reason),
    )
    return md(str(item.drift.address)), md(lang.sentence(item.drift.text)), why


def _gone(item: Known, lang: Language) -> Row:
    return md(item.address), md(field_name(item.field)), since_words(item.since.date(), lang)


def _fitted(
    heading: str, columns: Sequence[Column], rows: Sequence[Row], room: int, lang: Language, *, opens: bool
) -> tuple[str, int]:
    """A section with as many rows as fit, whole ones, and the room that is left."""
    if not rows:
        return "", room
    fixed = size(heading) + size(table(columns, [("",) * len(columns)])) + 120
    used, fitting = fixed, 0
    for row in rows:
        used += sum(map(size, row)) + 3 * len(row) + 2
        if used > room:
            break
        fitting += 1
    rest = len(rows) - fitting
    more = "\n" + lang.say("and {count} more, which did not fit here", count=rest) + "\n" if rest else ""
    body = table(columns, rows[:fitting]) + more
    if opens:
        block = folded(f"{markup(heading)} ({lang.number(len(rows))})", body) + "\n"
    else:
        block = (f"#### {heading}\n\n" if heading else "") + body + "\n"
    return block, room - size(block)
