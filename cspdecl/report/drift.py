"""A drift run as people read it: what somebody else changed, by customer, with what is declared, applied and live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from cspdecl.planning.drift_report import Counted, DriftReport, Known
from cspdecl.planning.drift_values import COUNTED, FIELDS, Drift, DriftClass, Value
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.safe import safe_text

_SYMBOL = {"changed-outside": ("~", "33"), "missing": ("-", "31"), "unmanaged-new": ("?", "35"), "lost": ("!", "31")}
_LISTED = 10


def class_words(group: DriftClass, lang: Language) -> str:
    """A class in a few words."""
    match group:
        case "changed-outside":
            return lang.say("changed outside")
        case "missing":
            return lang.say("missing")
        case "unmanaged-new":
            return lang.say("new and unmanaged")
        case "lost":
            return lang.say("customer lost")
        case "pending":
            return lang.say("not applied yet")
        case "unmanaged":
            return lang.say("unmanaged")
        case "unreadable":
            return lang.say("not readable")


def shown_value(value: Value, lang: Language, *, field: str = "") -> str:
    """What stands in one of the three columns; `-` where nothing does. Names are nobody's to translate."""
    if field == "nickname" and isinstance(value, str):
        return safe_text(value)
    return "-" if value is None else lang.number(value) if isinstance(value, int) else safe_text(lang.sentence(value))


def field_name(name: str) -> str:
    """A field as a manifest calls it."""
    return FIELDS.get(name, name)


def line_name(item: Drift) -> str:
    """The line inside its customer; empty for the customer itself."""
    return "/".join(item.address.path)


def counts_of(report: DriftReport, lang: Language) -> str:
    """How many of each class, in words."""
    counts = {group: sum(item.drift.group == group for item in report.counted) for group in COUNTED}
    return ", ".join(f"{lang.number(count)} {class_words(group, lang)}" for group, count in counts.items() if count)


def render_drift(report: DriftReport, *, color: bool = False, lang: Language = ENGLISH) -> str:
    """The whole run as text, ending with a line break."""
    out: list[str] = []
    customer = None
    for item in report.counted:
        if item.drift.address.customer != customer:
            customer = item.drift.address.customer
            out += ["", safe_text(customer)] if out else [safe_text(customer)]
        out += _finding(item, report, color=color, lang=lang)
    if not report.counted:
        out.append(lang.say("No drift: what is live is what was applied or is declared."))
    else:
        text = lang.say(
            "Drift: {counts}. `cspdecl plan` shows what would put it right.", counts=counts_of(report, lang)
        )
        out += ["", text]
    if report.last is not None and (report.new or report.gone):
        values = {"new": report.new, "gone": len(report.gone), "day": report.last}
        out.append(lang.say("Since the report of {day}: {new} new, {gone} gone.", **values))
    elif report.last is not None and report.counted:
        out.append(lang.say("Nothing new since the report of {day}.", day=report.last))
    out += _gone(report.gone, lang)
    for one in report.waived:
        out.append(
            "  "
            + lang.say(
                "waived until {day}: {address}: {text} ({owner}: {reason})",
                day=one.waiver.expires.date(),
                address=safe_text(str(one.drift.address)),
                text=safe_text(lang.sentence(one.drift.text), longest=400),
                owner=safe_text(one.waiver.owner),
                reason=safe_text(one.waiver.reason),
            )
        )
    out += _beside(report, lang)
    return "\n".join(out) + "\n"


def _finding(item: Counted, report: DriftReport, *, color: bool, lang: Language) -> Iterator[str]:
    drift = item.drift
    symbol, code = _SYMBOL[drift.group]
    mark = f"\x1b[{code}m{symbol}\x1b[0m" if color else symbol
    name, text = safe_text(line_name(drift)), safe_text(lang.sentence(drift.text), longest=400)
    yield f"  {mark} {name}: {text}" if name else f"  {mark} {text}"
    if drift.group == "changed-outside":
        yield "      " + columns_of(drift, lang)
    if report.last is not None:
        yield "      " + (lang.say("new") if item.state == "new" else since_words(item.since.date(), lang))


def columns_of(drift: Drift, lang: Language) -> str:
    """The three columns of a finding in one line."""
    return lang.say(
        "{field}: declared {declared}, last applied {was}, live {live}",
        field=field_name(drift.field),
        declared=shown_value(drift.declared, lang, field=drift.field),
        was=shown_value(drift.was, lang, field=drift.field),
        live=shown_value(drift.live, lang, field=drift.field),
    )


def since_words(day: date, lang: Language) -> str:
    """Since when a finding is known."""
    return lang.say("known since {day}", day=day)


def _gone(gone: Sequence[Known], lang: Language) -> Iterator[str]:
    for one in gone[:_LISTED]:
        about = {"address": safe_text(one.address), "field": field_name(one.field)}
        yield "  " + lang.say("gone: {address}, {field}", **about)
    if len(gone) > _LISTED:
        yield "  " + lang.say("and {count} more", count=len(gone) - _LISTED)


def _beside(report: DriftReport, lang: Language) -> Iterator[str]:
    """What is no drift and is told all the same."""
    if report.pending:
        yield ""
        yield lang.say("Declared and not applied yet, which is the plan's work and no drift:")
        for item in report.pending[:_LISTED]:
            yield f"  {safe_text(str(item.address))}: {columns_of(item, lang)}"
        if len(report.pending) > _LISTED:
            yield "  " + lang.say("and {count} more", count=len(report.pending) - _LISTED)
    if len(report.unmanaged) == 1:
        yield lang.say("1 subscription ran before its customer was managed or was let go, and is left alone.")
    elif report.unmanaged:
        yield lang.say(
            "{count} subscriptions ran before their customers were managed or were let go, and are left alone.",
            count=len(report.unmanaged),
        )
