"""A process that has imported the product and forks a child a command: real processes without the second each takes to import.

The child has the environment, the folder and the standard streams it was given, runs what `python -m cspdecl` runs, and ends by
itself; nothing of one reaches the next. Linux and macOS only, as `os.fork` is.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import random
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

_LONGEST = 100  # seconds; a child that takes longer is ended by its own alarm
_PACKAGES = ("cspdecl.cli", "cspdecl.engine", "cspdecl.manifest", "cspdecl.report", "cspdecl.store")


class Warm:
    """The waiting process, started when it is first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, words: list[str], environment: dict[str, str], cwd: Path, beside: Path) -> tuple[int, str, str]:
        """`cspdecl` with these words: exit code, output, errors. Files for both are made in `beside`."""
        out, err = beside / "warm.out", beside / "warm.err"
        order = {"words": words, "environment": environment, "cwd": str(cwd), "out": str(out), "err": str(err)}
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        code = int(process.stdout.readline())
        texts = [path.read_bytes().decode("utf-8") for path in (out, err)]
        out.unlink()
        err.unlink()
        return code, *(text.replace("\r\n", "\n").replace("\r", "\n") for text in texts)  # type: ignore[return-value]

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            root = str(Path(__file__).resolve().parents[3])
            self._process = subprocess.Popen(
                [sys.executable, "-c", "from tests.unit.cli.warm import serve; serve()"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ, "PYTHONPATH": root},
            )  # fmt: skip
            atexit.register(self._end)
        return self._process

    def _end(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(20)


def serve() -> None:
    """Import everything, then fork a child for each order until nobody gives one any more."""
    for name in _PACKAGES:
        for module in pkgutil.iter_modules(importlib.import_module(name).__path__, f"{name}."):
            importlib.import_module(module.name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _be(json.loads(line))
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


def _be(order: dict[str, Any]) -> NoReturn:
    """The child: what `python -m cspdecl` would be."""
    signal.alarm(_LONGEST)
    random.seed()
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["cwd"])
    create = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, order["out"], create), (2, order["err"], create)):
        handle = os.open(path, flags, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process is there
    sys.path[:0] = order["environment"].get("PYTHONPATH", "").split(os.pathsep)
    importlib.invalidate_caches()
    sys.argv = ["cspdecl", *order["words"]]
    code = 0
    try:
        runpy.run_module("cspdecl", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(ended.code + "\n")
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


WARM = Warm()
