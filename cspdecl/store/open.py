"""Which store a project means: `store:` read as a scheme and a place, and opened."""

from __future__ import annotations

from pathlib import Path

from cspdecl.spi import registry
from cspdecl.spi.keeping import unusable
from cspdecl.spi.store import Store
from cspdecl.store.sqlite import SqliteStore


def open_store(url: str, root: Path, *, create: bool, project: str = "") -> Store:
    """The store that a project names: `sqlite:PATH` (relative to `root`), `git:PLACE`, else a store plugin's by its
    scheme. `project` is kept by stores that several projects can reach, so that none writes into another's.

    Raises ConfigurationError where it cannot be opened, StoreDamaged where it cannot be trusted, TryLater where nobody
    answers.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or not rest:
        raise unusable("CSP916", f"`{url}` is no store: write sqlite:PATH, such as sqlite:.cspdecl/store.db")
    if scheme == "sqlite":
        return SqliteStore(root / rest, create=create)
    if scheme == "git":
        from cspdecl.store.git_store import open_git_store

        return open_git_store(url, root, create=create, project=project)
    if any(point.name == scheme for point in registry.installed("store")):
        store: Store = registry.load("store", scheme)(url, root, create=create, project=project)
        return store
    known = "sqlite:PATH, git:PLACE, or postgresql:… with the plugin cspdecl-postgres"
    raise unusable("CSP916", f"no store of kind `{scheme}:` is known: use {known}")
