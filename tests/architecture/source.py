"""The source tree as data: which modules there are, what each imports and calls, read from the text without importing it."""

from __future__ import annotations

import ast
import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# package → folder that holds it
PACKAGES = {
    "cspdecl": ROOT,
    "cspdecl_ci": ROOT / "plugins/cspdecl-ci/src",
    "cspdecl_partner_center": ROOT / "plugins/cspdecl-partner-center/src",
    "cspdecl_postgres": ROOT / "plugins/cspdecl-postgres/src",
    "cspdecl_simulator": ROOT / "plugins/cspdecl-simulator/src",
}
NOT_OURS = {".git", ".venv", ".venv-bench", "__pycache__", "build", "demo", "dist", ".cspdecl"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One Python file of the product, by its dotted name."""

    name: str
    path: Path

    @property
    def place(self) -> str:
        """Path from the root, as a person would name it."""
        return self.path.relative_to(ROOT).as_posix()

    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return parsed(self.path)

    def imports(self) -> set[str]:
        """Dotted names of what is taken from elsewhere, anywhere in it: `from io import StringIO` is `io.StringIO`.

        So is `import io` where `io.StringIO` is all that is used of it.
        """
        used: dict[str, set[str]] = {}
        for node in ast.walk(self.tree()):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used.setdefault(node.value.id, set()).add(node.attr)
        found: set[str] = set()
        for node in ast.walk(self.tree()):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    parts = used.get(alias.asname or alias.name, set())
                    found |= {f"{alias.name}.{part}" for part in parts} or {alias.name}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return found

    def called_names(self) -> set[str]:
        """Names called directly: `open(…)`, not `path.open(…)`."""
        calls = (node.func for node in ast.walk(self.tree()) if isinstance(node, ast.Call))
        return {func.id for func in calls if isinstance(func, ast.Name)}


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file, read once a run."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


@functools.cache
def modules(package: str) -> tuple[Module, ...]:
    """Every module of a package, plugins included, in order."""
    base = PACKAGES[package]
    found = []
    for path in sorted((base / package).rglob("*.py")):
        parts = path.relative_to(base).with_suffix("").parts
        found.append(Module(name=".".join(parts).removesuffix(".__init__"), path=path))
    return tuple(found)


def all_modules() -> tuple[Module, ...]:
    """Every module that is shipped: the product and its plugins."""
    return tuple(module for package in PACKAGES for module in modules(package))


def inside(module: str, *packages: str) -> bool:
    """Whether a dotted name is one of these packages or stands below one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@functools.cache
def project_files() -> tuple[Path, ...]:
    """Files that belong to the project: what git tracks or would track; in an unpacked archive, what is there."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        names = [Path(name) for name in listing.stdout.decode().split("\0") if name]
    else:
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
        names = [name for name in names if not NOT_OURS & set(name.parts)]
    return tuple(sorted(name for name in names if (ROOT / name).is_file()))
