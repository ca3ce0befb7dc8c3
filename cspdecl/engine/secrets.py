"""Secrets from where the manifest points: an environment variable, a file, or the output of a command.

Values pass through and are not kept; every message names the source, never what it held.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cspdecl.core.errors import ConfigurationError, NotAuthorised

_COMMAND_SECONDS = 60


class ProjectSecrets:
    """Secrets of one project; relative files are looked up from its root."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def resolve(self, path: str) -> str:
        """A path from a manifest, absolute."""
        return str((self._root / Path(path).expanduser()).absolute())

    def read(self, source: Mapping[str, object]) -> str:
        """The secret, without its final newline. Raises NotAuthorised where it is missing or empty."""
        kind, where = _only(source)
        if kind == "env":
            value = os.environ.get(str(where), "")
            said = f"environment variable {where}"
        elif kind == "file":
            said = f"file {where}"
            try:
                value = Path(self.resolve(str(where))).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as problem:
                reason = getattr(problem, "strerror", None) or "not text"
                raise NotAuthorised(f"the secret in {said} cannot be read: {reason}") from None
        else:
            value, said = self._run(where)
        value = value.rstrip("\r\n")
        if not value:
            raise NotAuthorised(f"the secret in {said} is missing or empty")
        return value

    def write(self, target: Mapping[str, object], value: str) -> None:
        """Replace the secret in a file atomically, mode 0600, on disk before this returns."""
        kind, where = _only(target)
        if kind != "file":
            raise ConfigurationError(f"a secret can be written to a file only, not to `{kind}`")
        path = Path(self.resolve(str(where)))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(value + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as problem:
            raise ConfigurationError(f"cannot write a secret to file {where}: {problem.strerror}") from None

    def _run(self, where: object) -> tuple[str, str]:
        words = [str(word) for word in where] if isinstance(where, Sequence) and not isinstance(where, str) else []
        if not words:
            raise ConfigurationError("a secret's `command` is a list of words, such as [pass, show, partner-center]")
        said = f"the output of `{words[0]}`"
        try:
            done = subprocess.run(  # noqa: S603 - the command is the project's own, without a shell
                words, cwd=self._root, capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            raise NotAuthorised(f"the secret in {said} cannot be read: the command did not run to its end") from None
        if done.returncode:
            raise NotAuthorised(f"the secret in {said} cannot be read: the command ended with {done.returncode}")
        return done.stdout, said


def _only(source: Mapping[str, object]) -> tuple[str, object]:
    known = [(kind, source[kind]) for kind in ("env", "file", "command") if kind in source]
    if len(known) != 1 or len(source) != 1:
        raise ConfigurationError("a secret comes from exactly one of `env`, `file` and `command`")
    return known[0]
