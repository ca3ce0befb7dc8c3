"""The world file at work: settings, clock and catalogue as they stand in it, and the passing of time."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from . import faults, pricelist
from .catalog import Catalog, add_seeded, builtin
from .clock import Clock, machine_time
from .settings import Settings
from .storage import FAR, Store
from .wire import Doc, moment
from .world import journal, renewals
from .world.call import Call, Caller
from .world.state import World


class WorldFile:
    """One world file, opened. What several processes share is read from it at every use."""

    def __init__(
        self,
        path: str,
        settings: Settings | None,
        machine: Callable[[], datetime] = machine_time,
        seed: int | None = None,
    ) -> None:
        self._machine = machine
        self._rng = random.Random(seed)  # noqa: S311 - ids of a simulation
        self._parsed: dict[str, tuple[str, Any]] = {}
        self._catalogs: tuple[str, Catalog] | None = None
        self.store = Store(path)
        with self.store.transaction():
            if settings is not None:
                self.store.set_state("settings", json.dumps(settings.to_dict()))
            elif self.store.state("settings") is None:
                self.store.set_state("settings", json.dumps(Settings().to_dict()))

    def close(self) -> None:
        """Lets go of the file."""
        self.store.close()

    # what the file says right now

    def _read(self, name: str, text: str | None, build: Callable[[Any], Any]) -> Any:
        """A parsed state value, parsed again only when its text has changed."""
        kept = self._parsed.get(name)
        text = text or "{}"
        if kept is None or kept[0] != text:
            kept = (text, build(json.loads(text)))
            self._parsed[name] = kept
        return kept[1]

    @property
    def settings(self) -> Settings:
        with self.store.lock:
            found: Settings = self._read("settings", self.store.state("settings"), Settings.from_dict)
            return found

    def configure(self, **changes: Any) -> Settings:
        """Changes settings in the file, for every process that serves it."""
        with self.store.transaction():
            changed = self.settings.with_changes(**changes)
            self.store.set_state("settings", json.dumps(changed.to_dict()))
        return changed

    @property
    def clock(self) -> Clock:
        with self.store.lock:
            found: Clock = self._read("clock", self.store.state("clock"), Clock.from_dict)
            return found

    @property
    def now(self) -> datetime:
        return self.clock.now(self._machine())

    @property
    def catalog(self) -> Catalog:
        """The catalogue with what was seeded into this file; built again when that has changed."""
        version = self.store.state("catalog") or "0"
        if self._catalogs is None or self._catalogs[0] != version:
            rows = list(self.store.shared("price-list").values())
            catalog = builtin(with_prices=not rows)
            for item in self.store.shared("sku").values():
                add_seeded(catalog, item)
            if rows:
                pricelist.add_rows(catalog, [row for part in rows for row in part["rows"]])
            singles = [row for part in self.store.shared("price-row").values() for row in part["rows"]]
            for row in singles:
                catalog.prices.pop(
                    (row["sku"].upper(), row["segment"], row["term"], row["plan"], row["currency"]), None
                )
            pricelist.add_rows(catalog, singles)
            for change in sorted(self.store.shared("price-change").values(), key=lambda item: str(item["from"])):
                if change.get("raise"):
                    pricelist.raise_from(catalog, Decimal(change["raise"]), moment(change["from"]))
                else:
                    pricelist.replace_from(catalog, change["rows"], moment(change["from"]))
            self._catalogs = (version, catalog)
        return self._catalogs[1]

    # faults and journals

    def fault(
        self, kind: str, *, argument: str = "", path: str = "*", method: str = "*", times: int = 1, after: int = 0
    ) -> str:
        """Scripts a fault (see faults.py); returns its name."""
        with self.store.transaction():
            return faults.add(self.store, kind, argument=argument, path=path, method=method, times=times, after=after)

    def clear_faults(self, name: str | None = None) -> None:
        with self.store.transaction():
            self.store.drop_shared("fault", name)

    def faults(self) -> list[Doc]:
        with self.store.lock:
            return faults.listed(self.store)

    def requests(self, *, writes: bool = False, after: int = 0) -> list[Doc]:
        """The request log: method, endpoint, path, customer, status, fault; `writes` leaves out reads and tokens."""
        with self.store.lock:
            return self.store.requests(writes, after)

    def clear_requests(self) -> None:
        with self.store.transaction():
            self.store.clear_requests()

    # the clock

    def _set_clock(self, clock: Clock) -> datetime:
        self.store.set_state("clock", json.dumps(clock.to_dict()))
        return clock.now(self._machine())

    def advance(self, by: timedelta) -> datetime:
        """Moves the business clock on and lets everything due come true, for every customer; returns the new time."""
        with self.store.transaction():
            now = self._set_clock(self.clock.moved_to(self.now + by, self._machine()))
            self.settle_all()
        return now

    def set_time(self, instant: datetime) -> datetime:
        with self.store.transaction():
            now = self._set_clock(self.clock.moved_to(instant, self._machine()))
            self.settle_all()
        return now

    def freeze(self, at: datetime | None = None) -> datetime:
        """Stops the business clock, at a given instant or where it stands."""
        with self.store.transaction():
            now = self._set_clock(Clock(frozen_at=at) if at is not None else self.clock.frozen(self._machine()))
            if at is not None:
                self.settle_all()
        return now

    def run(self) -> datetime:
        with self.store.transaction():
            return self._set_clock(self.clock.running(self._machine()))

    def settle_all(self) -> int:
        """Lets everything due by now come true; returns how many things happened."""
        now, count = self.now, 0
        with self.store.transaction():
            for customer_id in self.store.due_customers(now.timestamp()):
                call = self.system_call(customer_id)
                count += renewals.settle(call, now)
                self._finish(call)
        return count

    def system_call(self, customer_id: str = "", caller: Caller | None = None) -> Call:
        """A call nobody made: for the passing of time, the portal and the seeder."""
        call = Call(
            method="SYSTEM",
            path="",
            now=self.now,
            machine=self._machine(),
            settings=self.settings,
            catalog=self.catalog,
            partner=self.store,
            rng=self._rng,
            caller=caller or Caller(),
        )
        if customer_id:
            found = self.store.customer(customer_id.lower())
            if found is None:
                raise KeyError(customer_id)
            call.world = World(found[0], self.store)
        return call

    def finish(self, call: Call) -> None:
        with self.store.transaction():
            self._finish(call)

    def _finish(self, call: Call) -> None:
        """Writes back what a call has changed, and when its customer is due next."""
        for record in call.audits:
            self.store.add_audit(journal.finish(record), call.now)
        call.audits.clear()
        for charge in call.charges:
            self.store.add_charge(charge, moment(charge["orderDate"]))
        call.charges.clear()
        world = call.world
        if world is None:
            return
        changed = world.changed_subscriptions
        world.write_back(lambda doc: self.store.save_customer(doc, FAR))
        if changed or world.customer_changed:
            self.store.set_due(
                world.id,
                renewals.earliest(list(world.rows("subscription").values()), call.settings.renewal_lag_seconds),
            )
