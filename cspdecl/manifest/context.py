"""What every part of compiling shares: the problems found so far, and what is known about the whole tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from cspdecl.core.diagnostics import Diagnostic, Origin, error
from cspdecl.core.project import Project
from cspdecl.manifest import v1


@dataclass(slots=True, kw_only=True)
class Context:
    """The run of one compilation.

    `project` is None where it could not be compiled: then what depends on it is not complained about. `complete` is
    False where some document could not be read at all, so that a missing reference may only be an unread one;
    `broken` names documents (kind, name) that exist but were refused.
    """

    today: date
    complete: bool
    broken: frozenset[tuple[str, str]] = frozenset()
    project: Project | None = None
    defaults: v1.Defaults | None = None
    problems: list[Diagnostic] = field(default_factory=list)
    tenants: dict[str, Origin] = field(default_factory=dict)
    domains: dict[str, Origin] = field(default_factory=dict)
    ids: dict[tuple[str, str], Origin] = field(default_factory=dict)

    def error(
        self,
        code: str,
        message: str,
        origin: Origin | None,
        *,
        hint: str | None = None,
        address: object = None,
        label: str | None = None,
        related: tuple[Origin, ...] = (),
        key: bool = False,
    ) -> None:
        """Note a problem and go on."""
        self.problems.append(
            error(
                code,
                message,
                origin=origin,
                hint=hint,
                label=label,
                related=related,
                key=key,
                address=None if address is None else str(address),
            )
        )

    def may_be_unread(self, kind: str, name: str) -> bool:
        """Whether a document that is not there may exist all the same, in a part that could not be read."""
        return not self.complete or (kind, name) in self.broken

    def unwanted(self, wire: object, keys: Mapping[str, str], origin: Origin, why: str) -> None:
        """Complain about keys (attribute: key) that make no sense where they stand."""
        for attribute, key in keys.items():
            value = getattr(wire, attribute)
            if value is not None and value not in ((), {}):
                self.error("CSP216", f"`{key}` makes no sense {why}", origin.at(key), key=True)
