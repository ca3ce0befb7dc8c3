"""Notes of a git store: one file a note, on a ref beside the store's, so that leaving one disturbs no run."""

from __future__ import annotations

from cspdecl.core.errors import TryLater
from cspdecl.store.git_layout import file_name
from cspdecl.store.git_mirror import Mirror

_RACES = 8


class GitNotes:
    """Small texts by name. Read from the remote once, written by compare and swap."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._tip: str | None = None
        self._fetched = False

    def recall(self, name: str) -> str | None:
        """A note, or None."""
        tip = self._fetch()
        found = self._mirror.files(tip).get(file_name(name)) if tip else None
        return next(self._mirror.read([found])).decode("utf-8", "replace") if found else None

    def remember(self, name: str, text: str) -> None:
        """Put a note in the place of the one before."""
        for _ in range(_RACES):
            tip = self._fetch()
            commit = self._mirror.commit(tip, {file_name(name): text.encode()}, f"note {name}\n", "")
            if self._mirror.push(tip, commit):
                self._tip = commit
                return
            self._fetched = False
        raise TryLater("others leave notes all the time; try again")

    def close(self) -> None:
        """Let go."""
        self._mirror.close()

    def _fetch(self) -> str | None:
        if not self._fetched:
            self._tip = self._mirror.fetch()
            if self._tip is not None:
                self._mirror.see(self._tip)
            self._fetched = True
        return self._tip
