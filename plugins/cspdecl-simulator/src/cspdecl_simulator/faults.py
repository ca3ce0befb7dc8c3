"""Faults on request: what real services do on bad days, scripted.

A fault names a kind, a path pattern, a method, how often it strikes and from which matching request on. Kinds: lost-
response (the work is done, the answer never arrives), error-500 and error-503 (refused before any work),
error-500-after (the work is done, the answer is an error), slow SECONDS, throttle [SECONDS], stale-etag (2055),
unreadable (403 20002), malformed (a body cut short), order-error [GROUP,…] (checkout answers 201 with failed groups).
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from .storage import Store
from .wire import Doc

KINDS = (
    "lost-response",
    "error-500",
    "error-503",
    "error-500-after",
    "slow",
    "throttle",
    "stale-etag",
    "unreadable",
    "malformed",
    "order-error",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that strikes the request at hand."""

    name: str
    kind: str
    argument: str = ""


def add(
    store: Store, kind: str, *, argument: str = "", path: str = "*", method: str = "*", times: int = 1, after: int = 0
) -> str:
    """Keeps a fault; `after` matching requests pass unharmed first, then it strikes `times` times (0 = always).

    Raises ValueError for an unknown kind, or seconds that are no number.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown fault kind {kind!r}; known: {', '.join(KINDS)}")
    if kind in ("slow", "throttle") and argument:
        float(argument)
    name = f"f{store.next_seq()}"
    store.save_shared(
        "fault",
        name,
        {
            "id": name,
            "kind": kind,
            "argument": argument,
            "path": path,
            "method": method.upper(),
            "left": times or -1,
            "after": after,
        },
    )
    return name


def strike(store: Store, method: str, path: str) -> list[Fault]:
    """The faults that hit this request, counted down."""
    found: list[Fault] = []
    for name, doc in store.shared("fault").items():
        if (
            doc["left"] == 0
            or doc["method"] not in ("*", method.upper())
            or not fnmatch.fnmatch(path.lower(), doc["path"].lower())
        ):
            continue
        if doc["after"] > 0:
            store.save_shared("fault", name, {**doc, "after": doc["after"] - 1})
            continue
        if doc["left"] > 0:
            store.save_shared("fault", name, {**doc, "left": doc["left"] - 1})
        found.append(Fault(name=name, kind=doc["kind"], argument=doc["argument"]))
    return found


def listed(store: Store) -> list[Doc]:
    return list(store.shared("fault").values())
