"""Where a declaration can be looked at: the file's path in the repository, its line, and an address where one is known.

An address is the base, the path and the line; Azure DevOps has a form of its own. A plan that was just made asks its
files for lines; one that was saved carries them in the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cspdecl.core.diagnostics import Origin
from cspdecl.core.operation import Plan

Place = Callable[[Origin], "tuple[int, int] | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """`base`: address below which files stand, without a slash at its end, None where there is none · `folder`: the
    project's folder in its repository, "" or with a slash at its end · `place`: line and column of an origin."""

    base: str | None = None
    folder: str = ""
    place: Place = lambda _origin: None

    def path(self, origin: Origin) -> str:
        """The file's path in the repository."""
        return self.folder + origin.file

    def address(self, origin: Origin | None) -> str | None:
        """An address to click, or None."""
        if origin is None or self.base is None:
            return None
        # a file's name is bytes: what is no UTF-8 in it came in as surrogates
        found, path = self.place(origin), quote(self.path(origin).encode("utf-8", "surrogateescape"))
        if "?" in self.base:  # Azure DevOps: …/_git/NAME?version=GC…
            line = f"&line={found[0]}&lineEnd={found[0]}&lineStartColumn=1&lineEndColumn=200" if found else ""
            return f"{self.base}&path=/{path}{line}"
        return f"{self.base}/{path}" + (f"#L{found[0]}" if found else "")


NO_LINKS = Links()


def link_base_of(environment: Mapping[str, str]) -> str | None:
    """Where GitHub, GitLab or Azure DevOps shows the files of the commit that is being built; None elsewhere.

    Sources: GitHub "Variables", GitLab "Predefined CI/CD variables", Azure DevOps "Use predefined variables" (2026).
    """
    get = environment.get
    if get("GITHUB_REPOSITORY") and get("GITHUB_SHA"):
        return f"{get('GITHUB_SERVER_URL') or 'https://github.com'}/{get('GITHUB_REPOSITORY')}/blob/{get('GITHUB_SHA')}"
    if get("CI_PROJECT_URL") and get("CI_COMMIT_SHA"):
        return f"{get('CI_PROJECT_URL')}/-/blob/{get('CI_COMMIT_SHA')}"
    if get("TF_BUILD") and get("BUILD_REPOSITORY_URI") and get("BUILD_SOURCEVERSION"):
        return f"{get('BUILD_REPOSITORY_URI')}?version=GC{get('BUILD_SOURCEVERSION')}"
    return None


def saved_places(plan: Plan, document: Mapping[str, Any]) -> Place:
    """Lines and columns as a saved document has them, by the origins of its operations."""
    lines: dict[str, tuple[int, int]] = {}
    for change in document.get("resource_changes", ()):
        source = change.get("source", {})
        if isinstance(source.get("line"), int) and isinstance(source.get("column"), int):
            lines[change["address"]] = (source["line"], source["column"])
    known = {
        operation.origin: lines[str(operation.address)]
        for operation in plan.operations
        if operation.origin is not None and str(operation.address) in lines
    }
    return known.get
