"""The tests themselves: each says what it claims, none leaves the machine, none is skipped without need."""

from __future__ import annotations

import ast
import os
import re
import socket

import pytest

from tests.architecture.source import ROOT, parsed
from tests.conftest import OffMachineError

FILES = sorted((ROOT / "tests").rglob("test_*.py")) + sorted((ROOT / "tests").rglob("*_test.py"))
SKIPS = re.compile(r"pytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_test_states_its_claim(path):
    """A test's docstring is the claim it proves."""
    tests = [
        node
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]

    assert [] == [f"{path.name}:{test.lineno} {test.name}" for test in tests if not ast.get_docstring(test)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_only_missing_reference_material_skips(path):
    """A test is skipped only where it reads the reference material beside the project and that is absent."""
    text = path.read_text("utf-8")

    assert "test_tests.py" == path.name or not SKIPS.search(text) or "shared" in text


def test_nothing_leaves_this_machine():
    """A connection or a look-up beyond loopback fails as a test failure, whatever code tried it."""
    with pytest.raises(OffMachineError, match="loopback"):
        socket.create_connection(("192.0.2.1", 443), timeout=1)
    with pytest.raises(OffMachineError, match="loopback"), socket.socket() as sock:
        sock.connect(("192.0.2.1", 443))
    with pytest.raises(OffMachineError, match="loopback"):
        socket.getaddrinfo("partner.example", 443)


def test_the_runner_has_no_say():
    """Variables that colour output, mark CI or point at proxies do not reach tests or the processes they start."""
    assert set() == {"CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "HTTPS_PROXY"} & set(os.environ)
