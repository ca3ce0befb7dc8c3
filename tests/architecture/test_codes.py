"""Every diagnostic code is explained, and nothing is explained that does not exist."""

from __future__ import annotations

import ast
import re

from tests.architecture.source import ROOT, all_modules, inside

PAGES = ROOT / "docs/reference/codes"
CODE = re.compile(r"\bCSP\d{3}\b")


def codes_in_use() -> list[str]:
    """Codes in string literals of the product and its provider plugins; docstrings are prose and do not count."""
    found: set[str] = set()
    for module in all_modules():
        if inside(module.name, "cspdecl_simulator"):
            continue
        tree = module.tree()
        prose = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                found |= set(CODE.findall(node.value))
    return sorted(found)


def test_every_code_has_a_page():
    """`cspdecl explain CODE` has something to show for each code: a page that opens with the code."""
    pages = {path.stem: path.read_text("utf-8") for path in PAGES.glob("CSP*.md")}

    assert [] == [code for code in codes_in_use() if not pages.get(code, "").startswith(f"# {code}")]


def test_no_page_outlives_its_code():
    """A page whose code nothing reports any more is removed with it."""
    pages = {path.stem for path in PAGES.glob("CSP*.md")}

    assert set() == pages - set(codes_in_use())
