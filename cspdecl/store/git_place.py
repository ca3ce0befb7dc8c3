"""Where a git store is: `git:PLACE[#REF]` read, and the address git is given for it.

PLACE is `.` (the remote `origin` of the repository that holds the project), an address that git knows, or a path
relative to the project. REF is a full name, `refs/…`, or a name below `refs/cspdecl/` (docs/decisions/0010).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cspdecl.core.digest import sha256
from cspdecl.core.store_place import holds_secret, without_secrets
from cspdecl.spi.keeping import unusable
from cspdecl.store.git_run import Git, GitFailed

DEFAULT_REF = "refs/cspdecl/store"
_REF = re.compile(r"refs/(?!pull/|merge-requests/|remotes/)[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)+")
_ADDRESS = re.compile(r"(https?|ssh|git|file)://.+|[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:.+")
# settings of the project's repository that say how its remote is reached: a CI checkout keeps its token there
_REACHING = ("http.", "credential.", "core.sshcommand", "core.askpass", "url.", "ssh.", "protocol.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitPlace:
    """A ref of a repository. `address` is what git is given, `shown` what people are; `settings` go with it."""

    address: str
    ref: str
    shown: str
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def notes(self) -> str:
        """The ref that notes are kept on: losing them costs nothing, so they never stand in the store's way."""
        return f"{self.ref}-notes"

    @property
    def folder(self) -> str:
        """A folder's name for what is kept of it here."""
        return sha256(f"{without_secrets(self.address)}#{self.ref}")[:16]


def find_place(url: str, root: Path) -> GitPlace:
    """The place that `store: git:…` names. Raises ConfigurationError where it names none."""
    if holds_secret(url):
        raise unusable(
            "CSP918", "`store` holds a password", hint="git brings its own credentials: leave it out, and replace it"
        )
    location, _hash, name = url.removeprefix("git:").partition("#")
    ref = name if name.startswith("refs/") else f"refs/cspdecl/{name}" if name else DEFAULT_REF
    if not _REF.fullmatch(ref) or ".." in ref or any(part.endswith((".", ".lock")) for part in ref.split("/")):
        raise unusable("CSP920", f"`{name}` is no ref to keep a store on", hint="write `#refs/cspdecl/NAME`")
    if location == ".":
        return _own(root, ref)
    if _ADDRESS.fullmatch(location):
        return GitPlace(address=location, ref=ref, shown=f"{without_secrets(location)}#{ref}")
    if "::" in location or location.startswith("-") or not location:
        raise unusable(
            "CSP920", f"`{location}` is no place for a git store", hint="write `git:.`, `git:ADDRESS` or `git:PATH`"
        )
    return GitPlace(address=str((root / location).resolve()), ref=ref, shown=f"{location}#{ref}")


def _own(root: Path, ref: str) -> GitPlace:
    git = Git(root)
    try:
        address = git.text("remote", "get-url", "--push", "origin")
        top = git.text("rev-parse", "--show-toplevel")
        listed = git.run("config", "--local", "--includes", "--list", "-z").decode("utf-8", "surrogateescape")
        out = git.text("symbolic-ref", "--quiet", "HEAD", ok=(0, 1))
    except GitFailed as problem:
        raise unusable(
            "CSP920",
            "`git:.` is the remote `origin` of the repository that holds the project, and there is none",
            hint="add a remote, or write `git:ADDRESS`",
        ) from problem
    if out == ref:
        raise unusable(
            "CSP920",
            f"`{ref}` is checked out here: a store has a ref of its own",
            hint="leave the part after # out, or write `#refs/cspdecl/NAME`",
        )
    if not _ADDRESS.fullmatch(address):
        address = str((Path(top) / address).resolve())
    pairs = (item.partition("\n") for item in listed.split("\0") if item)
    settings = tuple((key, value) for key, _line, value in pairs if key.lower().startswith(_REACHING))
    return GitPlace(address=address, ref=ref, shown=f"origin#{ref}", settings=settings)
