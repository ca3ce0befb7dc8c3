"""Who may import whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT, all_modules, inside


def test_every_import_contract_is_kept():
    """Layers, strangers among plugins and the simulator's independence hold (contracts: pyproject.toml, [tool.importlinter])."""
    script = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([script, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    words = [line for line in (run.stdout + run.stderr).splitlines() if not set(line) & set("═║╔╗╚╝─┘▲")]
    complaints = words if run.returncode else []

    assert [] == complaints


def test_httpx_is_imported_by_one_module():
    """`import httpx` stands in one module, so that moving to its maintained fork is a one-line change (decision 0001)."""
    importers = [module.place for module in all_modules() if any(inside(name, "httpx") for name in module.imports())]

    assert len(importers) <= 1, importers


def test_product_never_names_a_plugin():
    """No module of the product holds the name of a plugin's package: plugins are found by entry point."""
    named = [
        module.place
        for module in all_modules()
        if inside(module.name, "cspdecl")
        and ("cspdecl_partner_center" in (text := module.path.read_text("utf-8")) or "cspdecl_simulator" in text)
    ]

    assert [] == named
