"""Pages that ship with the program: explanations of codes, schemas, the starter project.

In an installed wheel they lie inside the package, in a checkout beside it.
"""

from __future__ import annotations

import re
from pathlib import Path

from cspdecl.core.errors import ConfigurationError

_REMARK = re.compile(r"^<!-- .* -->\n", re.MULTILINE)
_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(inside: str, beside: str) -> Path:
    """A folder of shipped files: `inside` the package, or `beside` it in a checkout."""
    for folder in (_PACKAGE / inside, _PACKAGE.parent / beside):
        if folder.is_dir():
            return folder
    raise ConfigurationError(f"this installation is incomplete: `{inside}` is missing")


def code_pages() -> dict[str, str]:
    """Every diagnostic code with its page, in order, without the directions to whoever plays its example."""
    folder = shipped("codes", "docs/reference/codes")
    return {path.stem: _REMARK.sub("", path.read_text(encoding="utf-8")) for path in sorted(folder.glob("CSP*.md"))}


def schemas() -> dict[str, Path]:
    """Every schema by its name, such as "customer"."""
    folder = shipped("schemas", "schemas")
    return {path.name.split(".")[0]: path for path in sorted(folder.glob("*.json"))}
