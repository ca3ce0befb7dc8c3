"""Consoles on a page, played: each `$` line is run by a shell, what it prints is compared with what the page shows.

A diff block changes the file that was named last. On the page, a line `…` stands for any number of
lines; what no two runs share (ids, hashes, machine time, which customer was done first) is set aside on both sides.
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import Block

Mask = tuple[re.Pattern[str], str]

PORT = "8443"
CUT = "…"
_FILE = re.compile(r"`([\w./-]+\.ya?ml)`")
_PROGRESS = re.compile(r"^(?:reading|applying|recovering)[^:]*: [\d,]+ of [\d,]+, .* a second.*$")
_DONE = re.compile(r"^(?:  [\w-]+(?:/[\w-]+)*|[a-z]+(?:-[a-z]+)+): ")
_MASKS: tuple[Mask, ...] = (
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\bhead [0-9a-f]{16}\b"), "head <hash>"),
    (re.compile(r"https://127\.0\.0\.1:\d+"), "https://127.0.0.1:<port>"),
    # the ledger's list shows when we learned of a change, and that is the machine's time
    (re.compile(r"^( +\d+  )\d{4}-\d\d-\d\d \d\d:\d\d"), r"\1<recorded>"),
)


@dataclass(slots=True)
class Player:
    """A shell that plays a page: where it stands, what it exports, how the last command ended, which file was named
    last, what runs behind it."""

    folder: Path
    environment: dict[str, str]
    port: str = ""
    last: int = 0
    file: str = ""
    behind: list[subprocess.Popen[str]] = field(default_factory=list)

    def change(self, block: Block) -> None:
        """Carry out a diff block: its removed lines, which stand in the file once, become its added lines."""
        self.file = [self.file, *_FILE.findall(block.before)][-1]
        path = self.folder / self.file
        old, new = (
            "".join(line[1:] + "\n" for line in block.text.splitlines() if line[0] in signs) for signs in ("- ", "+ ")
        )
        old, new, text = (part.replace(PORT, self.port) for part in (old, new, path.read_text("utf-8")))
        assert 1 == text.count(old), f"{block.page.name}:{block.line}: not in {path.name}"
        path.write_text(text.replace(old, new), "utf-8")

    def run(self, command: str) -> list[str]:
        """One command as typed; what it printed, in lines."""
        command = command.replace(PORT, self.port)
        self.last, before = 0, self.last
        if command.startswith("cd "):
            self.folder = (self.folder / command[3:]).resolve()
            return []
        if command.startswith("export "):
            name, _, value = command[7:].partition("=")
            self.environment[name] = value
            return []
        if command == "echo $?":
            self.last = before
            return [str(before)]
        if command == "kill %1":
            self.stop()
            return []
        if command.endswith("&"):
            return self._start(command.removesuffix("&").strip())
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.last = done.returncode
        return [line for line in done.stdout.splitlines() if not _PROGRESS.match(line)]

    def _start(self, command: str) -> list[str]:
        """Something that goes on behind the page. It has begun when its port answers."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.behind.append(process)
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(self.port))) == 0:
                    return []
            time.sleep(0.05)
        self.behind.remove(process)
        raise AssertionError(f"{command} ended at once: {process.communicate()[0]}")

    def stop(self) -> None:
        """End what runs behind."""
        for process in self.behind:
            process.send_signal(signal.SIGTERM)
            process.communicate()
        self.behind.clear()


def player(folder: Path, more: Mapping[str, str] | None = None) -> Player:
    """A shell in `folder` with this environment's programs, no colours, and a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    keep = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ}
    programs = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**keep, "PATH": programs, "NO_COLOR": "1", "TERM": "dumb", "PYTHONUTF8": "1", **(more or {})}
    return Player(folder=folder, environment=environment, port=port)


def steps(block: Block) -> list[tuple[str, list[str]]]:
    """A console block as commands, each with the lines shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append((re.sub(r"\s+# .*$", "", line[2:]), []))
        else:
            found[-1][1].append(line)
    return found


def play(block: Block, shell: Player, more: Sequence[Mask] = ()) -> tuple[str, list[str]]:
    """Run a console block. Answers with the block as it would read now, and with what differs from the page.

    `more` is masked on both sides besides what is always. An exit code is compared where the page shows one.
    """
    now: list[str] = []
    differences: list[str] = []
    shown = [line for line in block.text.replace("\\\n", " ").splitlines() if line.startswith("$ ")]
    for (command, expected), line in zip(steps(block), shown, strict=True):
        printed = [text.replace(shell.port, PORT) for text in shell.run(command)]
        if any(text.startswith("(exit code") for text in expected):
            printed.append(f"(exit code {shell.last})")
        now += [line, *printed]
        if not fits(settled(expected, more), settled(printed, more)):
            differences += [f"$ {command}", *(f"  page: {text}" for text in expected)]
            differences += [f"   now: {text}" for text in printed]
    return "\n".join(now) + "\n", differences


def settled(lines: Sequence[str], more: Sequence[Mask] = ()) -> list[str]:
    """Lines without what no two runs share. Customers are worked on side by side: what was done goes by customer."""
    found: list[str] = []
    for done, run in itertools.groupby(lines, lambda line: bool(_DONE.match(line))):
        group = list(run)
        found += sorted(group, key=lambda line: line.split(":")[0].split("/")[0]) if done else group
    for pattern, word in (*_MASKS, *more):
        found = [pattern.sub(word, line) for line in found]
    return [line.rstrip() for line in found]


def fits(page: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether the page's lines are the printed ones, in order and all of them; `…` stands for any that are left out."""
    if not page:
        return not printed
    first, rest = page[0], page[1:]
    if first.strip() == CUT:
        return any(fits(rest, printed[skip:]) for skip in range(len(printed) + 1))
    return bool(printed) and first == printed[0] and fits(rest, printed[1:])
