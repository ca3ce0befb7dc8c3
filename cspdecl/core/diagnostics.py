"""Problems as data: found anywhere, placed late by whoever owns the text, printed at the edge.

A `Diagnostic` says what happened and what is allowed; its `Origin` says where in terms of a document path,
and only printing turns that path into line and column (manifest/locate.py).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

PathPart = str | int


class Severity(enum.StrEnum):
    """How much a diagnostic matters: errors stop, warnings ask for a look, notes explain."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value was written: file as shown to the user, index of the document in it, path inside the document.

    One is kept per resource; a field's place is `origin.at("seats")`.
    """

    file: str
    document: int = 0
    path: tuple[PathPart, ...] = ()

    def at(self, *parts: PathPart) -> Origin:
        """The origin of something below this one."""
        return Origin(file=self.file, document=self.document, path=(*self.path, *parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One problem or remark.

    `code` is stable and known to `cspdecl explain`; `message` is one line without final period; `label` stands
    under the caret; `hint` says what to do. `key` points the caret at the key instead of its value.
    `line` and `column` (1-based) are set only where the text itself is broken and no path exists.
    """

    code: str
    severity: Severity
    message: str
    origin: Origin | None = None
    address: str | None = None
    label: str | None = None
    hint: str | None = None
    key: bool = False
    line: int | None = None
    column: int | None = None
    related: tuple[Origin, ...] = ()


def error(code: str, message: str, **rest: object) -> Diagnostic:
    """A diagnostic that stops the command."""
    return Diagnostic(code=code, severity=Severity.ERROR, message=message, **rest)  # type: ignore[arg-type]


def warning(code: str, message: str, **rest: object) -> Diagnostic:
    """A diagnostic worth a look that stops nothing."""
    return Diagnostic(code=code, severity=Severity.WARNING, message=message, **rest)  # type: ignore[arg-type]


def note(code: str, message: str, **rest: object) -> Diagnostic:
    """A diagnostic that explains a decision."""
    return Diagnostic(code=code, severity=Severity.NOTE, message=message, **rest)  # type: ignore[arg-type]


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of the diagnostics stops the command."""
    return any(item.severity is Severity.ERROR for item in diagnostics)


def sort_diagnostics(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """In reading order: by file, document, position, then severity and code; those without a place last."""
    rank = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}

    def order(item: Diagnostic) -> tuple[object, ...]:
        origin = item.origin
        place = (0, origin.file, origin.document) if origin else (1, "", 0)
        path = tuple(
            (isinstance(part, str), str(part) if isinstance(part, str) else f"{part:09d}")
            for part in (origin.path if origin else ())
        )
        rest = (item.code, item.message, item.address or "", item.label or "", item.hint or "")
        return (*place, item.line or 0, path, rank[item.severity], *rest)

    return tuple(sorted(set(diagnostics), key=order))
