"""The other side of a preview: the manifests of the commit a change is compared with, laid out in a folder of its own.

Nothing is checked out and no hook, filter or attribute of the repository has a say: the files are written as git keeps
them. Links and submodules are not followed, and said. The base is the merge base, so that a branch that is behind is
not shown what others merged meanwhile as its own doing; only the guardrails are read from the reference's tip as well.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from cspdecl.commerce.prices import market_of
from cspdecl.core.diagnostics import Diagnostic, Severity, error, warning
from cspdecl.core.errors import CspdeclError, ManifestError
from cspdecl.engine.provenance import changed_files, git_bytes
from cspdecl.manifest.cache import Cache
from cspdecl.manifest.files import IGNORE_FILE, MAX_BYTES
from cspdecl.manifest.load import Loaded, load_manifests
from cspdecl.store.pricefiles import load_price_book

if TYPE_CHECKING:
    from datetime import datetime

    from cspdecl.core.catalog import OfferKey
    from cspdecl.core.desired import DesiredState
    from cspdecl.core.project import Guardrails, PriceBook, Project
    from cspdecl.engine.session import Session

_SUFFIXES = (".yaml", ".yml")
# Git takes a tag before a branch of the same name: whoever may push a tag `origin/main` would choose the base.
_KINDS = ("remotes", "heads", "tags")
_STEPS = re.compile(r"[~^]|@\{")
_IDENT = re.compile("[0-9a-f]{40,64}")
_HINT = "fetch the whole history (in CI: `fetch-depth: 0`), and name a branch, tag or commit this clone knows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What was declared before the change. `reference` is what was asked for, `commit` the merge base with it.

    `files` are those the change touches, the work tree included. `desired` None: the manifests there are not valid,
    and `diagnostics` says so; `nothing`: there was no manifest yet. `tip`: the guardrails at the reference's own tip;
    `unknown_limits`: there is a project there, and it cannot be read.
    """

    reference: str
    commit: str
    head: str
    root: Path
    files: tuple[str, ...]
    project: Project | None
    desired: DesiredState | None
    nothing: bool
    diagnostics: tuple[Diagnostic, ...]
    tip: Guardrails | None = None
    unknown_limits: bool = False

    @property
    def guardrails(self) -> tuple[Guardrails, ...]:
        """The guardrails that were in force without the change, so that it cannot switch them off."""
        there = [self.project.guardrails] if self.project is not None else []
        return (*there, *([self.tip] if self.tip is not None and self.tip not in there else []))


def open_base(session: Session, reference: str) -> Base:
    """The base of a change. Raises CspdeclError where git cannot tell. The folder goes when the session is closed."""
    root, now = session.root, session.clock.now()
    tip = _commit(root, reference)
    head = _commit(root, "HEAD")
    base = git_bytes(root, "merge-base", tip, head)
    if base is None:
        raise _unknown(f"`{reference}` and what is checked out have no common history here", "CSP701")
    commit = base.decode().strip()
    session.load()  # first, so that its cache is there for the base as well
    loaded, found = _load(session, commit, now)
    there = _load(session, tip, now)[0] if tip != commit else loaded
    tip_project = there.project if there is not None else None
    return Base(
        reference=reference,
        commit=commit,
        head=head,
        root=loaded.root if loaded is not None else root,
        files=changed_files(root, commit),
        project=loaded.project if loaded is not None else None,
        desired=loaded.desired if loaded is not None else None,
        nothing=loaded is None,
        diagnostics=found,
        tip=tip_project.guardrails if tip_project is not None else None,
        unknown_limits=tip_project is None and _speaks_of_a_project(session.root, tip),
    )


def load_at(session: Session, commit: str) -> Loaded | None:
    """The manifests of a commit as far as they can be read, laid out like a base; None where there are none."""
    session.load()
    return _load(session, commit, session.clock.now())[0]


def _speaks_of_a_project(root: Path, commit: str) -> bool:
    """Whether a commit holds a project, be it broken or behind a link; other people's YAML is none."""
    told = git_bytes(root, "grep", "-l", "-z", "--text", "-E", "^ *kind: *[\"']?Project", commit, "--", ".")
    return bool(told)


class _Known(Cache):
    """The cache of the work tree, asked and not written: what the base has and the change has not is not kept."""

    def save(self) -> None:
        """Nothing."""


def _load(session: Session, commit: str, now: datetime) -> tuple[Loaded | None, tuple[Diagnostic, ...]]:
    """The manifests of a commit, or None where there are none, with what is to be said about them."""
    folder = Path(tempfile.mkdtemp(prefix="cspdecl-base-"))
    session.when_closed(lambda: shutil.rmtree(folder, ignore_errors=True))
    linked = write_manifests(session.root, commit, folder)
    found = [_not_followed(commit, linked)] if linked else []
    try:
        loaded = load_manifests(folder, now=now, cache=_Known(session.root / ".cspdecl" / "cache"))
    except ManifestError as problem:
        if any(item.code == "CSP103" for item in problem.diagnostics):
            return None, tuple(found)
        raise
    if loaded.desired is None:
        wrong = [item for item in loaded.diagnostics if item.severity is Severity.ERROR]
        where = f" in {wrong[0].origin.file}" if wrong and wrong[0].origin is not None else ""
        first = f", the first{where}: {wrong[0].message}" if wrong else ""
        found.append(
            warning(
                "CSP702",
                f"the manifests at the base {commit[:8]} are not valid ({len(wrong)} error"
                f"{'s'[: len(wrong) != 1]}{first}): nothing can be compared with them, so everything planned for the "
                "files that were touched counts as this change",
                hint="check the base out and run `cspdecl validate` to see all of it",
            )
        )
    return loaded, tuple(found)


def _not_followed(commit: str, linked: Iterable[str]) -> Diagnostic:
    names = sorted(linked)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return warning(
        "CSP703",
        f"at the base {commit[:8]} these are links or submodules, which are not followed there: "
        f"{', '.join(names[:3])}{more}; what they hold counts as this change",
        hint="keep manifests as plain files",
    )


def base_prices(
    session: Session, base: Base, offers: set[OfferKey], *, markets: Iterable[str] = ()
) -> PriceBook | None:
    """The price lists at the base for these offers; None where they are those of the work tree, or cannot be had."""
    there, here = base.project, session.project
    if there is None or there.prices_path is None:
        return None
    path = PurePosixPath(there.prices_path)
    if path.is_absolute() or ".." in path.parts:
        return None  # outside of the project, and so of its history
    places = {f"{PurePosixPath(item)}/" for item in (there.prices_path, here.prices_path) if item}
    same_place = (there.prices_path, there.market, there.reseller.currency) == (
        here.prices_path, here.market, here.reseller.currency,
    )  # fmt: skip
    if same_place and not any(file.startswith(tuple(places)) for file in base.files):
        return None
    folder = base.root / path
    if not folder.exists():
        write_manifests(session.root, base.commit, base.root, below=str(path))
        folder.mkdir(parents=True, exist_ok=True)
    declared = base.desired.customers.values() if base.desired is not None else ()
    wanted = {*markets, *(country for spec in declared if (country := market_of(spec, None)) is not None)}
    return load_price_book(folder, market=there.market, currency=there.reseller.currency, offers=offers, markets=wanted)


# ---- out of git ----


def write_manifests(root: Path, commit: str, folder: Path, *, below: str | None = None) -> list[str]:
    """Write the manifests of a commit (`below` a folder: all its files) under `folder`; answers what was left out since
    it is no plain file. Paths are those relative to `root`."""
    listed = git_bytes(root, "ls-tree", "-r", "-z", "-l", commit, *(("--", f"{below}/") if below else ()))
    if listed is None:
        raise _unknown(f"git cannot list the files of {commit[:8]}", "CSP700")
    wanted, linked = list[tuple[str, str]](), list[str]()
    for mode, ident, size, name in _entries(listed):
        if below is None and not _is_manifest(name):
            if mode in ("120000", "160000") and "." not in PurePosixPath(name).suffix:
                linked.append(name)  # a linked folder may hold manifests
            continue
        if mode not in ("100644", "100755"):
            linked.append(name)
        elif below is None and size > MAX_BYTES:
            raise _unknown(f"{name} at {commit[:8]} is larger than {MAX_BYTES // 1024 // 1024} MiB", "CSP700")
        else:
            wanted.append((ident, name))
    if wanted:
        _write_blobs(root, wanted, folder)
    return linked


def _entries(listed: bytes) -> Iterator[tuple[str, str, int, str]]:
    for item in listed.split(b"\0"):
        if not item:
            continue
        about, _, path = item.partition(b"\t")
        mode, _kind, ident, size = about.decode("ascii").split()
        name = _name(path)
        parts = PurePosixPath(name).parts
        if ".." in parts or name.startswith("/") or "\x00" in name:
            continue  # no tree that git itself wrote has such a name
        yield mode, ident, int(size) if size.isdigit() else 0, name


def _is_manifest(name: str) -> bool:
    if name == IGNORE_FILE:
        return True
    parts = PurePosixPath(name).parts
    return name.lower().endswith(_SUFFIXES) and not any(part.startswith(".") for part in parts)


def _name(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _write_blobs(root: Path, wanted: list[tuple[str, str]], folder: Path) -> None:
    """One `cat-file --batch` for all files; the names asked for are object ids, never text from the repository."""
    asked = "".join(f"{ident}\n" for ident, _name in wanted).encode("ascii")
    with tempfile.TemporaryFile() as questions, tempfile.TemporaryFile() as answers:
        questions.write(asked)
        questions.seek(0)
        try:
            done = subprocess.run(
                ["git", "cat-file", "--batch"],  # noqa: S607 - git is looked up like any tool
                cwd=root,
                stdin=questions,
                stdout=answers,
                stderr=subprocess.DEVNULL,
                timeout=600,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise _unknown(f"git cannot give the files of the base: {problem}", "CSP700") from problem
        if done.returncode != 0:
            raise _unknown("git cannot give the files of the base", "CSP700")
        answers.seek(0)
        for ident, name in wanted:
            _write_one(answers, ident, folder / name)


def _write_one(answers: IO[bytes], ident: str, target: Path) -> None:
    head = answers.readline().split()
    if len(head) != 3 or head[0].decode("ascii", "replace") != ident:
        raise _unknown(f"git does not have the file {target.name} of the base", "CSP700")
    data = answers.read(int(head[2]))
    answers.read(1)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def _commit(root: Path, reference: str) -> str:
    """The commit a reference names. Raises CspdeclError where it names none."""
    found = _resolved(root, reference)
    if found is None:
        raise _unknown(f"git does not know `{reference}` as a commit here", "CSP700")
    name = _STEPS.split(reference, maxsplit=1)[0]
    there = {place: _resolved(root, place) for place in (f"refs/{kind}/{name}" for kind in _KINDS)}
    known = sorted(place for place, commit in there.items() if commit is not None)
    if len(known) > 1 and len({there[place] for place in known}) > 1 and not _IDENT.fullmatch(name):
        hint = f"name the one that is meant in full, such as `{known[0]}`, or have the other one removed"
        text = f"`{reference}` is the name of several things here: {', '.join(known)}"
        raise CspdeclError(text, diagnostics=(error("CSP700", text, hint=hint),))
    return found


def _resolved(root: Path, reference: str) -> str | None:
    if reference.startswith("-"):
        return None
    found = git_bytes(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    return found.decode("ascii", "replace").split()[-1] if found is not None else None


def _unknown(message: str, code: str) -> CspdeclError:
    return CspdeclError(message, diagnostics=(error(code, message, hint=_HINT),))
