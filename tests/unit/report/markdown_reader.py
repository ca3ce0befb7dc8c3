"""Markdown as a platform would read it: a GFM parser's tables, folded blocks, links and tags, for comparing with."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

JOINER = "\u2060"
OUR_TAGS = re.compile(
    r"<!-- cspdecl:plan key=[\w.-]+ digest=[\w.-]+ -->|</?details>|</?summary>|</?b>|<br>|</?sub>", re.ASCII
)


@dataclass
class Read:
    """What was found: cells as text by table, addresses of links, tags (ours taken out), headings, all text."""

    tables: list[list[list[str]]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)

    @property
    def cells(self) -> list[str]:
        """Every cell of every table."""
        return [cell for table in self.tables for row in table for cell in row]


def parser() -> MarkdownIt:
    """GFM: tables, strikethrough, addresses that become links by themselves; raw tags are read as tags."""
    made = MarkdownIt("gfm-like", {"html": True, "linkify": True})
    assert made.linkify is not None
    made.linkify.set({"fuzzy_link": False, "fuzzy_email": True})
    return made


def read_markdown(text: str) -> Read:
    """The text, parsed."""
    out = Read()
    tokens = parser().parse(text)
    for index, token in enumerate(tokens):
        out.kinds.add(token.type)
        if token.type == "table_open":
            out.tables.append([])
        elif token.type == "tr_open":
            out.tables[-1].append([])
        elif token.type == "html_block":
            _tags(out, token.content)
        elif token.type == "inline":
            shown = _inline(out, token)
            if tokens[index - 1].type in ("td_open", "th_open"):
                out.tables[-1][-1].append(shown)
            elif tokens[index - 1].type == "heading_open":
                out.headings.append(shown)
            out.texts.append(shown)
    return out


def _inline(out: Read, token: Token) -> str:
    shown = []
    for child in token.children or ():
        out.kinds.add(child.type)
        if child.type == "link_open":
            out.links.append(str(child.attrs["href"]))
        elif child.type == "html_inline":
            _tags(out, child.content)
            shown.append("\n" if child.content == "<br>" else "")
        else:
            shown.append(child.content)
    return "".join(shown).replace(JOINER, "")


def _tags(out: Read, content: str) -> None:
    for inner in re.findall(r"<summary>(.*?)</summary>", content):
        words = html.unescape(re.sub(r"</?b>", "", inner))
        out.summaries.append(words.replace(JOINER, ""))
        out.texts.append(words)
    rest = OUR_TAGS.sub("", content)
    out.foreign += re.findall(r"<[^\s<>][^<>]*>?", rest)
