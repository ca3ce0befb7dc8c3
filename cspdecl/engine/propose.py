"""Accepting drift: writing into the manifests what is live, by replacing single values where they stand.

Only values are replaced, so comments and layout stay. What no single value can say is left to a person and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cspdecl.core.diagnostics import Origin
from cspdecl.manifest.locate import find_value

if TYPE_CHECKING:
    from cspdecl.engine.session import Session
    from cspdecl.planning.drift import Drift

_KEYS = {"seats": "seats", "end_of_term": "endOfTerm"}


def propose_changes(session: Session, found: Iterable[Drift]) -> Iterator[str]:
    """Change the manifests so that they accept what is live; says a line for each finding."""
    _project, desired = session.require()
    lines = {line.address: line for spec in desired.customers.values() for line in spec.subscriptions}
    for item in found:
        spec, key = lines.get(item.address), _KEYS.get(item.field)
        if spec is None or key is None or item.live is None or spec.bundle is not None:
            yield f"{item.address}: {item.field}: decide by hand, no single value of the manifest says it"
            continue
        done = _replace(session, spec.origin.at(key), str(item.live))
        if done:
            yield f"{spec.origin.file}: {item.address} {key}: {item.live}"
        else:
            yield f"{item.address}: `{key}` is not written at {spec.origin.file}: add `{key}: {item.live}` by hand"


def _replace(session: Session, origin: Origin, value: str) -> bool:
    path = session.root / origin.file
    text = path.read_text(encoding="utf-8")
    span = find_value(text, origin.document, origin.path)
    if span is None:
        return False
    path.write_text(text[: span[0]] + value + text[span[1] :], encoding="utf-8")
    return True
