"""One customer's world while a request is worked on: rows read when first looked at, written back together at the
end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..wire import Doc


class Rows(Protocol):
    """What a world needs of its keeper."""

    def resources(self, customer_id: str, kind: str) -> dict[str, Doc]: ...

    def save_resource(self, customer_id: str, kind: str, row_id: str, body: Doc) -> None: ...

    def drop_resource(self, customer_id: str, kind: str, row_id: str) -> None: ...


class World:
    """`customer` is its profile; `rows(kind)` its carts, orders, subscriptions, users, agreements."""

    def __init__(self, customer: Doc, keeper: Rows) -> None:
        self.customer = customer
        self.id: str = customer["id"]
        self._keeper = keeper
        self._rows: dict[str, dict[str, Doc]] = {}
        self._dirty: dict[tuple[str, str], Doc | None] = {}
        self.customer_changed = False

    def rows(self, kind: str) -> dict[str, Doc]:
        if kind not in self._rows:
            self._rows[kind] = self._keeper.resources(self.id, kind)
        return self._rows[kind]

    def find(self, kind: str, row_id: str) -> Doc | None:
        return self.rows(kind).get(row_id.lower())

    def put(self, kind: str, doc: Doc) -> None:
        """Keeps a new or changed row; `doc["id"]` names it, without case."""
        row_id = str(doc["id"]).lower()
        self.rows(kind)[row_id] = doc
        self._dirty[kind, row_id] = doc

    def drop(self, kind: str, row_id: str) -> None:
        self.rows(kind).pop(row_id.lower(), None)
        self._dirty[kind, row_id.lower()] = None

    def touch(self) -> None:
        self.customer_changed = True

    @property
    def changed_subscriptions(self) -> bool:
        return any(kind == "subscription" for kind, _ in self._dirty)

    def write_back(self, save_customer: Callable[[Doc], Any]) -> None:
        if self.customer_changed:
            save_customer(self.customer)
        for (kind, row_id), doc in self._dirty.items():
            if doc is None:
                self._keeper.drop_resource(self.id, kind, row_id)
            else:
                self._keeper.save_resource(self.id, kind, row_id, doc)
        self._dirty.clear()
