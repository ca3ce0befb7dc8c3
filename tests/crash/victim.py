"""A process that is killed on purpose: it carries out one verb in a fork and dies, as by `kill -9`, at a named point.

Points are counted, not sampled: before and after every transaction of the store and every call to the provider. Started
once, it forks for every order from its stdin, so that a run costs a fork and not an interpreter.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cspdecl.core.operation import Plan
from cspdecl.engine.apply import ApplyOptions
from cspdecl.store.sqlite import SqliteStore
from cspdecl.testing.builders import SteppingClock
from cspdecl.testing.estate import Estate
from cspdecl.testing.memory import MemoryProvider
from cspdecl.testing.world import World

COMMIT, BEGIN = SqliteStore.commit, SqliteStore.begin


class Points:
    """The points of a run, in order; at number `kill` the process dies."""

    def __init__(self, kill: int | None) -> None:
        self.kill, self.passed = kill, list[str]()

    def reach(self, name: str) -> None:
        if self.kill == len(self.passed):
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed.append(name)

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.reach(f"before {name}")
            answer = function(*args, **kwargs)
            self.reach(f"after {name}")
            return answer

        return wrapped


def estate_of(root: Path, points: Points) -> Estate:
    """The project in `root`, on the world in a file beside it, every call and every transaction a point."""

    def connect(mode: Any) -> MemoryProvider:
        provider = MemoryProvider(World(root / "world.json"), mode=mode)
        provider.apply = points.around("apply", provider.apply)  # type: ignore[method-assign]
        provider.probe = points.around("probe", provider.probe)  # type: ignore[method-assign]
        return provider

    return Estate(root=root, connect=connect, clock=SteppingClock())


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """One verb; says how it ended and which points it passed."""
    points = Points(order["kill"])
    SqliteStore.commit = points.around("commit", COMMIT)  # type: ignore[method-assign]
    SqliteStore.begin = points.around("begin", BEGIN)  # type: ignore[method-assign]
    estate = estate_of(Path(order["root"]), points)
    if order["verb"] == "recover":
        states: list[str] = [task.state for task in estate.recover()]
    else:
        result = estate.apply(options=ApplyOptions(workers=1))
        states = ["planned only"] if isinstance(result, Plan) else [task.state for task in result.tasks]
    return {"points": points.passed, "states": states}


def main() -> None:
    """Serve orders until stdin ends."""
    for line in sys.stdin:
        order = json.loads(line)
        if order["verb"] == "warm up":  # done here and not in a fork, so that every fork finds its modules ready
            carry_out({**order, "verb": "apply"})
            sys.stdout.write('{"killed": false, "ended": 0}\n')
            sys.stdout.flush()
            continue
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            status = 1
            try:
                with os.fdopen(writing, "w") as pipe:
                    json.dump(carry_out(order), pipe)
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            said = pipe.read()
        _pid, status = os.waitpid(child, 0)
        answer = {"killed": os.WIFSIGNALED(status), "ended": os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps({**answer, **(json.loads(said) if said else {})}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
