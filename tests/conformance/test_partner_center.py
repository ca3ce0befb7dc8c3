"""Partner Center keeps what every provider has to keep, against the simulator: in process, and once over real HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cspdecl.engine.secrets import ProjectSecrets
from cspdecl.spi.provider import Mode, Provider
from cspdecl.testing.convergence import applied, assert_converged, declare
from cspdecl.testing.estate import Estate
from cspdecl.testing.provider_suite import ProviderSuite
from cspdecl_partner_center import connect as connect_partner_center
from cspdecl_simulator import Simulator, portal
from cspdecl_simulator.settings import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, DEMO_REFRESH_TOKEN, DEMO_TENANT
from tests.partner_center.support import over_simulator

TENANTS = ("9f2b6c1e-0000-4000-8000-000000000001", "9f2b6c1e-0000-4000-8000-000000000002")
NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)


class SimulatedWorld:
    """The suite's hands on a simulated Partner Center in this process."""

    offers, tenants = ("CFQ7TTC0LCHC:0002", "CFQ7TTC0LH18:0001"), TENANTS
    market, currency, provider = "US", "USD", "partner-center"

    def __init__(self, path: str = ":memory:") -> None:
        self.simulator = Simulator(path, seed=7)
        self.simulator.freeze(NOW)
        for number, tenant in enumerate(TENANTS, 1):
            self.simulator.seed_customer(tenant, company=f"Firma {number} GmbH", name=f"firma{number}")

    def connect(self, mode: Mode) -> Provider:
        return over_simulator(self.simulator, mode=mode)

    def writes(self) -> int:
        return len(self.simulator.requests(writes=True))

    def edit_seats(self, tenant: str, subscription: str, seats: int) -> None:
        portal.edit(self.simulator, tenant, subscription, {"quantity": seats})

    def advance(self, span: timedelta) -> None:
        self.simulator.advance(span)

    def lose_answer(self) -> None:
        for path in ("/v1/customers/*/carts*", "/v1/customers/*/subscriptions/*"):
            for method in ("POST", "PATCH"):
                self.simulator.fault("lost-response", path=path, method=method)

    def break_reading(self, tenant: str) -> None:
        self.simulator.fault("unreadable", path=f"/v1/customers/{tenant}*", times=0)

    def close(self) -> None:
        self.simulator.close()


class TestInProcess(ProviderSuite):
    """Every request answered in this process, tokens by MSAL included."""

    def world(self, folder: Path) -> SimulatedWorld:
        return SimulatedWorld()


class ServedWorld(SimulatedWorld):
    """The same world in a file, served by a process of its own over real HTTP with TLS."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(str(folder / "world.db"))
        (folder / "secret").write_text(DEMO_CLIENT_SECRET)
        (folder / "refresh").write_text(DEMO_REFRESH_TOKEN)
        ready, ca = folder / "ready", folder / "ca.pem"
        self._folder = folder
        self._server = subprocess.Popen(
            [sys.executable, "-m", "cspdecl_simulator", "serve", "--world", str(folder / "world.db"), "--tls",
             "--ca-file", str(ca), "--ready-file", str(ready), "--port", "0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while not ready.exists() or not ready.read_text().strip():
            assert self._server.poll() is None, "the simulator did not start"
        url = ready.read_text().strip()
        self._config = {
            "environment": "production", "tenant": DEMO_TENANT, "endpoint": url, "authority": url, "caFile": "ca.pem",
            "auth": {
                "app": {"clientId": DEMO_CLIENT_ID, "secretFrom": {"file": "secret"}},
                "user": {"clientId": DEMO_CLIENT_ID, "refreshTokenFrom": {"file": "refresh"},
                         "refreshTokenTo": {"file": "refresh"}},
            },
        }  # fmt: skip

    def connect(self, mode: Mode) -> Provider:
        provider: Provider = connect_partner_center(self.provider, self._config, ProjectSecrets(self._folder), mode)
        return provider

    def close(self) -> None:
        self._server.terminate()
        self._server.wait(timeout=20)
        super().close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedWorld]:
    world = ServedWorld(tmp_path / "world")
    yield world
    world.close()


def test_over_real_http(served: ServedWorld, tmp_path: Path):
    """Bought, changed and cancelled over TLS with real tokens, two customers: converged after every step."""
    estate = Estate(
        root=tmp_path / "estate", connect=served.connect, provider="partner-center", market="US", currency="USD"
    )
    estate.project()
    declare(estate, served, seats=10)
    declare(estate, served, seats=4, tenant=1)

    assert ["purchase", "purchase"] == sorted(applied(estate))
    declare(estate, served, seats=12)
    assert ["set_seats"] == applied(estate)
    declare(estate, served, seats=12, absent=True)
    assert ["cancel"] == applied(estate)
    assert_converged(estate, served, tmp_path)
    assert 4 == len(estate.ledger())
