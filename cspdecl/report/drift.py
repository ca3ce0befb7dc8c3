"""Drift as people read it: what somebody else changed, by customer."""

from __future__ import annotations

from collections.abc import Iterable

from cspdecl.planning.drift import Drift
from cspdecl.report.safe import safe_text

_SYMBOL = {"changed": ("~", "33"), "missing": ("-", "31"), "unmanaged-new": ("?", "35"), "schedule": ("~", "33")}
_WORDS = {
    "changed": "changed",
    "missing": "missing",
    "unmanaged-new": "new and unmanaged",
    "schedule": "scheduled elsewhere",
}


def render_drift(found: Iterable[Drift], *, color: bool = False) -> str:
    """All findings as text, ending with a line break."""
    findings = list(found)
    if not findings:
        return "No drift: what is live is what was applied or is declared.\n"
    out: list[str] = []
    customer = None
    for item in findings:
        if item.address.customer != customer:
            customer = item.address.customer
            out += ["", safe_text(customer)] if out else [safe_text(customer)]
        symbol, code = _SYMBOL[item.kind]
        mark = f"\x1b[{code}m{symbol}\x1b[0m" if color else symbol
        out.append(f"  {mark} {safe_text('/'.join(item.address.path))}: {safe_text(item.text, longest=400)}")
    counts = [f"{number} {_WORDS[kind]}" for kind in _WORDS if (number := sum(item.kind == kind for item in findings))]
    out += ["", f"Drift: {', '.join(counts)}. `cspdecl plan` shows what would put it right."]
    return "\n".join(out) + "\n"
