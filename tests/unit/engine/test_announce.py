"""Telling others: what is sent, signed and sent again; what is never sent twice; what no failure can spoil."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cspdecl.engine import webhook
from cspdecl.engine.announce import announce_applied, announce_drift
from cspdecl.engine.apply import ApplyResult, apply_plan
from cspdecl.engine.drift import look_for_drift, remember_report
from cspdecl.engine.plan import PlanRequest
from cspdecl.engine.webhook import Delivered, NotDelivered, deliver, key_of, sign
from cspdecl.testing.builders import SteppingClock
from tests.unit.engine.estates import declare, estate_of, only_subscription, world_of
from tests.unit.engine.harness import tenant_of
from tests.unit.engine.receiver import SECRET, receiving

ALPHA = tenant_of(1)


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


@pytest.fixture
def world():
    return world_of()


@pytest.fixture
def estate(world, tmp_path, receiver, monkeypatch):
    """Ten seats for Alpha, and somebody to be told."""
    monkeypatch.setenv("OPS_SECRET", SECRET)
    made = estate_of(tmp_path / "project", world)
    notify(made, receiver.url)
    declare(made, "alpha", 10)
    made.apply()
    return made


def notify(estate, url, **more):
    hook = {"name": "ops", "webhook": url, "events": ["drift", "applied"], "secretFrom": {"env": "OPS_SECRET"}}
    estate.project(notify=[{**hook, **more}])


def rest(_seconds: float) -> None:
    """Wait for nothing."""


def set_seats(world, seats):
    with world.open() as state:
        state.set_seats(ALPHA, only_subscription(world, "alpha"), seats)


def watch(estate, waits=None):
    """A run with `--alarm changed`: whether the set was another one, and the warnings."""
    with estate.session() as session:
        result = look_for_drift(session, PlanRequest())
        kept = remember_report(session, result)
        found = announce_drift(session, result, kept, rest=(waits if waits is not None else []).append)
        return result.report.changed, [item.message for item in found]


def test_a_set_is_told_once(estate, world, receiver):
    """Another set is told, the same one is not, and the set that is gone is; a set that comes back has an id of its own."""
    assert (False, []) == watch(estate)
    for seats in (12, 12, 13, 10, 12):
        set_seats(world, seats)
        watch(estate)

    counts = [(event["type"], event["data"]["counts"]["changed-outside"]) for event in receiver.events]
    assert [("io.cspdecl.drift.detected.v1", number) for number in (1, 1, 0, 1)] == counts
    assert 4 == len({event["id"] for event in receiver.events})


def test_an_event_is_a_cloudevent_and_signed(estate, world, receiver):
    """Structured JSON; the signature covers id, time and body; no value, no money, no secret."""
    set_seats(world, 12)
    watch(estate)

    [(headers, body)] = receiver.came
    event = json.loads(body)
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert ("1.0", headers["webhook-id"], "cspdecl://estate") == (event["specversion"], event["id"], event["source"])
    assert (True, False) == (receiver.signed(), receiver.signed(key=b"another key"))
    [finding] = event["data"]["findings"]
    assert {"address", "class", "field", "state", "since", "fingerprint"} == set(finding)
    assert SECRET not in body.decode()


def test_values_are_shown_where_the_project_says_so(estate, world, receiver):
    """`show: all` adds what is declared, applied and live."""
    notify(estate, receiver.url, show="all")
    set_seats(world, 12)
    watch(estate)

    [finding] = receiver.events[0]["data"]["findings"]
    assert (10, 10, 12) == (finding["declared"], finding["last_applied"], finding["live"])


def test_what_was_applied_is_told(estate, world, receiver):
    """With the run's id, and each operation with its state; a run that sent nothing tells nothing."""
    declare(estate, "alpha", 12)
    with estate.session() as session:
        result = apply_plan(session, None)
        assert isinstance(result, ApplyResult)
        assert () == announce_applied(session, result, rest=lambda _seconds: None)

    [event] = receiver.events
    assert (f"applied-{result.run}", "io.cspdecl.change.applied.v1") == (event["id"], event["type"])
    assert [("alpha/m365", "set_seats", "applied")] == [
        (item["address"], item["action"], item["state"]) for item in event["data"]["operations"]
    ]
    assert "money" not in event["data"]["operations"][0]


def test_an_outage_is_waited_out(estate, world, receiver):
    """500, then 429 with a wish, then taken: the same event each time, a fresh timestamp's signature on each."""
    receiver.answers = [(500, {}), (429, {"Retry-After": "7"}), (204, {})]
    set_seats(world, 12)
    waits: list[float] = []

    assert (True, []) == watch(estate, waits)
    assert [1.0, 7.0] == waits
    assert (3, 1) == (len(receiver.came), len({body for _headers, body in receiver.came}))
    assert [True] * 3 == [receiver.signed(number) for number in range(3)]


def test_who_was_not_told_is_told_by_the_next_run(estate, world, receiver):
    """A dead port is a warning and no more; the next run tells the same set with the same id."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    notify(estate, dead)
    set_seats(world, 12)
    changed, said = watch(estate)
    notify(estate, receiver.url)

    assert changed
    assert ["`ops` was not told: it cannot be reached: Connection refused (2 tries)"] == [
        text.replace("3 tries", "2 tries").replace("4 tries", "2 tries") for text in said
    ]
    assert (False, []) == watch(estate)
    assert (False, []) == watch(estate)
    assert 1 == len(receiver.came)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 410])
def test_a_refusal_is_not_repeated(status, receiver):
    """What will not be taken is not posted again; a signed event follows no redirection."""
    receiver.answers = [(status, {"Location": "http://127.0.0.1:1/elsewhere"})]

    answer = deliver(receiver.url, "id", b"{}", secret="s", clock=SteppingClock(step=0.0), rest=rest)

    assert isinstance(answer, NotDelivered)
    assert (True, 1) == (answer.lasting, answer.tries)
    assert 1 == len(receiver.came)


def test_patience_ends(receiver):
    """Four tries, and never beyond the time that all of them may take."""
    receiver.answers = [(503, {})]
    waits: list[float] = []

    answer = deliver(receiver.url, "id", b"{}", secret="s", clock=SteppingClock(step=0.0), rest=waits.append)
    asked = deliver_with(receiver, {"Retry-After": "3600"})

    assert (4, [1.0, 4.0, 16.0]) == (answer.tries, waits)
    assert 1 == asked.tries


def deliver_with(receiver, headers):
    receiver.answers = [(503, headers)]
    return deliver(receiver.url, "id", b"{}", secret="s", clock=SteppingClock(step=0.0), rest=rest)


@pytest.mark.parametrize("asked", ["\u00b2", "-1", "9" * 400, "soon", "Mon, 99 Foo 2026"])
def test_nonsense_about_when_to_come_back_stops_nothing(receiver, asked):
    """What is no number and no instant is an answer like any other: never an error of ours."""
    answer = deliver_with(receiver, {"Retry-After": asked})

    assert "it answered 503" == answer.why


def test_an_answer_that_never_ends_is_given_up(monkeypatch):
    """A byte now and then keeps a connection alive for ever, but no run waiting."""
    monkeypatch.setattr(webhook, "WHOLE_SECONDS", 0.2)
    with dripping() as url:
        answer = deliver(url, "id", b"{}", secret="s", clock=SteppingClock(step=0.0), rest=rest)

    assert answer == NotDelivered(why="it did not answer in time", tries=4)


@contextmanager
def dripping() -> Iterator[str]:
    """An address whose answer is a header without an end."""
    over = threading.Event()

    def drip(line: socket.socket) -> None:
        try:
            line.sendall(b"HTTP/1.1 200 OK\r\nx: ")
            while not over.wait(0.02):
                line.sendall(b"x")
        except OSError:
            pass
        line.close()

    def listen() -> None:
        while not over.is_set():
            try:
                line, _from = server.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(line,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"
        over.set()


def test_nothing_goes_out_without_https():
    """Except to this machine."""
    answer = deliver("http://ops.example/", "id", b"{}", secret="s", clock=SteppingClock(), rest=rest)

    assert answer == NotDelivered(why="events are posted over https only", tries=0, lasting=True)


def test_a_missing_key_is_a_warning(estate, world, receiver, monkeypatch):
    """Nothing is sent unsigned; the message names the variable."""
    monkeypatch.delenv("OPS_SECRET")
    set_seats(world, 12)

    _changed, [said] = watch(estate)

    assert "environment variable OPS_SECRET is missing or empty" in said
    assert [] == receiver.came


def test_the_signature_of_the_published_example():
    """The worked example that libraries of Standard Webhooks are tested with."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'

    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == sign(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body
    )
    assert b"plain words" == key_of("plain words")


def test_delivered_says_how_often(receiver):
    """The number of tries."""
    assert Delivered(tries=1) == deliver(
        receiver.url, "id", b"{}", secret="s", clock=SteppingClock(step=0.0), rest=rest
    )
