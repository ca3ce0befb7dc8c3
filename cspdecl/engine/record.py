"""Taking into the ledger what happened without us: renewals, schedules come true, changes made elsewhere.

Writes nothing at a provider. Running it twice records nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from cspdecl.billing.chain import seal
from cspdecl.billing.money import older_prices
from cspdecl.billing.observe import observe_changes
from cspdecl.core.address import Address
from cspdecl.core.records import LedgerHead, LedgerRecord
from cspdecl.spi.store import Batch

if TYPE_CHECKING:
    from cspdecl.billing.changes import RunContext
    from cspdecl.core.diagnostics import Diagnostic
    from cspdecl.core.records import BillingChange
    from cspdecl.engine.plan import Planned
    from cspdecl.engine.session import Session
    from cspdecl.spi.store import Store

_BATCH = 1000


def _in_doubt(store: Store) -> frozenset[Address]:
    """Addresses with an operation whose outcome is unknown: what is seen there may be our own change."""
    return frozenset(Address.parse(json.loads(item.operation)["address"]) for item in store.open_operations())


def record_observed(
    session: Session, planned: Planned, context: RunContext, *, warn: Callable[[Diagnostic], None] = lambda _found: None
) -> int:
    """Record what was observed since the last record of every address. Returns how many records that made.

    `warn` hears, at most once, of charges by an old price list, unless the plan itself says so already.
    """
    store = session.store()
    _project, desired = session.require()
    changes: tuple[BillingChange, ...] = observe_changes(
        planned.recorded,
        planned.live,
        desired=desired,
        bindings=store.bindings(),
        prices=planned.prices,
        now=planned.plan.now,
        context=context,
        skip=_in_doubt(store),
    )
    older = older_prices(changes)
    if older is not None and all(item.code != older.code for item in planned.plan.diagnostics):
        warn(older)
    head, rows = store.head(), list[LedgerRecord]()
    for change in changes:
        record = seal(change, head, session.clock.now())
        head = LedgerHead(seq=record.seq, hash=record.hash)
        rows.append(record)
    for start in range(0, len(rows), _BATCH):
        store.commit(Batch(ledger=rows[start : start + _BATCH]))
    return len(rows)
