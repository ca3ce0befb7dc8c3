"""What a module offers: `__all__` tells the truth, and a name with an underscore stays at home."""

from __future__ import annotations

import ast
import importlib

import pytest

from tests.architecture.source import PACKAGES, Module, all_modules, inside

declaring = [
    module
    for module in all_modules()
    if any(
        isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets)
        for node in module.tree().body
    )
]


def private_imports(module: Module) -> list[str]:
    """Names with a leading underscore that this module takes from another module of ours."""
    return [
        f"{module.place}:{node.lineno} {node.module}.{alias.name}"
        for node in ast.walk(module.tree())
        if isinstance(node, ast.ImportFrom) and (node.level or inside(node.module or "", *PACKAGES))
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]


def test_declared_exports_exist():
    """Every name in an `__all__` exists, once, and is public."""
    for module in declaring:
        offered = importlib.import_module(module.name)

        assert len(offered.__all__) == len(set(offered.__all__)), module.name
        assert [] == [name for name in offered.__all__ if not hasattr(offered, name)], module.name
        assert [] == [name for name in offered.__all__ if name.startswith("_") and not name.startswith("__")], (
            module.name
        )


def test_private_names_stay_in_their_module():
    """No module imports another's `_private` name: what two modules need is public, or belongs in one of them."""
    assert [] == [found for module in all_modules() for found in private_imports(module)]


@pytest.mark.parametrize("package", ["cspdecl", "cspdecl_partner_center", "cspdecl_postgres", "cspdecl_simulator"])
def test_packages_ship_their_types(package: str):
    """Each package carries the marker that makes its annotations count for those who use it."""
    assert (PACKAGES[package] / package / "py.typed").is_file()
