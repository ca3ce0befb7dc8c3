"""One comment that is kept up to date: found by a hidden first line, believed only where our own account wrote it.

The line says what the comment shows: the commit and the digest of the saved plan. What was approved is what stood
there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cspdecl_ci.forge import Comment, Forge, Issue

Kind = Literal["plan", "apply", "drift"]
_LINE = re.compile(r"<!-- cspdecl-ci:(plan|apply|drift) key=(\S+)((?: [a-z]+=\S+)*) -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What the hidden line says: what kind of comment, of which project, of which commit and plan.

    `fresh`: the plan was made anew after the merge, and nobody has approved it by merging.
    """

    kind: Kind
    key: str
    commit: str = ""
    digest: str = ""
    fresh: bool = False

    def line(self) -> str:
        """The line itself."""
        more = {"commit": self.commit, "digest": self.digest, "fresh": "yes" if self.fresh else ""}
        facts = "".join(f" {name}={value}" for name, value in more.items() if value)
        return f"<!-- cspdecl-ci:{self.kind} key={self.key}{facts} -->"


def read_marker(body: str) -> Marker | None:
    """The marker in a comment's first line, or None."""
    found = _LINE.fullmatch(body.partition("\n")[0].strip())
    if found is None:
        return None
    facts = dict(part.split("=", 1) for part in found[3].split())
    kind: Kind = found[1]  # type: ignore[assignment]
    commit, digest = facts.get("commit", ""), facts.get("digest", "")
    return Marker(kind=kind, key=found[2], commit=commit, digest=digest, fresh="fresh" in facts)


def key_of(name: str) -> str:
    """A project's folder or name as a word that fits into the line."""
    return re.sub(r"[^A-Za-z0-9._/]+", "_", name).strip("_") or "."


def find_comment(comments: Iterable[Comment], kind: Kind, key: str) -> Comment | None:
    """Our comment of this kind and project: the oldest where there are several."""
    return next((one for one in comments if one.own and _is(one.body, kind, key)), None)


def find_issue(issues: Iterable[Issue], key: str) -> Issue | None:
    """Our issue about drift of this project."""
    return next((one for one in issues if one.own and _is(one.body, "drift", key)), None)


def post(forge: Forge, pull: int, marker: Marker, text: str, *, only_update: bool = False) -> bool:
    """Write the comment, or write it anew. With `only_update` nothing is added where there is none. Says whether."""
    body = fitted(f"{marker.line()}\n{text}", forge.limit)
    there = find_comment(forge.comments(pull), marker.kind, marker.key)
    if there is None and only_update:
        return False
    if there is None:
        forge.add_comment(pull, body)
    elif there.body.rstrip() != body.rstrip():
        forge.change_comment(pull, there, body)
    return True


def fitted(text: str, limit: int) -> str:
    """The text within a host's limit: whole lines, an open block closed, and a word about what was left out."""
    if len(text) <= limit:
        return text
    word = "\n\n… the rest is in the job's log and its artifacts."
    kept = text[: limit - len(word) - 20].rpartition("\n")[0]
    fences = re.findall(r"(?m)^(`{3,}|~{3,})", kept)
    return kept + (f"\n{fences[-1]}" if len(fences) % 2 else "") + word


def fenced(text: str) -> str:
    """Words of a program as a block that nothing inside can end, and in which nobody is mentioned."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.strip()}\n{fence}\n"


def _is(body: str, kind: Kind, key: str) -> bool:
    marker = read_marker(body)
    return marker is not None and (marker.kind, marker.key) == (kind, key)
