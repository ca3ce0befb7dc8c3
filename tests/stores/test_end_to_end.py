"""A project on a store without a disk, as runners live it: adopt, change, killed in the middle, settled elsewhere.

Real processes, a real bare remote, a real PostgreSQL, and the simulator at the other end.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stores.postgres import Server

PROJECT = """\
apiVersion: cspdecl/v1
kind: Project
metadata: {{name: runners}}
spec:
  reseller: {{legalName: Example Systems GmbH, model: direct, country: DE, currency: EUR}}
  providers:
    partner-center:
      plugin: partner-center
      environment: production
      endpoint: {url}
      authority: {url}
      caFile: {ca}
      tenant: example.onmicrosoft.com
      auth: {{app: {{clientId: 22222222-de00-4000-8000-000000000002, secretFrom: {{env: PARTNER_CENTER_SECRET}}}}}}
  defaults: {{provider: partner-center, term: P1Y, billing: monthly, endOfTerm: renew}}
  store: "{store}"
"""


class Runner:
    """A checkout that came fresh from the remote, and nothing else."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "cspdecl", *words]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PARTNER_CENTER_SECRET": "demo-secret-for-the-simulator-only", "CI": "true"}

    def run(self, *words: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.words(*words), cwd=self.root, env=self.environment(), capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert expected == done.returncode, f"{words}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        return done

    def git(self, *words: str) -> None:
        named = ("git", "-c", "user.name=anna", "-c", "user.email=anna@example.com", *words)
        subprocess.run(named, cwd=self.root, check=True, capture_output=True)


@pytest.fixture
def center(tmp_path: Path) -> Iterator[Path]:
    """A folder with a simulated Partner Center that serves until the test ends."""
    folder = tmp_path / "center"
    folder.mkdir()
    center = Runner(folder)
    seed = ("--customers", "2", "--subscriptions", "2", "--partner-tenant", "example.onmicrosoft.com")
    center.run("simulate", "seed", *seed, "--at", "2026-11-22T14:02:00Z")
    server = subprocess.Popen(
        center.words("simulate", "serve", "--tls", "--ca-file", "ca.pem", "--ready-file", "ready"), cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(600):
            if (folder / "ready").exists() or server.poll() is not None:
                break
            time.sleep(0.05)
        yield folder
    finally:
        server.kill()  # it may still hold an answer back
        server.wait(20)


@pytest.fixture(params=["git", "postgres"])
def checkout(request: pytest.FixtureRequest, tmp_path: Path, center: Path) -> Callable[[str], Runner]:
    """Makes fresh checkouts of one project, each as another runner would have it."""
    store = "git:."
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres")
        store = server.url(f"e2e_{os.getpid()}")
    first = Runner(tmp_path / "first")
    first.root.mkdir()
    url = (center / "ready").read_text(encoding="utf-8").strip()
    text = PROJECT.format(url=url, ca=center / "ca.pem", store=store)
    (first.root / "cspdecl.yaml").write_text(text, encoding="utf-8")
    (first.root / ".gitignore").write_text(".cspdecl/\n", encoding="utf-8")
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", "origin.git"], cwd=tmp_path, check=True
    )
    first.git("init", "--quiet", "--initial-branch=main")
    first.git("remote", "add", "origin", "../origin.git")
    first.run("export")
    first.git("add", ".")
    first.git("commit", "--quiet", "-m", "as it is")
    first.git("push", "--quiet", "origin", "main")

    def fresh(name: str) -> Runner:
        subprocess.run(["git", "clone", "--quiet", "--branch=main", "origin.git", name], cwd=tmp_path, check=True)
        return Runner(tmp_path / name)

    return fresh


def seats_up(runner: Runner) -> None:
    """One seat more on the first line there is, committed."""
    path = min((runner.root / "customers").glob("*.yaml"))
    text, count = re.subn(r"seats: (\d+)", lambda hit: f"seats: {int(hit[1]) + 1}", path.read_text("utf-8"), count=1)
    assert count == 1
    path.write_text(text, encoding="utf-8")
    runner.git("commit", "--quiet", "-am", "one seat more")
    runner.git("push", "--quiet", "origin", "main")


def test_killed_on_one_runner_and_settled_on_another(checkout, center):
    """The intent outlives the runner that sent it: the next one finds out what came of it, and nothing is sent twice."""
    first = checkout("runner-1")
    first.run("adopt", "--auto-approve")
    assert "nothing to do" in first.run("plan", "--detailed-exitcode").stdout
    seats_up(first)
    Runner(center).run("simulate", "requests", "--clear")
    Runner(center).run("simulate", "fault", "add", "slow", "600", "--method", "PATCH", "--after", "commit")
    running = subprocess.Popen(
        first.words("apply", "--auto-approve"), cwd=first.root, env=first.environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not patches(center):
        assert running.poll() is None
        time.sleep(0.1)
    running.kill()
    running.wait(20)
    shutil.rmtree(first.root / ".cspdecl")

    second = checkout("runner-2")
    recovered = second.run("recover")
    again = second.run("plan", "--detailed-exitcode")

    assert "it had happened" in recovered.stdout
    assert "nothing to do" in again.stdout
    assert 1 == len(patches(center))
    assert "ledger verified" in second.run("ledger", "verify").stdout
    assert "nobody" in second.run("lock", "list").stdout
    lines = second.run("ledger", "list", "--format", "json").stdout.splitlines()
    changes = [json.loads(line)["data"] for line in lines]
    assert ["1"] == [one["quantity_delta"] for one in changes if one["action"] != "adopt"]


def patches(center: Path) -> list[dict]:
    """What was asked of Partner Center that changes a subscription."""
    done = Runner(center).run("simulate", "requests", "--writes", "--format", "json")
    document = json.loads(done.stdout or "[]")
    rows = document["requests"] if isinstance(document, dict) else document
    return [row for row in rows if row["method"] == "PATCH"]
