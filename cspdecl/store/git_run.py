"""The git program: run with an environment of our own, never asking anybody anything, its complaints in our words.

Git's credentials are its own affair (helpers, ssh, a CI job's settings). What it prints about an address is shown
without user and password.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cspdecl.core.diagnostics import error
from cspdecl.core.errors import CspdeclError, NotAuthorised, TryLater
from cspdecl.core.store_place import without_secrets
from cspdecl.spi.keeping import unusable

NETWORK = 180.0  # seconds until a remote that says nothing is given up
# what may reach git from outside: how to get to a remote. Everything else (GIT_DIR of a hook, an index) must not.
_KEPT = re.compile(
    r"GIT_(SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|SSL_.*|HTTP_.*|PROXY_.*|CONFIG_.*|EXEC_PATH|ALLOW_PROTOCOL|TRACE.*)"
)
_UNAUTHORISED = (
    "authentication failed", "could not read username", "could not read password", "permission denied",
    "terminal prompts disabled", "error: 401", "error: 403", "access denied", "write access to repository not granted",
    "host key verification failed",
)  # fmt: skip
_NOBODY = (
    "could not resolve host", "connection refused", "timed out", "connection reset", "failed to connect",
    "couldn't connect", "unable to connect", "the remote end hung up", "error: 5", "network is unreachable",
    "no route to host", "early eof", "rpc failed",
)  # fmt: skip
_REFUSED = ("remote rejected", "hook declined", "protected", "deny updating", "refusing to update")


class GitFailed(Exception):  # noqa: N818 - what git did
    """Git ended with an error. `said` is its own text, without credentials."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class Git:
    """Git in one folder, with settings that go with every call."""

    def __init__(self, folder: Path, settings: Sequence[tuple[str, str]] = ()) -> None:
        self._folder = folder
        self._environment = _environment(os.environ, settings)

    def run(self, *words: str, data: bytes | None = None, timeout: float = 60.0, ok: Sequence[int] = (0,)) -> bytes:
        """What git printed. Raises GitFailed; ConfigurationError where there is no git."""
        try:
            # a session of its own: Ctrl-C ends the run between two pushes, never within one
            running = subprocess.Popen(  # noqa: S603 - fixed program, no shell
                ["git", *words],  # noqa: S607 - git is looked up like any tool
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as problem:
            if not self._folder.is_dir():
                raise unusable("CSP921", "the store cannot be used: its clone is gone; start again") from problem
            raise unusable("CSP921", f"git cannot be run: {problem.strerror}", hint="install git") from problem
        with running:
            try:
                out, said = running.communicate(data, timeout=timeout)
            except BaseException as problem:
                _end(running)
                if isinstance(problem, subprocess.TimeoutExpired):
                    raise GitFailed(f"timed out after {timeout:.0f} s") from problem
                raise
        if running.returncode not in ok:
            # of a push, why a ref was refused stands where its result does
            raise GitFailed(_tidy(said + b"\n" + out if words[0] == "push" else said or out))
        return out

    def text(self, *words: str, data: bytes | None = None, ok: Sequence[int] = (0,)) -> str:
        """What git printed, as one text without the line's end."""
        return self.run(*words, data=data, ok=ok).decode("utf-8", "replace").strip()


def in_words(problem: GitFailed, shown: str) -> CspdeclError:
    """A remote's refusal as an error of ours, sorted by what is to be done about it."""
    said = problem.said.lower()
    line = _telling(problem.said)
    if any(words in said for words in _UNAUTHORISED):
        text = f"git may not reach the store {shown}: {line}"
        hint = "give this machine or job the right to write to that ref; apply needs it, plan only has to read"
        return NotAuthorised(text, diagnostics=(error("CSP922", text, hint=hint),))
    if any(words in said for words in _REFUSED):
        text = f"the remote of the store {shown} refuses the push: {line}"
        return unusable("CSP924", text, hint="a rule or hook of the server protects this ref: let cspdecl write to it")
    if any(words in said for words in _NOBODY):
        text = f"the remote of the store {shown} does not answer: {line}"
        return TryLater(text, diagnostics=(error("CSP923", text, hint="try again; nothing is lost"),))
    return unusable("CSP921", f"the store {shown} cannot be used: {line}")


def _environment(outer: Mapping[str, str], settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    kept = {name: value for name, value in outer.items() if not name.startswith("GIT_") or _KEPT.fullmatch(name)}
    kept.pop("LANGUAGE", None)
    kept |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    count = int(kept.get("GIT_CONFIG_COUNT") or 0)
    for number, (key, value) in enumerate(settings, start=count):
        kept |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    if settings:
        kept["GIT_CONFIG_COUNT"] = str(count + len(settings))
    return kept


def _end(running: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(running.pid, signal.SIGKILL)  # with its helpers: ssh, remote-https
    except (OSError, AttributeError):
        running.kill()
    running.communicate()


def _tidy(said: bytes) -> str:
    text = "".join(one if one.isprintable() or one == "\n" else " " for one in said.decode("utf-8", "replace"))
    return without_secrets(text).strip()[-2000:]


def _telling(said: str) -> str:
    """The line that says what was wrong, in a length for a message."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    wanted = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "!", "ssh:"))]
    reasons = [line for line in wanted if not line.startswith("error: failed to push some refs")]
    line = next(iter(reasons or wanted or lines), "it says nothing")
    return line if len(line) <= 240 else f"{line[:239]}…"
