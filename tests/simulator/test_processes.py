"""One world file, several processes: a server and the command line beside it (architecture §10)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from cspdecl_simulator import Simulator
from tests.simulator.world import BASIC, CUSTOMER, NOON, PREMIUM, Client, frozen


@pytest.fixture
def served(tmp_path):
    """A served world with one customer: (HTTP client, world file, subscription id)."""
    world, ready = tmp_path / "world.db", tmp_path / "ready"
    simulator = Simulator(str(world))
    simulator.freeze(NOON)
    simulator.seed_customer(CUSTOMER)
    row = simulator.seed_subscription(CUSTOMER, PREMIUM, seats=5, term="P1M")
    token = simulator.access_token()
    simulator.close()
    command = [
        sys.executable,
        "-m",
        "cspdecl_simulator",
        "serve",
        "--world",
        str(world),
        "--ready-file",
        str(ready),
        "--pid-file",
        str(tmp_path / "pid"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not ready.exists() and process.poll() is None:
        time.sleep(0.02)
    with httpx.Client(
        base_url=ready.read_text().strip(), headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        yield client, world, row
    process.terminate()
    process.wait()


def command(world, *words):
    done = subprocess.run(
        [sys.executable, "-m", "cspdecl_simulator", *words, "--world", str(world)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_clock_moves_under_a_running_server(served):
    """Advancing from another process renews what is due, and the next answer carries the new date."""
    client, world, row = served
    before = client.get(f"/v1/customers/{CUSTOMER}/subscriptions/{row}")
    moved = command(world, "advance", "31d")
    after = client.get(f"/v1/customers/{CUSTOMER}/subscriptions/{row}")
    assert (
        "Wed, 10 Jun 2026 12:00:00 GMT",
        "2026-07-11T12:00:00Z",
        "Sat, 11 Jul 2026 12:00:00 GMT",
        "2026-07-10T00:00:00Z",
    ) == (before.headers["Date"], moved, after.headers["Date"], after.json()["effectiveStartDate"])


def test_settings_and_faults_reach_a_running_server(served):
    """A fault scripted beside the server cuts the connection after the work; the log shows it."""
    client, world, row = served
    path = f"/v1/customers/{CUSTOMER}/subscriptions/{row}"
    body = client.get(path).json() | {"quantity": 9}
    command(world, "fault", "add", "lost-response")
    with pytest.raises(httpx.TransportError):
        client.patch(path, json=body)
    log = json.loads(command(world, "requests", "--writes", "--format", "json"))
    assert (9, [("PATCH", 200, "lost-response")]) == (
        client.get(path).json()["quantity"],
        [(item["method"], item["status"], item["fault"]) for item in log],
    )


def test_head_has_no_body_over_http(served):
    """HEAD on a taken and a free domain."""
    client, _, _ = served
    answers = [client.head(f"/v1/domains/{name}.onmicrosoft.com") for name in ("nobody", "demo-partner")]
    assert [(404, b""), (200, b"")] == [(answer.status_code, answer.content) for answer in answers]


def test_a_url_with_a_second_question_mark(served):
    """`?size=1?seekOperation=Next`, as samples print it, is understood."""
    client, _, _ = served
    assert 400 == client.get("/v1/customers?size=1?seekOperation=Next").status_code


def test_threads_share_a_simulator():
    """Fifty purchases by eight threads are fifty subscriptions."""
    simulator = frozen()
    client = Client(simulator)
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: client.buy(CUSTOMER, BASIC), range(50)))
    assert (50, 50) == (len(set(ids)), client.get(f"/customers/{CUSTOMER}/subscriptions").body["totalCount"])


def test_a_world_survives_its_process(tmp_path):
    """What was bought is there when the file is opened again, the clock too."""
    path = str(tmp_path / "world.db")
    first = Simulator(path)
    first.freeze(NOON)
    first.seed_customer(CUSTOMER)
    row = Client(first).buy(CUSTOMER, BASIC, 3)
    first.close()
    second = Simulator(path)
    assert (3, NOON) == (Client(second).subscription(CUSTOMER, row)["quantity"], second.now)
