"""Retrying, parking, exits, secrets, provenance and names: the small parts of the shell."""

from __future__ import annotations

import itertools
import os
import stat
import subprocess
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cspdecl.core.errors import ConfigurationError, CspdeclError, NotAuthorised, TryLater
from cspdecl.core.outcome import Applied, NotDone, Pending, Receipt, Rejected, Throttled, Unknown
from cspdecl.engine import provenance, retry
from cspdecl.engine.exits import Exit, strongest
from cspdecl.engine.export_names import slug
from cspdecl.engine.limits import Gate, buckets_of
from cspdecl.engine.progress import Silent
from cspdecl.engine.retry import GiveUp, Wait, decide_retry
from cspdecl.engine.secrets import ProjectSecrets
from cspdecl.engine.waiting import Silence, each, patiently
from cspdecl.testing.world import START

# ---- retry ----


def test_doubt_is_looked_at_ever_more_slowly_and_then_left():
    """Looks follow each other at growing distances, five at most."""
    waits = [decide_retry(Unknown(cause="x"), attempt=n) for n in range(1, retry.MAX_PROBES + 2)]

    assert [0.25, 0.5, 1.0, 2.0, 4.0] == [one.seconds for one in waits[:-1] if isinstance(one, Wait)]
    assert GiveUp() == waits[-1]


@given(st.integers(-5, 10_000), st.integers(1, retry.MAX_THROTTLED))
def test_a_throttle_is_waited_out(seconds, attempt):
    """Told to wait, we wait as long, at the least a second, and in the end leave it for the next run."""
    assert Wait(seconds=max(seconds, 1)) == decide_retry(Throttled(retry_after=seconds), attempt=attempt)
    assert GiveUp() == decide_retry(Throttled(retry_after=seconds), attempt=retry.MAX_THROTTLED + 1)


def test_a_pause_nobody_asked_for_is_not_waited_out_for_ever():
    """What is there but gives no usable answer gets three tries."""
    odd = Throttled(retry_after=15, asked=False)

    assert [Wait(seconds=15)] * 3 + [GiveUp()] == [decide_retry(odd, attempt=n) for n in range(1, 5)]


# ---- waiting ----


class Said(Silent):
    """Progress, kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def test_silence_is_told_at_growing_distances():
    """After ten seconds, then as the wait doubles; an answer begins anew."""
    said = Said()
    silence = Silence(said)
    for _ in range(90):
        silence.lasts(0.5, lambda: "pc")
    silence.broken()
    for _ in range(20):
        silence.lasts(0.5, lambda: "pc")

    assert [f"no answer from pc for {seconds} s, still waiting" for seconds in (10, 20, 40, 10)] == said.lines


def test_what_is_waited_for_comes_through():
    """Items, results and problems as they are; a silence in between is told."""
    said, go = Said(), threading.Event()

    def slowly() -> Iterator[int]:
        yield 1
        go.wait(20)
        yield 2

    class Letting(Said):
        def say(self, text: str) -> None:
            super().say(text)
            go.set()

    letting = Letting()
    assert [1, 2] == list(each(slowly, whom="pc", progress=letting, first=0.02))
    assert letting.lines[0].startswith("no answer from pc")
    assert 7 == patiently(lambda: 7, whom="pc", progress=said)
    with pytest.raises(TryLater, match="nobody"):
        patiently(lambda: (_ for _ in ()).throw(TryLater("nobody")), whom="pc", progress=said)
    assert [] == said.lines


def test_nothing_is_drawn_for_nobody():
    """Whoever stops listening stops the drawing, too."""
    ended = threading.Event()

    def counting() -> Iterator[int]:
        try:
            yield from itertools.count()
        finally:
            ended.set()

    listening = each(counting, whom="pc", progress=Silent())
    first = next(listening)
    listening.close()

    assert 0 == first
    assert ended.wait(20)


def test_what_is_settled_is_not_tried_again():
    """Done and refused have no next step; what was not done has three, what is pending as many as its time allows."""
    receipt = Receipt(at=START, request_id="r", correlation_id="c")

    assert GiveUp() == decide_retry(Applied(receipt=receipt), attempt=1)
    assert GiveUp() == decide_retry(Rejected(code="x", message="no"), attempt=1)
    assert [Wait(seconds=0), Wait(seconds=1), Wait(seconds=2), GiveUp()] == [
        decide_retry(NotDone(), attempt=n) for n in range(1, 5)
    ]
    assert Wait(seconds=2.5) == decide_retry(Pending(checkpoint="", resume_in_ms=2500), attempt=99)
    late = retry.MAX_PENDING_MS + 1
    assert GiveUp() == decide_retry(Pending(checkpoint="", resume_in_ms=1), attempt=1, pending_ms=late)


def test_a_parked_bucket_opens_when_it_said():
    """The later of two moments counts, and each customer has a bucket of its own."""
    gate = Gate()
    partner, customer = buckets_of("pc", "alpha")
    gate.park(partner, 10)
    gate.park(partner, 5)
    gate.park(customer, 20)

    assert (10, 20, 0) == (gate.opens_at((partner,)), gate.opens_at((partner, customer)), gate.opens_at(()))
    assert 10 == gate.opens_at(buckets_of("pc", "beta"))


# ---- exits ----


def test_the_strongest_exit_does_not_depend_on_the_order():
    """5 > 4 > 7 > 65 > 3 > 77 > 75 > 1 > 2 > 0, whoever is named first; what is not in this order wins."""
    ranked = [Exit.UNKNOWN, Exit.PARTLY, Exit.STALE, Exit.INVALID, Exit.REFUSED, Exit.NOT_AUTHORISED, Exit.TRY_LATER, Exit.ERROR,
              Exit.CHANGES, Exit.DONE]  # fmt: skip

    for one, other in itertools.combinations(ranked, 2):
        assert (one, one) == (strongest([one, other]), strongest([other, one]))
    assert Exit.DONE == strongest([])
    assert Exit.LOCKED == strongest([Exit.UNKNOWN, Exit.LOCKED])


# ---- secrets ----


@pytest.fixture
def secrets(tmp_path):
    return ProjectSecrets(tmp_path)


def test_secrets_come_from_three_places(secrets, tmp_path, monkeypatch):
    """A variable, a file beside the project or a command's output, without the final newline."""
    monkeypatch.setenv("KEY", "one")
    (tmp_path / "key").write_text("two\n")

    assert ["one", "two", "three"] == [
        secrets.read({"env": "KEY"}), secrets.read({"file": "key"}), secrets.read({"command": ["echo", "three"]})
    ]  # fmt: skip


def test_a_written_secret_is_the_owners_alone(secrets, tmp_path):
    """It replaces the old one as a whole, is readable by its owner only, and leaves no other file behind."""
    (tmp_path / "token").write_text("old")
    (tmp_path / "token").chmod(0o644)

    secrets.write({"file": "token"}, "new")

    assert "new" == secrets.read({"file": "token"})
    assert 0o600 == stat.S_IMODE((tmp_path / "token").stat().st_mode)
    assert ["token"] == [path.name for path in tmp_path.iterdir()]


def test_a_secret_that_cannot_be_written_leaves_the_old_one(secrets, tmp_path, monkeypatch):
    """The disk fails while it is written: the old secret stands, whole, and no half of the new one."""
    (tmp_path / "token").write_text("old")

    def fail(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(ConfigurationError, match="No space left") as problem:
        secrets.write({"file": "token"}, "s3cr3t")

    assert "s3cr3t" not in str(problem.value)
    assert ["old"] == [path.read_text() for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    "source", [{}, {"env": "A", "file": "b"}, {"vault": "x"}, {"env": "A", "x": 1}, {"command": "ls -l"}]
)
def test_a_source_is_one_place(secrets, source):
    """Exactly one of the three, as it is meant; a command is a list of words, since no shell reads it."""
    with pytest.raises(ConfigurationError):
        secrets.read(source)


def test_an_empty_secret_is_a_missing_one(secrets, tmp_path):
    """An empty file or one that is no text is as good as none, and its place is named."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")

    for name in ("empty", "binary", "missing"):
        with pytest.raises(NotAuthorised, match=name):
            secrets.read({"file": name})


# ---- provenance ----


def git(folder, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "init.defaultBranch=main", *words],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_the_commit_says_when_the_tree_differs(tmp_path):
    """The commit of the manifests, with a plus where they were edited since; none outside git."""
    assert None is provenance.commit_of(tmp_path)
    git(tmp_path, "init", "-q")
    (tmp_path / "a.yaml").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "x")
    head = git(tmp_path, "rev-parse", "HEAD")

    assert head == provenance.commit_of(tmp_path)
    (tmp_path / "a.yaml").write_text("2")
    (tmp_path / "b.yaml").write_text("new")
    assert f"{head}+" == provenance.commit_of(tmp_path)
    assert ("a.yaml", "b.yaml") == provenance.changed_files(tmp_path, "HEAD")
    assert b"1" == provenance.file_at(tmp_path, "HEAD", "a.yaml")
    assert None is provenance.file_at(tmp_path, "HEAD", "b.yaml")


@pytest.mark.parametrize("reference", ["--output=x", "-p", "no-such-branch"])
def test_a_reference_is_no_option(tmp_path, reference):
    """What looks like an option, or names nothing, is refused with words and never reaches git as an option."""
    git(tmp_path, "init", "-q")

    with pytest.raises(CspdeclError):
        provenance.changed_files(tmp_path, reference)
    assert [".git"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("value", "expected"), [("", False), ("0", False), ("false", False), ("true", True), ("1", True)]
)
def test_ci_is_what_says_so(monkeypatch, value, expected):
    """`CI` set to anything but a plain no means CI."""
    monkeypatch.setenv("CI", value)

    assert expected is provenance.in_ci()


def test_the_actor_is_whoever_started_it(monkeypatch):
    """The name that CI gives, else user and machine."""
    assert "@" in provenance.actor()
    monkeypatch.setenv("GITHUB_ACTOR", "anna")
    assert "anna" == provenance.actor()
    monkeypatch.setenv("CSPDECL_ACTOR", "approver-7")
    assert "approver-7" == provenance.actor()


# ---- names ----


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mühlbach Pflege gGmbH", "muehlbach-pflege-ggmbh"), ("  ", "fallback"), ("株式会社", "fallback"),
        ("../../etc/passwd", "etc-passwd"), ("A\x1b[31mB", "a-31mb"), ("Straße & Söhne", "strasse-soehne"),
        ("x" * 80, "x" * 48), ("Café", "cafe"),
    ],
)  # fmt: skip
def test_live_names_become_manifest_names(text, expected):
    """Lower case, ASCII, hyphens; never a path, never empty, never long."""
    assert expected == slug(text, fallback="fallback")


@given(st.text(max_size=60))
def test_any_live_name_becomes_a_manifest_name(text):
    """Whatever somebody called themselves."""
    name = slug(text, fallback="customer")

    assert name == slug(name, fallback="customer")
    assert name.replace("-", "").isalnum()
    assert name.isascii()
