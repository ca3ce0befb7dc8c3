r"""Text from elsewhere, made safe and measurable: what a terminal would obey is shown instead of sent.

Names that come from tenants, files and providers may hold control characters, terminal escapes and marks that turn
the reading direction, or what a build agent takes for a command (`##vso[`, `##[`, `::` where a line begins). They are
printed as `\x1b`, `\u202e` or `\x23#`, so that what is read is what is there.
"""

from __future__ import annotations

import re
import unicodedata

_TAB = "    "
# control, format (reading direction, zero width), surrogates, private use, unassigned; separators of lines
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Azure's agent looks for `##vso[` and `##[` anywhere in a line, GitHub's for `##[` anywhere and `::` at its beginning
# (azure-pipelines-agent, actions/runner, 2026).
_COMMAND = re.compile(r"#(?=#(?:vso)?\[)|^(\s*):(?=:)", re.IGNORECASE)
_IN_JSON = re.compile(r"#(?=#(?:vso)?\[)", re.IGNORECASE)


def printable(text: str) -> str:
    """A text that can be printed on one line of any terminal."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(shown(char) for char in text)
    return _COMMAND.sub(_spelled, text) if "##" in text or "::" in text else text


def _spelled(found: re.Match[str]) -> str:
    return "\\x23" if found[0] == "#" else f"{found[1]}\\x3a"


def shown(char: str) -> str:
    """One character as it is printed: itself, blanks for a tab, or its escape."""
    if char == "\t":
        return _TAB
    if char != " " and unicodedata.category(char) in _HIDDEN:
        code = ord(char)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return char


def json_safe(text: str) -> str:
    """A JSON text in which the same characters are written as JSON escapes: it reads back as the same value.

    JSON's own escaping stops at U+001F; C1 controls and marks that turn the reading direction would pass it, and so
    would commands to a build agent.
    """
    if "##" in text:
        text = _IN_JSON.sub(r"\\u0023", text)
    if text.isascii():
        return text.replace("\x7f", "\\u007f")
    hidden = {char for char in set(text) if char > "~" and unicodedata.category(char) in _HIDDEN}
    return "".join(_json_escape(char) if char in hidden else char for char in text) if hidden else text


def _json_escape(char: str) -> str:
    code = ord(char)
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD800 + (code - 0x10000 >> 10):04x}\\u{0xDC00 + (code - 0x10000 & 0x3FF):04x}"


def width(text: str) -> int:
    """Columns that a printable text takes: two for wide East Asian characters, none for combining marks."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
