"""Day one, as a reseller with many customers lives it: the project file, one export at the throttle's pace, adopt, and
a plan that holds nothing. Real processes, real HTTP, the simulator's own throttle.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = """\
apiVersion: cspdecl/v1
kind: Project
metadata: {{name: day-one}}
spec:
  reseller: {{legalName: Example Systems GmbH, model: direct, country: DE, currency: EUR}}
  providers:
    partner-center:
      plugin: partner-center
      environment: production
      endpoint: {url}
      authority: {url}
      caFile: ca.pem
      tenant: example.onmicrosoft.com
      auth: {{app: {{clientId: 22222222-de00-4000-8000-000000000002, secretFrom: {{env: PARTNER_CENTER_SECRET}}}}}}
  defaults: {{provider: partner-center, term: P1Y, billing: monthly, endOfTerm: renew}}
"""


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One verb, as typed in the project's folder."""
    environment = {**os.environ, "PARTNER_CENTER_SECRET": "demo-secret-for-the-simulator-only"}
    return subprocess.run(
        [sys.executable, "-m", "cspdecl", *words],
        cwd=root, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def estate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A project file and nothing else, before a Partner Center with so many customers at such a pace."""
    customers, throttle = request.param
    seed = ("simulate", "seed", "--customers", str(customers), "--partner-tenant", "example.onmicrosoft.com")
    assert 0 == run(tmp_path, *seed, "--at", "2026-11-22T14:02:00Z").returncode
    words = ["simulate", "serve", "--tls", "--ca-file", "ca.pem", "--throttle", throttle, "--ready-file", "ready"]
    server = subprocess.Popen(
        [sys.executable, "-m", "cspdecl", *words], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            if (tmp_path / "ready").exists() or server.poll() is not None:
                break
            time.sleep(0.05)
        (tmp_path / "cspdecl.yaml").write_text(PROJECT.format(url=(tmp_path / "ready").read_text().strip()))
        yield tmp_path
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def live_through(root: Path, customers: int) -> subprocess.CompletedProcess[str]:
    """Export into the project, check, adopt, plan: every step ends with 0, and nothing is left to do."""
    exported = run(root, "export")
    assert (0, customers) == (exported.returncode, len(list((root / "customers").glob("*.yaml")))), exported.stderr[
        -900:
    ]
    for words in (["validate"], ["adopt", "--auto-approve"], ["plan", "--detailed-exitcode"], ["drift"]):
        ended = run(root, *words)
        assert 0 == ended.returncode, f"{words}: {ended.stdout[-900:]}{ended.stderr[-900:]}"
    again = run(root, "export")
    assert "0 customers with 0 lines written to customers/\n" == again.stdout
    return exported


@pytest.mark.parametrize("estate", [(60, "6000")], indirect=True)
def test_an_estate_is_taken_over_in_four_commands(estate):
    """Export, validate, adopt, plan: the plan is empty, nothing has drifted, a second export finds nobody."""
    exported = live_through(estate, 60)

    assert re.search(r"^60 customers with \d+ lines written to customers/$", exported.stdout, re.MULTILINE)


@pytest.mark.parametrize("estate", [(40, "6000")], indirect=True)
def test_an_export_that_was_killed_goes_on_when_it_is_started_again(estate):
    """What was written before the kill stays, whole files all; the second run writes the rest."""
    environment = {**os.environ, "PARTNER_CENTER_SECRET": "demo-secret-for-the-simulator-only"}
    first = subprocess.Popen(
        [sys.executable, "-m", "cspdecl", "export", "--to", "../" + estate.name + "-out"],
        cwd=estate, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    out = estate.parent / f"{estate.name}-out"
    while first.poll() is None and len(list(out.glob("customers/[!.]*.yaml"))) < 5:
        time.sleep(0.01)
    first.kill()
    first.wait(20)
    before = {path: path.read_bytes() for path in out.glob("customers/[!.]*.yaml")}
    ended = run(estate, "export", "--to", str(out))

    assert 0 == ended.returncode, ended.stderr[-900:]
    assert (True, 40) == (5 <= len(before), len(list(out.glob("customers/[!.]*.yaml"))))
    assert before == {path: path.read_bytes() for path in before}
    assert 0 == run(out, "validate").returncode


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("estate", [(1000, "documented")], indirect=True)
def test_a_thousand_customers_at_the_documented_pace(estate):
    """One run reads a thousand customers at 500 requests a minute, says how far it is, and misses nobody."""
    exported = live_through(estate, 1000)

    assert re.search(r"^exporting customers: \d+ of 1000, .* left$", exported.stderr, re.MULTILINE)
