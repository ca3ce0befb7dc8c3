"""The command line as a process: a project on the provider in memory, whose world lives in a file beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from cspdecl.testing.estate import Estate, plugin_folder
from cspdecl.testing.world import World
from tests.unit.cli.warm import WARM
from tests.unit.engine.estates import estate_of, world_of

ROOT = Path(__file__).resolve().parents[3]
# What an interpreter reads when it starts: with these it is started, and so it is where what children reach is measured.
_EARLY = ("PYTHON", "LC_", "LANG")
_MEASURED = {"COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"}


class Project:
    """A project that a process of its own can work on."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.root = folder / "project"
        self.world_file = folder / "world.json"
        self.world: World = world_of(self.world_file)
        self.estate: Estate = estate_of(self.root, self.world, world=str(self.world_file), **settings)
        self._plugins = plugin_folder(folder / "plugins")

    def environment(self, **more: str) -> dict[str, str]:
        """What the process sees: our environment, and the plugin named `memory`."""
        return {**os.environ, "PYTHONPATH": f"{self._plugins}{os.pathsep}{ROOT}", **more}

    def words(self, *words: str) -> list[str]:
        """The command with its interpreter."""
        return [sys.executable, "-m", "cspdecl", "-C", str(self.root), *words]

    def run(self, *words: str, wrapped: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a verb to its end, nobody at a terminal; `wrapped` through `bash -e`, as CI does."""
        command = self.words(*words)
        if not wrapped and not _MEASURED & {*os.environ} and not any(name.startswith(_EARLY) for name in environment):
            given = self.environment(**environment)
            code, out, err = WARM.run(command[3:], given, self.root, self.world_file.parent)
            return subprocess.CompletedProcess(command, code, out, err)
        if wrapped:
            command = ["bash", "-e", "-c", '"$@"; echo went on', "bash", *command]
        return subprocess.run(
            command, env=self.environment(**environment), capture_output=True, text=True, timeout=100, check=False,
            stdin=subprocess.DEVNULL, cwd=self.root,
        )  # fmt: skip
