"""What decides and renders touches nothing: no file, no socket, no clock, no thread, no chance."""

from __future__ import annotations

import sys

import pytest

from tests.architecture.source import Module, all_modules, inside, modules

PURE = (
    "cspdecl.core",
    "cspdecl.commerce",
    "cspdecl.planning",
    "cspdecl.billing",
    "cspdecl.report",
    "cspdecl.manifest",
    "cspdecl.engine.retry",
)
# The shell inside otherwise pure packages. The catalogue reads texts that are part of the installed package, once and
# the same in every run, as an import reads code.
SHELL = (
    "cspdecl.manifest.files", "cspdecl.manifest.cache", "cspdecl.manifest.load", "cspdecl.manifest.schema",
    "cspdecl.billing.schema", "cspdecl.planning.schema", "cspdecl.report.drift_schema", "cspdecl.commerce.rules",
    "cspdecl.report.catalogue",
)  # fmt: skip

WORLD = {
    "asyncio", "concurrent", "ctypes", "fcntl", "fileinput", "ftplib", "getpass", "glob", "http", "httpx", "importlib",
    "io", "logging", "mmap", "msal", "multiprocessing", "os", "pathlib", "platform", "pwd", "random", "requests",
    "secrets", "select", "selectors", "shutil", "signal", "smtplib", "socket", "socketserver", "sqlite3", "ssl",
    "subprocess", "sys", "tempfile", "threading", "time", "urllib.request", "urllib3",
}  # fmt: skip
# A buffer in memory, a path as a name, parts of an address, and the collector's switch around a bulk load are no I/O.
HARMLESS = {"io.StringIO", "io.BytesIO", "pathlib.PurePath", "pathlib.PurePosixPath", "sys.intern"}
CALLS = {"open", "print", "input", "breakpoint", "exec", "eval", "__import__"}

pure_modules = [m for m in all_modules() if inside(m.name, *PURE) and not inside(m.name, *SHELL)]


@pytest.mark.parametrize("module", pure_modules, ids=lambda module: module.name)
def test_pure_module_does_no_io(module: Module):
    """A pure module imports nothing that could read, write, wait or roll dice, and calls no builtin that does."""
    imported = {name for name in module.imports() if inside(name, *WORLD)} - HARMLESS
    called = module.called_names() & CALLS

    assert (set(), set()) == (imported, called)


def test_simulated_world_does_no_io():
    """The simulator's world is a function of (world, request, now): its storage and server stand outside.

    It may read the data files of its own package and draw from a generator it is handed.
    """
    found = {
        f"{module.name} → {name}"
        for module in modules("cspdecl_simulator")
        if inside(module.name, "cspdecl_simulator.world")
        for name in module.imports()
        if inside(name, *WORLD - {"importlib", "random"}) and name not in HARMLESS
    }

    assert set() == found


def test_core_needs_the_standard_library_only():
    """Core imports itself and the standard library, so that plugins carry no dependency for speaking our values."""
    foreign = {
        f"{module.name} → {name}"
        for module in all_modules()
        if inside(module.name, "cspdecl.core", "cspdecl.spi")
        for name in module.imports()
        if name.partition(".")[0] not in sys.stdlib_module_names | {"cspdecl"}
    }

    assert set() == foreign
