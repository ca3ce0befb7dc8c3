"""A bare clone in the project's cache, and the one ref of the remote that is read and moved through it.

The remote is what counts: a commit is kept when its push was taken, and a push is taken only where the ref still is
what was read (compare and swap). What nobody answered is asked for, never assumed.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cspdecl.spi.keeping import unusable
from cspdecl.store.git_place import GitPlace
from cspdecl.store.git_run import NETWORK, Git, GitFailed, in_words

# a pack a fetch: objects are here all or none, also when the fetch is killed
_SETTINGS = (
    ("gc.autoDetach", "false"),
    ("fetch.fsckObjects", "true"),
    ("fetch.unpackLimit", "1"),
    ("core.fsync", "none"),  # what is pushed is what counts; the remote looks after its own disk
)
_TRIES = 3  # of one and the same push: sending it again cannot write it twice


class Mirror:
    """One ref of one remote. `commit` makes, `push` publishes."""

    def __init__(self, place: GitPlace, folder: Path, ref: str) -> None:
        self.ref = ref
        self._place = place
        self._folder = folder
        self._git = Git(folder, place.settings)
        name = ref.removeprefix("refs/")
        self._seen = f"refs/seen/{name}"
        self._scratch = f"refs/scratch/{name}/{os.getpid()}"

    def prepare(self) -> None:
        """Make the clone, empty, where there is none yet."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._alone(), self._in_words():
                if not (self._folder / "HEAD").exists():
                    self._git.run("init", "--quiet", "--bare", "--template=", ".")
                    for key, text in _SETTINGS:
                        self._git.run("config", key, text)
        except OSError as problem:
            raise unusable("CSP915", f"the folder of the store's clone cannot be made: {problem.strerror}") from problem

    def last_seen(self) -> str | None:
        """The commit that this clone saw last."""
        with self._in_words():
            return self._git.text("rev-parse", "--quiet", "--verify", self._seen, ok=(0, 1)) or None

    def tip(self) -> str | None:
        """Where the remote's ref is now; None: there is none. Raises NotAuthorised, TryLater, ConfigurationError."""
        with self._in_words():
            out = self._git.run("ls-remote", "--quiet", self._place.address, self.ref, timeout=NETWORK)
        for line in out.decode("ascii", "replace").splitlines():
            commit, _tab, name = line.partition("\t")
            if name == self.ref:
                return commit
        return None

    def fetch(self) -> str | None:
        """Bring the remote's commit here and return it: first without its history, later with what came since."""
        tip = self.tip()
        if tip is None or self._has(tip):
            return tip
        with self._alone(), self._in_words():
            depth = () if self.last_seen() else ("--depth=1",)
            words = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", *depth, self._place.address)
            self._git.run(*words, f"+{self.ref}:{self._scratch}", timeout=NETWORK)
            return self._git.text("rev-parse", self._scratch)

    def follows(self, commit: str, before: str) -> bool:
        """Whether `commit` comes after `before`: False after a forced push."""
        if commit == before:
            return True
        try:
            self._git.run("merge-base", "--is-ancestor", before, commit)
        except GitFailed:
            return False
        return True

    def see(self, commit: str) -> None:
        """Remember the commit as the last one seen."""
        with contextlib.suppress(GitFailed):  # two commands at once: one of them remembers
            self._git.run("update-ref", self._seen, commit)

    def files(self, commit: str) -> dict[str, str]:
        """Paths and object names of a commit."""
        with self._in_words():
            out = self._git.run("ls-tree", "-r", "-z", "--full-tree", commit).decode("utf-8", "replace")
        rows = (row.partition("\t") for row in out.split("\0") if row)
        return {path: facts.split(" ")[2] for facts, _tab, path in rows}

    def read(self, objects: Iterable[str]) -> Iterator[bytes]:
        """Contents in the order asked for."""
        wanted = list(objects)
        if not wanted:
            return
        with self._in_words():
            out = self._git.run("cat-file", "--batch", data="".join(f"{one}\n" for one in wanted).encode(), timeout=600)
        at = 0
        for _ in wanted:
            line = out.index(b"\n", at)
            if out[at:line].endswith(b" missing"):
                text = f"the clone of the store {self._place.shown} is incomplete: delete the folder .cspdecl/cache/git"
                raise unusable("CSP921", text)
            size = int(out[at:line].split(b" ")[2])
            yield out[line + 1 : line + 1 + size]
            at = line + size + 2

    def commit(self, parent: str | None, changes: Mapping[str, bytes | None], message: str, who: str) -> str:
        """A commit on `parent` with these files put or removed (None). It is nowhere but here until it is pushed."""
        name = "".join(one for one in who if one.isprintable() and one not in "<>").strip() or "cspdecl"
        text = message.encode()
        parts = [
            b"commit %b\nmark :1\ncommitter %b <cspdecl@localhost> now\ndata %d\n%b\n"
            % (self._scratch.encode(), name.encode(), len(text), text)
        ]
        parts.append(b"from %b\n" % parent.encode() if parent else b"deleteall\n")
        for path, content in changes.items():
            if content is None:
                parts.append(b"D %b\n" % path.encode())
            else:
                parts.append(b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(content), content))
        parts.append(b"\nget-mark :1\ndone\n")
        words = ("fast-import", "--quiet", "--force", "--done", "--date-format=now")
        with self._in_words():
            if parent is None:
                self._git.run("update-ref", "-d", self._scratch)
            return self._git.text(*words, data=b"".join(parts))

    def push(self, parent: str | None, commit: str) -> bool:
        """Move the remote's ref from `parent` to `commit`. False: it is elsewhere by now, and nothing was written.

        Raises TryLater, NotAuthorised or ConfigurationError where the remote did not take it.
        """
        lease = f"--force-with-lease={self.ref}:{parent or ''}"
        words = ("push", "--quiet", "--porcelain", "--no-verify", lease, self._place.address, f"{commit}:{self.ref}")
        failed: GitFailed | None = None
        for _ in range(_TRIES):
            try:
                self._git.run(*words, timeout=NETWORK)
            except GitFailed as problem:
                failed = problem
            else:
                self.see(commit)
                return True
            now = self.tip()  # an answer may have been lost: where the ref is, is what happened
            if now == commit:
                self.see(commit)
                return True
            if now != parent:
                return False
            if "rejected" in failed.said.lower():
                break
        raise in_words(failed or GitFailed(""), self._place.shown)

    def close(self) -> None:
        """Leave no scratch behind."""
        with contextlib.suppress(GitFailed, OSError):
            self._git.run("update-ref", "-d", self._scratch)

    def _has(self, commit: str) -> bool:
        try:
            self._git.run("cat-file", "-e", f"{commit}^{{tree}}")
        except GitFailed:
            return False
        return True

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One fetch into a clone at a time: git refuses two where the history is cut off."""
        with (self._folder / "cspdecl.lock").open("w") as file:
            with contextlib.suppress(ImportError):  # Windows: two at once may have to be started again there
                fcntl = importlib.import_module("fcntl")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except GitFailed as problem:
            raise in_words(problem, self._place.shown) from problem
