"""Text that came from outside, made harmless: one function for every name a tenant, a provider or a file chose.

Control characters, terminal escapes, line breaks and direction overrides are spelled out, and what is too long is cut.
Nothing of ours goes through here, so our own symbols and colours stay.
"""

from __future__ import annotations

import unicodedata

# Controls and escapes (Cc), bidi overrides and zero-width characters (Cf), line breaks (Zl, Zp), half characters (Cs).
_HARMFUL = {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"}
LONGEST = 120


def safe_text(text: str, *, longest: int = LONGEST) -> str:
    r"""The text on one line, harmful characters as \x1b or \u202e, cut with … beyond `longest` characters."""
    if text.isascii() and text.isprintable():
        return _cut(text, longest)
    return _cut("".join(_spell(char) for char in text[: longest + 1]), longest)


def _spell(char: str) -> str:
    if unicodedata.category(char) not in _HARMFUL:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def width_of(text: str) -> int:
    """Columns a terminal gives a text: wide East Asian characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """A text filled with blanks to so many columns."""
    return text + " " * max(columns - width_of(text), 0)


def cut_to(text: str, columns: int) -> str:
    """A text cut with … to so many columns."""
    if width_of(text) <= columns:
        return text
    out, used = [], 0
    for char in text:
        used += width_of(char)
        if used > columns - 1:
            break
        out.append(char)
    return "".join(out) + "…"
