"""A whole project on disk, and the verbs as functions: what a convergence test writes, plans and applies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cspdecl.core.operation import Plan
from cspdecl.core.project import ProviderConfig
from cspdecl.core.records import LedgerRecord
from cspdecl.engine.adopt import adopt_matching
from cspdecl.engine.apply import ApplyOptions, ApplyResult, apply_plan, context_of, locked
from cspdecl.engine.clock import Clock, Ids, RandomIds, SystemClock
from cspdecl.engine.drift import look_for_drift
from cspdecl.engine.export import export_customers
from cspdecl.engine.lanes import Task
from cspdecl.engine.plan import PlanRequest, make_plan
from cspdecl.engine.progress import Silent
from cspdecl.engine.record import record_observed
from cspdecl.engine.recover import recover_open
from cspdecl.engine.runner import Runner
from cspdecl.engine.session import Session
from cspdecl.planning.drift_values import Drift
from cspdecl.spi.provider import Mode, Provider

Connector = Callable[[Mode], Provider]
_PLUGIN = """[cspdecl.providers]
memory = cspdecl.testing.memory:connect
"""


@dataclass(slots=True, kw_only=True)
class Estate:
    """A project of one provider. `connect` gives its connections; without it the project's plugin is looked up."""

    root: Path
    connect: Connector | None = None
    provider: str = "memory"
    settings: Mapping[str, Any] = field(default_factory=dict)
    market: str = "DE"
    currency: str = "EUR"
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=RandomIds)

    # ---- manifests ----

    def project(self, *, guardrails: Mapping[str, Any] | None = None, **spec: Any) -> None:
        """Write cspdecl.yaml; `spec` replaces whole keys."""
        document: dict[str, Any] = {
            "reseller": {
                "legalName": "Example Systems GmbH", "model": "direct", "country": "DE", "currency": self.currency,
            },
            "providers": {self.provider: {"plugin": self.provider, "environment": "sandbox", **self.settings}},
            "prices": {"path": "prices/", "market": self.market},
            "defaults": {"provider": self.provider, "term": "P1Y", "billing": "monthly", "endOfTerm": "renew"},
        }  # fmt: skip
        if guardrails:
            document["guardrails"] = dict(guardrails)
        self._write("cspdecl.yaml", "Project", {"name": "estate"}, {**document, **spec})

    def customer(self, key: str, *lines: Mapping[str, Any], tenant: str | None = None, **spec: Any) -> None:
        """Write one customer; a later call replaces the file."""
        document = {**({"tenant": tenant} if tenant else {}), **spec, "subscriptions": [dict(line) for line in lines]}
        self._write(f"customers/{key}.yaml", "Customer", {"name": key}, document)

    def bundle(self, name: str, **spec: Any) -> None:
        """Write one bundle."""
        self._write(f"bundles/{name}.yaml", "Bundle", {"name": name}, spec)

    def _write(self, name: str, kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"apiVersion": "cspdecl/v1", "kind": kind, "metadata": dict(metadata), "spec": dict(spec)}
        path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")

    # ---- verbs ----

    @contextmanager
    def session(self) -> Iterator[Session]:
        """The project, opened for one command."""
        connect = None
        if self.connect is not None:
            given = self.connect

            def connect(config: ProviderConfig, mode: Mode) -> Provider:
                return given(mode)

        with Session(self.root, clock=self.clock, ids=self.ids, connect=connect) as session:
            yield session

    def plan(self, *, cached: bool = False, customers: tuple[str, ...] = ()) -> Plan:
        """`plan`."""
        with self.session() as session:
            return make_plan(session, PlanRequest(cached=cached, customers=customers)).plan

    def apply(
        self,
        plan: Plan | None = None,
        *,
        options: ApplyOptions | None = None,
        on_runner: Callable[[Runner], None] | None = None,
    ) -> ApplyResult | Plan:
        """`apply`, approved. The plan comes back where there was nothing to do or a guardrail refused."""
        with self.session() as session:
            return apply_plan(session, plan, options=options, on_runner=on_runner)

    def recover(self) -> tuple[Task, ...]:
        """`recover`."""
        with self.session() as session, locked(session, session.ids.fresh(), "recover"):
            return recover_open(session)

    def record(self) -> int:
        """`record`: how many records that made."""
        with self.session() as session:
            run = session.ids.fresh()
            with locked(session, run, "record"):
                planned = make_plan(session, PlanRequest())
                return record_observed(session, planned, context_of(session, None, run))

    def drift(self) -> tuple[Drift, ...]:
        """`drift`."""
        with self.session() as session:
            return look_for_drift(session, PlanRequest()).found

    def adopt(self) -> tuple[Task, ...]:
        """`adopt`, approved."""
        with self.session() as session:
            return adopt_matching(session, PlanRequest(), approve=lambda _plan: True)[1]

    def export(self, target: Path) -> Estate:
        """`export`: the estate in the new folder, with the same connection and a store of its own."""
        with self.session() as session:
            for _written in export_customers(session, target, progress=Silent()):
                pass
        return Estate(
            root=target, connect=self.connect, provider=self.provider, settings=self.settings, market=self.market,
            currency=self.currency, clock=self.clock, ids=self.ids,
        )  # fmt: skip

    # ---- what stands afterwards ----

    def ledger(self) -> tuple[LedgerRecord, ...]:
        """All change records."""
        with self.session() as session:
            return tuple(session.store().ledger())

    def open_operations(self) -> tuple[str, ...]:
        """Addresses' operations that were sent and are not settled, by id."""
        with self.session() as session:
            return tuple(item.op for item in session.store().open_operations())


def plugin_folder(folder: Path) -> Path:
    """Make the provider in memory a plugin named `memory` for every process that has `folder` on its module path."""
    info = folder / "cspdecl_memory-0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cspdecl-memory\nVersion: 0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(_PLUGIN, encoding="utf-8")
    return folder
