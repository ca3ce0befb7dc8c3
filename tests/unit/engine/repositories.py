"""A project in a real git repository, on a world in memory: what the tests of previews start from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from cspdecl.core.catalog import OfferKey
from cspdecl.core.operation import Plan
from cspdecl.engine.plan import PlanRequest, make_plan
from cspdecl.testing.builders import OFFER, OTHER_OFFER, CountingIds, SteppingClock, live_customer
from cspdecl.testing.estate import Estate
from cspdecl.testing.memory import MemoryProvider
from cspdecl.testing.world import World, sell
from tests.unit.engine.harness import tenant_of

_QUIET = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
}  # fmt: skip


def git(root: Path, *words: str) -> str:
    """Run git, nobody's settings in the way."""
    done = subprocess.run(
        ["git", *words], cwd=root, env={**os.environ, **_QUIET}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


class Repository:
    """Customers by name, each with a tenant of its own, declared in files under git."""

    def __init__(self, root: Path, *keys: str, below: str = "") -> None:
        self.top, self.keys = root, keys or ("alpha", "beta", "gamma")
        self.root = root / below if below else root
        self.root.mkdir(parents=True, exist_ok=True)
        self.world = World()
        with self.world.open() as state:
            state.offers = sell(OFFER, OTHER_OFFER)
            for key in self.keys:
                state.put_customer(live_customer(key=key, tenant=self.tenant(key), name=f"{key.title()} GmbH"))
        self.estate = Estate(
            root=self.root, connect=lambda mode: MemoryProvider(self.world, mode=mode), clock=SteppingClock(),
            ids=CountingIds(),
        )  # fmt: skip
        self.estate.project()
        git(root, "init", "-q", "-b", "main")
        (root / ".gitignore").write_text(".cspdecl/\n")

    def tenant(self, key: str) -> str:
        """The tenant of a customer."""
        return tenant_of(self.keys.index(key) + 1)

    def has(self, key: str, seats: int, offer: str = OFFER) -> str:
        """Something runs for a customer already."""
        with self.world.open() as state:
            return state.buy(self.tenant(key), offer=OfferKey.parse(offer), seats=seats).id

    def declare(self, key: str, seats: int | None, *, name: str = "m365", **line: Any) -> None:
        """One line of a customer; None: none at all."""
        lines = [] if seats is None else [{"name": name, "offer": OFFER, "seats": seats, **line}]
        self.estate.customer(key, *lines, tenant=self.tenant(key))

    def commit(self, message: str = "x") -> str:
        """Everything in the work tree as a commit."""
        git(self.top, "add", "-A")
        git(self.top, "commit", "-q", "--allow-empty", "-m", message)
        return git(self.top, "rev-parse", "HEAD")

    def branch(self, name: str = "change") -> None:
        """Go on on a branch of its own."""
        git(self.top, "checkout", "-q", "-b", name)

    def applied(self) -> None:
        """What is declared is carried out."""
        self.estate.apply()

    def preview(self, reference: str = "main", *, offline: bool = False, **rest: Any) -> Plan:
        """`plan --changed-since`, with an empty log before it."""
        with self.world.open() as state:
            state.log = ()
        request = PlanRequest(changed_since=reference, difference=True, offline=offline, **rest)
        with self.estate.session() as session:
            return make_plan(session, request).plan

    def read(self) -> list[str]:
        """The customers that were read since, sorted."""
        by_tenant = {self.tenant(key): key for key in self.keys}
        with self.world.open() as state:
            asked = {item.tenant for item in state.log if item.kind == "read" and item.what == "customer"}
        return sorted(by_tenant[tenant] for tenant in asked)


def deeds(plan: Plan, which: tuple[str, ...]) -> list[str]:
    """Operations by id as "address kind after"."""
    chosen = set(which)
    return [said(item) for item in plan.operations if item.id in chosen]


def said(operation: Any) -> str:
    """One operation in a few words."""
    after = getattr(operation.action, "after", getattr(operation.action, "seats", ""))
    return f"{operation.address} {operation.action.kind} {after}".strip()
