"""Names that a tenant, a provider or a file chose, made harmless and short enough for a line: `safe_text`.

`printable` spells out what a terminal would obey; here it is cut as well, and laid into columns. Nothing of ours goes
through it, so our own symbols and colours stay.
"""

from __future__ import annotations

from cspdecl.report.printable import printable, width

LONGEST = 120


def safe_text(text: str, *, longest: int = LONGEST) -> str:
    """The text on one line, harmful characters spelled out, cut with … beyond `longest` characters."""
    shown = printable(text[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def padded(text: str, columns: int) -> str:
    """A text filled with blanks to so many columns."""
    return text + " " * max(columns - width(text), 0)


def cut_to(text: str, columns: int) -> str:
    """A text cut with … to so many columns."""
    if width(text) <= columns:
        return text
    out, used = [], 0
    for char in text:
        used += width(char)
        if used > columns - 1:
            break
        out.append(char)
    return "".join(out) + "…"
