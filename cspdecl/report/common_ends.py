"""Days a first term may end, for people and for machines."""

from __future__ import annotations

from typing import Any

from cspdecl.commerce.common_ends import CommonEnds
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


def ends_text(found: CommonEnds) -> list[str]:
    """The allowed ends, one a line."""
    lines = [f"{found.term} bought on {found.start} ends by itself on {found.full.end}; it may be made to end on"]
    for item in found.ends:
        with_whom = f"with {', '.join(item.shared_with)}" if item.shared_with else "a month's end"
        lines.append(
            f"  {item.day}  {item.first.days} days, {with_whom}; then {item.following.start} to {item.following.end}"
        )
    if not found.ends:
        lines.append("  no other day")
    return [*lines, *(f"  note: {text}" for text in found.notes)]
