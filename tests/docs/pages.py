"""Documentation as data: pages, their fenced blocks, their links, the commands they mention."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.source import ROOT, project_files

_FENCE = re.compile(r"^(?P<margin> *)```(?P<language>[a-z]*)\n(?P<text>.*?)^(?P=margin)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_INLINE = re.compile(r"(?<!`)`(cspdecl [^`]+)`(?!`)")
PROSE = ("README.md", "CONTRIBUTING.md", "docs/", "changelog.d/", "manifests/", "pipelines/", "plugins/", "policy/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: its language, text, place in the page, and the prose between it and the block before."""

    page: Path
    language: str
    text: str
    start: int
    before: str
    line: int


def pages() -> list[Path]:
    """Every Markdown page that people read."""
    names = [name.as_posix() for name in project_files()]
    return sorted(ROOT / name for name in names if name.endswith(".md") and name.startswith(PROSE))


def blocks(page: Path, language: str | None = None) -> Iterator[Block]:
    """The fenced blocks of a page, in order; one language or all."""
    text, seen = page.read_text("utf-8"), 0
    for match in _FENCE.finditer(text):
        if language in (None, match["language"]):
            yield Block(
                page=page,
                language=match["language"],
                text=textwrap.dedent(match["text"]) if match["margin"] else match["text"],
                start=match.start("text"),
                before=text[seen : match.start()],
                line=text.count("\n", 0, match.start()) + 1,
            )
        seen = match.end()


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def links(page: Path) -> list[str]:
    """What the page links to, outside of blocks."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The names that a page's headings can be linked by, as code hosts make them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower()).replace(" ", "-")
        for heading in _HEADING.findall(prose(page))
    }


def commands(page: Path) -> Iterator[str]:
    """Command lines of `cspdecl` that the page tells people to type, in console blocks and in running text."""
    for block in blocks(page, "console"):
        for line in block.text.replace("\\\n", " ").splitlines():
            if line.startswith("$ cspdecl "):
                yield re.split(r"[|>&#]", line[2:])[0].strip()
    for text in _INLINE.findall(prose(page).replace("\n", " ")):
        yield text.strip()
