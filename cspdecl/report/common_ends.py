"""Days a first term may end, for people and for machines."""

from __future__ import annotations

from typing import Any

from cspdecl.commerce.common_ends import CommonEnds
from cspdecl.report.language import ENGLISH, Language
from cspdecl.report.quote import cycle_document


def ends_document(found: CommonEnds) -> dict[str, Any]:
    """The allowed ends as JSON; days are inclusive."""
    return {
        "term": str(found.term),
        "start": found.start.isoformat(),
        "full_term": cycle_document(found.full),
        "ends": [
            {
                "end": item.day.isoformat(),
                "aligned": item.aligned,
                "shared_with": list(item.shared_with),
                "days": item.first.days,
                "first_term": cycle_document(item.first),
                "next_term": cycle_document(item.following),
            }
            for item in found.ends
        ],
        "notes": list(found.notes),
    }


def ends_text(found: CommonEnds, *, lang: Language = ENGLISH) -> list[str]:
    """The allowed ends, one a line."""
    lines = [
        lang.say(
            "{term} bought on {start} ends by itself on {end}; it may be made to end on",
            term=found.term, start=found.start, end=found.full.end,
        )
    ]  # fmt: skip
    for item in found.ends:
        lines.append(
            "  "
            + lang.say(
                "{day}  {count} days, with {names}; then {start} to {end}"
                if item.shared_with
                else "{day}  {count} days, a month's end; then {start} to {end}",
                day=item.day, count=item.first.days, names=", ".join(item.shared_with),
                start=item.following.start, end=item.following.end,
            )
        )  # fmt: skip
    if not found.ends:
        lines.append(f"  {lang.say('no other day')}")
    return [*lines, *(f"  {lang.say('note: {text}', text=lang.sentence(text))}" for text in found.notes)]
