"""A job that is cancelled gives the project's lock back, whatever verb it ran."""

from __future__ import annotations

import os
import signal

import pytest

from cspdecl.engine.apply import locked
from cspdecl.engine.session import Session
from tests.unit.engine.estates import estate_of, world_of


def _terminated(session: Session) -> None:
    """A verb that holds the lock when the signal comes."""
    with locked(session, "run-1", "record"):
        held = session.store().lock_owner()
        assert held is not None
        assert "record" == held.command
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_terminated_run_gives_the_lock_back(tmp_path):
    """SIGTERM ends what holds the lock like an interrupt: the lock is free, and the signal means again what it meant."""
    estate = estate_of(tmp_path / "project", world_of())
    with estate.session() as session:
        with pytest.raises(KeyboardInterrupt):
            _terminated(session)
        free = session.store().lock_owner()

    assert free is None
    assert signal.SIG_DFL == signal.getsignal(signal.SIGTERM)


def test_a_verb_with_a_way_of_its_own_keeps_it(tmp_path):
    """`apply` settles what is in flight before it stops: its own handler is left in place."""
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    try:
        estate = estate_of(tmp_path / "project", world_of())
        with estate.session() as session, locked(session, "run-1", "apply"):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert [signal.SIGTERM] == seen
